"""Originals are named by their bytes, handed out only if they are these bytes, and never cost a document."""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.documents import content_version
from index.catalogue import Catalogue, NewVersion
from index.originals import Originals, has_pages, versions_in_use

CONTENT = b"the bytes as they came"
VERSION = content_version(CONTENT)


@pytest.fixture
def originals(tmp_path: Path) -> Originals:
    return Originals(tmp_path)


def kept(folder: Path) -> list[str]:
    return sorted(path.name for path in (folder / "originals").iterdir() if path.is_file())


def test_what_was_staged_and_kept_is_handed_out_again(originals: Originals, tmp_path: Path) -> None:
    assert originals.stage(CONTENT)
    assert originals.get(VERSION) is None
    originals.keep([VERSION, content_version(b"never staged")])
    assert originals.get(VERSION) == CONTENT
    assert originals.has(VERSION)
    assert kept(tmp_path) == [VERSION]
    assert (tmp_path / "originals" / VERSION).stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "originals").stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize(
    "name",
    [
        "../footnote.db", "..%2ffootnote.db", "/etc/passwd", "incoming", "", ".", "..", VERSION.upper() + "/",
        VERSION + "/../../footnote.db", VERSION + "\0", VERSION[:15], VERSION + "0", "０" * 16, VERSION + "\n",
    ],
)  # fmt: skip
def test_a_name_that_is_no_version_opens_nothing(
    originals: Originals, tmp_path: Path, name: str
) -> None:
    originals.stage(CONTENT)
    originals.keep([VERSION])
    (tmp_path / "footnote.db").write_bytes(b"secret")
    assert originals.get(name) is None
    assert not originals.has(name)
    assert not originals.is_paged(name)


@given(name=st.text(max_size=20))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_text_at_all_opens_anything(originals: Originals, name: str) -> None:
    assert originals.get(name) is None
    originals.keep([name])


def test_bytes_that_are_not_those_of_the_version_are_not_handed_out(
    originals: Originals, tmp_path: Path
) -> None:
    originals.stage(CONTENT)
    originals.keep([VERSION])
    (tmp_path / "originals" / VERSION).write_bytes(b"somebody changed them")
    assert originals.get(VERSION) is None


def test_threads_that_keep_the_same_bytes_do_not_disturb_each_other(
    originals: Originals, tmp_path: Path
) -> None:
    contents = [bytes([number]) * 50_000 for number in range(5)] * 6
    barrier = threading.Barrier(len(contents))

    def work(content: bytes) -> None:
        barrier.wait()
        originals.stage(content)
        originals.keep([content_version(content)])

    threads = [threading.Thread(target=work, args=(content,)) for content in contents]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    originals.keep(map(content_version, contents))
    assert [originals.get(content_version(content)) for content in contents] == contents
    assert kept(tmp_path) == sorted({content_version(content) for content in contents})
    assert not [path for path in (tmp_path / "originals/incoming").iterdir() if path.name[0] == "."]


@pytest.mark.parametrize("call", ["fsync", "statvfs", "replace"])
def test_a_full_disk_costs_the_original_alone(
    originals: Originals, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    originals.stage(b"the one that makes the folder")
    originals.keep([content_version(b"the one that makes the folder")])
    with monkeypatch.context() as patch:
        patch.setattr(Path if call == "replace" else os, call, full)
        # The disk is waited for by `keep` alone.
        assert originals.stage(CONTENT) == (call == "fsync")
        originals.keep([VERSION])
    originals.keep([VERSION])
    assert originals.get(VERSION) is None
    assert list((tmp_path / "originals/incoming").iterdir()) == []
    assert set(originals.take_failures()) == {"No space left on device"}
    assert originals.take_failures() == {}


def test_the_last_room_of_a_disk_is_left_to_the_catalogue(
    originals: Originals, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Little:
        f_bavail, f_frsize = 60 * 1024, 1024

    monkeypatch.setattr(os, "statvfs", lambda path: Little)
    assert not originals.stage(CONTENT)
    assert originals.take_failures() == {"the disk has too little room left": 1}


def test_what_no_document_has_is_removed_and_what_is_being_read_is_not(
    originals: Originals, tmp_path: Path
) -> None:
    for content in (b"wanted", b"unwanted", b"being read"):
        originals.stage(content)
    originals.keep([content_version(b"wanted"), content_version(b"unwanted")])
    assert originals.sweep({content_version(b"wanted")}) == 1
    assert kept(tmp_path) == [content_version(b"wanted")]
    originals.keep([content_version(b"being read")])
    assert originals.get(content_version(b"being read")) == b"being read"


def test_what_a_run_that_died_has_staged_is_removed_after_a_day(
    originals: Originals, tmp_path: Path
) -> None:
    originals.stage(CONTENT)
    path = tmp_path / "originals/incoming" / VERSION
    assert originals.sweep(set()) == 0
    os.utime(path, (1_000_000, 1_000_000))
    assert originals.sweep(set()) == 1
    assert not path.exists()


def test_an_original_that_was_cut_off_is_written_again(
    originals: Originals, tmp_path: Path
) -> None:
    originals.stage(CONTENT)
    originals.keep([VERSION])
    (tmp_path / "originals" / VERSION).write_bytes(CONTENT[:5])
    originals.stage(CONTENT)
    originals.keep([VERSION])
    assert originals.get(VERSION) == CONTENT


def test_sweeping_a_folder_without_originals_does_nothing(originals: Originals) -> None:
    assert originals.sweep(set()) == 0


@pytest.mark.parametrize(
    ("content", "is_paged"),
    [
        (b"%PDF-1.7 ...", True), (b"\n\n%PDF-1.4", True), (b"\x89PNG\r\n\x1a\n..", True), (b"\xff\xd8\xff..", True),
        (b"II*\0..", True), (b"RIFF\0\0\0\0WEBP", True), (b"RIFF\0\0\0\0WAVE", False), (b"# A note", False), (b"", False),
    ],
)  # fmt: skip
def test_only_pdf_and_images_have_pages(
    originals: Originals, content: bytes, is_paged: bool
) -> None:
    assert has_pages(content) == is_paged
    assert originals.stage(content, "pages") == is_paged
    assert not originals.stage(content, "none")
    originals.stage(content)
    originals.keep([content_version(content)])
    assert originals.is_paged(content_version(content)) == is_paged


def test_keeping_less_removes_what_was_kept_before(originals: Originals, tmp_path: Path) -> None:
    versions = {content_version(content) for content in (b"%PDF-1.7", b"text")}
    for content in (b"%PDF-1.7", b"text"):
        originals.stage(content)
    originals.keep(versions)
    assert originals.sweep(versions, "pages") == 1
    assert kept(tmp_path) == [content_version(b"%PDF-1.7")]
    assert originals.sweep(versions, "none") == 1


def test_versions_in_use_are_those_of_documents_that_answer(
    catalogue: Catalogue, new_version: Callable[..., NewVersion]
) -> None:
    versions = [
        new_version("a.md", "one", range(1, 2), version="a" * 16),
        new_version("b.md", "two", range(2, 3), version="b" * 16),
    ]
    catalogue.store(versions, [])
    assert versions_in_use(catalogue.engine) == {"a" * 16, "b" * 16}
    catalogue.remove([versions[0].doc_id])
    assert versions_in_use(catalogue.engine) == {"b" * 16}
