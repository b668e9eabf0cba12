"""Org files: headings, lists, tables and code with exact places in the file."""

from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.org_parser import parse_org

LINES = st.lists(
    st.sampled_from(
        ["* Head :tag:", "** TODO x", "- item", "1) one", "| a | b |", "|--+--|", "#+BEGIN_SRC", "",
         "#+END_SRC", ": fixed", ":A:", ":END:", "# hidden", "#+TITLE: T", "words", " - deep"]
    )
).map("\n".join)  # fmt: skip


def seen(source):
    return [(e.kind, e.level, e.plain) for e in parse_org(source.encode(), "a/b.org").elements]


@given(st.one_of(LINES, st.text(alphabet="ab*/_=~+|[]#: -\n\r")))
def test_elements_are_in_order_and_inside_the_unchanged_text(source):
    document = parse_org(source.encode(), "b.org")
    assert document.text == source
    position = 0
    for element in document.elements:
        assert position <= element.start < element.end <= len(source)
        assert element.plain.strip()
        position = element.end


def test_stars_are_levels_and_states_and_tags_are_left_out():
    assert seen("* TODO [#A] Plan :work:\n** Next step\n") == [
        ("heading", 1, "Plan"),
        ("heading", 2, "Next step"),
    ]


def test_the_declared_title_and_author_are_kept():
    document = parse_org(b"* First\n#+TITLE: The guide\n#+AUTHOR: Ann\n", "a.org")
    assert document.title == "The guide"
    assert document.metadata == {"author": "Ann"}


def test_rows_above_the_first_rule_name_the_columns():
    rows = parse_org(b"| Name | Age |\n|------+-----|\n| Ann | 5 |\n", "a.org").elements
    assert [(row.plain, row.header) for row in rows] == [("Name: Ann; Age: 5", "Name | Age")]


def test_markup_is_not_part_of_what_is_read():
    source = "A *bold* /word/, =x*y*z=, [[http://x][the site]] and - not a list"
    assert seen(source) == [("text", 0, "A bold word, x*y*z, the site and - not a list")]


def test_code_is_code_and_quotes_are_text():
    source = "#+BEGIN_SRC sh\n  ls\n    -l\n#+END_SRC\n#+BEGIN_QUOTE\nSaid.\n#+END_QUOTE\n: fixed\n"
    assert seen(source) == [("code", 0, "ls\n  -l"), ("text", 0, "Said."), ("code", 0, "fixed")]


def test_comments_and_drawers_are_left_out():
    assert seen("* H\n:PROPERTIES:\n:ID: 7\n:END:\n# secret\nseen") == [
        ("heading", 1, "H"),
        ("text", 0, "seen"),
    ]
