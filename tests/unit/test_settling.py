"""What contradicts a claim and what only fails to support it, when all passages are looked at."""

import pytest

from app.grounding.checker import ClaimChecker
from app.grounding.evidence import PassageWords, read_words
from app.grounding.facts import compare
from core.grounding import EvidenceText
from core.short_forms import short_forms

CHECKER = ClaimChecker()


def verdicts(answer: str, *passages: str) -> list[str]:
    texts = [EvidenceText(str(number), text) for number, text in enumerate(passages)]
    return [claim.verdict for claim in CHECKER.check(answer, texts).claims]


def found(claim: str, context: str) -> list[tuple[str, str]]:
    return [(f.kind, f.verdict) for f in compare(claim, context, context)]


def test_another_value_in_an_otherwise_equal_sentence_contradicts() -> None:
    assert verdicts(
        "Laundry is paid up to 40 EUR a trip.", "Laundry is paid up to 30 EUR a trip."
    ) == ["contradicted"]


def test_a_value_of_the_next_step_contradicts_nothing() -> None:
    recipe = (
        "In a pot, fry garlic and onion, then add the tomatoes. Let simmer for 5 minutes. "
        "Add the meat and cook for 10 minutes."
    )
    assert "contradicted" not in verdicts("Add tomatoes and cook for 5 minutes.", recipe)


def test_the_other_side_of_a_contrast_contradicts_nothing() -> None:
    deer = "Mule deer have a black tip on the tail, whereas the whitetail has none."
    more = "The tail of the whitetail does not have a black tip."
    assert "contradicted" not in verdicts("Whitetail deer do not have a black tip.", deer, more)


def test_a_denial_that_is_only_supposed_contradicts_nothing() -> None:
    source = "If hot water and soap cannot get the glasses clean, use baking soda."
    assert "contradicted" not in verdicts(
        "Use hot water and soap to get the glasses clean.", source
    )


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        ("In July the high is 69°F.", "The July high is around 69 degrees."),
        ("The mean is 20 degrees Celsius.", "The mean is 20 degrees."),
        ("It opens at 9:00.", "opens: 9:0-21:0"),
        ("The war brought unity to the United States.", "The war brought unity to the US."),
    ],
)
def test_two_ways_of_writing_a_value_differ_in_nothing(claim: str, source: str) -> None:
    assert found(claim, source) == []


def test_a_scale_that_is_named_still_counts() -> None:
    assert found("The mean is 20 degrees Celsius.", "The mean is 20 degrees Fahrenheit.") != []


def test_short_forms_are_read_where_they_can_stand() -> None:
    assert [form.words for form in short_forms("in Goleta, CA and the US")] == [
        ("California",),
        ("United", "States"),
    ]
    assert list(short_forms("Sign IN OR register, or ask us")) == []


def test_a_short_form_has_the_terms_of_its_long_form() -> None:
    short, long = read_words("a shop in Goleta, CA"), read_words("a shop in Goleta, California")
    assert [word.term for word in short] == [word.term for word in long]


@pytest.mark.parametrize(
    ("claim", "source"),
    [
        (
            "Wir beantworten Anfragen innerhalb von 3 Wochen.",
            "Wir beantworten Anfragen innerhalb von 21 Tagen.",
        ),
        (
            "The new office is 0.6 km from the old one.",
            "The new office is 600 metres from the old one.",
        ),
    ],
)
def test_a_faithful_conversion_is_supported(claim: str, source: str) -> None:
    assert verdicts(claim, source) == ["supported"]


LAPTOPS = "A laptop is swapped within one working day in Oslo and Ghent and within two working days in Porto."


def test_two_values_exchanged_between_two_names_contradict() -> None:
    assert verdicts("A laptop is swapped within two working days in Ghent.", LAPTOPS) != [
        "supported"
    ]
    assert found("A laptop is swapped within two working days in Ghent.", LAPTOPS) == [
        ("number", "contradicted")
    ]
    assert found("A laptop is swapped within two working days in Porto.", LAPTOPS) == []


def test_one_role_put_for_another_is_a_finding() -> None:
    source = "For long flights the head of department may approve premium economy."
    assert found("For long flights the line manager may approve premium economy.", source) != []
    assert found("The department head may approve premium economy for long flights.", source) == []


def test_a_condition_in_the_next_claim_is_not_left_out() -> None:
    source = "Field staff may buy parts for up to 800 EUR when a customer has no readings."
    claim = "Field staff may buy parts for up to 800 EUR."
    assert [f.kind for f in compare(claim, source, source)] == ["qualifier"]
    around = "This holds when a customer has no readings."
    assert compare(claim, source, source, around=around) == []


@pytest.mark.parametrize(
    "claim", ["Refunds cannot be given after 30 days.", "No personal information is stored."]
)
def test_a_statement_that_sounds_like_an_absence_is_checked(claim: str) -> None:
    passages = "Refunds can be given after 30 days. Personal information is stored for ten years."
    assert verdicts(claim, passages) == ["contradicted"]
    assert verdicts("The passages do not mention the price.", passages) == ["unchecked"]


def test_a_sentence_broken_into_lines_is_one_and_records_are_not() -> None:
    text = (
        "Make sure you are making a pull request from a branch and\nnot directly in the main one.\n"
        "name: Eladio\ncity: Goleta\n- an item that is long enough to fill a line of text\n- another"
    )
    words = PassageWords([EvidenceText("p", text)])
    shown = [words.text_of(number, number) for number in range(len(words.sentences))]
    assert shown == [
        "Make sure you are making a pull request from a branch and\nnot directly in the main one.",
        "name: Eladio",
        "city: Goleta",
        "- an item that is long enough to fill a line of text",
        "- another",
    ]
