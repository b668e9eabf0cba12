"""Markdown and HTML made to take minutes end in seconds of processor time, with every word or a reason."""

import time

import pytest

from ingest.parsers.html_parser import parse_html
from ingest.parsers.markdown_parser import parse_markdown

MARKDOWN = {
    "brackets": "[" * 50_000,
    "images": "![" * 50_000,
    "labels": "[[a]" * 50_000,
    "references": "[a][" * 50_000,
    "data sections": "a <![CDATA[" * 50_000,
    "emphasis": "*a " * 500_000,
    "quotes": ">" * 50_000,
    "headings": "# a\n" * 1_000_000,
    "cells": "|a" * 200 + "|\n" + "|-" * 200 + "|\n" + ("|x" * 200 + "|\n") * 5_000,
}
PAGES = {
    "deep": "<div>" * 100_000 + "x",
    "open": "<" * 5_000_000,
    "images": "<p>" + "<img alt=x>a" * 300_000,
    "scripts": "<p>" + "<script></script>a" * 200_000,
    "spans": "<table><tr>" + "<td rowspan=100 colspan=100>a" * 2_000 + "<tr><td>b" * 500,
}


@pytest.mark.parametrize("source", MARKDOWN.values(), ids=MARKDOWN.keys())
def test_hostile_markdown_ends_in_seconds(source):
    started = time.process_time()
    document = parse_markdown(source.encode(), "a.md")
    assert document.text == source
    assert time.process_time() - started < 10


@pytest.mark.parametrize("source", PAGES.values(), ids=PAGES.keys())
def test_hostile_pages_end_in_seconds(source):
    started = time.process_time()
    parse_html(source.encode(), "a.html")
    assert time.process_time() - started < 10


def test_a_paragraph_beyond_the_limits_keeps_its_words_and_the_next_its_markup():
    source = f"{'[word ' * 2_000}\n\nThe *next* one.\n"
    first, second = parse_markdown(source.encode(), "a.md").elements
    assert first.plain.count("word") == 2_000
    assert second.plain == "The next one."


def test_text_around_what_is_left_out_of_a_page_stays():
    page = "<p>one <script>x</script>two <img alt='three'> four <b hidden>no</b>five</p>"
    (element,) = parse_html(page.encode(), "a.html").elements
    assert element.plain == "one two three four five"
