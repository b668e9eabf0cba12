"""Finds a restriction of the evidence that a claim leaves out: 'after approval', 'except in Germany', 'usually'; pure.

Only a claim that repeats nearly everything else of its sentence is held to it: a summary may leave things out.
"""

import re
from collections.abc import Iterator
from itertools import pairwise

from app.grounding.findings import Finding
from app.grounding.pairing import Pair
from app.grounding.reading import Reading, read, root, telling_roots, unnumbered
from app.grounding.values import comparable

_HEDGE = re.compile(
    r"\b(?:usually|typically|generally|normally|often|sometimes|mostly|mainly|occasionally|rarely|likely|probably|possibly|"
    r"in most cases|as a rule|by default|in general|in principle|meist|meistens|normalerweise|üblicherweise|in der regel|"
    r"generalmente|normalmente|a veces|généralement|normalement|parfois|en principe)\b",
    re.I,
)
_LIKE_HEDGE = re.compile(
    r"\b(?:usual\w*|typical\w*|general\w*|normal\w*|often|sometimes|most\w*|main\w*|occasional\w*|may|might|can|could|tend\w*|"
    r"frequent\w*|common\w*|likely|probabl\w*|possib\w*|almost|nearly|unless|default|regular\w*|rule|standard|rarely|seldom|"
    r"meist\w*|normalerweise|in der regel|kann|können|suele\w*|puede\w*|peut|peuvent|some|many)\b",
    re.I,
)
_BOUND = re.compile(
    r"\b(?:at least|at most|up to|more than|less than|fewer than|no more than|no less than|not more than|over|under|above|"
    r"below|mindestens|höchstens|bis zu|mehr als|weniger als|al menos|como máximo|hasta|más de|menos de|au moins|au plus|"
    r"jusqu['’]à|plus de|moins de)\s[€$£]?$",
    re.I,
)
_LIKE_BOUND = re.compile(
    r"\b(?:at least|at most|up to|than|over|under|above|below|beyond|exceed\w*|about|around|approx\w*|roughly|nearly|almost|"
    r"max\w*|min\w*|limit\w*|threshold|within|as (?:many|much|long|few|little) as|or (?:more|less)|allow\w*|some|"
    r"mindestens|höchstens|maximal|bis|mehr|weniger|etwa|rund|ungefähr|al menos|hasta|máximo|más|menos|unos|moins|plus|"
    r"environ|jusqu)\b|[~≈≥≤<>+]",
    re.I,
)
_BOUND_CHARS = 24
_PHRASE = re.compile(
    r"(?:^|(?<=[\s,(]))(?P<starter>except(?: for| in| on| where| when)?|apart from|other than|unless|provided(?: that)?|"
    r"only (?:if|when|after|with|for|on|in)|if|when|where|after|before|until|within|during|subject to|in case of|with the (?:approval|"
    r"agreement|consent|permission)|with (?:prior |written )?(?:approval|agreement|consent|permission)|without|as long as|"
    r"once|on condition|for (?:more|less|fewer|up|at)|außer|sofern|falls|wenn|nachdem|bevor|innerhalb|nach|nur|excepto|salvo|"
    r"si|cuando|después de|antes de|sauf|lorsque|après|avant)\s",
    re.I,
)
_PHRASE_END = re.compile(r"[.;:!?)]|,\s|\s(?=(?:and|or|but|und|oder)\s)|$")
_RESTRICTING = (
    "full-time part-time permanent temporary new former senior junior external internal eligible certified "
    "approved registered written prior paid unpaid annual monthly weekly daily quarterly domestic international "
    "foreign private public encrypted local single additional minimum maximum required authorized authorised "
    "licensed qualified trained confidential sensitive critical urgent severe adult married disabled "
    "retired self-employed salaried hourly commercial residential federal regional national european freelance "
    "seasonal probationary expired valid primary secondary automatic manual remote nightly "
    "first previous premium advanced experimental optional mandatory "
    "partial personal customer net gross initial emergency "
    "scheduled unscheduled planned unplanned medical parental"
)
_MODIFIERS = frozenset(_RESTRICTING.split())
_ANY_WORD = re.compile(r"\w+(?:[-'’.]\w+)*")
_ASIDE = re.compile(
    r"(?:for (?:every|each|all|any)|and|or|but|which|who|that|because|since|so|such as|for example|for instance|including|e\.g|i\.e|also|as well|very|"
    r"really|please|however|therefore|then|just|simply|und|oder|weil|auch|y|o|porque|et|ou|car)\b",
    re.I,
)
_RESTRICTS = re.compile(
    r"\b(?:only|not|first|last|more|less|most|than|some|few|all|every|about|around|roughly|nearly|"
    r"almost|nur|solo|sólo|seulement)\b",
    re.I,
)
_LEAST_WORDS = 4
_MOST_REMOVED = 12
_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*")
_LEAST_FORTH = 0.8
_LEAST_BACK = 0.7


def compare_qualifiers(pair: Pair) -> Iterator[Finding]:
    """Yield at most one finding for a restriction that the claim's own sentence of the evidence has and it has not."""
    best, claim = pair.best, pair.claim
    if best is None or not claim.roots or pair.coverage < _LEAST_FORTH:
        return
    checks = (_bound, _hedge, _phrase, _modifier, _cut_out)
    dropped = next((text for check in checks if (text := check(pair, best))), "")
    if dropped:
        text = f"The answer leaves out “{dropped}”."
        yield Finding("qualifier", "unsupported", 0, len(claim.text), text)


def _bound(pair: Pair, best: Reading) -> str:
    """Return the 'at least' or 'up to' of a number that the claim gives as exact."""
    if _only_in(pair.claim, best, _LIKE_BOUND):
        return ""
    for own in pair.claim.numbers:
        for other in best.numbers:
            if (
                own.dimension == other.dimension
                and own.values == other.values
                and not (own.bound or own.is_about)
            ):
                match = _BOUND.search(best.text[max(0, other.start - _BOUND_CHARS) : other.start])
                if match and _says(pair.claim, best.text, match.group()):
                    return match.group().strip()
    return ""


def _hedge(pair: Pair, best: Reading) -> str:
    match = _HEDGE.search(best.text)
    if (
        match is None
        or _only_in(pair.claim, best, _LIKE_HEDGE)
        or match.group().casefold() in pair.claim.text.casefold()
    ):
        return ""
    clause = _clause_around(best.text, match.start(), match.end())
    return match.group() if _says(pair.claim, clause, match.group()) else ""


def _only_in(claim: Reading, best: Reading, pattern: re.Pattern[str]) -> bool:
    """Whether a claim has a word of a pattern that its evidence lacks: perhaps the same in other words."""
    mine, theirs = (
        {match.group().casefold() for match in pattern.finditer(sentence.text)}
        for sentence in (claim, best)
    )
    return bool(mine - theirs)


def _clause_around(text: str, start: int, end: int) -> str:
    """Return the part of a sentence between its marks that a word stands in."""
    before = max(text.rfind(mark, 0, start) for mark in (",", ";", ":", "."))
    after = min(
        (place for mark in (", ", ";", ":", ". ") if (place := text.find(mark, end)) > 0),
        default=len(text),
    )
    return text[before + 1 : after]


def _phrase(pair: Pair, best: Reading) -> str:
    for match in _PHRASE.finditer(best.text):
        end = _PHRASE_END.search(best.text, match.end())
        phrase = best.text[match.start() : end.start() if end else len(best.text)].strip()
        if not _is_left_out(pair, best, phrase, match["starter"]):
            continue
        rest = best.text.replace(phrase, " ", 1)
        if _says(pair.claim, rest, phrase):
            return phrase
    return ""


def _is_left_out(pair: Pair, best: Reading, phrase: str, starter: str) -> bool:
    """Whether neither claim nor question has any telling word or number of a phrase."""
    inside = read(phrase[len(starter) :])
    known = pair.claim.roots | pair.told
    values = {quantity.values for quantity in (*pair.claim.numbers, *pair.question.numbers)}
    is_known = inside.roots & known or any(number.values in values for number in inside.numbers)
    says_much = inside.roots or inside.numbers or inside.moments
    first = starter.split()[0].casefold()
    mine, theirs = (text.casefold().split().count(first) for text in (pair.claim.text, best.text))
    return bool(says_much) and not is_known and mine < theirs


def _modifier(pair: Pair, best: Reading) -> str:
    """Return a restricting adjective that stands before a word which the claim has without it."""
    words = _WORD.findall(best.text)
    known = pair.claim.roots | pair.told
    parts = {root(word) for word in _WORD.findall(f"{pair.claim.text} {pair.question.text}")}
    for word, noun in pairwise(words):
        if word.casefold() not in _MODIFIERS or root(noun) not in pair.claim.roots:
            continue
        if f"{word} {noun}" not in best.text:
            continue
        if (
            root(word) in parts
            or telling_roots(word) & known
            or _is_after_other_word(pair.claim.text, noun)
        ):
            continue
        if _says(pair.claim, best.text.replace(word, " ", 1), word):
            return f"{word} {noun}"
    return ""


def _is_after_other_word(claim: str, noun: str) -> bool:
    """Whether the claim has another telling word, perhaps a synonym, before the noun."""
    words = _WORD.findall(claim)
    for before, word in zip(["", *words], words, strict=False):
        if root(word) == root(noun):
            return bool(before) and bool(telling_roots(before))
    return False


def _cut_out(pair: Pair, best: Reading) -> str:
    """Return the words whose removal makes the claim of its evidence, where they restrict what it says."""
    source = list(_ANY_WORD.finditer(best.text))
    theirs = [match.group().casefold() for match in source]
    mine = [match.group().casefold() for match in _ANY_WORD.finditer(unnumbered(pair.claim.text))]
    removed = len(theirs) - len(mine)
    if not 0 < removed <= _MOST_REMOVED or len(mine) < _LEAST_WORDS:
        return ""
    start = next((at for at, word in enumerate(mine) if word != theirs[at]), len(mine))
    if mine[start:] != theirs[start + removed :]:
        return ""
    text = best.text[source[start].start() : source[start + removed - 1].end()]
    if _is_of_list(text, pair.claim):
        return ""
    before = best.text[: source[start].start()].rstrip()[-1:]
    is_only = _RESTRICTS.match(text)
    is_aside = (not is_only and (not before or before in ",;:(–—")) or _ASIDE.match(text)
    known = pair.told
    is_restricting = _RESTRICTS.search(text) or (
        telling_roots(text) and not telling_roots(text) & known
    )
    return text if is_restricting and not is_aside else ""


def _is_of_list(text: str, claim: Reading) -> bool:
    """Tell another case beside the claim's: 'one day in Oslo and two days in Porto'."""
    inside = read(text).numbers
    return any(comparable(own, other) for own in claim.numbers for other in inside)


def _says(claim: Reading, rest: str, dropped: str) -> bool:
    """Whether a claim says nearly all of a sentence but what was dropped."""
    wanted = telling_roots(rest) - telling_roots(dropped)
    return not wanted or len(wanted & claim.roots) / len(wanted) >= _LEAST_BACK
