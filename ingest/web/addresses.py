"""Which IP addresses Footnote may connect to: the public internet, and what an admin allows by network.

    a name in a URL ──▶ its addresses ──▶ AddressGuard.check, each of them ──▶ connect to one that passed

The check looks at addresses only, never at how a host was spelled: a name, `0x7f.1` and `2130706433` are the
same once the system has resolved them. An IPv6 address that carries an IPv4 address in it is refused whatever
it carries, because a gateway or the system itself may unwrap it on the way.
"""

import ipaddress
from collections.abc import Iterator, Sequence

from core.errors import ConfigError, SourceError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network

# The special-purpose registries, written out: what `ipaddress.is_global` says differs between releases
# of Python (192.0.0.0/24 and 64:ff9b:1::/48 changed in 3.11.10), and says nothing of multicast.
_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(text)
    for text in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.31.196.0/24",
        "192.52.193.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "192.175.48.0/24",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",
        "240.0.0.0/4",
        # Public by number, but the metadata service of one large cloud.
        "168.63.129.16/32",
    )
)
_UNICAST_V6 = ipaddress.IPv6Network("2000::/3")
"""All that is given out for the public internet; loopback, ULA, link-local, NAT64 and the rest lie outside."""
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(text)
    for text in ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20")
)
_CARRIERS = (
    # The network, and the bits to the right of the IPv4 address in it.
    (ipaddress.IPv6Network("::/96"), 0),
    (ipaddress.IPv6Network("::ffff:0:0/96"), 0),
    (ipaddress.IPv6Network("::ffff:0:0:0/96"), 0),
    (ipaddress.IPv6Network("64:ff9b::/96"), 0),
    (ipaddress.IPv6Network("64:ff9b:1::/48"), 0),
    (ipaddress.IPv6Network("2002::/16"), 80),
)
_GATEWAYS = tuple(network for network, _ in _CARRIERS[1:])
_TEREDO = ipaddress.IPv6Network("2001::/32")
_ISATAP = (0x00005EFE, 0x02005EFE)
_LOW = 0xFFFFFFFF


class AddressGuard:
    """Says which addresses may be connected to; `allow` are networks that an admin names on purpose."""

    def __init__(self, allow: Sequence[str] = ()) -> None:
        """Take networks such as `10.1.0.0/16`; a single address is a network of one.

        Raises:
            ConfigError: one of them is no network.
        """
        self._allowed = tuple(map(_network, allow))

    def check(self, text: str) -> Address:
        """Return the address if it may be connected to.

        Raises:
            SourceError: reason `address`; it is private, reserved, or no address.
        """
        try:
            address = ipaddress.ip_address(text)
        except ValueError as error:
            raise SourceError(f"{text!r} is not an IP address.", "address") from error
        if not self._permits(address):
            raise SourceError(
                f"The address {text} is not on the public internet. If this is meant, name it or its network "
                "under allow_addresses of the source.",
                "address",
            )
        return address

    def _permits(self, address: Address) -> bool:
        """An allowed gateway's network allows only the public addresses, and the allowed ones, behind it."""
        if is_public(address) or isinstance(address, ipaddress.IPv4Address):
            return is_public(address) or self._lists(address)
        if address.ipv4_mapped is not None and self._lists(address.ipv4_mapped):
            return True  # The same connection, spelled otherwise.
        behind = carried_addresses(address) if any(address in net for net in _GATEWAYS) else ()
        return self._lists(address) and all(map(self._permits, behind))

    def _lists(self, address: Address) -> bool:
        return any(
            address in network for network in self._allowed if network.version == address.version
        )


def is_public(address: Address) -> bool:
    """Say whether an address is unicast on the public internet, and carries no other address in it."""
    if isinstance(address, ipaddress.IPv4Address):
        return not any(address in network for network in _REFUSED_V4)
    if address.scope_id is not None or address not in _UNICAST_V6:
        return False
    if any(address in network for network in _REFUSED_V6):
        return False
    return not any(not is_public(carried) for carried in carried_addresses(address))


def carried_addresses(address: ipaddress.IPv6Address) -> Iterator[ipaddress.IPv4Address]:
    """Yield the IPv4 addresses that an IPv6 address may be unwrapped to on its way."""
    number = int(address)
    for network, shift in _CARRIERS:
        if address in network:
            yield ipaddress.IPv4Address(number >> shift & _LOW)
    if address in _TEREDO:
        yield ipaddress.IPv4Address(number >> 64 & _LOW)
        yield ipaddress.IPv4Address(~number & _LOW)
    if number >> 32 & _LOW in _ISATAP:
        yield ipaddress.IPv4Address(number & _LOW)


def _network(text: str) -> Network:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError as error:
        raise ConfigError(
            f"allow_addresses has {text!r}, which is no network. Write it like '10.1.0.0/16'."
        ) from error
