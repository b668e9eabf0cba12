"""Log events are one JSON object a line on stderr; stdout belongs to results."""

import json

import pytest

from core.log import configure, get_logger


def test_an_event_is_one_json_line_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info")
    get_logger("ingest.pipeline").info("document_ingested", chunks=3, uri="a\nb.md")
    out, err = capsys.readouterr()
    assert out == ""
    (line,) = err.splitlines()
    event = json.loads(line)
    assert event.pop("timestamp").endswith("Z")
    assert event == {
        "event": "document_ingested",
        "level": "info",
        "module": "ingest.pipeline",
        "chunks": 3,
        "uri": "a\nb.md",
    }


@pytest.mark.parametrize(
    ("level", "quiet", "shown"),
    [
        ("debug", False, ["debug", "info", "warning", "error"]),
        ("info", False, ["info", "warning", "error"]),
        ("error", False, ["error"]),
        ("debug", True, ["warning", "error"]),
    ],
)
def test_less_severe_events_are_left_out(
    level: str, quiet: bool, shown: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    configure(level, quiet=quiet)
    log = get_logger("m")
    for name in ("debug", "info", "warning", "error"):
        getattr(log, name)("something_happened")
    lines = capsys.readouterr().err.splitlines()
    assert [json.loads(line)["level"] for line in lines] == shown


def test_a_logger_made_before_configuring_follows_it(capsys: pytest.CaptureFixture[str]) -> None:
    log = get_logger("m")
    configure("info")
    log.info("question_answered")
    assert json.loads(capsys.readouterr().err)["event"] == "question_answered"


def test_an_exception_is_part_of_its_event(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info")
    try:
        raise ZeroDivisionError("by hand")
    except ZeroDivisionError:
        get_logger("m").exception("answer_failed")
    (line,) = capsys.readouterr().err.splitlines()
    assert "ZeroDivisionError: by hand" in json.loads(line)["exception"]
