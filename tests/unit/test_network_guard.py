"""The guard of tests/conftest.py itself: what leaves this machine raises, what stays works."""

import socket

import pytest


@pytest.mark.parametrize("host", ["203.0.113.7", "example.org"])
def test_a_connection_off_this_machine_is_refused(host: str) -> None:
    with pytest.raises(OSError, match="tests use this machine only"):
        socket.create_connection((host, 443), timeout=1)


def test_a_datagram_off_this_machine_is_refused() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender,
        pytest.raises(OSError, match="tests use this machine only"),
    ):
        sender.sendto(b"x", ("203.0.113.7", 53))


def test_a_connection_on_this_machine_works() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with socket.create_connection(("localhost", port), timeout=5) as client:
            assert client.getpeername()[1] == port
