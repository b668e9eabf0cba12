"""An answer's words against a reference, expected facts, required patterns and the numbers of what it cites.

Words are compared as SQuAD's script does it (lower case, no punctuation, no a/an/the), extended to other languages:
any script's punctuation and full-width forms, and one token a character where words are not divided by blanks.
"""

import re
import string
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from app.grounding.moments import Moment
from app.grounding.reading import Reading, read_all, telling_roots
from app.grounding.values import agrees
from app.review.case_fields import check_pattern
from core.errors import UsageError
from core.polarity import DENIAL
from core.quantities import Quantity

_ARTICLES = frozenset({"a", "an", "the"})
_MARKER = re.compile(r"\[\^?\d{1,3}(?:\s*,\s*\d{1,3})*\]")
# Han, kana, Thai, Lao, Burmese and Khmer are written without blanks between words.
_UNDIVIDED = re.compile(
    "([\u3005-\u3007\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]"
    "|[\u0e00-\u0e7f\u0e80-\u0eff\u1000-\u109f\u1780-\u17ff])"
)
_MAX_CHARS = 20_000
_SEARCH_S = 2.0


def normalised(text: str) -> str:
    """Return a text's tokens with single blanks between them."""
    return " ".join(tokens(text))


@lru_cache(maxsize=2048)
def tokens(text: str) -> tuple[str, ...]:
    """Return a text's tokens as they are compared: folded, without punctuation and English articles."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    plain = "".join(character for character in folded if not _is_punctuation(character))
    divided = _UNDIVIDED.sub(r" \1 ", plain)
    return tuple(word for word in divided.split() if word not in _ARTICLES)


def exact_match(answer: str, references: Sequence[str]) -> float | None:
    """Return 1 if the answer is one of the references once normalised, else 0; None for no reference."""
    if not references:
        return None
    return float(any(tokens(answer) == tokens(reference) for reference in references))


def best_token_f1(answer: str, references: Sequence[str]) -> float | None:
    """Return the token F1 with the reference that the answer is most like; None for no reference."""
    return max((token_f1(answer, reference) for reference in references), default=None)


def token_f1(answer: str, reference: str) -> float:
    """Return 2PR / (P + R) of two texts' tokens, each as often as it occurs; 1 if both are empty."""
    own, other = tokens(answer), tokens(reference)
    if not own or not other:
        return float(own == other)
    shared = (Counter(own) & Counter(other)).total()
    # Equal to the harmonic mean, with one rounding instead of four.
    return 2.0 * shared / (len(own) + len(other))


def str_em(answer: str, short_answers: Sequence[Sequence[str]]) -> float | None:
    """Return the share of short answers that the answer contains, each in any of its wordings (ALCE).

    As in ALCE a wording may be part of a word: '5' is in '15'. `fact_match` does not have that. None for none.
    """
    text = normalised(answer)
    held = [any(normalised(each) in text for each in wordings) for wordings in short_answers]
    return sum(held) / len(held) if held else None


def fact_match(answer: str, facts: Sequence[str]) -> float | None:
    """Return the share of expected facts that the answer states; None for no fact."""
    return sum(states(answer, fact) for fact in facts) / len(facts) if facts else None


def states(answer: str, fact: str) -> bool:
    """Say whether an answer states a fact: in its words, or in one sentence with all that the fact tells.

    In its words is its tokens one after another. Otherwise one sentence has the root of every telling word and every
    number and date of the fact (converted, or in words), and as many negations.
    """
    own, wanted = tokens(answer), tokens(fact)
    if not wanted:
        return False
    if any(own[i : i + len(wanted)] == wanted for i in range(len(own) - len(wanted) + 1)):
        return True
    roots = telling_roots(fact)
    told = read_all(fact)
    if not roots and not any(reading.numbers or reading.moments for reading in told):
        return False
    return any(
        roots <= sentence.roots
        and _denials(sentence.text) == _denials(fact)
        and all(_shares(reading, [sentence]) in (None, 1.0) for reading in told)
        for sentence in read_all(_MARKER.sub(" ", answer))
    )


def regex_match(answer: str, patterns: Sequence[str]) -> float | None:
    """Return the share of patterns found anywhere in the answer; None for no pattern.

    Only the first 20,000 characters are searched, and a pattern that takes longer than two seconds is not found.

    Raises:
        UsageError: a pattern is no regular expression, or one that could run for ever.
    """
    if not patterns:
        return None
    return sum(_is_found(pattern, answer[:_MAX_CHARS]) for pattern in patterns) / len(patterns)


def number_fidelity(sentences: Sequence[tuple[str, Sequence[str]]]) -> float | None:
    """Return the share of the answer's numbers and dates that stand in what their sentence cites; None for none.

    `sentences` are (sentence, texts that it cites). A number agrees in other units, rounded or in words ('30 days',
    'a month'); articles, fractions and ordinals are not counted.
    """
    held = total = 0
    for text, cited in sentences:
        evidence = [reading for each in cited for reading in read_all(each)]
        for sentence in read_all(_MARKER.sub(" ", text)):
            facts = _facts(sentence)
            total += len(facts)
            held += sum(_has(evidence, fact) for fact in facts)
    return held / total if total else None


def _is_punctuation(character: str) -> bool:
    return character in string.punctuation or unicodedata.category(character).startswith("P")


def _denials(text: str) -> int:
    return sum(1 for _ in DENIAL.finditer(text))


def _shares(wanted: Reading, evidence: Sequence[Reading]) -> float | None:
    facts = _facts(wanted)
    return sum(_has(evidence, fact) for fact in facts) / len(facts) if facts else None


def _facts(sentence: Reading) -> list[Quantity | Moment]:
    return [*(number for number in sentence.numbers if not number.is_plain), *sentence.moments]


def _has(evidence: Sequence[Reading], fact: Quantity | Moment) -> bool:
    if isinstance(fact, Moment):
        return any(_same_moment(fact, other) for each in evidence for other in each.moments)
    return any(agrees(fact, other) for each in evidence for other in each.numbers)


def _same_moment(own: Moment, other: Moment) -> bool:
    """Whether a moment of the evidence supports one: the answer may leave out what the source writes, not add."""
    if own.kind != other.kind:
        return False
    if own.kind != "date":
        return own.number == other.number and own.version == other.version
    if own.period or other.period:
        return own.period == other.period
    pairs = ((own.year, other.year), (own.month, other.month), (own.day, other.day))
    return all(mine is None or mine == theirs for mine, theirs in pairs)


def _is_found(pattern: str, text: str) -> bool:
    # Checked patterns still take up to the fourth power of the length; `re` cannot be stopped.
    import regex

    check_pattern(pattern)
    try:
        return regex.search(pattern, text, timeout=_SEARCH_S) is not None
    except TimeoutError:
        return False
    except regex.error as error:
        raise UsageError(f"{pattern!r} is not a regular expression: {error}.") from error
