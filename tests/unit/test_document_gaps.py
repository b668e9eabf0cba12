"""Unanswered questions become groups; what people typed stays theirs."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quality_rows import Rows

from app.quality.csv_text import csv_text
from app.quality.desk import QualityDesk
from app.quality.question_groups import group_questions
from core.answers import Caller
from core.documents import document_id
from core.fakes import HashEmbedder
from core.search import FloatMatrix
from index.catalogue import Catalogue, NewVersion

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
AT = "2026-03-09T10:00:00.000+00:00"
REVIEWER = Caller("rev@example.org", frozenset({"everyone"}), role="reviewer")
ADMIN = Caller("root@example.org", frozenset({"everyone"}), role="admin")


@pytest.fixture
def rows(catalogue: Catalogue) -> Rows:
    return Rows(catalogue)


@pytest.fixture
def desk(catalogue: Catalogue) -> QualityDesk:
    return QualityDesk(catalogue, catalogue.data_dir, HashEmbedder, lambda: NOW)


def ask(rows: Rows, question: str, *people: str, documents: tuple[str, ...] = ()) -> None:
    for person in people:
        rows.answer(
            AT, "abstained", owner=f"{person}@example.org", question=question, documents=documents
        )


def test_questions_that_mean_the_same_are_one_gap_and_the_largest_comes_first(
    rows: Rows, desk: QualityDesk
) -> None:
    ask(rows, "company car policy?", "ada", "bob")
    ask(rows, "dogs allowed office", "ada", "bob", "cat")
    ask(rows, "dogs allowed office today", "ada")
    gaps = desk.gaps(7, REVIEWER).gaps
    assert [(gap.label, gap.asked, gap.people) for gap in gaps] == [
        ("dogs allowed office", 4, 3),
        ("company car policy?", 2, 2),
    ]
    assert gaps[0].questions == ("dogs allowed office today",)
    assert gaps[0].last_asked == AT


def test_the_same_question_in_other_letters_is_the_same(rows: Rows, desk: QualityDesk) -> None:
    ask(rows, "Dogs  allowed?", "ada")
    ask(rows, "dogs allowed", "bob")
    (gap,) = desk.gaps(7, REVIEWER).gaps
    assert (gap.asked, gap.people, gap.questions) == (2, 2, ())


def test_what_one_person_alone_asked_is_shown_to_admins_only(rows: Rows, desk: QualityDesk) -> None:
    ask(rows, "dogs allowed office", "ada", "ada", "ada")
    ask(rows, "company car policy", "ada", "bob")
    found = desk.gaps(7, REVIEWER)
    assert [gap.label for gap in found.gaps] == ["company car policy"]
    assert (found.asked, found.withheld) == (5, 3)
    assert "dogs" not in desk.gaps_csv(7, REVIEWER)
    seen = desk.gaps(7, ADMIN)
    assert {gap.label for gap in seen.gaps} == {"dogs allowed office", "company car policy"}
    assert seen.withheld == 0


def test_personal_data_in_questions_is_masked(rows: Rows, desk: QualityDesk) -> None:
    ask(rows, "Does Dr. Maria Schneider (maria@example.org) know?", "ada", "bob")
    ask(rows, "Does Dr. Maria Schneider (maria@example.org) know that?", "ada", "bob")
    (gap,) = desk.gaps(7, ADMIN).gaps
    for shown in (gap.label, *gap.questions, desk.gaps_csv(7, ADMIN)):
        assert "Schneider" not in shown
        assert "maria" not in shown
        assert "[EMAIL]" in shown


def test_an_answered_question_is_a_gap_where_its_asker_says_it_should_have_been_known(
    rows: Rows, desk: QualityDesk
) -> None:
    known = rows.answer(AT, question="dogs allowed office")
    rows.flag(known, AT, "should_have_answered")
    wrong = rows.answer(AT, question="company car policy")
    rows.flag(wrong, AT, "wrong_fact")
    assert [gap.label for gap in desk.gaps(7, ADMIN).gaps] == ["dogs allowed office"]


def test_a_question_that_was_asked_again_counts_by_its_last_answer(
    rows: Rows, desk: QualityDesk
) -> None:
    rows.answer(AT, "abstained", question="dogs allowed office", replaced_by="another")
    assert desk.gaps(7, ADMIN).gaps == ()


def test_nearest_documents_are_those_that_the_one_who_looks_may_read(
    rows: Rows,
    desk: QualityDesk,
    catalogue: Catalogue,
    new_version: Callable[..., NewVersion],
) -> None:
    versions = [
        new_version("open.md", "One.", range(1, 2)),
        new_version("secret.md", "Two.", range(2, 3), access=("group:hr",)),
    ]
    catalogue.store(versions, [])
    near = tuple(document_id("docs", uri) for uri in ("secret.md", "open.md", "gone.md"))
    ask(rows, "dogs allowed office", "ada", "bob", documents=near)
    (gap,) = desk.gaps(7, ADMIN).gaps
    assert gap.documents == ("open.md",)
    assert "secret" not in desk.gaps_csv(7, ADMIN)


def test_a_cell_is_never_a_formula(rows: Rows, desk: QualityDesk) -> None:
    ask(rows, '=HYPERLINK("http://example.org")', "ada", "bob")
    ask(rows, "  @SUM(1)", "ada", "bob")
    text = desk.gaps_csv(7, ADMIN)
    cells = [row[0] for row in csv.reader(io.StringIO(text.lstrip("\ufeff")))][1:]
    assert sorted(cells) == ['\'=HYPERLINK("http://example.org")', "'@SUM(1)"]


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_no_text_starts_a_formula_or_a_row_of_its_own(cells: list[list[str]]) -> None:
    read = list(csv.reader(io.StringIO(csv_text(("a", "b"), cells).lstrip("\ufeff"), newline="")))
    assert len(read) == len(cells) + 1
    for row in read[1:]:
        assert len(row) == 2
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@")) for cell in row)


def unit(*rows: tuple[float, float]) -> FloatMatrix:
    found: FloatMatrix = np.array(rows, np.float32)
    lengths: FloatMatrix = np.linalg.norm(found, axis=1, keepdims=True)
    return found / lengths


def test_a_chain_of_questions_is_not_one_group() -> None:
    angles = np.radians([0, 35, 70, 105, 140])
    chain = np.stack([np.cos(angles), np.sin(angles)], axis=1).astype(np.float32)
    groups = group_questions(chain, [1] * 5, 0.5)
    assert len(groups) > 1


def test_the_most_central_question_of_a_group_comes_first() -> None:
    vectors = unit((1, 0.3), (1, 0), (1, -0.3), (0, 1))
    assert group_questions(vectors, [1, 1, 1, 1], 0.5) == [[1, 0, 2], [3]]
    # A question that was asked more often pulls the middle towards it.
    assert group_questions(vectors, [9, 1, 1, 1], 0.5)[0][0] == 0


def test_no_question_makes_no_group() -> None:
    assert group_questions(np.zeros((0, 4), np.float32), []) == []


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(0, 200)), max_size=12), st.randoms())
def test_groups_hold_every_question_once_and_do_not_change_between_calls(
    asked: list[tuple[int, int]], random: object
) -> None:
    del random
    weights = [weight for weight, _ in asked]
    vectors = HashEmbedder().embed_passages(
        [f"w{word} w{word // 2} w{word // 4}" for _, word in asked]
    )
    groups = group_questions(vectors, weights)
    assert sorted(position for group in groups for position in group) == list(range(len(asked)))
    assert groups == group_questions(vectors, weights)
    sizes = [sum(weights[position] for position in group) for group in groups]
    assert sizes == sorted(sizes, reverse=True)
