"""Mail folders as sources: each mail is a document, its attachments are members of it."""

import hashlib
import imaplib
import weakref
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import Field

from core.documents import SourceItem
from core.errors import ParseError, SourceError
from core.settings import secret_from_environment
from ingest.sources.access import PathRule
from ingest.sources.base import Listing, Source
from ingest.sources.config import SourceConfig, VariableName
from ingest.sources.folder import require_size
from ingest.sources.gathering import Gathering
from ingest.sources.imap_mailbox import Mailbox, MailHead, MailServer
from ingest.spool import Spool

_PORTS = {"tls": 993, "starttls": 143, "none": 143}
_BROKEN = (OSError, imaplib.IMAP4.error)


class ImapConfig(SourceConfig):
    """Mails in folders of an IMAP server. Nothing is changed there; mails stay unread."""

    host: str = Field(min_length=1, description="Name of the mail server.")
    port: int = Field(0, ge=0, le=65535, description="Port; 0 is 993 for tls and 143 otherwise.")
    tls: Literal["tls", "starttls", "none"] = Field(
        "tls",
        description="How the connection is protected. With `none` the password can be read on the way.",
    )
    user: str = Field(min_length=1, description="Name of the account.")
    password_env: VariableName = Field(
        min_length=1, description="Environment variable with the account's password."
    )
    folders: tuple[str, ...] = Field(("INBOX",), min_length=1, description="Folders to read.")
    since_days: int = Field(
        365,
        ge=0,
        description="Only mails that arrived in the last days; older ones leave the index. 0: all.",
    )
    max_messages: int = Field(
        10_000, ge=1, description="At most so many mails of each folder, the newest ones."
    )

    def build(self, name: str, base: Path, state: Path) -> Source:
        """See `SourceConfig.build`."""
        server = MailServer(
            self.host,
            self.port or _PORTS[self.tls],
            self.tls,
            self.user,
            secret_from_environment(self.password_env),
        )
        return ImapSource(
            name,
            server,
            self.access,
            folders=self.folders,
            since_days=self.since_days,
            max_messages=self.max_messages,
            rules=self.path_rules,
            asks_documents=self.access_from_documents,
        )


@dataclass(slots=True, weakref_slot=True)
class ImapSource:
    """The mails of some folders; a URI is `FOLDER/hash of the Message-ID.eml`.

    The connection is made when it is needed, kept for the mails of one run, and closed with this object.
    """

    name: str
    server: MailServer
    access: tuple[str, ...] | None
    folders: tuple[str, ...] = ("INBOX",)
    since_days: int = 365
    max_messages: int = 10_000
    rules: tuple[PathRule, ...] = ()
    asks_documents: bool = False
    only: str = ""
    _mailbox: Mailbox | None = field(default=None, repr=False)
    _closing: "weakref.finalize[[], ImapSource] | None" = field(default=None, repr=False)

    def list(self, remembered: Mapping[str, str], spool: Spool) -> Listing:
        """See `Source.list`; UIDVALIDITY and UID are the stamp: a mail never changes."""
        gathering = Gathering(self.access, self.rules)
        problem = ""
        for folder in self.folders:
            try:
                self._list_folder(folder, gathering)
            except (SourceError, *_BROKEN) as error:
                self.close()
                problem = (
                    f"The folder {folder!r} of {self.server.host!r} could not be listed: {error}"
                )
                if not gathering.listing().items:
                    raise SourceError(f"{problem} Nothing was changed.") from error
                break
        return gathering.listing(problem)

    def fetch(self, item: SourceItem, max_bytes: int) -> bytes:
        """See `Source.fetch`; a connection that broke meanwhile is made once more."""
        require_size(item.size, max_bytes)
        try:
            content = self._read(item, max_bytes + 1)
        except _BROKEN:
            self.close()
            try:
                content = self._read(item, max_bytes + 1)
            except (SourceError, *_BROKEN) as error:
                raise ParseError("io", "The mail server broke off the connection.") from error
        except SourceError as error:
            raise ParseError("io", str(error)) from error
        require_size(len(content), max_bytes)
        return content

    def close(self) -> None:
        """Close the connection; the next use makes a new one."""
        if self._closing is not None:
            self._closing()
        self._mailbox = self._closing = None

    def _connected(self) -> Mailbox:
        if self._mailbox is None:
            self._mailbox = self.server.connect()
            self._closing = weakref.finalize(self, self._mailbox.close)
        return self._mailbox

    def _list_folder(self, folder: str, gathering: Gathering) -> None:
        mailbox = self._connected()
        validity = mailbox.open(folder)
        found = mailbox.uids(self._first_day())
        if len(found) > self.max_messages:
            gathering.warnings.append(
                f"The folder {folder!r} has {len(found)} mails; the newest {self.max_messages} are taken "
                "(`max_messages`)."
            )
        for heads in mailbox.heads(found[-self.max_messages :]):
            for head in heads:
                uri = f"{folder}/{_name_of(head, validity)}.eml"
                stamp = f"{validity}:{head.uid}"
                gathering.add(
                    SourceItem(uri, stamp, (), size=head.size, updated_at=head.received_at)
                )

    def _read(self, item: SourceItem, limit: int) -> bytes:
        folder = item.uri.rpartition("/")[0]
        validity, _, uid = item.stamp.partition(":")
        mailbox = self._connected()
        if str(mailbox.open(folder)) != validity or not uid.isdigit():
            raise ParseError(
                "io", "The mail folder was numbered anew; the next run reads the mail."
            )
        content = mailbox.read(int(uid), limit)
        if content is None:
            raise ParseError("io", "The mail is not in its folder any more.")
        return content

    def _first_day(self) -> date | None:
        if not self.since_days:
            return None
        return (datetime.now(UTC) - timedelta(days=self.since_days)).date()


def _name_of(head: MailHead, validity: int) -> str:
    """Return a name that stays when a folder is numbered anew; a mail without a Message-ID has none such."""
    identity = head.message_id or f"{validity}:{head.uid}"
    return hashlib.sha256(identity.encode("utf-8", "surrogatepass")).hexdigest()[:20]
