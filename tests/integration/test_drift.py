"""Drift between two periods of stored answers: a shift is told, resampled periods are not, and nobody sees too much."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from asked_questions import (
    NEW_TOPIC,
    PEOPLE,
    everyday_questions,
    store_asked,
    store_handbook,
)
from databases import open_database
from sqlalchemy import bindparam, update

from app.quality.drift import DriftReport, drift_report, embedded
from app.quality.period import Period
from core.answers import Caller
from core.errors import AccessDenied
from core.ports import Embedder
from core.search import FloatMatrix
from core.settings import load_settings
from index.catalogue import Catalogue
from index.database import writing
from index.factory import open_embedder
from index.permissions import administrator
from index.schema import answers

pytestmark = pytest.mark.integration

LAST = date(2026, 3, 31)
AFTER = Period(LAST - timedelta(days=6), LAST, "day")
BEFORE = Period(LAST - timedelta(days=34), LAST - timedelta(days=7), "day")
REVIEWER = Caller("rita@example.org", frozenset({"everyone"}), role="reviewer")


@pytest.fixture(scope="module")
def embedder(model_cache: Path) -> Embedder:
    return open_embedder(load_settings(model_cache=model_cache, offline=True), None)


@pytest.fixture(scope="module")
def vectors(embedder: Embedder) -> Callable[[Sequence[str]], FloatMatrix]:
    """Embeds each text once for all tests."""
    known: dict[str, FloatMatrix] = {}

    def of(texts: Sequence[str]) -> FloatMatrix:
        for text in texts:
            if text not in known:
                known[text] = embedded(embedder, [text])
        return np.concatenate([known[text] for text in texts])

    return of


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    engine = open_database(tmp_path)
    yield Catalogue(engine, tmp_path)
    engine.dispose()


def times_in(period: Period, count: int) -> list[str]:
    start = datetime(period.first.year, period.first.month, period.first.day, tzinfo=UTC)
    step = timedelta(days=period.days) / count
    return [(start + step * number).isoformat(timespec="milliseconds") for number in range(count)]


def stored(catalogue: Catalogue, seed: int) -> list[str]:
    asked = everyday_questions(600, seed)
    times = [*times_in(BEFORE, 480), *times_in(AFTER, 120)]
    return store_asked(catalogue, asked, times, seed)


def alarms(report: DriftReport) -> list[str]:
    return [feature.feature for feature in report.features if feature.alarm]


def test_a_topic_that_is_new_fires_the_alarm_and_is_shown(
    catalogue: Catalogue, embedder: Embedder, vectors: Callable[[Sequence[str]], FloatMatrix]
) -> None:
    before = everyday_questions(560, 1)
    store_handbook(catalogue, ["everyone"])
    new = [(owner, text) for owner in PEOPLE[:5] for text in NEW_TOPIC]
    after = [*before[480:], *new]
    store_asked(catalogue, before[:480], times_in(BEFORE, 480), 1)
    store_asked(catalogue, after, times_in(AFTER, len(after)), 2, first=1000)
    report = drift_report(
        catalogue.engine, embedder, BEFORE, AFTER, administrator(), vectors=vectors
    )
    assert (report.questions_before, report.questions_after) == (480, 120)
    assert report.alarm
    assert alarms(report) == ["topics"]
    assert "dashboard" in " ".join(report.topics[0].questions)


def test_answers_that_abstain_more_fire_the_alarm(
    catalogue: Catalogue, embedder: Embedder, vectors: Callable[[Sequence[str]], FloatMatrix]
) -> None:
    asked = everyday_questions(600, 3)
    store_asked(catalogue, asked[:480], times_in(BEFORE, 480), 3)
    late = times_in(AFTER, 120)
    store_asked(catalogue, asked[480:], late, 4, first=1000, abstained_share=0.45)
    report = drift_report(
        catalogue.engine, embedder, BEFORE, AFTER, administrator(), vectors=vectors
    )
    assert "abstention" in alarms(report)
    assert "topics" not in alarms(report)


def test_twenty_resampled_periods_fire_no_alarm(
    catalogue: Catalogue, embedder: Embedder, vectors: Callable[[Sequence[str]], FloatMatrix]
) -> None:
    ids = stored(catalogue, 5)
    times = [*times_in(BEFORE, 480), *times_in(AFTER, 120)]
    move = (
        update(answers)
        .where(answers.c.answer_id == bindparam("of"))
        .values(created_at=bindparam("at"))
    )
    fired = []
    for seed in range(20):
        dealt = random.Random(seed).sample(ids, len(ids))
        with writing(catalogue.engine) as connection:
            connection.execute(
                move, [{"of": of, "at": at} for of, at in zip(dealt, times, strict=True)]
            )
        report = drift_report(
            catalogue.engine, embedder, BEFORE, AFTER, administrator(), vectors=vectors
        )
        assert len(report.features) == 5
        fired += alarms(report)
    assert fired == []


def test_one_person_who_asks_the_same_again_and_again_is_no_drift(
    catalogue: Catalogue, embedder: Embedder, vectors: Callable[[Sequence[str]], FloatMatrix]
) -> None:
    stored(catalogue, 6)
    again = [(PEOPLE[0], text.upper()) for text in [NEW_TOPIC[0]] * 80]
    store_asked(catalogue, again, times_in(AFTER, 80), 7, first=1000)
    report = drift_report(
        catalogue.engine, embedder, BEFORE, AFTER, administrator(), vectors=vectors
    )
    assert report.questions_after == 121
    assert alarms(report) == []


@pytest.mark.usefixtures("each_database")
def test_too_few_questions_say_nothing(catalogue: Catalogue, embedder: Embedder) -> None:
    store_asked(catalogue, everyday_questions(40, 8), times_in(BEFORE, 40), 8)
    report = drift_report(catalogue.engine, embedder, BEFORE, AFTER, administrator())
    assert not report.is_enough
    assert not report.alarm


def test_examples_are_of_documents_that_the_reviewer_may_read(
    catalogue: Catalogue, embedder: Embedder, vectors: Callable[[Sequence[str]], FloatMatrix]
) -> None:
    stored(catalogue, 9)
    store_handbook(catalogue, ["group:people-team"])
    insider = replace(REVIEWER, principals=frozenset({"group:people-team"}))
    for caller, sees_examples in ((REVIEWER, False), (insider, True), (administrator(), True)):
        report = drift_report(catalogue.engine, embedder, BEFORE, AFTER, caller, vectors=vectors)
        assert report.topics
        assert all(bool(topic.questions) == sees_examples for topic in report.topics)


def test_what_one_person_alone_asks_is_shown_to_no_reviewer(
    catalogue: Catalogue, embedder: Embedder, vectors: Callable[[Sequence[str]], FloatMatrix]
) -> None:
    before = everyday_questions(480, 10)
    store_handbook(catalogue, ["everyone"])
    store_asked(catalogue, before, times_in(BEFORE, 480), 10)
    alone = [(PEOPLE[0], f"{text} Again, number {n}") for text in NEW_TOPIC for n in range(5)]
    store_asked(catalogue, alone, times_in(AFTER, len(alone)), 11, first=1000)
    for caller, sees_examples in ((REVIEWER, False), (administrator(), True)):
        report = drift_report(catalogue.engine, embedder, BEFORE, AFTER, caller, vectors=vectors)
        assert alarms(report)[0] == "topics"
        assert bool(report.topics[0].questions) == sees_examples


def test_drift_is_not_for_readers(catalogue: Catalogue, embedder: Embedder) -> None:
    reader = Caller("ann@example.org", frozenset({"everyone"}))
    with pytest.raises(AccessDenied):
        drift_report(catalogue.engine, embedder, BEFORE, AFTER, reader)
