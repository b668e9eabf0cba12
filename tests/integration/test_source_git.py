"""Git sources: the files of a branch of a real repository, read with the git of this machine."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from core.errors import ConfigError, ParseError, SourceError
from ingest.sources.base import Listing, Source
from ingest.sources.config import SourcesFile
from ingest.sources.git import GitConfig
from ingest.sources.git_repository import GitRepository
from ingest.spool import Spool

pytestmark = pytest.mark.integration
MB = 1_000_000
JANUARY, FEBRUARY, MARCH = (f"2026-0{month}-02T03:04:05+00:00" for month in (1, 2, 3))


class Work:
    """A working tree that commits on given days."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()
        self.git("init", "-q", "-b", "main")

    def git(self, *arguments: str, when: str = JANUARY) -> str:
        done = subprocess.run(
            ["git", "-C", str(self.folder), *arguments],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder),
                "GIT_CONFIG_NOSYSTEM": "1",
                "GIT_AUTHOR_NAME": "A",
                "GIT_AUTHOR_EMAIL": "a@example.org",
                "GIT_COMMITTER_NAME": "A",
                "GIT_COMMITTER_EMAIL": "a@example.org",
                "GIT_AUTHOR_DATE": when,
                "GIT_COMMITTER_DATE": when,
            },
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    def write(self, path: str, content: str | bytes) -> None:
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content if isinstance(content, bytes) else content.encode())

    def commit(self, when: str = JANUARY) -> None:
        self.git("add", "--all")
        self.git("commit", "-q", "-m", "x", when=when)


@pytest.fixture
def work(tmp_path: Path) -> Work:
    work = Work(tmp_path / "work")
    work.write("guide.md", "# Guide\n")
    work.write("hr/pay räise.md", "# Pay\n")
    work.commit()
    return work


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "data")) as spool:
        yield spool


@pytest.fixture
def source(work: Work, tmp_path: Path) -> Callable[..., Source]:
    def make(**fields: object) -> Source:
        config = GitConfig(
            **{"type": "git", "url": str(work.folder), "access": ["group:staff"], **fields}
        )
        return config.build("docs", tmp_path, tmp_path / "state")

    return make


def listed(source: Source, spool: Spool) -> Listing:
    return source.list({}, spool)


def uris(listing: Listing) -> list[str]:
    return [item.uri for item in listing.items]


def test_a_branch_is_listed_with_blob_ids_dates_and_sizes_and_read(
    source: Callable[..., Source], spool: Spool, work: Work
) -> None:
    docs = source(link="https://git.example.org/{path}")
    first, second = listed(docs, spool).items
    assert (first.uri, first.stamp) == ("guide.md", work.git("rev-parse", "HEAD:guide.md").strip())
    assert (first.size, first.path, first.access) == (8, "", ("group:staff",))
    assert first.updated_at == JANUARY
    assert (second.uri, second.url) == (
        "hr/pay räise.md",
        "https://git.example.org/hr/pay%20r%C3%A4ise.md",
    )
    assert docs.fetch(first, MB) == b"# Guide\n"


def test_a_commit_changes_the_stamp_and_date_of_what_it_touched_only(
    source: Callable[..., Source], spool: Spool, work: Work
) -> None:
    before = {item.uri: item for item in listed(source(), spool).items}
    work.write("guide.md", "# Guide, second\n")
    work.write("new.md", "# New\n")
    work.commit(FEBRUARY)
    (work.folder / "hr" / "pay räise.md").unlink()
    work.commit(MARCH)
    after = {item.uri: item for item in listed(source(), spool).items}
    assert sorted(after) == ["guide.md", "new.md"]
    assert after["guide.md"].stamp != before["guide.md"].stamp
    assert (after["guide.md"].updated_at, after["new.md"].updated_at) == (FEBRUARY, FEBRUARY)
    work.write("third.md", "# Third\n")
    work.commit(MARCH)
    third = {item.uri: item for item in listed(source(), spool).items}
    assert third["guide.md"] == after["guide.md"]
    assert third["third.md"].updated_at == MARCH


def test_a_rewritten_branch_is_followed(
    source: Callable[..., Source], spool: Spool, work: Work
) -> None:
    listed(source(), spool)
    work.git("checkout", "-q", "--orphan", "fresh")
    work.write("other.md", "# Other\n")
    work.commit(FEBRUARY)
    work.git("branch", "-M", "main")
    items = {item.uri: item.updated_at for item in listed(source(), spool).items}
    assert items["other.md"] == items["guide.md"] == FEBRUARY


def test_a_branch_that_was_set_back_has_its_older_dates_again(
    source: Callable[..., Source], spool: Spool, work: Work
) -> None:
    work.write("guide.md", "# Guide, second\n")
    work.commit(FEBRUARY)
    assert listed(source(), spool).items[0].updated_at == FEBRUARY
    work.git("reset", "-q", "--hard", "HEAD~1")
    assert listed(source(), spool).items[0].updated_at == JANUARY


def test_git_speaks_no_protocol_but_that_of_the_address(tmp_path: Path, work: Work) -> None:
    repository = GitRepository(tmp_path / "state", f"file://{work.folder}", "https", "main")
    with pytest.raises(SourceError, match="transport 'file' not allowed"):
        repository.update()


def test_without_history_only_the_newest_commit_is_fetched(
    source: Callable[..., Source], spool: Spool, work: Work, tmp_path: Path
) -> None:
    work.write("new.md", "# New\n")
    work.commit(FEBRUARY)
    shallow = source(history=False, url=f"file://{work.folder}")
    assert {item.updated_at for item in listed(shallow, spool).items} == {FEBRUARY}
    count = subprocess.run(
        ["git", "--git-dir", str(tmp_path / "state" / "repository.git"), "rev-list", "--count", "--all"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert count.stdout.strip() == "1"
    deep = {item.uri: item.updated_at for item in listed(source(), spool).items}
    assert deep == {"guide.md": JANUARY, "hr/pay räise.md": JANUARY, "new.md": FEBRUARY}


def test_links_submodules_hidden_files_and_odd_names_are_skipped_with_a_reason(
    source: Callable[..., Source], spool: Spool, work: Work
) -> None:
    (work.folder / "link.md").symlink_to("/etc/passwd")
    work.write(".github/x.md", "x")
    (Path(os.fsdecode(os.fsencode(work.folder) + b"/bad\xff.md"))).write_text("x")
    head = work.git("rev-parse", "HEAD").strip()
    work.git("update-index", "--add", "--cacheinfo", f"160000,{head},module")
    (work.folder / "module").mkdir()
    work.commit()
    listing = listed(source(), spool)
    assert uris(listing) == ["guide.md", "hr/pay räise.md"]
    assert dict(listing.skipped) == {
        "link.md": "symbolic link",
        ".github/x.md": "hidden or temporary file",
        "bad\ufffd.md": "the file's name is not UTF-8; rename it",
        "module": "submodule",
    }


def test_patterns_and_subfolder_choose_what_is_read(
    source: Callable[..., Source], spool: Spool, work: Work
) -> None:
    work.write("hr/draft.txt", "x")
    work.write(".footnoteignore", "ignored.md\n")
    work.write("ignored.md", "x")
    work.commit()
    assert uris(listed(source(include=["*.md"]), spool)) == ["guide.md", "hr/pay räise.md"]
    assert uris(listed(source(exclude=["hr/**"]), spool)) == ["guide.md"]
    assert uris(listed(source(subfolder="/hr/"), spool)) == ["hr/draft.txt", "hr/pay räise.md"]


def test_access_comes_from_rule_files_of_the_repository_then_rules_then_the_source(
    source: Callable[..., Source], spool: Spool, work: Work
) -> None:
    work.write("hr/.footnote.yaml", "access: ['group:hr']\n")
    work.write("it/a.md", "x")
    work.write("broken/a.md", "x")
    work.write("broken/.footnote.yaml", "access: everyone\n")
    work.write("guide.md.footnote.yaml", "access: [everyone]\n")
    work.commit()
    rules = [{"match": "it/**", "access": ["group:it"]}, {"match": "hr/**", "access": ["everyone"]}]
    listing = listed(source(rules=rules), spool)
    assert {item.uri: item.access for item in listing.items} == {
        "guide.md": ("everyone",),
        "hr/pay räise.md": ("group:hr",),
        "it/a.md": ("group:it",),
        "broken/a.md": (),
    }
    assert listing.ruled == {"guide.md", "hr/pay räise.md", "it/a.md", "broken/a.md"}
    assert "broken/.footnote.yaml" in listing.warnings[0]
    closed = listed(source(subfolder="hr"), spool)
    assert [item.access for item in closed.items] == [("group:hr",)]


def test_a_rule_above_the_subfolder_closes_it(
    source: Callable[..., Source], spool: Spool, work: Work
) -> None:
    work.write(".footnote.yaml", "access: ['group:board']\n")
    work.commit()
    assert [item.access for item in listed(source(subfolder="hr"), spool).items] == [
        ("group:board",)
    ]


def test_a_rule_file_that_is_a_link_closes_what_it_stands_for(
    source: Callable[..., Source], spool: Spool, work: Work
) -> None:
    (work.folder / "hr" / ".footnote.yaml").symlink_to("../guide.md")
    work.commit()
    access = {item.uri: item.access for item in listed(source(), spool).items}
    assert access["hr/pay räise.md"] == ()


def test_nothing_of_a_repository_is_run(
    source: Callable[..., Source], spool: Spool, work: Work, tmp_path: Path
) -> None:
    trap = tmp_path / "trapped"
    script = f"#!/bin/sh\ntouch '{trap}'\n"
    for hook in ("post-checkout", "reference-transaction", "pre-auto-gc", "post-merge"):
        path = work.folder / ".git" / "hooks" / hook
        path.parent.mkdir(exist_ok=True)
        path.write_text(script)
        path.chmod(0o755)
    run = tmp_path / "run.sh"
    run.write_text(script)
    run.chmod(0o755)
    for key in ("core.fsmonitor", "uploadpack.packObjectsHook", "filter.x.smudge"):
        work.git("config", key, str(run))
    work.write(".gitattributes", "*.md filter=x\n")
    (work.folder / ".git" / "hooks" / "reference-transaction").unlink()  # the test commits itself
    work.commit()
    trap.unlink(missing_ok=True)
    docs = source()
    copy = tmp_path / "state" / "repository.git" / "hooks"
    items = listed(docs, spool).items
    copy.mkdir(exist_ok=True)
    (copy / "reference-transaction").write_text(script)
    (copy / "reference-transaction").chmod(0o755)
    work.write("new.md", "# New\n")
    work.commit()
    trap.unlink(missing_ok=True)
    listed(docs, spool)
    assert docs.fetch(items[0], MB) == b"# Guide\n"
    assert not trap.exists()


@pytest.mark.parametrize(
    "url",
    [
        "--upload-pack=touch x",
        "-x",
        "ext::sh -c touch% x",
        "http://git.example.org/a.git",
        "ftp://git.example.org/a.git",
        "https://user:secret@git.example.org/a.git",
        "",
    ],
)
def test_an_address_that_could_run_something_or_shows_a_secret_is_refused(
    url: str, tmp_path: Path
) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(f"docs: {{type: git, url: '{url}'}}\n")
    with pytest.raises(ConfigError, match="`url:`") as caught:
        SourcesFile(path)
    assert "secret@" not in str(caught.value)


@pytest.mark.parametrize("branch", ["--help", "a b", "a..b:c", "x^", "HEAD~1"])
def test_a_branch_that_is_none_is_refused(branch: str) -> None:
    with pytest.raises(ValueError, match="name of a branch"):
        GitConfig(type="git", url="https://git.example.org/a.git", branch=branch)


def test_a_token_is_for_https_only_and_stands_in_no_argument(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="https://"):
        GitConfig(type="git", url="git@example.org:a/b", token_env="GIT_TOKEN")
    config = GitConfig(type="git", url="https://127.0.0.1:1/a.git", token_env="GIT_TOKEN")
    with pytest.raises(ConfigError, match="GIT_TOKEN"):
        config.build("docs", tmp_path, tmp_path / "state")
    monkeypatch.setenv("GIT_TOKEN", "hunter2hunter2")
    docs = config.build("docs", tmp_path, tmp_path / "state")
    with closing(Spool(tmp_path / "data")) as spool, pytest.raises(SourceError) as caught:
        docs.list({}, spool)
    assert "hunter2" not in str(caught.value) + repr(docs)
    assert "hunter2" not in (tmp_path / "state" / "config").read_text()


def test_a_missing_branch_or_repository_is_a_sentence(
    source: Callable[..., Source], spool: Spool, work: Work, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=r"'nope'.*Nothing was changed"):
        listed(source(branch="nope"), spool)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceError, match="empty"):
        listed(source(url="empty"), spool)
    with pytest.raises(ConfigError, match="no repository"):
        source(url="nowhere")


def test_a_copy_that_is_damaged_or_locked_by_a_killed_run_heals(
    source: Callable[..., Source], spool: Spool, work: Work, tmp_path: Path
) -> None:
    listed(source(), spool)
    copy = tmp_path / "state" / "repository.git"
    (copy / "shallow.lock").write_text("")
    (copy / "refs" / "footnote" / "head.lock").write_text("")
    work.write("new.md", "# New\n")
    work.commit()
    assert "new.md" in uris(listed(source(), spool))
    for pack in (copy / "objects").rglob("*"):
        if pack.is_file():
            pack.chmod(0o644)
            pack.write_bytes(b"")
    assert "new.md" in uris(listed(source(), spool))


def test_what_is_too_large_gone_or_kept_by_lfs_is_a_parse_error(
    source: Callable[..., Source], spool: Spool, work: Work
) -> None:
    work.write("big.bin", "version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 5\n")
    work.commit()
    docs = source()
    big, guide, _ = listed(docs, spool).items
    with pytest.raises(ParseError, match="Git LFS") as caught:
        docs.fetch(big, MB)
    assert caught.value.reason == "unsupported"
    with pytest.raises(ParseError) as caught:
        docs.fetch(guide, 3)
    assert caught.value.reason == "too_large"
    for stamp in ("0" * 40, "--help", "HEAD"):
        with pytest.raises(ParseError) as caught:
            docs.fetch(type(guide)(guide.uri, stamp, ()), MB)
        assert caught.value.reason == "io"
