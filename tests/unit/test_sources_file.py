"""A sources file is checked before anything runs, and says what is wrong with which source."""

from pathlib import Path

import pytest

from core.errors import ConfigError, SourceError
from ingest.sources.access import PathRule
from ingest.sources.base import Source
from ingest.sources.config import TYPES, SourcesFile
from ingest.sources.folder import FolderSource
from ingest.spool import Spool


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "docs"
    (made / "hr").mkdir(parents=True)
    return made


def read(folder: Path, content: str) -> SourcesFile:
    path = folder.parent / "sources.yaml"
    path.write_text(content, encoding="utf-8")
    return SourcesFile(path)


def built(folder: Path, content: str, name: str, access: tuple[str, ...] | None = None) -> Source:
    return read(folder, content).build(name, folder.parent / "data", access)


def test_configured_sources_have_a_name_a_folder_and_access(folder: Path) -> None:
    content = (
        "wiki: {path: docs, access: [everyone]}\nhr:\n  path: docs/hr\n  access: ['group:hr']\n"
    )
    assert list(read(folder, content).configs) == ["wiki", "hr"]
    assert built(folder, content, "wiki") == FolderSource("wiki", folder, ("everyone",))
    assert built(folder, content, "hr") == FolderSource("hr", folder / "hr", ("group:hr",))


def test_a_source_without_access_is_for_nobody(folder: Path) -> None:
    source = built(folder, "wiki: {path: docs}", "wiki")
    assert source.access == ()


def test_access_of_the_run_replaces_that_of_the_source(folder: Path) -> None:
    content = "wiki: {path: docs, access: [everyone]}"
    assert built(folder, content, "wiki", ("group:it",)).access == ("group:it",)


def test_paths_are_relative_to_the_sources_file(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir("/")
    assert built(folder, "wiki: {path: ./docs}", "wiki") == FolderSource("wiki", folder, ())
    assert built(folder, f"wiki: {{path: '{folder}'}}", "wiki") == FolderSource("wiki", folder, ())


def test_a_folder_takes_its_rules_and_patterns(folder: Path) -> None:
    content = (
        "wiki:\n"
        "  type: folder\n"
        "  path: docs\n"
        "  include: ['*.md']\n"
        "  exclude: [drafts/]\n"
        "  access_from_documents: true\n"
        "  schedule: every 15 minutes\n"
        "  rules:\n"
        "    - {match: 'hr/**', access: ['user:Ann@X.org', 'group:hr']}\n"
    )
    assert built(folder, content, "wiki") == FolderSource(
        "wiki",
        folder,
        (),
        include=("*.md",),
        exclude=("drafts/",),
        rules=(PathRule("hr/**", ("group:hr", "user:ann@x.org")),),
        asks_documents=True,
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("- docs", "must map names"),
        ("", "must map names"),
        ("wiki: docs", "'wiki'.*needs a `path:`"),
        ("wiki: {access: [everyone]}", "'wiki'.*needs a `path:`"),
        ("wiki: {path: 3}", "'wiki'.*`path:`.*string"),
        ("wiki: {path: docs, access: everyone}", "'wiki'.*`access:`"),
        ("wiki: {path: docs, access: [hr]}", "'wiki'.*'hr' is not a principal"),
        ("wiki: {path: docs, rules: [{match: 'x', access: [hr]}]}", "'hr' is not a principal"),
        ("wiki: {path: docs, rules: [{access: [everyone]}]}", r"needs a `rules\.0\.match:`"),
        ("wiki: {path: docs, acess: [everyone]}", "`acess:` is not known"),
        ("wiki: {path: docs, schedule: sometimes}", "'wiki'.*sometimes"),
        ("wiki: {path: docs, schedule: every 0 minutes}", "'wiki'.*at least"),
        ("wiki: {type: ftp, path: docs}", "'wiki'.*`type: ftp`"),
        ("wiki: {type: [folder], path: docs}", "'wiki'.*`type:"),
        ("wiki: {path: [", "not valid YAML"),
    ],
)
def test_a_sources_file_that_cannot_be_used_says_why(
    content: str, words: str, folder: Path
) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        read(folder, content)
    assert str(folder.parent / "sources.yaml") in str(caught.value)


def test_one_wrong_source_is_named_before_any_runs(folder: Path) -> None:
    with pytest.raises(ConfigError, match="'second'"):
        read(folder, "first: {path: docs}\nsecond: {path: docs, acces: [everyone]}\n")


def test_an_unknown_name_is_answered_with_the_known_ones(folder: Path) -> None:
    with pytest.raises(ConfigError, match=r"no source 'wkii' .* it has hr, wiki"):
        built(folder, "wiki: {path: docs}\nhr: {path: docs/hr}", "wkii")


def test_a_missing_sources_file_is_named_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no sources file.*--init.*FOOTNOTE_SOURCES_FILE"):
        SourcesFile(tmp_path / "sources.yaml")


def test_a_folder_that_is_not_there_is_a_matter_of_its_listing(folder: Path) -> None:
    source = built(folder, "wiki: {path: nowhere}", "wiki")
    with pytest.raises(SourceError, match=r"no folder or file .*nowhere"):
        source.list({}, Spool(folder.parent / "data"))


def test_a_path_that_is_a_file_is_named(folder: Path) -> None:
    (folder / "a.md").write_text("x")
    with pytest.raises(ConfigError, match=r"'wiki'.*a\.md"):
        built(folder, "wiki: {path: docs/a.md}", "wiki")


def test_a_folder_is_the_type_that_need_not_be_named() -> None:
    assert next(iter(TYPES)) == "folder"
