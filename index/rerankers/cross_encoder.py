"""Judges how well a text answers a question with a cross-encoder, through the sentence-transformers library.

A cross-encoder reads question and text together, once for every pair: a better judge than a distance of two
vectors, and hundreds of times slower, so it orders the best few again (`index.retriever`).

Nothing of a model but numbers is loaded: weights in safetensors form, no pickles, no code that comes with it.
"""

import json
import math
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from index.embedders.model_files import ModelFiles, find_model

_SETTING = "FOOTNOTE_RETRIEVAL__RERANKER"
_MAX_TOKENS = 512
"""Of question and text together: a chunk with its prefix has at most 256 tokens, the rest is the question's."""
_BATCH = 8
"""Pairs at a time. 30 texts of 160 tokens take 0.95 s on two processors, with six layers of 384; batches of 16 or
32 take as much processor time."""
_ARCHITECTURE = "ForSequenceClassification"


class CrossEncoderReranker:
    """A cross-encoder with one output, like those trained on MS MARCO; safe to share between threads.

    `name` tells the model and the hash of its weights. Loading takes seconds, most of them for torch.
    """

    def __init__(self, name: str, cache_dir: Path, *, offline: bool) -> None:
        """Load a model by folder, or by its name on the model hub unless `offline`.

        Raises:
            ConfigError: it is not there, or is no cross-encoder with one output in safetensors form.
        """
        files = _find(name, cache_dir, offline=offline)
        _check_shape(files.folder)
        self.name = f"{name}@{files.weights_sha256[:12]}"
        self._model = _load(files.folder)
        # One call at a time: each takes all processors, and a tokenizer keeps its padding in a shared object.
        self._lock = threading.Lock()

    def scores(self, query: str, texts: Sequence[str]) -> list[float]:
        """See `core.ports.Reranker`; the logistic function of each logit. Equal texts have equal scores.

        Raises:
            ConfigError: the model's weights give no numbers.
        """
        from torch.nn import Identity

        # Copies are judged once: what shares a batch with a text moves its logit by up to 1.4e-6.
        different = list(dict.fromkeys(texts))
        if not different:
            return []
        with self._lock:
            logits = self._model.predict(
                [(query, text) for text in different],
                batch_size=_BATCH,
                show_progress_bar=False,
                activation_fn=Identity(),
            )
        found = dict(zip(different, map(self._score, map(float, logits)), strict=True))
        return [found[text] for text in texts]

    def _score(self, logit: float) -> float:
        if not math.isfinite(logit):
            raise ConfigError(
                f"The reranker {self.name!r} answers {logit} instead of a score: its weights are damaged. "
                f"Set {_SETTING} to another one, or leave it empty."
            )
        # In double precision, and not by the model: in single precision all logits above 17 are 1.
        small = math.exp(-abs(logit))
        return 1 / (1 + small) if logit >= 0 else small / (1 + small)


def _find(name: str, cache_dir: Path, *, offline: bool) -> ModelFiles:
    """Find a model as embedders are found; what is wrong is said of the reranker."""
    try:
        return find_model(name, cache_dir, offline=offline)
    except ConfigError as error:
        folder = Path(name).expanduser()
        if folder.is_dir():
            problem = (
                f"The reranker in {str(folder)!r} has no model.safetensors. Weights in other forms can run code "
                "when they are loaded, and are not read."
            )
        elif offline:
            problem = f"The reranker {name!r} is not on this machine and FOOTNOTE_OFFLINE is set."
        else:
            problem = (
                f"The reranker {name!r} is no folder here, and no model in safetensors form could be fetched "
                "from the model hub under this name."
            )
        raise ConfigError(
            f"{problem} Set {_SETTING} to a folder with a cross-encoder, or leave it empty."
        ) from error


def _check_shape(folder: Path) -> None:
    """Refuse what would load, and then judge with a part that is random or is read from a pickle."""
    architectures = _read_json(folder / "config.json", {}).get("architectures") or []
    if not any(str(name).endswith(_ARCHITECTURE) for name in architectures):
        said = ", ".join(map(str, architectures)) or "nothing"
        raise ConfigError(
            f"The model in {str(folder)!r} is no cross-encoder: its config.json names {said} where "
            f"…{_ARCHITECTURE} is needed. Set {_SETTING} to one, or leave it empty."
        )
    modules = _read_json(folder / "modules.json", [{"type": "Transformer"}])
    if [str(module.get("type")).rpartition(".")[2] for module in modules] != ["Transformer"]:
        raise ConfigError(
            f"The modules.json of the reranker in {str(folder)!r} names more than a transformer, and other parts "
            f"may be pickles. Set {_SETTING} to a cross-encoder that is one transformer, or leave it empty."
        )


def _load(folder: Path) -> Any:
    from sentence_transformers import CrossEncoder

    try:
        with _without_progress_bar():
            model = CrossEncoder(
                str(folder),
                max_length=min(_MAX_TOKENS, _positions(folder)),
                local_files_only=True,
                trust_remote_code=False,
                model_kwargs={"use_safetensors": True},
            )
    except Exception as error:  # the library raises whatever its parsers and torch do
        raise ConfigError(
            f"The reranker in {str(folder)!r} cannot be loaded ({type(error).__name__}). Fetch its files again, "
            f"set {_SETTING} to another one, or leave it empty."
        ) from error
    outputs = int(model.config.num_labels)
    if outputs != 1:
        raise ConfigError(
            f"The reranker in {str(folder)!r} has {outputs} outputs, and one is needed: how well a text answers. "
            f"Set {_SETTING} to such a cross-encoder, or leave it empty."
        )
    _check_head(model.model, folder)
    # Half-precision weights are slower and less exact on a processor.
    return model.float().eval()


@contextmanager
def _without_progress_bar() -> Iterator[None]:
    """Load in silence; whether the library shows bars is one setting of the whole process."""
    from transformers.utils import logging

    bars: Any = logging
    was_shown = bars.is_progress_bar_enabled()
    bars.disable_progress_bar()
    try:
        yield
    finally:
        if was_shown:
            bars.enable_progress_bar()


def _check_head(network: Any, folder: Path) -> None:
    """Refuse weights without the judging layer: the library would make up a random one."""
    from safetensors import safe_open

    with safe_open(str(folder / "model.safetensors"), framework="numpy") as weights:
        stored = set(weights.keys())
    body = f"{network.base_model_prefix}."
    missing = [name for name in network.state_dict() if name not in stored]
    if any(not name.startswith(body) for name in missing):
        raise ConfigError(
            f"The weights of the reranker in {str(folder)!r} lack its last layer. Fetch its files again, "
            f"set {_SETTING} to another one, or leave it empty."
        )


def _positions(folder: Path) -> int:
    return int(_read_json(folder / "config.json", {}).get("max_position_embeddings") or _MAX_TOKENS)


def _read_json(path: Path, otherwise: Any) -> Any:
    """Return a file's value if it is of the kind of `otherwise`, else `otherwise`."""
    try:
        value = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return otherwise
    return value if isinstance(value, type(otherwise)) else otherwise
