"""The catalogue: whole documents replace whole documents, and numbers of chunks are never used twice."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.documents import SourceItem, document_id, text_hash
from core.errors import NotFound
from core.fakes import HashEmbedder
from index.catalogue import Catalogue, FailedVersion, NewVersion

NewVersionOf = Callable[..., NewVersion]
TEXT = "# Leave\nThirty days.\nAsk your lead.\n# Travel\nBook trains."


def failed(uri: str, *, version: str = "bad", reason: str = "corrupt") -> FailedVersion:
    item = SourceItem(uri, f"/nowhere/{uri}", 7, 8, ("group:it",))
    doc_id = document_id("docs", uri)
    return FailedVersion(doc_id, "docs", item, version, reason, "It broke.", "2026-02-02T00:00:00")


def add_vectors(catalogue: Catalogue, model: str) -> None:
    missing = catalogue.missing_vectors(model)
    matrix = HashEmbedder().embed_passages([text for _, text in missing])
    catalogue.put_vectors(model, [(key, matrix[i]) for i, (key, _) in enumerate(missing)])


def test_a_stored_document_comes_back_as_it_was(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    version = new_version("a/leave.md", TEXT, range(1, 4), access=("group:hr", "user:ann@x.org"))
    assert catalogue.store([version], []) == []
    assert catalogue.document_text(version.doc_id) == (TEXT, version.elements)
    rows = catalogue.chunk_rows([1, 2, 3])
    assert tuple(rows[number].chunk for number in (1, 2, 3)) == version.chunks
    assert rows[2].access == ("group:hr", "user:ann@x.org")
    assert rows[2].doc_uri == "a/leave.md"
    (record,) = catalogue.list_documents()
    assert (record.status, record.chunks, record.version) == ("active", 3, "v1")
    assert [row.chunk_no for row in catalogue.all_chunk_rows()] == [1, 2, 3]


def test_a_new_version_replaces_every_chunk_of_the_old_one(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store([new_version("a.md", "One.\nTwo.", range(1, 3))], [])
    removed = catalogue.store([new_version("a.md", "Three.", range(3, 4), version="v2")], [])
    assert sorted(removed) == [1, 2]
    assert catalogue.chunk_numbers() == {3}
    assert catalogue.chunk_rows([1, 2, 3]).keys() == {3}
    assert len(catalogue.list_documents()) == 1


def test_removed_documents_take_their_chunks_with_them(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    gone, stays = new_version("a.md", "One.", range(1, 2)), new_version("b.md", "Two.", range(2, 3))
    catalogue.store([gone, stays], [])
    assert catalogue.remove([gone.doc_id]) == [1]
    assert catalogue.chunk_numbers() == {2}
    with pytest.raises(NotFound):
        catalogue.document_text(gone.doc_id)


def test_a_failed_commit_changes_nothing(catalogue: Catalogue, new_version: NewVersionOf) -> None:
    catalogue.store([new_version("a.md", "One.", range(1, 2))], [])
    clash = new_version("b.md", "Two.\nThree.", range(5, 6))
    with pytest.raises(ValueError, match="zip"):
        catalogue.store([new_version("a.md", "New.", range(3, 4), version="v2"), clash], [])
    assert catalogue.chunk_numbers() == {1}
    assert catalogue.generation() == 1


def test_numbers_of_chunks_are_never_used_twice(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    first = catalogue.reserve_chunk_numbers(3)
    version = new_version("a.md", "One.\nTwo.\nThree.", first)
    catalogue.store([version], [])
    catalogue.remove([version.doc_id])
    second = Catalogue(catalogue.engine, catalogue.data_dir).reserve_chunk_numbers(2)
    assert not set(first) & set(second)
    assert not set(second) & set(catalogue.reserve_chunk_numbers(1))


def test_every_commit_that_changes_what_is_found_has_a_new_generation(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    version = new_version("a.md", "One.", range(1, 2))
    generations = [catalogue.generation()]
    catalogue.store([version], [])
    generations.append(catalogue.generation())
    catalogue.remove([version.doc_id])
    generations.append(catalogue.generation())
    assert generations == [0, 1, 2]


def test_a_file_that_cannot_be_read_any_more_keeps_its_last_good_version(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store([new_version("a.md", "One.", range(1, 2))], [])
    catalogue.store([], [failed("a.md")])
    (record,) = catalogue.list_documents()
    assert (record.status, record.reason, record.detail) == ("quarantined", "corrupt", "It broke.")
    assert (record.version, record.chunks, record.title) == ("v1", 1, "a.md")
    assert catalogue.chunk_rows([1])[1].chunk.text == "One."
    known = catalogue.known_documents("docs")["a.md"]
    assert (known.seen_version, known.seen_size, known.seen_mtime_ns) == ("bad", 7, 8)


def test_a_failed_version_also_takes_the_access_that_the_source_has_now(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store([new_version("a.md", "One.", range(1, 2))], [])
    catalogue.store([], [failed("a.md")])
    assert catalogue.chunk_rows([1])[1].access == ("group:it",)


def test_a_file_that_could_never_be_read_is_listed_without_chunks(catalogue: Catalogue) -> None:
    catalogue.store([], [failed("deep/b.pdf", reason="encrypted")])
    (record,) = catalogue.list_documents()
    assert (record.title, record.chunks, record.reason) == ("b.pdf", 0, "encrypted")
    assert catalogue.documents_by_access() == []


def test_a_repaired_file_is_active_again(catalogue: Catalogue, new_version: NewVersionOf) -> None:
    catalogue.store([], [failed("a.md")])
    catalogue.store([new_version("a.md", "One.", range(1, 2))], [])
    (record,) = catalogue.list_documents()
    assert (record.status, record.reason, record.detail) == ("active", "", "")


def test_a_document_is_found_by_id_and_by_uri_in_every_source(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    first = new_version("a.md", "One.", range(1, 2))
    second = new_version("a.md", "Two.", range(2, 3), source="wiki")
    catalogue.store([first, second], [])
    assert {record.source for record in catalogue.find_documents("a.md")} == {"docs", "wiki"}
    assert [record.source for record in catalogue.find_documents(second.doc_id)] == ["wiki"]
    assert catalogue.find_documents("b.md") == []
    assert catalogue.sources() == ["docs", "wiki"]
    assert catalogue.known_documents("wiki").keys() == {"a.md"}


def test_a_touched_document_is_remembered_with_its_new_time(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    version = new_version("a.md", "One.", range(1, 2))
    catalogue.store([version], [])
    catalogue.touch([(version.doc_id, replace(version.item, size=4, mtime_ns=99))])
    known = catalogue.known_documents("docs")["a.md"]
    assert (known.seen_size, known.seen_mtime_ns, known.seen_version) == (4, 99, "v1")
    assert catalogue.generation() == 1


def test_each_text_without_a_vector_is_named_once(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store([new_version("a.md", "Same.\nSame.\nOther.", range(1, 4))], [])
    missing = catalogue.missing_vectors("hash")
    assert [text for _, text in missing] == ["a.md\nSame.", "a.md\nOther."]
    assert [key for key, text in missing] == [text_hash(text) for _, text in missing]
    add_vectors(catalogue, "hash")
    assert catalogue.missing_vectors("hash") == []
    assert len(catalogue.missing_vectors("another model")) == 2


def test_vectors_come_in_the_order_of_their_chunks(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store([new_version("a.md", "One.\nTwo.\nOne.", range(5, 8))], [])
    add_vectors(catalogue, "hash")
    numbers, matrix = catalogue.vectors_by_chunk("hash", 64)
    texts = [f"a.md\n{word}" for word in ("One.", "Two.", "One.")]
    assert numbers.tolist() == [5, 6, 7]
    np.testing.assert_array_equal(matrix, HashEmbedder().embed_passages(texts))


def test_a_known_vector_is_left_alone(catalogue: Catalogue, new_version: NewVersionOf) -> None:
    catalogue.store([new_version("a.md", "One.", range(1, 2))], [])
    add_vectors(catalogue, "hash")
    catalogue.put_vectors("hash", [(text_hash("a.md\nOne."), np.zeros(64, np.float32))])
    _, matrix = catalogue.vectors_by_chunk("hash", 64)
    assert matrix.any()


def test_only_vectors_that_no_chunk_needs_are_dropped(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store([new_version("a.md", "One.\nTwo.", range(1, 3))], [])
    add_vectors(catalogue, "hash")
    catalogue.store([new_version("a.md", "Two.\nThree.", range(3, 5), version="v2")], [])
    assert catalogue.drop_unused_vectors() == 1
    assert [text for _, text in catalogue.missing_vectors("hash")] == ["a.md\nThree."]


def test_no_chunks_have_no_vectors(catalogue: Catalogue) -> None:
    numbers, matrix = catalogue.vectors_by_chunk("hash", 64)
    assert numbers.shape == (0,)
    assert matrix.shape == (0, 64)


def test_access_is_known_for_every_chunk_and_document(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store(
        [
            new_version("a.md", "One.\nTwo.", range(1, 3)),
            new_version("b.md", "Three.", range(3, 4), access=("group:hr",)),
        ],
        [],
    )
    assert dict(catalogue.access_by_chunk()) == {
        1: '["everyone"]',
        2: '["everyone"]',
        3: '["group:hr"]',
    }
    assert dict(catalogue.documents_by_access()) == {("everyone",): 1, ("group:hr",): 1}


def test_more_numbers_than_a_statement_can_hold_are_looked_up(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store([new_version("a.md", "One.", range(39_999, 40_000))], [])
    assert catalogue.chunk_rows(range(40_001)).keys() == {39_999}


def test_values_of_the_knowledge_base_are_kept(catalogue: Catalogue) -> None:
    assert catalogue.get_meta("manifest") is None
    catalogue.set_meta("manifest", "one")
    catalogue.set_meta("manifest", "two")
    assert catalogue.get_meta("manifest") == "two"
