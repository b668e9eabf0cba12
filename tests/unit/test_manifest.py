"""An index is refused by an embedder that did not build it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import IndexMismatch
from index.manifest import (
    Manifest,
    check_embedder,
    check_vectors,
    precision_of,
    read_manifest,
    set_of_vectors,
)

MANIFEST = Manifest("model@abc/int8", 384, "structure-1", 128)


def test_a_manifest_comes_back_as_it_was_stored() -> None:
    assert read_manifest(MANIFEST.to_json()) == MANIFEST


@pytest.mark.parametrize("stored", [None, ""])
def test_a_new_index_has_no_manifest_and_takes_any_embedder(stored: str | None) -> None:
    assert read_manifest(stored) is None
    check_embedder(None, "anything", 3)
    assert precision_of(None) is None


def test_the_embedder_that_built_it_is_let_in() -> None:
    check_embedder(MANIFEST, "model@abc/int8", 384)


@pytest.mark.parametrize(
    ("name", "dim"), [("other@abc/int8", 384), ("model@abc/fp32", 384), ("model@abc/int8", 768)]
)
def test_another_embedder_is_refused_with_both_names(name: str, dim: int) -> None:
    with pytest.raises(IndexMismatch) as caught:
        check_embedder(MANIFEST, name, dim)
    assert "'model@abc/int8'" in str(caught.value)
    assert repr(name) in str(caught.value)


@pytest.mark.parametrize(
    ("embedder", "precision"), [("model@abc/int8", "int8"), ("org/model@abc/fp32", "fp32")]
)
def test_the_precision_is_the_end_of_the_name(embedder: str, precision: str) -> None:
    assert precision_of(Manifest(embedder, 3, "c", 1)) == precision


def test_another_embedder_is_told_what_to_do() -> None:
    with pytest.raises(IndexMismatch, match="index reembed --model org/other --switch"):
        check_embedder(MANIFEST, "org/other@abc/int8", 384)


def test_a_manifest_of_an_older_version_opens_the_model_of_its_name() -> None:
    stored = (
        '{"chunk_tokens": 128, "chunker": "structure-1", "dim": 384, "embedder": "org/m@abc/int8"}'
    )
    manifest = read_manifest(stored)
    assert manifest is not None
    assert (manifest.model_name, manifest.vectors) == ("org/m", "")


def test_a_model_is_opened_by_what_the_settings_called_it() -> None:
    manifest = Manifest("m@abc/int8", 384, "c", 128, "/models/m", "m-abc-int8-12345678")
    assert manifest.model_name == "/models/m"
    assert read_manifest(manifest.to_json()) == manifest


def test_vectors_are_the_same_whatever_cut_the_texts() -> None:
    assert MANIFEST.is_for(Manifest(MANIFEST.embedder, 384, "other", 64, "/m", "set"))
    assert not MANIFEST.is_for(Manifest(MANIFEST.embedder, 768, "structure-1", 128))
    assert not MANIFEST.is_for(Manifest("other@abc/int8", 384, "structure-1", 128))


@pytest.mark.parametrize("vectors", ["../../etc", "a/b", "A", "a b", "x" * 81, "."])
def test_a_name_of_vectors_that_leads_elsewhere_is_refused(vectors: str) -> None:
    with pytest.raises(IndexMismatch, match="restore it from a backup"):
        read_manifest(Manifest("m@abc/int8", 384, "c", 128, "", vectors).to_json())


@given(st.text(max_size=120), st.text(max_size=120))
def test_every_embedder_has_a_set_of_its_own_that_a_manifest_may_name(a: str, b: str) -> None:
    names = {name: set_of_vectors(name) for name in (a, b)}
    assert len(set(names.values())) == len(names)
    for name in names.values():
        assert read_manifest(Manifest("m@a/int8", 3, "c", 1, "", name).to_json()) is not None


def test_published_vectors_of_another_embedder_are_refused() -> None:
    check_vectors("", "model@abc/int8")
    check_vectors("model@abc/int8", "model@abc/int8")
    with pytest.raises(IndexMismatch, match="index rebuild") as caught:
        check_vectors("other@abc/int8", "model@abc/int8")
    assert "'other@abc/int8'" in str(caught.value)
