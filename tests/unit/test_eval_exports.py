"""Exports: the shapes of other programs, no personal data, and no tuned case in the test split."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import insert, select
from stored_runs import answer_of, content_of, store_run

from app.cli import main
from evals.running.run_log import RunLog
from index.catalogue import Catalogue, NewVersion
from index.database import writing
from index.schema import answers, cases, conversations, feedback, review_items

MAIL = "zoe.quill@example.com"
TRACE = "01a200f26affa11cd7c039d9ec"
QUOTE = "Everyone has 30 days of leave."


@pytest.fixture
def log(catalogue: Catalogue) -> RunLog:
    return RunLog(catalogue.engine, catalogue.data_dir)


@pytest.fixture
def doc_id(catalogue: Catalogue, new_version: Callable[..., NewVersion]) -> str:
    """An open document, and one for the board."""
    catalogue.store(
        [
            new_version("leave.md", QUOTE, range(1, 2)),
            new_version("board.md", "Bonus.", range(2, 3), access=("group:board",)),
        ],
        [],
    )
    return catalogue.find_documents("leave.md")[0].doc_id


def _corrected(
    catalogue: Catalogue,
    feedback_id: str,
    documents: list[str],
    state: str = "accepted",
    **more: str,
) -> None:
    at = "2026-03-01T10:00:00+00:00"
    row = {
        "idem_key": feedback_id, "answer_id": f"answer-{feedback_id}", "author": MAIL, "verdict": "bad",
        "category": "wrong_fact", "comment": f"Ask {MAIL}", "selected_text": "", "status": "new", "channel": "web",
        "created_at": at, "snapshot": "{}", "correction": f"It is 30 days, says {MAIL}.",
    }  # fmt: skip
    line = {
        "id": f"case-{feedback_id}", "question": f"How long for {MAIL}?", "facts": ["30 days"],
        "evidence": [{"uri": "leave.md", "quote": QUOTE}], "tags": [],
    }  # fmt: skip
    with writing(catalogue.engine) as connection:
        connection.execute(insert(feedback).values(feedback_id=feedback_id, **(row | more)))
        connection.execute(
            insert(review_items).values(
                feedback_id=feedback_id, state=state, priority=1, question=f"How long for {MAIL}?",
                documents=json.dumps(documents), answer_id=row["answer_id"],
            )
        )  # fmt: skip
        connection.execute(
            insert(cases).values(
                case_id=line["id"], version=1, dataset="flags", valid_from=at, question=line["question"],
                content=json.dumps(line), origin="flag", source_feedback_id=feedback_id, approved_by="rev",
                split="test", cluster="leave.md",
            )
        )  # fmt: skip
        connection.execute(
            insert(conversations).values(
                conversation_id=feedback_id, owner=MAIL, title="t", created_at=at, updated_at=at
            )
        )
        connection.execute(
            insert(answers).values(
                answer_id=row["answer_id"], conversation_id=feedback_id, position=0, owner=MAIL, status="answered",
                created_at=at, trace_id=TRACE, answer="{}", trace="{}",
            )
        )  # fmt: skip


def _export(catalogue: Catalogue, form: str, *options: str) -> str:
    ran = CliRunner().invoke(
        main, ["eval", "export", "--format", form, "--data-dir", str(catalogue.data_dir), *options]
    )
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def _rows(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines()]


def _run(log: RunLog) -> str:
    answer = answer_of(f"Write to {MAIL}.", trace_id=TRACE)
    contents = {
        "case": content_of("case", question=f"Who is {MAIL}?", answer=answer, reference=MAIL)
    }
    return store_run(log, {"case": {"fact_match": 0.5}}, contents=contents)


def test_langfuse_gets_dataset_items_and_scores_with_types(
    log: RunLog, catalogue: Catalogue, doc_id: str
) -> None:
    run_id = _run(log)
    _corrected(catalogue, "f1", [doc_id])
    rows = _rows(_export(catalogue, "langfuse"))
    bodies: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        bodies.setdefault(row["endpoint"], []).append(row["body"])
    (item,) = bodies["/api/public/dataset-items"]
    assert set(item) <= {
        "id",
        "datasetName",
        "input",
        "expectedOutput",
        "metadata",
        "sourceTraceId",
        "status",
    }
    scores = bodies["/api/public/scores"]
    assert len({score["id"] for score in scores}) == len(scores)
    for score in scores:
        assert set(score) <= {"id", "traceId", "name", "value", "dataType", "comment", "metadata"}
        assert score["traceId"] == TRACE
        assert isinstance(score["value"], str) == (score["dataType"] == "CATEGORICAL")
    kinds = {score["name"]: score["dataType"] for score in scores}
    assert kinds["fact_match"] == "NUMERIC"
    assert kinds["citation_validity"] == "BOOLEAN"
    assert kinds["user_feedback"] == "CATEGORICAL"
    assert scores[0]["metadata"]["run_id"] == run_id


def test_phoenix_gets_a_dataset_and_annotations_of_spans(
    log: RunLog, catalogue: Catalogue, doc_id: str
) -> None:
    _run(log)
    _corrected(catalogue, "f1", [doc_id])
    rows = _rows(_export(catalogue, "phoenix"))
    dataset = rows[0]["body"]
    assert len(dataset["inputs"]) == len(dataset["outputs"]) == len(dataset["metadata"]) == 1
    annotations = [each for row in rows[1:] for each in row["body"]["data"]]
    assert {each["annotator_kind"] for each in annotations} == {"CODE", "HUMAN"}
    for each in annotations:
        assert set(each) == {
            "span_id",
            "name",
            "annotator_kind",
            "result",
            "identifier",
            "metadata",
        }
        assert len(each["span_id"]) == 16
        assert set(each["result"]) <= {"label", "score", "explanation"}


@pytest.mark.parametrize("form", ["langfuse", "phoenix", "finetune", "fewshot"])
def test_personal_data_is_in_no_export(
    form: str, log: RunLog, catalogue: Catalogue, doc_id: str
) -> None:
    _run(log)
    _corrected(catalogue, "f1", [doc_id])
    text = _export(catalogue, form)
    assert text
    assert "quill" not in text.casefold()
    assert "[EMAIL]" in text


def test_corrections_become_messages_with_their_evidence_and_leave_the_test_split(
    catalogue: Catalogue, doc_id: str, tmp_path: Path
) -> None:
    _corrected(catalogue, "f1", [doc_id])
    _corrected(catalogue, "f2", [doc_id], state="rejected")
    out = tmp_path / "tuning.jsonl"
    told = json.loads(_export(catalogue, "finetune", "--out", str(out), "--json"))
    (row,) = _rows(out.read_text(encoding="utf-8"))
    assert [message["role"] for message in row["messages"]] == ["system", "user", "assistant"]
    assert QUOTE in row["messages"][1]["content"]
    assert row["messages"][2]["content"].startswith("It is 30 days")
    assert told["moved_to_dev"] >= 1
    with catalogue.engine.connect() as connection:
        split = connection.execute(
            select(cases.c.split).where(cases.c.case_id == "case-f1")
        ).scalar_one()
    assert split == "dev"


def test_corrections_about_documents_of_others_are_not_exported(
    catalogue: Catalogue, doc_id: str
) -> None:
    board = catalogue.find_documents("board.md")[0].doc_id
    _corrected(catalogue, "f1", [doc_id, board])
    environment = {"FOOTNOTE_ROLES__REVIEWERS": '["user:rev@example.org"]'}
    ran = CliRunner().invoke(
        main,
        [
            "eval",
            "export",
            "--format",
            "finetune",
            "--as",
            "rev@example.org",
            "--data-dir",
            str(catalogue.data_dir),
        ],
        env=environment,
    )
    assert ran.exit_code == 0, ran.output
    assert ran.stdout == ""
    assert _export(catalogue, "finetune") != ""


def test_readers_export_nothing(catalogue: Catalogue) -> None:
    ran = CliRunner().invoke(
        main,
        [
            "eval",
            "export",
            "--format",
            "fewshot",
            "--as",
            "ada@example.org",
            "--data-dir",
            str(catalogue.data_dir),
        ],
    )
    assert ran.exit_code != 0
    assert "role" in ran.output
