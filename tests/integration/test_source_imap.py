"""IMAP sources, against a small scripted server on this machine."""

import re
import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError, ParseError, SourceError
from ingest.sources.base import Source
from ingest.sources.imap import ImapConfig
from ingest.sources.imap_mailbox import encoded_name
from ingest.spool import Spool

pytestmark = pytest.mark.integration
MB = 1_000_000
TODAY = datetime.now(UTC)


@dataclass
class Mail:
    message_id: str
    body: bytes = b"Hello"
    age_days: int = 1

    @property
    def content(self) -> bytes:
        header = f"Message-ID: {self.message_id}\r\n" if self.message_id else ""
        return header.encode() + b"Subject: x\r\n\r\n" + self.body

    @property
    def arrived(self) -> datetime:
        return TODAY - timedelta(days=self.age_days)


@dataclass
class Server:
    """What the server has, and what it was told; `breaks_at` closes the connection at a command."""

    folders: dict[str, dict[int, Mail]] = field(default_factory=lambda: {"INBOX": {}})
    validity: int = 7
    port: int = 0
    commands: list[str] = field(default_factory=list)
    breaks_at: str = ""
    breaks_left: int = 1_000
    literal_size: int | None = None


class Handler(socketserver.StreamRequestHandler):
    folder: dict[int, Mail]

    @property
    def state(self) -> Server:
        return self.server.state  # type: ignore[attr-defined]

    def handle(self) -> None:
        self.say(b"* OK hello")
        for line in self.rfile:
            tag, _, command = line.decode().strip().partition(" ")
            self.state.commands.append(command)
            if self.state.breaks_at and self.state.breaks_at in command and self.state.breaks_left:
                self.state.breaks_left -= 1
                return
            if self.answer(tag, command) is False:
                return

    def say(self, line: bytes) -> None:
        self.wfile.write(line + b"\r\n")

    def answer(self, tag: str, command: str) -> bool:
        verdict = "OK done"
        if command == "CAPABILITY":
            self.say(b"* CAPABILITY IMAP4rev1")
        elif command.startswith("LOGIN"):
            verdict = "OK in" if command.endswith('"secret"') else "NO wrong password"
        elif command.startswith("EXAMINE"):
            verdict = self.examine(command[8:].strip('"'))
        elif command.startswith("UID SEARCH"):
            self.search(command[11:])
        elif command.startswith("UID FETCH"):
            self.fetch(command)
        elif command == "LOGOUT":
            self.say(b"* BYE")
            self.say(f"{tag} OK bye".encode())
            return False
        elif not command.startswith("SELECT"):
            verdict = "BAD what"
        self.say(f"{tag} {verdict}".encode())
        return True

    def examine(self, name: str) -> str:
        if name not in self.state.folders:
            return "NO no such folder"
        self.folder = self.state.folders[name]
        self.say(f"* {len(self.folder)} EXISTS".encode())
        self.say(f"* OK [UIDVALIDITY {self.state.validity}] ok".encode())
        return "OK [READ-ONLY] open"

    def search(self, criterion: str) -> None:
        since = None
        if criterion != "ALL":
            since = datetime.strptime(f"{criterion[6:]} +0000", "%d-%b-%Y %z").date()
        found = [
            uid for uid, mail in self.folder.items() if not since or mail.arrived.date() >= since
        ]
        self.say(b"* SEARCH " + " ".join(map(str, found)).encode())

    def fetch(self, command: str) -> None:
        wanted = re.match(r"UID FETCH ([\d,]+) \((.*)\)", command)
        assert wanted
        for number, uid in enumerate(map(int, wanted.group(1).split(",")), start=1):
            if uid in self.folder:
                self.send(number, uid, self.folder[uid], wanted.group(2))

    def send(self, number: int, uid: int, mail: Mail, parts: str) -> None:
        part = re.match(r"BODY.PEEK\[\]<0\.(\d+)>", parts)
        if part:
            content = mail.content[: int(part.group(1))]
            size = self.state.literal_size or len(content)
            self.say(f"* {number} FETCH (UID {uid} BODY[]<0> {{{size}}}".encode())
            self.wfile.write(content)
            self.say(b")")
            return
        header = f"Message-ID: {mail.message_id}\r\n\r\n" if mail.message_id else "\r\n"
        date = mail.arrived.strftime("%d-%b-%Y %H:%M:%S +0000")
        facts = f'UID {uid} RFC822.SIZE {len(mail.content)} INTERNALDATE "{date}"'
        name = "BODY[HEADER.FIELDS (MESSAGE-ID)]"
        # Servers may put facts before the header or after it.
        before, after = (facts + " ", "") if uid % 2 else ("", " " + facts)
        self.say(f"* {number} FETCH ({before}{name} {{{len(header)}}}".encode())
        self.wfile.write(header.encode())
        self.say(f"{after})".encode())


@pytest.fixture
def server() -> Iterator[Server]:
    state = Server()
    tcp = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)
    tcp.state = state  # type: ignore[attr-defined]
    tcp.daemon_threads = True
    state.port = tcp.server_address[1]
    thread = threading.Thread(target=tcp.serve_forever, args=(0.05,))
    thread.start()
    yield state
    tcp.shutdown()
    thread.join()
    tcp.server_close()


@pytest.fixture
def source(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Source]:
    monkeypatch.setenv("MAIL_PASSWORD", "secret")

    def make(**fields: Any) -> Source:
        config = ImapConfig(
            **{
                "type": "imap",
                "host": "127.0.0.1",
                "port": server.port,
                "tls": "none",
                "user": "a@example.org",
                "password_env": "MAIL_PASSWORD",
                "access": ["group:support"],
                **fields,
            }
        )
        return config.build("mail", tmp_path, tmp_path / "state")

    return make


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "data")) as spool:
        yield spool


def test_mails_are_listed_and_read_without_marking_them_as_read(
    server: Server, source: Callable[..., Source], spool: Spool
) -> None:
    server.folders["INBOX"] = {1: Mail("<a@x>"), 2: Mail("<b@x>", b"Second")}
    mails = source()
    items = mails.list({}, spool).items
    assert sorted(item.stamp for item in items) == ["7:1", "7:2"]
    assert all(re.fullmatch(r"INBOX/[0-9a-f]{20}\.eml", item.uri) for item in items)
    assert all(item.size and item.access == ("group:support",) for item in items)
    assert {item.updated_at[:10] for item in items} == {
        (TODAY - timedelta(days=1)).date().isoformat()
    }
    by_stamp = {item.stamp: mails.fetch(item, MB) for item in items}
    assert by_stamp["7:2"] == server.folders["INBOX"][2].content
    spoken = " ".join(server.commands)
    assert "EXAMINE" in spoken
    assert "SELECT" not in spoken
    assert "BODY[" not in spoken
    assert spoken.count("LOGIN") == 1


def test_a_mail_keeps_its_name_when_its_folder_is_numbered_anew(
    server: Server, source: Callable[..., Source], spool: Spool
) -> None:
    server.folders["INBOX"] = {1: Mail("<a@x>")}
    mails = source()
    (before,) = mails.list({}, spool).items
    server.validity, server.folders["INBOX"] = 8, {5: Mail("<a@x>")}
    (after,) = source().list({}, spool).items
    assert (after.uri, before.stamp, after.stamp) == (before.uri, "7:1", "8:5")
    stale = source()
    with pytest.raises(ParseError, match="numbered anew"):
        stale.fetch(before, MB)


def test_the_same_mail_twice_in_a_folder_is_one_document_and_none_needs_an_id(
    server: Server, source: Callable[..., Source], spool: Spool
) -> None:
    server.folders["INBOX"] = {1: Mail("<a@x>"), 2: Mail("<a@x>"), 3: Mail(""), 4: Mail("")}
    listing = source().list({}, spool)
    assert len(listing.items) == 3
    assert [why for _, why in listing.skipped] == ["the same name a second time"]


def test_old_mails_and_those_above_the_limit_are_left_out(
    server: Server, source: Callable[..., Source], spool: Spool
) -> None:
    server.folders["INBOX"] = {
        uid: Mail(f"<{uid}@x>", age_days=400 - 100 * uid) for uid in range(1, 5)
    }
    stamps = {item.stamp for item in source(since_days=250).list({}, spool).items}
    assert stamps == {"7:2", "7:3", "7:4"}
    limited = source(since_days=0, max_messages=2).list({}, spool)
    assert {item.stamp for item in limited.items} == {"7:3", "7:4"}
    assert "has 4 mails" in limited.warnings[0]


def test_folders_may_have_any_name_and_rules_match_them(
    server: Server, source: Callable[..., Source], spool: Spool
) -> None:
    server.folders[encoded_name("Entwürfe & Archiv")] = {1: Mail("<a@x>")}
    mails = source(
        folders=["INBOX", "Entwürfe & Archiv"],
        rules=[{"match": "Entwürfe*/**", "access": ["group:hr"]}],
    )
    listing = mails.list({}, spool)
    assert [item.access for item in listing.items] == [("group:hr",)]
    assert mails.fetch(listing.items[0], MB) == Mail("<a@x>").content


@pytest.mark.parametrize(
    ("name", "encoded"),
    [
        ("INBOX", "INBOX"),
        ("A&B", "A&-B"),
        ("~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-"),  # from RFC 3501
    ],
)
def test_names_of_folders_are_written_as_imap_wants_them(name: str, encoded: str) -> None:
    assert encoded_name(name) == encoded


def test_a_folder_that_is_missing_leaves_the_listing_incomplete(
    server: Server, source: Callable[..., Source], spool: Spool
) -> None:
    server.folders["INBOX"] = {1: Mail("<a@x>")}
    listing = source(folders=["INBOX", "Nowhere"]).list({}, spool)
    assert len(listing.items) == 1
    assert "'Nowhere'" in listing.problem
    with pytest.raises(SourceError, match=r"'Nowhere'.*Nothing was changed"):
        source(folders=["Nowhere"]).list({}, spool)


def test_a_connection_that_breaks_while_listing_leaves_it_incomplete(
    server: Server, source: Callable[..., Source], spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sources.imap_mailbox._BATCH", 1)
    server.folders["INBOX"] = {1: Mail("<a@x>"), 2: Mail("<b@x>")}
    server.breaks_at = "UID FETCH 2 "
    listing = source().list({}, spool)
    assert [item.stamp for item in listing.items] == ["7:1"]
    assert listing.problem


def test_a_connection_that_breaks_while_reading_is_made_once_more(
    server: Server, source: Callable[..., Source], spool: Spool
) -> None:
    server.folders["INBOX"] = {1: Mail("<a@x>")}
    mails = source()
    (item,) = mails.list({}, spool).items
    server.breaks_at, server.breaks_left = "BODY.PEEK[]", 1
    assert mails.fetch(item, MB) == Mail("<a@x>").content
    server.breaks_left = 2
    with pytest.raises(ParseError) as caught:
        mails.fetch(item, MB)
    assert caught.value.reason == "io"


def test_what_is_too_large_or_gone_is_a_parse_error(
    server: Server, source: Callable[..., Source], spool: Spool
) -> None:
    server.folders["INBOX"] = {1: Mail("<a@x>")}
    mails = source()
    (item,) = mails.list({}, spool).items
    with pytest.raises(ParseError) as caught:
        mails.fetch(item, 10)
    assert caught.value.reason == "too_large"
    server.folders["INBOX"].clear()
    with pytest.raises(ParseError, match="not in its folder") as caught:
        mails.fetch(item, MB)
    assert caught.value.reason == "io"


def test_a_server_that_announces_too_much_is_not_believed(
    server: Server, source: Callable[..., Source], spool: Spool
) -> None:
    server.folders["INBOX"] = {1: Mail("<a@x>")}
    mails = source()
    (item,) = mails.list({}, spool).items
    server.literal_size = 10**12
    with pytest.raises(ParseError) as caught:
        mails.fetch(item, MB)
    assert caught.value.reason == "io"


def test_a_refused_login_is_a_sentence_without_the_password(
    server: Server, source: Callable[..., Source], spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MAIL_PASSWORD", "hunter2hunter2")
    mails = source()
    with pytest.raises(SourceError, match="refuses the login") as caught:
        mails.list({}, spool)
    assert "hunter2" not in str(caught.value) + repr(mails)


def test_a_server_without_tls_is_never_told_the_password_where_tls_is_asked_for(
    server: Server, source: Callable[..., Source], spool: Spool
) -> None:
    for tls in ("tls", "starttls"):
        with pytest.raises(SourceError, match="does not answer as it should"):
            source(tls=tls).list({}, spool)
    assert "LOGIN" not in " ".join(server.commands)


def test_a_server_that_is_not_there_is_a_sentence(
    source: Callable[..., Source], spool: Spool
) -> None:
    with pytest.raises(SourceError, match="Check `host`"):
        source(port=9).list({}, spool)


def test_the_password_has_to_be_in_the_environment(tmp_path: Path) -> None:
    config = ImapConfig(type="imap", host="h", user="u", password_env="NOT_SET")
    with pytest.raises(ConfigError, match="NOT_SET"):
        config.build("mail", tmp_path, tmp_path)
    with pytest.raises(ValueError, match="pattern"):
        ImapConfig(type="imap", host="h", user="u", password_env="hunter2")
