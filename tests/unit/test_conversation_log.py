"""Conversations belong to who asked: to others they do not exist, in the very same words."""

from collections.abc import Callable, Collection
from dataclasses import replace

import pytest

from app.conversation_log import ConversationLog
from core.answers import Answer, Caller, Citation, Claim, DocumentRef, Note, Turn
from core.errors import NotFound
from index.catalogue import Catalogue
from index.permissions import administrator, caller_named

ANN = caller_named("ann@x.org", [])
BO = caller_named("bo@x.org", [])
TRACE = {"query": "q", "hits": [{"score": 0.5}], "passages": []}


def everything(doc_ids: Collection[str], caller: Caller) -> set[str]:
    return set(doc_ids)


def answer_of(number: int, question: str = "How many days?") -> Answer:
    document = DocumentRef("d", "a/b.md", "Title", "v1", "2026-01-01T00:00:00+00:00")
    text = "Thirty days. 数据"
    return Answer(
        answer_id=f"a{number}",
        conversation_id="",
        trace_id=f"t{number}",
        question=question,
        text=text,
        status="answered",
        claims=(Claim(0, 12, "Thirty days.", "supported", 1.0, (1,)),),
        citations=(Citation(1, document, "c1", ("Leave", "Days"), 3, 5, 17, "Thirty days."),),
        notes=(Note("stale", "Old."),),
        model="extractive",
        prompt_version="p",
        index_generation=4,
        created_at=f"2026-01-01T00:00:{number:02}",
        timings_ms={"total": 1.5},
    )


@pytest.fixture
def log(catalogue: Catalogue) -> ConversationLog:
    return ConversationLog(catalogue.engine, catalogue.data_dir)


def test_an_answer_comes_back_as_it_was(log: ConversationLog) -> None:
    stored = log.append(answer_of(1), TRACE, ANN, None)
    assert stored == replace(answer_of(1), conversation_id=stored.conversation_id)
    assert stored.conversation_id
    assert log.find("a1", ANN) == (stored, TRACE)
    assert log.turns(stored.conversation_id, ANN) == [stored]


def test_turns_stay_in_the_order_in_which_they_were_asked(log: ConversationLog) -> None:
    conversation = log.append(answer_of(1), TRACE, ANN, None).conversation_id
    for number in (2, 3):
        log.append(answer_of(number), TRACE, ANN, conversation)
    assert [answer.answer_id for answer in log.turns(conversation, ANN)] == ["a1", "a2", "a3"]


def test_the_history_is_the_last_turns_only(log: ConversationLog) -> None:
    conversation = log.append(answer_of(0, "Q0"), TRACE, ANN, None).conversation_id
    for number in range(1, 9):
        log.append(answer_of(number, f"Q{number}"), TRACE, ANN, conversation)
    history = log.history(conversation, ANN, everything)
    assert history[-1] == Turn("Q8", answer_of(8).text)
    assert [turn.question for turn in history] == [f"Q{number}" for number in range(3, 9)]


def refusal_of_answer(log: ConversationLog, answer_id: str) -> str:
    with pytest.raises(NotFound) as caught:
        log.find(answer_id, BO)
    return str(caught.value).replace(answer_id, "X")


def test_the_answer_of_somebody_else_is_not_told_from_one_that_never_was(
    log: ConversationLog,
) -> None:
    log.append(answer_of(1), TRACE, ANN, None)
    assert refusal_of_answer(log, "a1") == refusal_of_answer(log, "nothing")


def append(log: ConversationLog, conversation: str) -> None:
    log.append(answer_of(2), TRACE, BO, conversation)


def turns(log: ConversationLog, conversation: str) -> None:
    log.turns(conversation, BO)


def history(log: ConversationLog, conversation: str) -> None:
    log.history(conversation, BO, everything)


@pytest.mark.parametrize("action", [append, turns, history])
def test_the_conversation_of_somebody_else_is_not_told_from_one_that_never_was(
    action: Callable[[ConversationLog, str], None], log: ConversationLog
) -> None:
    conversation = log.append(answer_of(1), TRACE, ANN, None).conversation_id
    messages = set()
    for asked in (conversation, "nothing"):
        with pytest.raises(NotFound) as caught:
            action(log, asked)
        messages.add(str(caught.value).replace(asked, "X"))
    assert len(messages) == 1
    assert [answer.answer_id for answer in log.turns(conversation, ANN)] == ["a1"]


def test_the_administrator_opens_every_answer(log: ConversationLog) -> None:
    stored = log.append(answer_of(1), TRACE, ANN, None)
    assert log.find("a1", administrator())[0] == stored


def test_everybody_lists_their_own_conversations_the_latest_first(log: ConversationLog) -> None:
    first = log.append(answer_of(1, "First  \n question"), TRACE, ANN, None).conversation_id
    second = log.append(answer_of(2, "Second " * 40), TRACE, ANN, None).conversation_id
    log.append(answer_of(3, "Of Bo"), TRACE, BO, None)
    listed = log.list(ANN)
    assert [entry.conversation_id for entry in listed] == [second, first]
    assert listed[1].title == "First question"
    assert len(listed[0].title) <= 80
    log.append(answer_of(9), TRACE, ANN, first)
    listed = log.list(ANN)
    assert [(entry.conversation_id, entry.turns) for entry in listed] == [(first, 2), (second, 1)]
    assert len(log.list(ANN, limit=1)) == 1


def test_the_administrator_does_not_list_what_others_asked(log: ConversationLog) -> None:
    log.append(answer_of(1), TRACE, ANN, None)
    assert log.list(administrator()) == []


def test_somebody_named_admin_does_not_open_what_the_administrator_asked(
    log: ConversationLog,
) -> None:
    conversation = log.append(answer_of(1), TRACE, administrator(), None).conversation_id
    with pytest.raises(NotFound):
        log.turns(conversation, caller_named("admin", []))


def test_answers_from_documents_that_may_not_be_read_any_more_are_left_out(
    log: ConversationLog,
) -> None:
    conversation = log.append(answer_of(1), TRACE, ANN, None).conversation_id
    uncited = replace(answer_of(2), citations=())
    log.append(uncited, TRACE, ANN, conversation)
    turns = log.history(conversation, ANN, lambda doc_ids, caller: set())
    assert [(turn.question, turn.answer) for turn in turns] == [
        ("How many days?", ""),
        ("How many days?", uncited.text),
    ]
