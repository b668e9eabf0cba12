"""Examines an installation and says what to do about what is wrong."""

import json
import os
import shutil
import socket
import stat
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from app.experiments.plan import settings_of_variant
from app.generation.prices import load_prices
from app.model_wiring import Models, open_models
from app.privacy.kinds import SELECTABLE
from app.privacy.redaction import Redactor
from app.prompt_folder import open_library
from app.tracing.export import open_trace_export
from core.errors import AllModelsFailed, ConfigError, DataFolderError, FootnoteError, ModelFailure
from core.generation import ChatMessage, ModelChosen
from core.settings import Settings, model_for
from index.database import describe_database
from index.factory import open_catalogue, open_embedder, open_knowledge_base
from index.manifest import precision_of, read_manifest
from index.permissions import GroupsFile

_MIN_FREE_GB = 1.0
_ASKED_TOKENS = 16
_STATUS_NAME = "ingest-status.json"
"""What `ingest.daemon.status_file` writes; this package may not import that one."""
_SILENT = timedelta(seconds=60)
_FORGOTTEN = timedelta(days=7)
"""A daemon that ended so long ago is not missed any more."""


@dataclass(frozen=True, slots=True)
class Finding:
    """The outcome of one check; `detail` says what was seen and, when not ok, what to do."""

    check: str
    ok: bool
    detail: str


def examine(settings: Settings, *, ask_model: bool = False) -> list[Finding]:
    """Run every check; a failing one never stops the others.

    Nothing is asked of a language model's provider, unless with `ask_model`: then one short question is.
    """
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("database", _database),
        ("data folder", _data_folder),
        ("permissions of files", _file_permissions),
        ("disk space", _disk_space),
        ("embedding model", _embedding_model),
        ("knowledge base", _knowledge_base),
        ("language model", _asked_model if ask_model else _language_model),
        ("prompts", _prompts),
        ("budgets", _budgets),
        ("privacy", _privacy),
        ("traces", _traces),
        ("groups file", _groups),
        ("live comparison", _live_comparison),
        ("ingestion daemon", _ingestion_daemon),
    )
    findings = []
    for name, check in checks:
        try:
            findings.append(Finding(name, True, check(settings)))
        except (FootnoteError, OSError) as error:
            findings.append(Finding(name, False, str(error)))
    return findings


def _database(settings: Settings) -> str:
    return describe_database(open_catalogue(settings).engine)


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
    manifest = None
    with suppress(DataFolderError):  # reported by the first check
        manifest = read_manifest(open_catalogue(settings).get_meta("manifest"))
    model = model_for(settings, manifest.model_name if manifest else "")
    embedder = open_embedder(settings, precision_of(manifest), model)
    return f"{embedder.name}, {embedder.dim} dimensions, reads {embedder.max_tokens} tokens"


def _knowledge_base(settings: Settings) -> str:
    base = open_knowledge_base(settings)
    generation = base.retriever.refresh()
    return f"generation {generation}, {base.catalogue.count_chunks()} chunks can be searched"


def _groups(settings: Settings) -> str:
    if settings.groups_file is None:
        return "none is set: nobody is in a group"
    GroupsFile(settings.groups_file).groups_of("")
    return str(settings.groups_file)


def _language_model(settings: Settings) -> str:
    models = open_models(settings, open_catalogue(settings))
    if models is None:
        return "none is set (FOOTNOTE_LLM is 'extractive'): answers quote the documents"
    return f"{_order(models)} can be asked: named, addressed and installed. {_UNASKED}"


def _live_comparison(settings: Settings) -> str:
    """Readers are told nothing of a variant that cannot be opened, so that this must."""
    chosen = settings.experiment
    if not chosen.name:
        return "none runs"
    variant = settings_of_variant(settings)
    open_knowledge_base(variant)
    open_models(variant, open_catalogue(variant))
    return (
        f"{chosen.name}: {chosen.share:.0%} of readers get the variant {chosen.variant!r}, "
        f"{chosen.shadow_share:.0%} of questions are answered by both sides"
    ).replace("%", " %")


_UNASKED = "Whether it answers was not tried; `footnote doctor --ask-model` does."


def _order(models: Models) -> str:
    return ", then ".join(models.parts.chain.specs)


def _asked_model(settings: Settings) -> str:
    models = open_models(settings, open_catalogue(settings))
    if models is None:
        return _language_model(settings)
    started = time.monotonic()
    try:
        events = models.parts.chain.stream([ChatMessage("user", "Say only: yes.")], _ASKED_TOKENS)
        chosen = next((event for event in events if isinstance(event, ModelChosen)), None)
        close = getattr(events, "close", None)
        if close is not None:
            close()
    except AllModelsFailed as error:
        failed = [
            _failed(*pair) for pair in zip(models.parts.chain.specs, error.failures, strict=False)
        ]
        raise ConfigError(" ".join(failed)) from error
    assert chosen is not None  # noqa: S101  # a chain names who answers, or fails
    if chosen.failures:
        failed = [
            _failed(*pair) for pair in zip(models.parts.chain.specs, chosen.failures, strict=False)
        ]
        raise ConfigError(f"{' '.join(failed)} {chosen.spec} answered in its place.")
    return f"{chosen.spec} answered in {time.monotonic() - started:.1f} s"


def _failed(spec: str, failure: ModelFailure) -> str:
    return f"{spec} did not answer ({failure.kind.replace('_', ' ')}). {failure}"


def _prompts(settings: Settings) -> str:
    library = open_library(settings)
    names = library.names()
    for name in names:
        library.current(name)
        for digest in library.labels(name).values():
            library.version(name, digest)
    label = settings.generation.prompt_label
    if label and not any(label in library.labels(name) for name in names):
        raise ConfigError(
            f"FOOTNOTE_GENERATION__PROMPT_LABEL is {label!r}, and no prompt is pinned under it: the texts as they "
            f"are now are used. Run: footnote prompts pin answer VERSION --label {label}"
        )
    own = sum(library.is_own(name) for name in names)
    return f"{len(names)} prompts can be used, {own} of them own files"


def _budgets(settings: Settings) -> str:
    """Money can only be counted for models whose price is known."""
    chosen = settings.budget
    prices = load_prices(settings.generation.prices_file)
    specs = [spec for spec in map(str.strip, settings.llm.split(",")) if spec]
    unknown = [spec for spec in specs if prices.price_of(spec) is None]
    if (chosen.user_usd or chosen.total_usd) and unknown:
        raise ConfigError(
            f"A budget in US dollars is set, and no price is known of {', '.join(unknown)}: it counts as nothing. "
            "Name its price in the file of FOOTNOTE_GENERATION__PRICES_FILE, or set a budget in tokens."
        )
    limits = (
        (chosen.user_usd, "${:g} for each person"),
        (chosen.total_usd, "${:g} in total"),
        (chosen.user_tokens, "{:,} tokens for each person"),
        (chosen.total_tokens, "{:,} tokens in total"),
    )
    said = [words.format(limit) for limit, words in limits if limit]
    return f"a day: {', '.join(said)}" if said else "none is set"


def _privacy(settings: Settings) -> str:
    chosen = settings.privacy
    if not chosen.redact:
        return "personal data is NOT masked in what a language model gets (FOOTNOTE_PRIVACY__REDACT is off)"
    Redactor(chosen.kinds or SELECTABLE)
    kinds = ", ".join(chosen.kinds) if chosen.kinds else "all kinds"
    return f"personal data ({kinds}) and secrets are masked in what a language model gets"


def _traces(settings: Settings) -> str:
    export = open_trace_export(settings)
    if export is None:
        return "are kept in the data folder and not exported"
    export.close()
    chosen = settings.tracing
    what = "with questions and answers, masked" if chosen.content else "without any content"
    return f"are exported to {chosen.otlp_endpoint}, {what}"


def _ingestion_daemon(settings: Settings) -> str:
    path = settings.data_dir / _STATUS_NAME
    if not path.exists():
        return "none runs on this data folder; `footnote ingest --daemon` starts one"
    try:
        status = json.loads(path.read_text(encoding="utf-8"))
        beat = datetime.fromisoformat(status["beat"])
        silent = datetime.now(UTC) - beat
        sources = dict(status["sources"])
        states = {name: str(entry["state"]) for name, entry in sources.items()}
        who = f"process {int(status['pid'])} on {status['host']}"
        at = f"{beat.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise DataFolderError(
            f"{str(path)!r} cannot be read. Remove it; a running daemon writes it again within seconds."
        ) from error
    if status.get("state") == "stopped":
        return f"stopped at {at} ({who})"
    if silent > _SILENT or not _is_alive(status):
        if silent > _FORGOTTEN:
            return f"none runs; the last one was heard of at {at}"
        raise DataFolderError(
            f"The ingestion daemon ({who}) was last heard of at {at} and did not end in order. "
            "Start `footnote ingest --daemon` again: it goes on where the other one stopped."
        )
    _check_sources(status, states)
    return (
        f"{who}, last heard of {max(0, round(silent.total_seconds()))} s ago, {len(states)} sources"
    )


def _is_alive(status: Mapping[str, Any]) -> bool:
    # Of another machine or container only the beat tells.
    if status["host"] != socket.gethostname():
        return True
    try:
        os.kill(int(status["pid"]), 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True  # it is another user's
    return True


def _check_sources(status: Mapping[str, Any], states: Mapping[str, str]) -> None:
    stuck = [name for name, state in states.items() if state == "stuck"]
    failing = [name for name in states if status["sources"][name].get("failures")]
    said = []
    if status.get("problem"):
        said.append(str(status["problem"]))
    if stuck:
        said.append(
            f"Stuck without a sign of life: {', '.join(stuck)}. Look at what they read from, and start the "
            "daemon again when it answers."
        )
    said += [
        f"The source {name!r} fails: {status['sources'][name].get('last_error')}"
        for name in failing
    ]
    if said:
        raise ConfigError(" ".join(said))
