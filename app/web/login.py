"""What a login says, and whether it counts; pure.

The identity provider's claims come signed, but they are checked again on every run: Streamlit reads its
cookie once per connection, and looks neither at `exp` nor at the age of a login.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from core.settings import OidcSettings

Reason = Literal[
    "logged_out",
    "expired",
    "ended",
    "no_email",
    "not_verified",
    "domain",
    "deactivated",
    "no_cookie",
]
MAX_GROUPS = 500
MAX_GROUP_CHARS = 200
MAX_NAME_CHARS = 200
_EMAIL = re.compile(r"[^\s@]{1,64}@[^\s@]{1,255}")
# Clocks of two machines differ a little.
_CLOCK_S = 300


@dataclass(frozen=True, slots=True)
class Login:
    """A login that counts; the email is in lower case, `issued_at` in seconds since 1970."""

    email: str
    name: str
    groups: tuple[str, ...]
    issued_at: float


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nobody is let in; `email` names who logged in, '' if nobody did."""

    reason: Reason
    email: str = ""


def read_login(claims: Mapping[str, object], oidc: OidcSettings, now: float) -> Login | Refusal:
    """Return the login that verified claims stand for, or why it does not count."""
    if claims.get("is_logged_in") is not True:
        return Refusal("logged_out")
    email = claims.get("email")
    if not isinstance(email, str) or not _EMAIL.fullmatch(email.strip()):
        return Refusal("no_email")
    email = email.strip().casefold()
    # Some providers send words instead of booleans; a provider that says nothing is believed.
    if str(claims.get("email_verified")).casefold() == "false":
        return Refusal("not_verified", email)
    domains = {domain.strip().removeprefix("@").casefold() for domain in oidc.allowed_domains}
    if domains and email.rpartition("@")[2] not in domains:
        return Refusal("domain", email)
    issued_at = _seconds(claims.get("iat"))
    if not _is_fresh(issued_at, _seconds(claims.get("exp")), oidc.session_hours * 3600, now):
        return Refusal("expired", email)
    return Login(email, _name(claims), _groups(claims.get(oidc.groups_claim)), issued_at)


def _is_fresh(issued_at: float, expires_at: float, longest_s: float, now: float) -> bool:
    """Whether a login counts now; one that does not say when it began or ends never does."""
    return now < expires_at and issued_at - _CLOCK_S <= now < issued_at + longest_s


def _seconds(value: object) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if is_number else 0.0  # type: ignore[arg-type]


def _name(claims: Mapping[str, object]) -> str:
    name = claims.get("name")
    return " ".join(name.split())[:MAX_NAME_CHARS] if isinstance(name, str) else ""


def _groups(value: object) -> tuple[str, ...]:
    """Return the groups that a claim lists; what is not a short text is not a group."""
    listed = [value] if isinstance(value, str) else value if isinstance(value, list) else []
    names = {
        group.strip()
        for group in listed
        if isinstance(group, str) and len(group) <= MAX_GROUP_CHARS
    }
    return tuple(sorted(names - {""})[:MAX_GROUPS])
