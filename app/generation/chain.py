"""Several models in order: the next one is asked when one failed before it showed anything.

The last resort, quoting the documents without a model, is the caller's.
"""

from collections.abc import Iterator, Sequence

from app.generation.resilience import ModelLimits, RequestBudget, ResilientModel
from core.errors import AllModelsFailed, ConfigError, ModelFailure
from core.generation import ChatMessage, ModelChosen, ModelOutput, TokenUsage
from core.log import get_logger
from core.ports import LanguageModel

_log = get_logger(__name__)


class ModelChain:
    """Models in the order in which they are asked; all share one question's retries and time.

    `context_window` is the smallest of theirs, so that a prompt that fits it fits every model.
    """

    def __init__(self, models: Sequence[LanguageModel], limits: ModelLimits | None = None) -> None:
        """Take models; `limits` has the retries and the total time of a question.

        Raises:
            ConfigError: there is none.
        """
        if not models:
            raise ConfigError("No language model is set. Name one, like 'openai-like:qwen3-8b'.")
        self._models = tuple(models)
        self._limits = limits or ModelLimits()
        self.spec = models[0].spec
        self.specs = tuple(model.spec for model in models)
        self.context_window = min(model.context_window for model in models)

    def stream(self, messages: Sequence[ChatMessage], max_tokens: int) -> Iterator[ModelOutput]:
        """Yield who writes, once and first, then the text as it comes, and last what was used.

        What models used that failed without a word is not told; it is logged.

        Raises:
            AllModelsFailed: no model gave any text.
            ModelFailure: the chosen one broke off; its text was yielded before, and so was what it used.
        """
        budget = RequestBudget.of(self._limits)
        failures: list[ModelFailure] = []
        for model in self._models:
            chosen: ModelChosen | None = None
            try:
                for piece in _stream_within(model, messages, max_tokens, budget):
                    if piece and isinstance(piece, str) and chosen is None:
                        chosen = ModelChosen(model.spec, tuple(failures))
                        yield chosen
                    if chosen is not None and piece:
                        yield piece
                    elif isinstance(piece, TokenUsage):
                        _log_unused(model.spec, piece)
                return
            except ModelFailure as failure:
                if chosen is not None:
                    raise
                failures.append(failure)
                _log.warning("model_skipped", spec=model.spec, kind=failure.kind)
            if not budget.left_s():
                break
        raise AllModelsFailed(failures)


def _stream_within(
    model: LanguageModel, messages: Sequence[ChatMessage], max_tokens: int, budget: RequestBudget
) -> Iterator[ModelOutput]:
    if isinstance(model, ResilientModel):
        return model.stream_within(messages, max_tokens, budget)
    return model.stream(messages, max_tokens)


def _log_unused(spec: str, usage: TokenUsage) -> None:
    _log.info(
        "tokens_used_for_nothing",
        spec=spec,
        prompt_tokens=usage.prompt_tokens,
        completion_tokens=usage.completion_tokens,
    )
