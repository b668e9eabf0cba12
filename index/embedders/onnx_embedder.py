"""Sentence embeddings through ONNX Runtime, without importing torch.

The graph is written once for each set of weights (`bert_graph`), quantised to int8 where that is faster on
this processor, checked against reference vectors and kept in the model cache.

Every text runs alone on one thread, as many at once as there are processors: a layer's activations stay in the
processor's cache, and a vector never depends on its neighbours. In a batch it would: int8 activations are
scaled by the largest value of the whole batch (cosine .993 between the same chunk alone and in a batch).
"""

import json
import logging
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ConfigError
from core.ports import Precision
from core.search import FloatMatrix
from core.telemetry import silence_telemetry
from index.embedders.bert_graph import INPUT_NAME, BertShape, Pooling, build_graph
from index.embedders.model_files import PACKAGED_SHA256, WEIGHTS_NAME, ModelFiles
from index.embedders.processors import available_processors

# ONNX Runtime fuses Add + LayerNormalization into a kernel that takes three times as long on CPUs as the
# two apart (21 against 7 µs a token in six layers).
_SLOW_FUSIONS = ["SkipLayerNormFusion", "BiasSkipLayerNormFusion"]
_MIN_COSINE = {"int8": 0.97, "fp32": 0.9999}
_REFERENCE = Path(__file__).with_name("reference_vectors.json")


class OnnxEmbedder:
    """An embedder for BERT-shaped sentence-transformers models."""

    def __init__(self, files: ModelFiles, cache_dir: Path, precision: Precision | None) -> None:
        from tokenizers import Tokenizer

        folder = cache_dir / files.weights_sha256[:16]
        chosen = precision or _remembered_precision(folder) or _prepare(files, folder)
        path = _graph_path(folder, chosen)
        if not path.exists():
            _prepare(files, folder)
        self.precision: Precision = chosen
        self.name = f"{files.name}@{files.weights_sha256[:12]}/{chosen}"
        self.max_tokens = files.max_tokens
        self._query_prefix = files.query_prefix
        self._passage_prefix = files.passage_prefix
        self.tokenizer_path = str(files.folder / "tokenizer.json")
        self._tokenizer = Tokenizer.from_file(self.tokenizer_path)
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(files.max_tokens)
        self._session = _open_session(path)
        self.dim = int(self._session.get_outputs()[0].shape[1])

    def embed_query(self, text: str) -> FloatMatrix:
        """See `core.ports.Embedder`."""
        return self._embed([self._query_prefix + text])

    def embed_passages(self, texts: Sequence[str]) -> FloatMatrix:
        """See `core.ports.Embedder`."""
        return self._embed([self._passage_prefix + text for text in texts])

    def _embed(self, texts: Sequence[str]) -> FloatMatrix:
        rows = [encoding.ids for encoding in self._tokenizer.encode_batch(list(texts))]
        return run_each(self._session, rows, self.dim)


def run_each(session: Any, rows: Sequence[Sequence[int]], dim: int) -> FloatMatrix:
    """Embed tokenised texts one by one; returns float32, shape (len(rows), dim), in the order of `rows`."""
    result = np.zeros((len(rows), dim), np.float32)

    def embed(position: int) -> None:
        ids = np.array([rows[position]], np.int64)
        result[position] = session.run(None, {INPUT_NAME: ids})[0][0]

    if len(rows) == 1:
        embed(0)
    elif rows:
        # Longest first, so that no thread is left with a long text at the end.
        order = sorted(range(len(rows)), key=lambda position: -len(rows[position]))
        with ThreadPoolExecutor(available_processors()) as pool:
            list(pool.map(embed, order))
    return result


def _graph_path(folder: Path, precision: Precision) -> Path:
    return folder / f"encoder-{precision}.onnx"


def _open_session(path: Path) -> Any:
    silence_telemetry()
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=_SLOW_FUSIONS
    )


def _remembered_precision(folder: Path) -> Precision | None:
    try:
        value = json.loads((folder / "prepared.json").read_text(encoding="utf-8"))["precision"]
    except (OSError, ValueError, KeyError):
        return None
    return "int8" if value == "int8" else "fp32"


def _prepare(files: ModelFiles, folder: Path) -> Precision:
    """Write, quantise, check and time the graphs of a model; returns the faster precision."""
    silence_telemetry()
    from onnxruntime.quantization import QuantType, quantize_dynamic

    folder.mkdir(parents=True, exist_ok=True)
    full, small = _graph_path(folder, "fp32"), _graph_path(folder, "int8")
    unfinished = folder / f"{time.monotonic_ns()}.tmp.onnx"
    _write_graph(files, unfinished)
    unfinished.replace(full)
    # The tool warns on the root logger about a preparation that this graph does not need.
    logging.disable(logging.WARNING)
    quantize_dynamic(
        full,
        unfinished,
        op_types_to_quantize=["MatMul"],
        per_channel=True,
        weight_type=QuantType.QInt8,
        extra_options={"MatMulConstBOnly": True},
    )
    logging.disable(logging.NOTSET)
    unfinished.replace(small)
    chosen: Precision = "int8" if _seconds(small) < _seconds(full) else "fp32"
    _check_reference(files, folder, chosen)
    (folder / "prepared.json").write_text(json.dumps({"precision": chosen}), encoding="utf-8")
    return chosen


def _write_graph(files: ModelFiles, path: Path) -> None:
    import onnx
    from safetensors.numpy import load_file

    config = json.loads((files.folder / "config.json").read_text(encoding="utf-8"))
    weights = {
        name.removeprefix("bert."): value.astype(np.float32)
        for name, value in load_file(files.folder / WEIGHTS_NAME).items()
    }
    shape = BertShape(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        hidden=config["hidden_size"],
        epsilon=config["layer_norm_eps"],
    )
    onnx.save(build_graph(weights, shape, pooling_of(files.folder)), str(path))


def pooling_of(folder: Path) -> Pooling:
    """Return how a sentence-transformers folder pools its tokens.

    Raises:
        ConfigError: in a way that this embedder does not know.
    """
    config = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    if config.get("pooling_mode_mean_tokens"):
        return "mean"
    if config.get("pooling_mode_cls_token"):
        return "cls"
    raise ConfigError(f"The embedding model in {str(folder)!r} pools its tokens in an unknown way.")


def is_bert_shaped(folder: Path) -> bool:
    """Return whether a sentence-transformers folder holds a model that `bert_graph` can write."""
    config = _read(folder / "config.json")
    modules = _read(folder / "modules.json")
    kinds = [str(module.get("type", "")).rsplit(".", 1)[-1] for module in modules or []]
    return (
        isinstance(config, dict)
        and config.get("model_type") == "bert"
        and config.get("hidden_act") == "gelu"
        and config.get("position_embedding_type", "absolute") == "absolute"
        and kinds[:2] == ["Transformer", "Pooling"]
        and set(kinds[2:]) <= {"Normalize"}
    )


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None


def _seconds(path: Path) -> float:
    session = _open_session(path)
    ids = np.full((2, 128), 2000, np.int64)
    session.run(None, {INPUT_NAME: ids})
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        session.run(None, {INPUT_NAME: ids})
        best = min(best, time.perf_counter() - start)
    return best


def _check_reference(files: ModelFiles, folder: Path, precision: Precision) -> None:
    """Compare with vectors that sentence-transformers made from the same weights."""
    if files.weights_sha256 != PACKAGED_SHA256:
        return
    from tokenizers import Tokenizer

    stored = json.loads(_REFERENCE.read_text(encoding="utf-8"))
    tokenizer = Tokenizer.from_file(str(files.folder / "tokenizer.json"))
    tokenizer.no_padding()
    rows = [encoding.ids for encoding in tokenizer.encode_batch(stored["texts"])]
    wanted = np.array(stored["vectors"], np.float32)
    made = run_each(_open_session(_graph_path(folder, precision)), rows, wanted.shape[1])
    worst = float((made * wanted).sum(axis=1).min())
    if worst < _MIN_COSINE[precision]:
        raise ConfigError(
            f"The embedding model computes wrong vectors on this machine (cosine {worst:.3f} to the stored "
            f"reference). Remove {str(folder)!r} and try again; report it if it happens again."
        )
