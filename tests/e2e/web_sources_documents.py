"""One document of each format, each with a fact that no other one has, for the tests of the drawer."""

from dataclasses import dataclass
from email.message import EmailMessage
from io import BytesIO
from pathlib import Path

import docx
import openpyxl
from fpdf import FPDF
from pptx import Presentation

_FILLER = (
    "The valley station looks after the cable, the cabins and the people who ride in them. "
    "Every shift writes down what it saw, and the next one reads it before the first cabin leaves. "
)


@dataclass(frozen=True, slots=True)
class Made:
    """A document: its name, its bytes, a question that it alone answers, words of the answer."""

    name: str
    content: bytes
    question: str
    words: str


def made_documents() -> tuple[Made, ...]:
    """Return the documents."""
    return (
        Made("lantern.md", _markdown(), "Who trims the harbour lanterns?", "Berit Solheim"),
        Made("kiln.txt", _text(), "How hot does the pottery kiln get?", "1,240 degrees"),
        Made("gondola.pdf", _pdf(), "What wind speed stops the gondola?", "62 kilometres"),
        Made("orchard.docx", _docx(), "Which rootstock do the plum trees have?", "Wavit"),
        Made("beehives.xlsx", _xlsx(), "How much honey did hive Juniper give?", "31.5"),
        Made("telescopes.csv", _csv(), "What aperture has the telescope Kestrel-0417?", "417"),
        Made("ferry.html", _html(), "How many bicycles may the ferry carry?", "38 bicycles"),
        Made("vaccine.eml", _eml(), "Which dose does the reindeer vaccine need?", "2 millilitres"),
        Made("archive.pptx", _pptx(), "How humid may the parchment vault be?", "45 percent"),
    )


def write_documents(folder: Path) -> tuple[Made, ...]:
    """Write the documents into a folder; return them."""
    folder.mkdir(parents=True, exist_ok=True)
    made = made_documents()
    for document in made:
        (folder / document.name).write_bytes(document.content)
    return made


def _markdown() -> bytes:
    rows = "\n".join(f"| Pier {n} | {n + 2} lanterns |" for n in range(1, 7))
    return (
        "# Harbour lanterns\n\n## Who does what\n\n"
        "The harbour lanterns are trimmed by **Berit Solheim** every evening at dusk. "
        "She also fills the oil.\n\n"
        f"## Where they hang\n\n| Pier | Count |\n|---|---|\n{rows}\n"
    ).encode()


def _text() -> bytes:
    return (
        f"POTTERY KILN\n\n{_FILLER * 4}\n\nThe pottery kiln gets as hot as 1,240 degrees Celsius. It takes nine "
        f"hours to get there.\n\n{_FILLER * 30}\n"
    ).encode()


def _pdf() -> bytes:
    pdf = FPDF()
    pdf.set_font("Helvetica", size=11)
    sections = {
        "Gondola handbook": _FILLER * 3,
        "Wind": (
            f"{_FILLER}\n\nThe gondola is stopped as soon as the wind speed is higher than 62 kilometres an hour "
            f"at the upper mast, whatever the timetable says and however many passengers wait.\n\n{_FILLER * 2}"
        ),
        "Cabins": _FILLER * 5,
    }
    for title, text in sections.items():
        pdf.add_page()
        pdf.set_font("Helvetica", style="B", size=16)
        pdf.cell(text=title, new_x="LMARGIN", new_y="NEXT", h=12)
        pdf.set_font("Helvetica", size=11)
        pdf.multi_cell(w=0, h=6, text=text)
    return bytes(pdf.output())


def _docx() -> bytes:
    document = docx.Document()
    document.add_heading("Orchard plan", 1)
    document.add_paragraph(f"Trees, their rootstocks and when they are cut. {_FILLER}")
    table = document.add_table(rows=1, cols=3)
    for cell, text in zip(table.rows[0].cells, ("Tree", "Rootstock", "Cut in"), strict=True):
        cell.text = text
    rows = (
        ("Apple trees", "M9", "February"),
        ("Plum trees", "Wavit", "August"),
        ("Pear trees", "Quince C", "March"),
    )
    for row in rows:
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    document.add_paragraph("The orchard is open to visitors on Sundays.")
    return _saved(document)


def _xlsx() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Honey 2026"
    sheet.append(["Hive", "Honey (kg)", "Queen", "Keeper"])
    for hive, honey, queen, keeper in (
        ("Hive Heather", 24.0, "2024", "Ada"),
        ("Hive Juniper", 31.5, "2025", "Mikkel"),
        ("Hive Willow", 18.25, "2023", "Ada"),
    ):
        sheet.append([hive, honey, queen, keeper])
    return _saved(book)


def _csv() -> bytes:
    lines = ["telescope,aperture_mm,dome,keeper"]
    lines += [f"Kestrel-{n:04d},{n},dome {n % 9},keeper {n % 31}" for n in range(1, 901)]
    return "\n".join(lines).encode()


def _html() -> bytes:
    return (
        f"<html><head><title>Island ferry</title></head><body><h1>Island ferry</h1><p>{_FILLER * 2}</p>"
        "<p>The ferry may carry 38 bicycles on one crossing, and no more.</p>"
        "<table><tr><th>Pier</th><th>Leaves</th><th>Fare</th></tr><tr><td>North pier</td><td>07:15</td>"
        "<td>4.20</td></tr><tr><td>South pier</td><td>08:40</td><td>5.10</td></tr></table>"
        "<script>document.title = 'taken over'</script></body></html>"
    ).encode()


def _eml() -> bytes:
    mail = EmailMessage()
    mail["From"] = "Inga Nilsen <inga@brightwater.example>"
    mail["To"] = "Herders <herders@brightwater.example>"
    mail["Cc"] = "Tor <tor@brightwater.example>"
    mail["Date"] = "Tue, 10 Feb 2026 08:30:00 +0100"
    mail["Subject"] = "Reindeer vaccine"
    mail.set_content(
        "Dear all,\n\nthe reindeer vaccine needs a dose of 2 millilitres for each animal, given before the autumn "
        "move.\n\nInga\n"
    )
    return mail.as_bytes()


def _pptx() -> bytes:
    slides = Presentation()
    for title, body in (
        ("Archive tour", "Where the oldest papers are kept"),
        ("Parchment vault", "The parchment vault may be as humid as 45 percent, never more"),
        ("Map room", "Maps hang, they are not rolled"),
    ):
        slide = slides.slides.add_slide(slides.slide_layouts[1])
        slide.shapes.title.text = title
        slide.placeholders[1].text = body
    return _saved(slides)


def _saved(document: object) -> bytes:
    stream = BytesIO()
    document.save(stream)  # type: ignore[attr-defined]
    return stream.getvalue()
