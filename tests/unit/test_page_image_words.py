"""The words of a quote are found on a page by their letters, whatever breaks and hyphens stand between them."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.page_image_words import find_words

PAGE = "Wind\r\nThe gondola is stop-\r\nped as soon as the wind\r\nblows. The wind is strong."


def found(page: str, quote: str, occurrence: int = 0) -> list[str]:
    return [page[start:end] for start, end in find_words(page, quote, occurrence)]


def test_line_breaks_and_hyphens_do_not_matter() -> None:
    assert found(PAGE, "gondola is stopped as  soon as") == ["gondola is stop-\r\nped as soon as"]


def test_the_occurrence_that_is_meant_is_found() -> None:
    assert find_words(PAGE, "the wind") != find_words(PAGE, "the wind", 1)
    assert PAGE[find_words(PAGE, "the wind", 1)[0][0] :].startswith("The wind is strong")
    assert find_words(PAGE, "the wind", 9) == find_words(PAGE, "the wind", 1)


def test_ligatures_and_accents_are_their_letters() -> None:
    assert found("the ﬁrst caf\u00e9 opens", "first cafe\u0301 opens") == ["ﬁrst caf\u00e9 opens"]


def test_a_row_in_other_words_is_found_word_by_word() -> None:
    page = "Tree Rootstock\r\nApple M9 late February\r\nPlum Wavit August\r\nPear Quince March"
    assert found(page, "Apple: M9 (late); February") == ["Apple M9 late February"]
    assert found(page, "Plum: from Wavit, August") == ["Plum Wavit August"]


def test_words_that_are_not_there_are_not_marked() -> None:
    assert found(PAGE, "reindeer vaccine needs two millilitres") == []
    assert found(PAGE, "— …") == []
    assert found("", "words") == []


@given(st.text(max_size=40), st.text(max_size=40), st.integers(0, 3))
def test_every_run_lies_on_the_page(page: str, quote: str, occurrence: int) -> None:
    for start, end in find_words(page, quote, occurrence):
        assert 0 <= start < end <= len(page)


@given(st.text(alphabet="abc ", min_size=1, max_size=30), st.data())
def test_a_quote_of_the_page_is_found_as_one_run(page: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(page) - 1))
    quote = page[start : data.draw(st.integers(start + 1, len(page)))]
    runs = find_words(page, quote)
    if quote.strip():
        ((first, last),) = runs
        assert page[first:last].replace(" ", "") == quote.replace(" ", "")
