"""The container files, without a container engine: parse them and check what they would run."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner
from qdrant_http import HttpServer

from app.cli import COMMANDS, main
from app.slack.runtime import ENDING_S
from app.slack.worker import MARKING_S
from core.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (ROOT / "Dockerfile").read_text(encoding="utf-8")
FILES = [
    "Dockerfile",
    "docker-compose.yml",
    ".env.example",
    "Makefile",
    "README.md",
    "docs/operations.md",
]

each_service = pytest.mark.parametrize("name", SERVICES)
OTHERS = {"qdrant": "qdrant:/qdrant/storage", "postgres": "postgres:/var/lib/postgresql/data"}
"""Servers that Footnote can use, with the volume of each."""
FOOTNOTE = [name for name in SERVICES if name not in OTHERS]
each_footnote = pytest.mark.parametrize("name", FOOTNOTE)
QDRANT = SERVICES["qdrant"]
BASH = shutil.which("bash")


def setting_names() -> set[str]:
    return {f"FOOTNOTE_{name.upper()}" for name in _names_in(Settings)}


def _names_in(model: Any) -> set[str]:
    names = set()
    for name, field in model.model_fields.items():
        is_group = hasattr(field.annotation, "model_fields")
        names |= {f"{name}__{part}" for part in _names_in(field.annotation)} if is_group else {name}
    return names


def mounts(service: str) -> dict[str, str]:
    """Target -> source, taking the defaults of ${NAME:-default}."""
    plain = [re.sub(r"\$\{\w+:-(.*?)\}", r"\1", volume) for volume in SERVICES[service]["volumes"]]
    return {volume.split(":")[1]: volume.split(":")[0] for volume in plain}


def instruction(word: str) -> str:
    """The last use of a Dockerfile instruction, continuation lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{word}\s+(.*)$", joined, flags=re.MULTILINE)[-1]


def test_there_are_a_web_service_a_bot_an_ingestion_as_a_job_and_as_a_daemon_and_two_servers() -> (
    None
):
    assert set(SERVICES) == {"web", "slack", "ingest", "daemon", *OTHERS}
    for name in ("slack", "ingest", "daemon", *OTHERS):
        assert SERVICES[name]["profiles"] == [name]


def test_ports_are_bound_to_this_machine_only() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", [])]
    assert ports
    assert [port for port in ports if not port.startswith("127.0.0.1:")] == []


@each_service
def test_a_service_is_not_root_and_cannot_become_it(name: str) -> None:
    service = SERVICES[name]
    assert int(service["user"].split(":")[0]) > 0
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert not service.get("privileged")


@each_service
def test_a_service_writes_to_its_volume_and_to_memory_only(name: str) -> None:
    assert SERVICES[name]["read_only"] is True
    sockets = ["/var/run/postgresql"] if name == "postgres" else []
    assert SERVICES[name]["tmpfs"] == ["/tmp", *sockets]
    writable = [volume for volume in SERVICES[name]["volumes"] if not volume.endswith(":ro")]
    assert writable == [OTHERS.get(name, "knowledge:/data")]


@each_footnote
def test_all_services_keep_their_data_on_one_named_volume(name: str) -> None:
    volume = mounts(name)[SERVICES[name]["environment"]["FOOTNOTE_DATA_DIR"]]
    assert volume in COMPOSE["volumes"]
    assert list(COMPOSE["volumes"]) == [volume, *OTHERS]


@pytest.mark.parametrize("name", ["ingest", "daemon"])
def test_the_documents_are_mounted_where_the_ingestion_reads_them(name: str) -> None:
    folder = SERVICES[name]["command"][1]
    assert (ROOT / mounts(name)[folder]).is_dir()


@each_footnote
def test_what_is_mounted_from_the_repository_exists(name: str) -> None:
    sources = [source for source in mounts(name).values() if source.startswith("./")]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


@each_footnote
def test_a_command_is_one_that_footnote_has(name: str) -> None:
    command, *arguments = SERVICES[name]["command"]
    assert command in COMMANDS
    result = CliRunner().invoke(main, [command, "--help"])
    assert result.exit_code == 0, result.output
    loaded = main.get_command(click.Context(main), command)  # type: ignore[attr-defined]
    assert loaded is not None
    known = {word for param in loaded.params for word in param.opts}
    assert {word for word in arguments if word.startswith("-")} <= known


def test_the_web_service_is_asked_for_its_health_where_it_listens() -> None:
    web = SERVICES["web"]
    listens = f"127.0.0.1:{web['environment']['FOOTNOTE_WEB__PORT']}/healthz"
    assert listens in web["healthcheck"]["test"][-1]
    assert listens in instruction("HEALTHCHECK")
    assert web["ports"][0].split(":")[-1] == web["environment"]["FOOTNOTE_WEB__PORT"]


def test_the_daemon_is_asked_for_its_health_where_it_listens() -> None:
    daemon = SERVICES["daemon"]
    port = daemon["environment"]["FOOTNOTE_INGEST__HEALTH_PORT"]
    assert f"127.0.0.1:{port}/health" in daemon["healthcheck"]["test"][-1]


def test_the_daemon_has_time_to_end_in_order() -> None:
    assert int(SERVICES["daemon"]["stop_grace_period"].removesuffix("s")) > 10


def test_the_bot_has_time_to_end_its_answers_and_may_leave_the_machine() -> None:
    bot = SERVICES["slack"]
    assert int(bot["stop_grace_period"].removesuffix("s")) > ENDING_S + MARKING_S
    assert bot["environment"]["FOOTNOTE_OFFLINE"] == "0"
    assert "ports" not in bot


def test_the_health_checks_are_python_that_runs() -> None:
    compile(SERVICES["daemon"]["healthcheck"]["test"][-1], "healthcheck", "exec")
    compile(SERVICES["web"]["healthcheck"]["test"][-1], "healthcheck", "exec")
    compile(yaml.safe_load(instruction("HEALTHCHECK").split("CMD")[1])[-1], "healthcheck", "exec")


# The profile `qdrant`


@each_service
def test_no_variable_stops_compose_for_those_who_do_not_use_the_profile(name: str) -> None:
    # Compose fills in `${NAME:?}` before it looks at profiles.
    text = yaml.safe_dump(SERVICES[name]).replace("$$", "")
    assert re.findall(r"\$\{\w+:?\?[^}]*\}", text) == []


@each_footnote
def test_a_service_uses_the_embedded_store_unless_told(name: str) -> None:
    environment = SERVICES[name]["environment"]
    assert environment["FOOTNOTE_STORE"] == "${FOOTNOTE_STORE:-}"
    assert SERVICES[name]["depends_on"]["qdrant"] == {
        "condition": "service_healthy",
        "required": False,
    }
    assert environment["FOOTNOTE_QDRANT__URL"].endswith(":-http://qdrant:6333}")


def test_the_chat_has_the_key_that_may_only_read_and_the_ingestion_the_full_one() -> None:
    keys = {name: SERVICES[name]["environment"]["FOOTNOTE_QDRANT__API_KEY"] for name in FOOTNOTE}
    full, reading = "${QDRANT_API_KEY:-}", "${QDRANT_READ_ONLY_API_KEY:-}"
    assert keys == {"web": reading, "slack": reading, "ingest": full, "daemon": full}
    assert QDRANT["environment"]["QDRANT__SERVICE__API_KEY"] == full
    assert QDRANT["environment"]["QDRANT__SERVICE__READ_ONLY_API_KEY"] == reading


def test_qdrant_is_pinned_and_fits_the_client() -> None:
    pinned = re.fullmatch(r"qdrant/qdrant:v1\.(\d+)\.\d+-unprivileged", QDRANT["image"])
    assert pinned
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    client = re.search(r"^qdrant-client==1\.(\d+)\.", constraints, flags=re.MULTILINE)
    assert client, "qdrant-client is not in constraints.txt"
    assert abs(int(pinned[1]) - int(client[1])) <= 1


def test_qdrant_is_reached_by_footnote_only_and_reaches_nothing() -> None:
    assert "ports" not in QDRANT
    assert QDRANT["networks"] == ["store"]
    assert COMPOSE["networks"]["store"] == {"internal": True}
    assert all("store" in SERVICES[name]["networks"] for name in FOOTNOTE)


def test_qdrant_has_nothing_switched_on_that_is_not_used() -> None:
    environment = QDRANT["environment"]
    for name in ("ENABLE_CORS", "ENABLE_STATIC_CONTENT", "ENABLE_SNAPSHOT_URL_RECOVERY"):
        assert environment[f"QDRANT__SERVICE__{name}"] == "false"
    assert environment["QDRANT__TELEMETRY_DISABLED"] == "true"
    assert QDRANT["mem_limit"]


def test_qdrant_writes_only_where_it_can() -> None:
    environment = QDRANT["environment"]
    assert environment["QDRANT__STORAGE__SNAPSHOTS_PATH"].startswith("/qdrant/storage/")
    assert environment["QDRANT_INIT_FILE_PATH"].startswith("/tmp/")


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(
    ("full", "reading", "said"),
    [
        ("", "b", "set QDRANT_API_KEY"),
        ("a", "", "set QDRANT_READ_ONLY_API_KEY"),
        ("a", "a", "must differ"),
        ("a", "b", "started"),
    ],
)
def test_qdrant_is_not_started_without_two_keys(
    full: str, reading: str, said: str, tmp_path: Path
) -> None:
    start = tmp_path / "entrypoint.sh"
    start.write_text("#!/bin/sh\necho started\n", encoding="utf-8")
    start.chmod(0o755)
    program, flag, script = QDRANT["entrypoint"]
    assert (program, flag) == ("bash", "-c")
    keys = {
        "QDRANT__SERVICE__API_KEY": full,
        "QDRANT__SERVICE__READ_ONLY_API_KEY": reading,
        "PATH": "/usr/bin:/bin",
    }
    done = subprocess.run(
        [str(BASH), "-c", script.replace("$$", "$")],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=keys,
        check=False,
    )
    assert said in done.stdout + done.stderr
    assert (done.returncode == 0) == ("started" in done.stdout) == (said == "started")


@pytest.fixture
def answering() -> Iterator[dict[int, HttpServer]]:
    """Servers that answer everything with one status."""
    servers = {status: HttpServer(lambda _, status=status: (status, b"x")) for status in (200, 503)}
    yield servers
    for server in servers.values():
        server.close()


@pytest.mark.skipif(BASH is None, reason="there is no bash")
@pytest.mark.parametrize(("status", "code"), [(200, 0), (503, 1)])
def test_the_health_check_of_qdrant_tells_ready_from_not_ready(
    status: int, code: int, answering: dict[int, HttpServer]
) -> None:
    test = QDRANT["healthcheck"]["test"]
    assert test[:3] == ["CMD", "bash", "-c"]
    port = answering[status].url.rpartition(":")[2]
    script = test[3].replace("/6333 ", f"/{port} ")
    assert script != test[3]
    done = subprocess.run([str(BASH), "-c", script], check=False, timeout=10)
    assert done.returncode == code
    assert [request.path for request in answering[status].requests] == ["/readyz"]


# The profile `postgres`

POSTGRES = SERVICES["postgres"]


@each_footnote
def test_a_service_keeps_the_catalogue_on_its_volume_unless_told(name: str) -> None:
    assert SERVICES[name]["environment"]["FOOTNOTE_DATABASE_URL"] == "${FOOTNOTE_DATABASE_URL:-}"
    assert SERVICES[name]["depends_on"]["postgres"] == {
        "condition": "service_healthy",
        "required": False,
    }


def test_postgresql_is_pinned_has_a_password_and_is_reached_by_footnote_only() -> None:
    assert re.fullmatch(r"postgres:\d+\.\d+", POSTGRES["image"])
    assert POSTGRES["environment"]["POSTGRES_PASSWORD"] == "${POSTGRES_PASSWORD:-}"
    assert POSTGRES["environment"]["POSTGRES_HOST_AUTH_METHOD"] == "scram-sha-256"
    assert "ports" not in POSTGRES
    assert POSTGRES["networks"] == ["store"]
    assert POSTGRES["mem_limit"]


def test_the_image_has_the_drivers_of_both_servers() -> None:
    for extra in OTHERS:
        assert f"['optional-dependencies']['{extra}']" in DOCKERFILE


def test_the_image_does_not_run_as_root() -> None:
    assert int(instruction("USER")) > 0


def test_the_image_starts_a_command_that_exists() -> None:
    assert yaml.safe_load(instruction("ENTRYPOINT")) == ["footnote"]
    assert yaml.safe_load(instruction("CMD"))[0] in COMMANDS


def test_the_image_installs_pinned_versions() -> None:
    installs = re.findall(r"pip install [^&\n\\]*", DOCKERFILE)
    assert installs
    assert [
        line for line in installs if "-c constraints.txt" not in line and "--no-deps" not in line
    ] == []


def test_the_image_copies_what_the_build_context_lets_in() -> None:
    ignore = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    let_in = {line.removeprefix("!") for line in ignore if line.startswith("!")}
    lines = re.findall(r"^COPY (.*) \S+$", DOCKERFILE, flags=re.MULTILINE)
    copied = {source for line in lines for source in line.split()}
    assert copied == let_in
    assert [source for source in sorted(copied) if not (ROOT / source).exists()] == []


@pytest.mark.parametrize("file", FILES)
def test_every_variable_that_a_file_names_is_a_setting(file: str) -> None:
    named = set(re.findall(r"FOOTNOTE_[A-Z_]+[A-Z]", (ROOT / file).read_text(encoding="utf-8")))
    assert named
    assert named - setting_names() == set()
