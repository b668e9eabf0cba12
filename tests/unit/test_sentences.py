"""Sentences hold every visible character, in order, and are found again in a source with markup."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.sentences import Span, aligned_spans, sentence_spans

SOME_PIECES = """Word words 3.5 1. 12. Dr. z.B. e.g. U.S. A. No. x.y 数据 ! ? ... … 。 ！ ） ” " ) ' # - * **b**"""
PIECES = st.sampled_from([*SOME_PIECES.split(), "\n", "\n\n", "\t"])
TEXT = st.one_of(
    st.text(max_size=200),
    st.lists(PIECES, max_size=40).map(" ".join),
    st.lists(PIECES).map("".join),
)
WORDS = st.sampled_from(["alpha", "Beta", "gamma", "delta", "Epsilon", "I", "a"])
MARKED = st.tuples(WORDS, st.sampled_from(["{}", "**{}**", "*{}*", "`{}`", "_{}_", "[{}](#)"]))


def sentences(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentence_spans(text)]


@given(TEXT)
def test_sentences_are_ordered_and_hold_every_visible_character(text: str) -> None:
    position = 0
    for span in sentence_spans(text):
        assert position <= span.start < span.end <= len(text)
        assert not text[position : span.start].strip()
        assert text[span.start : span.end].strip() == text[span.start : span.end]
        position = span.end
    assert not text[position:].strip()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("One. Two! Three? Four…", ["One.", "Two!", "Three?", "Four…"]),
        ("Ask Dr. Weber first. He knows.", ["Ask Dr. Weber first.", "He knows."]),
        ("Fruit, z.B. Äpfel, is free. Tea too.", ["Fruit, z.B. Äpfel, is free.", "Tea too."]),
        ("It weighs 3.5 kg. It floats.", ["It weighs 3.5 kg.", "It floats."]),
        ("Tools (e.g. Hammers) help. Use them.", ["Tools (e.g. Hammers) help.", "Use them."]),
        ("See fig. 4 and No. 7. Then stop.", ["See fig. 4 and No. 7.", "Then stop."]),
        ("J. Smith wrote it. We read it.", ["J. Smith wrote it.", "We read it."]),
        ("Open example.com now. Log in.", ["Open example.com now.", "Log in."]),
        ("Wait... what? Yes.", ["Wait... what?", "Yes."]),
        ('He said "Stop." Then he left.', ['He said "Stop."', "Then he left."]),
        ("(It is off.) Switch it on.", ["(It is off.)", "Switch it on."]),
        ("1. First thing. Second thing.", ["1. First thing.", "Second thing."]),
        ("Since 2026. Before, none.", ["Since 2026.", "Before, none."]),
        ("第一句。第二句！第三句？", ["第一句。", "第二句！", "第三句？"]),
        ("他说：「好。」然后走了。", ["他说：「好。」", "然后走了。"]),
        ("no end mark", ["no end mark"]),
        ("A line\n\nanother line", ["A line", "another line"]),
        ("One line\ngoes on. Next", ["One line\ngoes on.", "Next"]),
        ("**Bold.** Next one.", ["**Bold.**", "Next one."]),
        ("", []),
        (" \n\t ", []),
    ],
)
def test_where_sentences_end(text: str, expected: list[str]) -> None:
    assert sentences(text) == expected


@given(st.lists(st.lists(MARKED, min_size=1, max_size=6), min_size=1, max_size=6))
def test_a_sentence_is_found_with_its_markup(lines: list[list[tuple[str, str]]]) -> None:
    plains = ["Then " + " ".join(word for word, _ in line) + " end." for line in lines]
    sources = [
        "Then " + " ".join(mark.format(word) for word, mark in line) + " end." for line in lines
    ]
    plain, source = " ".join(plains), "  ".join(sources)
    found = aligned_spans(plain, sentence_spans(plain), source)
    assert [source[span.start : span.end] for span in found] == sources


@given(TEXT, st.text(alphabet="*_`[]()# \n", max_size=5), st.integers(0, 200))
def test_aligned_spans_hold_the_whole_source(text: str, markup: str, place: int) -> None:
    pieces = sentence_spans(text)
    source = text[:place] + markup + text[place:]
    spans = aligned_spans(text, pieces, source)
    assert len(spans) == len(pieces)
    position = 0
    for span in spans:
        assert position <= span.start <= span.end <= len(source)
        assert not source[position : span.start].strip()
        position = span.end
    if pieces:
        assert not source[position:].strip()


def test_a_text_without_markup_is_its_own_source() -> None:
    text = "One. Two."
    assert aligned_spans(text, sentence_spans(text), text) == [Span(0, 4), Span(5, 9)]


def test_opening_markup_belongs_to_the_sentence_that_it_opens() -> None:
    source = 'First one. **"Second** one".'
    plain = 'First one. "Second one".'
    found = aligned_spans(plain, sentence_spans(plain), source)
    assert [source[span.start : span.end] for span in found] == ["First one.", '**"Second** one".']


def test_a_link_target_stays_with_the_sentence_of_its_link() -> None:
    source = "Read the [guide](../guide.md). It is short."
    plain = "Read the guide. It is short."
    found = aligned_spans(plain, sentence_spans(plain), source)
    assert [source[span.start : span.end] for span in found] == [
        "Read the [guide](../guide.md).",
        "It is short.",
    ]


@pytest.mark.parametrize(
    ("plain", "source", "expected"),
    [
        (
            "See policy. Leave is 30 days.",
            "See [policy](../HR/Leave.md). Leave is 30 days.",
            ["See [policy](../HR/Leave.md).", "Leave is 30 days."],
        ),
        ("One here. Word two.", "One here. **W**ord two.", ["One here.", "**W**ord two."]),
        ("第一句。这是重要的。", "第一句。这是**重要**的。", ["第一句。", "这是**重要**的。"]),
        ("Old text. New text.", "Old text. ~~New~~ text.", ["Old text.", "~~New~~ text."]),
    ],
)
def test_a_sentence_starts_where_its_own_words_start(plain, source, expected) -> None:
    found = aligned_spans(plain, sentence_spans(plain), source)
    assert [source[span.start : span.end] for span in found] == expected
