"""JSON: records as rows, values with their paths, numbers as they are written."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ParseError
from ingest.parsers.json_parser import parse_json

WORDS = st.text(alphabet="abcdef", min_size=1, max_size=8)
VALUES = st.recursive(
    st.one_of(WORDS, st.integers(), st.none(), st.booleans()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS, inner, max_size=4)),
    max_leaves=25,
)


def seen(source):
    return [(e.kind, e.plain) for e in parse_json(source.encode(), "a/b.json").elements]


def leaves(value):
    if isinstance(value, dict):
        return [leaf for child in value.values() for leaf in leaves(child)]
    if isinstance(value, list):
        return [leaf for child in value for leaf in leaves(child)]
    return [] if value is None else [str(value).lower() if isinstance(value, bool) else str(value)]


@given(VALUES)
def test_every_value_is_in_the_text_in_its_order(value):
    text = parse_json(json.dumps(value).encode(), "a.json").text
    position = 0
    for leaf in leaves(value):
        position = text.index(leaf, position)


def test_objects_of_a_list_are_rows_with_the_names_of_all():
    rows = parse_json(
        b'[{"name":"A","at":{"city":"Rome"}},{"name":"B","age":3}]', "a.json"
    ).elements
    names = "name | at.city | age"
    assert [(row.plain, row.header) for row in rows] == [
        (names, names),
        ("name: A; at.city: Rome", names),
        ("name: B; age: 3", names),
    ]


def test_json_lines_are_rows():
    assert seen('{"a": 1}\n\n{"a": 2}\n') == [
        ("table_row", "a"),
        ("table_row", "a: 1"),
        ("table_row", "a: 2"),
    ]


def test_nested_objects_stand_under_headings():
    source = '{"name":"api","limits":{"rate":5,"burst":{"size":9}}}'
    assert seen(source) == [
        ("text", "name: api"),
        ("heading", "limits"),
        ("text", "rate: 5"),
        ("heading", "burst"),
        ("text", "size: 9"),
    ]


def test_huge_numbers_stay_as_they_are_written():
    digits = "9" * 10_000
    assert seen(f'{{"a":{digits},"b":1e999999999}}')[0] == ("text", f"a: {digits}")


def test_the_elements_of_a_partitioner_are_simply_records():
    source = '[{"type":"Title","text":"Hi","metadata":{"page":1}}]'
    assert seen(source) == [
        ("table_row", "type | text | metadata.page"),
        ("table_row", "type: Title; text: Hi; metadata.page: 1"),
    ]


@pytest.mark.parametrize(
    ("source", "words"),
    [("[" * 100_000, "deeply"), ('{"a": ', "line 1"), ('{"a":1}\n{"a"', "line 2")],
)
def test_what_is_no_json_is_corrupt_with_its_place(source, words):
    with pytest.raises(ParseError, match=words) as caught:
        parse_json(source.encode(), "x.json")
    assert caught.value.reason == "corrupt"
