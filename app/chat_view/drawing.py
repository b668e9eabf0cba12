"""An answer's text as what is drawn of it: blocks of segments, each with its claim, its marker, its flag.

    text -> blocks of runs (app.answer_markup) -> runs cut where claims, markers and flagged words begin and end

A segment is a slice of the text. Its place is what a browser sends back when somebody chooses words.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from app.answer_markup import Block, BlockKind, Run, Style, blocks_of, runs_of
from app.chat_view.verdicts import shown_claims
from core.answers import Answer, Claim

_MARKER = re.compile(r"\[(\d{1,4})\]")
_MARKER_RUN = re.compile(r"(?:[ \t]*\[\d{1,4}\])*")


@dataclass(frozen=True, slots=True)
class Segment:
    """Characters of an answer that are drawn in one way; `start` is their place in its text.

    `claim` is the position of their claim among those that are shown. `marker` is set where the text itself is a `[n]`
    that names a citation; `citations` are the markers to show behind the segment because its claim's text does not
    name them. `ends_claim` is true for the last segment of a claim: the verdict is said once, there. `flags` are the
    positions of the flags that mark it.
    """

    start: int
    text: str
    styles: tuple[Style, ...] = ()
    href: str = ""
    claim: int | None = None
    marker: int | None = None
    citations: tuple[int, ...] = ()
    ends_claim: bool = False
    flags: tuple[int, ...] = ()

    @property
    def end(self) -> int:
        """Where it ends, exclusive."""
        return self.start + len(self.text)


@dataclass(frozen=True, slots=True)
class DrawnBlock:
    """A block of an answer, see `app.answer_markup.Block`."""

    kind: BlockKind
    segments: tuple[Segment, ...] = ()
    blocks: tuple["DrawnBlock", ...] = ()
    number: int = 0


def draw(answer: Answer) -> tuple[DrawnBlock, ...]:
    """Return a whole answer as it is drawn."""
    blocks = blocks_of(answer.text)
    claims = _spans(answer)
    known = frozenset(citation.marker for citation in answer.citations)
    markers = [
        (found.start(), found.end(), int(found[1]))
        for found in _MARKER.finditer(answer.text)
        if int(found[1]) in known
    ]
    pieces = _ended(_pieces(runs_of(blocks), claims, markers), claims, answer, known)
    by_run: dict[int, list[Segment]] = {}
    starts = [run.start for run in runs_of(blocks)]
    run = 0
    for piece in pieces:
        while run + 1 < len(starts) and starts[run + 1] <= piece.start:
            run += 1
        by_run.setdefault(starts[run], []).append(piece)
    return _filled(blocks, by_run)


def draw_plain(text: str) -> tuple[DrawnBlock, ...]:
    """Return a text that has no claims yet as it is drawn, the same as it will be with them."""
    blocks = blocks_of(text)
    return _filled(blocks, {run.start: [_segment(run)] for run in runs_of(blocks)})


def mark(blocks: Sequence[DrawnBlock], spans: Sequence[tuple[int, int]]) -> tuple[DrawnBlock, ...]:
    """Return blocks with the segments that lie in some spans marked by the spans' positions."""
    if not spans:
        return tuple(blocks)
    edges = {edge for span in spans for edge in span}
    return tuple(
        replace(
            block,
            segments=tuple(
                replace(piece, flags=_covering(piece, spans))
                for segment in block.segments
                for piece in _cut(segment, edges)
            ),
            blocks=mark(block.blocks, spans),
        )
        for block in blocks
    )


def _covering(piece: Segment, spans: Sequence[tuple[int, int]]) -> tuple[int, ...]:
    return tuple(
        number
        for number, (start, end) in enumerate(spans)
        if start <= piece.start and piece.end <= end
    )


def _spans(answer: Answer) -> list[tuple[int, int, Claim]]:
    """Return the shown claims as spans that do not overlap: they are cut at the first."""
    spans: list[tuple[int, int, Claim]] = []
    position = 0
    for claim in shown_claims(answer):
        start, position = max(claim.start, position), min(claim.end, len(answer.text))
        spans.append((start, position, claim))
    return spans


def _pieces(
    runs: Iterable[Run],
    claims: Sequence[tuple[int, int, Claim]],
    markers: Sequence[tuple[int, int, int]],
) -> list[Segment]:
    """Cut runs at the edges of claims and markers; say of each piece to which of them it belongs."""
    edges = {edge for start, end, _ in (*claims, *markers) for edge in (start, end)}
    numbers = {(start, end): number for start, end, number in markers}
    pieces: list[Segment] = []
    claim = 0
    for run in runs:
        for piece in _cut(_segment(run), edges):
            while claim < len(claims) and claims[claim][1] <= piece.start:
                claim += 1
            is_inside = claim < len(claims) and claims[claim][0] <= piece.start
            marker = None if "code" in piece.styles else numbers.get((piece.start, piece.end))
            pieces.append(replace(piece, claim=claim if is_inside else None, marker=marker))
    return pieces


def _ended(
    pieces: list[Segment],
    claims: Sequence[tuple[int, int, Claim]],
    answer: Answer,
    known: frozenset[int],
) -> list[Segment]:
    """Give the last piece of each claim the markers that its text does not name."""
    last = {piece.claim: place for place, piece in enumerate(pieces) if piece.text.strip()}
    for number, (start, end, claim) in enumerate(claims):
        if number not in last:
            continue
        trailing = _MARKER_RUN.match(answer.text, end)
        named_until = trailing.end() if trailing else end
        named = {int(found[1]) for found in _MARKER.finditer(answer.text[start:named_until])}
        unnamed = dict.fromkeys(marker for marker in claim.citations if marker in known - named)
        place = last[number]
        pieces[place] = replace(pieces[place], citations=tuple(unnamed), ends_claim=True)
    return pieces


def _segment(run: Run) -> Segment:
    return Segment(run.start, run.text, run.styles, run.href)


def _cut(segment: Segment, edges: Iterable[int]) -> list[Segment]:
    """Return a segment in pieces that end at the edges; what stands behind a claim stays with the last one."""
    inside = sorted(edge for edge in edges if segment.start < edge < segment.end)
    bounds = [segment.start, *inside, segment.end]
    return [
        replace(
            segment,
            start=start,
            text=segment.text[start - segment.start : end - segment.start],
            citations=segment.citations if end == segment.end else (),
            ends_claim=segment.ends_claim and end == segment.end,
        )
        for start, end in pairwise(bounds)
    ]


def _filled(blocks: Sequence[Block], by_run: dict[int, list[Segment]]) -> tuple[DrawnBlock, ...]:
    return tuple(
        DrawnBlock(
            block.kind,
            tuple(piece for run in block.runs for piece in by_run[run.start]),
            _filled(block.blocks, by_run),
            block.number,
        )
        for block in blocks
    )
