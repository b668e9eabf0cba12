"""Who may do what: one table, asked by every use case on every call. Who may read what is `index.permissions`."""

from collections.abc import Collection
from typing import Literal

from core.answers import Caller, Role
from core.errors import AccessDenied

Action = Literal["ask", "review", "see_quality", "manage_documents", "manage_people"]

_RANK: dict[Role, int] = {"reader": 0, "reviewer": 1, "admin": 2}
_NEEDED: dict[Action, Role] = {
    "ask": "reader",
    "review": "reviewer",
    "see_quality": "reviewer",
    "manage_documents": "admin",
    "manage_people": "admin",
}


def role_of(
    principals: Collection[str], admins: Collection[str], reviewers: Collection[str]
) -> Role:
    """Return the highest role that one of a person's principals is listed for."""
    if not set(principals).isdisjoint(admins):
        return "admin"
    return "reviewer" if not set(principals).isdisjoint(reviewers) else "reader"


def may(caller: Caller, action: Action) -> bool:
    """Return whether a caller's role allows an action; admins may do what reviewers may."""
    return _RANK[caller.role] >= _RANK[_NEEDED[action]]


def authorize(caller: Caller, action: Action) -> None:
    """Let an action pass, or not.

    Raises:
        AccessDenied: the caller's role does not allow it.
    """
    if not may(caller, action):
        raise AccessDenied(
            f"This is for people with the role {_NEEDED[action]!r}. Ask whoever runs Footnote if you need it."
        )
