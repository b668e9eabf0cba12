"""Who a Slack account is: which caller, with which groups, or nobody at all.

    member of our workspace   the person of the confirmed email, or of the login that the account was linked to
    guest, other company      a reader without identity, who reads what everyone may; or refused, as it is set
    all others, any doubt     refused

An address is compared as a whole: `ann+x@example.org` is not `ann@example.org`, and one with letters that only
look like, or fold to, ASCII is nobody. What Slack says is believed for minutes; whom an admin shut out, and which
groups a person has, is looked up each time.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Lock
from typing import Any, Literal, Protocol

from sqlalchemy import Engine, select

from app.bootstrap import web_caller
from app.people import VISITOR_PREFIX, People
from app.slack.places import Asker
from core.answers import Caller
from core.documents import EVERYONE
from core.errors import FootnoteError
from core.log import get_logger
from core.moments import Clock, utc_now
from core.settings import Settings
from index.database import storage_errors
from index.permissions import ANONYMOUS_NAME
from index.schema import people, slack_people

_log = get_logger(__name__)

GROUPS_BELIEVED = timedelta(days=30)
"""How long the identity provider's groups, noted at a person's last visit to the web application, count."""
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}"
)
_MOST_KEPT = 50_000
_ASK = "Ask whoever runs Footnote if you should have access."
_Kind = Literal["member", "guest", "external", "nobody"]


class Users(Protocol):
    """The two methods of Slack's client that are used here."""

    def users_info(self, *, user: str) -> Any:
        """Return what Slack says of an account."""

    def auth_test(self) -> Any:
        """Return whose token it is."""


@dataclass(frozen=True, slots=True)
class _Account:
    """What Slack says of one account, as far as it counts; `email` is '' unless it is confirmed."""

    kind: _Kind
    team: str
    email: str


class Identities:
    """The people of one workspace as callers; safe between threads."""

    def __init__(
        self,
        client: Users,
        engine: Engine,
        data_dir: Path,
        settings: Settings,
        clock: Callable[[], float] = time.monotonic,
        now: Clock = utc_now,
    ) -> None:
        self._client = client
        self._engine = engine
        self._data_dir = data_dir
        self._settings = settings
        self._clock = clock
        self._now = now
        self._people = People(engine, data_dir)
        self._our_team = ""
        self._known: dict[str, tuple[float, _Account]] = {}
        self._lock = Lock()

    def of(self, slack_user: str, team: str = "") -> Asker:
        """Return who an account is; `team` is the workspace that the event names for it, '' if it names none.

        It never fails: whoever cannot be told is refused.
        """
        try:
            account = self._account(slack_user)
            if team and team != self._team() and account.kind in ("member", "guest"):
                account = _Account("external", team, "")
            return self._asker(slack_user, account)
        except FootnoteError as error:
            _log.warning("slack_identity_failed", error=type(error).__name__)
            return _refused(
                slack_user,
                "Footnote cannot tell right now which documents you may read, so nothing was searched. Try again in a "
                "few minutes.",
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, nobody is let in by it
            _log.warning("slack_identity_failed", error=type(error).__name__)
            return _refused(
                slack_user,
                "Slack did not say who you are, so nothing was searched. Try again in a few minutes.",
            )

    def _asker(self, slack_user: str, account: _Account) -> Asker:
        if account.kind == "nobody":
            return _refused(slack_user, f"This account cannot use Footnote. {_ASK}")
        if account.kind in ("guest", "external"):
            return self._outsider(slack_user, account)
        email = account.email
        if self._settings.slack.link_by == "code":
            email = self._linked(account.team, slack_user)
            if not email:
                return _refused(
                    slack_user,
                    "Footnote does not know yet who you are. Link your Slack account to your login first.",
                    can_link=True,
                )
        if not email:
            return _refused(
                slack_user,
                f"Slack gives no confirmed email address for you, so Footnote cannot tell what you may read. {_ASK}",
            )
        return self._member(slack_user, email)

    def _member(self, slack_user: str, email: str) -> Asker:
        name = normal_email(email)
        if name is None or not self._is_of_allowed_domain(name):
            return _refused(slack_user, f"Footnote does not accept your email address. {_ASK}")
        if not self._is_active(name):
            return _refused(slack_user, f"Your access to Footnote was ended. {_ASK}")
        caller = web_caller(self._settings, name, self._groups_of(name))
        if caller.name != name or caller.is_admin:
            return _refused(slack_user, f"Footnote does not accept your email address. {_ASK}")
        return Asker(slack_user, caller, "member")

    def _outsider(self, slack_user: str, account: _Account) -> Asker:
        if self._settings.slack.guests == "refuse":
            return _refused(slack_user, f"Footnote answers members of this workspace only. {_ASK}")
        email = normal_email(account.email)
        if email and not self._is_active(email):
            return _refused(slack_user, f"Your access to Footnote was ended. {_ASK}")
        # Never by the address: another company decides what addresses its people have.
        name = f"{VISITOR_PREFIX}slack-{account.team}-{slack_user}"
        caller = Caller(name, frozenset({EVERYONE}))
        return Asker(slack_user, caller, "guest" if account.kind == "guest" else "external")

    def _account(self, slack_user: str) -> _Account:
        believed_s = self._settings.slack.identity_seconds
        with self._lock:
            known = self._known.get(slack_user)
        if known and 0 <= self._clock() - known[0] < believed_s:
            return known[1]
        asked_at = self._clock()
        user = self._client.users_info(user=slack_user).get("user")
        if not isinstance(user, Mapping) or user.get("id") != slack_user:
            raise ValueError("Slack told of somebody else.")
        account = _account(user, self._team())
        with self._lock:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[slack_user] = (asked_at, account)
        return account

    def _team(self) -> str:
        if not self._our_team:
            self._our_team = str(self._client.auth_test()["team_id"] or "")
            if not self._our_team:
                raise ValueError("Slack did not say which workspace the token is for.")
        return self._our_team

    def _is_of_allowed_domain(self, email: str) -> bool:
        allowed = self._settings.slack.email_domains
        domains = {domain.strip().removeprefix("@").casefold() for domain in allowed}
        return not domains or email.rpartition("@")[2] in domains

    def _is_active(self, email: str) -> bool:
        """Whether nobody shut the person out, under this address or under the one without `+…`."""
        box, _, domain = email.rpartition("@")
        plain = f"{box.partition('+')[0]}@{domain}"
        return self._people.is_active(email) and self._people.is_active(plain)

    def _groups_of(self, email: str) -> tuple[str, ...]:
        query = select(people.c.groups, people.c.last_seen).where(people.c.email == email)
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None:
            return ()
        age = self._now() - datetime.fromisoformat(row.last_seen)
        return tuple(json.loads(row.groups)) if age <= GROUPS_BELIEVED else ()

    def _linked(self, team: str, slack_user: str) -> str:
        query = select(slack_people.c.email).where(
            slack_people.c.team == team, slack_people.c.slack_user == slack_user
        )
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return str(connection.execute(query).scalar() or "")


def normal_email(email: str) -> str | None:
    """Return an address in lower case, None if it is none or has letters beyond ASCII."""
    given = email.strip()
    return given.lower() if _EMAIL.fullmatch(given) else None


def _account(user: Mapping[str, Any], our_team: str) -> _Account:
    """Return what counts of an account; a mark that is missing is taken as the one that gives less."""
    team = str(user.get("team_id") or "")
    profile = user.get("profile")
    email = profile.get("email") if isinstance(profile, Mapping) else None
    address = email if isinstance(email, str) else ""
    is_person = (
        user.get("deleted") is False
        and user.get("is_bot") is False
        and not user.get("is_workflow_bot")
        and user.get("id") != "USLACKBOT"
    )
    if not is_person:
        return _Account("nobody", team, "")
    if team != our_team or user.get("is_stranger"):
        return _Account("external", team, address)
    if user.get("is_restricted") is not False or user.get("is_ultra_restricted") is not False:
        return _Account("guest", team, address)
    return _Account("member", team, address if user.get("is_email_confirmed") is True else "")


def _refused(slack_user: str, sentence: str, *, can_link: bool = False) -> Asker:
    return Asker(slack_user, Caller(ANONYMOUS_NAME, frozenset()), "refused", sentence, can_link)
