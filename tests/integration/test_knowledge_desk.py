"""What admins see of documents and sources, over a folder that was really ingested: and what nobody else does."""

import inspect
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import SecretStr
from sqlalchemy import select

from app.bootstrap import open_application
from app.knowledge.desk import KnowledgeDesk
from app.knowledge.document_list import DocumentQuery
from app.knowledge.search_probe import Probe
from core.answers import Caller, Role
from core.documents import EVERYONE
from core.errors import AccessDenied, FolderBusy, NotFound, UsageError
from core.settings import Settings, load_settings
from index.permissions import administrator
from index.schema import audit
from ingest.run import Ingestion, Selection
from ingest.writer_lock import writer_lock

pytestmark = pytest.mark.integration

PATIENCE_S = 60.0
CANARY = "zanzibar"
SOURCES = """
handbook:
  path: ./handbook
  access: [everyone]
  rules:
    - match: private/**
      access: [group:people-team]
    - match: shared/**
      access: [group:people-team, group:it]
scans:
  path: ./scans
  access: [group:staff]
"""


@dataclass
class Place:
    folder: Path
    settings: Settings
    desk: KnowledgeDesk


def caller(role: Role, *groups: str, name: str = "ann@x.org") -> Caller:
    principals = {EVERYONE, f"user:{name}", *(f"group:{group}" for group in groups)}
    return Caller(name, frozenset(principals), role=role)


ADMIN = caller("admin", "it")


@pytest.fixture(scope="module")
def made(
    tmp_path_factory: pytest.TempPathFactory, model_cache: Path, module_database: str
) -> Place:
    folder = tmp_path_factory.mktemp("knowledge")
    for name, text in {
        "handbook/leave.md": "# Leave\n\nEveryone has thirty days of leave in a year.\n",
        "handbook/travel.md": "# Travel\n\nTrips are booked by the office.\n",
        "handbook/private/salaries.md": f"---\nauthor: Zed Canary\n---\n# Bands\n\nThe highest band is worth {CANARY} coins.\n",
        "handbook/shared/laptops.md": "# Laptops\n\nA laptop lasts for four years.\n",
        "scans/empty.txt": "",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "sources.yaml").write_text(SOURCES)
    (folder / "groups.yaml").write_text("hana@x.org: [people-team]\n")
    settings = load_settings(
        data_dir=folder / "data",
        sources_file=folder / "sources.yaml",
        groups_file=folder / "groups.yaml",
        model_cache=model_cache,
        offline=True,
        database_url=module_database,
    )
    with Ingestion(settings) as ingestion:
        for name in ("handbook", "scans"):
            with writer_lock(settings.data_dir):
                planning = ingestion.plan(Selection(source_name=name))
                ingestion.apply(planning, allow_mass_delete=False, progress=lambda *_: None)
    return Place(folder, settings, open_application(settings).knowledge)


@pytest.fixture
def desk(made: Place) -> KnowledgeDesk:
    return made.desk


def doc_id(desk: KnowledgeDesk, uri: str) -> str:
    (record,) = desk.documents(ADMIN, DocumentQuery(words=uri)).records
    return record.doc_id


CALLS: dict[str, Callable[[KnowledgeDesk, Caller], object]] = {
    "overview": lambda desk, who: desk.overview(who),
    "activity": lambda desk, who: desk.activity(who),
    "runs": lambda desk, who: desk.runs(who),
    "run": lambda desk, who: desk.run(who, "none"),
    "start_plan": lambda desk, who: desk.start_plan(who, "handbook"),
    "start_run": lambda desk, who: desk.start_run(who, "handbook"),
    "quarantine": lambda desk, who: desk.quarantine(who),
    "documents": lambda desk, who: desk.documents(who, DocumentQuery()),
    "counts": lambda desk, who: desk.counts(who),
    "types": lambda desk, who: desk.types(who),
    "document": lambda desk, who: desk.document(who, "none"),
    "chunks": lambda desk, who: desk.chunks(who, "none"),
    "who_may_read": lambda desk, who: desk.who_may_read(who, "none", "bob@x.org"),
    "probe": lambda desk, who: desk.probe(who, Probe("leave")),
}


def test_every_method_of_the_desk_is_tried_below() -> None:
    methods = inspect.getmembers(KnowledgeDesk, inspect.isfunction)
    assert {name for name, _ in methods if not name.startswith("_")} == CALLS.keys()


@pytest.mark.parametrize("role", ["reader", "reviewer"])
@pytest.mark.parametrize("name", CALLS)
def test_whoever_is_no_admin_is_refused_everything(
    desk: KnowledgeDesk, name: str, role: Role
) -> None:
    with pytest.raises(AccessDenied, match="'admin'"):
        CALLS[name](desk, caller(role, "people-team", "it", "staff"))


def test_refused_starts_leave_nothing_behind(made: Place) -> None:
    with pytest.raises(AccessDenied):
        made.desk.start_run(caller("reader"), "handbook")
    assert not (made.settings.data_dir / "started").exists()


def test_words_of_a_document_that_the_admin_may_not_read_never_leave(desk: KnowledgeDesk) -> None:
    secret = doc_id(desk, "salaries.md")
    detail = desk.document(ADMIN, secret)
    assert not detail.is_readable
    assert detail.metadata == ()
    assert detail.record.access == ("group:people-team",)
    with pytest.raises(AccessDenied, match="not read it"):
        desk.chunks(ADMIN, secret)
    told = [
        detail,
        desk.documents(ADMIN, DocumentQuery()),
        desk.probe(ADMIN, Probe(f"{CANARY} coins", missed="private/salaries.md")),
        desk.probe(ADMIN, Probe(f"{CANARY} coins", as_user="hana@x.org")),
        desk.probe(ADMIN, Probe("band", as_user="hana@x.org", missed="private/salaries.md")),
        desk.overview(ADMIN),
    ]
    # What the admin typed comes back; what stands behind it in the document does not.
    assert "is worth" not in repr(told)
    assert "Zed Canary" not in repr(told)


def test_an_admin_who_may_read_sees_the_words_with_their_place(desk: KnowledgeDesk) -> None:
    reader = caller("admin", "people-team")
    secret = doc_id(desk, "salaries.md")
    assert ("author", "Zed Canary") in desk.document(reader, secret).metadata
    page = desk.chunks(reader, secret)
    assert page.total == len(page.chunks) == 1
    (chunk,) = page.chunks
    assert CANARY in chunk.text
    assert chunk.end - chunk.start == len(chunk.text)


def test_the_local_administrator_reads_everything(desk: KnowledgeDesk) -> None:
    assert CANARY in desk.chunks(administrator(), doc_id(desk, "salaries.md")).chunks[0].text


def test_looking_as_somebody_shows_only_what_both_may_read(desk: KnowledgeDesk) -> None:
    hers = desk.probe(ADMIN, Probe("band laptop leave", as_user="hana@x.org"))
    found = {hit.document.uri for hit in hers.hits}
    assert (
        "shared/laptops.md" in found
    )  # by group it and by group people-team: in common is the document
    assert "private/salaries.md" not in found
    assert hers.is_narrowed
    alone = desk.probe(administrator(), Probe("band laptop leave", as_user="hana@x.org"))
    assert "private/salaries.md" in {hit.document.uri for hit in alone.hits}
    assert not alone.is_narrowed


@pytest.mark.parametrize(
    ("as_user", "uri", "said"),
    [
        ("bob@x.org", "private/salaries.md", "The document is for group:people-team"),
        ("hana@x.org", "private/salaries.md", "you may not"),
        ("hana@x.org", "leave.md", "was found"),
        ("hana@x.org", "nothing.md", "There is no document 'nothing.md'"),
        ("", "private/salaries.md", "it is for the group people-team"),
    ],
)
def test_why_a_document_is_missed_is_told_without_its_words(
    desk: KnowledgeDesk, as_user: str, uri: str, said: str
) -> None:
    why = desk.probe(ADMIN, Probe("days of leave", as_user=as_user, missed=uri)).why_not
    assert why is not None
    assert said in why.text


def test_filters_of_a_probe_narrow_it_and_wrong_ones_are_told(desk: KnowledgeDesk) -> None:
    found = desk.probe(ADMIN, Probe("days of leave", filters=("uri~travel*",)))
    assert {hit.document.uri for hit in found.hits} <= {"travel.md"}
    with pytest.raises(UsageError, match="no filter"):
        desk.probe(ADMIN, Probe("leave", filters=("nonsense",)))
    with pytest.raises(UsageError, match="empty"):
        desk.probe(ADMIN, Probe("  "))


def test_who_may_read_is_told_with_its_reason(desk: KnowledgeDesk) -> None:
    secret = doc_id(desk, "salaries.md")
    hers = desk.who_may_read(ADMIN, secret, " Hana@X.org ")
    assert hers.is_allowed
    assert "group:people-team" in hers.because
    assert not desk.who_may_read(ADMIN, secret, "bob@x.org").is_allowed
    with pytest.raises(UsageError):
        desk.who_may_read(ADMIN, secret, " ")


def test_the_overview_has_each_source_with_its_last_run(desk: KnowledgeDesk) -> None:
    handbook, scans = desk.overview(ADMIN).sources
    assert (handbook.name, handbook.documents, handbook.state) == ("handbook", 4, "ok")
    assert handbook.last_run is not None
    assert handbook.last_run.added == 4
    assert (scans.quarantined, scans.state) == (1, "partial")
    (run,) = desk.runs(ADMIN, "scans")
    assert desk.run(ADMIN, run.run_id).report["quarantined"][0]["uri"] == "empty.txt"
    with pytest.raises(NotFound):
        desk.run(ADMIN, "none")


def test_a_file_that_could_not_be_read_is_listed_with_its_reason_and_time(
    desk: KnowledgeDesk,
) -> None:
    page = desk.quarantine(ADMIN)
    (entry,) = page.documents
    assert (entry.record.uri, entry.record.reason) == ("empty.txt", "empty")
    assert entry.first == entry.last == desk.runs(ADMIN, "scans")[0].started_at
    assert (entry.still_answers, entry.can_retry) == (False, True)
    assert page.by_reason == (("empty", 1),)
    assert desk.quarantine(ADMIN, "corrupt").documents == ()


def test_only_a_configured_source_is_started(made: Place) -> None:
    for name in ("other", "--yes", "../handbook", ""):
        with pytest.raises(NotFound):
            made.desk.start_plan(ADMIN, name)
        with pytest.raises(NotFound):
            made.desk.start_run(ADMIN, name)


def finished(desk: KnowledgeDesk) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while desk.activity(ADMIN).is_busy:
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.fixture
def own(made: Place, tmp_path: Path, module_database: str, request: pytest.FixtureRequest) -> Place:
    """A place of this test's own, with nothing ingested but one folder to ingest."""
    (tmp_path / "notes").mkdir()
    for number in range(5):
        (tmp_path / "notes" / f"{number}.md").write_text(
            f"# Note {number}\n\nIt is number {number}.\n"
        )
    (tmp_path / "sources.yaml").write_text("notes:\n  path: ./notes\n  access: [everyone]\n")
    changes = {
        "data_dir": tmp_path / "data",
        "sources_file": tmp_path / "sources.yaml",
        "database_url": SecretStr(
            request.getfixturevalue("postgres_url") if module_database else ""
        ),
    }
    settings = made.settings.model_copy(update=changes)
    return Place(tmp_path, settings, open_application(settings).knowledge)


def test_a_plan_and_a_run_are_started_told_and_noted(own: Place) -> None:
    desk = own.desk
    desk.start_plan(ADMIN, "notes")
    finished(desk)
    planned = desk.activity(ADMIN).planned()
    assert planned is not None
    assert planned.counts["added"] == 5
    assert {step.uri for step in planned.steps} == {f"{number}.md" for number in range(5)}
    desk.start_run(ADMIN, "notes")
    assert desk.overview(ADMIN).sources[0].state == "running"
    with pytest.raises(FolderBusy, match="ann@x"):
        desk.start_run(ADMIN, "notes")
    finished(desk)
    outcome = desk.activity(ADMIN).outcome()
    assert outcome is not None
    assert (outcome.tone, outcome.title) == ("good", "Done")
    assert "5 added" in outcome.text
    assert desk.documents(ADMIN, DocumentQuery()).total == 5
    assert noted(own) == [("ann@x.org", "ingest_run_started", "notes")]


def noted(place: Place) -> list[tuple[str, str, str]]:
    engine = open_application(place.settings).service.catalogue.engine
    with engine.connect() as connection:
        rows = connection.execute(select(audit).order_by(audit.c.audit_id)).all()
    return [(row.actor, row.action, row.object) for row in rows]


def test_a_busy_folder_is_told_in_plain_words(own: Place) -> None:
    with writer_lock(own.settings.data_dir) as lease:
        lease.doing = "moving house"
        own.desk.start_run(ADMIN, "notes")
        deadline = time.monotonic() + PATIENCE_S
        while own.desk.activity(ADMIN).outcome() is None:
            assert time.monotonic() < deadline
            time.sleep(0.1)
    outcome = own.desk.activity(ADMIN).outcome()
    assert outcome is not None
    assert (outcome.tone, outcome.kind) == ("bad", "FolderBusy")
    assert "Wait for it to end" in outcome.text


def test_many_deletions_need_a_plan_and_its_number(own: Place) -> None:
    desk = own.desk
    desk.start_run(ADMIN, "notes")
    finished(desk)
    for path in (own.folder / "notes").iterdir():
        path.unlink()
    with pytest.raises(UsageError, match="not known"):
        desk.start_run(ADMIN, "notes", agreed_removals=5)  # nobody has looked
    desk.start_plan(ADMIN, "notes")
    finished(desk)
    planned = desk.activity(ADMIN).planned()
    assert planned is not None
    assert planned.removed == 5
    assert "5 of 5 documents" in planned.refused
    with pytest.raises(UsageError, match="not known"):
        desk.start_run(ADMIN, "notes", agreed_removals=4)
    desk.start_run(ADMIN, "notes")  # without a word the guard holds
    finished(desk)
    stopped = desk.activity(ADMIN).outcome()
    assert stopped is not None
    assert stopped.kind == "MassDeletionRefused"
    assert desk.overview(ADMIN).sources[0].state == "failing"
    desk.start_run(ADMIN, "notes", agreed_removals=5)
    finished(desk)
    assert desk.documents(ADMIN, DocumentQuery()).total == 0
    assert [action for _, action, _ in noted(own)][-1] == "ingest_mass_delete_started"


def test_a_sources_file_that_cannot_be_used_is_told_and_the_documents_stay_listed(
    own: Place,
) -> None:
    (own.folder / "sources.yaml").write_text("notes:\n  pfad: ./notes\n")
    configuration = own.desk.overview(ADMIN).configuration
    assert "'notes'" in configuration.problem
    (own.folder / "sources.yaml").unlink()
    assert own.desk.overview(ADMIN).configuration.is_missing
    with pytest.raises(NotFound):
        own.desk.start_run(ADMIN, "notes")


def test_a_daemon_that_is_alive_tells_what_it_does(own: Place) -> None:
    def status(beat: str) -> str:
        entry = {"state": "running", "next_run_at": beat, "failures": 2, "last_error": "No answer."}
        return json.dumps({"state": "running", "beat": beat, "sources": {"notes": entry}})

    now = time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime())
    file = own.settings.data_dir / "ingest-status.json"
    file.write_text(status(now))
    (source,) = own.desk.overview(ADMIN).sources
    assert (source.state, source.next_run, source.problem) == ("running", now, "No answer.")
    file.write_text(status("2020-01-01T00:00:00+00:00"))
    assert own.desk.overview(ADMIN).sources[0].state == "never"
