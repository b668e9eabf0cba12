"""Mails: what is attached to them. Their own text is a document of its own.

The parts of a mail are found by their boundaries here, and the standard library reads each part's header.
Its own parser descends into attached mails and writes them anew; a mail in a mail in a mail, 200 deep,
passes Python's limit of recursion.
"""

import binascii
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email.errors import HeaderParseError, MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import Parser
from email.policy import compat32

from core.errors import ParseError
from ingest.containers.mail_dates import iso_date
from ingest.containers.members import AnyMember, BadMember, Budget, Member, bad_member
from ingest.containers.names import UniqueNames

_MAX_HEADER_BYTES = 65_536
_MAX_HEADER_LINE_CHARS = 4096
_MAX_DEPTH = 20
_END_OF_HEADER = re.compile(rb"\n\r?\n")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]+")
_MAIL_TYPES = ("message/rfc822", "message/global")
_NEVER_MEMBERS = frozenset(
    {
        "application/pkcs7-signature",
        "application/x-pkcs7-signature",
        "application/pgp-signature",
        "message/delivery-status",
        "message/disposition-notification",
        "message/external-body",
        "message/partial",
        "text/rfc822-headers",
    }
)
_BODY_TYPES = ("text/plain", "text/html", "text/enriched", "text/calendar", "text/x-amp-html")
# Not the module `mimetypes`: it reads files of the system, so that a name would depend on the machine.
_ENDINGS = {
    "application/gzip": "gz",
    "application/json": "json",
    "application/msword": "doc",
    "application/pdf": "pdf",
    "application/rtf": "rtf",
    "application/vnd.ms-excel": "xls",
    "application/vnd.ms-outlook": "msg",
    "application/vnd.ms-powerpoint": "ppt",
    "application/vnd.oasis.opendocument.text": "odt",
    "application/vnd.oasis.opendocument.spreadsheet": "ods",
    "application/vnd.openxmlformats-officedocument.presentationml.presentation": "pptx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/vnd.openxmlformats-officedocument.wordprocessingml.document": "docx",
    "application/xml": "xml",
    "application/zip": "zip",
    "image/bmp": "bmp",
    "image/gif": "gif",
    "image/jpeg": "jpg",
    "image/png": "png",
    "image/tiff": "tif",
    "image/webp": "webp",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "md",
    "text/plain": "txt",
    "text/rtf": "rtf",
    "text/xml": "xml",
}


def ending_of(mime_type: str) -> str:
    """Return the usual ending of a type, without the dot; `bin` for others."""
    return _ENDINGS.get(mime_type.strip().lower(), "bin")


@dataclass(frozen=True, slots=True)
class _Part:
    """One part: its header and where its body is."""

    header: Message
    start: int
    end: int
    depth: int
    kind: str


def expand_mail(content: bytes, budget: Budget) -> Iterator[AnyMember]:
    """Yield what is attached to a mail, in its order; attached mails whole, as `<subject>.eml`.

    Left out are the mail's own text, signatures, reports of delivery, and pictures without a file name
    that belong to the text.

    Raises:
        ParseError: `too_large`, `archive_bomb`.
    """
    names = UniqueNames()
    budget.count_bytes(len(content), 0)
    number = 0
    for part in _leaves(content, budget):
        if part.depth > _MAX_DEPTH:
            budget.count_member()
            yield BadMember(
                names.take("rest of the mail"),
                "corrupt",
                f"the mail's parts are nested more than {_MAX_DEPTH} deep",
                is_rest=True,
            )
            continue
        if not _is_attached(part):
            continue
        budget.count_member()
        number += 1
        yield _member(content, part, number, names, budget)


def _member(
    content: bytes, part: _Part, number: int, names: UniqueNames, budget: Budget
) -> AnyMember:
    body = memoryview(content)[part.start : part.end]
    fallback = f"attachment-{number}.{ending_of(part.kind)}"
    try:
        decoded = _decoded(bytes(body), part.header)
        budget.count_bytes(0, len(decoded))
        budget.require_size(len(decoded))
    except ParseError as error:
        return bad_member(names.take(_file_name(part.header) or fallback), error)
    if part.kind in _MAIL_TYPES:
        inner = _header(decoded, 0, len(decoded))[0]
        subject = _decoded_words(str(inner.get("subject", ""))).replace("/", "-")
        name = subject.strip() or _file_name(part.header).removesuffix(".eml") or "mail"
        return Member(names.take(f"{name}.eml"), decoded, iso_date(str(inner.get("date", ""))))
    modified = part.header.get_param("modification-date", "", "content-disposition")
    name = names.take(_file_name(part.header) or fallback)
    return Member(name, decoded, iso_date(modified) if isinstance(modified, str) else "")


def _leaves(content: bytes, budget: Budget) -> Iterator[_Part]:
    """Yield the parts that hold no parts, and one part that is too deep wherever there is one."""
    waiting = [(0, len(content), 0, "text/plain")]
    while waiting:
        start, end, depth, default = waiting.pop()
        budget.count_entry()
        header, body = _header(content, start, end)
        kind = header.get_content_type() if "content-type" in header else default
        boundary = _boundary(header) if kind.startswith("multipart/") else b""
        if not boundary or depth > _MAX_DEPTH:
            yield _Part(header, body, end, depth, kind)
            continue
        inner = "message/rfc822" if kind == "multipart/digest" else "text/plain"
        parts = [(a, b, depth + 1, inner) for a, b in _between(content, boundary, body, end)]
        waiting += reversed(parts)


def _header(content: bytes, start: int, end: int) -> tuple[Message, int]:
    """Return the header that begins at `start`, and where its body begins."""
    if content[start : start + 1] == b"\n":
        return Message(compat32), start + 1
    if content[start : start + 2] == b"\r\n":
        return Message(compat32), start + 2
    found = _END_OF_HEADER.search(content, start, end)
    block = content[start : min(found.start() + 1 if found else end, start + _MAX_HEADER_BYTES)]
    header = Parser(policy=compat32).parsestr(_as_text(block), headersonly=True)
    # Looking for a parameter takes time in the square of its header's length.
    for name in ("content-type", "content-disposition"):
        if len(str(header.get(name, ""))) > _MAX_HEADER_LINE_CHARS:
            del header[name]
    return header, found.end() if found else end


def _as_text(block: bytes) -> str:
    try:
        return block.decode("utf-8")
    except UnicodeDecodeError:
        return block.decode("latin-1")


def _boundary(header: Message) -> bytes:
    boundary = header.get_boundary()
    return boundary.encode("utf-8", "replace") if boundary else b""


def _between(content: bytes, boundary: bytes, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield where each part begins and ends; a mail that is cut off has no last boundary."""
    mark = b"--" + boundary
    part = -1
    position = start
    while (found := content.find(mark, position, end)) >= 0:
        position = found + len(mark)
        line_end = content.find(b"\n", position, end)
        line = content[position : line_end if line_end >= 0 else end]
        if found > start and content[found - 1 : found] != b"\n":
            continue
        if line.strip() not in (b"", b"--"):
            continue
        if part >= 0:
            yield part, max(part, _before_line_break(content, found))
        if line.strip() == b"--" or line_end < 0:
            return
        part = position = line_end + 1
    if part >= 0:
        yield part, end


def _before_line_break(content: bytes, position: int) -> int:
    return position - (2 if content[position - 2 : position] == b"\r\n" else 1)


def _is_attached(part: _Part) -> bool:
    if part.kind in _NEVER_MEMBERS or part.kind.startswith("multipart/"):
        return False
    if part.kind in _MAIL_TYPES:
        return True
    name = _file_name(part.header)
    if name.lower().endswith((".p7s", ".sig")):
        return False
    if name or part.header.get_content_disposition() == "attachment":
        return True
    if part.kind.startswith("image/") and "content-id" in part.header:
        return False
    return part.kind not in _BODY_TYPES


def _file_name(header: Message) -> str:
    try:
        name = header.get_filename() or ""
    except (ValueError, LookupError, TypeError):
        return ""
    return _decoded_words(name).strip()


def _decoded_words(text: str) -> str:
    """Return a header's text with `=?utf-8?B?...?=` decoded."""
    if "=?" not in text:
        return text
    try:
        return str(make_header(decode_header(text)))
    except (HeaderParseError, MessageError, ValueError, LookupError):
        return text


def _decoded(body: bytes, header: Message) -> bytes:
    encoding = str(header.get("content-transfer-encoding", "")).strip().lower()
    if encoding == "base64":
        return _from_base64(body)
    if encoding == "quoted-printable":
        return binascii.a2b_qp(body)
    if encoding in ("x-uuencode", "uuencode", "uue", "x-uue"):
        return _from_uu(body)
    return body


def _from_base64(body: bytes) -> bytes:
    digits = _NOT_BASE64.sub(b"", body.partition(b"=")[0])
    if len(digits) % 4 == 1:
        digits = digits[:-1]  # cut off in the middle of a letter
    return binascii.a2b_base64(digits + b"=" * (-len(digits) % 4))


def _from_uu(body: bytes) -> bytes:
    lines = iter(body.splitlines())
    for line in lines:
        if line.startswith(b"begin "):
            break
    try:
        return b"".join(binascii.a2b_uu(line) for line in _until_end(lines))
    except binascii.Error as error:
        raise ParseError("corrupt", "its encoding is damaged") from error


def _until_end(lines: Iterator[bytes]) -> Iterator[bytes]:
    for line in lines:
        if line.strip() in (b"end", b"`"):
            return
        yield line
