"""Datasets: imported twice without doubles, changed by versions, proposed before they count, shown to whom may read."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from review_flags import HR, REV, SECRET_DOCUMENT, Flags
from sqlalchemy import func, select, update

from app.review.case_fields import CaseFields, Evidence
from core.answers import Caller
from core.errors import AccessDenied, NotFound, UsageError
from evals.cases.case import Case, case_of_line
from evals.cases.case_store import FLAGS, CaseStore
from evals.cases.proposals import proposed_cases
from index.catalogue import Catalogue, NewVersion
from index.database import writing
from index.permissions import administrator, caller_named
from index.schema import cases

pytestmark = pytest.mark.usefixtures("each_database")

ADMIN = administrator()
LEAVE = {"uri": "leave.md", "quote": "thirty days of leave"}
SALARY = {"uri": "salaries.md", "quote": "band starts at ninety"}


@pytest.fixture
def flags(catalogue: Catalogue, new_version: Callable[..., NewVersion]) -> Flags:
    return Flags(catalogue, new_version)


@pytest.fixture
def store(flags: Flags) -> CaseStore:
    return CaseStore(flags.catalogue)


def case(case_id: str, **fields: object) -> Case:
    return case_of_line({"id": case_id, "question": f"What of {case_id}?", **fields})


def ids(found: list[Case]) -> list[str]:
    return [entry.case_id for entry in found]


def promoted(
    flags: Flags, reviewer: Caller = REV, *documents: tuple[str, str], uri: str = "leave.md"
) -> str:
    feedback_id = flags.flag(*documents)
    quote = "thirty days" if uri == "leave.md" else "starts at ninety"
    fields = CaseFields("How many days?", evidence=(Evidence(uri, quote),))
    return flags.desk.promote(feedback_id, reviewer, fields)


def test_an_import_adds_and_a_second_one_changes_nothing(store: CaseStore) -> None:
    found = [case("a", evidence=[LEAVE]), case("b", unanswerable=True)]
    assert store.import_cases(REV, "mine", found).added == 2
    again = store.import_cases(REV, "mine", found)
    assert (again.added, again.changed, again.unchanged) == (0, 0, 2)
    assert [dict(entry.line) for entry in store.live(REV, "mine")] == [
        dict(entry.line) for entry in found
    ]


def test_a_changed_line_is_the_next_version_and_the_old_one_stays(store: CaseStore) -> None:
    store.import_cases(REV, "mine", [case("a", evidence=[LEAVE])])
    done = store.import_cases(REV, "mine", [case("a", evidence=[LEAVE], facts=["thirty"])])
    assert (done.added, done.changed, done.unchanged) == (0, 1, 0)
    newest, first = store.history(REV, "a")
    assert (newest.version, first.version) == (2, 1)
    assert newest.fields.facts == ("thirty",)
    assert first.fields.facts == ()
    assert ids(store.live(REV, "mine")) == ["a"]


def test_an_edit_keeps_dataset_origin_and_flag(flags: Flags, store: CaseStore) -> None:
    case_id = promoted(flags)
    before = store.live(REV, FLAGS)[0]
    edited = store.edit(REV, case_id, {"question": "And now?", "evidence": [LEAVE]})
    assert (edited.version, edited.dataset, edited.origin) == (2, FLAGS, "flag")
    assert edited.source_feedback_id == before.source_feedback_id
    assert edited.must_pass
    assert edited.case_id == case_id


def test_what_was_removed_is_asked_no_more_and_may_come_back(store: CaseStore) -> None:
    store.import_cases(REV, "mine", [case("a")])
    assert store.remove(REV, ["a"]) == 1
    assert store.live(REV, "mine") == []
    with pytest.raises(NotFound):
        store.remove(REV, ["a"])
    assert store.import_cases(REV, "mine", [case("a")]).added == 1
    assert store.live(REV, "mine")[0].version == 2


def test_an_id_of_another_dataset_is_refused_and_nothing_is_imported(store: CaseStore) -> None:
    store.import_cases(REV, "mine", [case("a")])
    with pytest.raises(UsageError, match=r"'a' .*'mine'"):
        store.import_cases(REV, "other", [case("b"), case("a")])
    assert store.live(REV, "other") == []
    with pytest.raises(UsageError, match="'a'"):
        store.add(REV, "mine", case("a"))


def test_a_place_gets_its_words_when_it_is_stored(store: CaseStore) -> None:
    given = case("a", evidence=[{"uri": "leave.md", "start": 0, "end": 8}])
    store.import_cases(REV, "mine", [given])
    assert store.live(REV, "mine")[0].anchors[0].quote == "Everyone"
    assert store.import_cases(REV, "mine", [given]).unchanged == 1


def test_a_proposal_is_no_case_until_somebody_approves_it(store: CaseStore) -> None:
    store.add(REV, "ideas", case("p", evidence=[LEAVE]), "synthetic")
    assert store.live(REV, "ideas") == []
    waiting = store.proposed(REV)
    assert (ids(waiting), waiting[0].approved_by, waiting[0].origin) == (["p"], "", "synthetic")
    assert store.approve(REV, ["p"]) == 1
    assert [(entry.case_id, entry.approved_by) for entry in store.live(REV, "ideas")] == [
        ("p", REV.name)
    ]
    with pytest.raises(NotFound, match="not proposed"):
        store.approve(REV, ["p"])


def test_a_rejected_proposal_is_not_made_again(
    catalogue: Catalogue, new_version: Callable[..., NewVersion]
) -> None:
    sentence = "Annual leave in the first year is counted from the day that somebody starts."
    version = new_version("book.md", sentence, range(50, 51))
    chunk = replace(version.chunks[0], section=("Book", "Annual leave of the first year"))
    catalogue.store([replace(version, chunks=(chunk,))], [])
    store = CaseStore(catalogue)
    found = proposed_cases(catalogue, ADMIN, 5)
    assert [entry.anchors[0].quote for entry in found] == [sentence]
    store.add(ADMIN, "ideas", found[0], "synthetic")
    assert store.reject(ADMIN, [found[0].case_id]) == 1
    assert store.proposed(ADMIN) == []
    assert proposed_cases(catalogue, ADMIN, 5) == []


def test_cases_of_flags_have_a_cluster_and_a_split_when_they_are_read(
    flags: Flags, store: CaseStore
) -> None:
    promoted(flags)
    found = store.live(REV, FLAGS)[0]
    assert (found.cluster, found.must_pass) == ("leave.md", True)
    with flags.catalogue.engine.connect() as connection:
        stored = connection.execute(select(cases.c.cluster, cases.c.split)).one()
    assert tuple(stored) == ("leave.md", found.split)


def test_flags_that_something_is_tuned_with_leave_the_test_split_with_their_documents(
    flags: Flags, store: CaseStore
) -> None:
    promoted(flags)
    store.import_cases(REV, "mine", [case("a", evidence=[LEAVE]), case("b", unanswerable=True)])
    with writing(flags.catalogue.engine) as connection:
        connection.execute(update(cases).values(split="test"))
    flag = store.live(REV, FLAGS)[0]
    store.live(REV, "mine")
    assert store.mark_tuned([flag.source_feedback_id]) == 2
    assert {entry.case_id: entry.split for entry in store.live(REV, "mine")} == {
        "a": "dev",
        "b": "test",
    }
    assert store.live(REV, FLAGS)[0].split == "dev"
    store.import_cases(REV, "mine", [case("c", evidence=[LEAVE])])
    assert {entry.case_id: entry.split for entry in store.live(REV, "mine")}["c"] == "dev"


def test_nobody_sees_a_case_about_documents_or_flags_that_they_may_not_read(
    flags: Flags, store: CaseStore
) -> None:
    case_id = promoted(flags, HR, SECRET_DOCUMENT, uri="salaries.md")
    store.import_cases(
        ADMIN, "mine", [case("open", evidence=[LEAVE]), case("secret", evidence=[SALARY])]
    )
    assert ids(store.live(REV, FLAGS)) == []
    assert ids(store.live(HR, FLAGS)) == [case_id]
    assert ids(store.live(REV, "mine")) == ["open"]
    assert ids(store.live(HR, "mine")) == ["open", "secret"]
    assert [entry.cases for entry in store.datasets(REV)] == [1]
    for hidden in (case_id, "secret", "no-such"):
        for act in (store.history, lambda caller, one: store.remove(caller, [one])):
            with pytest.raises(NotFound, match=f"There is no case '{hidden}'"):
                act(REV, hidden)
    with flags.catalogue.engine.connect() as connection:
        assert connection.execute(select(func.count()).where(cases.c.valid_to != "")).scalar() == 0


def test_readers_have_no_datasets(store: CaseStore) -> None:
    reader = caller_named("ann@x.org", [])
    for act in (
        lambda: store.datasets(reader),
        lambda: store.live(reader, "mine"),
        lambda: store.proposed(reader),
        lambda: store.history(reader, "a"),
        lambda: store.import_cases(reader, "mine", []),
        lambda: store.add(reader, "mine", case("a")),
        lambda: store.resplit(reader, "mine"),
    ):
        with pytest.raises(AccessDenied):
            act()
