"""One test case: the line of its file, read, and what is known of it beside the line.

The line is kept as it came, so that a file that is read and written again is the same; fields that Footnote does not
know stay in it.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from app.review.case_fields import CaseFields, check_pattern, fields_of_line
from core.errors import UsageError

Split = Literal["dev", "test", "apart"]
Origin = Literal["flag", "manual", "import", "synthetic"]

_TEXTS = ("as", "reference")
_LISTS = ("facts", "must_match", "tags", "paraphrases")
_MAX_ID_CHARS = 120


@dataclass(frozen=True, slots=True)
class Anchor:
    """Words of a document that answer a case: by their text, their place [start, end) in code points, or both."""

    uri: str
    quote: str = ""
    start: int | None = None
    end: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A case; `line` is the object of its file.

    `split` is 'apart' where a case is about documents of both splits: only a run over all cases asks it. `cluster`
    names the document that it is about; cases of one cluster are never told apart by chance.
    """

    case_id: str
    line: Mapping[str, Any]
    fields: CaseFields
    anchors: tuple[Anchor, ...] = ()
    paraphrases: tuple[str, ...] = ()
    dataset: str = ""
    version: int = 1
    split: Split = "test"
    origin: Origin = "import"
    cluster: str = ""
    source_feedback_id: str = ""
    approved_by: str = ""
    documents: tuple[str, ...] = field(default=())

    @property
    def question(self) -> str:
        """What is asked."""
        return self.fields.question

    @property
    def is_answerable(self) -> bool:
        """Whether the documents answer it."""
        return not self.fields.unanswerable

    @property
    def must_pass(self) -> bool:
        """Whether it was made of an accepted flag: the gate lets none of these fail."""
        return bool(self.source_feedback_id)


def case_of_line(line: Mapping[str, Any], place: str = "The case") -> Case:
    """Return the case that an object of a case file says; `place` begins the sentences about what is wrong.

    Raises:
        UsageError: a field is missing or of another kind; the message names place and field.
    """
    _check_line(line, place)
    anchors = tuple(
        Anchor(entry["uri"], entry.get("quote") or "", entry.get("start"), entry.get("end"))
        for entry in line.get("evidence") or ()
    )
    fields = fields_of_line(dict(line))
    for pattern in fields.must_match:
        try:
            check_pattern(pattern)
        except UsageError as error:
            raise UsageError(f'{place}, field "must_match": {error}') from error
    uris = tuple(dict.fromkeys(anchor.uri for anchor in anchors))
    return Case(
        case_id=line["id"],
        line=line,
        fields=fields,
        anchors=anchors,
        paraphrases=tuple(line.get("paraphrases") or ()),
        cluster=cluster_of(uris, fields.question),
        documents=uris,
    )


def cluster_of(uris: tuple[str, ...], question: str) -> str:
    """Return the cluster of a case: its first document, or its question where no document answers it."""
    if uris:
        return uris[0]
    folded = " ".join(question.casefold().split())
    return f"question:{hashlib.sha256(folded.encode('utf-8', 'replace')).hexdigest()[:12]}"


def cases_hash(cases: tuple[Case, ...] | list[Case]) -> str:
    """Return a hash of what cases say, whatever their order: 16 hex digits."""
    lines = sorted(json.dumps(case.line, ensure_ascii=False, sort_keys=True) for case in cases)
    return hashlib.sha256("\n".join(lines).encode("utf-8", "replace")).hexdigest()[:16]


def _check_line(line: Mapping[str, Any], place: str) -> None:
    if not isinstance(line, dict):
        raise UsageError(f'{place} is no object. Write {{"id": …, "question": …}}.')
    for name in ("id", "question"):
        value = line.get(name)
        if not isinstance(value, str) or not value.strip():
            raise UsageError(f'{place}, field "{name}": it must be a text that is not empty.')
    if len(line["id"]) > _MAX_ID_CHARS or not line["id"].isprintable():
        raise UsageError(
            f'{place}, field "id": it must be printable, of {_MAX_ID_CHARS} characters at most.'
        )
    for name in _TEXTS:
        if not isinstance(_given(line, name, ""), str):
            raise UsageError(f'{place}, field "{name}": it must be a text, it is {line[name]!r}.')
    for name in _LISTS:
        value = _given(line, name, [])
        if not isinstance(value, list) or not all(isinstance(entry, str) for entry in value):
            raise UsageError(f'{place}, field "{name}": it must be a list of texts.')
    if not isinstance(_given(line, "unanswerable", False), bool):
        raise UsageError(f'{place}, field "unanswerable": it must be true or false.')
    _check_turns(_given(line, "history", []), place)
    _check_evidence(_given(line, "evidence", []), place)


def _given(line: Mapping[str, Any], name: str, default: Any) -> Any:
    """Return a field; null is as good as nothing."""
    value = line.get(name)
    return default if value is None else value


def _check_turns(history: Any, place: str) -> None:
    is_fit = isinstance(history, list) and all(
        isinstance(turn, dict) and isinstance(turn.get("q"), str) and isinstance(turn.get("a"), str)
        for turn in history
    )
    if not is_fit:
        raise UsageError(f'{place}, field "history": it must be a list of {{"q": …, "a": …}}.')


def _check_evidence(evidence: Any, place: str) -> None:
    if not isinstance(evidence, list):
        raise UsageError(f'{place}, field "evidence": it must be a list.')
    for number, entry in enumerate(evidence, start=1):
        if not isinstance(entry, dict) or not isinstance(entry.get("uri"), str):
            raise UsageError(f'{place}, field "evidence": entry {number} has no "uri".')
        quote, start, end = entry.get("quote"), entry.get("start"), entry.get("end")
        has_quote = isinstance(quote, str) and bool(quote.strip())
        has_place = _is_place(start, end)
        is_bad = (quote is not None and not isinstance(quote, str)) or (
            (start is not None or end is not None) and not has_place
        )
        if is_bad or not (has_quote or has_place):
            raise UsageError(
                f'{place}, field "evidence": entry {number} needs the words as "quote", or their place as "start" and '
                '"end" (whole numbers, start before end).'
            )


def _is_place(start: Any, end: Any) -> bool:
    is_whole = all(isinstance(at, int) and not isinstance(at, bool) for at in (start, end))
    return is_whole and 0 <= start < end
