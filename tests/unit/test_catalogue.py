"""The catalogue: whole documents replace whole documents, and numbers of chunks are never used twice."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from core.documents import SourceItem, document_id, text_hash
from core.errors import DataFolderError, NotFound
from core.fakes import HashEmbedder
from core.search import IndexEntry
from index.acronyms import Acronym
from index.catalogue import (
    LANGUAGES,
    Catalogue,
    FailedVersion,
    IngestedDocument,
    KnownContainer,
    NewVersion,
)
from index.database import writing

pytestmark = pytest.mark.usefixtures("each_database")

NewVersionOf = Callable[..., NewVersion]
TEXT = "# Leave\nThirty days.\nAsk your lead.\n# Travel\nBook trains."


def failed(uri: str, *, version: str = "bad", reason: str = "corrupt") -> FailedVersion:
    item = SourceItem(uri, "7:8", ("group:it",), 7, f"/nowhere/{uri}")
    doc_id = document_id("docs", uri)
    return FailedVersion(doc_id, "docs", item, version, reason, "It broke.", "2026-02-02T00:00:00")


def add_vectors(catalogue: Catalogue, model: str) -> None:
    missing = catalogue.missing_vectors(model)
    matrix = HashEmbedder().embed_passages(catalogue.texts_to_embed(missing))
    catalogue.put_vectors(model, [(key, matrix[i]) for i, key in enumerate(missing)])


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
    clash = new_version("b.md", "Two.", range(3, 4))
    with pytest.raises(DataFolderError, match="chunk"):
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
    assert (known.seen_version, known.seen_size, known.seen_stamp) == ("bad", 7, "7:8")


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
    catalogue.touch([(version.doc_id, replace(version.item, size=4, stamp="4:99"))])
    known = catalogue.known_documents("docs")["a.md"]
    assert (known.seen_size, known.seen_stamp, known.seen_version) == (4, "4:99", "v1")
    assert catalogue.generation() == 1


def test_each_text_without_a_vector_is_named_once(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store([new_version("a.md", "Same.\nSame.\nOther.", range(1, 4))], [])
    missing = catalogue.missing_vectors("hash")
    texts = ["a.md\nSame.", "a.md\nOther."]
    assert missing == [text_hash(text) for text in texts]
    assert catalogue.texts_to_embed(missing) == texts
    assert catalogue.texts_to_embed(missing[::-1]) == texts[::-1]
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
    assert catalogue.missing_vectors("hash") == [text_hash("a.md\nThree.")]


def test_documents_wait_until_each_of_their_texts_has_a_vector(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    first = new_version("a.md", "One.\nTwo.", range(1, 3))
    second = new_version("b.md", "Three.", range(3, 4))
    catalogue.store([first, second], [])
    one, two, three = (text_hash(text) for text in ("a.md\nOne.", "a.md\nTwo.", "b.md\nThree."))
    waiting = catalogue.waiting_documents("hash")
    assert waiting == {first.doc_id: {one, two}, second.doc_id: {three}}
    vector = np.ones(64, np.float32)
    catalogue.put_vectors("hash", [(one, vector), (three, vector)])
    assert catalogue.waiting_documents("hash") == {first.doc_id: {two}}
    assert catalogue.ingested([second.doc_id, "gone"]) == [
        IngestedDocument(second.doc_id, "b.md", "v1", 1)
    ]


def test_no_chunks_have_no_vectors(catalogue: Catalogue) -> None:
    numbers, matrix = catalogue.vectors_by_chunk("hash", 64)
    assert numbers.shape == (0,)
    assert matrix.shape == (0, 64)


def test_documents_are_counted_by_who_may_read_them(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store(
        [
            new_version("a.md", "One.\nTwo.", range(1, 3)),
            new_version("b.md", "Three.", range(3, 4), access=("group:hr",)),
        ],
        [],
    )
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


def test_who_may_read_is_kept_apart_from_what_the_source_said(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    version = replace(new_version("a.md", "One.", range(1, 2)), access=("group:hr",))
    catalogue.store([version], [])
    known = catalogue.known_documents("docs")["a.md"]
    assert (known.access, known.seen_access) == (("group:hr",), ("everyone",))
    assert dict(catalogue.documents_by_access()) == {("group:hr",): 1}
    catalogue.store([], [failed("a.md")])
    (record,) = catalogue.list_documents()
    assert record.access == ("group:hr",), "the document cannot be asked now: its word stands"


def test_metadata_is_stored_with_its_document(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    version = replace(new_version("a.md", "One.", range(1, 2)), metadata={"author": "Åse"})
    catalogue.store([version], [])
    assert catalogue.list_documents()[0].metadata == {"author": "Åse"}


def test_a_document_that_moved_keeps_its_id_and_frees_its_old_place(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    version = new_version("a.md", "One.", range(1, 2))
    catalogue.store([version], [])
    moved = replace(version, item=replace(version.item, uri="b.md"), numbers=range(2, 3))
    assert catalogue.store([moved], []) == [1]
    new = replace(
        new_version("a.md", "Two.", range(3, 4)), doc_id="another", chunks=(), numbers=range(0)
    )
    catalogue.store([new], [])
    found = {uri: entry.doc_id for uri, entry in catalogue.known_documents("docs").items()}
    assert found == {"b.md": version.doc_id, "a.md": "another"}


def test_containers_are_remembered_for_each_source_until_they_are_gone(
    catalogue: Catalogue,
) -> None:
    first = KnownContainer("a.zip", "7:8", ("group:hr",), 3)
    nested = KnownContainer("a.zip!/b.zip", "abc", (), 0)
    catalogue.store_containers("docs", [first, nested], [])
    catalogue.store_containers("wiki", [first], [])
    changed = replace(first, stamp="7:9", members=4)
    catalogue.store_containers("docs", [changed], ["a.zip!/b.zip", "never.zip"])
    assert catalogue.containers("docs") == {"a.zip": changed}
    assert catalogue.containers("wiki") == {"a.zip": first}


def test_links_between_near_copies_are_replaced_as_a_whole(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    versions = [
        replace(new_version(f"{name}.md", "One.", range(n, n + 1)), signature=bytes([n]) * 256)
        for n, name in enumerate("abc", start=1)
    ]
    catalogue.store(versions, [])
    a, b, c = (version.doc_id for version in versions)
    assert catalogue.signatures()[b] == bytes([2]) * 256
    assert catalogue.link_duplicates({b: a, c: a}) == 2
    assert catalogue.link_duplicates({b: a, c: a}) == 0
    assert catalogue.link_duplicates({c: b}) == 2
    links = {record.doc_id: record.duplicate_of for record in catalogue.list_documents()}
    assert links == {a: "", b: "", c: b}


def test_documents_without_enough_words_have_no_signature(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store([new_version("a.md", "One.", range(1, 2))], [failed("b.md")])
    assert catalogue.signatures() == {}


def test_quarantined_documents_are_counted(catalogue: Catalogue, new_version: NewVersionOf) -> None:
    catalogue.store([new_version("a.md", "One.", range(1, 2))], [failed("a.md"), failed("b.md")])
    assert catalogue.count_quarantined() == 2


# --- what questions are understood by -----------------------------------------------------------------


def test_a_chunk_has_its_words_and_what_it_is_scored_by(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    version = replace(
        new_version("hr/a.md", "Ein Haus.\nZwei Häuser.", range(1, 3), access=("group:hr",)),
        metadata={"language": "de"},
    )
    catalogue.store([version], [])
    rows = catalogue.candidate_rows([2, 1, 99])
    assert rows.keys() == {1, 2}
    assert (rows[2].ordinal, rows[2].doc_id) == (1, version.doc_id)
    assert rows[2].terms.split()[-2:] == ["zwei", "haus"]
    assert (rows[1].uri, rows[1].title, rows[1].version) == ("hr/a.md", "hr/a.md", "v1")
    assert (rows[1].access, json.loads(rows[1].metadata)) == (("group:hr",), {"language": "de"})
    assert catalogue.chunk_rows([1])[1].language == "de"
    assert catalogue.candidate_rows([]) == {}


def test_words_are_stored_anew_for_the_chunks_that_are_given(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store([new_version("a.md", "One.\nTwo.", range(1, 3))], [])
    catalogue.update_terms([IndexEntry(2, "a", ["other", "words"], [], ())])
    rows = catalogue.candidate_rows([1, 2])
    assert [rows[number].terms.split()[-1] for number in (1, 2)] == ["one", "words"]
    assert rows[2].terms == "other words"


def test_acronyms_come_and_go_with_the_document_that_defines_them(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    known = (Acronym("pto", "paid time off"), ("group:hr",))
    first = new_version("a.md", "Paid time off (PTO).", range(1, 2), access=("group:hr",))
    catalogue.store([first], [])
    assert catalogue.acronyms_among(["pto"]) == catalogue.acronyms_among(["paid time off"])
    assert catalogue.acronyms_among(["x", "pto", "paid time off"]) == [known]
    assert catalogue.acronyms_among(["paid", "PTO", "%", ""]) == catalogue.acronyms_among([]) == []
    catalogue.store([new_version("b.md", "PTO (paid time off).", range(2, 3))], [])
    assert len(catalogue.acronyms_among(["pto"])) == 2, "one for each access"
    catalogue.store([new_version("a.md", "Nothing.", range(3, 4))], [])
    assert [access for _, access in catalogue.acronyms_among(["pto"])] == [("everyone",)]
    catalogue.remove([document_id("docs", "b.md")])
    assert catalogue.acronyms_among(["pto"]) == []


def test_a_document_that_cannot_be_read_any_more_keeps_its_acronyms(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    catalogue.store([new_version("a.md", "Paid time off (PTO).", range(1, 2))], [])
    catalogue.store([], [failed("a.md")])
    assert catalogue.acronyms_among(["pto"])


def test_acronyms_can_be_found_again(catalogue: Catalogue, new_version: NewVersionOf) -> None:
    catalogue.store([new_version("a.md", "Paid time off (PTO).", range(1, 2))], [])
    with writing(catalogue.engine) as connection:
        connection.exec_driver_sql("DELETE FROM acronyms")
    assert catalogue.acronyms_among(["pto"]) == []
    catalogue.read_documents_again()
    catalogue.read_documents_again()
    assert len(catalogue.acronyms_among(["pto"])) == 1


def test_languages_are_remembered_and_never_forgotten(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    for name, language in (("a", "de"), ("b", ""), ("c", "fr"), ("a", "en")):
        version = new_version(f"{name}.md", "One.", catalogue.reserve_chunk_numbers(1))
        catalogue.store([replace(version, metadata={"language": language})], [])
    assert json.loads(catalogue.get_meta(LANGUAGES) or "") == ["de", "en", "fr"]


def test_documents_are_found_by_their_ids_alone(
    catalogue: Catalogue, new_version: NewVersionOf
) -> None:
    one, two = new_version("a.md", "One.", range(1, 2)), new_version("b.md", "Two.", range(2, 3))
    catalogue.store([one, two], [])
    assert catalogue.records([one.doc_id, "gone", "b.md"]) == {
        one.doc_id: catalogue.find_documents("a.md")[0]
    }
    assert catalogue.records([]) == {}
