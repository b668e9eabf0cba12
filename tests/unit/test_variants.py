"""Variants change the settings that they name, and no others."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import UsageError
from core.settings import Settings, load_settings
from core.variants import Variant, current, find_variant, parse_changes, read_variants


def written(folder: Path, text: str) -> Path:
    path = folder / "variants.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_there_is_only_the_variant_that_changes_nothing() -> None:
    assert list(read_variants(None)) == ["current"]
    settings = load_settings()
    assert current().applied_to(settings) == settings


def test_quoted_names_and_nested_tables_say_the_same(tmp_path: Path) -> None:
    text = '[a]\n"retrieval.dense_weight" = 0.0\nllm = "extractive"\n[b]\nllm = "extractive"\n[b.retrieval]\ndense_weight = 0.0\n'
    found = read_variants(written(tmp_path, text))
    assert dict(found["a"].changes) == dict(found["b"].changes)
    assert list(found) == ["current", "a", "b"]


def test_a_variant_changes_what_it_names_and_keeps_the_rest() -> None:
    settings = load_settings(max_question_chars=321)
    changed = Variant(
        "v", changes={"retrieval.dense_weight": 0, "chunk.max_tokens": "64"}
    ).applied_to(settings)
    assert changed.retrieval.dense_weight == 0.0
    assert changed.chunk.max_tokens == 64
    assert changed.retrieval.passages == settings.retrieval.passages
    assert changed.max_question_chars == 321
    assert "embedder" not in changed.model_fields_set


def test_a_variant_that_names_an_embedder_asks_for_it_on_purpose() -> None:
    changed = Variant("v", changes={"embedder": "some/model"}).applied_to(load_settings())
    assert "embedder" in changed.model_fields_set


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("data_dir", "/elsewhere"),
        ("web.role", "admin"),
        ("roles.admins", "user:me@x.org"),
        ("llm_api_key", "k"),
        ("qdrant.api_key", "k"),
        ("database_url", "postgresql://x"),
        ("privacy.redact", False),
        ("no_such", 1),
        ("retrieval.no_such", 1),
        ("retrieval", 1),
        ("llm.x", 1),
        ("retrieval.dense_weight", 2.0),
        ("store", "other"),
        ("chunk.max_tokens", "many"),
    ],
)
def test_what_no_variant_may_change_is_refused_by_name(
    name: str, value: str | float | bool
) -> None:
    with pytest.raises(UsageError, match=name.replace(".", r"\.")):
        Variant("v", changes={name: value}).applied_to(load_settings())


@pytest.mark.parametrize(
    "text",
    [
        "[current]\n",
        "[latest]\n",
        "['a b']\n",
        "x = 1\n",
        "[a]\nweb = 1\n",
        "[a]\nllm = [1]\n",
        "[a\n",
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError):
        read_variants(written(tmp_path, text))


def test_an_unknown_variant_is_answered_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"'b'.*current, a"):
        find_variant(read_variants(written(tmp_path, "[a]\n")), "b")


def test_only_another_index_is_an_index_of_its_own() -> None:
    settings = load_settings()
    assert not Variant("v", changes={"retrieval.dense_weight": 0.0}).needs_own_index(settings)
    assert Variant("v", changes={"chunk.max_tokens": 64}).needs_own_index(settings)
    assert Variant("v", changes={"embedder": "other"}).needs_own_index(settings)
    same = {"chunk.max_tokens": settings.chunk.max_tokens, "store": settings.store}
    assert not Variant("v", changes=same).needs_own_index(settings)


def test_changes_of_a_command_are_read_as_toml_has_them_else_as_text() -> None:
    given_changes = [
        "retrieval.versions=false",
        "retrieval.passages=4",
        "llm=openai-like:m",
        "llm_base_url=http://x/?a=b",
    ]
    assert parse_changes(given_changes) == {
        "retrieval.versions": False,
        "retrieval.passages": 4,
        "llm": "openai-like:m",
        "llm_base_url": "http://x/?a=b",
    }
    with pytest.raises(UsageError, match="'llm'"):
        parse_changes(["llm"])


@given(st.floats(0, 1), st.integers(1, 50))
def test_what_a_variant_sets_is_what_the_settings_have(weight: float, passages: int) -> None:
    variant = Variant(
        "v", changes={"retrieval.dense_weight": weight, "retrieval.passages": passages}
    )
    changed = variant.applied_to(Settings())
    assert (changed.retrieval.dense_weight, changed.retrieval.passages) == (weight, passages)
