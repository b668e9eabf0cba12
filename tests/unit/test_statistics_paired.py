"""Intervals of means and of paired differences: what they say, that they cover, and that chance does not ship."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.coverage import (
    CLUSTERED,
    INDEPENDENT,
    KINDS,
    Kind,
    Layout,
    coverage,
    equal_variants,
)
from core.statistics.bootstrap import Grouped, grouped, intervals, mean_interval
from core.statistics.paired import non_inferior, paired_difference, paired_quantile_difference
from core.statistics.paired_tests import mcnemar
from core.statistics.proportions import wilson


def _values(numbers: list[float]) -> dict[str, list[float]]:
    return {f"case {i}": [number] for i, number in enumerate(numbers)}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
@pytest.mark.parametrize("layout", [*INDEPENDENT, *CLUSTERED], ids=lambda layout: layout.name)
def test_95_percent_intervals_cover_93_to_97_percent(layout: Layout, kind: Kind) -> None:
    found = coverage(layout, kind, 2000, resamples=800)
    assert 0.93 <= found.covered <= 0.97, found
    if layout.likeness:
        assert 0.3 <= found.correlation <= 0.52
        # What drawing questions instead of documents would have claimed.
        assert found.covered_by_questions < 0.9


def test_two_equal_variants_ship_in_at_most_5_percent() -> None:
    counts = equal_variants(250, 30, 2, ["fact_match"])
    assert sum(counts.values()) == 250
    assert counts["ship"] <= 0.05 * 250
    assert counts["cannot tell"] > 200


def test_a_real_improvement_ships() -> None:
    rng = np.random.default_rng(1)
    before = _values((rng.random(300) < 0.5).astype(float).tolist())
    after = {case: [1.0 if rng.random() < 0.3 else value] for case, (value,) in before.items()}
    found = paired_difference(before, after, {}, 1)
    assert found is not None
    assert found.low is not None
    assert found.low > 0.05
    assert found.p_value < 1e-6


def test_a_case_counts_once_however_often_it_was_repeated() -> None:
    before = {"a": [0.0, 1.0, 1.0, 0.0], "b": [1.0], "only before": [1.0], "empty": []}
    after = {"a": [1.0], "b": [1.0, 0.0], "only after": [0.0], "empty": [1.0]}
    found = paired_difference(before, after, {}, 1)
    assert found is not None
    assert (found.n, found.before, found.after, found.difference) == (2, 0.75, 0.75, 0.0)
    assert paired_difference(before, {"other": [1.0]}, {}, 1) is None


def test_alone_cases_of_passes_have_mcnemars_p_value() -> None:
    before = _values([1.0] * 2 + [0.0] * 9 + [1.0] * 50)
    after = _values([0.0] * 2 + [1.0] * 9 + [1.0] * 50)
    found = paired_difference(before, after, {}, 1)
    assert found is not None
    assert found.p_value == mcnemar(2, 9)


def test_cases_of_one_document_are_drawn_together() -> None:
    rng = np.random.default_rng(2)
    documents = np.repeat(rng.normal(0.1, 0.3, 30), 10)
    before = _values([0.0] * 300)
    after = _values(documents.tolist())
    clusters = {case: f"d{i // 10}" for i, case in enumerate(before)}
    alone, together = (paired_difference(before, after, of, 1) for of in ({}, clusters))
    assert alone is not None
    assert together is not None
    assert (alone.clusters, together.clusters) == (300, 30)
    assert alone.high is not None
    assert alone.low is not None
    assert together.high is not None
    assert together.low is not None
    # Ten equal cases say what one does: the error is about the square root of ten larger.
    assert (together.high - together.low) / (alone.high - alone.low) == pytest.approx(
        10**0.5, rel=0.15
    )
    assert alone.smallest_detectable is not None
    assert together.smallest_detectable is not None
    assert together.smallest_detectable > 3 * alone.smallest_detectable


def test_the_bounds_do_not_depend_on_order_and_turn_round_with_the_variants() -> None:
    rng = np.random.default_rng(3)
    before, after = (_values(rng.random(40).tolist()) for _ in range(2))
    clusters = {case: f"d{i % 12}" for i, case in enumerate(before)}
    found = paired_difference(before, after, clusters, 7)
    assert found == paired_difference(dict(reversed(before.items())), after, clusters, 7)
    back = paired_difference(after, before, clusters, 7)
    assert found is not None
    assert back is not None
    assert (back.low, back.high) == pytest.approx((-(found.high or 0), -(found.low or 0)))
    assert back.p_value == found.p_value


@settings(max_examples=60)
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.5, 1.0]), st.sampled_from([0.0, 0.3, 1.0]), st.integers(0, 6)
        ),
        min_size=1,
        max_size=20,
    )
)
def test_nothing_is_ever_nan(rows: list[tuple[float, float, int]]) -> None:
    before, after = ({str(i): [row[side]] for i, row in enumerate(rows)} for side in (0, 1))
    clusters = {str(i): str(row[2] or "") for i, row in enumerate(rows)}
    found = paired_difference(before, after, clusters, 1, resamples=200)
    assert found is not None
    assert (found.low is None) == (found.high is None) == (found.clusters < 2)
    if found.low is not None and found.high is not None:
        assert -1.0 <= found.low <= found.difference + 1e-12
        assert found.difference - 1e-12 <= found.high <= 1.0
    assert 0.0 < found.p_value <= 1.0
    assert found.smallest_detectable is None or found.smallest_detectable > 0.0
    alone = mean_interval(before, clusters, 1, resamples=200)
    assert alone is not None
    assert alone.low is None or 0.0 <= alone.low <= alone.mean + 1e-12


def test_a_run_that_changed_nothing_differs_by_nothing() -> None:
    rows = _values([0.1, 0.7, 1.0] * 20)
    found = paired_difference(rows, rows, {}, 1)
    assert found is not None
    assert (found.difference, found.low, found.high, found.p_value) == (0.0, 0.0, 0.0, 1.0)
    assert found.smallest_detectable is None
    # The same difference everywhere is known without an error.
    shifted = paired_difference(
        rows, {case: [value + 0.1] for case, (value,) in rows.items()}, {}, 1
    )
    assert shifted is not None
    assert (shifted.low, shifted.high) == pytest.approx((0.1, 0.1))
    assert shifted.p_value < 1e-10


def test_an_interval_needs_two_documents() -> None:
    found = paired_difference(
        _values([0.0, 1.0]), _values([1.0, 1.0]), {"case 0": "d", "case 1": "d"}, 1
    )
    assert found is not None
    assert (found.n, found.clusters, found.low, found.high) == (2, 1, None, None)
    with pytest.raises(ValueError, match="two clusters"):
        intervals(Grouped(np.ones((1, 1)), np.ones(1)), 1)


def test_a_case_without_a_document_is_its_own_even_if_named_like_one() -> None:
    rows = grouped({"a": 1.0, "b": 0.0, "c": 0.5}, {"a": "", "b": "a", "c": "a"})
    assert rows.clusters == 2
    assert sorted(rows.sizes.tolist()) == [1.0, 2.0]


def test_a_mean_of_passes_alone_has_wilsons_interval_and_others_one_around_them() -> None:
    perfect = mean_interval(_values([1.0] * 30), {}, 1)
    assert perfect is not None
    assert (perfect.low, perfect.high) == wilson(30, 30)
    in_documents = mean_interval(
        _values([1.0] * 30), {f"case {i}": f"d{i % 5}" for i in range(30)}, 1
    )
    assert in_documents is not None
    assert in_documents.low == wilson(5, 5)[0]
    mixed = mean_interval(_values([1.0] * 24 + [0.0] * 6), {}, 1)
    assert mixed is not None
    assert mixed.mean == 0.8
    low, high = wilson(24, 30)
    assert mixed.low == pytest.approx(low, abs=0.06)
    assert mixed.high == pytest.approx(high, abs=0.06)
    assert mean_interval({}, {}, 1) is None
    assert mean_interval({"a": []}, {}, 1) is None


def test_a_slower_tail_is_seen_in_the_quantile() -> None:
    rng = np.random.default_rng(4)
    before = {str(i): [float(x)] for i, x in enumerate(rng.gamma(4.0, 50.0, 300))}
    after = {case: [value * 1.5] for case, (value,) in before.items()}
    found = paired_quantile_difference(before, after, {}, 0.95, 1, resamples=1000)
    assert found is not None
    numbers = [value for (value,) in before.values()]
    assert found.before == pytest.approx(np.quantile(numbers, 0.95))
    assert found.difference == pytest.approx(0.5 * found.before)
    assert found.low is not None
    assert found.high is not None
    assert 0.0 < found.low < found.difference < found.high
    assert found.p_value < 0.01
    same = paired_quantile_difference(before, before, {}, 0.95, 1, resamples=100)
    assert same is not None
    assert (same.difference, same.low, same.high, same.p_value) == (0.0, 0.0, 0.0, 1.0)
    assert paired_quantile_difference(before, {}, {}, 0.95, 1) is None


def test_not_worse_needs_a_bound_above_minus_the_margin() -> None:
    assert non_inferior(-0.01, 0.02)
    assert not non_inferior(-0.02, 0.02)
    assert not non_inferior(None, 0.02)
