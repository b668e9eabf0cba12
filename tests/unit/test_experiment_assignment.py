"""Who gets a variant: the share that was asked for, always the same readers, and other ones in another comparison."""

from math import sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.arm_labels import Arm, arm_of
from app.experiments.assignment import is_chosen, place_of

NAMES = st.text(st.characters(codec="utf-8"), max_size=40)
SHARES = st.floats(0, 1)
PEOPLE = [f"person-{number}@example.org" for number in range(4000)]


def chosen(experiment: str, share: float) -> set[str]:
    return {person for person in PEOPLE if is_chosen(experiment, person, share)}


@given(NAMES, NAMES)
def test_a_place_is_below_one_and_never_moves(experiment: str, subject: str) -> None:
    place = place_of(experiment, subject)
    assert 0 <= place < 1
    assert place == place_of(experiment, subject)


@given(NAMES, NAMES, SHARES, SHARES)
def test_raising_the_share_takes_the_variant_from_nobody(
    experiment: str, subject: str, one: float, other: float
) -> None:
    lower, higher = sorted((one, other))
    assert is_chosen(experiment, subject, lower) <= is_chosen(experiment, subject, higher)


@given(NAMES, NAMES)
def test_a_share_of_none_is_nobody_and_of_one_everybody(experiment: str, subject: str) -> None:
    assert not is_chosen(experiment, subject, 0.0)
    assert is_chosen(experiment, subject, 1.0)


@pytest.mark.parametrize("share", [0.01, 0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("experiment", ["words-only", "new-model", "a"])
def test_the_share_is_kept_within_what_chance_allows(experiment: str, share: float) -> None:
    expected = share * len(PEOPLE)
    spread = sqrt(len(PEOPLE) * share * (1 - share))
    assert abs(len(chosen(experiment, share)) - expected) < 4 * spread


def test_two_comparisons_choose_independently() -> None:
    both = len(chosen("first", 0.5) & chosen("second", 0.5))
    # A quarter of them, within four standard deviations; the same choice twice would be a half.
    assert abs(both - len(PEOPLE) / 4) < 4 * sqrt(len(PEOPLE) * 3 / 16)


def test_a_label_names_its_arm_and_others_name_none() -> None:
    assert arm_of(Arm("trial", "words-only").label) == Arm("trial", "words-only")
    assert arm_of("") is None
    assert arm_of("words-only") is None
