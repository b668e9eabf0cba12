"""One connection to an IMAP server, used for reading only: folders are opened read-only, mails stay unread.

What the server sends is not trusted: no line and no mail is taken that is larger than was asked for.
"""

import base64
import imaplib
import re
import ssl
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime

from pydantic import SecretStr

from core.errors import SourceError

TIMEOUT_S = 60.0
_BATCH = 200
_MAX_LITERAL = 200_000_000
_MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_FACTS = re.compile(rb"UID (\d+)|RFC822\.SIZE (\d+)|INTERNALDATE \"([^\"]+)\"")


@dataclass(frozen=True, slots=True)
class MailHead:
    """What a folder says of a mail: `uid` counts within `validity`, the folder's own generation."""

    uid: int
    validity: int
    size: int
    message_id: str
    received_at: str


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mails are and who reads them. `tls` is `tls`, `starttls` or `none`."""

    host: str
    port: int
    tls: str
    user: str
    password: SecretStr

    def connect(self) -> "Mailbox":
        """Log in.

        Raises:
            SourceError: the server does not answer, has no valid certificate, or refuses the login.
        """
        try:
            connection = self._opened()
        except (OSError, imaplib.IMAP4.error) as error:
            raise SourceError(
                f"The mail server {self.host!r}, port {self.port}, does not answer as it should "
                f"({_words(error)}). Check `host`, `port` and `tls`."
            ) from error
        try:
            connection.login(self.user, self.password.get_secret_value())
        except (OSError, imaplib.IMAP4.error) as error:
            connection.shutdown()
            raise SourceError(
                f"The mail server {self.host!r} refuses the login of {self.user!r}. Check the password in the "
                "variable that `password_env` names; many providers want one made for programs."
            ) from error
        return Mailbox(connection)

    def _opened(self) -> imaplib.IMAP4:
        if self.tls == "tls":
            context = ssl.create_default_context()
            return _BoundedTls(self.host, self.port, ssl_context=context, timeout=TIMEOUT_S)
        connection = _Bounded(self.host, self.port, timeout=TIMEOUT_S)
        if self.tls == "starttls":
            try:
                connection.starttls(ssl.create_default_context())
            except (OSError, imaplib.IMAP4.error):
                connection.shutdown()
                raise
        return connection


class Mailbox:
    """A connection that is logged in."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._connection = connection
        self._validity = 0
        self._opened = ""

    def open(self, folder: str) -> int:
        """Open a folder read-only; return its generation (UIDVALIDITY).

        Raises:
            SourceError: there is none by that name, or it may not be read.
        """
        if self._opened != folder:
            self._opened = ""
            quoted = '"' + encoded_name(folder).replace("\\", "\\\\").replace('"', '\\"') + '"'
            self._asked(self._connection.select(quoted, readonly=True), f"the folder {folder!r}")
            _, told = self._connection.response("UIDVALIDITY")
            first = told[0] if told else None
            self._validity = int(first) if isinstance(first, bytes) and first.isdigit() else 0
            self._opened = folder
        return self._validity

    def uids(self, since: date | None) -> list[int]:
        """Return the mails of the open folder that arrived since a day, oldest first.

        Raises:
            SourceError: the server refuses.
        """
        wanted = f"SINCE {since.day}-{_MONTHS[since.month - 1]}-{since.year}" if since else "ALL"
        found = self._asked(self._connection.uid("SEARCH", wanted), "the list of mails")
        first = found[0] if found else b""
        words = first.split() if isinstance(first, bytes) else []
        return sorted({int(word) for word in words if word.isdigit()})

    def heads(self, uids: Sequence[int]) -> Iterator[list[MailHead]]:
        """Yield what the open folder says of mails, two hundred at a time.

        Raises:
            SourceError: the server breaks off.
        """
        parts = "(UID RFC822.SIZE INTERNALDATE BODY.PEEK[HEADER.FIELDS (MESSAGE-ID)])"
        for start in range(0, len(uids), _BATCH):
            wanted = ",".join(map(str, uids[start : start + _BATCH]))
            answer = self._asked(self._connection.uid("FETCH", wanted, parts), "the list of mails")
            heads = _heads_in(answer, self._validity)
            if not heads:
                # A mail may go between two commands, two hundred do not: they would count as deleted.
                raise SourceError("The mail server did not describe the mails that it listed.")
            yield heads

    def read(self, uid: int, limit: int) -> bytes | None:
        """Return at most the first `limit` bytes of a mail of the open folder, None when it is gone.

        Raises:
            SourceError: the server breaks off.
        """
        part = f"(BODY.PEEK[]<0.{limit}>)"
        answer = self._asked(self._connection.uid("FETCH", str(uid), part), "the mail")
        return next((bytes(entry[1]) for entry in answer if isinstance(entry, tuple)), None)

    def close(self) -> None:
        """Log out and close the connection, whatever state it is in."""
        with suppress(OSError, imaplib.IMAP4.error):
            self._connection.logout()
        with suppress(OSError):
            self._connection.shutdown()

    def _asked(self, answer: tuple[str, Sequence[object]], what: str) -> Sequence[object]:
        status, told = answer
        if status != "OK":
            words = (
                told[0].decode("utf-8", "replace") if told and isinstance(told[0], bytes) else ""
            )
            raise SourceError(f"The mail server refuses {what}: {_printable(words)}")
        return told


class _Bounded(imaplib.IMAP4):
    def read(self, size: int) -> bytes:
        """Read a literal; the server says how long it is."""
        if size > _MAX_LITERAL:
            raise self.abort("the server sends more than was asked for")
        return super().read(size)


class _BoundedTls(_Bounded, imaplib.IMAP4_SSL):
    pass


def encoded_name(folder: str) -> str:
    """Return a folder's name as IMAP writes it (RFC 3501, 5.1.3: a UTF-7 of its own)."""
    pieces = []
    for plain, other in re.findall(r"([\x20-\x7e]+)|([^\x20-\x7e]+)", folder):
        if plain:
            pieces.append(plain.replace("&", "&-"))
        else:
            code = base64.b64encode(other.encode("utf-16-be", "surrogatepass")).decode()
            pieces.append(f"&{code.rstrip('=').replace('/', ',')}-")
    return "".join(pieces)


def _heads_in(answer: Sequence[object], validity: int) -> list[MailHead]:
    heads = []
    facts = b""
    header = b""
    # A mail is one pair (facts, header), and maybe facts after it; a closing line ends it.
    for entry in answer:
        if isinstance(entry, tuple):
            facts, header = bytes(entry[0]), bytes(entry[1])
        elif isinstance(entry, bytes) and facts:
            head = _head(facts + b" " + entry, header, validity)
            if head is not None:
                heads.append(head)
            facts = b""
    return heads


def _head(facts: bytes, header: bytes, validity: int) -> MailHead | None:
    uid, size, received = 0, 0, ""
    for a_uid, a_size, a_date in _FACTS.findall(facts):
        uid = int(a_uid) if a_uid else uid
        size = int(a_size) if a_size else size
        received = _iso(a_date) if a_date else received
    if not uid:
        return None
    _, _, value = header.decode("utf-8", "replace").partition(":")
    return MailHead(uid, validity, size, " ".join(value.split()), received)


def _iso(internal_date: bytes) -> str:
    try:
        day, month, rest = internal_date.decode("ascii").strip().split("-", 2)
        text = f"{day.strip()} {_MONTHS.index(month.capitalize()) + 1} {rest}"
        moment = datetime.strptime(text, "%d %m %Y %H:%M:%S %z")
        return moment.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return ""


def _words(error: Exception) -> str:
    return _printable(str(error) or type(error).__name__)


def _printable(text: str) -> str:
    return "".join(char if char.isprintable() else " " for char in text)[:200]
