"""Tells while a model writes whether it answers at all: what may be a refusal is held back until it is certain.

A model says that it cannot answer by the fixed word NO_ANSWER or in its own sentence. What it says then is not
shown: the reader gets the abstention that names what was searched. A refusal that goes on with a sentence that
names its passage ('… The nearest they say is … [2].') is worth reading and is shown, as an abstention all the same.
"""

import re
from collections.abc import Sequence
from typing import Literal

from core.sentences import sentence_spans

Reply = Literal["undecided", "answer", "near_miss", "refusal"]

NO_ANSWER = "NO_ANSWER"
_MAX_SENTENCE = 400
_LONGEST_REFUSAL = 700
"""What goes on for longer without a marker says something, whatever its first sentence looked like."""
_AN_ANSWER = 2
"""So many places with markers after a refusal make an answer of it that lacks a part."""

_SIGNS = re.compile(r"[\s*_`\"'()\[\]#>:-]+")
_TOKEN = re.compile(r"[\s*_`\"'(\[#>]*NO[ _-]?ANSWER\b")
# A first sentence that begins otherwise is shown as it comes. Long enough for the words that decide.
_OPENING_WORDS = 6
_OPENER = re.compile(
    r"[\s*_\"'“>#-]*(?:i\b|i['’]m|i['’]?ve|we\b|sorry|unfortunately|apolog|regrett|as an ai|no\b|none of|nothing|"
    r"there(?: is|['’]s| are| isn| aren| was| were)\b|(?:based on|according to|from|in)\s|"
    r"(?:the|these|this|those|your|any|all|neither)\b(?: \w+){0,3}? (?:passages?|documents?|sources?|"
    r"contexts?|texts?|"
    r"excerpts?|information|materials?)\b|it is not\b|it['’]s not\b|cannot|can['’]t|unable|"
    r"ich\b|wir\b|leider|es gibt|es tut|die(?: \w+){0,2} (?:passagen|dokumente|textstellen|quellen|unterlagen)|"
    r"den (?:passagen|dokumenten|unterlagen)|in den|das dokument|lo siento|no\b|los? |las? |desafortunadamente|"
    r"lamentablemente|je\b|désolé|les? |malheureusement|aucun)",
    re.IGNORECASE,
)
_FIRST_WORD = re.compile(
    r"(?:i|i['’]m|i['’]?ve|we|sorry|unfortunately|apolog\w*|regrett\w*|as|no|none|nothing|there|there['’]s|based|"
    r"according|from|in|the|these|this|those|your|any|all|neither|it|it['’]s|cannot|can['’]t|unable|"
    r"ich|wir|leider|es|"
    r"die|den|das|lo|los|las|la|el|desafortunadamente|lamentablemente|je|désolé|les?|malheureusement|aucune?)\b",
    re.IGNORECASE,
)
_SOURCE = (
    r"(?:passages?|documents?|sources?|contexts?|texts?|excerpts?|information|materials?|knowledge base|"
    r"search results?|pages?)"
)
_SAY = (
    r"(?:mention|state|specif|provide|contain|include|give|say|tell|cover|address|discuss|explain|answer|indicate|"
    r"describe|have|clarif|detail|refer|name|list|define)"
)
_GIVEN = r"(?:(?:the|these|those|given|provided|available|supplied|retrieved|your) ){0,3}"
_MISSING = (
    r"(?:information|mention|answers?|details?|data|evidence|references?|indication|statement)"
)
_NONE = (
    r"(?:no|not any|not enough|insufficient)"
    r"(?: (?:relevant|specific|direct|explicit|further|clear|sufficient|such))?"
)
_CANNOT = (
    r"(?:unable to|not able to|cannot|can ?not|can['’]t|could not|couldn['’]t|won['’]t|will not)"
)
_DO_NOT = r"(?:do|does|did)(?: not|n['’]t)"
_NOT_SAID = (
    r"not (?:explicitly |directly |specifically |clearly )?(?:mentioned|stated|specified|provided|"
    r"given|found|covered|"
    r"addressed|answered|described|contained|available)"
)
_REFUSALS = (
    # What the passages lack.
    rf"\b{_SOURCE}\b[^.!?,;:\n]{{0,30}}?\b{_DO_NOT}\b[^.!?,;\n]{{0,30}}?\b{_SAY}",
    rf"\b(?:no|none|neither) (?:of )?{_GIVEN}{_SOURCE}\b[^.!?\n]{{0,30}}?\b{_SAY}",
    rf"\b{_NONE} {_MISSING}\b[^.!?\n]{{0,80}}\b(?:in|from|within|by|across)\b[^.!?\n]{{0,25}}\b{_SOURCE}\b",
    rf"\bnothing\b[^.!?\n]{{0,40}}\b(?:in|from) {_GIVEN}{_SOURCE}\b",
    rf"\b(?:there(?: is|['’]s| are)|(?:i|we) (?:have|see|found|find)) {_NONE} {_MISSING}\b",
    rf"\b{_NOT_SAID}\b[^.!?\n]{{0,40}}\b(?:in|by|from)\b[^.!?\n]{{0,30}}\b{_SOURCE}\b",
    # What the model cannot do.
    rf"\b(?:i|we)\b[^.!?,;\n]{{0,20}}\b{_CANNOT} (?:\w+ )?(?:answer|find|determine|provide|tell|say|"
    rf"locate|confirm|help|assist|"
    r"comply|fulfil+|discuss)",
    rf"\b(?:i|we) {_DO_NOT} (?:know|find|see|have (?:\w+ ){{0,2}}(?:{_MISSING}|access))\b",
    r"\bunable to (?:answer|determine|find|provide|tell|say|locate|confirm)\b",
    r"\b(?:cannot|can not|can['’]t|could not|couldn['’]t) be (?:answered|determined|confirmed|established)\b",
    rf"\b(?:cannot|can not|can['’]t|could not|couldn['’]t) be found (?:in|from|among) {_GIVEN}{_SOURCE}\b",
    # The same in German, Spanish and French.
    r"\b(?:passagen|dokumente?n?|unterlagen|quellen|textstellen)\b[^.!?,\n]{0,40}\b(?:enthalten|"
    r"enthält|nennen|nennt|erwähn\w+|"
    r"beantworten|sagen|sagt|geben|machen|finde\w*|steht)\b[^.!?\n]{0,40}\b(?:nicht|nichts|keine[nr]?)\b",
    r"\bich (?:kann|konnte|habe|weiß)\b[^.!?\n]{0,80}\b(?:nicht|nichts|keine[nr]?)\b[^.!?\n]{0,40}\b"
    r"(?:finden|gefunden|beantworten|sagen|helfen|Information\w*|Angaben)\b",
    r"\bes gibt keine (?:Information\w*|Angaben?|Hinweise?)\b",
    r"\b(?:documentos?|pasajes?|textos?|fuentes?)\b[^.!?,\n]{0,20}\bno (?:menciona|indica|especifica|"
    r"contiene|dice|responde|"
    r"incluye|proporciona)n?\b",
    r"\bno (?:puedo|pude|encuentro|encontré|hay) (?:\w+ ){0,2}(?:información|datos|respuesta|mención|"
    r"responder|encontrar|ayudar)",
    r"\b(?:documents?|passages?|textes?|sources?)\b[^.!?,\n]{0,20}\bne \w+ (?:pas|rien|aucune?)\b",
    r"\b(?:je ne (?:peux|trouve|sais)|je n['’]ai)\b[^.!?\n]{0,30}\b(?:pas|rien|aucune?)\b|"
    r"\bil n['’]y a (?:pas|aucune) d?['’ ]?information",
)
_REFUSAL = re.compile("|".join(_REFUSALS), re.IGNORECASE)


def is_refusal(text: str) -> bool:
    """Whether each sentence of a text, however it begins, says that there is no answer."""
    sentences = sentence_spans(text)
    return bool(sentences) and all(
        _REFUSAL.search(text, span.start, min(span.end, span.start + _MAX_SENTENCE))
        for span in sentences
    )


class ReplyReader:
    """Holds back the beginning of one reply until it is certain whether it is a refusal."""

    def __init__(self) -> None:
        self._held = ""
        self._refused_until: int | None = None
        self.reply: Reply = "undecided"

    def feed(self, piece: str, marked: Sequence[int]) -> str:
        """Return what may be shown now; `marked` are all places in the text, so far, that had markers."""
        if self.reply == "refusal":
            return ""
        if self.reply == "undecided":
            self._held += piece
            self._decide(marked, final=False)
            return self._released()
        if self._refused_until is not None and self._behind(marked) >= _AN_ANSWER:
            self.reply = "answer"
        return piece

    def finish(self, marked: Sequence[int]) -> str:
        """Return what was held back, nothing of a refusal; the reply is complete and decided."""
        if self.reply == "undecided":
            self._decide(marked, final=True)
        return self._released()

    def overrule(self) -> str:
        """Make an answer of what looked like a refusal, and return it: the passages say it themselves."""
        self.reply = "answer"
        return self._released()

    @property
    def refused_text(self) -> str:
        """The text of a refusal in the model's own words, '' for the fixed word and for answers."""
        return "" if self.reply != "refusal" or _TOKEN.match(self._held) else self._held

    def _released(self) -> str:
        if self.reply not in ("answer", "near_miss"):
            return ""
        held, self._held = self._held, ""
        return held

    def _decide(self, marked: Sequence[int], *, final: bool) -> None:
        if _TOKEN.match(self._held):
            self.reply = "refusal"
            return
        if self._refused_until is None:
            self.reply = self._first_sentence(final=final)
        if self._refused_until is not None:
            behind = self._behind(marked)
            if behind:
                self.reply = "answer" if behind >= _AN_ANSWER else "near_miss"
            elif len(self._held) > _LONGEST_REFUSAL:
                self.reply = "answer"
            elif final:
                self.reply = "refusal"

    def _first_sentence(self, *, final: bool) -> Reply:
        """Read the first sentence; says `undecided` while it is not complete, and when it refuses."""
        if NO_ANSWER.replace("_", "").startswith(_SIGNS.sub("", self._held)) and not final:
            return "undecided"
        if not final and not self._may_open():
            return "answer"
        if final and _OPENER.match(self._held) is None:
            return "answer"
        sentences = sentence_spans(self._held)
        if not final and len(sentences) < 2 and len(self._held) <= _MAX_SENTENCE:
            return "undecided"
        end = sentences[0].end if sentences else 0
        if _REFUSAL.search(self._held, 0, min(end, _MAX_SENTENCE)):
            self._refused_until = end
            return "undecided"
        return "answer"

    def _may_open(self) -> bool:
        """Whether what has come of the first sentence may be, or become, the opening of a refusal."""
        words = self._held.split(maxsplit=_OPENING_WORDS)
        if not words or _OPENER.match(self._held):
            return True
        # The last word may not be complete.
        begun = self._held.lstrip(" \t\n*_\"'“>#-")
        if len(words) > 1 and not _FIRST_WORD.match(begun):
            return False
        return len(words) <= _OPENING_WORDS

    def _behind(self, marked: Sequence[int]) -> int:
        return sum(place > (self._refused_until or 0) for place in marked)
