"""Which message shows which answer."""

from pathlib import Path

import pytest
from databases import open_database

from app.slack.messages import ESCALATED, ShownMessage, SlackMessages
from app.slack.places import Place

pytestmark = pytest.mark.usefixtures("each_database")

CHANNEL, OTHER = Place("T1", "C1", "1.0", "public"), Place("T1", "C2", "1.0", "public")


@pytest.fixture
def messages(data_dir: Path) -> SlackMessages:
    return SlackMessages(open_database(data_dir), data_dir)


def test_a_message_shows_the_answer_that_was_noted_last(messages: SlackMessages) -> None:
    messages.note(CHANNEL, "2.0", "a1", 0, "channel")
    messages.note(CHANNEL, "2.0", "a2", 1, "private")
    assert messages.answer_of("T1", "C1", "2.0") == "a2"
    assert messages.of_answer("a1") == []
    assert messages.of_answer("a2") == [ShownMessage("T1", "C1", "2.0", "a2", 1, "private")]


def test_the_same_moment_in_another_channel_is_another_message(messages: SlackMessages) -> None:
    messages.note(CHANNEL, "2.0", "a1", 0, "channel")
    messages.note(OTHER, "2.0", "a2", 0, "channel")
    shown = [messages.answer_of(team, channel, "2.0") for team, channel in (("T1", "C1"), ("T1", "C2"), ("T2", "C1"))]  # fmt: skip
    assert shown == ["a1", "a2", None]


def test_the_parts_of_an_answer_come_in_their_order(messages: SlackMessages) -> None:
    for segment, ts in ((2, "3.0"), (0, "5.0"), (10, "4.0"), (ESCALATED, "9.0"), (1, "6.0")):
        messages.note(CHANNEL, ts, "a1", segment, "channel")
    assert [part.segment for part in messages.of_answer("a1")] == [ESCALATED, 0, 1, 2, 10]
