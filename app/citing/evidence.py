"""Finds the sentences of the passages that a claim rests on, by the telling words that they share.

How well a sentence covers a claim is the share of the claim's words that it has, each weighted by how rare it is
among the passages' sentences and numbers twice; a word that no passage has counts against every sentence.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import log

from app.sentences import Sentence, quotable
from core.answers import Passage
from core.function_words import content_words
from core.grounding import CheckedClaim
from core.hidden_characters import visible
from core.sentences import sentence_spans

_NARROW = 0.25
"""Sentences of passages that the model named must cover this share of the claim, or better ones are looked for."""
_LEAST = 0.1
"""Each of several passages that the model named must cover this share, or it is no source of the claim."""
_MATCH = 0.45
"""Sentences must cover this share of a claim without markers to be cited for it. On claims made of XQuAD's
questions and answers (even articles): cited 87 %, rightly 86 %; 2.6 % where the paragraph is taken away. At .35:
95 %, 92 % and 6.0 %."""
_SECOND = 0.45
"""A further source of a claim that was judged by another one must cover this share."""
_GAIN = 0.2
"""A further sentence must add this share; three at most."""
_MAX_SENTENCES = 3
_MAX_GAP = 4
_MIN_SHARED = 2
_FALLBACK_CHARS = 300

_WORDS = re.compile(r"[^\W_]+")
_IDEOGRAPHS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uac00-\ud7a3\u0e00-\u0e7f]")
_CITED_VERDICTS = ("supported", "partial", "contradicted")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Sentences of one passage that lie one after the other, as places in its document."""

    passage: Passage
    start: int
    end: int


class EvidenceFinder:
    """The sentences of the passages with their words."""

    def __init__(self, passages: Sequence[Passage]) -> None:
        self._passages = {passage.marker: passage for passage in passages}
        self._ids = {str(passage.marker): passage for passage in passages}
        self._sentences = [s for passage in passages for s in _sentences(passage)]
        self._terms = [_terms(visible(sentence.plain)) for sentence in self._sentences]
        self._frequency = Counter(term for terms in self._terms for term in terms)

    def found(self, claim: str, markers: Sequence[int]) -> list[Evidence]:
        """Return what an unchecked claim rests on."""
        wanted = self._weights(claim)
        named = [self._best(wanted, {marker}) for marker in markers]
        if sum(share for _, share in named) >= _NARROW:
            return [e for chosen, share in named if share >= _LEAST for e in self._joined(chosen)]
        chosen, share = self._best(wanted, set(self._passages))
        if share >= _MATCH and self._shared(wanted, chosen) >= min(_MIN_SHARED, len(wanted)):
            return self._joined(chosen)
        # Another language, or a summary: the model's word for it is all there is.
        return [item for marker in markers for item in self._whatever(wanted, marker)]

    def judged(self, claim: str, judged: CheckedClaim, markers: Sequence[int]) -> list[Evidence]:
        """Return what a checked claim rests on, or what contradicts it; nothing where nothing was found."""
        passage = self._ids.get(judged.passage_id or "")
        evidence: list[Evidence] = []
        if passage is not None and judged.verdict in _CITED_VERDICTS:
            evidence = self._around(passage, judged.evidence_start, judged.evidence_end)
        wanted = self._weights(claim)
        least = _SECOND if evidence else _NARROW
        for marker in markers:
            if evidence and passage is not None and marker == passage.marker:
                continue
            chosen, share = self._best(wanted, {marker})
            if share >= least:
                evidence += self._joined(chosen)
        return evidence

    def covered(self, claim: str, evidence: Sequence[Evidence]) -> float:
        """Return the share of a claim's words, by weight, that its evidence has, in [0, 1]."""
        wanted = self._weights(claim)
        total = sum(wanted.values())
        had: set[str] = set()
        for item in evidence:
            start = item.start - item.passage.start
            had |= _terms(visible(item.passage.text[start : item.end - item.passage.start]))
            had |= _terms(" ".join(item.passage.section))
        return (
            min(1.0, sum(w for term, w in wanted.items() if term in had) / total) if total else 0.0
        )

    def _weights(self, claim: str) -> dict[str, float]:
        count = len(self._sentences) + 1
        return {
            term: log(1 + count / (1 + self._frequency[term])) * (2 if term[0].isdigit() else 1)
            for term in _terms(claim)
        }

    def _best(self, wanted: dict[str, float], markers: set[int]) -> tuple[list[int], float]:
        """Return the sentences of some passages that cover a claim best, and the share they cover together."""
        total = sum(wanted.values())
        if not total:
            return [], 0.0
        candidates = [
            place
            for place, sentence in enumerate(self._sentences)
            if sentence.passage.marker in markers and not self._terms[place].isdisjoint(wanted)
        ]
        chosen: list[int] = []
        missing, share = set(wanted), 0.0
        while candidates and len(chosen) < _MAX_SENTENCES:
            gains = {
                place: sum(wanted[term] for term in missing & self._terms[place]) / total
                for place in candidates
            }
            # Of sentences that cover the same, the one that says least beside it.
            best = max(gains, key=lambda place: (round(gains[place], 3), -len(self._terms[place])))
            if chosen and gains[best] < _GAIN:
                break
            elsewhere = chosen and not self._same_passage(best, chosen[0])
            if elsewhere and gains[best] < 2 * _GAIN:
                break
            chosen.append(best)
            share += gains[best]
            missing -= self._terms[best]
            candidates.remove(best)
        return sorted(chosen), share

    def _same_passage(self, one: int, other: int) -> bool:
        return self._sentences[one].passage is self._sentences[other].passage

    def _shared(self, wanted: dict[str, float], chosen: Sequence[int]) -> int:
        return len({term for place in chosen for term in self._terms[place]} & set(wanted))

    def _joined(self, chosen: Sequence[int]) -> list[Evidence]:
        """Sentences as evidence; neighbours of one passage become one."""
        joined: list[Evidence] = []
        for sentence in (self._sentences[place] for place in chosen):
            last = joined[-1] if joined else None
            if last is not None and last.passage is sentence.passage and last.end <= sentence.start:
                base = last.passage.start
                between = last.passage.text[last.end - base : sentence.start - base]
                # What was blanked out of a passage is still in its document: no quote may reach across it.
                if len(between) <= _MAX_GAP and not between.strip():
                    joined[-1] = replace(last, end=sentence.end)
                    continue
            joined.append(Evidence(sentence.passage, sentence.start, sentence.end))
        return joined

    def _around(self, passage: Passage, start: int, end: int) -> list[Evidence]:
        """The sentences that a stretch of a passage's text lies in; the stretch itself where there are none."""
        start, end = max(0, start), min(end, len(passage.text))
        if start >= end:
            return []
        first, last = passage.start + start, passage.start + end
        touched = [
            place
            for place, sentence in enumerate(self._sentences)
            if sentence.passage is passage and sentence.start < last and sentence.end > first
        ]
        return self._joined(touched) if touched else [Evidence(passage, first, last)]

    def _whatever(self, wanted: dict[str, float], marker: int) -> list[Evidence]:
        """The best sentence of a passage that shares hardly a word with the claim, else how the passage begins."""
        passage = self._passages.get(marker)
        if passage is None or not wanted:
            return []
        chosen, _ = self._best(wanted, {marker})
        if not chosen:
            mine = [n for n, sentence in enumerate(self._sentences) if sentence.passage is passage]
            chosen = mine[:1]
            while len(chosen) < len(mine):
                following = self._sentences[mine[len(chosen)]]
                if following.end - self._sentences[mine[0]].start > _FALLBACK_CHARS:
                    break
                chosen = mine[: len(chosen) + 1]
        return self._joined(chosen)


def _sentences(passage: Passage) -> list[Sentence]:
    found = [sentence for sentence in quotable([passage]) if not sentence.is_heading]
    if found:
        return found
    return [
        Sentence(
            passage,
            passage.start + span.start,
            passage.start + span.end,
            passage.text[span.start : span.end],
            False,
            number,
        )
        for number, span in enumerate(sentence_spans(passage.text))
    ]


def _terms(text: str) -> set[str]:
    """Return the telling words of a text in a form that endings change little; pairs of ideographs."""
    terms: set[str] = set()
    for word in _WORDS.findall(content_words(text).casefold()):
        if _IDEOGRAPHS.search(word):
            terms.update(word[place : place + 2] for place in range(max(1, len(word) - 1)))
        else:
            terms.add(_stem(word))
    return terms


def _stem(word: str) -> str:
    if word[0].isdigit() or len(word) < 5:
        return word[:-1] if len(word) == 4 and word.endswith("s") else word
    for ending in (
        "ations",
        "ation",
        "ings",
        "ing",
        "ied",
        "ies",
        "ers",
        "ed",
        "es",
        "en",
        "er",
        "s",
        "e",
        "y",
    ):
        if word.endswith(ending) and len(word) - len(ending) >= 4:
            return word[: -len(ending)]
    return word
