"""Several tests at once: Holm's correction, which keeps the chance of any false finding below the level."""

from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Return each test's corrected p-value, in the same order; compare them with the level as one test's."""
    corrected = [1.0] * len(p_values)
    highest = 0.0
    for position, test in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, p_values[test] * (len(p_values) - position)))
        corrected[test] = highest
    return corrected
