"""How the answers have been: counts over time, gaps in the documents, flags, evaluation runs.

Everything here is for reviewers and admins. What people asked is theirs: questions are shown with personal data
masked, and to reviewers only where at least two people asked what means the same; to admins all of them.
"""

from collections import Counter, OrderedDict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock

import numpy as np

from app.authorization import authorize, may
from app.privacy.redaction import redact_for_record
from app.quality.answer_sample import read_sample
from app.quality.arms import LiveComparison, read_live
from app.quality.csv_text import csv_text
from app.quality.drift import DriftReport, drift_report
from app.quality.evaluation import Comparison, EvaluationRun, compare_runs, read_runs
from app.quality.figures import AnswerSample, DocumentGap, DocumentGaps, FlagFigures, Usage
from app.quality.flag_figures import read_flags
from app.quality.period import Period, period_of
from app.quality.question_groups import group_questions
from app.quality.shadows import ShadowComparison, read_shadows
from app.quality.signal_figures import SignalFigures, signal_figures
from app.quality.trend import SplitBy, TrendPoint, read_trend
from app.quality.unanswered import Unanswered, read_unanswered
from app.quality.usage import read_usage
from core.answers import Caller
from core.ports import Embedder
from core.search import FloatMatrix
from index.catalogue import Catalogue
from index.database import storage_errors
from index.permissions import may_read

_KEPT_VECTORS = 4000
_DRIFT_QUESTIONS = 500
"""Of each period, for a page that is waited for."""
_SHOWN_QUESTIONS = 5
_SHOWN_DOCUMENTS = 3
_FEWEST_PEOPLE = 2


class QualityDesk:
    """The figures of one data folder; every method is for callers who may see quality."""

    def __init__(
        self,
        catalogue: Catalogue,
        data_dir: Path,
        embedder: Callable[[], Embedder],
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._catalogue = catalogue
        self._data_dir = data_dir
        self._embedder = embedder
        self._now = now
        self._vectors: OrderedDict[tuple[str, str], FloatMatrix] = OrderedDict()
        self._lock = Lock()

    def usage(self, days: int, caller: Caller) -> Usage:
        """Return counts, times and cost of the last so many days, and of as many before.

        Raises:
            AccessDenied: the caller is a reader.
            UsageError: it is none of the periods that can be chosen; the same holds for the methods below.
        """
        period = self._period(days, caller)
        with storage_errors(self._data_dir):
            return read_usage(self._catalogue.engine, period)

    def sample(self, days: int, caller: Caller) -> AnswerSample:
        """Return times of stages and verdicts of claims.

        Raises:
            AccessDenied: the caller is a reader.
        """
        period = self._period(days, caller)
        with storage_errors(self._data_dir):
            return read_sample(self._catalogue.engine, period)

    def flags(self, days: int, caller: Caller) -> FlagFigures:
        """Return the flags of the period by category and state.

        Raises:
            AccessDenied: the caller is a reader.
        """
        period = self._period(days, caller)
        with storage_errors(self._data_dir):
            return read_flags(self._catalogue.engine, period)

    def gaps(self, days: int, caller: Caller) -> DocumentGaps:
        """Return what people asked and the documents do not say, grouped by meaning.

        Raises:
            AccessDenied: the caller is a reader.
        """
        period = self._period(days, caller)
        with storage_errors(self._data_dir):
            questions = read_unanswered(self._catalogue.engine, period)
        vectors = self._vectors_of([question.text for question in questions])
        groups = [
            [questions[position] for position in group]
            for group in group_questions(vectors, [question.asked for question in questions])
        ]
        sees_all = may(caller, "manage_people")
        shown = [group for group in groups if sees_all or len(_people(group)) >= _FEWEST_PEOPLE]
        asked = sum(question.asked for question in questions)
        gaps = tuple(self._gap(group, caller) for group in shown)
        return DocumentGaps(gaps, asked, asked - sum(gap.asked for gap in gaps))

    def gaps_csv(self, days: int, caller: Caller) -> str:
        """Return the gaps as a table for a spreadsheet.

        Raises:
            AccessDenied: the caller is a reader.
        """
        header = ("Question", "Asked", "People", "Last asked", "Nearest documents", "Also asked as")
        rows = (
            (
                gap.label,
                gap.asked,
                gap.people,
                gap.last_asked[:10],
                "; ".join(gap.documents),
                " / ".join(gap.questions),
            )
            for gap in self.gaps(days, caller).gaps
        )
        return csv_text(header, rows)

    def signals(self, days: int, caller: Caller) -> SignalFigures:
        """Return what people did with the answers of the period, and who says something of them.

        Raises:
            AccessDenied: the caller is a reader.
        """
        period = self._period(days, caller)
        with storage_errors(self._data_dir):
            return signal_figures(self._catalogue.engine, period, self._now())

    def runs(self, caller: Caller) -> tuple[EvaluationRun, ...]:
        """Return the evaluation runs that are stored, newest first.

        Raises:
            AccessDenied: the caller is a reader.
        """
        authorize(caller, "see_quality")
        with storage_errors(self._data_dir):
            return read_runs(self._catalogue.engine)

    def compare(self, before: str, after: str, caller: Caller) -> tuple[Comparison, ...]:
        """Return, for each metric of both runs, how much their cases differ.

        Raises:
            AccessDenied: the caller is a reader.
            NotFound: there is no such run.
        """
        authorize(caller, "see_quality")
        with storage_errors(self._data_dir):
            return compare_runs(self._catalogue.engine, before, after)

    def live(self, days: int, caller: Caller) -> tuple[LiveComparison, ...]:
        """Return the variants that some readers got in the period, beside the settings as they are.

        Raises:
            AccessDenied: the caller is a reader.
        """
        period = self._period(days, caller)
        with storage_errors(self._data_dir):
            return read_live(self._catalogue.engine, period)

    def shadows(self, days: int, caller: Caller) -> tuple[ShadowComparison, ...]:
        """Return what variants would have said to the questions of the period.

        Raises:
            AccessDenied: the caller is a reader.
        """
        period = self._period(days, caller)
        with storage_errors(self._data_dir):
            return read_shadows(self._catalogue.engine, period)

    def trend(self, days: int, split_by: SplitBy, caller: Caller) -> tuple[TrendPoint, ...]:
        """Return counts by bucket for each model, or each side of live comparisons.

        Raises:
            AccessDenied: the caller is a reader.
        """
        period = self._period(days, caller)
        with storage_errors(self._data_dir):
            return read_trend(self._catalogue.engine, period, split_by)

    def drift(self, days: int, caller: Caller) -> DriftReport:
        """Return whether the period's questions and answers are what they were in the one before.

        Raises:
            AccessDenied: the caller is a reader.
        """
        period = self._period(days, caller)
        with storage_errors(self._data_dir):
            return drift_report(
                self._catalogue.engine,
                self._embedder(),
                period.before(),
                period,
                caller,
                vectors=self._vectors_of,
                most=_DRIFT_QUESTIONS,
            )

    def _period(self, days: int, caller: Caller) -> Period:
        authorize(caller, "see_quality")
        return period_of(days, self._now())

    def _gap(self, group: Sequence[Unanswered], caller: Caller) -> DocumentGap:
        label, *others = [
            redact_for_record(question.text) for question in group[: _SHOWN_QUESTIONS + 1]
        ]
        near: Counter[str] = Counter()
        for question in group:
            near.update(question.documents)
        return DocumentGap(
            label=label,
            questions=tuple(others),
            asked=sum(question.asked for question in group),
            people=len(_people(group)),
            last_asked=max(question.last_asked for question in group),
            documents=self._titles(near, caller),
        )

    def _titles(self, near: Counter[str], caller: Caller) -> tuple[str, ...]:
        """Return titles of the nearest documents, of those that the one who looks may read."""
        ordered = sorted(near, key=lambda doc_id: (-near[doc_id], doc_id))
        records = self._catalogue.records(ordered)
        readable = [
            records[doc_id].title or records[doc_id].uri
            for doc_id in ordered
            if doc_id in records and may_read(caller, records[doc_id].access)
        ]
        return tuple(readable[:_SHOWN_DOCUMENTS])

    def _vectors_of(self, texts: Sequence[str]) -> FloatMatrix:
        """Return one row for each text; those of earlier calls are kept, as embedding takes 3 ms each."""
        embedder = self._embedder()
        rows = np.zeros((len(texts), embedder.dim), np.float32)
        for position, text in enumerate(texts):
            key = (embedder.name, text)
            with self._lock:
                vector = self._vectors.get(key)
            if vector is None:
                vector = embedder.embed_query(text)
                with self._lock:
                    self._vectors[key] = vector
                    while len(self._vectors) > _KEPT_VECTORS:
                        self._vectors.popitem(last=False)
            rows[position] = vector[0]
        return rows


def _people(group: Sequence[Unanswered]) -> set[str]:
    return set[str]().union(*(question.people for question in group))
