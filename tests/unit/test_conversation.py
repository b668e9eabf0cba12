"""A follow-up is searched with the question that it leans on; a question of its own is not."""

import pytest

from app.conversation import standalone_query
from core.answers import Turn

HISTORY = [
    Turn("How do I reset the gateway?", "Hold the button."),
    Turn("How many days of leave do employees get?", "Thirty."),
]


@pytest.mark.parametrize(
    "question",
    [
        "and for contractors?",
        "Why is that?",
        "What about people who work part time at the Berlin office?",
        "Does it also apply to interns who started last week?",
        "Who approves them in the sales department at year end?",
        "Part time?",
        "Und in der Probezeit für neue Mitarbeiter im Werk?",
    ],
)
def test_a_follow_up_is_searched_with_the_question_before_it(question: str) -> None:
    assert standalone_query(question, HISTORY) == f"{HISTORY[-1].question} {question}"


@pytest.mark.parametrize(
    "question",
    [
        "How can a visitor get a badge for the Berlin office?",
        "Which laptop do new developers receive?",
    ],
)
def test_a_question_with_its_own_subject_is_searched_as_it_is(question: str) -> None:
    assert standalone_query(question, HISTORY) == question


@pytest.mark.parametrize("question", ["and for contractors?", "Why?", "How much leave is there?"])
def test_the_first_question_is_searched_as_it_is(question: str) -> None:
    assert standalone_query(question, []) == question
