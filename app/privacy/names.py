"""Names of people in a text, without a model: lists of names, words beside them, and the shape of a surname.

The lists are those of the package `names-dataset` (164,000 given names, 98,000 surnames of many countries), read as
files once a process. A name counts when a title or a phrase announces it, when a listed given name begins it, or
when it is a listed name alone that is no ordinary word. What is found once is found everywhere in the same
texts, alone and in parts, so that `Ms Adeyemi-Roth` in one passage also hides `adeyemi-roth` in the question.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from app.privacy.kinds import Found, plain
from app.privacy.name_cues import is_announced, says_of_people
from app.privacy.name_words import (
    AMBIGUOUS,
    GREETINGS,
    NOT_NAMES,
    NOUN_ENDS,
    ORGANISATION_ENDS,
    PARTICLES,
    PLACES,
    SURNAME_ENDS,
    TITLES,
)
from core.errors import ConfigError

_PACKAGE = "names_dataset"
NO_PART = AMBIGUOUS | NOT_NAMES | PLACES | TITLES
"""What never is a name by itself, nor a part of one that is looked for elsewhere."""


@dataclass(frozen=True, slots=True)
class NameLists:
    """Names in lower case; `small` are the given names that are no ordinary words."""

    given: frozenset[str]
    family: frozenset[str]
    small: frozenset[str]

    def has_given(self, key: str) -> bool:
        """Whether a given name is listed, with its accents or without."""
        return key in self.given or (not key.isascii() and plain(key) in self.given)

    def has_family(self, key: str) -> bool:
        """Whether a surname is listed, with its accents or without."""
        return key in self.family or (not key.isascii() and plain(key) in self.family)


@cache
def name_lists() -> NameLists:
    """Return the lists; 0.16 s and 42 MB on the first call of a process.

    Raises:
        ConfigError: the package with the lists is not installed.
    """
    spec = find_spec(_PACKAGE)
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "The name lists that redaction needs are not installed; install the package 'names-dataset' 1.9.1 "
            "or take PERSON out of the kinds that are redacted."
        )
    folder = Path(next(iter(spec.submodule_search_locations)))
    given = _lines(folder / "first_names.all.txt")
    small = frozenset(name for name in given - NO_PART if len(name) > 2 and name.isalpha())
    return NameLists(given, _lines(folder / "last_names.all.txt"), small)


def _lines(path: Path) -> frozenset[str]:
    return frozenset(
        line
        for line in path.read_text(encoding="utf-8").lower().split("\n")
        if len(line) > 1 and line[0].isalpha()
    )


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    start: int
    end: int
    after: str
    key: str

    @property
    def is_initial(self) -> bool:
        return len(self.text) == 1


_UPPER = "A-ZÀ-ÖØ-ÞĀ-ŽƁ-ɎΆ-ΫЀ-ЯҐḀ-ỾЎԱ-Ֆ"
WORD = rf"[{_UPPER}][^\W\d_]*(?:['’‑-][^\W\d_]+)*"
# FITARA, CoE, ATOs; not McAllister, DeShawn or O'Neil.
_ACRONYM = re.compile(r"[A-Z]{2}[^\W\d_]{0,30}[a-z]|[a-z]{1,2}[A-Z]\Z|\A[A-Z][a-z][A-Z]\b")
_PARTICLE = rf"(?:(?:{'|'.join(sorted(PARTICLES, key=lambda word: (-len(word), word)))})[ ]){{1,2}}"
RUN = re.compile(rf"(?<![\w@#/.&-]){WORD}(?:\.?[ \u00a0]{{1,2}}(?:{_PARTICLE})?{WORD}){{0,7}}")
_IN_RUN = re.compile(rf"({WORD}|[^\W\d_]+)(\.?[ \u00a0]{{0,2}})")
_REVERSED = re.compile(rf"(?<![\w@#/.-])({WORD}), ({WORD}(?: {WORD}\.?)?)(?![\w-])")
_SMALL_REST = re.compile(
    r" (?:[a-z]\.? )?([a-zß-ž][^\W\d_A-Z]{2,20}(?:-[^\W\d_]{2,20})?)(?![\w@/-])"
)
_IN_A_WORD = re.compile(r"[\w@#/._-]")
_SMALL_TITLED = re.compile(
    r"\b(?:[Mm]rs?|[Mm]s|[Dd]r|[Pp]rof)\.? ([a-z](?:['’])?[^\W\d_]{1,30}(?:-[^\W\d_]{1,30})?)"
)
_SMALL_ANNOUNCED = re.compile(r"\bname(?:['’]s| is| was|:) ([a-z][^\W\d_]{2,30})\b")


def find_names(text: str, lists: NameLists) -> Iterator[Found]:
    """Yield names of people in one text."""
    for match in RUN.finditer(text):
        tokens = _tokens(text, match)
        if tokens[-1].key not in ORGANISATION_ENDS:
            yield from _names_of_run(text, tokens, lists)
    for match in _REVERSED.finditer(text):
        family, given = match.group(1).lower(), match.group(2).split(" ")[0].lower()
        if (
            lists.has_given(given)
            and lists.has_family(family)
            and not {given, family} & (NOT_NAMES | PLACES | AMBIGUOUS)
        ):
            yield Found(match.start(), match.end(), "PERSON")
    yield from _in_lower_case(text, lists)


def _in_lower_case(text: str, lists: NameLists) -> Iterator[Found]:
    """Yield a given name and a surname written small, as people write in a chat: both listed, neither a word."""
    for first in sorted(lists.small.intersection(text.split())):
        yield from _small_from(text, first, lists)
    for match in _SMALL_TITLED.finditer(text):
        if match.group(1) not in NO_PART:
            yield Found(match.start(1), match.end(1), "PERSON")
    for match in _SMALL_ANNOUNCED.finditer(text):
        if lists.has_given(match.group(1)) and match.group(1) not in NO_PART:
            yield Found(match.start(1), match.end(1), "PERSON")


def _small_from(text: str, first: str, lists: NameLists) -> Iterator[Found]:
    at = text.find(f"{first} ")
    while at >= 0:
        rest = _SMALL_REST.match(text, at + len(first))
        if rest and not (at and _IN_A_WORD.match(text, at - 1)):
            last = rest.group(1)
            if last not in NO_PART and (
                lists.has_family(last) or lists.has_given(last) or _has_surname_shape(last)
            ):
                yield Found(at, rest.end(), "PERSON")
        at = text.find(f"{first} ", at + 1)


def _tokens(text: str, run: re.Match[str]) -> list[_Token]:
    return [
        _Token(match.group(1), match.start(1), match.end(1), match.group(2), _key(match.group(1)))
        for match in _IN_RUN.finditer(text, run.start(), run.end())
    ]


def _key(word: str) -> str:
    return word.lower().replace("’", "'").removesuffix("'s").rstrip(".")


def _names_of_run(text: str, tokens: Sequence[_Token], lists: NameLists) -> Iterator[Found]:
    """Yield the names among words with capitals that stand beside each other."""
    at = 0
    announced = is_announced(text, tokens[0].start)
    while at < len(tokens):
        if tokens[at].key in TITLES or tokens[at].key in GREETINGS:
            announced, at = True, at + 1
            continue
        end = _name_end(tokens, at, lists, announced or says_of_people(text, tokens[-1].end))
        if end > at:
            yield Found(tokens[at].start, _without_possessive(text, tokens[end - 1]), "PERSON")
        at, announced = max(end, at + 1), False


def _without_possessive(text: str, token: _Token) -> int:
    return token.end - 2 if text[token.end - 2 : token.end] in ("'s", "’s") else token.end


def _name_end(tokens: Sequence[_Token], at: int, lists: NameLists, announced: bool) -> int:
    """Return where the name that begins with a token ends; `at` when none begins there."""
    first = tokens[at]
    if (first.key in NOT_NAMES and not first.is_initial) or not first.text[0].isupper():
        return at
    end = at + 1
    while end < len(tokens) and end - at < 5 and _goes_on(tokens[end - 1], tokens[end]):
        end += 1
    while end > at + 1 and (tokens[end - 1].key in PARTICLES and tokens[end - 1].text.islower()):
        end -= 1
    if first.is_initial and end == at + 1:
        return at
    if _has_acronym(tokens[at:end]):
        return at
    if announced and _may_be_announced(tokens[at:end], lists):
        return end
    if end == at + 1:
        return end if _stands_alone(first, lists) else at
    return end if _begins_a_name(tokens[at:end], lists) else at


def _has_acronym(tokens: Sequence[_Token]) -> bool:
    """Whether a word is an acronym: FITARA beside words that are not all capitals, CoE, ATOs."""
    shouting = [1 < len(token.text) < 7 and token.text.isupper() for token in tokens]
    return any(_ACRONYM.search(token.text) for token in tokens) or (
        any(shouting) and not all(shouting)
    )


def _may_be_announced(tokens: Sequence[_Token], lists: NameLists) -> bool:
    """Whether words after `Contact` or `named` may be a name: not an ordinary word, not a noun by its ending."""
    if len(tokens) == 1 and (
        tokens[0].key in AMBIGUOUS or (tokens[0].text.isupper() and len(tokens[0].text) < 6)
    ):
        return False
    return all(lists.has_given(token.key) or not token.key.endswith(NOUN_ENDS) for token in tokens)


def _goes_on(previous: _Token, token: _Token) -> bool:
    """Whether a word continues the name before it: no full stop between, unless after an initial."""
    if previous.text.endswith(("'s", "’s")) or (token.key in NOT_NAMES and not token.is_initial):
        return False
    if "." in previous.after and not previous.is_initial and previous.key not in ("jr", "sr", "st"):
        return False
    return token.text[0].isupper() or token.key in PARTICLES


def _stands_alone(token: _Token, lists: NameLists) -> bool:
    """Whether one word is a name: listed and no ordinary word, or of a surname's shape."""
    key = token.key
    if len(key) < 3 or token.text.isupper() or key in AMBIGUOUS or key in PLACES:
        return False
    # Without accents, German nouns are listed names: Büro.
    return key in lists.given or (key in lists.family and len(key) > 3) or _has_surname_shape(key)


def _begins_a_name(tokens: Sequence[_Token], lists: NameLists) -> bool:
    """Whether several words are a person: a listed given name first, and nothing that speaks against the next."""
    first, last = tokens[0], tokens[-1]
    if all(token.text.isupper() and len(token.text) > 1 for token in tokens):
        return (
            lists.has_given(first.key)
            and lists.has_family(last.key)
            and first.key not in AMBIGUOUS | PLACES
        )
    is_given = lists.has_given(first.key)
    if first.key in AMBIGUOUS or first.key in PLACES:
        return (
            is_given
            and (lists.has_family(last.key) or tokens[1].is_initial)
            and last.key not in AMBIGUOUS | PLACES
        )
    if first.is_initial:
        return lists.has_family(last.key) and last.key not in AMBIGUOUS and not last.is_initial
    if is_given:
        return True
    if (len(tokens) > 2 and tokens[1].is_initial) or _has_surname_shape(last.key):
        return True
    return (
        len(tokens) == 2
        and (lists.has_family(last.key) or lists.has_given(last.key))
        and not (
            {first.key, last.key} & NO_PART
            or first.key.endswith(NOUN_ENDS)
            or last.key.endswith(NOUN_ENDS)
        )
    )


def _has_surname_shape(key: str) -> bool:
    return len(key) > 6 and key.endswith(SURNAME_ENDS) and key not in NOT_NAMES
