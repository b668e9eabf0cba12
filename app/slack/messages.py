"""Which message in Slack shows which answer, so that a click or a shortcut on any part of it finds the answer."""

from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from app.slack.places import Audience, Place
from core.moments import Clock, stamp, utc_now
from index.database import storage_errors, writing
from index.dialects import insert_into
from index.schema import slack_messages

ESCALATED = -1
"""The number of a message that only points to an answer: the one in the experts' channel."""


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """One message that shows an answer, or a part of it; parts are numbered from 0."""

    team: str
    channel: str
    ts: str
    answer_id: str
    segment: int
    audience: Audience


class SlackMessages:
    """The messages of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path, now: Clock = utc_now) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._now = now

    def note(self, place: Place, ts: str, answer_id: str, segment: int, audience: Audience) -> None:
        """Note that a message shows a part of an answer; noting it again changes it."""
        shown = {"answer_id": answer_id, "segment": segment, "audience": audience}
        key = [slack_messages.c.team, slack_messages.c.channel, slack_messages.c.ts]
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row = insert_into(connection, slack_messages).values(
                team=place.team, channel=place.channel, ts=ts, posted_at=stamp(self._now()), **shown
            )
            connection.execute(row.on_conflict_do_update(index_elements=key, set_=shown))

    def answer_of(self, team: str, channel: str, ts: str) -> str | None:
        """Return the id of the answer that a message shows, None where it is not one of ours."""
        query = select(slack_messages.c.answer_id).where(
            slack_messages.c.team == team,
            slack_messages.c.channel == channel,
            slack_messages.c.ts == ts,
        )
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return connection.execute(query).scalar()

    def of_answer(self, answer_id: str) -> list[ShownMessage]:
        """Return the messages that show an answer, in the order of its parts."""
        query = (
            select(slack_messages)
            .where(slack_messages.c.answer_id == answer_id)
            .order_by(slack_messages.c.segment, slack_messages.c.ts)
        )
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return [
                ShownMessage(
                    row.team, row.channel, row.ts, row.answer_id, row.segment, row.audience
                )
                for row in connection.execute(query)
            ]
