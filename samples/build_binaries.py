"""Write the DOCX and PDF sample documents.

Run by hand when their text changes, and commit the result:

    python samples/build_binaries.py

Needs python-docx and fpdf2. The output depends on nothing but this file: dates are fixed,
so a second run writes the same bytes.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import docx
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace

DOCUMENTS = Path(__file__).resolve().parent / "documents"
AUTHOR = "Brightwater Instruments"
ZIP_DATE = (1980, 1, 1, 0, 0, 0)

BODY_SIZE = 10.5
HEADING_SIZES = {0: 21, 1: 15, 2: 12.5}


@dataclass(frozen=True)
class Heading:
    """A heading: level 1 or 2."""

    text: str
    level: int = 1


@dataclass(frozen=True)
class Text:
    """One paragraph."""

    text: str


@dataclass(frozen=True)
class Items:
    """A list, with bullets or numbers."""

    items: tuple[str, ...]
    numbered: bool = False


@dataclass(frozen=True)
class Code:
    """Command lines, set in a fixed-width font."""

    lines: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table. The first row is the header."""

    rows: tuple[tuple[str, ...], ...]
    widths: tuple[int, ...]


Block = Heading | Text | Items | Code | Table


@dataclass(frozen=True)
class Document:
    """One document: where it goes, what it says and how it is dated."""

    path: str
    title: str
    number: str
    date: datetime
    blocks: tuple[Block, ...]


PURCHASING = Document(
    path="policies/purchasing-policy.docx",
    title="Purchasing policy",
    number="POL-007",
    date=datetime(2025, 9, 15, 9, 0, tzinfo=UTC),
    blocks=(
        Text(
            "Version 5, in force since 15 September 2025. Owner: chief financial officer. "
            "This policy covers everything we buy except travel and salaries."
        ),
        Heading("Before you buy"),
        Text(
            "Write down what you need before you talk to a supplier. Look in the catalogue in "
            "the purchasing portal first: about 400 common items have an agreed price there and "
            "need no quotes."
        ),
        Items(
            (
                "Ask Finance for a cost centre if you do not know it.",
                "Do not split a purchase into parts to stay below a limit.",
                "Amounts are without VAT. For contracts, count the whole term.",
                "Every purchase above 500 EUR needs a purchase order number.",
            )
        ),
        Heading("Approval limits"),
        Text("The limits apply to each purchase, and to all offices in the same way."),
        Table(
            rows=(
                ("Amount", "Who approves", "Quotes needed"),
                ("up to 1,000 EUR", "Team lead", "none"),
                ("1,001 to 10,000 EUR", "Head of department", "two written quotes"),
                ("10,001 to 50,000 EUR", "Chief financial officer", "three written quotes"),
                (
                    "above 50,000 EUR",
                    "Chief executive and chief financial officer together",
                    "three written quotes and a comparison on one page",
                ),
            ),
            widths=(45, 65, 60),
        ),
        Text(
            "The board is informed of purchases above 250,000 EUR before the order is placed. "
            "When an approver is away for more than three days, the next higher level approves."
        ),
        Heading("Exceptions", 2),
        Items(
            (
                "The primary on call may spend up to 500 EUR without approval.",
                "Field service may buy parts for up to 800 EUR when a customer has no readings.",
                "A single source is allowed if the head of department writes down the reason.",
            )
        ),
        Heading("Choosing a supplier"),
        Text(
            "Price is not everything. We compare price, delivery time, repair, and how the "
            "supplier treats people and the environment. Price counts for at most 60 percent."
        ),
        Heading("New suppliers", 2),
        Items(
            (
                "Fill in the supplier form. Finance checks the company within five working days.",
                "Suppliers of parts for probes need a release by the quality manager.",
                "Both sides sign the supplier code before the first order above 5,000 EUR.",
            ),
            numbered=True,
        ),
        Heading("Software and cloud services", 2),
        Text(
            "Software that touches customer data needs a security review before the order. "
            "The security review takes up to 10 working days. "
            "Free trials count as purchases as soon as real data is used."
        ),
        Text(
            "Subscriptions are ended or confirmed once a year, in October. A subscription nobody "
            "confirms by 31 October is cancelled."
        ),
        Heading("Orders, delivery and invoices"),
        Text("Only Finance and the warehouse send orders. An order by mail or phone is not valid."),
        Items(
            (
                "The standard payment term is 30 days after receipt of the invoice.",
                "Prepayment of more than 20 percent needs the chief financial officer.",
                "Check the goods within three working days and confirm them in the portal.",
                "Invoices go to invoices@brightwater.example with the purchase order number.",
            )
        ),
        Text(
            "A change of a supplier's bank account is confirmed by Finance by phone, with a number "
            "that we already had. There are no exceptions, however urgent it sounds."
        ),
        Heading("Conflicts of interest"),
        Text(
            "If you or a relative have a stake in a supplier, declare it and leave the decision to "
            "somebody else. The gift rules in the code of conduct apply to suppliers too."
        ),
        Heading("Questions"),
        Text("Write to purchasing@brightwater.example or call extension 4510."),
    ),
)

REVIEWS = Document(
    path="people-private/performance-review-guide.docx",
    title="Performance review guide 2026",
    number="PPL-012",
    date=datetime(2026, 1, 26, 9, 0, tzinfo=UTC),
    blocks=(
        Text(
            "For the People team only. Version of 26 January 2026. Managers get a shorter version "
            "without the numbers on pay."
        ),
        Heading("Calendar"),
        Table(
            rows=(
                ("Step", "Who", "Done by"),
                ("Self review, one page", "every employee", "6 March 2026"),
                ("Review talk and draft rating", "manager", "20 March 2026"),
                ("Calibration", "heads of department and People team", "27 March 2026"),
                ("Final rating told to employee", "manager", "10 April 2026"),
                ("Salary letter", "People team", "17 April 2026"),
            ),
            widths=(60, 65, 45),
        ),
        Text("New salaries apply from 1 April 2026 and are paid with the April salary."),
        Text("People who joined after 1 October 2025 have a talk but get no rating."),
        Heading("Ratings"),
        Text("There are four ratings. There is no quota, but we look at the spread."),
        Table(
            rows=(
                ("Rating", "Meaning", "Expected share"),
                ("4", "Clearly more than the role asks for, over the whole year", "10 to 15 %"),
                ("3", "Does what the role asks for, reliably", "65 to 75 %"),
                ("2", "Part of the role is not yet done well", "10 to 15 %"),
                ("1", "The role is not filled, action is needed now", "below 5 %"),
            ),
            widths=(20, 105, 45),
        ),
        Heading("Calibration", 2),
        Items(
            (
                "Calibration takes place from 25 to 27 March, one session for each department.",
                "The People team brings last year's ratings and the salary bands.",
                "Managers explain every 4 and every 1 with two examples.",
                "A rating is changed only if the manager was heard.",
            ),
            numbered=True,
        ),
        Heading("Pay"),
        Text("The salary pool for 2026 is 3.1 percent of the base salaries."),
        Items(
            (
                "Rating 4: raise of 4 to 6 percent.",
                "Rating 3: raise of 2.5 to 3.5 percent.",
                "Rating 2: raise of 0 to 1.5 percent.",
                "Rating 1: no raise.",
            )
        ),
        Text(
            "Salaries below the minimum of the band are raised to the minimum first, before the "
            "pool is shared. Nobody goes above the maximum of the band. Instead, they get a "
            "one-time payment of at most half the raise."
        ),
        Text("Promotions have their own budget of 0.6 percent and are decided in calibration."),
        Heading("Difficult talks"),
        Text("After a rating of 1, a written plan of 90 days starts within two weeks."),
        Items(
            (
                "The plan has at most three goals, each with a date.",
                "Manager, employee and People team meet every two weeks.",
                "The employee may bring a colleague or a member of the works council.",
            )
        ),
        Heading("Objections", 2),
        Text(
            "Employees may object to a rating within 15 working days. "
            "The head of People and a manager from another department decide within three weeks."
        ),
        Heading("Keeping the papers"),
        Text(
            "Reviews are part of the personnel file. Notes from calibration are destroyed by "
            "30 June 2026."
        ),
    ),
)

RESTORE = Document(
    path="runbooks/database-restore.pdf",
    title="Runbook: database restore",
    number="RB-003",
    date=datetime(2025, 11, 20, 9, 0, tzinfo=UTC),
    blocks=(
        Text(
            "Owner: platform team. Version of 20 November 2025, written after the drill of "
            "12 November 2025."
        ),
        Text(
            "Use this runbook when both the primary at site BE-1 and the standby at site NO-1 are "
            "lost or hold wrong data. If only the primary is lost, change over to the standby. "
            "That takes about four minutes and is much safer than a restore."
        ),
        Heading("1. Goals and facts"),
        Items(
            (
                "The recovery point objective is 5 minutes.",
                "The recovery time objective is 4 hours.",
                "A full backup of each database starts every night at 01:30 UTC.",
                "The write-ahead log is copied to NO-1 every 5 minutes.",
                "Backups are kept for 35 days and then deleted automatically.",
                "In the drill of 12 November 2025 the full restore took 2 hours and 47 minutes.",
                "Restore drills take place every four months. The next one is in March 2026.",
            )
        ),
        Table(
            rows=(
                ("Database", "Size (GB)", "Restore order", "Time in the drill"),
                ("registry", "38", "1", "6 min"),
                ("certs", "4", "2", "2 min"),
                ("alarms", "210", "3", "19 min"),
                ("rollups", "640", "4", "41 min"),
                ("raw", "9,100", "5", "99 min"),
            ),
            widths=(45, 35, 40, 50),
        ),
        Text("Customers can sign in again as soon as the first four databases are back."),
        Heading("2. Before you start"),
        Heading("Two people", 2),
        Text("A restore is always done by two people: one types, the other reads along."),
        Text(
            "Call the platform lead first. If the platform lead cannot be reached within "
            "15 minutes, the chief technology officer decides. Open a SEV1 incident and note the "
            "time of every step in it."
        ),
        Heading("The key", 2),
        Text(
            "Backups are encrypted. One half of the key is in the password manager of the platform "
            "team, the other half on paper."
        ),
        Text("The paper half is in the safes in Tromsø and Ghent."),
        Text("Reception opens the safe for anybody on the list inside the safe door."),
        Heading("Stop the writers", 2),
        Text(
            "Nothing may write to the databases during the restore. The queue on mqtt-edge holds "
            "72 hours of readings, so nothing is lost."
        ),
        Code(
            (
                "wlctl service stop stream-worker rollup alerts-engine",
                "wlctl service maintenance on --message 'Restore in progress'",
                "wlctl service status --all",
            )
        ),
        Heading("3. Restore"),
        Text("Repeat these steps for each database, in the order of the table in section 1."),
        Items(
            (
                "Choose the point in time. Take the last minute you are sure is good.",
                "List the backups and pick the newest one before that point.",
                "Create an empty target. Never restore over the damaged database.",
                "Start the restore and write down the job number.",
                "Wait for the line 'consistent state reached'.",
                "Compare the row counts with the nightly report. A difference of 0.1 % is normal.",
            ),
            numbered=True,
        ),
        Code(
            (
                "wlctl backup list --db NAME --last 5",
                "wlctl db create-target --db NAME --site be-1",
                "wlctl db restore --db NAME --backup ID --until '2025-11-12 08:55 UTC'",
                "wlctl db verify --db NAME --against nightly-report",
            )
        ),
        Heading("If a restore stops", 2),
        Items(
            (
                "Disk full: add a volume with 'wlctl volume grow', then resume the job.",
                "Wrong checksum: take the backup of the night before and a longer log.",
                "Key refused: check that both halves are from the same year.",
                "Anything else: stop after the second try and call the platform lead.",
            )
        ),
        Heading("4. Go back to normal"),
        Items(
            (
                "Point the services to the new databases: 'wlctl db promote --db NAME'.",
                "Start stream-worker alone and watch the queue for 10 minutes.",
                "Start rollup and alerts-engine. Mute customer alarms for 2 hours.",
                "Turn maintenance off and sign in as a test customer.",
                "Build a new standby at NO-1. This takes about 11 hours.",
                "Take a full backup at once. Do not wait for the night.",
            ),
            numbered=True,
        ),
        Text(
            "The damaged databases stay untouched for 14 days, for the review. After that the "
            "platform lead deletes them."
        ),
        Heading("5. Tell people"),
        Table(
            rows=(
                ("Who", "When", "By whom"),
                ("All customers, status page", "within 20 minutes", "secondary on call"),
                ("Chief executive", "within 1 hour", "platform lead"),
                ("Data protection officer", "within 4 hours, if data is lost", "platform lead"),
                ("Customers with lost readings", "within 2 working days", "head of product"),
            ),
            widths=(65, 60, 45),
        ),
        Text("Write the review within five working days and file it with the incident."),
    ),
)

DATASHEET = Document(
    path="products/aquasense-3-datasheet.pdf",
    title="AquaSense 3 multi-parameter probe",
    number="DS-AS3-07",
    date=datetime(2026, 1, 28, 9, 0, tzinfo=UTC),
    blocks=(
        Text("Datasheet, revision 7, 28 January 2026. Valid for firmware 3.4.0 and later."),
        Text(
            "AquaSense 3 measures six values with one probe. It is made for rivers, reservoirs, "
            "intakes and sewers, and works for months without a visit. A wiper keeps the sensors "
            "clean. Readings go to a Skerry G2 gateway or to a data logger of your own."
        ),
        Heading("Measurements"),
        Table(
            rows=(
                ("Parameter", "Range", "Accuracy", "Resolution"),
                ("Temperature", "-5 to 50 °C", "±0.1 °C", "0.01 °C"),
                ("pH", "0 to 14", "±0.05", "0.01"),
                ("Dissolved oxygen", "0 to 25 mg/L", "±0.1 mg/L or 1 %", "0.01 mg/L"),
                ("Conductivity", "0 to 100 mS/cm", "±0.5 % of reading", "0.001 mS/cm"),
                ("Turbidity", "0 to 4,000 NTU", "±0.3 NTU or 2 %", "0.01 NTU"),
                ("Depth", "0 to 100 m", "±0.1 % of full scale", "0.01 m"),
            ),
            widths=(45, 42, 48, 35),
        ),
        Text("Where two values are given, the larger one applies. All values are for 20 °C."),
        Heading("Power and memory"),
        Items(
            (
                "The battery pack lasts 14 months in 15-minute mode.",
                "The battery pack lasts 5 months in 5-minute mode.",
                "External supply: 9 to 28 V DC, 0.4 W on average.",
                "The internal memory holds 250,000 readings.",
                "The clock drifts by less than 2 minutes per year and is set by the gateway.",
            )
        ),
        Heading("Mechanics"),
        Table(
            rows=(
                ("Property", "Standard model", "Seawater model"),
                ("Housing", "POM", "titanium grade 2"),
                ("Length", "465 mm", "478 mm"),
                ("Diameter", "48 mm", "52 mm"),
                ("Weight without cable", "1.3 kg", "2.1 kg"),
                ("Protection", "IP68, 100 m", "IP68, 100 m"),
                ("Warranty", "36 months", "24 months"),
            ),
            widths=(60, 55, 55),
        ),
        Heading("Interfaces"),
        Items(
            (
                "RS-485 with Modbus RTU, and SDI-12 version 1.4.",
                "The default Modbus address is 12, at 19,200 baud and even parity.",
                "Cable of 10 m or 25 m. Extensions up to 200 m on RS-485, up to 60 m on SDI-12.",
                "Bluetooth service port under the cap, active for 10 minutes after a magnet tap.",
            )
        ),
        Heading("Calibration and care"),
        Table(
            rows=(
                ("Part", "Calibrate every", "Replace every", "Spare part"),
                ("pH electrode", "3 months", "18 months", "AS3-CAP-PH"),
                ("Dissolved oxygen cap", "12 months", "24 months", "AS3-CAP-DO"),
                ("Conductivity cell", "12 months", "not needed", "none"),
                ("Turbidity window", "6 months", "not needed", "none"),
                ("Wiper", "not needed", "12 months", "AS3-WIP"),
            ),
            widths=(50, 40, 40, 40),
        ),
        Text("A full factory calibration (AS3-CAL) takes three working days in the Tromsø lab."),
        Heading("Storage", 2),
        Text(
            "Store the pH electrode wet, in the cap with storage solution. Store the probe "
            "between 0 and 40 °C. A pH electrode that dried out for more than 48 hours should be "
            "replaced."
        ),
        Heading("Approvals"),
        Items(
            (
                "CE and UKCA. Radio part according to the European radio equipment directive.",
                "Materials in contact with water are approved for drinking water (standard model).",
                "The AquaSense 3 is not approved for explosive areas (ATEX).",
            )
        ),
        Heading("In the box"),
        Text(
            "Probe with cable, protective cage, storage cap, magnet, two O-rings, silicone grease, "
            "calibration certificate and a quick guide in five languages."
        ),
        Text("Order numbers and prices: see the price list. Questions: sales@brightwater.example."),
    ),
)


def add_docx_table(target: docx.document.Document, table: Table) -> None:
    """Append a real Word table with a bold header row."""
    grid = target.add_table(rows=len(table.rows), cols=len(table.rows[0]))
    grid.style = "Table Grid"
    for row, values in zip(grid.rows, table.rows, strict=True):
        for cell, value in zip(row.cells, values, strict=True):
            cell.text = value
    for cell in grid.rows[0].cells:
        for run in cell.paragraphs[0].runs:
            run.bold = True
    target.add_paragraph()


def add_docx_block(target: docx.document.Document, block: Block) -> None:
    """Append one block with Word's own styles."""
    match block:
        case Heading(text, level):
            target.add_heading(text, level=level + 1)
        case Text(text):
            target.add_paragraph(text)
        case Items(items, numbered):
            for item in items:
                target.add_paragraph(item, style="List Number" if numbered else "List Bullet")
        case Code(lines):
            for line in lines:
                target.add_paragraph(line, style="No Spacing")
        case Table():
            add_docx_table(target, block)


def repack(data: bytes) -> bytes:
    """Return the same ZIP archive with fixed file dates."""
    out = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(data)) as source,
        zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as target,
    ):
        for name in source.namelist():
            info = zipfile.ZipInfo(name, date_time=ZIP_DATE)
            info.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(info, source.read(name))
    return out.getvalue()


def build_docx(document: Document) -> bytes:
    """Return the document as a Word file."""
    target = docx.Document()
    properties = target.core_properties
    properties.title = document.title
    properties.author = properties.last_modified_by = AUTHOR
    properties.comments = ""
    properties.created = properties.modified = document.date.replace(tzinfo=None)
    target.sections[0].footer.paragraphs[0].text = f"{AUTHOR} | {document.number}"
    target.add_heading(document.title, level=1)
    for block in document.blocks:
        add_docx_block(target, block)
    buffer = io.BytesIO()
    target.save(buffer)
    return repack(buffer.getvalue())


class Pdf(FPDF):
    """A4 pages with a footer and the few kinds of block we need."""

    def __init__(self, document: Document) -> None:
        """Start the first page of the document."""
        super().__init__(format="A4")
        self.document = document
        self.set_creation_date(document.date)
        self.set_title(document.title)
        self.set_author(AUTHOR)
        self.set_margin(20)
        self.set_auto_page_break(True, margin=22)
        self.add_page()

    def footer(self) -> None:
        """Print the document number and the page number."""
        self.set_y(-15)
        self.set_font("Helvetica", size=8)
        text = f"{AUTHOR} | {self.document.number} | Page {self.page_no()} of {{nb}}"
        self.cell(0, 5, text, align="C")

    def write_line(self, text: str, indent: float = 0) -> None:
        """Write one left-aligned paragraph in the current font."""
        self.set_x(self.l_margin + indent)
        self.multi_cell(0, 5.2, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def add_heading(self, text: str, level: int) -> None:
        """Write a heading, on the next page if there is no room for text below it."""
        if self.will_page_break(28):
            self.add_page()
        size = HEADING_SIZES[level]
        self.ln(0 if level == 0 else 2.5)
        self.set_font("Helvetica", "B", size)
        self.multi_cell(0, size * 0.5, text, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(1.5)

    def add_items(self, items: tuple[str, ...], numbered: bool) -> None:
        """Write a list with its marker in the same line of text."""
        for number, item in enumerate(items, start=1):
            self.write_line(f"{number}. {item}" if numbered else f"- {item}", indent=4)
        self.ln(2)

    def add_code(self, lines: tuple[str, ...]) -> None:
        """Write command lines on grey."""
        self.set_font("Courier", size=9)
        self.set_fill_color(238)
        for line in lines:
            self.cell(0, 5, line, fill=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.set_fill_color(255)
        self.ln(2.5)

    def add_table(self, table: Table) -> None:
        """Write a table with a bold header row, never split over two pages."""
        if self.will_page_break(7 * len(table.rows) + 5):
            self.add_page()
        with self.table(
            table.rows,
            col_widths=table.widths,
            width=sum(table.widths),
            text_align="LEFT",
            line_height=6,
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD"),
        ):
            pass
        self.ln(3)

    def add_block(self, block: Block) -> None:
        """Write one block."""
        self.set_font("Helvetica", size=BODY_SIZE)
        match block:
            case Heading(text, level):
                self.add_heading(text, level)
            case Text(text):
                self.write_line(text)
                self.ln(2)
            case Items(items, numbered):
                self.add_items(items, numbered)
            case Code(lines):
                self.add_code(lines)
            case Table():
                self.add_table(block)


def build_pdf(document: Document) -> bytes:
    """Return the document as a PDF."""
    pdf = Pdf(document)
    pdf.add_heading(document.title, level=0)
    for block in document.blocks:
        pdf.add_block(block)
    return bytes(pdf.output())


def main() -> None:
    """Write all files."""
    for document in (PURCHASING, REVIEWS, RESTORE, DATASHEET):
        path = DOCUMENTS / document.path
        build = build_docx if path.suffix == ".docx" else build_pdf
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(build(document))
        print(f"{document.path}: {path.stat().st_size} bytes")


if __name__ == "__main__":
    main()
