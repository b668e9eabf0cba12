"""A knowledge base moves to another search store and back, without embedding, and finds what it found."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import ADMIN, invoke, invoke_json, refused, settings_of, write_files
from qdrant_http import StandIn
from second_model import second_model

from core.answers import Hit
from core.command_line import settings_for
from core.settings import QdrantSettings, Settings
from index.factory import KnowledgeBase, open_catalogue, open_knowledge_base
from index.generations import Generations

pytestmark = pytest.mark.integration

QUESTIONS = 300
NOUNS = [
    *(
        [
            "valve",
            "pump",
            "boiler",
            "turbine",
            "gateway",
            "sensor",
            "filter",
            "engine",
            "crane",
            "ladder",
            "hose",
            "meter",
        ]
    ),
    *(
        [
            "invoice",
            "contract",
            "leave",
            "travel",
            "budget",
            "salary",
            "audit",
            "license",
            "holiday",
            "pension",
        ]
    ),
]
VERBS = [
    "inspect",
    "replace",
    "approve",
    "close",
    "order",
    "report",
    "clean",
    "renew",
    "record",
    "measure",
    "store",
    "sign",
]
PLACES = [
    "workshop",
    "harbour",
    "office",
    "depot",
    "kitchen",
    "laboratory",
    "archive",
    "garage",
    "warehouse",
]


@pytest.fixture
def local(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point at a folder of Qdrant's local mode."""
    monkeypatch.setenv("FOOTNOTE_QDRANT__PATH", str(tmp_path / "qdrant"))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[StandIn]:
    """Point at a stand-in for a server."""
    stand_in = StandIn()
    monkeypatch.setenv("FOOTNOTE_QDRANT__URL", stand_in.url)
    yield stand_in
    stand_in.close()


def documents(count: int) -> dict[str, str]:
    """Return documents of four sections each, all different."""
    draw = random.Random(11)
    made = {}
    for number in range(count):
        sections = [f"# Guide {number}: {draw.choice(NOUNS)} in the {draw.choice(PLACES)}"]
        for part in range(4):
            words = draw.choice(NOUNS), draw.choice(VERBS), draw.choice(PLACES), draw.choice(NOUNS)
            sections.append(
                f"## {words[0]} {part}\n\nBefore you {words[1]} the {words[0]} in the {words[2]}, the {words[3]} "
                f"is read {draw.randint(2, 90)} times. " + "It is written down each time. " * 14
            )
        made[f"g{number}.md"] = "\n\n".join(sections)
    return made


def questions() -> list[str]:
    draw = random.Random(12)
    return [
        f"How often do I {draw.choice(VERBS)} the {draw.choice(NOUNS)} in the {draw.choice(PLACES)}?"
        for _ in range(QUESTIONS)
    ]


def asked(knowledge: KnowledgeBase) -> list[list[Hit]]:
    return [knowledge.retriever.retrieve(question, ADMIN, 10) for question in questions()]


def scored(hits: list[Hit]) -> list[tuple[str, float]]:
    """Return what must be equal: a raw cosine differs in its last bit with the place of a vector in memory."""
    return [(hit.chunk_id, hit.score) for hit in hits]


def ids(hits: list[Hit]) -> list[str]:
    return [hit.chunk_id for hit in hits]


@pytest.mark.slow
def test_there_and_back_finds_the_same_with_the_same_scores(
    tmp_path: Path, data_dir: Path, model_cache: Path, local: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write_files(tmp_path / "docs", documents(60))
    invoke_json("ingest", docs, "--yes")
    faiss = settings_of(data_dir, model_cache)
    before = asked(open_knowledge_base(faiss))
    moved = invoke_json("index", "move", "--to", "qdrant")
    chunks = open_catalogue(faiss).count_chunks()
    assert chunks > 200
    assert (moved["chunks"], moved["words"], moved["vectors"]) == (chunks, chunks, chunks)
    assert (moved["texts_without_vector"], moved["setting"]) == (0, "FOOTNOTE_STORE=qdrant")
    monkeypatch.setenv("FOOTNOTE_STORE", "qdrant")
    assert invoke_json("index", "verify")["ok"]
    knowledge = open_knowledge_base(settings_of(data_dir, model_cache))
    there = asked(knowledge)
    same = sum(ids(a) == ids(b) for a, b in zip(before, there, strict=True))
    first = sum(ids(a)[:1] == ids(b)[:1] for a, b in zip(before, there, strict=True))
    print(f"\nQdrant: same ten in order {same} of {QUESTIONS}, same first {first}")
    assert same >= 0.9 * QUESTIONS
    assert first >= 0.98 * QUESTIONS
    close(knowledge)
    invoke_json("index", "move", "--to", "faiss")
    monkeypatch.setenv("FOOTNOTE_STORE", "faiss")
    assert invoke_json("index", "verify")["ok"]
    back = asked(open_knowledge_base(faiss))
    assert [scored(hits) for hits in back] == [scored(hits) for hits in before]


def close(knowledge: KnowledgeBase) -> None:
    """Close the local Qdrant of a reader: it is for one at a time."""
    from index.stores.qdrant_store import QdrantStore

    store = knowledge.retriever.store
    assert isinstance(store, QdrantStore)
    store._connection.close()


def test_readers_of_the_old_store_go_on_until_they_are_started_again(
    tmp_path: Path, data_dir: Path, model_cache: Path, server: StandIn
) -> None:
    docs = write_files(tmp_path / "docs", documents(3))
    invoke_json("ingest", docs, "--yes")
    reader = open_knowledge_base(settings_of(data_dir, model_cache))
    before = reader.retriever.retrieve("valve", ADMIN, 10)
    result = invoke("index", "move", "--to", "qdrant")
    assert "Set FOOTNOTE_STORE=qdrant and start readers and ingestions again" in result.stderr
    assert scored(reader.retriever.retrieve("valve", ADMIN, 10)) == scored(before)
    write_files(docs, {"new.md": "# New\n\nA new valve.\n"})
    assert invoke_json("ingest", docs, "--yes")["added"] == 1


def test_what_was_ingested_into_the_old_store_meanwhile_is_published_by_the_next_ingestion(
    tmp_path: Path, server: StandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write_files(tmp_path / "docs", documents(3))
    invoke_json("ingest", docs, "--yes")
    invoke_json("index", "move", "--to", "qdrant")
    write_files(docs, {"new.md": "# New\n\nA new zeppelin.\n"})
    (docs / "g0.md").unlink()
    invoke_json("ingest", docs, "--yes")
    monkeypatch.setenv("FOOTNOTE_STORE", "qdrant")
    assert not invoke_json("index", "verify", code=1)["ok"]
    write_files(docs, {"newer.md": "# Newer\n\nA newer zeppelin.\n"})
    invoke_json("ingest", docs, "--yes")
    checked = invoke_json("index", "verify")
    assert (checked["ok"], checked["leftover_words"], checked["leftover_vectors"]) == (True, 0, 0)
    found = invoke_json("search", "zeppelin")["hits"]
    assert {hit["document"]["uri"] for hit in found[:2]} == {"new.md", "newer.md"}


def test_a_knowledge_base_is_not_moved_to_where_it_is(tmp_path: Path) -> None:
    docs = write_files(tmp_path / "docs", {"a.md": "# A\n\nA valve.\n"})
    refused(invoke("index", "move", "--to", "qdrant"), 2, "There is no knowledge base")
    invoke_json("ingest", docs, "--yes")
    refused(invoke("index", "move", "--to", "faiss"), 2, "'faiss' already")
    refused(invoke("index", "move", "--to", "qdrant"), 2, "FOOTNOTE_QDRANT__URL")


def test_a_server_that_is_down_ends_the_move_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write_files(tmp_path / "docs", {"a.md": "# A\n\nA valve.\n"})
    invoke_json("ingest", docs, "--yes")
    monkeypatch.setenv("FOOTNOTE_QDRANT__URL", "http://127.0.0.1:9")
    refused(invoke("index", "move", "--to", "qdrant"), 3, "cannot be reached")
    assert invoke_json("index", "verify")["ok"]
    assert invoke_json("search", "valve")["hits"]


# Generations in Qdrant


@pytest.fixture
def on_server(
    tmp_path: Path,
    data_dir: Path,
    model_cache: Path,
    server: StandIn,
    monkeypatch: pytest.MonkeyPatch,
) -> Settings:
    monkeypatch.setenv("FOOTNOTE_STORE", "qdrant")
    invoke_json("ingest", write_files(tmp_path / "docs", documents(4)), "--yes")
    settings = settings_of(data_dir, model_cache)
    return settings_for(settings, store="qdrant", qdrant=QdrantSettings(url=server.url))


def collections(server: StandIn) -> set[str]:
    return {one.name for one in server._client.get_collections().collections}


def test_each_generation_is_a_collection_and_a_switch_is_one_commit_of_the_catalogue(
    tmp_path: Path, on_server: Settings, server: StandIn
) -> None:
    reader = open_knowledge_base(on_server)
    generations = Generations(open_catalogue(on_server))
    first = reader.retriever.retrieve("valve in the harbour", ADMIN, 10)
    tiny = second_model(tmp_path / "tiny")
    made = invoke_json("index", "reembed", "--model", tiny)
    assert len(collections(server)) == 2
    writes = [r for r in server.requests if r.method != "GET"]
    generations.switch()
    hits = reader.retriever.retrieve("valve in the harbour", ADMIN, 10)
    assert reader.retriever.embedder.name == reader.retriever.store.embedder == made["embedder"]
    assert [hit.why.dense_score for hit in hits] != [hit.why.dense_score for hit in first]
    generations.roll_back()
    assert scored(reader.retriever.retrieve("valve in the harbour", ADMIN, 10)) == scored(first)
    after = [r for r in server.requests if r.method != "GET"]
    assert {r.parts[-1] for r in after[len(writes) :]} <= {"batch", "query", "scroll"}


def test_a_rollback_in_qdrant_publishes_the_words_that_came_since(
    tmp_path: Path, on_server: Settings, server: StandIn
) -> None:
    invoke_json("index", "reembed", "--model", second_model(tmp_path / "tiny"), "--switch")
    write_files(tmp_path / "docs", {"new.md": "# New\n\nA new zeppelin.\n"})
    (tmp_path / "docs" / "g0.md").unlink()
    invoke_json("ingest", tmp_path / "docs", "--yes")
    assert invoke_json("index", "rollback")["texts_without_vector"] == 1
    found = invoke_json("search", "zeppelin")["hits"]
    assert found[0]["document"]["uri"] == "new.md"
    checked = invoke_json("index", "verify", code=1)
    assert (checked["missing_words"], checked["missing_vectors"]) == (0, 1)
    assert (checked["leftover_words"], checked["leftover_vectors"]) == (0, 0)
    invoke_json("ingest", tmp_path / "docs", "--yes")
    assert invoke_json("index", "verify")["ok"]


def test_a_generation_that_cannot_be_gone_to_any_more_leaves_no_collection(
    tmp_path: Path, on_server: Settings, server: StandIn
) -> None:
    before = collections(server)
    for seed in (1, 2):
        model = second_model(tmp_path / f"tiny{seed}", seed=seed)
        invoke_json("index", "reembed", "--model", model, "--switch")
    assert len(collections(server)) == 2
    assert not before & collections(server)


def test_a_reader_in_local_mode_follows_a_switch_of_its_own_process(
    tmp_path: Path, data_dir: Path, model_cache: Path, local: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_STORE", "qdrant")
    invoke_json("ingest", write_files(tmp_path / "docs", documents(2)), "--yes")
    reader = open_knowledge_base(settings_of(data_dir, model_cache))
    before = reader.retriever.retrieve("valve in the harbour", ADMIN, 10)
    tiny = second_model(tmp_path / "tiny")
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"id": "a", "question": "Where is the valve?"}', encoding="utf-8")
    made = invoke_json("index", "reembed", "--model", tiny, "--compare", cases, "--switch")
    assert made["comparison"]["overlap_at_10"]["n"] == 1
    reader.retriever.retrieve("valve in the harbour", ADMIN, 10)
    assert reader.retriever.embedder.name == reader.retriever.store.embedder == made["embedder"]
    invoke_json("index", "rollback")
    after = reader.retriever.retrieve("valve in the harbour", ADMIN, 10)
    assert scored(after) == scored(before)
