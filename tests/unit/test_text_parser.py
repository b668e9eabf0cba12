"""Plain text: paragraphs, headings, turns and bullets, with exact places in the file."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.text_parser import parse_text

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "documents"
TEXTS = st.one_of(
    st.text(alphabet="abC:-*=.\n\r\t\x0c 1)\u200b\u2028"),
    st.lists(st.sampled_from(["ALL CAPS", "Anna: hi", "- item", "===", "", "words here", "1. x"])).map("\n".join),
)  # fmt: skip


def plains(source):
    return [(e.kind, e.level, e.plain) for e in parse_text(source.encode(), "a/b.txt").elements]


@given(TEXTS)
def test_elements_are_in_order_and_hold_every_visible_word(source):
    document = parse_text(source.encode(), "b.txt")
    assert document.text == source
    position, between = 0, ""
    for element in document.elements:
        assert position <= element.start < element.end
        between += source[position : element.start]
        assert source[element.start : element.end].strip()
        assert element.plain.strip()
        position = element.end
    assert not re.search(r"\w", between + source[position:])


@pytest.mark.parametrize("path", sorted(SAMPLES.rglob("*.txt")), ids=lambda path: path.stem)
def test_what_is_seen_of_a_sample_is_its_text(path):
    document = parse_text(path.read_bytes(), path.name)
    for element in document.elements:
        assert element.plain.split() == document.text[element.start : element.end].split()


def test_paragraphs_are_apart_where_a_line_is_blank():
    assert plains("one\ntwo\n \t\nthree") == [("text", 0, "one\ntwo"), ("text", 0, "three")]


def test_underlined_lines_are_headings():
    source = "intro\n\nMain\n====\nunder it\n\nSub part\n--------\n"
    assert plains(source)[1:] == [
        ("heading", 1, "Main\n===="),
        ("text", 0, "under it"),
        ("heading", 2, "Sub part\n--------"),
    ]


def test_a_short_line_of_capitals_is_a_heading_but_a_sentence_is_not():
    kinds = [kind for kind, _, _ in plains("intro\n\n2. HOW FAST\n\nNEVER DO THIS.\n\n5 X\n")]
    assert kinds == ["text", "heading", "text", "text"]


def test_a_title_line_at_the_top_names_the_document():
    document = parse_text(b"Title: Shift plan\nText below.\n", "x.txt")
    assert document.title == "Shift plan"
    assert document.elements[0].kind == "heading"


def test_every_turn_of_a_talk_is_an_element():
    source = "ANNA (chair): Welcome.\nand more\nBEN: Thanks.\nCarla O'Neil: Yes: really.\n"
    assert [plain for _, _, plain in plains(source)] == [
        "ANNA (chair): Welcome.\nand more",
        "BEN: Thanks.",
        "Carla O'Neil: Yes: really.",
    ]


def test_bullets_are_list_items_with_the_lines_that_belong_to_them():
    assert plains("Bring:\n- a laptop\n  and charger\n* keys\n3) patience\n") == [
        ("text", 0, "Bring:"),
        ("list_item", 0, "- a laptop\nand charger"),
        ("list_item", 0, "* keys"),
        ("list_item", 0, "3) patience"),
    ]


def test_without_a_heading_the_file_name_is_the_title():
    assert parse_text(b"just words", "ops/night_shift.txt").title == "Night shift"
