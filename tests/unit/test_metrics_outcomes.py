"""Refusals, thresholds on confidence, percentiles and costs, against scikit-learn, numpy and whole enumerations."""

import random
from itertools import permutations
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import precision_recall_fscore_support

from core.metrics import METRICS, metric_info, worse_by
from evals.metrics.abstention import abstention_scores, aurc, risk_coverage
from evals.metrics.operations import cost, error_rate, percentile


def test_refusals_equal_scikit_learn_on_1000_random_runs() -> None:
    rng = np.random.default_rng(5)
    for questions in (1, 2, 5, 12, 40):
        # One column a run: scikit-learn takes them as labels, and scores each by itself.
        unanswerable, refused = (rng.random((questions, 200)) < share for share in (0.4, 0.3))
        precisions, recalls, _, _ = precision_recall_fscore_support(
            unanswerable, refused, average=None, zero_division=0.0
        )
        _, of_answerable, _, _ = precision_recall_fscore_support(
            ~unanswerable, refused, average=None, zero_division=0.0
        )
        for run in range(200):
            outcomes = list(zip(~unanswerable[:, run], refused[:, run], strict=True))
            found = abstention_scores((bool(one), bool(other)) for one, other in outcomes)
            for own, theirs, applies in (
                (found.recall, recalls, unanswerable[:, run].any()),
                (found.precision, precisions, refused[:, run].any()),
                (found.false_refusal, of_answerable, not unanswerable[:, run].all()),
            ):
                assert own == (pytest.approx(theirs[run], abs=1e-9) if applies else None)
            right = np.mean(unanswerable[:, run] == refused[:, run])
            assert found.accuracy == pytest.approx(right, abs=1e-9)


def test_nothing_asked_has_no_score() -> None:
    found = abstention_scores([])
    assert (found.recall, found.precision, found.false_refusal, found.accuracy) == (None,) * 4
    assert aurc([], []) is None


def test_risk_at_equal_confidence_is_the_mean_over_all_orders() -> None:
    rng = random.Random(9)
    for _ in range(60):
        count = rng.randint(1, 6)
        confidences = [rng.choice((0.1, 0.5, 0.9)) for _ in range(count)]
        wrong = [rng.random() < 0.5 for _ in range(count)]
        areas = []
        for order in permutations(range(count)):
            by_confidence = sorted(order, key=lambda i: -confidences[i])
            errors = np.cumsum([wrong[i] for i in by_confidence])
            areas.append(float(np.mean(errors / np.arange(1, count + 1))))
        assert aurc(confidences, wrong) == pytest.approx(np.mean(areas), abs=1e-9)


def test_the_risk_curve_ends_with_the_error_of_everything() -> None:
    points = risk_coverage([0.9, 0.2, 0.6], [False, True, True])
    assert [point.coverage for point in points] == pytest.approx([1 / 3, 2 / 3, 1.0])
    assert [point.risk for point in points] == pytest.approx([0.0, 1 / 2, 2 / 3])
    assert [point.confidence for point in points] == [0.9, 0.6, 0.2]


def test_percentiles_equal_numpy_on_1000_random_lists() -> None:
    rng = random.Random(6)
    for _ in range(1000):
        values = [rng.choice((rng.expovariate(1), 1.0)) for _ in range(rng.randint(1, 40))]
        share = rng.choice((0.0, 0.5, 0.95, 1.0, rng.random()))
        found = percentile(values, share)
        assert found is not None
        assert found.value == pytest.approx(float(np.quantile(values, share)), abs=1e-9)


def test_a_percentiles_interval_is_that_of_the_binomial_and_none_for_few_values() -> None:
    for n, share in ((6, 0.5), (30, 0.5), (101, 0.5), (72, 0.95), (200, 0.95), (1500, 0.95)):
        found = percentile([float(i) for i in range(n)], share)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        # Values 0 .. n-1: the bound is its own position. Fewer than 2.5 % of samples lie beyond either.
        assert (
            stats.binom.cdf(found.low, n, share) <= 0.025 < stats.binom.cdf(found.low + 1, n, share)
        )
        assert (
            stats.binom.sf(found.high, n, share) <= 0.025 < stats.binom.sf(found.high - 1, n, share)
        )
    for n, share in ((5, 0.5), (71, 0.95)):
        found = percentile([float(i) for i in range(n)], share)
        assert found is not None
        assert found.low is None
    assert percentile([], 0.5) is None


def test_errors_and_costs_are_counted_over_what_is_known() -> None:
    found = error_rate([True, False, False, False])
    assert found is not None
    expected = stats.binomtest(1, 4).proportion_ci(method="wilson")
    assert (found.value, found.low, found.high) == pytest.approx(
        (0.25, expected.low, expected.high)
    )
    assert error_rate([]) is None
    assert cost([0.25, None, 0.75]) == (1.0, 0.5)
    assert cost([None]) is None


def test_every_metric_says_what_it_is_and_which_way_is_better() -> None:
    for name, info in METRICS.items():
        assert info.name == name
        assert info.title
        assert info.description.endswith(".")
        assert (info.margin is None) == (info.kind == "report")
        assert info.direction in ("up", "down")


def test_the_glossary_has_every_metric() -> None:
    text = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text(encoding="utf-8")
    for name in METRICS:
        stem = name.split("@")[0] if "@" in name else name.replace("footnote_checker", "CHECKER")
        assert f"| `{stem}" in text, name


def test_any_k_and_any_checker_is_known_and_what_nobody_defined_is_only_reported() -> None:
    info = metric_info("recall@5_document")
    assert (info.name, info.margin) == ("recall@5_document", METRICS["recall@10_document"].margin)
    assert "@5" in info.title
    assert "first 5" in info.description
    assert (
        metric_info("groundedness_other").margin == METRICS["groundedness_footnote_checker"].margin
    )
    odd = metric_info("judge_helpfulness")
    assert (odd.kind, odd.margin, odd.direction) == ("report", None, "none")


def test_a_loss_is_counted_in_the_metrics_own_way() -> None:
    assert worse_by(METRICS["recall@10_chunk"], 0.9, 0.8) == pytest.approx(0.1)
    assert worse_by(METRICS["false_refusal"], 0.1, 0.3) == pytest.approx(0.2)
    assert worse_by(METRICS["latency_ms"], 200, 250) == pytest.approx(0.25)
    assert worse_by(METRICS["cost_usd"], 0.0, 0.0) == 0.0
    assert worse_by(METRICS["cost_usd"], 0.0, 0.1) == float("inf")
    assert worse_by(metric_info("odd"), 1.0, 0.0) == 0.0
