"""What people do with answers without a word, and the figures that are counted from it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from quality_rows import Rows
from sqlalchemy import select

from app.conversation_log import ConversationLog
from app.quality.period import period_of
from app.quality.signal_figures import Rate, signal_figures
from app.signals import Asked, SignalLog, is_rephrased
from core.answers import Answer
from core.errors import NotFound, UsageError
from core.ids import new_id
from index.catalogue import Catalogue
from index.permissions import caller_named
from index.schema import signals

pytestmark = pytest.mark.usefixtures("each_database")

ANN, BO = caller_named("ann@x.org", []), caller_named("bo@x.org", [])
START = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)


class Chat:
    """One conversation of Ann's, with a clock that stands."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.engine = catalogue.engine
        self.now = START
        self.log = ConversationLog(catalogue.engine, catalogue.data_dir)
        self.signals = SignalLog(catalogue.engine, catalogue.data_dir, lambda: self.now)
        self.first = self.answer("How many days of annual leave do I have?", None)

    def answer(
        self, question: str, conversation: str | None, replaces: str | None = None
    ) -> Answer:
        made = Answer(
            new_id(), "", "t", question, "27.", "answered", (), (), (), "m", "p", 1, self.now.isoformat()
        )  # fmt: skip
        trace = {"passages": [], "hits": []}
        return self.log.append(made, trace, ANN, conversation, replaces=replaces)

    def kinds(self) -> list[tuple[str, str]]:
        with self.engine.connect() as connection:
            query = select(signals.c.kind, signals.c.place).order_by(signals.c.signal_id)
            return [(row.kind, row.place) for row in connection.execute(query)]

    def ask_next(self, question: str, replaces: str | None = None) -> None:
        asked = Asked(self.first.conversation_id, question)
        self.signals.asked_next(ANN, asked, replaces=replaces, channel="web")


@pytest.fixture
def chat(catalogue: Catalogue) -> Chat:
    return Chat(catalogue)


def test_the_same_signal_again_is_one_row_and_another_place_another(chat: Chat) -> None:
    for _ in range(2):
        chat.signals.record(ANN, chat.first.answer_id, "copied", channel="web")
    chat.signals.record(ANN, chat.first.answer_id, "citation_opened", "1", "web")
    chat.signals.record(ANN, chat.first.answer_id, "citation_opened", "2", "web")
    found = [("copied", ""), ("citation_opened", "1"), ("citation_opened", "2")]
    assert chat.kinds() == found


def test_nobody_leaves_a_signal_on_what_they_may_not_see(chat: Chat) -> None:
    with pytest.raises(NotFound):
        chat.signals.record(BO, chat.first.answer_id, "copied")
    with pytest.raises(UsageError):
        chat.signals.record(ANN, chat.first.answer_id, "liked")  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        chat.signals.record(ANN, chat.first.answer_id, "copied", "x" * 101)
    assert chat.kinds() == []


@pytest.mark.parametrize(
    ("question", "minutes", "expected"),
    [
        ("How many days of annual leave do we have?", 3, ["rephrased"]),
        ("annual leave days?", 3, ["rephrased"]),
        ("How many days of annual leave do we have?", 11, []),
        ("Who approves travel to Porto?", 3, []),
        ("And in Ghent?", 3, []),
    ],
)
def test_nearly_the_same_question_soon_after_is_rephrased(
    question: str, minutes: int, expected: list[str], chat: Chat
) -> None:
    chat.now += timedelta(minutes=minutes)
    chat.ask_next(question)
    assert [kind for kind, _ in chat.kinds()] == expected


def test_asking_again_is_regenerated_and_editing_is_rephrased(chat: Chat) -> None:
    chat.ask_next(f" {chat.first.question} ", chat.first.answer_id)
    chat.ask_next("Who approves travel?", chat.first.answer_id)
    assert [kind for kind, _ in chat.kinds()] == ["regenerated", "rephrased"]


def test_a_question_without_content_words_is_no_rephrasing() -> None:
    assert not is_rephrased("What is it?", "What is it?") or is_rephrased("it", "it")
    assert not is_rephrased("", "Leave?")


def test_figures_say_of_how_many_and_who_flags(
    catalogue: Catalogue, chat: Chat, each_database: str
) -> None:
    rows = Rows(catalogue)
    at = "2026-03-10T09:00:00.000+00:00"
    shown = [rows.answer(at, channel="slack") for _ in range(3)]
    rows.answer(at, "abstained", owner="bo@x.org")
    late = START.isoformat(timespec="milliseconds")
    rows.answer(late, "abstained", owner="bo@x.org")
    rows.flag(shown[0], at)
    for place in ("1", "2"):
        chat.signals.record(ANN, chat.first.answer_id, "citation_opened", place)
    chat.signals.stopped(ANN, "question-1")
    found = signal_figures(catalogue.engine, period_of(7, START), START + timedelta(minutes=1))
    kinds = {rate.name: rate for rate in found.kinds}
    assert found.answers == 6
    assert kinds["citation_opened"] == Rate("citation_opened", 1, 4)
    assert kinds["stopped"] == Rate("stopped", 1, 7)
    # One waited for its reader for half an hour; the other had a minute only.
    assert kinds["abandoned"] == Rate("abandoned", 1, 2)
    assert (found.seen.hits, found.spoken.hits) == (2, 1)
    assert Rate("slack", 1, 3) in found.flagged_by_channel
    assert Rate("abstained", 0, 2) in found.flagged_by_status
    assert found.busiest == Rate("busiest", 1, 1)
    empty = signal_figures(catalogue.engine, replace(period_of(7, START)).before(), START)
    assert all(rate.share is None for rate in (*empty.kinds, empty.seen, empty.busiest))
