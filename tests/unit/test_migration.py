"""A data folder of the first schema becomes one of the newest: nothing is lost, nothing is read again."""

import json
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import create_engine, text

import index.migrations
from core.documents import SourceItem, content_version, document_id
from index.acronyms import Acronym
from index.catalogue import Catalogue
from index.database import DATABASE_NAME, SCHEMA_VERSION, open_database
from index.publication import Publisher, words_are_current
from index.stores.embedded_store import EmbeddedWriter
from index.vocabulary import Vocabulary
from ingest.planning import make_plan
from ingest.run_history import RunHistory
from ingest.sources.folder import FolderSource
from ingest.spool import Spool

FILES = {
    "a.md": "An abacus, and paid time off (PTO).",
    "hr/b.md": "A bassoon.",
    "hr/bad.pdf": "Junk.",
}
ACCESS = {
    "a.md": ["everyone"],
    "hr/b.md": ["group:hr", "user:ann@x.org"],
    "hr/bad.pdf": ["group:hr"],
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for uri, content in FILES.items():
        path = tmp_path / "docs" / uri
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    return tmp_path / "docs"


@pytest.fixture
def first_schema(folder: Path, data_dir: Path) -> Path:
    """A data folder as version 0001 left it after it ingested the folder."""
    data_dir.mkdir()
    engine = create_engine(f"sqlite:///{data_dir / DATABASE_NAME}")
    config = Config()
    config.set_main_option("script_location", str(next(iter(index.migrations.__path__))))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
    with engine.begin() as connection:
        connection.execute(
            text("INSERT INTO meta VALUES ('generation', '3'), ('next_chunk_no', '3')")
        )
        for number, uri in enumerate(FILES, start=1):
            status = (folder / uri).stat()
            connection.execute(text(_INSERT_DOCUMENT), _row(folder, uri))
            if not uri.endswith("pdf"):
                connection.execute(text(_INSERT_CHUNK), _chunk(number, folder, uri))
            assert status.st_mtime_ns > 0
        connection.execute(text("INSERT INTO vectors VALUES ('hash1', 'model', x'00000000')"))
    engine.dispose()
    return data_dir


_INSERT_DOCUMENT = """
INSERT INTO documents VALUES (
    :doc_id, :source, :uri, 'Title', :version, :access, :text, '[]', :status, :reason, '',
    '2026-01-02T03:04:05+00:00', :size, :mtime_ns, :version
)"""
_INSERT_CHUNK = """
INSERT INTO chunks VALUES (:number, :chunk_id, :doc_id, 0, 0, 5, 'Words', 'Words', :hash, '[]', NULL)"""


def _row(folder: Path, uri: str) -> dict[str, object]:
    status = (folder / uri).stat()
    bad = uri.endswith("pdf")
    return {
        "doc_id": document_id(str(folder), uri),
        "source": str(folder),
        "uri": uri,
        "version": content_version((folder / uri).read_bytes()),
        "access": json.dumps(ACCESS[uri]),
        "text": FILES[uri],
        "status": "quarantined" if bad else "active",
        "reason": "corrupt" if bad else "",
        "size": status.st_size,
        "mtime_ns": status.st_mtime_ns,
    }


def _chunk(number: int, folder: Path, uri: str) -> dict[str, object]:
    doc_id = document_id(str(folder), uri)
    return {
        "number": number,
        "chunk_id": f"chunk{number}",
        "doc_id": doc_id,
        "hash": f"hash{number}",
    }


def opened(data_dir: Path) -> Catalogue:
    return Catalogue(open_database(data_dir), data_dir)


def unread(item: SourceItem) -> str:
    raise AssertionError(f"{item.uri} was read")


def test_every_document_is_as_it_was(folder: Path, first_schema: Path) -> None:
    catalogue = opened(first_schema)
    records = {record.uri: record for record in catalogue.list_documents()}
    assert records.keys() == FILES.keys()
    for uri, record in records.items():
        row = _row(folder, uri)
        assert record.doc_id == row["doc_id"]
        assert (record.version, list(record.access)) == (row["version"], ACCESS[uri])
        assert (record.status, record.reason) == (row["status"], row["reason"])
        assert (record.duplicate_of, dict(record.metadata)) == ("", {})
        assert catalogue.document_text(record.doc_id)[0] == FILES[uri]
    assert catalogue.chunk_numbers() == {1, 2}
    assert catalogue.missing_vectors("model") == ["hash2"]
    assert catalogue.generation() == 3
    catalogue.engine.dispose()


def test_the_next_run_reads_nothing_again(folder: Path, first_schema: Path) -> None:
    catalogue = opened(first_schema)
    source = FolderSource(str(folder), folder, None)
    known = catalogue.known_documents(source.name)
    assert {uri: list(entry.seen_access) for uri, entry in known.items()} == ACCESS
    made = make_plan(source, source.list({}, Spool(first_schema)), known, (), unread)
    assert {step.uri: step.action for step in made.steps} == dict.fromkeys(FILES, "unchanged")
    assert made.touched == ()
    catalogue.engine.dispose()


def test_a_file_that_changed_since_is_read(folder: Path, first_schema: Path) -> None:
    (folder / "a.md").write_text("An accordion.")
    catalogue = opened(first_schema)
    source = FolderSource(str(folder), folder, None)
    known = catalogue.known_documents(source.name)
    made = make_plan(source, source.list({}, Spool(first_schema)), known, (), lambda _: "new")
    assert [step.uri for step in made.of("changed")] == ["a.md"]
    catalogue.engine.dispose()


def test_what_is_new_in_the_second_schema_is_there_and_empty(first_schema: Path) -> None:
    catalogue = opened(first_schema)
    assert catalogue.containers("docs") == {}
    assert catalogue.signatures() == {}
    history = RunHistory(catalogue)
    assert history.list() == []
    history.start(["docs"])
    assert len(history.list()) == 1
    catalogue.engine.dispose()


def test_what_is_new_in_the_third_schema_is_empty_until_the_words_are_made_again(
    first_schema: Path,
) -> None:
    catalogue = opened(first_schema)
    assert not words_are_current(catalogue), "its word index is another version's"
    assert {row.terms for row in catalogue.candidate_rows([1, 2]).values()} == {""}
    assert catalogue.acronyms_among(["pto"]) == []
    vocabulary = Vocabulary(catalogue.engine, first_schema)
    assert vocabulary.size()[0] == 0
    publisher = Publisher(catalogue, EmbeddedWriter(first_schema / "index"), "model", 1)
    assert publisher.rebuild() == 2
    publisher.finish()
    assert words_are_current(catalogue)
    assert {row.terms for row in catalogue.candidate_rows([1, 2]).values()} == {
        "a word",
        "hr b word",
    }
    assert vocabulary.size() == (2, 2.5)
    assert catalogue.acronyms_among(["pto"]) == [
        (Acronym("pto", "paid time off"), ("everyone",)),
    ]
    catalogue.engine.dispose()


def test_a_migrated_folder_has_the_schema_of_a_new_one(first_schema: Path, tmp_path: Path) -> None:
    def columns(data_dir: Path) -> dict[str, set[tuple[object, ...]]]:
        engine = open_database(data_dir)
        with engine.connect() as connection:
            names = connection.execute(text("SELECT name FROM sqlite_master WHERE type = 'table'"))
            found = {
                name: {
                    tuple(row)[1:] for row in connection.execute(text(f"PRAGMA table_info({name})"))
                }
                for name in names.scalars()
            }
            version = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        engine.dispose()
        assert version == SCHEMA_VERSION
        return found

    assert columns(first_schema) == columns(tmp_path / "new")


def test_opening_again_changes_nothing(first_schema: Path) -> None:
    opened(first_schema).engine.dispose()
    catalogue = opened(first_schema)
    assert len(catalogue.list_documents()) == len(FILES)
    catalogue.engine.dispose()
