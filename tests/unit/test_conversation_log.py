"""Conversations belong to who asked: to others they do not exist, in the very same words."""

from collections.abc import Callable, Collection
from dataclasses import replace

import pytest
from sqlalchemy import select

from app.conversation_log import ConversationLog
from app.conversation_view import ConversationReader
from app.feedback_log import FeedbackLog, Remark
from core.answers import Answer, Caller, Citation, Claim, DocumentRef, Note, Turn
from core.errors import NotFound, UsageError
from index.catalogue import Catalogue
from index.permissions import administrator, caller_named
from index.schema import answers, conversations, feedback, unfinished

pytestmark = pytest.mark.usefixtures("each_database")

ANN = caller_named("ann@x.org", [])
BO = caller_named("bo@x.org", [])
TRACE = {"query": "q", "hits": [{"doc_id": "d", "score": 0.5}], "passages": []}


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


@pytest.fixture
def reader(catalogue: Catalogue) -> ConversationReader:
    return ConversationReader(catalogue)


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
    history = log.history(conversation, ANN, everything).turns
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


def test_everybody_lists_their_own_conversations_the_latest_first(
    log: ConversationLog, reader: ConversationReader
) -> None:
    first = log.append(answer_of(1, "First  \n question"), TRACE, ANN, None).conversation_id
    second = log.append(answer_of(2, "Second " * 40), TRACE, ANN, None).conversation_id
    log.append(answer_of(3, "Of Bo"), TRACE, BO, None)
    listed = reader.listed(ANN)
    assert [entry.conversation_id for entry in listed] == [second, first]
    assert listed[1].title == "First question"
    assert len(listed[0].title) <= 80
    log.append(answer_of(9), TRACE, ANN, first)
    listed = reader.listed(ANN)
    assert [(entry.conversation_id, entry.turns) for entry in listed] == [(first, 2), (second, 1)]
    assert len(reader.listed(ANN, limit=1)) == 1


def test_the_administrator_does_not_list_what_others_asked(
    log: ConversationLog, reader: ConversationReader
) -> None:
    log.append(answer_of(1), TRACE, ANN, None)
    assert reader.listed(administrator()) == []


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
    history = log.history(conversation, ANN, lambda doc_ids, caller: set())
    assert history.doc_ids == {"d"}
    assert [(turn.question, turn.answer) for turn in history.turns] == [
        ("How many days?", ""),
        ("How many days?", uncited.text),
    ]


def test_what_plots_are_drawn_of_stands_beside_the_answer(catalogue: Catalogue) -> None:
    log = ConversationLog(catalogue.engine, catalogue.data_dir, "slack")
    log.append(replace(answer_of(1), cost_usd=0.25), TRACE, ANN, None)
    with catalogue.engine.connect() as connection:
        row = connection.execute(select(answers)).one()
    assert (row.channel, row.model, row.total_ms, row.cost_usd) == (
        "slack",
        "extractive",
        1.5,
        0.25,
    )


def test_a_question_is_there_before_its_answer_and_gone_with_it(
    log: ConversationLog, reader: ConversationReader
) -> None:
    question_id, conversation = log.begin("How  many days?", ANN)
    opened = reader.open(conversation, ANN)
    assert (opened.title, opened.turns) == ("How many days?", ())
    assert [(q.question_id, q.state) for q in opened.unfinished] == [(question_id, "running")]
    assert [(e.turns, e.has_unfinished) for e in reader.listed(ANN)] == [(0, True)]
    log.append(answer_of(1), TRACE, ANN, conversation, question_id)
    opened = reader.open(conversation, ANN)
    assert ([turn.answer.answer_id for turn in opened.turns if turn.answer], opened.unfinished) == (
        ["a1"],
        (),
    )
    assert [(e.turns, e.has_unfinished) for e in reader.listed(ANN)] == [(1, False)]


def test_the_answer_to_a_question_that_was_forgotten_meanwhile_is_not_kept(
    log: ConversationLog, reader: ConversationReader
) -> None:
    first, conversation = log.begin("First question", ANN)
    log.append(answer_of(1, "First question"), TRACE, ANN, conversation, first)
    second, _ = log.begin("Second question", ANN, conversation)
    log.forget(second, ANN)
    with pytest.raises(NotFound):
        log.append(answer_of(2), TRACE, ANN, conversation, second)
    assert [answer.answer_id for answer in log.turns(conversation, ANN)] == ["a1"]


def test_forgetting_the_only_question_removes_its_conversation(
    log: ConversationLog, reader: ConversationReader
) -> None:
    question_id, conversation = log.begin("Only question", ANN)
    with pytest.raises(NotFound):
        log.forget(question_id, BO)
    log.forget(question_id, ANN)
    assert reader.listed(ANN) == []
    with pytest.raises(NotFound):
        reader.open(conversation, ANN)


def test_a_title_made_of_a_forgotten_question_is_made_anew(
    log: ConversationLog, reader: ConversationReader
) -> None:
    first, conversation = log.begin("Secret question", ANN)
    second, _ = log.begin("Plain question", ANN, conversation)
    log.append(answer_of(1, "Plain question"), TRACE, ANN, conversation, second)
    log.forget(first, ANN)
    assert [entry.title for entry in reader.listed(ANN)] == ["Plain question"]


def asked_again(log: ConversationLog) -> str:
    conversation = log.append(answer_of(1, "Old wording?"), TRACE, ANN, None).conversation_id
    for number, replaced in ((2, "a1"), (3, "a2")):
        question_id, _ = log.begin("New wording?", ANN, conversation, replaced)
        answer = answer_of(number, "New wording?")
        log.append(answer, TRACE, ANN, conversation, question_id, replaced)
    return conversation


def test_an_answer_that_was_asked_for_again_gives_way_to_the_new_one(
    log: ConversationLog, reader: ConversationReader
) -> None:
    conversation = asked_again(log)
    (turn,) = reader.open(conversation, ANN).turns
    assert turn.answer is not None
    assert turn.answer.answer_id == "a3"
    assert [answer.answer_id for answer in turn.earlier] == ["a1", "a2"]
    assert [answer.answer_id for answer in log.turns(conversation, ANN)] == ["a3"]
    assert [(e.title, e.turns) for e in reader.listed(ANN)] == [("New wording?", 1)]
    assert [t.question for t in log.history(conversation, ANN, everything).turns] == [
        "New wording?"
    ]
    assert log.history(conversation, ANN, everything, leave_out="a3").turns == []
    assert log.find("a1", ANN)[0].answer_id == "a1"


def test_two_answers_to_one_question_asked_again_at_once_take_turns(
    log: ConversationLog, reader: ConversationReader
) -> None:
    conversation = log.append(answer_of(1), TRACE, ANN, None).conversation_id
    begun = [log.begin("Again?", ANN, conversation, "a1")[0] for _ in range(2)]
    for number, question_id in enumerate(begun, start=2):
        log.append(answer_of(number, "Again?"), TRACE, ANN, conversation, question_id, "a1")
    (turn,) = reader.open(conversation, ANN).turns
    assert turn.answer is not None
    assert [answer.answer_id for answer in (*turn.earlier, turn.answer)] == ["a1", "a2", "a3"]


def test_only_the_last_answer_of_ones_own_conversation_can_be_asked_for_again(
    log: ConversationLog, reader: ConversationReader
) -> None:
    conversation = log.append(answer_of(1), TRACE, ANN, None).conversation_id
    log.append(answer_of(2), TRACE, ANN, conversation)
    of_bo = log.append(answer_of(3), TRACE, BO, None).conversation_id
    with pytest.raises(UsageError):
        log.begin("Again?", ANN, conversation, "a1")
    refused = (
        (ANN, conversation, "a3"),
        (ANN, of_bo, "a3"),
        (ANN, None, "a2"),
        (ANN, conversation, "x"),
    )
    for caller, key, answer_id in refused:
        with pytest.raises(NotFound):
            log.begin("Again?", caller, key, answer_id)
    assert [entry.has_unfinished for entry in reader.listed(ANN)] == [False]


def test_a_conversation_gets_another_title_of_reasonable_length(
    log: ConversationLog, reader: ConversationReader
) -> None:
    conversation = log.append(answer_of(1), TRACE, ANN, None).conversation_id
    log.rename(conversation, ANN, "  My \n leave ")
    assert [entry.title for entry in reader.listed(ANN)] == ["My leave"]
    log.rename(conversation, ANN, "x" * 120)
    for title in ("", " \n ", "x" * 121):
        with pytest.raises(UsageError):
            log.rename(conversation, ANN, title)
    assert [entry.title for entry in reader.listed(ANN)] == ["x" * 120]


def test_a_deleted_conversation_leaves_nothing_but_the_snapshots_of_feedback(
    log: ConversationLog, reader: ConversationReader, catalogue: Catalogue
) -> None:
    stored = log.append(answer_of(1), TRACE, ANN, None)
    log.begin("And then?", ANN, stored.conversation_id)
    flags = FeedbackLog(catalogue.engine, catalogue.data_dir)
    flags.add(stored, TRACE, ANN, Remark("bad", "outdated", "old"), "cli")
    log.delete(stored.conversation_id, ANN)
    with catalogue.engine.connect() as connection:
        for table in (conversations, answers, unfinished):
            assert connection.execute(select(table)).all() == []
        assert "Thirty days" in str(connection.execute(select(feedback.c.snapshot)).scalar())
    assert reader.listed(ANN) == []


def rename(log: ConversationLog, conversation: str) -> None:
    log.rename(conversation, BO, "Mine")


def delete(log: ConversationLog, conversation: str) -> None:
    log.delete(conversation, BO)


def share(log: ConversationLog, conversation: str) -> None:
    log.share(conversation, BO, is_shared=True)


def begin(log: ConversationLog, conversation: str) -> None:
    log.begin("Mine?", BO, conversation)


@pytest.mark.parametrize("action", [rename, delete, share, begin, append, turns])
@pytest.mark.parametrize("is_shared", [False, True])
def test_a_conversation_is_changed_and_continued_by_its_owner_only(
    action: Callable[[ConversationLog, str], None],
    is_shared: bool,
    log: ConversationLog,
    reader: ConversationReader,
) -> None:
    conversation = log.append(answer_of(1), TRACE, ANN, None).conversation_id
    log.share(conversation, ANN, is_shared=is_shared)
    before = reader.open(conversation, ANN)
    messages = set()
    for key in (conversation, "nothing"):
        with pytest.raises(NotFound) as caught:
            action(log, key)
        messages.add(str(caught.value).replace(key, "X"))
    assert len(messages) == 1
    assert reader.open(conversation, ANN) == before
