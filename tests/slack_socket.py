"""The WebSocket side of the scripted Slack: hands out envelopes in turn and waits for their acknowledgement."""

import itertools
import json
import threading
from contextlib import suppress
from typing import Any

from websockets.exceptions import ConnectionClosed
from websockets.sync.server import Server, ServerConnection, serve


class SlackSocket:
    """Every connection that the bot opened; `connections` says how many there are now, `opened` how many there were."""

    def __init__(self) -> None:
        self.opened = 0
        self._open: list[ServerConnection] = []
        self._acked: dict[str, dict[str, Any]] = {}
        self._changed = threading.Condition()
        self._numbers = itertools.count(1)
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The address that `apps.connections.open` names."""
        assert self._server is not None
        return f"ws://127.0.0.1:{self._server.socket.getsockname()[1]}/link?ticket=scripted"

    @property
    def connections(self) -> int:
        """How many connections are open."""
        with self._changed:
            return len(self._open)

    def start(self) -> None:
        """Listen."""
        self._server = serve(self._talk, "127.0.0.1", 0, compression=None)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and close every connection."""
        if self._server is not None and self._thread is not None:
            self.drop()
            self._server.shutdown()
            self._thread.join()

    def drop(self, reason: str = "") -> None:
        """Close every connection; with a reason, say `disconnect` first, as Slack does before it refreshes one."""
        with self._changed:
            connections = list(self._open)
        for connection in connections:
            with suppress(ConnectionClosed):
                if reason:
                    connection.send(json.dumps({"type": "disconnect", "reason": reason}))
                else:
                    connection.close()

    def send(
        self, kind: str, payload: dict[str, Any], retry: int, wait_s: float
    ) -> dict[str, Any] | None:
        """Send one envelope and return the payload of its acknowledgement; None where none came in time."""
        envelope_id = f"envelope-{next(self._numbers)}"
        envelope = {"envelope_id": envelope_id, "type": kind, "payload": payload}
        envelope["accepts_response_payload"] = kind != "events_api"
        if kind == "events_api":
            envelope |= {"retry_attempt": retry, "retry_reason": "timeout" if retry else ""}
        with self._changed:
            if not self._changed.wait_for(lambda: self._open, wait_s):
                return None
            self._open.append(self._open.pop(0))
            connection = self._open[-1]
        with suppress(ConnectionClosed):
            connection.send(json.dumps(envelope))
        with self._changed:
            self._changed.wait_for(lambda: envelope_id in self._acked, wait_s)
            return self._acked.pop(envelope_id, None)

    def _talk(self, connection: ServerConnection) -> None:
        connection.send(json.dumps({"type": "hello", "num_connections": 1}))
        with self._changed:
            self.opened += 1
            self._open.append(connection)
            self._changed.notify_all()
        try:
            for text in connection:
                said = json.loads(text)
                with self._changed:
                    self._acked[said["envelope_id"]] = said.get("payload") or {}
                    self._changed.notify_all()
        except ConnectionClosed:
            pass
        finally:
            with self._changed:
                self._open.remove(connection)
