"""Writes a cross-encoder that is real and tiny: two layers of 32 with seeded weights, in safetensors form."""

import json
import shutil
from pathlib import Path

import numpy as np
from safetensors.numpy import save_file

from core.settings import DEFAULT_EMBEDDER
from index.embedders.model_files import find_model

WIDTH = 32
LAYERS = 2
WORDS = 30522


def write_cross_encoder(
    folder: Path, model_cache: Path, *, outputs: int = 1, window: int = 512
) -> Path:
    """Write the folder; its tokenizer is the packaged model's. Return it."""
    folder.mkdir(parents=True)
    packaged = find_model(DEFAULT_EMBEDDER, model_cache, offline=True).folder
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(packaged / name, folder)
    config = {
        "architectures": ["BertForSequenceClassification"],
        "model_type": "bert",
        "hidden_size": WIDTH,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "intermediate_size": 2 * WIDTH,
        "vocab_size": WORDS,
        "max_position_embeddings": window,
        "pad_token_id": 0,
        "id2label": {str(number): f"LABEL_{number}" for number in range(outputs)},
        "label2id": {f"LABEL_{number}": number for number in range(outputs)},
    }
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    save_file(weights(outputs, window), folder / "model.safetensors", {"format": "pt"})
    return folder


def weights(outputs: int = 1, window: int = 512, seed: int = 5) -> dict[str, np.ndarray]:
    """Return every weight of the model: wide enough apart that any two texts are told apart."""
    rng = np.random.default_rng(seed)
    shapes: dict[str, tuple[int, ...]] = {
        "bert.embeddings.word_embeddings.weight": (WORDS, WIDTH),
        "bert.embeddings.position_embeddings.weight": (window, WIDTH),
        "bert.embeddings.token_type_embeddings.weight": (2, WIDTH),
        "bert.pooler.dense.weight": (WIDTH, WIDTH),
        "classifier.weight": (outputs, WIDTH),
    }
    for layer in range(LAYERS):
        prefix = f"bert.encoder.layer.{layer}"
        for part in ("query", "key", "value"):
            shapes[f"{prefix}.attention.self.{part}.weight"] = (WIDTH, WIDTH)
        shapes[f"{prefix}.attention.output.dense.weight"] = (WIDTH, WIDTH)
        shapes[f"{prefix}.intermediate.dense.weight"] = (2 * WIDTH, WIDTH)
        shapes[f"{prefix}.output.dense.weight"] = (WIDTH, 2 * WIDTH)
    made = {name: rng.normal(0, 0.5, shape).astype(np.float32) for name, shape in shapes.items()}
    for name, value in list(made.items()):
        if ".dense." in name or ".self." in name or name.startswith("classifier"):
            made[name.replace("weight", "bias")] = np.zeros(value.shape[0], np.float32)
    norms = ["bert.embeddings", *(
        f"bert.encoder.layer.{layer}.{part}"
        for layer in range(LAYERS)
        for part in ("attention.output", "output")
    )]  # fmt: skip
    for norm in norms:
        made[f"{norm}.LayerNorm.weight"] = np.ones(WIDTH, np.float32)
        made[f"{norm}.LayerNorm.bias"] = np.zeros(WIDTH, np.float32)
    return made
