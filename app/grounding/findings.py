"""What comparing facts finds: one difference between a claim and its evidence, told to a reader."""

from dataclasses import dataclass
from typing import Literal

FactKind = Literal[
    "number",
    "amount",
    "percentage",
    "unit",
    "date",
    "weekday",
    "time",
    "name",
    "negation",
    "quantifier",
    "obligation",
    "comparison",
    "identifier",
    "quote",
    "qualifier",
]


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, at [start, end) of the claim's text.

    `contradicted`: the evidence speaks of the same thing with another value. `unsupported`: the value is nowhere in
    the evidence, or nothing says that the evidence is about the same. `text` is one plain sentence for the reader.
    `source` is the sentence of the evidence that has something else, "" for the best one; `is_certain` says that it
    stands in the very place of a sentence that is repeated word for word.
    """

    kind: FactKind
    verdict: Literal["contradicted", "unsupported"]
    start: int
    end: int
    text: str
    source: str = ""
    is_certain: bool = False
