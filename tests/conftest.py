"""Every test runs without a network, without the caller's settings and with its own data folder."""

import functools
import ipaddress
import os
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog
from hypothesis import settings
from postgres_server import PostgresServer, running_server

from index.postgres import forget_engines

settings.register_profile("footnote", deadline=None, derandomize=bool(os.environ.get("CI")))
settings.load_profile("footnote")

ROOT = Path(__file__).resolve().parents[1]


class NetworkBlocked(OSError):
    """A test tried to leave this machine."""


def is_local(family: int, address: Any) -> bool:
    """Whether a socket address stays on this machine: unix sockets, loopback, and names of loopback."""
    if family not in (socket.AF_INET, socket.AF_INET6):
        return True
    host = address[0] if isinstance(address, tuple) else str(address)
    if host in ("", "localhost"):
        return True
    try:
        return ipaddress.ip_address(host.partition("%")[0]).is_loopback
    except ValueError:
        return False


def refuse_unless_local(family: int, address: Any) -> None:
    if not is_local(family, address):
        raise NetworkBlocked(f"a test tried to reach {address!r}; tests use this machine only")


def guarded(method: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap a method of `socket.socket` whose last argument is an address."""

    @functools.wraps(method)
    def checked(self: socket.socket, *args: Any) -> Any:
        refuse_unless_local(self.family, args[-1])
        return method(self, *args)

    return checked


def guarded_lookup(lookup: Callable[..., Any]) -> Callable[..., Any]:
    """Wrap `getaddrinfo`: names of this machine are resolved, no name server is asked for others."""

    @functools.wraps(lookup)
    def checked(host: Any, *args: Any, **kwargs: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else host
        refuse_unless_local(socket.AF_INET, (name or "", 0))
        return lookup(host, *args, **kwargs)

    return checked


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Block the network in this process; child processes are told to stay offline."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex", "sendto"):
            patch.setattr(socket.socket, name, guarded(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", guarded_lookup(socket.getaddrinfo))
        patch.setenv("HF_HUB_OFFLINE", "1")
        yield


@pytest.fixture(scope="session")
def model_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for the converted model, for all tests of a run: making it costs seconds."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(autouse=True)
def _own_settings(tmp_path: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Clear the caller's FOOTNOTE_* variables and `.env`, and point at an empty data folder."""
    for name in [name for name in os.environ if name.startswith("FOOTNOTE_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FOOTNOTE_OFFLINE", "1")
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(tmp_path / "footnote-data"))
    monkeypatch.setenv("FOOTNOTE_MODEL_CACHE", str(model_cache))
    monkeypatch.chdir(tmp_path)


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Forget the log that a command set up: it writes to this test's stderr, which is closed after it."""
    yield
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def _postgres() -> Iterator[PostgresServer | None]:
    """One server for all tests of a run, started for the first that needs it."""
    with running_server() as server:
        yield server


@pytest.fixture
def postgres(_postgres: PostgresServer | None) -> Iterator[PostgresServer]:
    """A running PostgreSQL server; the connections of this process to it end with the test."""
    if _postgres is None:
        pytest.skip("there is no PostgreSQL server here: apt-get install postgresql")
    yield _postgres
    forget_engines()
    _postgres.take_back()


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The address of a database of this test's own, with Footnote's tables and nothing in them."""
    return postgres.url(postgres.lend())


@pytest.fixture(params=["sqlite", "postgres"])
def each_database(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Run a test on SQLite and on PostgreSQL: settings name the one or the other."""
    if request.param == "postgres":
        monkeypatch.setenv("FOOTNOTE_DATABASE_URL", request.getfixturevalue("postgres_url"))
        monkeypatch.setattr("databases._URLS", {})
        monkeypatch.setattr("databases.SERVER", request.getfixturevalue("postgres"))
    return str(request.param)


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def module_database(
    request: pytest.FixtureRequest, _postgres: PostgresServer | None
) -> Iterator[str]:
    """The address of a database that a module's tests share, '' for SQLite; see `each_database`."""
    if request.param == "sqlite":
        yield ""
        return
    if _postgres is None:
        pytest.skip("there is no PostgreSQL server here: apt-get install postgresql")
    name = _postgres.database()
    yield _postgres.url(name)
    forget_engines()
    _postgres.drop(name)


@pytest.fixture
def root() -> Path:
    """The repository's root."""
    return ROOT


@pytest.fixture
def samples() -> Path:
    """The bundled sample documents; read only."""
    return ROOT / "samples" / "documents"


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    """This test's own data folder; not created yet."""
    return tmp_path / "footnote-data"
