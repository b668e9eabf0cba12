"""Word documents: headings, lists, tables, and what the libraries pass over."""

from io import BytesIO

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from ingest.parsers.docx_parser import parse_docx


def stored(document):
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def parsed(document):
    return parse_docx(stored(document), "policies/leave-policy.docx")


@pytest.fixture
def document():
    return Document()


def test_headings_paragraphs_and_lists_keep_their_kind_and_order(document):
    document.add_heading("Leave policy", level=1)
    document.add_paragraph("Everybody has 25 days of leave in a year.")
    document.add_heading("How to ask", level=2)
    document.add_paragraph("Write to your manager.", style="List Bullet")
    document.add_paragraph("Signed by Ann")
    result = parsed(document)
    assert [(e.kind, e.level, e.plain) for e in result.elements] == [
        ("heading", 1, "Leave policy"),
        ("text", 0, "Everybody has 25 days of leave in a year."),
        ("heading", 2, "How to ask"),
        ("list_item", 0, "Write to your manager."),
        ("text", 0, "Signed by Ann"),
    ]
    assert result.title == "Leave policy"


def test_the_title_style_names_the_document(document):
    document.add_paragraph("Annual report", style="Title")
    document.add_heading("Part", level=1)
    result = parsed(document)
    assert result.title == "Annual report"
    assert [e.kind for e in result.elements] == ["title", "heading"]


def test_without_heading_styles_bold_lines_are_headings(document):
    document.add_paragraph().add_run("Opening hours").bold = True
    document.add_paragraph("We are open all day.")
    assert [e.kind for e in parsed(document).elements] == ["heading", "text"]


def test_table_rows_carry_the_names_of_their_columns(document):
    table = document.add_table(rows=3, cols=2)
    for row, cells in zip(
        table.rows, [("Who", "What"), ("Ann", "asks"), ("", "waits")], strict=True
    ):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    for cell in table.rows[0].cells:
        cell.paragraphs[0].runs[0].bold = True
    assert [(e.kind, e.plain, e.header) for e in parsed(document).elements] == [
        ("table_row", "Who | What", "Who | What"),
        ("table_row", "Who: Ann; What: asks", "Who | What"),
        ("table_row", "What: waits", "Who | What"),
    ]


def test_content_controls_and_tracked_insertions_are_read_and_deletions_are_not(document):
    paragraph = document.add_paragraph("Start ")
    paragraph._p.append(parse_xml(f"<w:ins {nsdecls('w')}><w:r><w:t>inserted </w:t></w:r></w:ins>"))
    paragraph._p.append(
        parse_xml(f"<w:del {nsdecls('w')}><w:r><w:delText>deleted</w:delText></w:r></w:del>")
    )
    paragraph._p.append(
        parse_xml(
            f"<w:sdt {nsdecls('w')}><w:sdtContent><w:r><w:t>controlled</w:t></w:r>"
            "</w:sdtContent></w:sdt>"
        )
    )
    assert parsed(document).text == "Start inserted controlled"


def test_text_boxes_are_read_behind_their_paragraph_in_their_order(document):
    paragraph = document.add_paragraph("Beside the boxes.")
    for words in ("First box.", "Second box."):
        paragraph._p.append(
            parse_xml(
                f"<w:r {nsdecls('w')} xmlns:v='urn:schemas-microsoft-com:vml'><w:pict><v:shape><v:textbox>"
                f"<w:txbxContent><w:p><w:r><w:t>{words}</w:t></w:r></w:p></w:txbxContent>"
                "</v:textbox></v:shape></w:pict></w:r>"
            )
        )
    document.add_paragraph("After the boxes.")
    plains = [element.plain for element in parsed(document).elements]
    assert plains == ["Beside the boxes.", "First box.", "Second box.", "After the boxes."]


def test_running_headers_are_left_out(document):
    document.sections[0].header.paragraphs[0].text = "Confidential header"
    document.sections[0].footer.paragraphs[0].text = "Page footer"
    document.add_paragraph("Body text only.")
    assert parsed(document).text == "Body text only."


def test_the_title_property_is_used_when_no_heading_is_there(document):
    document.core_properties.title = "Travel rules"
    document.add_paragraph("Take the train.")
    assert parsed(document).title == "Travel rules"
