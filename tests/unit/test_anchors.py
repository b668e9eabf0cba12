"""Evidence is found again by its words: blanks, capitals, edits, other names; and what is gone is said to be."""

from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from core.answers import Caller
from core.documents import document_id
from evals.cases.anchors import AnchorResolver, Words, most_similar, same_words
from evals.cases.case import Anchor
from index.catalogue import Catalogue, NewVersion
from index.permissions import administrator, caller_named

ADMIN = administrator()
LEAVE = (
    "Everyone has 27 days of paid annual leave per calendar year.\n"
    "You may carry over up to five days into the next year.\n"
    "Carried-over days must be used by 31 March and then lapse."
)
QUOTE = "Carried-over days must be used by 31 March and then lapse."
word = st.text(st.characters(categories=["Ll", "Lu", "Nd", "Po"]), min_size=1, max_size=8)
blank = st.sampled_from([" ", "\n", "\t", "  ", "\u00a0", "\r\n"])


@given(
    st.lists(word, min_size=1, max_size=12),
    st.lists(word, max_size=8),
    st.lists(word, max_size=8),
    st.data(),
)
def test_words_are_found_whatever_stands_between_them(
    quote: list[str], before: list[str], after: list[str], data: st.DataObject
) -> None:
    text = "".join(
        f"{data.draw(st.sampled_from([entry, entry.upper(), entry.lower()]))}{data.draw(blank)}"
        for entry in [*before, *quote, *after]
    )
    assume(
        all(
            entry.casefold() == entry.upper().casefold() == entry.lower().casefold()
            for entry in quote
        )
    )
    spans = same_words(Words(text), text, Anchor("u", " ".join(quote)))
    wanted = " ".join(quote).casefold()
    assert spans
    assert all(" ".join(text[start:end].split()).casefold() == wanted for start, end in spans)


@given(st.text(max_size=60), st.text(max_size=200))
def test_looking_never_fails_and_every_place_lies_in_the_text(quote: str, text: str) -> None:
    found = Words(text)
    share, span = most_similar(found, quote)
    for start, end in (*same_words(found, text, Anchor("u", quote or "x")), span):
        assert 0 <= start <= end <= len(text)
    assert 0.0 <= share <= 1.0


@given(st.integers(0, 10), st.integers(0, 400), st.integers(0, 2))
def test_a_small_edit_leaves_the_evidence_similar(at: int, shift: int, kind: int) -> None:
    parts = QUOTE.split()
    parts[at : at + (kind != 0)] = ["edited"] if kind else ["edited", *parts[at : at + 0]]
    if kind == 2:
        del parts[at]
    text = "filler words here " * shift + " ".join(parts) + " and more of it follows."
    share, (start, end) = most_similar(Words(text), QUOTE)
    assert share >= 0.75
    assert set(text[start:end].split()) & set(parts)


def resolver(catalogue: Catalogue, caller: Caller = ADMIN) -> AnchorResolver:
    return AnchorResolver(catalogue, caller)


@pytest.fixture
def stored(catalogue: Catalogue, new_version: Callable[..., NewVersion]) -> Catalogue:
    catalogue.store([new_version("leave.md", LEAVE, range(1, 4))], [])
    return catalogue


def text_at(catalogue: Catalogue, doc_id: str, span: tuple[int, int]) -> str:
    return catalogue.document_text(doc_id)[0][span[0] : span[1]]


def test_the_same_words_are_found_where_they_stand(stored: Catalogue) -> None:
    found = resolver(stored).resolve(Anchor("leave.md", QUOTE))
    assert (found.state, found.why) == ("found", "")
    assert text_at(stored, found.doc_id, found.spans[0]) == QUOTE


def test_a_place_without_words_is_taken_as_it_is(stored: Catalogue) -> None:
    start = LEAVE.index("You may")
    found = resolver(stored).resolve(Anchor("leave.md", "", start, start + 7))
    assert text_at(stored, found.doc_id, found.spans[0]) == "You may"
    assert resolver(stored).resolve(Anchor("leave.md", "", 5000, 5007)).state == "gone"


def test_of_several_places_the_one_it_had_comes_first(
    catalogue: Catalogue, new_version: Callable[..., NewVersion]
) -> None:
    catalogue.store([new_version("a.md", "five days\nand again\nfive days", range(1, 4))], [])
    found = resolver(catalogue).resolve(Anchor("a.md", "five days", 22, 31))
    assert found.spans == ((20, 29), (0, 9))


@pytest.mark.parametrize(
    ("text", "state"),
    [
        ("New first line.\n" + LEAVE.upper(), "found"),
        (LEAVE.replace("31 March", "30 April"), "changed"),
        ("Something else altogether stands here now, about bicycles.", "gone"),
    ],
)
def test_an_edited_document_is_looked_through_for_the_words(
    stored: Catalogue, new_version: Callable[..., NewVersion], text: str, state: str
) -> None:
    lines = text.count("\n") + 1
    stored.store([new_version("leave.md", text, range(10, 10 + lines), version="v2")], [])
    found = resolver(stored).resolve(Anchor("leave.md", QUOTE))
    assert found.state == state
    assert bool(found.why) == (state != "found")
    assert bool(found.spans) == (state != "gone")
    if state == "changed":
        assert "30 April" in text_at(stored, found.doc_id, found.spans[0])
        assert 0.75 <= found.match < 1.0


def test_words_that_moved_to_another_document_are_found_there(
    stored: Catalogue, new_version: Callable[..., NewVersion]
) -> None:
    stored.remove([document_id("docs", "leave.md")])
    stored.store([new_version("rules/leave.md", LEAVE, range(20, 23))], [])
    found = resolver(stored).resolve(Anchor("leave.md", QUOTE))
    assert (found.state, found.uri) == ("moved", "rules/leave.md")
    assert "'rules/leave.md'" in found.why


def test_a_deleted_document_is_said_to_be_gone(stored: Catalogue) -> None:
    stored.remove([document_id("docs", "leave.md")])
    found = resolver(stored).resolve(Anchor("leave.md", QUOTE))
    assert (found.state, found.spans) == ("gone", ())
    assert "'leave.md' is not there any more" in found.why


def test_nobody_is_told_of_words_in_documents_that_they_may_not_read(
    catalogue: Catalogue, new_version: Callable[..., NewVersion]
) -> None:
    secret = new_version("secret.md", LEAVE, range(1, 4), access=("group:hr",))
    catalogue.store([secret], [])
    reader = caller_named("ann@x.org", [])
    for uri in ("secret.md", "elsewhere.md"):
        found = resolver(catalogue, reader).resolve(Anchor(uri, QUOTE))
        assert (found.state, found.doc_id, found.uri) == ("gone", "", "")
        assert "secret" not in found.why.replace(f"'{uri}'", "")
    assert (
        resolver(catalogue, caller_named("hr@x.org", ["hr"]))
        .resolve(Anchor("secret.md", QUOTE))
        .state
        == "found"
    )
