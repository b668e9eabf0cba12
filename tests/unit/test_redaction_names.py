"""Names of people: what announces them, what speaks against them, and that one mention hides the others."""

import pytest

from app.privacy.redaction import Redactor


@pytest.fixture(scope="module")
def redactor() -> Redactor:
    return Redactor()


def masked(redactor: Redactor, text: str) -> str:
    return redactor.redact([text]).texts[0]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ask Katarzyna Wolniewicz about it.", "Ask [PERSON_1] about it."),
        ("My name is Qorvath Zzyzx.", "My name is [PERSON_1]."),
        ("Dear Ms Adeyemi-Roth, welcome", "Dear Ms [PERSON_1], welcome"),
        ("mr. o'brien called", "mr. [PERSON_1] called"),
        ("Dr. J. R. Quandt's office", "Dr. [PERSON_1]'s office"),
        ("the composer Ludwig van Beethoven died", "the composer [PERSON_1] died"),
        ("Approved by: T. Anderson", "Approved by: [PERSON_1]"),
        ("Quandt, Ingrid", "[PERSON_1]"),
        ("follow up with patricia desrosiers soon", "follow up with [PERSON_1] soon"),
        ("Borzecki, Mary and Thrumbull agreed", "[PERSON_1], [PERSON_2] and [PERSON_3] agreed"),
        ("Zzyrna Qolt <zzyrna.qolt@firma.example>", "[PERSON_1] <[EMAIL_1]>"),
        ("El señor García López llegó en avión.", "El señor [PERSON_1] llegó en avión."),
        ("Wczoraj Łukasz Wójcik był tu.", "Wczoraj [PERSON_1] był tu."),
        ("It was under Zdzbrk Qožnč there.", "It was under [PERSON_1] there."),
        ("Contact Zzyrna Qolt first.", "Contact [PERSON_1] first."),
    ],
)
def test_a_name_is_found(redactor: Redactor, text: str, expected: str) -> None:
    assert masked(redactor, text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "Will the Grant be paid in May or in April?",
        "The Leave Policy applies to all Employees in Paris and Germany.",
        "Please read the Travel Guide and open Google Drive.",
        "FITARA and the ATOs of the CoE are on GitHub.",
        "Contact the Help Desk. Thanks, and regards",
        "Robert Bosch Foundation is a customer.",
        "Die Prüfung über Änderungen im Büro",
        "This is a summary. I am on leave.",
    ],
)
def test_ordinary_words_with_capitals_stay(redactor: Redactor, text: str) -> None:
    assert masked(redactor, text) == text


def test_a_name_found_once_is_hidden_in_all_texts_alone_and_written_small(
    redactor: Redactor,
) -> None:
    texts = [
        "Written by: Qorvath Zzyzx",
        "Zzyzx wrote it.",
        "what did qorvath zzyzx write?",
        "zzyzxian",
    ]
    assert redactor.redact(texts).texts == (
        "Written by: [PERSON_1]",
        "[PERSON_2] wrote it.",
        "what did [PERSON_3] write?",
        "zzyzxian",
    )
