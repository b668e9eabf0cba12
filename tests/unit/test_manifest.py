"""An index is refused by an embedder that did not build it."""

import pytest

from core.errors import IndexMismatch
from index.manifest import Manifest, check_embedder, precision_of, read_manifest

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
