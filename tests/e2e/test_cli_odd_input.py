"""Input that once opened documents, ended a batch or surprised the program."""

import os
from pathlib import Path

import pytest
from cli_harness import (
    GROUPS,
    asked_base,
    invoke,
    invoke_json,
    json_lines,
    refused,
    samples_base,
    writable_copy,
    write_files,
)

TOR = "tor@brightwater.example"
QUESTION = "At what time does the nightly database backup start?"


pytestmark = pytest.mark.e2e


@pytest.fixture
def asking(model_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    data_dir = asked_base(model_cache)
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(data_dir))
    monkeypatch.setenv("FOOTNOTE_GROUPS_FILE", str(GROUPS))
    return data_dir


@pytest.fixture
def own_base(model_cache: Path, data_dir: Path) -> Path:
    return writable_copy(samples_base(model_cache), data_dir)


def batch_of(tmp_path: Path, *rows: str) -> Path:
    path = tmp_path / "batch.jsonl"
    path.write_text("".join(f"{row}\n" for row in rows), encoding="utf-8")
    return path


@pytest.mark.parametrize("command", ["search", "ask"])
def test_a_null_caller_in_a_batch_is_the_caller_of_the_command(
    asking: Path, tmp_path: Path, command: str
) -> None:
    field = "query" if command == "search" else "question"
    text = "maximum salary in band B5"
    batch = batch_of(tmp_path, f'{{"id": 1, "{field}": "{text}", "as": null}}')
    assert "people-private" not in invoke(command, "--batch", batch, "--as", TOR).stdout


def test_a_rule_above_the_ingested_folder_counts(tmp_path: Path, data_dir: Path) -> None:
    folder = write_files(
        tmp_path / "hr", {".footnote.yaml": "access: [group:hr]", "2026/a.md": "# A\n\nSecret.\n"}
    )
    invoke_json("ingest", folder / "2026", "--yes")
    assert invoke_json("documents", "list", "--as", TOR) == []


def test_a_rule_that_cannot_be_followed_opens_nothing(tmp_path: Path, data_dir: Path) -> None:
    folder = write_files(tmp_path / "hr", {"a.md": "# A\n\nSecret.\n"})
    (folder / ".footnote.yaml").symlink_to(tmp_path / "gone.yaml")
    invoke("ingest", folder, "--yes")
    assert invoke_json("documents", "list", "--as", TOR) == []


def test_a_file_name_that_is_not_utf8_costs_one_file(tmp_path: Path, data_dir: Path) -> None:
    folder = write_files(tmp_path / "docs", {"good.md": "# Good\n\nThe zymurgy club.\n"})
    Path(os.fsdecode(os.fsencode(folder) + b"/caf\xe9.md")).write_text("# Caf\n\nWords.\n")
    result = invoke("ingest", folder, "--yes", "--json")
    assert result.exit_code in (0, 1)
    assert invoke_json("search", "zymurgy")["hits"]


@pytest.mark.parametrize("damage", ["meta.json", "*.idx"])
def test_a_damaged_words_index_is_named_and_rebuilt(own_base: Path, damage: str) -> None:
    for path in (own_base / "index" / "lexical").glob(damage):
        path.write_bytes(b"{oops")
    refused(invoke("search", QUESTION), 2, "footnote index rebuild")
    assert invoke("index", "rebuild").exit_code == 0
    assert invoke_json("search", QUESTION)["hits"]


def test_a_query_that_cannot_be_searched_does_not_stop_its_batch(
    asking: Path, tmp_path: Path
) -> None:
    batch = batch_of(tmp_path, '{"id": 1, "query": ""}', f'{{"id": 2, "query": "{QUESTION}"}}')
    lines = json_lines(invoke("search", "--batch", batch).stdout)
    assert [line["id"] for line in lines] == [1, 2]


@pytest.mark.parametrize(
    "row",
    [
        '{"id": 1, "question": "hello", "as": 5}',
        '{"id": 1, "question": "hello", "as": ["tor@brightwater.example"]}',
    ],
)
def test_a_caller_that_is_no_text_is_refused(asking: Path, tmp_path: Path, row: str) -> None:
    result = invoke("ask", "--batch", batch_of(tmp_path, row))
    assert result.exit_code in (0, 2)
    assert "did not expect" not in result.output


def test_a_null_question_is_an_error(asking: Path, tmp_path: Path) -> None:
    result = invoke("ask", "--batch", batch_of(tmp_path, '{"id": 1, "question": null}'))
    assert result.exit_code == 2 or json_lines(result.stdout)[0]["status"] == "error"


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_question_with_half_a_character_is_no_surprise(asking: Path, command: str) -> None:
    result = invoke(command, "what is a \udce9 gateway")
    assert result.exit_code in (0, 2)
    assert "did not expect" not in result.output


def test_a_setting_that_is_no_json_is_named(asking: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_CHUNK", "{bad")
    refused(invoke("documents", "list"), 2, "FOOTNOTE_CHUNK")


def test_an_env_file_that_is_not_utf8_is_named(asking: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes(b"FOOTNOTE_STORE=\xff\xfe\n")
    refused(invoke("documents", "list"), 2, ".env")


def test_an_empty_group_name_is_named(
    asking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "groups.yaml").write_text(f'{TOR}: [""]\n')
    monkeypatch.setenv("FOOTNOTE_GROUPS_FILE", str(tmp_path / "groups.yaml"))
    refused(invoke("search", QUESTION, "--as", TOR), 2, "groups.yaml")
