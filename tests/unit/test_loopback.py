"""What counts as this machine."""

import pytest

from core.loopback import is_loopback


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.9.8.7", "::1"])
def test_an_address_of_this_machine_stays_on_it(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", [None, "", "localhost.example.org", "0.0.0.0", "10.0.0.1", "127.1"]
)
def test_anything_else_leaves_it(host: str | None) -> None:
    assert not is_loopback(host)
