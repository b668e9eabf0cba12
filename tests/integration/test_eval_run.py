"""An evaluation over real documents: measured, stored, made again bit by bit; and nothing else of it is left behind."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_harness import ROOT, invoke, invoke_json, refused, samples_base, settings_of, writable_copy
from llm_server import llm_server, says
from sqlalchemy import func, select

from app.bootstrap import open_service
from core.answers import Caller
from core.settings import Settings
from core.variants import Variant, current
from evals.cases.case import Case, case_of_line
from evals.cases.case_file import read_cases
from evals.running.manifest import RunOptions
from evals.running.run_log import RunLog
from evals.running.runner import RunRequest, run
from index.factory import open_catalogue
from index.permissions import administrator, caller_named
from index.schema import answers, conversations, eval_runs, feedback, llm_usage, unfinished

pytestmark = pytest.mark.integration

ADMIN = administrator()
CASES = ROOT / "samples" / "cases.jsonl"
OPERATION = {"latency_ms", "first_token_ms"}


def silent(stage: str, done: int, total: int) -> None:
    del stage, done, total


@pytest.fixture
def base(tmp_path: Path, model_cache: Path) -> Path:
    return writable_copy(samples_base(model_cache), tmp_path / "base")


@pytest.fixture
def settings(base: Path, model_cache: Path) -> Settings:
    found = settings_of(base, model_cache)
    return found.model_copy(update={"groups_file": ROOT / "samples" / "groups.yaml"})


def chosen(*case_ids: str) -> tuple[Case, ...]:
    return tuple(case for case in read_cases(CASES) if case.case_id in case_ids)


def asked(
    settings: Settings,
    cases: Sequence[Case],
    caller: Caller = ADMIN,
    variant: Variant | None = None,
    **options: Any,
) -> Any:
    request = RunRequest(tuple(cases), "mine", variant or current(), RunOptions(**options), caller)
    return run(settings, request, silent)


def log_of(settings: Settings) -> RunLog:
    return RunLog(open_catalogue(settings).engine, settings.data_dir)


def test_the_bundled_cases_are_asked_and_measured(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_GROUPS_FILE", str(ROOT / "samples" / "groups.yaml"))
    told = invoke_json("eval", "run", "--cases", CASES, "--data-dir", base)
    lines = [json.loads(line) for line in CASES.read_text("utf-8").splitlines()]
    assert told["n"] == len(lines) == len(told["cases"])
    assert {row["id"] for row in told["cases"]} == {line["id"] for line in lines}
    metrics = told["metrics"]
    assert metrics["error"]["value"] == 0.0
    assert metrics["citation_validity"]["value"] == 1.0
    assert metrics["recall@10_chunk"]["value"] > 0.8
    assert metrics["recall@10_chunk"]["n"] == sum("evidence" in line for line in lines)
    low, high = metrics["recall@10_chunk"]["interval"]
    assert 0.0 <= low <= metrics["recall@10_chunk"]["value"] <= high <= 1.0
    assert metrics["abstention_recall"]["n"] == sum(
        line.get("unanswerable", False) for line in lines
    )
    assert {"answerable:yes", "answerable:no", "tag:leave", "language:de"} <= set(told["slices"])
    assert sum(row["passed"] for row in told["cases"]) >= 20
    by_id = {row["id"]: row for row in told["cases"]}
    # Who asks decides what is found: one of them may read the document, the other may not.
    assert by_id["salary-pool-ines"]["passed"]
    assert by_id["salary-pool-tor"]["status"] == "abstained"
    assert told["manifest"]["dataset"]["hash"]


def test_a_run_that_is_made_again_is_the_same_bit_by_bit(settings: Settings) -> None:
    cases = chosen(
        "lost-laptop", "abroad-notice", "video-de", "satellite-price", "gym", "salary-pool-ines"
    )
    first, second = asked(settings, cases), asked(settings, cases)
    log = log_of(settings)
    before, after = log.scores(first.record.run_id), log.scores(second.record.run_id)
    assert len(before) == len(cases)
    for one, other in zip(before, after, strict=True):
        assert one.case_id == other.case_id
        assert one.values.keys() == other.values.keys()
        for metric in one.values.keys() - OPERATION:
            assert repr(one.values[metric]) == repr(other.values[metric]), metric
    assert dict(first.record.manifest) == dict(second.record.manifest)


def test_nothing_of_a_run_is_kept_beside_the_run(settings: Settings) -> None:
    engine = open_catalogue(settings).engine
    tables = (answers, conversations, unfinished, feedback, llm_usage)

    def counts() -> list[int]:
        with engine.connect() as connection:
            return [
                connection.execute(select(func.count()).select_from(t)).scalar() or 0
                for t in tables
            ]

    before, generation = counts(), open_catalogue(settings).generation()
    asked(settings, chosen("lost-laptop", "gym"))
    assert counts() == before
    assert open_catalogue(settings).generation() == generation


def test_repeats_and_other_wordings_say_how_much_answers_agree(settings: Settings) -> None:
    found = asked(settings, chosen("remote-days", "payday", "annual-leave"), repeats=2)
    scores = {row.case_id: row for row in log_of(settings).scores(found.record.run_id)}
    assert scores["annual-leave"].values["consistency_f1"] == (1.0,)
    assert len(scores["annual-leave"].values["error"]) == 2
    assert 0.0 < scores["remote-days"].values["consistency_f1"][0] <= 1.0
    assert found.record.summary["error"]["repeats"] == {"n": 2, "deviation": 0.0}


def test_a_case_that_ends_in_an_error_is_stored_and_the_run_goes_on(settings: Settings) -> None:
    long = case_of_line({"id": "a-long", "question": "why " * 2000, "facts": ["x"]})
    found = asked(settings, (long, *chosen("annual-leave")))
    assert found.record.is_finished
    scores = {row.case_id: row.values for row in log_of(settings).scores(found.record.run_id)}
    assert scores["a-long"] == {"error": (1.0,)}
    assert scores["annual-leave"]["error"] == (0.0,)
    answer = log_of(settings).answers(found.record.run_id)[0]
    assert "characters" in answer.details["error"]["message"]
    assert found.record.summary["error"]["value"] == 0.5


def test_an_answer_that_cannot_be_measured_is_an_error_of_its_case(settings: Settings) -> None:
    # A case that was made by hand in a program, past what reading a file checks.
    (good,) = chosen("annual-leave")
    bad = replace(good, case_id="bad", fields=replace(good.fields, must_match=("(",)))
    found = asked(settings, (bad, good))
    scores = {row.case_id: row.values for row in log_of(settings).scores(found.record.run_id)}
    assert scores["bad"] == {"error": (1.0,)}
    assert scores["annual-leave"]["error"] == (0.0,)
    (answer,) = [
        each for each in log_of(settings).answers(found.record.run_id) if each.case_id == "bad"
    ]
    assert "could not be measured" in answer.details["error"]["message"]
    assert answer.content["answer"]["status"] == "answered"


def test_a_run_that_is_stopped_stays_unfinished(settings: Settings) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        if done == 1:
            raise KeyboardInterrupt

    request = RunRequest(chosen("annual-leave", "gym"), "mine", current(), RunOptions(), ADMIN)
    with pytest.raises(KeyboardInterrupt):
        run(settings, request, stop)
    record = log_of(settings).list()[0]
    assert not record.is_finished
    assert len(log_of(settings).scores(record.run_id)) == 1
    with_finished = asked(settings, chosen("gym"))
    assert log_of(settings).read("latest").run_id == with_finished.record.run_id


def test_nobody_but_the_administrator_asks_as_somebody_else(settings: Settings) -> None:
    reviewer = replace(caller_named("tor@brightwater.example", ["field-service"]), role="reviewer")
    found = asked(settings, chosen("salary-pool-ines", "salary-pool-tor", "gym"), reviewer)
    assert list(found.skipped) == ["salary-pool-ines"]
    stored = {row.case_id for row in log_of(settings).scores(found.record.run_id)}
    assert stored == {"salary-pool-tor", "gym"}


def test_evidence_that_the_caller_may_not_read_is_not_found_for_them(settings: Settings) -> None:
    (case,) = chosen("salary-pool-ines")
    line = {name: value for name, value in case.line.items() if name != "as"}
    reviewer = replace(caller_named("tor@brightwater.example", ["field-service"]), role="reviewer")
    found = asked(settings, (case_of_line(line),), reviewer)
    (answer,) = log_of(settings).answers(found.record.run_id)
    assert answer.content["evidence"][0]["state"] == "gone"
    assert "3.1 percent" not in json.dumps(answer.content["answer"])
    (scores,) = log_of(settings).scores(found.record.run_id)
    assert scores.values["recall@10_chunk"] == (None,)


def test_a_variant_that_cuts_documents_otherwise_has_an_index_of_its_own(
    settings: Settings,
) -> None:
    cases = chosen("annual-leave", "satellite-price", "salary-pool-ines", "salary-pool-tor")
    small = Variant("small", changes={"chunk.max_tokens": 48})
    own = asked(settings, cases, variant=small)
    plain = asked(settings, cases)
    (folder,) = (settings.data_dir / "variants").iterdir()
    assert own.record.summary["recall@10_chunk"]["value"] == 1.0
    assert (
        own.record.summary["abstention_correct"]["value"]
        == plain.record.summary["abstention_correct"]["value"]
    )
    there, here = (
        open_catalogue(settings.model_copy(update={"data_dir": path}))
        for path in (folder, settings.data_dir)
    )
    assert there.count_chunks() > here.count_chunks()
    assert {(r.doc_id, r.version, r.access) for r in there.list_documents()} == {
        (r.doc_id, r.version, r.access) for r in here.list_documents()
    }
    generation = there.generation()
    asked(settings, cases[:1], variant=small)
    assert there.generation() == generation, "an index that fits was made again"
    here.remove(
        [record.doc_id for record in here.list_documents() if record.uri.endswith("price-list.csv")]
    )
    asked(settings, cases[:1], variant=small)
    assert not any(r.uri.endswith("price-list.csv") for r in there.list_documents())


def test_words_of_no_variant_and_no_case_are_said_in_a_sentence(base: Path, tmp_path: Path) -> None:
    where = ("--data-dir", base)
    refused(
        invoke("eval", "run", "--cases", CASES, "--variant", "nope", *where), 2, "'nope'", "current"
    )
    refused(
        invoke("eval", "run", "--cases", CASES, "--set", "web.role=admin", *where), 2, "'web.role'"
    )
    refused(invoke("eval", "run", *where), 2, "accepted flag")
    refused(invoke("eval", "run", "--cases", "no-such-dataset", *where), 2, "'no-such-dataset'")
    refused(invoke("eval", "run", "--cases", "no/such.jsonl", *where), 2, "no/such.jsonl")
    refused(invoke("eval", "run", "--cases", CASES, "--tag", "none", *where), 2, "--tag")
    engine = open_catalogue(settings_of(base, tmp_path)).engine
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(eval_runs)).scalar() == 0


def test_a_rerun_asks_the_same_and_is_refused_when_the_documents_changed(
    base: Path, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_GROUPS_FILE", str(ROOT / "samples" / "groups.yaml"))
    where = ("--data-dir", base)
    first = invoke_json("eval", "run", "--cases", CASES, "--limit", "3", "--seed", "5", *where)
    again = invoke_json("eval", "runs", "rerun", first["run_id"], *where)
    assert again["run_id"] != first["run_id"]
    assert again["manifest"] == first["manifest"]
    for one, other in zip(first["cases"], again["cases"], strict=True):
        told = [
            {k: v for k, v in row["values"].items() if k not in OPERATION} for row in (one, other)
        ]
        assert told[0] == told[1]
    catalogue = open_catalogue(settings)
    catalogue.remove([catalogue.list_documents()[0].doc_id])
    refused(invoke("eval", "runs", "rerun", first["run_id"], *where), 2, "the documents")
    assert invoke_json("eval", "runs", "rerun", first["run_id"], "--anyway", *where)["n"] == 3


def test_a_rerun_asks_nothing_that_the_caller_may_not_see(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_GROUPS_FILE", str(ROOT / "samples" / "groups.yaml"))
    monkeypatch.setenv("FOOTNOTE_ROLES__REVIEWERS", '["user:tor@brightwater.example"]')
    where = ("--data-dir", base)
    first = invoke_json("eval", "run", "--cases", CASES, "--tag", "permissions", *where)
    monkeypatch.setenv("FOOTNOTE_CLI_USER", "tor@brightwater.example")
    told = refused(invoke("eval", "runs", "rerun", first["run_id"], *where), 2, "the cases")
    assert "salary" not in told
    again = invoke_json("eval", "runs", "rerun", first["run_id"], "--anyway", *where)
    assert [row["id"] for row in again["cases"]] == ["salary-pool-tor"]
    assert "people-private" not in json.dumps(again)


def test_datasets_are_kept_and_split_from_the_command_line(base: Path) -> None:
    where = ("--data-dir", base)
    assert invoke_json("eval", "cases", "import", CASES, "handbook", *where) == {
        "added": 27,
        "changed": 0,
        "unchanged": 0,
    }
    (told,) = invoke_json("eval", "cases", "list", *where)
    assert told["dev"] + told["test"] == 27
    assert told["dev"]
    exported = invoke("eval", "cases", "export", "handbook", *where).stdout.splitlines()
    assert sorted(exported) == sorted(CASES.read_text("utf-8").splitlines())
    proposed = invoke_json("eval", "cases", "propose", "--limit", "3", *where)
    assert [row["approved_by"] for row in proposed] == ["", "", ""]
    refused(invoke("eval", "run", "--cases", "proposed", *where), 2, "approved")
    assert invoke_json("eval", "cases", "approve", proposed[0]["id"], *where) == {"approved": 1}
    assert invoke_json("eval", "run", "--cases", "proposed", *where)["n"] == 1


@pytest.mark.usefixtures("each_database")
def test_a_flag_from_before_other_chunk_settings_still_finds_its_evidence_and_says_when_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    page = folder / "leave.md"
    filler = "\n\n".join(
        f"## Topic {n}\n\nThis part says something about matter number {n}." for n in range(6)
    )
    words = "Everyone has 27 days of paid annual leave per calendar year."
    page.write_text(f"# Leave\n\n## Annual leave\n\n{words}\n\n{filler}\n", "utf-8")
    where = ("--data-dir", tmp_path / "kb")
    invoke_json("ingest", folder, "--yes", *where)
    answer = invoke_json("ask", "How many days of paid annual leave do I have?", *where)
    flag = invoke_json(
        "feedback",
        "add",
        answer["answer_id"],
        "--verdict",
        "bad",
        "--category",
        "wrong_fact",
        *where,
    )
    line = {"id": "x", "question": answer["question"], "facts": ["27 days"]}
    line["evidence"] = [{"uri": "leave.md", "quote": words}]
    case_file = tmp_path / "case.jsonl"
    case_file.write_text(json.dumps(line), "utf-8")
    invoke_json("review", "promote", flag["id"], "--case", case_file, *where)
    before = invoke_json("eval", "run", *where)
    assert [row["must_pass"] for row in before["cases"]] == [True]
    chunks_before = {hit["chunk_id"] for hit in hits_of(where[1])}

    # Other chunks, and other places: the words stand further down in an edited file.
    monkeypatch.setenv("FOOTNOTE_CHUNK__MAX_TOKENS", "32")
    page.write_text(
        f"# Leave\n\nA new first paragraph.\n\n{filler}\n\n## Annual leave\n\n{words}\n", "utf-8"
    )
    invoke_json("ingest", folder, "--yes", *where)
    after = invoke_json("eval", "run", *where)
    assert chunks_before.isdisjoint(hit["chunk_id"] for hit in hits_of(where[1]))
    (row,) = after["cases"]
    assert row["values"]["recall@10_chunk"] == 1.0
    assert row["values"]["evidence_cited"] == 1.0
    assert (row["passed"], row["notes"]) == (True, [])

    (folder / "other.md").write_text("# Bicycles\n\nBicycles stand behind the house.\n", "utf-8")
    page.unlink()
    invoke_json("ingest", folder, "--yes", "--allow-mass-delete", *where)
    gone = invoke_json("eval", "run", *where)
    (row,) = gone["cases"]
    assert not row["passed"]
    assert row["notes"] == ["The document 'leave.md' is not there any more, or may not be read."]
    assert row["values"]["recall@10_chunk"] is None
    assert gone["metrics"]["recall@10_chunk"] == {"value": None, "n": 0, "interval": None}
    shown = invoke("eval", "run", *where)
    assert "'leave.md' is not there any more" in shown.stdout


def hits_of(data_dir: Path) -> list[dict[str, Any]]:
    from core.settings import load_settings

    settings = load_settings(data_dir=data_dir)
    log = log_of(settings)
    return list(log.answers(log.read("latest").run_id)[0].content["hits"])


def test_what_a_case_is_asked_is_what_a_reader_would_be_answered(settings: Settings) -> None:
    (case,) = chosen("annual-leave")
    found = asked(settings, (case,))
    (answer,) = log_of(settings).answers(found.record.run_id)
    shown = open_service(settings, "cli").ask(case.question, ADMIN)
    assert answer.content["answer"]["answer"] == shown.text
    assert answer.content["answer"]["status"] == shown.status
    assert any(hit["packed"] for hit in answer.content["hits"])


def test_without_documents_a_model_is_less_grounded_than_with_them(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = ("--data-dir", base, "--cases", CASES, "--tag", "leave")
    refused(invoke("eval", "run", "--closed-book", *where), 2, "FOOTNOTE_LLM")
    made_up = says("You have 35 days, and carry-over lapses on 1 May, as everybody knows.")
    with llm_server(made_up) as server:
        monkeypatch.setenv("FOOTNOTE_LLM", "openai-like:m")
        monkeypatch.setenv("FOOTNOTE_LLM_BASE_URL", server.openai_url)
        closed = invoke_json("eval", "run", "--closed-book", *where)
        assert all("Everyone has 27 days" not in request.prompt for request in server.requests)
    monkeypatch.delenv("FOOTNOTE_LLM")
    quoted = invoke_json("eval", "run", *where)
    assert (closed["variant"], quoted["variant"]) == ("current+closed-book", "current")
    name = "groundedness_footnote_checker"
    assert closed["metrics"][name]["value"] < quoted["metrics"][name]["value"] == 1.0
    assert closed["metrics"]["recall@10_chunk"]["value"] is None
    assert not any(row["passed"] for row in closed["cases"])
