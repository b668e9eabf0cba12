"""Mailboxes of the mbox family: every message becomes a mail.

A message is named by its Message-ID, or by its content where it has none: a mailbox that grows keeps the
names of the messages that it had.
"""

import hashlib
import re
from collections.abc import Iterator
from itertools import chain, pairwise

from core.errors import ParseError
from ingest.containers.mail_dates import iso_date
from ingest.containers.members import AnyMember, Budget, Member, bad_member
from ingest.containers.names import UniqueNames

# A postmark has a time of day. Text that begins a paragraph with "From " seldom has; Thunderbird's bare
# "From " line is the exception.
_POSTMARK = re.compile(rb"^From (?:[^\n]*\d:\d\d[^\n]*|[ \t\r]*)$", re.MULTILINE)
_ESCAPED = re.compile(rb"^>(>*From )", re.MULTILINE)
_END_OF_HEADER = re.compile(rb"\n\r?\n")
_MESSAGE_ID = re.compile(rb"^message-id:\s*(\S+)", re.IGNORECASE | re.MULTILINE)
_DATE = re.compile(rb"^date:[ \t]*([^\r\n]{1,100})", re.IGNORECASE | re.MULTILINE)
_MAX_HEADER_BYTES = 65_536
_NAME_CHARS = 12


def expand_mbox(content: bytes, budget: Budget) -> Iterator[AnyMember]:
    """Yield the messages in their order.

    Raises:
        ParseError: `corrupt`, when the file does not begin like a mailbox; `too_large`.
    """
    content = content.lstrip(b"\r\n")
    if not content.startswith(b"From "):
        raise ParseError("corrupt", "the file does not begin like a mailbox")
    names = UniqueNames()
    budget.count_bytes(len(content), 0)
    for start, end in pairwise(chain(_postmarks(content), (len(content),))):
        budget.count_member()
        first_line_end = content.find(b"\n", start, end)
        message = content[first_line_end + 1 : end] if first_line_end >= 0 else b""
        message = _ESCAPED.sub(rb"\1", message).rstrip(b"\r\n") + b"\n"
        budget.count_bytes(0, len(message))
        header_end = _END_OF_HEADER.search(message, 0, _MAX_HEADER_BYTES)
        header = message[: header_end.start() if header_end else _MAX_HEADER_BYTES]
        found_id = _MESSAGE_ID.search(header)
        key = found_id.group(1) if found_id else message
        name = names.take(f"{hashlib.sha256(key).hexdigest()[:_NAME_CHARS]}.eml")
        try:
            budget.require_size(len(message))
        except ParseError as error:
            yield bad_member(name, error)
            continue
        date = _DATE.search(header)
        yield Member(name, message, iso_date(date.group(1).decode("latin-1")) if date else "")


def _postmarks(content: bytes) -> Iterator[int]:
    yield 0
    for match in _POSTMARK.finditer(content, 1):
        start = match.start()
        # An empty line comes before it: a quoted postmark in a message has none.
        if content[start - 2 : start] == b"\n\n" or content[start - 3 : start] == b"\n\r\n":
            yield start
