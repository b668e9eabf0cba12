"""PowerPoint presentations: slides in order, with everything on them that is text."""

from io import BytesIO

import pytest
from pptx import Presentation
from pptx.chart.data import CategoryChartData
from pptx.enum.chart import XL_CHART_TYPE
from pptx.oxml import parse_xml
from pptx.util import Inches

from core.errors import ParseError
from ingest.parsers.pptx_parser import parse_pptx

_BOX = (Inches(1), Inches(2), Inches(5), Inches(2))


def parsed(presentation):
    stream = BytesIO()
    presentation.save(stream)
    return parse_pptx(stream.getvalue(), "decks/cold-store.pptx")


def plains(document):
    return [(element.kind, element.page, element.plain) for element in document.elements]


@pytest.fixture
def deck():
    return Presentation()


@pytest.fixture
def slide(deck):
    return deck.slides.add_slide(deck.slide_layouts[6])


def test_a_slide_is_its_title_its_list_and_its_notes(deck):
    deck.core_properties.author = "Ann"
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Daily check"
    slide.placeholders[1].text_frame.text = "Close the door"
    slide.placeholders[1].text_frame.add_paragraph().text = "Read the temperature"
    slide.notes_slide.notes_text_frame.text = "Point at the ice."
    document = parsed(deck)
    assert plains(document) == [
        ("heading", 1, "Daily check"),
        ("list_item", 1, "Close the door"),
        ("list_item", 1, "Read the temperature"),
        ("heading", 1, "Speaker notes"),
        ("text", 1, "Point at the ice."),
    ]
    assert document.metadata["author"] == "Ann"


def test_the_title_slide_names_the_presentation(deck):
    deck.slides.add_slide(deck.slide_layouts[0]).shapes.title.text = "Cold store 2026"
    assert parsed(deck).title == "Cold store 2026"


def test_a_slide_without_a_title_has_its_number_and_an_empty_one_is_passed_over(deck, slide):
    second = deck.slides.add_slide(deck.slide_layouts[6])
    second.shapes.add_textbox(*_BOX).text_frame.text = "Only words"
    assert plains(parsed(deck)) == [("heading", 2, "Slide 2"), ("text", 2, "Only words")]


def test_tables_and_charts_are_written_row_by_row(deck, slide):
    table = slide.shapes.add_table(2, 2, *_BOX).table
    for number, text in enumerate(("Room", "Limit", "A", "=SUM(B1)")):
        table.cell(number // 2, number % 2).text = text
    data = CategoryChartData()
    data.categories = ["May"]
    data.add_series("Losses", (7,))
    chart = slide.shapes.add_chart(XL_CHART_TYPE.PIE, *_BOX, data).chart
    chart.has_title = True
    chart.chart_title.text_frame.text = "Losses a month"
    assert [plain for _, _, plain in plains(parsed(deck))[1:]] == [
        "Room | Limit",
        "Room: A; Limit: =SUM(B1)",
        "Losses a month",
        "Losses",
        "May; Losses: 7",
    ]


def test_groups_descriptions_and_newer_shapes_are_read_and_hidden_ones_are_not(deck, slide):
    outer = slide.shapes.add_group_shape()
    box = outer.shapes.add_group_shape().shapes.add_textbox(*_BOX)
    box.text_frame.text = "In two groups"
    hidden = slide.shapes.add_textbox(*_BOX)
    hidden.text_frame.text = "Not to be seen"
    hidden._element.nvSpPr.cNvPr.set("hidden", "1")
    newer = slide.shapes.add_textbox(*_BOX)
    newer.text_frame.text = "Newer"
    tree = slide.shapes._spTree
    choice = parse_xml(
        '<mc:AlternateContent xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006">'
        "<mc:Choice/><mc:Fallback/></mc:AlternateContent>"
    )
    tree.append(choice)
    choice[0].append(newer._element)
    assert [plain for _, _, plain in plains(parsed(deck))] == ["Slide 1", "In two groups", "Newer"]


def test_pictures_are_read_as_their_description(deck, slide):
    frame = slide.shapes.add_table(1, 1, *_BOX)
    frame._element.nvGraphicFramePr.cNvPr.set("descr", "not read: it has text")
    picture = parse_xml(
        '<p:pic xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main"><p:nvPicPr>'
        '<p:cNvPr id="9" name="x" descr="The door of the cold store"/></p:nvPicPr></p:pic>'
    )
    slide.shapes._spTree.append(picture)
    assert plains(parsed(deck))[1:] == [("text", 1, "The door of the cold store")]


def test_a_slide_that_is_listed_many_times_is_read_once(deck, slide):
    slide.shapes.add_textbox(*_BOX).text_frame.text = "Once"
    ids = deck.slides._sldIdLst
    for number in range(50):
        again = parse_xml(ids.sldId_lst[0].xml)
        again.set("id", str(1000 + number))
        ids.append(again)
    assert parsed(deck).text == "Slide 1\n\nOnce"


def test_an_archive_of_something_else_is_unsupported():
    from zipfile import ZipFile

    stream = BytesIO()
    with ZipFile(stream, "w") as archive:
        archive.writestr("word/document.xml", "<a/>")
    with pytest.raises(ParseError) as caught:
        parse_pptx(stream.getvalue(), "deck.pptx")
    assert caught.value.reason == "unsupported"
