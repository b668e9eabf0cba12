"""Fusion depends on scores alone, stays in [0, 1] and never ranks the better chunk lower."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.fusion import fuse

NUMBERS = st.integers(1, 40)
LEXICAL = st.dictionaries(NUMBERS, st.floats(0, 50), max_size=15)
DENSE = st.dictionaries(NUMBERS, st.floats(-1, 1), max_size=15)
WEIGHTS = st.floats(0, 1)


@given(LEXICAL, DENSE, WEIGHTS, st.randoms())
def test_the_order_of_the_input_does_not_matter(
    lexical: dict[int, float], dense: dict[int, float], weight: float, chance: random.Random
) -> None:
    def shuffled(scores: dict[int, float]) -> dict[int, float]:
        return dict(chance.sample(list(scores.items()), len(scores)))

    assert fuse(shuffled(lexical), shuffled(dense), weight) == fuse(lexical, dense, weight)


@given(LEXICAL, DENSE, WEIGHTS)
def test_scores_lie_between_zero_and_one_best_first(
    lexical: dict[int, float], dense: dict[int, float], weight: float
) -> None:
    fused = fuse(lexical, dense, weight)
    scores = [score for _, score in fused]
    assert all(0 <= score <= 1 + 1e-9 for score in scores)
    assert scores == sorted(scores, reverse=True)
    assert {number for number, _ in fused} == lexical.keys() | dense.keys()
    assert len(fused) == len(lexical.keys() | dense.keys())


@given(LEXICAL, DENSE, WEIGHTS)
def test_a_chunk_that_is_better_in_both_searches_is_not_ranked_below(
    lexical: dict[int, float], dense: dict[int, float], weight: float
) -> None:
    scores = dict(fuse(lexical, dense, weight))
    both = lexical.keys() & dense.keys()
    for first in both:
        for second in both:
            if lexical[first] >= lexical[second] and dense[first] >= dense[second]:
                assert scores[first] >= scores[second]


def test_equal_scores_come_in_order_of_number() -> None:
    assert [n for n, _ in fuse({9: 2.0, 3: 2.0, 5: 2.0}, {}, 0.5)] == [3, 5, 9]


@pytest.mark.parametrize(("weight", "first"), [(0.0, 1), (1.0, 2)])
def test_the_weight_decides_between_the_searches(weight: float, first: int) -> None:
    assert fuse({1: 9.0, 2: 1.0}, {1: 0.1, 2: 0.9}, weight)[0] == (first, 1.0)


def test_a_chunk_that_only_one_search_found_counts_as_lowest_in_the_other() -> None:
    assert dict(fuse({1: 4.0}, {2: 0.5}, 0.6)) == {2: pytest.approx(0.6), 1: pytest.approx(0.4)}


def test_a_negative_cosine_counts_as_nothing() -> None:
    assert dict(fuse({}, {1: 0.5, 2: -0.5}, 1.0)) == {1: 1.0, 2: 0.0}


def test_nothing_found_fuses_to_nothing() -> None:
    assert fuse({}, {}, 0.6) == []
