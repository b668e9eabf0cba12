"""A language model that sees no personal data: the one place where text leaves for a provider, and comes back."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import replace

from app.privacy.redaction import Redaction, Redactor
from core.errors import ModelFailure
from core.generation import ChatMessage, ModelOutput, TokenUsage
from core.log import get_logger
from core.ports import LanguageModel

_log = get_logger(__name__)


class RedactingModel:
    """Wraps any language model; see `core.ports.LanguageModel`.

    `notice` is added to the first message when something was replaced: a sentence that tells the model to keep
    placeholders as they are.
    """

    def __init__(self, model: LanguageModel, redactor: Redactor, notice: str = "") -> None:
        self.spec = model.spec
        self.context_window = model.context_window
        self._model = model
        self._redactor = redactor
        self._notice = notice

    def stream(self, messages: Sequence[ChatMessage], max_tokens: int) -> Iterator[ModelOutput]:
        """Yield the text as it comes, with this request's values put back, and once, last, what was used.

        What is held back for a placeholder that may come is shown when the provider breaks off.

        Raises:
            ModelFailure: as the wrapped model does; its `received` counts what the provider sent.
        """
        redaction = self._redactor.redact([message.text for message in messages])
        _log.debug("request_redacted", **{kind.lower(): n for kind, n in redaction.counts.items()})
        restoring = redaction.restoring_stream()
        usage: TokenUsage | None = None
        pieces = self._model.stream(self._outgoing(messages, redaction), max_tokens)
        try:
            for piece in pieces:
                if isinstance(piece, TokenUsage):
                    usage = piece
                elif not isinstance(piece, str):
                    yield piece
                elif shown := restoring.push(piece):
                    yield shown
        except ModelFailure:
            if rest := restoring.end():
                yield rest
            raise
        finally:
            # A reader who leaves must end the request to the provider now, not when the garbage is collected.
            if isinstance(pieces, Generator):
                pieces.close()
        if rest := restoring.end():
            yield rest
        if usage is not None:
            yield usage

    def _outgoing(self, messages: Sequence[ChatMessage], redaction: Redaction) -> list[ChatMessage]:
        outgoing = [
            replace(message, text=text)
            for message, text in zip(messages, redaction.texts, strict=True)
        ]
        if redaction.counts and self._notice and outgoing:
            outgoing[0] = replace(outgoing[0], text=f"{outgoing[0].text}\n\n{self._notice}")
        return outgoing
