"""Reads the names of documents: what a title, a file name or a path says that it is about; pure."""

import re
from dataclasses import dataclass

from core.function_words import content_words
from index.dates import is_month, mentions_in_name


@dataclass(frozen=True, slots=True)
class NameWords:
    """A name in words: `words` tell what it is about, `spoken` has all in order, `initials` their letters."""

    words: frozenset[str] = frozenset()
    spoken: tuple[str, ...] = ()
    initials: str = ""


NO_WORDS = NameWords()
"""Those of a name that has none."""


def _set_of(text: str) -> frozenset[str]:
    return frozenset(text.split())


_MARKERS = _set_of(
    "update updates updated revised revision rev draft final new old copy deprecated archived archive legacy superseded "
    "obsolete outdated current latest version release edition previous former original amended amendment wip replaced "
    "effective valid published entwurf neu neue alt alte aktuell aktualisiert kopie überarbeitet veraltet fassung "
    "borrador copia nuevo nueva antiguo versión actualizado brouillon copie nouveau nouvelle ancien ancienne"
)
KINDS = _set_of(
    "policy guide guideline document doc manual handbook rule procedure process page notice memo announcement "
    "information info overview instruction regulation index readme introduction faq company official richtlinie "
    "leitfaden handbuch anleitung regelung política guía politique manuel"
)
"""Words that say what sort of document it is, not what about; plurals are read as their singular."""
RECORDS = _set_of(
    "minute meeting standup note log report newsletter journal transcript call invoice result retro agenda incident "
    "postmortem digest weekly daily monthly quarterly annual earning 10k 10q 8k 20f review protokoll bericht rechnung "
    "informe acta factura rapport facture"
)
"""Documents about one time: a later one adds to an earlier one and does not replace it."""
TOKEN = re.compile(r"[^\W_]+(?:['’.][^\W_]+)*")
"""A word; `don't` and `2.0` are one."""
_QUERY = re.compile(r"[?#]")
_SLASH = re.compile(r"[/\\]|!/")
_COPY = re.compile(r"\(\d{1,3}\)")
ENDING = re.compile(r"\.[A-Za-z][A-Za-z0-9]{0,7}$")
"""What stands at the end of a file name: `.md`."""


def parts_of(uri: str) -> list[str]:
    """Return the folders and the file name of a path, an address or a member of an archive; at least one part."""
    path = _QUERY.split(uri.partition("://")[2] or uri, maxsplit=1)[0]
    parts = [part for part in _SLASH.split(path) if part not in ("", ".", "..")]
    return parts or [""]


def spaced(stem: str) -> str:
    """Return a file name with its run-together words apart: `LeavePolicy` is `Leave Policy`."""
    return re.sub(r"(?<=[a-z])(?=[A-Z][a-z])", " ", stem)


def words_of_name(name: str, *, is_file: bool = False) -> NameWords:
    """Return a name in words, without dates, versions, words such as 'draft', and ids in a file name."""
    for mention in mentions_in_name(name):
        name = name[: mention.start] + " " * (mention.end - mention.start) + name[mention.end :]
    tokens = TOKEN.findall(_COPY.sub(" ", name))
    if is_file:
        tokens = [token for token in tokens if not _is_opaque(token)]
    telling = set(content_words(" ".join(tokens)).split())
    is_loud = name.isupper()
    spoken = tuple(singular(token) for token in tokens)
    # 'IT policy' and 'US policy' are about something, although 'it' and 'us' are function words.
    words = frozenset(
        word
        for token, word in zip(tokens, spoken, strict=True)
        if (token in telling or (token.isupper() and len(token) > 1 and not is_loud))
        and word not in _MARKERS
        and not is_month(token)
    )
    return NameWords(words, spoken, "".join(word[0] for word in spoken))


def _is_opaque(token: str) -> bool:
    """Whether a word of a file name is a number or an id, which says nothing of what the file is about."""
    mixed = any(c.isdigit() for c in token) and any(c.isalpha() for c in token)
    return token.isdigit() or len(token) > 24 or (mixed and len(token) >= 8)


def singular(token: str) -> str:
    """Return a word in lower case without the ending of an English plural."""
    word = token.casefold()
    if len(word) <= 3 or not word.endswith("s") or word.endswith("ss"):
        return word
    return f"{word[:-3]}y" if word.endswith("ies") else word[:-1]


def alias_of(name: str) -> str:
    """Return a name as two people would write it alike: the last part of a path, without ending and signs."""
    last = ENDING.sub("", parts_of(name.strip(" \t[]'\""))[-1])
    return " ".join(TOKEN.findall(last.casefold().replace("_", " ")))
