"""Cuts an answer into the sentences that are claims, and gives each claim the markers that stood in it."""

import re
from collections.abc import Sequence

from app.citing.markers import PlacedMarkers
from core.sentences import Span, sentence_spans

_HAS_WORDS = re.compile(r"[^\W_]")
_LIST_MARK = re.compile(r"[ \t>]*(?:[-*+•‣▪–]|\d{1,3}[.)])?[ \t]+|[ \t]*#{1,6}[ \t]+")
_LINE = re.compile(r"[^\n]+")


def claim_spans(text: str) -> list[Span]:
    """Return the sentences of a text line by line, without list marks; rules, fences and blank lines are none."""
    spans: list[Span] = []
    for line in _LINE.finditer(text):
        mark = _LIST_MARK.match(line.group())
        start = line.start() + (mark.end() if mark else 0)
        for span in sentence_spans(text[start : line.end()]):
            words = text[start + span.start : start + span.end]
            if _HAS_WORDS.search(words) and not words.startswith("```"):
                spans.append(Span(start + span.start, start + span.end))
    return spans


def markers_of(
    text: str, spans: Sequence[Span], placed: Sequence[PlacedMarkers]
) -> list[list[int]]:
    """Return the markers that belong to each claim: those of its sentence, from the marker before to its own."""
    sentences = claim_spans(text)
    markers: list[list[int]] = [[] for _ in spans]
    from_place = 0
    for item in placed:
        sentence = _sentence_of(text, sentences, item.position)
        if sentence is None:
            continue
        start = max(sentence.start, from_place)
        end = max(item.position, sentence.start + 1)
        if start >= end:  # beside another marker
            start = sentence.start
        from_place = item.position
        for number, span in enumerate(spans):
            if span.start < end and span.end > start:
                markers[number] += [m for m in item.markers if m not in markers[number]]
    return markers


def _sentence_of(text: str, sentences: Sequence[Span], position: int) -> Span | None:
    """Return the sentence that a marker stands in or behind; the one after it at the start of a line."""
    before = [sentence for sentence in sentences if sentence.start < position]
    after = next((sentence for sentence in sentences if sentence.start >= position), None)
    if not before:
        return after
    between = text[before[-1].end : position]
    if "\n" in between and after is not None and "\n" not in text[position : after.start]:
        return after
    return before[-1]
