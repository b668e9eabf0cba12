"""Acronyms are what documents define themselves, letter by letter; nothing is guessed."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.acronyms import Acronym, expansions_of, find_acronyms, spells, word_runs


def pairs(text: str) -> list[tuple[str, str]]:
    return [(found.short, found.long) for found in find_acronyms(text)]


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("You get paid time off (PTO) each year.", "pto", "paid time off"),
        ("PTO (paid time off) is granted.", "pto", "paid time off"),
        ("Paid Time Off (“PTO”) is granted.", "pto", "paid time off"),
        ("the Key Performance Indicator ( KPI )", "kpi", "key performance indicator"),
        ("PTO ( paid time off )", "pto", "paid time off"),
        ("research and development (R&D)", "rd", "research and development"),
        ("R&D (research and development)", "rd", "research and development"),
        ("Bureau of Labor Statistics (BLS)", "bls", "bureau of labor statistics"),
        ("business to business (BTB) sales", "btb", "business to business"),
        ("Allgemeine Geschäftsbedingungen (AG)", "ag", "allgemeine geschäftsbedingungen"),
        ("Bundesamt für Sicherheit (BS)", "bs", "bundesamt für sicherheit"),
        ("the driver's licence agency (DLA)", "dla", "driver's licence agency"),
        ("a multi-factor authentication (MFA) code", "mfa", "multi factor authentication"),
    ],
)
def test_a_definition_is_found_in_both_directions(text: str, short: str, long: str) -> None:
    assert pairs(text) == [(short, long)]


@pytest.mark.parametrize(
    "text", ["service level agreements (SLAs)", "SLAs (service level agreements)"]
)
def test_the_s_of_a_plural_is_no_letter_of_the_long_form(text: str) -> None:
    assert pairs(text) == [("sla", "service level agreements")]


@pytest.mark.parametrize(
    "text",
    [
        "The budget was raised (USD) last year.",
        "We met the customer (ACME) in May.",
        "time paid off (PTO)",
        "paid free time off (PTO)",
        "PTO (paid time off work)",
        "PTO (paid time)",
        "ACME (founded in 1999)",
        "USD (about forty percent)",
        "EUR 4 (four)",
        "heart attack (HT)",
        "hypertext protocol (HTTP)",
        "of time off (OTO)",
        "(PTO) paid time off",
        "paid time off PTO",
        "paid time off [PTO]",
        "the plan (P)",
        "the plan (pto)",
        "PTO (paid\ntime off)",
        "",
    ],
)
def test_what_the_letters_do_not_spell_is_no_acronym(text: str) -> None:
    assert pairs(text) == []


def test_the_fewest_words_that_spell_it_are_the_long_form() -> None:
    assert pairs("personal training officers plan paid time off (PTO)") == [
        ("pto", "paid time off")
    ]


def test_linking_words_are_passed_over_inside_and_never_open_the_long_form() -> None:
    assert pairs("members of the board of directors (BD)") == [("bd", "board of directors")]
    assert spells(["department", "of", "the", "interior"], "DI")
    assert spells(["department", "of", "the", "interior"], "DOTI")
    assert not spells(["department", "of", "the", "interior"], "DOI")


def test_each_definition_is_told_once_and_different_ones_in_order() -> None:
    text = (
        "paid time off (PTO). Later: PTO (paid time off). In the USA, please turn over (PTO). "
        "paid time off (PTO)"
    )
    assert sorted(set(pairs(text))) == sorted(pairs(text))
    assert pairs(text) == [("pto", "paid time off"), ("pto", "please turn over")]


def test_one_letter_is_no_acronym() -> None:
    assert not spells(["plan"], "P")
    assert not spells([], "")


# --- in questions ---------------------------------------------------------------------------------------


def test_a_question_is_taken_in_runs_of_words() -> None:
    runs = word_runs("What about Paid Time Off?")
    assert {"paid time off", "paid", "time off"} <= set(runs)
    assert not {"what", "about"} & set(runs), "one function word is no acronym"
    assert max(len(run.split()) for run in word_runs("a b c d e f g h i")) == 6


def test_it_in_capitals_may_be_an_acronym() -> None:
    assert "it" in word_runs("who leads IT here")
    assert "it" not in word_runs("who leads it here")


def test_a_short_form_gives_the_long_one_and_the_other_way_round() -> None:
    known = [Acronym("pto", "paid time off"), Acronym("kpi", "key performance indicator")]
    assert expansions_of(word_runs("How much PTO?"), known) == [("pto", "paid time off")]
    assert expansions_of(word_runs("paid time off rules"), known) == [("paid time off", "pto")]
    assert expansions_of(word_runs("time off"), known) == []


def test_a_form_with_two_meanings_gives_both_in_order_and_each_once() -> None:
    known = [Acronym("pto", "paid time off"), Acronym("pto", "please turn over")]
    assert expansions_of(["pto"], [*known, *known]) == [
        ("pto", "paid time off"),
        ("pto", "please turn over"),
    ]


# --- whatever the text ----------------------------------------------------------------------------------


@given(
    words=st.lists(st.from_regex(r"[a-z]{2,9}", fullmatch=True), min_size=2, max_size=8),
    is_behind=st.booleans(),
)
def test_whatever_is_found_is_spelled_by_its_words(words: list[str], is_behind: bool) -> None:
    short, long = "".join(word[0] for word in words).upper(), " ".join(words)
    text = f"xx {long} ({short})" if is_behind else f"{short} ({long})"
    for found in find_acronyms(text):
        assert spells(found.long.split(), found.short.upper())
        assert found.long in text


@given(text=st.text("AB ()abof\n\"&-s'", max_size=60))
def test_any_text_can_be_read(text: str) -> None:
    for found in find_acronyms(text):
        assert found.short == found.short.casefold()
        assert found.long == " ".join(found.long.split())


@pytest.mark.parametrize(
    "piece",
    [
        "AB (" + " " * 100_000,
        "(" + " " * 100_000 + "AB",
        "AB" + " " * 100_000 + "(",
        "AB(" * 30_000,
        "(AB)" * 25_000,
        "alpha beta (AB) " * 6_000,
        "A-" * 50_000,
        ("AB (" + "a b " * 19 + ")") * 1_000,
        "x" * 100_000 + " (XY)",
        "'a" * 50_000 + "(AA)",
    ],
)
def test_a_hostile_text_takes_no_time(piece: str) -> None:
    started = time.process_time()
    find_acronyms(piece)
    assert time.process_time() - started < 5
