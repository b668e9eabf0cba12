"""`ask`, `check`, `prompts`, `doctor` as a person types them: what is wrong is one sentence, what is right fits a screen.

The language model is scripted and speaks the real protocol over loopback; the knowledge base is the sample company's.
"""

import json
import os
import pty
import re
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import (
    ROOT,
    child_env,
    invoke,
    invoke_json,
    json_lines,
    only_value,
    samples_base,
    writable_copy,
    write_files,
)
from llm_server import LlmServer, llm_server, says

pytestmark = pytest.mark.e2e

QUESTION = "How many days of annual leave do I have?"
MODEL = ("--model", "openai-like:test")


@pytest.fixture
def base(model_cache: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the sample company's data folder; the commands use it."""
    monkeypatch.setenv("FOOTNOTE_GENERATION__CACHE_HOURS", "0")
    return writable_copy(samples_base(model_cache), data_dir)


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch) -> Iterator[LlmServer]:
    """A language model that is wrong about the number of days."""
    text = "Everyone has 28 days of paid annual leave per calendar year [1]. Team leads get a car."
    with llm_server(says(text)) as server:
        monkeypatch.setenv("FOOTNOTE_LLM_BASE_URL", server.openai_url)
        yield server


def sentence(*args: str | Path, code: int = 2, stdin: str | None = None) -> str:
    """Run a command that must fail, plainly and with --json; return its one sentence."""
    plain, machine = invoke(*args, stdin=stdin), invoke(*args, "--json", stdin=stdin)
    assert (plain.exit_code, machine.exit_code) == (code, code), plain.output
    assert "Traceback" not in plain.output + machine.output
    assert plain.stdout == ""
    message = str(only_value(machine.stdout)["error"]["message"])
    assert plain.stderr.strip() == f"Error: {message}"
    assert message.endswith((".", "'")), message
    return message


# --- wrong input ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "says_what"),
    [
        (("ask",), "--batch FILE or --replay ANSWER_ID"),
        (("ask", " "), "question is empty"),
        (("ask", "why " * 2000), "at most 4,000"),
        (("ask", "x", "--replay", "y"), "one of them"),
        (("ask", "x", "--conversation", "nobody"), "'nobody' of yours. Leave --conversation out"),
        (("ask", "--replay", "nope"), "no answer 'nope' of yours"),
        (("ask", "--replay", "nope", "--conversation", "c"), "leave it out"),
        (("ask", "--batch", "-", "--conversation", "c"), "leave it out"),
        (("ask", "x", "--model", "nonsense:xyz"), "'nonsense:xyz' is not known"),
        (("ask", "x", "--model", "openai-like:x"), "FOOTNOTE_LLM_BASE_URL"),
        (("feedback", "add", "nope", "--verdict", "bad"), "no answer 'nope' of yours"),
        (("search", "x", "--why-not", " "), "--why-not is empty"),
        (("search", "x", "--filter", "shoe=1"), "'shoe'"),
        (("search", "x", "--filter", "shoe"), "no filter"),
        (("index", "reembed", "--model", " "), "--model is empty"),
        (("index", "move", "--to", "qdrant"), "FOOTNOTE_QDRANT__URL"),
        (("index", "switch"), "footnote index reembed"),
        (("prompts", "show", "nope"), "no prompt 'nope'"),
        (("prompts", "show", "answer@zzzz"), "answer@zzzz"),
        (("prompts", "diff", "condense", "zzzz"), "'zzzz'"),
        (("prompts", "pin", "condense"), "version to pin"),
        (("prompts", "pin", "condense", "current", "--label", "../x"), "'../x' cannot be a label"),
    ],
    ids=lambda value: " ".join(value)[:40] if isinstance(value, tuple) else "",
)
def test_what_cannot_be_done_is_one_sentence_that_names_it(
    base: Path, args: tuple[str, ...], says_what: str
) -> None:
    assert says_what in sentence(*args)


@pytest.mark.parametrize(
    ("line", "says_what"),
    [
        ("{bad", "Line 1 of 'in.jsonl' is not JSON"),
        ("[1]", "must be an object"),
        ('{"id": 1}', "lacks passages, answer"),
        ('{"id": [], "passages": [], "answer": ""}', '"id" must be'),
        ('{"id": 1, "passages": "x", "answer": ""}', '"passages" must be a list'),
        ('{"id": 1, "passages": ["x"], "answer": ""}', "every passage must be"),
        ('{"id": 1, "passages": [], "answer": 3}', '"answer" must be a text'),
        ('{"id": 1, "passages": [], "answer": "", "question": 0}', '"question" must be a text'),
        ("[" * 100_000, "is not JSON"),
    ],
)
def test_a_line_that_cannot_be_checked_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: str, says_what: str
) -> None:
    monkeypatch.chdir(write_files(tmp_path, {"in.jsonl": line}))
    assert says_what in sentence("check", "in.jsonl")
    assert "Standard input" in sentence("check", "-", stdin=line)


def test_a_file_that_is_not_there_and_one_that_is_no_text_are_told_apart(tmp_path: Path) -> None:
    assert "No such file" in sentence("check", tmp_path / "none.jsonl")
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert "is not UTF-8 text" in sentence("check", tmp_path / "binary")


def test_nothing_to_check_is_said_and_no_error() -> None:
    result = invoke("check", "-", stdin="\n")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "no answers to check" in result.stderr


def test_a_batch_names_the_history_that_it_cannot_use_and_goes_on(base: Path) -> None:
    histories = [[1], "abc", [{"q": "x"}], [{"q": "How long is leave?", "a": 3}], None]
    lines = [
        json.dumps({"id": number, "question": QUESTION, "history": history})
        for number, history in enumerate(histories)
    ]
    rows = json_lines(invoke("ask", "--batch", "-", stdin="\n".join(lines)).stdout)
    assert [row["status"] for row in rows] == ["error"] * 4 + ["answered"]
    assert all('"history" must be a list' in row["error"] for row in rows[:4])
    assert "it is [1]." in rows[0]["error"]


def test_an_address_off_this_machine_is_refused_offline(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_OFFLINE", "1")
    monkeypatch.setenv("FOOTNOTE_LLM_BASE_URL", "https://models.example.org/v1")
    assert "'models.example.org'" in sentence("ask", QUESTION, *MODEL)


def test_an_address_where_nobody_listens_gives_quotes_and_says_so(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM_BASE_URL", "http://127.0.0.1:9/v1")
    result = invoke("ask", QUESTION, *MODEL)
    assert result.exit_code == 0
    assert "27 days" in result.stdout
    assert "Reduced service: No language model could be used" in result.stdout


# --- what is printed ------------------------------------------------------------------------------


def test_sources_of_one_place_stand_under_one_heading(base: Path) -> None:
    answer = invoke_json("ask", QUESTION)
    places = [
        (citation["document"]["uri"], tuple(citation["section"]))
        for citation in answer["citations"]
    ]
    printed = invoke("ask", QUESTION).stdout
    changes = sum(place != before for place, before in zip(places, [None, *places], strict=False))
    assert len(places) > changes, "the question is answered from one section"
    assert printed.count("handbook/leave-and-holidays.md") == changes
    markers = re.findall(r"^  \[(\d+)\] “", printed, flags=re.MULTILINE)
    assert markers == [str(citation["marker"]) for citation in answer["citations"]]


def test_a_claim_that_its_source_contradicts_is_printed_with_the_reason(
    base: Path, model: LlmServer
) -> None:
    printed = invoke("ask", QUESTION, *MODEL).stdout
    assert re.search("[12] of 2 statements (is|are) contradicted by its source", printed)
    assert "      for: Everyone has 28 days of paid annual leave per calendar year." in printed
    doubt = printed.index("contradicted by its source: “Everyone has 28 days")
    assert "27 days" in printed[doubt:]
    assert len(model.requests) == 1


def test_a_document_or_a_model_gives_a_terminal_no_orders(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "The \x1b[2Jzymurgy\x07 club meets \u202eon Friday\x9b31m."
    folder = write_files(tmp_path / "evil", {"club.md": f"# Club\n\n{evil}\n"})
    assert invoke("ingest", folder, "--yes").exit_code == 0
    with llm_server(says(f"{evil} [1]")) as server:
        monkeypatch.setenv("FOOTNOTE_LLM_BASE_URL", server.openai_url)
        outputs = [
            invoke("ask", "When does the zymurgy club meet?").stdout,
            invoke("ask", "When does the zymurgy club meet?", *MODEL).stdout,
            invoke("search", "zymurgy club", "--explain").stdout,
        ]
    for output in outputs:
        assert "zymurgy" in output
        assert not set("\x1b\x07\x9b\u202e") & set(output)


def test_stages_are_shown_on_a_terminal_and_cleared_before_the_answer(
    base: Path, model_cache: Path
) -> None:
    printed = on_a_terminal("ask", QUESTION, env=child_env(base, model_cache))
    assert "Searching the documents…" in printed
    # What a terminal has on each line when all is printed: what came after its last clearing.
    lines = [line.rpartition("\r\x1b[K")[2].rstrip("\r") for line in printed.split("\n")]
    assert lines[0].startswith("Everyone has 27 days")
    assert not any(line.endswith("…") for line in lines)
    assert any("statements supported" in line for line in lines)


def test_no_stage_is_written_to_a_pipe(base: Path) -> None:
    result = invoke("ask", QUESTION)
    assert "Searching" not in result.output
    assert "\x1b" not in result.output


def on_a_terminal(*args: str, env: dict[str, str]) -> str:
    """Run a command with a terminal on all three ends; return what that showed."""
    ours, theirs = pty.openpty()
    command = [sys.executable, "-c", "from app.cli import main; main()", *args]
    with subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, env=env, cwd=ROOT
    ) as process:
        os.close(theirs)
        shown, end = b"", time.monotonic() + 60
        while time.monotonic() < end:
            if not select.select([ours], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(ours, 65_536)
            except OSError:  # the other end is closed
                break
            shown += piece
        os.close(ours)
    assert process.returncode == 0, shown
    return shown.decode()


# --- prompts and doctor ---------------------------------------------------------------------------


def test_two_prompts_for_answers_are_compared_in_all_their_parts(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = invoke_json("prompts", "list")[0]["version"]
    assert invoke("prompts", "pin", "answer", "current", "--label", "first").exit_code == 0
    assert invoke_json("prompts", "diff", "answer", "first")["same"]
    parts = {part["name"]: part["text"] for part in invoke_json("prompts", "show", "answer")}
    own = write_files(
        tmp_path / "own", {"answer_system.md": f"{parts['answer_system']}\nBe brief.\n"}
    )
    monkeypatch.setenv("FOOTNOTE_GENERATION__PROMPTS_DIR", str(own))
    found = invoke_json("prompts", "diff", "answer", "first")
    assert (found["a"], found["same"]) == (before, False)
    assert "+Be brief." in found["diff"]
    assert "+Be brief." in invoke("prompts", "diff", "answer", "first").stdout


def findings(*args: str, code: int) -> dict[str, tuple[bool, str]]:
    return {
        row["check"]: (row["ok"], row["detail"]) for row in invoke_json("doctor", *args, code=code)
    }


def test_doctor_says_how_answers_are_made_and_what_leaves_the_machine(base: Path) -> None:
    found = findings(code=0)
    assert "answers quote the documents" in found["language model"][1]
    assert "masked" in found["privacy"][1]
    assert "not exported" in found["traces"][1]
    assert found["budgets"] == (True, "none is set")


@pytest.mark.parametrize(
    ("check", "settings", "says_what"),
    [
        ("language model", {"LLM": "openai-like:x"}, "FOOTNOTE_LLM_BASE_URL"),
        ("language model", {"LLM": "nonsense"}, "'nonsense' is not known"),
        ("language model", {"LLM": "openai:x"}, "FOOTNOTE_LLM_API_KEY"),
        ("prompts", {"GENERATION__PROMPT_LABEL": "production"}, "'production'"),
        ("prompts", {"GENERATION__PROMPTS_DIR": "/nowhere"}, "not a folder"),
        (
            "budgets",
            {
                "LLM": "openai-like:x",
                "LLM_BASE_URL": "http://127.0.0.1:9",
                "BUDGET__TOTAL_USD": "3",
            },
            "no price is known of openai-like:x",
        ),
        ("privacy", {"PRIVACY__KINDS": '["shoe"]'}, "'shoe'"),
        ("traces", {"TRACING__OTLP_ENDPOINT": "nonsense"}, "FOOTNOTE_TRACING__OTLP_ENDPOINT"),
    ],
)
def test_doctor_finds_a_setting_that_would_fail_a_reader(
    base: Path,
    monkeypatch: pytest.MonkeyPatch,
    check: str,
    settings: dict[str, str],
    says_what: str,
) -> None:
    for name, value in settings.items():
        monkeypatch.setenv(f"FOOTNOTE_{name}", value)
    found = findings(code=2)
    assert {name for name, (ok, _) in found.items() if not ok} == {check}
    assert says_what in found[check][1]


def test_doctor_asks_a_model_only_when_it_is_told_to(
    base: Path, model: LlmServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM", "openai-like:test")
    assert "--ask-model" in findings(code=0)["language model"][1]
    assert model.requests == []
    assert "openai-like:test answered in" in findings("--ask-model", code=0)["language model"][1]
    assert len(model.requests) == 1


def test_doctor_names_the_model_that_did_not_answer(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM", "openai-like:test")
    with llm_server("unauthorized") as server:
        monkeypatch.setenv("FOOTNOTE_LLM_BASE_URL", server.openai_url)
        ok, detail = findings("--ask-model", code=2)["language model"]
    assert not ok
    assert detail.startswith("openai-like:test did not answer (authentication).")
