"""Sources list their files with the access of the nearest rule; a rule that cannot be read stops the run."""

import os
from pathlib import Path

import pytest

from core.errors import ConfigError, UsageError
from ingest.sources import (
    FolderSource,
    Listing,
    configured_sources,
    list_source,
    source_of_path,
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    for uri in ("a.md", "hr/b.md", "hr/deep/c.md", "hr/open/d.md"):
        path = made / uri
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(uri, encoding="utf-8")
    return made


def rule(folder: Path, content: str) -> None:
    (folder / ".footnote.yaml").write_text(content, encoding="utf-8")


def listed(folder: Path, access: tuple[str, ...] | None = None, only: str = "") -> Listing:
    return list_source(FolderSource(str(folder), folder, access, only))


def access_of(listing: Listing) -> dict[str, tuple[str, ...]]:
    return {item.uri: item.access for item in listing.items}


def test_files_are_listed_in_a_fixed_order_with_size_and_time(folder: Path) -> None:
    os.utime(folder / "a.md", ns=(5, 7_000_000_123))
    listing = listed(folder)
    assert [item.uri for item in listing.items] == [
        "a.md",
        "hr/b.md",
        "hr/deep/c.md",
        "hr/open/d.md",
    ]
    first = listing.items[0]
    assert (first.size, first.mtime_ns, first.path) == (4, 7_000_000_123, str(folder / "a.md"))


def test_the_nearest_rule_counts(folder: Path) -> None:
    rule(folder, "access: [group:all]")
    rule(folder / "hr", "access: [group:hr, 'user:Ann@x.org']")
    rule(folder / "hr" / "open", "access: [everyone]")
    listing = listed(folder, ("group:default",))
    assert access_of(listing) == {
        "a.md": ("group:all",),
        "hr/b.md": ("group:hr", "user:ann@x.org"),
        "hr/deep/c.md": ("group:hr", "user:ann@x.org"),
        "hr/open/d.md": ("everyone",),
    }
    assert listing.ruled == set(access_of(listing))


def test_where_no_rule_is_the_default_counts(folder: Path) -> None:
    rule(folder / "hr", "access: [group:hr]")
    listing = listed(folder, ("group:staff",))
    assert access_of(listing)["a.md"] == ("group:staff",)
    assert "a.md" not in listing.ruled


def test_a_rule_above_the_source_counts(folder: Path) -> None:
    rule(folder.parent, "access: [group:outside]")
    assert access_of(listed(folder))["a.md"] == ("group:outside",)


def test_a_rule_above_a_single_file_counts(folder: Path) -> None:
    rule(folder / "hr", "access: [group:hr]")
    assert access_of(listed(folder, only="hr/deep/c.md")) == {"hr/deep/c.md": ("group:hr",)}


@pytest.mark.parametrize(
    "content",
    [
        "access: group:hr",
        "access: []",
        "access:",
        "",
        "- group:hr",
        "acess: [group:hr]",
        "access: [hr]",
        "access: ['group:']",
        "access: [group:hr",
        "access: [everyone, {group: hr}]",
        "access: [null]",
    ],
)
def test_a_rule_that_cannot_be_understood_stops_the_run(content: str, folder: Path) -> None:
    rule(folder / "hr", content)
    with pytest.raises(ConfigError) as caught:
        listed(folder)
    assert str(folder / "hr" / ".footnote.yaml") in str(caught.value)
    assert "Nothing was changed" in str(caught.value)


def test_a_rule_that_is_not_text_stops_the_run(folder: Path) -> None:
    (folder / "hr" / ".footnote.yaml").write_bytes(b"\xff\xfe\x00access")
    with pytest.raises(ConfigError, match="not valid YAML"):
        listed(folder)


def test_hidden_and_temporary_files_are_skipped_with_a_reason(folder: Path) -> None:
    for name in (".hidden.md", "~$open.docx", "Thumbs.db", "desktop.ini"):
        (folder / name).write_text("x")
    listing = listed(folder)
    assert dict(listing.skipped) == dict.fromkeys(
        (".hidden.md", "~$open.docx", "Thumbs.db", "desktop.ini"), "hidden or temporary file"
    )
    assert len(listing.items) == 4


def test_hidden_folders_are_not_entered(folder: Path) -> None:
    (folder / ".git").mkdir()
    (folder / ".git" / "config.md").write_text("x")
    assert not [item for item in listed(folder).items if ".git" in item.uri]


def test_symbolic_links_are_never_followed(folder: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("x")
    (folder / "link.md").symlink_to(outside / "secret.md")
    (folder / "linked").symlink_to(outside)
    listing = listed(folder)
    assert ("link.md", "symbolic link") in listing.skipped
    assert not [item for item in listing.items if "link" in item.uri]


def test_what_is_not_a_file_is_skipped_with_a_reason(folder: Path) -> None:
    os.mkfifo(folder / "pipe.md")
    assert listed(folder).skipped == (("pipe.md", "not a regular file"),)


def test_a_source_that_vanished_is_an_error_and_not_an_empty_list(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be listed"):
        listed(tmp_path / "gone")


def test_a_folder_is_a_source_named_by_its_full_path(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder.parent)
    source = source_of_path(Path("docs"), None, [])
    assert source == FolderSource(str(folder), folder, None)


def test_a_single_file_belongs_to_its_folder(folder: Path) -> None:
    source = source_of_path(folder / "hr" / "b.md", ("group:hr",), [])
    assert source == FolderSource(str(folder / "hr"), folder / "hr", ("group:hr",), "b.md")


def test_a_path_in_a_known_source_belongs_to_it(folder: Path) -> None:
    known = [str(folder)]
    assert source_of_path(folder / "hr", None, known).only == "hr"
    assert source_of_path(folder / "hr" / "b.md", None, known) == FolderSource(
        str(folder), folder, None, "hr/b.md"
    )


def test_a_path_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"no file or folder .*nowhere"):
        source_of_path(tmp_path / "nowhere", None, [])


def test_configured_sources_have_a_name_a_folder_and_access(folder: Path) -> None:
    path = folder.parent / "sources.yaml"
    path.write_text("wiki: {path: docs}\nhr:\n  path: docs/hr\n  access: ['group:hr']\n")
    assert configured_sources(path, None) == {
        "wiki": FolderSource("wiki", folder, ("everyone",)),
        "hr": FolderSource("hr", folder / "hr", ("group:hr",)),
    }
    assert configured_sources(path, ("group:it",))["wiki"].access == ("group:it",)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("- docs", "must map names"),
        ("", "must map names"),
        ("wiki: docs", "'wiki'.*needs a `path:`"),
        ("wiki: {access: [everyone]}", "'wiki'.*needs a `path:`"),
        ("wiki: {path: 3}", "'wiki'.*needs a `path:`"),
        ("wiki: {path: nowhere}", "'wiki'.*no folder"),
        ("wiki: {path: docs, access: everyone}", "'wiki'.*must be a list"),
        ("wiki: {path: docs, access: [hr]}", "'hr' is not a principal"),
        ("wiki: {path: [", "not valid YAML"),
    ],
)
def test_a_sources_file_that_cannot_be_used_says_why(
    content: str, words: str, folder: Path
) -> None:
    path = folder.parent / "sources.yaml"
    path.write_text(content)
    with pytest.raises(ConfigError, match=words) as caught:
        configured_sources(path, None)
    assert str(path) in str(caught.value)


def test_a_missing_sources_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="FOOTNOTE_SOURCES_FILE"):
        configured_sources(tmp_path / "sources.yaml", None)


def test_a_rule_that_is_a_dangling_link_stops_the_run(folder: Path) -> None:
    (folder / "hr" / ".footnote.yaml").symlink_to("/nowhere/rule.yaml")
    with pytest.raises(ConfigError):
        listed(folder)


def test_a_rule_that_is_a_folder_stops_the_run(folder: Path) -> None:
    (folder / "hr" / ".footnote.yaml").mkdir()
    with pytest.raises(ConfigError):
        listed(folder)


def test_a_linked_folder_is_skipped_with_a_reason(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    (folder / "linked").symlink_to(tmp_path / "outside")
    assert ("linked", "symbolic link") in listed(folder).skipped
