"""A cross-encoder in a search: it orders what was found and may be read, and changes nothing else."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from cli_harness import ADMIN, settings_of, write_files
from ingest_desk import Desk
from tiny_cross_encoder import write_cross_encoder

from core.answers import Caller, Hit
from core.errors import ConfigError
from core.log import configure
from core.settings import Settings
from index.factory import KnowledgeBase, open_knowledge_base
from index.permissions import caller_named
from index.rerankers.cross_encoder import CrossEncoderReranker
from index.retriever import Generation, HybridRetriever

pytestmark = pytest.mark.integration

QUESTION = "Which pump is checked on Monday?"
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday")
ANN = caller_named("ann@example.org", ())
BEN = caller_named("ben@example.org", ("night",))


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[Settings]:
    configure("error")
    work = tmp_path_factory.mktemp("reranked")
    settings = settings_of(work / "data", model_cache)
    files = {
        f"{shift}/pump-{number}.md": (
            f"# Pump {number}\n\nPump {number} is checked on {DAYS[number % 5]} by the {shift} shift. "
            f"Its filter is number {number * 7}.\n"
        )
        for shift, numbers in (("day", range(25)), ("night", range(25, 40)))
        for number in numbers
    }
    with Desk(work / "docs", settings) as desk:
        write_files(desk.folder, {**files, "night/.footnote.yaml": "access: [group:night]"})
        desk.ingest()
        yield settings


@pytest.fixture(scope="module")
def reranker(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> CrossEncoderReranker:
    folder = write_cross_encoder(tmp_path_factory.mktemp("model") / "tiny", model_cache)
    return CrossEncoderReranker(str(folder), model_cache, offline=True)


@pytest.fixture(scope="module")
def plain(settings: Settings) -> KnowledgeBase:
    return open_knowledge_base(settings)


class Noting:
    """Passes texts on to a reranker, and keeps them."""

    def __init__(self, reranker: CrossEncoderReranker) -> None:
        self.texts: list[str] = []
        self._reranker = reranker

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        self.texts.extend(texts)
        return self._reranker.scores(query, texts)


@pytest.fixture
def noting(reranker: CrossEncoderReranker) -> Noting:
    return Noting(reranker)


@pytest.fixture
def reranked(plain: KnowledgeBase, noting: Noting) -> HybridRetriever:
    generation = Generation(
        plain.catalogue.get_meta("manifest") or "", plain.retriever.embedder, plain.retriever.store
    )
    return HybridRetriever(plain.catalogue, lambda: generation, fetch_k=100, reranker=noting)


def ids(hits: Sequence[Hit]) -> list[str]:
    return [hit.chunk_id for hit in hits]


def test_the_order_is_the_rerankers_and_hits_and_scores_stay(
    plain: KnowledgeBase, reranked: HybridRetriever, reranker: CrossEncoderReranker
) -> None:
    before = plain.retriever.retrieve(QUESTION, ANN, 100)
    after = reranked.retrieve(QUESTION, ANN, 100)
    assert len(before) == 25
    assert set(ids(after)) == set(ids(before))
    assert ids(after) != ids(before)
    assert [hit.score for hit in after] == [hit.score for hit in before]
    assert [hit.rank for hit in after] == list(range(1, 26))
    texts = {
        row.chunk.chunk_id: row.chunk.embedded_text for row in plain.catalogue.all_chunk_rows()
    }
    judged = reranker.scores(QUESTION, [texts[chunk_id] for chunk_id in ids(after)])
    assert judged == pytest.approx(sorted(judged, reverse=True), abs=1e-6)


def test_hits_behind_the_best_30_keep_their_places(
    plain: KnowledgeBase, reranked: HybridRetriever, noting: Noting
) -> None:
    before = plain.retriever.retrieve(QUESTION, ADMIN, 100)
    after = reranked.retrieve(QUESTION, ADMIN, 100)
    assert len(before) == len(after) == 40
    assert len(noting.texts) == 30
    assert set(ids(after[:30])) == set(ids(before[:30]))
    assert ids(after[30:]) == ids(before[30:])


@pytest.mark.parametrize(("caller", "shifts"), [(ANN, {"day"}), (BEN, {"day", "night"})])
def test_only_texts_that_the_caller_may_read_are_judged(
    reranked: HybridRetriever, noting: Noting, caller: Caller, shifts: set[str]
) -> None:
    hits = reranked.retrieve(f"{QUESTION} By the night shift?", caller, 100)
    assert {
        shift for shift in ("day", "night") for t in noting.texts if f"the {shift} " in t
    } == shifts
    assert {hit.document.uri.partition("/")[0] for hit in hits} == shifts


def test_a_caller_who_may_read_nothing_costs_no_judging(
    reranked: HybridRetriever, noting: Noting
) -> None:
    nobody = Caller("Nobody", frozenset())
    assert reranked.retrieve(QUESTION, nobody, 8) == []
    assert noting.texts == []


def test_the_setting_opens_the_reranker(
    settings: Settings, reranked: HybridRetriever, tmp_path: Path
) -> None:
    folder = write_cross_encoder(tmp_path / "tiny", settings.model_cache)

    def opened(name: Path) -> KnowledgeBase:
        chosen = settings.retrieval.model_copy(update={"reranker": str(name)})
        return open_knowledge_base(settings.model_copy(update={"retrieval": chosen}))

    found = opened(folder).retriever.retrieve(QUESTION, ANN, 8)
    assert ids(found) == ids(reranked.retrieve(QUESTION, ANN, 8))
    (folder / "model.safetensors").unlink()
    with pytest.raises(ConfigError, match="FOOTNOTE_RETRIEVAL__RERANKER"):
        opened(folder)
