"""Whether an address stays on this machine."""

import ipaddress


def is_loopback(host: str | None) -> bool:
    """Return whether a host is this machine itself, by its name or its address; what has no host is not."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host or "").is_loopback
    except ValueError:
        return False
