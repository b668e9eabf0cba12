"""Folders list their documents in a fixed order, and say what they leave out and what they could not list."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import ConfigError, ParseError, SourceError, UsageError
from ingest.sources.base import Listing
from ingest.sources.folder import FolderSource, read_file, source_of_path
from ingest.spool import Spool

ALL = ["a.md", "hr/b.md", "hr/deep/c.md", "hr/open/d.md"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    for uri in ALL:
        write(made / uri, uri)
    return made


def write(path: Path, content: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def listed(
    folder: Path,
    only: str = "",
    *,
    include: tuple[str, ...] = (),
    exclude: tuple[str, ...] = (),
) -> Listing:
    source = FolderSource(str(folder), folder, None, only, include, exclude)
    return source.list({}, Spool(folder.parent / "data"))


def uris(listing: Listing) -> list[str]:
    return [item.uri for item in listing.items]


def test_files_are_listed_in_a_fixed_order_with_size_and_time(folder: Path) -> None:
    os.utime(folder / "a.md", ns=(5, 7_000_000_123))
    listing = listed(folder)
    assert uris(listing) == ALL
    first = listing.items[0]
    assert (first.size, first.stamp) == (4, "4:7000000123")
    assert (first.path, first.updated_at) == (str(folder / "a.md"), "1970-01-01T00:00:07+00:00")
    assert (listing.problem, listing.warnings, listing.failed) == ("", (), {})


def test_a_new_size_or_a_new_time_is_a_new_stamp(folder: Path) -> None:
    path = folder / "a.md"
    os.utime(path, ns=(5, 1_000))
    stamps = {listed(folder).items[0].stamp}
    os.utime(path, ns=(5, 1_001))
    stamps.add(listed(folder).items[0].stamp)
    path.write_text("longer")
    os.utime(path, ns=(5, 1_001))
    stamps.add(listed(folder).items[0].stamp)
    assert len(stamps) == 3


def test_hidden_and_temporary_files_are_skipped_with_a_reason(folder: Path) -> None:
    for name in (".hidden.md", "~$open.docx", "Thumbs.db", "desktop.ini"):
        write(folder / name)
    listing = listed(folder)
    assert dict(listing.skipped) == dict.fromkeys(
        (".hidden.md", "~$open.docx", "Thumbs.db", "desktop.ini"), "hidden or temporary file"
    )
    assert uris(listing) == ALL


def test_hidden_folders_are_not_entered(folder: Path) -> None:
    write(folder / ".git" / "config.md")
    listing = listed(folder)
    assert uris(listing) == ALL
    assert listing.skipped == ()


def test_symbolic_links_are_never_followed(folder: Path, tmp_path: Path) -> None:
    write(tmp_path / "outside" / "secret.md")
    (folder / "link.md").symlink_to(tmp_path / "outside" / "secret.md")
    (folder / "linked").symlink_to(tmp_path / "outside")
    listing = listed(folder)
    assert dict(listing.skipped) == {"link.md": "symbolic link", "linked": "symbolic link"}
    assert uris(listing) == ALL


def test_what_is_not_a_file_is_skipped_with_a_reason(folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    assert listed(folder).skipped == (("pipe.md", "not a regular file"),)


@pytest.mark.parametrize("name", [b"caf\xe9.md", b"caf\xe9/a.md"])
def test_a_name_that_is_not_utf8_costs_that_file_or_folder(folder: Path, name: bytes) -> None:
    write(Path(os.fsdecode(os.fsencode(folder) + b"/" + name)))
    listing = listed(folder)
    assert uris(listing) == ALL
    ((uri, reason),) = listing.skipped
    assert uri.startswith("caf?")
    assert "not UTF-8" in reason


def test_a_source_that_vanished_is_an_error_and_not_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"no folder or file.*gone.*Nothing was changed"):
        listed(tmp_path / "gone")


def test_a_part_that_vanished_is_an_error_and_not_an_empty_list(folder: Path) -> None:
    with pytest.raises(SourceError, match="no folder or file"):
        listed(folder, "gone")


Unlistable = Callable[[Path], None]


@pytest.fixture
def unlistable() -> Unlistable:
    """Make a folder that this user may not list; root may list all."""

    def close(path: Path) -> None:
        if os.geteuid() == 0:
            pytest.skip("root lists folders without permission")
        path.chmod(0)

    return close


def test_a_folder_below_that_cannot_be_listed_makes_the_listing_incomplete(
    folder: Path, unlistable: Unlistable
) -> None:
    unlistable(folder / "hr" / "deep")
    try:
        listing = listed(folder)
    finally:
        (folder / "hr" / "deep").chmod(0o700)
    assert uris(listing) == ["a.md", "hr/b.md", "hr/open/d.md"]
    assert str(folder / "hr" / "deep") in listing.problem


def test_a_root_that_cannot_be_listed_is_an_error(folder: Path, unlistable: Unlistable) -> None:
    unlistable(folder)
    try:
        with pytest.raises(SourceError, match="cannot be listed"):
            listed(folder)
    finally:
        folder.chmod(0o700)


def deep_folder(root: Path, length: int) -> None:
    """Make folders below each other until their path has `length` bytes; a shell can do the same."""
    here = os.open(root, os.O_RDONLY)
    left = length - len(os.fsencode(root))
    while left > 1:
        name = "d" * min(200, left - 1 if left < 400 else 200)
        os.mkdir(name, dir_fd=here)
        below = os.open(name, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here, left = below, left - len(name) - 1
    for name in ("n" * 40 + ".md", "s.md"):
        os.close(os.open(name, os.O_CREAT | os.O_WRONLY, dir_fd=here))
    os.close(here)


def test_a_folder_whose_path_is_too_long_makes_the_listing_incomplete(folder: Path) -> None:
    deep_folder(folder, 5_000)
    listing = listed(folder)
    assert uris(listing) == ALL
    assert "cannot be listed (File name too long)" in listing.problem


def test_a_file_that_cannot_be_looked_at_makes_the_listing_incomplete(folder: Path) -> None:
    deep_folder(folder, 4_070)
    listing = listed(folder)
    assert [uri for uri in uris(listing) if not uri.startswith("d")] == ALL
    assert [uri[-5:] for uri in uris(listing) if uri.startswith("d")] == ["/s.md"]
    assert "cannot be looked at (File name too long)" in listing.problem


# --- what is left out -----------------------------------------------------------------------------


def test_an_ignore_file_leaves_out_what_it_names(folder: Path) -> None:
    write(folder / ".footnoteignore", "# drafts\n*.tmp.md\nhr/open/\n!keep.tmp.md\n")
    write(folder / "x.tmp.md")
    write(folder / "keep.tmp.md")
    listing = listed(folder)
    assert uris(listing) == ["a.md", "keep.tmp.md", "hr/b.md", "hr/deep/c.md"]
    assert ("x.tmp.md", "excluded") in listing.skipped


def test_an_ignore_file_of_a_folder_counts_from_there_on_down(folder: Path) -> None:
    write(folder / "hr" / ".footnoteignore", "/b.md\ndeep\n")
    write(folder / "hr" / "open" / "b.md")
    write(folder / "b.md")
    assert uris(listed(folder)) == ["a.md", "b.md", "hr/open/b.md", "hr/open/d.md"]


def test_an_ignore_file_above_counts_for_a_run_of_a_part(folder: Path) -> None:
    write(folder / ".footnoteignore", "c.md\n")
    assert uris(listed(folder, "hr/deep")) == []
    assert uris(listed(folder, "hr/deep/c.md")) == []
    assert uris(listed(folder, "hr")) == ["hr/b.md", "hr/open/d.md"]


def test_include_patterns_leave_out_everything_else(folder: Path) -> None:
    write(folder / "hr" / "note.txt")
    assert uris(listed(folder, include=("*.txt", "/a.md"))) == ["a.md", "hr/note.txt"]
    assert uris(listed(folder, include=("hr/**/*.md",))) == ALL[1:]


def test_exclude_patterns_win_over_include_patterns(folder: Path) -> None:
    listing = listed(folder, include=("*.md",), exclude=("hr/deep/", "**/d.md"))
    assert uris(listing) == ["a.md", "hr/b.md"]


def test_an_ignore_file_wins_over_include_patterns(folder: Path) -> None:
    write(folder / ".footnoteignore", "a.md\n")
    assert "a.md" not in uris(listed(folder, include=("*.md",)))


def test_an_ignore_file_that_is_not_text_stops_the_source(folder: Path) -> None:
    (folder / "hr" / ".footnoteignore").write_bytes(b"\xff\xfe*.md")
    with pytest.raises(SourceError, match=r"hr/\.footnoteignore"):
        listed(folder)


def test_a_pattern_that_is_none_stops_the_source(folder: Path) -> None:
    write(folder / ".footnoteignore", "a.md\n!\n")
    with pytest.raises(ConfigError, match="cannot be used"):
        listed(folder)


# --- bytes ----------------------------------------------------------------------------------------


def test_a_file_of_the_largest_size_is_read_and_a_larger_one_is_not(folder: Path) -> None:
    assert read_file(str(folder / "a.md"), 4) == b"a.md"
    with pytest.raises(ParseError) as caught:
        read_file(str(folder / "a.md"), 3)
    assert caught.value.reason == "too_large"


def test_a_link_that_took_the_place_of_a_file_is_not_followed(folder: Path) -> None:
    (folder / "a.md").unlink()
    (folder / "a.md").symlink_to(folder / "hr" / "b.md")
    with pytest.raises(ParseError) as caught:
        read_file(str(folder / "a.md"), 100)
    assert caught.value.reason == "io"


def test_a_pipe_that_took_the_place_of_a_file_is_not_waited_for(folder: Path) -> None:
    (folder / "a.md").unlink()
    os.mkfifo(folder / "a.md")
    with pytest.raises(ParseError) as caught:
        read_file(str(folder / "a.md"), 100)
    assert caught.value.reason == "io"


def test_the_items_of_a_folder_are_fetched_from_their_paths(folder: Path) -> None:
    source = FolderSource(str(folder), folder, None)
    (first, *_) = source.list({}, Spool(folder.parent / "data")).items
    assert source.fetch(first, 100) == b"a.md"


# --- paths ----------------------------------------------------------------------------------------


def test_a_folder_is_a_source_named_by_its_full_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    source = source_of_path(Path("docs"), None, [])
    assert source == FolderSource(str(folder), folder, None)


def test_a_single_file_belongs_to_its_folder(folder: Path) -> None:
    source = source_of_path(folder / "hr" / "b.md", ("group:hr",), [])
    assert source == FolderSource(str(folder / "hr"), folder / "hr", ("group:hr",), "b.md")
    assert uris(source.list({}, Spool(folder.parent / "data"))) == ["b.md"]


def test_a_path_in_a_known_source_belongs_to_it(folder: Path) -> None:
    known = [str(folder)]
    assert source_of_path(folder / "hr", None, known).only == "hr"
    assert source_of_path(folder / "hr" / "b.md", None, known) == FolderSource(
        str(folder), folder, None, "hr/b.md"
    )


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no file or folder .*nowhere"):
        source_of_path(tmp_path / "nowhere", None, [])
