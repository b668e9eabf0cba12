"""Bad input: one clear sentence, the documented exit code, the rest goes through, nothing is lost."""

import functools
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import (
    SAMPLES,
    child_env,
    invoke,
    invoke_json,
    json_lines,
    lock_held_elsewhere,
    only_value,
    refused,
    run_child,
    samples_base,
    writable_copy,
    write_files,
)
from fpdf import FPDF

from index.database import SCHEMA_VERSION

pytestmark = pytest.mark.e2e

BACKUPS = "runbooks/database-restore.pdf"
QUESTION = "At what time does the nightly database backup start?"

# file name -> reason that the report must give
BAD_FILES = {
    "empty.md": "empty",
    "blank.txt": "empty",
    "program.md": "unsupported",
    "binary.csv": "unsupported",
    "slides.pptx": "corrupt",
    "drawing.dwg": "unsupported",
    "archive.zip": "corrupt",
    "locked.pdf": "encrypted",
    "cut.pdf": "corrupt",
    "not-a.docx": "corrupt",
    "invalid-utf8.md": "encoding",
    "huge.txt": "too_large",
}


@pytest.fixture
def base(model_cache: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The sample documents' data folder, read only; the commands use it."""
    data_dir = samples_base(model_cache)
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(data_dir))
    return data_dir


@pytest.fixture
def own_base(model_cache: Path, data_dir: Path) -> Path:
    """A copy of the sample documents' data folder that a test may break; the commands use it."""
    return writable_copy(samples_base(model_cache), data_dir)


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """A folder with one good document."""
    return write_files(
        tmp_path / "notes", {"good.md": "# Good\n\nThe zymurgy club meets on Friday.\n"}
    )


def pdf_bytes(password: str = "") -> bytes:
    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.multi_cell(0, 8, "The vault opens at noon. " * 40)
    if password:
        pdf.set_encryption(owner_password=f"{password}-owner", user_password=password)
    return bytes(pdf.output())


@functools.cache
def bad_folder(model_cache: Path) -> tuple[Path, Path, subprocess.CompletedProcess[str]]:
    """Ingest one good file among all bad ones, once: folder, data folder, and the run."""
    work = model_cache.parent / f"{model_cache.name}-bad-files"
    folder = write_files(
        work / "files", {"good.md": "# Good\n\nThe zymurgy club meets on Friday.\n"}
    )
    write_files(folder, {"empty.md": "", "blank.txt": " \n\n\t\n", "slides.pptx": "x"})
    (folder / "drawing.dwg").write_bytes(b"AC1027\x00\x00" + bytes(range(256)) * 8)
    (folder / "archive.zip").write_bytes(b"No archive.")
    (folder / "program.md").write_bytes(b"\x7fELF" + bytes(range(256)) * 4)
    (folder / "binary.csv").write_bytes(bytes(range(256)) * 40)
    (folder / "locked.pdf").write_bytes(pdf_bytes("secret"))
    (folder / "cut.pdf").write_bytes(pdf_bytes()[:700])
    (folder / "not-a.docx").write_bytes(b"PK\x03\x04" + b"\x07" * 500)
    (folder / "invalid-utf8.md").write_bytes(
        "# Größe\n\nÄpfel und Öl für ".encode() + b"\xff\xfe\xfa.\n"
    )
    with (folder / "huge.txt").open("wb") as file:
        file.truncate(100_000_000)
    (folder / "named-like-a-file.md").mkdir()
    (folder / "link.md").symlink_to(folder / "good.md")
    data_dir = work / "data"
    done = run_child("ingest", folder, "--yes", "--json", env=child_env(data_dir, model_cache))
    return folder, data_dir, done


@pytest.fixture
def bad(model_cache: Path) -> tuple[Path, Path, subprocess.CompletedProcess[str]]:
    return bad_folder(model_cache)


# --- files ----------------------------------------------------------------------------------------


def test_a_folder_with_bad_files_exits_1_and_takes_the_good_one(
    bad: tuple[Path, Path, subprocess.CompletedProcess[str]],
) -> None:
    _, data_dir, done = bad
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    report = only_value(done.stdout)
    assert report["added"] == 1
    assert {entry["uri"] for entry in report["quarantined"]} == set(BAD_FILES)
    assert {entry["uri"] for entry in report["skipped"]} == {"link.md"}
    hits = invoke_json("search", "zymurgy club", "--data-dir", data_dir)["hits"]
    assert [hit["document"]["uri"] for hit in hits] == ["good.md"]


@pytest.mark.parametrize(("uri", "reason"), BAD_FILES.items())
def test_a_bad_file_is_quarantined_with_its_reason(
    bad: tuple[Path, Path, subprocess.CompletedProcess[str]], uri: str, reason: str
) -> None:
    entries = {entry["uri"]: entry for entry in only_value(bad[2].stdout)["quarantined"]}
    assert entries[uri]["reason"] == reason
    assert entries[uri]["detail"]
    assert entries[uri]["hint"].endswith(".")


def test_bad_files_are_listed_as_quarantined_and_not_read_again(
    bad: tuple[Path, Path, subprocess.CompletedProcess[str]],
) -> None:
    folder, data_dir, _ = bad
    listed = invoke_json("documents", "list", "--status", "quarantined", "--data-dir", data_dir)
    assert {record["uri"]: record["reason"] for record in listed} == BAD_FILES
    again = invoke_json("ingest", folder, "--yes", "--data-dir", data_dir)
    assert (again["unchanged"], again["quarantined"]) == (1 + len(BAD_FILES), [])


def test_a_missing_path_is_named(base: Path) -> None:
    refused(invoke("ingest", "no/such/folder", "--yes"), 2, "no/such/folder")


def test_one_missing_path_among_good_ones_changes_nothing(notes: Path) -> None:
    refused(invoke("ingest", notes, "no/such/folder", "--yes"), 2, "no/such/folder")
    assert invoke_json("documents", "list") == []


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads files without permission")
def test_a_file_without_permission_is_quarantined_as_access(notes: Path, data_dir: Path) -> None:
    write_files(notes, {"closed.md": "# Closed\n\nNobody may read this.\n"})
    (notes / "closed.md").chmod(0)
    report = invoke_json("ingest", notes, "--yes", code=1)
    assert [entry["reason"] for entry in report["quarantined"]] == ["access"]


# --- questions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["", "   ", "\n\t"])
def test_an_empty_question_is_refused(base: Path, question: str) -> None:
    refused(invoke("ask", question), 2, "empty")
    refused(invoke("search", question), 2, "empty")


def test_a_question_of_50_000_characters_is_refused_with_the_limit(base: Path) -> None:
    refused(invoke("ask", "why " * 12_500), 2, "49,999", "4,000")


def test_a_query_of_50_000_characters_is_searched(base: Path) -> None:
    assert len(invoke_json("search", "database backup " * 3_125, "-k", "3")["hits"]) == 3


@pytest.mark.parametrize("command", ["ask", "search"])
def test_a_question_and_a_batch_at_once_or_neither_is_refused(base: Path, command: str) -> None:
    refused(invoke(command), 2, "--batch")
    refused(invoke(command, "hello", "--batch", "x.jsonl"), 2, "--batch")


def test_an_error_with_json_is_one_value_on_stdout(base: Path) -> None:
    result = invoke("ask", "", "--json")
    assert result.exit_code == 2
    assert "empty" in only_value(result.stdout)["error"]["message"]


def test_a_process_of_its_own_shows_the_same(base: Path, model_cache: Path) -> None:
    refused(run_child("ask", " ", env=child_env(base, model_cache)), 2, "empty")


@pytest.mark.parametrize(
    ("command", "field"), [("ask", "question"), ("search", "query")], ids=["ask", "search"]
)
@pytest.mark.parametrize(
    ("second", "named"),
    [("{oops", "Line 2"), ("[1]", "Line 2"), ('{"id": 2}', "Line 2"), ('"text"', "Line 2")],
)
def test_a_malformed_batch_names_the_line(
    base: Path, tmp_path: Path, command: str, field: str, second: str, named: str
) -> None:
    batch = tmp_path / "batch.jsonl"
    batch.write_text(f'{{"id": 1, "{field}": "backup"}}\n{second}\n', encoding="utf-8")
    result = invoke(command, "--batch", batch)
    refused(result, 2, named, "batch.jsonl")
    assert result.stdout == "", "a batch is checked before it is run"


@pytest.mark.parametrize("content", [None, b"\xff\xfe\x00"], ids=["missing", "not UTF-8"])
def test_an_unreadable_batch_is_named(base: Path, tmp_path: Path, content: bytes | None) -> None:
    batch = tmp_path / "batch.jsonl"
    if content is not None:
        batch.write_bytes(content)
    refused(invoke("search", "--batch", batch), 2, "batch.jsonl")


def test_a_question_that_cannot_be_asked_does_not_stop_its_batch(
    own_base: Path, tmp_path: Path
) -> None:
    rows = '{"id": "a", "question": ""}\n{"id": "b", "question": "hi", "history": [3]}\n'
    (tmp_path / "batch.jsonl").write_text(rows + f'{{"id": "c", "question": "{QUESTION}"}}\n')
    result = invoke("ask", "--batch", tmp_path / "batch.jsonl")
    assert result.exit_code == 0
    answers = {row["id"]: row for row in json_lines(result.stdout)}
    assert (answers["a"]["status"], answers["b"]["status"]) == ("error", "error")
    assert "empty" in answers["a"]["error"]
    assert answers["c"]["status"] == "answered"


@pytest.mark.parametrize(
    ("args", "named"),
    [
        (("ask", "hello", "--conversation", "zzz"), "zzz"),
        (("feedback", "add", "zzz", "--verdict", "bad"), "zzz"),
        (("documents", "show", "zzz"), "zzz"),
        (("documents", "forget", "zzz"), "zzz"),
        (("documents", "explain-access", "tor@brightwater.example", "zzz"), "zzz"),
        (("search", "x", "--filter", "nope"), "nope"),
        (("ask", "hello", "--model", "gpt-9"), "gpt-9"),
        (("search", "x", "-k", "0"), "-k"),
        (("feedback", "export", "--format", "xml"), "xml"),
    ],
)
def test_an_unknown_thing_is_named(base: Path, args: tuple[str, ...], named: str) -> None:
    refused(invoke(*args), 2, named)


# --- the data folder ------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["search", "ask", "documents", "index", "feedback"])
def test_no_knowledge_base_yet_says_what_to_do(data_dir: Path, command: str) -> None:
    arguments = {"documents": ["list"], "index": ["status"], "feedback": ["list"]}
    result = invoke(command, *arguments.get(command, ["hello"]))
    refused(result, 2, str(data_dir), "footnote ingest")
    assert not data_dir.exists(), "reading created a data folder"


def test_a_data_folder_that_is_a_file_is_named(
    notes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("x")
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "file"))
    refused(invoke("ingest", notes, "--yes"), 2, str(tmp_path / "file"))
    refused(invoke("search", "hello"), 2, str(tmp_path / "file"))
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "file" / "below"))
    refused(invoke("ingest", notes, "--yes"), 2, str(tmp_path / "file" / "below"))
    assert (tmp_path / "file").read_text() == "x"


def test_a_data_folder_of_a_newer_version_is_left_alone(own_base: Path, notes: Path) -> None:
    with sqlite3.connect(own_base / "footnote.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    for args in (("search", "x"), ("documents", "list"), ("ingest", str(notes), "--yes")):
        refused(invoke(*args), 2, str(own_base), "newer", "9999")
    with sqlite3.connect(own_base / "footnote.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (SCHEMA_VERSION,))
    connection.close()
    assert len(invoke_json("documents", "list")) == 23


@pytest.mark.parametrize("damage", ["junk", "cut"])
def test_a_damaged_catalogue_is_named(own_base: Path, damage: str) -> None:
    path = own_base / "footnote.db"
    path.write_bytes(b"junk" * 5000 if damage == "junk" else path.read_bytes()[:20_000])
    refused(invoke("documents", "list"), 2, str(own_base), "damaged")
    refused(invoke("search", "hello"), 2, str(own_base), "damaged")


def test_damaged_vectors_are_named_and_rebuilt(own_base: Path) -> None:
    before = invoke_json("search", QUESTION)["hits"]
    serial = (own_base / "index" / "vectors" / "CURRENT").read_text()
    vectors = own_base / "index" / "vectors" / f"segment-{serial}-0" / "vectors.f32"
    vectors.write_bytes(vectors.read_bytes()[:1000])
    refused(invoke("search", QUESTION), 2, "footnote index rebuild")
    assert invoke("index", "rebuild").exit_code == 0
    assert invoke_json("search", QUESTION)["hits"] == before


def test_a_full_disk_keeps_what_was_stored(
    tmp_path: Path, model_cache: Path, full_disk: Path
) -> None:
    data_dir = writable_copy(samples_base(model_cache), full_disk / "data")
    env = child_env(data_dir, model_cache)
    folder = write_files(tmp_path / "new", {f"{n}.md": _long_text(n) for n in range(12)})
    with (full_disk / "ballast").open("wb") as ballast:
        ballast.write(bytes(_free(full_disk) - 45_000))
    refused(run_child("ingest", folder, "--yes", env=env), 2, str(data_dir), "full")
    found = run_child("search", QUESTION, "--json", env=env)
    assert found.returncode == 0, found.stderr
    assert only_value(found.stdout)["hits"][0]["document"]["uri"] == BACKUPS
    (full_disk / "ballast").unlink()
    done = run_child("ingest", folder, "--yes", "--json", env=env)
    assert done.returncode == 0, done.stderr
    assert run_child("index", "verify", env=env).returncode == 0
    assert only_value(done.stdout)["added"] == 12


@pytest.fixture
def full_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 16 MB in memory."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=16m", "tmpfs", str(place)]
    try:
        done = subprocess.run(mount, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no mount command here")
    if done.returncode:
        pytest.skip(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    yield place
    subprocess.run(["umount", str(place)], check=True)


def _free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _long_text(number: int) -> str:
    sentences = " ".join(f"In room {number} stands chair number {i}." for i in range(100))
    return f"# Note {number}\n\n{sentences}\n"


def test_a_file_size_limit_is_one_sentence_and_loses_nothing(
    own_base: Path, tmp_path: Path, model_cache: Path
) -> None:
    folder = write_files(tmp_path / "new", {f"{n}.md": _long_text(n) for n in range(10)})
    env = child_env(own_base, model_cache)
    limited = run_child("ingest", folder, "--yes", env=env, prefix=["prlimit", "--fsize=100000"])
    refused(limited, 2, str(own_base))
    assert invoke_json("search", QUESTION, "-k", "1")["hits"][0]["document"]["uri"] == BACKUPS


def test_a_second_writer_is_refused_and_readers_go_on(own_base: Path, notes: Path) -> None:
    uri = "runbooks/on-call.txt"
    with lock_held_elsewhere(own_base) as holder:
        for args in (
            ("ingest", notes, "--yes"),
            ("documents", "forget", uri),
            ("index", "rebuild"),
        ):
            refused(invoke(*args), 2, f"process {holder}", str(own_base))
        assert len(invoke_json("documents", "list")) == 23
        assert invoke_json("search", QUESTION, "-k", "1")["hits"]
        assert invoke_json("ask", QUESTION)["status"] == "answered"
        assert invoke_json("ingest", notes, "--plan")["added"] == 1
    assert invoke_json("ingest", notes, "--yes")["added"] == 1


# --- configuration --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FOOTNOTE_STORE", "oracle"),
        ("FOOTNOTE_CHUNK__MAX_TOKENS", "many"),
        ("FOOTNOTE_CHUNK__MAX_TOKENS", "9999"),
        ("FOOTNOTE_CHUNK__NOPE", "1"),
        ("FOOTNOTE_CHUNK", "5"),
        ("FOOTNOTE_WEB__PORT", "99999"),
        ("FOOTNOTE_OFFLINE", "perhaps"),
        ("FOOTNOTE_LOG_LEVEL", "loud"),
        ("FOOTNOTE_RETRIEVAL__DENSE_WEIGHT", "2"),
    ],
)
def test_a_wrong_setting_is_named(
    base: Path, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    refused(invoke("documents", "list"), 2, name, value)


def test_a_wrong_llm_is_named(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_LLM", "gpt-9")
    refused(invoke("ask", "hello"), 2, "FOOTNOTE_LLM", "gpt-9")


def test_a_wrong_embedder_is_named(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "empty-model").mkdir()
    monkeypatch.setenv("FOOTNOTE_EMBEDDER", str(tmp_path / "empty-model"))
    refused(invoke("search", "hello"), 2, "empty-model", "FOOTNOTE_EMBEDDER")
    monkeypatch.setenv("FOOTNOTE_EMBEDDER", "nobody/no-such-model")
    refused(invoke("search", "hello"), 2, "nobody/no-such-model", "FOOTNOTE_EMBEDDER")


@pytest.mark.parametrize("access", ["nonsense", "group:", "user: ", "Everyone", "grp:hr"])
def test_a_principal_that_is_none_is_named(notes: Path, data_dir: Path, access: str) -> None:
    refused(invoke("ingest", notes, "--yes", "--access", access), 2, "--access", repr(access))
    assert not data_dir.exists()


@pytest.mark.parametrize("content", [None, "a: [b", "- a"])
def test_a_wrong_groups_file_lets_nobody_in(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str | None
) -> None:
    path = tmp_path / "groups.yaml"
    if content is not None:
        path.write_text(content)
    monkeypatch.setenv("FOOTNOTE_GROUPS_FILE", str(path))
    result = invoke("search", "salary bands", "--as", "ines@brightwater.example")
    refused(result, 2, "groups.yaml")
    assert result.stdout == ""


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (None, "sources.yaml"),
        ("", "sources.yaml"),
        ("- a\n", "sources.yaml"),
        ("handbook: [", "sources.yaml"),
        ("handbook: notes\n", "'handbook'"),
        ("handbook: {access: [everyone]}\n", "'handbook'"),
        ("handbook: {path: no-such-folder}\n", "no-such-folder"),
        ("handbook: {path: notes, access: everyone}\n", "'handbook'"),
        ("handbook: {path: notes, acess: [everyone]}\n", "acess"),
        ("handbook: {type: ftp, path: notes}\n", "ftp"),
        ("handbook: {path: notes, access: [nonsense]}\n", "nonsense"),
        ("other: {path: notes}\n", "'handbook'"),
    ],
)
def test_a_wrong_sources_file_is_named(
    notes: Path, data_dir: Path, tmp_path: Path, content: str | None, named: str
) -> None:
    if content is not None:
        (tmp_path / "sources.yaml").write_text(content)
    refused(invoke("ingest", "--source", "handbook", "--yes"), 2, named)


def test_a_source_and_a_path_at_once_is_refused(notes: Path) -> None:
    refused(invoke("ingest", notes, "--source", "handbook", "--yes"), 2, "--source")


@pytest.mark.parametrize(
    "rule",
    [
        "",
        "[",
        "access:",
        "access: []",
        "access: hr",
        "access: [hr]",
        "acces: [group:hr]",
        "- group:hr",
    ],
)
def test_a_wrong_access_rule_closes_what_it_stands_for(
    notes: Path, data_dir: Path, rule: str
) -> None:
    write_files(notes, {"closed/secret.md": "# Secret\n\nThe xylophone, only for few.\n"})
    (notes / "closed" / ".footnote.yaml").write_text(rule)
    report = invoke_json("ingest", notes, "--yes", "--access", "everyone")
    assert report["added"] == 2
    named, closed = report["warnings"]
    assert str(notes / "closed" / ".footnote.yaml") in named
    assert "closed/secret.md" in closed
    assert invoke_json("documents", "show", "closed/secret.md")["access"] == []
    records = invoke_json("documents", "list", "--as", "tor@brightwater.example")
    assert [record["uri"] for record in records] == ["good.md"]
    hits = invoke_json("search", "xylophone", "--as", "tor@brightwater.example")["hits"]
    assert not [hit for hit in hits if "xylophone" in hit["text"]]
    assert invoke_json("search", "xylophone")["hits"][0]["document"]["uri"] == "closed/secret.md"


def test_a_rule_that_becomes_wrong_closes_its_documents_until_it_is_mended(
    own_base: Path, tmp_path: Path
) -> None:
    tor = "tor@brightwater.example"
    folder = write_files(
        tmp_path / "docs",
        {"a.md": "# A\n\nThe secret xylophone.\n", ".footnote.yaml": f"access: ['user:{tor}']"},
    )

    def found() -> set[str]:
        hits = invoke_json("search", "xylophone", "--as", tor)["hits"]
        return {hit["document"]["uri"] for hit in hits if "xylophone" in hit["text"]}

    assert invoke_json("ingest", folder, "--yes")["added"] == 1
    assert found() == {"a.md"}
    write_files(
        folder, {".footnote.yaml": "access: nonsense", "b.md": "# B\n\nThe xylophone too.\n"}
    )
    assert invoke_json("ingest", folder, "--yes")["warnings"]
    assert found() == set()
    write_files(folder, {".footnote.yaml": f"access: ['user:{tor}']"})
    assert invoke_json("ingest", folder, "--yes")["warnings"] == []
    assert found() == {"a.md", "b.md"}


def test_removals_need_a_yes_where_nobody_can_be_asked(own_base: Path, tmp_path: Path) -> None:
    folder = write_files(tmp_path / "docs", {"a.md": "# A\n\nOne.\n", "b.md": "# B\n\nTwo.\n"})
    assert invoke_json("ingest", folder)["added"] == 2
    (folder / "b.md").unlink()
    refused(invoke("ingest", folder), 2, "--yes", "1 document")
    assert invoke_json("documents", "show", "b.md")["status"] == "active"


def test_samples_are_untouched() -> None:
    assert len([path for path in SAMPLES.rglob("*.*") if path.is_file()]) == 24
