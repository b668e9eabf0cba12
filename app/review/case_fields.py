"""A test case as a reviewer writes it: what it says, whether that can be checked, and its line in a case file.

The line is the public format (`{"id", "question", "history"?, "as"?, "reference"?, "facts"?, "must_match"?,
"evidence"?, "unanswerable"?, "tags"}`). Evidence is kept as the document's uri and the quoted words, so that it is
found again when the document is cut into other chunks.
"""

import re
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from core.errors import UsageError

MAX_QUESTION_CHARS = 4000
MAX_TEXT_CHARS = 8000
MAX_PATTERN_CHARS = 200
MAX_ENTRIES = 20
_MAX_OPEN_REPEATS = 3
_MAX_COUNTED = 100
_COUNT = re.compile(r"\{(\d*)(,?)(\d*)\}")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Words of a document that answer the question."""

    uri: str
    quote: str


@dataclass(frozen=True, slots=True)
class CaseFields:
    """A case without its id. `history` are (question, answer) pairs, oldest first; `as_user` is '' for everybody."""

    question: str
    history: tuple[tuple[str, str], ...] = ()
    as_user: str = ""
    reference: str = ""
    facts: tuple[str, ...] = ()
    must_match: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    unanswerable: bool = False
    tags: tuple[str, ...] = ()


def case_line(case_id: str, fields: CaseFields) -> dict[str, Any]:
    """Return a case as the JSON object of a case file; what is empty is left out."""
    line: dict[str, Any] = {"id": case_id, "question": fields.question}
    optional: dict[str, Any] = {
        "history": [{"q": question, "a": answer} for question, answer in fields.history],
        "as": fields.as_user,
        "reference": fields.reference,
        "facts": list(fields.facts),
        "must_match": list(fields.must_match),
        "evidence": [{"uri": entry.uri, "quote": entry.quote} for entry in fields.evidence],
        "unanswerable": fields.unanswerable,
    }
    line.update({name: value for name, value in optional.items() if value})
    return line | {"tags": list(fields.tags)}


def fields_of_line(line: dict[str, Any]) -> CaseFields:
    """Return what a case file's object says; evidence by offsets alone has no quote."""
    return CaseFields(
        question=str(line["question"]),
        history=tuple((turn["q"], turn["a"]) for turn in line.get("history") or ()),
        as_user=line.get("as") or "",
        reference=line.get("reference") or "",
        facts=tuple(line.get("facts") or ()),
        must_match=tuple(line.get("must_match") or ()),
        evidence=tuple(
            Evidence(entry["uri"], entry.get("quote", "")) for entry in line.get("evidence") or ()
        ),
        unanswerable=bool(line.get("unanswerable")),
        tags=tuple(line.get("tags") or ()),
    )


def tidied(fields: CaseFields) -> CaseFields:
    """Return fields without blanks around them and without empty entries."""
    return CaseFields(
        question=fields.question.strip(),
        history=fields.history,
        as_user=fields.as_user.strip().casefold(),
        reference=fields.reference.strip(),
        facts=_entries(fields.facts),
        must_match=_entries(fields.must_match),
        evidence=tuple(
            Evidence(entry.uri.strip(), entry.quote.strip())
            for entry in fields.evidence
            if entry.uri.strip() or entry.quote.strip()
        ),
        unanswerable=fields.unanswerable,
        tags=_entries(fields.tags),
    )


def check_fields(fields: CaseFields) -> None:
    """Let tidied fields pass that make a case which can fail and pass.

    Raises:
        UsageError: the sentence says what to change.
    """
    _check_sizes(fields)
    for pattern in fields.must_match:
        check_pattern(pattern)
    stated = (fields.reference, fields.facts, fields.must_match, fields.evidence)
    if fields.unanswerable and any(stated):
        raise UsageError(
            "A question that the documents do not answer has no reference, facts, patterns or evidence. "
            "Empty them, or say that the documents do answer it."
        )
    if not fields.unanswerable and not any(stated):
        raise UsageError(
            "Nothing in this case could fail. Give a reference, a fact, a pattern or evidence, or say that the "
            "documents do not answer the question."
        )


def check_pattern(pattern: str) -> None:
    """Let a regular expression pass that compiles and cannot run away on a long text.

    Repeated groups and references back are what makes a search take exponentially long, so there are none.

    Raises:
        UsageError: the sentence says what to change.
    """
    if len(pattern) > MAX_PATTERN_CHARS:
        raise UsageError(f"A pattern may have {MAX_PATTERN_CHARS} characters; shorten {pattern!r}.")
    try:
        with warnings.catch_warnings():
            # `[[` is read as a set of sets one day: a case must mean the same then.
            warnings.simplefilter("error", FutureWarning)
            re.compile(pattern)
    except FutureWarning as error:
        raise UsageError(
            f"{pattern!r} can be read in two ways. Put a backslash before brackets and signs that mean themselves."
        ) from error
    except (re.error, RecursionError, OverflowError) as error:
        raise UsageError(f"{pattern!r} is not a regular expression: {error}.") from error
    problem = _runaway(pattern)
    if problem:
        raise UsageError(f"{pattern!r} {problem}")


def _runaway(pattern: str) -> str:
    open_repeats, last, position, is_class = 0, "", 0, False
    while position < len(pattern):
        character = pattern[position]
        if character == "\\":
            if pattern[position + 1 : position + 2] in tuple("123456789"):
                return "refers back to a group, which can take very long. Write the words out."
            last, position = "a", position + 2
            continue
        if is_class or character == "[":
            # `]` as the first character of a class stands for itself.
            is_class = not (is_class and character == "]" and last not in ("[", "^"))
            last = character if is_class else "a"
            position += 1
            continue
        repeat, length = _repeat_at(pattern, position, last)
        if repeat and last == ")":
            return "repeats a group, which can take very long. Write the group out."
        if repeat == "huge":
            return f"repeats more than {_MAX_COUNTED} times. Use a smaller number."
        open_repeats += repeat == "open"
        last, position = character, position + length
    if open_repeats > _MAX_OPEN_REPEATS:
        return f"has more than {_MAX_OPEN_REPEATS} of * and +. Use fewer."
    return "names a group to refer back to. Write the words out." if "(?P=" in pattern else ""


def _repeat_at(pattern: str, position: int, last: str) -> tuple[str, int]:
    """Return what kind of repetition starts here ('', 'counted', 'open' or 'huge'), and its length."""
    character = pattern[position]
    if character in "*+" and last:
        return "open", 1
    counted = _COUNT.match(pattern, position)
    if counted is None or not (counted[1] or counted[3]) or not last:
        return "", 1
    if counted[2] and not counted[3]:
        return "open", len(counted[0])
    most = int(counted[3] or counted[1])
    return "huge" if most > _MAX_COUNTED else "counted", len(counted[0])


def _check_sizes(fields: CaseFields) -> None:
    if not fields.question:
        raise UsageError("A case needs its question.")
    if len(fields.question) > MAX_QUESTION_CHARS:
        raise UsageError(f"The question is longer than {MAX_QUESTION_CHARS:,} characters.")
    lists = {
        "facts": fields.facts,
        "patterns": fields.must_match,
        "pieces of evidence": fields.evidence,
        "tags": fields.tags,
    }
    for name, entries in lists.items():
        if len(entries) > MAX_ENTRIES:
            raise UsageError(f"A case may have {MAX_ENTRIES} {name}; this one has {len(entries)}.")
    texts = (fields.reference, *fields.facts, *(entry.quote for entry in fields.evidence))
    if any(len(text) > MAX_TEXT_CHARS for text in texts):
        raise UsageError(f"A text of this case is longer than {MAX_TEXT_CHARS:,} characters.")


def _entries(texts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
