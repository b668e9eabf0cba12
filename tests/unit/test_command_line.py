"""What commands share: one JSON value, errors as one sentence, no traceback for anybody."""

import io
import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from core.command_line import as_option, common_options, print_json, read_jsonl, settings_for
from core.errors import NotFound, ServiceUnavailable, UsageError
from core.settings import Settings, load_settings

SECRET = "words of a document"


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def run(body: Callable[[Settings], Any], *arguments: str) -> Result:
    @click.command()
    @common_options
    def command(settings: Settings, as_json: bool) -> None:
        print_json({"json": as_json, "made": body(settings)})

    return CliRunner().invoke(command, list(arguments))


def failing(error: BaseException) -> Callable[[Settings], Any]:
    def body(_settings: Settings) -> Any:
        raise error

    return body


def test_a_command_gets_settings_and_prints_one_json_value() -> None:
    result = run(lambda settings: str(settings.data_dir), "--data-dir", "elsewhere", "--json")
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"json": True, "made": "elsewhere"}


def test_json_keeps_letters_of_every_language() -> None:
    assert "数据 é" in run(lambda _: "数据 é").stdout


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (UsageError("The question is empty."), 2),
        (NotFound("There is no document 'x'."), 2),
        (ServiceUnavailable("The model does not answer."), 3),
    ],
)
def test_an_error_is_one_sentence_on_stderr_and_an_exit_code(error: Exception, code: int) -> None:
    result = run(failing(error))
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"Error: {error}\n")


def test_with_json_an_error_is_an_object_on_stdout() -> None:
    result = run(failing(NotFound("There is no document 'x'.")), "--json")
    assert json.loads(result.stdout) == {
        "error": {"kind": "NotFound", "message": "There is no document 'x'."}
    }
    assert result.exit_code == 2


@pytest.mark.parametrize("arguments", [(), ("--json",)])
def test_an_unexpected_error_shows_no_traceback_and_no_words(arguments: tuple[str, ...]) -> None:
    result = run(failing(RuntimeError(SECRET)), *arguments)
    assert result.exit_code == 1
    for shown in (result.stdout, result.stderr):
        assert "Traceback" not in shown
        assert SECRET not in shown
        assert shown.count("\n") <= 1
    assert "RuntimeError" in result.stderr


def test_the_details_of_an_unexpected_error_are_in_the_file_that_it_names(tmp_path: Path) -> None:
    result = run(failing(RuntimeError(SECRET)))
    (path,) = tmp_path.glob("footnote-error-*.txt")
    assert str(path) in result.stderr
    assert SECRET in path.read_text(encoding="utf-8")
    assert (path.stat().st_mode & 0o077) == 0


def test_an_interrupt_is_said_without_a_traceback() -> None:
    result = run(failing(KeyboardInterrupt()))
    assert result.exit_code == 130
    assert result.stderr == "Error: Stopped. What was stored before stays.\n"


def test_errors_of_options_stay_those_of_click() -> None:
    result = run(failing(click.BadParameter("must be blue")))
    assert result.exit_code == 2
    assert "must be blue" in result.stderr


def test_a_wrong_setting_is_an_error_before_the_command_starts(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOOTNOTE_WEB__PORT", "none")
    result = run(failing(AssertionError("started")))
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: FOOTNOTE_WEB__PORT")


@pytest.mark.parametrize(("arguments", "expected"), [((), None), (("--as", "a@x.org"), "a@x.org")])
def test_a_command_can_act_for_somebody(arguments: tuple[str, ...], expected: str | None) -> None:
    @click.command()
    @as_option
    def command(as_user: str | None) -> None:
        print_json(as_user)

    assert json.loads(CliRunner().invoke(command, arguments).stdout) == expected


def test_options_replace_settings_only_where_they_were_given() -> None:
    changed = settings_for(load_settings(), llm="other", log_level=None)
    assert (changed.llm, changed.log_level) == ("other", "info")


def test_a_jsonl_file_is_read_object_by_object(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"id": 1, "q": "é\u2028"}\n\n  \n{"id": 2, "q": "b"}', encoding="utf-8")
    assert [row["id"] for row in read_jsonl(path, ("id", "q"))] == [1, 2]


def test_a_dash_is_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO('{"id": 1}\n'))
    assert read_jsonl(Path("-"), ("id",)) == [{"id": 1}]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("{broken", "is not JSON"),
        ("[]", "lacks id, q"),
        ('"text"', "lacks id, q"),
        ("null", "lacks id, q"),
        ('{"id": 1}', "lacks q"),
    ],
)
def test_a_wrong_line_is_named_by_its_number(line: str, words: str, tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text(f'{{"id": 1, "q": "a"}}\n\n{line}\n', encoding="utf-8")
    with pytest.raises(UsageError, match=f"Line 3 of .*rows.jsonl.* {words}"):
        read_jsonl(path, ("id", "q"))


@pytest.mark.parametrize(
    ("content", "why"), [(None, "cannot be read: No such file"), (b"\xff\xfe", "is not UTF-8 text")]
)
def test_a_file_that_cannot_be_read_is_named(
    content: bytes | None, why: str, tmp_path: Path
) -> None:
    path = tmp_path / "rows.jsonl"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=rf"rows\.jsonl.* {why}"):
        read_jsonl(path, ("id",))
