"""Only the public internet may be reached, whatever an address looks like."""

import ipaddress
import socket

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, SourceError
from ingest.web.addresses import AddressGuard, carried_addresses, is_public

PRIVATE_NETWORKS = [
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/4",
    "240.0.0.0/4",
]


def refused(text: str, *allow: str) -> bool:
    try:
        AddressGuard(allow).check(text)
    except SourceError as error:
        return error.reason == "address"
    return False


@st.composite
def private_v4(draw: st.DrawFn) -> ipaddress.IPv4Address:
    network = ipaddress.IPv4Network(draw(st.sampled_from(PRIVATE_NETWORKS)))
    return network[draw(st.integers(0, network.num_addresses - 1))]


@st.composite
def part_spellings(draw: st.DrawFn, number: int) -> str:
    zeros = "0" * draw(st.integers(0, 3))
    return draw(
        st.sampled_from(
            [f"{number}", f"0x{zeros}{number:x}", f"0X{number:X}", f"0{zeros}{number:o}"]
        )
    )


@st.composite
def numeric_spellings(draw: st.DrawFn) -> tuple[str, ipaddress.IPv4Address]:
    """One to four parts, each decimal, octal or hexadecimal; the last one holds the rest of the address."""
    address = draw(private_v4())
    octets = address.packed
    parts = draw(st.integers(1, 4))
    numbers = [*octets[: parts - 1], int.from_bytes(octets[parts - 1 :], "big")]
    return ".".join(draw(part_spellings(number)) for number in numbers), address


@given(numeric_spellings())
def test_a_private_address_is_refused_in_every_numeric_spelling(
    spelled: tuple[str, ipaddress.IPv4Address],
) -> None:
    spelling, address = spelled
    resolved = socket.inet_ntoa(socket.inet_aton(spelling))  # What the system makes of it.
    assert resolved == str(address)
    assert refused(resolved)


CARRIERS = {
    "mapped": lambda v4: (0xFFFF << 32) | v4,
    "compatible": lambda v4: v4,
    "translated": lambda v4: (0xFFFF << 48) | v4,
    "6to4": lambda v4: (0x2002 << 112) | (v4 << 80),
    "NAT64": lambda v4: (0x64FF9B << 96) | v4,
    "local NAT64": lambda v4: (0x64FF9B0001 << 80) | v4,
    "Teredo client": lambda v4: (0x20010000 << 96) | (v4 ^ 0xFFFFFFFF),
    "Teredo server": lambda v4: (0x20010000 << 96) | (v4 << 64),
    "ISATAP": lambda v4: (0x2A00 << 112) | (0x5EFE << 32) | v4,
}


@pytest.mark.parametrize("carrier", CARRIERS)
@given(address=private_v4())
def test_a_private_address_is_refused_inside_an_ipv6_address(
    carrier: str, address: ipaddress.IPv4Address
) -> None:
    outer = ipaddress.IPv6Address(CARRIERS[carrier](int(address)))
    assert address in carried_addresses(outer)
    assert refused(str(outer))
    assert refused(outer.exploded)


@given(st.integers(0, 2**32 - 1).map(ipaddress.IPv4Address))
def test_nothing_that_python_calls_private_is_public_here(address: ipaddress.IPv4Address) -> None:
    assert not (is_public(address) and (not address.is_global or address.is_multicast))


@given(st.ip_addresses(v=6))
def test_no_ipv6_address_outside_the_public_range_is_public(address: ipaddress.IPv6Address) -> None:
    assert not (is_public(address) and (not address.is_global or int(address) >> 125 != 1))


@pytest.mark.parametrize(
    "text",
    [
        "169.254.169.254",
        "fd00:ec2::254",
        "fe80::1",
        "fec0::1",
        "::1",
        "::",
        "ff02::1",
        "2001:db8::1",
        "168.63.129.16",
        "192.0.0.192",
        "100.100.100.200",
        "255.255.255.255",
        "192.88.99.1",
        "203.0.113.9",
        "3fff::1",
        "2002:5db8:d822::1",
        "2001:10::1",
        "fe80::1%eth0",
        "2606:4700::1%eth0",
    ],
)
def test_special_addresses_are_refused(text: str) -> None:
    assert refused(text)


@pytest.mark.parametrize(
    "text", ["93.184.216.34", "1.1.1.1", "2606:4700:4700::1111", "2a00:1450::1"]
)
def test_public_addresses_are_allowed(text: str) -> None:
    assert str(AddressGuard().check(text)) == text


@pytest.mark.parametrize("text", ["", "localhost", "0x7f.1", "127.1", "1.2.3.4 "])
def test_what_is_no_plain_address_is_refused(text: str) -> None:
    assert refused(text, "0.0.0.0/0", "::/0")


def test_an_admin_allows_networks_and_nothing_beside_them() -> None:
    allow = ("10.1.0.0/16", "127.0.0.1", "fd00:1::/32")
    for text in ("10.1.2.3", "127.0.0.1", "fd00:1::5", "::ffff:10.1.2.3"):
        assert not refused(text, *allow)
    for text in (
        "10.2.0.1",
        "127.0.0.2",
        "fd00:2::5",
        "::ffff:10.2.0.1",
        "169.254.169.254",
        "::10.1.2.3",
    ):
        assert refused(text, *allow)


def test_an_allowed_gateway_leads_to_no_private_network() -> None:
    allow = ("64:ff9b::/96",)
    assert not refused("64:ff9b::93.184.216.34", *allow)
    assert refused("64:ff9b::127.0.0.1", *allow)
    assert not refused("64:ff9b::10.1.2.3", *allow, "10.1.0.0/16")


@pytest.mark.parametrize("network", ["10.0.0.0/33", "intranet", "", "10.0.0"])
def test_what_is_no_network_is_an_error_of_the_configuration(network: str) -> None:
    with pytest.raises(ConfigError, match="allow_addresses"):
        AddressGuard([network])
