"""Footnote's retrieval inside LlamaIndex: what nodes carry, who may read them, and the programs of its page."""

import asyncio
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli_harness import settings_of, write_files
from ingest_desk import Desk
from tiny_cross_encoder import write_cross_encoder

pytest.importorskip("llama_index.core")

from llama_index.core.callbacks import CallbackManager, LlamaDebugHandler
from llama_index.core.llms import CompletionResponse, CustomLLM, LLMMetadata, MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.schema import MetadataMode, NodeWithScore, QueryBundle, TextNode

from core.errors import DataFolderError, UsageError
from core.log import configure
from core.settings import Settings
from index.factory import KnowledgeBase, open_knowledge_base
from index.llama_index_retriever import FootnoteRetriever
from index.permissions import administrator, caller_named

pytestmark = pytest.mark.integration

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "llama-index.md"
QUESTION = "How long is parental leave?"
FILES = {
    "leave.md": "# Leave\n\n## Parental leave\n\nParental leave is sixteen weeks 🍼, for all parents.\n",
    "gates.md": "# Gates\n\nThe north gate opens at seven. The south gate stays shut.\n",
    "hr/leave.md": "# Leave in numbers\n\nParental leave cost 81,000 euros in March.\n",
    "hr/.footnote.yaml": "access: [group:hr]",
    "ann/leave.md": "# Ann's leave\n\nParental leave of Ann starts on Monday.\n",
    "ann/.footnote.yaml": "access: ['user:ann@example.org']",
    "nobody/leave.md": "# Draft\n\nParental leave may become twenty weeks.\n",
    "nobody/.footnote.yaml": "access: []",
}
OPEN = {"leave.md", "gates.md"}
ALL = {name for name in FILES if name.endswith(".md")}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[Settings]:
    configure("error")
    work = tmp_path_factory.mktemp("retriever")
    settings = settings_of(work / "data", model_cache)
    with Desk(work / "docs", settings) as desk:
        write_files(desk.folder, FILES)
        desk.ingest()
        yield settings


@pytest.fixture(scope="module")
def base(settings: Settings) -> KnowledgeBase:
    return open_knowledge_base(settings)


@pytest.fixture
def retriever(base: KnowledgeBase) -> FootnoteRetriever:
    return FootnoteRetriever(base, caller_named("ann@example.org", ["hr"]))


def uris(found: list[NodeWithScore]) -> set[str]:
    return {node.metadata["uri"] for node in found}


# --- nodes ----------------------------------------------------------------------------------------


def test_a_node_is_a_hit_with_its_place_in_the_document(
    retriever: FootnoteRetriever, base: KnowledgeBase
) -> None:
    found = retriever.retrieve(QUESTION)
    hits = base.retriever.retrieve(QUESTION, caller_named("ann@example.org", ["hr"]), 8)
    assert [(n.node_id, n.score, n.text) for n in found] == [
        (hit.chunk_id, hit.score, hit.text) for hit in hits
    ]
    for item, hit in zip(found, hits, strict=True):
        node = item.node
        assert isinstance(node, TextNode)
        text, _ = base.catalogue.document_text(hit.document.doc_id)
        assert text[node.start_char_idx : node.end_char_idx] == node.text
        assert node.source_node is not None
        assert node.source_node.node_id == node.ref_doc_id == hit.document.doc_id
        assert node.metadata["version"] == hit.document.version
        assert (node.metadata["start"], node.metadata["end"]) == (hit.start, hit.end)
        assert "page" not in node.metadata
    (leave,) = [item for item in found if item.metadata["uri"] == "leave.md"]
    assert leave.metadata["section"] == "Leave > Parental leave"
    assert leave.metadata["title"] == "Leave"
    assert leave.metadata["is_stale"] is False


def test_models_are_shown_what_helps_and_not_what_only_programs_need(
    retriever: FootnoteRetriever,
) -> None:
    node = next(n.node for n in retriever.retrieve(QUESTION) if n.metadata["uri"] == "leave.md")
    embedded = node.get_content(MetadataMode.EMBED)
    assert embedded == f"title: Leave\nsection: Leave > Parental leave\n\n{node.get_content()}"
    read = node.get_content(MetadataMode.LLM)
    for name in ("title", "section", "uri", "updated_at"):
        assert f"\n{name}: " in f"\n{read}"
    for name in ("version", "start", "end", "is_stale"):
        assert f"\n{name}: " not in f"\n{read}"


def test_a_node_survives_being_stored(retriever: FootnoteRetriever) -> None:
    for found in retriever.retrieve(QUESTION):
        assert TextNode.from_json(found.node.to_json()) == found.node


def test_no_more_than_top_k_nodes_are_returned(base: KnowledgeBase) -> None:
    assert len(FootnoteRetriever(base, administrator(), top_k=2).retrieve(QUESTION)) == 2
    with pytest.raises(UsageError, match="top_k is 0"):
        FootnoteRetriever(base, administrator(), top_k=0)


def test_an_asynchronous_search_finds_the_same_and_leaves_the_loop_free(
    retriever: FootnoteRetriever,
) -> None:
    async def searches() -> tuple[list[list[NodeWithScore]], int]:
        turns = 0
        task = asyncio.gather(*(retriever.aretrieve(QUESTION) for _ in range(4)))
        while not task.done():
            turns += 1
            await asyncio.sleep(0)
        return await task, turns

    found, turns = asyncio.run(searches())
    wanted = retriever.retrieve(QUESTION)
    assert found == [wanted] * 4
    assert turns > 20


def test_listeners_of_llama_index_hear_of_a_search(base: KnowledgeBase) -> None:
    listener = LlamaDebugHandler(print_trace_on_end=False)
    heard = FootnoteRetriever(
        base, administrator(), callback_manager=CallbackManager([listener])
    ).retrieve(QUESTION)
    (_, end), *others = listener.get_event_pairs()
    assert not others
    assert [n.node_id for n in end.payload["nodes"]] == [n.node_id for n in heard]


# --- questions ------------------------------------------------------------------------------------


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question_finds_nothing(retriever: FootnoteRetriever, question: str) -> None:
    assert retriever.retrieve(question) == []


def test_halves_of_characters_do_not_stop_a_search(retriever: FootnoteRetriever) -> None:
    bundle = QueryBundle("parental \ud800 leave", custom_embedding_strs=["weeks \udfff"])
    assert retriever.retrieve("parental \ud800 leave")
    assert retriever.retrieve(bundle)


def test_a_question_that_is_too_long_is_refused(settings: Settings) -> None:
    retriever = FootnoteRetriever.from_data_dir(settings.data_dir)
    assert retriever.retrieve("leave " * 600)
    with pytest.raises(UsageError, match="4,201 characters"):
        retriever.retrieve("leave  " * 600 + ".")


def test_strings_to_embed_decide_what_is_found_by_meaning(settings: Settings) -> None:
    by_meaning = settings.model_copy(
        update={"retrieval": settings.retrieval.model_copy(update={"dense_weight": 1.0})}
    )
    retriever = FootnoteRetriever(open_knowledge_base(by_meaning), administrator(), top_k=1)
    gate = "The gate in the north opens at seven."
    assert uris(retriever.retrieve(QUESTION)) != {"gates.md"}
    asked = QueryBundle(QUESTION, custom_embedding_strs=[gate, " ", gate])
    assert uris(retriever.retrieve(asked)) == {"gates.md"}


def test_blank_strings_to_embed_leave_the_question_its_own_meaning(
    retriever: FootnoteRetriever,
) -> None:
    for strings in (None, [], [" ", ""]):
        asked = QueryBundle(QUESTION, custom_embedding_strs=strings)
        assert retriever.retrieve(asked) == retriever.retrieve(QUESTION)


def test_a_vector_of_another_model_is_left_alone(retriever: FootnoteRetriever) -> None:
    for size in (384, 1536):
        vector = np.ones(size).tolist()
        assert retriever.retrieve(QueryBundle(QUESTION, embedding=vector)) == retriever.retrieve(
            QUESTION
        )


# --- permissions ----------------------------------------------------------------------------------


def read_by(settings: Settings, **who: Any) -> set[str]:
    """What a caller finds, with room for every document."""
    return uris(FootnoteRetriever.from_data_dir(settings.data_dir, top_k=50, **who).retrieve(
        "parental leave, or the gate"
    ))  # fmt: skip


def test_each_caller_finds_what_he_may_read(settings: Settings) -> None:
    assert read_by(settings) == OPEN
    assert read_by(settings, user="") == OPEN
    assert read_by(settings, user="ben@example.org") == OPEN
    assert read_by(settings, user="ben@example.org", groups=["hr"]) == OPEN | {"hr/leave.md"}
    assert read_by(settings, user="ben@example.org", groups=("group:hr",)) == OPEN | {"hr/leave.md"}
    assert read_by(settings, user="Ann@Example.org") == OPEN | {"ann/leave.md"}
    assert read_by(settings, as_administrator=True) == ALL


def test_groups_are_those_of_the_groups_file_unless_they_are_given(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "groups.yaml").write_text("ben@example.org: [hr]\n", encoding="utf-8")
    monkeypatch.setenv("FOOTNOTE_GROUPS_FILE", str(tmp_path / "groups.yaml"))
    assert read_by(settings, user="ben@example.org") == OPEN | {"hr/leave.md"}
    assert read_by(settings, user="ben@example.org", groups=[]) == OPEN
    assert read_by(settings, groups=[]) == read_by(settings) == OPEN


@pytest.mark.parametrize(
    ("who", "sentence"),
    [
        ({"groups": ["hr"]}, "no user"),
        ({"user": " ", "groups": ["hr"]}, "no user"),
        ({"user": "ann@example.org", "groups": "hr"}, "Give a list"),
        ({"user": "ann@example.org", "groups": [" "]}, "has no name"),
        ({"user": "ann@example.org", "as_administrator": True}, "not both"),
        ({"groups": [], "as_administrator": True}, "not both"),
    ],
)
def test_who_asks_is_never_guessed(settings: Settings, who: dict[str, Any], sentence: str) -> None:
    with pytest.raises(UsageError, match=sentence):
        FootnoteRetriever.from_data_dir(settings.data_dir, **who)


def test_a_folder_without_a_knowledge_base_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataFolderError, match="nowhere"):
        FootnoteRetriever.from_data_dir(tmp_path / "nowhere")


# --- inside LlamaIndex ----------------------------------------------------------------------------


def test_an_engine_shows_its_model_what_the_caller_may_read_and_nothing_else(
    settings: Settings,
) -> None:
    retriever = FootnoteRetriever.from_data_dir(settings.data_dir, user="ben@example.org")
    response = RetrieverQueryEngine.from_args(retriever, llm=MockLLM()).query(QUESTION)
    prompt = str(response)
    assert "sixteen weeks" in prompt
    assert QUESTION in prompt
    for hidden in ("81,000", "Monday", "twenty"):
        assert hidden not in prompt
    assert uris(response.source_nodes) == OPEN


def test_the_global_settings_of_llama_index_are_not_touched(retriever: FootnoteRetriever) -> None:
    from llama_index.core import Settings as theirs

    before = dict(vars(theirs))
    retriever.retrieve(QUESTION)
    asyncio.run(retriever.aretrieve(QUESTION))
    assert dict(vars(theirs)) == before


def test_without_llama_index_a_sentence_says_what_to_install() -> None:
    code = (
        "import sys; sys.modules['llama_index'] = None\n"
        "import index.factory\n"
        "try:\n    import index.llama_index_retriever\n"
        "except ImportError as error:\n    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert "pip install 'footnote[readers]'" in done.stdout
    assert (done.returncode, done.stderr) == (0, "")


# --- the page -------------------------------------------------------------------------------------


class OneAnswer(CustomLLM):
    """A model that always says the same; routers ask it which retriever to take."""

    text: str

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata()

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text=self.text)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> Any:
        yield CompletionResponse(text=self.text, delta=self.text)


@pytest.fixture
def page(settings: Settings, tmp_path: Path) -> list[str]:
    """The programs of the page, and the folders that they name, in the current folder."""
    (tmp_path / "data").symlink_to(settings.data_dir)
    write_cross_encoder(tmp_path / "models" / "reranker", settings.model_cache)
    return re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)


def test_the_first_program_of_the_page_runs_and_has_ten_lines(
    page: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert len(page[0].splitlines()) == 10
    exec(page[0], {})
    lines = capsys.readouterr().out.splitlines()
    assert {line.split("  ")[1] for line in lines} == OPEN | {"hr/leave.md", "ann/leave.md"}


def test_all_programs_of_the_page_run_one_after_the_other(page: list[str]) -> None:
    started, server, reranker, router = page
    names: dict[str, Any] = {}
    exec(started, names)
    exec(server, names)
    assert uris(names["for_ben"].retrieve(QUESTION)) == OPEN
    exec(reranker, names)
    assert uris(names["engine"].query(QUESTION).source_nodes) == OPEN
    names["llm"] = OneAnswer(text='[{"choice": 1, "reason": "It is about leave."}]')
    names["your_retriever"] = names["wide"]
    exec(router, names)
    assert uris(names["nodes"]) == OPEN
