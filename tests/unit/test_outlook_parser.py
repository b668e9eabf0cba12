"""Mails saved by Outlook: what is no such mail is corrupt; real ones are measured, not committed."""

import pytest

from core.errors import ParseError
from ingest.parsers.outlook_parser import parse_msg

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"


@pytest.mark.parametrize(
    "content", [b"plain words", OLE, OLE + b"\x00" * 2_000, OLE + b"\xff" * 5_000]
)
def test_what_is_no_mail_is_corrupt(content):
    with pytest.raises(ParseError) as caught:
        parse_msg(content, "a.msg")
    assert caught.value.reason == "corrupt"
