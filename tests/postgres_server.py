"""A throw-away PostgreSQL server from the system's package, and a database of its own for each test.

The server listens on loopback and on a socket in its folder, and ends with the process that started it, however
that ends. As root it runs as another user, since PostgreSQL refuses to run as root.
"""

import ctypes
import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from ports import free_port

USER, PASSWORD = "footnote", "p@ss/wörd"
QUOTED = "p%40ss%2Fw%C3%B6rd"
_TEMPLATE = "footnote_template"
_START_S = 60.0
_PR_SET_PDEATHSIG = 1
_EMPTY = """
SET lock_timeout = '10s';
DO $$
DECLARE
  name text;
  is_filled boolean;
  filled text[] := '{}';
BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid();
  IF (SELECT md5(string_agg(table_name || column_name || data_type, ',' ORDER BY table_name, column_name))
      || (SELECT version_num FROM public.alembic_version) FROM information_schema.columns
      WHERE table_schema = 'public') <> current_setting('footnote.tables') THEN
    RAISE EXCEPTION 'the tables were changed';
  END IF;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version' LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %I)', name) INTO is_filled;
    IF is_filled THEN filled := filled || quote_ident(name); END IF;
  END LOOP;
  IF filled <> '{}' THEN EXECUTE 'TRUNCATE ' || array_to_string(filled, ', ') || ' CASCADE'; END IF;
END $$"""
_NOTE_TABLES = """
SELECT md5(string_agg(table_name || column_name || data_type, ',' ORDER BY table_name, column_name))
  || (SELECT version_num FROM public.alembic_version) FROM information_schema.columns
WHERE table_schema = 'public'"""


def find_server() -> Path | None:
    """Return the folder with the newest server's programs, None where there is no package."""
    found = sorted(
        Path("/usr/lib/postgresql").glob("*/bin/postgres"), key=lambda path: int(path.parts[4])
    )
    if found:
        return found[-1].parent
    on_path = shutil.which("postgres")
    return Path(on_path).resolve().parent if on_path and shutil.which("initdb") else None


class PostgresServer:
    """A running server; `options` are settings like `fsync=on`."""

    def __init__(self, programs: Path, folder: Path, *options: str) -> None:
        self._programs = programs
        self._folder = folder
        self._options = options
        self._as_user = _unprivileged() if os.geteuid() == 0 else None
        self._numbers = itertools.count(1)
        self._process: subprocess.Popen[bytes] | None = None
        self._has_template = False
        self._free: list[str] = []
        self._lent: list[str] = []
        self.port = 0

    def start(self) -> None:
        """Make the server's files where there are none, and wait until it answers."""
        if self._as_user is not None:
            os.chown(self._folder, self._as_user.pw_uid, self._as_user.pw_gid)
        data = self._folder / "data"
        if not data.exists() and not (self._folder / "password").exists():
            self._make_files(data)
        if not self.port:
            self.port = free_port()
        # Nothing here has to survive a power loss.
        settings = (
            f"port={self.port}", f"unix_socket_directories={self._folder}", "listen_addresses=127.0.0.1",
            "fsync=off", "full_page_writes=off", "shared_buffers=64MB", "max_connections=200",
            "autovacuum=off", "lc_messages=C", *self._options,
        )  # fmt: skip
        given = [part for setting in settings for part in ("-c", setting)]
        self._process = self._run([self._programs / "postgres", "-D", data, *given])
        deadline = time.monotonic() + _START_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self._folder / "log").read_text("utf-8", "replace"))
            time.sleep(0.05)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server: SIGINT at once and in order, SIGQUIT as in a crash."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(30)
            self._process = None

    def url(self, database: str, password: str = QUOTED, user: str = USER) -> str:
        return f"postgresql://{user}:{password}@127.0.0.1:{self.port}/{database}"

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run one statement as the server's owner, outside a transaction."""
        import psycopg

        with closing(
            psycopg.connect(
                host="127.0.0.1",
                port=self.port,
                user=USER,
                password=PASSWORD,
                dbname=database,
                autocommit=True,
            )
        ) as connection:
            cursor = connection.execute(statement)  # type: ignore[call-overload]  # made in tests
            return cursor.fetchall() if cursor.description else []

    def empty_database(self, options: str = "") -> str:
        """Make a database without any table, and return its name."""
        name = f"empty_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE template0 {options}")
        return name

    def database(self) -> str:
        """Make a database with Footnote's tables, empty, and return its name."""
        if not self._has_template:
            self._make_template()
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {_TEMPLATE}")
        ((tables,),) = self.execute(_NOTE_TABLES, name)
        self.execute(f"ALTER DATABASE {name} SET footnote.tables = '{tables}'")
        return name

    def lend(self) -> str:
        """Return a database with Footnote's tables, empty; `take_back` ends all that was lent."""
        name = self._free.pop() if self._free else self.database()
        self._lent.append(name)
        return name

    def take_back(self) -> None:
        """Empty what was lent, for the next test: making a database takes ten times as long."""
        import psycopg

        for name in self._lent:
            try:
                self.execute(_EMPTY, name)
                self._free.append(name)
            except psycopg.Error:  # a test changed its tables
                self.drop(name)
        self._lent.clear()

    def drop(self, name: str) -> None:
        self.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")

    def _make_template(self) -> None:
        from index.database import open_database

        # A language's order, as most installations have it: what counts on the order of bytes shows.
        self.execute(
            f"CREATE DATABASE {_TEMPLATE} TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en-US' LOCALE 'C.UTF-8'"
        )
        open_database(self._folder / "unused", url=self.url(_TEMPLATE)).dispose()
        self._has_template = True

    def _make_files(self, data: Path) -> None:
        password = self._folder / "password"
        password.write_text(PASSWORD, encoding="utf-8")
        if self._as_user is not None:
            os.chown(password, self._as_user.pw_uid, self._as_user.pw_gid)
        command = [
            self._programs / "initdb", "-D", data, "-U", USER, "-E", "UTF8", "--locale=C.UTF-8", "--no-sync",
            "--auth-host=scram-sha-256", "--auth-local=trust", f"--pwfile={password}",
        ]  # fmt: skip
        if self._run(command).wait(120):
            raise RuntimeError((self._folder / "log").read_text("utf-8", "replace"))

    def _run(self, command: list[str | Path]) -> subprocess.Popen[bytes]:
        user: dict[str, Any] = {}
        if self._as_user is not None:
            user = {"user": self._as_user.pw_uid, "group": self._as_user.pw_gid, "extra_groups": []}
        with (self._folder / "log").open("ab") as log:
            return subprocess.Popen(
                list(map(str, command)),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self._folder,
                env={"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"},
                preexec_fn=_die_with_parent(),
                **user,
            )

    def _answers(self) -> bool:
        with closing(socket.socket()) as tried:
            if tried.connect_ex(("127.0.0.1", self.port)):
                return False
        import psycopg

        try:
            self.execute("SELECT 1")
        except psycopg.OperationalError:
            return False
        return True


@contextmanager
def running_server(*options: str) -> Iterator[PostgresServer | None]:
    """Run a server in a folder of its own; None where there is no package of one."""
    programs = find_server()
    if programs is None:
        yield None
        return
    # Not below pytest's folders, which only root may enter.
    folder = Path(tempfile.mkdtemp(prefix="footnote-pg-"))
    server = PostgresServer(programs, folder, *options)
    try:
        server.start()
        yield server
    finally:
        server.stop(signal.SIGQUIT)
        shutil.rmtree(folder, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no user 'postgres' or 'nobody' to run PostgreSQL as")


def _die_with_parent() -> Callable[[], None] | None:
    """Return what asks the kernel to end a child as in a crash when this process is gone, where it can."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    return lambda: prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT) and None
