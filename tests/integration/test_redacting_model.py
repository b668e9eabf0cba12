"""The choke point in front of a model: what reaches it, what comes back, and what happens when it breaks off."""

from collections.abc import Iterator, Sequence

import pytest

from app.privacy.redacting_model import RedactingModel
from app.privacy.redaction import Redactor
from core.errors import ModelFailure
from core.generation import ChatMessage, ModelChosen, ModelOutput, TokenUsage
from core.ports import LanguageModel

MAIL = "ines.quandt@firma.example"


class EchoModel:
    """A language model that says its last message, letter by letter; fails after `breaks_at` letters."""

    spec = "fake:echo"
    context_window = 4096

    def __init__(self, breaks_at: int | None = None) -> None:
        self.seen: list[ChatMessage] = []
        self.closed = 0
        self.open: Iterator[ModelOutput] | None = None
        self._breaks_at = breaks_at

    def stream(self, messages: Sequence[ChatMessage], max_tokens: int) -> Iterator[ModelOutput]:
        self.seen = list(messages)
        # Kept, so that only who closes it ends it.
        self.open = self._letters(messages)
        return self.open

    def _letters(self, messages: Sequence[ChatMessage]) -> Iterator[ModelOutput]:
        try:
            for position, letter in enumerate(messages[-1].text):
                if position == self._breaks_at:
                    raise ModelFailure("disconnected", "The model broke off.", received=position)
                yield letter
            yield TokenUsage(7, 9)
        finally:
            self.closed += 1


MESSAGES = [
    ChatMessage("system", "Answer from the passages."),
    ChatMessage("user", f"[1] Ines Quandt ({MAIL}) has the key AKIAQ7R3C4NARY5TEST2."),
    ChatMessage("assistant", f"Ask {MAIL}."),
    ChatMessage("user", f"Who is {MAIL}, and what about ines quandt?"),
]


def test_no_message_shows_a_value_and_the_reader_gets_it_back() -> None:
    echo = EchoModel()
    model: LanguageModel = RedactingModel(echo, Redactor())
    events = list(model.stream(MESSAGES, 100))
    assert [message.text for message in echo.seen] == [
        "Answer from the passages.",
        "[1] [PERSON_1] ([EMAIL_1]) has the key [SECRET_1].",
        "Ask [EMAIL_1].",
        "Who is [EMAIL_1], and what about [PERSON_2]?",
    ]
    assert [message.role for message in echo.seen] == ["system", "user", "assistant", "user"]
    assert "".join(event for event in events if isinstance(event, str)) == MESSAGES[-1].text
    assert events[-1] == TokenUsage(7, 9)
    assert (model.spec, model.context_window) == ("fake:echo", 4096)


def test_the_notice_goes_out_only_when_something_was_replaced() -> None:
    echo = EchoModel()
    model = RedactingModel(echo, Redactor(), notice="Copy placeholders like [EMAIL_1] as they are.")
    list(model.stream(MESSAGES, 100))
    assert (
        echo.seen[0].text
        == "Answer from the passages.\n\nCopy placeholders like [EMAIL_1] as they are."
    )
    list(model.stream([ChatMessage("system", "Answer."), ChatMessage("user", "Why?")], 100))
    assert echo.seen[0].text == "Answer."


def test_what_was_held_back_is_shown_before_a_failure() -> None:
    model = RedactingModel(EchoModel(breaks_at=8), Redactor())
    shown: list[ModelOutput] = []

    def read() -> None:
        for piece in model.stream([ChatMessage("user", f"Ask {MAIL}.")], 100):
            shown.append(piece)  # noqa: PERF402 - what came before the failure counts

    with pytest.raises(ModelFailure, match="broke off"):
        read()
    assert "".join(str(piece) for piece in shown) == "Ask [EMA"


def test_which_model_writes_is_passed_on() -> None:
    class Chosen(EchoModel):
        def _letters(self, messages: Sequence[ChatMessage]) -> Iterator[ModelOutput]:
            yield ModelChosen("fake:second")
            yield from super()._letters(messages)

    events = list(RedactingModel(Chosen(), Redactor()).stream(MESSAGES, 100))
    assert events[0] == ModelChosen("fake:second")
    assert events[-1] == TokenUsage(7, 9)


def test_a_reader_who_leaves_ends_the_request() -> None:
    echo = EchoModel()
    stream = RedactingModel(echo, Redactor()).stream(MESSAGES, 100)
    next(stream)
    stream.close()
    assert echo.closed == 1
