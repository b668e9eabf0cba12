"""A connection keeps its place only as long as it takes to send the head of a request."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from app.slack import header_deadline
from app.slack.header_deadline import HeaderDeadline

pytestmark = pytest.mark.integration

PATIENCE_S = 30.0


async def told(request: Request) -> PlainTextResponse:
    """Answer with what was sent."""
    return PlainTextResponse(await request.body())


@pytest.fixture
def port(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    monkeypatch.setattr(header_deadline, "HEADERS_S", 0.5)
    config = uvicorn.Config(
        Starlette(routes=[Route("/", told, methods=["POST"])]),
        log_config=None,
        lifespan="off",
        http=HeaderDeadline,
    )
    server = uvicorn.Server(config)
    listening = socket.create_server(("127.0.0.1", 0))
    serving = threading.Thread(target=server.run, args=([listening],))
    serving.start()
    yield listening.getsockname()[1]
    server.should_exit = True
    serving.join(PATIENCE_S)
    assert not serving.is_alive()


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_S)


def ask(client: socket.socket, body: bytes) -> None:
    head = f"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n"
    client.sendall(head.encode() + body)


def answer_of(client: socket.socket, ending: bytes) -> bytes:
    got = b""
    while not got.endswith(ending):
        part = client.recv(4096)
        assert part, got
        got += part
    return got


@pytest.mark.parametrize("begun", [b"", b"POST / HTTP/1.1\r\nhost: x\r\nx-slow: "])
def test_a_connection_without_a_whole_head_is_closed(port: int, begun: bytes) -> None:
    with connected(port) as client:
        client.sendall(begun)
        assert client.recv(4096) == b""


def is_refused(client: socket.socket) -> bool:
    try:
        client.sendall(b"y")
    except ConnectionError:
        return True
    return False


def test_one_that_goes_on_with_single_bytes_is_closed_too(port: int) -> None:
    with connected(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\nx-slow: ")
        deadline = time.monotonic() + PATIENCE_S
        while not is_refused(client):
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_the_next_request_of_a_connection_has_the_same_time(port: int) -> None:
    with connected(port) as client:
        ask(client, b"one")
        answer_of(client, b"one")
        client.sendall(b"POST / HT")
        assert client.recv(4096) == b""


def test_a_slow_body_and_a_second_request_are_taken(port: int) -> None:
    with connected(port) as client:
        client.sendall(b"POST / HTTP/1.1\r\nhost: x\r\ncontent-length: 4\r\n\r\nsl")
        time.sleep(1.5)
        client.sendall(b"ow")
        assert b" 200 " in answer_of(client, b"slow")
        ask(client, b"two")
        assert b" 200 " in answer_of(client, b"two")
