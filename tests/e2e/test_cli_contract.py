"""The commands as other programs call them: JSON fields, offsets and exit codes of the contract."""

import csv
import io
import json
import os
import sqlite3
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from cli_harness import (
    GROUPS,
    SAMPLES,
    asked_base,
    child_env,
    invoke,
    invoke_json,
    json_lines,
    lock_held_elsewhere,
    only_value,
    run_child,
    samples_base,
    writable_copy,
    write_files,
)

from core.errors import QUARANTINE_REASONS

pytestmark = pytest.mark.e2e

TOR, INES = "tor@brightwater.example", "ines@brightwater.example"
QUESTION = "At what time does the nightly database backup start?"
UNANSWERABLE = "Which football club does the emperor of Mars support?"
RECORD = {
    "id",
    "uri",
    "title",
    "source",
    "version",
    "chunks",
    "access",
    "updated_at",
    "status",
    "reason",
    "detail",
    "duplicate_of",
    "metadata",
}
REPORT = {
    "added",
    "changed",
    "moved",
    "removed",
    "unchanged",
    "quarantined",
    "still_quarantined",
    "skipped",
    "near_duplicates",
    "failed_sources",
    "warnings",
    "chunks",
    "seconds",
    "generation",
}
HIT = {"rank", "score", "chunk_id", "document", "section", "page", "start", "end", "text", "why"}
DOCUMENT = {"id", "uri", "title", "version"}
ANSWER = {
    "question",
    "answer",
    "status",
    "claims",
    "citations",
    "notes",
    "conversation_id",
    "answer_id",
    "trace_id",
    "model",
    "prompt_version",
    "index_generation",
    "usage",
    "timings_ms",
}
CLAIM = {"start", "end", "text", "verdict", "score", "citations"}
CITATION = {"marker", "document", "chunk_id", "section", "page", "start", "end", "quote"}
VERDICTS = {"supported", "partial", "unsupported", "contradicted", "unchecked"}
FILES = sorted(
    path.relative_to(SAMPLES).as_posix()
    for path in SAMPLES.rglob("*")
    if path.is_file() and not path.name.startswith(".")
)


@pytest.fixture
def base(model_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample documents' data folder, read only; the commands use it."""
    data_dir = samples_base(model_cache)
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(data_dir))
    monkeypatch.setenv("FOOTNOTE_GROUPS_FILE", str(GROUPS))
    return data_dir


@pytest.fixture
def asking(model_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder that questions may be asked of; the commands use it."""
    data_dir = asked_base(model_cache)
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(data_dir))
    monkeypatch.setenv("FOOTNOTE_GROUPS_FILE", str(GROUPS))
    return data_dir


@pytest.fixture
def own_base(model_cache: Path, data_dir: Path) -> Path:
    """A copy of the sample documents' data folder; the commands use it."""
    return writable_copy(samples_base(model_cache), data_dir)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A folder with two documents."""
    return write_files(
        tmp_path / "notes",
        {"a.md": "# A\n\nThe abacus is red.\n", "deep/b.txt": "The bassoon is blue.\n"},
    )


def canonical(id_or_uri: str) -> str:
    text: str = invoke_json("documents", "show", id_or_uri, "--text")["text"]
    return text


# --- ingest ---------------------------------------------------------------------------------------


def test_a_second_run_finds_everything_unchanged(own_base: Path) -> None:
    report = invoke_json("ingest", SAMPLES, "--yes")
    assert report.keys() >= REPORT
    assert (report["added"], report["changed"], report["removed"]) == (0, 0, 0)
    assert report["unchanged"] == len(FILES)
    assert report["quarantined"] == []
    assert report["chunks"] == 0


def test_a_report_counts_what_was_done(notes: Path, model_cache: Path, data_dir: Path) -> None:
    write_files(notes, {"empty.md": "", ".hidden.md": "x"})
    done = run_child("ingest", notes, "--yes", "--json", env=child_env(data_dir, model_cache))
    assert done.returncode == 1
    report = only_value(done.stdout)
    assert report.keys() >= REPORT
    assert (report["added"], report["unchanged"], report["chunks"]) == (2, 0, 2)
    assert report["seconds"] > 0
    assert report["generation"] > 0
    (bad,) = report["quarantined"]
    assert bad.keys() >= {"uri", "reason", "detail", "hint"}
    assert bad["uri"] == "empty.md"
    assert bad["reason"] in QUARANTINE_REASONS
    assert [entry["uri"] for entry in report["skipped"]] == [".hidden.md"]
    assert all(entry["reason"] for entry in report["skipped"])


def test_a_plan_lists_actions_and_changes_nothing(notes: Path, data_dir: Path) -> None:
    planned = invoke_json("ingest", notes, "--plan")
    assert planned.keys() >= REPORT | {"plan"}
    assert planned["added"] == 2
    assert invoke_json("documents", "list") == []
    assert invoke_json("ingest", notes, "--yes")["added"] == 2
    write_files(notes, {"a.md": "# A\n\nThe abacus is now green.\n", "c.md": "# C\n\nNew.\n"})
    (notes / "deep" / "b.txt").unlink()
    before = invoke_json("documents", "list")
    planned = invoke_json("ingest", notes, "--plan")
    actions = {step["uri"]: step["action"] for step in planned["plan"]}
    assert actions == {"a.md": "changed", "c.md": "added", "deep/b.txt": "removed"}
    assert (planned["added"], planned["changed"], planned["removed"]) == (1, 1, 1)
    assert invoke_json("documents", "list") == before


def test_a_move_is_planned_and_done_as_one(notes: Path, data_dir: Path) -> None:
    invoke_json("ingest", notes, "--yes")
    before = invoke_json("documents", "show", "a.md")
    (notes / "a.md").rename(notes / "deep" / "c.md")
    planned = invoke_json("ingest", notes, "--plan")
    assert planned["plan"] == [{"uri": "deep/c.md", "action": "moved", "from": "a.md"}]
    assert planned["estimated_seconds"] > 0
    assert "> deep/c.md  (was a.md)" in invoke("ingest", notes, "--plan").stdout
    report = invoke_json("ingest", notes)
    assert (report["moved"], report["added"], report["removed"]) == (1, 0, 0)
    assert invoke_json("documents", "show", "deep/c.md")["id"] == before["id"]
    assert invoke("documents", "show", "a.md").exit_code == 2


def test_a_file_that_breaks_keeps_answering_until_it_is_mended(notes: Path, data_dir: Path) -> None:
    invoke_json("ingest", notes, "--yes")
    good = (notes / "a.md").read_bytes()
    (notes / "a.md").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    report = invoke_json("ingest", notes, "--yes", code=1)
    (bad,) = report["quarantined"]
    assert bad["hint"]
    assert report["still_quarantined"] == 1
    assert invoke_json("search", "abacus")["hits"][0]["document"]["uri"] == "a.md"
    record = invoke_json("documents", "show", "a.md")
    assert (record["status"], record["hint"], record["chunks"]) == ("quarantined", bad["hint"], 1)
    assert "last good version" in invoke("documents", "list").stdout
    again = invoke_json("ingest", notes, "--yes")
    assert (again["quarantined"], again["still_quarantined"]) == ([], 1)
    assert "could not be read before" in invoke("ingest", notes, "--yes").stdout
    assert len(invoke_json("ingest", notes, "--yes", "--retry", code=1)["quarantined"]) == 1
    (notes / "a.md").write_bytes(good)
    assert invoke_json("ingest", notes, "--yes")["still_quarantined"] == 0


def test_the_history_shows_runs_newest_first(notes: Path, data_dir: Path) -> None:
    assert invoke("ingest", "history").exit_code == 2, "there is no knowledge base yet"
    invoke_json("ingest", notes, "--yes")
    assert invoke_json("ingest", "history", "--errors") == []
    assert "No run failed" in invoke("ingest", "history", "--errors").stderr
    write_files(notes, {"empty.md": ""})
    invoke_json("ingest", notes, "--yes", code=1)
    runs = invoke_json("ingest", "history")
    assert [run["status"] for run in runs] == ["incomplete", "done"]
    assert (runs[1]["added"], runs[1]["sources"]) == (2, [str(notes)])
    assert [entry["uri"] for entry in runs[0]["quarantined"]] == ["empty.md"]
    assert invoke_json("ingest", "history", "--errors") == runs[:1]
    assert invoke_json("ingest", "history", "-n", "1") == runs[:1]
    assert "empty.md: empty." in invoke("ingest", "history", "--errors").stdout
    assert len(invoke("ingest", "history").stdout.splitlines()) == 3


def test_a_folder_named_history_can_still_be_ingested(tmp_path: Path, data_dir: Path) -> None:
    write_files(tmp_path / "history", {"a.md": "# A\n\nThe abacus.\n"})
    assert invoke_json("ingest", "./history", "--yes")["added"] == 1


def test_a_source_that_is_stopped_is_reported_and_exits_1(
    notes: Path, tmp_path: Path, data_dir: Path
) -> None:
    write_files(tmp_path / "more", {"c.md": "# C\n\nThe cello.\n"})
    sources = {name: {"path": name, "access": ["everyone"]} for name in ("notes", "more")}
    (tmp_path / "sources.yaml").write_text(json.dumps(sources))
    invoke_json("ingest", "--yes")
    (tmp_path / "more").rename(tmp_path / "gone")
    write_files(notes, {"d.md": "# D\n\nThe dulcimer.\n"})
    report = invoke_json("ingest", "--yes", code=1)
    assert report["added"] == 1
    assert [failure["source"] for failure in report["failed_sources"]] == ["more"]
    assert "more: There is no folder" in invoke("ingest", "--yes").stderr
    assert "more: There is no folder" in invoke("ingest", "--plan").stderr
    assert len(invoke_json("documents", "list")) == 4


def test_the_front_matter_of_a_document_decides_only_where_it_is_asked(
    tmp_path: Path, data_dir: Path
) -> None:
    write_files(
        tmp_path / "wiki",
        {
            "staff.md": f"---\naccess: ['user:{TOR}']\n---\n\n# A\n\nThe abacus.\n",
            "wrong.md": "---\naccess: everyone\n---\n\n# B\n\nThe bassoon.\n",
            "silent.md": "---\ntitle: C\n---\n\n# C\n\nThe cello.\n",
            ".footnote.yaml": "access: [group:hr]",
        },
    )

    def access() -> dict[str, list[str]]:
        return {record["uri"]: record["access"] for record in invoke_json("documents", "list")}

    (tmp_path / "sources.yaml").write_text("wiki: {path: wiki, access: [everyone]}\n")
    invoke_json("ingest", "--yes")
    assert access() == {name: ["group:hr"] for name in ("staff.md", "wrong.md", "silent.md")}
    asking = "other: {path: wiki, access: [everyone], access_from_documents: true}\n"
    (tmp_path / "sources.yaml").write_text(asking)
    report = invoke_json("ingest", "--yes")
    found = {
        record["uri"]: record["access"]
        for record in invoke_json("documents", "list")
        if record["source"] == "other"
    }
    assert found == {"staff.md": [f"user:{TOR}"], "wrong.md": [], "silent.md": ["group:hr"]}
    (warning,) = report["warnings"]
    assert "wrong.md" in warning
    assert invoke_json("ingest", "--yes")["unchanged"] == 3


def test_a_near_copy_is_linked_to_the_older_document(notes: Path, data_dir: Path) -> None:
    text = " ".join(f"Valve {n} stands in hall {n * 7 % 31}." for n in range(80))
    write_files(
        notes, {"new.md": f"# Valves\n\n{text} Edited.\n", "old.md": f"# Valves\n\n{text}\n"}
    )
    os.utime(notes / "old.md", (1_600_000_000, 1_600_000_000))
    assert invoke_json("ingest", notes, "--yes")["near_duplicates"] == 1
    links = {record["uri"]: record["duplicate_of"] for record in invoke_json("documents", "list")}
    old = invoke_json("documents", "show", "old.md")["id"]
    assert links == {"a.md": "", "deep/b.txt": "", "new.md": old, "old.md": ""}
    (notes / "old.md").unlink()
    assert invoke_json("ingest", notes, "--yes")["near_duplicates"] == 0
    assert invoke_json("documents", "show", "new.md")["duplicate_of"] == ""


def test_a_forgotten_member_of_an_archive_comes_back(notes: Path, data_dir: Path) -> None:
    with zipfile.ZipFile(notes / "z.zip", "w") as archive:
        archive.writestr("m.md", "# M\n\nThe mandolin.\n")
        archive.writestr("n.md", "# N\n\nThe nyckelharpa.\n")
    invoke_json("ingest", notes, "--yes")
    assert invoke_json("documents", "forget", "z.zip!/m.md")["forgotten"]
    report = invoke_json("ingest", notes, "--yes")
    assert (report["added"], report["unchanged"]) == (1, 3)


def test_a_writer_that_waits_is_let_in(notes: Path, data_dir: Path) -> None:
    with lock_held_elsewhere(data_dir, seconds=2):
        assert invoke_json("ingest", notes, "--yes", "--wait", "60")["added"] == 2


def test_access_of_a_run_is_the_default_of_its_documents(notes: Path, data_dir: Path) -> None:
    invoke_json(
        "ingest", notes, "--yes", "--access", "group:hr", "--access", "user:Ann@Example.org"
    )
    write_files(notes, {"c.md": "# C\n\nLater.\n"})
    invoke_json("ingest", notes, "--yes")
    records = invoke_json("documents", "list")
    assert {tuple(record["access"]) for record in records} == {("group:hr", "user:ann@example.org")}
    assert invoke_json("documents", "list", "--as", "bob@example.org") == []
    assert len(invoke_json("documents", "list", "--as", "ANN@example.org")) == 3


def test_a_configured_source_is_run_by_name(notes: Path, tmp_path: Path, data_dir: Path) -> None:
    (tmp_path / "sources.yaml").write_text("handbook: {path: notes, access: [group:staff]}\n")
    assert invoke_json("ingest", "--source", "handbook", "--yes")["added"] == 2
    assert invoke_json("ingest", "--yes")["unchanged"] == 2
    record = invoke_json("documents", "show", "a.md")
    assert (record["source"], record["access"]) == ("handbook", ["group:staff"])


# --- documents ------------------------------------------------------------------------------------


def test_documents_list_has_every_document(base: Path) -> None:
    records = invoke_json("documents", "list")
    assert sorted(record["uri"] for record in records) == FILES
    for record in records:
        assert record.keys() >= RECORD
        assert record["status"] == "active"
        assert record["chunks"] > 0
        assert record["title"]
    private = [record for record in records if record["uri"].startswith("people-private/")]
    assert [record["access"] for record in private] == [["group:people-team"]] * 2


def test_a_document_is_shown_by_id_and_by_uri(base: Path) -> None:
    uri = "handbook/remote-work.md"
    record = invoke_json("documents", "show", uri)
    assert record.keys() >= RECORD
    assert "text" not in record
    assert invoke_json("documents", "show", record["id"]) == record
    shown = invoke_json("documents", "show", record["id"], "--text")
    assert shown["text"] == (SAMPLES / uri).read_text(encoding="utf-8")


def test_a_document_that_may_not_be_read_is_not_there(base: Path) -> None:
    uri = "people-private/salary-bands-2026.csv"
    denied = invoke("documents", "show", uri, "--as", TOR)
    unknown = invoke("documents", "show", "people-private/nothing.csv", "--as", TOR)
    assert denied.exit_code == unknown.exit_code == 2
    assert denied.output.replace(uri, "?") == unknown.output.replace(
        "people-private/nothing.csv", "?"
    )
    assert invoke_json("documents", "show", uri, "--as", INES)["uri"] == uri


def test_access_is_explained(base: Path) -> None:
    uri = "people-private/salary-bands-2026.csv"
    denied = invoke_json("documents", "explain-access", TOR, uri)
    allowed = invoke_json("documents", "explain-access", INES, uri)
    assert (denied["allowed"], allowed["allowed"]) == (False, True)
    assert "group:people-team" in denied["because"]
    assert "group:people-team" in allowed["because"]


def test_a_forgotten_document_is_gone_until_it_is_ingested_again(own_base: Path) -> None:
    uri = "runbooks/database-restore.pdf"
    assert uri in {hit["document"]["uri"] for hit in invoke_json("search", QUESTION)["hits"]}
    assert invoke_json("documents", "forget", uri)["uri"] == uri
    assert uri not in {hit["document"]["uri"] for hit in invoke_json("search", QUESTION)["hits"]}
    assert len(invoke_json("documents", "list")) == len(FILES) - 1
    assert invoke("documents", "show", uri).exit_code == 2
    assert invoke("index", "verify").exit_code == 0
    report = invoke_json("ingest", SAMPLES / uri, "--yes")
    assert (report["added"], report["removed"]) == (1, 0)
    assert invoke_json("search", QUESTION, "-k", "1")["hits"][0]["document"]["uri"] == uri


# --- search ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("top_k", [1, 5, 40, 1000])
@pytest.mark.parametrize(
    "query", [QUESTION, "Videoaufnahmen löschen", "gateway", "price of a gateway"]
)
def test_hits_quote_the_canonical_text_and_share_no_characters(
    base: Path, query: str, top_k: int
) -> None:
    found = invoke_json("search", query, "-k", str(top_k))
    assert found.keys() >= {"query", "hits", "took_ms"}
    assert found["query"] == query
    hits = found["hits"]
    assert 0 < len(hits) <= top_k
    assert [hit["rank"] for hit in hits] == list(range(1, len(hits) + 1))
    assert all(one["score"] >= other["score"] for one, other in pairwise(hits))
    texts = {hit["document"]["id"]: "" for hit in hits}
    texts = {doc_id: canonical(doc_id) for doc_id in texts}
    spans: dict[str, list[tuple[int, int]]] = {}
    for hit in hits:
        assert hit.keys() >= HIT
        assert hit["document"].keys() >= DOCUMENT
        assert hit["why"].keys() >= {"lexical_rank", "dense_rank"}
        assert hit["text"] == texts[hit["document"]["id"]][hit["start"] : hit["end"]]
        assert hit["text"].strip()
        spans.setdefault(hit["document"]["id"], []).append((hit["start"], hit["end"]))
    for taken in spans.values():
        assert all(one[1] <= other[0] for one, other in pairwise(sorted(taken)))


def test_a_filter_keeps_one_document(base: Path) -> None:
    uri = "runbooks/on-call.txt"
    hits = invoke_json("search", "who is on call", "--filter", f"uri={uri}", "-k", "3")["hits"]
    assert {hit["document"]["uri"] for hit in hits} == {uri}
    assert len(hits) == 3
    assert invoke_json("search", "x", "--filter", "uri=none")["hits"] == []


def test_a_batch_of_queries_is_a_line_each(base: Path, tmp_path: Path) -> None:
    batch = tmp_path / "queries.jsonl"
    rows = [
        {"id": "one", "query": QUESTION},
        {"id": 2, "query": "maximum salary in band B5", "as": TOR},
        {"id": 3, "query": "maximum salary in band B5", "as": INES},
    ]
    batch.write_text("\n".join(json.dumps(row) for row in rows) + "\n\n", encoding="utf-8")
    lines = json_lines(invoke("search", "--batch", batch, "-k", "4", "--json").stdout)
    assert [line["id"] for line in lines] == ["one", 2, 3]
    assert all(len(line["hits"]) <= 4 for line in lines)
    assert lines[0]["hits"] == invoke_json("search", QUESTION, "-k", "4")["hits"]
    private = [
        {hit["document"]["uri"] for hit in line["hits"] if "private" in hit["document"]["uri"]}
        for line in lines
    ]
    assert not private[1]
    assert "people-private/salary-bands-2026.csv" in private[2]
    piped = invoke("search", "--batch", "-", "-k", "4", stdin=batch.read_text(encoding="utf-8"))
    assert json_lines(piped.stdout) == lines


# --- ask ------------------------------------------------------------------------------------------


def check_answer(answer: dict[str, Any]) -> None:
    """Check the fields and offsets of one answer."""
    assert answer.keys() >= ANSWER
    assert answer["status"] in {"answered", "abstained", "error"}
    assert answer["usage"].keys() >= {"prompt_tokens", "completion_tokens", "cost_usd"}
    assert answer["timings_ms"].keys() >= {"embed", "retrieve", "generate", "check", "total"}
    markers = {citation["marker"] for citation in answer["citations"]}
    for claim in answer["claims"]:
        assert claim.keys() >= CLAIM
        assert claim["text"] == answer["answer"][claim["start"] : claim["end"]]
        assert claim["verdict"] in VERDICTS
        assert 0 <= claim["score"] <= 1
        assert set(claim["citations"]) <= markers
    for citation in answer["citations"]:
        assert citation.keys() >= CITATION
        assert citation["document"].keys() >= DOCUMENT
        text = canonical(citation["document"]["id"])
        assert citation["quote"] == text[citation["start"] : citation["end"]]
        assert citation["quote"].strip()


def test_an_answer_has_every_field_and_exact_citations(asking: Path) -> None:
    answer = invoke_json("ask", QUESTION)
    check_answer(answer)
    assert answer["status"] == "answered"
    assert answer["question"] == QUESTION
    assert answer["claims"]
    assert "runbooks/database-restore.pdf" in {
        citation["document"]["uri"] for citation in answer["citations"]
    }
    assert any(citation["page"] for citation in answer["citations"])
    assert answer["model"] == "extractive"
    assert answer["index_generation"] == invoke_json("index", "status")["generation"]


def test_an_abstention_says_what_was_searched_and_what_came_nearest(asking: Path) -> None:
    answer = invoke_json("ask", UNANSWERABLE)
    check_answer(answer)
    assert answer["status"] == "abstained"
    assert answer["claims"] == []
    assert len(answer["citations"]) <= 1, "at most the words that say whom to ask"
    assert f"{len(FILES)} documents" in answer["answer"]
    assert any(uri in answer["answer"] for uri in FILES)
    tor = invoke_json("ask", UNANSWERABLE, "--as", TOR)
    assert tor["status"] == "abstained"
    assert f"{len(FILES) - 2} documents" in tor["answer"]


def test_an_answer_is_printed_with_its_sources_for_people(asking: Path) -> None:
    answer = invoke_json("ask", QUESTION)
    for option in ("--stream", "--no-stream"):
        printed = invoke("ask", QUESTION, option)
        assert printed.exit_code == 0
        assert printed.stdout.lstrip().startswith(answer["answer"])
        assert "[1] " in printed.stdout
        assert "runbooks/database-restore.pdf" in printed.stdout


def test_a_conversation_goes_on(asking: Path) -> None:
    first = invoke_json("ask", "What is the hotel limit per night in Norway?")
    conversation = first["conversation_id"]
    second = invoke_json("ask", "And in Portugal?", "--conversation", conversation)
    check_answer(second)
    assert second["conversation_id"] == conversation
    assert second["answer_id"] != first["answer_id"]
    uris = {citation["document"]["uri"] for citation in second["citations"]}
    assert "handbook/travel-and-expenses.md" in uris


def test_a_conversation_of_someone_else_is_not_there(asking: Path) -> None:
    mine = invoke_json("ask", QUESTION, "--as", INES)["conversation_id"]
    theirs = invoke("ask", "And then?", "--conversation", mine, "--as", TOR)
    unknown = invoke("ask", "And then?", "--conversation", "zzz", "--as", TOR)
    assert theirs.exit_code == unknown.exit_code == 2
    assert theirs.output.replace(mine, "?") == unknown.output.replace("zzz", "?")


def test_a_batch_of_questions_is_an_answer_a_line(asking: Path, tmp_path: Path) -> None:
    batch = tmp_path / "questions.jsonl"
    history = [{"q": "What is the hotel limit per night in Norway?", "a": "170 EUR."}]
    rows = [
        {"id": "plain", "question": QUESTION},
        {"id": "follow-up", "question": "And in Portugal?", "history": history},
        {"id": "closed", "question": "What is the maximum salary in band B5?", "as": TOR},
        {"id": "open", "question": "What is the maximum salary in band B5?", "as": INES},
    ]
    batch.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    result = invoke("ask", "--batch", batch, "--json")
    assert result.exit_code == 0
    answers = {answer["id"]: answer for answer in json_lines(result.stdout)}
    assert list(answers) == [row["id"] for row in rows]
    for answer in answers.values():
        check_answer(answer)
    cited = {
        key: {citation["document"]["uri"] for citation in answer["citations"]}
        for key, answer in answers.items()
    }
    assert "runbooks/database-restore.pdf" in cited["plain"]
    assert "handbook/travel-and-expenses.md" in cited["follow-up"]
    assert not [uri for uri in cited["closed"] if uri.startswith("people-private/")]
    assert "people-private/salary-bands-2026.csv" in cited["open"]


# --- feedback -------------------------------------------------------------------------------------


def test_feedback_is_one_row_with_the_whole_trace(own_base: Path) -> None:
    answer = invoke_json("ask", QUESTION)
    options = ["--verdict", "bad", "--category", "wrong_fact", "--start", "0", "--end", "5"]
    comment = '=HYPERLINK("x"), "quoted"\nsecond line'
    given = invoke_json("feedback", "add", answer["answer_id"], *options, "--comment", comment)
    (row,) = invoke_json("feedback", "list")
    assert (row["id"], row["answer_id"]) == (given["id"], answer["answer_id"])
    assert (row["verdict"], row["category"], row["status"]) == ("bad", "wrong_fact", "new")
    assert row["selected_text"] == answer["answer"][:5]
    assert row["question"] == QUESTION
    assert row["snapshot"]["answer"]["text"] == answer["answer"]
    trace = row["snapshot"]["trace"]
    assert trace.keys() >= {"passages", "prompt_version", "model", "index_generation"}
    assert all(passage.keys() >= {"score", "text_sha256"} for passage in trace["passages"])

    (line,) = json_lines(invoke("feedback", "export", "--format", "jsonl").stdout)
    assert line == row
    (cells,) = csv.DictReader(io.StringIO(invoke("feedback", "export", "--format", "csv").stdout))
    assert cells["id"] == row["id"]
    assert cells["comment"] == f"'{comment}", "a spreadsheet must not run a comment"
    (score,) = json_lines(invoke("feedback", "export", "--format", "langfuse").stdout)
    assert score.keys() >= {"id", "traceId", "name", "value"}
    assert score["traceId"] == answer["trace_id"]


def test_a_changed_mind_replaces_the_verdict(own_base: Path) -> None:
    answer = invoke_json("ask", QUESTION)
    for verdict in ("bad", "good"):
        invoke_json("feedback", "add", answer["answer_id"], "--verdict", verdict)
    assert [row["verdict"] for row in invoke_json("feedback", "list")] == ["good"]
    assert invoke_json("feedback", "list", "--status", "closed") == []


def test_feedback_belongs_to_who_asked(own_base: Path) -> None:
    answer = invoke_json("ask", QUESTION, "--as", INES)["answer_id"]
    assert invoke("feedback", "add", answer, "--verdict", "good", "--as", TOR).exit_code == 2
    invoke_json("feedback", "add", answer, "--verdict", "good", "--as", INES)
    assert invoke_json("feedback", "list", "--as", TOR) == []
    assert len(invoke_json("feedback", "list", "--as", INES)) == 1
    assert len(invoke_json("feedback", "list")) == 1


@pytest.mark.parametrize("span", [("0",), ("5", "5"), ("-1", "3"), ("0", "99999")])
def test_a_span_outside_the_answer_is_refused(asking: Path, span: tuple[str, ...]) -> None:
    answer = invoke_json("ask", QUESTION)["answer_id"]
    options = [part for pair in zip(("--start", "--end"), span, strict=False) for part in pair]
    assert invoke("feedback", "add", answer, "--verdict", "bad", *options).exit_code == 2


# --- index, doctor --------------------------------------------------------------------------------


def test_index_status_counts_the_knowledge_base(base: Path) -> None:
    status = invoke_json("index", "status")
    records = invoke_json("documents", "list")
    assert (status["documents"], status["quarantined"]) == (len(FILES), 0)
    assert status["chunks"] == sum(record["chunks"] for record in records)
    assert "all-MiniLM-L6-v2" in status["embedder"]


def test_a_rebuilt_index_finds_the_same(own_base: Path) -> None:
    queries = [QUESTION, "Videoaufnahmen löschen", "price of the Skerry G2 satellite"]
    before = [invoke_json("search", query)["hits"] for query in queries]
    assert invoke_json("index", "verify")["ok"]
    chunks = invoke_json("index", "status")["chunks"]
    assert invoke_json("index", "rebuild")["chunks"] == chunks
    verified = invoke_json("index", "verify")
    assert verified.pop("ok")
    assert verified.pop("chunks") == chunks
    assert not any(verified.values()), verified
    assert [invoke_json("search", query)["hits"] for query in queries] == before


def test_an_index_that_lost_vectors_fails_its_check_and_is_rebuilt(own_base: Path) -> None:
    (own_base / "index" / "vectors" / "CURRENT").unlink()
    assert not invoke_json("index", "verify", code=1)["ok"]
    assert invoke_json("search", QUESTION)["hits"], "words are still searched"
    invoke_json("index", "rebuild")
    assert invoke_json("index", "verify")["ok"]


def test_doctor_is_content_with_a_good_installation(base: Path) -> None:
    findings = invoke_json("doctor")
    assert [finding for finding in findings if not finding["ok"]] == []
    assert all(finding["check"] and finding["detail"] for finding in findings)


def test_doctor_names_what_is_wrong_and_exits_2(
    own_base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_base.chmod(0o755)
    monkeypatch.setenv("FOOTNOTE_GROUPS_FILE", "no-groups.yaml")
    findings = {finding["check"]: finding for finding in invoke_json("doctor", code=2)}
    wrong = {check for check, finding in findings.items() if not finding["ok"]}
    assert wrong == {"permissions of files", "groups file"}
    assert "chmod" in findings["permissions of files"]["detail"]


# --- every command --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "args",
    [
        ("documents", "list"),
        ("documents", "show", "runbooks/on-call.txt", "--text"),
        ("documents", "explain-access", TOR, "runbooks/on-call.txt"),
        ("search", QUESTION),
        ("ask", QUESTION),
        ("feedback", "list"),
        ("feedback", "export"),
        ("index", "status"),
        ("index", "verify"),
        ("doctor",),
        ("ingest", str(SAMPLES), "--plan"),
    ],
    ids=lambda args: " ".join(args[:2]) if args[0] != "ingest" else "ingest --plan",
)
def test_json_is_one_value_and_people_get_lines(asking: Path, args: tuple[str, ...]) -> None:
    result = invoke(*args, "--json")
    assert result.exit_code == 0, result.output
    only_value(result.stdout)
    plain = invoke(*args)
    assert plain.exit_code == 0, plain.output
    assert "Traceback" not in plain.output


def test_the_script_beside_python_runs_every_command(asking: Path, model_cache: Path) -> None:
    env = child_env(asking, model_cache)
    asked = run_child("ask", QUESTION, "--json", env=env)
    assert asked.returncode == 0
    assert only_value(asked.stdout)["status"] == "answered"
    for line in asked.stderr.splitlines():
        assert QUESTION not in line, "question text was logged"
    helped = run_child("--help", env=env)
    assert helped.returncode == 0
    assert "ingest" in helped.stdout
    assert run_child("nonsense", env=env).returncode == 2


def test_an_unnamed_caller_is_who_the_setting_says(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_CLI_USER", TOR)
    assert len(invoke_json("documents", "list")) == len(FILES) - 2
    assert len(invoke_json("documents", "list", "--as", INES)) == len(FILES)


def test_logs_hold_no_question_text(own_base: Path, model_cache: Path) -> None:
    env = child_env(own_base, model_cache, FOOTNOTE_LOG_LEVEL="debug")
    done = run_child("ask", "Is the xylotheque open on Sunday?", "--json", env=env)
    assert "xylotheque" not in done.stderr
    with sqlite3.connect(own_base / "footnote.db") as connection:
        rows = connection.execute("SELECT count(*) FROM answers").fetchone()
    connection.close()
    assert rows == (1,), "every answer is kept"
