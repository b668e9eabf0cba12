"""Notices a model that changed behind its name: a few questions, asked again and again in the same way.

    ask every case several times ─▶ store as a run of the dataset `canary` ─▶ compare with the last like it ─▶ verdict

Like it is a run with the same configured model, prompts, documents, settings and program: where one of these changed,
that is what is said. A model has changed when replies name another one, or when its answers differ more from those of
before than repeats of one day differ among themselves.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import Engine, update

from app.extractive import MODEL_NAME
from app.generation.reply_names import ReplyName, heard_names
from app.writing import REDUCED
from core.answers import Caller
from core.errors import ServiceUnavailable, UsageError
from core.log import get_logger
from core.ports import Progress
from core.settings import Settings
from core.variants import current
from evals.cases.case import Case
from evals.running.manifest import RunOptions, differences
from evals.running.run_log import RunLog, RunRecord
from evals.running.runner import RunRequest, run
from evals.watching.answer_agreement import Agreement, Texts, agreement_of
from index.database import storage_errors, writing
from index.factory import open_catalogue
from index.schema import eval_runs

_log = get_logger(__name__)

DATASET = "canary"
REPEATS = 3
State = Literal["first", "same", "changed", "other conditions"]
_KEY = "canary"
_PROGRAM = "the program"


@dataclass(frozen=True, slots=True)
class CanaryVerdict:
    """What a run of the suite says of the model; `reasons` are sentences. `compared_with` is a run's id, '' for none."""

    run_id: str
    at: str
    model: str
    state: State
    reasons: tuple[str, ...]
    names: tuple[ReplyName, ...]
    compared_with: str = ""
    agreement: Agreement | None = None

    @property
    def is_changed(self) -> bool:
        """Whether somebody has to look."""
        return self.state == "changed"


def run_canary(
    settings: Settings,
    cases: Sequence[Case],
    caller: Caller,
    progress: Progress,
    repeats: int = REPEATS,
) -> CanaryVerdict:
    """Ask the cases, compare with the last run like this one, and store both.

    Raises:
        UsageError: no language model is set, or there are fewer than two repeats.
        ServiceUnavailable: the model did not write every answer that it was asked for.
    """
    if settings.llm.strip() == MODEL_NAME:
        raise UsageError(
            "FOOTNOTE_LLM is 'extractive': answers quote the documents, and there is no model to watch."
        )
    if repeats < 2:
        raise UsageError(
            "Ask every case twice at least: repeats show how much answers vary anyway."
        )
    variant = current().with_changes(
        {"generation.temperature": 0.0} if settings.generation.temperature else {}
    )
    options = RunOptions(repeats=repeats)
    request = RunRequest(tuple(cases), DATASET, variant, options, caller)
    with heard_names() as names:
        record = run(settings, request, progress).record
    log = RunLog(open_catalogue(settings).engine, settings.data_dir)
    texts = _texts(log, record)
    verdict = _compared(log, record, tuple(sorted(names)), texts)
    _store(open_catalogue(settings).engine, settings, record, verdict)
    if verdict.is_changed:
        _log.warning("canary_changed", run_id=verdict.run_id, model=verdict.model)
    return verdict


def canary_verdicts(settings: Settings, most: int = 10) -> list[CanaryVerdict]:
    """Return what the last runs of the suite said, the newest first."""
    log = RunLog(open_catalogue(settings).engine, settings.data_dir)
    records = [record for record in log.list() if _is_compared(record)]
    return [_verdict_of(record) for record in records[:most]]


def _texts(log: RunLog, record: RunRecord) -> dict[str, list[str]]:
    """Return the answers that the model wrote.

    Raises:
        ServiceUnavailable: one was written by nobody or by another model.
    """
    found: dict[str, list[str]] = {}
    written = 0
    first = record.manifest["model"].split(",")[0].strip()
    for each in log.answers(record.run_id):
        answer = each.content.get("answer")
        if answer is None or not _is_its_own(answer, first):
            raise ServiceUnavailable(
                f"The model {record.manifest['model']!r} did not answer the case {each.case_id!r}, so nothing can be "
                "said of it. Run `footnote doctor --ask-model`."
            )
        written += answer["model"] != MODEL_NAME
        found.setdefault(each.case_id, []).append(answer["answer"])
    if not written:
        raise ServiceUnavailable(
            "The documents answer none of these cases, so the model was asked nothing. Choose other cases."
        )
    return found


def _is_its_own(answer: Mapping[str, Any], first: str) -> bool:
    """Whether the first model wrote an answer, or none was asked; no fallback stood in."""
    is_degraded = any(note["kind"] == REDUCED for note in answer["notes"])
    return not is_degraded and answer["model"] in (MODEL_NAME, first)


def _compared(
    log: RunLog, record: RunRecord, names: tuple[ReplyName, ...], texts: Texts
) -> CanaryVerdict:
    manifest = record.manifest

    def verdict(state: State, *reasons: str, **more: Any) -> CanaryVerdict:
        at = record.finished_at or record.started_at
        return CanaryVerdict(record.run_id, at, manifest["model"], state, reasons, names, **more)

    earlier = [
        each
        for each in log.list()
        if each.run_id != record.run_id
        and _is_compared(each)
        and each.manifest["model"] == manifest["model"]
    ]
    if not earlier:
        return verdict("first", "There is no earlier run with this model to compare with.")
    # Another release of Footnote may ask in another way, but mostly does not: where answers agree, nothing changed.
    like = next((each for each in earlier if not _changes(each, record) - {_PROGRAM}), None)
    if like is None:
        return verdict(
            "other conditions", _told_changes(earlier[0], record), compared_with=earlier[0].run_id
        )
    reasons = _names_changed(_verdict_of(like).names, names)
    agreement = agreement_of(_texts(log, like), texts)
    if agreement.is_changed and not reasons and _changes(like, record):
        told = (_told_changes(like, record), _told(agreement))
        return verdict("other conditions", *told, compared_with=like.run_id, agreement=agreement)
    if agreement.is_changed:
        reasons.append(_told(agreement))
    state: State = "changed" if reasons else "same"
    return verdict(
        state, *(reasons or [_told(agreement)]), compared_with=like.run_id, agreement=agreement
    )


def _changes(before: RunRecord, now: RunRecord) -> set[str]:
    return set(differences(before.manifest, now.manifest))


def _told_changes(before: RunRecord, now: RunRecord) -> str:
    changed = ", ".join(differences(before.manifest, now.manifest))
    return f"Since the last run this changed: {changed}. Answers may differ for that, whatever the model is."


def _names_changed(before: Sequence[ReplyName], now: Sequence[ReplyName]) -> list[str]:
    """Return what replies name otherwise; a provider that serves several systems at once names them in turns."""
    found = []
    for what, first, second in (
        ("model", {each.model for each in before}, {each.model for each in now}),
        (
            "system fingerprint",
            {each.fingerprint for each in before},
            {each.fingerprint for each in now},
        ),
    ):
        if first and second and first.isdisjoint(second):
            found.append(
                f"Replies name another {what}: {_listed(second)}, before {_listed(first)}."
            )
    return found


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(name or "none" for name in names))


def _told(found: Agreement) -> str:
    repeats = (
        "repeats never differed"
        if found.p_value is None
        else f"repeats of one day by {found.f1_within:.2f}"
    )
    return (
        f"{found.exact_between:.0%} of answers have the same words as before and agree by {found.f1_between:.2f} "
        f"(token F1); {repeats}."
    )


def _is_compared(record: RunRecord) -> bool:
    return record.dataset == DATASET and record.is_finished and _KEY in record.manifest


def _verdict_of(record: RunRecord) -> CanaryVerdict:
    stored = record.manifest[_KEY]
    agreement = stored["agreement"]
    return CanaryVerdict(
        record.run_id,
        record.finished_at,
        record.manifest["model"],
        stored["state"],
        tuple(stored["reasons"]),
        tuple(ReplyName(**name) for name in stored["names"]),
        stored["compared_with"],
        None if agreement is None else Agreement(**agreement),
    )


def _store(engine: Engine, settings: Settings, record: RunRecord, verdict: CanaryVerdict) -> None:
    kept = {
        "state": verdict.state,
        "reasons": list(verdict.reasons),
        "names": [asdict(name) for name in verdict.names],
        "compared_with": verdict.compared_with,
        "agreement": None if verdict.agreement is None else asdict(verdict.agreement),
    }
    manifest = json.dumps({**record.manifest, _KEY: kept}, ensure_ascii=False, allow_nan=False)
    it = eval_runs.c.run_id == record.run_id
    with storage_errors(settings.data_dir), writing(engine) as connection:
        connection.execute(update(eval_runs).where(it).values(manifest=manifest))
