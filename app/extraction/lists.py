"""Lists returned whole: the sentence that leads in, then every item, each with its exact place.

A list is a run of list items of one passage with nothing but code between them. It answers as a whole when the question asks
for steps, options or 'what are the …', or when the sentence that answers ends with a colon and says nothing alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from app.sentences import Sentence

MAX_ITEMS = 15
_MAX_LIST_WORDS = 260
_MAX_LEAD_WORDS = 60


@dataclass(frozen=True, slots=True)
class SentenceList:
    """A list of a passage: its lead-in, if a sentence or heading stands right before it, and its items' sentences.

    `left_out` is the number of sentences beyond the bound.
    """

    lead: Sentence | None
    items: tuple[Sentence, ...]
    left_out: int = 0


def list_around(sentence: Sentence, sentences: Sequence[Sentence]) -> SentenceList | None:
    """Return the list that a sentence is in or leads into; None when there is none of two items or more.

    `sentences` are all of the passages in reading order, position by position.
    """
    place = sentence.position
    if not sentence.in_list:
        place += 1
        if not sentence.plain.rstrip().endswith(":") or not _continues(sentences, place, sentence):
            return None
    first = place
    while _continues(sentences, first - 1, sentence):
        first -= 1
    last = place
    while _continues(sentences, last + 1, sentence):
        last += 1
    run = sentences[first : last + 1]
    if len({item.element for item in run}) < 2:
        return None
    kept = _bounded(run)
    return SentenceList(_lead(sentences, first, sentence), tuple(kept), len(run) - len(kept))


def _continues(sentences: Sequence[Sentence], place: int, beside: Sentence) -> bool:
    if not 0 <= place < len(sentences):
        return False
    other = sentences[place]
    # Code right behind an item is what the item says to type.
    follows = other.in_code and place > 0 and sentences[place - 1].in_list
    return (other.in_list or follows) and other.passage is beside.passage


def _lead(sentences: Sequence[Sentence], first: int, inside: Sentence) -> Sentence | None:
    if first == 0:
        return None
    lead = sentences[first - 1]
    fits = lead.passage is inside.passage and len(lead.plain.split()) <= _MAX_LEAD_WORDS
    # A sentence without a colon may end the paragraph before; it does not speak of the list.
    leads = lead.plain.rstrip().endswith(":") and not lead.is_heading
    return lead if fits and leads else None


def _bounded(run: Sequence[Sentence]) -> list[Sentence]:
    kept: list[Sentence] = []
    words = 0
    items: set[int] = set()
    for item in run:
        words += len(item.plain.split())
        items.add(item.element)
        if kept and (words > _MAX_LIST_WORDS or len(items) > MAX_ITEMS):
            break
        kept.append(item)
    return kept
