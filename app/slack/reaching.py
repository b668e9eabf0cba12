"""Whom the bot may write to of itself: people who have used it in Slack, under the account that is theirs now.

    waits for a notice, and asked, flagged or linked an account in Slack ─▶ name ─▶ account ─▶ checked again ─▶ member

Of an account nothing is stored but links by code, so Slack is asked which one has an address. What it says is no proof:
the account is looked up like one that asks, and has to come out as this very person. Guests, people of other companies
and whoever was shut out never do.
"""

from collections.abc import Mapping
from pathlib import Path

from sqlalchemy import Engine, func, select, union

from app.slack.identity import Identities, normal_email
from app.slack.places import Asker
from app.slack.sending import Refused, SlackCalls
from core.log import get_logger
from core.settings import SlackSettings
from index.database import storage_errors
from index.schema import answers, feedback, notices, slack_people

_log = get_logger(__name__)

_CHANNEL = "slack"
_MOST_ACCOUNTS = 5


class Reaching:
    """The people of one data folder who can be written to."""

    def __init__(
        self,
        calls: SlackCalls,
        identities: Identities,
        engine: Engine,
        data_dir: Path,
        settings: SlackSettings,
    ) -> None:
        self._calls = calls
        self._identities = identities
        self._engine = engine
        self._data_dir = data_dir
        self._settings = settings

    def waiting(self, until: str) -> Mapping[str, str]:
        """Return who was not told something of that time or before, longest first, with the time of the newest."""
        newest = func.max(notices.c.created_at)
        in_slack = union(
            select(feedback.c.author).where(feedback.c.channel == _CHANNEL),
            select(answers.c.owner).where(answers.c.channel == _CHANNEL),
            select(slack_people.c.email),
        )
        query = (
            select(notices.c.recipient, newest)
            .where(
                notices.c.seen_at == "",
                notices.c.created_at <= until,
                notices.c.recipient.in_(in_slack),
            )
            .group_by(notices.c.recipient)
            .order_by(newest, notices.c.recipient)
        )
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return {name: at for name, at in connection.execute(query)}

    def member(self, name: str) -> Asker | None:
        """Return the member of the workspace who is this person, None where there is none or it is in doubt.

        Raises:
            SlackUnreachable: Slack does not answer.
        """
        for slack_user in self._accounts(name):
            asker = self._identities.of(slack_user)
            if asker.standing == "member" and asker.caller.name == name:
                return asker
        return None

    def _accounts(self, name: str) -> list[str]:
        if self._settings.link_by == "code":
            return self._linked(name)
        return self._with_address(name) if normal_email(name) == name else []

    def _linked(self, name: str) -> list[str]:
        query = (
            select(slack_people.c.slack_user)
            .where(slack_people.c.email == name)
            .order_by(slack_people.c.linked_at.desc(), slack_people.c.slack_user)
            .limit(_MOST_ACCOUNTS)
        )
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return list(connection.execute(query).scalars())

    def _with_address(self, email: str) -> list[str]:
        try:
            found = self._calls.read("users.lookupByEmail", {"email": email}).get("user")
        except Refused as refusal:
            if refusal.code != "users_not_found":
                _log.warning("slack_account_not_found", problem=refusal.code[:60])
            return []
        slack_user = found.get("id") if isinstance(found, Mapping) else None
        return [slack_user] if isinstance(slack_user, str) and slack_user else []
