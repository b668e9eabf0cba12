"""Changes a true sentence in one fact, or only in its form; knows nothing of how claims are checked.

changes('Passwords have at least 14 characters.') -> number: '… 15 characters', qualifier: '… have 14 characters'
"""

import random
import re
from collections.abc import Iterator, Sequence


def _listed(words: str) -> list[str]:
    return words.split()


_MONTHS = _listed(
    "January February March April May June July August September October November December"
)
_DATE = re.compile(
    rf"(?<!\band )(?<!\bto )\b(?P<day>\d{{1,2}}) (?P<month>{'|'.join(_MONTHS)})(?: (?P<year>\d{{4}}))?\b"
)
_OTHER_DATE = re.compile(
    rf"\b(?P<month>{'|'.join(_MONTHS[:4] + _MONTHS[5:])})(?: (?P<day>\d{{1,2}}))?(?:,? (?P<year>\d{{4}}))?\b"
)
_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_DAYS = _listed("Monday Tuesday Wednesday Thursday Friday")
_DAY_NAME = re.compile(rf"\b(?:{'|'.join(_DAYS)})\b")
_NUMBER = re.compile(r"(?<!^)(?<![\w.,:/-])\d[\d,]*(?:\.\d+)?(?![\w:/]|[.,]\d)")
_WORDS = _listed("two three four five six seven eight nine ten eleven twelve")
_NUMBER_WORD = re.compile(rf"\b(?:{'|'.join(_WORDS)})\b(?!-)")
_UNITS = (
    _listed("minutes hours days weeks months years"),
    _listed("minute hour day week month year"),
    _listed("EUR USD GBP"),
    _listed("metres kilometres miles"),
    _listed("MB GB TB"),
    _listed("million billion"),
)
_UNIT = re.compile(
    rf"(?P<before>(?:\d|\b(?:{'|'.join(_WORDS)}|one|per|an?))[ -])(?P<unit>{'|'.join(w for u in _UNITS for w in u)})\b"
)
_NAME = re.compile(
    r"(?<=[a-z,] )(?:[A-Z][a-zø]{2,}(?: [A-Z][a-zø]+){0,2}|[A-Z][a-z]+[A-Z]\w+)\b(?! \d)"
)
_NOT_NAMES = frozenset(_MONTHS) | frozenset(_DAYS) | {"Saturday", "Sunday"}
_FOREIGN_NAMES = (
    "Lisbon",
    "Hartwell",
    "Nordkey",
    "Okafor",
    "Veridia",
    "Castellan",
    "Brno",
    "Meridian",
)
_AUXILIARY = re.compile(
    r"\b(?:is|are|was|were|may|can|must|should|will|has to|have to)\b(?! not\b|n't)"
)
_NEGATIVE = re.compile(r"\b(?:not|never|no longer) (?!only)")
_NO = re.compile(r"\b(?:no|No) (?=[a-z])")
_HEDGE = re.compile(
    r"\b(?:usually|typically|generally|normally|often|sometimes|mostly|mainly|at least|at most|up to|(?:about|around)(?= \d)|"
    r"more than|less than|fewer than|only|nearly|almost|by default|in principle) ",
    re.I,
)
_PHRASE = re.compile(
    r",? (?:except|unless|if|when|after|before|until|within|without|during|while|provided|as long as|for up to|"
    r"with the agreement|with approval|outside) [^.,;:()]{4,80}(?=[.,;]|$)"
)
_GERMAN = re.compile(r"\b(?:der|die|das|und|ist|nicht|für|von|Sie|werden|wird)\b")
_ADJECTIVE = re.compile(
    r"(?<!\bis )(?<!\bare )(?<!\bas )(?<!\bit )(?<!, )\b(?:full-time|part-time|working|internal|external|written|paid|unpaid|new|public|private|encrypted|personal|"
    r"confidential|annual|federal|permanent|temporary|medical|senior|certified|registered|first|secondary|primary|"
    r"domestic|international|large|small|commercial|drinking-water) (?=[a-z]{3,})"
)


def changes(
    sentence: str, document: Sequence[str], seed: random.Random
) -> Iterator[tuple[str, str]]:
    """Yield (what was changed, wrong sentence), one of each sort that the sentence allows.

    `document` holds sentences that a name or number can be taken from.
    """
    if _GERMAN.search(sentence):
        return
    for kind, change in (
        ("number", _other_number),
        ("date", _other_date),
        ("unit", _other_unit),
        ("name", _other_name),
        ("negation", _negated),
        ("qualifier", _without_qualifier),
    ):
        changed = change(sentence, seed)
        if changed and changed != sentence:
            yield kind, changed
    swapped = _swapped(sentence, document, seed)
    if swapped and swapped != sentence:
        yield "swap", swapped


def _put(sentence: str, match: re.Match[str], text: str, group: str | int = 0) -> str:
    return sentence[: match.start(group)] + text + sentence[match.end(group) :]


def _without_dates(sentence: str) -> str:
    for pattern in (_DATE, _OTHER_DATE, _YEAR):
        sentence = pattern.sub(lambda match: "#" * len(match.group()), sentence)
    return sentence


def _other_number(sentence: str, seed: random.Random) -> str:
    left = _without_dates(sentence)
    digits, words = list(_NUMBER.finditer(left)), list(_NUMBER_WORD.finditer(left))
    if not (digits or words):
        return ""
    match = seed.choice(digits + words)
    if match.group() in _WORDS:
        return _put(sentence, match, seed.choice([w for w in _WORDS if w != match.group()]))
    return _put(sentence, match, _another(match.group(), seed))


def _another(number: str, seed: random.Random) -> str:
    """Return a number of the same look: one digit changed, or the number doubled."""
    places = [place for place, digit in enumerate(number) if digit.isdigit()]
    if number.isdigit() and seed.random() < 0.4:
        return str(int(number) * 2 or 3)
    place = seed.choice(places)
    digit = str((int(number[place]) + seed.randint(1, 8)) % 10)
    changed = number[:place] + (digit if digit != "0" or place else "4") + number[place + 1 :]
    return changed if changed != number else number + "0"


def _other_date(sentence: str, seed: random.Random) -> str:
    match = _DATE.search(sentence) or _OTHER_DATE.search(sentence)
    if match:
        groups = [group for group in ("day", "month", "year") if match[group]]
        group = seed.choice(groups)
        return _put(sentence, match, _another_date_part(group, match[group], seed), group)
    named, year = _DAY_NAME.search(sentence), _YEAR.search(sentence)
    if named:
        return _put(sentence, named, seed.choice([day for day in _DAYS if day != named.group()]))
    return (
        _put(sentence, year, str(int(year.group()) + seed.choice((-2, -1, 1, 3)))) if year else ""
    )


def _another_date_part(group: str, text: str, seed: random.Random) -> str:
    if group == "month":
        return seed.choice([month for month in _MONTHS if month != text])
    if group == "year":
        return str(int(text) + seed.choice((-1, 1, 2)))
    return str((int(text) + seed.randint(1, 20)) % 28 + 1 if int(text) != 28 else 11)


def _other_unit(sentence: str, seed: random.Random) -> str:
    found = list(_UNIT.finditer(sentence))
    if not found:
        return ""
    match = seed.choice(found)
    group = next(units for units in _UNITS if match["unit"] in units)
    return _put(sentence, match, seed.choice([u for u in group if u != match["unit"]]), "unit")


def _names(sentence: str) -> list[re.Match[str]]:
    return [
        match for match in _NAME.finditer(sentence) if not _NOT_NAMES & set(match.group().split())
    ]


def _other_name(sentence: str, seed: random.Random) -> str:
    names = _names(sentence)
    return _put(sentence, seed.choice(names), seed.choice(_FOREIGN_NAMES)) if names else ""


def _negated(sentence: str, seed: random.Random) -> str:
    negative = _NEGATIVE.search(sentence)
    if negative:
        return _put(sentence, negative, "")
    no = _NO.search(sentence)
    if no:
        return _put(sentence, no, "a " if no.group() == "no " else "A ")
    found = (
        None
        if re.search(r"\b[Nn](?:obody|othing|one)\b", sentence)
        else _AUXILIARY.search(sentence)
    )
    return _put(sentence, found, f"{found.group()} not") if found else ""


def _without_qualifier(sentence: str, seed: random.Random) -> str:
    found = [
        *_HEDGE.finditer(sentence),
        *_PHRASE.finditer(sentence),
        *_ADJECTIVE.finditer(sentence),
    ]
    if not found:
        return ""
    changed = _put(sentence, seed.choice(found), "").strip(" ,")
    changed = changed[:1].upper() + changed[1:]
    return changed if len(changed.split()) >= 4 else ""


def _swapped(sentence: str, document: Sequence[str], seed: random.Random) -> str:
    """Put a name of another sentence for one of this, or a number with the same unit."""
    others = [other for other in document if other != sentence]
    names = _names(sentence)
    found = sorted(
        {m.group() for other in others for m in _names(other) if m.group() not in sentence}
    )
    if names and found:
        return _put(sentence, seed.choice(names), seed.choice(found))
    counted = list(
        re.finditer(
            r"(?<!^)(?<![\w.,:])(?P<number>\d[\d,.]*) (?P<unit>[a-zA-Z]{2,})",
            _without_dates(sentence),
        )
    )
    for match in counted:
        pattern = rf"(?<![\w.,:])(\d[\d,.]*) {match['unit']}\b"
        numbers = {n for other in others for n in re.findall(pattern, _without_dates(other))}
        numbers = {n for n in numbers if n not in sentence}
        if numbers:
            return _put(sentence, match, seed.choice(sorted(numbers)), "number")
    return ""


def rewritten(sentence: str) -> Iterator[str]:
    """Yield the sentence with its numbers, dates or negations written in another way."""
    if (
        re.search(r"\d (?:and|to) \d+ [A-Z]|[a-z] \d+ to \d+ [A-Z]", sentence)
        or len(_DATE.findall(sentence)) > 1
    ):
        return
    for pattern, write in (
        (
            re.compile(
                rf"(?<![\w.,:/-])(?:[2-9]|1[0-2])(?= [a-z]{{3,}})(?<!(?:{'|'.join(m[-3:] for m in _MONTHS)}) \d)"
            ),
            _in_words,
        ),
        (re.compile(rf"\b(?:{'|'.join(_WORDS)})(?= [a-z]{{3,}})"), _in_digits),
        (_DATE, _month_first),
        (re.compile(r"\b(?:is|are|does|do|must|has|have|was|were) not\b"), _contracted),
        (re.compile(r"(?<=\d) percent\b"), lambda _: "%"),
        (
            re.compile(
                r"\b24 months\b|\b12 months\b|\b30 minutes\b|\b72 hours\b|\b60 seconds\b|\b14 days\b"
            ),
            _converted,
        ),
        (
            re.compile(r"\b\d{1,3}(?:,\d{3})+\b(?! (?:EUR|NTU))"),
            lambda m: m.group().replace(",", ""),
        ),
    ):
        if pattern.search(sentence):
            yield pattern.sub(write, sentence)
    if re.match(r"(?:The|You|We|All|Every|A|An|If|When) ", sentence):
        yield f"According to the document, {sentence[0].lower()}{sentence[1:]}"


def _in_words(match: re.Match[str]) -> str:
    return _WORDS[int(match.group()) - 2]


def _in_digits(match: re.Match[str]) -> str:
    return str(_WORDS.index(match.group()) + 2)


def _month_first(match: re.Match[str]) -> str:
    year = f", {match['year']}" if match["year"] else ""
    return f"{match['month']} {match['day']}{year}"


def _contracted(match: re.Match[str]) -> str:
    return match.group().replace(" not", "n't")


def _converted(match: re.Match[str]) -> str:
    return {
        "24 months": "two years", "12 months": "one year", "30 minutes": "half an hour", "72 hours": "three days",
        "60 seconds": "one minute", "14 days": "two weeks",
    }[match.group()]  # fmt: skip
