"""The population stability index: finite, by hand, and an alarm for shifts but not for chance."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.statistics.drift import labels_by_quantile, psi, psi_alarm


def test_psi_by_hand() -> None:
    # (.4 - .5) ln(.4/.5) + (.6 - .5) ln(.6/.5)
    expected = -0.1 * math.log(0.8) + 0.1 * math.log(1.2)
    assert psi([0.5, 0.5], [0.4, 0.6]) == pytest.approx(expected, rel=1e-3)
    assert psi([50, 50], [4, 6]) == psi([0.5, 0.5], [0.4, 0.6])
    assert psi([0.2, 0.8], [0.2, 0.8]) == 0.0
    assert psi([], []) == psi([0, 0], [1, 2]) == 0.0


@given(st.lists(st.tuples(*[st.integers(0, 1000)] * 2), min_size=1, max_size=12))
def test_psi_is_finite_never_negative_and_the_same_both_ways(counts: list[tuple[int, int]]) -> None:
    before, after = zip(*counts, strict=True)
    assert 0.0 <= psi(before, after) < 100.0
    assert psi(before, after) == pytest.approx(psi(after, before), abs=1e-12)


@pytest.mark.parametrize(
    ("before", "after"), [([1.0], [1.0, 2.0]), ([-1.0], [1.0]), ([math.nan], [1.0])]
)
def test_what_are_no_shares_is_refused(before: list[float], after: list[float]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - numpy names the lists of two lengths
        psi(before, after)


def test_an_injected_shift_gives_an_alarm() -> None:
    rng = random.Random(1)
    before = rng.choices("abcde", (30, 25, 20, 15, 10), k=400)
    after = rng.choices("abcde", (10, 10, 20, 20, 40), k=200)
    found = psi_alarm(before, after, seed=1)
    assert found.alarm
    assert found.value > found.threshold >= 0.2
    assert (found.n_before, found.n_after) == (400, 200)
    assert found.p_value < 0.001
    assert found == psi_alarm(before, after, seed=1)


@pytest.mark.parametrize("size", [15, 40, 400])
def test_no_alarm_on_resampled_periods_of_any_size(size: int) -> None:
    rng = random.Random(size)
    rows = rng.choices("abcdefgh", (30, 25, 15, 10, 8, 6, 4, 2), k=400)
    found = [
        psi_alarm(rng.choices(rows, k=size), rng.choices(rows, k=size), seed=run)
        for run in range(20)
    ]
    assert not any(each.alarm for each in found)
    if size == 15:
        # The usual rule alone would have called.
        assert sum(each.value > 0.2 for each in found) > 5


def test_a_significant_shift_that_is_small_gives_no_alarm() -> None:
    found = psi_alarm(["a"] * 5000 + ["b"] * 5000, ["a"] * 4500 + ["b"] * 5500, seed=1)
    assert found.p_value < 0.001
    assert found.value < 0.2
    assert not found.alarm


def test_a_period_without_rows_is_not_compared() -> None:
    assert not psi_alarm([], ["a"], seed=1).alarm
    assert psi_alarm(["a"], [], seed=1).value == 0.0
    assert psi_alarm(["a"] * 9, ["a"] * 5, seed=1).value == pytest.approx(0.0)


def test_numbers_become_bins_that_the_first_period_fills_evenly() -> None:
    before, after = labels_by_quantile([float(i) for i in range(100)], [1000.0, -5.0], bins=4)
    assert [before.count(label) for label in "0123"] == [25, 25, 25, 25]
    assert after == ["3", "0"]
    assert set(labels_by_quantile([1.0] * 9, [1.0], bins=5)[0]) == {"0"}
    assert labels_by_quantile([], [1.0]) == ([], ["0"])
