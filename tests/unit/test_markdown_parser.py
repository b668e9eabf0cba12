"""Markdown: exact places in the file, what a reader sees, and no word lost."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.markdown_parser import parse_markdown

SAMPLES = Path(__file__).resolve().parents[2] / "samples" / "documents"


def parsed(source, uri="notes/page.md"):
    return parse_markdown(source.encode(), uri)


def plains(source):
    return [(element.kind, element.plain) for element in parsed(source).elements]


def spans(source):
    document = parsed(source)
    return [document.text[element.start : element.end] for element in document.elements]


WORDS = st.integers(0, 9999).map(lambda number: f"word{number}x")
LINES = st.one_of(
    st.builds("{}{} {}".format, st.sampled_from(["# ", "- ", "> ", "  - ", "1. ", "", "    "]), WORDS, WORDS),
    st.builds("| {} | `{}` |".format, WORDS, WORDS),
    st.builds("**{}** [{}](http://t.example) <b>{}</b>".format, WORDS, WORDS, WORDS),
    st.builds("<div>{}</div>".format, WORDS),
    st.builds("![{}](i.png) ~~{}~~".format, WORDS, WORDS),
    st.sampled_from(["", "", "---", "===", "```", "|---|---|", "<details>", "> > ", "- "]),
)  # fmt: skip
SOURCES = st.builds(
    lambda lines, end: end.join(lines), st.lists(LINES), st.sampled_from(["\n", "\r\n"])
)


@given(SOURCES)
def test_every_word_is_in_an_element(source):
    elements = parsed(source).elements
    seen = " ".join(f"{element.plain} {element.header}" for element in elements)
    assert set(re.findall(r"word\d+x", source)) == set(re.findall(r"word\d+x", seen))


@given(st.one_of(SOURCES, st.text(alphabet="ab#->`*[]()|<!:\\&\n\r\t 1.~=_{}\x0b\u2028\u200b")))
def test_elements_are_in_order_and_never_overlap(source):
    document = parsed(source)
    assert document.text == source
    previous_end = 0
    for element in document.elements:
        assert previous_end <= element.start < element.end <= len(source)
        assert source[element.start : element.end].strip()
        assert element.plain.strip()
        previous_end = element.end


@pytest.mark.parametrize("path", sorted(SAMPLES.rglob("*.md")), ids=lambda path: path.stem)
def test_words_of_a_plain_element_stand_in_its_span(path):
    document = parse_markdown(path.read_bytes(), path.name)
    assert document.elements
    for element in document.elements:
        if element.kind != "table_row":
            span = set(re.findall(r"\w+", document.text[element.start : element.end]))
            assert set(re.findall(r"\w+", element.plain)) <= span


def test_markup_and_link_targets_are_no_part_of_what_is_seen():
    source = "See **the** [leave *policy*](/leave.md 'tip'), `a_b` ~~old~~ ![map](m.png) &amp; <b>x</b> <img src='i' alt='pic'/>\n"
    assert plains(source) == [("text", "See the leave policy, a_b old map & x pic")]


def test_reference_links_keep_their_text_and_their_definitions_are_not_seen():
    assert plains("Ask [the desk][d].\n\n[d]: https://desk.example 'Desk'\n") == [
        ("text", "Ask the desk.")
    ]


def test_a_one_word_footnote_is_not_taken_for_a_link_definition():
    assert plains("Text[^1].\n\n[^1]: Footnote\n")[-1] == ("text", "[^1]: Footnote")


def test_headings_have_levels_in_both_styles():
    document = parsed("Setext\n======\n\nSecond\n------\n\n### Third {#anchor} ###\n")
    assert [(e.kind, e.level, e.plain) for e in document.elements] == [
        ("heading", 1, "Setext"),
        ("heading", 2, "Second"),
        ("heading", 3, "Third"),
    ]


def test_nested_list_items_are_elements_of_their_own_lines():
    source = "- one\n  - two\n    lazy\n\n    again\n- three\n"
    assert plains(source) == [
        ("list_item", "one"),
        ("list_item", "two lazy\nagain"),
        ("list_item", "three"),
    ]
    assert spans(source) == ["- one", "- two\n    lazy\n\n    again", "- three"]


def test_a_table_row_carries_the_names_of_its_columns():
    source = "| Plan | Price |\n|---|--:|\n| Base | `10` |\n| | 20 |\n"
    document = parsed(source)
    assert [(e.plain, e.header) for e in document.elements] == [
        ("Plan: Base; Price: 10", "Plan | Price"),
        ("Price: 20", "Plan | Price"),
    ]
    assert spans(source) == ["| Base | `10` |", "| | 20 |"]


def test_a_bar_inside_code_does_not_lose_the_rest_of_the_cell():
    assert "b" in plains("| A | B |\n|---|---|\n| 1 | `a|b` |\n")[0][1]


def test_a_table_without_rows_is_its_column_names():
    assert plains("| Plan | Price |\n|---|---|\n") == [("text", "Plan | Price")]


def test_code_keeps_its_lines_and_indents():
    assert plains("```python\nif x:\n    y()\n```\n") == [("code", "if x:\n    y()")]
    assert plains("- item\n\n  ```\n  run\n  ```\n")[1] == ("code", "run")


def test_an_html_block_is_its_text_without_scripts_and_comments():
    source = (
        "<details><summary>More</summary>\n<p>Inner<br>text</p>\n<!-- secret -->\n"
        "<script>var hidden = 1;</script><img src='x' alt='diagram'>\n</details>\n"
    )
    ((_, plain),) = plains(source)
    assert plain.split() == ["More", "Inner", "text", "diagram"]


def test_an_html_heading_is_a_heading():
    (element,) = parsed('<h1 align="center">Big <em>name</em></h1>\n').elements
    assert (element.kind, element.level, element.plain) == ("heading", 1, "Big name")


def test_quotes_nested_deeper_than_the_block_parser_follows_are_not_lost():
    assert plains("> " * 150 + "deep word") == [("text", "deep word")]


def test_front_matter_gives_title_and_description():
    source = (
        "---\ntitle: 'Time off'\ntags: [a]\ndescription: >-\n  How to\n  take leave\n---\n\nBody.\n"
    )
    document = parsed(source)
    assert document.title == "Time off"
    assert [e.plain for e in document.elements] == ["How to take leave", "Body."]
    assert spans(source)[0] == "description: >-\n  How to\n  take leave"
    assert document.metadata == {
        "title": "Time off",
        "tags": "a",
        "description": "How to take leave",
    }


def test_a_rule_at_the_top_is_not_front_matter():
    assert [plain for _, plain in plains("---\n\njust words\n\n---\n")] == ["just words"]


def test_the_first_level_one_heading_wins_over_the_front_matter():
    assert parsed("---\ntitle: A\n---\n## Sub\n\n# Main *one*\n").title == "Main one"


def test_a_page_without_any_title_is_named_after_its_file_or_folder():
    assert parsed("words", "x/data-retention_2026-02.md").title == "Data retention 2026-02"
    assert parsed("words", "x/on-call/README.md").title == "On call"


def test_invisible_characters_stay_in_the_text_and_are_not_seen():
    source = "pass\u200bword \U000e0041\u202ex\ufeff\x07\n"
    document = parsed(source)
    assert document.text == source
    assert document.elements[0].plain == "password x"


def test_windows_line_ends_are_kept_and_offsets_hold():
    source = "# A\r\n\r\npara one\r\nline two\r\n\r\n- x\r\n"
    assert parsed(source).text == source
    assert spans(source) == ["# A", "para one\r\nline two", "- x"]
    assert plains(source)[1] == ("text", "para one line two")
