"""Names found through what is known already: members of one list, owners of mail addresses, names that come again."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from app.privacy.kinds import Found, lowered, plain
from app.privacy.name_words import NOT_NAMES, PLACES
from app.privacy.names import NO_PART, RUN, WORD

# A word that begins small and has a letter beyond ASCII.
_OWN_LETTER = re.compile(r"(?<!\w)(?:[ß-öø-ÿ]|[a-z]{1,20}[ß-öø-ɏ])")
_LIST_WORD = re.compile(WORD)
_LIST = re.compile(rf"(?<![\w@#/.-]){WORD}(?:, {WORD}){{0,6}},? (?:and|&|und|et|y) {WORD}")


def listed_with(text: str, people: Sequence[Found]) -> Iterator[Found]:
    """Yield the other members of lists such as `Monjeau, Graves and Reed` that have a person among them."""
    if not people:
        return
    for match in _LIST.finditer(text):
        if any(match.start() <= span.start < match.end() for span in people):
            for word in _LIST_WORD.finditer(text, match.start(), match.end()):
                if word.group().lower() not in NOT_NAMES | PLACES:
                    yield Found(word.start(), word.end(), "PERSON")


def owners_of_addresses(text: str, emails: Sequence[Found]) -> Iterator[Found]:
    """Yield words with capitals that a mail address in the same text spells: `Ada Quist` beside `a.quist@…`."""
    locals_ = {
        re.sub(r"[^a-z]", "", plain(text[span.start : span.end].partition("@")[0]))
        for span in emails
    }
    if not locals_:
        return
    for run in RUN.finditer(text):
        for first, second in pairwise(_LIST_WORD.finditer(text, run.start(), run.end())):
            one, two = plain(first.group()), plain(second.group())
            if {one + two, two + one, one[0] + two, one + two[0], two + one[0]} & locals_:
                yield Found(first.start(), second.end(), "PERSON")


def foreign_names(text: str) -> Iterator[Found]:
    """Yield words with capitals that have a letter which the text's own small words never use: `Zbyněk` in English.

    Beside such a word, others with capitals are the rest of the name. Texts of a language that writes such letters
    itself have none of these.
    """
    if text.isascii() or _OWN_LETTER.search(text):
        return
    for run in RUN.finditer(text):
        if run.group().isascii():
            continue
        words = [
            word
            for word in _LIST_WORD.finditer(text, run.start(), run.end())
            if word.group().lower() not in NOT_NAMES
        ]
        if any(not word.group().replace("’", "'").isascii() for word in words):
            yield Found(words[0].start(), words[-1].end(), "PERSON")


def occurrences(texts: Sequence[str], names: Sequence[str]) -> list[list[Found]]:
    """Return where names, and their parts, stand in each text, in whatever case the whole name is written.

    A part counts with a capital only, and when it is no ordinary word.
    """
    whole = {name.lower() for name in names if " " in name}
    parts = {
        part
        for name in names
        for part in name.replace(".", " ").split()
        if len(part) > 2
        and part[0].isupper()
        and not part[1:].isupper()
        and part.lower() not in NO_PART
    }
    found: list[list[Found]] = []
    for text in texts:
        folded = lowered(text)
        spans = [span for name in whole for span in _standing(name, folded)]
        found.append(spans + [span for part in parts for span in _standing(part, text)])
    return found


def _standing(name: str, text: str) -> Iterator[Found]:
    """Yield where a name stands as whole words."""
    at = text.find(name)
    while at >= 0:
        end = at + len(name)
        if not (text[at - 1 : at].isalnum() or text[end : end + 1].isalnum()):
            yield Found(at, end, "PERSON")
        at = text.find(name, end)
