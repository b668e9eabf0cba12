"""An answer's text with a short mark behind every statement: its verdict, and the numbers of its sources; pure.

The marks are put into the text as it is stored, at the places that `app.chat_view` draws them in the web application.
"""

import re
from collections.abc import Iterator

from app.chat_view import AnswerView, ClaimView, DrawnBlock, Segment, is_doubtful
from core.answers import Answer

_BEHIND_CODE = re.compile(r"`+")
_BEHIND_LINK = re.compile(r"\]\([^()\s]*(?:\([^()\s]*\)[^()\s]*)*\)")
_FENCE_END = re.compile(r"^[ \t>]*(?:`{3,}|~{3,})[ \t]*$", re.MULTILINE)


def marked_text(answer: Answer, view: AnswerView) -> str:
    """Return the answer's Markdown with its marks; it still has to go through `app.slack.markup.markdown`."""
    marks = sorted(_marks(answer.text, view.blocks, view.claims))
    shown: list[str] = []
    position = 0
    for place, mark in marks:
        shown += (answer.text[position:place], mark)
        position = place
    return "".join((*shown, answer.text[position:]))


def _marks(
    text: str, blocks: tuple[DrawnBlock, ...], claims: tuple[ClaimView, ...]
) -> Iterator[tuple[int, str]]:
    for block in blocks:
        for segment in block.segments:
            if mark := _mark(segment, claims):
                yield (
                    _behind_fence(text, segment, mark)
                    if block.kind == "code"
                    else (_behind(text, segment), mark)
                )
        yield from _marks(text, block.blocks, claims)


def _mark(segment: Segment, claims: tuple[ClaimView, ...]) -> str:
    mark = ""
    if segment.ends_claim and segment.claim is not None:
        claim = claims[segment.claim]
        # What holds has a quiet sign; what does not says so in words.
        quiet = "" if claim.verdict == "unchecked" else f" {claim.label.partition(' ')[0]}"
        mark = f" ({claim.label})" if is_doubtful(claim.verdict) else quiet
    if segment.citations:
        mark += "".join(f" [{marker}]" for marker in segment.citations)
    return mark


def _behind(text: str, segment: Segment) -> int:
    """Return where a segment's mark goes: behind its last word, and behind the code or link that it is in."""
    place = segment.start + len(segment.text.rstrip())
    for found, is_inside in (
        (_BEHIND_CODE.match(text, place), "code" in segment.styles),
        (_BEHIND_LINK.match(text, place), bool(segment.href)),
    ):
        if found and is_inside:
            place = found.end()
    return place


def _behind_fence(text: str, segment: Segment, mark: str) -> tuple[int, str]:
    """Return where and how a mark follows a block of code, which must stay as it is to be copied."""
    found = _FENCE_END.search(text, segment.end)
    return (found.end() if found else len(text)), f"\n{mark.strip()}\n"
