"""What only Qdrant can get wrong: what is said over HTTP, errors as sentences, keys, generations, BM25."""

import json
import logging
import math
import subprocess
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from qdrant_http import Answer, HttpServer, Request, StandIn, said

from core.answers import Caller
from core.errors import (
    ConfigError,
    DataFolderError,
    FolderBusy,
    FootnoteError,
    IndexMismatch,
    ServiceUnavailable,
)
from core.search import FloatMatrix, IndexEntry, StoreQuery, VectorBatch
from index.stores import qdrant_writer
from index.stores.qdrant_connection import QdrantConnection
from index.stores.qdrant_store import QdrantStore
from index.stores.qdrant_words import chunk_words, dimension
from index.stores.qdrant_writer import QdrantWriter

pytestmark = pytest.mark.integration

DIM = 4
KEY = "s3cret-full-key"
READ_ONLY = "s3cret-reading-key"
ADMIN = Caller("admin", frozenset(), is_admin=True)
ANN = Caller("ann", frozenset({"everyone", "user:ann"}))
NOBODY = Caller("nobody", frozenset())


def unit(*parts: float) -> FloatMatrix:
    row = np.zeros((1, DIM), np.float32)
    row[0, : len(parts)] = parts
    return np.asarray(row / np.linalg.norm(row), np.float32)


def entry(number: int, text: str, access: tuple[str, ...] = ("everyone",)) -> IndexEntry:
    return IndexEntry(number, f"doc{number}", text.split(), [], access)


def batch(number: int, vector: FloatMatrix, access: tuple[str, ...] = ("everyone",)) -> VectorBatch:
    return VectorBatch(np.array([number], np.int64), vector, [f"doc{number}"], [access])


QUERY = StoreQuery(unit(1), {"secretword": 1.0})


@pytest.fixture
def stand_in() -> Iterator[StandIn]:
    server = StandIn(KEY, READ_ONLY)
    yield server
    server.close()


@pytest.fixture
def connect(stand_in: StandIn) -> Iterator[Callable[..., QdrantConnection]]:
    """Open connections to the stand-in, with the full key unless told."""
    opened: list[QdrantConnection] = []

    def one(key: str = KEY, dim: int = DIM) -> QdrantConnection:
        opened.append(QdrantConnection(url=stand_in.url, api_key=key, dim=dim))
        return opened[-1]

    yield one
    for connection in opened:
        connection.close()


@pytest.fixture
def connection(connect: Callable[..., QdrantConnection]) -> QdrantConnection:
    return connect()


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], HttpServer]]:
    servers: list[HttpServer] = []

    def one(answer: Answer) -> HttpServer:
        servers.append(HttpServer(answer))
        return servers[-1]

    yield one
    for server in servers:
        server.close()


# What is said over HTTP


def test_a_search_is_one_request_and_each_part_of_it_carries_the_filter(
    stand_in: StandIn, connection: QdrantConnection
) -> None:
    QdrantWriter(connection).publish([batch(1, unit(1))], "e", DIM)
    store = QdrantStore(connection)
    stand_in.requests.clear()
    asked = StoreQuery(
        unit(1), {"valve": 1.0}, {}, (("red", "valve"),), frozenset({"doc1", "doc2"})
    )
    store.search(asked, ANN, 10)
    [request] = stand_in.requests
    assert request.path.startswith("/collections/footnote/points/query/batch")
    searches = request.body["searches"]
    assert len(searches) == 3
    for search in [*searches, *searches[2]["prefetch"]]:
        keys = {condition["key"]: condition["match"] for condition in search["filter"]["must"]}
        assert keys["access"] == {"any": ["everyone", "user:ann"]}
        assert keys["doc_id"] == {"any": ["doc1", "doc2"]}
        assert keys["phrases"] == {"phrase": f"{dimension('red'):08x} {dimension('valve'):08x}"}
        assert not search.get("with_payload")


def test_nothing_is_asked_where_the_conditions_allow_nothing(
    stand_in: StandIn, connection: QdrantConnection
) -> None:
    store = QdrantStore(connection)
    stand_in.requests.clear()
    store.search(QUERY, NOBODY, 10)
    store.search(StoreQuery(unit(1), {"valve": 1.0}, doc_ids=frozenset()), ADMIN, 10)
    store.search(QUERY, ADMIN, 0)
    assert stand_in.requests == []


def test_every_write_waits_until_it_is_stored(
    stand_in: StandIn, connection: QdrantConnection
) -> None:
    writer = QdrantWriter(connection)
    writer.add([entry(1, "valve"), entry(2, "valve")])
    writer.commit()
    writer.publish([batch(1, unit(1)), batch(7, unit(1))], "e", DIM)
    writer.remove([2])
    writer.commit()
    writes = [r for r in stand_in.requests if r.method == "PUT" or r.parts[-1] == "delete"]
    about_points = [r for r in writes if "points" in r.parts or "index" in r.parts]
    assert (
        len(about_points) == 7
    )  # 3 indexes, words, a vector, a point of a vector alone, a removal
    assert [r.path for r in about_points if "wait=true" not in r.path] == []


def test_a_collection_has_indexes_on_what_searches_filter_by(
    stand_in: StandIn, connection: QdrantConnection
) -> None:
    writer = QdrantWriter(connection)
    writer.add([entry(1, "valve")])
    writer.commit()
    made = [r.body for r in stand_in.requests if r.parts[-1] == "index"]
    assert {body["field_name"]: body["field_schema"]["type"] for body in made} == {
        "access": "keyword",
        "doc_id": "keyword",
        "phrases": "text",
    }
    assert next(b for b in made if b["field_name"] == "phrases")["field_schema"]["phrase_matching"]


def test_no_text_of_a_document_is_sent(stand_in: StandIn, connection: QdrantConnection) -> None:
    writer = QdrantWriter(connection)
    writer.add([IndexEntry(1, "doc1", ["turbine", "blueprint"], ["quarterly"], ["everyone"])])
    writer.commit()
    QdrantStore(connection).search(QUERY, ANN, 5)
    sent = json.dumps([r.body for r in stand_in.requests])
    assert "doc1" in sent
    assert [w for w in ("turbine", "blueprint", "quarterly", "secretword") if w in sent] == []


def test_a_refresh_asks_nothing_while_the_manifest_is_fresh(
    stand_in: StandIn, connection: QdrantConnection
) -> None:
    store = QdrantStore(connection)
    assert store.refresh() is False
    QdrantWriter(connection).publish([batch(1, unit(1))], "e", DIM)
    assert store.refresh() is True
    assert store.embedder == "e"
    stand_in.requests.clear()
    assert store.refresh() is False
    assert stand_in.requests == []


def test_opening_a_connection_asks_nothing(
    stand_in: StandIn, connect: Callable[..., QdrantConnection]
) -> None:
    connect()
    time.sleep(0.1)
    assert stand_in.requests == []


def test_proxies_of_the_environment_are_not_used(
    stand_in: StandIn, connection: QdrantConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    again = QdrantConnection(url=stand_in.url, api_key=KEY, dim=DIM)
    try:
        assert again.manifest() is None
    finally:
        again.close()


# Errors as sentences


def ok_manifest(request: Request) -> bool:
    return request.method == "GET" and request.parts[0] == "collections"


def search_with(connection: QdrantConnection) -> None:
    QdrantStore(connection).search(QUERY, ANN, 5)


def write_with(connection: QdrantConnection) -> None:
    writer = QdrantWriter(connection)
    writer.add([entry(1, "secretword")])
    writer.commit()


def fails(action: Callable[[QdrantConnection], None], url: str, key: str = KEY) -> FootnoteError:
    connection = QdrantConnection(url=url, api_key=key, dim=DIM, timeout_s=1)
    try:
        with pytest.raises(FootnoteError) as caught:
            action(connection)
    finally:
        connection.close()
    return caught.value


FAILURES: dict[str, tuple[tuple[int, bytes], str]] = {
    "500": ((500, b"panic"), "failed (HTTP 500). Look at its log"),
    "503": ((503, b""), "failed (HTTP 503)"),
    "401": (
        (401, b"Invalid API key or JWT"),
        "refuses the key (HTTP 401). Set FOOTNOTE_QDRANT__API_KEY",
    ),
    "429": ((429, said(429, "rate")[1]), "asked too much at once"),
    "garbage": ((200, b"<html>it works</html>"), "is not Qdrant"),
    "other JSON": ((200, b'{"hello": 1}'), "is not Qdrant"),
    "a page that is missing": ((404, b"<html>no such page</html>"), "is not Qdrant"),
    "a redirection": ((302, b""), "is not Qdrant"),
    "a full disk": ((500, said(500, "No space left on device")[1]), "disk of Qdrant"),
}


@pytest.mark.parametrize("action", [search_with, write_with])
@pytest.mark.parametrize("name", FAILURES)
def test_what_a_server_may_answer_becomes_a_sentence_that_names_the_url(
    name: str,
    action: Callable[[QdrantConnection], None],
    serve: Callable[[Answer], HttpServer],
    caplog: pytest.LogCaptureFixture,
) -> None:
    answer, sentence = FAILURES[name]
    server = serve(lambda _: answer)
    caplog.set_level(logging.DEBUG)
    error = fails(action, server.url)
    assert isinstance(error, ServiceUnavailable)
    assert error.exit_code == 3
    assert sentence in str(error)
    assert server.url in str(error)
    assert server.requests[0].key == KEY
    for text in (str(error), repr(error), caplog.text):
        assert "s3cret" not in text
        assert "secretword" not in text


@pytest.mark.parametrize("action", [search_with, write_with])
def test_a_server_that_is_not_there_is_named(action: Callable[[QdrantConnection], None]) -> None:
    error = fails(action, "http://127.0.0.1:9")
    assert isinstance(error, ServiceUnavailable)
    assert "'http://127.0.0.1:9' cannot be reached. Start it" in str(error)


def test_a_server_that_is_too_slow_is_given_up(serve: Callable[[Answer], HttpServer]) -> None:
    def slow(_: Request) -> tuple[int, bytes]:
        time.sleep(1.5)
        return 200, b"{}"

    server = serve(slow)
    error = fails(search_with, server.url)
    assert isinstance(error, ServiceUnavailable)
    assert f"{server.url!r} did not answer within 1 seconds" in str(error)
    assert len(server.requests) == 1


def test_a_connection_that_breaks_is_tried_again_by_reads_and_not_by_writes(
    serve: Callable[[Answer], HttpServer],
) -> None:
    server = serve(lambda _: None)
    assert "cannot be reached" in str(fails(search_with, server.url))
    assert len(server.requests) == 2
    connection = QdrantConnection(url=server.url, dim=DIM)
    server.requests.clear()
    with pytest.raises(ServiceUnavailable):
        connection.write(lambda client: client.delete_collection("x"))
    assert len(server.requests) == 1
    connection.close()


def test_a_read_that_breaks_once_succeeds(
    stand_in: StandIn, serve: Callable[[Answer], HttpServer]
) -> None:
    answers = iter([None, (404, said(404, "Not found: Collection `footnote` doesn't exist!")[1])])
    server = serve(lambda _: next(answers))
    connection = QdrantConnection(url=server.url, dim=DIM)
    assert connection.manifest() is None
    connection.close()


def test_a_read_only_key_reads_and_is_told_that_it_cannot_write(
    connection: QdrantConnection, connect: Callable[..., QdrantConnection], stand_in: StandIn
) -> None:
    writer = QdrantWriter(connection)
    writer.add([entry(1, "valve")])
    writer.publish([batch(1, unit(1))], "e", DIM)
    writer.commit()
    reading = connect(READ_ONLY)
    found = QdrantStore(reading).search(StoreQuery(unit(1), {"valve": 1.0}), ANN, 5)
    assert set(found.lexical) == set(found.dense) == {1}
    assert set(QdrantStore(reading).cosines(unit(1), [1])) == {1}
    assert QdrantWriter(reading).word_numbers() == {1}
    error = fails(write_with, stand_in.url, READ_ONLY)
    assert isinstance(error, ServiceUnavailable)
    assert "does not let this key write: it may be a read-only key" in str(error)
    assert "s3cret" not in str(error)


def test_a_wrong_key_finds_nothing_and_says_so(stand_in: StandIn) -> None:
    assert "refuses the key" in str(fails(search_with, stand_in.url, "wrong-s3cret"))


def test_the_key_is_in_no_representation_and_no_warning(stand_in: StandIn) -> None:
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        connection = QdrantConnection(url=stand_in.url, api_key=KEY, dim=DIM)
    assert warned == []
    assert "s3cret" not in repr(connection) + str(vars(connection))
    connection.close()


def test_a_url_is_shown_without_its_password(serve: Callable[[Answer], HttpServer]) -> None:
    server = serve(lambda _: (500, b""))
    url = server.url.replace("http://", "http://ann:s3cret@")
    assert "s3cret" not in str(fails(search_with, url))


@pytest.mark.parametrize("url", ["", "qdrant", "ftp://q:6333", "http://", "http://q:port"])
def test_a_url_that_cannot_be_used_is_refused(url: str) -> None:
    with pytest.raises(ConfigError, match="FOOTNOTE_QDRANT__URL"):
        QdrantConnection(url=url, dim=DIM)


@pytest.mark.parametrize("key", ["s3cret\n", "s3cret\nX-Other: 1", "s3 cret", "s3crét"])
def test_a_key_that_cannot_be_sent_is_refused_and_not_shown(key: str) -> None:
    with pytest.raises(ConfigError, match="FOOTNOTE_QDRANT__API_KEY") as caught:
        QdrantConnection(url="http://127.0.0.1:9", api_key=key, dim=DIM)
    assert "s3" not in str(caught.value)


def test_a_fault_of_the_program_is_not_blamed_on_the_server(connection: QdrantConnection) -> None:
    with pytest.raises(ZeroDivisionError):
        connection.read(lambda _: 1 / 0)


@pytest.mark.parametrize("prefix", ["", "a/b", "a b", "x" * 101])
def test_a_name_that_cannot_be_used_is_refused(prefix: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="collection"):
        QdrantConnection(path=tmp_path, prefix=prefix, dim=DIM)


def test_a_local_folder_is_for_one_process(tmp_path: Path) -> None:
    connection = QdrantConnection(path=tmp_path / "q", dim=DIM)
    code = (
        "import sys; from pathlib import Path\n"
        "from index.stores.qdrant_connection import QdrantConnection\n"
        "try: QdrantConnection(path=Path(sys.argv[1]), dim=4)\n"
        "except Exception as error: print(type(error).__name__, error)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "q")]
    root = Path(__file__).resolve().parents[2]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=root)
    assert done.stdout.startswith(FolderBusy.__name__)
    assert "Local mode is for one process" in done.stdout
    connection.close()
    QdrantConnection(path=tmp_path / "q", dim=DIM).close()


def test_a_damaged_local_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "meta.json").write_text("{", encoding="utf-8")
    with pytest.raises(DataFolderError, match="may be damaged"):
        QdrantConnection(path=tmp_path, dim=DIM)


# What does not fit


def test_vectors_of_another_size_are_refused(
    connection: QdrantConnection, connect: Callable[..., QdrantConnection]
) -> None:
    writer = QdrantWriter(connection)
    writer.publish([batch(1, unit(1))], "e", DIM)
    with pytest.raises(IndexMismatch, match=r"have 4 numbers.*have 8.*`footnote index reembed`"):
        QdrantStore(connect(dim=8))
    with pytest.raises(IndexMismatch, match="footnote index reembed"):
        writer.publish([], "e", 8)


def test_vectors_of_another_embedder_are_refused(connection: QdrantConnection) -> None:
    writer = QdrantWriter(connection)
    writer.publish([], "first", DIM)
    writer.publish([batch(1, unit(1))], "second", DIM)
    with pytest.raises(IndexMismatch, match=r"'second'.*'third'.*footnote index reembed"):
        writer.publish([batch(2, unit(1))], "third", DIM)
    assert writer.vector_numbers() == {1}


def test_a_collection_that_is_not_footnotes_is_refused(connection: QdrantConnection) -> None:
    from qdrant_client import models

    vectors = models.VectorParams(size=DIM, distance=models.Distance.COSINE)
    connection.write(lambda client: client.create_collection("footnote", vectors_config=vectors))
    with pytest.raises(IndexMismatch, match="footnote index rebuild"):
        QdrantStore(connection)


def test_a_rebuild_may_change_the_size(connect: Callable[..., QdrantConnection]) -> None:
    QdrantWriter(connect()).publish([batch(1, unit(1))], "e", DIM)
    larger = connect(dim=8)
    writer = QdrantWriter(larger)
    writer.clear()
    row = np.eye(1, 8, dtype=np.float32)
    writer.publish([batch(2, row)], "f", 8)
    store = QdrantStore(larger)
    assert store.embedder == "f"
    assert set(store.search(StoreQuery(row, {}), ANN, 5).dense) == {2}


# Generations


def test_another_generation_is_seen_when_it_is_switched_to(
    connection: QdrantConnection, connect: Callable[..., QdrantConnection], stand_in: StandIn
) -> None:
    QdrantWriter(connection).publish([batch(1, unit(1))], "old", DIM)
    row = np.eye(1, 8, dtype=np.float32)
    larger = connect(dim=8)
    writer = QdrantWriter(larger, "New model/v2")
    writer.add([entry(2, "valve")])
    writer.commit()
    writer.publish([batch(2, row)], "new", 8)
    assert set(QdrantStore(connection).search(QUERY, ANN, 5).dense) == {1}
    stand_in.requests.clear()
    writer.switch()
    changes = [r for r in stand_in.requests if r.method == "POST" and r.parts[-1] == "aliases"]
    assert [[next(iter(step)) for step in r.body["actions"]] for r in changes] == [
        ["delete_alias", "create_alias"]
    ]
    store = QdrantStore(larger)
    assert store.embedder == "new"
    found = store.search(StoreQuery(row, {"valve": 1.0}), ANN, 5)
    assert set(found.dense) == set(found.lexical) == {2}
    names = larger.read(lambda client: client.collection_exists("footnote-1"))
    assert names is False
    writer.switch()
    with pytest.raises(IndexMismatch, match="footnote index reembed"):
        QdrantStore(connection)


def test_a_reader_that_is_open_while_the_size_changes_is_told(
    connection: QdrantConnection, connect: Callable[..., QdrantConnection]
) -> None:
    QdrantWriter(connection).publish([batch(1, unit(1))], "old", DIM)
    store = QdrantStore(connection)
    writer = QdrantWriter(connect(dim=8), "new")
    writer.publish([batch(2, np.eye(1, 8, dtype=np.float32))], "new", 8)
    writer.switch()
    with pytest.raises(IndexMismatch, match="footnote index reembed"):
        store.search(QUERY, ANN, 5)


# Points


def test_adding_words_again_keeps_the_vector_and_replaces_the_rest(
    connection: QdrantConnection,
) -> None:
    writer, store = QdrantWriter(connection), QdrantStore(connection)
    writer.add([entry(1, "valve", ("everyone",))])
    writer.commit()
    writer.publish([batch(1, unit(1))], "e", DIM)
    writer.add([entry(1, "pump", ("user:bob",))])
    writer.commit()
    found = store.search(StoreQuery(unit(1), {"pump": 1.0, "valve": 1.0}), ADMIN, 5)
    assert set(found.lexical) == {1}
    assert found.dense == {1: pytest.approx(1.0, abs=1e-4)}
    assert store.search(StoreQuery(unit(1), {"valve": 1.0}), ADMIN, 5).lexical == {}
    assert store.search(StoreQuery(unit(1), {"pump": 1.0}), ANN, 5).dense == {}


def test_a_vector_may_come_before_its_words(connection: QdrantConnection) -> None:
    writer, store = QdrantWriter(connection), QdrantStore(connection)
    writer.publish([batch(1, unit(1), ("user:ann",))], "e", DIM)
    assert set(store.search(QUERY, ANN, 5).dense) == {1}
    assert store.search(QUERY, Caller("bob", frozenset({"everyone"})), 5).dense == {}
    assert writer.word_numbers() == set()
    writer.add([entry(1, "secretword", ("user:ann",))])
    writer.commit()
    found = store.search(QUERY, ANN, 5)
    assert set(found.lexical) == set(found.dense) == {1}


def test_removed_before_the_commit_is_never_written(connection: QdrantConnection) -> None:
    writer = QdrantWriter(connection)
    writer.add([entry(1, "valve"), entry(2, "valve")])
    writer.remove([1])
    writer.commit()
    assert writer.word_numbers() == {2}
    writer.remove([2])
    writer.add([entry(2, "pump")])
    writer.commit()
    assert writer.word_numbers() == {2}


def test_a_very_large_commit_is_written_in_parts(
    connection: QdrantConnection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(qdrant_writer, "_WAITING", 3)
    monkeypatch.setattr(qdrant_writer, "_POINTS", 2)
    monkeypatch.setattr(qdrant_writer, "_PAGE", 2)
    writer = QdrantWriter(connection)
    writer.add(entry(n, "valve") for n in range(1, 10))
    assert writer.word_numbers() == set(range(1, 9))
    writer.commit()
    assert writer.word_numbers() == set(range(1, 10))
    writer.remove(range(1, 6))
    writer.commit()
    assert writer.word_numbers() == {6, 7, 8, 9}


def test_an_interrupted_commit_is_completed_by_the_next(tmp_path: Path) -> None:
    connection = QdrantConnection(path=tmp_path, dim=DIM)
    writer = QdrantWriter(connection)
    writer.add([entry(1, "valve")])
    connection.close()
    with pytest.raises(FootnoteError):
        writer.commit()
    again = QdrantConnection(path=tmp_path, dim=DIM)
    repaired = QdrantWriter(again)
    repaired.add([entry(1, "valve")])
    repaired.commit()
    assert repaired.word_numbers() == {1}
    again.close()


# Scores


def bm25(tf: int, length: int, average: int, holders: int, total: int) -> float:
    idf = math.log(1 + (total - holders + 0.5) / (holders + 0.5))
    return idf * tf * 2.2 / (tf + 1.2 * (0.25 + 0.75 * length / average))


def test_the_lexical_score_is_bm25(connection: QdrantConnection) -> None:
    writer = QdrantWriter(connection)
    writer.add(
        [
            IndexEntry(1, "a", ["valve"] * 3 + ["x"] * 107, ["valve", "plan"], ["everyone"]),
            IndexEntry(2, "b", ["valve", "pump"], [], ["everyone"]),
            *(IndexEntry(n, "c", ["other"], ["other"], ["everyone"]) for n in range(3, 11)),
        ]
    )
    writer.commit()
    store = QdrantStore(connection)
    asked = StoreQuery(unit(1), {"valve": 2.0, "pump": 0.5}, {"valve": 1.5})
    found = store.search(asked, ADMIN, 5).lexical
    assert found == pytest.approx(
        {
            1: 2.0 * bm25(3, 110, 110, 2, 10) + 1.5 * bm25(1, 2, 10, 1, 10),
            2: 2.0 * bm25(1, 2, 110, 2, 10) + 0.5 * bm25(1, 2, 110, 1, 10),
        },
        rel=1e-5,
    )


def test_a_collection_that_was_lost_has_another_state(connection: QdrantConnection) -> None:
    for _ in range(2):
        writer = QdrantWriter(connection)
        writer.add([entry(1, "valve")])
        writer.publish([batch(1, unit(1))], "e", DIM)
        writer.commit()
        before = writer.state()
        assert QdrantWriter(connection).state() == before != ""
        connection.write(lambda client: client.delete_collection("footnote-1"))
        assert QdrantWriter(connection).state() == ""
        QdrantWriter(connection).publish([], "e", DIM)
        assert QdrantWriter(connection).state() not in ("", before)


def test_a_collection_that_the_server_found_damaged_is_named(
    connection: QdrantConnection, serve: Callable[[Answer], HttpServer]
) -> None:
    QdrantWriter(connection).publish([batch(1, unit(1))], "e", DIM)
    info = connection.read(lambda client: client.get_collection("footnote"))
    assert info is not None
    result = json.loads(info.model_dump_json()) | {"status": "red"}
    aliases = {"aliases": [{"alias_name": "footnote", "collection_name": "footnote-1"}]}
    server = serve(
        lambda r: (
            200,
            json.dumps(
                {"result": aliases if r.parts == ["aliases"] else result, "status": "ok", "time": 0}
            ).encode(),
        )
    )
    damaged = QdrantConnection(url=server.url, dim=DIM)
    with pytest.raises(DataFolderError, match="footnote index rebuild"):
        QdrantWriter(damaged).verify()
    damaged.close()


def test_equal_scores_at_the_cut_are_decided_by_number(connection: QdrantConnection) -> None:
    writer = QdrantWriter(connection)
    writer.add([entry(n, "valve") for n in (8, 3, 5, 1, 7)])
    writer.commit()
    writer.publish([batch(n, unit(1)) for n in (8, 3, 5, 1, 7)], "e", DIM)
    found = QdrantStore(connection).search(StoreQuery(unit(1), {"valve": 1.0}), ADMIN, 2)
    assert list(found.lexical) == list(found.dense) == [1, 3]


def test_dimensions_are_the_same_in_every_version() -> None:
    # They are stored: another hash would find nothing in a collection that is there already.
    assert dimension("valve") == 0x10A0599E
    assert dimension("valve", b"name") == 0x9731FDBA


def test_a_chunk_without_words_has_a_sparse_vector_that_no_query_meets() -> None:
    assert chunk_words([], []) == {0xFFFFFFFF: 1.0}
