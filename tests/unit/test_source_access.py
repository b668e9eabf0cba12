"""The nearest word decides who may read; one that cannot be understood closes what it stands for."""

from pathlib import Path

import pytest

from core.errors import ConfigError
from ingest.sources.access import PathRule, PathRules, listed_principals
from ingest.sources.base import Listing
from ingest.sources.folder import FolderSource
from ingest.spool import Spool

# What a rule file or a sidecar may hold that says nothing about readers.
MALFORMED = [
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
    "access: {everyone: true}",
    "access: [everyone]\naccess: *nowhere",
    "!!python/object/apply:os.getcwd []",
    "access: !!bool everyone",
    "access: !!int ''",
    "access: !!timestamp everyone",
    "access: !!float ''",
    "[" * 400,
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    for uri in ("a.md", "hr/b.md", "hr/deep/c.md", "hr/open/d.md"):
        path = made / uri
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(uri, encoding="utf-8")
    return made


def rule(folder: Path, content: str, name: str = "") -> None:
    (folder / f"{name}.footnote.yaml").write_text(content, encoding="utf-8")


def listed(
    folder: Path,
    access: tuple[str, ...] | None = None,
    only: str = "",
    rules: tuple[PathRule, ...] = (),
) -> Listing:
    source = FolderSource(str(folder), folder, access, only, rules=rules)
    return source.list({}, Spool(folder.parent / "data"))


def access_of(listing: Listing) -> dict[str, tuple[str, ...]]:
    return {item.uri: item.access for item in listing.items}


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
    assert listing.warnings == ()


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


def check_closed(folder: Path) -> None:
    """Check that what lies under `hr` is closed, the rest is not, and that one warning says why."""
    listing = listed(folder, ("everyone",))
    assert access_of(listing) == {
        "a.md": ("everyone",),
        "hr/b.md": (),
        "hr/deep/c.md": (),
        "hr/open/d.md": (),
    }
    assert listing.ruled == {"hr/b.md", "hr/deep/c.md", "hr/open/d.md"}
    (warning,) = listing.warnings
    assert str(folder / "hr" / ".footnote.yaml") in warning
    assert "Only admins" in warning


@pytest.mark.parametrize("content", MALFORMED)
def test_a_rule_that_cannot_be_understood_closes_its_folder(content: str, folder: Path) -> None:
    rule(folder / "hr", content)
    check_closed(folder)


def test_a_rule_that_is_not_text_closes_its_folder(folder: Path) -> None:
    (folder / "hr" / ".footnote.yaml").write_bytes(b"\xff\xfe\x00access")
    check_closed(folder)


def test_a_rule_that_is_a_dangling_link_closes_its_folder(folder: Path) -> None:
    (folder / "hr" / ".footnote.yaml").symlink_to("/nowhere/rule.yaml")
    check_closed(folder)


def test_a_rule_that_is_a_folder_closes_its_folder(folder: Path) -> None:
    (folder / "hr" / ".footnote.yaml").mkdir()
    check_closed(folder)


def test_a_rule_below_a_malformed_one_still_counts(folder: Path) -> None:
    rule(folder / "hr", "access: [")
    rule(folder / "hr" / "open", "access: [everyone]")
    assert access_of(listed(folder))["hr/open/d.md"] == ("everyone",)


# --- sidecars -------------------------------------------------------------------------------------


def test_a_sidecar_counts_for_its_file_alone_and_before_every_rule(folder: Path) -> None:
    rule(folder / "hr", "access: [group:hr]")
    rule(folder / "hr", "access: [group:board]", "b.md")
    rules = (PathRule("hr/**", ("group:path",)),)
    found = access_of(listed(folder, rules=rules))
    assert found["hr/b.md"] == ("group:board",)
    assert found["hr/deep/c.md"] == ("group:hr",)


def test_a_sidecar_counts_for_a_run_of_its_file(folder: Path) -> None:
    rule(folder / "hr", "access: [group:board]", "b.md")
    assert access_of(listed(folder, ("everyone",), "hr/b.md")) == {"hr/b.md": ("group:board",)}


def test_a_sidecar_is_no_document(folder: Path) -> None:
    rule(folder, "access: [group:board]", "a.md")
    listing = listed(folder)
    assert "a.md.footnote.yaml" not in access_of(listing)
    assert listing.skipped == ()


@pytest.mark.parametrize("content", MALFORMED)
def test_a_sidecar_that_cannot_be_understood_closes_its_file(content: str, folder: Path) -> None:
    rule(folder / "hr", content, "b.md")
    rule(folder, "access: [everyone]")
    listing = listed(folder, ("everyone",))
    found = access_of(listing)
    assert found.pop("hr/b.md") == ()
    assert set(found.values()) == {("everyone",)}
    (warning,) = listing.warnings
    assert str(folder / "hr" / "b.md.footnote.yaml") in warning


@pytest.mark.parametrize("only", ["", "hr/b.md"])
def test_a_sidecar_that_is_a_dangling_link_closes_its_file(folder: Path, only: str) -> None:
    (folder / "hr" / "b.md.footnote.yaml").symlink_to("/nowhere/rule.yaml")
    assert access_of(listed(folder, ("everyone",), only))["hr/b.md"] == ()


@pytest.mark.parametrize("only", ["", "hr/b.md"])
def test_a_sidecar_that_is_a_folder_closes_its_file(folder: Path, only: str) -> None:
    (folder / "hr" / "b.md.footnote.yaml").mkdir()
    assert access_of(listed(folder, ("everyone",), only))["hr/b.md"] == ()


def test_a_sidecar_that_links_to_a_folder_closes_its_file(folder: Path) -> None:
    (folder / "hr" / "b.md.footnote.yaml").symlink_to(folder)
    assert access_of(listed(folder, ("everyone",)))["hr/b.md"] == ()


# --- rules of the sources file --------------------------------------------------------------------


def test_the_first_matching_path_rule_counts(folder: Path) -> None:
    rules = (
        PathRule("hr/deep/", ("group:deep",)),
        PathRule("hr/**", ("group:hr",)),
        PathRule("c.md", ("group:late",)),
    )
    listing = listed(folder, ("everyone",), rules=rules)
    assert access_of(listing) == {
        "a.md": ("everyone",),
        "hr/b.md": ("group:hr",),
        "hr/deep/c.md": ("group:deep",),
        "hr/open/d.md": ("group:hr",),
    }
    assert listing.ruled == {"hr/b.md", "hr/deep/c.md", "hr/open/d.md"}


def test_a_rule_file_counts_before_path_rules(folder: Path) -> None:
    rule(folder / "hr", "access: [group:file]")
    found = access_of(listed(folder, rules=(PathRule("**", ("group:path",)),)))
    assert (found["a.md"], found["hr/b.md"]) == (("group:path",), ("group:file",))


def test_path_rules_that_match_nothing_decide_nothing() -> None:
    assert PathRules([PathRule("hr/**", ("group:hr",))]).access_of("a.md") is None


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        PathRules([PathRule("!", ("group:hr",))])


def test_principals_come_in_one_form() -> None:
    content = {"access": ["user:Ann@X.org", "group:hr", "group:hr"]}
    assert listed_principals(content, "This") == ("group:hr", "user:ann@x.org")
    with pytest.raises(ConfigError, match=r"^This: 'hr' is not a principal"):
        listed_principals({"access": ["hr"]}, "This")
