"""Texts and slides in the formats beside OOXML: .doc, .odt, .rtf, .ppt, .odp."""

from io import BytesIO
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ParseError
from ingest.parsers.doc_parser import parse_doc
from ingest.parsers.open_document_parser import parse_open_document
from ingest.parsers.ppt_parser import parse_ppt
from ingest.parsers.rtf_parser import parse_rtf

FIXTURES = Path(__file__).parent / "fixtures"
TEXTS = {"doc": parse_doc, "odt": parse_open_document, "rtf": parse_rtf}
SLIDES = {"ppt": parse_ppt, "odp": parse_open_document}


def fixture(ending):
    return (FIXTURES / f"cold-store.{ending}").read_bytes()


def rtf(body):
    return [
        (element.kind, element.level, element.plain)
        for element in parse_rtf(rb"{\rtf1\ansi " + body + b"}", "x.rtf").elements
    ]


def odf(body):
    stream = BytesIO()
    names = 'xmlns:office="o" xmlns:text="t" xmlns:table="b" xmlns:draw="d" xmlns:svg="s"'
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        archive.writestr(
            "content.xml", f"<document {names}><office:body>{body}</office:body></document>"
        )
    return stream.getvalue()


def odt(body):
    document = parse_open_document(odf(f"<office:text>{body}</office:text>"), "x.odt")
    return [element.plain for element in document.elements]


@pytest.mark.parametrize("ending", TEXTS)
def test_a_text_keeps_headings_lists_tables_and_umlauts(ending):
    document = TEXTS[ending](fixture(ending), f"x.{ending}")
    assert [(element.kind, element.level, element.plain) for element in document.elements] == [
        ("heading", 1, "Kühlhaus: tägliche Prüfung"),
        ("text", 0, "Die Prüfung beginnt um 6 Uhr. “Zu warm” heißt: über −18 °C."),
        ("heading", 2, "Ablauf"),
        ("list_item", 0, "Tür schließen"),
        ("list_item", 0, "Temperatur ablesen"),
        ("heading", 2, "Grenzwerte"),
        ("table_row", 0, "Raum | Grenze | Formel"),
        ("table_row", 0, "Raum: A; Grenze: -18; Formel: =SUM(B2:B3)"),
        ("table_row", 0, "Raum: B; Grenze: -20"),
        ("text", 0, "Fragen an die Schichtleitung."),
    ]
    assert document.metadata["author"] == "Anna Müller"
    assert document.metadata["created"].startswith("2026-01-14T09:00:00")


@pytest.mark.parametrize("ending", SLIDES)
def test_slides_keep_titles_tables_and_notes(ending):
    document = SLIDES[ending](fixture(ending), f"x.{ending}")
    assert [(element.page, element.plain) for element in document.elements] == [
        (1, "Kühlhaus: tägliche Prüfung"),
        (1, "Tür schließen"),
        (1, "Temperatur ablesen"),
        (1, "Speaker notes"),
        (1, "Auf das Eis am Boden hinweisen."),
        (2, "Grenzwerte"),
        (2, "Raum | Grenze | Formel"),
        (2, "Raum: A; Grenze: -18; Formel: =SUM(B2:B3)"),
        (2, "Raum: B; Grenze: -20; Formel: keine"),
    ]


def test_encrypted_word_and_powerpoint_files_are_reported():
    doc = fixture("doc")
    place = doc.index(b"\xec\xa5")
    flagged = doc[: place + 11] + bytes([doc[place + 11] | 1]) + doc[place + 12 :]
    ppt = fixture("ppt").replace(b"\x5f\xc0\x91\xe3", b"\xdf\xc4\xd1\xf3")
    for parser, content in ((parse_doc, flagged), (parse_ppt, ppt)):
        with pytest.raises(ParseError) as caught:
            parser(content, "x")
        assert caught.value.reason == "encrypted"


def test_a_property_that_counts_to_four_thousand_million_is_lost_alone():
    author = b"\x1e\0\0\0\x0d\0\0\0Anna M"
    content = fixture("ppt")
    assert content.count(author) == 1
    document = parse_ppt(content.replace(author, b"\x1e\x10\0\0\xff\xff\xff\xffAnna M"), "x.ppt")
    assert document.elements
    assert document.metadata == {}


@pytest.mark.parametrize("ending", ["doc", "ppt"])
def test_an_old_file_of_another_kind_is_corrupt(ending):
    parser, other = (parse_doc, "ppt") if ending == "doc" else (parse_ppt, "doc")
    with pytest.raises(ParseError) as caught:
        parser(fixture(other), f"x.{ending}")
    assert caught.value.reason == "corrupt"


def test_rtf_headings_are_told_by_style_or_outline_level():
    styles = rb"{\stylesheet{\s1 heading 1;}{\s2\outlinelevel1 Own;}{\s3 Title;}}"
    body = rb"\pard\s3 T\par\pard\s1 One\par\pard\s2 Two\par\pard\outlinelevel2 Three\par\pard Text\par"
    assert [(kind, level) for kind, level, _ in rtf(styles + body)] == [
        ("title", 0),
        ("heading", 1),
        ("heading", 2),
        ("heading", 3),
        ("text", 0),
    ]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (rb"caf\'e9 \u8364?\uc2\u8211--x\~y", "café €–x y"),
        (rb"{\fonttbl{\f1\fcharset128 M;}}\f1 \'93\'fa\'96\'7b", "日本"),
        (rb"\u-10179?\u-8704?", "\U0001f600"),
        (rb'{\field{\*\fldinst HYPERLINK "x"}{\fldrslt shown}}', "shown"),
        (rb"a{\v hidden}{\deleted gone}{\header top}{\pict 00ff}{\*\unknown x}b", "ab"),
        (rb"a\bin4 {{{{b", "ab"),
        (rb"{\upr{old}{\*\ud{new}}}", "new"),
        (rb"{\shp{\*\shpinst{\sp{\sn n}{\sv v}}{\shptxt boxed\par}}}body\par", "body boxed"),
        (rb"body{\footnote noted\par} goes on\par", "body goes on noted"),
    ],
)
def test_rtf_reads_what_a_reader_sees(body, expected):
    assert " ".join(plain for _, _, plain in rtf(body)) == expected


def test_rtf_that_never_closes_its_groups_is_corrupt():
    with pytest.raises(ParseError, match="nested too deeply"):
        parse_rtf(b"{\\rtf1 " + b"{" * 100_000, "x.rtf")


@given(st.text(alphabet="{}\\'*abu0123 \n", max_size=200))
def test_no_rtf_is_too_strange(body):
    assert parse_rtf(b"{\\rtf1 " + body.encode(), "x.rtf").title


def test_odt_reads_spaces_notes_and_boxes_and_no_deletions_or_comments():
    assert odt(
        "<text:tracked-changes><text:deletion><text:p>deleted</text:p></text:deletion></text:tracked-changes>"
        '<text:p>one<text:s text:c="3"/>two<text:line-break/>three<office:annotation><text:p>comment</text:p>'
        "</office:annotation><text:note><text:note-citation>1</text:note-citation><text:note-body>"
        "<text:p>noted</text:p></text:note-body></text:note> four<draw:frame><draw:text-box><text:p>boxed"
        "</text:p></draw:text-box></draw:frame><draw:frame><svg:desc>A door</svg:desc></draw:frame></text:p>"
    ) == ["one two\nthree four", "noted", "boxed", "A door"]


def test_odt_tables_keep_their_head_even_without_numbers():
    cell = "<table:table-cell><text:p>{}</text:p></table:table-cell>"

    def row(*texts):
        return f"<table:table-row>{''.join(map(cell.format, texts))}</table:table-row>"

    head = f"<table:table-header-rows>{row('Who', 'What')}</table:table-header-rows>"
    assert odt(f"<table:table>{head}{row('Ann', 'asks')}</table:table>") == [
        "Who | What",
        "Who: Ann; What: asks",
    ]


def test_repeated_rows_of_a_workbook_are_bounded():
    def sheet(row):
        return odf(
            f'<office:spreadsheet><table:table table:name="S">{row}</table:table></office:spreadsheet>'
        )

    cell = '<table:table-cell table:number-columns-repeated="16384">{}</table:table-cell>'
    row = f'<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>'
    text = "<text:p>x</text:p>"
    end = f"<table:table-row><table:table-cell>{text}</table:table-cell></table:table-row>"
    assert parse_open_document(sheet(row.format("") * 100 + end), "x.ods").text == "S\n\nx"
    with pytest.raises(ParseError) as caught:
        parse_open_document(sheet(row.format(text)), "x.ods")
    assert caught.value.reason == "archive_bomb"


def test_an_encrypted_open_document_is_reported():
    stream = BytesIO(odf(""))
    with ZipFile(stream, "a") as archive:
        archive.writestr("META-INF/manifest.xml", "<manifest:encryption-data/>")
    with pytest.raises(ParseError) as caught:
        parse_open_document(stream.getvalue(), "x.odt")
    assert caught.value.reason == "encrypted"
