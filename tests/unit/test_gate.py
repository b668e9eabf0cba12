"""The gate: each rule blocks where it must, and only there."""

import json
from collections.abc import Callable
from math import nan
from typing import Any

import pytest
from click.testing import CliRunner
from quality_rows import Rows
from sqlalchemy import insert, select, update
from stored_runs import answer_of, content_of, store_run

from app.cli import main
from app.review.desk import ReviewDesk
from core.settings import Settings
from evals.gating.baseline import set_baseline
from evals.gating.gate import REQUIRED, GateReport
from evals.gating.judging import Gating
from evals.gating.self_test import self_test
from evals.running.run_log import RunLog
from index.catalogue import Catalogue, NewVersion
from index.database import writing
from index.permissions import administrator
from index.schema import cases, eval_results, review_items

Cases = dict[str, dict[str, float | None]]
ADA: dict[str, Any] = {"as": "ada@example.org"}


@pytest.fixture
def log(catalogue: Catalogue) -> RunLog:
    return RunLog(catalogue.engine, catalogue.data_dir)


@pytest.fixture
def gating(catalogue: Catalogue) -> Gating:
    return Gating(Settings(data_dir=catalogue.data_dir), catalogue, administrator())


def _cases(count: int = 20, **values: float) -> Cases:
    given = values or {"fact_match": 1.0}
    return {f"case-{n:03}": dict(given) for n in range(count)}


def _problems(report: GateReport, rule: str) -> str:
    return " ".join(next(check.problems for check in report.checks if check.rule == rule))


def test_a_clean_run_passes(log: RunLog, gating: Gating) -> None:
    report = gating.judge(store_run(log, _cases()))
    assert report.is_passed, report.reasons
    assert "No baseline is set" in report.remarks[0]


def test_the_self_test_finds_a_working_gate_and_a_broken_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert self_test() == []
    monkeypatch.setattr(GateReport, "is_passed", property(lambda self: True))
    assert len(self_test()) == 3
    monkeypatch.setattr(GateReport, "is_passed", property(lambda self: False))
    assert "stopped a clean run" in self_test()[0]


def test_a_run_without_cases_blocks(log: RunLog, gating: Gating) -> None:
    assert "no cases" in _problems(gating.judge(store_run(log, {})), "complete")


def test_an_unfinished_run_blocks(log: RunLog, gating: Gating) -> None:
    assert "did not finish" in _problems(
        gating.judge(store_run(log, _cases(), is_finished=False)), "complete"
    )


def test_a_run_that_lacks_planned_cases_blocks(log: RunLog, gating: Gating) -> None:
    assert "was to ask 25 cases" in _problems(
        gating.judge(store_run(log, _cases(), planned=25)), "complete"
    )


def test_a_case_that_must_be_there_and_is_not_blocks(log: RunLog, gating: Gating) -> None:
    report = gating.judge(store_run(log, _cases()), expected=["case-000", "elsewhere"])
    assert "elsewhere must be in the run" in _problems(report, "complete")


@pytest.mark.parametrize("metric", REQUIRED)
def test_a_metric_that_was_not_measured_blocks(
    metric: str, log: RunLog, gating: Gating, catalogue: Catalogue
) -> None:
    run_id = store_run(log, _cases())
    with writing(catalogue.engine) as connection:
        connection.execute(eval_results.delete().where(eval_results.c.metric == metric))
    assert f"{metric} was not measured" in _problems(gating.judge(run_id), "complete")


def test_a_nan_that_reached_the_database_blocks(
    log: RunLog, gating: Gating, catalogue: Catalogue
) -> None:
    run_id = store_run(log, _cases())
    with writing(catalogue.engine) as connection:
        where = (eval_results.c.case_id == "case-003") & (eval_results.c.metric == "fact_match")
        connection.execute(update(eval_results).where(where).values(value=nan))
    assert "fact_match of case-003" in _problems(gating.judge(run_id), "complete")


def test_a_value_that_is_absent_for_a_told_reason_does_not_block(
    log: RunLog, gating: Gating
) -> None:
    cases = _cases()
    cases["case-001"]["fact_match"] = None
    details = {"case-001": {"fact_match": {"why": "The case has no facts."}}}
    assert gating.judge(store_run(log, cases, details=details)).is_passed


def test_an_error_blocks(log: RunLog, gating: Gating) -> None:
    cases = _cases()
    cases["case-004"]["error"] = 1.0
    assert "case-004 ended in an error" in _problems(gating.judge(store_run(log, cases)), "errors")


def test_one_invalid_citation_among_many_blocks(log: RunLog, gating: Gating) -> None:
    cases = _cases(60)
    cases["case-059"]["citation_validity"] = 0.99
    assert "case-059" in _problems(gating.judge(store_run(log, cases)), "invariants")


def _answered(case_id: str, **changes: object) -> dict[str, object]:
    return {case_id: content_of(case_id, answer=answer_of(**changes))}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        (
            {
                "claims": [
                    {"start": 0, "end": 3, "text": "wrong", "verdict": "supported", "citations": []}
                ]
            },
            "points at",
        ),
        ({"status": "perfect"}, "status"),
        ({"citations": None}, "citations"),
        ({"citations": []}, "which is not there"),
    ],
)
def test_an_answer_in_another_shape_blocks(
    changes: dict[str, object], words: str, log: RunLog, gating: Gating
) -> None:
    run_id = store_run(log, _cases(), contents=_answered("case-002", **changes))  # type: ignore[arg-type]
    assert words in _problems(gating.judge(run_id), "invariants")


def test_personal_data_that_no_source_has_blocks_and_is_not_repeated(
    log: RunLog, gating: Gating
) -> None:
    answer = answer_of("Write to bob.miller@example.com.")
    answer["citations"][0].update(quote="Write to us.", end=10 + len("Write to us."))
    run_id = store_run(log, _cases(), contents={"case-002": content_of("case-002", answer=answer)})
    told = _problems(gating.judge(run_id), "invariants")
    assert "personal data" in told
    assert "miller" not in told


def test_personal_data_that_the_quoted_source_has_does_not_block(
    log: RunLog, gating: Gating
) -> None:
    run_id = store_run(
        log,
        _cases(),
        contents=_answered("case-002", text="Write to hr@example.com."),  # type: ignore[arg-type]
    )
    assert gating.judge(run_id).is_passed


def test_a_canary_in_an_answer_blocks(log: RunLog, gating: Gating) -> None:
    content = content_of(
        "case-002", answer=answer_of("HACKED, says the document."), must_not_match=["hacked"]
    )
    told = _problems(
        gating.judge(store_run(log, _cases(), contents={"case-002": content})), "invariants"
    )
    assert "must never say" in told


def test_a_quote_of_a_document_that_the_asker_may_not_read_blocks(
    log: RunLog, gating: Gating, catalogue: Catalogue, new_version: Callable[..., NewVersion]
) -> None:
    catalogue.store(
        [new_version("secret.md", "Thirty days.", range(1, 2), access=("group:board",))], []
    )
    doc_id = catalogue.find_documents("secret.md")[0].doc_id
    content = content_of(
        "case-002",
        uri="secret.md",
        answer=answer_of(uri="secret.md", doc_id=doc_id),
        **ADA,
    )
    told = _problems(
        gating.judge(store_run(log, _cases(), contents={"case-002": content})), "invariants"
    )
    assert "may not read" in told


def test_a_loss_beyond_the_margin_blocks_and_a_tiny_one_does_not(
    log: RunLog, gating: Gating, catalogue: Catalogue
) -> None:
    set_baseline(catalogue, log, store_run(log, _cases(100, fact_match=0.9)))
    assert gating.judge(store_run(log, _cases(100, fact_match=0.89))).is_passed
    told = _problems(gating.judge(store_run(log, _cases(100, fact_match=0.8))), "baseline")
    assert "Facts found got worse" in told


def test_a_gain_of_one_case_among_few_does_not_block(
    log: RunLog, gating: Gating, catalogue: Catalogue
) -> None:
    cases = _cases(6)
    cases["case-000"]["fact_match"] = 0.0
    set_baseline(catalogue, log, store_run(log, cases))
    assert gating.judge(store_run(log, _cases(6))).is_passed


def test_a_metric_that_the_baseline_has_and_the_run_lacks_blocks(
    log: RunLog, gating: Gating, catalogue: Catalogue
) -> None:
    set_baseline(catalogue, log, store_run(log, _cases(20, fact_match=1.0, answer_f1=0.8)))
    told = _problems(gating.judge(store_run(log, _cases(20, fact_match=1.0))), "baseline")
    assert "answer_f1 was measured in the baseline and is missing" in told


def test_a_baseline_that_is_gone_or_has_no_common_case_blocks(
    log: RunLog, gating: Gating, catalogue: Catalogue
) -> None:
    old = store_run(log, {"other": {"fact_match": 1.0}})
    set_baseline(catalogue, log, old)
    run_id = store_run(log, _cases())
    assert "no case in common" in _problems(gating.judge(run_id), "baseline")
    log.remove(old)
    assert "not there any more" in _problems(gating.judge(run_id), "baseline")


def test_slow_answers_block_only_where_the_whole_interval_is_beyond_the_margin(
    log: RunLog, gating: Gating, catalogue: Catalogue
) -> None:
    set_baseline(catalogue, log, store_run(log, _cases(30, latency_ms=100.0)))
    assert gating.judge(store_run(log, _cases(30, latency_ms=110.0))).is_passed
    assert "Latency" in _problems(
        gating.judge(store_run(log, _cases(30, latency_ms=200.0))), "baseline"
    )


def _accepted_flag(catalogue: Catalogue, case_id: str, feedback_id: str) -> None:
    line = {"id": case_id, "question": f"What does {case_id} say?", "facts": ["thirty"], "tags": []}
    with writing(catalogue.engine) as connection:
        connection.execute(
            insert(cases).values(
                case_id=case_id,
                version=1,
                dataset="flags",
                valid_from="2026-01-01",
                question=line["question"],
                content=json.dumps(line),
                origin="flag",
                source_feedback_id=feedback_id,
                approved_by="rev@example.org",
                cluster=case_id,
            )
        )


def test_an_accepted_flag_must_be_asked_and_pass(
    log: RunLog, gating: Gating, catalogue: Catalogue
) -> None:
    _accepted_flag(catalogue, "flag-1", "feedback-1")
    assert "was not tested" in _problems(gating.judge(store_run(log, _cases())), "flags")
    content = {"flag-1": content_of("flag-1", facts=["thirty"], evidence=[])}
    passed: dict[str, float | None] = {"fact_match": 1.0, "abstention_correct": 1.0}
    report = gating.judge(store_run(log, _cases() | {"flag-1": passed}, contents=content))
    assert report.is_passed, report.reasons
    assert report.flags_passed == ("feedback-1",)
    report = gating.judge(
        store_run(log, _cases() | {"flag-1": {**passed, "fact_match": 0.0}}, contents=content)
    )
    assert "does not pass" in _problems(report, "flags")
    assert report.flags_failed == ("feedback-1",)


def _state(catalogue: Catalogue, feedback_id: str) -> str:
    query = select(review_items.c.state).where(review_items.c.feedback_id == feedback_id)
    with catalogue.engine.connect() as connection:
        return str(connection.execute(query).scalar_one())


def test_a_passing_gate_verifies_flags_and_a_failing_one_opens_them_again(
    log: RunLog, gating: Gating, catalogue: Catalogue
) -> None:
    rows, desk = Rows(catalogue), ReviewDesk(catalogue, catalogue.data_dir)
    answer_id = rows.answer("2026-03-01T10:00:00+00:00")
    rows.flag(answer_id, "2026-03-01T11:00:00+00:00")
    feedback_id = desk.queue(administrator()).entries[0].feedback_id
    desk.decide(feedback_id, administrator(), "accept")
    _accepted_flag(catalogue, "flag-1", feedback_id)
    content = {"flag-1": content_of("flag-1", facts=["thirty"], evidence=[])}
    passed: dict[str, float | None] = {"fact_match": 1.0, "abstention_correct": 1.0}
    good = gating.judge(store_run(log, {"flag-1": passed}, contents=content))
    assert gating.tell(good).verified == (feedback_id,)
    assert _state(catalogue, feedback_id) == "verified"
    bad = gating.judge(store_run(log, {"flag-1": {**passed, "fact_match": 0.0}}, contents=content))
    assert not bad.is_passed
    assert gating.tell(bad).reopened == (feedback_id,)
    assert _state(catalogue, feedback_id) == "accepted"


def test_the_command_fails_with_reasons_and_writes_junit(log: RunLog, catalogue: Catalogue) -> None:
    good, bad = store_run(log, _cases()), store_run(log, _cases(3, citation_validity=0.0))
    folder = ["--data-dir", str(catalogue.data_dir)]
    junit = catalogue.data_dir / "gate.xml"
    ran = CliRunner().invoke(main, ["eval", "gate", "--run", good, "--dry-run", *folder])
    assert ran.exit_code == 0, ran.output
    ran = CliRunner().invoke(
        main, ["eval", "gate", "--run", bad, "--json", "--junit", str(junit), *folder]
    )
    assert ran.exit_code == 1
    told = json.loads(ran.stdout)
    assert told["passed"] is False
    assert any("citation validity is 0.00" in reason for reason in told["reasons"])
    text = junit.read_text(encoding="utf-8")
    assert 'failures="1"' in text
    ran = CliRunner().invoke(main, ["eval", "gate", "--self-test", *folder])
    assert ran.exit_code == 0, ran.output
