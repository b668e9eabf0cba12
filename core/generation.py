"""What is said to a language model and what comes back; see `core.ports.LanguageModel`."""

from dataclasses import dataclass
from typing import Literal

from core.errors import ModelFailure

Role = Literal["system", "user", "assistant"]


@dataclass(frozen=True, slots=True)
class ChatMessage:
    """One message of a prompt."""

    role: Role
    text: str


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """What a completed request used; 0 where the provider does not say."""

    prompt_tokens: int = 0
    completion_tokens: int = 0


@dataclass(frozen=True, slots=True)
class ModelChosen:
    """The model that writes the answer, and what became of those asked before it, in order."""

    spec: str
    failures: tuple[ModelFailure, ...] = ()


ModelOutput = str | TokenUsage | ModelChosen
"""Pieces of text, what was used, and, where several models can answer, which one does."""
