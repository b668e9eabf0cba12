"""Who writes an answer: the documents' own sentences, or a language model with those as its last resort.

budget left? ──no──────────────▶ models that cost nothing, else quotes, with a note
  └─yes─▶ redact ▶ cache ▶ chain of models ──no word came──▶ quotes, with a note
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from app.abstention import Assessment
from app.extractive import ExtractiveGenerator
from app.generation.budgets import Budgets
from app.generation.chain import ModelChain
from app.generation.completion_cache import CachedModel, CompletionCache, scope_of
from app.generation.llm_generator import LlmGenerator, WritingRules
from app.generation.packing import Packed, pack
from app.generation.prices import PriceTable
from app.generation.token_counts import estimated_tokens
from app.privacy.redacting_model import RedactingModel
from app.privacy.redaction import Redactor
from core.answers import Caller, Draft, Note, Passage, Turn
from core.errors import ModelFailure
from core.generation import TokenUsage
from core.log import get_logger
from prompts.answer_prompt import AnswerTemplates

_log = get_logger(__name__)

REDUCED = "degraded"
"""Kind of the note that says that an answer was not made as usual."""


@dataclass(frozen=True, slots=True)
class WritingRequest:
    """One question as it is to be answered, for whom, over which generation of the index."""

    question: str
    passages: Sequence[Passage]
    history: Sequence[Turn]
    caller: Caller
    generation: int
    access_lists: Callable[[], Sequence[Sequence[str]]] = list


@dataclass(frozen=True, slots=True)
class Written:
    """A draft, and whether the passages were found to answer the question."""

    draft: Draft
    assessment: Assessment


class Writer(Protocol):
    """Writes one answer while it is read."""

    def warm_up(self) -> None:
        """Load in the background what the first answer would have to wait for; cheap when that is done."""

    def stream(self, request: WritingRequest) -> Iterator[str | Written]:
        """Yield text, all pieces together the draft's text, and last the draft. Raises for no model's failure."""


class QuotingWriter:
    """Quotes the documents; needs no language model."""

    def __init__(self, generator: ExtractiveGenerator) -> None:
        self._generator = generator

    def warm_up(self) -> None:
        """See `Writer`: there is nothing to load."""

    def quoted(self, request: WritingRequest) -> Written:
        """Return the whole answer at once."""
        made = self._generator.generate_assessed(
            request.question, request.passages, request.history
        )
        return Written(made.draft, made.assessment)

    def stream(self, request: WritingRequest) -> Iterator[str | Written]:
        """See `Writer`."""
        yield from _streamed(self.quoted(request))


@dataclass(frozen=True, slots=True)
class ModelParts:
    """What asking language models takes; `templates` gives those of the moment."""

    chain: ModelChain
    free_chain: ModelChain | None
    specs: str
    redactor: Redactor | None
    redaction_notice: str
    budgets: Budgets
    prices: PriceTable
    cache: CompletionCache
    templates: Callable[[], AnswerTemplates]
    count_tokens: Callable[[str], int]
    warm_up: Callable[[], object]
    rules: WritingRules = field(default_factory=WritingRules)


class ModelWriter:
    """Lets a language model write; what it costs is counted, and its failure is not the reader's."""

    def __init__(self, parts: ModelParts, quoting: QuotingWriter) -> None:
        self._parts = parts
        self._quoting = quoting
        self._is_warm = False

    def warm_up(self) -> None:
        """See `Writer`: the first model's library takes seconds to import."""
        if not self._is_warm:
            self._is_warm = True
            self._parts.warm_up()

    def stream(self, request: WritingRequest) -> Iterator[str | Written]:
        """See `Writer`."""
        quoted = self._quoting.quoted(request)
        if quoted.assessment.decision == "nothing":
            # Nothing found speaks of it: a model could only make something up.
            yield quoted
            return
        budgets = self._parts.budgets
        decision = budgets.allow(request.caller)
        chain: ModelChain | None = self._parts.chain
        if not decision.allowed:
            # Money that is spent does not stop a model that costs none; tokens that are spent do.
            may_go_on = budgets.allow(request.caller, is_free=True).allowed
            chain = self._parts.free_chain if may_go_on else None
        notes = [] if decision.allowed else [Note(REDUCED, decision.reason)]
        if chain is None:
            yield from _streamed(_noted(quoted, notes, {"budget": "spent"}))
            return
        try:
            for item in self._written(request, chain, [*notes, *_about_question(quoted)]):
                yield Written(item, quoted.assessment) if isinstance(item, Draft) else item
        except ModelFailure as failure:
            _log.warning("answer_degraded", kind=failure.kind)
            text = (
                f"No language model could be used, so this answer quotes the documents. {failure}"
            )
            noted = _noted(quoted, [*notes, Note(REDUCED, text)], {"failure": failure.kind})
            yield from _streamed(noted)

    def _written(
        self, request: WritingRequest, chain: ModelChain, notes: Sequence[Note]
    ) -> Iterator[str | Draft]:
        parts = self._parts
        templates = parts.templates()
        scope = scope_of(request.caller, request.access_lists(), request.generation)
        cached = CachedModel(chain, parts.cache, scope, parts.specs)
        packing = _Packing(parts, chain, templates)
        generator = LlmGenerator(
            _redacting(cached, parts),
            chain.specs[0],
            packing,
            templates.version,
            parts.rules,
            parts.prices.cost_usd,
        )
        text: list[str] = []
        draft: Draft | None = None
        try:
            for item in generator.stream(request.question, request.passages, request.history):
                if isinstance(item, Draft):
                    draft = replace(
                        item,
                        notes=(*notes, *item.notes),
                        details={
                            "failures": [
                                {"model": spec, "kind": kind}
                                for spec, kind in zip(
                                    chain.specs, item.details["failures"], strict=False
                                )
                            ],
                            **packing.details(),
                            **cached.details(),
                        },
                    )
                    if cached.was_found:
                        draft = replace(draft, prompt_tokens=0, completion_tokens=0, cost_usd=0.0)
                    yield draft
                else:
                    text.append(item)
                    yield item
        finally:
            # Also where the reader left in the middle: what came until then was paid for.
            if packing.packed is not None and not cached.was_found and (draft or text):
                spec, usage = _used(draft, chain, packing.packed, "".join(text))
                cost = parts.prices.cost_usd(spec, usage)
                parts.budgets.note(request.caller, spec, usage, cost)


class _Packing:
    """Packs one request, and remembers what was left out."""

    def __init__(self, parts: ModelParts, chain: ModelChain, templates: AnswerTemplates) -> None:
        self._parts = parts
        self._window = chain.context_window
        self._templates = templates
        self.packed: Packed | None = None

    def __call__(
        self, question: str, passages: Sequence[Passage], history: Sequence[Turn]
    ) -> Packed:
        self.packed = pack(
            question,
            passages,
            history,
            self._window,
            self._parts.rules.answer_tokens,
            self._parts.count_tokens,
            self._templates,
        )
        return self.packed

    def details(self) -> dict[str, Any]:
        """Return what the trace keeps of it."""
        if self.packed is None:
            return {}
        return {
            "packed": [passage.marker for passage in self.packed.passages],
            "dropped": list(self.packed.dropped),
            "cut": self.packed.cut,
            "turns": len(self.packed.history),
        }


def _redacting(model: CachedModel, parts: ModelParts) -> CachedModel | RedactingModel:
    if parts.redactor is None:
        return model
    return RedactingModel(model, parts.redactor, parts.redaction_notice)


def _used(
    draft: Draft | None, chain: ModelChain, packed: Packed, text: str
) -> tuple[str, TokenUsage]:
    spec = draft.model if draft else chain.specs[0]
    told = draft.completion_tokens if draft else 0
    prompt = (draft.prompt_tokens if draft else 0) or packed.prompt_tokens
    return spec, TokenUsage(prompt, told or estimated_tokens(text))


def _about_question(quoted: Written) -> list[Note]:
    """Return what the evidence says of the question itself, whoever answers it."""
    premises = [note for note in quoted.draft.notes if note.kind == "false_premise"]
    caution = quoted.assessment.caution
    return premises or ([caution] if caution else [])


def _noted(quoted: Written, notes: Sequence[Note], details: dict[str, Any]) -> Written:
    draft = replace(quoted.draft, notes=(*notes, *quoted.draft.notes), details=details)
    return replace(quoted, draft=draft)


def _streamed(written: Written) -> Iterator[str | Written]:
    """Yield the text claim by claim, so that a reader sees it grow by sentences, and then the whole."""
    draft, position = written.draft, 0
    for claim in draft.claims:
        yield draft.text[position : claim.end]
        position = claim.end
    if position < len(draft.text):
        yield draft.text[position:]
    yield written
