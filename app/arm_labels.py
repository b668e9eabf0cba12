"""How an answer names the arm of a live comparison that it belongs to; pure.

`answers.variant` holds EXPERIMENT/VARIANT, like `words-only/current`, and '' for answers of no comparison: a variant
that is tried twice is not counted together.
"""

from typing import NamedTuple


class Arm(NamedTuple):
    """One side of a live comparison."""

    experiment: str
    variant: str

    @property
    def label(self) -> str:
        """What is stored with its answers."""
        return f"{self.experiment}/{self.variant}"


def arm_of(label: str) -> Arm | None:
    """Return the arm that a stored label names, None for an answer of no comparison."""
    experiment, mark, variant = label.partition("/")
    return Arm(experiment, variant) if mark and experiment and variant else None
