"""What a question takes for granted is compared with the documents, and only a real contradiction is named."""

import pytest

from app.extraction.presupposition import false_premise

BONUS = "The annual bonus of 10 % was approved by the board."


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Who approved the 20 % bonus?", BONUS),
        (
            "Why did we cancel the return policy?",
            "The return policy remains in force for all products.",
        ),
        (
            "Why did we cancel the 30-day return policy?",
            "Our return policy gives every customer 30 days.",
        ),
        ("Why do contractors get annual leave?", "Contractors get no annual leave."),
        ("Why is remote work forbidden?", "Remote work is allowed on three days a week."),
        (
            "When is the 14-day trial charged?",
            "Every customer has a trial of 30 days, charged at its end.",
        ),
        (
            "Is the 500 EUR training budget paid in cash?",
            "There is a training budget of 1,200 EUR a year.",
        ),
    ],
)
def test_a_contradicted_premise_is_named_with_the_sentence(question: str, sentence: str) -> None:
    note = false_premise(question, [sentence])
    assert note is not None
    assert sentence in note


@pytest.mark.parametrize(
    ("question", "sentence"),
    [
        ("Who approved the 10 % bonus?", BONUS),
        ("Who approved the bonus?", BONUS),
        ("Is remote work forbidden?", "Remote work is allowed on three days a week."),
        ("Do I get 25 days of leave?", "Employees get 30 days of leave."),
        ("How many days of leave do contractors get?", "Contractors get no annual leave."),
        ("What was the population in 1901?", "The population was counted in 1944."),
        ("Who approved the 20 % bonus?", "Employees get a discount of 10 % in the canteen."),
        ("Who approved the 20 % bonus?", "A discount of 10 % was approved."),
        ("Who signed the 500 EUR contract?", "The invoice that somebody signed is worth 700 EUR."),
        ("Why is remote work forbidden?", "Smoking is allowed outside of work."),
        ("Why was the return policy cancelled?", "The gym contract remains in force."),
        (
            "Why did we cancel the return policy?",
            "The return policy was abolished because of fraud.",
        ),
        ("Why did we cancel the return policy?", "Customers like our policy."),
        ("Why is remote work allowed?", "Remote work is allowed on three days a week."),
        ("", BONUS),
        ("?", ""),
    ],
)
def test_a_question_without_a_contradicted_premise_gets_no_note(
    question: str, sentence: str
) -> None:
    assert false_premise(question, [sentence]) is None


def test_a_value_that_another_passage_has_is_no_false_premise() -> None:
    context = f"{BONUS} The sales bonus of 20 % was approved by the CEO."
    assert false_premise("Who approved the 20 % bonus?", [BONUS], context) is None


def test_an_end_that_another_passage_tells_of_is_no_false_premise() -> None:
    said = "Our return policy gives every customer 30 days."
    context = f"{said} It was discontinued in March."
    assert false_premise("Why did we cancel the return policy?", [said], context) is None


def test_a_very_long_question_and_sentence_are_read_in_part() -> None:
    note = false_premise("Why is " + "very " * 5000 + "1?", ["long " * 5000])
    assert note is None
