"""The gate where builds run it: as pytest items, as a workflow, over a real small knowledge base."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from app.cli import main

ROOT = Path(__file__).resolve().parents[2]
LEAVE = "# Leave\n\nEveryone has 30 days of paid annual leave.\n\nCarry over at most 5 days into the next year.\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "leave.md").write_text(LEAVE, encoding="utf-8")
    ran = CliRunner().invoke(
        main, ["ingest", str(tmp_path / "documents"), "--yes", "--data-dir", str(tmp_path / "data")]
    )
    assert ran.exit_code == 0, ran.output
    return tmp_path


def _cases(folder: Path, fact: str) -> Path:
    file = folder / "cases.jsonl"
    line = {
        "id": "annual-leave",
        "question": "How many days of paid annual leave does everyone have?",
        "facts": [fact],
        "evidence": [{"uri": "leave.md", "quote": "Everyone has 30 days of paid annual leave."}],
        "tags": [],
    }
    file.write_text(json.dumps(line) + "\n", encoding="utf-8")
    return file


def _pytest(folder: Path, cases: Path) -> subprocess.CompletedProcess[str]:
    empty = folder / "empty"
    empty.mkdir(exist_ok=True)
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "evals.pytest_plugin", "-p", "no:cacheprovider", "-v",
         "--footnote-cases", str(cases), "--rootdir", str(empty), str(empty)],
        env=os.environ
        | {"FOOTNOTE_DATA_DIR": str(folder / "data"), "PYTHONPATH": str(ROOT), "PYTEST_ADDOPTS": ""},
        cwd=empty,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )  # fmt: skip


def test_pytest_asks_each_case_and_the_gate(folder: Path) -> None:
    ran = _pytest(folder, _cases(folder, "30 days"))
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "footnote[annual-leave] PASSED" in ran.stdout
    assert "footnote[gate] PASSED" in ran.stdout


def test_pytest_fails_with_question_and_answer_where_a_case_does_not_pass(folder: Path) -> None:
    ran = _pytest(folder, _cases(folder, "35 days"))
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "footnote[annual-leave] FAILED" in ran.stdout
    assert "Not every expected fact is in the answer." in ran.stdout
    assert "Answer: " in ran.stdout


def test_pytest_names_a_case_file_that_cannot_be_used(folder: Path) -> None:
    broken = folder / "broken.jsonl"
    broken.write_text("{\n", encoding="utf-8")
    ran = _pytest(folder, broken)
    assert ran.returncode == 4, ran.stdout + ran.stderr
    assert "is not JSON" in ran.stdout + ran.stderr


def test_the_gate_asks_the_cases_and_passes_or_blocks(folder: Path) -> None:
    data = ["--data-dir", str(folder / "data")]
    good = CliRunner().invoke(
        main, ["eval", "gate", "--cases", str(_cases(folder, "30 days")), "--json", *data]
    )
    assert good.exit_code == 0, good.output
    told = json.loads(good.stdout)
    assert told["passed"] is True
    assert {check["rule"] for check in told["checks"]} == {
        "complete",
        "invariants",
        "errors",
        "flags",
        "baseline",
    }
    nothing = CliRunner().invoke(main, ["eval", "gate", *data])
    assert nothing.exit_code == 1
    assert "Nothing was tested" in nothing.output


def test_a_changed_document_that_makes_answers_worse_is_stopped(folder: Path) -> None:
    data = ["--data-dir", str(folder / "data")]
    cases = str(_cases(folder, "30 days"))
    first = CliRunner().invoke(main, ["eval", "gate", "--cases", cases, "--json", *data])
    assert first.exit_code == 0, first.output
    run_id = json.loads(first.stdout)["run_id"]
    assert CliRunner().invoke(main, ["eval", "baseline", "set", run_id, *data]).exit_code == 0
    document = folder / "documents" / "leave.md"
    document.write_text(LEAVE.replace("30 days", "some days"), encoding="utf-8")
    assert (
        CliRunner().invoke(main, ["ingest", str(folder / "documents"), "--yes", *data]).exit_code
        == 0
    )
    again = CliRunner().invoke(main, ["eval", "gate", "--cases", cases, "--json", *data])
    assert again.exit_code == 1, again.output
    assert any("Facts found" in reason for reason in json.loads(again.stdout)["reasons"])


def _workflow() -> dict[str, object]:
    loaded = yaml.safe_load(
        (ROOT / "docs" / "ci" / "footnote-gate.yml").read_text(encoding="utf-8")
    )
    assert isinstance(loaded, dict)
    return loaded


def test_the_workflow_is_yaml_with_a_job_and_triggers() -> None:
    workflow = _workflow()
    # YAML 1.1 reads the key `on` as true.
    assert "pull_request" in workflow[True]  # type: ignore[index, operator]
    assert workflow["jobs"]["gate"]["steps"]  # type: ignore[index]


def _commands() -> list[list[str]]:
    steps = _workflow()["jobs"]["gate"]["steps"]  # type: ignore[index]
    text = "\n".join(step.get("run", "") for step in steps)
    found = [
        line.strip().split(">>")[0].split()
        for line in text.splitlines()
        if line.strip().startswith("footnote ")
    ]
    assert len(found) >= 5
    return found


@pytest.mark.parametrize("words", _commands(), ids=" ".join)
def test_every_command_of_the_workflow_is_one_that_footnote_has(words: list[str]) -> None:
    names = [word for word in words[1:] if re.fullmatch(r"[a-z]+", word)]
    options = [word for word in words if word.startswith("--")]
    depth = 2 if names[0] in ("eval", "index") else 1
    ran = CliRunner().invoke(main, [*names[:depth], "--help"])
    assert ran.exit_code == 0, ran.output
    assert all(option in ran.output for option in options), ran.output
