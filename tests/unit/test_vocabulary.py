"""The words of the collection are counted: rare ones tell more, and a misspelt one has neighbours."""

import math
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import select

from core.search import IndexEntry
from index.catalogue import Catalogue
from index.schema import vocabulary as table
from index.vocabulary import Vocabulary, edit_distance

pytestmark = pytest.mark.usefixtures("each_database")


def entries(texts: Iterable[str]) -> list[IndexEntry]:
    return [
        IndexEntry(number, "doc", text.split(), ["name"], ())
        for number, text in enumerate(texts, start=1)
    ]


@pytest.fixture
def vocabulary(catalogue: Catalogue) -> Vocabulary:
    return Vocabulary(catalogue.engine, catalogue.data_dir)


def counted(catalogue: Catalogue) -> dict[str, int]:
    with catalogue.engine.connect() as connection:
        return {row.term: row.chunks for row in connection.execute(select(table))}


# --- counts ----------------------------------------------------------------------------------------------


def test_a_word_counts_once_for_each_chunk_and_names_do_not_count(
    catalogue: Catalogue, vocabulary: Vocabulary
) -> None:
    vocabulary.add(entries(["pump pump valve", "pump"]))
    assert counted(catalogue) == {"pump": 2, "valve": 1}
    vocabulary.add(entries(["valve door"]))
    assert counted(catalogue) == {"pump": 2, "valve": 2, "door": 1}


def test_the_size_is_the_number_of_chunks_and_their_average_length(vocabulary: Vocabulary) -> None:
    vocabulary.add(entries(["pump pump valve", "pump"]))
    assert vocabulary.size() == (2, 2.0)
    vocabulary.add(entries(["a b c d e"]))
    assert vocabulary.size() == (3, 3.0)


def test_an_empty_collection_has_a_typical_length(vocabulary: Vocabulary) -> None:
    count, length = vocabulary.size()
    assert count == 0
    assert length > 0
    vocabulary.add([])
    assert vocabulary.size() == (0, length)


def test_chunks_without_words_are_no_obstacle(vocabulary: Vocabulary) -> None:
    vocabulary.add(entries([""]))
    assert vocabulary.rare_weights(["pump"])["pump"] > 0
    vocabulary.add(entries(["", "pump"]))
    assert vocabulary.size()[0] == 2


def test_clearing_forgets_every_count(catalogue: Catalogue, vocabulary: Vocabulary) -> None:
    catalogue.set_meta("other", "stays")
    vocabulary.add(entries(["pump valve"]))
    vocabulary.clear()
    assert counted(catalogue) == {}
    assert vocabulary.size()[0] == 0
    assert catalogue.get_meta("other") == "stays"
    vocabulary.add(entries(["door"]))
    assert vocabulary.size() == (1, 1.0)


def test_what_one_writer_counts_another_reader_sees(
    catalogue: Catalogue, vocabulary: Vocabulary, data_dir: Path
) -> None:
    vocabulary.add(entries(["pump"]))
    assert Vocabulary(catalogue.engine, data_dir).size() == (1, 1.0)


# --- rarity ----------------------------------------------------------------------------------------------


def test_a_rare_word_is_more_telling_than_a_common_one(vocabulary: Vocabulary) -> None:
    vocabulary.add(entries(["gateway salary", "gateway", "gateway", "door"]))
    weights = vocabulary.rare_weights(["unknown", "salary", "gateway"])
    assert weights["unknown"] > weights["salary"] > weights["gateway"] > 0


def test_a_word_of_every_chunk_tells_nearly_nothing(vocabulary: Vocabulary) -> None:
    vocabulary.add(entries(["the pump"] + ["the"] * 99))
    weights = vocabulary.rare_weights(["the", "pump"])
    assert weights["the"] < 0.01
    assert weights["pump"] == pytest.approx(math.log(1 + 99.5 / 1.5))


def test_a_word_that_is_counted_more_often_than_there_are_chunks_tells_nothing(
    catalogue: Catalogue, vocabulary: Vocabulary
) -> None:
    vocabulary.add(entries(["pump", "pump", "pump"]))
    catalogue.set_meta("vocabulary_chunks", "1")
    assert vocabulary.rare_weights(["pump"])["pump"] >= 0


def test_every_word_that_is_asked_for_has_a_weight(vocabulary: Vocabulary) -> None:
    many = [f"word{number}" for number in range(3000)]
    assert list(vocabulary.rare_weights([*many, *many])) == many
    assert vocabulary.rare_weights([]) == {}
    assert set(vocabulary.rare_weights(["'; DROP TABLE vocabulary; --", "%", ""])) == {
        "'; DROP TABLE vocabulary; --",
        "%",
        "",
    }


# --- spelling --------------------------------------------------------------------------------------------


@pytest.fixture
def spelled(vocabulary: Vocabulary) -> Vocabulary:
    words = "gateway gatekeeper valve valves salary electricity gate4 g_teway 数据"
    vocabulary.add(entries([words, "valves", "valves"]))
    return vocabulary


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("gatway", ["gateway"]),  # left out
        ("gatewway", ["gateway"]),  # added
        ("gatevay", ["gateway"]),  # changed
        ("gatewya", ["gateway"]),  # swapped
        ("agteway", ["gateway"]),  # the first two swapped
        ("electrisity", ["electricity"]),
        ("elektricity", ["electricity"]),
        ("electrzzity", ["electricity"]),  # two, in a long word
        ("gatvvay", []),  # two, in a short word
        ("electrzzzty", []),  # three
        ("hateway", []),  # the first letter is taken to be right
        ("gateway", []),  # no neighbour of itself
        ("gat", []),
        ("", []),
        ("gate4", []),
        ("gate'", []),
        ("%%%%", []),
    ],
)
def test_a_misspelt_word_has_the_words_that_it_may_be(
    written: str, meant: list[str], spelled: Vocabulary
) -> None:
    assert spelled.similar(written) == meant


def test_the_nearest_and_most_frequent_word_comes_first(spelled: Vocabulary) -> None:
    assert spelled.similar("valvs") == ["valves", "valve"]
    assert spelled.similar("valvs", limit=1) == ["valves"]


def test_words_with_digits_are_never_suggested(spelled: Vocabulary) -> None:
    assert spelled.similar("gatea") == []


# --- edit distance ---------------------------------------------------------------------------------------


def reference(first: str, second: str) -> int:
    """The optimal string alignment distance by its whole table."""
    rows, columns = len(first) + 1, len(second) + 1
    table = [[max(i, j) if 0 in (i, j) else 0 for j in range(columns)] for i in range(rows)]
    for i in range(1, rows):
        for j in range(1, columns):
            table[i][j] = min(
                table[i - 1][j] + 1,
                table[i][j - 1] + 1,
                table[i - 1][j - 1] + (first[i - 1] != second[j - 1]),
            )
            if i > 1 and j > 1 and first[i - 1] == second[j - 2] and first[i - 2] == second[j - 1]:
                table[i][j] = min(table[i][j], table[i - 2][j - 2] + 1)
    return table[-1][-1]


WORDS = st.text("abc", max_size=9)


@hypothesis_settings(max_examples=500)
@given(first=WORDS, second=WORDS, limit=st.integers(0, 4))
def test_the_distance_is_that_of_the_whole_table_up_to_the_limit(
    first: str, second: str, limit: int
) -> None:
    assert edit_distance(first, second, limit) == min(reference(first, second), limit + 1)


@given(first=WORDS, second=WORDS, limit=st.integers(0, 4))
def test_the_distance_is_the_same_from_either_side(first: str, second: str, limit: int) -> None:
    assert edit_distance(first, second, limit) == edit_distance(second, first, limit)


@given(word=WORDS, limit=st.integers(0, 4))
def test_a_word_is_no_edit_away_from_itself(word: str, limit: int) -> None:
    assert edit_distance(word, word, limit) == 0


@pytest.mark.parametrize(
    ("first", "second", "distance"),
    [("ab", "ba", 1), ("ca", "abc", 3), ("kitten", "sitting", 3), ("", "ab", 2), ("a", "", 1)],
)
def test_a_swap_of_neighbours_is_one_edit(first: str, second: str, distance: int) -> None:
    assert edit_distance(first, second, 5) == distance
