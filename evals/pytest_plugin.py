"""Test cases as pytest items: `pytest -p evals.pytest_plugin --footnote-cases FILE|DATASET`.

All cases, and those of accepted flags, are asked once, when the first item runs; each case is an item that must pass,
and the gate is one more. Settings come from the environment, as for every command. No flag is changed: what becomes of
flags is the business of `footnote eval gate`.
"""

from collections.abc import Iterator
from typing import Any

import pytest

from core.errors import FootnoteError

_OPTION = "--footnote-cases"


class CaseFailed(Exception):
    """A case or the gate does not pass; the message is all that a person needs."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("footnote", "answers of a Footnote knowledge base")
    group.addoption(
        _OPTION, metavar="FILE|DATASET", help="Ask these cases, and those of accepted flags."
    )
    group.addoption(
        "--footnote-variant", metavar="NAME", default="current", help="The variant that is asked."
    )
    group.addoption(
        "--footnote-baseline",
        metavar="RUN",
        default="",
        help="The run that the gate compares with.",
    )


def pytest_collection_modifyitems(
    session: pytest.Session, config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Add an item for each case, and one for the gate."""
    name = config.getoption(_OPTION)
    if not name:
        return
    try:
        evaluation = Evaluation(
            str(name),
            str(config.getoption("--footnote-variant")),
            str(config.getoption("--footnote-baseline")),
        )
    except FootnoteError as error:
        raise pytest.UsageError(str(error)) from error
    items.extend(_items(session, evaluation))


def _items(session: pytest.Session, evaluation: "Evaluation") -> Iterator[pytest.Item]:
    for case_id in evaluation.case_ids:
        yield CaseItem.from_parent(
            session, name=f"footnote[{case_id}]", evaluation=evaluation, case_id=case_id
        )
    yield GateItem.from_parent(session, name="footnote[gate]", evaluation=evaluation)


class Evaluation:
    """The cases of one call of pytest, asked once."""

    def __init__(self, name: str, variant: str, baseline: str) -> None:
        from core.settings import load_settings
        from evals.commands.caller import eval_caller
        from evals.gating.gate_run import named_cases
        from evals.gating.judging import Gating
        from index.factory import open_catalogue

        self._settings = load_settings()
        self._caller = eval_caller(self._settings, None)
        self._gating = Gating(self._settings, open_catalogue(self._settings), self._caller)
        cases = self._gating.flag_cases() + named_cases(self._gating.catalogue, self._caller, name)
        self.cases = {case.case_id: case for case in reversed(cases)}
        self._variant, self._baseline = variant, baseline
        self._run_id = ""

    @property
    def case_ids(self) -> list[str]:
        """Ids of all cases, in order."""
        return sorted(self.cases)

    def run_id(self) -> str:
        """Ask everything, the first time; return the run."""
        if not self._run_id:
            from evals.gating.gate_run import run_for_gate

            outcome = run_for_gate(
                self._settings,
                list(self.cases.values()),
                self._caller,
                lambda stage, done, total: None,
                self._variant,
            )
            self._run_id = outcome.record.run_id
        return self._run_id

    def problem_of(self, case_id: str) -> str:
        """Return why a case does not pass, with its question and answer; '' where it does."""
        from evals.running.passing import verdict_of
        from evals.running.run_log import RunLog

        log = RunLog(self._gating.catalogue.engine, self._settings.data_dir)
        scores = {scores.case_id: scores for scores in log.scores(self.run_id())}
        verdict = verdict_of(self.cases[case_id], scores.get(case_id))
        if verdict.passed:
            return ""
        answers = [answer for answer in log.answers(self.run_id()) if answer.case_id == case_id]
        told = [
            str((answer.content.get("answer") or {}).get("answer", "No answer."))
            for answer in answers
        ]
        return "\n".join(
            [
                verdict.why,
                f"Question: {self.cases[case_id].question}",
                *(f"Answer: {text}" for text in told),
            ]
        )

    def gate_problems(self) -> tuple[str, ...]:
        """Return what blocks."""
        return self._gating.judge(self.run_id(), self._baseline, self.case_ids).reasons


class _Item(pytest.Item):
    """What both kinds of items share: a failure is shown as its sentence, without a stack."""

    def __init__(self, *, evaluation: Evaluation, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.evaluation = evaluation

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what failed as its message."""
        if isinstance(excinfo.value, CaseFailed | FootnoteError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Name the item."""
        return self.path, None, self.name


class CaseItem(_Item):
    """One case, which must pass."""

    def __init__(self, *, case_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.case_id = case_id

    def runtest(self) -> None:
        """Fail where the case does not pass."""
        problem = self.evaluation.problem_of(self.case_id)
        if problem:
            raise CaseFailed(problem)


class GateItem(_Item):
    """The gate over all of them."""

    def runtest(self) -> None:
        """Fail where the gate blocks."""
        problems = self.evaluation.gate_problems()
        if problems:
            raise CaseFailed("\n".join(problems))
