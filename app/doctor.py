"""Examines an installation and says what to do about what is wrong."""

import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

from core.errors import DataFolderError, FootnoteError
from core.settings import Settings
from index.factory import open_catalogue, open_embedder, open_knowledge_base
from index.manifest import precision_of, read_manifest
from index.permissions import GroupsFile

_MIN_FREE_GB = 1.0


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; `detail` says what was seen and, when not ok, what to do."""

    check: str
    ok: bool
    detail: str


def examine(settings: Settings) -> list[Finding]:
    """Run every check; a failing one never stops the others."""
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("data folder", _data_folder),
        ("permissions of files", _file_permissions),
        ("disk space", _disk_space),
        ("embedding model", _embedding_model),
        ("knowledge base", _knowledge_base),
        ("groups file", _groups),
    )
    findings = []
    for name, check in checks:
        try:
            findings.append(Finding(name, True, check(settings)))
        except (FootnoteError, OSError) as error:
            findings.append(Finding(name, False, str(error)))
    return findings


def _data_folder(settings: Settings) -> str:
    catalogue = open_catalogue(settings)
    records = catalogue.list_documents()
    failed = sum(record.status == "quarantined" for record in records)
    return f"{settings.data_dir} has {len(records)} documents, {failed} of them quarantined"


def _file_permissions(settings: Settings) -> str:
    mode = stat.S_IMODE(settings.data_dir.stat().st_mode)
    if mode & 0o007:
        raise DataFolderError(
            f"Everybody on this machine may open {str(settings.data_dir)!r} (mode {mode:o}). "
            f"Run: chmod o-rwx {settings.data_dir}"
        )
    if not os.access(settings.data_dir, os.W_OK):
        raise DataFolderError(
            f"This user may not write to {str(settings.data_dir)!r}; conversations and feedback are kept there."
        )
    return f"only the owner and its group may open the data folder (mode {mode:o})"


def _disk_space(settings: Settings) -> str:
    free = shutil.disk_usage(settings.data_dir).free / 1e9
    if free < _MIN_FREE_GB:
        raise DataFolderError(
            f"Only {free:.1f} GB are free on the data folder's disk. Free some space."
        )
    return f"{free:.0f} GB are free"


def _embedding_model(settings: Settings) -> str:
    stored = None
    with suppress(DataFolderError):  # reported by the first check
        stored = precision_of(read_manifest(open_catalogue(settings).get_meta("manifest")))
    embedder = open_embedder(settings, stored)
    return f"{embedder.name}, {embedder.dim} dimensions, reads {embedder.max_tokens} tokens"


def _knowledge_base(settings: Settings) -> str:
    base = open_knowledge_base(settings)
    generation = base.retriever.refresh()
    return f"generation {generation}, {base.retriever.lexical.count()} chunks can be searched"


def _groups(settings: Settings) -> str:
    if settings.groups_file is None:
        return "none is set: nobody is in a group"
    GroupsFile(settings.groups_file).groups_of("")
    return str(settings.groups_file)
