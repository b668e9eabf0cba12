"""A model is found on this machine, by folder or by name, and its weights are what the name promises."""

import hashlib
import json
from pathlib import Path

import pytest

from core.errors import ConfigError
from core.settings import DEFAULT_EMBEDDER
from index.embedders.model_files import PACKAGED_SHA256, find_model


@pytest.fixture
def local_model(tmp_path: Path) -> Path:
    folder = tmp_path / "my-model"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(b"weights")
    return folder


def test_the_default_model_is_the_official_one_and_needs_no_network(model_cache: Path) -> None:
    files = find_model(DEFAULT_EMBEDDER, model_cache, offline=True)
    assert files.weights_sha256 == PACKAGED_SHA256
    assert files.max_tokens == 256
    assert (files.query_prefix, files.passage_prefix) == ("", "")


def test_a_folder_is_a_model_of_its_own(local_model: Path, tmp_path: Path) -> None:
    files = find_model(str(local_model), tmp_path / "cache", offline=True)
    assert files.folder == local_model
    assert files.weights_sha256 == hashlib.sha256(b"weights").hexdigest()
    assert files.max_tokens == 256


def test_prefixes_and_window_are_read_from_the_model(local_model: Path, tmp_path: Path) -> None:
    prompts = {"prompts": {"query": "query: ", "document": "passage: "}}
    (local_model / "config_sentence_transformers.json").write_text(json.dumps(prompts))
    (local_model / "sentence_bert_config.json").write_text('{"max_seq_length": 512}')
    files = find_model(str(local_model), tmp_path / "cache", offline=True)
    assert (files.query_prefix, files.passage_prefix, files.max_tokens) == (
        "query: ",
        "passage: ",
        512,
    )


def test_other_weights_under_the_official_name_are_refused(
    local_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    official = tmp_path / DEFAULT_EMBEDDER
    official.parent.mkdir()
    local_model.rename(official)
    with pytest.raises(ConfigError, match="not the official ones") as caught:
        find_model(DEFAULT_EMBEDDER, tmp_path / "cache", offline=True)
    assert DEFAULT_EMBEDDER in str(caught.value)


def test_changed_weights_have_another_hash(local_model: Path, tmp_path: Path) -> None:
    first = find_model(str(local_model), tmp_path / "cache", offline=True)
    (local_model / "model.safetensors").write_bytes(b"other weights")
    second = find_model(str(local_model), tmp_path / "cache", offline=True)
    assert first.weights_sha256 != second.weights_sha256


def test_a_damaged_memory_of_hashes_is_made_again(local_model: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    cache.mkdir()
    (cache / "hashes.json").write_text("{broken")
    files = find_model(str(local_model), cache, offline=True)
    assert files.weights_sha256 == hashlib.sha256(b"weights").hexdigest()
    assert files.weights_sha256 in (cache / "hashes.json").read_text()


def test_a_folder_without_weights_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"model\.safetensors") as caught:
        find_model(str(tmp_path), tmp_path / "cache", offline=True)
    assert str(tmp_path) in str(caught.value)


def test_an_unknown_model_is_not_asked_for_offline(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="'some/model' is not on this machine"):
        find_model("some/model", tmp_path / "cache", offline=True)
