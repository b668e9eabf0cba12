"""How the web application starts: its port, and the options that it never leaves to chance."""

import socket
from collections.abc import Iterator

import pytest

from app.web.server import choose_port, server_options
from core.errors import ConfigError

HOST = "127.0.0.1"


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as other:
        other.bind((HOST, 0))
        other.listen()
        yield other.getsockname()[1]


def test_a_port_that_was_asked_for_and_is_taken_is_an_error(taken: int) -> None:
    with pytest.raises(ConfigError, match=f"Port {taken} .* --port"):
        choose_port(HOST, taken, exact=True)


def test_a_default_port_that_is_taken_makes_way(
    taken: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert choose_port(HOST, taken, exact=False) > taken
    assert f"Port {taken} is taken" in capsys.readouterr().err


def test_an_address_of_another_machine_is_an_error() -> None:
    with pytest.raises(ConfigError, match="--host"):
        choose_port("192.0.2.1", 8501, exact=False)


def test_the_options_tell_nobody_anything_and_show_no_tracebacks() -> None:
    options = server_options(HOST, 8501)
    assert options["browser.gatherUsageStats"] is False
    assert options["client.showErrorDetails"] == "none"
    assert options["server.address"] == HOST
    assert options["server.enableXsrfProtection"] is True
    # It would take most of the time that many people at once leave.
    assert options["runner.postScriptGC"] is False
