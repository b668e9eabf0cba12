"""HTML pages: what a reader sees, block by block, tables row by row."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.html_parser import parse_html


def parsed(body, head=""):
    page = f"<!DOCTYPE html><html><head>{head}</head><body>{body}</body></html>"
    return parse_html(page.encode(), "site/page.html")


def plains(body):
    return [(element.kind, element.plain) for element in parsed(body).elements]


def test_headings_paragraphs_and_bare_text_are_apart():
    body = "bare<h1>Top</h1>tail<p>One <b>bo</b>ld<br>line</p><div>in div</div>end"
    document = parsed(body)
    assert [(e.kind, e.level, e.plain) for e in document.elements] == [
        ("text", 0, "bare"),
        ("heading", 1, "Top"),
        ("text", 0, "tail"),
        ("text", 0, "One bold\nline"),
        ("text", 0, "in div"),
        ("text", 0, "end"),
    ]


@pytest.mark.parametrize(
    "hidden",
    [
        "<nav>gone</nav>",
        "<footer>gone</footer>",
        "<script>gone()</script>",
        "<style>.gone{}</style>",
        "<!-- gone -->",
        "<div hidden>gone</div>",
        "<p style='display: none'>gone</p>",
        "<div role='navigation'>gone</div>",
        "<template>gone</template>",
    ],
)
def test_what_no_reader_sees_is_left_out_and_what_follows_is_not(hidden):
    assert plains(f"<p>kept</p>{hidden}after") == [("text", "kept"), ("text", "after")]


def test_list_items_are_elements_and_nested_lists_too():
    body = "<ul><li>one<ul><li>two<p>more</p></li></ul></li><li>three</li></ul>"
    assert plains(body) == [
        ("list_item", "one"),
        ("list_item", "two"),
        ("text", "more"),
        ("list_item", "three"),
    ]


def test_a_term_and_its_definition_are_one_element():
    body = "<dl><dt>RPO</dt><dd>five minutes</dd><dt>RTO<dd>four hours</dl>"
    assert plains(body) == [("list_item", "RPO: five minutes"), ("list_item", "RTO: four hours")]


def test_details_captions_and_images_are_read():
    body = (
        "<details><summary>Sum</summary>inside</details>"
        "<figure><img src='x.png' alt='plan'><figcaption>Cap</figcaption></figure>"
    )
    assert [plain for _, plain in plains(body)] == ["Sum", "inside", "plan", "Cap"]


def test_preformatted_text_is_code_with_its_lines():
    assert plains("<pre><code>if x:\n    y()</code></pre>") == [("code", "if x:\n    y()")]


def test_a_table_row_is_one_line_with_the_names_of_its_columns():
    body = (
        "<table><caption>Prices</caption><tr><th>Plan</th><th>EUR</th></tr>"
        "<tr><td>Base</td><td>1<br>2</td></tr><tr><td></td><td>20</td></tr></table>"
    )
    elements = parsed(body).elements
    assert [(e.kind, e.plain, e.header) for e in elements] == [
        ("text", "Prices", ""),
        ("table_row", "Plan | EUR", "Plan | EUR"),
        ("table_row", "Plan: Base; EUR: 1 2", "Plan | EUR"),
        ("table_row", "EUR: 20", "Plan | EUR"),
    ]


def test_cells_that_span_rows_and_columns_keep_later_cells_under_their_names():
    body = (
        "<table><thead><tr><th rowspan=2>Site</th><th colspan=2>Nodes</th></tr>"
        "<tr><th>2025</th><th>2026</th></tr></thead>"
        "<tr><td rowspan=2>Ghent</td><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table>"
    )
    assert [plain for _, plain in plains(body)] == [
        "Site | Nodes 2025 | Nodes 2026",
        "Site: Ghent; Nodes 2025: 1; Nodes 2026: 2",
        "Site: Ghent; Nodes 2025: 3; Nodes 2026: 4",
    ]


def test_names_and_values_without_a_header_row_are_not_taken_for_one():
    body = "<table><tr><td>Name</td><td>Ann</td></tr><tr><td>Team</td><td>Ops</td></tr></table>"
    assert plains(body) == [("table_row", "Name; Ann"), ("table_row", "Team; Ops")]


def test_a_table_that_only_arranges_a_page_is_read_as_its_blocks():
    body = "<table><tr><td><h2>Left</h2><p>text</p></td><td><table><tr><td>x</td></tr></table></td></tr></table>"
    assert plains(body) == [("heading", "Left"), ("text", "text"), ("text", "x")]


def test_title_is_the_main_heading_else_the_title_tag_else_the_file_name():
    head = "<title>From head</title>"
    assert parsed("<h2>Sub</h2><h1>Main</h1>", head).title == "Main"
    assert parsed("<h2>Sub</h2>", head).title == "From head"
    assert parsed("<p>x</p>").title == "Page"


def test_the_declared_encoding_is_used_unless_it_is_wrong():
    page = "<meta charset='iso-8859-1'><p>naïve café</p>"
    assert parse_html(page.encode("latin-1"), "x.html").text == "naïve café"
    assert parse_html("<meta charset='ascii'><p>naïve</p>".encode(), "x.html").text == "naïve"
    declared = "<?xml version='1.0' encoding='utf-8'?><p>naïve</p>"
    assert parse_html(declared.encode(), "x.html").text == "naïve"


def test_text_nested_a_thousand_deep_is_read():
    assert plains("<div>" * 1000 + "deep" + "</div>" * 1000) == [("text", "deep")]


NAMES = "p div li ul td tr table h2 span b dl dt dd pre section br th caption a details"
TAGS = st.sampled_from(NAMES.split())
MARKUP = st.lists(
    st.one_of(
        TAGS.map("<{}>".format),
        TAGS.map("</{}>".format),
        st.integers(0, 999).map(" word{}x ".format),
    )
).map("".join)


@given(MARKUP)
def test_no_word_is_lost_whatever_the_markup(body):
    elements = parsed(body).elements
    seen = " ".join(f"{element.plain} {element.header}" for element in elements)
    assert set(re.findall(r"word\d+x", body)) == set(re.findall(r"word\d+x", seen))


def test_what_a_page_says_of_itself_is_kept_and_what_it_tells_browsers_is_not():
    head = (
        "<meta charset=utf-8><meta name=viewport content=wide><meta name=csrf-token content=s3cret>"
        "<META NAME='Version' CONTENT='4.2'><meta name=status content='d&eacute;pr&eacute;ci&eacute;'>"
        "<meta name='DCTERMS.modified' content='2024-05-01'><meta name=access content=everyone>"
        "<meta name=author><meta name=modified content='2030-01-01'><!-- <meta name=plan content=x> -->"
    )
    document = parsed("<p>Text<meta name=edition content=cloud>", head)
    assert document.metadata == {
        "version": "4.2",
        "status": "déprécié",
        "modified": "2024-05-01T00:00:00",
    }
    assert plains("<p>Text") == [("text", "Text")]


@pytest.mark.parametrize(
    "page",
    [
        "<meta name=",
        "<meta name=status",
        "<meta name=status content=old",
        "<?xml version='1.0' encoding='latin-1'?><meta name=status content=old><p>x",
        "<!--" * 20_000 + "<meta name=status content=old>",
        "<meta name=status " * 3_000 + "<p>x",
    ],
)
def test_odd_heads_cost_no_page(page):
    metadata = parse_html(f"<p>x</p>{page}".encode(), "a.html").metadata
    assert metadata in ({}, {"status": "old"})
