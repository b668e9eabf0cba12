"""A second embedding model for tests: a real sentence-transformers folder, tiny, with random weights.

BERT with 2 layers of 32 dimensions and the packaged model's tokenizer: opened like any other model, and as much
unlike the packaged one as a model can be.
"""

import json
import shutil
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from index.embedders.model_files import PACKAGED_MODULE

DIM = 32
_LAYERS, _HEADS, _INNER, _POSITIONS, _WORDS = 2, 2, 64, 512, 30_522


def second_model(folder: Path, *, seed: int = 7, window: int = 256) -> Path:
    """Write a model into a folder and return it; another seed makes another model."""
    folder.mkdir(parents=True, exist_ok=True)
    spec = find_spec(PACKAGED_MODULE)
    assert spec is not None
    assert spec.submodule_search_locations
    packaged = Path(next(iter(spec.submodule_search_locations))) / "model"
    shutil.copy(packaged / "tokenizer.json", folder / "tokenizer.json")
    kinds = ["Transformer", "Pooling", "Normalize"]
    paths = ["", "1_Pooling", "2_Normalize"]
    _write(folder / "config.json", _config())
    _write(folder / "sentence_bert_config.json", {"max_seq_length": window, "do_lower_case": False})
    _write(
        folder / "modules.json",
        [
            {"idx": n, "name": str(n), "path": path, "type": f"sentence_transformers.models.{kind}"}
            for n, (kind, path) in enumerate(zip(kinds, paths, strict=True))
        ],
    )
    for path in paths[1:]:
        (folder / path).mkdir(exist_ok=True)
    pooling = {"word_embedding_dimension": DIM, "pooling_mode_mean_tokens": True}
    _write(folder / "1_Pooling" / "config.json", pooling)
    save_file(_weights(np.random.default_rng(seed)), folder / "model.safetensors")
    return folder


def _config() -> dict[str, object]:
    return {
        "architectures": ["BertModel"],
        "model_type": "bert",
        "hidden_act": "gelu",
        "hidden_size": DIM,
        "intermediate_size": _INNER,
        "layer_norm_eps": 1e-12,
        "max_position_embeddings": _POSITIONS,
        "num_attention_heads": _HEADS,
        "num_hidden_layers": _LAYERS,
        "position_embedding_type": "absolute",
        "type_vocab_size": 2,
        "vocab_size": _WORDS,
    }


def _weights(random: np.random.Generator) -> dict[str, np.ndarray]:
    made: dict[str, np.ndarray] = {}

    def table(name: str, *shape: int) -> None:
        made[name] = random.standard_normal(shape).astype(np.float32) * 0.1

    def linear(name: str, out: int, into: int) -> None:
        table(f"{name}.weight", out, into)
        made[f"{name}.bias"] = np.zeros(out, np.float32)

    def norm(name: str) -> None:
        made[f"{name}.weight"] = np.ones(DIM, np.float32)
        made[f"{name}.bias"] = np.zeros(DIM, np.float32)

    table("embeddings.word_embeddings.weight", _WORDS, DIM)
    table("embeddings.position_embeddings.weight", _POSITIONS, DIM)
    table("embeddings.token_type_embeddings.weight", 2, DIM)
    norm("embeddings.LayerNorm")
    for number in range(_LAYERS):
        layer = f"encoder.layer.{number}"
        for part in ("query", "key", "value"):
            linear(f"{layer}.attention.self.{part}", DIM, DIM)
        linear(f"{layer}.attention.output.dense", DIM, DIM)
        norm(f"{layer}.attention.output.LayerNorm")
        linear(f"{layer}.intermediate.dense", _INNER, DIM)
        linear(f"{layer}.output.dense", DIM, _INNER)
        norm(f"{layer}.output.LayerNorm")
    return made


def _write(path: Path, value: object) -> None:
    path.write_text(json.dumps(value), encoding="utf-8")
