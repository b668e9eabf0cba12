"""A port for a server of a test that is told its port and does not choose one."""

import secrets
import socket

_TRIES = 100


def free_port() -> int:
    """Return a port of this machine that nothing has.

    It lies below those that systems give to connections (from 32,768 on Linux): until the server listens, a page of
    another test could be given it.
    """
    for _ in range(_TRIES):
        port = 20_000 + secrets.randbelow(12_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise RuntimeError(f"{_TRIES} ports between 20,000 and 32,000 are taken")
