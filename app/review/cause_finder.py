"""Gathers what a root cause follows from: claims against passages, and where the words stand that would be right.

Its work takes a part of a second, so it is done once for each flag, when somebody opens it, and kept in `review_items`.
The whole knowledge base is searched for what would be right, also what the asker may not read: `first_readable` decides
who is told of it.
"""

import json
import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from app.review.root_cause import (
    Cell,
    ClaimRow,
    Facts,
    Place,
    RightWords,
    Suggestion,
    suggestions,
)
from core.answers import Answer, Caller, Claim, Hit
from core.function_words import content_words
from core.grounding import EvidenceText
from core.injection import document_words, suspicions
from core.ports import GroundingChecker
from index.catalogue import Catalogue
from index.permissions import administrator, may_read

_MOST_CLAIMS, _MOST_PASSAGES, _MOST_HITS = 4, 8, 8
_COVERED = 0.8
_WORD = re.compile(r"\w+")


class Search(Protocol):
    """Finds passages; see `index.retriever.HybridRetriever.retrieve`."""

    def __call__(
        self, query: str, caller: Caller, top_k: int, doc_ids: frozenset[str] | None = None
    ) -> list[Hit]:
        """Return the best hits among what the caller may read."""


@dataclass(frozen=True, slots=True)
class CauseParts:
    """What looking for a cause needs beside the flag itself."""

    search: Search
    checker: GroundingChecker


OpenParts = Callable[[], CauseParts | None]
"""Opens them when they are first needed; None where nothing can be searched."""


@dataclass(frozen=True, slots=True)
class FlagFacts:
    """What somebody flagged: the answer and its trace then, who asked, and what would be right."""

    answer: Answer
    trace: Mapping[str, Any]
    asker: Caller
    category: str
    span: tuple[int, int] | None
    target: str
    target_ref: str
    correction: str
    correction_source: str


@dataclass(frozen=True, slots=True)
class Cause:
    """The suggestions for a flag, the likeliest first, with the claims and passages that they follow from."""

    suggestions: tuple[Suggestion, ...]
    claims: tuple[ClaimRow, ...]


def find_cause(flag: FlagFacts, parts: CauseParts, catalogue: Catalogue) -> Cause:
    """Return the probable causes of a flag."""
    packed = [p for p in flag.trace.get("passages", ()) if p.get("packed", True)]
    packed = packed[:_MOST_PASSAGES]
    claims = _claims_under(flag)
    rows = tuple(_row(claim, packed, parts.checker, flag.answer.question) for claim in claims)
    facts = Facts(
        status=flag.answer.status,
        category=flag.category,
        claims=rows,
        right=_right_words(flag, packed, parts, catalogue),
        is_corrected=bool(flag.correction or flag.correction_source),
        marked=_marked(flag, claims, catalogue),
    )
    return Cause(suggestions(facts), rows)


def cause_to_json(cause: Cause) -> str:
    """Return a cause as it is stored."""
    return json.dumps(asdict(cause), ensure_ascii=False)


def cause_from_json(stored: str) -> Cause | None:
    """Return a stored cause, None where none was looked for yet."""
    found = json.loads(stored or "{}")
    if "suggestions" not in found:
        return None
    return Cause(
        tuple(Suggestion(**each) for each in found["suggestions"]),
        tuple(
            ClaimRow(row["start"], row["end"], tuple(Cell(**cell) for cell in row["cells"]))
            for row in found["claims"]
        ),
    )


# --- claims against passages ------------------------------------------------------------------------------


def _claims_under(flag: FlagFacts) -> Sequence[Claim]:
    """Return the claims that a flag is about: those doubted first where it is about the whole answer."""
    claims = [claim for claim in flag.answer.claims if claim.verdict != "unchecked"]
    claims = claims or list(flag.answer.claims)
    if flag.span is not None:
        start, end = flag.span
        claims = [claim for claim in claims if claim.start < end and start < claim.end]
    elif flag.target == "citation":
        cited = [claim for claim in claims if flag.target_ref in map(str, claim.citations)]
        claims = cited or claims
    doubted = [claim for claim in claims if claim.verdict != "supported"]
    return (doubted or claims)[:_MOST_CLAIMS]


def _row(
    claim: Claim, passages: Sequence[Mapping[str, Any]], checker: GroundingChecker, question: str
) -> ClaimRow:
    cells = []
    for place, passage in enumerate(passages):
        report = checker.check(claim.text, [_evidence(place, passage)], question)
        verdicts = [found.verdict for found in report.claims]
        scores = [found.score for found in report.claims]
        cells.append(
            Cell(
                place,
                _worst(verdicts),
                round(min(scores, default=0.0), 3),
                is_verbatim=_folded(claim.text) in _folded(str(passage["text"])),
            )
        )
    return ClaimRow(claim.start, claim.end, tuple(cells))


def _worst(verdicts: Sequence[Any]) -> Any:
    order = ("contradicted", "unsupported", "partial", "supported")
    return next((verdict for verdict in order if verdict in verdicts), "unchecked")


def _evidence(place: int, passage: Mapping[str, Any]) -> EvidenceText:
    return EvidenceText(str(place), str(passage["text"]))


def _folded(text: str) -> str:
    return " ".join(_WORD.findall(text.casefold()))


# --- what would be right ----------------------------------------------------------------------------------


def _right_words(
    flag: FlagFacts, packed: Sequence[Mapping[str, Any]], parts: CauseParts, catalogue: Catalogue
) -> tuple[RightWords, ...]:
    """Return the passages that say what would be right, one a place, with where they were."""
    is_wanted = flag.answer.status != "answered" or flag.category == "should_have_answered"
    if not (flag.correction or flag.correction_source or is_wanted):
        return ()
    found: dict[Place, RightWords] = {}
    if flag.correction:
        for place, passage in enumerate(packed):
            if _says(flag, _evidence(place, passage), parts.checker):
                words = RightWords(
                    passage["doc_id"], passage.get("title") or passage["uri"], "packed"
                )
                return (words,)
    for hit in _hits(flag, parts, catalogue):
        if not _says_so(flag, hit, parts.checker):
            continue
        readable = may_read(flag.asker, _access(catalogue, hit.document.doc_id))
        place_of_hit = _place(flag, hit, is_readable=readable)
        found.setdefault(
            place_of_hit, RightWords(hit.document.doc_id, hit.document.title, place_of_hit)
        )
    return tuple(found.values())


def _hits(flag: FlagFacts, parts: CauseParts, catalogue: Catalogue) -> Sequence[Hit]:
    """Return what the whole knowledge base has on the question and what would be right."""
    query = " ".join((flag.answer.question, flag.correction)).strip()
    everybody = administrator()
    named = flag.correction_source.strip()
    doc_ids = {record.doc_id for record in catalogue.find_documents(named)} if named else set()
    hits = parts.search(query, everybody, _MOST_HITS, frozenset(doc_ids)) if doc_ids else []
    if not doc_ids:
        # What the asker finds comes first: the best of everything may all be what this person may not read.
        hits = [
            *parts.search(query, flag.asker, _MOST_HITS),
            *parts.search(query, everybody, _MOST_HITS),
        ]
    return list({hit.chunk_id: hit for hit in hits}.values())


def _says_so(flag: FlagFacts, hit: Hit, checker: GroundingChecker) -> bool:
    if flag.correction:
        return _says(flag, EvidenceText(hit.chunk_id, hit.text, hit.section), checker)
    if flag.correction_source:
        return hit.rank == 1
    asked = _words(flag.answer.question)
    had = _words(f"{hit.document.title} {' '.join(hit.section)} {hit.text}")
    return bool(asked) and len(asked & had) / len(asked) >= _COVERED


def _says(flag: FlagFacts, evidence: EvidenceText, checker: GroundingChecker) -> bool:
    if _folded(flag.correction) in _folded(evidence.text):
        return True
    report = checker.check(flag.correction, [evidence], flag.answer.question)
    return bool(report.claims) and all(claim.verdict == "supported" for claim in report.claims)


def _place(flag: FlagFacts, hit: Hit, *, is_readable: bool) -> Place:
    if not is_readable:
        return "not_readable"
    for passage in flag.trace.get("passages", ()):
        if _overlap(passage, hit):
            return "packed" if passage.get("packed", True) else "left_out"
    fetched = any(_overlap(other, hit) for other in flag.trace.get("hits", ()))
    return "left_out" if fetched else "not_fetched"


def _overlap(entry: Mapping[str, Any], hit: Hit) -> bool:
    if entry.get("doc_id") != hit.document.doc_id:
        return False
    start, end = int(entry.get("start", 0)), int(entry.get("end", 0))
    shared = min(end, hit.end) - max(start, hit.start)
    return shared * 2 >= hit.end - hit.start


def _access(catalogue: Catalogue, doc_id: str) -> Collection[str]:
    record = catalogue.records([doc_id]).get(doc_id)
    return record.access if record else ()


def _words(text: str) -> frozenset[str]:
    return frozenset(_WORD.findall(content_words(text).casefold()))


# --- orders to an assistant -------------------------------------------------------------------------------


def _marked(flag: FlagFacts, claims: Sequence[Claim], catalogue: Catalogue) -> tuple[str, ...]:
    """Return the titles of cited documents whose passages speak to an assistant; blanked sentences count as well."""
    markers = {marker for claim in claims for marker in claim.citations}
    cited = {
        citation.document.doc_id
        for citation in flag.answer.citations
        if not markers or citation.marker in markers
    }
    titles: dict[str, None] = {}
    records = catalogue.records(cited)
    for passage in flag.trace.get("passages", ()):
        doc_id = passage["doc_id"]
        if doc_id not in cited:
            continue
        text = str(passage["text"])
        record = records.get(doc_id)
        if record is not None and record.version == passage["version"]:
            whole = catalogue.document_text(doc_id)[0]
            found = suspicions(whole[passage["start"] : passage["end"]], document_words(whole))
        else:
            found = suspicions(text)
        if found:
            titles[passage.get("title") or passage["uri"]] = None
    return tuple(titles)
