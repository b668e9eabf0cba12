"""Two runs compared: differences, verdicts, turned cases, parts, and what is left out."""

import json
from random import Random

import pytest
from click.testing import CliRunner
from stored_runs import content_of, store_run

from app.cli import main
from core.errors import UsageError
from evals.comparing.compared_runs import compare_stored, comparison_json
from evals.comparing.comparison import ComparedRun, differences, primary_of
from evals.comparing.verdict import verdict_of
from evals.running.run_log import RunLog
from index.catalogue import Catalogue
from index.permissions import administrator, caller_named


@pytest.fixture
def log(catalogue: Catalogue) -> RunLog:
    return RunLog(catalogue.engine, catalogue.data_dir)


def _cases(
    values: list[float], metric: str = "fact_match", **more: float
) -> dict[str, dict[str, float]]:
    return {f"case-{n:03}": {metric: value, **more} for n, value in enumerate(values)}


def test_a_clear_gain_ships_and_says_how_much(log: RunLog, catalogue: Catalogue) -> None:
    store_run(log, _cases([0.0] * 40 + [1.0] * 40), variant="a")
    store_run(log, _cases([1.0] * 80), variant="b")
    (found,), _ = compare_stored(log, catalogue, administrator(), ["a", "b"])
    assert found.verdict.decision == "ship"
    assert "+50.0 points" in found.verdict.reasons[0]
    assert found.primary is not None
    assert found.primary.turned is not None
    assert (found.primary.turned.lost, found.primary.turned.gained) == (0, 40)
    assert [turned.is_won for turned in found.turned] == [True] * 40


def test_a_clear_loss_holds(log: RunLog, catalogue: Catalogue) -> None:
    store_run(log, _cases([1.0] * 80), variant="a")
    store_run(log, _cases([0.0] * 40 + [1.0] * 40), variant="b")
    (found,), _ = compare_stored(log, catalogue, administrator(), ["a", "b"])
    assert found.verdict.decision == "hold"
    assert "worse" in found.verdict.reasons[0]


def test_a_gain_does_not_ship_where_another_metric_lost(log: RunLog, catalogue: Catalogue) -> None:
    before = _cases([0.0] * 40 + [1.0] * 40, groundedness_footnote_checker=1.0)
    after = _cases([1.0] * 80, groundedness_footnote_checker=0.5)
    store_run(log, before, variant="a")
    store_run(log, after, variant="b")
    (found,), _ = compare_stored(log, catalogue, administrator(), ["a", "b"])
    assert found.verdict.decision == "hold"
    assert "Groundedness" in found.verdict.reasons[0]


def test_few_cases_cannot_tell_and_say_what_they_could(log: RunLog, catalogue: Catalogue) -> None:
    random = Random(3)
    store_run(log, _cases([float(random.random() < 0.6) for _ in range(25)]), variant="a")
    store_run(log, _cases([float(random.random() < 0.6) for _ in range(25)]), variant="b")
    (found,), _ = compare_stored(log, catalogue, administrator(), ["a", "b"])
    assert found.verdict.decision == "cannot tell"
    assert found.verdict.limits.startswith("These 25 cases can only show differences of ")
    assert "points or more" in found.verdict.limits


def test_a_broken_invariant_holds_whatever_was_gained(log: RunLog, catalogue: Catalogue) -> None:
    store_run(log, _cases([0.0] * 80), variant="a")
    broken = _cases([1.0] * 80)
    broken["case-007"]["citation_validity"] = 0.5
    store_run(log, broken, variant="b")
    (found,), _ = compare_stored(log, catalogue, administrator(), ["a", "b"])
    assert found.verdict.decision == "hold"
    assert "1 of 80 cases" in found.verdict.reasons[0]


def test_only_common_cases_count_and_the_rest_is_said(log: RunLog, catalogue: Catalogue) -> None:
    first = _cases([1.0] * 12)
    second = {case: values for case, values in _cases([1.0] * 14).items() if case > "case-003"}
    store_run(log, first, variant="a", dataset="one")
    contents = {"case-005": content_of("case-005", version=2)}
    store_run(log, second, variant="b", dataset="two", contents=contents)
    (found,), _ = compare_stored(log, catalogue, administrator(), ["a", "b"])
    assert found.cases == 8
    told = " ".join(found.remarks)
    assert "different cases: 'one' and 'two'" in told
    assert "4 cases of a" in told
    assert "2 cases of b" in told
    assert "1 case changed between the runs" in told


def test_runs_without_a_common_case_are_refused(log: RunLog, catalogue: Catalogue) -> None:
    store_run(log, {"x": {"fact_match": 1.0}}, variant="a")
    store_run(log, {"y": {"fact_match": 1.0}}, variant="b")
    with pytest.raises(UsageError, match="no case in common"):
        compare_stored(log, catalogue, administrator(), ["a", "b"])


def test_an_unknown_primary_metric_is_refused_with_the_known_ones(
    log: RunLog, catalogue: Catalogue
) -> None:
    store_run(log, _cases([1.0] * 3), variant="a")
    store_run(log, _cases([1.0] * 3), variant="b")
    with pytest.raises(UsageError, match="fact_match"):
        compare_stored(log, catalogue, administrator(), ["a", "b"], "beauty")


def test_the_same_runs_cannot_tell_and_nothing_turned(log: RunLog, catalogue: Catalogue) -> None:
    values = [float(n % 3 > 0) for n in range(30)]
    store_run(log, _cases(values), variant="a")
    store_run(log, _cases(values), variant="b")
    (found,), _ = compare_stored(log, catalogue, administrator(), ["a", "b"])
    assert found.verdict.decision == "cannot tell"
    assert found.turned == ()
    assert found.primary is not None
    assert found.primary.standing == "not worse"


def test_parts_are_told_by_tag_source_and_answerability(log: RunLog, catalogue: Catalogue) -> None:
    values = _cases([1.0] * 6)
    contents = {
        case: content_of(
            case,
            uri=f"hr/{case}.md",
            tags=["pay" if n < 3 else "leave"],
            question="How long is the notice?",
        )
        for n, case in enumerate(values)
    }
    store_run(log, values, variant="a", contents=contents)
    store_run(log, values, variant="b", contents=contents)
    (found,), _ = compare_stored(log, catalogue, administrator(), ["a", "b"])
    parts = {(each.kind, each.name): each.paired.n for each in found.slices}
    assert parts["tag", "pay"] == 3
    assert parts["source", "hr"] == 6
    assert parts["answerable", "yes"] == 6


def test_among_several_the_cheapest_that_will_do_is_named(
    log: RunLog, catalogue: Catalogue
) -> None:
    good = [float(n % 10 > 0) for n in range(100)]
    store_run(log, _cases(good, cost_usd=0.02), variant="large")
    store_run(log, _cases(good, cost_usd=0.001), variant="small")
    store_run(log, _cases([0.0] * 100, cost_usd=0.0001), variant="tiny")
    _, cheapest = compare_stored(log, catalogue, administrator(), ["large", "small", "tiny"])
    assert "small is the cheapest option" in cheapest
    assert "tiny" in cheapest


def test_cases_about_documents_of_others_are_left_out_and_counted(
    log: RunLog, catalogue: Catalogue
) -> None:
    store_run(log, _cases([1.0] * 4), variant="a")
    store_run(log, _cases([1.0] * 4), variant="b")
    # None of their documents is there any more, so only the local administrator sees them.
    with pytest.raises(UsageError, match="no case in common"):
        compare_stored(log, catalogue, caller_named("ada@example.org", ()), ["a", "b"])


def test_the_comparison_is_json_with_intervals_and_mcnemar(
    log: RunLog, catalogue: Catalogue
) -> None:
    store_run(log, _cases([0.0] * 10 + [1.0] * 30), variant="a")
    store_run(log, _cases([1.0] * 38 + [0.0] * 2), variant="b")
    (found,), _ = compare_stored(log, catalogue, administrator(), ["a", "b"])
    whole = json.loads(json.dumps(comparison_json(found), allow_nan=False))
    assert whole["verdict"] in ("ship", "hold", "cannot tell")
    metric = whole["metrics"]["fact_match"]
    assert metric["mcnemar"]["b"] == 2
    assert metric["mcnemar"]["c"] == 10
    assert metric["interval"][0] < metric["difference"] < metric["interval"][1]


def test_the_command_prints_the_verdict(log: RunLog, catalogue: Catalogue) -> None:
    store_run(log, _cases([0.0] * 40 + [1.0] * 40), variant="a")
    store_run(log, _cases([1.0] * 80), variant="b")
    ran = CliRunner().invoke(
        main, ["eval", "compare", "a", "b", "--data-dir", str(catalogue.data_dir)]
    )
    assert ran.exit_code == 0, ran.output
    assert "Verdict: ship" in ran.output
    only_one = CliRunner().invoke(
        main, ["eval", "compare", "a", "--data-dir", str(catalogue.data_dir)]
    )
    assert only_one.exit_code == 2


def test_the_same_variant_twice_ships_in_few_of_many_simulations() -> None:
    random = Random(11)
    shipped = gained = 0
    for _ in range(150):
        runs = [_simulated(random, 0.7), _simulated(random, 0.7), _simulated(random, 0.99)]
        verdicts = []
        for after in runs[1:]:
            found = differences(runs[0], after, resamples=200)
            verdicts.append(verdict_of(found, primary_of(found)).decision)
        shipped += verdicts[0] == "ship"
        gained += verdicts[1] == "ship"
    assert shipped <= 7
    assert gained >= 75


def _simulated(random: Random, share: float) -> ComparedRun:
    names = [f"case-{n}" for n in range(60)]
    values = {
        metric: {name: [float(random.random() < right)] for name in names}
        for metric, right in (("fact_match", share), ("regex_match", 1.0))
    }
    clusters = {name: f"document-{n // 2}" for n, name in enumerate(names)}
    return ComparedRun("run", "variant", "cases", True, values, dict.fromkeys(names, 1), clusters)
