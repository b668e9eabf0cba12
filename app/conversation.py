"""Turns a follow-up into a question that can be searched on its own; pure.

A follow-up without an own subject ('and for contractors?', 'why is that?') is searched together with the
question before it.
"""

import re
from collections.abc import Sequence

from core.answers import Turn

_LEANS_BACK = re.compile(
    r"^\s*(?:and|but|so|also|what about|how about|why|und|aber|y|et)\b"
    r"|\b(?:it|its|that|this|they|them|their|those|these|there|he|she|his|her|one|ones|same)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_FEW_WORDS = 4


def standalone_query(question: str, history: Sequence[Turn]) -> str:
    """Return what to search for; the question itself unless it leans on the turn before."""
    if not history:
        return question
    few = len(_WORD.findall(question)) <= _FEW_WORDS
    if few or _LEANS_BACK.search(question):
        return f"{history[-1].question} {question}"
    return question
