"""What a question asks for decides what an answer must contain, and whether it wants a whole list."""

import pytest

from app.question_words import (
    answer_spans,
    asking_words,
    asks_for_list,
    focus_words,
    kind_of,
    question_parts,
)


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How long does a refund take?", "duration"),
        ("How often are backups made?", "duration"),
        ("How many users may the plan have?", "number"),
        ("What is the annual fee?", "number"),
        ("When does the office close?", "date"),
        ("Who approves travel?", "person"),
        ("Which team owns the page?", "person"),
        ("Where do I send invoices?", "place"),
        ("Why was it closed?", "reason"),
        ("What caused the outage?", "reason"),
        ("How do I book a flight?", "manner"),
        ("What does SLA stand for?", "definition"),
        ("What is a retrospective?", "definition"),
        ("May contractors work remotely?", "yes_no"),
        ("Tell me about leave", "other"),
        ("", "other"),
    ],
)
def test_the_kind_of_a_question_is_told_by_its_words(question: str, kind: str) -> None:
    assert kind_of(question) == kind


def test_what_the_question_says_itself_is_no_answer() -> None:
    asked = frozenset(("who", "manages", "berlin"))
    text = "The head of Berlin is Maria."
    assert [text[start:end] for start, end in answer_spans("person", text, asked)] == ["Maria"]


def test_a_number_of_the_question_is_no_answer_in_whole_or_in_part() -> None:
    asked = frozenset(("how", "many", "of", "the", "30", "days"))
    assert answer_spans("number", "All of the 30 days.", asked) == []
    assert answer_spans("number", "Of the 30 days 12 are paid.", asked) == [(15, 17)]


@pytest.mark.parametrize(
    "question",
    [
        "What are the steps to request a refund?",
        "Which documents do I need?",
        "How do I reset my password?",
        "List the company values",
        "What does the plan include?",
    ],
)
def test_a_question_for_steps_or_options_wants_a_list(question: str) -> None:
    assert asks_for_list(question)


@pytest.mark.parametrize(
    "question", ["Who approves refunds?", "How much is it?", "When is the bonus paid?", ""]
)
def test_a_question_for_one_thing_wants_no_list(question: str) -> None:
    assert not asks_for_list(question)


@pytest.mark.parametrize(
    ("question", "focus"),
    [
        ("Which retention period is set for invoices?", "retention period"),
        ("How many days of parental leave do fathers get?", "days of parental leave"),
        ("What is the notice period for managers?", "notice period"),
        ("Who pays?", ""),
    ],
)
def test_the_focus_is_the_thing_that_is_asked_for(question: str, focus: str) -> None:
    assert focus_words(question) == focus


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("Who pays the bill, and when is it due?", ["Who pays the bill", "when is it due?"]),
        ("How long is leave? Who must approve it?", ["How long is leave", "Who must approve it?"]),
        ("Who approves travel and hotel costs?", ["Who approves travel and hotel costs?"]),
        ("Is it open and why?", ["Is it open and why?"]),
        ("", [""]),
    ],
)
def test_a_question_is_taken_apart_where_another_one_begins(
    question: str, parts: list[str]
) -> None:
    assert question_parts(question) == parts


def test_words_that_only_ask_are_told_from_those_that_name_the_subject() -> None:
    assert asking_words("How long does a refund take?") == "long take"
    assert asking_words("Who approves long trips?") == ""


@pytest.mark.parametrize(
    "text", ["what " * 4000, "how many times " * 2000, "a" * 20_000, "and who " * 3000]
)
def test_long_questions_are_read_in_bounded_time(text: str) -> None:
    kind_of(text)
    focus_words(text)
    asks_for_list(text)
    assert len(question_parts(text)) <= 3
