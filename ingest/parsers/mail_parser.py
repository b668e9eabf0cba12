"""Mails as they are sent (RFC 5322, MIME): headers, the body a reader sees, names of attachments.

    multipart/alternative     the plain text; the HTML where there is none, or next to nothing
    multipart/signed          what is signed; the signature is left out
    message/rfc822            the mail inside the mail, in its place, down to five levels
    encrypted (PGP, S/MIME)   `encrypted`
    any other part            an attachment: its name is listed, its content is not read here

Read with the standard library. Unstructured's partition_email takes the body alone: who wrote to whom,
and when, is in its metadata only, and a mail inside a mail is an attachment that it does not read.
"""

import re
from email.message import Message
from email.parser import BytesParser
from email.policy import compat32

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.decoding import decode
from ingest.parsers.html_dom import decode_page
from ingest.parsers.mail_headers import decoded_header
from ingest.parsers.mail_text import Mail, MailPart, iso_date, mail_document

_MAX_DEPTH = 5
_MAX_PART_DEPTH = 50
_CONTAINER = re.compile(rb"^content-type:\s*(?:message/|multipart/)", re.I | re.M)
_MAX_WORK = 5_000_000
"""Lines times parts that hold parts: the library asks each of them about each line, in 1 µs."""
_WIDE = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
_PGP = "-----BEGIN PGP MESSAGE-----"
_MIN_PLAIN_CHARS = 20  # shorter ones say "this mail is HTML" or nothing
_ENCRYPTED = "the mail is encrypted: only its receiver can read it"


# The library looks for a parameter in the square of its field's length: 50,000 semicolons took a minute.
_LONG_FIELD = re.compile(rb"(?im)^content-(?:type|disposition):[^\n]*(?:\n[ \t][^\n]*)*")
_MAX_FIELD_BYTES = 4096


def parse_eml(content: bytes, uri: str) -> ParsedDocument:
    """Parse one mail; the documents that it carries are not read here.

    Raises:
        ParseError: `encrypted`; `unsupported` for a mail that is wrapped in its signature; `corrupt`,
            when it has no headers or nests too deeply; `empty`.
    """
    if content.startswith(_WIDE) or b"\x00" in content[:64]:
        content = decode(content).encode("utf-8", "replace")
    if len(_CONTAINER.findall(content)) * content.count(b"\n") > _MAX_WORK:
        raise ParseError("corrupt", "the mail has too many parts inside parts")
    message = BytesParser(policy=compat32).parsebytes(_LONG_FIELD.sub(_shortened, content))
    if not message.keys():
        raise ParseError("corrupt", "the file does not begin with the headers of a mail")
    return mail_document(_mail(message, 0), uri)


def _mail(message: Message, depth: int) -> Mail:
    body = _Body(depth)
    body.read(message, 0)
    date = _header(message, "Date")
    return Mail(
        sender=_header(message, "From"),
        to=_header(message, "To"),
        cc=_header(message, "Cc"),
        date=date,
        sent=iso_date(date),
        subject=_header(message, "Subject"),
        parts=tuple(body.parts),
        attachments=tuple(body.attachments),
    )


class _Body:
    """What a reader sees of one mail, and the names of what it carries."""

    def __init__(self, depth: int) -> None:
        self.parts: list[MailPart] = []
        self.attachments: list[str] = []
        self._depth = depth

    def read(self, part: Message, depth: int) -> None:
        """Read a part and what is inside it, in order."""
        kind = part.get_content_type()
        if kind == "multipart/encrypted" or _is_sealed(part, kind):
            raise ParseError("encrypted", _ENCRYPTED)
        if depth > _MAX_PART_DEPTH:
            raise ParseError("corrupt", "the mail has parts inside parts too deeply")
        if kind == "message/rfc822":
            self._mail(part)
        elif part.is_multipart():
            self._container(part, kind, depth)
        elif kind in ("text/plain", "text/html") and not _is_attached(part):
            self._text(part, kind)
        elif not _is_signature(kind):
            self.attachments.append(_file_name(part) or kind)

    def _container(self, part: Message, kind: str, depth: int) -> None:
        inside = [child for child in _payload(part) if isinstance(child, Message)]
        if kind != "multipart/alternative":
            for child in inside:
                self.read(child, depth + 1)
            return
        found = []
        for child in inside:
            body = _Body(self._depth)
            body.read(child, depth + 1)
            found.append(body)
        if found:
            chosen = _best(found)
            self.parts += chosen.parts
            for body in found:
                self.attachments += body.attachments

    def _mail(self, part: Message) -> None:
        inside = next((child for child in _payload(part) if isinstance(child, Message)), None)
        if inside is None:
            return
        if self._depth < _MAX_DEPTH:
            self.parts.append(MailPart(mail=_mail(inside, self._depth + 1)))
        else:
            self.attachments.append(_header(inside, "Subject") or "message.eml")

    def _text(self, part: Message, kind: str) -> None:
        text = _decoded(part, is_page=kind == "text/html")
        if kind == "text/html":
            self.parts.append(MailPart(html=text))
        elif text.lstrip().startswith(_PGP):
            raise ParseError("encrypted", _ENCRYPTED)
        else:
            self.parts.append(MailPart(text=text))


def _best(found: list[_Body]) -> _Body:
    """Return the plain text among versions of one text, unless it says next to nothing of the other."""
    plain = [body for body in found if any(part.text.strip() for part in body.parts)]
    other = [body for body in found if any(part.html.strip() for part in body.parts)]
    if not plain:
        return other[-1] if other else found[-1]
    short = sum(len(part.text) for part in plain[0].parts) < _MIN_PLAIN_CHARS
    return other[-1] if short and other else plain[0]


def _payload(part: Message) -> list[object]:
    payload = part.get_payload()
    return list(payload) if isinstance(payload, list) else []


def _is_sealed(part: Message, kind: str) -> bool:
    """Say whether a part is S/MIME that only its receiver can open.

    Raises:
        ParseError: `unsupported`, when it is only signed, but in a form that wraps the text.
    """
    if kind not in ("application/pkcs7-mime", "application/x-pkcs7-mime"):
        return False
    if str(part.get_param("smime-type") or "").lower() == "signed-data":
        raise ParseError(
            "unsupported", "the mail is wrapped in its signature: save it as plain text"
        )
    return True


def _is_signature(kind: str) -> bool:
    return kind.endswith(("pkcs7-signature", "pgp-signature", "pgp-keys"))


def _is_attached(part: Message) -> bool:
    return part.get_content_disposition() == "attachment"


def _file_name(part: Message) -> str:
    try:
        name = part.get_filename()
    except (LookupError, UnicodeError, ValueError, TypeError):
        return ""
    return decoded_header(name or "")


def _decoded(part: Message, *, is_page: bool) -> str:
    payload = part.get_payload(decode=True)
    if not isinstance(payload, bytes):
        return ""
    charset = str(part.get_param("charset") or "")
    if charset and charset.lower() not in ("us-ascii", "ascii", "utf-8"):
        try:
            return payload.decode(charset)
        except (LookupError, UnicodeError):
            pass  # the mail says what is not so: go by the bytes
    try:
        return decode_page(payload) if is_page else decode(payload)
    except ParseError:
        # A mail is worth reading for its headers and its other parts.
        return payload.decode("utf-8", "replace")


def _header(message: Message, name: str) -> str:
    value = message.get(name)
    return "" if value is None else decoded_header(str(value))


def _shortened(field: re.Match[bytes]) -> bytes:
    whole = field.group()
    return whole if len(whole) <= _MAX_FIELD_BYTES else whole[:_MAX_FIELD_BYTES].split(b";")[0]
