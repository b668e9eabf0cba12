"""The addresses of the application beside Streamlit's own."""

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from app.application import Application
from app.web.file_routes import file_routes
from app.web.problems import sentence_for

HEALTH = "/healthz"
# What is served to one caller stays out of every cache.
NOT_STORED = {"Cache-Control": "no-store"}


def routes(application: Application) -> list[Route]:
    """Return the routes, as if the application were served at the root."""
    return [Route(HEALTH, _health(application)), *file_routes(application)]


def under_base_path(found: Sequence[Route], base_path: str) -> list[Route]:
    """Return routes below the path that the application is served under: Streamlit moves only its own."""
    base = normal_base_path(base_path)
    return [
        Route(base + one.path, one.endpoint, methods=one.methods, name=one.name) for one in found
    ]


def normal_base_path(base_path: str) -> str:
    """Return a path that begins with `/` and does not end with it; '' for the root."""
    return "".join(f"/{part}" for part in base_path.split("/") if part)


def _health(application: Application) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        del request
        try:
            # A read of the catalogue: without it no question has an answer.
            application.service.catalogue.generation()
        except Exception as error:  # noqa: BLE001 - whatever it is, the one who asks is a machine
            return PlainTextResponse(sentence_for(error), 503, NOT_STORED)
        return PlainTextResponse("ok", headers=NOT_STORED)

    return answer
