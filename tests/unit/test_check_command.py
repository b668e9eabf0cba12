"""The command `footnote check`, run as a person runs it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.check_command import check

LINE: dict[str, Any] = {
    "id": "a1",
    "question": "How long do refunds take?",
    "passages": [{"id": "p1", "text": "Refunds take five working days. A receipt is required."}],
    "answer": "Refunds take five working days. Unicorns deliver them by moonlight.",
}


def run(tmp_path: Path, *lines: str, arguments: tuple[str, ...] = ()) -> Result:
    file = tmp_path / "answers.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8")
    return CliRunner().invoke(check, [str(file), "--data-dir", str(tmp_path / "none"), *arguments])


def test_every_answer_gets_a_line_with_its_claims(tmp_path: Path) -> None:
    result = run(tmp_path, json.dumps(LINE), "", json.dumps({**LINE, "id": 2}))
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert [row["id"] for row in rows] == ["a1", 2]
    assert list(rows[0]) == ["id", "score", "grounded", "claims"]
    first, second = rows[0]["claims"]
    assert list(first) == [
        "start",
        "end",
        "verdict",
        "score",
        "passage_id",
        "evidence_start",
        "evidence_end",
        "reasons",
    ]
    assert (first["verdict"], first["passage_id"]) == ("supported", "p1")
    assert second["verdict"] == "unsupported"
    assert (first["evidence_start"], first["evidence_end"]) == (0, 31)


def test_no_knowledge_base_is_made(tmp_path: Path) -> None:
    assert run(tmp_path, json.dumps(LINE)).exit_code == 0
    assert not (tmp_path / "none").exists()


def test_json_is_what_it_prints_anyway(tmp_path: Path) -> None:
    plain = run(tmp_path, json.dumps(LINE))
    assert run(tmp_path, json.dumps(LINE), arguments=("--json",)).stdout == plain.stdout


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("{", "is not JSON"),
        ("[1]", "must be an object"),
        ("[" * 100_000, "is not JSON"),
        ('{"id": "x", "answer": "y"}', "lacks passages"),
        (json.dumps({**LINE, "answer": 3}), '"answer" must be a text, it is 3'),
        (json.dumps({**LINE, "question": []} | {"question": ["x"]}), '"question" must be a text'),
        (json.dumps({**LINE, "passages": "text"}), '"passages" must be a list'),
        (json.dumps({**LINE, "passages": [{"id": "p"}]}), 'with "id" and "text"'),
        (json.dumps({**LINE, "passages": [{"id": "p", "text": None}]}), '"text" must be a text'),
        (json.dumps({**LINE, "id": {"a": 1}}), '"id" must be a text or a number'),
    ],
)
def test_a_wrong_line_is_named_and_nothing_is_checked(tmp_path: Path, line: str, said: str) -> None:
    result = run(tmp_path, json.dumps(LINE), line)
    assert result.exit_code == 2
    assert "Line 2 of" in result.stderr
    assert said in result.stderr
    assert result.stdout == ""


def test_a_missing_file_is_said_to_be_unreadable(tmp_path: Path) -> None:
    result = CliRunner().invoke(check, [str(tmp_path / "nowhere.jsonl")])
    assert result.exit_code == 2
    assert "nowhere.jsonl" in result.stderr


def test_standard_input_is_read_for_a_dash() -> None:
    result = CliRunner().invoke(check, ["-"], input=json.dumps(LINE))
    assert json.loads(result.stdout)["id"] == "a1"


def test_half_a_character_is_no_reason_to_stop(tmp_path: Path) -> None:
    passages = [{"id": "p\ud800", "text": "Refunds take \ud800 days."}]
    line = json.dumps(
        {"id": "a\ud800", "passages": passages, "answer": "Refunds take \ud800 days."}
    )
    result = run(tmp_path, line)
    assert result.exit_code == 0
    row = json.loads(result.stdout)
    assert (row["id"], row["claims"][0]["passage_id"]) == ("a?", "p?")
