"""Lets a language model word a question: a follow-up made standalone, and other wordings for the search.

Both are only help: whatever goes wrong, the rules of `app.conversation` and the question itself are still there. What
comes back is never shown, only searched for; it is checked all the same, because the conversation may hold words
of documents that tell a model what to write.
"""

import re
from collections.abc import Callable, Sequence

from app.conversation import leans_back, standalone_query
from core.answers import Caller, Turn
from core.errors import ModelFailure
from core.function_words import content_words
from core.generation import ChatMessage
from core.log import get_logger
from core.ports import LanguageModel
from prompts.library import PromptTemplate
from prompts.query_prompts import condense_messages, rewrite_messages

_log = get_logger(__name__)

_MAX_TOKENS = 160
_MAX_CHARS = 400
_WORDINGS = 3
_WORD = re.compile(r"\w+")
_BULLET = re.compile(r"^\s*(?:[-*•]|\d{1,2}[.)])\s+")
_SEARCH = Caller("search", frozenset())
"""Who searches is not known where wordings are asked for: budgets count them together."""


ModelFor = Callable[[Caller], LanguageModel]
"""Gives the model to ask on behalf of somebody; it sees no personal data and counts what it uses."""


class ModelCondenser:
    """Makes follow-ups standalone by a language model, questions that lean on nothing by leaving them alone."""

    def __init__(self, model_for: ModelFor, template: Callable[[], PromptTemplate]) -> None:
        self._model_for = model_for
        self._template = template

    def __call__(self, question: str, history: Sequence[Turn], caller: Caller) -> str:
        """Return what to search for and to answer."""
        by_rules = standalone_query(question, history)
        if not history or not leans_back(question):
            return by_rules
        messages = condense_messages(question, history, self._template())
        line = " ".join(_asked(self._model_for(caller), messages).split())
        return line if _is_sound(line, question, history) else by_rules


class ModelRewriter:
    """Other wordings of a question by a language model; see `core.ports.QueryRewriter`."""

    def __init__(self, model_for: ModelFor, template: Callable[[], PromptTemplate]) -> None:
        self._model_for = model_for
        self._template = template

    def rewrite(self, question: str) -> list[str]:
        """Return up to three wordings; [] when the model gives none."""
        messages = rewrite_messages(question, _WORDINGS, self._template())
        lines = _asked(self._model_for(_SEARCH), messages).splitlines()
        found = [_BULLET.sub("", line).strip() for line in lines]
        return [line for line in found if line and len(line) <= _MAX_CHARS][:_WORDINGS]


def _asked(model: LanguageModel, messages: Sequence[ChatMessage]) -> str:
    """Return what the model says, '' when it may not be asked or fails."""
    try:
        return "".join(
            item for item in model.stream(messages, _MAX_TOKENS) if isinstance(item, str)
        )
    except ModelFailure as failure:
        _log.warning("question_not_worded", kind=failure.kind)
        return ""


def _is_sound(line: str, question: str, history: Sequence[Turn]) -> bool:
    """Whether a standalone question can be one: short, and made of words of the conversation's questions."""
    if not line or len(line) > _MAX_CHARS:
        return False
    asked = " ".join((question, *(turn.question for turn in history))).casefold()
    words = [word.casefold() for word in content_words(line).split() if _WORD.search(word)]
    known = sum(word[:5] in asked for word in words)
    return 2 * known >= len(words)
