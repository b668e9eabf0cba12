"""Outlook messages: what is attached to them. Their own text is a document of its own.

A message file is a tree of streams, one for each property; the names are those of Microsoft's MS-OXPROPS.
"""

from collections.abc import Iterator
from email.message import EmailMessage
from email.policy import SMTP
from io import BytesIO
from typing import Any

from core.errors import ParseError
from ingest.containers.mail_container import ending_of
from ingest.containers.members import AnyMember, BadMember, Budget, Member, bad_member
from ingest.containers.names import UniqueNames

_Tree = Any  # olefile's open file: the library ships no types
_Path = list[str]
_MAGIC = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ATTACHMENT = "__attach_version1.0_#"
_CONTENT = "37010102"
_MESSAGE = "3701000D"
_LONG_NAME, _SHORT_NAME, _DISPLAY_NAME = "3707", "3704", "3001"
_MIME_TYPE, _CONTENT_ID = "370E", "3712"
_SUBJECT, _BODY, _HTML = "0037", "1000", "10130102"
_SENDER_NAME, _SENDER_ADDRESS, _TO, _CC = "0C1A", "0C1F", "0E04", "0E03"
_MAX_TEXT_BYTES = 10 * 1024 * 1024


def expand_msg(content: bytes, budget: Budget) -> Iterator[AnyMember]:
    """Yield what is attached to an Outlook message; attached messages become `<subject>.eml`.

    Raises:
        ParseError: `corrupt`, `too_large`, `archive_bomb`.
    """
    from olefile import OleFileIO  # type: ignore[import-untyped]

    if not content.startswith(_MAGIC):
        raise ParseError("corrupt", "the file does not begin like an Outlook message")
    budget.count_bytes(len(content), 0)
    names = UniqueNames()
    with OleFileIO(BytesIO(content)) as tree:
        streams = {tuple(path) for path in tree.listdir(streams=True, storages=True)}
        attachments = sorted({path[0] for path in streams if path[0].startswith(_ATTACHMENT)})
        for number, storage in enumerate(attachments, start=1):
            budget.count_entry()
            found = _attached(tree, [storage], number, names, budget)
            if found is not None:
                budget.count_member()
                yield found


def _attached(
    tree: _Tree, path: _Path, number: int, names: UniqueNames, budget: Budget
) -> AnyMember | None:
    name = (
        _text(tree, path, _LONG_NAME, budget)
        or _text(tree, path, _SHORT_NAME, budget)
        or _text(tree, path, _DISPLAY_NAME, budget)
    ).strip()
    mime_type = _text(tree, path, _MIME_TYPE, budget)
    if name.lower().endswith(".p7s") or mime_type.endswith("pkcs7-signature"):
        return None
    if tree.exists([*path, f"__substg1.0_{_MESSAGE}"]):
        return _message(tree, [*path, f"__substg1.0_{_MESSAGE}"], names, budget)
    if not name and _text(tree, path, _CONTENT_ID, budget) and mime_type.startswith("image/"):
        return None
    name = names.take(name or f"attachment-{number}.{ending_of(mime_type)}")
    if not tree.exists([*path, f"__substg1.0_{_CONTENT}"]):
        return BadMember(name, "unsupported", "the message holds a link to it, not the file")
    try:
        return Member(name, _stream(tree, path, _CONTENT, budget.limits.member_bytes, budget))
    except ParseError as error:
        return bad_member(name, error)


def _message(tree: _Tree, path: _Path, names: UniqueNames, budget: Budget) -> AnyMember:
    """Return an attached message as a mail of its headers and text.

    Its bytes in the tree are no file of their own; what is attached to it in turn is not in the mail.
    """
    subject = _text(tree, path, _SUBJECT, budget)
    name = names.take(f"{subject.replace('/', '-').strip() or 'mail'}.eml")
    mail = EmailMessage(SMTP)
    sender = (
        f"{_text(tree, path, _SENDER_NAME, budget)} {_text(tree, path, _SENDER_ADDRESS, budget)}"
    )
    for header, value in (
        ("Subject", subject),
        ("X-From", sender),
        ("X-To", _text(tree, path, _TO, budget)),
        ("X-Cc", _text(tree, path, _CC, budget)),
    ):
        # Not `From` and `To`: those must be addresses, and the names shown here need not be.
        if line := " ".join(value.split()):
            mail[header] = line
    try:
        mail.set_content(_text(tree, path, _BODY, budget))
        html = f"__substg1.0_{_HTML}"
        if tree.exists([*path, html]):
            content = _stream(tree, path, _HTML, _MAX_TEXT_BYTES, budget)
            mail.add_alternative(content, "text", "html", cte="base64")
    except ParseError as error:
        return bad_member(name, error)
    return Member(name, mail.as_bytes())


def _text(tree: _Tree, path: _Path, prop: str, budget: Budget) -> str:
    """Return a property that is text, '' when there is none."""
    for kind, encoding in (("001F", "utf-16-le"), ("001E", "cp1252")):
        if tree.exists([*path, f"__substg1.0_{prop}{kind}"]):
            raw = _stream(tree, path, f"{prop}{kind}", _MAX_TEXT_BYTES, budget)
            return raw.decode(encoding, "replace").rstrip("\0")
    return ""


def _stream(tree: _Tree, path: _Path, prop: str, max_bytes: int, budget: Budget) -> bytes:
    place = [*path, f"__substg1.0_{prop}"]
    # The size that is declared is what the library reads; more than the file has is cut off by it.
    size = tree.get_size(place)
    budget.count_bytes(0, size)
    if size > max_bytes:
        raise ParseError("too_large", f"it is larger than {max_bytes / 2**20:.3g} MiB")
    with tree.openstream(place) as stream:
        content: bytes = stream.read(max_bytes)
    return content
