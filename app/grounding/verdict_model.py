"""The weights behind a verdict: logistic models in a readable file, of clauses and of whole answers.

There is one pair for passages of prose and one for records (lines of `name: value`), where what goes wrong is another
thing. `weights.json` holds the names of the features, their means and scales on the development answers, coefficients,
biases and thresholds; a model uses the features that its file names. `benchmarks/train_checker.py` writes it. Nothing else is learnt.
"""

import json
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from app.grounding.features import ANSWER_FEATURES, FEATURES
from core.errors import ConfigError
from core.search import FloatMatrix

SHIPPED = Path(__file__).with_name("weights.json")


@dataclass(frozen=True, slots=True)
class Logistic:
    """A logistic model: 1 / (1 + exp(-(bias + sum of coefficient * (value - mean) / scale))).

    `columns` are the features that it uses among all that are measured.
    """

    columns: tuple[int, ...]
    means: FloatMatrix
    scales: FloatMatrix
    coefficients: FloatMatrix
    bias: float

    def probabilities(self, values: FloatMatrix) -> FloatMatrix:
        """Return shape (n,), in [0, 1], for values of shape (n, number of all features)."""
        margin = (
            values[:, self.columns] - self.means
        ) / self.scales @ self.coefficients + self.bias
        return (1 / (1 + np.exp(-np.clip(margin, -30, 30)))).astype(np.float32)


@dataclass(frozen=True, slots=True)
class VerdictModel:
    """How likely a clause and an answer have something unsupported, and from which probability on they are marked.

    `clause` is for marking clauses, `ranking` for summing up an answer: that it is a list says how likely it has something
    invented and not where. `answer` takes what `ranking` says of all clauses.
    """

    clause: Logistic
    ranking: Logistic
    answer: Logistic
    partial_from: float
    unsupported_from: float
    not_grounded_from: float


@dataclass(frozen=True, slots=True)
class VerdictModels:
    """The models for the two kinds of passages."""

    prose: VerdictModel
    records: VerdictModel


@lru_cache(maxsize=4)
def load_models(path: Path = SHIPPED) -> VerdictModels:
    """Read a file of weights.

    Raises:
        ConfigError: it is missing or not of the form that `benchmarks/train_checker.py` writes.
    """
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return VerdictModels(_model(stored["prose"]), _model(stored["records"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(
            f"The claim checker's weights in {str(path)!r} cannot be read ({type(error).__name__}). Install Footnote "
            "again, or write them with benchmarks/train_checker.py."
        ) from error


def _model(stored: Any) -> VerdictModel:
    limits = stored["thresholds"]
    return VerdictModel(
        _logistic(stored["clause"], FEATURES),
        _logistic(stored["ranking"], FEATURES),
        _logistic(stored["answer"], ANSWER_FEATURES),
        float(limits["partial"]),
        float(limits["unsupported"]),
        float(limits["not_grounded"]),
    )


def _logistic(stored: Any, names: tuple[str, ...]) -> Logistic:
    rows = stored["features"]
    used = tuple(names.index(row["name"]) for row in rows)
    columns = [[float(row[key]) for row in rows] for key in ("mean", "scale", "coefficient")]
    means, scales, coefficients = (np.array(column, np.float32) for column in columns)
    return Logistic(used, means, scales, coefficients, float(stored["bias"]))
