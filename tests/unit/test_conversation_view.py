"""A shared conversation shows others only what was made of documents that they may read; searching finds one's own."""

import re
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations, product
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.conversation_log import ConversationLog, title_of
from app.conversation_search import has_words, like_pattern, search_words
from app.conversation_view import ConversationReader, ConversationView
from core.answers import Answer, Caller, Citation, DocumentRef
from core.documents import document_id
from core.errors import NotFound
from index.catalogue import Catalogue, NewVersion
from index.permissions import administrator, caller_named

pytestmark = pytest.mark.usefixtures("each_database")

ANN = caller_named("ann@x.org", ["hr"])
BO = caller_named("bo@x.org", [])
OPEN, SECRET = document_id("docs", "open.md"), document_id("docs", "secret.md")
GONE = document_id("docs", "gone.md")


@pytest.fixture
def log(catalogue: Catalogue, new_version: Callable[..., NewVersion]) -> ConversationLog:
    versions = [
        new_version("open.md", "Open words", range(1, 2)),
        new_version("secret.md", "Secret words", range(2, 3), access=("group:hr",)),
    ]
    catalogue.store(versions, [])
    return ConversationLog(catalogue.engine, catalogue.data_dir)


@pytest.fixture
def reader(catalogue: Catalogue) -> ConversationReader:
    return ConversationReader(catalogue)


def answer_of(answer_id: str, question: str, text: str = "Words.", cites: str = OPEN) -> Answer:
    document = DocumentRef(cites, "open.md", "Open", "v1")
    return Answer(
        answer_id=answer_id,
        conversation_id="",
        trace_id="t",
        question=question,
        text=text,
        status="answered",
        claims=(),
        citations=(Citation(1, document, "c", (), None, 0, 4, "Open"),),
        notes=(),
        model="extractive",
        prompt_version="p",
        index_generation=1,
        created_at="2026-01-01T00:00:00",
    )


def trace_of(*passages: str, hits: tuple[str, ...] = (), before: object = ()) -> dict[str, Any]:
    return {
        "history": [{"q": "x", "a": "y"}] if before != () else [],
        "history_documents": list(before) if isinstance(before, tuple) else before,
        "passages": [{"doc_id": doc_id} for doc_id in passages],
        "hits": [{"doc_id": doc_id} for doc_id in hits],
    }


def shared(log: ConversationLog, *traces: dict[str, Any]) -> str:
    conversation: str | None = None
    for number, trace in enumerate(traces, start=1):
        stored = log.append(answer_of(f"a{number}", f"Question {number}"), trace, ANN, conversation)
        conversation = stored.conversation_id
    assert conversation is not None
    log.share(conversation, ANN, is_shared=True)
    return conversation


def seen(view: ConversationView) -> list[str]:
    return [turn.answer.answer_id if turn.answer else "withheld" for turn in view.turns]


@pytest.mark.parametrize(
    ("trace", "is_shown"),
    [
        (trace_of(OPEN), True),
        (trace_of(), True),
        (trace_of(OPEN, before=(OPEN,)), True),
        (trace_of(OPEN, SECRET), False),
        (trace_of(OPEN, hits=(SECRET,)), False),
        (trace_of(OPEN, GONE), False),
        (trace_of(OPEN, before=(SECRET,)), False),
        (trace_of(OPEN, before=None), False),
        ({"history": [{"q": "x", "a": "y"}], "passages": [{"doc_id": OPEN}]}, False),
        ({"passages": [{"uri": "open.md"}]}, False),
        ({}, False),
    ],
    ids=[
        "its one document", "of none", "its turn before too", "a passage not cited", "a hit", "gone", "a turn before",
        "turns of unknown origin", "an old trace with turns", "a passage without id", "no trace",
    ],
)  # fmt: skip
def test_others_see_an_answer_only_if_they_may_read_all_that_it_was_made_from(
    trace: dict[str, Any], is_shown: bool, log: ConversationLog, reader: ConversationReader
) -> None:
    conversation = shared(log, trace)
    (turn,) = reader.open(conversation, BO).turns
    assert (turn.is_withheld, turn.earlier) == (not is_shown, ())
    assert (turn.answer is None) is not is_shown
    if is_shown:
        assert log.find("a1", BO)[0].answer_id == "a1"
    else:
        with pytest.raises(NotFound):
            log.find("a1", BO)
    assert seen(reader.open(conversation, ANN)) == ["a1"]
    assert log.find("a1", ANN)[0].answer_id == "a1"


def refusal(reader: ConversationReader, conversation: str, caller: Caller) -> str:
    with pytest.raises(NotFound) as caught:
        reader.open(conversation, caller)
    return str(caught.value).replace(conversation, "X")


def test_a_conversation_that_is_private_or_deleted_is_not_told_from_one_that_never_was(
    log: ConversationLog, reader: ConversationReader
) -> None:
    private = shared(log, trace_of(OPEN))
    log.share(private, ANN, is_shared=False)
    gone = log.append(answer_of("b", "Gone"), trace_of(OPEN), ANN, None).conversation_id
    log.share(gone, ANN, is_shared=True)
    log.delete(gone, ANN)
    for caller in (BO, administrator()):
        assert len({refusal(reader, key, caller) for key in (private, gone, "never")}) == 1
    with pytest.raises(NotFound):
        log.find("a1", BO)


def test_others_see_nothing_of_what_is_unfinished_or_was_replaced(
    log: ConversationLog, reader: ConversationReader
) -> None:
    conversation = shared(log, trace_of(OPEN))
    question_id, _ = log.begin("Question 1, better", ANN, conversation, "a1")
    log.append(
        answer_of("a2", "Question 1, better"), trace_of(OPEN), ANN, conversation, question_id, "a1"
    )
    log.begin("My private worry", ANN, conversation)
    view = reader.open(conversation, BO)
    assert (seen(view), view.turns[0].earlier, view.unfinished) == (["a2"], (), ())
    assert (view.is_own, view.is_shared) == (False, True)
    assert "worry" not in repr(view)
    with pytest.raises(NotFound):
        log.find("a1", BO)
    own = reader.open(conversation, ANN)
    assert len(own.unfinished) == len(own.turns[0].earlier) == 1


@pytest.mark.parametrize(
    ("traces", "title", "shown"),
    [
        ((trace_of(SECRET), trace_of(OPEN)), None, "Shared conversation"),
        ((trace_of(OPEN), trace_of(SECRET)), None, "Question 1"),
        ((trace_of(OPEN), trace_of(SECRET)), "Layoffs", "Shared conversation"),
        ((trace_of(OPEN), trace_of(OPEN)), "Layoffs", "Layoffs"),
    ],
    ids=["of a withheld question", "of a shown one", "chosen, one withheld", "chosen, all shown"],
)
def test_the_title_says_nothing_that_is_withheld(
    traces: tuple[dict[str, Any], ...],
    title: str | None,
    shown: str,
    log: ConversationLog,
    reader: ConversationReader,
) -> None:
    conversation = shared(log, *traces)
    if title:
        log.rename(conversation, ANN, title)
    assert reader.open(conversation, BO).title == shown


def test_the_title_is_not_that_of_an_unfinished_question(
    log: ConversationLog, reader: ConversationReader
) -> None:
    _, conversation = log.begin("Am I to be dismissed?", ANN)
    question_id, _ = log.begin("Open?", ANN, conversation)
    log.append(answer_of("a1", "Open?"), trace_of(OPEN), ANN, conversation, question_id)
    log.share(conversation, ANN, is_shared=True)
    assert reader.open(conversation, BO).title == "Shared conversation"
    assert reader.open(conversation, ANN).title == "Am I to be dismissed?"


def test_what_somebody_may_not_read_any_more_is_withheld_from_the_next_opening_on(
    log: ConversationLog,
    reader: ConversationReader,
    catalogue: Catalogue,
    new_version: Callable[..., NewVersion],
) -> None:
    conversation = shared(log, trace_of(OPEN))
    assert seen(reader.open(conversation, BO)) == ["a1"]
    closed = new_version("open.md", "Open words", range(3, 4), access=("group:hr",))
    catalogue.store([closed], [])
    assert seen(reader.open(conversation, BO)) == ["withheld"]
    catalogue.remove([OPEN])
    assert seen(reader.open(conversation, caller_named("cy@x.org", ["hr"]))) == ["withheld"]
    assert seen(reader.open(conversation, ANN)) == ["a1"]


# --- searching one's own --------------------------------------------------------------------------------


def titles(reader: ConversationReader, query: str) -> list[str]:
    return sorted(entry.title for entry in reader.listed(ANN, query))


def test_conversations_are_found_by_title_question_and_answer(
    log: ConversationLog, reader: ConversationReader
) -> None:
    first = log.append(answer_of("a1", "How tall?", "As the Straße is long"), {}, ANN, None)
    log.append(answer_of("a2", "And 100% of_it?", 'Say "ÄRGER"'), {}, ANN, first.conversation_id)
    log.rename(first.conversation_id, ANN, "Ölwechsel")
    log.begin("Waiting for Godot", ANN)
    log.append(answer_of("a3", "How tall is Bo?", "Straße"), {}, BO, None)
    for query in ("öLW", "STRASSE", "tall straße", "100%", "of_it", '"ärger"', "as AND tall"):
        assert titles(reader, query) == ["Ölwechsel"], query
    assert titles(reader, "godot") == ["Waiting for Godot"]
    for query in ("o_it", "10%0", "%", "Bo?", "tall godot", "\\", "extractive", "v1", "a1"):
        assert "Ölwechsel" not in titles(reader, query) or query == "%", query
    assert len(titles(reader, "  ")) == 2


def test_what_was_replaced_is_not_searched(
    log: ConversationLog, reader: ConversationReader
) -> None:
    first = log.append(answer_of("a1", "Alpha?", "beta"), {}, ANN, None)
    key, _ = log.begin("Gamma?", ANN, first.conversation_id, "a1")
    log.append(answer_of("a2", "Gamma?", "delta"), {}, ANN, first.conversation_id, key, "a1")
    assert titles(reader, "beta") == titles(reader, "alpha") == []
    assert titles(reader, "delta") == ["Gamma?"]


def test_a_list_is_as_long_as_asked_for(log: ConversationLog, reader: ConversationReader) -> None:
    for number in range(4):
        log.begin(f"Question {number}", ANN)
    assert len(reader.listed(ANN, limit=3)) == len(reader.listed(ANN, "quest", limit=3)) == 3
    assert reader.listed(ANN, "q" * 100_000) == reader.listed(ANN, limit=0) == []


def fits(pattern: str, stored: str) -> bool:
    """Whether a text is LIKE a pattern where only ASCII letters have two cases, as in SQLite."""
    wanted = ".*".join(map(re.escape, pattern.split("%")))
    return re.fullmatch(wanted, stored, re.IGNORECASE | re.ASCII | re.DOTALL) is not None


def test_what_one_letter_folds_to_is_found_also_by_a_part_of_it() -> None:
    folding = [chr(code) for code in range(sys.maxunicode + 1) if len(chr(code).casefold()) > 1]
    assert len(folding) > 100
    for before, letter, after in product(("ox", "Ä"), folding, ("me", "ü", "\ufb01x")):
        stored = before + letter + after
        folded = stored.casefold()
        for start, end in combinations(range(len(folded) + 1), 2):
            assert fits(like_pattern(folded[start:end]), stored), (stored, folded[start:end])


WORDS = st.text(st.sampled_from('aAsSkKfiltß\u017f\ufb01\ufb05\u212aÄä"\\%_\n{}é*'), max_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=4), WORDS)
@example([("\ufb01nal", "x")], "FINAL")
@example([("a", "\u212aelvin st\ufb05")], "kelvin")
@example([("", "\ufb05*")], "t*")
@example([("", "\xc4\ufb01*")], "\xc4\ufb01*")
def test_searching_finds_what_reading_everything_finds(
    log: ConversationLog,
    reader: ConversationReader,
    said: list[tuple[str, str]],
    query: str,
) -> None:
    for entry in reader.listed(ANN, limit=500):
        log.delete(entry.conversation_id, ANN)
    expected = set()
    for number, (question, text) in enumerate(said):
        stored = log.append(
            replace(answer_of(f"{number}-{id(said)}", question), text=text), {}, ANN, None
        )
        if has_words(search_words(query), [title_of(question), question, text]):
            expected.add(stored.conversation_id)
    assert {entry.conversation_id for entry in reader.listed(ANN, query)} == expected
