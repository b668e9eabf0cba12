"""Case files are read with sentences that name file, line and field, and written as they came."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.errors import UsageError
from evals.cases.case import case_of_line, cases_hash
from evals.cases.case_file import lines_of, read_cases

ROOT = Path(__file__).resolve().parents[2]
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
said = words.filter(lambda text: bool(text.strip()))
ids = st.text(st.characters(categories=["L", "N"]), min_size=1, max_size=20)
evidence = st.one_of(
    st.fixed_dictionaries({"uri": said, "quote": said}),
    st.tuples(said, st.integers(0, 500), st.integers(1, 50)).map(
        lambda place: {"uri": place[0], "start": place[1], "end": place[1] + place[2]}
    ),
)
lines = st.fixed_dictionaries(
    {"id": ids, "question": said},
    optional={
        "history": st.lists(st.fixed_dictionaries({"q": words, "a": words}), max_size=2),
        "as": words,
        "reference": words,
        "facts": st.lists(words, max_size=3),
        "must_match": st.lists(
            st.sampled_from([r"\b14\b", "(?i)two hours|2 hours", "x"]), max_size=2
        ),
        "evidence": st.lists(evidence, max_size=3),
        "unanswerable": st.booleans(),
        "tags": st.lists(words, max_size=3),
        "paraphrases": st.lists(words, max_size=2),
        "a_field_of_somebody_else": st.one_of(st.none(), st.integers(), words),
    },
)


@given(st.lists(lines, max_size=5, unique_by=lambda line: line["id"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
def test_a_file_that_is_read_and_written_says_the_same(
    tmp_path: Path, rows: list[dict[str, Any]]
) -> None:
    path = tmp_path / "cases.jsonl"
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    found = read_cases(path)
    assert [dict(case.line) for case in found] == rows
    written = lines_of(found)
    assert written == path.read_text("utf-8")
    assert cases_hash(found) == cases_hash(list(reversed(found)))


@pytest.mark.parametrize("name", ["cases.jsonl", "questions.jsonl"])
def test_the_bundled_files_are_case_files(name: str) -> None:
    path = ROOT / "samples" / name
    assert lines_of(read_cases(path)) == path.read_text("utf-8")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ({"question": "q"}, "id"),
        ({"id": "a"}, "question"),
        ({"id": "a", "question": " "}, "question"),
        ({"id": "a\n", "question": "q"}, "id"),
        ({"id": "a", "question": "q", "as": 3}, "as"),
        ({"id": "a", "question": "q", "reference": []}, "reference"),
        ({"id": "a", "question": "q", "facts": "one"}, "facts"),
        ({"id": "a", "question": "q", "must_match": ["("]}, "must_match"),
        ({"id": "a", "question": "q", "must_match": ["(a+)+"]}, "must_match"),
        ({"id": "a", "question": "q", "tags": [1]}, "tags"),
        ({"id": "a", "question": "q", "unanswerable": "yes"}, "unanswerable"),
        ({"id": "a", "question": "q", "history": [{"q": "x"}]}, "history"),
        ({"id": "a", "question": "q", "evidence": {}}, "evidence"),
        ({"id": "a", "question": "q", "evidence": [{"quote": "x"}]}, "evidence"),
        ({"id": "a", "question": "q", "evidence": [{"uri": "u"}]}, "evidence"),
        (
            {"id": "a", "question": "q", "evidence": [{"uri": "u", "start": 3, "end": 3}]},
            "evidence",
        ),
        (
            {"id": "a", "question": "q", "evidence": [{"uri": "u", "start": True, "end": 3}]},
            "evidence",
        ),
        (
            {"id": "a", "question": "q", "evidence": [{"uri": "u", "quote": "x", "start": 1}]},
            "evidence",
        ),
    ],
)
def test_what_cannot_be_used_is_named_by_file_line_and_field(
    tmp_path: Path, line: dict[str, Any], field: str
) -> None:
    path = tmp_path / "bad.jsonl"
    path.write_text(
        json.dumps({"id": "ok", "question": "q"}) + "\n\n" + json.dumps(line) + "\n", "utf-8"
    )
    with pytest.raises(UsageError) as raised:
        read_cases(path)
    assert "Line 3" in str(raised.value)
    assert "bad.jsonl" in str(raised.value)
    assert f'field "{field}"' in str(raised.value)


def test_two_cases_of_one_id_are_refused_by_both_lines(tmp_path: Path) -> None:
    path = tmp_path / "twice.jsonl"
    path.write_text('{"id": "a", "question": "q"}\n{"id": "a", "question": "r"}\n', "utf-8")
    with pytest.raises(UsageError, match=r"Line 2 .*line 1 has 'a'"):
        read_cases(path)


@pytest.mark.parametrize("content", [b"\xff\xfe", b"{", b"[1]\n", b"3\n"])
def test_what_is_no_case_file_is_said_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "broken.jsonl"
    path.write_bytes(content)
    with pytest.raises(UsageError, match=r"broken\.jsonl"):
        read_cases(path)


def test_a_missing_file_is_said_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read"):
        read_cases(tmp_path / "none.jsonl")


def test_cases_without_a_document_are_clustered_by_their_question() -> None:
    first = case_of_line({"id": "a", "question": "Is there a gym?"})
    second = case_of_line({"id": "b", "question": " is there  a GYM? "})
    assert (
        first.cluster == second.cluster != case_of_line({"id": "c", "question": "A pool?"}).cluster
    )
