"""Cuts an answer into the pieces that are checked one by one: sentences, list items, table rows and their clauses.

    answer -> Claim pieces (what states something, what does not) -> Clauses (one piece, cut at its joints)

Offsets are code points of the answer. Markers like [2] and phrases that name the passages ('according to passage 2')
are no part of what is stated: `unread_spans` blanks them. Works by punctuation and short lists of phrases; a language
without such a list has only statements, which are checked.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from core.sentences import Span, sentence_spans

ClaimKind = Literal["statement", "lead_in", "heading", "question", "talk", "absence"]
"""`talk` is about the conversation itself; `absence` says that the passages lack something."""

_LINE = re.compile(r"[^\n]+")
_LIST_MARK = re.compile(r"[ \t]*(?:[-*+•‣▪–—◦]|\(?\d{1,3}[.):]|\(?[a-zA-Z][.)])[ \t]+")
_HEADING = re.compile(r"[ \t]*#{1,6}[ \t]+\S")
_BOLD_LINE = re.compile(r"[ \t]*(?:\*\*|__)[^*_\n]{1,120}(?:\*\*|__)[ \t]*:?[ \t]*$")
_TABLE_ROW = re.compile(r"[ \t]*\|.*\|[ \t]*$")
_TABLE_RULE = re.compile(r"[ \t]*\|?[ \t]*:?-{2,}[-| :\t]*$")
_QUOTE_MARK = re.compile(r"[ \t]*>[ \t]?")

_SOURCE = (
    r"(?:passages?|documents?|texts?|contexts?|sources?|excerpts?|articles?|(?:search )?results?|references?|snippets?|"
    r"information|data|json)"
)
_GIVEN = (
    r"(?:(?:the|these|those|this|that|all|any|both|each of|three|two|above|given|provided|available|supplied|following|"
    r"retrieved|structured|in|of)\s+){0,5}"
)
_PLACE = (
    r"(?:,? (?:step|point|section|item|line|paragraph|schritt|punkt)s? #?\d{1,3}(?:[-–]\d{1,3})?)?"
)
_NUMBERED = r"(?:\s*(?:#\s*)?\d{1,3}(?:\s*(?:,|and|&|or|to|-|–)\s*(?:passage\s*)?\d{1,3}){0,5})?"
_UNREAD = re.compile(
    r"\[\^?\d{1,3}(?:\s*,\s*\d{1,3})*\]"
    rf"|\((?:from |see |source:? |according to |as (?:stated|mentioned|described) in )?{_SOURCE}{_NUMBERED}{_PLACE}\)"
    rf"|\b(?:based (?:up)?on|according to|as (?:stated|mentioned|described|noted|indicated|per|outlined) (?:in|by)|as per|per|from|in)"
    rf"\s+{_GIVEN}{_SOURCE}\b{_NUMBERED}(?:\s+(?:provided|given|above|available))?,?"
    r"|\b(?:the\s+)?(?:passage|document|source|excerpt)s?(?:\s+(?:provided|given|above))?(?P<number>\s+#?\d{1,3}(?:\s*(?:,|and|&|or|to|-|–)\s*(?:passage\s*)?\d{1,3}){0,5})?"
    r"(?:\s+(?:(?:also|further|specifically|only|then)\s+)?(?:mentions?|states?|says?|notes?|explains?|suggests?|describes?|"
    r"indicates?|provides?|lists?|highlights?|adds?|discuss(?:es)?|clarif(?:y|ies)|recommends?|gives?|offers?|covers?|"
    r"focus(?:es)? on|talks? about|reports?|advises?|defines?|outlines?)(?:\s+that)?\b|(?(number)(?=\d|\W|$)|(?!)))"
    r"|\b(?:on the (?:other|one) hand|in (?:this|that) case|for (?:example|instance)|in addition|as a result|in other words|"
    r"in general|in particular|please note(?: that)?|note that|as well as|at the same time|in summary|in conclusion)\b,?"
    r"|^\W{0,4}(?:note|answer|first|second|third|finally|next|lastly|also|then)\b[:,]"
    r"|^\W{0,4}(?:step|schritt|paso)\s+\d{1,2}\b:?",
    re.IGNORECASE,
)
_SAYING = (
    r"(?:mention|state|specif|provide|contain|include|give|say|tell|cover|address|discuss|offer|list|explain|answer|"
    r"indicate|describe|have|clarif|detail|refer)"
)
_ABSENCE = re.compile(
    rf"\b{_SOURCE}\b{_NUMBERED}[^.!?,;\n]{{0,25}}?\b(?:do(?:es)?|did)\s*(?:not|n['’]t)\b[^.!?,;\n]{{0,25}}?\b{_SAYING}"
    rf"|\b(?:no|not any|insufficient|not enough|lack of)\s+(?:\w+\s+){{0,3}}?{_SOURCE}\b"
    r"|\b(?:unable|cannot|can ?not|can['’]t|could ?n[o'’]t|could not|not able|not possible|impossible|difficult) (?:to )?"
    r"(?:answer|find|determine|provide|tell|say|locate|confirm)\b"
    r"|\b(?:without|lack(?:s|ing)? of|no|any) (?:further|additional|more|other|specific|direct|explicit|clear)"
    r"(?: or \w+)? (?:information|details?|context|mention|instructions?|data)\b"
    r"|\b(?:no|not) (?:\w+ )?(?:information|details?|mention|indication|evidence) (?:is|are|was|of|about|on|regarding|provided|given)\b"
    r"|\b(?:can(?:not| ?not|['’]t)|could not) be (?:determined|provided|given|answered|found|confirmed|inferred)\b"
    r"|\bnot (?:explicitly |directly |specifically |clearly )?(?:mentioned|stated|specified|provided|given|found|covered|"
    r"addressed)\b(?: anywhere)? (?:in|by) (?:the|any|these|this)\b|\bunspecified in\b"
    r"|\b(?:do(?:es)?|did)\s*(?:not|n['’]t) (?:\w+ ){0,2}?(?:provide|offer|mention|contain|include|give|specify)s? "
    r"(?:(?:any|enough|sufficient|detailed|specific|explicit|further|clear|additional|direct|much) ){1,3}"
    r"(?:information|instructions?|details?|guidance|mention)\b"
    rf"|\bnone of {_GIVEN}{_SOURCE}\b"
    r"|\bnot (?:be )?(?:covered|described|discussed|addressed|explained) in (?:\w+ )?detail\b|\bnot be comprehensive\b"
    r"|\b(?:nicht|keine[nr]?)\b[^.!?\n]{0,60}\b(?:Dokument\w*|Unterlagen|Quellen|Textstellen)\b"
    r"|\b(?:Dokument\w*|Unterlagen|Quellen|Textstellen)\b[^.!?\n]{0,60}\b(?:nicht|keine[nr]?)\b"
    r"|\b(?:documentos?|fuentes?|textos?|pasajes?)\b[^.!?\n]{0,60}\bno\b",
    re.IGNORECASE,
)
_NAMES_SOURCE = re.compile(
    r"\b(?:passages?|documents?|texts?|contexts?|sources?|excerpts?|snippets?|Dokument\w*|Unterlagen|Quellen|Textstellen|"
    r"documentos?|fuentes?|textos?|pasajes?)\b",
    re.IGNORECASE,
)
_OF_SOURCES = re.compile(
    r"\b(?:passages?|documents?|texts?|contexts?|sources?|excerpts?|snippets?|articles?|authors?|information|instructions?|"
    r"Dokument\w*|Unterlagen|Quellen?|Textstellen|Texte?|Angaben|documentos?|fuentes?|textos?|pasajes?|autor\w*)\b",
    re.IGNORECASE,
)
_OPENER = re.compile(
    r"(?:hello|hi|hey|sure|certainly|absolutely|of course|thank you|thanks|great question|good question|you['’]?re welcome|"
    r"i['’]?m sorry|i apologi[sz]e|sorry|hallo|gerne|natürlich|hola|claro|gracias)\b|您好|你好",
    re.IGNORECASE,
)
_TALK = re.compile(
    r"(?:(?:hello|sure|certainly|of course)\W+)?(?:i hope (?:this|that)|let me know|(?:please )?(?:let me know|feel free to (?:ask|reach|contact|let|share))|"
    r"(?:if you have|should you have) (?:any|other|further|more|additional|questions)|is there anything|(?:i['’]?m )?happy "
    r"to help|hope (?:this|that) helps|i can help|i(?:['’]d| would) be happy to)\b",
    re.IGNORECASE,
)
_LEAD_IN = re.compile(
    r"(?:here (?:is|are)|here['’]s|the following|below (?:is|are)|these (?:are|include)|(?:to .{1,80}, )?follow these|"
    r"(?:the )?answer(?:s)?\b|steps?\b|in summary|to summari[sz]e|note\b|overview\b)",
    re.IGNORECASE,
)
_JOINT = re.compile(
    r"[,;:–—]\s+(?=\w|[\"'“(])|\s+(?=\()|(?<=\))\s+|\s+-\s+"
    r"|\s+(?=(?:because|which|whereas|although|unless|while|so that|in order to|such as|including|rather than|"
    r"as well as|but|and (?:can|may|is|are|was|were|has|have|will|should|must|then|also|it|they|the|a|to)|"
    r"or (?:until|by|to)|weil|sondern|sowie|obwohl|porque|aunque|pero)\b)",
    re.IGNORECASE,
)
_WORD = re.compile(r"\w+")
_NUMBER = re.compile(r"\d[\d.,]|[€$£¥%]|\b\d+\s*[a-z]", re.IGNORECASE)
_LONG_WORDS, _CLAUSE_WORDS = 3, 60
_OPENER_WORDS, _TALK_WORDS = 4, 25
_MAX_CONTEXT = 300


@dataclass(frozen=True, slots=True)
class ClaimPiece:
    """A piece of the answer, [start, end); `context` is the lead-in or heading that it stands under."""

    start: int
    end: int
    kind: ClaimKind
    context: str = ""


def claim_pieces(answer: str) -> list[ClaimPiece]:
    """Return an answer's pieces in order; every letter and digit outside list marks lies in exactly one."""
    pieces: list[ClaimPiece] = []
    context = ""
    for start, end, is_item in _blocks(answer):
        for span in _sentences(answer, start, end):
            kind = _kind(
                answer[span.start : span.end], whole_line=(span.start, span.end) == (start, end)
            )
            pieces.append(ClaimPiece(span.start, span.end, kind, context if is_item else ""))
        text = answer[start:end]
        if not is_item:
            context = text[-_MAX_CONTEXT:] if text.endswith(":") or _is_heading(text) else ""
    return pieces


def clauses(text: str) -> list[Span]:
    """Cut a sentence at its joints into parts of 3 to 60 words; together they hold every word."""
    cuts = [0]
    words = [match.start() for match in _WORD.finditer(text)]
    for match in _JOINT.finditer(text):
        before = bisect_left(words, match.start()) - bisect_left(words, cuts[-1])
        after = len(words) - bisect_left(words, match.end())
        if before >= _LONG_WORDS and after >= _LONG_WORDS:
            cuts.append(match.end())
    # A sentence without any joint may be a whole page: nothing later may depend on its length.
    bounds = [*cuts, len(text)]
    for start, end in pairwise(bounds):
        inside = words[bisect_left(words, start) : bisect_left(words, end)]
        cuts.extend(inside[_CLAUSE_WORDS::_CLAUSE_WORDS])
    cuts.sort()
    cuts.append(len(text))
    spans = []
    for start, end in pairwise(cuts):
        stripped = text[start:end].strip()
        if stripped:
            begin = start + text[start:end].index(stripped)
            spans.append(Span(begin, begin + len(stripped)))
    return spans


_TURN = re.compile(
    r"\W*(?:but|however|although|though|while|so|instead|rather|it is|they (?:do|are)|aber|sondern|pero|sino)\b",
    re.IGNORECASE,
)


def absent_clauses(text: str, spans: Sequence[Span]) -> list[bool]:
    """Tell which clauses say that the passages lack something: those that name it, up to a 'but'."""
    found: list[bool] = []
    for span in spans:
        clause = text[span.start : span.end]
        goes_on = bool(found) and found[-1] and not _TURN.match(clause)
        found.append(goes_on or bool(_ABSENCE.search(clause)))
    return found


def source_words(text: str) -> list[Span]:
    """Return the words of a text that may speak of the passages themselves: 'the author', 'this information'."""
    return [Span(match.start(), match.end()) for match in _OF_SOURCES.finditer(text)]


def names_sources(text: str) -> bool:
    """Tell whether a text speaks of the passages themselves."""
    return _NAMES_SOURCE.search(text) is not None


def unread_spans(text: str) -> list[Span]:
    """Return the stretches that state nothing: markers, 'according to passage 2', 'on the other hand'."""
    return [Span(match.start(), match.end()) for match in _UNREAD.finditer(text)]


def _blocks(answer: str) -> Iterator[tuple[int, int, bool]]:
    """Yield (start, end, is a list item or table row) of the answer's lines, without marks and blanks."""
    for match in _LINE.finditer(answer):
        start, end = match.span()
        line = match.group()
        if _TABLE_RULE.match(line):
            continue
        quote = _QUOTE_MARK.match(line)
        begin = quote.end() if quote else 0
        mark = _LIST_MARK.match(line, begin)
        is_item = mark is not None or bool(_TABLE_ROW.match(line))
        begin = mark.end() if mark else begin
        text = answer[start + begin : end]
        stripped = text.strip()
        if stripped and _WORD.search(stripped):
            begin = start + begin + text.index(stripped)
            yield begin, begin + len(stripped), is_item


def _sentences(answer: str, start: int, end: int) -> list[Span]:
    text = answer[start:end]
    if _TABLE_ROW.match(text) or _is_heading(text):
        return [Span(start, end)]
    spans = sentence_spans(text)
    spans = [span for span in spans if _WORD.search(text, span.start, span.end)]
    return [Span(start + span.start, start + span.end) for span in spans]


def _kind(text: str, *, whole_line: bool) -> ClaimKind:
    plain = text.strip("*_ \t\"'“”")
    if whole_line and _is_heading(text) and not _NUMBER.search(text):
        return "heading"
    if text.rstrip("\"'”*_) ").endswith(("?", "？")):
        return "question"
    if _ABSENCE.search(plain):
        return "absence"
    if _is_talk(plain):
        return "talk"
    read = _UNREAD.sub(" ", plain).strip(" ,:")
    if not _WORD.search(read):
        return "lead_in"
    is_lead_in = plain.endswith((":", "：")) and _LEAD_IN.match(read) and not _NUMBER.search(read)
    return "lead_in" if is_lead_in else "statement"


def _is_talk(plain: str) -> bool:
    """Tell talk from a statement that begins politely: what holds a number or goes on for long is checked."""
    words = len(_WORD.findall(plain))
    if _NUMBER.search(plain):
        return False
    if _TALK.match(plain):
        return words <= _TALK_WORDS
    return bool(_OPENER.match(plain)) and words <= _OPENER_WORDS


def _is_heading(text: str) -> bool:
    return bool(_HEADING.match(text) or _BOLD_LINE.match(text))
