"""What a question asks for, as far as its words tell: a number, a date, a person, a reason …; pure.

The kind of a question says what an answer has to contain (`answer_spans`); its focus is the thing that is asked
for (`focus_words`: 'which *retention period* applies …'). Every pattern is bounded and read once over one sentence.
"""

import re
from typing import Literal

QuestionKind = Literal[
    "duration",
    "number",
    "date",
    "person",
    "place",
    "reason",
    "manner",
    "definition",
    "yes_no",
    "other",
]

_NUMBER = re.compile(
    r"\d+|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen|half|third|quarter|once|twice|"
    r"twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|none)\b",
    re.I,
)
_DURATION = re.compile(
    r"\b(?:seconds?|minutes?|hours?|days?|nights?|weeks?|months?|quarters?|years?|decades?|centur(?:y|ies)|hourly|"
    r"daily|weekly|monthly|quarterly|annual(?:ly)?|yearly|always|never|immediately|forever|permanent(?:ly)?|until|till|"
    r"once|twice|overnight)\b|\bfrom (?:\w{1,15} ){1,3}to\b|\b\d{4}\s?[–-]\s?\d{2,4}\b",
    re.I,
)
_DATE = re.compile(
    r"\b(?:1[0-9]{3}|20[0-9]{2})s?\b|\b(?:january|february|march|april|may|june|july|august|september|october|"
    r"november|december|monday|tuesday|wednesday|thursday|friday|saturday|sunday|century|days?|weeks?|"
    r"months?|years?|hours?|minutes|decade|quarter|morning|evening|today|annually|monthly|weekly|"
    r"daily|spring|summer|autumn|winter)\b|\d{1,2}:\d{2}",
    re.I,
)
_NAME = re.compile(r"(?<![.!?]\s)(?<!^)\b[A-Z][\w'’-]+|@\w+|\w@\w")
_PERSON = re.compile(
    _NAME.pattern
    + r"|\b(?:[Mm]anagers?|[Tt]eams?|[Oo]fficers?|[Dd]irectors?|[Ll]eads?|[Oo]wners?|[Aa]dministrators?|"
    r"[Ee]mployees?|[Cc]ontractors?|[Dd]epartment|[Pp]resident|[Kk]ing|[Qq]ueen|[Cc]ommittee|[Mm]embers?|"
    r"[Ss]tudents?|[Ss]upervisors?|[Ee]ngineers?)\b"
)
_PLACE = re.compile(
    r"\b(?:in|at|from|near|to|of|on|into|between|via|under|outside|inside|through)\s+(?:the\s+|a\s+|our\s+)?[A-Z#/]"
    r"|https?://|www\.",
)
_REASON = re.compile(
    r"\b(?:because|due to|since|so that|in order to|as a result|therefore|thus|hence|owing to|led to|leads to|"
    r"caus\w{1,6}|reasons?|resulted|result of|to (?:avoid|prevent|ensure|make|keep|protect|reduce|allow)|so as|"
    r"purpose|means that|for fear|thanks to|otherwise)\b",
    re.I,
)
_MANNER = re.compile(
    r"\b(?:by \w{2,20}ing|using|through|via|with the|steps?|first|then|click|select|open|submit|send|fill|ask|"
    r"contact|request|follow|use|must|should|need to|can)\b",
    re.I,
)
_DEFINITION = re.compile(
    r"\b(?:is|are|was|were) (?:a|an|the|any|one)\b|\b(?:means?|refers? to|called|known as|defined as|stands? for|"
    r"describes?|consists? of)\b",
    re.I,
)

_KINDS: tuple[tuple[QuestionKind, re.Pattern[str]], ...] = (
    (
        "reason",
        re.compile(
            r"\bwhy\b|\bwhat (?:caused|causes|led to)\b|\b(?:what|which) (?:is|are|was|were) the (?:reasons?|causes?|purpose)\b|\bfor what reason\b|\bhow come\b",
            re.I,
        ),
    ),
    (
        "duration",
        re.compile(
            r"\bhow (?:long|often|soon|quickly|frequently|many times)\b|\bwhat (?:duration|frequency)\b",
            re.I,
        ),
    ),
    (
        "number",
        re.compile(
            r"\bhow (?:many|much|far|old|large|big|tall|high|fast|deep|wide|heavy)\b|"
            r"\b(?:what|which) (?:is the |was the |are the )?(?:\w{1,20} )?"
            r"(?:percent\w{0,6}|number|price|amount|cost|fee|rate|size|limit|population|length|distance|budget|fine|share)\b",
            re.I,
        ),
    ),
    (
        "date",
        re.compile(
            r"\bwhen\b|\b(?:what|which) (?:\w{1,20} )?(?:year|day|date|month|century|time|decade|deadline)s?\b|\bsince when\b|"
            r"\bby when\b|\buntil when\b",
            re.I,
        ),
    ),
    (
        "person",
        re.compile(
            r"\bwho(?:m|se)?\b|\b(?:what|which) (?:\w{1,20} )?(?:person|company|team|role|people|group|organi[sz]ation|author|"
            r"manager|department|leader|president|king|player|actor)s?\b",
            re.I,
        ),
    ),
    (
        "place",
        re.compile(
            r"\bwhere\b|\b(?:what|which) (?:\w{1,20} )?(?:country|city|place|location|region|state|town|channel|folder|room|"
            r"page|site|area|office)s?\b",
            re.I,
        ),
    ),
    (
        "definition",
        re.compile(
            r"\bwhat does (?:\S{1,40} ){1,6}(?:mean|stand for)\b|\bmeaning of\b|\bdefin\w{1,6}\b|"
            r"^\W{0,5}what(?:'s|’s| is| are) (?:an? |the )?(?:[\w-]{1,30}\s?){1,3}\W{0,5}$",
            re.I,
        ),
    ),
    ("manner", re.compile(r"\bhow\b|\b(?:what|which) (?:steps?|process|procedure|way)\b", re.I)),
    (
        "yes_no",
        re.compile(
            r"^\W{0,5}(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have|had|am|shall)\b",
            re.I,
        ),
    ),
)
_WANTED: dict[QuestionKind, re.Pattern[str]] = {
    "duration": _DURATION,
    "number": _NUMBER,
    "date": _DATE,
    "person": _PERSON,
    "place": _PLACE,
    "reason": _REASON,
    "manner": _MANNER,
    "definition": _DEFINITION,
}

_THINGS = frozenset(("duration", "number", "date", "person", "place"))

_LIST = re.compile(
    r"\b(?:what|which) (?:are|were)\b|\blist\b|\b(?:what|which) (?:\w{1,20} ){0,2}(?:steps|documents|items|options|types|"
    r"kinds|ways|benefits|reasons|requirements|conditions|rules|tools|values|things|criteria|stages|phases|parts|"
    r"responsibilities|examples|forms|exceptions|roles|duties|principles|goals)\b|"
    r"^\W{0,5}how (?:do|does|can|should|would|to|must|am|are|is)\b|\bsteps\b|\bname (?:the|all|some)\b|\bprocess for\b|"
    r"\bwhat (?:do|should|must|can) (?:i|we|you|one|employees|managers) (?:\w{1,20} ){0,3}(?:do|bring|need|include|know)\b|"
    r"\bwhat happens\b|\bwhat (?:is|does) (?:\w{1,20} ){1,6}(?:include|cover|covered|included|consist|contain)s?\b",
    re.I,
)
_FOCUS = re.compile(
    r"\b(?:what|which|whose|how many|how much)(?: (?:is|are|was|were))?(?: (?:the|an?|our|your|its|their|my))?\s+"
    r"((?:[\w'’-]{1,40}\s+){0,3}[\w'’-]{1,40})",
    re.I,
)
_ENDS_FOCUS = re.compile(
    r"\b(?:is|are|was|were|do|does|did|can|could|may|must|should|will|would|has|have|had|in|on|for|to|at|by|from|"
    r"with|that|which|who|and|or|as|about|between|under|after|before|during)\b",
    re.I,
)
_ASKING = re.compile(
    r"\bhow (many|much|long|often|far|old|large|big|tall|high|fast|soon|quickly|frequently)\b|\b(takes?)(?=\W*$)",
    re.I,
)
_PART = re.compile(
    r"[?!;]\s+|,?\s+(?:and|or|und|y|et)\s+(?=(?:what|which|who|whom|whose|when|where|why|how|is|are|does|do|can|must)\b)",
    re.I,
)
_MOST_PARTS = 3
_FEWEST_WORDS = 3


def kind_of(question: str) -> QuestionKind:
    """Return what a question asks for; `other` when its words do not tell."""
    for kind, asks in _KINDS:
        if asks.search(question):
            return kind
    return "other"


def wanted_pattern(question: str) -> re.Pattern[str] | None:
    """Return a pattern that an answer to this question probably has; None when they ask for no thing."""
    kind = kind_of(question)
    return _WANTED[kind] if kind in _THINGS else None


def answer_spans(kind: QuestionKind, text: str, asked: frozenset[str]) -> list[tuple[int, int]]:
    """Return where a text has what a kind of question asks for, as (start, end), without the question's own words.

    `asked` are the words of the question in lower case: who asks about Berlin is not told 'Berlin'.
    """
    pattern = _WANTED.get(kind)
    if pattern is None:
        return []
    return [match.span() for match in pattern.finditer(text) if _word_at(text, match) not in asked]


def _word_at(text: str, match: re.Match[str]) -> str:
    end = match.end()
    while end < len(text) and text[end].isalnum():
        end += 1
    return text[match.start() : end].casefold()


def asks_for_list(question: str) -> bool:
    """Tell whether a question wants all items of a list: steps, options, 'what are the …'."""
    return _LIST.search(question) is not None


def asking_words(question: str) -> str:
    """Return the words that only ask: 'how *long* does it *take*' is not answered by a sentence with 'long' in it."""
    return " ".join(match.group(1) or match.group(2) for match in _ASKING.finditer(question))


def focus_words(question: str) -> str:
    """Return the thing that is asked for, the words behind what, which or how many; '' when there are none."""
    found = _FOCUS.search(question)
    if found is None:
        return ""
    stop = _ENDS_FOCUS.search(found.group(1))
    return found.group(1)[: stop.start()].strip() if stop else found.group(1).strip()


def question_parts(question: str) -> list[str]:
    """Return the questions that a question is made of, at most three; itself when it is one."""
    parts = [part.strip() for part in _PART.split(question)]
    parts = [part for part in parts if len(part.split()) >= _FEWEST_WORDS]
    return parts[:_MOST_PARTS] if len(parts) > 1 else [question]
