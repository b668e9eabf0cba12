"""Near-copies of an older document are linked to it, whatever the order; unrelated ones never are."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.near_duplicates import older_copies, signature

WORDS = 1000


def words(seed: int, count: int = 400) -> list[str]:
    rng = random.Random(seed)
    return [f"w{rng.randrange(WORDS)}" for _ in range(count)]


def signed(text: list[str]) -> bytes:
    return signature([" ".join(text)])


def agreement(one: bytes, other: bytes) -> float:
    pairs = zip(range(0, len(one), 4), range(0, len(other), 4), strict=True)
    return sum(one[i : i + 4] == other[j : j + 4] for i, j in pairs) / (len(one) // 4)


def jaccard(one: list[str], other: list[str]) -> float:
    first, second = (
        {tuple(text[i : i + 3]) for i in range(len(text) - 2)} for text in (one, other)
    )
    return len(first & second) / len(first | second)


def linked(*texts: list[str]) -> dict[str, str]:
    """Return the links of some texts, the first of them the oldest."""
    signatures = {str(number): signed(text) for number, text in enumerate(texts)}
    ages = {name: f"2026-01-{int(name) + 1:02d}" for name in signatures}
    return older_copies(signatures, ages)


def test_the_same_words_have_the_same_signature_however_they_are_set() -> None:
    text = words(1)
    assert signature([" ".join(text)]) == signature(["\n\n ".join(text).upper() + "!"])
    assert signature([" ".join(text[:200]), " ".join(text[200:])]) == signed(text)
    assert len(signed(text)) == 256


@pytest.mark.parametrize(("count", "size"), [(0, 0), (21, 0), (22, 256)])
def test_a_text_with_too_few_words_has_no_signature(count: int, size: int) -> None:
    assert len(signature([" ".join(f"word{n}" for n in range(count))])) == size


def test_one_word_again_and_again_has_no_signature() -> None:
    assert signature(["yes " * 10_000]) == b""


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(0, 60))
def test_signatures_agree_as_often_as_the_texts_are_alike(seed: int, edits: int) -> None:
    text, rng = words(seed), random.Random(seed)
    edited = list(text)
    for _ in range(edits):
        edited[rng.randrange(len(edited))] = f"new{rng.randrange(WORDS)}"
    # 64 places: five standard deviations at the worst are 5 * sqrt(.25 / 64) = .31.
    assert abs(agreement(signed(text), signed(edited)) - jaccard(text, edited)) < 0.32


def test_the_estimate_is_not_bent_to_one_side() -> None:
    """Over 200 pairs the mean error is within four standard errors of nothing."""
    rng, errors = random.Random(5), []
    for seed in range(200):
        text = words(seed, 120)
        edited = [word if rng.random() > 0.1 else f"new{rng.randrange(10**9)}" for word in text]
        errors.append(agreement(signed(text), signed(edited)) - jaccard(text, edited))
    assert abs(sum(errors) / len(errors)) < 4 * 0.5 / 8 / 200**0.5


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(0, 399))
def test_a_text_with_one_word_edited_is_linked_to_the_older_one(seed: int, place: int) -> None:
    text = words(seed)
    edited = [*text[:place], "edited", *text[place + 1 :]]
    assert linked(text, edited) == {"1": "0"}
    assert linked(edited, text) == {"1": "0"}


@settings(max_examples=40)
@given(st.sets(st.integers(0, 2**32), min_size=2, max_size=8))
def test_unrelated_texts_are_never_linked(seeds: set[int]) -> None:
    assert linked(*(words(seed) for seed in seeds)) == {}


def test_a_text_of_which_half_is_the_same_is_not_linked() -> None:
    one, other = words(1), words(2)
    assert linked(one, [*one[:200], *other[:200]]) == {}


def test_texts_that_share_two_thirds_are_compared_and_not_linked() -> None:
    for seed in range(20):
        text, rng = words(seed), random.Random(seed)
        edited = [f"new{rng.randrange(10**9)}" if rng.random() < 0.07 else word for word in text]
        assert 0.5 < jaccard(text, edited) < 0.8
        assert linked(text, edited) == {}


@settings(max_examples=40)
@given(st.randoms(use_true_random=False), st.integers(1, 6), st.integers(1, 4))
def test_links_do_not_depend_on_any_order(rng: random.Random, families: int, copies: int) -> None:
    signatures: dict[str, bytes] = {}
    ages: dict[str, str] = {}
    for family in range(families):
        text = words(family)
        for copy in range(copies):
            name = f"{family}-{copy}"
            signatures[name] = signed([*text, f"end{copy}"])
            ages[name] = f"2026-01-0{rng.randrange(1, 4)}"
    expected = older_copies(signatures, ages)
    assert len(expected) == families * (copies - 1)
    shuffled = list(signatures)
    rng.shuffle(shuffled)
    again = older_copies(
        {name: signatures[name] for name in shuffled}, dict(reversed(ages.items()))
    )
    assert again == expected
    for copied, original in expected.items():
        assert copied.split("-")[0] == original.split("-")[0]
        assert (ages[original], original) < (ages[copied], copied)
        assert original not in expected, "an original is no copy itself"


def test_a_chain_of_copies_leads_to_the_oldest() -> None:
    text = words(3)
    chain = [
        [f"new{n}" if place < 4 * n else word for place, word in enumerate(text)] for n in range(6)
    ]
    assert linked(*chain)["1"] == "0"
    assert linked(*chain)["5"] == "0"


def test_hundreds_of_equal_documents_have_one_original() -> None:
    text = words(4)
    assert set(linked(*[text] * 200).values()) == {"0"}
    assert len(linked(*[text] * 200)) == 199


def test_documents_without_a_signature_are_linked_to_nothing() -> None:
    assert older_copies({"a": b"", "b": b""}, {"a": "1", "b": "2"}) == {}
    assert older_copies({}, {}) == {}
