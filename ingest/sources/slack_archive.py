"""The files of a Slack export, in a zip or unpacked: untrusted JSON of bounded size.

channels.json  groups.json  users.json  CHANNEL/2026-03-04.json ...
"""

import json
import os
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from core.errors import SourceError

MAX_FILE_BYTES = 50_000_000
"""Largest file of an export that is read; a day of a busy channel has under 2 MB."""
MAX_CHANNEL_BYTES = 500_000_000
"""Most that is read for one channel, all its days together."""
_MAX_FILES = 1_000_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\.json")


class TooLarge(Exception):
    """A file of the export has more bytes than are read."""


class Archive(Protocol):
    """The files of an export by their names, `/` between folder and file."""

    def names(self) -> list[str]:
        """Return the names of the files."""

    def read(self, name: str) -> bytes:
        """Return a file's bytes.

        Raises:
            TooLarge: it has more than `MAX_FILE_BYTES`.
        """


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel by its name; `is_private` where its members were chosen."""

    name: str
    is_private: bool


@dataclass(slots=True)
class SlackArchive:
    """An opened export."""

    _files: Archive

    def channels(self) -> list[Channel]:
        """Return the channels, sorted; direct messages are none. What any file calls private is private.

        Raises:
            SourceError: this is no export.
        """
        private = {name for name, _ in self._listed("groups.json")}
        public: set[str] = set()
        for name, entry in self._listed("channels.json"):
            if entry.get("is_im") or entry.get("is_mpim"):
                continue
            (private if entry.get("is_private") else public).add(name)
        return [Channel(name, name in private) for name in sorted(public | private)]

    def people(self) -> dict[str, str]:
        """Return the name of each user id, as Slack shows it."""
        found = {}
        for entry in self._index("users.json"):
            profile = entry.get("profile")
            profile = profile if isinstance(profile, dict) else {}
            shown = (
                profile.get("display_name")
                or profile.get("real_name")
                or entry.get("real_name")
                or entry.get("name")
            )
            if isinstance(entry.get("id"), str) and isinstance(shown, str):
                found[entry["id"]] = " ".join(shown.split())
        return found

    def channel_names(self) -> dict[str, str]:
        """Return the name of each id of a public channel, for mentions."""
        return {
            entry["id"]: name
            for name, entry in self._listed("channels.json")
            if isinstance(entry.get("id"), str) and not entry.get("is_private")
        }

    def days(self) -> dict[str, list[str]]:
        """Return the day files of each folder, sorted."""
        found: dict[str, list[str]] = {}
        for name in sorted(self._files.names()):
            folder, _, file = name.rpartition("/")
            if folder and _DAY.fullmatch(file):
                found.setdefault(folder, []).append(name)
        return found

    def messages(self, name: str) -> tuple[list[dict[str, Any]], int]:
        """Return the messages of a day file, and its size in bytes.

        Raises:
            TooLarge: it is larger than is read.
            ValueError: it is no list in JSON.
        """
        content = self._files.read(name)
        return _entries(content), len(content)

    def _listed(self, name: str) -> Iterator[tuple[str, dict[str, Any]]]:
        for entry in self._index(name):
            if isinstance(entry.get("name"), str):
                yield entry["name"], entry

    def _index(self, name: str) -> list[dict[str, Any]]:
        if name not in self._files.names():
            if name == "channels.json":
                raise SourceError("There is no file channels.json in it; it is no export of Slack.")
            return []
        try:
            return _entries(self._files.read(name))
        except (ValueError, TooLarge) as error:
            raise SourceError(f"Its file {name} cannot be read. Export it again.") from error


def _entries(content: bytes) -> list[dict[str, Any]]:
    try:
        listed = json.loads(content)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(listed, list):
        raise ValueError("not a list")
    return [entry for entry in listed if isinstance(entry, dict)]


@contextmanager
def open_archive(path: Path) -> Iterator[SlackArchive]:
    """Open an export.

    Raises:
        SourceError: it is neither a folder nor a zip that can be read.
    """
    try:
        if path.is_dir():
            yield SlackArchive(_Folder(path))
            return
        with zipfile.ZipFile(path) as opened:
            if len(opened.infolist()) > _MAX_FILES:
                raise SourceError(f"It has more than {_MAX_FILES} files.")
            yield SlackArchive(_Zip(opened))
    except OSError as error:
        raise SourceError(f"A file cannot be read ({error.strerror}).") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError) as error:
        raise SourceError("It is no zip file that can be read, and no folder.") from error


@dataclass(slots=True)
class _Zip:
    _opened: zipfile.ZipFile

    def names(self) -> list[str]:
        return [info.filename for info in self._opened.infolist() if not info.is_dir()]

    def read(self, name: str) -> bytes:
        import zlib

        try:
            with self._opened.open(name) as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except zlib.error as error:
            raise ValueError("damaged") from error
        if len(content) > MAX_FILE_BYTES:
            raise TooLarge
        return content


@dataclass(slots=True)
class _Folder:
    _root: Path

    def names(self) -> list[str]:
        found = []
        for place, folders, files in os.walk(self._root):
            folder = Path(place)
            folders[:] = [
                name for name in folders if folder == self._root
            ]  # channels have no folders
            found += [
                (folder / file).relative_to(self._root).as_posix()
                for file in files
                if file.endswith(".json") and not (folder / file).is_symlink()
            ]
        return found

    def read(self, name: str) -> bytes:
        with (self._root / name).open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
        if len(content) > MAX_FILE_BYTES:
            raise TooLarge
        return content
