"""Passages are exact slices of the document, within a section and a budget, and never overlap."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from core.answers import DocumentRef, Hit, Passage, Why
from index.catalogue import Catalogue, NewVersion
from index.passages import widen

NewVersionOf = Callable[..., NewVersion]
TEXT = "\n".join(
    ["# Leave", *(f"Leave sentence number {n}." for n in range(10, 16)), "# Travel"]
    + [f"Travel sentence number {n}." for n in range(20, 26)]
)
SENTENCE = len("Leave sentence number 10.")


@pytest.fixture
def version(catalogue: Catalogue, new_version: NewVersionOf) -> NewVersion:
    made = new_version("a.md", TEXT, range(1, 13))
    catalogue.store([made], [])
    return made


def hit(version: NewVersion, position: int, rank: int = 1) -> Hit:
    chunk = version.chunks[position]
    return Hit(
        rank=rank,
        score=1 / rank,
        chunk_id=chunk.chunk_id,
        document=DocumentRef(version.doc_id, version.item.uri, version.title, version.version),
        section=chunk.section,
        page=None,
        start=chunk.start,
        end=chunk.end,
        text=chunk.text,
        why=Why(dense_rank=rank, dense_score=0.5),
    )


def words(passages: list[Passage]) -> list[str]:
    return [passage.text for passage in passages]


def test_a_hit_alone_grows_to_its_section(catalogue: Catalogue, version: NewVersion) -> None:
    (passage,) = widen(catalogue, [hit(version, 2)], 1600)
    assert passage.text == "\n".join(chunk.text for chunk in version.chunks[:6])
    assert passage.section == ("Leave",)


def test_a_passage_keeps_what_its_hit_says(catalogue: Catalogue, version: NewVersion) -> None:
    found = hit(version, 2)
    (passage,) = widen(catalogue, [found], 1600)
    assert (passage.marker, passage.chunk_id, passage.score, passage.why) == (
        1,
        found.chunk_id,
        found.score,
        found.why,
    )
    assert passage.document == found.document


def test_a_small_budget_takes_the_next_sentence_before_the_one_before(
    catalogue: Catalogue, version: NewVersion
) -> None:
    (passage,) = widen(catalogue, [hit(version, 2)], 2 * SENTENCE + 1)
    assert passage.text == "Leave sentence number 12.\nLeave sentence number 13."


def test_a_hit_longer_than_the_budget_stays_whole(
    catalogue: Catalogue, version: NewVersion
) -> None:
    (passage,) = widen(catalogue, [hit(version, 2)], 5)
    assert passage.text == "Leave sentence number 12."


def test_a_passage_has_the_elements_that_it_shows(
    catalogue: Catalogue, version: NewVersion
) -> None:
    (passage,) = widen(catalogue, [hit(version, 2)], 2 * SENTENCE + 1)
    assert [element.plain for element in passage.elements] == passage.text.split("\n")


def test_a_hit_inside_a_passage_adds_none(catalogue: Catalogue, version: NewVersion) -> None:
    hits = [hit(version, 2, 1), hit(version, 4, 2), hit(version, 8, 3)]
    passages = widen(catalogue, hits, 1600)
    assert [(passage.marker, passage.section) for passage in passages] == [
        (1, ("Leave",)),
        (2, ("Travel",)),
    ]


def test_a_document_that_was_removed_meanwhile_is_passed_over(
    catalogue: Catalogue, version: NewVersion, new_version: NewVersionOf
) -> None:
    other = new_version("b.md", "Another text.", range(50, 51))
    catalogue.store([other], [])
    catalogue.remove([version.doc_id])
    assert words(widen(catalogue, [hit(version, 2), hit(other, 0, 2)], 1600)) == ["Another text."]


def test_no_hits_make_no_passages(catalogue: Catalogue) -> None:
    assert widen(catalogue, [], 1600) == []


@hypothesis_settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    positions=st.lists(st.integers(0, 11), unique=True, min_size=1, max_size=12),
    budget=st.integers(1, 400),
)
def test_passages_are_slices_within_a_section_and_never_overlap(
    positions: list[int], budget: int, catalogue: Catalogue, version: NewVersion
) -> None:
    hits = [hit(version, position, rank) for rank, position in enumerate(positions, start=1)]
    passages = widen(catalogue, hits, budget)
    assert [passage.marker for passage in passages] == list(range(1, len(passages) + 1))
    taken: set[int] = set()
    for passage in passages:
        assert passage.text == TEXT[passage.start : passage.end]
        assert passage.end - passage.start <= max(budget, SENTENCE + 1)
        assert not ("Leave" in passage.text and "Travel" in passage.text)
        place = set(range(passage.start, passage.end))
        assert not taken & place
        taken |= place
    for found in hits:
        assert set(range(found.start, found.end)) <= taken
