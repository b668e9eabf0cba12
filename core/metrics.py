"""Every metric's name, what it means, which way is better, and how much worse a change may make it.

A name is in lower case with underscores, and carries k and the unit where there is one: `recall@10_chunk`. A metric
that asks a checker ends in the checker's name: `groundedness_footnote_checker`.

The margins are for non-inferiority: a change passes if the interval of 95 % of its difference stays above minus
the margin (below it where less is better). They are conventions, not measurements: on retrieval 2 to 3 points, which
is about what intervals of a few hundred questions can tell and less than a reader notices; 2 points where a user is
misled (unsupported sentences, wrong numbers), 3 where help is lost (refusals, missing facts), and for latency and
cost what a budget forgives, 20 % and 10 %. `margin` None: reported, and never blocks.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Literal

Direction = Literal["up", "down", "none"]
Kind = Literal["invariant", "quality", "operation", "report"]

_CHECKED = ("citation_recall", "citation_precision", "groundedness")
_AT_K = re.compile(r"(?P<stem>[a-z]+)@(?P<k>[1-9]\d*)_(?P<unit>chunk|document)\Z")


@dataclass(frozen=True, slots=True)
class MetricInfo:
    """One metric; `direction` says which way is better, `unit` is 'share', 'ms', 'usd' or 'count'.

    An 'invariant' holds in every case or the gate blocks; 'quality' and 'operation' may not get worse by more than
    `margin`, in the metric's own unit or, with `margin_is_share`, as a share of the value before; a 'report' is
    shown and decides nothing.
    """

    name: str
    title: str
    description: str
    direction: Direction
    kind: Kind
    margin: float | None
    unit: str
    margin_is_share: bool = False


def metric_info(name: str) -> MetricInfo:
    """Return what is known of a metric, with any k and any checker; one that nobody defined is only reported."""
    if name in METRICS:
        return METRICS[name]
    at_k = _AT_K.match(name)
    if at_k and f"{at_k['stem']}@10_{at_k['unit']}" in METRICS:
        known = METRICS[f"{at_k['stem']}@10_{at_k['unit']}"]
        return replace(
            known,
            name=name,
            title=known.title.replace("@10", f"@{at_k['k']}"),
            description=known.description.replace("first 10", f"first {at_k['k']}"),
        )
    for stem in _CHECKED:
        if name.startswith(f"{stem}_"):
            return replace(METRICS[f"{stem}_footnote_checker"], name=name)
    return MetricInfo(name, name.replace("_", " "), "", "none", "report", None, "")


def worse_by(info: MetricInfo, before: float, after: float) -> float:
    """Return how much worse `after` is in the metric's direction, as `margin` counts it; negative for better.

    With no direction nothing is worse. A share of a value that was 0 is 0 for no change and infinite for any.
    """
    if info.direction == "none":
        return 0.0
    loss = before - after if info.direction == "up" else after - before
    if not info.margin_is_share or not loss:
        return loss
    return loss / before if before else (float("inf") if loss > 0 else float("-inf"))


def _retrieval(unit: str) -> tuple[MetricInfo, ...]:
    plural = "chunks" if unit == "chunk" else "documents"

    def at_10(
        stem: str, title: str, text: str, margin: float | None, kind: Kind = "quality"
    ) -> MetricInfo:
        return MetricInfo(
            f"{stem}@10_{unit}", f"{title}@10 ({plural})", text, "up", kind, margin, "share"
        )

    return (
        at_10("hit", "Hit", f"1 if any relevant {unit} is among the first 10.", 0.02),
        at_10("recall", "Recall", f"Share of the relevant {plural} among the first 10.", 0.02),
        at_10(
            "precision",
            "Precision",
            f"Relevant {plural} among the first 10, divided by 10. Its ceiling is low where little is relevant.",
            None,
            "report",
        ),
        at_10(
            "mrr", "MRR", f"1 / rank of the first relevant {unit}, 0 if none in the first 10.", 0.03
        ),
        at_10(
            "ndcg",
            "nDCG",
            f"Discounted gain of the first 10 {plural} over that of the best order; linear gain, as trec_eval.",
            0.02,
        ),
        at_10("map", "MAP", f"Average precision over the first 10 {plural}.", 0.03),
        at_10(
            "context_precision",
            "Context precision",
            f"Average precision over the relevant {plural} that were retrieved (Ragas); read it with recall.",
            None,
            "report",
        ),
    )


def _quality(
    name: str, title: str, description: str, margin: float | None, direction: Direction = "up"
) -> MetricInfo:
    kind: Kind = "quality" if margin is not None else "report"
    return MetricInfo(name, title, description, direction, kind, margin, "share")


def _operation(name: str, title: str, description: str, margin: float, unit: str) -> MetricInfo:
    return MetricInfo(name, title, description, "down", "operation", margin, unit, unit != "share")


_ALL = (
    *_retrieval("chunk"),
    *_retrieval("document"),
    _quality(
        "context_span_recall",
        "Context span recall",
        "Share of the gold words' characters that the retrieved spans cover, whatever the chunks' size.",
        0.03,
    ),
    _quality(
        "packing_loss",
        "Packing loss",
        "Recall of what was retrieved minus recall of what the generator was shown.",
        0.02,
        "down",
    ),
    MetricInfo(
        "citation_validity",
        "Citation validity",
        "Share of the cited markers that name a passage which the generator was shown. Must be 1.",
        "up",
        "invariant",
        0.0,
        "share",
    ),
    _quality(
        "citation_coverage",
        "Citation coverage",
        "Share of the factual sentences that have a citation.",
        0.03,
    ),
    _quality(
        "citation_recall_footnote_checker",
        "Citation recall (Footnote's checker)",
        "Share of the sentences that their citations, taken together, support (ALCE).",
        0.03,
    ),
    _quality(
        "citation_precision_footnote_checker",
        "Citation precision (Footnote's checker)",
        "Share of the citations that their sentence needs or that support it alone (ALCE).",
        0.03,
    ),
    _quality(
        "evidence_cited",
        "Evidence cited",
        "Share of the expected evidence that a citation covers half of, or lies half in.",
        0.03,
    ),
    _quality(
        "quoted_span_match",
        "Quoted words found",
        "Share of the quotations of 3 words or more that stand in the document they are cited from.",
        0.02,
    ),
    _quality(
        "groundedness_footnote_checker",
        "Groundedness (Footnote's checker)",
        "Share of the answer's claims that the checker found supported.",
        0.02,
    ),
    _quality(
        "answer_em", "Exact match", "1 if the answer is the reference, once normalised.", 0.03
    ),
    _quality(
        "answer_f1", "Token F1", "Overlap of the answer's and the reference's words (SQuAD).", 0.03
    ),
    _quality(
        "str_em",
        "Short answers found",
        "Share of the reference's short answers in the answer.",
        0.03,
    ),
    _quality(
        "fact_match", "Facts found", "Share of the expected facts that the answer states.", 0.03
    ),
    _quality(
        "regex_match",
        "Patterns found",
        "Share of the required patterns that the answer matches.",
        0.03,
    ),
    _quality(
        "number_fidelity",
        "Number fidelity",
        "Share of the answer's numbers that stand in the text it cites.",
        0.02,
    ),
    _quality(
        "abstention_correct",
        "Answered or refused rightly",
        "1 if it answered what the documents answer, or refused what they do not.",
        0.03,
    ),
    _quality(
        "false_refusal",
        "False refusals",
        "1 if it refused a question that the documents answer.",
        0.03,
        "down",
    ),
    _quality(
        "abstention_recall",
        "Refusals of the unanswerable",
        "1 if it refused a question that the documents do not answer.",
        0.03,
    ),
    _quality(
        "consistency_f1",
        "Consistency of words",
        "Mean token F1 between each two answers to the same question, asked again or in other words.",
        0.05,
    ),
    _quality(
        "consistency_citations",
        "Consistency of citations",
        "Mean share of cited passages that each two answers to the same question have in common.",
        0.05,
    ),
    _operation("latency_ms", "Latency", "From the question to the whole answer.", 0.2, "ms"),
    _operation("first_token_ms", "First words", "From the question to the first words.", 0.2, "ms"),
    _operation(
        "cost_usd", "Cost", "What the model's tokens cost, by the configured prices.", 0.1, "usd"
    ),
    _operation("error", "Errors", "1 if the question ended in an error.", 0.02, "share"),
)
METRICS: Mapping[str, MetricInfo] = MappingProxyType({info.name: info for info in _ALL})
