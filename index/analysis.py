"""Turns text into the words that are indexed and looked for: the same rules for chunks, names and questions.

Words are folded (case, accents) and stemmed by the language of their document (Snowball, in tantivy). What people
write in more than one way gets one word more, behind the others, so that neighbours stay neighbours:
identifiers (`ERR-4021`, `err4021`), numbers with separators, dates, fiscal years, names that are run together.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import pairwise
from typing import Any

from core.documents import Chunk
from core.search import IndexEntry
from index.date_words import MONTH_NUMBERS

# Runs of Chinese, Japanese and Korean letters have no spaces: they are indexed as overlapping pairs.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_SEPARATED_NUMBER = re.compile(r"(?<![\w.,])\d{1,3}(?:[,'\u2019\u202f]\d{3})+(?!\w|,\d)")
_SEPARATORS = re.compile(r"[,'\u2019\u202f]")
# Parts joined by marks, one of them with a digit or an underscore between: ERR-4021, foo_bar, v2.3.1, AB/12.
_IDENTIFIER = re.compile(r"(?<![\w-])\w+(?:[-_./:#]\w+)+")
_JOINTS = re.compile(r"[-_./:#]+")
_FISCAL_YEAR = re.compile(r"(?<![A-Za-z0-9])[Ff][Yy][\s_-]?['’]?((?:19|20)?\d\d)(?!\d)")
_GREEK_LETTERS = "αβγδεζηθικλμνξοπρστυφχψωµ"
_GREEK_NAMES = dict(
    zip(
        _GREEK_LETTERS,
        [
            "alpha",
            "beta",
            "gamma",
            "delta",
            "epsilon",
            "zeta",
            "eta",
            "theta",
            "iota",
            "kappa",
            "lambda",
            "mu",
            "nu",
            "xi",
            "omicron",
            "pi",
            "rho",
            "sigma",
            "tau",
            "upsilon",
            "phi",
            "chi",
            "psi",
            "omega",
            "mu",
        ],
        strict=True,
    )
)
# A Greek letter alone is a symbol that is also spelt out, as in the names of proteins and units.
_GREEK = re.compile(rf"(?<![\u0370-\u03ff])[{_GREEK_LETTERS}](?![\u0370-\u03ff])", re.IGNORECASE)
_PARTS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_YEAR = re.compile(r"(?:19|20)\d\d")
_PATH_PARTS, _MAX_CONTEXT_WORDS, _LONGEST_NAME_WORD = 3, 8, 40
_LONG_NAME, _SHORTEST_START = 10, 5
_EMPTY_NAMES = frozenset(
    ("index", "readme", "default", "untitled", "document", "file", "home", "page", "www", "html")
)
_WHOLE = re.compile(r"[^\W_]+")
_ENDING = re.compile(r"\.\w{1,5}$")
_MAX_TERM = 80
_LONGEST_GLUED = 3

_MONTH = "|".join(sorted(MONTH_NUMBERS, key=len, reverse=True))
_DATES = (
    re.compile(r"\b(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)\b"),
    re.compile(r"\b(?P<d>\d{1,2})\.(?P<m>\d{1,2})\.(?P<y>(?:19|20)\d\d)\b"),
    re.compile(
        rf"\b(?P<name>{_MONTH})\.?\s+(?P<d>\d{{1,2}})(?:st|nd|rd|th)?,?\s+(?P<y>(?:19|20)\d\d)\b",
        re.I,
    ),
    re.compile(
        rf"\b(?P<d>\d{{1,2}})(?:st|nd|rd|th|\.)?\s+(?:de\s+|of\s+)?(?P<name>{_MONTH})\.?,?\s+(?:de\s+)?(?P<y>(?:19|20)\d\d)\b",
        re.I,
    ),
)

_STEMMERS = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "nl": "dutch",
    "no": "norwegian",
    "nb": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "tr": "turkish",
}
_DEFAULT = "en"


def text_terms(text: str, language: str = "") -> list[str]:
    """Return the words of a text in order, then those that it writes in another way; as they are indexed.

    `language` is an ISO 639-1 code; one without a stemmer, or '', is stemmed as English is.
    """
    return [*words_in_order(text, language), *_other_spellings(text)]


def words_in_order(text: str, language: str = "") -> list[str]:
    """Return the words of a text in order, and nothing else; what a phrase consists of."""
    text = _SEPARATED_NUMBER.sub(lambda match: _SEPARATORS.sub("", match.group()), text)
    return _stems(text, language)


def name_terms(name: str, language: str = "") -> list[str]:
    """Return the words of a path, title or question as names are compared: parts, and neighbours run together.

    `GreenHill_2021` and `green-hill/2021` and `greenhill 2021` share words.
    """
    name = _with_full_years(name)
    terms = _stems(" ".join(_name_words(name)), language)
    whole = [_folded(word) for word in _WHOLE.findall(name)]
    return list(dict.fromkeys([*terms, *whole, *name_runs(name, language)]))


def name_runs(name: str, language: str = "") -> dict[str, tuple[str, ...]]:
    """Return words of a name run together, each with the words it consists of: `greenhill` of green and hill."""
    words = _name_words(_with_full_years(name))
    runs: dict[str, tuple[str, ...]] = {}
    for size in range(2, _LONGEST_GLUED + 1):
        for start in range(len(words) - size + 1):
            parts = words[start : start + size]
            runs[_folded("".join(parts))] = tuple(_stems(" ".join(parts), language))
    return runs


def run_starts(name: str) -> list[str]:
    """Return what long words of a name may begin with: `oakcreek` of `OAKCREEKINSURANCE_2020`.

    A name that is run together in capitals shows no borders, so that every beginning is a possible one, up to
    a length: a title may be one word of 100,000 letters.
    """
    return [
        _folded(word)[:size]
        for word in _WHOLE.findall(name)
        if len(word) >= _LONG_NAME and word.isalpha()
        for size in range(_SHORTEST_START, min(len(word), _LONGEST_NAME_WORD))
    ]


def _name_words(name: str) -> list[str]:
    return [part.casefold() for part in _PARTS.findall(name)]


def _with_full_years(name: str) -> str:
    """Write `FY21` as 2021: it is one word, and reports of a calendar year have the same."""
    return _FISCAL_YEAR.sub(lambda match: f" {_full_year(match.group(1))} ", name)


def _stems(text: str, language: str) -> list[str]:
    return list(_analyzer(stemmer_of(language)).analyze(split_unspaced(text)))


def indexed_name(uri: str, title: str, language: str) -> list[str]:
    """Return the words by which a document is named: those of its path without the ending, and of its title."""
    name = f"{_ENDING.sub('', uri)} {title}"
    return list(dict.fromkeys([*name_terms(name, language), *run_starts(name)]))


def path_context(uri: str, title: str) -> str:
    """Return what a document's path says beside its title, '' for nothing: the company of `ACME/2021/report.md`.

    Ids and numbers that are no year say nothing.
    """
    known = {word.casefold() for word in _PARTS.findall(title)}
    found: dict[str, str] = {}
    # Of a web address the path: its host is every page's.
    path = uri.partition("://")[2].partition("/")[2] if "://" in uri else uri
    for part in path.split("/")[-_PATH_PARTS:]:
        # A member of an archive is `minutes.zip!/may.md`.
        name = _ENDING.sub("", part.removesuffix("!"))
        for word in _PARTS.findall(_with_full_years(name)):
            is_year = bool(_YEAR.fullmatch(word))
            says = (word.isalpha() and 2 <= len(word) <= _LONGEST_NAME_WORD) or is_year
            if says and word.casefold() not in known and word.casefold() not in _EMPTY_NAMES:
                found.setdefault(word.casefold(), word)
    return " ".join(list(found.values())[:_MAX_CONTEXT_WORDS])


def entry_of(
    chunk_no: int, chunk: Chunk, uri: str, title: str, access: Sequence[str], language: str
) -> IndexEntry:
    """Return a chunk as it is indexed: path, title, headings and plain text as its words."""
    path = re.sub(r"[/_-]", " ", _ENDING.sub("", uri))
    return IndexEntry(
        chunk_no=chunk_no,
        doc_id=chunk.doc_id,
        terms=text_terms(f"{path}\n{chunk.embedded_text}", language),
        name_terms=indexed_name(uri, title, language),
        access=access,
    )


def stemmer_of(language: str) -> str:
    """Return the name of the stemmer of a language."""
    return _STEMMERS.get(language, _STEMMERS[_DEFAULT])


def languages_with_stemmers(languages: Iterable[str]) -> tuple[str, ...]:
    """Return one language for each different stemmer among some, English first."""
    found = {stemmer_of(language): language for language in (*languages, _DEFAULT)}
    return (_DEFAULT, *sorted(set(found.values()) - {_DEFAULT}))


def split_unspaced(text: str) -> str:
    """Write runs of unspaced letters as overlapping pairs, so that a part of a run can be found."""
    return _UNSPACED.sub(_pairs, text)


def _pairs(match: re.Match[str]) -> str:
    run = match.group()
    pairs = [first + second for first, second in pairwise(run)] or [run]
    return f" {' '.join(pairs)} "


def _other_spellings(text: str) -> Iterator[str]:
    for match in _IDENTIFIER.finditer(text):
        whole = match.group()
        if len(whole) <= _MAX_TERM and ("_" in whole or any(map(str.isdigit, whole))):
            joined = _folded(_JOINTS.sub("", whole))
            if joined:  # `_/_` has no word
                yield joined
    for letter in _GREEK.findall(text):
        yield _GREEK_NAMES.get(letter.casefold(), letter)
    for fiscal in _FISCAL_YEAR.findall(text):
        yield _full_year(fiscal)
    for pattern in _DATES:
        for match in pattern.finditer(text):
            found = match.groupdict()
            month = (
                MONTH_NUMBERS[found["name"].casefold()] if found.get("name") else int(found["m"])
            )
            if 1 <= month <= 12 and 1 <= int(found["d"]) <= 31:
                yield f"d{found['y']}{month:02d}{int(found['d']):02d}"


def _full_year(written: str) -> str:
    if len(written) == 4:
        return written
    return f"19{written}" if int(written) >= 70 else f"20{written}"


def _folded(word: str) -> str:
    return "".join(_analyzer("").analyze(split_unspaced(word)))


@cache
def _analyzer(stemmer: str) -> Any:
    import tantivy

    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    filters = tantivy.Filter
    for step in (filters.remove_long(_MAX_TERM), filters.lowercase(), filters.ascii_fold()):
        builder = builder.filter(step)
    return (builder.filter(filters.stemmer(stemmer)) if stemmer else builder).build()
