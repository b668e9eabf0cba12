"""What only the answers themselves say, times of stages and verdicts of claims, from some of them.

Answers are read as JSON, which 100,000 of them would take half a minute for: at most 2,000 are, every n-th of the
period, so that each day weighs what it should.
"""

import json
from collections import Counter, defaultdict
from typing import Any

from sqlalchemy import Engine, select

from app.quality.figures import AnswerSample, Count, StageTime
from app.quality.period import Period
from app.quality.usage import percentile, within
from index.schema import answers

MOST_READ = 2000
STAGES = ("condense", "embed", "retrieve", "read", "generate", "check")
_BATCH = 500
"""Ids in one query, below the number of parameters that a database takes."""


def read_sample(engine: Engine, period: Period) -> AnswerSample:
    """Return the stages and verdicts of a period."""
    times: defaultdict[str, list[float]] = defaultdict(list)
    verdicts: Counter[tuple[str, str]] = Counter()
    with engine.connect() as connection:
        every = select(answers.c.answer_id).where(within(answers.c.created_at, period))
        ids = connection.execute(every.order_by(answers.c.created_at)).scalars().all()
        chosen = ids[:: -(-len(ids) // MOST_READ)] if ids else []
        for some in _in_batches(list(chosen)):
            query = select(answers.c.created_at, answers.c.answer)
            for created_at, stored in connection.execute(
                query.where(answers.c.answer_id.in_(some))
            ):
                answer: dict[str, Any] = json.loads(stored)
                for stage, milliseconds in answer.get("timings_ms", {}).items():
                    times[stage].append(float(milliseconds))
                start = period.bucket_of(created_at)
                verdicts.update((start, claim["verdict"]) for claim in answer.get("claims", ()))
    return AnswerSample(
        looked_at=len(chosen),
        total=len(ids),
        stages=tuple(_stage(stage, times[stage]) for stage in STAGES if times[stage]),
        verdicts=tuple(
            Count(start, verdict, count) for (start, verdict), count in sorted(verdicts.items())
        ),
    )


def _in_batches(ids: list[str]) -> list[list[str]]:
    return [ids[first : first + _BATCH] for first in range(0, len(ids), _BATCH)]


def _stage(stage: str, times: list[float]) -> StageTime:
    times.sort()
    return StageTime(stage, percentile(times, 0.5) or 0.0, percentile(times, 0.95) or 0.0)
