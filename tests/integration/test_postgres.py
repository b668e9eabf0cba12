"""The catalogue on a PostgreSQL server: opened safely, written by one at a time, shared at once, named when it fails."""

import json
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cli_harness import child_env, invoke, invoke_json, refused, write_files
from filled_tables import fill_every_table, rows_of
from postgres_server import PostgresServer, running_server
from sqlalchemy import Engine, inspect, select, text, update

import index.database
import index.postgres
from app.bootstrap import open_application
from app.doctor import examine
from core.errors import (
    DataFolderError,
    FolderBusy,
    FootnoteError,
    NewerDataError,
    ServiceUnavailable,
)
from core.settings import load_settings
from index.backup import restore_backup, write_backup
from index.catalogue import Catalogue
from index.copying import first_filled
from index.database import SCHEMA_VERSION, open_database, writing
from index.lease import current_lease
from index.permissions import caller_named
from index.run_lock import lease_elsewhere
from index.schema import meta, metadata, vocabulary
from ingest.writer_lock import run_lease

pytestmark = pytest.mark.integration

FILES = {
    "valve.md": "# The valve\n\nThe valve is inspected every second week.\n",
    "pump.md": "# The pump\n\nThe pump is replaced after ten years.\n",
}
QUESTION = "When is the valve inspected?"


@pytest.fixture
def engine(postgres_url: str, data_dir: Path) -> Engine:
    return open_database(data_dir, url=postgres_url)


@contextmanager
def own_server() -> Iterator[PostgresServer]:
    """A server that a test may stop."""
    with running_server() as server:
        if server is None:
            pytest.skip("there is no PostgreSQL server here")
        yield server
        index.postgres.forget_engines()


def child(script: str, *args: str | Path, env: dict[str, str]) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-c", script, *map(str, args)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=env,
    )


def line(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    found = process.stdout.readline()
    assert found, process.stderr and process.stderr.read()
    return found.rstrip("\n")


# Opening

_OPEN = """
import sys
from pathlib import Path
from index.database import open_database
print("ready", flush=True)
sys.stdin.readline()
engine = open_database(Path(sys.argv[1]), url=sys.argv[2])
with engine.connect() as connection:
    print(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar())
"""


def test_processes_that_open_an_empty_database_at_once_make_one_schema(
    postgres: PostgresServer, data_dir: Path, model_cache: Path
) -> None:
    url = postgres.url(postgres.empty_database())
    env = child_env(data_dir, model_cache)
    children = [child(_OPEN, data_dir / str(number), url, env=env) for number in range(4)]
    for process in children:
        assert line(process) == "ready"
    for process in children:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for process in children:
        out, err = process.communicate(timeout=120)
        assert (out.strip(), process.returncode) == (SCHEMA_VERSION, 0), err


def test_the_tables_are_those_of_the_schema(engine: Engine) -> None:
    found = inspect(engine)
    for name, table in metadata.tables.items():
        columns = {column["name"]: column["nullable"] for column in found.get_columns(name)}
        assert columns == {column.name: column.nullable for column in table.columns}, name
        ordered = {
            column["name"] for column in found.get_columns(name) if "TEXT" in str(column["type"])
        }
        text_columns = {c.name for c in table.columns if c.type.python_type is str}
        assert ordered == text_columns, name
    assert {*found.get_table_names()} == {*metadata.tables, "alembic_version"}


def test_text_is_ordered_by_its_code_points_whatever_the_servers_language(engine: Engine) -> None:
    words = ["Zebra", "apple", "Äpfel", "_x", "-y", "zebra", "É"]
    with writing(engine) as connection:
        connection.execute(vocabulary.insert(), [{"term": word, "chunks": 1} for word in words])
    with engine.connect() as connection:
        asked = select(vocabulary.c.term).order_by(vocabulary.c.term)
        assert list(connection.execute(asked).scalars()) == sorted(words)
        between = asked.where(vocabulary.c.term.between("_", "a\U0010ffff"))
        assert list(connection.execute(between).scalars()) == ["_x", "apple"]


def test_what_is_too_long_for_an_index_is_stored_and_found(engine: Engine, data_dir: Path) -> None:
    fill_every_table(engine, rows=1)
    columns = metadata.tables["documents"].c
    # Random enough that the server cannot press it into its limit.
    long = "".join(f"{number * 7919 % 99991:05d}/" for number in range(1500))
    with writing(engine) as connection:
        connection.execute(
            update(metadata.tables["documents"]).values(
                uri=long, title=long, access=json.dumps([long])
            )
        )
    with engine.connect() as connection:
        assert connection.execute(select(columns.title).where(columns.uri == long)).scalar() == long
    keys = {"source": "s", "uri": long, "stamp": "", "access": "[]", "members": 1}
    with writing(engine) as connection:
        connection.execute(metadata.tables["containers"].insert(), keys)
    assert Catalogue(engine, data_dir).containers("s").keys() == {long}


# Troubles

SECRETS = ("p@ss", "p%40ss", "wörd", "w%C3%B6rd", "hunter2")


def asked(url: str, monkeypatch: pytest.MonkeyPatch, *args: str) -> Any:
    monkeypatch.setenv("FOOTNOTE_DATABASE_URL", url)
    return invoke(*(args or ("search", "valve")))


@pytest.mark.parametrize(
    "args", [("search", "valve"), ("index", "status"), ("doctor",), ("ask", "Who?")]
)
def test_a_server_that_is_down_is_exit_3_and_a_sentence(
    args: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    result = asked("postgresql://ann:hunter2@127.0.0.1:1/kb", monkeypatch, *args)
    if args == ("doctor",):
        assert "does not answer" in result.output
    else:
        refused(result, 3, "'kb' on 127.0.0.1:1", "does not answer")
    assert not any(secret in result.output for secret in SECRETS)


def test_what_an_operator_did_wrong_is_named_without_the_password(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = postgres.empty_database()
    latin = postgres.empty_database("ENCODING 'LATIN1' LOCALE 'C'")
    wrong = {
        postgres.url(name, password="hunter2"): "does not let 'footnote' in",
        postgres.url(name, user="nobody_here"): "does not let 'nobody_here' in",
        postgres.url("no_such_database"): "cannot be opened",
        postgres.url(latin): "stores text as LATIN1",
        postgres.url(name): "There is no knowledge base in the database",
        "postgresql://ann:hunter2@host:port/kb": "is not the address of a PostgreSQL database",
        "mysql://ann:hunter2@host/kb": "is not the address of a PostgreSQL database",
        "postgresql://ann:hunter2@host": "is not the address of a PostgreSQL database",
        "hunter2": "is not the address of a PostgreSQL database",
    }
    for url, sentence in wrong.items():
        result = asked(url, monkeypatch)
        refused(result, 2, sentence)
        assert not any(secret in result.output for secret in SECRETS), url


def test_another_schema_is_upgraded_or_refused(
    engine: Engine, postgres_url: str, data_dir: Path
) -> None:
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(NewerDataError, match=r"The database 'test_.* newer Footnote \(schema 9999"):
        open_database(data_dir, url=postgres_url)


def test_a_database_of_something_else_is_named(postgres: PostgresServer, data_dir: Path) -> None:
    name = postgres.empty_database()
    postgres.execute("CREATE TABLE documents (a int)", name)
    with pytest.raises(DataFolderError, match="refused what was asked"):
        open_database(data_dir, url=postgres.url(name))
    assert postgres.execute("SELECT count(*) FROM documents", name) == [(0,)]


def test_a_server_that_comes_back_is_used_again(data_dir: Path) -> None:
    with own_server() as server:
        engine = open_database(data_dir, url=server.url(server.database()))
        catalogue = Catalogue(engine, data_dir)
        catalogue.set_meta("a", "1")
        server.stop(signal.SIGQUIT)
        for use in (lambda: catalogue.get_meta("a"), lambda: catalogue.set_meta("a", "2")):
            with pytest.raises(ServiceUnavailable, match="does not answer"):
                use()
        server.start()
        assert catalogue.get_meta("a") == "1"
        catalogue.set_meta("a", "2")
        assert catalogue.get_meta("a") == "2"


def test_a_connection_that_is_cut_in_the_middle_of_a_write_leaves_nothing(
    engine: Engine, postgres: PostgresServer
) -> None:
    def write() -> None:
        with writing(engine) as connection:
            connection.execute(meta.insert().values(key="half", value="1"))
            mine = connection.execute(text("SELECT pg_backend_pid()")).scalar()
            postgres.execute(f"SELECT pg_terminate_backend({mine})")
            connection.execute(meta.insert().values(key="rest", value="1"))

    with pytest.raises(ServiceUnavailable):
        write()
    with engine.connect() as connection:
        assert connection.execute(select(meta)).all() == []


def test_a_question_with_a_nul_is_asked_like_any_other(engine: Engine, data_dir: Path) -> None:
    catalogue = Catalogue(engine, data_dir)
    assert catalogue.find_documents("a\0b") == []
    catalogue.set_meta("k", "a\0b")
    assert catalogue.get_meta("k") == "a\ufffdb"


# One writer, and readers that see one moment

_COUNT = """
import sys
from pathlib import Path
from index.catalogue import Catalogue
from index.database import open_database
catalogue = Catalogue(open_database(Path(sys.argv[1]), url=sys.argv[2]), Path(sys.argv[1]))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(100):
    print(catalogue.reserve_chunk_numbers(1)[0])
"""


def test_no_update_is_lost_between_processes_and_threads(
    postgres_url: str, data_dir: Path, model_cache: Path
) -> None:
    env = child_env(data_dir, model_cache)
    children = [child(_COUNT, data_dir, postgres_url, env=env) for _ in range(3)]
    for process in children:
        assert line(process) == "ready"
    catalogue = Catalogue(open_database(data_dir, url=postgres_url), data_dir)
    mine: list[int] = []
    threads = [
        threading.Thread(
            target=lambda: mine.extend(catalogue.reserve_chunk_numbers(1)[0] for _ in range(50))
        )
        for _ in range(4)
    ]
    for process in children:
        assert process.stdin is not None
        process.stdin.write("\n")
        process.stdin.flush()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = list(mine)
    for process in children:
        out, err = process.communicate(timeout=120)
        assert process.returncode == 0, err
        taken += map(int, out.split())
    assert sorted(taken) == list(range(1, 501))


def test_a_reader_sees_one_moment(engine: Engine, data_dir: Path) -> None:
    catalogue = Catalogue(engine, data_dir)
    catalogue.set_all_meta({"one": "1", "two": "1"})
    with engine.connect() as connection:
        first = connection.execute(select(meta.c.value).where(meta.c.key == "one")).scalar()
        catalogue.set_all_meta({"one": "2", "two": "2"})
        second = connection.execute(select(meta.c.value).where(meta.c.key == "two")).scalar()
    assert (first, second) == ("1", "1")
    assert catalogue.get_meta("two") == "2"


def test_nothing_is_written_but_by_a_writer(engine: Engine) -> None:
    with pytest.raises(FootnoteError, match="read-only transaction"), engine.begin() as connection:
        connection.execute(meta.insert().values(key="a", value="1"))


def test_a_writer_that_hangs_is_named_after_a_while(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = index.postgres._BEGIN_WRITE.replace("15s", "200ms")
    monkeypatch.setattr(index.postgres, "_BEGIN_WRITE", short)
    with writing(engine), pytest.raises(FolderBusy, match="has been writing"), writing(engine):
        raise AssertionError
    with writing(engine) as connection:
        connection.execute(meta.insert().values(key="a", value="1"))


# One ingestion, from whatever machine

_INGEST = """
import sys
from core.settings import load_settings
from ingest.writer_lock import run_lease
with run_lease(load_settings()):
    print("held", flush=True)
    sys.stdin.readline()
"""


def test_a_second_ingestion_from_another_folder_is_refused_and_a_dead_one_holds_nothing(
    engine: Engine, postgres_url: str, data_dir: Path, tmp_path: Path, model_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setenv("FOOTNOTE_DATABASE_URL", postgres_url)
    settings = load_settings()
    other = child_env(tmp_path / "other", model_cache, FOOTNOTE_DATABASE_URL=postgres_url)
    assert lease_elsewhere(engine) is None
    process = child(_INGEST, env=other)
    assert line(process) == "held"
    with (
        pytest.raises(FolderBusy, match=f"writing to the database .*process {process.pid} on"),
        run_lease(settings),
    ):
        raise AssertionError
    lease = lease_elsewhere(engine)
    assert lease is not None
    assert lease.process == process.pid
    assert current_lease(data_dir) is None, "the folder's own lock is free again"
    process.kill()
    process.communicate()
    with run_lease(settings, wait_s=30):
        assert lease_elsewhere(engine) is not None
    assert lease_elsewhere(engine) is None


def test_a_run_that_lost_its_lock_takes_it_back_or_writes_no_more(
    engine: Engine,
    postgres: PostgresServer,
    postgres_url: str,
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOOTNOTE_DATABASE_URL", postgres_url)
    monkeypatch.setattr("ingest.writer_lock._BEAT_SECONDS", 0.02)
    catalogue = Catalogue(engine, data_dir)
    with run_lease(load_settings()):
        _cut(postgres)
        _until(lambda: lease_elsewhere(engine) is not None)
        catalogue.set_meta("a", "1")
        taken = threading.Event()
        _steal(postgres, postgres_url, taken)
        _until(lambda: _refuses(catalogue))
        taken.set()
    catalogue.set_meta("a", "2")
    assert catalogue.get_meta("a") == "2"


def _cut(postgres: PostgresServer) -> None:
    holders = "application_name LIKE 'footnote run%'"
    found = postgres.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE {holders}"
    )
    assert found == [(True,)]


def _steal(postgres: PostgresServer, url: str, ended: threading.Event) -> None:
    """Let another connection have the lock at the moment that the run loses it."""
    from index.postgres import connect_alone
    from index.run_lock import RUN

    held = threading.Event()

    def hold() -> None:
        connection = connect_alone(url, "somebody else")
        connection.execute(f"SELECT pg_advisory_lock({RUN})")
        held.set()
        ended.wait(60)
        connection.close()

    threading.Thread(target=hold, daemon=True).start()
    waiting = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
    _until(lambda: postgres.execute(waiting) == [(1,)])
    _cut(postgres)
    assert held.wait(30)


def _refuses(catalogue: Catalogue) -> bool:
    try:
        catalogue.set_meta("a", "1")
    except FolderBusy as error:
        return "lost the database" in str(error)
    return False


def _until(is_so: Any) -> None:
    ended = threading.Event()
    for _ in range(3000):
        if is_so():
            return
        ended.wait(0.01)
    raise AssertionError("it did not come to pass")


# Backups, there and back


def test_every_row_survives_the_way_to_postgresql_and_back(
    postgres_url: str, tmp_path: Path, data_dir: Path
) -> None:
    embedded = open_database(data_dir)
    fill_every_table(embedded)
    before = rows_of(embedded)
    embedded.dispose()
    assert all(len(rows) == 30 for rows in before.values())
    write_backup(data_dir, tmp_path / "one.tar")
    (tmp_path / "server").mkdir()
    restore_backup(tmp_path / "one.tar", tmp_path / "server", postgres_url)
    assert rows_of(open_database(tmp_path / "server", url=postgres_url)) == before
    assert list((tmp_path / "server").iterdir()) == [], (
        "nothing of the archive stays beside the server"
    )
    write_backup(tmp_path / "server", tmp_path / "two.tar", postgres_url)
    (tmp_path / "back").mkdir()
    restore_backup(tmp_path / "two.tar", tmp_path / "back")
    again = open_database(tmp_path / "back")
    assert rows_of(again) == before
    again.dispose()
    assert {path.name for path in tmp_path.iterdir()} >= {"one.tar", "two.tar"}
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_a_knowledge_base_moves_with_its_answers_and_without_embedding(
    postgres_url: str, tmp_path: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    docs = write_files(tmp_path / "docs", FILES)
    invoke_json("ingest", docs, "--yes")
    asked = invoke_json("ask", QUESTION)
    invoke_json("index", "backup", tmp_path / "one.tar")
    monkeypatch.setenv("FOOTNOTE_DATABASE_URL", postgres_url)
    server = tmp_path / "server"
    made = invoke_json("index", "restore", tmp_path / "one.tar", "--data-dir", server)
    assert (made["documents"], made["chunks"]) == (2, 2)
    again = invoke_json("ask", QUESTION, "--data-dir", server)
    assert again["answer"] == asked["answer"]
    report = invoke_json("ingest", docs, "--yes", "--data-dir", server)
    assert (report["unchanged"], report["embedding_seconds"]) == (2, 0)
    # Another folder has no index yet: it is made from the catalogue.
    assert invoke_json("index", "rebuild", "--data-dir", tmp_path / "third") == {"chunks": 2}
    third = invoke_json("ask", QUESTION, "--data-dir", tmp_path / "third")
    assert third["answer"] == asked["answer"]
    said = refused(
        invoke("index", "restore", tmp_path / "one.tar", "--data-dir", tmp_path / "new"), 2
    )
    assert "is not empty" in said
    assert str(postgres_url) not in said
    assert invoke_json("index", "verify", "--data-dir", server)["ok"]


_KILLED = """
import os, signal, sys
from pathlib import Path
import index.copying
copy = index.copying._copy_table
def copied(name, reading, connection):
    if name == "feedback":
        print("in the middle", flush=True)
        os.kill(os.getpid(), signal.SIGKILL)
    return copy(name, reading, connection)
index.copying._copy_table = copied
from index.backup import restore_backup
restore_backup(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3])
"""


def test_a_restore_that_is_killed_leaves_nothing_half(
    postgres_url: str, tmp_path: Path, data_dir: Path, model_cache: Path
) -> None:
    embedded = open_database(data_dir)
    fill_every_table(embedded)
    write_backup(data_dir, tmp_path / "one.tar")
    server = tmp_path / "server"
    server.mkdir()
    process = child(
        _KILLED, tmp_path / "one.tar", server, postgres_url, env=child_env(data_dir, model_cache)
    )
    out, _ = process.communicate(timeout=120)
    assert (out.strip(), process.returncode) == ("in the middle", -signal.SIGKILL)
    engine = open_database(server, url=postgres_url)
    assert first_filled(engine) is None
    restore_backup(tmp_path / "one.tar", server, postgres_url)
    assert rows_of(engine) == rows_of(embedded)
    embedded.dispose()


# Several processes

_PROCESS = """
import json, sys
from app.feedback_log import Remark
from core.answers import Caller
from core.log import configure
from core.settings import load_settings
from index.permissions import administrator

configure("error")
channel = sys.argv[1]
caller = Caller(f"{channel}@example.org", frozenset(), role="reviewer")
settings = load_settings()
if channel == "slack":
    from app.bootstrap import open_service, application_over
    application = application_over(settings, open_service(settings, "slack"))
else:
    from app.bootstrap import open_application
    application = open_application(settings)
print("ready", flush=True)
for asked in map(json.loads, sys.stdin):
    if asked["do"] == "flag":
        answer = application.service.ask(asked["question"], caller)
        given = application.feedback.add(answer.answer_id, caller, Remark("bad", "wrong_fact"))
        said = given.feedback_id
    else:
        said = sorted(entry.feedback_id for entry in application.review.queue(administrator()).entries)
    print(json.dumps(said), flush=True)
"""


def test_two_web_processes_and_a_bot_see_each_others_feedback_at_once(
    postgres_url: str,
    tmp_path: Path,
    data_dir: Path,
    model_cache: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOOTNOTE_DATABASE_URL", postgres_url)
    invoke_json("ingest", write_files(tmp_path / "docs", FILES), "--yes")
    env = child_env(data_dir, model_cache, FOOTNOTE_DATABASE_URL=postgres_url)
    processes = [child(_PROCESS, name, env=env) for name in ("ann", "ben", "slack")]
    try:
        for process in processes:
            assert line(process) == "ready"
        flags: list[str] = []
        for process in [*processes, *reversed(processes)]:
            flags.append(tell(process, do="flag", question=QUESTION))
            seen = [tell(each, do="list") for each in processes]
            assert seen == [sorted(flags)] * 3
    finally:
        for process in processes:
            process.kill()
            process.communicate()


def tell(process: "subprocess.Popen[str]", **asked: str) -> Any:
    assert process.stdin is not None
    process.stdin.write(json.dumps(asked) + "\n")
    process.stdin.flush()
    return json.loads(line(process))


# Beside the server


def test_a_dropped_file_stays_out_of_the_shared_database(
    engine: Engine, postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_DATABASE_URL", postgres_url)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    ada = caller_named("ada@example.org", [])
    application = open_application(load_settings())
    try:
        application.uploads.add(
            "zebra-quagga.md", b"# Travel\n\nIn Quaggaville it is 143.\n", "one", ada
        )
        service = application.uploads.service_for("one")
        assert service is not None
        assert "143" in service.ask("How much is it in Quaggaville?", ada).text
    finally:
        application.uploads.close_all()
    assert "uagga" not in repr(rows_of(engine))


def test_the_doctor_says_which_database_it_is(
    engine: Engine, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for url, words in ((postgres_url, "PostgreSQL 1"), ("", "SQLite 3")):
        monkeypatch.setenv("FOOTNOTE_DATABASE_URL", url)
        if not url:
            open_database(load_settings().data_dir).dispose()
        (found,) = [each for each in examine(load_settings()) if each.check == "database"]
        assert found.ok
        assert words in found.detail
        assert f"schema {SCHEMA_VERSION}; answers in" in found.detail
        assert not any(secret in found.detail for secret in SECRETS)
