"""Who a review command acts for, and the desks it talks to."""

from dataclasses import replace
from functools import cache

from app.authorization import role_of
from app.bootstrap import cli_caller, open_review_desk, open_service
from app.review.desk import ReviewDesk
from app.service import FootnoteService
from core.answers import Caller
from core.settings import Settings
from index.factory import open_catalogue


def open_desk(settings: Settings) -> ReviewDesk:
    """Return the review desk; search and models are opened when a flag's cause is looked for."""

    @cache
    def service() -> FootnoteService:
        return open_service(settings, "cli")

    return open_review_desk(settings, open_catalogue(settings), service)


def reviewing_caller(settings: Settings, as_user: str | None) -> Caller:
    """Return who the command acts for, with the role that the settings give."""
    caller = cli_caller(settings, as_user)
    if caller.is_admin:
        return caller
    roles = settings.roles
    return replace(caller, role=role_of(caller.principals, roles.admins, roles.reviewers))
