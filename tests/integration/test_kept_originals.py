"""An ingestion keeps the bytes of what it stores, of nothing else, and never fails for it."""

import errno
import io
import os
import zipfile
from collections.abc import Iterator, Mapping
from email.message import EmailMessage
from pathlib import Path

import pytest
from cli_harness import invoke_json, settings_of
from ingest_desk import Desk

from core.documents import content_version
from core.log import configure
from core.settings import Settings
from index.originals import Originals

pytestmark = pytest.mark.integration


def note(word: str) -> str:
    return f"# Note\n\nThe {word} stands in the hall.\n"


def put(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    folder.mkdir(exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content.encode() if isinstance(content, str) else content)
    return folder


def zipped(name: str, content: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6)), content)
    return packed.getvalue()


def mail(text: str, name: str, attached: str) -> bytes:
    message = EmailMessage()
    message["From"], message["To"] = "ann@example.org", "bob@example.org"
    message["Subject"], message["Date"] = "Offer", "Fri, 02 Jan 2026 03:04:05 +0000"
    message.set_content(text)
    message.add_attachment(attached.encode(), "text", "markdown", filename=name)
    return bytes(message)


@pytest.fixture
def settings(data_dir: Path, model_cache: Path) -> Settings:
    configure("error")
    return settings_of(data_dir, model_cache)


@pytest.fixture
def desk(tmp_path: Path, settings: Settings) -> Iterator[Desk]:
    (tmp_path / "docs").mkdir()
    with Desk(tmp_path / "docs", settings) as desk:
        yield desk


def kept(settings: Settings) -> set[str]:
    folder = settings.data_dir / "originals"
    return {path.name for path in folder.iterdir() if path.is_file()} if folder.exists() else set()


def versions(desk: Desk) -> dict[str, str]:
    return {record.uri: record.version for record in desk.catalogue.list_documents()}


def keeping(settings: Settings, what: str) -> Settings:
    return settings.model_copy(
        update={"ingest": settings.ingest.model_copy(update={"keep_originals": what})}
    )


def test_files_members_of_archives_and_attachments_are_kept(desk: Desk, settings: Settings) -> None:
    inner = note("cello")
    files: dict[str, str | bytes] = {
        "a.md": note("alto"),
        "pack.zip": zipped("b.md", inner),
        "offer.eml": mail("The price stands.", "c.md", note("cymbal")),
    }
    put(desk.folder, files)
    desk.ingest()
    assert set(versions(desk)) == {"a.md", "pack.zip!/b.md", "offer.eml", "offer.eml!/c.md"}
    assert kept(settings) == set(versions(desk).values())
    originals = Originals(settings.data_dir)
    assert originals.get(versions(desk)["pack.zip!/b.md"]) == inner.encode()


def test_a_changed_a_removed_and_an_unreadable_document_leave_no_original(
    desk: Desk, settings: Settings
) -> None:
    put(desk.folder, {"a.md": note("alto"), "b.md": note("bass"), "c.pdf": b"%PDF-1.7 no"})
    desk.ingest()
    before = versions(desk)
    assert desk.status("c.pdf")[0] == "quarantined"
    assert kept(settings) == {before["a.md"], before["b.md"]}
    put(desk.folder, {"a.md": note("another alto")})
    (desk.folder / "b.md").unlink()
    desk.ingest()
    assert kept(settings) == {versions(desk)["a.md"]} != {before["a.md"]}


def test_the_last_good_version_keeps_its_original_while_it_answers(
    desk: Desk, settings: Settings
) -> None:
    put(desk.folder, {"a.csv": b"tree,height\noak,20\n"})
    desk.ingest()
    good = versions(desk)["a.csv"]
    put(desk.folder, {"a.csv": b"\x00\x01\x02\xff" * 200})
    desk.ingest()
    assert desk.status("a.csv")[0] == "quarantined"
    assert kept(settings) == {good}


def test_two_documents_of_the_same_bytes_share_an_original_until_the_last_goes(
    desk: Desk, settings: Settings
) -> None:
    put(desk.folder, {"a.md": note("alto"), "copy.md": note("alto")})
    desk.ingest()
    assert len(kept(settings)) == 1
    (desk.folder / "a.md").unlink()
    desk.ingest()
    assert kept(settings) == {versions(desk)["copy.md"]}


def test_a_run_over_an_unchanged_folder_reads_no_file(desk: Desk, settings: Settings) -> None:
    put(desk.folder, {"a.md": note("alto")})
    desk.ingest()
    for path in (settings.data_dir / "originals").glob("[0-9a-f]*"):
        path.unlink()
    (desk.folder / "a.md").chmod(0)
    assert desk.ingest().unchanged == 1
    assert kept(settings) == set()


def test_a_file_that_was_only_touched_is_kept_from_then_on(desk: Desk, settings: Settings) -> None:
    put(desk.folder, {"a.md": note("alto"), "b.md": note("bass")})
    desk.ingest()
    for path in (settings.data_dir / "originals").glob("[0-9a-f]*"):
        path.unlink()
    os.utime(desk.folder / "a.md", (1_700_000_000, 1_700_000_000))
    put(desk.folder, {"c.md": note("cello")})
    desk.ingest()
    assert versions(desk)["c.md"] in kept(settings)


@pytest.mark.parametrize(("what", "count"), [("all", 2), ("pages", 1), ("none", 0)])
def test_what_is_kept_can_be_chosen_and_changed(
    tmp_path: Path, settings: Settings, what: str, count: int
) -> None:
    from fpdf import FPDF

    pdf = FPDF()
    pdf.add_page()
    pdf.set_font("Helvetica", size=12)
    pdf.cell(text="The organ stands in the loft and has four manuals.")
    folder = put(tmp_path / "docs", {"a.md": note("alto"), "b.pdf": bytes(pdf.output())})
    with Desk(folder, keeping(settings, what)) as desk:
        desk.ingest()
        assert len(kept(settings)) == count
    with Desk(folder, keeping(settings, "none")) as desk:
        desk.ingest()
    assert kept(settings) == set()


def test_a_full_disk_costs_the_original_and_not_the_document(
    desk: Desk, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(desk.folder, {"a.md": note("alto"), "b.md": note("bass")})

    def full(self: Originals, version: str, content: bytes) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Originals, "_write", full)
    report = desk.ingest()
    assert (report.added, report.quarantined) == (2, [])
    assert desk.found("alto") == {"a.md"}
    assert kept(settings) == set()
    (warning,) = report.warnings
    assert warning.startswith("2 originals are not kept (No space left on device)")


def test_a_forgotten_document_leaves_no_original(
    tmp_path: Path, data_dir: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(data_dir))
    monkeypatch.setenv("FOOTNOTE_MODEL_CACHE", str(model_cache))
    folder = put(tmp_path / "docs", {"a.md": note("alto"), "b.md": note("bass")})
    invoke_json("ingest", folder, "--yes")
    invoke_json("documents", "forget", "a.md")
    names = {path.name for path in (data_dir / "originals").glob("[0-9a-f]*")}
    assert names == {content_version(note("bass").encode())}
