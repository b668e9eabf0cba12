"""XML: records as rows, feeds as headed text, and nothing that a file defines is expanded."""

import time

import pytest

from core.errors import ParseError
from ingest.parsers.xml_parser import parse_xml


def seen(source):
    return [(e.kind, e.plain) for e in parse_xml(source.encode(), "a/b.xml").elements]


def reason(source):
    with pytest.raises(ParseError) as caught:
        parse_xml(source.encode(), "x.xml")
    return caught.value.reason


def test_records_that_repeat_are_table_rows():
    source = '<shop><item id="1"><name>A</name></item><item id="2"><name>B</name></item></shop>'
    rows = parse_xml(source.encode(), "x.xml").elements
    assert [(row.kind, row.plain, row.header) for row in rows] == [
        ("table_row", "id | name", "id | name"),
        ("table_row", "id: 1; name: A", "id | name"),
        ("table_row", "id: 2; name: B", "id | name"),
    ]


def test_a_feed_is_titled_and_its_html_is_read_as_a_reader_sees_it():
    source = (
        "<rss><channel><title>News</title><language>de</language><item><title>One</title>"
        "<description>&lt;p&gt;Big &lt;b&gt;sale&lt;/b&gt;&lt;/p&gt;</description><x><y/></x></item>"
        "</channel></rss>"
    )
    document = parse_xml(source.encode(), "feed.xml")
    assert document.title == "News"
    assert document.metadata == {"language": "de"}
    assert "description: Big sale" in document.text


def test_a_sentence_with_marked_words_is_one_text():
    assert seen("<doc><p>Press <b>save</b> now.</p><q>x</q></doc>")[0] == (
        "text",
        "Press save now.",
    )


def test_attributes_say_what_an_element_means():
    assert seen('<a><limit unit="days">30</limit><flag on="yes"/></a>') == [
        ("text", "limit: 30 (unit: days)"),
        ("text", "flag: on: yes"),
    ]


def test_a_billion_laughs_end_at_once_and_harmlessly():
    rest = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    source = f'<!DOCTYPE x [<!ENTITY e0 "ha">{rest}]><x a="&e9;">&e9; end</x>'
    started = time.process_time()
    assert seen(source) == [("text", "x: &e9; end")]
    assert time.process_time() - started < 1


def test_files_of_the_machine_are_never_read():
    source = '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/passwd">]><x>&f;</x>'
    assert seen(source) == [("text", "x: &f;")]


@pytest.mark.parametrize(
    "source",
    [
        "<a><b></a>",
        "<a>" * 100_000,
        "<!DOCTYPE a [<!ENTITY b 'c'>",
        "<!DOCTYPE a><!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>",
        "<!DOCTYPE " * 100_000,
        "<a " + " ".join(f"n{number}='1'" for number in range(2_000)) + "/>",
    ],
    ids=["unclosed", "deep", "open doctype", "two doctypes", "doctypes", "attributes"],
)
def test_what_is_not_well_formed_is_corrupt(source):
    assert reason(source) == "corrupt"


def test_the_declared_encoding_is_followed():
    source = '<?xml version="1.0" encoding="iso-8859-1"?><a>Straße</a>'
    (element,) = parse_xml(source.encode("latin-1"), "a.xml").elements
    assert element.plain == "a: Straße"
