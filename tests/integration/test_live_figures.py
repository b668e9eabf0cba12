"""Figures of a live comparison: readers are the unit, a planted difference is told, and chance is not."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from asked_questions import PEOPLE, everyday_questions, store_asked
from cli_harness import invoke
from databases import open_database
from quality_rows import Rows
from sqlalchemy import insert

from app.experiments.assignment import is_chosen
from app.quality.arms import ArmDifference, LiveComparison, read_live
from app.quality.period import Period
from app.quality.shadows import read_shadows, token_f1
from app.quality.trend import read_trend
from index.catalogue import Catalogue
from index.database import writing
from index.permissions import ANONYMOUS_NAME
from index.schema import shadow_answers, signals, unfinished

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("each_database")]

AT = "2026-03-10T10:00:00.000+00:00"
MARCH = Period(date(2026, 3, 1), date(2026, 3, 31), "day")
CURRENT, TRIED = "trial/current", "trial/words-only"


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Catalogue]:
    found = Catalogue(open_database(tmp_path), tmp_path)
    yield found
    found.engine.dispose()


def label_of(owner: str) -> str:
    return TRIED if is_chosen("trial", owner, 0.5) else CURRENT


def stored(catalogue: Catalogue, seed: int, label: str = "") -> list[tuple[str, str]]:
    """Store 600 answers of 40 readers; returns id and label of each."""
    asked = everyday_questions(600, seed)
    labels = [label or label_of(owner) for owner, _ in asked]
    ids = store_asked(catalogue, asked, [AT] * 600, seed, variants=labels)
    return list(zip(ids, labels, strict=True))


def only(catalogue: Catalogue) -> LiveComparison:
    (found,) = read_live(catalogue.engine, MARCH)
    return found


def told(found: LiveComparison, metric: str) -> ArmDifference:
    return next(each for each in found.differences if each.metric == metric)


def test_a_planted_harm_is_told_and_what_is_alike_is_not(catalogue: Catalogue) -> None:
    rows = Rows(catalogue)
    for number, (answer_id, label) in enumerate(stored(catalogue, 1)):
        if label == TRIED and number % 3 == 0:
            rows.flag(answer_id, AT)
    found = only(catalogue)
    assert (found.experiment, found.variant) == ("trial", "words-only")
    assert found.current.users + found.tried.users == len(PEOPLE)
    assert found.current.answers + found.tried.answers == 600
    assert told(found, "flagged").verdict == "worse"
    assert told(found, "flagged").low > 0.1  # type: ignore[operator]
    for metric in ("abstained", "latency_p50_ms"):
        span = told(found, metric)
        assert span.low < 0 < span.high  # type: ignore[operator]


def test_too_few_readers_say_how_many_more_are_needed(catalogue: Catalogue) -> None:
    stored(catalogue, 2)
    found = told(only(catalogue), "answered")
    assert found.verdict == "cannot tell yet"
    assert found.more_users is not None
    assert 10 < found.more_users < 2000


def test_one_reader_of_many_questions_decides_nothing(catalogue: Catalogue) -> None:
    rows = Rows(catalogue)
    asked = [(f"{label}@example.org", "What?") for label in (CURRENT, TRIED) for _ in range(40)]
    labels = [owner.partition("@")[0] for owner, _ in asked]
    for answer_id in store_asked(catalogue, asked, [AT] * 80, 8, variants=labels)[40:]:
        rows.flag(answer_id, AT)
    found = told(only(catalogue), "flagged")
    assert found.difference == 1.0
    assert (found.low, found.high, found.verdict) == (None, None, "cannot tell yet")


def test_signals_and_unfinished_questions_count_for_the_arm_of_their_reader(
    catalogue: Catalogue,
) -> None:
    answered = stored(catalogue, 3)
    tried = [answer_id for answer_id, label in answered if label == TRIED]
    with writing(catalogue.engine) as connection:
        for number, answer_id in enumerate(tried):
            for place in ("a", "b"):  # twice by one reader is once
                connection.execute(
                    insert(signals).values(
                        signal_id=f"s{number}{place}",
                        answer_id=answer_id,
                        author=PEOPLE[0],
                        kind="copied",
                        place=place,
                        channel="streamlit",
                        created_at=AT,
                    )
                )
        owner = next(person for person in PEOPLE if label_of(person) == TRIED)
        connection.execute(
            insert(unfinished).values(
                question_id="q",
                conversation_id=f"of-{tried[0]}",
                owner=owner,
                question="What?",
                text="",
                state="stopped",
                started_at=AT,
                updated_at=AT,
            )
        )
    found = only(catalogue)
    values = {value.metric: value for value in found.tried.values}
    assert values["copied"].value == 1.0
    assert values["unfinished"].value == pytest.approx(1 / (len(tried) + 1))
    assert next(value for value in found.current.values if value.metric == "copied").value == 0.0


def test_readers_without_a_name_count_by_conversation(catalogue: Catalogue) -> None:
    asked = [(ANONYMOUS_NAME, text) for _, text in everyday_questions(60, 4)]
    labels = [CURRENT, TRIED] * 30
    store_asked(catalogue, asked, [AT] * 60, 4, variants=labels)
    found = only(catalogue)
    assert (found.current.users, found.tried.users) == (30, 30)


def shadow(catalogue: Catalogue, answer_id: str, label: str, **answer: object) -> None:
    content = {
        "answer": {"text": "", "status": "answered", "timings_ms": {"total": 50.0}, **answer}
    }
    with writing(catalogue.engine) as connection:
        connection.execute(
            insert(shadow_answers).values(
                answer_id=answer_id, variant=label, created_at=AT, content=json.dumps(content)
            )
        )


def test_shadows_are_compared_with_what_was_shown_whichever_side_that_was(
    catalogue: Catalogue,
) -> None:
    rows = stored(catalogue, 5)
    for answer_id, label in rows[:200]:
        other = TRIED if label == CURRENT else CURRENT
        # Whoever is in the shadow: the variant cites twice, current once.
        cites = 2 if other == TRIED else 1
        shadow(catalogue, answer_id, other, citations=[{}] * cites, cost_usd=0.003)
    (found,) = read_shadows(catalogue.engine, MARCH)
    assert (found.variant, found.questions, found.users) == ("words-only", 200, 40)
    measured = {value.metric: value for value in found.values}
    assert 0 < measured["citations"].tried <= 2
    assert measured["citations"].difference == pytest.approx(
        measured["citations"].tried - measured["citations"].current
    )
    assert "groundedness_footnote_checker" not in measured  # none of these has a claim


def test_token_f1_is_1_for_the_same_words_and_0_for_none() -> None:
    assert token_f1("Two days a year.", "two days a year") == 1.0
    assert token_f1("", "") == 1.0
    assert token_f1("a", "") == 0.0
    assert token_f1("one two", "two three") == pytest.approx(0.5)


def test_the_trend_is_split_by_side(catalogue: Catalogue) -> None:
    rows = stored(catalogue, 6)
    Rows(catalogue).flag(rows[0][0], AT)
    points = {point.kind: point for point in read_trend(catalogue.engine, MARCH, "variant")}
    assert points.keys() == {CURRENT, TRIED}
    assert sum(point.answers for point in points.values()) == 600
    assert points[rows[0][1]].flagged == 1


def test_the_command_prints_what_the_figures_say(
    catalogue: Catalogue, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored(catalogue, 7)
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(catalogue.data_dir))
    result = invoke("eval", "live", "--days", "3650", "--json")
    assert result.exit_code == 0, result.stderr
    (found,) = json.loads(result.stdout)["comparisons"]
    assert (
        found["current"]["metrics"]["answered"]["n"] + found["tried"]["metrics"]["answered"]["n"]
        == 600
    )
    assert "cannot tell yet: needs about" in invoke("eval", "live", "--days", "3650").stdout
    assert invoke("eval", "live", "--days", "3650", "--as", "ann@example.org").exit_code != 0
