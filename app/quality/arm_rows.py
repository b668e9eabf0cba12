"""What is stored of the answers of a live comparison: one row each, with what people said and did."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, func, select, true

from app.arm_labels import Arm, arm_of
from app.quality.period import Period
from app.quality.usage import within
from index.schema import answers, feedback, signals, unfinished


@dataclass(frozen=True, slots=True)
class ArmAnswer:
    """One answer of an arm; `who` is its reader, or its conversation where readers have no name.

    `said` are the verdicts that stand, `done` the kinds of signals, each once.
    """

    answer_id: str
    arm: Arm
    who: str
    status: str
    at: str
    total_ms: float
    cost_usd: float
    said: frozenset[str] = frozenset()
    done: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class ArmRows:
    """The answers of a period that belong to a live comparison, and the questions that got none, by their reader."""

    answers: tuple[ArmAnswer, ...]
    unfinished: tuple[tuple[Arm, str], ...]


def read_arm_rows(engine: Engine, period: Period, nameless: str) -> ArmRows:
    """Return what belongs to any live comparison; readers who are all called `nameless` count by conversation."""
    with engine.connect() as connection:
        stands = feedback.c.superseded_by.is_(None)
        said = _by_answer(connection, feedback.c.answer_id, feedback.c.verdict, stands, period)
        done = _by_answer(connection, signals.c.answer_id, signals.c.kind, true(), period)
        query = select(
            answers.c.answer_id,
            answers.c.conversation_id,
            answers.c.variant,
            answers.c.owner,
            answers.c.status,
            answers.c.created_at,
            answers.c.total_ms,
            answers.c.cost_usd,
        ).where(within(answers.c.created_at, period), answers.c.variant != "")
        found = []
        arm_of_conversation: dict[str, tuple[Arm, str]] = {}
        for row in connection.execute(query.order_by(answers.c.created_at, answers.c.answer_id)):
            arm = arm_of(row.variant)
            if arm is None:
                continue
            who = row.conversation_id if row.owner == nameless else row.owner
            arm_of_conversation.setdefault(row.conversation_id, (arm, who))
            found.append(
                ArmAnswer(
                    row.answer_id,
                    arm,
                    who,
                    row.status,
                    row.created_at,
                    row.total_ms,
                    row.cost_usd,
                    frozenset(said[row.answer_id]),
                    frozenset(done[row.answer_id]),
                )
            )
        return ArmRows(
            tuple(found), tuple(_unfinished(connection, period, arm_of_conversation, found))
        )


def _by_answer(
    connection: Connection,
    answer_id: ColumnElement[str],
    kind: ColumnElement[str],
    stands: ColumnElement[bool],
    period: Period,
) -> defaultdict[str, set[str]]:
    """Return the kinds of what was said or done of each answer of the period, whenever that was."""
    query = (
        select(answer_id, kind)
        .join(answers, answers.c.answer_id == answer_id)
        .where(stands, within(answers.c.created_at, period), answers.c.variant != "")
    )
    found: defaultdict[str, set[str]] = defaultdict(set)
    for of, what in connection.execute(query):
        found[of].add(what)
    return found


def _unfinished(
    connection: Connection,
    period: Period,
    arm_of_conversation: dict[str, tuple[Arm, str]],
    found: Iterable[ArmAnswer],
) -> list[tuple[Arm, str]]:
    """Return the arm and reader of questions that were stopped or failed.

    A first question of a conversation has no answer that names its arm: it is its reader's, where they have one only.
    """
    arms: defaultdict[str, set[Arm]] = defaultdict(set)
    for each in found:
        arms[each.who].add(each.arm)
    query = select(unfinished.c.conversation_id, unfinished.c.owner).where(
        within(unfinished.c.started_at, period), unfinished.c.state != "running"
    )
    rows = []
    for conversation_id, owner in connection.execute(query):
        known = arm_of_conversation.get(conversation_id)
        if known is None and len(arms[owner]) == 1:
            known = next(iter(arms[owner])), owner
        if known is not None:
            rows.append(known)
    return rows


def experiments_in(engine: Engine, period: Period) -> list[str]:
    """Return the names of the live comparisons that a period has answers of, the latest first."""
    last = func.max(answers.c.created_at)
    query = (
        select(answers.c.variant, last)
        .where(within(answers.c.created_at, period), answers.c.variant != "")
        .group_by(answers.c.variant)
        .order_by(last.desc(), answers.c.variant)
    )
    with engine.connect() as connection:
        arms = [arm_of(label) for label, _ in connection.execute(query)]
    return list(dict.fromkeys(arm.experiment for arm in arms if arm))
