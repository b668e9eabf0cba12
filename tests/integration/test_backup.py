"""A backup is whole and consistent, comes back without embedding, and an archive from elsewhere does no harm."""

import hashlib
import io
import json
import shutil
import sqlite3
import stat
import tarfile
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from cli_harness import (
    child_env,
    invoke,
    invoke_json,
    refused,
    run_child,
    settings_of,
    write_files,
)
from second_model import second_model

from index.backup import CONTENTS
from index.database import DATABASE_NAME
from index.factory import open_catalogue
from index.generations import Generations

pytestmark = pytest.mark.integration

QUESTION = "when is the valve inspected"
FILES = {
    "valve.md": "# The valve\n\nThe valve is inspected every second week.\n",
    "pump.md": "# The pump\n\nThe pump is replaced after ten years.\n",
}


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """Two documents, ingested into this test's data folder."""
    folder = write_files(tmp_path / "docs", FILES)
    invoke_json("ingest", folder, "--yes")
    return folder


@pytest.fixture(scope="session")
def archive(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Path:
    """A backup of the two documents, made once; read only."""
    folder = tmp_path_factory.mktemp("backup")
    env = child_env(folder / "data", model_cache)
    docs = write_files(folder / "docs", FILES)
    for args in (["ingest", str(docs), "--yes"], ["index", "backup", str(folder / "backup.tar")]):
        assert run_child(*args, env=env).returncode == 0
    return folder / "backup.tar"


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """Another data folder; not created yet."""
    return tmp_path / "elsewhere"


def restored(archive: Path, folder: Path) -> None:
    invoke_json("index", "restore", archive, "--data-dir", folder)


def hits_of(folder: Path, question: str = QUESTION) -> list[tuple[str, float]]:
    found = invoke_json("search", question, "--data-dir", folder)["hits"]
    return [(hit["chunk_id"], hit["score"]) for hit in found]


# There and back


def test_a_restored_knowledge_base_answers_the_same_and_embeds_nothing(
    docs: Path, data_dir: Path, elsewhere: Path, tmp_path: Path
) -> None:
    archive = tmp_path / "backup.tar"
    invoke_json("index", "backup", archive)
    asked = invoke_json("ask", QUESTION)
    before = hits_of(data_dir)
    shutil.move(data_dir, f"{data_dir}.gone")
    made = invoke_json("index", "restore", archive, "--data-dir", elsewhere)
    assert (made["documents"], made["chunks"]) == (2, 2)
    assert hits_of(elsewhere) == before
    assert invoke_json("index", "verify", "--data-dir", elsewhere)["ok"]
    again = invoke_json("ask", QUESTION, "--data-dir", elsewhere)
    assert again["answer"] == asked["answer"]
    report = invoke_json("ingest", docs, "--yes", "--data-dir", elsewhere)
    assert (report["unchanged"], report["embedding_seconds"]) == (2, 0)


def test_a_backup_has_the_catalogue_and_what_it_says_of_it(archive: Path) -> None:
    with tarfile.open(archive) as tar:
        assert tar.getnames() == [CONTENTS, DATABASE_NAME]
        contents = json.loads(member(tar, CONTENTS))
        database = member(tar, DATABASE_NAME)
    (entry,) = contents["files"]
    assert entry["sha256"] == hashlib.sha256(database).hexdigest()
    assert entry["size"] == len(database)
    assert stat.S_IMODE(archive.stat().st_mode) == 0o600
    assert [path.name for path in archive.parent.glob("*backup.tar*")] == ["backup.tar"]


def test_a_backup_is_consistent_while_documents_are_written(
    docs: Path, data_dir: Path, model_cache: Path, tmp_path: Path
) -> None:
    catalogue = open_catalogue(settings_of(data_dir, model_cache))
    ended = threading.Event()

    def write() -> None:
        number = 0
        while not ended.is_set():
            # Two values that are always written together.
            number += 1
            catalogue.set_all_meta({"one": str(number), "two": str(number)})

    writing = threading.Thread(target=write)
    writing.start()
    try:
        files = [tmp_path / f"{number}.tar" for number in range(10)]
        for file in files:
            invoke_json("index", "backup", file)
    finally:
        ended.set()
        writing.join()
    values = [pair(file, tmp_path) for file in files]
    assert all(one == two for one, two in values)
    assert len(set(values)) > 1, "nothing was written meanwhile"


def pair(archive: Path, tmp_path: Path) -> tuple[str, str]:
    with tarfile.open(archive) as tar:
        path = tmp_path / "check.db"
        path.write_bytes(member(tar, DATABASE_NAME))
    with closing(sqlite3.connect(path)) as database:
        found = dict(database.execute("SELECT key, value FROM meta WHERE key IN ('one', 'two')"))
    return found.get("one", ""), found.get("two", "")


def test_generations_come_back_and_can_be_gone_back_to(
    docs: Path, tmp_path: Path, elsewhere: Path, data_dir: Path, model_cache: Path
) -> None:
    invoke_json("index", "reembed", "--model", second_model(tmp_path / "tiny"), "--switch")
    before = hits_of(data_dir)
    archive = tmp_path / "two.tar"
    invoke_json("index", "backup", archive)
    restored(archive, elsewhere)
    assert hits_of(elsewhere) == before
    assert Generations(open_catalogue(settings_of(elsewhere, model_cache))).previous is not None
    back = invoke_json("index", "rollback", "--data-dir", elsewhere)
    assert back["texts_without_vector"] == 0
    assert invoke_json("index", "verify", "--data-dir", elsewhere)["ok"]


# Refused


def test_nothing_is_overwritten(archive: Path, data_dir: Path, docs: Path, elsewhere: Path) -> None:
    content = archive.read_bytes()
    refused(invoke("index", "backup", archive), 2, "exists already")
    assert archive.read_bytes() == content
    said = refused(invoke("index", "restore", archive), 2, "is not empty", str(data_dir))
    assert DATABASE_NAME in said
    elsewhere.mkdir()
    (elsewhere / "holiday.jpg").write_bytes(b"mine")
    asked = ["index", "restore", str(archive), "--data-dir", str(elsewhere)]
    refused(invoke(*asked), 2, "'holiday.jpg' is there")
    assert sorted(path.name for path in elsewhere.iterdir()) == ["holiday.jpg", "writer.lock"]


def test_what_a_killed_restore_left_is_in_nobodys_way(archive: Path, elsewhere: Path) -> None:
    elsewhere.mkdir()
    (elsewhere / f"{DATABASE_NAME}.restoring").write_bytes(b"half")
    restored(archive, elsewhere)
    assert hits_of(elsewhere)


def test_a_backup_needs_a_knowledge_base_and_a_place(docs: Path, tmp_path: Path) -> None:
    asked = ["index", "backup", str(tmp_path / "b.tar"), "--data-dir", str(tmp_path / "none")]
    refused(invoke(*asked), 2, "There is no knowledge base")
    missing = tmp_path / "no" / "such" / "folder" / "b.tar"
    refused(invoke("index", "backup", missing), 2, "cannot be written", str(missing))


Change = Callable[[dict[str, bytes]], None]


def other_hash(parts: dict[str, bytes]) -> None:
    parts[DATABASE_NAME] = parts[DATABASE_NAME][:-1] + b"\1"


def no_database(parts: dict[str, bytes]) -> None:
    del parts[DATABASE_NAME]


def something_more(parts: dict[str, bytes]) -> None:
    parts["index/vectors/CURRENT"] = b"1"


def a_way_out(parts: dict[str, bytes]) -> None:
    parts[f"../{DATABASE_NAME}"] = parts.pop(DATABASE_NAME)


def another_format(parts: dict[str, bytes]) -> None:
    parts[CONTENTS] = parts[CONTENTS].replace(b'"format": 1', b'"format": 2')


def no_json(parts: dict[str, bytes]) -> None:
    parts[CONTENTS] = b"\x80\x04."


def too_deep(parts: dict[str, bytes]) -> None:
    parts[CONTENTS] = b"[" * 200_000


def larger_than_it_says(parts: dict[str, bytes]) -> None:
    contents = json.loads(parts[CONTENTS])
    contents["files"][0]["size"] = 10
    parts[CONTENTS] = json.dumps(contents).encode()


def sealed(parts: dict[str, bytes]) -> None:
    """Make the hash fit: what comes then is the database's own check."""
    contents = json.loads(parts[CONTENTS])
    database = parts[DATABASE_NAME]
    contents["files"][0]["size"] = len(database)
    contents["files"][0]["sha256"] = hashlib.sha256(database).hexdigest()
    parts[CONTENTS] = json.dumps(contents).encode()


def no_sqlite(parts: dict[str, bytes]) -> None:
    parts[DATABASE_NAME] = b"not a database at all" * 100
    sealed(parts)


def torn_pages(parts: dict[str, bytes]) -> None:
    database = bytearray(parts[DATABASE_NAME])
    database[8192:40960] = bytes(32768)
    parts[DATABASE_NAME] = bytes(database)
    sealed(parts)


def with_statements(*statements: str) -> Change:
    def change(parts: dict[str, bytes]) -> None:
        with closing(sqlite3.connect(":memory:")) as database:
            database.deserialize(parts[DATABASE_NAME])
            for statement in statements:
                database.execute(statement)
            database.commit()
            parts[DATABASE_NAME] = database.serialize()
        sealed(parts)

    return change


HARMFUL: dict[str, tuple[Change, str]] = {
    "other bytes": (other_hash, "is not what its"),
    "no database": (no_database, "has no 'footnote.db'"),
    "more files": (something_more, "more in it"),
    "a path out of the folder": (a_way_out, "'../footnote.db' where"),
    "another format": (another_format, "its format is 2"),
    "a pickle": (no_json, "cannot be read"),
    "brackets without end": (too_deep, "cannot be read"),
    "a database that is larger than it says": (larger_than_it_says, "where 'footnote.db' should"),
    "no database inside": (no_sqlite, "not a database"),
    "a damaged database": (torn_pages, "damaged"),
    "a trigger": (
        with_statements(
            "CREATE TRIGGER t AFTER INSERT ON documents BEGIN DELETE FROM documents; END"
        ),
        "has a trigger 't'",
    ),
    "a view": (with_statements("CREATE VIEW v AS SELECT * FROM documents"), "has a view 'v'"),
    "another table": (with_statements("CREATE TABLE more (a)"), "has a table 'more'"),
    "a newer schema": (
        with_statements("UPDATE alembic_version SET version_num = '9999'"),
        "a newer Footnote made it",
    ),
    "vectors of another size": (
        with_statements("UPDATE vectors SET vector = x'00'"),
        "have another size",
    ),
    "vectors elsewhere": (
        with_statements(
            """UPDATE meta SET value = replace(value, '"vectors": ""', '"vectors": "../../x"')"""
            " WHERE key = 'manifest'"
        ),
        "names its vectors '../../x'",
    ),
}


@pytest.mark.parametrize("name", HARMFUL)
def test_an_archive_that_is_no_backup_is_refused_in_a_sentence_and_leaves_nothing(
    name: str, archive: Path, elsewhere: Path, tmp_path: Path
) -> None:
    change, reason = HARMFUL[name]
    with tarfile.open(archive) as tar:
        parts = {each: member(tar, each) for each in tar.getnames()}
    change(parts)
    harmful = packed(tmp_path / "harmful.tar", parts)
    said = refused(invoke("index", "restore", harmful, "--data-dir", elsewhere), 2, reason)
    assert "harmful.tar" in said or "vectors" in said
    assert [path.name for path in elsewhere.iterdir()] == ["writer.lock"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["elsewhere", "harmful.tar"]


def test_a_link_in_an_archive_is_not_followed(
    archive: Path, elsewhere: Path, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_bytes(b"secret")
    for kind in (tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.DIRTYPE):
        info = tarfile.TarInfo(DATABASE_NAME)
        info.type, info.linkname = kind, str(secret)
        harmful = tmp_path / "links.tar"
        with tarfile.open(archive) as tar, tarfile.open(harmful, "w") as made:
            first = tarfile.TarInfo(CONTENTS)
            content = member(tar, CONTENTS)
            first.size = len(content)
            made.addfile(first, io.BytesIO(content))
            made.addfile(info)
        refused(invoke("index", "restore", harmful, "--data-dir", elsewhere), 2, "where")
    assert [path.name for path in elsewhere.iterdir()] == ["writer.lock"]


@pytest.mark.parametrize("cut", [0, 10, 700, 30_000])
def test_a_file_that_is_cut_short_is_refused(
    cut: int, archive: Path, elsewhere: Path, tmp_path: Path
) -> None:
    short = tmp_path / "short.tar"
    short.write_bytes(archive.read_bytes()[:cut])
    refused(invoke("index", "restore", short, "--data-dir", elsewhere), 2, "short.tar")
    assert [path.name for path in elsewhere.iterdir()] == ["writer.lock"]
    refused(invoke("index", "restore", tmp_path / "none.tar", "--data-dir", elsewhere), 2, "none")


def member(tar: tarfile.TarFile, name: str) -> bytes:
    file = tar.extractfile(name)
    assert file is not None
    return file.read()


def packed(path: Path, parts: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as tar:
        for name, content in parts.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path


def test_prompts_that_answers_name_come_back(
    docs: Path, data_dir: Path, elsewhere: Path, tmp_path: Path
) -> None:
    ingested = invoke("ingest", docs, "--yes", "--data-dir", data_dir)
    assert ingested.exit_code == 0, ingested.stderr
    text = "Be brief.\n"
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    kept = data_dir / "prompts"
    kept.mkdir()
    (kept / f"answer_system@{digest}.md").write_text(text, encoding="utf-8")
    (kept / "labels.json").write_text("{}\n", encoding="utf-8")
    (kept / ".new-half").write_text("x", encoding="utf-8")
    file = tmp_path / "prompts.tar"
    assert invoke_json("index", "backup", file, "--data-dir", data_dir)["prompts"] == 2
    restored(file, elsewhere)
    found = {path.name: path.read_text("utf-8") for path in (elsewhere / "prompts").iterdir()}
    assert found == {f"answer_system@{digest}.md": text, "labels.json": "{}\n"}


@pytest.mark.parametrize(
    "prompts",
    [["x"], {"../out.md": "x"}, {"answer_system@000000000000.md": "x"}, {"labels.json": 3}],
    ids=["no map", "a way out", "another text", "no text"],
)
def test_prompts_that_no_backup_has_are_refused(
    prompts: object, archive: Path, elsewhere: Path, tmp_path: Path
) -> None:
    with tarfile.open(archive) as tar:
        parts = {name: member(tar, name) for name in ("contents.json", "footnote.db")}
    contents = json.loads(parts["contents.json"])
    parts["contents.json"] = json.dumps(contents | {"prompts": prompts}).encode()
    bad = packed(tmp_path / "bad.tar", parts)
    refused(invoke("index", "restore", bad, "--data-dir", elsewhere), 2, "prompt")
    assert not list(elsewhere.rglob("*.md"))
