"""Links an account of another service to a login, by a one-time address that its owner opens while logged in.

offer (a code, kept as its hash, for 15 minutes) ─▶ pending: what would be linked ─▶ link: once, with an audit row
"""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from app.authorization import authorize
from app.people import VISITOR_PREFIX
from core.answers import Caller
from core.errors import AccessDenied, NotFound
from core.ids import new_id
from core.moments import Clock, stamp, utc_now
from index.database import storage_errors, writing
from index.dialects import insert_into
from index.permissions import ANONYMOUS_NAME
from index.schema import audit, slack_link_codes, slack_people

CODE_LASTS = timedelta(minutes=15)
_CODE = re.compile(r"[A-Za-z0-9_-]{43}")
_GONE = "This address does not link anything: it was used already, or it is older than 15 minutes. Ask the bot for a new one."


@dataclass(frozen=True, slots=True)
class SlackAccount:
    """An account in Slack: its workspace and its id there."""

    team: str
    slack_user: str


class AccountLinks:
    """The links of one data folder between Slack accounts and logins."""

    def __init__(self, engine: Engine, data_dir: Path, now: Clock = utc_now) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._now = now

    def offer(self, account: SlackAccount) -> str:
        """Return a new code for an account; the codes that it was given before count no more."""
        code = secrets.token_urlsafe(32)
        codes = slack_link_codes.c
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            is_older = (codes.team == account.team) & (codes.slack_user == account.slack_user)
            is_over = codes.expires_at <= stamp(self._now())
            connection.execute(delete(slack_link_codes).where(is_older | is_over))
            connection.execute(
                insert(slack_link_codes).values(
                    code_hash=_hash(code),
                    team=account.team,
                    slack_user=account.slack_user,
                    expires_at=stamp(self._now() + CODE_LASTS),
                )
            )
        return code

    def pending(self, code: str) -> SlackAccount:
        """Return the account that a code would link; changes nothing.

        Raises:
            NotFound: there is no such code, it was used, or it is too old.
        """
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            row = self._row(connection, code)
        return SlackAccount(row.team, row.slack_user)

    def link(self, code: str, caller: Caller) -> SlackAccount:
        """Let an account ask with the rights of a login, instead of any that it was linked to before.

        Raises:
            AccessDenied: nobody is logged in.
            NotFound: there is no such code, it was used, or it is too old.
        """
        authorize(caller, "ask")
        if (
            caller.is_admin
            or caller.name == ANONYMOUS_NAME
            or caller.name.startswith(VISITOR_PREFIX)
        ):
            raise AccessDenied("Log in first: an account is linked to the person who logged in.")
        now = stamp(self._now())
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row = self._row(connection, code)
            is_it = slack_link_codes.c.code_hash == row.code_hash
            connection.execute(update(slack_link_codes).where(is_it).values(used_at=now))
            linked = {"email": caller.name, "linked_at": now}
            person = insert_into(connection, slack_people).values(
                team=row.team, slack_user=row.slack_user, **linked
            )
            key = [slack_people.c.team, slack_people.c.slack_user]
            connection.execute(person.on_conflict_do_update(index_elements=key, set_=linked))
            connection.execute(
                insert(audit).values(
                    audit_id=new_id(),
                    at=now,
                    actor=caller.name,
                    action="slack_linked",
                    object=f"{row.team}/{row.slack_user}",
                )
            )
        return SlackAccount(row.team, row.slack_user)

    def _row(self, connection: Connection, code: str) -> Row[Any]:
        codes = slack_link_codes.c
        row = None
        if _CODE.fullmatch(code):
            query = select(slack_link_codes).where(
                codes.code_hash == _hash(code),
                codes.used_at == "",
                codes.expires_at > stamp(self._now()),
            )
            row = connection.execute(query).first()
        if row is None:
            raise NotFound(_GONE)
        return row


def _hash(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
