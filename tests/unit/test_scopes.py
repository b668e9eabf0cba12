"""What a question can be kept to is what the caller's own documents say of themselves, counted among these alone."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.scopes import ScopeChoice, Scoping
from core.documents import document_id
from core.errors import UsageError
from index.catalogue import Catalogue, NewVersion
from index.filters import Filter, parse_filter
from index.permissions import administrator, caller_named

ANN = caller_named("ann@x.org", ["hr"])
BO = caller_named("bo@x.org", [])

Store = Callable[..., None]


@pytest.fixture
def store(catalogue: Catalogue, new_version: Callable[..., NewVersion]) -> Store:
    def one(
        uri: str,
        source: str = "docs",
        day: str = "2026-01-02",
        *,
        secret: bool = False,
        **said: str,
    ) -> None:
        access = ("group:hr",) if secret else ("everyone",)
        made = new_version(
            uri, f"Words of {uri}", catalogue.reserve_chunk_numbers(1), source=source, access=access
        )
        catalogue.store([replace(made, metadata=said, updated_at=f"{day}T00:00:00+00:00")], [])

    return one


@pytest.fixture
def scoping(catalogue: Catalogue, store: Store) -> Scoping:
    store("a.md", day="2025-05-01", language="en", Tags="travel, hr", status="draft")
    store("b.PDF", language="de", tags="hr-old, chrome")
    store("c.md", "wiki", "2026-07-01", secret=True, language="en", tags="hr, layoffs")
    return Scoping(catalogue)


def values(choices: tuple[ScopeChoice, ...]) -> list[tuple[str, int]]:
    return [(choice.value, choice.count) for choice in choices]


def test_a_reader_chooses_among_what_this_reader_may_read(scoping: Scoping) -> None:
    seen = scoping.choices(BO)
    assert values(seen.sources) == [("docs", 2)]
    assert values(seen.types) == [("md", 1), ("pdf", 1)]
    assert values(seen.tags) == [
        ("chrome", 1),
        ("draft", 1),
        ("hr", 1),
        ("hr-old", 1),
        ("travel", 1),
    ]
    assert values(seen.languages) == [("de", 1), ("en", 1)]
    assert (seen.oldest, seen.newest) == ("2025-05-01", "2026-01-02")
    assert values(scoping.choices(ANN).tags)[0] == ("hr", 2)
    assert scoping.choices(ANN).newest == "2026-07-01"


@pytest.mark.parametrize("caller", [ANN, BO, administrator()])
def test_every_choice_leads_to_as_many_documents_as_it_says(scoping: Scoping, caller) -> None:
    seen = scoping.choices(caller)
    for choice in (*seen.sources, *seen.types, *seen.tags, *seen.languages):
        assert scoping.count([choice.filter], caller) == choice.count, choice


def test_a_tag_is_a_whole_tag_of_a_list(scoping: Scoping) -> None:
    found = scoping.documents([parse_filter("meta.tags=hr")])
    assert found == {document_id("docs", "a.md"), document_id("wiki", "c.md")}
    both = scoping.documents([parse_filter("meta.tags=hr"), parse_filter("meta.tags=travel")])
    assert both == {document_id("docs", "a.md")}
    assert scoping.documents([parse_filter("meta.tags=travel, hr")]) == both


def test_choices_follow_the_next_ingestion(scoping: Scoping, store: Store) -> None:
    assert len(scoping.choices(BO).types) == 2
    store("d.csv")
    assert ("csv", 1) in values(scoping.choices(BO).types)


def test_what_nothing_fits_is_counted_as_nothing(scoping: Scoping, catalogue: Catalogue) -> None:
    assert scoping.documents([Filter("source", "=", "nowhere")]) == frozenset()
    assert scoping.count([Filter("source", "=", "wiki")], BO) == 0
    assert scoping.choices(caller_named("", [])).oldest == "2025-05-01"
    with pytest.raises(UsageError):
        scoping.documents([Filter("source", "=", "x")] * 101)


TAG = st.text(
    st.characters(exclude_characters=",", exclude_categories=["C", "Z"]), min_size=1, max_size=5
)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(TAG, min_size=1, max_size=4), TAG)
def test_any_tag_is_found_by_its_choice_and_no_other(
    catalogue: Catalogue, store: Store, tags: list[str], other: str
) -> None:
    store("x.md", tags=", ".join(tags))
    scoping = Scoping(catalogue)
    for choice in scoping.choices(BO).tags:
        assert scoping.documents([choice.filter]) == {document_id("docs", "x.md")}
    found = scoping.documents([Filter("meta.tags", "=", other)])
    assert bool(found) == (other in tags)


def test_addresses_have_no_type_and_odd_endings_are_none(
    store: Store, catalogue: Catalogue
) -> None:
    for uri in ("https://example.com", "https://example.com/a.html", "Makefile", ".env", "a.b c"):
        store(uri)
    assert values(Scoping(catalogue).choices(BO).types) == [("html", 1)]
