"""A question is read as words to look for: what is added counts less, and everything is data."""

from collections.abc import Callable, Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from index.question import ReadQuestion, corrected, read_question

ENGLISH = ("en",)


def read(question: str, *expansions: tuple[str, str]) -> ReadQuestion:
    return read_question(question, ENGLISH, expansions)


# --- words ---------------------------------------------------------------------------------------------


def test_function_words_are_left_out_and_the_rest_keeps_its_order() -> None:
    asked = read("How do I restart the gateways?")
    assert dict(asked.terms) == {"restart": 1.0, "gateway": 1.0}
    assert list(asked.terms) == ["restart", "gateway"]
    assert asked.text == "How do I restart the gateways?"


def test_a_question_of_function_words_alone_keeps_them() -> None:
    assert set(read("who is who").terms) == {"who", "is"}


@pytest.mark.parametrize(
    ("question", "word", "stays"),
    [
        ("Who leads IT?", "it", True),
        ("Who leads it?", "it", False),
        ("Do US rules apply?", "us", True),
        ("Does WHO advise us?", "who", True),
        ("WHO LEADS IT", "it", False),
        ("Shall I go?", "i", False),
    ],
)
def test_a_function_word_in_capitals_is_a_name_in_a_text_that_is_not(
    question: str, word: str, stays: bool
) -> None:
    assert (word in read(question).terms) == stays


def test_each_language_of_the_documents_stems_the_question() -> None:
    asked = read_question("Kündigungen", ("en", "de"))
    assert set(asked.terms) == {"kundigungen", "kundig"}


def counting(**chunks: int) -> Callable[[Iterable[str]], dict[str, int]]:
    return lambda terms: {term: chunks[term] for term in terms if term in chunks}


def test_the_most_frequent_stem_of_a_word_counts_and_the_others_a_little_less() -> None:
    def stems(**chunks: int) -> dict[str, float]:
        return dict(read_question("Kündigungen", ("en", "de"), (), counting(**chunks)).terms)

    assert stems(kundig=9, kundigungen=2) == {"kundig": 1.0, "kundigungen": 0.9}
    assert stems(kundig=2, kundigungen=9) == {"kundigungen": 1.0, "kundig": 0.9}
    assert stems(kundig=2) == {"kundig": 1.0}
    assert stems() == {"kundigungen": 1.0}, "nobody wrote it: as the first language has it"


def test_between_equals_the_first_language_decides() -> None:
    words = [
        f"{start}ungen" for start in ("Kündig", "Zeit", "Wohn", "Rechn", "Mein", "Ordn", "Lös")
    ]
    asked = read_question(" ".join(words), ("en", "de"))
    assert [weight for weight in asked.terms.values()] == [1.0, 0.9] * len(words)
    assert all(term.endswith("ungen") for term, weight in asked.terms.items() if weight == 1.0)


def test_identifiers_and_days_are_looked_for_in_every_writing() -> None:
    asked = read("What is ERR-4021 of March 5, 2021?")
    assert {"err", "4021", "err4021", "d20210305"} <= asked.terms.keys()


def test_words_of_names_and_their_runs_are_those_of_the_question() -> None:
    asked = read("What did Green Hill earn in FY21?")
    assert {"green", "hill", "greenhill", "2021"} <= asked.name_terms.keys()
    assert set(asked.name_terms.values()) == {1.0}
    assert asked.name_runs["greenhill"] == ("green", "hill")


# --- phrases -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question",
    [
        'find "Red Valves" now',
        "find “Red Valves” now",
        "find «Red Valves» now",
        "find „Red Valves“ now",
    ],
)
def test_words_in_quotes_are_a_phrase_as_it_is_indexed(question: str) -> None:
    assert read(question).phrases == (("red", "valv"),)


def test_a_phrase_keeps_its_function_words() -> None:
    assert read('"out of office"').phrases == (("out", "of", "offic"),)


def test_a_phrase_has_no_other_spellings_in_it() -> None:
    assert read('"ERR-4021 alarm"').phrases == (("err", "4021", "alarm"),)


@pytest.mark.parametrize(
    "question",
    [
        '5" pipes',
        '""',
        '"x"',
        '"?!"',
        '"red\nvalve"',
        "the valve's owner's",
        "it's 'red valve'",
        '" "',
    ],
)
def test_other_marks_are_no_phrases(question: str) -> None:
    assert read(question).phrases == ()


def test_there_are_no_more_than_four_phrases_and_none_is_endless() -> None:
    assert len(read(" ".join(f'"word {n}"' for n in range(9))).phrases) == 4
    assert read(f'"{"word " * 60}"').phrases == ()


# --- expansions ----------------------------------------------------------------------------------------


def test_what_an_acronym_stands_for_is_added_at_a_lower_weight() -> None:
    asked = read("How much PTO?", ("pto", "paid time off"))
    assert {term: asked.terms[term] for term in ("pto", "paid", "time", "off")} == {
        "pto": 1.0,
        "paid": 0.5,
        "time": 0.5,
        "off": 0.5,
    }
    assert asked.text == "How much PTO? (paid time off)"
    assert asked.expansions == (("pto", "paid time off"),)


def test_a_word_that_was_asked_for_keeps_its_weight() -> None:
    asked = read("paid PTO", ("pto", "paid time off"))
    assert asked.terms["paid"] == 1.0


def test_what_is_added_is_no_word_of_a_name() -> None:
    assert "paid" not in read("PTO", ("pto", "paid time off")).name_terms


def test_there_are_no_more_than_four_expansions() -> None:
    many = [("ab", f"alpha beta{n}") for n in range(9)]
    assert len(read("AB", *many).expansions) == 4


# --- corrections ---------------------------------------------------------------------------------------


def corrected_by(
    asked: ReadQuestion, readable: set[str], similar: dict[str, list[str]]
) -> ReadQuestion:
    def standing(terms: Sequence[str]) -> set[str]:
        return readable & set(terms)

    return corrected(asked, standing, lambda term: similar.get(term, []))


def test_a_word_that_nobody_wrote_gets_the_nearest_readable_one_beside_it() -> None:
    asked = corrected_by(read("gatway alarm"), {"gateway", "alarm"}, {"gatway": ["gateway"]})
    assert dict(asked.terms) == {"gatway": 1.0, "alarm": 1.0, "gateway": 0.8}
    assert asked.corrections == (("gatway", "gateway"),)
    assert asked.text == "gatway alarm"


def test_only_words_that_the_asker_may_read_are_suggested() -> None:
    similar = {"bassun": ["bassoon", "basin"]}
    assert corrected_by(read("bassun"), {"basin"}, similar).corrections == (("bassun", "basin"),)
    forbidden = corrected_by(read("bassun"), set(), similar)
    assert forbidden.corrections == ()
    assert set(forbidden.terms) == {"bassun"}


def test_a_word_that_stands_somewhere_is_left_alone() -> None:
    asked = read("gatway")
    assert corrected_by(asked, {"gatway", "gateway"}, {"gatway": ["gateway"]}) is asked


def test_what_was_added_is_not_corrected() -> None:
    asked = read("PTO", ("pto", "payd time off"))
    assert corrected_by(asked, {"pto", "paid"}, {"payd": ["paid"]}) is asked


def test_only_the_first_words_that_nobody_wrote_are_looked_up() -> None:
    looked_up: list[str] = []

    def similar(term: str) -> list[str]:
        looked_up.append(term)
        return ["gateway"]

    written = [f"known{number}" for number in range(300)]
    asked = read(" ".join([*written, *(f"zz{number}" for number in range(300))]))
    known = {"gateway", *written}
    made = corrected(asked, lambda terms: known & set(terms), similar)
    assert looked_up == [f"zz{number}" for number in range(3)]
    assert len(made.corrections) == 3


def test_a_question_of_unknown_words_is_not_taken_for_a_misspelt_one() -> None:
    asked = read("zza zzb zzc zzd known")
    known = {"gateway", "known"}
    assert corrected(asked, lambda terms: known & set(terms), lambda _: ["gateway"]) is asked


def test_a_correction_keeps_the_weight_of_a_word_that_was_asked_for() -> None:
    asked = corrected_by(read("gatway gateway"), {"gateway"}, {"gatway": ["gateway"]})
    assert asked.terms["gateway"] == 1.0


# --- hostile questions ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "question", ["", "   ", "?!", "(", '"', ":", "*", "+-&&||!(){}[]^~\\/", "body:", "\x00"]
)
def test_query_syntax_is_harmless(question: str) -> None:
    asked = read(question)
    assert asked.terms.keys() <= {"bodi"}
    assert asked.phrases == ()


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ('gateway AND OR ( " : *', {"gateway", "and", "or"}),
        ("access:group:hr gateway", {"access", "group", "hr", "gateway"}),
        ("gateway^100", {"gateway", "100"}),
        ("-gateway", {"gateway"}),
    ],
)
def test_query_syntax_around_a_word_is_words_or_nothing(question: str, terms: set[str]) -> None:
    assert read(question).terms.keys() == terms


@hypothesis_settings(max_examples=150)
@given(
    question=st.one_of(st.text(max_size=60), st.text('"“”«»„a b\n', max_size=40)),
    languages=st.sampled_from([("en",), ("en", "de"), ("en", "fr", "ru")]),
)
def test_any_question_can_be_read_and_always_the_same(
    question: str, languages: tuple[str, ...]
) -> None:
    asked = read_question(question, languages)
    assert asked == read_question(question, languages)
    assert asked.text == question
    assert set(asked.terms.values()) <= {1.0, 0.9}
    assert all(phrase and all(phrase) for phrase in asked.phrases)
