"""Short forms that are written as often as the words they stand for: CA and California, US and United States; pure.

Only what is written with capitals in one way. A state's letters are read where a place can stand, after a comma or colon,
so that 'OR' and 'IN' in a heading are no states.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_STATES = (
    "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,FL Florida,"
    "GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,KY Kentucky,LA Louisiana,ME Maine,"
    "MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,MO Missouri,MT Montana,NE Nebraska,NV Nevada,"
    "NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,NC North Carolina,ND North Dakota,OH Ohio,OK Oklahoma,"
    "OR Oregon,PA Pennsylvania,RI Rhode Island,SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,UT Utah,"
    "VT Vermont,VA Virginia,WA Washington,WV West Virginia,WI Wisconsin,WY Wyoming"
)
_ANYWHERE = (
    "US United States,USA United States,U.S. United States,U.S.A. United States,UK United Kingdom,U.K. United Kingdom,"
    "EU European Union,UAE United Arab Emirates,UN United Nations,NYC New York City,"
    "Jan January,Feb February,Mar March,Apr April,Jun June,Jul July,Aug August,Sep September,Sept September,Oct October,"
    "Nov November,Dec December,Mon Monday,Tue Tuesday,Tues Tuesday,Wed Wednesday,Thu Thursday,Thurs Thursday,Fri Friday,"
    "Sat Saturday,St Street,Rd Road,Ave Avenue,Blvd Boulevard,Hwy Highway,Dept Department"
)


def _table(text: str) -> dict[str, tuple[str, ...]]:
    rows = (row.split() for row in text.split(","))
    return {short: tuple(words) for short, *words in rows}


_STATE_WORDS, _WORDS = _table(_STATES), _table(_ANYWHERE)
LONG_FORMS = {short: words for short, words in (_STATE_WORDS | _WORDS).items() if short.isupper()}
"""Short forms in capitals with the words that they stand for."""
_ANY = re.compile(
    rf"(?<=[,:|]\s)(?P<state>{'|'.join(_STATE_WORDS)})(?![\w'’-])"
    rf"|(?<![\w.])(?P<word>{'|'.join(map(re.escape, sorted(_WORDS, key=len, reverse=True)))})(?![\w'’-])"
)


class ShortForm(NamedTuple):
    """A short form at [start, end) of a text with the words that it stands for."""

    start: int
    end: int
    words: tuple[str, ...]


def short_forms(text: str) -> Iterator[ShortForm]:
    """Yield the short forms of a text in order."""
    for match in _ANY.finditer(text):
        words = _STATE_WORDS.get(match["state"] or "") or _WORDS[match["word"]]
        yield ShortForm(match.start(), match.end(), words)
