"""Measures one answered case: every metric that applies to it, with the reason for each that does not.

What can be said without a reference is said of every answer; a refused question has no citations to measure. Where a
question that the documents answer was refused, what the answer should have said counts as missing. The checker that
judges support is always the shipped one, whatever the variant answers with, so that runs can be compared.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.grounding.checker import ClaimChecker
from core.answers import Citation
from core.grounding import EvidenceText
from evals.cases.case import Case
from evals.metrics.citations import (
    CitedSentence,
    Entails,
    citation_coverage,
    citation_scores,
    citation_validity,
    quoted_spans,
)
from evals.metrics.consistency import consistency_citations, consistency_f1
from evals.metrics.retrieval import (
    TextSpan,
    average_precision,
    context_precision,
    context_span_recall,
    hit,
    ndcg,
    packing_loss,
    precision,
    recall,
    recall_by_anchor,
    reciprocal_rank,
    relevant_by_anchor,
)
from evals.metrics.texts import (
    best_token_f1,
    exact_match,
    fact_match,
    number_fidelity,
    regex_match,
    str_em,
)
from evals.running.asking import HITS, Asked
from evals.running.gold import Gold, overlap
from index.catalogue import Catalogue

CHECKER = "footnote_checker"
_RANKED = {
    "hit": hit,
    "recall": recall,
    "precision": precision,
    "mrr": reciprocal_rank,
    "ndcg": ndcg,
    "map": average_precision,
    "context_precision": context_precision,
}

Values = dict[str, float | None]


@dataclass(frozen=True, slots=True)
class Scored:
    """One answer's values; `details` say why a value is None, or what went wrong."""

    values: Values
    details: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def failed(cls, message: str) -> "Scored":
        """Return what is stored of a question that ended in an error."""
        return cls({"error": 1.0}, {"error": {"message": message}})

    def joined(self, other: "Scored") -> "Scored":
        """Return both together."""
        return Scored(self.values | other.values, self.details | other.details)


class Scorer:
    """Measures answers that were made from one catalogue."""

    def __init__(self, catalogue: Catalogue, checker: ClaimChecker) -> None:
        self._catalogue = catalogue
        self._checker = checker

    def scored(self, case: Case, asked: Asked, gold: Gold) -> Scored:
        """Return everything that one answer to a case is measured by."""
        parts = (
            self._operations(asked),
            _abstention(case, asked),
            _retrieval(case, asked, gold),
            self._citations(asked),
            _evidence_cited(asked, gold),
            _text(case, asked),
        )
        whole = Scored({})
        for part in parts:
            whole = whole.joined(part)
        return whole

    def consistency(self, answers: Sequence[Asked | str]) -> Scored:
        """Return how much the answers to one question agree; nothing for fewer than two."""
        given = [asked for asked in answers if not isinstance(asked, str)]
        if len(given) < 2:
            return Scored({})
        texts = [asked.answer.text for asked in given]
        cited = [{citation.chunk_id for citation in asked.answer.citations} for asked in given]
        return Scored(
            {
                "consistency_f1": consistency_f1(texts),
                "consistency_citations": consistency_citations(cited),
            }
        )

    @staticmethod
    def _operations(asked: Asked) -> Scored:
        answer = asked.answer
        details: dict[str, dict[str, Any]] = {}
        if asked.first_token_ms is None:
            details["first_token_ms"] = {"why": "The answer has no words."}
        is_error = answer.status == "error"
        if is_error:
            details["error"] = {"message": "The answer says that something went wrong."}
        values: Values = {
            "error": float(is_error),
            "latency_ms": answer.timings_ms.get("total", asked.took_ms),
            "first_token_ms": asked.first_token_ms,
            "cost_usd": answer.cost_usd,
        }
        return Scored(values, details)

    def _citations(self, asked: Asked) -> Scored:
        answer = asked.answer
        names = (
            "citation_validity",
            "citation_coverage",
            f"citation_recall_{CHECKER}",
            f"citation_precision_{CHECKER}",
            "quoted_span_match",
            f"groundedness_{CHECKER}",
            "number_fidelity",
        )
        if answer.status != "answered":
            return _none(names, "It did not answer, so nothing is cited.")
        shown = _Shown(asked)
        claims = [claim for claim in answer.claims if claim.verdict != "unchecked"]
        sentences = [CitedSentence(claim.text, claim.citations) for claim in claims]
        cited = [marker for claim in answer.claims for marker in claim.citations]
        alce = citation_scores(sentences, shown.texts, self._entails(answer.question))
        values: Values = {
            "citation_validity": citation_validity(cited, shown.texts),
            "citation_coverage": citation_coverage(sentences),
            f"citation_recall_{CHECKER}": alce.recall if alce else None,
            f"citation_precision_{CHECKER}": alce.precision if alce else None,
            "quoted_span_match": quoted_spans(sentences, shown.texts).match,
            f"groundedness_{CHECKER}": self._groundedness(asked, shown),
            "number_fidelity": number_fidelity(
                [
                    (each.text, [shown.texts.get(m, "") for m in each.citations])
                    for each in sentences
                ]
            ),
        }
        return _with_reasons(
            values,
            {
                "citation_validity": "It cites nothing.",
                "quoted_span_match": "It quotes nothing.",
                "number_fidelity": "It has no number.",
            },
            "It states nothing that could be checked.",
        )

    def _groundedness(self, asked: Asked, shown: "_Shown") -> float | None:
        report = self._checker.check(asked.answer.text, shown.passages, asked.trace["query"])
        judged = [claim for claim in report.claims if claim.verdict != "unchecked"]
        return (
            sum(claim.verdict == "supported" for claim in judged) / len(judged) if judged else None
        )

    def _entails(self, question: str) -> Entails:
        def entails(passages: Sequence[str], sentence: str) -> bool:
            texts = [EvidenceText(str(number), text) for number, text in enumerate(passages, 1)]
            claims = self._checker.check(sentence, texts, question).claims
            judged = [claim for claim in claims if claim.verdict != "unchecked"]
            return all(claim.verdict == "supported" for claim in judged)

        return entails


class _Shown:
    """What the generator was shown: `passages`, and `texts` by the markers of the citations that lie in them."""

    def __init__(self, asked: Asked) -> None:
        # Without documents, what the search would have found is what an answer is checked against.
        is_closed = asked.trace.get("closed_book", False)
        packed = [each for each in asked.trace["passages"] if each["packed"] or is_closed]
        sections = {found.chunk_id: found.section for found in asked.hits}
        self.passages = [
            EvidenceText(str(each["marker"]), each["text"], sections.get(each["chunk_id"], ()))
            for each in packed
        ]
        self.texts: dict[int, str] = {}
        for citation in asked.answer.citations:
            inside = [each["text"] for each in packed if _lies_in(citation, each)]
            if inside:
                self.texts[citation.marker] = inside[0]


def _lies_in(citation: Citation, passage: Mapping[str, Any]) -> bool:
    is_inside: bool = passage["start"] <= citation.start and citation.end <= passage["end"]
    return is_inside and citation.document.doc_id == passage["doc_id"]


def _abstention(case: Case, asked: Asked) -> Scored:
    if asked.answer.status == "error":
        return _none(("abstention_correct",), "The answer says that something went wrong.")
    has_refused = asked.answer.status == "abstained"
    if case.is_answerable:
        return Scored(
            {"abstention_correct": float(not has_refused), "false_refusal": float(has_refused)}
        )
    return Scored(
        {"abstention_correct": float(has_refused), "abstention_recall": float(has_refused)}
    )


def _retrieval(case: Case, asked: Asked, gold: Gold) -> Scored:
    names = [f"{stem}@{HITS}_{unit}" for unit in ("chunk", "document") for stem in _RANKED]
    names += ["context_span_recall", "packing_loss"]
    if not case.anchors:
        return Scored({})
    if asked.trace.get("closed_book"):
        return _none(names, "It was answered without documents.")
    if gold.is_gone:
        return _none(names, " ".join(gold.notes))
    spans = [TextSpan(doc_id, start, end) for doc_id, start, end in gold.spans]
    anchored = relevant_by_anchor(
        [TextSpan(found.document.doc_id, found.start, found.end) for found in asked.hits], spans
    )
    documents = [found.document.doc_id for found in asked.hits]
    values: Values = {}
    for stem, metric in _RANKED.items():
        values[f"{stem}@{HITS}_chunk"] = metric(anchored.ranked, anchored.relevant, HITS)
        values[f"{stem}@{HITS}_document"] = metric(documents, gold.doc_ids, HITS)
    values[f"recall@{HITS}_chunk"] = recall_by_anchor(anchored, len(spans), HITS)
    read = asked.trace["passages"]
    fetched = [_span(each) for each in (*read, *asked.trace["hits"])]
    of_fetched = context_span_recall(fetched, spans)
    of_packed = context_span_recall([_span(each) for each in read if each["packed"]], spans)
    values["context_span_recall"] = of_fetched
    values["packing_loss"] = packing_loss(of_fetched, of_packed)
    return Scored(values)


def _evidence_cited(asked: Asked, gold: Gold) -> Scored:
    """The share of the evidence that a citation has at least half of, or lies at least half in."""
    if not gold.resolved:
        return Scored({})
    if gold.is_gone:
        return _none(("evidence_cited",), " ".join(gold.notes))
    if asked.answer.status != "answered":
        return _none(("evidence_cited",), "It did not answer, so nothing is cited.")
    found = [
        any(
            citation.document.doc_id == doc_id
            and 2 * overlap((start, end), (citation.start, citation.end))
            >= max(1, min(end - start, citation.end - citation.start))
            for citation in asked.answer.citations
        )
        for doc_id, start, end in gold.spans
    ]
    return Scored({"evidence_cited": sum(found) / len(found)})


def _text(case: Case, asked: Asked) -> Scored:
    fields, text = case.fields, asked.answer.text
    if fields.unanswerable:
        return Scored({})
    references = [fields.reference] if fields.reference else []
    values: Values = {}
    if references:
        values |= {"answer_em": exact_match(text, references)}
        values |= {"answer_f1": best_token_f1(text, references)}
    if fields.facts:
        values |= {"str_em": str_em(text, [[fact] for fact in fields.facts])}
        values |= {"fact_match": fact_match(text, fields.facts)}
    if fields.must_match:
        values["regex_match"] = regex_match(text, fields.must_match)
    if asked.answer.status != "answered":
        # What it says it searched may well have the words that were asked for.
        why = {"why": "It did not answer, so what should have been said is missing."}
        return Scored(dict.fromkeys(values, 0.0), dict.fromkeys(values, why))
    return Scored(values)


def _span(place: Mapping[str, Any]) -> TextSpan:
    return TextSpan(place["doc_id"], place["start"], place["end"])


def _none(names: Sequence[str], why: str) -> Scored:
    return Scored(dict.fromkeys(names), {name: {"why": why} for name in names})


def _with_reasons(values: Values, reasons: Mapping[str, str], other: str) -> Scored:
    details = {
        name: {"why": reasons.get(name, other)} for name, value in values.items() if value is None
    }
    return Scored(values, details)
