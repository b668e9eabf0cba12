"""Sentences in a document that talk to a language model instead of to its reader; pure.

    text ──visible──▶ sentences ──phrases and place──▶ features ──logistic weights──▶ Suspicion(start, end, kind, score)

A document may say whatever it likes: nothing here decides what may be answered. The detector tells people where to
look, and takes the sentences out of a prompt; that an answer cannot do harm is the output rules' work. It knows
the wordings of `core.injection_phrases`, tells a task from the text around it by the words they share, and opens
base64, hexadecimal and what invisible characters spell. It does not know what it has not seen: a plain lie, or a
request that reads like the document, passes.

The weights are `injection.json`, written by `benchmarks.injection_training`.
"""

import base64
import binascii
import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from itertools import pairwise
from math import exp

from core.function_words import content_words
from core.hidden_characters import first_hidden, smuggled, visible, visible_offsets
from core.injection_phrases import CONTEXT_WORDS, RUNNING, SENDING, TAKING, found, possible

_BREAK = re.compile(r"(?<=[.!?])[\"'”’)\]*_]{0,3}\s+|(?<=[。！？])|\n+|(?<=-->)|(?=<!--)")
_FENCE = re.compile(r"(?m)^[ \t]{0,3}(`{3,}|~{3,})[^\n]*\n")
_COMMENT = re.compile(r"<!--(.*?)(?:-->|\Z)", re.S)
_LINK_COMMENT = re.compile(
    r"(?m)^ {0,3}\[(?://|comment|_metadata_[^\]\n]{0,40})\]:[ \t]*\S{1,200}[ \t]*([^\n]{1,2000})"
)
_STRUCTURE = re.compile(r"\s*(?:#{1,6}\s|[-*+•]\s|\d{1,3}[.)]\s|\||>|\*\*)")
_OPENING = re.compile(
    r"^(?:<!-{2,})?[\s\"'“‘«(*_>#|-]*(?:\d{1,3}[.)]\s+)?"
    r"(?:(?:note|important|attention|hint|warning|reminder|update|urgent|ps|p\.s\.)\s?[:!]\s+)?",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"[\"“”«`‘]")
_WORD = re.compile(r"[^\W\d_]{3,40}")
_ENCODED = re.compile(
    r"(?<![\w+/=-])(?:[A-Za-z0-9+/]{24,4000}={0,2}|(?:[0-9a-fA-F]{2}){20,2000})(?![\w+/=])"
)
_MAX_SENTENCE = 600
_STEM = 5
_PRINTABLE_SHARE = 0.95

_STRONG = (
    "override", "chat_token", "role_line", "persona", "addressed", "secrecy", "leak", "exfiltration", "dictated",
    "own_output", "asker", "decode", "code_lead", "push_link",
)  # fmt: skip
_DECISIVE = frozenset((
    "override", "chat_token", "persona", "addressed", "secrecy", "leak", "exfiltration", "dictated", "asker",
))  # fmt: skip
"""What few documents say by chance; the only ones looked for in fenced code."""
_NOTHING_ALONE = frozenset(("imperative", "own_work", "letters", "genre"))


_PAIRS = (
    ("imperative", "own_output"), ("own_output", "letters"), ("task", "genre"), ("imperative", "addressed"),
    ("imperative", "push_link"), ("own_output", "push_link"), ("code_lead", "own_work"), ("asker", "push_link"),
    ("imperative", "letters"),
)  # fmt: skip


_TO_READER = frozenset(("you", "your", "yours", "you're"))


@dataclass(frozen=True, slots=True)
class Suspicion:
    """A sentence that reads as an instruction to a model: [start, end) in code points of the text that was read.

    `score` in [0, 1] is the model's probability; `kind` is the feature that weighs most in it: `override`,
    `exfiltration`, `task` … or `encoded` and `hidden`, where the sentence had to be decoded first.
    """

    start: int
    end: int
    kind: str
    score: float


@dataclass(frozen=True, slots=True)
class Weights:
    """The shipped model: a bias and one weight a feature; a sentence is marked from `threshold` on."""

    bias: float
    threshold: float
    weights: Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    end: int
    text: str
    code: str = ""
    is_code: bool = False


def document_words(text: str) -> Counter[str]:
    """Return how often each word's beginning stands in a whole document, for judging its passages."""
    return Counter(map(_stem, _WORD.findall(text.lower())))


def suspicions(text: str, words: Counter[str] | None = None) -> list[Suspicion]:
    """Return the marked sentences in the order of the text, none of them over another.

    `words` are those of the whole document (`document_words`): a question that shares words with another page of
    it belongs there. Without them, the text itself is all there is to go by, and more is marked by mistake.
    """
    shown, offsets = visible_offsets(text)
    model = shipped_weights()
    marked = []
    for sentence, features in sentence_features(shown, words):
        score = _score(model, features)
        if score >= model.threshold:
            kind = max(features, key=lambda name: model.weights.get(name, 0.0) * features[name])
            start, end = offsets[sentence.start], offsets[sentence.end - 1] + 1
            marked.append(Suspicion(start, end, kind.partition("*")[0], round(score, 3)))
    marked += _decoded(text)
    return _apart(marked)


def poison_score(text: str, words: Counter[str] | None = None) -> float:
    """Return the score of the most suspicious sentence, in [0, 1]; 0 for a text that has none at all."""
    model = shipped_weights()
    found_scores = (
        _score(model, features) for _, features in sentence_features(visible(text), words)
    )
    hidden = (suspicion.score for suspicion in _decoded(text))
    return max((*found_scores, *hidden), default=0.0)


def is_poisoned(text: str, words: Counter[str] | None = None) -> bool:
    """Whether any sentence of a text is marked."""
    return poison_score(text, words) >= shipped_weights().threshold


def neutralised(
    text: str, words: Counter[str] | None = None, note: str = "[…]"
) -> tuple[str, list[Suspicion]]:
    """Return the text as a prompt may hold it, and what was marked in it (offsets into the given text).

    Marked sentences are replaced by `note`; comments of HTML and Markdown outside fenced code, and characters
    that no reader sees, are gone. What remains is the text's own words in their order.
    """
    marked = suspicions(text, words)
    parts: list[str] = []
    position = 0
    for suspicion in marked:
        parts += (text[position : suspicion.start], note)
        position = suspicion.end
    parts.append(text[position:])
    return visible(without_comments("".join(parts))), marked


def comments(text: str) -> list[str]:
    """Return what stands in its HTML comments, except in fenced code; and in Markdown's `[//]: # (…)`."""
    found_comments = []
    if "<!--" in text:
        fences = _fenced(text)
        found_comments += [
            match.group(1)
            for match in _COMMENT.finditer(text)
            if not _is_within(fences, match.start())
        ]
    return found_comments + _LINK_COMMENT.findall(text)


def without_comments(text: str) -> str:
    """Return the text without its HTML comments, except in fenced code, where a reader sees them."""
    if "<!--" not in text:
        return text
    fences = _fenced(text)
    return _COMMENT.sub(
        lambda match: match.group() if _is_within(fences, match.start()) else " ", text
    )


def _is_within(blocks: list[tuple[int, int, str]], position: int) -> bool:
    number = bisect_right(blocks, position, key=lambda block: block[0]) - 1
    return number >= 0 and position < blocks[number][1]


@cache
def shipped_weights() -> Weights:
    """Return the weights that ship with the project."""
    content = json.loads(files("core").joinpath("injection.json").read_text(encoding="utf-8"))
    return Weights(content["bias"], content["threshold"], content["weights"])


def _score(model: Weights, features: Mapping[str, float]) -> float:
    total = model.bias + sum(
        model.weights.get(name, 0.0) * value for name, value in features.items()
    )
    return 1 / (1 + exp(-max(-30.0, min(30.0, total))))


def sentence_features(
    shown: str, words: Counter[str] | None = None
) -> Iterator[tuple["_Sentence", dict[str, float]]]:
    """Yield the sentences of a visible text that have any feature, with their features in [0, 1]."""
    names = possible(shown.lower())
    if not set(names) - _NOTHING_ALONE:
        return
    code_names = [name for name in names if name in _DECISIVE]
    read = []
    for sentence in _sentences(shown):
        opening = _OPENING.match(sentence.text)
        lowered = sentence.text[opening.end() if opening else 0 :].lower()
        matches = found(code_names if sentence.is_code else names, lowered)
        if "chat_token" in names and "#" in sentence.text[:4]:
            matches |= found(("chat_token",), sentence.text.lower())
        if matches.keys() - _NOTHING_ALONE:
            read.append((sentence, lowered, matches))
    if read:
        stems = words or document_words(shown)
        asked = sum("question" in matches or "task" in matches for _, _, matches in read)
        for sentence, lowered, matches in read:
            features = _features(sentence, lowered, matches, stems)
            # Questions and tasks come in lists where people are meant to answer them.
            if asked > 1 and ("question" in matches or "task" in matches):
                features["among_questions"] = 1.0
            yield sentence, features


def _features(
    sentence: _Sentence,
    lowered: str,
    matches: Mapping[str, re.Match[str]],
    stems: Counter[str],
) -> dict[str, float]:
    danger = _danger(sentence.code)
    if danger < 2:
        matches = _without_manuals(matches)
    features = dict.fromkeys(matches, 1.0)
    words = lowered.split()
    belongs = any(word.strip(".,;:!?\"'()’") in CONTEXT_WORDS for word in words)
    # Squared: one word in common with the text around says much more than one less.
    alone = 0.0 if belongs or not _TO_READER.isdisjoint(words) else _isolation(lowered, stems) ** 2
    # Headings, list items and cells are where a document asks and orders; nobody writes an override there.
    if _STRUCTURE.match(sentence.text):
        features["structured" if matches.keys() & _DECISIVE else "structured_task"] = 1.0
    features["belongs"] = float(belongs)
    features["in_code"] = float(sentence.is_code)
    features["quoted"] = float(_is_quoted(lowered, matches))
    features["strong"] = max(0, len(matches.keys() & set(_STRONG)) - 1) / 3
    for name in ("task", "question"):
        if name in matches:
            features[f"{name}*alone"] = alone
    for one, other in _PAIRS:
        if one in matches and other in matches:
            features[f"{one}*{other}"] = 1.0
    if "code_lead" in matches and danger:
        features["code_lead*danger"] = danger / 3
    return features


def _danger(code: str) -> int:
    """Return how many of three things a code does: send, run or delete, take what is nobody else's."""
    return (
        sum(pattern.search(code) is not None for pattern in (SENDING, RUNNING, TAKING))
        if code
        else 0
    )


def _without_manuals(matches: Mapping[str, re.Match[str]]) -> Mapping[str, re.Match[str]]:
    """Leave code alone that a manual gives its reader: an attack wants it in what the model writes."""
    if "code_lead" in matches and not matches.keys() & {"own_work", "own_output"}:
        return {
            name: match
            for name, match in matches.items()
            if name not in ("code_lead", "imperative")
        }
    return matches


def _isolation(lowered: str, stems: Counter[str]) -> float:
    """Return the share of a sentence's content words that stand nowhere else in the text."""
    own = Counter(map(_stem, _WORD.findall(content_words(lowered))))
    if not own:
        return 0.0
    return sum(stems[stem] <= count for stem, count in own.items()) / len(own)


def _stem(word: str) -> str:
    return word[:_STEM]


def _is_quoted(lowered: str, matches: Mapping[str, re.Match[str]]) -> bool:
    """Whether what was found stands inside quotation marks, as in a page about attacks."""
    strong = [matches[name] for name in matches if name in _STRONG]
    return bool(strong) and all(
        _QUOTED.search(lowered, max(0, match.start() - 40), match.start()) for match in strong
    )


def _sentences(text: str) -> Iterator[_Sentence]:
    """Cut a text into sentences; fenced code is no sentence, it belongs to the one before it."""
    position = 0
    last: _Sentence | None = None
    for start, end, code in (*_fenced(text), (len(text), len(text), "")):
        for sentence in _plain_sentences(text, position, start):
            if last is not None:
                yield last
            last = sentence
        if last is not None and code:
            last = replace(last, code=code)
        for line in _plain_sentences(text, start, end):
            yield replace(line, is_code=True)
        position = end
    if last is not None:
        yield last


def _plain_sentences(text: str, start: int, end: int) -> Iterator[_Sentence]:
    cuts = [start, *(match.end() for match in _BREAK.finditer(text, start, end)), end]
    for first, last in pairwise(cuts):
        piece = text[first:last]
        begin = first + len(piece) - len(piece.lstrip())
        stop = begin + len(piece.strip())
        for part in range(begin, stop, _MAX_SENTENCE):
            yield _Sentence(
                part, min(stop, part + _MAX_SENTENCE), text[part : min(stop, part + _MAX_SENTENCE)]
            )


def _fenced(text: str) -> list[tuple[int, int, str]]:
    """Return start, end and code of fenced blocks; one that is not closed ends with the text."""
    if "```" not in text and "~~~" not in text:
        return []
    blocks = []
    opened: re.Match[str] | None = None
    for match in _FENCE.finditer(f"{text}\n"):
        if opened is None:
            opened = match
        elif match.group(1)[0] == opened.group(1)[0] and len(match.group(1)) >= len(
            opened.group(1)
        ):
            blocks.append(
                (opened.start(), min(match.end(), len(text)), text[opened.end() : match.start()])
            )
            opened = None
    if opened is not None:
        blocks.append((opened.start(), len(text), text[opened.end() :]))
    return blocks


def _decoded(text: str) -> list[Suspicion]:
    """Mark what spells an instruction only when it is decoded."""
    marked = []
    spelt = smuggled(text)
    if spelt and (len(spelt) > _STEM * 4 or is_poisoned(spelt)):
        # No program writes a sentence in characters that nobody sees by mistake.
        start, end = first_hidden(text)
        marked.append(Suspicion(start, end, "hidden", 1.0))
    for match in _ENCODED.finditer(text):
        plain = _plain(match.group())
        if plain and is_poisoned(plain):
            marked.append(Suspicion(match.start(), match.end(), "encoded", poison_score(plain)))
    return marked


def _plain(encoded: str) -> str:
    """Return what base64 or hexadecimal stands for if that is a text, '' otherwise."""
    try:
        content = bytes.fromhex(encoded)
    except ValueError:
        try:
            content = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
        except (binascii.Error, ValueError):
            return ""
    try:
        plain = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    readable = sum(character.isprintable() or character in "\r\n\t" for character in plain)
    return plain if readable >= _PRINTABLE_SHARE * len(plain) else ""


def _apart(marked: list[Suspicion]) -> list[Suspicion]:
    """Return the suspicions in their order; of two over the same characters, the first."""
    kept: list[Suspicion] = []
    for suspicion in sorted(marked, key=lambda one: (one.start, -one.end)):
        if not kept or suspicion.start >= kept[-1].end:
            kept.append(suspicion)
    return kept
