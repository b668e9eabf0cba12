"""Git repositories as sources: the files of one branch, without a checkout.

An unchanged file is known by its blob's id, so a run reads only what a commit changed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from pydantic import Field, field_validator, model_validator

from core.documents import SourceItem
from core.errors import ConfigError, ParseError
from core.settings import secret_from_environment
from ingest.sources.access import PathRule
from ingest.sources.base import Listing, Source
from ingest.sources.config import SourceConfig, VariableName
from ingest.sources.folder import require_size
from ingest.sources.gathering import Gathering
from ingest.sources.git_repository import Entry, GitRepository, read_blob
from ingest.sources.tree_rules import TreeRules
from ingest.spool import Spool

_SCHEME = re.compile(r"(https|ssh|git|file)://", re.IGNORECASE)
_SSH_SHORT = re.compile(r"[\w.-]+@[\w.-]+:(?!/?:)[^:]*")
_SECRET_IN_ADDRESS = re.compile(r"https?://[^/@]+@", re.IGNORECASE)
_FILES = ("100644", "100755", "100664")


class GitConfig(SourceConfig):
    """One branch of a Git repository, read with the git of this machine."""

    url: str = Field(
        description="Address (https://, ssh://, git@host:path) or folder of the repository; a folder is "
        "relative to the sources file. Keys for ssh are those of the user that runs Footnote."
    )
    branch: str = Field("", description="Branch; without it the repository's default branch.")
    subfolder: str = Field("", description="Only what lies in this folder of the repository.")
    include: tuple[str, ...] = Field(
        (), description="Only files that match one of these patterns, like `*.md` or `docs/**`."
    )
    exclude: tuple[str, ...] = Field((), description="Not what matches one of these patterns.")
    token_env: VariableName = Field(
        "", description="Environment variable with the access token of an https repository."
    )
    user: str = Field("git", description="User name that goes with the token.")
    history: bool = Field(
        True,
        description="Whether to fetch the branch's history, to know when each file last changed. Without it "
        "less is fetched, and every file has the date of the newest commit.",
    )
    link: str = Field(
        "",
        description="Address that a reader opens for a file, with `{path}` in it, like "
        "`https://git.example.org/handbook/blob/main/{path}`.",
    )

    @field_validator("url")
    @classmethod
    def _is_address(cls, value: str) -> str:
        if _SECRET_IN_ADDRESS.match(value):
            raise ValueError("must not have a user or a token in it; use `token_env:`")
        if not value or value.startswith("-") or "::" in value or not value.isprintable():
            raise ValueError("must be an address or a folder")
        if "://" in value and not _SCHEME.match(value):
            raise ValueError("must begin with https://, ssh://, git:// or file://, or be a folder")
        return value

    @field_validator("branch")
    @classmethod
    def _is_branch(cls, value: str) -> str:
        if value.startswith("-") or not re.fullmatch(r"[^\s:^~?*\[\\\x00-\x1f\x7f]*", value):
            raise ValueError("must be the name of a branch")
        return value

    @field_validator("subfolder")
    @classmethod
    def _is_folder(cls, value: str) -> str:
        return value.strip("/")

    @model_validator(mode="after")
    def _token_fits(self) -> "GitConfig":
        if self.token_env and not self.url.lower().startswith("https://"):
            raise ValueError("`token_env` is for addresses that begin with https://")
        return self

    def build(self, name: str, base: Path, state: Path) -> Source:
        """See `SourceConfig.build`."""
        address, protocol = self._address(name, base)
        repository = GitRepository(
            state,
            address,
            protocol,
            self.branch,
            history=self.history,
            user=self.user,
            token=secret_from_environment(self.token_env) if self.token_env else None,
        )
        return GitSource(
            name,
            repository,
            self.access,
            subfolder=self.subfolder,
            include=self.include,
            exclude=self.exclude,
            rules=self.path_rules,
            link=self.link,
            asks_documents=self.access_from_documents,
        )

    def _address(self, name: str, base: Path) -> tuple[str, str]:
        scheme = _SCHEME.match(self.url)
        if scheme:
            return self.url, scheme.group(1).lower()
        if _SSH_SHORT.fullmatch(self.url):
            return self.url, "ssh"
        folder = (base / Path(self.url).expanduser()).resolve()
        if not folder.is_dir():
            raise ConfigError(f"Source {name!r}: there is no repository {str(folder)!r}.")
        return str(folder), "file"


@dataclass(frozen=True, slots=True)
class GitSource:
    """The files of a branch; their URIs are paths from the repository's root."""

    name: str
    repository: GitRepository
    access: tuple[str, ...] | None
    subfolder: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rules: tuple[PathRule, ...] = ()
    link: str = ""
    asks_documents: bool = False
    only: str = ""

    def list(self, remembered: Mapping[str, str], spool: Spool) -> Listing:
        """See `Source.list`; the blob's id is the stamp, so that nothing is read."""
        commit = self.repository.update()
        entries = [*self.repository.entries(commit)]
        dates = self.repository.dates(commit)
        blobs = {entry.path.decode("utf-8", "replace"): entry.sha for entry in entries}
        # Of the whole repository: a rule above the subfolder closes it too.
        tree = TreeRules(blobs, lambda path: self.repository.read(blobs[path]))
        gathering = Gathering(self.access, self.rules, self.include, self.exclude, tree)
        for entry in entries:
            self._add(entry, dates, gathering)
        return gathering.listing()

    def fetch(self, item: SourceItem, max_bytes: int) -> bytes:
        """See `Source.fetch`; the blob that was listed is read, whatever was fetched since (6 ms each)."""
        require_size(item.size, max_bytes)
        if not re.fullmatch(r"[0-9a-f]{40,64}", item.stamp):
            raise ParseError("io", "The file is not of this repository.")
        return read_blob(self.repository, item.stamp)

    def _add(self, entry: Entry, dates: Mapping[bytes, str], gathering: Gathering) -> None:
        path = entry.path.decode("utf-8", "replace")
        if self.subfolder and not path.startswith(f"{self.subfolder}/"):
            return
        try:
            entry.path.decode("utf-8")
        except UnicodeDecodeError:
            gathering.skip(path, "the file's name is not UTF-8; rename it")
            return
        if entry.mode == "160000":
            gathering.skip(path, "submodule")
        elif entry.mode == "120000":
            gathering.skip(path, "symbolic link")
        elif entry.mode not in _FILES:
            gathering.skip(path, "not a regular file")
        elif gathering.takes(path):
            gathering.add(
                SourceItem(
                    uri=path,
                    stamp=entry.sha,
                    access=(),
                    size=entry.size,
                    url=self._link_to(path),
                    updated_at=dates.get(entry.path, dates[b""]),
                )
            )

    def _link_to(self, path: str) -> str:
        return self.link.replace("{path}", quote(path)) if self.link else ""
