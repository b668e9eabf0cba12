"""A heading becomes a question that people could have asked."""

import pytest

from app.question_from_heading import as_question, suits


@pytest.mark.parametrize(
    ("heading", "language", "question"),
    [
        ("Annual leave", "en", "What does T say about annual leave?"),
        ("2. Before you start", "", "What does T say about before you start?"),
        ("3. WHAT WE PAY", "en", "What does T say about what we pay?"),
        ("2.8.3 (2 June 2025)", "en", "What does T say about 2.8.3 (2 June 2025)?"),
        ("VPN access", "en", "What does T say about VPN access?"),
        ("How many days?", "en", "How many days?"),
        ("Ihre Rechte", "de", "Was steht in T zu Ihre Rechte?"),
        ("Congés annuels", "fr-FR", "Que dit T sur congés annuels ?"),
        ("Vacaciones", "es", "¿Qué dice T sobre vacaciones?"),
        ("X {title} {0}", "en", "What does T say about X {title} {0}?"),
    ],
)
def test_a_heading_is_asked_for(heading: str, language: str, question: str) -> None:
    assert as_question(heading, "T", language) == question


def test_headings_that_say_too_little_or_too_much_are_left() -> None:
    fit = [
        suits(heading) for heading in ("Annual leave", "Leave", "Introduction", "a b", "x " * 40)
    ]
    assert fit == [True, False, False, False, False]


@pytest.mark.parametrize(
    ("heading", "language", "question"),
    [
        ("How many days", "en", "Remote work: how many days?"),
        ("Wie viele Tage im Jahr", "de", "Remote work: Wie viele Tage im Jahr?"),
        ("2.1 Combien de jours", "fr", "Remote work: combien de jours?"),
        ("How we travel", "en", "What does Remote work say about how we travel?"),
    ],
)
def test_a_heading_that_begins_like_a_question_is_asked_of_its_document(
    heading: str, language: str, question: str
) -> None:
    assert as_question(heading, "Remote work", language) == question
