"""Everything that makes a run again: code, prompts, models, index, documents, cases, settings and seed.

Two runs whose manifests agree were asked the same questions about the same documents by the same program.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pydantic import SecretStr

from app.prompt_folder import open_library
from core.answers import Caller
from core.settings import Settings
from core.variants import Variant
from evals.cases.case import Case, cases_hash
from index.catalogue import Catalogue
from index.manifest import read_manifest

CHECKER = "footnote_checker"
_OURS = ("core", "prompts", "index", "ingest", "app", "evals")
_ENDINGS = frozenset({".py", ".md", ".json", ".yaml"})
_NOT_MEASURED = frozenset(
    {
        "data_dir",
        "database_url",
        "web",
        "oidc",
        "roles",
        "log_level",
        "cookie_secret",
        "experiment",
        "evaluation",
    }
)


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run was asked for beside cases and variant; `limit` 0 takes all cases."""

    repeats: int = 1
    split: str = "all"
    tags: tuple[str, ...] = ()
    limit: int = 0
    seed: int = 0
    is_cached: bool = False
    is_closed_book: bool = False


def manifest_of(
    settings: Settings,
    variant: Variant,
    dataset: str,
    cases: Sequence[Case],
    options: RunOptions,
    catalogue: Catalogue,
    caller: Caller,
) -> dict[str, Any]:
    """Return the manifest of a run that begins; `settings` are the variant's, `catalogue` is what it searches."""
    manifest = read_manifest(catalogue.get_meta("manifest"))
    return {
        "variant": {"name": variant.name, "changes": dict(variant.changes)},
        "dataset": {"name": dataset, "cases": len(cases), "hash": cases_hash(list(cases))},
        "code": code_version(),
        "prompt_versions": prompt_versions(settings),
        "model": settings.llm,
        "embedder": manifest.embedder if manifest else "",
        "chunker": manifest.chunker if manifest else "",
        "checker": checker_version(),
        "index_generation": catalogue.generation(),
        "corpus_hash": corpus_hash(catalogue),
        "seed": options.seed,
        "repeats": options.repeats,
        "split": options.split,
        "tags": list(options.tags),
        "limit": options.limit,
        "cache": options.is_cached,
        "closed_book": options.is_closed_book,
        "settings_hash": settings_hash(settings),
        "started_by": caller.name,
    }


_NAMED = {
    "code": "the program",
    "corpus_hash": "the documents",
    "dataset": "the cases",
    "prompt_versions": "the prompts",
    "model": "the language model",
    "embedder": "the embedding model",
    "chunker": "how documents are cut",
    "checker": "the checker",
    "settings_hash": "the settings",
}


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs between two manifests that changes what a run measures, in words."""
    return [
        told
        for name, told in _NAMED.items()
        if _comparable(before.get(name)) != _comparable(now.get(name))
    ]


def _comparable(value: Any) -> str:
    if isinstance(value, Mapping):
        value = {name: entry for name, entry in value.items() if name != "name"}
    return json.dumps(value, sort_keys=True)


@cache
def code_version() -> str:
    """Return the program's version with a hash of its own files, so that an edit is another version.

    It is that of the files when this process first asks: what they become later does not run in it.
    """
    digest = hashlib.sha256()
    root = Path(__file__).resolve().parents[1]
    for package in _OURS:
        for path in sorted((root / package).rglob("*")):
            if path.suffix in _ENDINGS and "web/assets" not in path.as_posix():
                digest.update(path.relative_to(root).as_posix().encode())
                digest.update(path.read_bytes())
    return f"{version('footnote')}+{digest.hexdigest()[:12]}"


def prompt_versions(settings: Settings) -> dict[str, str]:
    """Return the version of each prompt that these settings use; {} where no model is asked."""
    if settings.llm == "extractive":
        return {}
    library = open_library(settings)
    return {name: library.load(name).version for name in sorted(library.names())}


def checker_version() -> str:
    """Return the name of the shipped checker with a hash of its weights."""
    folder = Path(__file__).resolve().parents[1] / "app" / "grounding"
    digest = hashlib.sha256()
    for path in sorted(folder.rglob("*.json")):
        digest.update(path.read_bytes())
    return f"{CHECKER}@{digest.hexdigest()[:12]}"


def corpus_hash(catalogue: Catalogue) -> str:
    """Return a hash of which documents there are, in which versions, for whom: 16 hex digits."""
    rows = sorted(
        (record.source, record.uri, record.version, record.access)
        for record in catalogue.list_documents()
        if record.chunks
    )
    return _hash(rows)


def settings_hash(settings: Settings) -> str:
    """Return a hash of everything that is set and changes answers: 16 hex digits; no secret is in it."""
    told = settings.model_dump(mode="python", exclude=set(_NOT_MEASURED))
    return _hash(_without_secrets(told))


def _without_secrets(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _without_secrets(entry)
            for name, entry in value.items()
            if not isinstance(entry, SecretStr)
        }
    return value


def _hash(value: Any) -> str:
    text = json.dumps(value, sort_keys=True, default=str, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:16]
