"""Mails as Outlook saves them (.msg): the same document as of a mail that is sent.

Read with python-oxmsg, which Unstructured's partition_msg uses too; that keeps the body alone, without
who wrote to whom, and when.
"""

import struct
from typing import TYPE_CHECKING

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.html_dom import decode_page
from ingest.parsers.mail_headers import decoded_header
from ingest.parsers.mail_text import Mail, MailPart, mail_document

if TYPE_CHECKING:
    from oxmsg import Message
    from oxmsg.recipient import Recipient

_RECIPIENT_TYPE, _TO, _CC = 0x0C15, 1, 2
_HTML = 0x1013  # one number for both of its types
_SEALED = ("ipm.note.smime", "ipm.note.rpmsg")
_OPEN = ".multipartsigned"  # signed beside the text, and readable


def parse_msg(content: bytes, uri: str) -> ParsedDocument:
    """Parse one saved mail; the documents that it carries are not read here.

    Raises:
        ParseError: `encrypted`, or `corrupt` when it is no mail.
    """
    from oxmsg import Message

    try:
        message = Message.load(content)
        return mail_document(_mail(message), uri)
    except (OSError, ValueError, KeyError, IndexError, AttributeError, struct.error) as error:
        # olefile and python-oxmsg raise these for broken containers, as their own errors and not.
        raise ParseError("corrupt", "the file is no whole Outlook mail") from error


def _mail(message: "Message") -> Mail:
    kind = message.message_class.lower()
    headers = {name.lower(): str(value) for name, value in message.message_headers.items()}
    is_pgp = headers.get("content-type", "").lower().startswith("multipart/encrypted")
    if is_pgp or (kind.startswith(_SEALED) and not kind.endswith(_OPEN)):
        raise ParseError("encrypted", "the mail is encrypted: only its receiver can read it")
    sent = message.sent_date
    date = decoded_header(headers.get("date", "")) or (sent.isoformat() if sent else "")
    text = message.body or ""
    return Mail(
        sender=decoded_header(message.sender or ""),
        to=_receivers(message, _TO),
        cc=_receivers(message, _CC),
        date=date,
        sent=sent.isoformat() if sent else "",
        subject=decoded_header(message.subject),
        parts=(MailPart(text=text) if text.strip() else MailPart(html=_page(message)),),
        attachments=tuple(
            filter(None, (decoded_header(a.file_name or "") for a in message.attachments))
        ),
    )


def _receivers(message: "Message", kind: int) -> str:
    found = (r for r in message.recipients if r.properties.int_prop_value(_RECIPIENT_TYPE) == kind)
    return ", ".join(filter(None, map(_address, found)))


def _address(recipient: "Recipient") -> str:
    name, address = decoded_header(recipient.name), decoded_header(recipient.email_address)
    if not address or name == address:
        return name or address
    return f"{name} <{address}>" if name else address


def _page(message: "Message") -> str:
    """Return the body as HTML: bytes of which the page says the encoding, or text."""
    source = message.properties.binary_prop_value(_HTML)
    return decode_page(source) if source else message.properties.str_prop_value(_HTML) or ""
