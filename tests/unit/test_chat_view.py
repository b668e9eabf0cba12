"""What faces show of answers and documents says exactly what they say, and nothing in it can run."""

import html
import re
import string
import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from typing import get_args
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.answer_markup import shown_text
from app.chat_view import (
    CATEGORY_WORDS,
    DrawnBlock,
    Segment,
    answer_view,
    clipped,
    day,
    draw,
    draw_plain,
    grouped_sources,
    is_doubtful,
    mark,
    place,
    plain_html,
    plain_label,
    plain_row,
    summary_line,
    terminal_text,
    verdict_label,
)
from app.service import DocumentView
from app.web.sources.passage_view import locate, passage_view
from core.answers import Answer, Citation, Claim, DocumentRef, FeedbackCategory, Note, Verdict
from core.documents import DocumentRecord, Element

VERDICTS = get_args(Verdict)
MARKUP = st.text(alphabet=st.sampled_from("<>&\"'[]0123456789 ab\n`$:*_!/\\\u202e"), max_size=80)
TEXT = st.one_of(st.text(max_size=80), MARKUP)


def citation(marker: int, quote: str = "words", start: int = 0, **fields: object) -> Citation:
    document = DocumentRef(f"d{marker}", "a/b.md", "Title", "v1", "2026-03-12T09:00:00+00:00")
    base = Citation(marker, document, "c", (), None, start, start + len(quote), quote)
    return replace(base, **fields)


def answer(text: str, claims: tuple[Claim, ...] = (), markers: tuple[int, ...] = (1, 2)) -> Answer:
    citations = tuple(citation(marker) for marker in markers)
    return Answer(
        "a1", "c1", "t1", "Q?", text, "answered", claims, citations, (), "m", "p", 1, "2026-01-01"
    )


def claim(text: str, words: str, verdict: Verdict = "supported", *markers: int) -> Claim:
    start = text.index(words)
    return Claim(start, start + len(words), words, verdict, 0.9, markers)


@st.composite
def answers(draw: st.DrawFn) -> Answer:
    text = draw(TEXT)
    offsets = st.integers(0, len(text) + 3)
    claims = draw(
        st.lists(
            st.builds(
                lambda a, b, verdict, marks: Claim(
                    min(a, b), max(a, b), text[min(a, b) : max(a, b)], verdict, 0.5, tuple(marks)
                ),
                offsets,
                offsets,
                st.sampled_from(VERDICTS),
                st.lists(st.integers(0, 9), max_size=3),
            ),
            max_size=4,
        )
    )
    return answer(text, tuple(claims), (1, 2, 3))


def segments(blocks: Sequence[DrawnBlock]) -> list[Segment]:
    return [piece for block in blocks for piece in (*block.segments, *segments(block.blocks))]


def drawn(answer: Answer) -> list[Segment]:
    return segments(draw(answer))


@given(answers())
def test_the_segments_of_an_answer_are_slices_of_its_text(given_answer: Answer) -> None:
    position = 0
    for piece in drawn(given_answer):
        assert piece.start >= position
        assert piece.text == given_answer.text[piece.start : piece.end] != ""
        position = piece.end


@given(answers())
def test_a_segment_has_the_claim_that_it_lies_in(given_answer: Answer) -> None:
    claims = answer_view(given_answer).claims
    for piece in drawn(given_answer):
        inside = [
            number
            for number, claim in enumerate(claims)
            if claim.start <= piece.start and piece.end <= claim.end
        ]
        assert (piece.claim is None) == (not inside)
        assert piece.claim is None or piece.claim in inside


@given(answers(), st.lists(st.tuples(st.integers(0, 80), st.integers(0, 80)), max_size=3))
def test_marked_words_are_the_words_of_the_spans(
    given_answer: Answer, spans: list[tuple[int, int]]
) -> None:
    whole = drawn(given_answer)
    pieces = segments(mark(draw(given_answer), spans))
    assert "".join(piece.text for piece in pieces) == "".join(piece.text for piece in whole)
    assert sum(piece.ends_claim for piece in pieces) == sum(piece.ends_claim for piece in whole)
    for number, (start, end) in enumerate(spans):
        marked = "".join(piece.text for piece in pieces if number in piece.flags)
        assert marked == shown_text(given_answer.text, start, end)


@given(TEXT)
def test_a_text_looks_the_same_before_it_has_claims(text: str) -> None:
    before, after = draw_plain(text), draw(answer(text, markers=()))
    assert before == after


@given(answers())
def test_only_citations_that_exist_are_shown(given_answer: Answer) -> None:
    shown = {m for piece in drawn(given_answer) for m in (*piece.citations, piece.marker)}
    assert shown <= {None, 1, 2, 3}


def test_a_claim_carries_its_verdict_and_its_citations() -> None:
    text = "First. Second."
    claims = (claim(text, "First.", "supported", 1), claim(text, "Second.", "partial", 2))
    assert [
        (piece.text, piece.claim, piece.citations) for piece in drawn(answer(text, claims))
    ] == [
        ("First.", 0, (1,)),
        (" ", None, ()),
        ("Second.", 1, (2,)),
    ]
    view = answer_view(answer(text, claims))
    assert [(one.verdict, one.evidence) for one in view.claims] == [
        ("supported", (0,)),
        ("partial", (1,)),
    ]


def test_a_claim_goes_through_markup_and_ends_once() -> None:
    text = "- It is **28 days** a year. [1]\n- Next"
    pieces = drawn(answer(text, (claim(text, "It is **28 days** a year.", "contradicted", 1),)))
    assert [(p.text, p.styles, p.claim, p.marker, p.ends_claim) for p in pieces] == [
        ("It is ", (), 0, None, False),
        ("28 days", ("strong",), 0, None, False),
        (" a year.", (), 0, None, True),
        (" ", (), None, None, False),
        ("[1]", (), None, 1, False),
        ("Next", (), None, None, False),
    ]


def test_a_marker_in_code_is_code() -> None:
    assert [piece.marker for piece in drawn(answer("`a[1]` [1]"))] == [None, None, None, 1]


@given(answers())
def test_every_doubtful_claim_has_its_doubt_and_the_worst_comes_first(given_answer: Answer) -> None:
    view = answer_view(given_answer)
    doubtful = {number for number, one in enumerate(view.claims) if is_doubtful(one.verdict)}
    assert {doubt.claim for doubt in view.doubts} == doubtful
    order = ("contradicted", "unsupported", "partial")
    ranks = [order.index(doubt.verdict) for doubt in view.doubts]
    assert ranks == sorted(ranks)


def test_a_doubt_says_the_words_as_they_are_shown() -> None:
    text = "It is **28 days**\na year."
    view = answer_view(answer(text, (claim(text, text, "unsupported"),)))
    assert [doubt.text for doubt in view.doubts] == ["It is 28 days a year."]


def test_a_verdict_is_said_once_where_a_claim_has_a_marker_in_the_middle() -> None:
    text = "It is 28 days [1] a year."
    pieces = drawn(answer(text, (claim(text, text, "contradicted", 1),)))
    assert [piece.text for piece in pieces] == ["It is 28 days ", "[1]", " a year."]
    assert [piece.ends_claim for piece in pieces] == [False, False, True]


def test_citations_of_one_place_that_follow_each_other_are_grouped() -> None:
    here, there = ("Leave",), ("Sick leave",)
    document = citation(1).document
    citations = [
        replace(citation(number, section=section, page=page), document=document)
        for number, (section, page) in enumerate(
            [(here, None), (here, None), (there, None), (there, 2), (here, None)], 1
        )
    ]
    other = replace(citations[-1], document=replace(document, doc_id="other"))
    assert grouped_sources([*citations, other]) == [[0, 1], [2], [3], [4], [5]]
    assert answer_view(replace(answer("x"), citations=tuple(citations))).groups[0] == (0, 1)


@given(st.lists(st.tuples(st.sampled_from("ab"), st.sampled_from([(), ("x",)])), max_size=8))
def test_grouping_loses_no_source_and_keeps_their_order(
    places: list[tuple[str, tuple[str, ...]]],
) -> None:
    citations = [
        replace(
            citation(number, section=section),
            document=replace(citation(number).document, doc_id=doc_id),
        )
        for number, (doc_id, section) in enumerate(places, 1)
    ]
    groups = grouped_sources(citations)
    assert [position for group in groups for position in group] == list(range(len(citations)))


def test_what_an_answer_can_not_be_relied_on_for_is_said_before_the_rest() -> None:
    notes = tuple(Note(kind, kind) for kind in ("degraded", "incomplete", "shortened", "conflict"))
    view = answer_view(replace(answer("x"), notes=notes))
    assert [note.kind for note in view.notes] == ["incomplete", "conflict", "degraded", "shortened"]
    assert [note.is_strong for note in view.notes] == [True, True, False, False]


@given(st.text(max_size=60))
def test_a_terminal_gets_no_orders_from_a_text(text: str) -> None:
    shown = terminal_text(text)
    assert len(shown) == len(text)
    assert all(char in "\n\t" or unicodedata.category(char) != "Cc" for char in shown)
    assert not set("\u202a\u202e\u2066\u2069") & set(shown)


@pytest.mark.parametrize("words", ["First [1].", "First"])
def test_a_marker_that_the_text_names_is_not_shown_twice(words: str) -> None:
    text = "First [1]. Then"
    pieces = drawn(answer(text, (claim(text, words, "supported", 1),)))
    assert [piece.marker for piece in pieces if piece.marker is not None] == [1]
    assert all(piece.citations == () for piece in pieces)


def test_a_marker_of_no_citation_stays_text() -> None:
    assert [piece.marker for piece in drawn(answer("As said [7]."))] == [None]


@given(TEXT)
def test_html_shows_the_text_and_opens_no_tag(text: str) -> None:
    for block in (plain_html(text, "x"), plain_row([text], "x")):
        inside = re.sub(r"^<div[^>]*>(?:<bdi>)?|(?:</bdi>)?</div>$", "", block)
        assert not set("<>\"'") & set(inside)
        assert html.unescape(inside) == html.unescape(html.escape(text))


@given(TEXT)
def test_a_label_keeps_every_character_and_leaves_no_sign_bare(text: str) -> None:
    label = plain_label(text, 500)
    assert re.sub(r"\u2060\\(.)", r"\1", label) == " ".join(text.split())
    signs = set(string.punctuation) - set(",;'\"()?%")
    bare = re.sub(r"\u2060\\.", "", label)
    assert not signs & set(bare)


def test_verdicts_differ_in_words_and_not_only_in_colour() -> None:
    assert len({verdict_label(verdict) for verdict in VERDICTS}) == len(VERDICTS)
    assert all(re.search("[a-z]{4}", verdict_label(verdict)) for verdict in VERDICTS)


@pytest.mark.parametrize(
    ("verdicts", "line"),
    [
        (("supported",), "1 of 1 statement supported"),
        (("supported",) * 3, "3 of 3 statements supported"),
        (("supported", "unsupported"), "1 of 2 statements is not supported"),
        (("supported", "unchecked"), "1 of 2 statements supported, 1 not checked"),
        (("partial", "partial", "supported"), "2 of 3 statements are partly supported"),
        (
            ("partial", "contradicted", "unchecked"),
            "1 of 3 statements is contradicted by its source, 1 partly supported, 1 not checked",
        ),
        (("unchecked", "unchecked"), "Not checked against the documents"),
        ((), ""),
    ],
)
def test_the_summary_counts_every_statement(verdicts: tuple[Verdict, ...], line: str) -> None:
    claims = tuple(Claim(n, n + 1, "x", verdict, 0.5) for n, verdict in enumerate(verdicts))
    assert summary_line(answer("x" * 9, claims)) == line


def test_a_card_names_its_place_and_has_an_address_of_its_own() -> None:
    shown = replace(
        answer("x"),
        conversation_id="c 1",
        citations=(citation(4, "two\n words", section=("Title", "Leave", "Sick"), page=3),),
        notes=(Note("stale", "Old."), Note("new kind", "?")),
    )
    view = answer_view(shown)
    card = view.sources[0]
    assert (card.where, card.updated, card.quote) == (
        "Leave \u203a Sick · page 3",
        "12 March 2026",
        "two words",
    )
    assert parse_qs(card.href.removeprefix("?")) == {"c": ["c 1"], "answer": ["a1"], "cite": ["4"]}
    assert [note.title for note in view.notes] == ["This may be out of date", "Note"]


def test_an_abstention_calls_its_sources_what_they_are() -> None:
    view = answer_view(replace(answer("Nothing."), status="abstained"))
    assert (view.sources_title, view.summary, view.tone) == (
        "What the documents do say",
        "",
        "calm",
    )


@pytest.mark.parametrize(
    ("timestamp", "shown"), [("2026-03-02T01:02:03Z", "2 March 2026"), ("", ""), ("soon", "")]
)
def test_a_day_is_shown_only_when_there_is_one(timestamp: str, shown: str) -> None:
    assert day(timestamp) == shown


def test_a_place_without_section_and_page_is_empty() -> None:
    assert place(citation(1)) == ""


def test_every_category_has_words() -> None:
    assert set(CATEGORY_WORDS) == set(get_args(FeedbackCategory))


@given(st.text(), st.integers(1, 20))
def test_a_clipped_text_fits(text: str, size: int) -> None:
    assert len(clipped(text, size)) <= size


def document(text: str, elements: tuple[Element, ...] = ()) -> DocumentView:
    record = DocumentRecord("d", "a.md", "A", "s", "v1", ("everyone",), "", "active")
    return DocumentView(record, text, elements)


@given(st.data())
def test_the_marked_words_are_exactly_the_cited_span(data: st.DataObject) -> None:
    text = data.draw(st.text(min_size=1, max_size=60))
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    elements = tuple(
        Element("text", first, last, text[first:last])
        for first, last in zip(cuts[::2], cuts[1::2], strict=False)
    )
    context = data.draw(st.integers(0, 70))
    cited = citation(1, text[start:end], start)
    view = passage_view(document(text, elements), cited, context)
    assert "".join(segment.text for segment in view.segments if segment.marked) == text[start:end]
    assert "".join(segment.text for segment in view.segments) == text[view.start : view.end]
    assert (view.start, view.end) == (max(0, start - context), min(len(text), end + context))


def test_words_that_moved_are_found_where_they_stand_nearest() -> None:
    assert locate("xx words yy words", citation(1, "words", 9)) == ("moved", 12, 17)
    assert locate("words", citation(1, "words", 40)) == ("moved", 0, 5)


def test_words_that_are_gone_mark_nothing() -> None:
    view = passage_view(document("other text"), citation(1, "words", 2))
    assert view.found == "gone"
    assert not any(segment.marked for segment in view.segments)
