"""Writes answers with a language model: what it says becomes safe text, claims and citations while it comes.

    model -> visible characters -> markers taken out -> safe text -> is it an answer at all? -> reader

What was shown is the beginning of the draft's text, whatever happens: a model that breaks off leaves what it said
so far, marked, and never an answer that changes under the reader's eyes.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.citing.markers import MarkerReader, PlacedMarkers
from app.citing.matching import cite
from app.generation.packing import Packed
from app.generation.refusals import ReplyReader, is_refusal
from app.safe_text import StreamingSanitiser, VisibleFilter, allowed_addresses
from core.answers import AnswerStatus, Claim, Draft, Note, Passage, Turn
from core.errors import ModelFailure
from core.generation import ModelChosen, TokenUsage
from core.log import get_logger
from core.ports import LanguageModel

_log = get_logger(__name__)

_BROKEN_OFF = " …"
_CHARS_PER_TOKEN = 8
_LONGEST_REFUSAL = 600
_SAID, _SAID_AND_MARKED = 0.75, 0.6
"""Shares of the words of what looks like a refusal; where a passage has them, it is what the passage says."""
_LOOP_WINDOW = 2000
_LOOP_TAIL = 40
_LOOP_COUNT = 8


class Packer(Protocol):
    """Chooses what fits into the prompt; see `app.generation.packing.pack`."""

    def __call__(
        self, question: str, passages: Sequence[Passage], history: Sequence[Turn]
    ) -> Packed:
        """Return the passages and turns that fit, with the prompt made of them."""


Cost = Callable[[str, TokenUsage], float | None]


@dataclass(frozen=True, slots=True)
class WritingRules:
    """What the operator decides about answers: their length in tokens, and the hosts that they may link to."""

    answer_tokens: int = 800
    link_hosts: Collection[str] = ()


class LlmGenerator:
    """Answers with a language model, streaming or not; the same draft comes of both."""

    def __init__(
        self,
        model: LanguageModel,
        spec: str,
        pack: Packer,
        prompt_version: str,
        rules: WritingRules | None = None,
        cost: Cost | None = None,
    ) -> None:
        """Write with `model`; `spec` is named in the draft where the model does not say who answers."""
        self._model = model
        self._spec = spec
        self._pack = pack
        self._prompt_version = prompt_version
        self._rules = rules or WritingRules()
        self._cost = cost

    def generate(
        self, question: str, passages: Sequence[Passage], history: Sequence[Turn]
    ) -> Draft:
        """Return the draft that `stream` ends with.

        Raises:
            ModelFailure: no model gave any text.
        """
        return next(
            item for item in self.stream(question, passages, history) if isinstance(item, Draft)
        )

    def stream(
        self, question: str, passages: Sequence[Passage], history: Sequence[Turn]
    ) -> Iterator[str | Draft]:
        """Yield the answer's safe text as it comes, without markers, and last the draft, unchecked.

        The pieces together are the draft's text. A draft with status `abstained` says that the model found no
        answer; it has a text only where the model named what comes nearest, with its passage.

        Raises:
            ModelFailure: no model gave any text, or the prompt does not fit; nothing was yielded before.
        """
        packed = self._pack(question, passages, history)
        allowed = allowed_addresses(packed.passages, self._rules.link_hosts)
        writing = _Writing(packed.passages, allowed, self._rules.answer_tokens * _CHARS_PER_TOKEN)
        reply = _Reply(self._spec)
        pieces = self._model.stream(packed.messages, self._rules.answer_tokens)
        try:
            for piece in pieces:
                if not isinstance(piece, str):
                    reply.note(piece)
                    continue
                yield from _if_any(writing.feed(piece))
                if writing.is_over:
                    break
        except ModelFailure as failure:
            if not writing.text:
                raise
            reply.failure = failure
        finally:
            # The reader left, or nothing more is needed: the provider is told, so that it stops writing.
            close = getattr(pieces, "close", None)
            if close is not None:
                close()
        cut = reply.failure is not None or writing.is_endless
        yield from _if_any(writing.break_off() if cut else writing.finish())
        if writing.status == "answered" and not writing.text:
            raise ModelFailure("empty", f"{reply.spec} wrote nothing that can be shown. Ask again.")
        yield self._draft(writing, reply, packed)

    def _draft(self, writing: "_Writing", reply: "_Reply", packed: Packed) -> Draft:
        claims, citations = cite(writing.text, writing.placed(), packed.passages)
        usage = reply.usage
        cost = self._cost(reply.spec, usage) if self._cost else None
        _log.info(
            "answer_written",
            model=reply.spec,
            claims=len(claims),
            citations=len(citations),
            unknown_markers=writing.unknown_markers,
            status=writing.status,
            broken_off=reply.failure.kind if reply.failure else "",
        )
        return Draft(
            text=writing.text,
            claims=claims,
            citations=citations,
            status=writing.status,
            model=reply.spec,
            prompt_version=self._prompt_version,
            confidence=_confidence(claims),
            notes=tuple([*reply.notes(), *writing.notes()]),
            prompt_tokens=usage.prompt_tokens or packed.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            cost_usd=cost or 0.0,
            details={"failures": reply.failures()},
        )


class _Reply:
    """What a model said beside its text."""

    def __init__(self, spec: str) -> None:
        self.spec = spec
        self.usage = TokenUsage()
        self.failure: ModelFailure | None = None
        self._skipped: tuple[ModelFailure, ...] = ()

    def note(self, item: ModelChosen | TokenUsage) -> None:
        if isinstance(item, TokenUsage):
            self.usage = item
        else:
            self.spec, self._skipped = item.spec, item.failures

    def failures(self) -> list[str]:
        """Return how the models failed that were asked before, in order."""
        return [failure.kind for failure in self._skipped]

    def notes(self) -> list[Note]:
        notes = []
        if self._skipped:
            reasons = " ".join(str(failure) for failure in self._skipped)
            notes.append(Note("degraded", f"{self.spec} wrote this answer instead. {reasons}"))
        if self.failure is not None:
            text = f"This answer is not finished; what came until then is kept. {self.failure}"
            notes.append(Note("incomplete", text))
        return notes


class _Writing:
    """One answer while it is written."""

    def __init__(
        self, passages: Sequence[Passage], allowed: Collection[str], max_chars: int
    ) -> None:
        self._passages = passages
        self._visible = VisibleFilter()
        self._markers = MarkerReader({p.marker: p.document.title for p in passages})
        self._sanitiser = StreamingSanitiser(allowed)
        self._replies = ReplyReader()
        self._max_chars = max_chars
        self._leading = 0
        self._blanks = ""
        self._parts: list[str] = []
        self._length = 0
        self._received = 0
        self._tail = ""
        self.is_endless = False

    @property
    def text(self) -> str:
        """All that was returned."""
        return "".join(self._parts)

    @property
    def status(self) -> AnswerStatus:
        if self._replies.reply != "answer":
            return "abstained"
        # 'Parking is not mentioned in the passages.' was shown before its end was known; it is no answer.
        unmarked = not self._markers.placed and self._length <= _LONGEST_REFUSAL
        return "abstained" if unmarked and is_refusal(self.text) else "answered"

    @property
    def unknown_markers(self) -> int:
        return self._markers.unknown

    @property
    def is_over(self) -> bool:
        """Whether nothing that may still come is needed."""
        return self.is_endless or self._replies.reply == "refusal"

    def feed(self, piece: str) -> str:
        """Take what the model said next; return what is to be shown."""
        self._received += len(piece)
        self._tail = (self._tail + piece)[-_LOOP_WINDOW:]
        self.is_endless = self._received > self._max_chars or _repeats(self._tail)
        marked = self._markers.feed(self._visible.feed(piece))
        return self._told(self._sanitiser.feed(marked))

    def finish(self) -> str:
        """Return what was held back; the model ended by itself."""
        marked = self._markers.feed(self._visible.finish()) + self._markers.finish()
        safe = self._sanitiser.feed(marked) + self._sanitiser.finish()
        shown = self._told(safe) + self._shown(self._replies.finish(self._places()))
        return shown + self._shown(self._stated())

    def _stated(self) -> str:
        """Return what reads like a refusal and is what a passage says, such as what documents do not contain."""
        text = self._replies.refused_text
        if not text:
            return ""
        claims, _ = cite(text, (), self._passages)
        least = _SAID_AND_MARKED if self._markers.placed else _SAID
        return self._replies.overrule() if claims and claims[0].score >= least else ""

    def break_off(self) -> str:
        """Return how an answer ends that was cut: what only half arrived is left out, the words before stay."""
        held = self._shown(self._replies.finish(self._places()))
        if not self._length:
            return held
        self._parts.append(_BROKEN_OFF)
        return held + _BROKEN_OFF

    def placed(self) -> list[PlacedMarkers]:
        """Return the markers by their places in `text`."""
        return [
            PlacedMarkers(min(place, self._length), item.markers)
            for place, item in zip(self._places(), self._markers.placed, strict=True)
        ]

    def notes(self) -> list[Note]:
        """Return what the reader should know about how it was written."""
        notes = []
        if self.is_endless:
            text = "This answer was cut off, because the model repeated itself or did not end."
            notes.append(Note("incomplete", text))
        if self.unknown_markers and self.text:
            count = self.unknown_markers
            text = (
                "The model named a source that does not exist; the reference was left out."
                if count == 1
                else f"The model named {count} sources that do not exist; the references were left out."
            )
            notes.append(Note("unknown_marker", text))
        return notes

    def _places(self) -> list[int]:
        return [
            max(0, self._sanitiser.place(item.position) - self._leading)
            for item in self._markers.placed
        ]

    def _told(self, safe: str) -> str:
        return self._shown(self._replies.feed(safe, self._places()))

    def _shown(self, text: str) -> str:
        """Hold back the blanks at both ends: an answer has none."""
        if not self._length:
            stripped = text.lstrip()
            self._leading += len(text) - len(stripped)
            text = stripped
        text = self._blanks + text
        words = text.rstrip()
        if not words:
            self._blanks = text if self._length else ""
            return ""
        self._blanks = text[len(words) :]
        self._parts.append(words)
        self._length += len(words)
        return words


def _repeats(tail: str) -> bool:
    """Whether a text has run into a loop: its last words again and again in a short stretch."""
    end = tail[-_LOOP_TAIL:]
    return len(tail) > _LOOP_TAIL * _LOOP_COUNT and tail.count(end) >= _LOOP_COUNT


def _confidence(claims: Sequence[Claim]) -> float:
    """The share of the words of the claims that their citations cover; a checker's verdicts say more."""
    total = sum(len(claim.text) for claim in claims)
    covered = sum(claim.score * len(claim.text) for claim in claims if claim.citations)
    return round(covered / total, 4) if total else 0.0


def _if_any(text: str) -> Iterator[str]:
    if text:
        yield text
