"""Evaluation runs are stored case by case, and read by what people call them."""

import pytest

from core.errors import NotFound, UsageError
from evals.running.run_log import RunLog
from index.catalogue import Catalogue

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def log(catalogue: Catalogue) -> RunLog:
    return RunLog(catalogue.engine, catalogue.data_dir)


def content(**about: str) -> dict[str, object]:
    return {"case": {"id": "a", "tags": ["x"]}, "cluster": "doc.md", "split": "dev", **about}


def test_a_run_is_unfinished_until_it_is_finished(log: RunLog) -> None:
    run_id = log.start({"seed": 1}, "current", "mine")
    assert not log.read(run_id).is_finished
    log.finish(run_id, {"error": {"value": 0.0, "n": 1, "interval": None}})
    record = log.read(run_id)
    assert record.is_finished
    assert (record.manifest, record.summary["error"]["n"]) == ({"seed": 1}, 1)


def test_values_come_back_as_they_were_stored_bit_by_bit(log: RunLog) -> None:
    run_id = log.start({}, "current", "mine")
    third = 1 / 3
    log.add_case(
        run_id,
        "a",
        0,
        content(origin="flag", source_feedback_id="f"),
        {"error": 0.0, "answer_f1": third},
    )
    log.add_case(
        run_id, "a", 1, content(), {"error": 0.0, "answer_f1": None}, {"answer_f1": {"why": "No."}}
    )
    (scores,) = log.scores(run_id)
    assert scores.values == {"answer_f1": (third, None), "error": (0.0, 0.0)}
    assert (scores.cluster, scores.tags, scores.split) == ("doc.md", ("x",), "dev")
    first, second = log.answers(run_id)
    assert (first.repeat, first.content["origin"], first.details) == (0, "flag", {})
    assert second.details == {"answer_f1": {"why": "No."}}


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_what_is_no_number_is_never_stored(log: RunLog, value: float) -> None:
    run_id = log.start({}, "current", "mine")
    with pytest.raises(ValueError, match="answer_f1"):
        log.add_case(run_id, "a", 0, content(), {"error": 0.0, "answer_f1": value})
    assert log.scores(run_id) == []
    assert log.answers(run_id) == []


def test_a_run_is_found_by_id_beginning_variant_and_as_the_latest(log: RunLog) -> None:
    first = log.start({}, "one", "mine")
    log.finish(first, {})
    second = log.start({}, "two", "mine")
    log.finish(second, {})
    unfinished = log.start({}, "two", "mine")
    for name in (first, first[:-2], "one", first.removeprefix("run-")[:-2]):
        assert log.read(name).run_id == first
    assert log.read("two").run_id == second
    assert log.read("latest").run_id == second
    assert log.read(unfinished).run_id == unfinished
    assert [run.run_id for run in log.list()] == [unfinished, second, first]
    with pytest.raises(UsageError, match="3 runs"):
        log.read("run-")
    for name in ("", "three", "run-zz"):
        with pytest.raises(NotFound):
            log.read(name)


def test_a_run_that_is_removed_leaves_nothing(log: RunLog) -> None:
    run_id = log.start({}, "one", "mine")
    log.add_case(run_id, "a", 0, content(), {"error": 0.0})
    log.remove(run_id)
    assert (log.list(), log.scores(run_id), log.answers(run_id)) == ([], [], [])
