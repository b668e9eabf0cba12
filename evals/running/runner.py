"""Runs an evaluation: opens what a variant answers with, asks every case, measures, and stores what came of it.

    cases ─▶ those the caller may ask ─▶ ask (repeats, paraphrases) ─▶ measure ─▶ stored case by case ─▶ summary

Nothing of it reaches the conversations, the budgets or the feedback of the knowledge base: answers are kept in a
database of their own, which ends with the run. A case that ends in an error is stored as one, and the run goes on; a
run that is stopped stays unfinished.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from app.bootstrap import Measured, cli_caller, open_measured
from app.grounding.checker import ClaimChecker
from app.json_view import answer_json
from core.answers import Caller, Turn
from core.errors import FootnoteError, NotFound
from core.log import get_logger
from core.ports import Progress
from core.settings import Settings
from core.variants import Variant
from evals.cases.anchors import AnchorResolver
from evals.cases.case import Case
from evals.running.asking import Asked, ask
from evals.running.closed_book import ask_closed_book, require_model
from evals.running.gold import Gold, gold_of
from evals.running.manifest import RunOptions, manifest_of
from evals.running.run_log import RunLog, RunRecord
from evals.running.scoring import Scored, Scorer
from evals.running.summary import summary_of
from evals.running.variant_index import open_variant_index
from index.catalogue import Catalogue
from index.factory import open_catalogue

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What is to be run; `dataset` is the name that the run is stored under."""

    cases: tuple[Case, ...]
    dataset: str
    variant: Variant
    options: RunOptions
    caller: Caller


@dataclass(frozen=True, slots=True)
class RunOutcome:
    """A finished run; `skipped` has the cases that the caller may not ask, with a sentence each."""

    record: RunRecord
    skipped: Mapping[str, str]


def _silent(stage: str, done: int, total: int) -> None:
    del stage, done, total


def settings_of(settings: Settings, variant: Variant, progress: Progress = _silent) -> Settings:
    """Return the settings that open what a variant answers with; an index of its own is made up to date first.

    Raises:
        UsageError: the variant cannot be used.
    """
    if variant.needs_own_index(settings):
        return open_variant_index(settings, variant, progress)
    return variant.applied_to(settings)


class Workbench(AbstractContextManager["Workbench"]):
    """What a variant answers with, and what its answers are measured by, for as long as a run takes."""

    def __init__(
        self, settings: Settings, variant: Variant, *, is_cached: bool, progress: Progress
    ) -> None:
        self.settings = settings_of(settings, variant, progress)
        self._folder = TemporaryDirectory(prefix="footnote-eval-")
        own = {"data_dir": Path(self._folder.name), "database_url": _no_url()}
        self._scratch = open_catalogue(self.settings.model_copy(update=own), create=True)
        self.measured: Measured = open_measured(self.settings, self._scratch, is_cached=is_cached)
        self.catalogue: Catalogue = self.measured.retriever.catalogue
        self.scorer = Scorer(self.catalogue, ClaimChecker(self.measured.retriever.embedder))

    def __exit__(self, *exception: object) -> None:
        self._scratch.engine.dispose()
        self._folder.cleanup()


def run(settings: Settings, request: RunRequest, progress: Progress) -> RunOutcome:
    """Run an evaluation and store it.

    Raises:
        NotFound: there is no case that the caller may ask.
        FootnoteError: the knowledge base cannot be opened with this variant.
    """
    options, variant = request.options, request.variant
    asked, skipped = _for_caller(request.cases, request.caller)
    if not asked:
        raise NotFound(_no_cases(request, skipped))
    name = f"{variant.name}+closed-book" if options.is_closed_book else variant.name
    home = open_catalogue(settings)
    log = RunLog(home.engine, settings.data_dir)
    with Workbench(settings, variant, is_cached=options.is_cached, progress=progress) as bench:
        if options.is_closed_book:
            require_model(bench.measured)
        manifest = manifest_of(
            bench.settings,
            variant,
            request.dataset,
            asked,
            options,
            bench.catalogue,
            request.caller,
        )
        run_id = log.start(manifest, name, request.dataset)
        session = _Session(settings, bench, request.caller, options)
        for done, case in enumerate(asked, start=1):
            for repeat, (content, scored) in enumerate(session.answered(case)):
                log.add_case(run_id, case.case_id, repeat, content, scored.values, scored.details)
            progress("asking", done, len(asked))
        log.finish(run_id, summary_of(log.scores(run_id), options.seed))
    _log.info("evaluation_finished", run_id=run_id, variant=variant.name, cases=len(asked))
    return RunOutcome(log.read(run_id), skipped)


class _Session:
    """Asks cases, one after the other, as the people whom they name."""

    def __init__(
        self, settings: Settings, bench: Workbench, caller: Caller, options: RunOptions
    ) -> None:
        self._settings = settings
        self._bench = bench
        self._caller = caller
        self._options = options
        self._resolver = AnchorResolver(bench.catalogue, caller)

    def answered(self, case: Case) -> list[tuple[dict[str, Any], Scored]]:
        """Return what each repeat is stored as, with its values."""
        caller = self._caller_of(case)
        answers = [self._tried(case, case.question, caller) for _ in range(self._options.repeats)]
        reworded = [self._tried(case, question, caller) for question in case.paraphrases]
        rows = []
        for number, found in enumerate(answers):
            gold = Gold()
            if isinstance(found, str):
                scored = Scored.failed(found)
            else:
                gold = gold_of(case, self._resolver, found.hits)
                together = [*answers, *reworded] if number == 0 else []
                scored = self._measured(case, found, gold, together)
            rows.append(
                (self._content(case, None if isinstance(found, str) else found, gold), scored)
            )
        return rows

    def _measured(
        self, case: Case, asked: Asked, gold: Gold, together: Sequence[Asked | str]
    ) -> Scored:
        """Return the values of an answer, with how much all answers agree; what cannot be measured is an error."""
        scorer = self._bench.scorer
        try:
            return scorer.scored(case, asked, gold).joined(scorer.consistency(together))
        except FootnoteError as error:
            return Scored.failed(f"The answer could not be measured. {error}")
        except Exception as error:  # noqa: BLE001  # one case must not end a run of hundreds
            return Scored.failed(f"The answer could not be measured. {_unexpected(case, error)}")

    def _tried(self, case: Case, question: str, caller: Caller) -> Asked | str:
        """Return the answer, or the sentence that says why there is none."""
        history = [Turn(asked, answer) for asked, answer in case.fields.history]
        try:
            if self._options.is_closed_book:
                own = self._bench.settings
                return ask_closed_book(self._bench.measured, own, question, history, caller)
            return ask(self._bench.measured, question, history, caller)
        except FootnoteError as error:
            return str(error)
        except Exception as error:  # noqa: BLE001  # one case must not end a run of hundreds
            return _unexpected(case, error)

    def _caller_of(self, case: Case) -> Caller:
        return (
            cli_caller(self._settings, case.fields.as_user) if case.fields.as_user else self._caller
        )

    def _content(self, case: Case, asked: Asked | None, gold: Gold) -> dict[str, Any]:
        records = self._bench.catalogue.records(gold.doc_ids)
        first = next((records[doc_id] for doc_id in sorted(records)), None)
        content: dict[str, Any] = {
            "case": dict(case.line),
            "case_version": case.version,
            "cluster": case.cluster,
            "split": case.split,
            "origin": case.origin,
            "source_feedback_id": case.source_feedback_id,
            "source": first.source if first else "",
            "language": first.metadata.get("language", "") if first else "",
            "evidence": [
                {
                    "uri": found.uri,
                    "state": found.state,
                    "match": found.match,
                    "why": found.why,
                    "spans": [list(span) for span in found.spans[:1]],
                }
                for found in gold.resolved
            ],
        }
        if asked is None:
            return content | {"answer": None, "hits": [], "took_ms": None}
        return content | {
            "answer": answer_json(asked.answer),
            "hits": _hits(asked),
            "query": asked.trace["query"],
            "confidence": asked.trace["confidence"],
            "took_ms": asked.took_ms,
        }


def _unexpected(case: Case, error: Exception) -> str:
    _log.error("case_failed", case_id=case.case_id, error=type(error).__name__)
    return f"Something went wrong that Footnote did not expect ({type(error).__name__})."


def _hits(asked: Asked) -> list[dict[str, Any]]:
    packed = [passage for passage in asked.trace["passages"] if passage["packed"]]
    return [
        {
            "rank": hit.rank,
            "chunk_id": hit.chunk_id,
            "uri": hit.document.uri,
            "start": hit.start,
            "end": hit.end,
            "score": hit.score,
            "packed": any(
                passage["doc_id"] == hit.document.doc_id
                and passage["start"] <= hit.start
                and hit.end <= passage["end"]
                for passage in packed
            ),
        }
        for hit in asked.hits
    ]


def _for_caller(cases: Sequence[Case], caller: Caller) -> tuple[list[Case], dict[str, str]]:
    """Part cases into those that a caller may ask and, by id, why not: nobody asks as somebody else but the admin."""
    asked, skipped = [], {}
    for case in cases:
        other = case.fields.as_user.strip().casefold()
        if caller.is_admin or not other or other == caller.name:
            asked.append(case)
        else:
            skipped[case.case_id] = (
                f"It is asked as another person; {caller.name} asks only as {caller.name}."
            )
    return asked, skipped


def _no_cases(request: RunRequest, skipped: Mapping[str, str]) -> str:
    if skipped:
        return f"{request.caller.name} may ask none of the {len(skipped)} cases: all are asked as other people."
    return (
        f"The dataset {request.dataset!r} has no approved case that fits. `footnote eval cases` lists what there is, "
        "`footnote review promote` makes cases of accepted flags, and --cases FILE takes a case file."
    )


def _no_url() -> Any:
    return Settings.model_fields["database_url"].default
