"""A reverse proxy that serves one path of one server, as a company's would: HTTP and WebSockets.

python web_proxy.py PORT PATH SERVER
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_ELSEWHERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 9\r\nConnection: close\r\n\r\nelsewhere"


@contextmanager
def proxy(port: int, path: str, server: str) -> Iterator[str]:
    """Pass what is asked below `path` on to a server; yields the proxy's address with the path."""
    command = [sys.executable, __file__, str(port), path, server]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
            yield f"http://127.0.0.1:{port}{path}"
        finally:
            process.terminate()


async def _run(port: int, path: str, server: str) -> None:
    target = urlsplit(server)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            head = await reader.readuntil(b"\r\n\r\n")
            if head.split(b" ")[1].startswith(path.encode() + b"/"):
                onward = await asyncio.open_connection(target.hostname, target.port)
                onward[1].write(_forwarded(head))
                await asyncio.gather(_pipe(reader, onward[1]), _pipe(onward[0], writer))
            else:
                writer.write(_ELSEWHERE)
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", port) as listening:
        print("ready", flush=True)
        await listening.serve_forever()


def _forwarded(head: bytes) -> bytes:
    """Return a request's head as the server gets it: one request on a connection, and for whom it is."""
    first, *lines = head.rstrip(b"\r\n").split(b"\r\n")
    is_socket = any(line.lower().startswith(b"upgrade: websocket") for line in lines)
    if not is_socket:
        lines = [line for line in lines if not line.lower().startswith(b"connection:")]
        lines.append(b"Connection: close")
    lines += [b"X-Forwarded-For: 192.0.2.7", b"X-Forwarded-Proto: http"]
    return b"\r\n".join([first, *lines]) + b"\r\n\r\n"


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while chunk := await reader.read(65_536):
            writer.write(chunk)
            await writer.drain()
        writer.close()


if __name__ == "__main__":
    asyncio.run(_run(int(sys.argv[1]), sys.argv[2], sys.argv[3]))
