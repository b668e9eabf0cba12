r"""Which conversations have some words: the database narrows down, and `has_words` decides.

Case is folded as Unicode says (STRASSE finds Straße). SQLite knows the case of ASCII letters only, and answers stand
in the catalogue as JSON: what either may spell in another way is a wildcard when it narrows.
"""

import re
from collections.abc import Sequence

from sqlalchemy import ColumnElement, exists, or_

from index.schema import answers, conversations, unfinished

_MAX_WORDS = 8
_MAX_QUERY_CHARS = 200
# What a single letter folds to (ß is ss, ligatures are fi and st, ẖ is an h with a line of its own), also where a
# word begins or ends in the middle of it; what JSON escapes; and what LIKE gives a meaning to.
_UNSURE = re.compile(
    r"(?:^[iltn]|[htwyaij]$|[a-z]?[^ -~]+(?:[sf][stfil]*|[a-z])?|[sf][stfil]*|[k\"\\%_])+",
    re.IGNORECASE,
)


def search_words(query: str) -> list[str]:
    """Return the words that are looked for, in folded case: 8 of the first 200 characters at most."""
    return query[:_MAX_QUERY_CHARS].casefold().split()[:_MAX_WORDS]


def may_have(word: str, is_shown: ColumnElement[bool]) -> ColumnElement[bool]:
    """Return what every conversation that has a word fulfils; `is_shown` ties its answers to it."""
    pattern = like_pattern(word)
    asked = unfinished.c.conversation_id == conversations.c.conversation_id
    return or_(
        conversations.c.title.ilike(pattern),
        exists().where(is_shown, answers.c.answer.ilike(pattern)),
        exists().where(asked, unfinished.c.question.ilike(pattern)),
    )


def like_pattern(word: str) -> str:
    """Return a pattern of LIKE that fits every stored text with a folded word in it, and some others."""
    return f"%{_UNSURE.sub('%', word)}%"


def has_words(words: Sequence[str], texts: Sequence[str]) -> bool:
    """Return whether every word stands in some of the texts."""
    folded = [text.casefold() for text in texts]
    return all(any(word in text for text in folded) for word in words)
