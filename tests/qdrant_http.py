"""A stand-in for a Qdrant server: its REST interface on loopback, answered by the client's local mode.

It proves what is said over HTTP (every body is parsed by the strict models of the interface), keys and
failures. How a real server indexes and ranks it cannot prove: that is what FOOTNOTE_TEST_QDRANT_URL is for.
"""

import json
import threading
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from pydantic import BaseModel
from qdrant_client import QdrantClient, models

NOT_FOUND = 404


@dataclass(frozen=True)
class Request:
    """One request as it arrived."""

    method: str
    path: str
    body: dict[str, Any]
    key: str

    @property
    def parts(self) -> list[str]:
        return self.path.partition("?")[0].strip("/").split("/")


Answer = Callable[[Request], tuple[int, bytes] | None]
"""Return the status and body of an answer; None closes the connection without a word."""


class HttpServer:
    """Answers every request on a free port of this machine with one function, and remembers them."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[Request] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def _serve(self) -> None:
                length = int(self.headers.get("Content-Length") or 0)
                body = json.loads(self.rfile.read(length) or b"{}")
                request = Request(self.command, self.path, body, self.headers.get("api-key") or "")
                outer.requests.append(request)
                answered = answer(request)
                if answered is None:
                    self.close_connection = True
                    return
                status, content = answered
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                if status == 429:
                    self.send_header("Retry-After", "1")
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_PUT = do_POST = do_PATCH = do_DELETE = _serve

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class StandIn(HttpServer):
    """Qdrant's interface as far as Footnote uses it, with a full key and one that may only read."""

    def __init__(self, key: str = "", read_only_key: str = "") -> None:
        self._key, self._read_only_key = key, read_only_key
        self._client = QdrantClient(location=":memory:")
        self._lock = threading.Lock()
        super().__init__(self._answer)

    def _answer(self, request: Request) -> tuple[int, bytes]:
        refused = self._refusal(request)
        if refused:
            return refused
        try:
            with self._lock, warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = self._result(request)
        except ValueError as error:
            if "not found" in str(error):
                return said(NOT_FOUND, f"Not found: {error}")
            if "shapes" in str(error) or "mismatch" in str(error):  # local mode leaves it to numpy
                return said(400, "Wrong input: Vector dimension error: expected dim: 4, got 8")
            return said(400, f"Wrong input: {error}")
        except KeyError as error:
            return said(NOT_FOUND, f"Not found: No point with id {error} found")
        body = {"result": _plain(result), "status": "ok", "time": 0.0}
        return 200, json.dumps(body).encode()

    def _refusal(self, request: Request) -> tuple[int, bytes] | None:
        if self._key and request.key not in (self._key, self._read_only_key):
            return 401, b"Invalid API key or JWT"
        reading = request.method == "GET" or request.parts[-1] in ("scroll", "query", "batch")
        reading = reading or (request.method == "POST" and request.parts[-1] == "points")
        if self._key and request.key == self._read_only_key and not reading:
            return said(403, "Forbidden: Global manage access is required")
        return None

    def _result(self, request: Request) -> Any:
        parts, body, client = request.parts, request.body, self._client
        match request.method, parts[:1] + parts[2:]:
            case "GET", ["aliases"]:
                return client.get_aliases()
            case "POST", ["collections"]:
                steps = models.ChangeAliasesOperation.model_validate(body)
                return client.update_collection_aliases(steps.actions)
            case "GET", ["collections"]:
                return client.get_collection(parts[1])
            case "GET", ["collections", "exists"]:
                return {"exists": client.collection_exists(parts[1])}
            case "PUT", ["collections"]:
                made = models.CreateCollection.model_validate(body)
                return client.create_collection(
                    parts[1], made.vectors, made.sparse_vectors, metadata=made.metadata
                )
            case "PATCH", ["collections"]:
                changed = models.UpdateCollection.model_validate(body)
                return client.update_collection(parts[1], metadata=changed.metadata)
            case "DELETE", ["collections"]:
                return client.delete_collection(parts[1])
            case "PUT", ["collections", "index"]:
                models.CreateFieldIndex.model_validate(body)
                return {"operation_id": 1, "status": "completed"}
        return self._points(request.method, parts, body)

    def _points(self, method: str, parts: list[str], body: dict[str, Any]) -> Any:
        name, client = parts[1], self._client
        match method, parts[3:]:
            case "PUT", []:
                return client.upsert(name, models.PointsList.model_validate(body).points)
            case "PUT", ["vectors"]:
                return client.update_vectors(name, models.UpdateVectors.model_validate(body).points)
            case "POST", ["delete"]:
                return client.delete(name, models.PointIdsList.model_validate(body))
            case "POST", []:
                asked = models.PointRequest.model_validate(body)
                return client.retrieve(
                    name, asked.ids, with_payload=asked.with_payload, with_vectors=asked.with_vector
                )
            case "POST", ["scroll"]:
                page = models.ScrollRequest.model_validate(body)
                points, offset = client.scroll(
                    name,
                    page.filter,
                    limit=page.limit,
                    offset=page.offset,
                    with_payload=page.with_payload,
                    with_vectors=page.with_vector,
                )
                return {"points": _plain(points), "next_page_offset": offset}
            case "POST", ["query"]:
                one = models.QueryRequest.model_validate(body)
                return client.query_batch_points(name, [one])[0]
            case "POST", ["query", "batch"]:
                many = models.QueryRequestBatch.model_validate(body)
                return client.query_batch_points(name, many.searches)
        raise AssertionError(f"a request that the stand-in does not know: {method} {parts}")

    def close(self) -> None:
        super().close()
        self._client.close()


def said(status: int, error: str) -> tuple[int, bytes]:
    """Qdrant's form of an error."""
    return status, json.dumps({"status": {"error": error}, "time": 0.0}).encode()


def _plain(value: Any) -> Any:
    if isinstance(value, BaseModel):
        return value.model_dump(mode="json")
    return [_plain(each) for each in value] if isinstance(value, list) else value
