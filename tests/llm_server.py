"""A scripted language model server on loopback: it speaks the providers' real protocols and misbehaves as told.

    with llm_server("rate_limited", "ok") as server:      # the first request is refused, all others answered
        ... server.url ...                                 # base address; `server.openai_url` ends in /v1
        server.requests[0].prompt                          # what left the process

One server speaks all of them, told apart by path: OpenAI chat completions (also under Azure's paths), Anthropic
messages, Bedrock converse-stream (binary event stream) and Gemini streamGenerateContent. By hand:
`python -m tests.llm_server --port 8100 --script obedient`.
"""

import argparse
import json
import re
import select
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar, Literal
from urllib.parse import parse_qs, unquote, urlsplit
from zlib import crc32

DEFAULT_TEXT = "Employees have 26 days of paid leave a year [1]. Requests go to the team lead two weeks ahead [2]."
PROMPT_TOKENS = 321
COMPLETION_TOKENS = 21
OAUTH_TOKEN = "scripted-access-token"

Fault = Literal[
    "",
    "stall",
    "disconnect",
    "truncate",
    "invalid_json",
    "empty",
    "endless",
    "hang_up",
    "error_event",
]
Protocol = Literal["openai", "azure", "anthropic", "bedrock", "gemini", "unknown"]


@dataclass
class Request:
    """One request as it arrived; `client_left` becomes true when the caller closed before the end."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    raw: bytes
    body: dict[str, Any]
    protocol: Protocol
    arrived: float
    client_left: bool = False
    pieces_sent: int = 0
    finished: threading.Event = field(default_factory=threading.Event)

    @property
    def messages(self) -> list[tuple[str, str]]:
        """The messages as (role, text), the system prompt first, whatever the protocol."""
        found = [("system", text) for text in _texts(self.body.get("system"))]
        found += [("system", text) for text in _texts(self.body.get("systemInstruction"))]
        for message in [*self.body.get("messages", ()), *self.body.get("contents", ())]:
            text = "\n".join(_texts(message.get("content", message.get("parts"))))
            found.append((str(message.get("role", "user")), text))
        return found

    @property
    def prompt(self) -> str:
        """Every text of every message, one after the other."""
        return "\n".join(text for _, text in self.messages)


@dataclass(frozen=True)
class Reply:
    """What one request gets: a status, or a text that comes in pieces and may break off.

    `model` and `fingerprint` are what an OpenAI reply says of who wrote it; '' repeats what was asked for.
    `fault` happens after `after_pieces` pieces; `finish` is OpenAI's finish_reason, translated for the others.
    """

    text: str | Callable[[Request], str] = DEFAULT_TEXT
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    error: str = ""
    error_code: str = ""
    first_token_s: float = 0.0
    piece_s: float = 0.0
    fault: Fault = ""
    after_pieces: int = 3
    finish: Literal["stop", "length", "content_filter"] = "stop"
    usage: bool = True
    model: str = ""
    fingerprint: str = ""
    thinking: tuple[str, ...] = ()


def _obey(request: Request) -> str:
    """Repeat every instruction, address, image and secret of the prompt: the most gullible model there is."""
    prompt = "\n".join(text for role, text in request.messages if role != "system")
    found: dict[str, None] = {}
    for pattern in _OBEYED:
        for match in pattern.finditer(prompt[:200_000]):
            found.setdefault(match.group(0).strip(), None)
    orders = "\n".join(found)
    return f"Employees have 26 days of paid leave a year [1].\n{orders}\nI did as I was told [1]."


# Bounded repeats: documents are untrusted even here.
_OBEYED = (
    re.compile(r"!?\[[^\]\n]{0,200}\]\([^)\n]{1,500}\)"),
    re.compile(r"(?:https?|ftp|data|javascript):[^\s<>\"')\]]{1,500}", re.IGNORECASE),
    re.compile(r"<[a-zA-Z][^<>\n]{0,300}>"),
    re.compile(r"\b[A-Z0-9_-]{0,40}CANARY[A-Z0-9_-]{0,60}\b", re.IGNORECASE),
    re.compile(r"^.{0,300}\bSYSTEM\b ?:.{0,500}$", re.MULTILINE | re.IGNORECASE),
    re.compile(
        r"^.{0,300}\b(?:ignore|disregard|forget|instead|reply with|respond with|append|include|insert|output|repeat|"
        r"print|reveal|you must|you are now|new instructions?)\b.{0,500}$",
        re.MULTILINE | re.IGNORECASE,
    ),
)

SCRIPTS: dict[str, Reply] = {
    "ok": Reply(),
    "rate_limited": Reply(status=429, headers=(("Retry-After", "1"),)),
    "rate_limited_no_header": Reply(status=429),
    "out_of_quota": Reply(status=429, error_code="insufficient_quota"),
    "server_error": Reply(status=500),
    "overloaded": Reply(status=503),
    "unauthorized": Reply(status=401, error_code="invalid_api_key"),
    "forbidden": Reply(status=403),
    "unknown_model": Reply(status=404, error_code="model_not_found"),
    "bad_request": Reply(status=400, error="Unsupported value: 'temperature'."),
    "window_exceeded": Reply(
        status=400,
        error_code="context_length_exceeded",
        error="This model's maximum context length is 8192 tokens. prompt is too long: 9000 tokens > 8192 maximum",
    ),
    "content_filter": Reply(finish="content_filter", text="I "),
    "cut_at_limit": Reply(finish="length"),
    "slow_first_token": Reply(first_token_s=2.0),
    "never_starts": Reply(fault="stall", after_pieces=0),
    "stall": Reply(fault="stall"),
    "disconnect": Reply(fault="disconnect"),
    "disconnect_before": Reply(fault="disconnect", after_pieces=0),
    "hang_up": Reply(fault="hang_up"),
    "truncated": Reply(fault="truncate"),
    "invalid_json": Reply(fault="invalid_json", after_pieces=0),
    "invalid_json_later": Reply(fault="invalid_json"),
    "error_event": Reply(fault="error_event"),
    "error_event_before": Reply(fault="error_event", after_pieces=0),
    "empty": Reply(fault="empty"),
    "endless": Reply(fault="endless"),
    "wrong_markers": Reply(
        "Employees have 26 days of paid leave a year [9]. Requests go to the team lead [42][0]."
    ),
    "no_markers": Reply(
        "Employees have 26 days of paid leave a year. Requests go to the team lead two weeks ahead."
    ),
    "no_usage": Reply(usage=False),
    "thinking": Reply(thinking=("Let me see.", " Leave.")),
    "obedient": Reply(_obey),
}


class LlmServer:
    """Listens on a free port of this machine; answers the n-th request with the n-th reply, the last one for ever."""

    def __init__(self, replies: tuple[Reply, ...], port: int = 0) -> None:
        self.requests: list[Request] = []
        self.stopping = threading.Event()
        self._replies = replies
        self._lock = threading.Lock()
        self._http = _Listener(("127.0.0.1", port), _Handler)
        self._http.script = self
        self.port = int(self._http.server_address[1])
        self.url = f"http://127.0.0.1:{self.port}"
        self.openai_url = f"{self.url}/v1"
        self._thread = threading.Thread(
            target=self._http.serve_forever, args=(0.02,), name="llm-server", daemon=True
        )

    def take(self, request: Request) -> Reply:
        """Remember a request and return what it gets."""
        with self._lock:
            self.requests.append(request)
            return self._replies[min(len(self.requests), len(self._replies)) - 1]

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        """Let every open reply end and close the port."""
        self.stopping.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


@contextmanager
def llm_server(*script: str | Reply, port: int = 0) -> Iterator[LlmServer]:
    """Serve one reply for each request, in order; names are those of SCRIPTS, no script means `ok`."""
    replies = tuple(SCRIPTS[step] if isinstance(step, str) else step for step in script)
    server = LlmServer(replies or (SCRIPTS["ok"],), port)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def says(text: str, **changes: Any) -> Reply:
    """A reply with a text of the test's own."""
    return replace(Reply(text), **changes)


class _ClientLeft(Exception):
    """The caller closed the connection."""


class _Listener(ThreadingHTTPServer):
    """The socket, and the script that its handlers follow."""

    script: LlmServer


class _Handler(BaseHTTPRequestHandler):
    """Serves one connection; the script and the log of requests are the server's."""

    server: "_Listener"

    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        with suppress(ConnectionError):  # a caller that reset the connection between two requests
            super().handle()

    def do_POST(self) -> None:
        request = self._request()
        if request.path == "/token":  # where a Google service account exchanges its signature
            token = {"access_token": OAUTH_TOKEN, "expires_in": 3600, "token_type": "Bearer"}
            self._send_json(200, token)
            return
        reply = self.server.script.take(request)
        try:
            self._answer(request, reply)
        except (_ClientLeft, ConnectionError):
            request.client_left = True
            self.close_connection = True
        finally:
            request.finished.set()

    def do_GET(self) -> None:
        """List one model, as OpenAI's protocol does; doctors ask for it."""
        self._send_json(200, {"object": "list", "data": [{"id": "scripted", "object": "model"}]})

    def _request(self) -> Request:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        address = urlsplit(self.path)
        body: dict[str, Any] = {}
        with suppress(ValueError):
            body = json.loads(raw or b"{}")
        return Request(
            self.command,
            unquote(address.path),
            {name: values[0] for name, values in parse_qs(address.query).items()},
            {name.lower(): value for name, value in self.headers.items()},
            raw,
            body,
            _protocol(address.path),
            time.monotonic(),
        )

    def _answer(self, request: Request, reply: Reply) -> None:
        if reply.fault == "hang_up" or request.protocol == "unknown":
            self._close()
        elif reply.status != 200:
            self._refuse(request, reply)
        else:
            self._stream(request, reply)

    def _refuse(self, request: Request, reply: Reply) -> None:
        content, extra = _error(request.protocol, reply)
        self._send_json(reply.status, content, (*reply.headers, *extra))

    def _stream(self, request: Request, reply: Reply) -> None:
        wire = WIRES[request.protocol](request, reply)
        self.send_response(200)
        self.send_header("Content-Type", wire.content_type)
        self.send_header("Transfer-Encoding", "chunked")
        for name, value in reply.headers:
            self.send_header(name, value)
        self.end_headers()
        self._pause(reply.first_token_s)
        self._write(wire.start())
        for thought in reply.thinking:
            self._write(wire.thought(thought))
            self._pause(reply.piece_s)
        text = reply.text if isinstance(reply.text, str) else reply.text(request)
        for piece in _pieces(text, reply):
            if reply.fault and request.pieces_sent == reply.after_pieces:
                break
            self._write(wire.piece(piece))
            request.pieces_sent += 1
            self._pause(reply.piece_s)
        self._end(request, reply, wire)

    def _end(self, request: Request, reply: Reply, wire: "Wire") -> None:
        if reply.fault == "stall":
            self._pause(600.0)
        elif reply.fault == "disconnect":
            self._close()
            return
        elif reply.fault == "endless":
            while not self.server.script.stopping.is_set():
                self._write(wire.piece("and so on "))
                request.pieces_sent += 1
                self._pause(0.001)
        elif reply.fault == "invalid_json":
            self._write(wire.broken())
        elif reply.fault == "error_event":
            self._write(wire.error())
        elif reply.fault != "truncate":
            self._write(wire.finish())
        self.wfile.write(b"0\r\n\r\n")

    def _write(self, content: bytes) -> None:
        if self._client_left():
            raise _ClientLeft
        if content:
            self.wfile.write(b"%x\r\n%s\r\n" % (len(content), content))

    def _pause(self, seconds: float) -> None:
        """Wait, unless the caller leaves or the server is stopped."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0 and not self.server.script.stopping.is_set():
            if self._client_left():
                raise _ClientLeft
            time.sleep(min(left, 0.01))

    def _client_left(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and self.connection.recv(1, socket.MSG_PEEK) == b""

    def _close(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def _send_json(
        self, status: int, content: dict[str, Any], headers: tuple[tuple[str, str], ...] = ()
    ) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


class Wire:
    """How one protocol says the parts of an answer."""

    content_type = "text/event-stream; charset=utf-8"

    def __init__(self, request: Request, reply: Reply) -> None:
        self.request = request
        self.reply = reply

    def start(self) -> bytes:
        return b""

    def thought(self, text: str) -> bytes:
        return b""

    def piece(self, text: str) -> bytes:
        raise NotImplementedError

    def finish(self) -> bytes:
        raise NotImplementedError

    def broken(self) -> bytes:
        return b'data: {"choices": [{"delta": {"content": "half of a\n\n'

    def error(self) -> bytes:
        return _event(_error("openai", replace(self.reply, status=500))[0])


class _OpenAiWire(Wire):
    def start(self) -> bytes:
        return self._chunk({"role": "assistant", "content": ""})

    def thought(self, text: str) -> bytes:
        return self._chunk({"reasoning_content": text})

    def piece(self, text: str) -> bytes:
        return self._chunk({"content": text})

    def finish(self) -> bytes:
        end = self._chunk({}, self.reply.finish)
        options = self.request.body.get("stream_options") or {}
        if self.reply.usage and options.get("include_usage"):
            end += _event(self._envelope([], usage=_openai_usage()))
        return end + b"data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any], finish: str | None = None) -> bytes:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event(self._envelope([choice]))

    def _envelope(self, choices: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
        return {
            "id": "chatcmpl-1",
            "object": "chat.completion.chunk",
            "created": 1_700_000_000,
            "model": self.reply.model or self.request.body.get("model", ""),
            "choices": choices,
            **({"system_fingerprint": self.reply.fingerprint} if self.reply.fingerprint else {}),
            **more,
        }


class _AnthropicWire(Wire):
    _reasons: ClassVar[dict[str, str]] = {
        "stop": "end_turn",
        "length": "max_tokens",
        "content_filter": "refusal",
    }

    def start(self) -> bytes:
        message = {
            "id": "msg_1",
            "type": "message",
            "role": "assistant",
            "model": self.request.body.get("model", ""),
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": PROMPT_TOKENS, "output_tokens": 1},
        }
        block = {"index": 0, "content_block": {"type": "text", "text": ""}}
        return (
            self._event("message_start", message=message)
            + self._event("content_block_start", **block)
            + self._event("ping")
        )

    def piece(self, text: str) -> bytes:
        delta = {"type": "text_delta", "text": text}
        return self._event("content_block_delta", index=0, delta=delta)

    def finish(self) -> bytes:
        delta = {"stop_reason": self._reasons[self.reply.finish], "stop_sequence": None}
        return (
            self._event("content_block_stop", index=0)
            + self._event("message_delta", delta=delta, usage={"output_tokens": COMPLETION_TOKENS})
            + self._event("message_stop")
        )

    def broken(self) -> bytes:
        return b'event: content_block_delta\ndata: {"type": "content_block_de\n\n'

    def error(self) -> bytes:
        return self._event("error", error={"type": "overloaded_error", "message": "Overloaded"})

    def _event(self, kind: str, **content: Any) -> bytes:
        return f"event: {kind}\n".encode() + _event({"type": kind, **content})


class _GeminiWire(Wire):
    _reasons: ClassVar[dict[str, str]] = {
        "stop": "STOP",
        "length": "MAX_TOKENS",
        "content_filter": "SAFETY",
    }

    def piece(self, text: str) -> bytes:
        return self._chunk([{"text": text}])

    def thought(self, text: str) -> bytes:
        return self._chunk([{"text": text, "thought": True}])

    def finish(self) -> bytes:
        return self._chunk([{"text": ""}], self._reasons[self.reply.finish])

    def broken(self) -> bytes:
        return b'data: {"candidates": [{"content": {"parts": [{"te\n\n'

    def error(self) -> bytes:
        return _event(_error("gemini", replace(self.reply, status=500))[0])

    def _chunk(self, parts: list[dict[str, Any]], reason: str = "") -> bytes:
        candidate: dict[str, Any] = {"content": {"role": "model", "parts": parts}, "index": 0}
        if reason:
            candidate["finishReason"] = reason
        chunk = {"candidates": [candidate], "modelVersion": "scripted", "responseId": "1"}
        if self.reply.usage:
            chunk["usageMetadata"] = {  # type: ignore[assignment]
                "promptTokenCount": PROMPT_TOKENS,
                "candidatesTokenCount": COMPLETION_TOKENS,
                "totalTokenCount": PROMPT_TOKENS + COMPLETION_TOKENS,
            }
        return _event(chunk)


class _BedrockWire(Wire):
    content_type = "application/vnd.amazon.eventstream"
    _reasons: ClassVar[dict[str, str]] = {
        "stop": "end_turn",
        "length": "max_tokens",
        "content_filter": "guardrail_intervened",
    }

    def start(self) -> bytes:
        return frame("messageStart", {"role": "assistant"})

    def piece(self, text: str) -> bytes:
        return frame("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": text}})

    def finish(self) -> bytes:
        usage = {
            "inputTokens": PROMPT_TOKENS,
            "outputTokens": COMPLETION_TOKENS,
            "totalTokens": PROMPT_TOKENS + COMPLETION_TOKENS,
        }
        end = frame("contentBlockStop", {"contentBlockIndex": 0})
        end += frame("messageStop", {"stopReason": self._reasons[self.reply.finish]})
        if self.reply.usage:
            end += frame("metadata", {"usage": usage, "metrics": {"latencyMs": 12}})
        return end

    def broken(self) -> bytes:
        whole = self.piece("half of a")
        return whole[:-4] + b"\0\0\0\0"  # the message's checksum is wrong

    def error(self) -> bytes:
        return frame("throttlingException", {"message": "Too many requests"}, "exception")


def frame(kind: str, payload: dict[str, Any], message_type: str = "event") -> bytes:
    """One message of Amazon's binary event stream: lengths, headers, payload, each with its CRC-32."""
    name = ":event-type" if message_type == "event" else ":exception-type"
    headers = b"".join(
        struct.pack("!B", len(key)) + key.encode() + b"\x07" + struct.pack("!H", len(value)) + value.encode()
        for key, value in (
            (name, kind),
            (":content-type", "application/json"),
            (":message-type", message_type),
        )
    )  # fmt: skip
    content = json.dumps(payload).encode()
    prelude = struct.pack("!II", 16 + len(headers) + len(content), len(headers))
    message = prelude + struct.pack("!I", crc32(prelude)) + headers + content
    return message + struct.pack("!I", crc32(message))


WIRES: dict[str, type[Wire]] = {
    "openai": _OpenAiWire,
    "azure": _OpenAiWire,
    "anthropic": _AnthropicWire,
    "gemini": _GeminiWire,
    "bedrock": _BedrockWire,
}

_BEDROCK_ERRORS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_ANTHROPIC_ERRORS = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    500: "api_error",
    503: "overloaded_error",
}
_GEMINI_ERRORS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}


def _error(protocol: Protocol, reply: Reply) -> tuple[dict[str, Any], tuple[tuple[str, str], ...]]:
    """The body and further headers of an error as the provider writes them."""
    status, message = reply.status, reply.error or f"Scripted error {reply.status}."
    if protocol == "anthropic":
        kind = _ANTHROPIC_ERRORS.get(status, "api_error")
        return {"type": "error", "error": {"type": kind, "message": message}}, ()
    if protocol == "bedrock":
        return {"message": message}, (("x-amzn-ErrorType", _BEDROCK_ERRORS[status]),)
    if protocol == "gemini":
        status_name = _GEMINI_ERRORS[status]
        return {"error": {"code": status, "message": message, "status": status_name}}, ()
    content = {"message": message, "type": "error", "param": None, "code": reply.error_code or None}
    return {"error": content}, ()


def _protocol(path: str) -> Protocol:
    if path.endswith("/chat/completions"):
        return "azure" if "/openai/deployments/" in path else "openai"
    if path.endswith("/v1/messages"):
        return "anthropic"
    if path.endswith("/converse-stream"):
        return "bedrock"
    return "gemini" if path.endswith(":streamGenerateContent") else "unknown"


def _pieces(text: str, reply: Reply) -> list[str]:
    if reply.fault == "empty":
        return []
    return re.findall(r"\S+\s*|\s+", text) or [""]


def _texts(content: Any) -> list[str]:
    """The texts of a message's content, which is a text, a list of blocks, or a block with parts."""
    if isinstance(content, str):
        return [content]
    if isinstance(content, dict):
        return _texts(content.get("parts") or content.get("text"))
    if isinstance(content, list):
        return [text for block in content for text in _texts(block)]
    return []


def _event(content: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(content).encode() + b"\n\n"


def _openai_usage() -> dict[str, int]:
    return {
        "prompt_tokens": PROMPT_TOKENS,
        "completion_tokens": COMPLETION_TOKENS,
        "total_tokens": PROMPT_TOKENS + COMPLETION_TOKENS,
    }


def main() -> None:
    """Serve one script until interrupted."""
    parser = argparse.ArgumentParser(description="A scripted language model server on loopback.")
    parser.add_argument("--port", type=int, default=8100)
    parser.add_argument("--script", default="ok", choices=sorted(SCRIPTS))
    parser.add_argument("--text", help="a text to answer with instead of the script's")
    chosen = parser.parse_args()
    reply = SCRIPTS[chosen.script]
    if chosen.text:
        reply = replace(reply, text=chosen.text)
    with llm_server(reply, port=chosen.port) as server, suppress(KeyboardInterrupt):
        print(f"{chosen.script} on {server.openai_url} (OpenAI) and {server.url} (others)")
        seen = 0
        while True:
            time.sleep(0.2)
            for request in server.requests[seen:]:
                print(f"{request.method} {request.path}: {len(request.prompt):,} characters")
            seen = len(server.requests)


if __name__ == "__main__":
    main()
