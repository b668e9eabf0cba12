"""What every search store promises (`core.ports.SearchStore`, `SearchStoreWriter`), proved on each of them.

Qdrant is there in local mode and over HTTP, in front of a stand-in (`tests/qdrant_http.py`). A Qdrant server takes part when FOOTNOTE_TEST_QDRANT_URL names one on this machine (and
FOOTNOTE_TEST_QDRANT_API_KEY its key); each test has collections of its own there and drops them.
"""

import os
import tempfile
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from qdrant_http import StandIn

from core.answers import Caller
from core.ports import SearchStore, SearchStoreWriter
from core.search import FloatMatrix, IndexEntry, StoreQuery, VectorBatch
from index.permissions import may_read
from index.publication import ChecksItself
from index.stores.embedded_store import EmbeddedStore, EmbeddedWriter
from index.stores.qdrant_connection import QdrantConnection
from index.stores.qdrant_store import QdrantStore
from index.stores.qdrant_writer import QdrantWriter

pytestmark = pytest.mark.integration

DIM = 8
EMBEDDER = "test-embedder"
# Read here: the tests run without any FOOTNOTE_* variable (tests/conftest.py).
SERVER_URL = os.environ.get("FOOTNOTE_TEST_QDRANT_URL", "")
SERVER_KEY = os.environ.get("FOOTNOTE_TEST_QDRANT_API_KEY", "")

ADMIN = Caller("admin", frozenset(), is_admin=True)
ANN = Caller("ann", frozenset({"everyone", "user:ann"}))
BOB = Caller("bob", frozenset({"everyone", "group:hr"}))
NOBODY = Caller("nobody", frozenset())


@dataclass
class Opened:
    """One store of one kind: what writes to it, what reads it, and how to let go of it."""

    writer: SearchStoreWriter
    store: SearchStore
    reopen: Callable[[], "Opened"]
    close: Callable[[], None]
    drop: Callable[[], None] = lambda: None

    def put(self, *entries: IndexEntry) -> None:
        self.writer.add(entries)
        self.writer.commit()
        self.store.refresh()

    def publish(self, vectors: Mapping[int, FloatMatrix], **who: Sequence[str]) -> None:
        self.writer.publish([batch(vectors, **who)] if vectors else [], EMBEDDER, DIM)
        self.store.refresh()


def qdrant_local(folder: Path) -> Opened:
    connection = QdrantConnection(path=folder, dim=DIM)
    return Opened(
        QdrantWriter(connection),
        QdrantStore(connection),
        lambda: qdrant_local(folder),
        connection.close,
    )


def qdrant_over_http(folder: Path, server: StandIn | None = None) -> Opened:
    stand_in = server or StandIn("key")
    connection = QdrantConnection(url=stand_in.url, api_key="key", dim=DIM)
    return Opened(
        QdrantWriter(connection),
        QdrantStore(connection),
        lambda: qdrant_over_http(folder, stand_in),
        connection.close,
        lambda: None if server else stand_in.close(),
    )


def qdrant_server(folder: Path, prefix: str = "") -> Opened:
    name = prefix or f"footnote-test-{uuid.uuid4().hex}"
    connection = QdrantConnection(url=SERVER_URL, api_key=SERVER_KEY, prefix=name, dim=DIM)

    def drop() -> None:
        again = QdrantConnection(url=SERVER_URL, api_key=SERVER_KEY, prefix=name, dim=DIM)
        again.write(lambda client: client.delete_collection(f"{name}-1"))
        again.close()

    return Opened(
        QdrantWriter(connection),
        QdrantStore(connection),
        lambda: qdrant_server(folder, name),
        connection.close,
        drop,
    )


def embedded(folder: Path) -> Opened:
    writer = EmbeddedWriter(folder)
    return Opened(writer, EmbeddedStore(folder), lambda: embedded(folder), writer.close)


KINDS: dict[str, Callable[[Path], Opened]] = {
    "qdrant-local": qdrant_local,
    "qdrant-http": qdrant_over_http,
    "embedded": embedded,
}
MISSING: dict[str, str] = {}
if SERVER_URL:
    KINDS["qdrant-server"] = qdrant_server
else:
    MISSING["qdrant-server"] = "FOOTNOTE_TEST_QDRANT_URL is not set"

Make = Callable[[], Opened]


@pytest.fixture
def fast_folder(tmp_path: Path) -> Iterator[Path]:
    """A folder in memory where there is one: Qdrant's local mode syncs each point, 30 ms on a busy disk."""
    memory = Path("/dev/shm")
    if not os.access(memory, os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir=memory, prefix="footnote-test-") as folder:
        yield Path(folder)


@pytest.fixture(params=KINDS.values(), ids=KINDS)
def make(request: pytest.FixtureRequest, fast_folder: Path) -> Iterator[Make]:
    """Open empty stores of one kind; all are closed and dropped at the end."""
    opened: list[Opened] = []
    numbers = count()

    def one() -> Opened:
        opened.append(request.param(fast_folder / f"store-{next(numbers)}"))
        return opened[-1]

    yield one
    for each in opened:
        each.close()
        each.drop()


@pytest.fixture
def opened(make: Make) -> Opened:
    return make()


def entry(
    number: int,
    text: str,
    *,
    doc: str = "doc",
    access: Sequence[str] = ("everyone",),
    name: str = "",
) -> IndexEntry:
    return IndexEntry(number, doc, text.split(), name.split(), access)


def unit(*parts: float) -> FloatMatrix:
    """A vector of length 1, shape (1, DIM), its first numbers in the ratio of `parts`."""
    row = np.zeros((1, DIM), np.float32)
    row[0, : len(parts)] = parts
    return np.asarray(row / np.linalg.norm(row), np.float32)


def random_units(number: int, seed: int) -> FloatMatrix:
    rows = np.random.default_rng(seed).standard_normal((number, DIM))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def batch(
    vectors: Mapping[int, FloatMatrix],
    docs: Sequence[str] = (),
    access: Sequence[str] = ("everyone",),
) -> VectorBatch:
    numbers: npt.NDArray[np.int64] = np.array(sorted(vectors), np.int64)
    return VectorBatch(
        numbers,
        np.concatenate([vectors[int(n)] for n in numbers]),
        list(docs) or ["doc"] * len(numbers),
        [tuple(access)] * len(numbers),
    )


def query(
    words: str = "", vector: FloatMatrix | None = None, weight: float = 1.0, **more: object
) -> StoreQuery:
    terms = dict.fromkeys(words.split(), weight)
    return StoreQuery(unit(0, 0, 0, 0, 0, 0, 0, 1) if vector is None else vector, terms, **more)  # type: ignore[arg-type]


def lexical(opened: Opened, words: str, caller: Caller = ADMIN, **more: object) -> dict[int, float]:
    return dict(opened.store.search(query(words, **more), caller, 10).lexical)  # type: ignore[arg-type]


def dense(
    opened: Opened, vector: FloatMatrix, caller: Caller = ADMIN, **more: object
) -> dict[int, float]:
    return dict(opened.store.search(query("", vector, **more), caller, 10).dense)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [*KINDS, *MISSING])
def test_a_kind_of_store_takes_part(kind: str) -> None:
    if kind in MISSING:
        pytest.skip(MISSING[kind])


# What is written, and when it is seen


def test_an_empty_store_finds_nothing_and_has_no_embedder(opened: Opened) -> None:
    found = opened.store.search(query("valve"), ADMIN, 5)
    assert (found.lexical, found.dense, found.cosines) == ({}, {}, {})
    assert opened.store.cosines(unit(1), [1]) == {}
    assert opened.store.embedder == ""
    assert opened.writer.word_numbers() == opened.writer.vector_numbers() == set()


def test_words_are_found_after_the_commit_and_not_before(opened: Opened) -> None:
    opened.writer.add([entry(1, "check the valve")])
    opened.store.refresh()
    assert lexical(opened, "valve") == {}
    opened.writer.commit()
    opened.store.refresh()
    assert list(lexical(opened, "valve")) == [1]


def test_vectors_are_found_after_the_publication(opened: Opened) -> None:
    opened.put(entry(1, "valve"))
    assert dense(opened, unit(1)) == {}
    opened.publish({1: unit(1)})
    assert dense(opened, unit(1)) == {1: pytest.approx(1.0, abs=1e-4)}
    assert opened.store.embedder == EMBEDDER


def test_a_chunk_without_a_vector_is_found_by_words_only_and_has_no_cosine(opened: Opened) -> None:
    opened.put(entry(1, "valve"), entry(2, "valve"))
    opened.publish({1: unit(1)})
    found = opened.store.search(query("valve", unit(1)), ADMIN, 5)
    assert set(found.lexical) == {1, 2}
    assert set(found.dense) == {1}
    assert set(found.cosines) == {1}
    assert set(opened.store.cosines(unit(1), [1, 2])) == {1}


def test_a_chunk_found_by_words_alone_has_its_cosine(opened: Opened) -> None:
    opened.put(*(entry(n, "valve" if n == 9 else "pump") for n in range(1, 10)))
    opened.publish({n: unit(1, 0.1 * n) for n in range(1, 10)})
    found = opened.store.search(query("valve", unit(1)), ADMIN, 3)
    assert set(found.dense) == {1, 2, 3}
    assert set(found.cosines) == {1, 2, 3, 9}
    assert found.cosines[9] == pytest.approx(float((unit(1, 0.9) @ unit(1).T)[0, 0]), abs=1e-4)


def test_cosines_are_inner_products_and_unknown_numbers_are_left_out(opened: Opened) -> None:
    rows, asked = random_units(30, 1), random_units(1, 2)
    opened.put(*(entry(n, "valve") for n in range(1, 31)))
    opened.publish({n: rows[n - 1 : n] for n in range(1, 31)})
    found = opened.store.cosines(asked, [3, 17, 30, 99])
    assert set(found) == {3, 17, 30}
    for number, cosine in found.items():
        assert cosine == pytest.approx(float(rows[number - 1] @ asked[0]), abs=1e-4)
    assert opened.store.cosines(asked, []) == {}


def test_what_was_removed_is_gone_from_both_searches(opened: Opened) -> None:
    opened.put(entry(1, "valve"), entry(2, "valve"))
    opened.publish({1: unit(1), 2: unit(1, 1)})
    opened.writer.remove([1])
    opened.writer.commit()
    opened.publish({})
    assert set(lexical(opened, "valve")) == {2}
    assert set(dense(opened, unit(1))) == {2}
    assert opened.store.cosines(unit(1), [1]) == {}
    assert opened.writer.word_numbers() == opened.writer.vector_numbers() == {2}


def test_closing_the_writer_commits_and_it_can_be_used_again(opened: Opened) -> None:
    opened.put(entry(1, "valve"))
    opened.writer.remove([1])
    opened.writer.add([entry(2, "valve")])
    opened.writer.close()
    opened.store.refresh()
    assert set(lexical(opened, "valve")) == {2}
    opened.put(entry(3, "valve"))
    assert set(lexical(opened, "valve")) == {2, 3}


def test_a_state_tells_each_publication_and_a_loss(make: Make) -> None:
    opened = make()
    assert isinstance(opened.writer, ChecksItself)
    states = [opened.writer.state()]
    opened.put(entry(1, "valve"))
    states.append(opened.writer.state())
    opened.publish({1: unit(1)})
    states.append(opened.writer.state())
    opened.writer.remove([1])
    opened.writer.commit()
    opened.publish({})
    states.append(opened.writer.state())
    assert len(set(states)) == len(states)
    opened.publish({})
    opened.writer.close()
    assert opened.writer.state() == states[-1]
    opened.writer.verify()


def test_removing_an_unknown_chunk_is_harmless(opened: Opened) -> None:
    opened.put(entry(1, "valve"))
    opened.writer.remove([77])
    opened.writer.commit()
    opened.publish({1: unit(1)})
    assert set(lexical(opened, "valve")) == {1}


def test_publishing_twice_leaves_the_first_vector_alone(opened: Opened) -> None:
    opened.put(entry(1, "valve"), entry(2, "valve"))
    opened.publish({1: unit(1)})
    opened.publish({1: unit(0, 1), 2: unit(0, 1)})
    opened.publish({1: unit(0, 1), 2: unit(1)})
    found = dense(opened, unit(1))
    assert list(found) == [1, 2]
    assert found == {1: pytest.approx(1.0, abs=1e-4), 2: pytest.approx(0.0, abs=1e-4)}
    assert opened.writer.vector_numbers() == {1, 2}


def test_the_writer_knows_the_numbers_of_words_and_of_vectors(opened: Opened) -> None:
    opened.put(entry(1, "valve"), entry(5, ""), entry(9, "pump"))
    opened.publish({1: unit(1), 9: unit(1)})
    # The chunk without a word too: it would be added again by every repair.
    assert opened.writer.word_numbers() == {1, 5, 9}
    assert opened.writer.vector_numbers() == {1, 9}


def test_several_batches_are_one_publication(opened: Opened) -> None:
    rows = random_units(700, 4)
    opened.put(*(entry(n, "valve") for n in range(1, 701)))
    parts = [{n: rows[n - 1 : n] for n in range(start, start + 350)} for start in (1, 351)]
    opened.writer.publish((batch(part) for part in parts), EMBEDDER, DIM)
    opened.store.refresh()
    assert opened.writer.vector_numbers() == set(range(1, 701))
    best = int(np.argmax(rows @ rows[500]))
    assert next(iter(dense(opened, rows[500:501]))) == best + 1


def test_clear_removes_everything_and_a_rebuild_may_follow(opened: Opened) -> None:
    opened.put(entry(1, "valve"))
    opened.publish({1: unit(1)})
    opened.writer.clear()
    opened.writer.commit()
    opened.publish({})
    assert lexical(opened, "valve") == dense(opened, unit(1)) == {}
    assert opened.writer.word_numbers() == opened.writer.vector_numbers() == set()
    opened.put(entry(2, "valve"))
    opened.publish({2: unit(1)})
    assert set(lexical(opened, "valve")) == set(dense(opened, unit(1))) == {2}


def test_what_was_written_survives_reopening(opened: Opened) -> None:
    opened.put(entry(1, "check the valve", name="plan"), entry(2, "valve", access=["group:hr"]))
    opened.publish({1: unit(1)})
    asked = query("valve", unit(1), phrases=(("the", "valve"),), name_terms={"plan": 1.0})
    before = opened.store.search(asked, ANN, 5)
    opened.writer.close()
    opened.close()
    again = opened.reopen()
    try:
        assert again.store.embedder == EMBEDDER
        found = again.store.search(asked, ANN, 5)
        assert found.lexical == pytest.approx(before.lexical)
        assert found.dense == pytest.approx(before.dense)
        assert set(lexical(again, "valve", BOB)) == {1, 2}
        again.put(entry(3, "valve"))
        assert set(lexical(again, "valve", ANN)) == {1, 3}
    finally:
        again.writer.close()
        again.close()


# How scores behave


def test_scores_descend_and_equal_ones_are_in_order_of_number(opened: Opened) -> None:
    opened.put(
        *(entry(n, "valve filler filler") for n in (8, 3, 5, 1, 7)),
        entry(6, "valve valve valve"),
        *(entry(n, "other words") for n in (20, 21, 22)),
    )
    opened.publish({n: unit(1, 1) for n in (1, 3, 5, 7, 8)} | {6: unit(1)})
    for found in (lexical(opened, "valve"), dense(opened, unit(1))):
        assert list(found) == [6, 1, 3, 5, 7, 8]
        assert list(found.values()) == sorted(found.values(), reverse=True)
    cut = opened.store.search(query("valve", unit(1)), ADMIN, 3)
    for found in (cut.lexical, cut.dense):
        # Which of the equal ones are in is the store's choice; their order is not.
        assert next(iter(found)) == 6
        assert len(found) == 3
        assert list(found)[1:] == sorted(list(found)[1:])


def test_a_rare_word_counts_more_than_a_common_one(opened: Opened) -> None:
    opened.put(*(entry(n, "pump filler") for n in range(1, 20)), entry(20, "valve filler"))
    found = lexical(opened, "pump valve")
    assert next(iter(found)) == 20
    assert found[20] > 2 * found[1]


def test_weights_scale_the_score(opened: Opened) -> None:
    opened.put(*(entry(n, f"word{n}") for n in range(1, 9)), entry(9, "valve pump"))
    plain = lexical(opened, "valve")[9]
    assert lexical(opened, "valve", weight=2.5)[9] == pytest.approx(2.5 * plain, rel=1e-4)
    both = lexical(opened, "valve pump")[9]
    assert both == pytest.approx(plain + lexical(opened, "pump")[9], rel=1e-4)


def test_name_terms_weigh_and_are_looked_for_in_names_only(opened: Opened) -> None:
    opened.put(
        entry(1, "pump filler", name="valve plan"),
        entry(2, "pump filler", name="holiday plan"),
        entry(3, "valve filler"),
        entry(4, "nothing here"),
    )
    assert set(lexical(opened, "", name_terms={"valve": 1.0})) == {1}
    assert set(lexical(opened, "valve")) == {3}
    with_name = lexical(opened, "pump", name_terms={"valve": 1.0})
    assert list(with_name) == [1, 2]
    assert with_name[1] > with_name[2]
    heavier = lexical(opened, "pump", name_terms={"valve": 3.0})
    assert heavier[1] - heavier[2] == pytest.approx(3 * (with_name[1] - with_name[2]), rel=1e-3)


# Conditions inside the search


def test_each_search_shows_a_caller_only_what_its_principals_may_read(opened: Opened) -> None:
    lists = {1: ["everyone"], 2: ["group:hr"], 3: ["user:ann", "group:it"], 4: ["group:it"]}
    for number, access in lists.items():
        opened.put(entry(number, "valve", access=access))
        opened.publish({number: unit(1)}, access=access)
    for caller, readable in ((ANN, {1, 3}), (BOB, {1, 2}), (ADMIN, {1, 2, 3, 4})):
        found = opened.store.search(query("valve", unit(1)), caller, 10)
        assert set(found.lexical) == set(found.dense) == set(found.cosines) == readable


def test_a_caller_without_principals_finds_nothing(opened: Opened) -> None:
    opened.put(entry(1, "valve"), entry(2, "valve", access=[]), entry(3, "valve", access=[""]))
    opened.publish({1: unit(1)})
    opened.publish({2: unit(1)}, access=())
    opened.publish({3: unit(1)}, access=("",))
    found = opened.store.search(query("valve", unit(1)), NOBODY, 10)
    assert (found.lexical, found.dense, found.cosines) == ({}, {}, {})


def test_a_document_that_lists_nobody_is_found_by_admins_only(opened: Opened) -> None:
    opened.put(entry(1, "valve", access=[]))
    opened.publish({1: unit(1)}, access=())
    assert lexical(opened, "valve", ANN) == dense(opened, unit(1), ANN) == {}
    assert set(lexical(opened, "valve", ADMIN)) == set(dense(opened, unit(1), ADMIN)) == {1}


def test_a_principal_is_compared_whole(opened: Opened) -> None:
    opened.put(entry(1, "valve", access=["group:hr team"]), entry(2, "valve", access=["GROUP:HR"]))
    opened.publish({1: unit(1)}, access=("group:hr team",))
    opened.publish({2: unit(1)}, access=("GROUP:HR",))
    assert lexical(opened, "valve", BOB) == dense(opened, unit(1), BOB) == {}


def test_2000_forbidden_neighbours_do_not_hide_ten_allowed_ones(opened: Opened) -> None:
    crowd, allowed = range(1, 2001), range(3001, 3011)
    near = random_units(2000, 5) * 0.01 + unit(1)
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    opened.put(
        *(entry(n, "valve valve valve", doc="crowd", access=["group:zoo"]) for n in crowd),
        *(entry(n, "valve and much other filler", access=["user:ann"]) for n in allowed),
    )
    opened.publish({n: near[n - 1 : n] for n in crowd}, access=("group:zoo",))
    opened.publish({n: unit(0.1, 1, n - 3000) for n in allowed}, access=("user:ann",))
    found = opened.store.search(query("valve", unit(1)), ANN, 10)
    assert set(found.lexical) == set(found.dense) == set(found.cosines) == set(allowed)


def test_doc_ids_restrict_both_searches(opened: Opened) -> None:
    for number, doc in ((1, "a"), (2, "b"), (3, "c")):
        opened.put(entry(number, "valve", doc=doc))
        opened.publish({number: unit(1)}, docs=[doc])
    opened.put(entry(4, "valve", doc="a", access=["group:it"]))
    opened.publish({4: unit(1)}, docs=["a"], access=("group:it",))
    for wanted, numbers in (({"a"}, {1}), ({"a", "c"}, {1, 3}), ({"unknown"}, set()), ((), set())):
        found = opened.store.search(query("valve", unit(1), doc_ids=frozenset(wanted)), ANN, 10)
        assert set(found.lexical) == set(found.dense) == set(found.cosines) == numbers


def test_every_phrase_must_stand_in_the_text_in_both_searches(opened: Opened) -> None:
    texts = {
        1: "open the red valve slowly",
        2: "open the valve red slowly",
        3: "the red pump and red valve",
        4: "open the valve",
        5: "redvalve",
        6: "red valves",
    }
    opened.put(*(entry(n, text, name="red valve") for n, text in texts.items()))
    opened.publish({n: unit(1) for n in texts})
    for phrases, numbers in (
        ((("red", "valve"),), {1, 3}),
        ((("the", "red", "valve"),), {1}),
        ((("red", "valve"), ("open", "the")), {1}),
        ((("pump",),), {3}),
        ((("blue", "valve"),), set()),
        ((), {1, 2, 3, 4, 5, 6}),
    ):
        found = opened.store.search(
            query("open red valve pump redvalve valves", unit(1), phrases=phrases), ANN, 10
        )
        assert set(found.lexical) == set(found.dense) == set(found.cosines) == numbers, phrases


def test_no_more_than_top_k_are_found_by_either_search(opened: Opened) -> None:
    opened.put(*(entry(n, "valve " * n) for n in range(1, 21)))
    opened.publish({n: unit(1, n) for n in range(1, 21)})
    found = opened.store.search(query("valve", unit(1)), ADMIN, 4)
    assert list(found.dense) == [1, 2, 3, 4]
    assert len(found.lexical) == 4
    assert set(found.cosines) == set(found.dense) | set(found.lexical)


# Random corpora against a search of everything, one by one

WORDS = ("valve", "pump", "invoice", "holiday", "tunnel")
PRINCIPALS = ("everyone", "group:hr", "group:it", "user:ann")


@dataclass(frozen=True)
class Known:
    """One chunk as the brute-force search knows it."""

    words: list[str]
    name: list[str]
    doc: str
    access: list[str]
    vector: FloatMatrix | None = field(repr=False)


def some(values: Sequence[str], most: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(values), max_size=most)


CORPORA = st.lists(
    st.tuples(
        some(WORDS, 6), some(WORDS, 2), st.sampled_from("abc"), some(PRINCIPALS, 2), st.booleans()
    ),
    min_size=1,
    max_size=14,
)


def allowed_by(chunk: Known, asked: StoreQuery, caller: Caller) -> bool:
    runs = {
        tuple(chunk.words[start : start + size])
        for size in range(1, 4)
        for start in range(len(chunk.words) - size + 1)
    }
    return (
        may_read(caller, chunk.access)
        and (asked.doc_ids is None or chunk.doc in asked.doc_ids)
        and all(phrase in runs for phrase in asked.phrases)
    )


@hypothesis_settings(
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    corpus=CORPORA,
    questions=st.lists(
        st.tuples(
            some(WORDS, 3),
            some(WORDS, 2),
            st.lists(st.lists(st.sampled_from(WORDS), min_size=1, max_size=3), max_size=1),
            st.none() | st.frozensets(st.sampled_from("abc")),
            st.frozensets(st.sampled_from(PRINCIPALS)),
            st.booleans(),
        ),
        min_size=1,
        max_size=5,
    ),
    seed=st.integers(0, 2**32 - 1),
    top_k=st.integers(1, 15),
)
def test_random_searches_find_what_a_search_of_everything_finds(
    corpus: list[tuple[list[str], list[str], str, list[str], bool]],
    questions: list[
        tuple[list[str], list[str], list[list[str]], frozenset[str] | None, frozenset[str], bool]
    ],
    seed: int,
    top_k: int,
    make: Make,
) -> None:
    rows = random_units(len(corpus) + len(questions), seed)
    chunks = {
        number: Known(words, name, doc, access, rows[number - 1 : number] if has else None)
        for number, (words, name, doc, access, has) in enumerate(corpus, start=1)
    }
    opened = make()
    try:
        opened.put(
            *(
                IndexEntry(number, chunk.doc, chunk.words, chunk.name, chunk.access)
                for number, chunk in chunks.items()
            )
        )
        with_vector = {n: c for n, c in chunks.items() if c.vector is not None}
        if with_vector:
            opened.writer.publish(
                [
                    VectorBatch(
                        np.array(list(with_vector), np.int64),
                        np.concatenate(
                            [c.vector for c in with_vector.values() if c.vector is not None]
                        ),
                        [c.doc for c in with_vector.values()],
                        [tuple(c.access) for c in with_vector.values()],
                    )
                ],
                EMBEDDER,
                DIM,
            )
        opened.store.refresh()
        for position, (words, name, phrases, doc_ids, principals, is_admin) in enumerate(questions):
            asked = StoreQuery(
                rows[len(corpus) + position][None],
                dict.fromkeys(words, 1.0),
                dict.fromkeys(name, 0.5),
                tuple(tuple(phrase) for phrase in phrases),
                doc_ids,
            )
            compare(opened.store, chunks, asked, Caller("x", principals, is_admin=is_admin), top_k)
    finally:
        opened.writer.close()


def compare(
    store: SearchStore, chunks: Mapping[int, Known], asked: StoreQuery, caller: Caller, top_k: int
) -> None:
    readable = {n: c for n, c in chunks.items() if allowed_by(c, asked, caller)}
    everything = store.search(asked, caller, len(chunks) + 1)
    assert set(everything.lexical) == {
        n
        for n, c in readable.items()
        if asked.terms.keys() & set(c.words) or asked.name_terms.keys() & set(c.name)
    }
    cosines = {
        n: float(c.vector[0] @ asked.vector[0]) for n, c in readable.items() if c.vector is not None
    }
    best = sorted(cosines, key=lambda n: (-cosines[n], n))
    found = store.search(asked, caller, top_k)
    assert list(found.dense.values()) == pytest.approx([cosines[n] for n in best[:top_k]], abs=1e-4)
    assert all(score == pytest.approx(cosines[n], abs=1e-4) for n, score in found.dense.items())
    first = dict(list(everything.lexical.items())[:top_k])
    assert list(found.lexical.values()) == pytest.approx(list(first.values()))
    assert found.lexical == pytest.approx({n: everything.lexical[n] for n in found.lexical})
    assert list(found.lexical) == sorted(found.lexical, key=lambda n: (-found.lexical[n], n))
    assert set(found.cosines) == (set(found.lexical) | set(found.dense)) & set(cosines)
    assert all(score == pytest.approx(cosines[n], abs=1e-4) for n, score in found.cosines.items())
