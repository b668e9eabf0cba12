"""The gate over stored runs: reads what `evals.gating.gate` judges, and tells the flags what became of them.

A passing gate verifies the accepted and fixed flags whose cases passed, and who reported them is told; a later run that
fails on a verified flag opens it again. A dry run tells nobody anything.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from app.privacy.kinds import SELECTABLE
from app.privacy.redaction import Redactor
from app.review.desk import ReviewDesk
from core.answers import Caller
from core.errors import NotFound
from core.settings import Settings
from evals.cases.case import Case, case_of_line
from evals.cases.case_store import FLAGS, CaseStore
from evals.comparing.scored_run import ScoredRun, read_scored
from evals.gating.baseline import read_baseline
from evals.gating.gate import HIDDEN, GateInput, GateReport, MustPass, judge
from evals.gating.invariants import FindPersonal, MayRead, broken_invariants
from evals.running.passing import verdict_of
from evals.running.run_log import RunLog
from index.catalogue import Catalogue
from index.permissions import ADMIN_NAME, GroupsFile, administrator, caller_named, may_read
from index.schema import cases

_EXACT_KINDS = frozenset(
    {
        "EMAIL",
        "PHONE",
        "CREDIT_CARD",
        "IBAN",
        "BANK_ACCOUNT",
        "CRYPTO",
        "US_SSN",
        "NATIONAL_ID",
        "DOCUMENT_ID",
    }
)
"""Kinds that are told by their form. Names are guessed at, and a guess must not block a release."""


@dataclass(frozen=True, slots=True)
class Told:
    """Ids of flags that the gate changed."""

    verified: tuple[str, ...] = ()
    reopened: tuple[str, ...] = ()


class Gating:
    """The gate of one data folder, for one caller."""

    def __init__(self, settings: Settings, catalogue: Catalogue, caller: Caller) -> None:
        self._settings = settings
        self.catalogue = catalogue
        self._caller = caller
        self._log = RunLog(catalogue.engine, settings.data_dir)

    def judge(self, run: str, baseline: str = "", expected: Sequence[str] = ()) -> GateReport:
        """Judge a stored run; `baseline` '' means the run that is marked, `expected` are cases that it must have.

        Raises:
            NotFound: there is no such run.
        """
        read = read_scored(self._log, self.catalogue, self._caller, run)
        compared, missing = self._baseline(baseline, read.record.run_id)
        must_pass, unseen = self._must_pass(read)
        failures = {
            scores.case_id: verdict_of(_case(read, scores.case_id), scores).why
            for scores in read.scores
        }
        failures |= unseen
        return judge(
            GateInput(read, compared, must_pass, failures, self._broken(read), expected, missing)
        )

    def tell(self, report: GateReport) -> Told:
        """Verify the flags that passed if everything did, and open again those that failed."""
        desk = ReviewDesk(self.catalogue, self._settings.data_dir)
        verified: tuple[str, ...] = ()
        reopened: tuple[str, ...] = ()
        if report.is_passed and report.flags_passed:
            verified = desk.verify(self._caller, report.flags_passed, report.run_id)
        if report.flags_failed:
            reopened = desk.reopen(self._caller, report.flags_failed, report.run_id)
        return Told(verified, reopened)

    def flag_cases(self) -> list[Case]:
        """Return the cases of all accepted flags that the caller may see."""
        store = CaseStore(self.catalogue)
        return [case for case in store.live(self._caller, FLAGS) if case.must_pass]

    def _baseline(self, name: str, run_id: str) -> tuple[ScoredRun | None, str]:
        try:
            if not name:
                marked = read_baseline(self.catalogue, self._log)
                if marked is None or marked.run_id == run_id:
                    return None, ""
                name = marked.run_id
            return read_scored(self._log, self.catalogue, self._caller, name), ""
        except NotFound as error:
            return None, str(error)

    def _must_pass(self, run: ScoredRun) -> tuple[list[MustPass], dict[str, str]]:
        """Return the accepted flags, and why a case that they have cannot count."""
        found, problems = [], {}
        for case in self.flag_cases():
            found.append(MustPass(case.case_id, case.source_feedback_id, case.question))
            asked = run.answers.get(case.case_id)
            if asked and int(asked[0].content.get("case_version", 1)) != case.version:
                problems[case.case_id] = (
                    "The case was changed after this run: it has to be asked again."
                )
        hidden = self._number_of_flag_cases() - len(found)
        if hidden > 0:
            sentence = f"{hidden} accepted flags are about documents that you may not read: somebody who may has to run the gate."
            found.append(MustPass(HIDDEN, HIDDEN, sentence))
        return found, problems

    def _number_of_flag_cases(self) -> int:
        query = select(func.count()).where(
            cases.c.dataset == FLAGS,
            cases.c.valid_to == "",
            cases.c.approved_by != "",
            cases.c.source_feedback_id != "",
        )
        with self.catalogue.engine.connect() as connection:
            return int(connection.execute(query).scalar_one())

    def _broken(self, run: ScoredRun) -> dict[str, list[str]]:
        find_personal = personal_finder(self._settings)
        reads = self._reader(run)
        return {
            case: [
                each.sentence
                for answer in answers
                if not answer.details.get("error")
                for each in broken_invariants(answer.content, find_personal, reads)
            ]
            for case, answers in run.answers.items()
        }

    def _reader(self, run: ScoredRun) -> MayRead:
        """Return who may read what: the asker of a case is whom it names, else who started the run."""
        groups = GroupsFile(self._settings.groups_file)
        started_by = str(run.record.manifest.get("started_by", ""))
        askers: dict[str, Caller] = {}
        known: dict[str, list[tuple[str, ...]]] = {}

        def may(content: Mapping[str, Any], document: Mapping[str, Any]) -> bool:
            name = str((content.get("case") or {}).get("as") or "") or started_by
            if name not in askers:
                is_local = name == ADMIN_NAME
                askers[name] = (
                    administrator() if is_local else caller_named(name, groups.groups_of(name))
                )
            doc_id = str(document["id"])
            if doc_id not in known:
                known[doc_id] = self._access_of(doc_id, str(document.get("uri", "")))
            lists = known[doc_id]
            return askers[name].is_admin or (
                bool(lists) and all(may_read(askers[name], access) for access in lists)
            )

        return may

    def _access_of(self, doc_id: str, uri: str) -> list[tuple[str, ...]]:
        """Return who may read a document; a variant's own index has ids of its own, so its address counts too."""
        record = self.catalogue.records([doc_id]).get(doc_id)
        records = [record] if record else self.catalogue.find_documents(uri)
        return [tuple(found.access) for found in records]


def personal_finder(settings: Settings) -> FindPersonal | None:
    """Return what finds personal data in an answer; None where redaction is off."""
    if not settings.privacy.redact:
        return None
    wanted = set(settings.privacy.kinds or SELECTABLE) & _EXACT_KINDS
    redactor = Redactor(sorted(wanted))

    def find(text: str) -> Collection[str]:
        spans = redactor.find([text])[0]
        return [text[span.start : span.end] for span in spans if span.kind != "LITERAL"]

    return find


def _case(run: ScoredRun, case_id: str) -> Case:
    return case_of_line(run.answers[case_id][0].content["case"])
