"""A stored run as one caller may see it: cases about documents that the caller may not read are left out, counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from core.answers import Caller
from evals.comparing.comparison import ComparedRun
from evals.running.run_log import CaseAnswer, CaseScores, RunLog, RunRecord
from index.catalogue import Catalogue
from index.permissions import may_read


@dataclass(frozen=True, slots=True)
class ScoredRun:
    """One run. `answers` has each case's repeats in order; `hidden` cases are in nothing else here."""

    record: RunRecord
    scores: tuple[CaseScores, ...]
    answers: Mapping[str, tuple[CaseAnswer, ...]]
    hidden: int

    @property
    def questions(self) -> Mapping[str, str]:
        """Each case's question."""
        return {
            case: str(found[0].content.get("case", {}).get("question", ""))
            for case, found in self.answers.items()
        }

    def compared(self) -> ComparedRun:
        """Return what comparing needs; a metric that does not apply to a case has no value there."""
        values: dict[str, dict[str, Sequence[float]]] = {}
        for scores in self.scores:
            for metric, repeats in scores.values.items():
                known = [value for value in repeats if value is not None]
                if known:
                    values.setdefault(metric, {})[scores.case_id] = known
        return ComparedRun(
            self.record.run_id,
            self.record.variant,
            self.record.dataset,
            self.record.is_finished,
            values,
            {
                case: int(found[0].content.get("case_version", 1))
                for case, found in self.answers.items()
            },
            {scores.case_id: scores.cluster for scores in self.scores if scores.cluster},
        )


class CaseSight:
    """Which cases of runs one caller may see: those whose every document the caller may read as it is now."""

    def __init__(self, catalogue: Catalogue, caller: Caller) -> None:
        self._catalogue = catalogue
        self._caller = caller
        self._known: dict[str, bool] = {}

    def may_see(self, content: Mapping[str, Any]) -> bool:
        """Whether a stored answer of a case is this caller's to see; a document that is gone is nobody's."""
        return self._caller.is_admin or all(self._reads(uri) for uri in documents_of(content))

    def _reads(self, uri: str) -> bool:
        if uri not in self._known:
            records = self._catalogue.find_documents(uri)
            self._known[uri] = bool(records) and all(
                may_read(self._caller, record.access) for record in records
            )
        return self._known[uri]


def documents_of(content: Mapping[str, Any]) -> frozenset[str]:
    """Return the addresses of all documents that a stored answer of a case is about, found or quoted."""
    case, answer = content.get("case") or {}, content.get("answer") or {}
    named = [entry.get("uri") for entry in case.get("evidence") or ()]
    named += [hit.get("uri") for hit in content.get("hits") or ()]
    named += [
        (citation.get("document") or {}).get("uri") for citation in answer.get("citations") or ()
    ]
    return frozenset(str(uri) for uri in named if uri)


def read_scored(log: RunLog, catalogue: Catalogue, caller: Caller, name: str) -> ScoredRun:
    """Return a run by what `RunLog.read` takes.

    Raises:
        NotFound: there is none.
        UsageError: several begin like that.
    """
    record = log.read(name)
    sight = CaseSight(catalogue, caller)
    answers: dict[str, list[CaseAnswer]] = {}
    for answer in log.answers(record.run_id):
        answers.setdefault(answer.case_id, []).append(answer)
    seen = {
        case: tuple(found)
        for case, found in answers.items()
        if all(sight.may_see(each.content) for each in found)
    }
    scores = tuple(scores for scores in log.scores(record.run_id) if scores.case_id in seen)
    return ScoredRun(record, scores, seen, len(answers) - len(seen))
