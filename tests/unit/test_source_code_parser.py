"""Source code: blocks with exact places in the file, functions and sections as headings."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.source_code_parser import parse_source_code


@given(st.text(alphabet="ab \n\r\tdefclass():\x0c"))
def test_elements_are_in_order_and_hold_every_visible_word(source):
    document = parse_source_code(source.encode(), "b.py")
    assert document.text == source
    position, between = 0, ""
    for element in document.elements:
        assert position <= element.start < element.end
        between += source[position : element.start]
        position = element.end
    assert not re.search(r"\w", between + source[position:])


@pytest.mark.parametrize(
    ("name", "source", "heading"),
    [
        ("a.py", "import x\nasync def run(a):\n    return 1\n", "async def run(a):"),
        ("a.js", "export default function go() {\n}\n", "export default function go() {"),
        ("a.go", "func (s *S) Get() int {\n}\n", "func (s *S) Get() int {"),
        ("a.toml", "[tool.x]\na = 1\n", "[tool.x]"),
    ],
)
def test_a_definition_at_the_margin_is_a_heading(name, source, heading):
    elements = parse_source_code(source.encode(), name).elements
    assert [e.plain for e in elements if e.kind == "heading"] == [heading]


def test_a_file_of_code_is_called_by_its_name():
    document = parse_source_code(b"a: 1\n\nb:\n  - 2\n", "conf/app.yaml")
    assert document.title == "app.yaml"
    assert [(e.kind, e.plain) for e in document.elements] == [
        ("code", "a: 1"),
        ("code", "b:\n  - 2"),
    ]
