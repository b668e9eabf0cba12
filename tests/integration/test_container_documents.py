"""Members of archives and mails are documents: found, changed, moved and removed like files."""

import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest
from cli_harness import ADMIN, settings_of, write_files
from ingest_desk import Desk, same_stamp

from core.log import configure
from index.permissions import caller_named
from ingest.run import Planning, Selection, planned_report
from ingest.verification import verify

pytestmark = pytest.mark.integration

ANYONE = caller_named("ann@example.org", ())
STAFF = caller_named("sam@example.org", ("staff",))


@pytest.fixture
def desk(tmp_path: Path, data_dir: Path, model_cache: Path) -> Iterator[Desk]:
    configure("error")
    (tmp_path / "docs").mkdir()
    with Desk(tmp_path / "docs", settings_of(data_dir, model_cache)) as desk:
        yield desk


def note(word: str) -> str:
    return f"# Note\n\nThe {word} stands in the hall.\n"


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), content)
    return packed.getvalue()


def mail(text: str, attachments: Mapping[str, str]) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "ann@example.org", "bob@example.org"
    message["Subject"], message["Date"] = "Offer", "Fri, 02 Jan 2026 03:04:05 +0000"
    message.set_content(text)
    for name, content in attachments.items():
        message.add_attachment(content.encode(), "text", "markdown", filename=name)
    return bytes(message)


def test_members_of_an_archive_are_found_by_their_place_in_it(desk: Desk) -> None:
    nested = zipped({"deep/c.md": note("cello")})
    files: dict[str, str | bytes] = {
        "b.md": note("bassoon"),
        "inner.zip": nested,
        ".hidden.md": note("oboe"),
    }
    (desk.folder / "a.zip").write_bytes(zipped(files))
    write_files(desk.folder, {"x.md": note("xylophone")})
    planned: list[Planning] = []
    report = desk.run(Selection((desk.folder,)), between=planned.append)
    foreseen = planned_report(planned[0])
    assert (report.added, report.quarantined, report.failed_sources) == (3, [], [])
    assert (foreseen.added, foreseen.skipped) == (report.added, report.skipped)
    assert desk.uris() == {"a.zip!/b.md", "a.zip!/inner.zip!/deep/c.md", "x.md"}
    assert desk.found("bassoon") == {"a.zip!/b.md"}
    assert desk.found("cello") == {"a.zip!/inner.zip!/deep/c.md"}
    assert desk.record("a.zip!/b.md").updated_at.startswith("2026-01-02T03:04")
    plan = desk.plan()
    assert {step.action for step in plan.steps} == {"unchanged"}
    assert len(plan.steps) == 3
    assert not plan.touched
    assert not list((desk.settings.data_dir / "spool").iterdir()), (
        "an unchanged archive is not unpacked"
    )
    assert verify(desk.settings)["ok"]


def test_an_archive_with_the_stamp_of_last_time_is_not_opened(desk: Desk) -> None:
    path = desk.folder / "a.zip"
    path.write_bytes(zipped({"b.md": note("bassoon"), "n.zip": zipped({"c.md": note("cello")})}))
    desk.ingest()
    with same_stamp(path):
        path.write_bytes(b"junk")
    report = desk.ingest()
    assert (report.unchanged, report.quarantined) == (2, [])
    os.utime(path, (1_700_000_000, 1_700_000_000))
    report = desk.ingest()
    assert [(entry["uri"], entry["reason"]) for entry in report.quarantined] == [
        ("a.zip", "corrupt")
    ]


def test_of_a_changed_archive_only_the_changed_members_are_read(desk: Desk) -> None:
    path = desk.folder / "a.zip"
    files = {f"{name}.md": note(f"{name}word") for name in ("one", "two", "three", "four")}
    path.write_bytes(zipped(files))
    assert desk.ingest().added == 4
    kept = desk.kept("a.zip!/one.md")
    del files["four.md"]
    path.write_bytes(zipped({**files, "two.md": note("changed"), "five.md": note("fifth")}))
    report = desk.ingest()
    assert (report.added, report.changed, report.removed, report.unchanged) == (1, 1, 1, 2)
    assert desk.embedded == 2
    assert desk.found("fourword") == desk.found("twoword") == set()
    assert (desk.found("changed"), desk.found("fifth")) == ({"a.zip!/two.md"}, {"a.zip!/five.md"})
    assert desk.kept("a.zip!/one.md") == kept
    path.unlink()
    assert desk.ingest().removed == 4
    assert desk.uris() == set()
    assert desk.catalogue.containers(str(desk.folder)) == {}


def test_an_archive_that_cannot_be_opened_keeps_its_members(desk: Desk) -> None:
    path = desk.folder / "a.zip"
    good = zipped({"b.md": note("bassoon"), "n.zip": zipped({"c.md": note("cello")})})
    path.write_bytes(good)
    desk.ingest()
    path.write_bytes(b"PK" + good[::-1])
    report = desk.ingest(allow_mass_delete=False)
    assert [(entry["uri"], entry["reason"]) for entry in report.quarantined] == [
        ("a.zip", "corrupt")
    ]
    assert report.quarantined[0]["hint"]
    assert (report.removed, report.unchanged, report.still_quarantined) == (0, 2, 1)
    assert (desk.found("bassoon"), desk.found("cello")) == ({"a.zip!/b.md"}, {"a.zip!/n.zip!/c.md"})
    again = desk.ingest(allow_mass_delete=False)
    assert (again.quarantined, again.unchanged, again.still_quarantined) == ([], 3, 1)
    path.write_bytes(zipped({"b.md": note("bassoon"), "d.md": note("dulcimer")}))
    desk.ingest()
    assert desk.uris() == {"a.zip!/b.md", "a.zip!/d.md"}
    assert desk.ingest().still_quarantined == 0


def test_what_is_cut_off_from_an_archive_keeps_its_last_good_version(desk: Desk) -> None:
    path = desk.folder / "a.zip"
    files = {f"{name}.md": note(f"{name}word") for name in ("one", "two", "three")}
    good = zipped({**files, "n.zip": zipped({"c.md": note("cello")})})
    path.write_bytes(good)
    desk.ingest()
    path.write_bytes(good[: good.index(b"three.md") + 12])
    report = desk.ingest(allow_mass_delete=False)
    (entry,) = report.quarantined
    assert entry["reason"] == "corrupt"
    assert (report.removed, report.unchanged) == (0, 4)
    assert desk.found("threeword") == {"a.zip!/three.md"}
    assert desk.found("cello") == {"a.zip!/n.zip!/c.md"}
    assert {step.action for step in desk.plan().steps} == {"unchanged"}
    path.write_bytes(zipped({"one.md": files["one.md"]}))
    desk.ingest()
    assert desk.uris() == {"a.zip!/one.md"}


def test_an_archive_in_an_archive_that_cannot_be_opened_keeps_its_members(desk: Desk) -> None:
    path = desk.folder / "a.zip"
    path.write_bytes(zipped({"b.md": note("bassoon"), "n.zip": zipped({"c.md": note("cello")})}))
    desk.ingest()
    path.write_bytes(zipped({"b.md": note("bassoon"), "n.zip": b"No archive."}))
    report = desk.ingest()
    assert [entry["uri"] for entry in report.quarantined] == ["a.zip!/n.zip"]
    assert desk.found("cello") == {"a.zip!/n.zip!/c.md"}


def test_a_member_that_cannot_be_read_costs_that_member_alone(desk: Desk) -> None:
    path = desk.folder / "a.zip"
    bad = b"\x89PNG\r\n\x1a\n" + bytes(100)
    path.write_bytes(zipped({"b.md": note("bassoon"), "bad.md": bad, "n.zip": b"No archive."}))
    report = desk.ingest()
    assert {entry["uri"] for entry in report.quarantined} == {"a.zip!/bad.md", "a.zip!/n.zip"}
    assert desk.found("bassoon") == {"a.zip!/b.md"}
    assert desk.ingest().quarantined == []
    retried = desk.ingest(retry=True)
    assert {entry["uri"] for entry in retried.quarantined} == {"a.zip!/bad.md", "a.zip!/n.zip"}
    assert retried.unchanged == 1


def test_archives_are_opened_three_deep_and_no_deeper(desk: Desk) -> None:
    content = zipped({"e.md": note("euphonium")})
    for _ in range(3):
        content = zipped({"d.md": note("dulcimer"), "n.zip": content})
    (desk.folder / "a.zip").write_bytes(content)
    report = desk.ingest()
    deepest = "a.zip!/n.zip!/n.zip!/n.zip"
    assert [(entry["uri"], entry["reason"]) for entry in report.quarantined] == [
        (deepest, "archive_bomb")
    ]
    assert desk.found("dulcimer") == {
        "a.zip!/d.md",
        "a.zip!/n.zip!/d.md",
        "a.zip!/n.zip!/n.zip!/d.md",
    }
    assert desk.found("euphonium") == set()


def test_a_mail_is_a_document_and_so_are_its_attachments(desk: Desk) -> None:
    path = desk.folder / "offer.eml"
    path.write_bytes(mail("The bassoon is for sale.", {"list.md": note("cello")}))
    assert desk.ingest().quarantined == []
    assert desk.uris() == {"offer.eml", "offer.eml!/list.md"}
    assert desk.found("bassoon") == {"offer.eml"}
    assert desk.found("cello") == {"offer.eml!/list.md"}
    assert desk.record("offer.eml").metadata["subject"] == "Offer"
    assert {step.action for step in desk.plan().steps} == {"unchanged"}
    path.write_bytes(mail("The bassoon is sold.", {}))
    report = desk.ingest()
    assert (report.changed, report.removed) == (1, 1)
    assert desk.uris() == {"offer.eml"}


def test_members_are_read_by_whom_their_archive_is_read(desk: Desk) -> None:
    nested = zipped({"c.md": note("cello")})
    content = zipped({"b.md": note("cello"), "n.zip": nested})
    for name in ("open.zip", "closed.zip", "wrong.zip"):
        (desk.folder / name).write_bytes(content)
    (desk.folder / "mail.eml").write_bytes(mail("The cello is for sale.", {"b.md": note("cello")}))
    write_files(
        desk.folder,
        {
            "closed.zip.footnote.yaml": "access: [group:staff]",
            "mail.eml.footnote.yaml": "access: [group:staff]",
            "wrong.zip.footnote.yaml": "access: staff",
        },
    )
    report = desk.ingest()
    (warning, *_) = report.warnings
    assert "wrong.zip.footnote.yaml" in warning
    anyone = {"open.zip!/b.md", "open.zip!/n.zip!/c.md"}
    staff = {"closed.zip!/b.md", "closed.zip!/n.zip!/c.md", "mail.eml", "mail.eml!/b.md"}
    wrong = {"wrong.zip!/b.md", "wrong.zip!/n.zip!/c.md"}
    assert desk.found("cello", ANYONE) == anyone
    assert desk.found("cello", STAFF) == anyone | staff
    assert desk.found("cello", ADMIN) == anyone | staff | wrong
    # A rule that comes later counts for members of an archive that did not change.
    write_files(desk.folder, {".footnote.yaml": "access: [group:staff]"})
    assert desk.ingest().changed == 2
    assert desk.embedded == 0
    assert desk.found("cello", ANYONE) == set()
    write_files(desk.folder, {"wrong.zip.footnote.yaml": "access: [everyone]"})
    desk.ingest()
    assert desk.found("cello", ANYONE) == wrong


def test_access_of_a_run_counts_for_members_and_stays_without_it(desk: Desk) -> None:
    path = desk.folder / "a.zip"
    path.write_bytes(zipped({"b.md": note("bassoon")}))
    desk.ingest(access=("group:staff",))
    path.write_bytes(zipped({"b.md": note("bassoon"), "c.md": note("bassoon")}))
    desk.ingest()
    assert desk.found("bassoon", ANYONE) == set()
    assert desk.found("bassoon", STAFF) == {"a.zip!/b.md", "a.zip!/c.md"}
    desk.ingest(access=("everyone",))
    assert desk.found("bassoon", ANYONE) == {"a.zip!/b.md", "a.zip!/c.md"}


def test_members_of_a_renamed_archive_and_unpacked_files_are_the_same_documents(
    desk: Desk,
) -> None:
    path = desk.folder / "a.zip"
    path.write_bytes(zipped({"b.md": note("bassoon"), "c.md": note("cello")}))
    desk.ingest()
    kept = desk.kept("a.zip!/b.md")
    path.rename(desk.folder / "b.zip")
    report = desk.ingest(allow_mass_delete=False)
    assert (report.moved, report.added, report.removed, desk.embedded) == (2, 0, 0, 0)
    assert desk.kept("b.zip!/b.md") == kept
    (desk.folder / "b.zip").unlink()
    write_files(desk.folder, {"b.md": note("bassoon"), "c.md": note("cello")})
    report = desk.ingest(allow_mass_delete=False)
    assert (report.moved, report.added, report.removed, desk.embedded) == (2, 0, 0, 0)
    assert desk.kept("b.md") == kept


def test_a_run_of_one_archive_leaves_the_others_alone(desk: Desk) -> None:
    (desk.folder / "a.zip").write_bytes(zipped({"b.md": note("bassoon")}))
    (desk.folder / "other.zip").write_bytes(zipped({"c.md": note("cello")}))
    desk.ingest()
    (desk.folder / "other.zip").unlink()
    (desk.folder / "a.zip").write_bytes(
        zipped({"d.md": note("dulcimer"), "e.md": note("euphonium")})
    )
    report = desk.ingest(desk.folder / "a.zip")
    assert (report.added, report.removed) == (2, 1)
    assert desk.uris() == {"a.zip!/d.md", "a.zip!/e.md", "other.zip!/c.md"}
    assert desk.catalogue.containers(str(desk.folder)).keys() == {"a.zip", "other.zip"}
