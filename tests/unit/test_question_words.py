"""What a question asks for is told by its question words."""

import pytest

from app.question_words import wanted_pattern


@pytest.mark.parametrize(
    ("question", "has", "lacks"),
    [
        ("How many days of leave do I get?", "You get thirty-two, that is 32.", "You get enough."),
        ("How much does it cost?", "It costs 340 EUR.", "It is cheap."),
        ("what percentage is paid?", "Two thirds are paid.", "All of it is paid."),
        ("When was the council?", "It met in January.", "It met at noon."),
        ("Which year did it start?", "It started in 2019.", "It started early."),
        ("Who approves travel?", "It is approved by Maria Weber.", "it is approved at once."),
        ("Where is the archive?", "It lies in Berlin.", "It lies below the stairs."),
    ],
)
def test_the_wanted_kind_of_thing_is_recognised(question: str, has: str, lacks: str) -> None:
    pattern = wanted_pattern(question)
    assert pattern is not None
    assert pattern.search(has)
    assert not pattern.search(lacks)


@pytest.mark.parametrize(
    "question", ["Why is that?", "Is remote work allowed?", "", "Reset gateway"]
)
def test_a_question_that_asks_for_no_kind_of_thing_wants_none(question: str) -> None:
    assert wanted_pattern(question) is None


def test_the_first_word_of_a_sentence_is_not_taken_for_a_name() -> None:
    pattern = wanted_pattern("Who approves it?")
    assert pattern is not None
    assert not pattern.search("Nobody does. Ask again.")
