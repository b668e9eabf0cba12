"""Keeps every version of a prompt that was used or pinned, and what each label stands for.

prompts/                     in the data folder
├── NAME@HASH.md             a version's text; HASH is that of its content, so that nothing is written twice
└── labels.json              {"production": {"answer_system": "0f3a…"}}
"""

import json
import os
import re
import tempfile
from pathlib import Path

from core.errors import ConfigError, DataFolderError

_LABELS = "labels.json"
_KEPT = re.compile(r"([a-z][a-z0-9_]{0,63})@([0-9a-f]{12})\.md")
_DIGEST = re.compile(r"[0-9a-f]{12}")


class VersionStore:
    """The kept versions of one data folder; safe with several processes, because a version never changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, digest: str, text: str) -> None:
        """Write a version, unless it is there.

        Raises:
            DataFolderError: the folder cannot be written.
        """
        path = self._folder / f"{name}@{digest}.md"
        if not path.exists():
            self._write(path, text)

    def read(self, name: str, digest: str) -> str | None:
        """Return a version's text, None if it was never kept."""
        if not _DIGEST.fullmatch(digest):
            return None
        path = self._folder / f"{name}@{digest}.md"
        try:
            return path.read_text(encoding="utf-8")
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError) as error:
            raise DataFolderError(
                f"The kept prompt {str(path)!r} cannot be read: {error}. Restore or remove the file."
            ) from error

    def digests(self, name: str) -> list[str]:
        """Return the hashes of a name's kept versions, the latest kept first."""
        found = []
        for path in self._folder.glob(f"{name}@*.md"):
            matched = _KEPT.fullmatch(path.name)
            if matched and matched[1] == name:
                found.append((path.stat().st_mtime_ns, matched[2]))
        return [digest for _, digest in sorted(found, reverse=True)]

    def labels(self, name: str) -> dict[str, str]:
        """Return the hash that each label is pinned to, for one name.

        Raises:
            ConfigError: the file of labels is not what this program writes.
        """
        return {label: pins[name] for label, pins in self._all_labels().items() if name in pins}

    def pin(self, name: str, digest: str | None, label: str) -> None:
        """Let a label stand for a version, None for no version any more; for all processes at once.

        Of two that pin in the same instant, one may be lost: this is for people.
        """
        labels = self._all_labels()
        pins = labels.setdefault(label, {})
        if digest is None:
            pins.pop(name, None)
        else:
            pins[name] = digest
        kept = {key: value for key, value in sorted(labels.items()) if value}
        self._write(self._folder / _LABELS, json.dumps(kept, indent=2, sort_keys=True) + "\n")

    def _all_labels(self) -> dict[str, dict[str, str]]:
        path = self._folder / _LABELS
        try:
            found = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            return {}
        except (OSError, ValueError) as error:
            raise ConfigError(_broken(path, str(error))) from error
        if not isinstance(found, dict) or not all(_are_pins(pins) for pins in found.values()):
            raise ConfigError(_broken(path, "it is not of the form {label: {name: version}}"))
        return found

    def _write(self, path: Path, text: str) -> None:
        """Write a file whole or not at all, for its owner only."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            handle, partial = tempfile.mkstemp(dir=self._folder, prefix=".new-")
            try:
                with os.fdopen(handle, "wb") as file:
                    file.write(text.encode("utf-8"))
                    file.flush()
                    os.fsync(file.fileno())
                Path(partial).replace(path)
            except OSError:
                Path(partial).unlink(missing_ok=True)
                raise
        except OSError as error:
            raise DataFolderError(
                f"{str(path)!r} cannot be written ({error.strerror or error}). Prompts that were used are kept "
                "in the data folder; give this user write permission to it, or free some space."
            ) from error


def _are_pins(value: object) -> bool:
    return isinstance(value, dict) and all(
        isinstance(name, str) and isinstance(digest, str) and _DIGEST.fullmatch(digest)
        for name, digest in value.items()
    )


def _broken(path: Path, why: str) -> str:
    return (
        f"The labels of prompts in {str(path)!r} cannot be read: {why}. "
        "Correct the file, or remove it to use the prompts as they are."
    )
