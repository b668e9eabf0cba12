"""Feedback under fire: many people say things at once, processes die, and nothing that was acknowledged is lost."""

import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, select
from votes import answer_of, vote

from app.feedback_log import FeedbackLog
from core.settings import load_settings
from index.factory import open_catalogue
from index.permissions import caller_named
from index.schema import feedback

ROOT = Path(__file__).resolve().parents[2]
ANSWERS = 5
_TIMEOUT_S = 120


def fire(log: FeedbackLog, person: str, votes: int) -> list[tuple[str, str, str]]:
    """Say one thing after another of a few answers; returns what was acknowledged: answer, id, verdict and comment."""
    caller = caller_named(f"{person}@x.org", [])
    acknowledged = []
    for number in range(votes):
        answer, trace = answer_of(f"answer-{number % ANSWERS}")
        stored = log.add(answer, trace, caller, vote(number), "streamlit")
        acknowledged.append((answer.answer_id, stored.feedback_id, stored.verdict + stored.comment))
    return acknowledged


def killed_writer(data_dir: Path, after: int) -> list[str]:
    """Let another process write, kill it in the middle, and return the ids that it said were stored."""
    with subprocess.Popen(
        [sys.executable, str(ROOT / "tests" / "voting_child.py"), str(data_dir)],
        stdout=subprocess.PIPE,
        text=True,
        env={
            **os.environ,
            "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}",
            "FOOTNOTE_DATA_DIR": str(data_dir),
        },
    ) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(after)]
        os.kill(process.pid, signal.SIGKILL)
        lines += process.stdout.readlines()
    # The last line may be cut: then nobody was told of its vote.
    return [line.split()[1] for line in lines if line.endswith("\n") and line.strip()]


def check_rows(engine: Engine, acknowledged: dict[str, list[tuple[str, str, str]]]) -> None:
    """Assert that nothing acknowledged is lost or double, and that each person's last word on an answer stands."""
    with engine.connect() as connection:
        rows = connection.execute(
            select(
                feedback.c.feedback_id,
                feedback.c.answer_id,
                feedback.c.author,
                feedback.c.verdict,
                feedback.c.comment,
                feedback.c.superseded_by,
            )
        ).all()
    by_id = {row.feedback_id: row for row in rows}
    assert len(by_id) == len(rows)
    live = defaultdict(list)
    for row in rows:
        if row.superseded_by is None:
            live[row.author, row.answer_id].append(row)
        else:
            assert row.superseded_by in by_id, "history goes on to the row that took its place"
    assert all(len(standing) == 1 for standing in live.values()), "one word of each on each answer"
    for person, said in acknowledged.items():
        last = {}
        for answer_id, feedback_id, words in said:
            assert feedback_id in by_id, "an acknowledged vote is lost"
            last[answer_id] = words
        stored = [row for row in rows if row.author == f"{person}@x.org"]
        assert len(stored) == len({feedback_id for _, feedback_id, _ in said}), "none is double"
        for answer_id, words in last.items():
            (standing,) = live[f"{person}@x.org", answer_id]
            assert standing.verdict + standing.comment == words, "the last word stands"


@pytest.mark.integration
@pytest.mark.parametrize(
    ("threads", "votes"),
    [(50, 20), pytest.param(50, 200, marks=pytest.mark.slow)],
    ids=["50x20", "50x200"],
)
def test_no_acknowledged_vote_is_lost_or_double_while_writers_are_killed(
    threads: int,
    votes: int,
    each_database: str,
    data_dir: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    settings = load_settings(data_dir=data_dir)
    catalogue = open_catalogue(settings, create=True)
    log = FeedbackLog(catalogue.engine, data_dir)
    people = [f"p{number}" for number in range(threads)]
    started = time.monotonic()
    with ThreadPoolExecutor(threads + 1) as pool:
        killed = pool.submit(killed_writer, data_dir, 20)
        jobs = {person: pool.submit(fire, log, person, votes) for person in people}
        acknowledged = {person: job.result() for person, job in jobs.items()}
        of_child = killed.result(timeout=_TIMEOUT_S)
    took = time.monotonic() - started
    check_rows(catalogue.engine, acknowledged)
    with catalogue.engine.connect() as connection:
        stored = set(
            connection.scalars(
                select(feedback.c.feedback_id).where(feedback.c.author == "child@x.org")
            )
        )
    assert of_child
    assert set(of_child) <= stored, "a vote that the killed process acknowledged is lost"
    with capsys.disabled():
        total = threads * votes
        rate = total / took
        print(
            f"\n{each_database}: {total} votes of {threads} people in {took:.1f} s, {rate:.0f} a second"
        )
