"""S1: what is not signed by Slack gets 401, is not stored, and nothing of it is in the log."""

import http.client
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode, urlsplit
from urllib.request import urlopen

import pytest
from cli_harness import samples_base, writable_copy
from slack_bot import BotProcess, all_ended, bot_process, env_for, inbox_rows, wait_for
from slack_server import SIGNING_SECRET, Delivery, SlackServer, slack_server

pytestmark = pytest.mark.integration

CANARY = "zymurgy-canary-in-a-forged-body"


@dataclass
class Running:
    slack: SlackServer
    bot: BotProcess
    data_dir: Path

    def log(self) -> str:
        return "".join(self.bot.log)


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[Running]:
    data_dir = writable_copy(samples_base(model_cache), tmp_path_factory.mktemp("slack") / "base")
    with slack_server() as slack:
        slack.add_person("U1", "ann@brightwater.example")
        slack.add_channel("C1", "public", ["U1"])
        env = env_for(data_dir, model_cache, slack, FOOTNOTE_LOG_LEVEL="debug")
        with bot_process(env) as bot:
            slack.bot_url = bot.url
            yield Running(slack, bot, data_dir)


def forged_event() -> bytes:
    event = {"type": "app_mention", "user": "U1", "channel": "C1", "ts": "1.5", "text": CANARY}
    body = {"type": "event_callback", "team_id": "T0FOOT", "event_id": "EvForged", "event": event}
    return json.dumps(body).encode()


def headers_of(running: Running, raw: bytes, at: float | None = None) -> dict[str, str]:
    return {"content-type": "application/json", **running.slack.signed(raw, at)}


BAD = {
    "a signature of another secret": {"x-slack-signature": "v0=" + "a" * 64},
    "a signature in capitals": {"x-slack-signature": "V0=" + "A" * 64},
    "a signature that is not ASCII": {"x-slack-signature": "v0=\xe9\xe9"},
    "an empty signature": {"x-slack-signature": ""},
    "no signature": {"x-slack-signature": None},
    "no timestamp": {"x-slack-request-timestamp": None},
    "a timestamp that is a word": {"x-slack-request-timestamp": "abc"},
    "a timestamp with digits of another script": {"x-slack-request-timestamp": "\xb2\xb3"},
    "a negative timestamp": {"x-slack-request-timestamp": "-5"},
    "a timestamp of forty digits": {"x-slack-request-timestamp": "1" * 40},
}


@pytest.mark.parametrize("name", BAD)
def test_a_request_is_refused_that_has(running: Running, name: str) -> None:
    raw = forged_event()
    headers = headers_of(running, raw)
    for header, value in BAD[name].items():
        if value is None:
            del headers[header]
        else:
            headers[header] = value
    refuse(running, running.slack.post(raw, headers))


@pytest.mark.parametrize("seconds", [-301, 301, -86_400])
def test_a_signature_of_another_time_is_refused(running: Running, seconds: int) -> None:
    raw = forged_event()
    refuse(running, running.slack.post(raw, headers_of(running, raw, time.time() + seconds)))


def test_a_body_with_one_byte_changed_is_refused(running: Running) -> None:
    raw = forged_event()
    headers = headers_of(running, raw)
    refuse(running, running.slack.post(raw.replace(b"C1", b"C2"), headers))


def test_an_unsigned_ssl_check_is_refused(running: Running) -> None:
    raw = urlencode({"ssl_check": "1", "token": CANARY}).encode()
    headers = {"content-type": "application/x-www-form-urlencoded"}
    refuse(running, running.slack.post(raw, headers))


def refuse(running: Running, delivery: Delivery) -> None:
    assert (delivery.status, delivery.body) == (401, "")
    assert not [row for row in inbox_rows(running.data_dir) if "1.5" in row.message_key]
    nothing_is_told(running)


def nothing_is_told(running: Running) -> None:
    log = running.log()
    assert CANARY not in log
    assert SIGNING_SECRET not in log
    assert "v0=" not in log
    assert "Traceback" not in log


def test_what_is_signed_and_no_event_is_no_error_of_ours(running: Running) -> None:
    for raw in (b"[]", b"{", b"\xff\xfe", b'"x"', b"5", b"", b"{" * 5000, b"null", CANARY.encode()):
        status = running.slack.post(raw, headers_of(running, raw)).status
        assert status in (200, 400, 404), (raw[:20], status)
    nothing_is_told(running)


def test_a_body_over_a_megabyte_is_refused_before_it_is_read(running: Running) -> None:
    raw = b"x" * 1_000_001
    try:
        status = running.slack.post(raw, headers_of(running, raw)).status
    except ConnectionError:
        status = 413
    assert status in (0, 413)  # 0: the connection was closed while we still sent
    host = urlsplit(running.bot.url).netloc
    connection = http.client.HTTPConnection(host, timeout=30)
    connection.putrequest("POST", "/slack/events")
    connection.putheader("content-length", "5000000000")
    connection.endheaders()
    assert connection.getresponse().status == 413
    connection.close()


def test_a_body_in_chunks_without_a_length_is_limited_too(running: Running) -> None:
    parts = urlsplit(running.bot.url)
    with socket.create_connection((parts.hostname, parts.port), 30) as line:
        line.sendall(
            b"POST /slack/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        chunk = b"10000\r\n" + b"y" * 0x10000 + b"\r\n"
        answered = b""
        try:
            for _ in range(40):
                line.sendall(chunk)
            answered = line.recv(100)
        except ConnectionError:
            answered = b"HTTP/1.1 413"
    assert answered.startswith(b"HTTP/1.1 413")


def test_there_is_nothing_else_to_ask_for(running: Running) -> None:
    host = urlsplit(running.bot.url).netloc
    for method, path in (
        ("GET", "/"),
        ("GET", "/slack/events"),
        ("POST", "/"),
        ("POST", "/healthz"),
        ("GET", "/docs"),
    ):
        connection = http.client.HTTPConnection(host, timeout=30)
        connection.request(method, path)
        assert connection.getresponse().status in (404, 405)
        connection.close()
    with urlopen(f"{running.bot.url}/healthz") as reply:
        assert (reply.status, reply.read()) == (200, b"ok")


def test_slack_may_check_the_address_when_it_signs(running: Running) -> None:
    body = {"type": "url_verification", "challenge": "c-1", "token": "t"}
    assert running.slack.deliver(body).body in ("c-1", '{"challenge": "c-1"}')


def test_a_stored_question_is_acknowledged_without_a_repetition(running: Running) -> None:
    told = running.slack.mention("U1", "C1", f"How many days of annual leave? {CANARY}")
    assert (told.status, told.attempts) == (200, 1)
    assert told.headers["x-slack-no-retry"] == "1"
    wait_for(lambda: all_ended(running.data_dir, len(inbox_rows(running.data_dir))))
    nothing_is_told(running)


def test_what_cannot_be_stored_is_asked_for_again(running: Running) -> None:
    import sqlite3

    # Another process holds the database for longer than anybody waits.
    holder = sqlite3.connect(running.data_dir / "footnote.db", isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    running.slack.ack_s = 60.0
    try:
        told = running.slack.mention("U1", "C1", CANARY, retries=False)
    finally:
        holder.execute("ROLLBACK")
        holder.close()
        running.slack.ack_s = 3.0
    assert told.status == 503
    assert "x-slack-no-retry" not in told.headers
    again = running.slack.mention("U1", "C1", CANARY, ts=told.ts, event_id=f"Ev{told.ts}")
    assert again.status == 200
    nothing_is_told(running)
