"""What an answer cost: a table of prices that the operator can correct, by the name of the model.

The shipped table (`prices.yaml`) is a start with a date in it; FOOTNOTE_GENERATION__PRICES_FILE has the last word. A model that
neither names has no price: its cost is not known, which is something else than nothing.
"""

import fnmatch
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from core.errors import ConfigError
from core.generation import TokenUsage

_SHIPPED = Path(__file__).with_name("prices.yaml")
_FIELDS = frozenset({"model", "prompt", "completion", "note"})
_PER = 1_000_000
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """USD for a million tokens of prompt and of completion, for models whose spec fits the pattern."""

    pattern: str
    prompt: float
    completion: float
    note: str = ""

    def cost_usd(self, usage: TokenUsage) -> float:
        """Return what a request cost, in USD."""
        tokens = usage.prompt_tokens * self.prompt + usage.completion_tokens * self.completion
        return tokens / _PER


class PriceTable:
    """Prices in the order in which they are looked through; the first that fits counts."""

    def __init__(self, prices: Iterable[Price]) -> None:
        self._prices = tuple(prices)
        self._patterns = tuple(
            re.compile(fnmatch.translate(price.pattern.lower())) for price in self._prices
        )

    def price_of(self, spec: str) -> Price | None:
        """Return the price of a model by its spec (`provider:model`), None if it has none."""
        name = spec.lower()
        for price, pattern in zip(self._prices, self._patterns, strict=True):
            if pattern.match(name):
                return price
        return None

    def cost_usd(self, spec: str, usage: TokenUsage) -> float | None:
        """Return what a request cost, in USD; None for a model without a price."""
        price = self.price_of(spec)
        return None if price is None else price.cost_usd(usage)


def load_prices(own_file: Path | None = None) -> PriceTable:
    """Return the operator's prices, if there are some, before the shipped ones.

    Raises:
        ConfigError: a file cannot be read, or an entry in it is not right; the message names both.
    """
    own = _read(own_file) if own_file is not None else []
    return PriceTable([*own, *_read(_SHIPPED)])


def _read(path: Path) -> list[Price]:
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ConfigError(f"The prices in {str(path)!r} take more than a megabyte.")
        entries = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The prices in {str(path)!r} cannot be read ({error}). Correct FOOTNOTE_GENERATION__PRICES_FILE, or unset it."
        ) from error
    except (yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"The prices in {str(path)!r} are not YAML: {error}.") from error
    if entries is None:
        return []
    if not isinstance(entries, list):
        raise ConfigError(f"The prices in {str(path)!r} are not a list. {_form()}")
    return [_price(entry, number, path) for number, entry in enumerate(entries, start=1)]


def _price(entry: Any, number: int, path: Path) -> Price:
    where = f"Entry {number} of the prices in {str(path)!r}"
    if not isinstance(entry, dict):
        raise ConfigError(f"{where} is {entry!r}. {_form()}")
    unknown = sorted(str(name) for name in entry if name not in _FIELDS)
    if unknown:
        raise ConfigError(f"{where} has {unknown[0]!r}, which means nothing. {_form()}")
    model = entry.get("model")
    if not isinstance(model, str) or not model.strip():
        raise ConfigError(f"{where} names no model. {_form()}")
    where = f"{where} ({model})"
    prompt, completion = (_usd(entry.get(name), name, where) for name in ("prompt", "completion"))
    return Price(model.strip(), prompt, completion, str(entry.get("note") or ""))


def _usd(value: object, name: str, where: str) -> float:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not math.isfinite(usd := float(str(value))) or usd < 0:
        raise ConfigError(
            f"{where}: {name!r} is {value!r}; it must be a number of USD for a million tokens, 0 or more."
        )
    return usd


def _form() -> str:
    return 'Write a line like `- {model: "openai-like:my-model", prompt: 0.40, completion: 1.60}`.'
