"""Text becomes the same words wherever and however it is written: in chunks, in names and in questions."""

import re
import time

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.documents import Chunk
from index.analysis import (
    entry_of,
    indexed_name,
    languages_with_stemmers,
    name_runs,
    name_terms,
    path_context,
    run_starts,
    split_unspaced,
    stemmer_of,
    text_terms,
    words_in_order,
)

LANGUAGES = st.sampled_from(["", "en", "de", "fr", "zh", "xx"])
DAY = "d20210305"


def days_of(text: str, language: str = "") -> list[str]:
    return [term for term in text_terms(text, language) if re.fullmatch(r"d\d{8}", term)]


# --- folding and stems -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("GATEWAY", "gateways"),
        ("Cafe", "café"),
        ("durfen", "dürfen"),
        ("employee", "employees"),
        ("Straße", "strasse"),
    ],
)
def test_case_endings_and_accents_do_not_matter(first: str, second: str) -> None:
    assert text_terms(first) == text_terms(second)


def test_words_are_stemmed_by_the_language_of_their_document() -> None:
    assert text_terms("Kündigungen", "de") == text_terms("Kündigung", "de")
    assert text_terms("Kündigungen", "en") != text_terms("Kündigung", "en")


def test_a_language_without_a_stemmer_is_stemmed_as_english_is() -> None:
    assert stemmer_of("") == stemmer_of("zh") == stemmer_of("xx") == "english"
    assert text_terms("gateways", "xx") == text_terms("gateways", "en") == ["gateway"]


def test_there_is_one_language_for_each_stemmer_and_english_is_first() -> None:
    assert languages_with_stemmers([]) == ("en",)
    assert languages_with_stemmers(["zh", "xx"]) == ("en",)
    assert languages_with_stemmers(["no", "de", "nb", "de"])[0] == "en"
    assert len(languages_with_stemmers(["no", "de", "nb", "de"])) == 3
    assert languages_with_stemmers(["de", "fr"]) == languages_with_stemmers(["fr", "de"])


def test_runs_without_spaces_become_overlapping_pairs() -> None:
    assert split_unspaced("a数据保b").split() == ["a", "数据", "据保", "b"]
    assert split_unspaced("一 x").split() == ["一", "x"]
    assert split_unspaced("plain words") == "plain words"


def test_a_part_of_an_unspaced_sentence_has_words_of_the_whole() -> None:
    whole = set(text_terms("数据保护政策适用于所有员工。"))
    for part in ("数据", "保护政策", "员工"):
        assert set(text_terms(part)) <= whole


# --- what is written in more than one way --------------------------------------------------------------


@pytest.mark.parametrize(
    ("written", "whole"),
    [
        ("ERR-4021", "err4021"),
        ("err4021", "err4021"),
        ("foo_bar", "foobar"),
        ("v2.3.1", "v231"),
        ("AB/12", "ab12"),
        ("RFC#2119:4", "rfc21194"),
        ("ÉTÉ-12", "ete12"),
        ("été12", "ete12"),
    ],
)
def test_an_identifier_has_one_word_for_the_whole(written: str, whole: str) -> None:
    assert whole in text_terms(f"See {written} for more.")


@pytest.mark.parametrize("text", ["_/_", "__ - __", "-_-", "_:_._"])
def test_marks_alone_have_no_word(text: str) -> None:
    assert text_terms(text) == name_terms(text) == []


def test_words_that_are_only_joined_are_no_identifier() -> None:
    assert text_terms("a well-known and/or so-called case") == words_in_order(
        "a well-known and/or so-called case"
    )


def test_other_spellings_stand_behind_the_words_so_that_neighbours_stay_neighbours() -> None:
    text = "Error ERR-4021 of 2021-03-05 in FY21 was fatal"
    order = words_in_order(text)
    assert order == ["error", "err", "4021", "of", "2021", "03", "05", "in", "fy21", "was", "fatal"]
    assert text_terms(text)[: len(order)] == order
    assert set(text_terms(text)[len(order) :]) >= {"err4021", DAY, "2021"}


@pytest.mark.parametrize(
    ("written", "number"),
    [
        ("1,234,567", "1234567"),
        ("12'000", "12000"),
        ("12’000", "12000"),
        ("1\u202f500", "1500"),
        ("$1,234.50", "1234"),
        ("(1,200)", "1200"),
        ("paid 1,200, then", "1200"),
        ("it was 1,200.", "1200"),
    ],
)
def test_a_number_with_separators_is_one_word(written: str, number: str) -> None:
    assert number in text_terms(written)


@pytest.mark.parametrize("written", ["1,23", "1,2345", "1234,567", "1,234,56", "x1,234", "1.2,345"])
def test_commas_between_other_digits_separate(written: str) -> None:
    assert written.replace(",", "") not in text_terms(written)


@pytest.mark.parametrize(
    ("written", "language"),
    [
        ("2021-03-05", "en"),
        ("5.3.2021", "de"),
        ("05.03.2021", "de"),
        ("March 5, 2021", "en"),
        ("Mar. 5th 2021", "en"),
        ("5th of March 2021", "en"),
        ("5 March 2021", "en"),
        ("5. März 2021", "de"),
        ("5 de marzo de 2021", "es"),
        ("5 mars 2021", "fr"),
    ],
)
def test_a_day_is_one_word_however_it_is_written(written: str, language: str) -> None:
    assert days_of(f"valid from {written} on", language) == [DAY]


@pytest.mark.parametrize(
    "written", ["2021-13-05", "32.1.2021", "0.3.2021", "March 40, 2021", "March 2021", "10.1.2.3"]
)
def test_what_is_no_day_has_no_such_word(written: str) -> None:
    assert days_of(written) == []


@pytest.mark.parametrize(
    "written", ["FY21", "FY2021", "fy 21", "FY-21", "FY'21", "FY ’21", "fy_21"]
)
def test_a_fiscal_year_is_its_year_in_texts_and_in_names(written: str) -> None:
    assert "2021" in text_terms(f"the {written} report")
    assert "2021" in name_terms(f"report {written}")


def test_a_fiscal_year_of_two_digits_is_of_the_century_that_is_meant() -> None:
    assert "1999" in text_terms("FY99")
    assert "2069" in text_terms("FY69")
    assert "1970" in text_terms("FY70")


@pytest.mark.parametrize("written", ["FY202", "iffy21", "FY", "FY2", "FY210"])
def test_what_is_no_fiscal_year_is_left_alone(written: str) -> None:
    assert not [term for term in text_terms(written) if len(term) == 4 and term.isdigit()]


# --- names ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["GreenHill_2021", "green-hill/2021", "Green Hill 2021", "greenHill2021"]
)
def test_a_name_has_its_parts_and_its_neighbours_run_together(name: str) -> None:
    assert {"green", "hill", "2021", "greenhill", "greenhill2021"} <= set(name_terms(name))


def test_a_name_that_is_run_together_shares_a_word_with_one_that_is_not() -> None:
    assert set(name_terms("greenhill.pdf")) & set(name_terms("Green Hill"))
    assert set(name_terms("GREENHILL_2021")) & set(name_terms("what did Green Hill earn"))
    assert not set(name_terms("Greenfield")) & set(name_terms("Green Hill"))


def test_runs_say_which_words_they_consist_of() -> None:
    runs = name_runs("Green Hills mining")
    assert runs["greenhills"] == ("green", "hill")
    assert runs["greenhillsmining"] == ("green", "hill", "mine")
    assert "hillsmining" in runs
    assert name_runs("Green") == {}
    assert max(len(parts) for parts in name_runs("one two three four five").values()) == 3


def test_a_long_word_of_a_name_may_begin_with_any_of_its_beginnings() -> None:
    starts = run_starts("OAKCREEKINSURANCE_2020")
    assert "oakcreek" in starts
    assert min(map(len, starts)) == 5
    assert "oakcreekinsurance" not in starts
    assert "oakcreek" in indexed_name("reports/OAKCREEKINSURANCE_2020.pdf", "", "en")


@pytest.mark.parametrize("name", ["Insurance", "ABC123456789", "a b c d e f", ""])
def test_short_words_and_numbers_have_no_beginnings(name: str) -> None:
    assert run_starts(name) == []


def test_the_ending_of_a_file_is_no_word_of_its_name() -> None:
    assert "pdf" not in indexed_name("hr/leave.pdf", "Leave", "en")
    assert "leav" in indexed_name("hr/leave.pdf", "", "en")
    assert len(indexed_name("hr/leave.pdf", "Leave", "en")) == len(
        set(indexed_name("hr/leave.pdf", "Leave", "en"))
    )


@pytest.mark.parametrize(
    ("uri", "title", "context"),
    [
        ("ACME/2021/report.md", "Report", "ACME 2021"),
        ("wiki/FY21/pay.md", "Pay", "wiki 2021"),
        ("one/deep/er/ACME/2021/report_12.pdf", "Annual", "ACME 2021 report"),
        ("hr/leave-policy.md", "Leave policy", "hr"),
        ("hr/HR/hr.md", "Leave", "hr"),
        ("a.md", "Valve", ""),
        ("123456.pdf", "Valve", ""),
        ("8f/42/1999999.pdf", "Valve", ""),
        ("index.html", "Valve", ""),
        ("docs/README.md", "Valve", "docs"),
        ("", "", ""),
    ],
)
def test_a_path_says_what_the_title_does_not(uri: str, title: str, context: str) -> None:
    assert path_context(uri, title) == context


def test_a_path_says_no_more_than_eight_words() -> None:
    assert len(path_context("aa bb cc dd ee ff gg hh ii jj.md", "").split()) == 8


def test_a_chunk_is_indexed_by_its_path_and_the_text_that_is_embedded() -> None:
    chunk = Chunk("c1", "d1", 0, 0, 9, "42 valves", "Manual > Valves\nforty valves", ("Valves",))
    made = entry_of(7, chunk, "plant/pump_room.pdf", "Manual", ("group:hr",), "en")
    assert (made.chunk_no, made.doc_id, made.access) == (7, "d1", ("group:hr",))
    assert made.terms == ["plant", "pump", "room", "manual", "valv", "forti", "valv"]
    assert {"pump", "room", "pumproom", "manual"} <= set(made.name_terms)


# --- whatever the text ----------------------------------------------------------------------------------

_PIECES = st.sampled_from(
    [
        "FY",
        "21",
        "2021",
        "-",
        "_",
        ".",
        ",",
        "March",
        "ERR",
        "数据",
        "'",
        " ",
        "(",
        "5",
        "/",
        "\n",
        "ß",
    ]
)
TEXTS = st.one_of(st.text(max_size=80), st.lists(_PIECES, max_size=30).map("".join))


@hypothesis_settings(max_examples=200)
@given(text=TEXTS, language=LANGUAGES)
def test_any_text_has_words_without_blanks_and_always_the_same(text: str, language: str) -> None:
    for read in (text_terms, words_in_order, name_terms):
        terms = read(text, language)
        assert all(term and not any(map(str.isspace, term)) for term in terms)
        assert read(text, language) == terms


@hypothesis_settings(max_examples=200)
@given(uri=TEXTS, title=TEXTS, language=LANGUAGES)
def test_any_path_and_title_are_a_name(uri: str, title: str, language: str) -> None:
    name = indexed_name(uri, title, language)
    assert all(term and not any(map(str.isspace, term)) for term in name)
    assert len(name) == len(set(name))
    context = path_context(uri, title)
    assert "\n" not in context
    assert len(context.split()) <= 8


@hypothesis_settings(max_examples=100)
@given(first=st.text("abc xyz", max_size=30), second=st.text("abc xyz", max_size=30))
def test_the_words_of_a_text_are_those_of_its_parts(first: str, second: str) -> None:
    assert text_terms(f"{first} {second}") == text_terms(first) + text_terms(second)


@pytest.mark.parametrize(
    "text",
    [
        "a" * 100_000,
        "a-" * 50_000,
        "数" * 50_000,
        ",000" * 25_000,
        "FY" + " " * 100_000,
        "5 " * 50_000,
    ],
)
def test_a_hostile_text_takes_no_time(text: str) -> None:
    started = time.process_time()
    text_terms(text)
    indexed_name(text, text, "en")
    path_context(text, text)
    assert time.process_time() - started < 5
