"""A follow-up becomes a question of its own with what it leaves out; a question with a subject stays."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.conversation import leans_back, standalone_query
from core.answers import Turn

LEAVE = [
    Turn("How do I reset the gateway?", "Hold the button."),
    Turn("How many days of leave do employees get?", "Thirty."),
]


@pytest.mark.parametrize(
    ("before", "question", "expected"),
    [
        (
            "How many vacation days are there for employees?",
            "and for contractors?",
            "How many vacation days are there for contractors?",
        ),
        (
            "What is the limit for hotels in Germany?",
            "And in Switzerland?",
            "What is the limit for hotels in Switzerland?",
        ),
        (
            "What is the limit for hotels in Germany?",
            "what about for flights",
            "What is the limit for flights in Germany?",
        ),
        (
            "How many days of leave do employees get?",
            "What about contractors?",
            "How many days of leave do employees get: contractors?",
        ),
        (
            "How many days of leave do employees get?",
            "and during the first year?",
            "How many days of leave do employees get during the first year?",
        ),
        (
            "Wie viele Urlaubstage gibt es für Angestellte?",
            "Und für Werkstudenten?",
            "Wie viele Urlaubstage gibt es für Werkstudenten?",
        ),
        (
            "¿Cuántos días hay para empleados?",
            "¿y para becarios?",
            "¿Cuántos días hay para becarios?",
        ),
        ("Who approves travel bookings?", "Why?", "Why (approves travel bookings)?"),
        (
            "Who approves travel bookings?",
            "How long does it take?",
            "How long does it take (approves travel bookings)?",
        ),
        (
            "Who approves travel bookings?",
            "Who can they be changed by?",
            "Who can they be changed by (approves travel bookings)?",
        ),
    ],
)
def test_a_follow_up_says_what_it_left_out(before: str, question: str, expected: str) -> None:
    assert standalone_query(question, [Turn(before, "An answer.")]) == expected


def test_a_third_question_still_knows_what_the_first_was_about() -> None:
    history = [
        Turn("What is the limit for hotels in Germany?", "100 euros."),
        Turn("And in Switzerland?", "180 francs."),
    ]
    assert standalone_query("and for flights?", history) == (
        "What is the limit for flights in Switzerland?"
    )
    assert standalone_query("Who approves it?", history) == (
        "Who approves it (limit hotels Switzerland)?"
    )


@pytest.mark.parametrize(
    "question",
    [
        "How can a visitor get a badge for the Berlin office?",
        "Which laptop do new developers receive?",
        "Is there a shuttle to the Hamburg plant?",
        "What does the policy that covers remote work say about insurance?",
        "Wer genehmigt Dienstreisen nach Österreich?",
    ],
)
def test_a_question_with_its_own_subject_is_searched_as_it_is(question: str) -> None:
    assert standalone_query(question, LEAVE) == question
    assert not leans_back(question)


@pytest.mark.parametrize("question", ["and for contractors?", "Why?", "How much leave is there?"])
def test_the_first_question_is_searched_as_it_is(question: str) -> None:
    assert standalone_query(question, []) == question


def test_answers_are_not_used() -> None:
    turns = [Turn("Who approves travel?", "The secret falcon team.")]
    assert "falcon" not in standalone_query("Who leads it?", turns)


@given(st.text(max_size=80), st.lists(st.text(max_size=80), max_size=8))
def test_any_text_is_made_into_some_question(question: str, before: list[str]) -> None:
    made = standalone_query(question, [Turn(text, "") for text in before])
    assert len(made) <= len(question) + sum(map(len, before)) + 8 * (len(before) + 1)
    assert made.strip() or not question.strip()
