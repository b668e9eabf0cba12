"""Any reader of LlamaIndex as a source: what it returns become documents with identities that stay.

Readers run in this process and may do what they like there: which one runs is the administrator's choice, so
only packages below `llama_index.` are loaded. Nothing here touches LlamaIndex's global settings.
"""

import contextlib
import inspect
import io
import logging
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import Any, Literal, Protocol, cast

from pydantic import Field, SecretStr, field_validator

from core.documents import SourceItem
from core.errors import ConfigError, ParseError, SourceError
from core.settings import secret_from_environment
from ingest.sources.access import PathRule
from ingest.sources.base import Listing, Source
from ingest.sources.config import SourceConfig, VariableName
from ingest.sources.gathering import Gathering
from ingest.sources.reader_documents import ReaderDocument, ReaderKeys, Reading, join_documents
from ingest.spool import Spool

_DOTTED = re.compile(r"llama_index(\.[A-Za-z_]\w*){2,}")
_STRICT = ("fail_on_error", "raise_on_error", "raise_errors")
"""What readers call the argument that makes them stop at what they cannot read, instead of leaving it out.
What is left out would look as if it had been deleted."""


class ReaderConfig(SourceConfig):
    """A reader of LlamaIndex, from the package that has it (`pip install llama-index-readers-...`)."""

    reader: str = Field(
        description="The reader's class, like `llama_index.readers.confluence.ConfluenceReader`."
    )
    arguments: dict[str, Any] = Field(
        default_factory=dict, description="Arguments of the reader's constructor."
    )
    env: dict[str, VariableName] = Field(
        default_factory=dict,
        description="Arguments of the constructor that are secrets: the name of an environment variable each.",
    )
    load: dict[str, Any] = Field(
        default_factory=dict, description="Arguments of the reader's `load_data`."
    )
    id_from: str = Field(
        "",
        description="Metadata key that names a document for good, or `doc_id` for the reader's own id. Without "
        "it the first of a few usual keys that all documents have.",
    )
    version_from: str = Field(
        "",
        description="Metadata key that changes whenever a document does; without it the text decides.",
    )
    title_from: str = Field("", description="Metadata key with a document's title.")
    url_from: str = Field("", description="Metadata key with the address that a reader opens.")
    updated_from: str = Field(
        "", description="Metadata key with the day or time of the last change, in ISO 8601."
    )
    ending: Literal[".md", ".txt", ".html"] = Field(
        ".txt", description="What the reader's texts are: .md, .txt or .html."
    )

    @field_validator("reader")
    @classmethod
    def _is_of_llama_index(cls, value: str) -> str:
        if not _DOTTED.fullmatch(value):
            raise ValueError("must be a class below `llama_index.`, with all its dots")
        return value

    def build(self, name: str, base: Path, state: Path) -> Source:
        """See `SourceConfig.build`."""
        return ReaderSource(
            name,
            self.reader,
            self.access,
            arguments=self.arguments,
            secrets={key: secret_from_environment(value) for key, value in self.env.items()},
            load=self.load,
            keys=ReaderKeys(
                self.id_from,
                self.version_from,
                self.title_from,
                self.url_from,
                self.updated_from,
                _folder_of(self.arguments),
            ),
            ending=self.ending,
            rules=self.path_rules,
            asks_documents=self.access_from_documents,
        )


class Reader(Protocol):
    """What is used of a reader."""

    def load_data(self, **arguments: Any) -> Sequence[Any]:
        """Return LlamaIndex documents."""


@dataclass(frozen=True, slots=True)
class ReaderSource:
    """What a reader returns. Every run reads everything: readers do not say what has changed."""

    name: str
    reader: str
    access: tuple[str, ...] | None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    secrets: Mapping[str, SecretStr] = field(default_factory=dict)
    load: Mapping[str, Any] = field(default_factory=dict)
    keys: ReaderKeys = field(default_factory=ReaderKeys)
    ending: str = ".txt"
    rules: tuple[PathRule, ...] = ()
    asks_documents: bool = False
    only: str = ""

    def list(self, remembered: Mapping[str, str], spool: Spool) -> Listing:
        """See `Source.list`; the texts are written to the spool."""
        reader_class = self._reader_class()
        documents, problem = self._run(reader_class)
        gathering = Gathering(self.access, self.rules)
        try:
            readings = join_documents(documents, self.keys, remembered)
        except ValueError as error:
            raise SourceError(f"Source {self.name!r}: {error} Nothing was changed.") from error
        for reading in readings:
            self._add(reading, gathering, spool)
        return gathering.listing(problem)

    def fetch(self, item: SourceItem, max_bytes: int) -> bytes:
        """See `Source.fetch`; all items have paths."""
        raise ParseError("io", "The reader's text is not there any more; the next run reads it.")

    def _add(self, reading: Reading, gathering: Gathering, spool: Spool) -> None:
        content = reading.text.encode("utf-8", "replace")
        gathering.add(
            SourceItem(
                uri=reading.uri,
                stamp=reading.stamp,
                access=(),
                size=len(content),
                path=spool.write(content),
                name=reading.uri.rstrip("/").rpartition("/")[2] + self.ending,
                title=reading.title,
                url=reading.url,
                updated_at=reading.updated_at,
            )
        )

    def _run(self, reader_class: type[Reader]) -> tuple[Sequence[ReaderDocument], str]:
        arguments = {
            **_strict_arguments(reader_class),
            **self.arguments,
            **{key: secret.get_secret_value() for key, secret in self.secrets.items()},
        }
        try:
            with _watched() as heard:
                found = reader_class(**arguments).load_data(**self.load)
                documents = [_document_of(document) for document in found]
        except Exception as error:  # noqa: BLE001 - a reader may raise anything; its message goes on
            raise SourceError(
                f"The reader {self.reader!r} of source {self.name!r} failed: {self._told(error)} "
                "Nothing was changed."
            ) from None
        problem = f"The reader {self.reader!r} left something out: {heard[0]}" if heard else ""
        return documents, self._without_secrets(problem)

    def _told(self, error: Exception) -> str:
        lines = str(error).strip().splitlines()
        words = self._without_secrets(lines[0][:300]) if lines else ""
        name = type(error).__name__
        return f"{name}: {words.rstrip('. ')}." if words else f"{name}."

    def _without_secrets(self, text: str) -> str:
        for secret in self.secrets.values():
            text = text.replace(secret.get_secret_value(), "***")
        return "".join(char if char.isprintable() else " " for char in text)

    def _reader_class(self) -> type[Reader]:
        module, _, name = self.reader.rpartition(".")
        try:
            found = getattr(import_module(module), name)
        except ImportError as error:
            package = "-".join(self.reader.split(".")[:3]).replace("_", "-")
            raise ConfigError(
                f"The reader {self.reader!r} of source {self.name!r} cannot be loaded "
                f"({str(error).splitlines()[0] if str(error) else type(error).__name__}). "
                f"Install its package, usually with: pip install {package}"
            ) from error
        except AttributeError as error:
            raise ConfigError(
                f"There is no {name!r} in {module!r}. Check the `reader:` of source {self.name!r}."
            ) from error
        if not inspect.isclass(found) or not hasattr(found, "load_data"):
            raise ConfigError(
                f"{self.reader!r} is no reader. Check the `reader:` of source {self.name!r}."
            )
        return cast("type[Reader]", found)


def _document_of(document: Any) -> ReaderDocument:
    text = getattr(document, "text", None)
    metadata = getattr(document, "metadata", None)
    return ReaderDocument(
        doc_id=str(getattr(document, "doc_id", "") or ""),
        text=text if isinstance(text, str) else "",
        metadata=dict(metadata) if isinstance(metadata, Mapping) else {},
    )


def _strict_arguments(reader_class: type[Reader]) -> dict[str, bool]:
    try:
        known = inspect.signature(reader_class).parameters
    except (TypeError, ValueError):
        return {}
    return {name: True for name in _STRICT if name in known}


def _folder_of(arguments: Mapping[str, Any]) -> str:
    folder = arguments.get("input_dir")
    return folder if isinstance(folder, str) else ""


class _Heard(logging.Handler):
    """Keeps the errors that readers log where they should have raised."""

    def __init__(self, heard: list[str]) -> None:
        super().__init__(logging.ERROR)
        self._heard = heard

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first line of a message."""
        self._heard.append((record.getMessage().splitlines() or ["an error"])[0][:300])


class _Muted(io.TextIOBase):
    """Takes the place of standard output; keeps the lines that say that a file was left out."""

    def __init__(self, heard: list[str]) -> None:
        self._heard = heard

    def write(self, text: str) -> int:
        """Drop a text, unless it is SimpleDirectoryReader's word for an unreadable file."""
        if text.startswith("Failed to load file"):
            self._heard.append(text.splitlines()[0][:300])
        return len(text)


@contextlib.contextmanager
def _watched() -> Iterator[list[str]]:
    """Silence a reader; the list has what it said of things that it left out without raising."""
    heard: list[str] = []
    handler = _Heard(heard)
    logger = logging.getLogger("llama_index")
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(cast("Any", _Muted(heard))):
            warnings.simplefilter("ignore")  # readers warn about their own dependencies
            yield heard
    finally:
        logger.removeHandler(handler)
