"""A model of LlamaIndex as Footnote's `LanguageModel`: text as it comes, why it ended, and what was used.

LlamaIndex takes 2.4 to 4 s to import, so that happens when the first answer is asked for, or before, in the
background (`warm_up`).
"""

import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Protocol

from app.generation.connections import Connections
from app.generation.failures import failure_of, model_failure
from core.errors import FootnoteError, ModelFailure
from core.generation import ChatMessage, TokenUsage
from core.log import get_logger

_log = get_logger(__name__)

_REFUSED = frozenset(
    {
        "content_filter",
        "content_filtered",
        "guardrail_intervened",
        "refusal",
        "safety",
        "recitation",
        "blocklist",
        "prohibited_content",
        "spii",
        "blocked",
    }
)
_CUT = frozenset({"length", "max_tokens", "model_context_window_exceeded"})


@dataclass(slots=True)
class Ending:
    """What a stream has said so far of its end: the provider's word for it, and what was used."""

    reason: str = ""
    prompt_tokens: int = 0
    completion_tokens: int = 0

    def note(self, reason: Any = None, prompt: Any = None, completion: Any = None) -> None:
        """Take over what a chunk says; None and 0 say nothing."""
        if reason is not None:
            self.reason = str(getattr(reason, "value", reason)).lower()
        self.prompt_tokens = int(prompt or self.prompt_tokens)
        self.completion_tokens = int(completion or self.completion_tokens)


class VendorModel(Protocol):
    """One provider's model behind LlamaIndex's interface."""

    def chunks(self, messages: Sequence[Any], max_tokens: int, ending: Ending) -> Iterator[str]:
        """Yield the text of each chunk, '' for one without (a thought, a header); keep `ending` up to date."""


class LlamaIndexModel:
    """See `core.ports.LanguageModel`. `build` imports and opens the vendor's client; it is called once."""

    def __init__(self, spec: str, context_window: int, build: Callable[[], VendorModel]) -> None:
        self.spec = spec
        self.context_window = context_window
        self._build = build
        self._lock = threading.Lock()
        self._vendor: VendorModel | None = None

    def __repr__(self) -> str:
        return f"LlamaIndexModel({self.spec!r})"

    def warm_up(self) -> threading.Thread:
        """Import and open the client in the background, so that the first answer need not wait; return the thread."""
        thread = threading.Thread(target=self._load_quietly, name="llm-warm-up", daemon=True)
        thread.start()
        return thread

    def stream(self, messages: Sequence[ChatMessage], max_tokens: int) -> "AnswerStream":
        """See `core.ports.LanguageModel`; the request is sent when the first piece is asked for.

        Pieces can be '': the provider is alive but has said nothing to be shown. Whenever there was text, what
        comes last is a `TokenUsage`, of zeros where the provider does not say, also before a failure.

        Raises:
            ModelFailure: the client cannot be opened with these settings.
        """
        vendor = self._load()
        connections = Connections()
        return AnswerStream(
            _answer(self.spec, vendor, messages, max_tokens, connections), connections
        )

    def _load(self) -> VendorModel:
        with self._lock:
            if self._vendor is None:
                self._vendor = self._built()
            return self._vendor

    def _built(self) -> VendorModel:
        try:
            return self._build()
        except FootnoteError:
            raise
        except Exception as error:  # noqa: BLE001 - see `_answer`; another model of a chain may still answer
            failure = failure_of(self.spec, error, 0)
            name = type(error).__name__
        # What no vendor's error stands behind is something that its library does not take.
        if failure.kind == "malformed":
            failure = model_failure(self.spec, "refused", code=name)
        raise failure

    def _load_quietly(self) -> None:
        try:
            self._load()
        except FootnoteError as error:
            # The first answer meets the same error, and says so to whoever asked.
            _log.warning("model_not_opened", spec=self.spec, error=type(error).__name__)


class AnswerStream:
    """The pieces of one answer; `close` may be called from another thread while a piece is waited for."""

    def __init__(
        self, pieces: Generator[str | TokenUsage, None, None], connections: Connections
    ) -> None:
        self._pieces = pieces
        self._connections = connections

    def __iter__(self) -> "AnswerStream":
        return self

    def __next__(self) -> str | TokenUsage:
        with self._connections.active():
            return next(self._pieces)

    def close(self) -> None:
        """Break the connection off; the provider sees it closed, and whoever waits gets a ModelFailure."""
        self._connections.stop()
        # Running in another thread: that one gets an error from the broken connection and cleans up itself.
        with suppress(ValueError):
            self._pieces.close()


def _answer(
    spec: str,
    vendor: VendorModel,
    messages: Sequence[ChatMessage],
    max_tokens: int,
    connections: Connections,
) -> Generator[str | TokenUsage, None, None]:
    from llama_index.core.base.llms.types import ChatMessage as VendorMessage

    ending = Ending()
    received = 0
    failure: ModelFailure | None = None
    prompt = [VendorMessage(role=message.role, content=message.text) for message in messages]
    try:
        for piece in vendor.chunks(prompt, max_tokens, ending):
            received += len(piece)
            yield piece
    except Exception as error:  # noqa: BLE001 - vendors raise their own, their transports', and plain ValueErrors
        failure = failure_of(spec, error, received)
    finally:
        connections.finish()
    usage = TokenUsage(ending.prompt_tokens, ending.completion_tokens)
    incomplete = _incomplete(spec, ending.reason, received)
    # LlamaIndex makes an error of its own of some endings of Gemini; the provider's word says more.
    if failure is None or (failure.kind == "malformed" and ending.reason):
        failure = incomplete
    if failure is None or received or usage.prompt_tokens:
        yield usage
    # Raised outside of the handler: a vendor's error holds the prompt and the key, and must not be its context.
    if failure is not None:
        raise failure


def _incomplete(spec: str, reason: str, received: int) -> ModelFailure | None:
    """What is wrong with an answer whose stream ended without an error."""
    if reason in _REFUSED:
        return model_failure(spec, "refused", received, code=reason)
    if reason in _CUT:
        return model_failure(spec, "too_long", received, code=reason)
    if not received:
        return model_failure(spec, "empty")
    # A stream that just ends is no whole answer: every provider says why it stopped.
    return None if reason else model_failure(spec, "disconnected", received, code="no end")
