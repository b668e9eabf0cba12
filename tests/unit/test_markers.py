"""Markers come out of what a model writes, however they are written and cut; what stays reads well."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from app.citing.markers import MarkerReader
from app.citing.source_lists import SourceListFilter

KNOWN = {1: "Leave policy", 2: "Travel [rules](x)", 3: "Notice"}
FRAGMENTS = [
    *("[1]", " [2]", "[3]", " [9]", "[1, 2]", "[1-3]", "[^1]", "【1】",
    "【2†a.md】", " (1)", "(2).", "[0, 1]", "[Source 2]"),
    *("They get 26 days", ". ", ", ", " and ", "According to", " states", "\n", "\n\n", "- ", "1. ", " ", "("),
    *(")", "[", "]", "\\", "`", "```",
    "Sources:\n", "**References**\n", "[^1]: note\n", "(https://x.example)", "【", "a", "é"),
]  # fmt: skip
TEXTS = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=20).map("".join), st.text(max_size=40)
)


def read(*pieces: str) -> tuple[str, list[tuple[int, tuple[int, ...]]], int]:
    reader = MarkerReader(KNOWN)
    text = "".join([*map(reader.feed, pieces), reader.finish()])
    return text, [(item.position, item.markers) for item in reader.placed], reader.unknown


@given(TEXTS, st.lists(st.integers(0, 120), max_size=20))
@hypothesis_settings(max_examples=400, deadline=None)
def test_however_a_text_is_cut_the_same_markers_are_found(text: str, cuts: list[int]) -> None:
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(places)]
    assert read(*pieces) == read(*text) == read(text)


@given(TEXTS)
def test_a_marker_stood_inside_the_text_and_names_a_passage(text: str) -> None:
    shown, placed, _ = read(text)
    assert [position for position, _ in placed] == sorted(position for position, _ in placed)
    for position, markers in placed:
        assert 0 <= position <= len(shown)
        assert markers
        assert set(markers) <= set(KNOWN)


@pytest.mark.parametrize(
    ("written", "shown", "markers"),
    [
        ("They get 26 days [1].", "They get 26 days.", [1]),
        ("They get 26 days.[1] Ask.", "They get 26 days. Ask.", [1]),
        ("They get 26 days. [1]\n\nAsk.", "They get 26 days.\n\nAsk.", [1]),
        ("a [1][3] b", "a b", [1, 3]),
        ("a [1, 3]; b", "a; b", [1, 3]),
        ("a [1], [2] and [3].", "a.", [1, 2, 3]),
        ("a [1-3].", "a.", [1, 2, 3]),
        ("a [^2].", "a.", [2]),
        ("a \\[2\\].", "a.", [2]),
        ("a ([2]).", "a.", [2]),
        ("a【2】.", "a.", [2]),
        ("a【2†leave.md】.", "a.", [2]),
        ("a [Passage 1, passage 2].", "a.", [1, 2]),
        ("a [1](https://x.example/y) b", "a b", [1]),
        ("26 days[1]and more", "26 days and more", [1]),
        ("- a [1]\n- b [2]", "- a\n- b", [1, 2]),
        ("[1] They get 26 days.", "They get 26 days.", [1]),
        ("They get 26 days (1).", "They get 26 days.", [1]),
    ],
)
def test_every_usual_form_of_a_marker_is_read(written: str, shown: str, markers: list[int]) -> None:
    text, placed, unknown = read(written)
    assert (text, [m for _, found in placed for m in found], unknown) == (shown, markers, 0)


def test_a_marker_is_placed_where_it_stood() -> None:
    text, placed, _ = read("They get 26 days [1]. Ask HR [2].")
    assert [(text[:position], markers) for position, markers in placed] == [
        ("They get 26 days", (1,)),
        ("They get 26 days. Ask HR", (2,)),
    ]


def test_markers_of_no_passage_are_left_out_and_counted() -> None:
    assert read("A [9]. B [1, 8].") == ("A. B.", [(4, (1,))], 2)
    assert read("A [42][0]. B [0].") == ("A. B.", [], 3)


@pytest.mark.parametrize(
    "text",
    [
        "x in [0, 1]",
        "x[0] = 1",
        "in [2024]",
        "[see here]",
        "[12x]",
        "`a[1]` b",
        "```py\nx[1] = a[2]\n```\n",
        "Section 5 (2).",
        "Article (2).",
        "do (1) this and (2) that",
        "f(1).",
    ],
)
def test_what_is_no_marker_stays(text: str) -> None:
    assert read(text) == (text, [], 0)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("According to [1], they get 26.", "According to “Leave policy”, they get 26."),
        ("[2] says that. Then", "“Travel rules x” says that. Then"),
    ],
)
def test_a_marker_that_is_a_word_becomes_the_title(written: str, shown: str) -> None:
    assert read(written)[0] == shown


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("A [1].\n\nSources:\n[1] Leave policy\n[2] Travel", "A.\n\n"),
        ("A [1].\n\n**References:**\n\n1. Leave\n2. Travel\n\nBye now.", "A.\n\nBye now."),
        ("A [1].\n[^1]: leave.md, page 3\n[1]: x", "A.\n"),
        ("Sources:\nThere are two wells.", "Sources:\nThere are two wells."),
        ("A [1].\n\nSources", "A.\n\n"),
    ],
)
def test_a_list_of_sources_is_left_out(written: str, shown: str) -> None:
    assert read(written)[0] == shown
    assert read(*written)[0] == shown


@given(st.text(alphabet="aSources: \n[1]", max_size=60))
def test_a_text_without_headings_and_notes_passes_unchanged(text: str) -> None:
    lists = SourceListFilter()
    shown = lists.feed(text) + lists.finish()
    if "ource" not in text and "]:" not in text:
        assert shown == text
