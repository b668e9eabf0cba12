"""Hands out originals to whoever may read their documents: GET /files/{doc_id}/{version}[?as=text].

Who asks is found out on each request, and what may be read is asked of the catalogue each time: an address is worth
nothing to anybody else, or after access has ended. Streamlit's own download button has no such check.
"""

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.application import Application
from app.source_desk.desk import Download
from app.source_desk.media_types import content_disposition
from app.web.request_identity import caller_of_request
from core.errors import FootnoteError, NotFound
from core.log import get_logger

PATH = "/files/{doc_id}/{version}"
_NOT_FOUND = "This document is not there, or you may not read it.\n"
_UNAVAILABLE = "This document cannot be handed out now. Please try again later.\n"
_HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    # The middleware's policy for pages comes on top: a browser obeys both, and this one lets nothing run.
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Cross-Origin-Resource-Policy": "same-origin",
}

_log = get_logger(__name__)


def file_routes(application: Application) -> list[Route]:
    """Return the routes that hand out files."""

    def hand_out(request: Request) -> Response:
        return _answer(application, request)

    # A plain function: reading a file and the catalogue must not hold up the server's one loop.
    return [Route(PATH, hand_out, methods=["GET"], name="files")]


def file_address(doc_id: str, version: str, base_path: str = "", *, as_text: bool = False) -> str:
    """Return the address of a document's original, or of its text, below the path of the application."""
    base = "".join(f"/{part}" for part in base_path.split("/") if part)
    return f"{base}/files/{doc_id}/{version}" + ("?as=text" if as_text else "")


def _answer(application: Application, request: Request) -> Response:
    try:
        download = _download(application, request)
    except NotFound:
        return PlainTextResponse(_NOT_FOUND, 404, _HEADERS)
    except FootnoteError as error:
        _log.warning("file_not_handed_out", kind=type(error).__name__)
        return PlainTextResponse(_UNAVAILABLE, 503, _HEADERS)
    headers = _HEADERS | {"Content-Disposition": content_disposition(download.name)}
    return Response(download.content, 200, headers, download.media_type)


def _download(application: Application, request: Request) -> Download:
    caller = caller_of_request(application, request)
    if caller is None:
        raise NotFound(_NOT_FOUND)
    doc_id, version = request.path_params["doc_id"], request.path_params["version"]
    sources = application.sources
    # An address of an earlier version is of no document that is there now.
    if sources.version(doc_id, caller) != version:
        raise NotFound(_NOT_FOUND)
    if request.query_params.get("as") == "text":
        return sources.text_file(doc_id, caller)
    return sources.original(doc_id, caller)
