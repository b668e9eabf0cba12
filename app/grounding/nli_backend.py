"""Judges claims with a local model of natural language inference, through the sentence-transformers library; the same port.

Such a model reads evidence and claim together and says how likely one entails or contradicts the other. The plain checker
finds the evidence and settles quotations; a claim of which it found that the facts differ keeps its verdict.
Loading takes seconds, most of them for torch, and a pair tens of milliseconds: it is off unless a folder is set.
"""

import json
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from app.grounding.judge import is_open, report_of
from core.answers import Verdict
from core.errors import ConfigError
from core.grounding import CheckedClaim, EvidenceText, GroundingReport
from core.ports import GroundingChecker
from core.search import FloatMatrix

_BATCH = 8
_MAX_TOKENS = 512
_AROUND_CHARS = 600
_ENTAILED, _CONTRADICTED = 0.5, 0.5
_PARTLY = 0.25
_NAMES = {"entailment": ("entail",), "contradiction": ("contradict",)}


class NliChecker:
    """A checker with a model of inference in a local folder; safe to share between threads."""

    def __init__(self, plain: GroundingChecker, folder: Path) -> None:
        """Load the model.

        Raises:
            ConfigError: the folder has none, or one whose outputs are not named entailment and contradiction.
        """
        self._entailment, self._contradiction = _outputs(folder)
        self._plain = plain
        self._model = _load(folder)
        self._lock = threading.Lock()

    def check(
        self, answer: str, passages: Sequence[EvidenceText], question: str = ""
    ) -> GroundingReport:
        """See `core.ports.GroundingChecker`."""
        report = self._plain.check(answer, passages, question)
        texts = {passage.passage_id: passage.text for passage in passages}
        asked = [
            number
            for number, claim in enumerate(report.claims)
            if is_open(claim) and claim.passage_id in texts
        ]
        if not asked:
            return report
        claims = list(report.claims)
        pairs = [
            (_evidence(claims[number], texts), answer[claims[number].start : claims[number].end])
            for number in asked
        ]
        for number, chances in zip(asked, self._chances(pairs), strict=True):
            claims[number] = self._judged(claims[number], chances)
        return report_of(claims)

    def _chances(self, pairs: Sequence[tuple[str, str]]) -> FloatMatrix:
        """Return shape (pairs, outputs), rows that sum to 1."""
        from torch.nn import Identity

        with self._lock:
            logits = self._model.predict(
                list(pairs), batch_size=_BATCH, show_progress_bar=False, activation_fn=Identity()
            )
        values = np.asarray(logits, np.float64)
        if not np.isfinite(values).all():
            raise ConfigError("The model of inference gives no numbers: its weights are damaged.")
        grown = np.exp(values - values.max(axis=1, keepdims=True))
        return np.asarray(grown / grown.sum(axis=1, keepdims=True), np.float32)

    def _judged(self, claim: CheckedClaim, chances: FloatMatrix) -> CheckedClaim:
        entailed = float(chances[self._entailment])
        contradicted = float(chances[self._contradiction])
        verdict: Verdict = "unsupported"
        if contradicted >= _CONTRADICTED:
            verdict = "contradicted"
        elif entailed >= _ENTAILED:
            verdict = "supported"
        elif entailed >= _PARTLY:
            verdict = "partial"
        reasons = claim.reasons or (f"A model of inference finds it {verdict} by the passage.",)
        if verdict != claim.verdict:
            reasons = (f"A model of inference finds it {verdict} by the passage.",)
        return replace(claim, verdict=verdict, score=round(entailed, 4), reasons=reasons)


def _evidence(claim: CheckedClaim, texts: dict[str, str]) -> str:
    """Return the evidence with the text around it: what 'it' is stands in the sentence before."""
    text = texts[claim.passage_id or ""]
    return text[max(0, claim.evidence_start - _AROUND_CHARS) : claim.evidence_end + _AROUND_CHARS]


def _outputs(folder: Path) -> tuple[int, int]:
    """Return the places of entailment and contradiction among the model's outputs."""
    try:
        stored = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        labels = {int(place): str(name).casefold() for place, name in stored["id2label"].items()}
    except (OSError, ValueError, KeyError, AttributeError) as error:
        raise ConfigError(
            f"{str(folder)!r} has no config.json that names the outputs of a model. Give the folder of a model of "
            "natural language inference in safetensors form."
        ) from error
    places = []
    for name, beginnings in _NAMES.items():
        found = [place for place, label in labels.items() if label.startswith(beginnings)]
        if len(found) != 1:
            raise ConfigError(
                f"The model in {str(folder)!r} has no output named {name}: its outputs are {sorted(labels.values())}. "
                "Give one that was trained on natural language inference."
            )
        places.append(found[0])
    return places[0], places[1]


def _check_files(folder: Path) -> None:
    """Refuse what the library would read from a pickle: only weights in safetensors form, and no other parts."""
    if not (folder / "model.safetensors").is_file():
        raise ConfigError(
            f"The model of inference in {str(folder)!r} has no model.safetensors. Weights in other forms can run code "
            "when they are loaded, and are not read."
        )
    modules = folder / "modules.json"
    if modules.exists():
        try:
            kinds = [str(part["type"]) for part in json.loads(modules.read_text(encoding="utf-8"))]
        except (OSError, ValueError, KeyError, TypeError):
            kinds = []
        if [kind.rpartition(".")[2] for kind in kinds] != ["Transformer"]:
            raise ConfigError(
                f"The modules.json in {str(folder)!r} names more than a transformer, and other parts may be pickles. "
                "Give a cross-encoder that is one transformer."
            )


def _load(folder: Path) -> Any:
    _check_files(folder)
    try:
        from sentence_transformers import CrossEncoder

        return CrossEncoder(
            str(folder),
            device="cpu",
            max_length=_MAX_TOKENS,
            local_files_only=True,
            trust_remote_code=False,
            model_kwargs={"use_safetensors": True},
        )
    except Exception as error:  # the library raises a dozen unrelated kinds
        raise ConfigError(
            f"The model of inference in {str(folder)!r} cannot be loaded: {type(error).__name__}. "
            "Give a folder with a cross-encoder in safetensors form."
        ) from error
