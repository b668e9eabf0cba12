"""Chooses the passages and earlier turns that fit into a model's window, the best first; nothing ever exceeds it.

    window = answer | system, question, form | history (at most a quarter) | passages, best first | rest

What is chosen is rendered and counted as a whole before it is returned: sums of parts only choose, they are not
relied on, because tokens can join or split where parts meet.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from app.generation.token_counts import message_tokens
from core.answers import Passage, Turn
from core.errors import ModelFailure
from core.generation import ChatMessage
from core.log import get_logger
from core.sentences import sentence_spans
from prompts.answer_prompt import AnswerTemplates, answer_messages

_log = get_logger(__name__)

_HISTORY_SHARE = 0.25
_LEAST_CUT_CHARS = 80
"""A passage that is cut shorter than this says too little to answer from."""

CountTokens = Callable[[str], int]


@dataclass(frozen=True, slots=True)
class Packed:
    """What fits. Markers are those of the passages that were given; `dropped` are the markers that are missing.

    `cut` is the marker of the passage whose end is missing, None if all are whole. `prompt_tokens` counts the
    whole prompt, `messages`.
    """

    passages: tuple[Passage, ...]
    history: tuple[Turn, ...]
    dropped: tuple[int, ...]
    prompt_tokens: int
    messages: tuple[ChatMessage, ...]
    cut: int | None = None


def pack(
    question: str,
    passages: Sequence[Passage],
    history: Sequence[Turn],
    window_tokens: int,
    answer_tokens: int,
    count_tokens: CountTokens,
    templates: AnswerTemplates,
) -> Packed:
    """Choose from passages (best first) and turns (oldest first) what fits beside an answer of `answer_tokens`.

    A passage that does not fit is passed over for a smaller one behind it. The best one is cut at the end of a
    sentence rather than dropped. Turns are taken whole, the latest first.

    Raises:
        ModelFailure: `window_exceeded`; the question alone, or with the best passage's first words, does not fit.
    """
    room = _Room(question, window_tokens - answer_tokens, count_tokens, templates)
    if room.tokens((), ()) > room.limit:
        raise _exceeded(question, window_tokens, answer_tokens)
    turns = _latest_turns(room, history)
    best, cut = _best(room, passages, turns)
    if passages and best is None:
        raise _exceeded(question, window_tokens, answer_tokens)
    chosen = _fitting(room, [best, *passages[1:]] if best else [], turns)
    kept = {passage.marker for passage in chosen}
    dropped = tuple(passage.marker for passage in passages if passage.marker not in kept)
    packed = Packed(
        chosen, turns, dropped, room.tokens(chosen, turns), room.messages(chosen, turns), cut
    )
    if dropped or cut is not None or len(turns) < len(history):
        _log.info(
            "passages_dropped",
            dropped=list(dropped),
            cut=cut,
            kept=len(chosen),
            turns_dropped=len(history) - len(turns),
            prompt_tokens=packed.prompt_tokens,
            window_tokens=window_tokens,
        )
    return packed


class _Room:
    """Counts what a choice of passages and turns would take of one window."""

    def __init__(
        self, question: str, limit: int, count_tokens: CountTokens, templates: AnswerTemplates
    ) -> None:
        self.limit = limit
        self._count_tokens = count_tokens
        self._counted: dict[str, int] = {}
        self._question = question
        self._templates = templates

    def messages(
        self, passages: Sequence[Passage], turns: Sequence[Turn]
    ) -> tuple[ChatMessage, ...]:
        return answer_messages(self._question, passages, turns, self._templates)

    def tokens(self, passages: Sequence[Passage], turns: Sequence[Turn]) -> int:
        return message_tokens(self.messages(passages, turns), self._count_once)

    def _count_once(self, text: str) -> int:
        # The system message is the same each time; 3 ms less for every choice that is tried.
        if text not in self._counted:
            self._counted[text] = self._count_tokens(text)
        return self._counted[text]

    def fits(self, passages: Sequence[Passage], turns: Sequence[Turn]) -> bool:
        return self.tokens(passages, turns) <= self.limit


def _latest_turns(room: _Room, history: Sequence[Turn]) -> tuple[Turn, ...]:
    """The latest turns that fit into history's share of what the question leaves; never one without the next."""
    fixed = room.tokens((), ())
    share = fixed + int((room.limit - fixed) * _HISTORY_SHARE)
    first = len(history)
    while first > 0 and room.tokens((), history[first - 1 :]) <= share:
        first -= 1
    return tuple(history[first:])


def _best(
    room: _Room, passages: Sequence[Passage], turns: Sequence[Turn]
) -> tuple[Passage | None, int | None]:
    """The best passage, whole or cut at the end of a sentence, with its marker if it was cut."""
    if not passages:
        return None, None
    best = passages[0]
    if room.fits([best], turns):
        return best, None
    ends = [span.end for span in sentence_spans(best.text)][:-1]
    end = _largest(ends, lambda end: room.fits([_shortened(best, end)], turns))
    if end is None or end < _LEAST_CUT_CHARS:  # a long table, or a text without full stops
        blanks = [place for place, character in enumerate(best.text) if character.isspace()]
        places = [place for place in blanks or range(len(best.text)) if place >= _LEAST_CUT_CHARS]
        end = _largest(places, lambda place: room.fits([_shortened(best, place)], turns)) or end
    return (None, None) if end is None else (_shortened(best, end), best.marker)


def _largest(ends: Sequence[int], fits: Callable[[int], bool]) -> int | None:
    """The largest of some rising offsets that fits, by bisection; None if none does."""
    low, high = 0, len(ends)
    while low < high:
        middle = (low + high) // 2
        if fits(ends[middle]):
            low = middle + 1
        else:
            high = middle
    return ends[low - 1] if low else None


def _shortened(passage: Passage, length: int) -> Passage:
    end = passage.start + length
    return replace(
        passage,
        end=end,
        text=passage.text[:length],
        elements=tuple(element for element in passage.elements if element.start < end),
    )


def _fitting(
    room: _Room, passages: Sequence[Passage], turns: Sequence[Turn]
) -> tuple[Passage, ...]:
    """Those passages that fit together, in their order; the first one is known to fit."""
    if room.fits(passages, turns):
        return tuple(passages)
    chosen = list(passages[:1])
    for passage in passages[1:]:
        if room.fits([*chosen, passage], turns):
            chosen.append(passage)
    return tuple(chosen)


def _exceeded(question: str, window_tokens: int, answer_tokens: int) -> ModelFailure:
    return ModelFailure(
        "window_exceeded",
        f"The question ({len(question):,} characters) and the best passage do not fit into the model's window of "
        f"{window_tokens:,} tokens beside an answer of {answer_tokens:,}. Shorten the question, or set a model "
        "with a larger window.",
    )
