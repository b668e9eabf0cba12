"""The audit sample: drawn the same by everybody, labelled by reviewers, counted with its uncertainty."""

import json
from dataclasses import asdict, replace
from datetime import UTC, datetime

import pytest
from quality_rows import Rows
from sqlalchemy import update

from app.review.audit import AuditDesk
from app.review.audit_figures import week_days, week_of
from core.answers import Answer
from core.errors import AccessDenied, NotFound, UsageError
from core.statistics.proportions import wilson
from index.catalogue import Catalogue
from index.database import writing
from index.permissions import administrator, caller_named
from index.schema import answers

pytestmark = pytest.mark.usefixtures("each_database")

REV = replace(caller_named("rev@x.org", []), role="reviewer")
OTHER = replace(caller_named("other@x.org", []), role="reviewer")
READER = caller_named("ada@x.org", [])
WEEK, AT = "2026-W10", "2026-03-04T10:00:00.000+00:00"
ADMIN = administrator()


class Sample:
    """A week with answers that were made from nothing, and one that was made from a document that is gone."""

    def __init__(self, catalogue: Catalogue) -> None:
        self.rows = Rows(catalogue)
        self.engine = catalogue.engine
        self.ids = [self.store() for _ in range(12)]
        self.hidden = self.store(["gone"])
        self.rows.answer("2026-03-10T10:00:00.000+00:00")
        self.desk = AuditDesk(
            catalogue, catalogue.data_dir, lambda: datetime(2026, 3, 12, tzinfo=UTC)
        )

    def store(self, doc_ids: list[str] | None = None) -> str:
        answer_id = self.rows.answer(AT)
        made = Answer(
            answer_id, "c", "t", "How many?", "27.", "answered", (), (), (), "m", "p", 1, AT
        )
        trace = {"passages": [], "hits": [{"doc_id": each} for each in doc_ids or []]}
        with writing(self.engine) as connection:
            connection.execute(
                update(answers)
                .where(answers.c.answer_id == answer_id)
                .values(answer=json.dumps(asdict(made)), trace=json.dumps(trace))
            )
        return answer_id


@pytest.fixture
def sample(catalogue: Catalogue) -> Sample:
    return Sample(catalogue)


def test_a_week_is_drawn_of_the_same_by_everybody_and_filled_up(sample: Sample) -> None:
    assert sample.desk.draw(REV, 4) == WEEK
    first = [entry.answer_id for entry in sample.desk.list(REV)]
    assert len(first) == 4
    sample.desk.draw(OTHER, 4, WEEK)
    assert [entry.answer_id for entry in sample.desk.list(OTHER)] == first
    sample.desk.draw(OTHER, 7, WEEK)
    assert [entry.answer_id for entry in sample.desk.list(OTHER)][:4] == first
    sample.desk.draw(OTHER, 100, WEEK)
    assert {entry.answer_id for entry in sample.desk.list(OTHER)} == {*sample.ids, sample.hidden}


def test_only_reviewers_draw_and_only_of_weeks_that_are_over(sample: Sample) -> None:
    for act in (
        lambda: sample.desk.draw(READER),
        lambda: sample.desk.list(READER),
        lambda: sample.desk.open(READER, sample.ids[0]),
        lambda: sample.desk.label(READER, sample.ids[0], "right"),
        lambda: sample.desk.figures(READER),
    ):
        with pytest.raises(AccessDenied):
            act()
    for week in ("2026-W11", "2026-11", "2026-W99", "x-Wy"):
        with pytest.raises(UsageError):
            sample.desk.draw(REV, 3, week)
    for count in (0, 501):
        with pytest.raises(UsageError):
            sample.desk.draw(REV, count, WEEK)
    assert week_of(week_days(WEEK)[0]) == WEEK


def test_what_a_reviewer_may_not_read_is_named_by_its_number_alone(sample: Sample) -> None:
    sample.desk.draw(REV, 100)
    entries = {entry.answer_id: entry for entry in sample.desk.list(REV)}
    assert entries[sample.hidden].restricted == 1
    assert entries[sample.hidden].question == ""
    with pytest.raises(AccessDenied):
        sample.desk.open(REV, sample.hidden)
    with pytest.raises(AccessDenied):
        sample.desk.label(REV, sample.hidden, "wrong")
    assert sample.desk.open(ADMIN, sample.hidden).answer.text == "27."
    with pytest.raises(NotFound):
        sample.desk.open(REV, "answer-0")


def test_figures_have_their_interval_and_two_labels_their_kappa(sample: Sample) -> None:
    sample.desk.draw(REV, 100)
    said = ["wrong", "wrong", "right", "right", "right", "unsure"]
    for answer_id, verdict in zip(sample.ids, said, strict=False):
        sample.desk.label(REV, answer_id, verdict, "outdated" if verdict == "wrong" else "")
    sample.desk.label(REV, sample.ids[0], "wrong", "outdated")
    for answer_id, verdict in zip(sample.ids, ["wrong", "right", "right"], strict=False):
        sample.desk.label(OTHER, answer_id, verdict)
    sample.rows.flag(sample.ids[0], AT)
    sample.rows.flag(sample.ids[8], AT)
    found = sample.desk.figures(REV)
    assert (found.drawn, found.labelled, found.unsure) == (13, 6, 1)
    assert (found.wrong.hits, found.wrong.n) == (2, 5)
    assert (found.wrong.low, found.wrong.high) == wilson(2, 5)
    assert (found.flagged.hits, found.flagged.n) == (2, 13)
    assert (found.found.hits, found.found.n) == (1, 2)
    assert found.categories == {"outdated": 2}
    assert (found.agreement.pairs, found.agreement.observed) == (3, pytest.approx(2 / 3))
    assert sample.desk.figures(REV, "2026-W09").wrong.value is None
    sample.desk.label(REV, sample.ids[0], "right")
    assert sample.desk.figures(REV).wrong.hits == 1, "the last word of a reviewer counts"


@pytest.mark.parametrize(
    ("verdict", "category", "note"),
    [("good", "", ""), ("right", "outdated", ""), ("wrong", "bad", ""), ("wrong", "", "x" * 2001)],
)
def test_a_label_that_says_nothing_known_is_refused(
    verdict: str, category: str, note: str, sample: Sample
) -> None:
    sample.desk.draw(REV, 100)
    with pytest.raises(UsageError):
        sample.desk.label(REV, sample.ids[0], verdict, category, note)
