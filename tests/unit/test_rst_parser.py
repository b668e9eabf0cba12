"""reStructuredText: headings, lists, tables and code with exact places in the file."""

import re

from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.rst_parser import parse_rst

LINES = st.lists(
    st.sampled_from(
        ["Title", "=====", "---", "* item", "1. one", ".. note:: see", "   deeper", "", "+--+--+",
         "| a| b|", "== ==", "a  b", "text::", ">>> x", ":a: b", ".. x", "``lit``"]
    )
).map("\n".join)  # fmt: skip


def seen(source):
    return [(e.kind, e.level, e.plain) for e in parse_rst(source.encode(), "a/b.rst").elements]


@given(st.one_of(LINES, st.text(alphabet="ab*`_:|=-+.\n \t\r\x0c[]<>")))
def test_elements_are_in_order_and_inside_the_unchanged_text(source):
    document = parse_rst(source.encode(), "b.rst")
    assert document.text == source
    position = 0
    for element in document.elements:
        assert position <= element.start < element.end <= len(source)
        assert element.plain.strip()
        position = element.end


def test_headings_have_the_level_of_their_sign_in_order_of_use():
    source = "====\nBook\n====\n\nPart\n----\n\nDetail\n~~~~~~\n\nPart two\n--------\n"
    assert seen(source) == [
        ("heading", 1, "Book"),
        ("heading", 2, "Part"),
        ("heading", 3, "Detail"),
        ("heading", 2, "Part two"),
    ]


def test_markup_is_not_part_of_what_is_read():
    source = "See **this** *one*, ``a*b*c``, :ref:`the guide <guide>`, `site <http://x>`_ and ref_."
    assert seen(source) == [("text", 0, "See this one, a*b*c, the guide, site and ref.")]


def test_a_grid_table_is_read_row_by_row_with_its_header():
    source = (
        "+-----+-----+\n| A   | B   |\n+=====+=====+\n| 1 x | 2   |\n| y   |     |\n+-----+-----+\n"
    )
    (row,) = parse_rst(source.encode(), "a.rst").elements
    assert (row.kind, row.plain, row.header) == ("table_row", "A: 1 x y; B: 2", "A | B")


def test_a_simple_table_is_read_row_by_row_with_its_header():
    source = "====  =====\nName  Limit\n====  =====\na     1\nb     2 or\n      more\n====  =====\n"
    rows = parse_rst(source.encode(), "a.rst").elements
    assert [row.plain for row in rows] == ["Name: a; Limit: 1", "Name: b; Limit: 2 or more"]
    assert {row.header for row in rows} == {"Name | Limit"}


def test_a_list_table_is_a_table():
    source = ".. list-table:: Plans\n   :header-rows: 1\n\n   * - Plan\n     - Price\n   * - A\n     - 5\n"
    assert seen(source) == [("text", 0, "Plans"), ("table_row", 0, "Plan: A; Price: 5")]


def test_code_keeps_its_lines_and_notes_their_words():
    source = ".. code-block:: python\n   :linenos:\n\n   def x():\n       pass\n\n.. note:: Be\n   careful.\n"
    assert seen(source) == [("code", 0, "def x():\n    pass"), ("text", 0, "Be\ncareful.")]


def test_what_follows_a_double_colon_is_code():
    assert seen("Run this::\n\n    make\n\nDone.") == [
        ("text", 0, "Run this:"),
        ("code", 0, "make"),
        ("text", 0, "Done."),
    ]


def test_comments_targets_and_included_files_are_left_out():
    source = ".. a secret\n   comment\n\n.. _name: http://x\n\n.. include:: /etc/passwd\n\nseen\n"
    assert seen(source) == [("text", 0, "seen")]


def test_a_million_lines_are_read_as_plain_text():
    document = parse_rst(b"a\n=\n" * 200_000, "a.rst")
    assert re.sub(r"[a=\n]", "", document.text) == ""
    assert document.elements
