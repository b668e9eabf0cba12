"""The benchmark's wrong claims differ from their sentence in one fact, and its rewritten ones in form only."""

import random

from benchmarks.changed_claims import changes, rewritten

SENTENCE = "Since 1 May 2025 the office in Porto must keep at least 30 days of readings."
OTHERS = ("The lab in Ghent has 45 days of leave and opens in March.",)


def test_every_sort_of_change_is_made_once_and_changes_the_sentence() -> None:
    made = list(changes(SENTENCE, OTHERS, random.Random(1)))
    kinds = [kind for kind, _ in made]
    assert kinds == ["number", "date", "unit", "name", "negation", "qualifier", "swap"]
    assert all(text != SENTENCE for _, text in made)
    swapped = dict(made)["swap"]
    assert "Ghent" in swapped
    assert "Porto" not in swapped


def test_the_same_seed_makes_the_same_changes() -> None:
    first, second = (list(changes(SENTENCE, OTHERS, random.Random(7))) for _ in range(2))
    assert first == second


def test_a_sentence_without_facts_is_not_changed() -> None:
    assert list(changes("Read this page with care.", (), random.Random(1))) == []


def test_a_rewritten_sentence_has_its_numbers_and_dates_in_another_form() -> None:
    texts = list(rewritten("You have 3 days until 5 June 2026, and it is not paid."))
    assert "You have three days until 5 June 2026, and it is not paid." in texts
    assert "You have 3 days until June 5, 2026, and it is not paid." in texts
    assert "You have 3 days until 5 June 2026, and it isn't paid." in texts
