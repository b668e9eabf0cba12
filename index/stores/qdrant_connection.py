"""One Qdrant, server or local folder: its client, the names in it, and what its errors mean.

    {prefix}                     alias: what readers search
    {prefix}-{generation}        collection: the words and vectors of one generation

Every request goes through `read` or `write`, so that every error of the client becomes a sentence. The API
key is handed to the client and kept nowhere else; no message, log or representation has it.
"""

import re
import ssl
import warnings
import weakref
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from core.errors import (
    ConfigError,
    DataFolderError,
    FolderBusy,
    FootnoteError,
    IndexMismatch,
    ServiceUnavailable,
    StorageFull,
)
from index.stores.qdrant_local import give_back, take_folder

if TYPE_CHECKING:
    from qdrant_client import QdrantClient

T = TypeVar("T")

DENSE, WORDS = "dense", "words"
"""Names of a point's vectors: the embedding, and the words as a sparse vector."""

FORMAT = 1
"""How points are written; a collection of another format has to be made again."""

WRITE_TIMEOUT_S = 60
"""Writes wait until they are durable, which takes seconds while Qdrant merges segments."""

_PREFIX = re.compile(r"[A-Za-z0-9_.-]{1,100}")
_KEY = re.compile(r"[!-~]*")
_DEFAULT_PORT = 6333


@dataclass(frozen=True, slots=True)
class CollectionManifest:
    """What a collection says of itself; `embedder` is '' before its first vectors.

    `state` is another after each commit and publication. `is_damaged` is what the server found.
    """

    embedder: str
    dim: int
    state: str
    is_damaged: bool


class QdrantConnection:
    """A client of one Qdrant; shared by the threads of a process, and by its store and writer.

    With `path` it is a folder of this process alone (local mode: for trials and tests, not above 20,000
    chunks); its files are pickled by the client, so open only folders that Footnote wrote.

    Raises:
        ConfigError: the URL, the key or the prefix cannot be used, or the client is not installed.
        FolderBusy: another process has the folder open.
    """

    def __init__(
        self,
        *,
        url: str = "",
        api_key: str = "",
        path: Path | None = None,
        prefix: str = "footnote",
        dim: int,
        timeout_s: int = 10,
    ) -> None:
        if not _PREFIX.fullmatch(prefix):
            raise ConfigError(
                f"The name of the Qdrant collection {prefix!r} cannot be used. Use up to 100 letters, "
                "digits, dots, hyphens and underscores."
            )
        if not _KEY.fullmatch(api_key):
            # The client would name the key in its error.
            raise ConfigError(
                "The API key of Qdrant has blanks, line breaks or letters outside ASCII. Set "
                "FOOTNOTE_QDRANT__API_KEY to the key alone."
            )
        self.alias = prefix
        self.dim = dim
        self.is_local = path is not None
        self.place = str(path) if path is not None else _shown(url)
        self._timeout_s = timeout_s
        self._close: Callable[[], object]
        # A server answers threads in parallel.
        self._lock: AbstractContextManager[Any] = nullcontext()
        try:
            if path is None:
                self._client = _open(url, api_key, timeout_s)
                self._close = self._client.close
            else:
                folder = take_folder(path)
                self._client, self._lock = folder.client, folder.lock
                # Once, also for a connection that is dropped without a word.
                self._close = weakref.finalize(self, give_back, path)
        except ImportError as error:
            raise ConfigError(
                "FOOTNOTE_STORE=qdrant needs the Qdrant client. Install it with: pip install 'footnote[qdrant]'"
            ) from error
        except Exception as error:  # everything it may raise is translated
            raise self._translated(error, writing=False) from error

    def read(self, call: "Callable[[QdrantClient], T]") -> T | None:
        """Return what a reading call returns; None where there is no such collection yet.

        A connection that breaks is tried once more.

        Raises:
            ServiceUnavailable: the server does not answer, or refuses.
            IndexMismatch: the collection has vectors of another size.
            DataFolderError: a local folder cannot be read.
        """
        try:
            try:
                return self._call(call)
            except Exception as error:
                if not _is_broken_connection(error):
                    raise
                return self._call(call)
        except Exception as error:  # everything it may raise is translated
            if _is_missing_collection(error):
                return None
            raise self._translated(error, writing=False) from error

    def write(self, call: "Callable[[QdrantClient], T]") -> T:
        """Return what a writing call returns; it is tried once.

        Raises:
            ServiceUnavailable: the server does not answer, or the key may only read.
            FootnoteError: see `read`; `StorageFull` where a local disk is full.
        """
        try:
            return self._call(call)
        except Exception as error:  # everything it may raise is translated
            raise self._translated(error, writing=True) from error

    def manifest(self, collection: str = "") -> CollectionManifest | None:
        """Return what a collection, or else the one that readers search, says of itself; None if there is none.

        Raises:
            IndexMismatch: it was not made by this version of Footnote.
            FootnoteError: see `read`.
        """
        info = self.read(lambda client: client.get_collection(collection or self.alias))
        if info is None:
            return None
        vectors, metadata = info.config.params.vectors, info.config.metadata or {}
        dense = vectors.get(DENSE) if isinstance(vectors, dict) else None
        if dense is None or metadata.get("format") != FORMAT:
            raise IndexMismatch(
                f"The Qdrant collection {self.alias!r} at {self.place!r} was not made by this version of "
                "Footnote, or its Qdrant is older than 1.16. Run `footnote index rebuild`, or set another "
                "FOOTNOTE_QDRANT__COLLECTION."
            )
        return CollectionManifest(
            str(metadata.get("embedder", "")),
            int(dense.size),
            str(metadata.get("state", "")),
            info.status == "red",
        )

    def check_size(self, found: int, wanted: int) -> None:
        """Raise unless vectors of `wanted` numbers fit a collection whose vectors have `found`.

        Raises:
            IndexMismatch: they do not.
        """
        if found != wanted:
            raise IndexMismatch(
                f"The vectors in the Qdrant collection {self.alias!r} have {found} numbers, those of the "
                f"embedder have {wanted}. Run `footnote index reembed`, or set FOOTNOTE_EMBEDDER back."
            )

    def close(self) -> None:
        """Close the connection; a local folder can be opened by others then."""
        self._close()

    def _call(self, call: "Callable[[QdrantClient], T]") -> T:
        with self._lock:
            return call(self._client)

    def _translated(self, error: Exception, *, writing: bool) -> FootnoteError:
        if isinstance(error, FootnoteError):
            return error
        if self.is_local:
            return _local_error(error, self.place)
        return _server_error(error, self.place, self._timeout_s, writing=writing)


def _open(url: str, api_key: str, timeout_s: int) -> "QdrantClient":
    from qdrant_client import QdrantClient

    # No proxies and no .netrc from the environment: a key must go to this server only. The machine's own
    # certificates are used, so that a company's authority is known.
    options: dict[str, Any] = {"trust_env": False}
    if url.casefold().startswith("https:"):
        options["verify"] = ssl.create_default_context()
    with warnings.catch_warnings():
        # It warns of a key on http://, also inside a container network; docs/operations.md says when to use TLS.
        warnings.simplefilter("ignore")
        return QdrantClient(
            url=url,
            port=_DEFAULT_PORT,
            api_key=api_key or None,
            timeout=timeout_s,
            check_compatibility=False,  # no request, and no thread, that nobody asked for
            **options,
        )


def _shown(url: str) -> str:
    """Return a URL as messages may show it: without user, password and query."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
        parts = urlsplit("")
    if parts.scheme not in ("http", "https") or not host:
        raise ConfigError(
            "The URL of Qdrant cannot be used. Set FOOTNOTE_QDRANT__URL to one like 'http://127.0.0.1:6333'."
        )
    return f"{parts.scheme}://{host}:{port or _DEFAULT_PORT}{parts.path.rstrip('/')}"


def _is_broken_connection(error: Exception) -> bool:
    """Return whether a second try may help: the server closed the connection or was just starting."""
    import httpx
    from qdrant_client.http.exceptions import ResponseHandlingException

    if not isinstance(error, ResponseHandlingException):
        return False
    return isinstance(error.source, httpx.NetworkError | httpx.RemoteProtocolError)


def _is_missing_collection(error: Exception) -> bool:
    from qdrant_client.http.exceptions import UnexpectedResponse

    if isinstance(error, UnexpectedResponse):
        said = error.content[:1000].decode("utf-8", "replace").casefold()
        return error.status_code == 404 and "collection" in said
    said = str(error)
    return type(error) is ValueError and said.startswith("Collection ") and "not found" in said


def _server_error(error: Exception, place: str, timeout_s: int, *, writing: bool) -> FootnoteError:
    import httpx
    from qdrant_client.common.client_exceptions import ResourceExhaustedResponse
    from qdrant_client.http.exceptions import (
        ApiException,
        ResponseHandlingException,
        UnexpectedResponse,
    )

    if isinstance(error, UnexpectedResponse):
        return _refusal(error.status_code or 0, error.content, place, writing=writing)
    if isinstance(error, ResourceExhaustedResponse):
        return _refusal(429, b"", place, writing=writing)
    source = error.source if isinstance(error, ResponseHandlingException) else error
    if isinstance(source, httpx.TimeoutException):
        seconds = WRITE_TIMEOUT_S if writing else timeout_s
        return ServiceUnavailable(
            f"Qdrant at {place!r} did not answer within {seconds} seconds. Look at its load and its log, "
            "then try again."
        )
    if isinstance(source, httpx.TransportError | OSError):
        return ServiceUnavailable(
            f"Qdrant at {place!r} cannot be reached. Start it, or correct FOOTNOTE_QDRANT__URL, then try again."
        )
    # The client asserts that an answer has a result, and reads it as JSON (a ValueError); anything else is a
    # fault of this program.
    if isinstance(error, ApiException | AssertionError | ValueError):
        return _not_understood(place)
    raise error


def _refusal(status: int, content: bytes, place: str, *, writing: bool) -> FootnoteError:
    said = content[:1000].decode("utf-8", "replace").casefold()
    if status == 400 and "dimension" in said:
        return IndexMismatch(
            f"The vectors at {place!r} have another size than those of the embedder. Run `footnote index "
            "reembed`, or set FOOTNOTE_EMBEDDER back."
        )
    if status == 403 and writing:
        return ServiceUnavailable(
            f"Qdrant at {place!r} does not let this key write: it may be a read-only key. Set "
            "FOOTNOTE_QDRANT__API_KEY to the full key where documents are ingested."
        )
    if status in (401, 403):
        return ServiceUnavailable(
            f"Qdrant at {place!r} refuses the key (HTTP {status}). Set FOOTNOTE_QDRANT__API_KEY to its key."
        )
    if status == 429:
        return ServiceUnavailable(
            f"Qdrant at {place!r} is asked too much at once. Try again later."
        )
    if "no space left" in said or status == 507:
        return ServiceUnavailable(
            f"The disk of Qdrant at {place!r} is full. Nothing that was stored is lost: free some space and "
            "run the command again."
        )
    if status >= 500:
        return ServiceUnavailable(
            f"Qdrant at {place!r} failed (HTTP {status}). Look at its log, then try again."
        )
    return _not_understood(place, f" (HTTP {status})")


def _not_understood(place: str, detail: str = "") -> FootnoteError:
    return ServiceUnavailable(
        f"What answers at {place!r} is not Qdrant, or one that is older than 1.16{detail}. Correct "
        "FOOTNOTE_QDRANT__URL, or update Qdrant."
    )


def _local_error(error: Exception, place: str) -> FootnoteError:
    if isinstance(error, RuntimeError) and "already accessed" in str(error):
        return FolderBusy(
            f"The Qdrant folder {place!r} is open in another process. Local mode is for one process: end "
            "that one, or run a Qdrant server and set FOOTNOTE_QDRANT__URL."
        )
    said = str(error).casefold()
    if "disk is full" in said or "no space left" in said:
        return StorageFull(
            f"The Qdrant folder {place!r} cannot be written: the disk may be full. Nothing that was stored "
            "is lost: free some space and run the command again."
        )
    return DataFolderError(
        f"The Qdrant folder {place!r} cannot be used ({type(error).__name__}): it may be damaged. Move it "
        "away and run `footnote index rebuild`."
    )
