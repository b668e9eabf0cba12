"""Every sentence that can be quoted is an exact slice of its passage."""

from hypothesis import given
from hypothesis import strategies as st

from app.sentences import quotable
from core.answers import DocumentRef, Passage
from core.documents import Element, ParsedDocument
from ingest.parsers.registry import parse

MARKDOWN = """# Leave policy

Employees get **thirty** days of leave. See the [form](leave/form.md). Ask Dr. Weber, e.g. by mail.

- Two days are *extra*. Ask first.
- No more.

| Site | Days |
|---|---|
| Berlin | 30 |
| Paris | 25 |

```
run --now
```
"""
DOCUMENT = parse(MARKDOWN.encode(), "leave.md")


def passage_of(document: ParsedDocument, start: int, end: int) -> Passage:
    inside = tuple(e for e in document.elements if e.start < end and e.end > start)
    reference = DocumentRef("d", "leave.md", document.title, "v")
    text = document.text[start:end]
    return Passage(1, reference, "c", (), None, start, end, text, 0.5, elements=inside)


def whole() -> Passage:
    return passage_of(DOCUMENT, 0, len(DOCUMENT.text))


def test_sentences_come_in_reading_order_without_markup() -> None:
    assert [sentence.plain for sentence in quotable([whole()])] == [
        "Leave policy",
        "Employees get thirty days of leave.",
        "See the form.",
        "Ask Dr. Weber, e.g. by mail.",
        "Two days are extra.",
        "Ask first.",
        "No more.",
        "Site: Berlin; Days: 30",
        "Site: Paris; Days: 25",
        "run --now",
    ]


def test_a_sentence_is_the_words_of_its_place() -> None:
    quotes = [DOCUMENT.text[s.start : s.end] for s in quotable([whole()])]
    assert "Employees get **thirty** days of leave." in quotes
    assert "See the [form](leave/form.md)." in quotes


def test_only_headings_are_marked_as_headings() -> None:
    assert [s.plain for s in quotable([whole()]) if s.is_heading] == ["Leave policy"]


def test_positions_count_over_all_passages() -> None:
    middle = DOCUMENT.text.index("- Two")
    passages = [passage_of(DOCUMENT, 0, middle), passage_of(DOCUMENT, middle, len(DOCUMENT.text))]
    found = quotable(passages)
    assert [sentence.position for sentence in found] == list(range(len(found)))
    assert {sentence.passage.start for sentence in found} == {0, middle}


@given(st.integers(0, len(DOCUMENT.text)), st.integers(0, len(DOCUMENT.text)))
def test_no_sentence_reaches_beyond_its_passage(first: int, second: int) -> None:
    passage = passage_of(DOCUMENT, min(first, second), max(first, second))
    position = passage.start
    for sentence in quotable([passage]):
        assert position <= sentence.start < sentence.end <= passage.end
        assert sentence.plain.strip()
        position = sentence.end


def test_a_paragraph_that_reaches_beyond_its_passage_gives_the_part_inside() -> None:
    text = "First sentence here. Second sentence here."
    document = ParsedDocument("T", text, (Element("text", 0, len(text), text),))
    (sentence,) = quotable([passage_of(document, 0, 20)])
    assert (sentence.start, sentence.end, sentence.plain) == (0, 20, "First sentence here.")


def test_a_table_row_that_reaches_beyond_its_passage_is_not_quoted() -> None:
    row = DOCUMENT.text.index("| Berlin")
    found = quotable([passage_of(DOCUMENT, row, row + 9)])
    assert not [sentence for sentence in found if "Berlin" in sentence.plain]


def test_no_passages_have_no_sentences() -> None:
    assert quotable([]) == []
