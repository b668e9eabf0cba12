"""The sources file: names, each with a type and what that type needs; checked before anything runs.

    handbook:                     # the name is the source's identity
      path: ./handbook            # type: folder is the default
      access: [everyone]
    wiki:
      type: web
      urls: [https://wiki.example.org/]
      access: [group:staff]
      schedule: every 6 hours

Each type is a pydantic model with a `build` method; `TYPES` names them all.
"""

import os
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any, ClassVar, cast
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from core.documents import normal_principals
from core.errors import ConfigError
from ingest.schedule import parse_schedule
from ingest.sources.access import PathRule, read_yaml
from ingest.sources.base import Source

TYPES: dict[str, tuple[str, str]] = {
    "folder": ("ingest.sources.config", "FolderConfig"),
    "git": ("ingest.sources.git", "GitConfig"),
    "web": ("ingest.sources.web", "WebSourceConfig"),
    "s3": ("ingest.sources.s3", "S3Config"),
    "imap": ("ingest.sources.imap", "ImapConfig"),
    "slack_export": ("ingest.sources.slack_export", "SlackExportConfig"),
    "reader": ("ingest.sources.llama_index_reader", "ReaderConfig"),
}


VariableName = Annotated[str, Field(pattern=r"^[A-Z][A-Z0-9_]*$")]
"""Name of an environment variable that holds a secret. Only capitals, so that a secret itself is refused."""


class AccessRule(BaseModel):
    """Who may read the documents whose path matches a pattern."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: str = Field(description="Pattern in the syntax of .gitignore, like `hr/**`.")
    access: tuple[str, ...] = Field(description="Principals: everyone, group:NAME, user:EMAIL.")

    @field_validator("access")
    @classmethod
    def _normal(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return normal_principals(value)


class SourceConfig(BaseModel):
    """What every source may say."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    type: str = Field("folder", description=f"One of {', '.join(TYPES)}.")
    access: tuple[str, ...] = Field(
        (),
        description="Who may read: everyone, group:NAME, user:EMAIL. Without it nobody but admins may.",
    )
    rules: tuple[AccessRule, ...] = Field(
        (), description="Who may read what by path; the first match counts, before `access`."
    )
    access_from_documents: bool = Field(
        False,
        description="Whether a document's own front matter (`access: [group:hr]`) has the last word. Whoever "
        "can write a document then decides who reads it.",
    )
    schedule: str = Field(
        "",
        description="When `footnote ingest --daemon` runs it: `every 15 minutes`, `every 6 hours`, or a cron "
        "expression like `0 3 * * *`. Empty: only when it is asked for, and folders when files change.",
    )

    @field_validator("access")
    @classmethod
    def _normal(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return normal_principals(value)

    @field_validator("schedule")
    @classmethod
    def _understood(cls, value: str) -> str:
        if value:
            parse_schedule(value)
        return value

    @property
    def path_rules(self) -> tuple[PathRule, ...]:
        """The rules in the form that sources use."""
        return tuple(PathRule(rule.match, rule.access) for rule in self.rules)

    def build(self, name: str, base: Path, state: Path) -> Source:
        """Return the source.

        `base` is the folder of the sources file, for relative paths; `state` a folder that this source may
        keep between runs.

        Raises:
            ConfigError: what it names is not there.
        """
        raise NotImplementedError


class FolderConfig(SourceConfig):
    """A folder tree on this machine or on a mounted share."""

    path: str = Field(description="The folder; relative to the sources file.")
    include: tuple[str, ...] = Field((), description="Only files that match one of these patterns.")
    exclude: tuple[str, ...] = Field((), description="Not what matches one of these patterns.")

    def build(self, name: str, base: Path, state: Path) -> Source:
        """See `SourceConfig.build`."""
        from ingest.sources.folder import FolderSource

        root = (base / Path(self.path).expanduser()).resolve()
        # One that is not there is a matter of this source alone: a share may not be mounted.
        if os.path.isfile(root):  # noqa: PTH113
            raise ConfigError(f"Source {name!r}: {str(root)!r} is a file, not a folder.")
        return FolderSource(
            name,
            root,
            self.access,
            include=self.include,
            exclude=self.exclude,
            rules=self.path_rules,
            asks_documents=self.access_from_documents,
        )


class SourcesFile:
    """A sources file that was read and checked."""

    _models: ClassVar[dict[str, type[SourceConfig]]] = {}

    def __init__(self, path: Path) -> None:
        """Read it.

        Raises:
            ConfigError: the file is missing or not of the documented shape; names the source and the field.
        """
        self._path = path
        content = read_yaml(path, "sources file")
        if content is None:
            raise ConfigError(
                f"There is no sources file {str(path)!r}. Name a folder to ingest, write one with "
                "`footnote ingest --init`, or set FOOTNOTE_SOURCES_FILE."
            )
        if not isinstance(content, dict) or not content:
            raise ConfigError(
                f"The sources file {str(path)!r} must map names to a `path:` or a `type:` each."
            )
        self.configs = {
            str(name): self._checked(str(name), entry) for name, entry in content.items()
        }

    def build(self, name: str, state_dir: Path, access: tuple[str, ...] | None = None) -> Source:
        """Return a source by its name; `access` replaces its default for this run.

        Raises:
            ConfigError: there is none by that name, or what it names is not there.
        """
        if name not in self.configs:
            known = ", ".join(sorted(self.configs))
            raise ConfigError(
                f"There is no source {name!r} in {str(self._path)!r}; it has {known}."
            )
        config = self.configs[name]
        if access is not None:
            config = config.model_copy(update={"access": access})
        return config.build(name, self._path.parent.resolve(), state_folder(state_dir, name))

    def _checked(self, name: str, entry: Any) -> SourceConfig:
        where = f"Source {name!r} in {str(self._path)!r}"
        if not isinstance(entry, dict):
            raise ConfigError(f"{where} needs a `path:` or a `type:`.")
        kind = entry.get("type", "folder")
        if not isinstance(kind, str) or kind not in TYPES:
            raise ConfigError(f"{where}: `type: {kind}` is not one of {', '.join(TYPES)}.")
        try:
            return model_of(kind).model_validate(entry)
        except ValidationError as error:
            raise ConfigError(f"{where}: {_sentence(error)}") from None


def state_folder(state_dir: Path, name: str) -> Path:
    """Return the folder that a source may keep between runs; a name like `../x` does not lead out of it."""
    return state_dir / "sources" / quote(name, safe=" ").replace(".", "%2E")


def model_of(kind: str) -> type[SourceConfig]:
    """Return the model of a type of source; its module is imported when it is first asked for."""
    module, name = TYPES[kind]
    return cast("type[SourceConfig]", getattr(import_module(module), name))


def _sentence(error: ValidationError) -> str:
    first = error.errors()[0]
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "missing":
        return f"needs a `{field}:`."
    if first["type"] == "extra_forbidden":
        return (
            f"`{field}:` is not known here; check its spelling and that it stands under its source."
        )
    if first["type"] == "string_pattern_mismatch" and field.partition(".")[0].endswith("env"):
        # Not pydantic's words: they would come with what was written, and that may be the secret.
        return f"`{field}:` must be the name of an environment variable, like WIKI_TOKEN, not the secret."
    message = first["msg"].removeprefix("Value error, ")
    return f"`{field}:` {message[:1].lower()}{message[1:]}."
