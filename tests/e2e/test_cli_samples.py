"""The sample questions on the sample documents, as far as they are decided; quality itself is measured in evals."""

import functools
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cli_harness import (
    GROUPS,
    ROOT,
    SAMPLES,
    asked_base,
    invoke,
    invoke_json,
    json_lines,
    samples_base,
)

pytestmark = pytest.mark.e2e

TOR, INES = "tor@brightwater.example", "ines@brightwater.example"
QUESTIONS = json_lines((ROOT / "samples" / "questions.jsonl").read_text(encoding="utf-8"))
MIN_ANSWERED_RIGHT = 0.85
MIN_ABSTAINED = 0.4

# Words and numbers that only the two documents of the group people-team have, and questions that fish for them.
CANARIES = ("85500", "85,500", "3.1 percent", "salary pool", "performance-review", "salary-bands")
FISHING = (
    "What is the maximum salary in band B5?",
    "How large is the salary pool for 2026?",
    "salary bands senior engineer and product manager",
    "performance review guide",
    "people-private",
)


@functools.cache
def answers(model_cache: Path) -> dict[str, dict[str, Any]]:
    """Ask all sample questions once."""
    batch = ROOT / "samples" / "questions.jsonl"
    result = invoke("ask", "--batch", batch, "--data-dir", asked_base(model_cache))
    assert result.exit_code == 0, result.output
    return {answer["id"]: answer for answer in json_lines(result.stdout)}


def failing(given: dict[str, dict[str, Any]]) -> tuple[list[str], list[str]]:
    """Return the answerable questions that are answered wrong, and the others that are answered at all."""
    wrong, answered = [], []
    for question in QUESTIONS:
        answer = given[question["id"]]
        if question.get("unanswerable"):
            if answer["status"] != "abstained":
                answered.append(question["id"])
            continue
        quotes = [citation["quote"] for citation in answer["citations"]]
        said = "\n".join([answer["answer"], *quotes])
        if answer["status"] != "answered" or not all(
            re.search(pattern, said) for pattern in question["must_match"]
        ):
            wrong.append(question["id"])
    return wrong, answered


@pytest.fixture
def asking(model_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample documents' data folder and groups; the commands use them."""
    data_dir = asked_base(model_cache)
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(data_dir))
    monkeypatch.setenv("FOOTNOTE_GROUPS_FILE", str(GROUPS))
    return data_dir


def test_most_sample_questions_are_answered_with_the_right_words(
    asking: Path, model_cache: Path
) -> None:
    wrong, _ = failing(answers(model_cache))
    asked = [question["id"] for question in QUESTIONS if not question.get("unanswerable")]
    assert 1 - len(wrong) / len(asked) >= MIN_ANSWERED_RIGHT, f"wrong: {wrong}"


def test_questions_without_an_answer_are_mostly_refused(asking: Path, model_cache: Path) -> None:
    _, answered = failing(answers(model_cache))
    asked = [question["id"] for question in QUESTIONS if question.get("unanswerable")]
    assert 1 - len(answered) / len(asked) >= MIN_ABSTAINED, f"answered: {answered}"


def test_the_first_answer_in_the_readme_is_what_the_command_says(asking: Path) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.search(r'\$ footnote ask "([^"]+)"\n(.+?)```', readme, re.DOTALL)
    assert shown
    result = invoke("ask", shown[1])
    assert result.exit_code == 0, result.output
    assert result.stdout.strip() == shown[2].strip()


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q["evidence"]], ids=lambda q: q["id"])
def test_the_evidence_stands_in_the_document_that_the_question_names(
    model_cache: Path, question: dict[str, Any]
) -> None:
    data_dir = samples_base(model_cache)
    for evidence in question["evidence"]:
        shown = invoke_json("documents", "show", evidence["uri"], "--text", "--data-dir", data_dir)
        text = " ".join(shown["text"].split())
        assert " ".join(evidence["quote"].split()) in text, evidence["uri"]


@pytest.mark.parametrize("question", FISHING)
def test_a_person_outside_the_group_gets_no_word_of_it(asking: Path, question: str) -> None:
    printed = [
        invoke("ask", question, "--as", TOR, "--json").stdout,
        invoke("ask", question, "--as", TOR).stdout,
        invoke("search", question, "--as", TOR, "-k", "1000", "--json").stdout,
        invoke("search", question, "--as", TOR, "-k", "1000").stdout,
    ]
    for output in printed:
        assert output
        shown = output.replace(json.dumps(question), "").replace(question, "").casefold()
        for word in (*CANARIES, "people-private/"):
            assert word.casefold() not in shown, f"{word!r} leaked"


def test_a_person_outside_the_group_sees_no_trace_of_it_in_lists(asking: Path) -> None:
    listed = invoke("documents", "list", "--as", TOR, "--json").stdout
    assert "people-private" not in listed
    assert len(json.loads(listed)) == len(invoke_json("documents", "list")) - 2
    denied = invoke(
        "documents", "show", "people-private/salary-bands-2026.csv", "--text", "--as", TOR
    )
    assert denied.exit_code == 2
    assert "85500" not in denied.output


def test_a_person_in_the_group_gets_its_words(asking: Path) -> None:
    assert "people-private" in invoke("documents", "list", "--as", INES, "--json").stdout
    for question, word in (
        ("What is the maximum salary in band B5?", "85500"),
        (FISHING[1], "3.1"),
    ):
        hits = invoke_json("search", question, "--as", INES)["hits"]
        assert any(word in hit["text"] for hit in hits)
        answer = invoke_json("ask", question, "--as", INES)
        assert any(word in citation["quote"] for citation in answer["citations"])


def test_the_canaries_are_in_the_private_documents_only(model_cache: Path) -> None:
    data_dir = samples_base(model_cache)
    texts = {}
    for record in invoke_json("documents", "list", "--data-dir", data_dir):
        shown = invoke_json("documents", "show", record["id"], "--text", "--data-dir", data_dir)
        texts[record["uri"]] = f"{record['uri']} {shown['text']}".casefold()
    private = {uri for uri in texts if uri.startswith("people-private/")}
    assert len(private) == len(list((SAMPLES / "people-private").glob("[!.]*")))
    for word in CANARIES:
        assert {uri for uri, text in texts.items() if word in text} <= private
