"""Daily budgets for language models, for each user and in total; days end at midnight UTC.

    allow(caller) -> decision --no--> the next cheaper path, with the decision's sentence as a note
                              --yes-> ask the model -> note(caller, spec, usage, cost)

What was used is summed in the catalogue, so that all processes of an installation share it. A budget is compared
before a request and counted after it: answers that are written at the same moment can each overstep it once.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Engine, func, select

from core.answers import Caller
from core.generation import TokenUsage
from index.database import storage_errors, writing
from index.dialects import insert_into
from index.schema import llm_usage


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """What may be used in a day; 0 sets no limit. Tokens are those of prompts and answers together."""

    user_usd: float = 0.0
    total_usd: float = 0.0
    user_tokens: int = 0
    total_tokens: int = 0


@dataclass(frozen=True, slots=True)
class Used:
    """What was used in a day."""

    usd: float = 0.0
    tokens: int = 0
    answers: int = 0


@dataclass(frozen=True, slots=True)
class BudgetDecision:
    """Whether a model may be asked now; if not, `reason` is a sentence for the reader.

    What remains is the smaller of the user's and the total; None where no limit is set.
    """

    allowed: bool
    reason: str = ""
    remaining_usd: float | None = None
    remaining_tokens: int | None = None


class Budgets:
    """The daily budgets of one data folder."""

    def __init__(
        self,
        engine: Engine,
        data_dir: Path,
        limits: BudgetLimits,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._engine = engine
        self._data_dir = data_dir
        self._limits = limits
        self._now = now

    def allow(self, caller: Caller, *, is_free: bool = False) -> BudgetDecision:
        """Return whether this caller may ask a model now, and what remains of today's budgets.

        A model that `is_free` (a price of 0, on a machine of one's own) is held to the budgets of tokens only.

        Raises:
            DataFolderError: the sums cannot be read.
        """
        limits = replace(self._limits, user_usd=0, total_usd=0) if is_free else self._limits
        if limits == BudgetLimits():
            return BudgetDecision(True)
        by_user, total = self.used(caller), self.used()
        usd = _least(_left(limits.user_usd, by_user.usd), _left(limits.total_usd, total.usd))
        tokens = _least(
            _left(limits.user_tokens, by_user.tokens), _left(limits.total_tokens, total.tokens)
        )
        if _spent(limits.user_usd, by_user.usd) or _spent(limits.user_tokens, by_user.tokens):
            reason = _sentence("Your")
        elif _spent(limits.total_usd, total.usd) or _spent(limits.total_tokens, total.tokens):
            reason = _sentence("The common")
        else:
            reason = ""
        left = None if tokens is None else int(tokens)
        return BudgetDecision(not reason, reason, usd, left)

    def note(self, caller: Caller, spec: str, usage: TokenUsage, cost_usd: float | None) -> None:
        """Add what a request used to the day's sums, in one commit; a cost that is not known counts as 0.

        Raises:
            DataFolderError: it cannot be stored; its subclasses say why.
        """
        key = {"day": self._day(), "user_ref": caller.name, "spec": spec}
        used = {
            "prompt_tokens": max(0, usage.prompt_tokens),
            "completion_tokens": max(0, usage.completion_tokens),
            "cost_usd": max(0.0, cost_usd or 0.0),
            "answers": 1,
        }
        sums = {name: llm_usage.c[name] + value for name, value in used.items()}
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row = insert_into(connection, llm_usage).values(**key, **used)
            connection.execute(row.on_conflict_do_update(index_elements=[*key], set_=sums))

    def used(self, caller: Caller | None = None) -> Used:
        """Return what one caller used today, or everybody."""
        query = select(
            func.coalesce(func.sum(llm_usage.c.cost_usd), 0.0),
            func.coalesce(func.sum(llm_usage.c.prompt_tokens + llm_usage.c.completion_tokens), 0),
            func.coalesce(func.sum(llm_usage.c.answers), 0),
        ).where(llm_usage.c.day == self._day())
        if caller is not None:
            query = query.where(llm_usage.c.user_ref == caller.name)
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            usd, tokens, answers = connection.execute(query).one()
        return Used(float(usd), int(tokens), int(answers))

    def _day(self) -> str:
        return self._now().astimezone(UTC).date().isoformat()


def _left(limit: float, used: float) -> float | None:
    return max(0.0, limit - used) if limit else None


def _least(first: float | None, second: float | None) -> float | None:
    given = [value for value in (first, second) if value is not None]
    return min(given) if given else None


def _spent(limit: float, used: float) -> bool:
    return bool(limit) and used >= limit


def _sentence(whose: str) -> str:
    return (
        f"{whose} budget for language models is used up for today, so this answer was made without the usual "
        "model; the budget starts anew at midnight UTC."
    )
