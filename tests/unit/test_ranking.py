"""Each kind of evidence moves a chunk as it is documented, and nothing else does."""

import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from index.analysis import name_runs, name_terms
from index.ranking import AskedWords, Candidate, RankingWeights, Scored, rank

WORDS_ALONE = RankingWeights(dense=0, absolute=0, coverage=0, pairs=0, neighbour=0, name=0)
MEANING_ALONE = replace(WORDS_ALONE, dense=1)
NAMES_ALONE = replace(WORDS_ALONE, name=1)


def asked(
    question: str, rarity: dict[str, float] | None = None, added: dict[str, float] | None = None
) -> AskedWords:
    terms = dict.fromkeys(question.split(), 1.0) | (added or {})
    return AskedWords(
        terms=terms,
        name_terms=frozenset(name_terms(question)),
        name_runs=name_runs(question),
        rarity=dict.fromkeys(terms, 2.0) | (rarity or {}),
        chunk_count=1000,
        average_length=4.0,
    )


def chunk(
    number: int,
    terms: str,
    cosine: float | None = 0.0,
    *,
    doc: str = "",
    ordinal: int = 0,
    name: str = "",
) -> Candidate:
    return Candidate(
        number, doc or f"doc{number}", ordinal, terms, frozenset(name_terms(name)), cosine
    )


def order(
    question: AskedWords, candidates: Sequence[Candidate], weights: RankingWeights | None = None
) -> list[int]:
    return [item.chunk_no for item in rank(question, candidates, weights or RankingWeights())]


def scores(
    question: AskedWords, candidates: Sequence[Candidate], weights: RankingWeights | None = None
) -> dict[int, Scored]:
    return {item.chunk_no: item for item in rank(question, candidates, weights or RankingWeights())}


# --- words -----------------------------------------------------------------------------------------------


def test_a_chunk_with_a_word_of_the_question_goes_before_one_without() -> None:
    found = [chunk(1, "door open wide now"), chunk(2, "pump open wide now")]
    assert order(asked("pump"), found, WORDS_ALONE) == [2, 1]


def test_a_rare_word_counts_more_than_a_common_one() -> None:
    question = asked("pump valve", {"pump": 5.0, "valve": 0.5})
    found = [chunk(1, "valve a b c"), chunk(2, "pump a b c")]
    assert order(question, found, WORDS_ALONE) == [2, 1]


def test_a_word_that_tells_nothing_moves_nothing() -> None:
    question = asked("pump the", {"the": 0.0})
    found = [chunk(1, "pump a b"), chunk(2, "pump a the"), chunk(3, "the a b")]
    made = scores(question, found)
    assert made[1].score == made[2].score > made[3].score == 0


def test_a_word_of_lower_weight_counts_less() -> None:
    question = asked("pump", added={"valve": 0.5})
    assert order(question, [chunk(1, "valve a"), chunk(2, "pump a")], WORDS_ALONE) == [2, 1]


def test_repetition_counts_and_saturates() -> None:
    found = [chunk(n, "pump a " * n + "a a " * (6 - n)) for n in (1, 2, 3, 6)]
    made = scores(asked("pump"), found, WORDS_ALONE)
    assert made[6].words > made[3].words > made[2].words > made[1].words
    assert made[2].words - made[1].words > made[3].words - made[2].words
    assert made[6].words < 3 * made[1].words


def test_a_short_chunk_goes_before_a_long_one_with_the_same_words() -> None:
    found = [chunk(1, "pump " + "a " * 50), chunk(2, "pump a")]
    assert order(asked("pump"), found, WORDS_ALONE) == [2, 1]


def test_words_are_counted_whole() -> None:
    found = [chunk(1, "pumps repump"), chunk(2, "pump")]
    assert scores(asked("pump"), found, WORDS_ALONE)[1].words == 0


def test_coverage_puts_a_chunk_with_all_words_before_one_that_repeats_some() -> None:
    question = asked("pump valve", {"pump": 3.0, "valve": 0.5})
    found = [chunk(1, "pump pump pump pump"), chunk(2, "pump valve a a")]
    assert order(question, found, WORDS_ALONE) == [1, 2]
    assert order(question, found, replace(WORDS_ALONE, coverage=1.5)) == [2, 1]


def test_words_side_by_side_as_in_the_question_count_more() -> None:
    question = asked("red valve")
    found = [chunk(1, "valve red a b"), chunk(2, "red valve a b"), chunk(3, "red a valve b")]
    paired = replace(WORDS_ALONE, pairs=0.4)
    assert order(question, found, WORDS_ALONE) == [1, 2, 3]
    assert order(question, found, paired) == [2, 1, 3]
    made = scores(question, found, paired)
    assert made[1].words == made[3].words


def test_a_pair_counts_no_more_than_both_its_words() -> None:
    question = asked("red valve", {"red": 0.1, "valve": 0.1})
    paired, plain = replace(WORDS_ALONE, pairs=1.0), WORDS_ALONE
    found = [chunk(1, "red valve")]
    gained = scores(question, found, paired)[1].words - scores(question, found, plain)[1].words
    assert gained == pytest.approx(0.2)


def test_added_words_make_no_pairs() -> None:
    assert asked("red valve", added={"pump": 0.5}).pairs == [("red", "valve")]


def test_where_the_words_of_the_question_are_nowhere_meaning_decides() -> None:
    question = asked("pump valve door", {"pump": 9.0, "valve": 9.0, "door": 0.1})
    found = [chunk(1, "door a b", 0.0), chunk(2, "a b c", 0.6)]
    weights = RankingWeights(absolute=0)
    assert order(question, found, weights) == [1, 2]
    assert order(question, found, replace(weights, absolute=0.5)) == [2, 1]


# --- meaning ---------------------------------------------------------------------------------------------


def test_a_nearer_chunk_goes_before_one_further_off() -> None:
    found = [chunk(1, "a", 0.2), chunk(2, "a", 0.6)]
    assert order(asked("pump"), found, MEANING_ALONE) == [2, 1]


def test_a_negative_cosine_and_a_missing_vector_count_as_nothing() -> None:
    found = [chunk(1, "a", 0.5), chunk(2, "a", -0.5), chunk(3, "a", None)]
    made = scores(asked("pump"), found, MEANING_ALONE)
    assert made[2].score == made[3].score == 0 < made[1].score


def test_a_chunk_without_a_vector_is_found_by_its_words() -> None:
    found = [chunk(1, "a b", 0.3), chunk(2, "pump", None)]
    assert order(asked("pump"), found) == [2, 1]
    assert scores(asked("pump"), found)[2].cosine == 0


@pytest.mark.parametrize(("dense", "first"), [(0.0, 1), (1.0, 2)])
def test_the_weight_decides_between_words_and_meaning(dense: float, first: int) -> None:
    found = [chunk(1, "pump", 0.1), chunk(2, "a", 0.7)]
    assert order(asked("pump"), found, RankingWeights(dense=dense))[0] == first


@pytest.mark.parametrize("weights", [WORDS_ALONE, MEANING_ALONE, RankingWeights(name=0)])
def test_a_chunk_that_is_better_in_words_and_meaning_is_never_ranked_below(
    weights: RankingWeights,
) -> None:
    texts = ["a a a", "pump a a", "pump valve a", "pump pump valve"]
    found = [chunk(10 - n, text, n / 5) for n, text in enumerate(texts)]
    assert order(asked("pump valve"), found, weights) == [7, 8, 9, 10]


# --- names -----------------------------------------------------------------------------------------------


def test_a_document_that_the_question_names_goes_first() -> None:
    found = [chunk(1, "pump", name="Oak Creek"), chunk(2, "pump", name="Green Hill")]
    question = asked("green hill pump")
    assert order(question, found, NAMES_ALONE) == [2, 1]
    assert scores(question, found, NAMES_ALONE)[1].name == 0


@pytest.mark.parametrize("name", ["greenhill.pdf", "GREENHILL_2021", "green-hill", "Green Hill"])
def test_a_name_that_is_run_together_is_credited_as_its_words(name: str) -> None:
    found = [chunk(1, "pump a b", name="Oak Creek"), chunk(2, "pump a b", name=name)]
    made = scores(asked("green hill pump"), found)
    assert made[2].name > 0 == made[1].name
    assert made[2].words > made[1].words, "its words are in front of its chunks"
    assert made[2].score > made[1].score


def test_a_word_of_every_name_tells_less_than_one_of_a_single_name() -> None:
    found = [chunk(n, "pump", name=f"report {n}") for n in range(1, 6)]
    found.append(chunk(9, "pump", name="report acme"))
    made = scores(asked("acme report"), found, NAMES_ALONE)
    assert made[9].name > 4 * made[1].name
    assert made[1].name == made[5].name


def test_half_of_a_name_counts_less_than_half() -> None:
    found = [
        chunk(1, "a", name="green hill"),
        chunk(2, "a", name="green field"),
        chunk(3, "a", name="oak hill"),
    ]
    made = scores(asked("green hill"), found, NAMES_ALONE)
    assert made[1].name == pytest.approx(1.0)
    assert made[2].name == made[3].name == pytest.approx(0.25)


def test_a_name_counts_less_the_less_of_the_question_it_is() -> None:
    found = [chunk(1, "a", name="hill"), chunk(2, "a", name="other")]
    short = scores(asked("hill pump"), found, NAMES_ALONE)[1].name
    long = scores(asked("hill pump valve door hall roof"), found, NAMES_ALONE)[1].name
    assert short == pytest.approx(0.5)
    assert long == pytest.approx(1 / 6)


def test_all_chunks_of_a_document_have_its_name() -> None:
    found = [chunk(n, "a", doc="d", ordinal=9 * n, name="acme") for n in (1, 2)]
    made = scores(asked("acme"), [*found, chunk(3, "a")], NAMES_ALONE)
    assert made[1].name == made[2].name > 0


# --- neighbours ------------------------------------------------------------------------------------------


def test_a_chunk_beside_a_good_one_gets_a_share_of_its_score() -> None:
    found = [
        chunk(1, "a", doc="d", ordinal=4),
        chunk(2, "pump", doc="d", ordinal=5),
        chunk(3, "a", doc="d", ordinal=6),
        chunk(4, "a", doc="d", ordinal=7),
        chunk(5, "a", doc="e", ordinal=6),
    ]
    made = scores(asked("pump"), found, replace(WORDS_ALONE, neighbour=0.2))
    assert made[1].score == made[3].score == pytest.approx(0.2 * made[2].score)
    assert made[4].score == made[5].score == 0
    assert order(asked("pump"), found, replace(WORDS_ALONE, neighbour=0.2)) == [2, 1, 3, 4, 5]


def test_the_better_of_two_neighbours_counts_and_its_own_neighbours_do_not() -> None:
    found = [
        chunk(1, "a", 0.2, doc="d", ordinal=1),
        chunk(2, "a", 0.0, doc="d", ordinal=2),
        chunk(3, "a", 0.4, doc="d", ordinal=3),
    ]
    made = scores(asked("pump"), found, replace(MEANING_ALONE, neighbour=0.5))
    assert made[2].neighbour == pytest.approx(0.4 / MEANING_ALONE.cosine_scale)
    assert made[1].neighbour == made[3].neighbour == 0


# --- whatever is found -----------------------------------------------------------------------------------

VOCABULARY = "pump valve door green hill greenhill acme"
_words = st.lists(st.sampled_from(VOCABULARY.split()), max_size=6).map(" ".join)


@st.composite
def found_chunks(draw: st.DrawFn) -> list[Candidate]:
    places = draw(
        st.lists(st.tuples(st.sampled_from("defg"), st.integers(0, 4)), max_size=10, unique=True)
    )
    names = {doc: draw(_words) for doc in "defg"}
    cosines = st.one_of(st.none(), st.floats(-1, 1, width=32))
    return [
        chunk(number, draw(_words), draw(cosines), doc=doc, ordinal=ordinal, name=names[doc])
        for number, (doc, ordinal) in enumerate(places, start=1)
    ]


QUESTIONS = st.builds(
    asked,
    _words,
    st.dictionaries(st.sampled_from(VOCABULARY.split()), st.floats(0, 12), max_size=4),
    st.dictionaries(st.sampled_from(["roof", "hall"]), st.sampled_from([0.5, 0.8]), max_size=2),
)
WEIGHTS = st.builds(
    RankingWeights,
    dense=st.floats(0, 1),
    absolute=st.floats(0, 1),
    coverage=st.floats(0, 3),
    pairs=st.floats(0, 1),
    neighbour=st.floats(0, 1),
    name=st.floats(0, 1),
)


@hypothesis_settings(max_examples=300)
@given(question=QUESTIONS, found=found_chunks(), weights=WEIGHTS)
def test_scores_lie_between_zero_and_one_best_first_and_equal_ones_by_number(
    question: AskedWords, found: list[Candidate], weights: RankingWeights
) -> None:
    made = rank(question, found, weights)
    assert all(0 <= item.score <= 1 for item in made)
    assert [(-item.score, item.chunk_no) for item in made] == sorted(
        (-item.score, item.chunk_no) for item in made
    )
    assert sorted(item.chunk_no for item in made) == [candidate.chunk_no for candidate in found]


@hypothesis_settings(max_examples=300)
@given(question=QUESTIONS, found=found_chunks(), chance=st.randoms())
def test_the_order_of_the_input_does_not_matter(
    question: AskedWords, found: list[Candidate], chance: random.Random
) -> None:
    shuffled = chance.sample(found, len(found))
    assert rank(question, shuffled, RankingWeights()) == rank(question, found, RankingWeights())


@hypothesis_settings(max_examples=200)
@given(question=QUESTIONS, found=found_chunks())
def test_a_chunk_that_has_nothing_to_do_with_it_changes_no_score_unless_names_are_compared(
    question: AskedWords, found: list[Candidate]
) -> None:
    # How telling a name's word is depends on how many documents were found.
    weights = RankingWeights(name=0)
    stranger = chunk(999, "zebra yak", 0.0, doc="stranger", name="zoo")
    without, added = (
        scores(question, candidates, weights) for candidates in (found, [*found, stranger])
    )
    assert added.pop(999).score == 0
    assert {n: (item.score, item.words, item.neighbour) for n, item in added.items()} == {
        n: (item.score, item.words, item.neighbour) for n, item in without.items()
    }


def test_equal_scores_come_in_order_of_number() -> None:
    assert order(asked("pump"), [chunk(n, "pump", 0.5) for n in (9, 3, 5)]) == [3, 5, 9]


def test_nothing_found_and_nothing_asked_are_ranked_too() -> None:
    assert rank(asked("pump"), [], RankingWeights()) == []
    assert order(asked(""), [chunk(2, "pump", 0.1), chunk(1, "", None)]) == [2, 1]


_OTHER_PROCESS = """
import sys
sys.path.insert(0, {folder!r})
import test_ranking as t
found = [t.chunk(1, "pump", 0.1, name="greenhillmining"), t.chunk(2, "pump green hill", 0.1, name="oak")]
print(t.rank(t.asked("green hill mining pump"), found, t.RankingWeights()))
"""


def test_two_processes_give_the_same_scores(root: Path) -> None:
    code = _OTHER_PROCESS.format(folder=str(root / "tests" / "unit"))
    seen = {
        subprocess.run(
            [sys.executable, "-c", code],
            env={"PYTHONPATH": str(root), "PYTHONHASHSEED": str(seed)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in range(6)
    }
    assert len(seen) == 1
