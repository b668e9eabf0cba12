"""Asks a language model about the claims that the plain checker could not settle by itself; the same port.

The plain checker goes first. Quotations and what states nothing keep its verdict; so does a claim that it found to
contradict a passage, because a model that is talked into agreeing must not hide that. Whatever goes wrong with the model,
the plain report stands.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, get_args

from core.answers import Verdict
from core.errors import ModelFailure
from core.generation import ChatMessage
from core.grounding import CheckedClaim, EvidenceText, GroundingReport
from core.log import get_logger
from core.ports import GroundingChecker, LanguageModel
from prompts.library import PromptTemplate, load_template

_log = get_logger(__name__)

_SCORES: dict[Verdict, float] = {
    "supported": 0.95,
    "partial": 0.5,
    "unsupported": 0.1,
    "contradicted": 0.02,
}
"""What a judge's verdict is worth as a probability: it gives none itself."""
_QUOTED = 0.99
_MAX_CLAIMS, _MAX_PASSAGE_CHARS, _MAX_REASON_CHARS = 60, 24_000, 200
_TOKENS_A_CLAIM = 60
_MAX_REPLY_CHARS = 50_000


@dataclass(frozen=True, slots=True)
class _Judgement:
    verdict: Verdict
    reason: str


class JudgedChecker:
    """A checker that has a language model judge claims; see `core.ports.GroundingChecker`."""

    def __init__(
        self,
        plain: GroundingChecker,
        model: LanguageModel,
        template: PromptTemplate | None = None,
    ) -> None:
        """Judge with the shipped template, or with another one that has its placeholders."""
        self._plain = plain
        self._model = model
        self._template = template or load_template("claim_judge")

    def check(
        self, answer: str, passages: Sequence[EvidenceText], question: str = ""
    ) -> GroundingReport:
        """Return the plain report with the model's verdicts; the plain one if the model does not answer as asked."""
        report = self._plain.check(answer, passages, question)
        asked = [number for number, claim in enumerate(report.claims) if is_open(claim)]
        asked = asked[:_MAX_CLAIMS]
        if not asked or not passages:
            return report
        try:
            reply = self._ask(
                [answer[report.claims[n].start : report.claims[n].end] for n in asked], passages
            )
        except ModelFailure as failure:
            _log.warning("claims_not_judged", reason=failure.kind)
            return report
        judgements = read_reply(reply, len(asked))
        if not judgements:
            _log.warning("claims_not_judged", reason="malformed")
            return report
        claims = list(report.claims)
        for place, judgement in judgements.items():
            claims[asked[place]] = _judged(claims[asked[place]], judgement)
        return report_of(claims)

    def _ask(self, claims: Sequence[str], passages: Sequence[EvidenceText]) -> str:
        shown = "\n\n".join(f"({n}) {passage.text}" for n, passage in enumerate(passages, start=1))
        prompt = self._template.render(
            boundary=secrets.token_hex(8),
            passages=shown[:_MAX_PASSAGE_CHARS],
            claims="\n".join(
                f"{n}. {' '.join(text.split())}" for n, text in enumerate(claims, start=1)
            ),
        )
        pieces: list[str] = []
        length = 0
        for piece in self._model.stream(
            [ChatMessage("user", prompt)], _TOKENS_A_CLAIM * (len(claims) + 1)
        ):
            if isinstance(piece, str):
                pieces.append(piece)
                length += len(piece)
                if length > _MAX_REPLY_CHARS:
                    break
        return "".join(pieces)


def is_open(claim: CheckedClaim) -> bool:
    """Tell a claim that a stronger checker may judge anew: no quotation, no contradiction, something stated."""
    return claim.verdict not in ("unchecked", "contradicted") and claim.score < _QUOTED


def report_of(claims: Sequence[CheckedClaim]) -> GroundingReport:
    """Return the report on an answer of which every claim has its verdict: as bad as its worst claim."""
    checked = [claim for claim in claims if claim.verdict != "unchecked"]
    worst = min((claim.score for claim in checked), default=1.0)
    grounded = all(claim.verdict == "supported" for claim in checked)
    return GroundingReport(round(1 - worst, 4), grounded, tuple(claims))


def read_reply(reply: str, count: int) -> dict[int, _Judgement]:
    """Return what a reply says of claims, by their places from 0; what is not as asked for is left out."""
    start, end = reply.find("["), reply.rfind("]")
    if not 0 <= start < end:
        return {}
    try:
        rows = json.loads(reply[start : end + 1])
    except (ValueError, RecursionError):
        return {}
    found: dict[int, _Judgement] = {}
    for row in rows if isinstance(rows, list) else []:
        place = _place(row, count)
        if place is not None and place not in found:
            reason = row.get("reason")
            text = " ".join(reason.split())[:_MAX_REASON_CHARS] if isinstance(reason, str) else ""
            found[place] = _Judgement(row["verdict"], text)
    return found


def _place(row: Any, count: int) -> int | None:
    if not isinstance(row, dict) or row.get("verdict") not in get_args(Verdict):
        return None
    number = row.get("claim")
    if not isinstance(number, int) or isinstance(number, bool) or row["verdict"] == "unchecked":
        return None
    return number - 1 if 1 <= number <= count else None


def _judged(claim: CheckedClaim, judgement: _Judgement) -> CheckedClaim:
    reasons = (judgement.reason,) if judgement.reason else claim.reasons
    return replace(
        claim, verdict=judgement.verdict, score=_SCORES[judgement.verdict], reasons=reasons
    )
