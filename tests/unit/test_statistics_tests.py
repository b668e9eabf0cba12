"""Intervals of shares, tests, corrections, agreement and power, against SciPy, scikit-learn and by hand."""

import random
from itertools import product

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score

from core.statistics.agreement import cohens_kappa
from core.statistics.distributions import normal_quantile, student_quantile
from core.statistics.multiple import holm
from core.statistics.paired_tests import mcnemar, sign_flip
from core.statistics.power import (
    cases_needed,
    design_effect,
    detectable,
    detectable_share,
)
from core.statistics.proportions import wilson


def test_wilsons_interval_equals_scipys_on_1000_random_shares() -> None:
    rng = random.Random(1)
    for _ in range(1000):
        n = rng.randint(1, 400)
        successes = rng.choice((0, n, rng.randint(0, n)))
        level = rng.choice((0.9, 0.95, 0.99))
        expected = stats.binomtest(successes, n).proportion_ci(level, method="wilson")
        assert wilson(successes, n, level) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_17_of_20_is_64_to_95_percent_and_nothing_known_is_everything() -> None:
    low, high = wilson(17, 20)
    assert (round(low, 2), round(high, 2)) == (0.64, 0.95)
    assert wilson(0, 0) == (0.0, 1.0)
    with pytest.raises(ValueError, match="no share"):
        wilson(3, 2)


def test_mcnemar_equals_the_exact_binomial_test_on_1000_random_pairs() -> None:
    rng = random.Random(2)
    for _ in range(1000):
        lost, gained = rng.randint(0, 60), rng.randint(0, 60)
        expected = stats.binomtest(lost, lost + gained).pvalue if lost + gained else 1.0
        assert mcnemar(lost, gained) == pytest.approx(expected, abs=1e-9)


def test_mcnemar_by_hand() -> None:
    # 2 x (1 + 7) / 2^7 for one lost and six gained.
    assert mcnemar(1, 6) == pytest.approx(2 * 8 / 128)
    assert mcnemar(6, 0) == pytest.approx(2 / 64)
    assert mcnemar(0, 0) == 1.0


def test_flipping_signs_is_mcnemar_where_all_differences_have_one_size() -> None:
    assert sign_flip([1.0] * 6 + [-1.0] + [0.0] * 40, 1) == mcnemar(1, 6)
    assert sign_flip([0.0] * 5, 1) == 1.0
    assert sign_flip([], 1) == 1.0


def test_flipping_signs_equals_scipys_permutation_test_for_few_differences() -> None:
    rng = np.random.default_rng(3)
    for _ in range(40):
        values = np.round(rng.normal(0.4, 1.0, rng.integers(2, 9)), 2)
        expected = stats.permutation_test(
            (values,), np.sum, permutation_type="samples", n_resamples=np.inf
        )
        by_hand = [abs(np.dot(values, signs)) for signs in product((1, -1), repeat=len(values))]
        share = np.mean(np.array(by_hand) >= abs(values.sum()) - 1e-9)
        assert sign_flip(values.tolist(), 1) == pytest.approx(share, abs=1e-9)
        assert sign_flip(values.tolist(), 1) == pytest.approx(expected.pvalue, abs=1e-9)


def test_random_flips_come_close_to_the_whole_enumeration_and_are_the_same_again() -> None:
    rng = np.random.default_rng(4)
    values = rng.normal(0.35, 1.0, 16)
    bits = np.arange(2**16)[:, None] >> np.arange(16) & 1
    exact = float((np.abs((2 * bits - 1) @ values) >= abs(values.sum()) - 1e-9).mean())
    found = sign_flip(values.tolist(), 1)
    assert found == pytest.approx(exact, abs=0.02)
    assert found == sign_flip(values.tolist(), 1)
    assert 0.01 < exact < 0.99


def test_holm_by_hand() -> None:
    # Ordered .01 .03 .04: x3 = .03; x2 = .06; x1 = .04, but no less than the one before.
    assert holm([0.04, 0.01, 0.03]) == pytest.approx([0.06, 0.03, 0.06])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


def test_holm_equals_its_definition_on_1000_random_families() -> None:
    rng = random.Random(5)
    for _ in range(1000):
        family = [rng.choice((rng.random(), 0.01)) for _ in range(rng.randint(1, 10))]
        corrected = holm(family)
        # Step down: a test is rejected at every level at which it and all smaller ones pass.
        for level in (0.01, 0.05, 0.2):
            rejected = set()
            for step, test in enumerate(sorted(range(len(family)), key=lambda i: family[i])):
                if family[test] * (len(family) - step) > level:
                    break
                rejected.add(test)
            assert {i for i, value in enumerate(corrected) if value <= level} == rejected


def test_kappa_equals_scikit_learns_on_1000_random_ratings() -> None:
    rng = random.Random(6)
    for _ in range(1000):
        labels = rng.sample("abcd", rng.randint(1, 4))
        pairs = [(rng.choice(labels), rng.choice(labels)) for _ in range(rng.randint(1, 20))]
        found = cohens_kappa(pairs)
        firsts, seconds = ([pair[rater] for pair in pairs] for rater in (0, 1))
        if len({*firsts, *seconds}) == 1:
            assert found.kappa is None
        else:
            assert found.kappa == pytest.approx(cohen_kappa_score(firsts, seconds), abs=1e-9)


def test_students_quantiles_equal_scipys() -> None:
    for freedom in (1, 2, 3, 5, 9, 29, 99, 299, 5000):
        for share in (0.6, 0.9, 0.95, 0.975, 0.995, 0.025):
            expected = float(stats.t.ppf(share, freedom))
            assert student_quantile(share, freedom) == pytest.approx(expected, rel=1e-8)
    assert student_quantile(0.5, 4) == pytest.approx(0.0, abs=1e-6)
    for share, freedom in ((0.0, 3), (1.0, 3), (0.9, 0)):
        with pytest.raises(ValueError, match="no t quantile"):
            student_quantile(share, freedom)


def test_power_is_that_of_the_published_rule() -> None:
    # n = 7.84 x share of flips / difference^2: .2 and 5 points are 627 or 628 cases, 10 points 157.
    assert detectable(1.0) ** 2 == pytest.approx(7.849, abs=1e-3)
    assert cases_needed(0.05, 0.2) == 628
    assert cases_needed(0.10, 0.2) == 157
    assert detectable_share(627, 0.2) == pytest.approx(0.05, abs=1e-4)
    # About 18 points with 50 cases, and documents of four alike cases cost as much as fewer cases.
    assert detectable_share(50, 0.2) == pytest.approx(0.177, abs=1e-3)
    assert detectable_share(100, 0.2, design_effect=2.0) == detectable_share(50, 0.2)
    assert detectable_share(5, 0.2) is None
    assert detectable_share(0, 0.2) is None
    assert detectable_share(50, 0.0) == pytest.approx(6 / 50)
    with pytest.raises(ValueError, match="difference of 0"):
        cases_needed(0.0, 0.2)


def test_a_difference_of_the_size_that_can_be_shown_is_found_four_times_of_five() -> None:
    rng = np.random.default_rng(8)
    n, spread = 60, 0.3
    delta = detectable(spread / np.sqrt(n))
    means = rng.normal(delta, spread, (4000, n))
    quotients = means.mean(axis=1) / (means.std(axis=1, ddof=1) / np.sqrt(n))
    found = (quotients > normal_quantile(0.975)).mean()
    assert found == pytest.approx(0.8, abs=0.03)


def test_alike_cases_of_one_document_count_as_one() -> None:
    rng = random.Random(9)
    documents = [rng.gauss(0, 1) for _ in range(200)]
    assert design_effect([[value] * 5 for value in documents]) == pytest.approx(5.0, rel=0.02)
    alone = [[rng.gauss(0, 1) for _ in range(5)] for _ in documents]
    assert design_effect(alone) < 1.3
    assert design_effect([[1.0, 2.0]]) == 1.0
    assert design_effect([[1.0, 1.0], [1.0]]) == 1.0
    assert design_effect([]) == 1.0
    assert normal_quantile(0.975) == pytest.approx(1.959964, abs=1e-6)
