"""Who a command of `footnote eval` acts for, with the role that the settings give; only reviewers and admins measure."""

from dataclasses import replace

from app.authorization import authorize, role_of
from app.bootstrap import cli_caller
from core.answers import Caller
from core.settings import Settings


def eval_caller(settings: Settings, as_user: str | None) -> Caller:
    """Return the caller.

    Raises:
        AccessDenied: the caller's role does not let them see figures.
    """
    caller = cli_caller(settings, as_user)
    if not caller.is_admin:
        roles = settings.roles
        caller = replace(caller, role=role_of(caller.principals, roles.admins, roles.reviewers))
    authorize(caller, "see_quality")
    return caller
