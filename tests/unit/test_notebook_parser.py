"""Notebooks: notes, code and printed text, without images."""

import json

import pytest

from core.errors import ParseError
from ingest.parsers.notebook_parser import parse_notebook


def notebook(*cells, **metadata):
    return json.dumps({"cells": cells, "metadata": metadata, "nbformat": 4}).encode()


def test_cells_are_read_in_order_each_by_its_kind():
    outputs = [
        {"output_type": "stream", "text": ["\x1b[31m1\x1b[0m\n", "2\n"]},
        {
            "output_type": "display_data",
            "data": {"image/png": "iVBORw0KGgo", "text/plain": "<plot>"},
        },
    ]
    document = parse_notebook(
        notebook(
            {"cell_type": "markdown", "source": ["# Plan\n", "\n", "Some **words**."]},
            {"cell_type": "code", "source": "print(1)", "outputs": outputs},
        ),
        "a.ipynb",
    )
    assert document.title == "Plan"
    assert [(e.kind, e.level, e.plain) for e in document.elements] == [
        ("heading", 1, "Plan"),
        ("text", 0, "Some words."),
        ("code", 0, "print(1)"),
        ("text", 0, "1\n2\n<plot>"),
    ]


def test_authors_are_kept():
    cell = {"cell_type": "raw", "source": "x"}
    document = parse_notebook(notebook(cell, authors=[{"name": "Ann"}, {"name": "Bo"}]), "a.ipynb")
    assert document.metadata == {"author": "Ann, Bo"}


@pytest.mark.parametrize("content", [b"[1]", b"{}", b'{"cells"'])
def test_what_is_no_notebook_is_corrupt(content):
    with pytest.raises(ParseError) as caught:
        parse_notebook(content, "a.ipynb")
    assert caught.value.reason == "corrupt"


def test_cells_of_odd_shapes_are_passed_over():
    odd = [
        1,
        None,
        {"cell_type": "code", "source": {"a": 1}, "outputs": {"a": 1}},
        {"source": ["x", None]},
    ]
    assert [e.plain for e in parse_notebook(notebook(*odd), "a.ipynb").elements] == ["x"]
