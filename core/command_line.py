"""What every command shares: common options, one JSON value on stdout, errors as one sentence.

Exit codes: 0 done, 1 some documents failed, 2 usage or configuration, 3 a needed service is down.
"""

import functools
import json
import sys
import tempfile
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from core.errors import FootnoteError
from core.log import configure
from core.settings import Settings, load_settings

Command = TypeVar("Command", bound=Callable[..., Any])


def common_options(command: Command) -> Command:
    """Add --json and --data-dir, pass `settings`, and turn every error into a sentence and an exit code."""

    @functools.wraps(command)
    def run(*args: Any, data_dir: Path | None, as_json: bool, **kwargs: Any) -> Any:
        try:
            settings = load_settings(data_dir=data_dir)
            configure(settings.log_level, quiet=sys.stderr.isatty())
            return command(*args, settings=settings, as_json=as_json, **kwargs)
        except FootnoteError as error:
            _fail(str(error), type(error).__name__, error.exit_code, as_json=as_json)
        except KeyboardInterrupt:
            _fail("Stopped. What was stored before stays.", "Interrupted", 130, as_json=as_json)
        except (click.ClickException, click.exceptions.Exit, click.Abort, BrokenPipeError):
            raise
        except Exception as error:  # noqa: BLE001  # the one place that must never show a traceback
            _fail(_unexpected(error), "Unexpected", 1, as_json=as_json)

    with_options: Any = click.option(
        "--data-dir",
        type=click.Path(path_type=Path, file_okay=False),
        help="Folder of the knowledge base (default: FOOTNOTE_DATA_DIR).",
    )(click.option("--json", "as_json", is_flag=True, help="Print one JSON value on stdout.")(run))
    return with_options  # type: ignore[no-any-return]


def as_option(command: Command) -> Command:
    """Add --as, for commands that show documents."""
    return click.option(
        "--as",
        "as_user",
        metavar="EMAIL",
        help="Act for this user (default: FOOTNOTE_CLI_USER, else the local administrator).",
    )(command)


def print_json(value: Any) -> None:
    """Print one JSON value on stdout."""
    click.echo(json.dumps(value, ensure_ascii=False))


def read_jsonl(path: Path, required: tuple[str, ...]) -> list[dict[str, Any]]:
    """Read a JSON object a line; '-' is standard input.

    Raises:
        UsageError: a line is not an object with the required fields; the message names the line.
    """
    from core.errors import UsageError

    try:
        text = sys.stdin.read() if str(path) == "-" else path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{str(path)!r} cannot be read: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{str(path)!r} is not UTF-8 text. Save it as UTF-8.") from error
    rows = []
    for number, line in enumerate(text.split("\n"), start=1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(f"Line {number} of {str(path)!r} is not JSON: {error}.") from error
        missing = [name for name in required if not isinstance(row, dict) or name not in row]
        if missing:
            raise UsageError(f"Line {number} of {str(path)!r} lacks {', '.join(missing)}.")
        rows.append(row)
    return rows


def text_field(row: dict[str, Any], name: str, default: str | None = None) -> str | None:
    """Return a text field of a batch's line; null or nothing is the default.

    Raises:
        UsageError: it is something else.
    """
    from core.errors import UsageError

    value = row.get(name)
    if value is None:
        return default
    if not isinstance(value, str):
        raise UsageError(f'"{name}" must be a text, it is {value!r}.')
    return value


def settings_for(settings: Settings, **changes: Any) -> Settings:
    """Return settings with some values replaced by a command's options; None leaves a value alone."""
    given = {name: value for name, value in changes.items() if value is not None}
    return settings.model_copy(update=given)


def _fail(message: str, kind: str, code: int, *, as_json: bool) -> None:
    if as_json:
        print_json({"error": {"kind": kind, "message": message}})
    click.echo(f"Error: {message}", err=True)
    raise SystemExit(code)


def _unexpected(error: Exception) -> str:
    # The stack goes to a file: it may quote document text, which a terminal or a log must not show.
    with tempfile.NamedTemporaryFile(
        "w", prefix="footnote-error-", suffix=".txt", delete=False, encoding="utf-8"
    ) as file:
        traceback.print_exception(error, file=file)
    return (
        f"Something went wrong that Footnote did not expect ({type(error).__name__}). "
        f"The details are in {file.name}; please report it with that file."
    )
