"""A cross-encoder's scores are its own, whatever shares a batch with a text; nothing but numbers is loaded."""

import json
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import copytree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from tiny_cross_encoder import weights, write_cross_encoder

from core.errors import ConfigError
from core.settings import DEFAULT_EMBEDDER
from index.embedders.model_files import find_model
from index.rerankers.cross_encoder import CrossEncoderReranker

SETTING = "FOOTNOTE_RETRIEVAL__RERANKER"
QUERY = "How long is parental leave?"
TEXTS = [
    "Parental leave is sixteen weeks.",
    "The gate opens at seven.",
    "数据保护政策 🚒",
    "",
    "word " * 100,
    "Parental leave is sixteen weeks, and starts on any Monday that both parents choose.",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Path:
    return write_cross_encoder(tmp_path_factory.mktemp("reranker") / "tiny", model_cache)


@pytest.fixture(scope="module")
def reranker(folder: Path, model_cache: Path) -> CrossEncoderReranker:
    return CrossEncoderReranker(str(folder), model_cache, offline=True)


@pytest.fixture
def copy(folder: Path, tmp_path: Path) -> Path:
    """A copy of the model's folder, to be spoilt."""
    return copytree(folder, tmp_path / "copy")


def change_config(folder: Path, **values: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text("utf-8")), **values}), "utf-8")


def refused(folder: Path, model_cache: Path, *named: str) -> None:
    """Check that a model is refused with one sentence that names it and the setting."""
    with pytest.raises(ConfigError) as caught:
        CrossEncoderReranker(str(folder), model_cache, offline=True)
    for text in (str(folder), SETTING, *named):
        assert text in str(caught.value)


# --- scores ---------------------------------------------------------------------------------------


def test_scores_are_the_logistic_function_of_the_logits_of_each_pair(
    reranker: CrossEncoderReranker, folder: Path
) -> None:
    import torch
    from transformers import AutoModelForSequenceClassification, AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(folder)
    model = AutoModelForSequenceClassification.from_pretrained(folder).eval()
    with torch.no_grad():
        logits = [
            model(**tokenizer([[QUERY, text]], return_tensors="pt")).logits.item() for text in TEXTS
        ]
    wanted = 1 / (1 + np.exp(-np.array(logits)))
    np.testing.assert_allclose(reranker.scores(QUERY, TEXTS), wanted, atol=1e-5)
    assert wanted.max() - wanted.min() > 0.1


@settings(max_examples=20)
@given(st.lists(st.text(max_size=40), max_size=12), st.text(max_size=40))
def test_any_texts_get_one_score_each_between_0_and_1(
    reranker: CrossEncoderReranker, texts: list[str], query: str
) -> None:
    scores = reranker.scores(query, texts)
    assert len(scores) == len(texts)
    assert all(0 <= score <= 1 for score in scores)


def test_a_score_belongs_to_its_text_whatever_else_is_judged(
    reranker: CrossEncoderReranker,
) -> None:
    alone = [reranker.scores(QUERY, [text])[0] for text in TEXTS]
    many = [*TEXTS, *(f"{text} {n}" for n in range(4) for text in TEXTS)]
    np.testing.assert_allclose(reranker.scores(QUERY, many)[: len(TEXTS)], alone, atol=1e-5)
    np.testing.assert_allclose(reranker.scores(QUERY, TEXTS[::-1]), alone[::-1], atol=1e-5)


@pytest.mark.parametrize("longer", range(4, 9))
def test_copies_of_a_text_have_equal_scores_whichever_batch_they_fall_into(
    reranker: CrossEncoderReranker, longer: int
) -> None:
    filling = [f"{'word ' * 40 * n}{n}" for n in range(1, longer)]
    scores = reranker.scores(QUERY, [TEXTS[0], *filling, *TEXTS[:1] * 9])
    assert set(scores[longer:]) == {scores[0]}


def test_the_same_question_has_the_same_scores_again_and_after_loading_again(
    reranker: CrossEncoderReranker, folder: Path, model_cache: Path
) -> None:
    first = reranker.scores(QUERY, TEXTS)
    assert reranker.scores(QUERY, TEXTS) == first
    again = CrossEncoderReranker(str(folder), model_cache, offline=True)
    assert again.scores(QUERY, TEXTS) == first
    assert again.name == reranker.name


def test_no_texts_have_no_scores(reranker: CrossEncoderReranker) -> None:
    assert reranker.scores(QUERY, []) == []


def test_what_is_longer_than_the_window_is_cut(reranker: CrossEncoderReranker) -> None:
    long, longer = (reranker.scores("leave " * n, ["gate " * n])[0] for n in (600, 5000))
    assert long == pytest.approx(longer, abs=1e-5)


def test_a_model_with_a_short_window_cuts_to_it(tmp_path: Path, model_cache: Path) -> None:
    folder = write_cross_encoder(tmp_path / "short", model_cache, window=48)
    short = CrossEncoderReranker(str(folder), model_cache, offline=True)
    long, longer = (short.scores(QUERY, ["gate " * n])[0] for n in (60, 600))
    assert long == pytest.approx(longer, abs=1e-5)
    assert short.scores(QUERY, ["gate " * 10])[0] != pytest.approx(long, abs=1e-5)


def test_a_model_with_a_long_window_reads_no_more_than_512_tokens(
    tmp_path: Path, model_cache: Path
) -> None:
    folder = write_cross_encoder(tmp_path / "long", model_cache, window=2048)
    settings_of_tokenizer = folder / "tokenizer_config.json"
    known = json.loads(settings_of_tokenizer.read_text("utf-8"))
    settings_of_tokenizer.write_text(json.dumps({**known, "model_max_length": 2048}), "utf-8")
    long = CrossEncoderReranker(str(folder), model_cache, offline=True)
    scores = [long.scores(QUERY, ["gate " * n])[0] for n in (300, 600, 1200)]
    assert scores[1] == pytest.approx(scores[2], abs=1e-5)
    assert scores[0] != pytest.approx(scores[1], abs=1e-5)


def test_threads_do_not_disturb_each_other(reranker: CrossEncoderReranker) -> None:
    queries = [f"{QUERY} {'please ' * n}" for n in range(12)]
    alone = [reranker.scores(query, TEXTS) for query in queries]
    with ThreadPoolExecutor(6) as threads:
        together = list(threads.map(lambda query: reranker.scores(query, TEXTS), queries))
    assert together == alone


def test_texts_that_both_answer_very_well_are_told_apart(copy: Path, model_cache: Path) -> None:
    sure = weights()
    sure["classifier.bias"] = np.full(1, 25, np.float32)
    save_file(sure, copy / "model.safetensors", {"format": "pt"})
    scores = CrossEncoderReranker(str(copy), model_cache, offline=True).scores(QUERY, TEXTS)
    assert min(scores) > 0.999999
    assert len(set(scores)) == len(TEXTS)


def test_weights_in_half_precision_are_computed_in_single(copy: Path, model_cache: Path) -> None:
    half = {name: value.astype(np.float16) for name, value in weights().items()}
    save_file(half, copy / "model.safetensors", {"format": "pt"})
    change_config(copy, dtype="float16", torch_dtype="float16")
    reranker = CrossEncoderReranker(str(copy), model_cache, offline=True)
    assert {str(value.dtype) for value in reranker._model.state_dict().values()} == {
        "torch.float32"
    }
    assert len(set(reranker.scores(QUERY, TEXTS))) == len(TEXTS)


def test_loading_and_judging_draw_no_progress_bar(
    folder: Path, model_cache: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    CrossEncoderReranker(str(folder), model_cache, offline=True).scores(QUERY, TEXTS)
    assert tuple(capfd.readouterr()) == ("", "")


def test_a_folder_that_the_library_saved_is_read(
    reranker: CrossEncoderReranker, tmp_path: Path, model_cache: Path
) -> None:
    reranker._model.save_pretrained(str(tmp_path / "saved"))
    assert (tmp_path / "saved" / "modules.json").is_file()
    again = CrossEncoderReranker(str(tmp_path / "saved"), model_cache, offline=True)
    np.testing.assert_allclose(again.scores(QUERY, TEXTS), reranker.scores(QUERY, TEXTS), atol=1e-6)


def test_the_name_tells_the_model_and_its_weights(
    folder: Path, reranker: CrossEncoderReranker, copy: Path, model_cache: Path
) -> None:
    assert reranker.name.startswith(f"{folder}@")
    save_file(weights(seed=6), copy / "model.safetensors", {"format": "pt"})
    other = CrossEncoderReranker(str(copy), model_cache, offline=True)
    assert other.name.rpartition("@")[2] != reranker.name.rpartition("@")[2]


# --- what is refused --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offline", "said"), [(True, "FOOTNOTE_OFFLINE is set"), (False, "from the model hub")]
)
def test_a_model_that_is_nowhere_is_named_with_the_setting(
    offline: bool, said: str, model_cache: Path
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        CrossEncoderReranker("nobody/no-such-reranker", model_cache, offline=offline)
    assert "'nobody/no-such-reranker'" in str(caught.value)
    assert SETTING in str(caught.value)


class Trap:
    """A pickle that makes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return (Path.touch, (self.path,))


def test_pickled_weights_are_refused_and_not_opened(copy: Path, model_cache: Path) -> None:
    (copy / "model.safetensors").unlink()
    (copy / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(copy / "sprung")))
    refused(copy, model_cache, "no model.safetensors")
    assert not (copy / "sprung").exists()


def test_pickles_beside_the_weights_are_not_opened(
    copy: Path, reranker: CrossEncoderReranker, model_cache: Path
) -> None:
    (copy / "pytorch_model.bin").write_bytes(pickle.dumps(Trap(copy / "sprung")))
    again = CrossEncoderReranker(str(copy), model_cache, offline=True)
    assert again.scores(QUERY, TEXTS) == reranker.scores(QUERY, TEXTS)
    assert not (copy / "sprung").exists()


@pytest.mark.parametrize(
    "modules",
    [
        ["sentence_transformers.models.Transformer", "sentence_transformers.models.Dense"],
        ["modeling_own.Own"],
        [],
    ],
)
def test_a_model_of_other_parts_than_a_transformer_is_refused(
    copy: Path, modules: list[str], model_cache: Path
) -> None:
    listed = [
        {
            "idx": number,
            "name": str(number),
            "path": f"{number}_Part" if number else "",
            "type": kind,
        }
        for number, kind in enumerate(modules)
    ]
    (copy / "modules.json").write_text(json.dumps(listed), "utf-8")
    refused(copy, model_cache, "modules.json")


@pytest.mark.parametrize("kind", ["bert", "own"])
def test_code_that_comes_with_a_model_never_runs(copy: Path, kind: str, model_cache: Path) -> None:
    (copy / "modeling_own.py").write_text(
        f"from pathlib import Path\nPath({str(copy / 'sprung')!r}).touch()\n", "utf-8"
    )
    classes = {
        "AutoConfig": "modeling_own.OwnConfig",
        "AutoModelForSequenceClassification": "modeling_own.OwnForSequenceClassification",
    }
    change_config(copy, auto_map=classes, model_type=kind)
    if kind == "own":
        refused(copy, model_cache)
    else:
        CrossEncoderReranker(str(copy), model_cache, offline=True).scores(QUERY, TEXTS)
    assert not (copy / "sprung").exists()


def test_an_embedding_model_is_no_reranker(model_cache: Path) -> None:
    packaged = find_model(DEFAULT_EMBEDDER, model_cache, offline=True).folder
    refused(packaged, model_cache, "BertModel")
    with pytest.raises(ConfigError, match="no cross-encoder"):
        CrossEncoderReranker(DEFAULT_EMBEDDER, model_cache, offline=True)


@pytest.mark.parametrize("outputs", [2, 3])
def test_a_model_with_several_outputs_is_refused(
    outputs: int, tmp_path: Path, model_cache: Path
) -> None:
    folder = write_cross_encoder(tmp_path / "model", model_cache, outputs=outputs)
    refused(folder, model_cache, f"{outputs} outputs")


def test_weights_without_the_judging_layer_are_refused(copy: Path, model_cache: Path) -> None:
    body = {name: value for name, value in weights().items() if not name.startswith("classifier")}
    save_file(body, copy / "model.safetensors", {"format": "pt"})
    refused(copy, model_cache, "last layer")


@pytest.mark.parametrize("name", ["model.safetensors", "config.json", "tokenizer.json"])
@pytest.mark.parametrize("content", [b"", b"{}", b"\xff" * 100])
def test_damaged_files_are_refused_in_a_sentence(
    copy: Path, name: str, content: bytes, model_cache: Path
) -> None:
    (copy / name).write_bytes(content)
    refused(copy, model_cache)


def test_weights_that_are_no_numbers_are_named_when_they_answer(
    copy: Path, model_cache: Path
) -> None:
    broken = weights()
    broken["classifier.bias"] = np.full(1, np.nan, np.float32)
    save_file(broken, copy / "model.safetensors", {"format": "pt"})
    reranker = CrossEncoderReranker(str(copy), model_cache, offline=True)
    with pytest.raises(ConfigError, match=SETTING):
        reranker.scores(QUERY, TEXTS)
