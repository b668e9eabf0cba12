"""Random callers over random access lists, compared with a brute-force search of what they may read."""

import functools
import random
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from cli_harness import ADMIN, child_env, run_child, settings_of, write_files

from app.bootstrap import open_service
from core.answers import Caller
from core.settings import RetrievalSettings, Settings
from index.factory import open_knowledge_base
from index.permissions import caller_named, may_read

pytestmark = pytest.mark.integration

DOCUMENTS = 60
CROWD = 200
GROUPS = ("hr", "sales", "it", "legal")
PEOPLE = tuple(f"p{n}@example.org" for n in range(5))
TOPICS = ("valve", "pump", "invoice", "holiday", "password", "contract", "battery", "tunnel")
QUERIES = ("who checks the valve", "how long is the holiday", "battery password", "signed contract")


@functools.cache
def knowledge(model_cache: Path) -> tuple[Path, Path]:
    """Ingest the documents once: 60 with random readers, and a crowd that only one group may read."""
    rng = random.Random(5)
    work = model_cache.parent / f"{model_cache.name}-oracle"
    principals = ["everyone", *(f"group:{name}" for name in GROUPS), *(f"user:{p}" for p in PEOPLE)]
    files = {}
    for number in range(DOCUMENTS):
        one, other = rng.sample(TOPICS, 2)
        text = f"The {one} of site {number} is looked after with the {other} of row {number % 7}."
        files[f"{number}/note.md"] = f"# Note {number}\n\n{text}\n"
        readers = rng.sample(principals, rng.randint(1, 3))
        files[f"{number}/.footnote.yaml"] = f"access: {readers}"
    for number in range(CROWD):
        files[f"crowd/{number}.md"] = (
            f"# Quokka {number}\n\nQuokka, quokka, quokka number {number}.\n"
        )
    files["crowd/.footnote.yaml"] = "access: [group:zoo]"
    for number in range(3):
        filler = " ".join(f"The tram to stop {number}{i} leaves at noon." for i in range(8))
        files[f"few/{number}.md"] = (
            f"# Timetable {number}\n\n{filler} A quokka rides along. {filler}\n"
        )
    folder = write_files(work / "docs", files)
    env = child_env(work / "data", model_cache)
    done = run_child("ingest", folder, "--yes", "--json", env=env)
    assert done.returncode == 0, done.stderr
    return folder, work / "data"


@pytest.fixture
def settings(model_cache: Path) -> Settings:
    return settings_of(knowledge(model_cache)[1], model_cache)


def callers(seed: int, count: int) -> list[Caller]:
    rng = random.Random(seed)
    chosen = [
        caller_named(
            rng.choice(("", *PEOPLE, "stranger@example.org")), rng.sample(GROUPS, rng.randint(0, 3))
        )
        for _ in range(count)
    ]
    return [*chosen, ADMIN]


def weighing(settings: Settings, dense_weight: float) -> Settings:
    """Return settings that search by meaning only (1.0) or by words only (0.0)."""
    return settings.model_copy(update={"retrieval": RetrievalSettings(dense_weight=dense_weight)})


def test_a_search_by_meaning_equals_brute_force_over_what_may_be_read(settings: Settings) -> None:
    base = open_knowledge_base(weighing(settings, 1.0))
    embedder = base.retriever.embedder
    numbers, matrix = base.catalogue.vectors_by_chunk(embedder.name, embedder.dim)
    rows = base.catalogue.chunk_rows(numbers.tolist())
    for query in QUERIES:
        cosines = matrix @ embedder.embed_query(query)[0]
        for caller in callers(1, 12):
            allowed = [
                (number, cosine)
                for number, cosine in zip(numbers.tolist(), cosines.tolist(), strict=True)
                if may_read(caller, rows[number].access)
            ]
            best = sorted((cosine for _, cosine in allowed), reverse=True)[:10]
            permitted = {rows[number].chunk.chunk_id for number, _ in allowed}
            hits = base.retriever.retrieve(query, caller, 10)
            assert {hit.chunk_id for hit in hits} <= permitted
            scores = [hit.why.dense_score for hit in hits]
            assert np.allclose(scores, best, atol=1e-5), f"{caller.name}: {query}"


def test_a_search_by_words_finds_what_may_be_read_behind_better_matches(settings: Settings) -> None:
    retriever = open_knowledge_base(weighing(settings, 0.0)).retriever
    for caller in callers(2, 6)[:-1]:
        hits = retriever.retrieve("quokka", caller, 10)
        found = {hit.document.uri for hit in hits if hit.why.lexical_rank}
        assert found == {"few/0.md", "few/1.md", "few/2.md"}
    zoo = retriever.retrieve("quokka", caller_named("z@example.org", ["zoo"]), 10)
    assert {hit.document.uri.split("/")[0] for hit in zoo} == {"crowd"}


@pytest.mark.parametrize("top_k", [1, 7, 300])
def test_no_hit_is_ever_outside_of_what_may_be_read(settings: Settings, top_k: int) -> None:
    base = open_knowledge_base(settings)
    access = {record.doc_id: record.access for record in base.catalogue.list_documents()}
    for caller in callers(3, 25):
        for query in (*QUERIES, "quokka", "site 12"):
            for hit in base.retriever.retrieve(query, caller, top_k):
                assert may_read(caller, access[hit.document.doc_id])


def test_a_stranger_reads_what_everyone_may_read_and_no_principal_is_guessed(
    settings: Settings,
) -> None:
    base = open_knowledge_base(settings)
    public = sum("everyone" in record.access for record in base.catalogue.list_documents())
    for name in ("", "stranger@example.org", "everyone", "group:zoo", "hr", "%", "*"):
        assert base.retriever.readable_documents(caller_named(name, [])) == public


def test_an_abstention_counts_and_names_only_what_may_be_read(
    tmp_path: Path, settings: Settings
) -> None:
    own = settings.model_copy(update={"data_dir": copytree(settings.data_dir, tmp_path / "own")})
    service = open_service(own)
    records = open_knowledge_base(own).catalogue.list_documents()
    for caller in callers(4, 6)[:-1]:
        readable = [record for record in records if may_read(caller, record.access)]
        answer = service.ask("Does the emperor of Mars eat strawberry ice cream?", caller)
        assert answer.status == "abstained"
        assert f"{len(readable)} document" in answer.text
        named = {record.uri for record in records if f"({record.uri})" in answer.text}
        assert named <= {record.uri for record in readable}


def test_revoked_documents_are_gone_with_the_next_query(
    tmp_path: Path, model_cache: Path, settings: Settings
) -> None:
    folder, data_dir = knowledge(model_cache)
    own = settings.model_copy(update={"data_dir": copytree(data_dir, tmp_path / "own")})
    retriever = open_knowledge_base(own).retriever
    zoo, stranger = caller_named("z@example.org", ["zoo"]), caller_named("", [])
    assert len(retriever.retrieve("quokka", zoo, 50)) == 50
    before = (folder / "crowd" / ".footnote.yaml").read_text(encoding="utf-8")
    write_files(folder, {"crowd/.footnote.yaml": "access: [group:vets]"})
    try:
        done = run_child("ingest", folder, "--yes", env=child_env(own.data_dir, model_cache))
    finally:
        write_files(folder, {"crowd/.footnote.yaml": before})
    assert done.returncode == 0, done.stderr
    for caller in (zoo, stranger):
        hits = retriever.retrieve("quokka", caller, 300)
        assert not [hit for hit in hits if hit.document.uri.startswith("crowd/")]
    vets = retriever.retrieve("quokka", caller_named("v@example.org", ["vets"]), 50)
    assert len(vets) == 50
