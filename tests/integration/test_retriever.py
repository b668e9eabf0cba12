"""The retriever over a real catalogue and a real store: what is found, by whom, in which order and why."""

import random
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from databases import open_database
from sqlalchemy import update

from core.answers import Caller, Hit
from core.documents import Chunk, SourceItem, chunk_id, document_id, text_hash
from core.errors import IndexMismatch
from core.fakes import HashEmbedder
from index.catalogue import Catalogue, NewVersion
from index.database import writing
from index.explanation import explain, why_not
from index.manifest import Manifest
from index.permissions import administrator, caller_named
from index.publication import Publisher
from index.retriever import Generation, HybridRetriever
from index.schema import documents
from index.stores.embedded_store import EmbeddedStore, EmbeddedWriter

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("each_database")]

DIM = 256
ADMIN = administrator()
ANN = caller_named("ann@x.org", ["hr"])
BO = caller_named("bo@x.org", [])
NOBODY = Caller("nobody", frozenset())
EVERYONE = ("everyone",)
HR = ("group:hr",)


class Shelf:
    """Documents of a few chunks each, and retrievers over them."""

    def __init__(self, data_dir: Path) -> None:
        self.catalogue = Catalogue(open_database(data_dir), data_dir)
        self.embedder = HashEmbedder(DIM)
        self.folder = data_dir / "index"
        self.publisher = Publisher(
            self.catalogue, EmbeddedWriter(self.folder), self.embedder.name, DIM
        )
        self.catalogue.set_meta(
            "manifest", Manifest(self.embedder.name, DIM, "test", 128).to_json()
        )
        self.opened = 0

    def close(self) -> None:
        self.publisher.finish()
        self.catalogue.engine.dispose()

    def put(
        self,
        uri: str,
        *texts: str,
        access: tuple[str, ...] = EVERYONE,
        updated_at: str = "2024-01-01T00:00:00+00:00",
        is_published: bool = True,
        **metadata: str,
    ) -> str:
        """Store a document, a chunk for each text, and return its id."""
        doc_id, version = document_id("shelf", uri), text_hash("\n".join(texts))
        title = uri.rpartition("/")[2].rpartition(".")[0]
        chunks, position = [], 0
        for ordinal, text in enumerate(texts):
            end = position + len(text)
            key = chunk_id(doc_id, version, ordinal)
            chunks.append(Chunk(key, doc_id, ordinal, position, end, text, f"{title}\n{text}", ()))
            position = end + 1
        numbers = self.catalogue.reserve_chunk_numbers(len(chunks))
        made = NewVersion(
            doc_id=doc_id,
            source="shelf",
            item=SourceItem(uri, version, access, 0, f"/nowhere/{uri}"),
            version=version,
            title=title,
            text="\n".join(texts),
            elements=(),
            chunks=tuple(chunks),
            numbers=numbers,
            updated_at=updated_at,
            access=access,
            metadata=metadata,
        )
        removed = self.catalogue.store([made], [])
        self.publisher.add_words([made])
        self.publisher.remove_words(removed)
        if is_published:
            self.publish()
        return doc_id

    def remove(self, doc_id: str) -> None:
        self.publisher.remove_words(self.catalogue.remove([doc_id]))
        self.publish()

    def publish(self) -> None:
        missing = self.catalogue.missing_vectors(self.embedder.name)
        if missing:
            rows = self.embedder.embed_passages(self.catalogue.texts_to_embed(missing))
            vectors = [(key, rows[place]) for place, key in enumerate(missing)]
            self.catalogue.put_vectors(self.embedder.name, vectors)
        self.publisher.publish_vectors()

    def generation(self) -> Generation:
        self.opened += 1
        stored = self.catalogue.get_meta("manifest") or ""
        return Generation(stored, self.embedder, EmbeddedStore(self.folder))

    def retriever(self, fetch_k: int = 100, per_document: int = 0) -> HybridRetriever:
        return HybridRetriever(
            self.catalogue, self.generation, fetch_k=fetch_k, per_document=per_document
        )


@pytest.fixture
def shelf(data_dir: Path) -> Iterator[Shelf]:
    with closing(Shelf(data_dir)) as made:
        yield made


def uris(hits: Sequence[Hit]) -> list[str]:
    return [hit.document.uri for hit in hits]


def texts(hits: Sequence[Hit]) -> list[str]:
    return [hit.text for hit in hits]


def fillers(shelf: Shelf, count: int = 12, access: tuple[str, ...] = EVERYONE) -> None:
    """Documents about something else, so that words are rare."""
    for number in range(count):
        text = f"Nothing of interest in hall {number}."
        shelf.put(f"other/z{number}.md", text, access=access, is_published=False)
    shelf.publish()


# --- hits ------------------------------------------------------------------------------------------------


def test_a_hit_says_where_it_stands_and_why_it_was_found(shelf: Shelf) -> None:
    fillers(shelf)
    doc_id = shelf.put("plant/pumps.md", "An intro.", "The pump is oiled weekly.")
    (hit, *_) = shelf.retriever().retrieve("how often is the pump oiled", BO, 3)
    assert (hit.rank, hit.document.doc_id, hit.document.uri) == (1, doc_id, "plant/pumps.md")
    assert (hit.start, hit.end, hit.text) == (10, 35, "The pump is oiled weekly.")
    assert shelf.catalogue.document_text(doc_id)[0][hit.start : hit.end] == hit.text
    assert 0 < hit.score <= 1
    assert (hit.why.lexical_rank, hit.why.dense_rank) == (1, 1)
    assert hit.why.words > 0 < hit.why.name


def test_hits_are_ranked_best_first_and_no_more_than_asked_for(shelf: Shelf) -> None:
    for number in range(8):
        shelf.put(f"{number}.md", "pump " * (number + 1) + "valve", f"Hall {number}.")
    hits = shelf.retriever().retrieve("pump valve", BO, 5)
    assert [hit.rank for hit in hits] == [1, 2, 3, 4, 5]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


@pytest.mark.parametrize("question", ["", "?!", "who is it", '"', "x" * 5000, "\x00", "body:pump"])
def test_odd_questions_are_answered_with_something_or_nothing(question: str, shelf: Shelf) -> None:
    shelf.put("a.md", "The pump is red.", access=HR)
    assert shelf.retriever().retrieve(question, BO, 3) == []
    assert len(shelf.retriever().retrieve(question, ADMIN, 3)) <= 1


def test_an_empty_collection_has_no_hits(shelf: Shelf) -> None:
    assert shelf.retriever().retrieve("pump", ADMIN, 3) == []


def test_a_chunk_without_a_vector_is_found_by_its_words(shelf: Shelf) -> None:
    shelf.put("a.md", "The pump is red.")
    shelf.put("b.md", "The bassoon is blue.", is_published=False)
    (hit, *_) = shelf.retriever().retrieve("bassoon", BO, 3)
    assert (hit.document.uri, hit.why.dense_rank) == ("b.md", None)


# --- explanations ----------------------------------------------------------------------------------------


def test_what_a_filter_leaves_out_is_not_counted_as_hidden(shelf: Shelf) -> None:
    asked = shelf.put("a.md", "The pump is red.")
    shelf.put("b.md", "The pump is green.")
    secret = shelf.put("c.md", "The pump is blue.", access=HR)
    retriever = shelf.retriever()
    prepared = retriever.prepare("pump", BO)
    for doc_ids, hidden in ((frozenset({asked}), 0), (frozenset({asked, secret}), 1), (None, 1)):
        ranking = retriever.ranking_of(prepared, BO, 3, doc_ids)
        assert explain(ranking, retriever, count_hidden=True).hidden_chunks == hidden


def test_the_place_of_a_document_is_that_among_the_filtered_ones(shelf: Shelf) -> None:
    shelf.put("best.md", "pump valve", "pump valve seal")
    lower = [
        shelf.put(f"{n}.md", f"Hall {n} has a pump, it says here, among others.") for n in range(3)
    ]
    retriever = shelf.retriever()
    prepared = retriever.prepare("pump valve seal", BO)
    among = frozenset(lower)
    hits = retriever.retrieve_prepared(prepared, BO, 1, among)
    shown = hits[0].document.uri
    others = [
        why_not(retriever, prepared, BO, f"{n}.md", hits, among)
        for n in range(3)
        if f"{n}.md" != shown
    ]
    assert sorted(found.rank or 0 for found in others) == [2, 3], "best.md does not pass the filter"


# --- who may read ----------------------------------------------------------------------------------------


def test_nobody_finds_what_he_may_not_read(shelf: Shelf) -> None:
    shelf.put("open.md", "The pump is red.")
    shelf.put("hr.md", "The pump of the staff room is red.", access=HR)
    shelf.put("none.md", "The pump of nobody is red.", access=())
    retriever = shelf.retriever()
    for caller, readable in (
        (NOBODY, set()),
        (BO, {"open.md"}),
        (ANN, {"open.md", "hr.md"}),
        (ADMIN, {"open.md", "hr.md", "none.md"}),
    ):
        assert set(uris(retriever.retrieve("the red pump of the room", caller, 10))) == readable


def test_a_question_that_was_prepared_for_one_shows_another_only_his_own(shelf: Shelf) -> None:
    shelf.put("hr.md", "The pump is red.", access=HR)
    retriever = shelf.retriever()
    prepared = retriever.prepare("red pump", ADMIN)
    assert retriever.retrieve_prepared(prepared, BO, 5) == []
    assert uris(retriever.retrieve_prepared(prepared, ANN, 5)) == ["hr.md"]
    ranking = retriever.ranking_of(prepared, ADMIN, 5)
    assert retriever.hits_of(ranking, BO, 5) == [], "who looks at the hits counts too"


def test_a_permission_that_is_taken_away_counts_from_the_next_question(shelf: Shelf) -> None:
    doc_id = shelf.put("a.md", "The pump is red.")
    retriever = shelf.retriever()
    assert retriever.retrieve("pump", BO, 5)
    with writing(shelf.catalogue.engine) as connection:
        is_it = documents.c.doc_id == doc_id
        connection.execute(update(documents).where(is_it).values(access='["group:hr"]'))
    # The store still lists everyone: the catalogue has the last word.
    assert retriever.retrieve("pump", BO, 5) == []
    assert retriever.ranking_of(retriever.prepare("pump", BO), BO, 5).scored == ()
    assert uris(retriever.retrieve("pump", ADMIN, 5)) == ["a.md"]


# --- acronyms --------------------------------------------------------------------------------------------


def test_an_acronym_is_expanded_by_what_the_documents_say(shelf: Shelf) -> None:
    fillers(shelf)
    shelf.put("terms.md", "Everyone has paid time off (PTO).")
    shelf.put("leave.md", "Ask your lead before you take paid time off in summer.")
    prepared = shelf.retriever().prepare("How do I take PTO in summer?", BO)
    assert prepared.read.expansions == (("pto", "paid time off"),)
    assert uris(shelf.retriever().retrieve("How do I take PTO in summer?", BO, 1)) == ["leave.md"]
    assert shelf.retriever().prepare("paid time off", BO).read.expansions == (
        ("paid time off", "pto"),
    )


def test_an_acronym_that_only_a_forbidden_document_defines_is_not_expanded(shelf: Shelf) -> None:
    shelf.put("secret.md", "We merge with Project Thunder Owl (PTO) in May.", access=HR)
    shelf.put("open.md", "The PTO form is in the hall.")
    retriever = shelf.retriever()
    assert retriever.prepare("PTO form", ANN).read.expansions == (("pto", "project thunder owl"),)
    for caller in (BO, NOBODY):
        read = retriever.prepare("PTO form", caller).read
        assert read.expansions == ()
        assert not {"thunder", "owl"} & read.terms.keys()
        assert read.text == "PTO form"


def test_an_acronym_means_to_each_what_his_documents_say(shelf: Shelf) -> None:
    shelf.put("secret.md", "Project Thunder Owl (PTO) starts.", access=HR)
    shelf.put("open.md", "Paid time off (PTO) is granted.")
    retriever = shelf.retriever()
    assert retriever.prepare("PTO", BO).read.expansions == (("pto", "paid time off"),)
    assert len(retriever.prepare("PTO", ANN).read.expansions) == 2


def test_an_acronym_goes_with_its_document(shelf: Shelf) -> None:
    doc_id = shelf.put("terms.md", "Everyone has paid time off (PTO).")
    shelf.put("b.md", "The PTO form.")
    retriever = shelf.retriever()
    assert retriever.prepare("PTO", BO).read.expansions
    shelf.remove(doc_id)
    assert retriever.prepare("PTO", BO).read.expansions == ()


# --- spelling --------------------------------------------------------------------------------------------


def test_a_misspelt_word_finds_what_was_meant(shelf: Shelf) -> None:
    fillers(shelf)
    shelf.put("a.md", "The bassoon is tuned.")
    retriever = shelf.retriever()
    assert retriever.prepare("basoon", BO).read.corrections == (("basoon", "bassoon"),)
    assert uris(retriever.retrieve("basoon", BO, 1)) == ["a.md"]


def test_spelling_never_tells_words_of_forbidden_documents(shelf: Shelf) -> None:
    shelf.put("secret.md", "Thunderowl buys Bassoonist.", access=HR)
    shelf.put("open.md", "The hall is open.")
    retriever = shelf.retriever()
    for question in ("thunderovl", "thundrowl", "basoonist", "hal"):
        read = retriever.prepare(question, BO).read
        assert read.corrections == ()
        assert set(read.terms) == {"thunderovl", "thundrowl", "basoonist", "hal"} & {question}
    assert retriever.prepare("thunderovl", ANN).read.corrections == (("thunderovl", "thunderowl"),)


def test_a_word_that_only_others_wrote_is_corrected_to_one_that_can_be_read(shelf: Shelf) -> None:
    shelf.put("secret.md", "The bassooon plan.", access=HR)
    shelf.put("open.md", "The bassoon is tuned.")
    retriever = shelf.retriever()
    assert retriever.prepare("bassooon", BO).read.corrections == (("bassooon", "bassoon"),)
    assert retriever.prepare("bassooon", ANN).read.corrections == ()


# --- phrases ---------------------------------------------------------------------------------------------


def test_a_phrase_in_quotes_must_stand_in_the_text(shelf: Shelf) -> None:
    shelf.put("a.md", "The red valve is open.", "The valve beside the red door.")
    shelf.put("b.md", "A valve, red and new, red red valve parts.")
    retriever = shelf.retriever()
    assert texts(retriever.retrieve('is the "red valve is" here', BO, 5)) == [
        "The red valve is open."
    ]
    assert len(retriever.retrieve("is the red valve is here", BO, 5)) == 3


def test_a_phrase_that_nobody_has_falls_back_to_its_words(shelf: Shelf) -> None:
    shelf.put("a.md", "The valve is red.")
    retriever = shelf.retriever()
    prepared = retriever.prepare('"red valve"', BO)
    assert retriever.ranking_of(prepared, BO, 5).without_phrases
    assert uris(retriever.retrieve('"red valve"', BO, 5)) == ["a.md"]


def test_a_phrase_that_only_a_forbidden_document_has_falls_back_too(shelf: Shelf) -> None:
    shelf.put("secret.md", "The red valve is sold.", access=HR)
    shelf.put("a.md", "The valve is red.")
    retriever = shelf.retriever()
    prepared = retriever.prepare('"red valve"', BO)
    assert retriever.ranking_of(prepared, BO, 5).without_phrases
    assert uris(retriever.retrieve('"red valve"', BO, 5)) == ["a.md"]
    assert uris(retriever.retrieve('"red valve"', ANN, 5)) == ["secret.md"]


# --- what is looked at -----------------------------------------------------------------------------------


def test_a_search_can_be_restricted_to_documents(shelf: Shelf) -> None:
    ids = {name: shelf.put(f"{name}.md", f"The pump {name}.", f"More {name}.") for name in "abc"}
    hidden = shelf.put("hr.md", "The pump of HR.", access=HR)
    retriever = shelf.retriever()

    def inside(*doc_ids: str) -> set[str]:
        return set(uris(retriever.retrieve("pump", BO, 20, frozenset(doc_ids))))

    assert inside(ids["b"]) == {"b.md"}
    assert inside(ids["a"], ids["c"], hidden) == {"a.md", "c.md"}
    assert inside(hidden) == inside("unheard") == inside() == set()


def test_a_document_gives_no_more_hits_than_it_may(shelf: Shelf) -> None:
    shelf.put("long.md", *(f"The pump number {n} is red." for n in range(6)))
    shelf.put("short.md", "A pump.")
    assert uris(shelf.retriever().retrieve("red pump", BO, 10)).count("long.md") == 6
    hits = shelf.retriever(per_document=2).retrieve("red pump", BO, 10)
    assert sorted(uris(hits)) == ["long.md", "long.md", "short.md"]
    assert [hit.rank for hit in hits] == [1, 2, 3]


def test_chunks_beside_a_found_one_are_looked_at_too(shelf: Shelf) -> None:
    question = "when is the bassoon tuned"
    fillers(shelf, 40)
    shelf.put("music.md", "Quite different words.", "The bassoon is tuned.", "On Friday at noon.")
    # So few are fetched that a neighbour is no candidate of its own.
    hits = shelf.retriever(fetch_k=5).retrieve(question, BO, 5)
    assert hits[0].text == "The bassoon is tuned."
    assert set(texts(hits[1:3])) == {"On Friday at noon.", "Quite different words."}
    assert hits[1].why.neighbour > 0


def test_a_neighbour_that_is_another_document_is_not_looked_at(shelf: Shelf) -> None:
    shelf.put("a.md", "The bassoon is tuned.")
    shelf.put("b.md", "Quite other words.", is_published=False)
    assert uris(shelf.retriever().retrieve("bassoon", BO, 5)) == ["a.md"]


# --- copies ----------------------------------------------------------------------------------------------


def test_the_same_words_of_a_copy_are_shown_once(shelf: Shelf) -> None:
    first = shelf.put("a.md", "The pump is red.", "Only here.")
    second = shelf.put("b.md", "The  PUMP is red.", "Only there.")
    shelf.catalogue.link_duplicates({second: first})
    hits = shelf.retriever().retrieve("red pump", BO, 10)
    assert sum("ump" in text or "UMP" in text for text in texts(hits)) == 1
    assert {"Only here.", "Only there."} <= set(texts(hits))


def test_a_copy_that_is_hidden_from_somebody_does_not_hide_his_own(shelf: Shelf) -> None:
    first = shelf.put("hr.md", "The pump is red.", access=HR)
    second = shelf.put("open.md", "The pump is red.")
    shelf.catalogue.link_duplicates({second: first})
    retriever = shelf.retriever()
    assert uris(retriever.retrieve("red pump", BO, 10)) == ["open.md"]
    assert len(retriever.retrieve("red pump", ANN, 10)) == 1


def test_the_same_words_of_documents_that_are_no_copies_are_both_shown(shelf: Shelf) -> None:
    shelf.put("a.md", "The pump is red.")
    shelf.put("b.md", "The pump is red.")
    assert sorted(uris(shelf.retriever().retrieve("red pump", BO, 10))) == ["a.md", "b.md"]


# --- versions and conflicts ------------------------------------------------------------------------------


def test_the_newest_version_goes_first_and_the_one_asked_for_if_there_is_one(shelf: Shelf) -> None:
    rule = "Employees get {} days of annual leave under the travel policy."
    shelf.put("travel-policy-2021.md", rule.format(25) + " Annual leave days for employees.")
    shelf.put("travel-policy-2023.md", rule.format(28))
    retriever = shelf.retriever()
    newest = retriever.retrieve("how many days of annual leave do employees get", BO, 5)
    assert uris(newest) == ["travel-policy-2023.md", "travel-policy-2021.md"]
    assert any("newer than" in note for note in newest[0].why.notes)
    old = retriever.retrieve("days of annual leave in the 2021 travel policy", BO, 5)
    assert uris(old)[0] == "travel-policy-2021.md"


def test_a_newer_version_that_somebody_may_not_read_changes_nothing_for_him(shelf: Shelf) -> None:
    rule = "Employees get {} days of annual leave."
    shelf.put("leave-policy-2021.md", rule.format(25))
    shelf.put("leave-policy-2023.md", rule.format(28), access=HR)
    (hit,) = shelf.retriever().retrieve("days of annual leave", BO, 5)
    assert hit.document.uri == "leave-policy-2021.md"
    assert hit.why.notes == ()
    assert "2023" not in repr(hit)


def test_hits_that_disagree_are_marked_at_the_sentences_that_do(shelf: Shelf) -> None:
    intro = "This page has an introduction. "
    first = "All employees receive 25 days of paid vacation each year."
    second = "Each year all employees receive 30 days of paid vacation."
    shelf.put("handbook.md", intro + first)
    shelf.put("leave.md", "Nothing at all.", second + " That is all.")
    hits = shelf.retriever().retrieve("how many days of paid vacation do employees receive", BO, 5)
    by_uri = {hit.document.uri: hit for hit in hits if hit.conflicts}
    assert by_uri.keys() == {"handbook.md", "leave.md"}
    for uri, other, own_words, other_words in (
        ("handbook.md", "leave.md", first, second),
        ("leave.md", "handbook.md", second, first),
    ):
        (conflict,) = by_uri[uri].conflicts
        against = by_uri[other]
        own_text, other_text = (
            shelf.catalogue.document_text(hit.document.doc_id)[0] for hit in (by_uri[uri], against)
        )
        assert conflict.kind == "number"
        assert (conflict.other_rank, conflict.other_chunk_id) == (against.rank, against.chunk_id)
        assert own_text[conflict.start : conflict.end] == own_words
        assert other_text[conflict.other_start : conflict.other_end] == other_words


def test_a_conflict_with_what_somebody_may_not_read_is_not_told(shelf: Shelf) -> None:
    shelf.put("handbook.md", "All employees receive 25 days of paid vacation each year.")
    shelf.put("hr.md", "Each year all employees receive 30 days of paid vacation.", access=HR)
    retriever = shelf.retriever()
    question = "how many days of paid vacation do employees receive"
    assert [hit.conflicts for hit in retriever.retrieve(question, BO, 5)] == [()]
    assert all(hit.conflicts for hit in retriever.retrieve(question, ANN, 5))


# --- following the writer --------------------------------------------------------------------------------


def test_an_open_retriever_sees_what_was_added_changed_and_removed(shelf: Shelf) -> None:
    retriever = shelf.retriever()
    assert retriever.retrieve("bassoon", BO, 5) == []
    before = retriever.refresh()
    doc_id = shelf.put("a.md", "The bassoon is tuned.")
    assert uris(retriever.retrieve("bassoon", BO, 5)) == ["a.md"]
    assert retriever.refresh() > before
    shelf.put("a.md", "The cello is tuned.")
    assert "bassoon" not in " ".join(texts(retriever.retrieve("bassoon", BO, 5)))
    assert texts(retriever.retrieve("cello", BO, 5)) == ["The cello is tuned."]
    shelf.remove(doc_id)
    assert retriever.retrieve("cello", BO, 5) == []
    assert shelf.opened == 1, "the same model and store all the time"


def test_a_language_that_is_new_to_the_collection_is_read_from_then_on(shelf: Shelf) -> None:
    shelf.put("a.md", "The hall.")
    retriever = shelf.retriever()
    assert "kundig" not in retriever.prepare("Kündigungen", BO).read.terms
    shelf.put("de.md", "Die Kündigung ist schriftlich.", language="de")
    assert "kundig" in retriever.prepare("Kündigungen", BO).read.terms
    assert uris(retriever.retrieve("Kündigungen", BO, 1)) == ["de.md"]


def test_another_generation_is_opened_when_the_catalogue_names_one(shelf: Shelf) -> None:
    shelf.put("a.md", "The bassoon is tuned.")
    retriever = shelf.retriever()
    retriever.refresh()
    manifest = Manifest(shelf.embedder.name, DIM, "test", 128, "other name")
    shelf.catalogue.set_meta("manifest", manifest.to_json())
    prepared = retriever.prepare("bassoon", BO)
    assert shelf.opened == 2
    assert prepared.generation.manifest == manifest.to_json()
    assert uris(retriever.retrieve_prepared(prepared, BO, 5)) == ["a.md"]


def test_vectors_of_another_model_are_refused_with_what_to_do(shelf: Shelf) -> None:
    shelf.put("a.md", "The bassoon is tuned.")
    shelf.embedder = HashEmbedder(DIM)
    shelf.embedder.name = "another"
    retriever = shelf.retriever()
    with pytest.raises(IndexMismatch, match="index rebuild"):
        retriever.retrieve("bassoon", BO, 5)


def test_two_threads_ask_while_a_writer_writes(shelf: Shelf) -> None:
    for number in range(6):
        shelf.put(f"{number}.md", f"The pump number {number} is red.")
    shelf.put("hr.md", "The pump of HR is red.", access=HR)
    retriever = shelf.retriever()
    stop, errors, answers = threading.Event(), list[BaseException](), [0, 0]

    def ask(place: int, caller: Caller) -> None:
        chance = random.Random(place)
        while not stop.is_set() and not errors:
            try:
                hits = retriever.retrieve(f"the red pump number {chance.randrange(6)}", caller, 5)
                assert hits
                assert caller is ANN or "hr.md" not in uris(hits)
                assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
                answers[place] += 1
            except BaseException as error:  # noqa: BLE001  # raised below
                errors.append(error)

    threads = [threading.Thread(target=ask, args=pair) for pair in ((0, BO), (1, ANN))]
    for thread in threads:
        thread.start()
    try:
        for step in range(12):
            shelf.put(f"{step % 6}.md", f"The pump number {step % 6} is red since step {step}.")
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert not errors, errors
    assert min(answers) > 0


# --- whatever the collection -----------------------------------------------------------------------------


def test_two_retrievers_give_the_same_answer(shelf: Shelf) -> None:
    chance = random.Random(5)
    words = ["pump", "valve", "door", "hall", "red", "blue", "green", "oil", "week", "day"]
    for number in range(30):
        lines = (" ".join(chance.choices(words, k=6)) for _ in range(3))
        access = chance.choice([EVERYONE, HR])
        shelf.put(f"{number}.md", *lines, access=access, is_published=False)
    shelf.publish()
    for question in ("red pump", "blue door of the hall", '"green valve"', "oyl wek"):
        for caller in (BO, ANN, ADMIN):
            first, second = (shelf.retriever().retrieve(question, caller, 10) for _ in range(2))
            assert first == second
            assert len({hit.chunk_id for hit in first}) == len(first)
