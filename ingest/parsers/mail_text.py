"""Writes a mail as a document: its headers, its text, the names of its attachments.

Both formats of mail, the one that is sent and the one that Outlook saves, are written by this.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from email.utils import parsedate_to_datetime

from core.documents import ParsedDocument
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.html_parser import parse_html
from ingest.parsers.plain_text import one_line
from ingest.parsers.rewriting import rewrite
from ingest.parsers.text_parser import parse_text

_MAX_NAMES = 200


@dataclass(frozen=True, slots=True)
class MailPart:
    """A piece of a mail's body in reading order: text, a page of HTML, or a mail inside the mail."""

    text: str = ""
    html: str = ""
    mail: "Mail | None" = None


@dataclass(frozen=True, slots=True)
class Mail:
    """What a mail says; `sent` is ISO 8601, '' where its date cannot be read; `date` is as written."""

    sender: str = ""
    to: str = ""
    cc: str = ""
    date: str = ""
    sent: str = ""
    subject: str = ""
    parts: tuple[MailPart, ...] = field(default=())
    attachments: tuple[str, ...] = field(default=())


def mail_document(mail: Mail, uri: str) -> ParsedDocument:
    """Return the document of a mail, titled by its subject."""
    writer = CanonicalWriter()
    _write(writer, mail)
    document = writer.document(uri, mail.subject)
    told = {
        "from": mail.sender, "to": mail.to, "cc": mail.cc, "sent": mail.sent, "subject": mail.subject,
    }  # fmt: skip
    metadata = {name: value for name, value in told.items() if value}
    # A heading in the text is not what the mail is called.
    return replace(document, title=mail.subject or document.title, metadata=metadata)


def iso_date(written: str) -> str:
    """Return the date of a mail in ISO 8601; '' for one that cannot be read."""
    for read in (parsedate_to_datetime, datetime.fromisoformat):
        try:
            return read(written.strip()).isoformat()
        except (ValueError, TypeError, OverflowError, IndexError):
            continue
    return ""


def _write(writer: CanonicalWriter, mail: Mail) -> None:
    writer.add("text", "\n".join(_header_lines(mail)))
    for part in mail.parts:
        if part.text.strip():
            # Its blocks, lists and quoted lines are those of a plain text file.
            rewrite(writer, parse_text(part.text.encode("utf-8", "replace"), "mail.txt"))
        if part.html.strip():
            rewrite(writer, parse_html(part.html.encode("utf-8", "replace"), "mail.html"))
        if part.mail is not None:
            _write(writer, part.mail)
    if mail.attachments:
        names = ", ".join(map(one_line, mail.attachments[:_MAX_NAMES]))
        more = len(mail.attachments) - _MAX_NAMES
        writer.add("text", f"Attachments: {names}" + (f" and {more} more" if more > 0 else ""))


def _header_lines(mail: Mail) -> Iterator[str]:
    lines = (
        ("From", mail.sender), ("To", mail.to), ("Cc", mail.cc), ("Date", mail.date),
        ("Subject", mail.subject),
    )  # fmt: skip
    for name, value in lines:
        if value:
            yield f"{name}: {one_line(value)}"
