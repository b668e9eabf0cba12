"""The container files, without a container engine: parse them and check what they would run."""

import re
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from click.testing import CliRunner

from app.cli import COMMANDS, main
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


def setting_names() -> set[str]:
    names = set()
    for name, field in Settings.model_fields.items():
        inner = getattr(field.annotation, "model_fields", None)
        names |= {f"{name}__{part}" for part in inner} if inner else {name}
    return {f"FOOTNOTE_{name.upper()}" for name in names}


def mounts(service: str) -> dict[str, str]:
    """Target -> source, taking the defaults of ${NAME:-default}."""
    plain = [re.sub(r"\$\{\w+:-(.*?)\}", r"\1", volume) for volume in SERVICES[service]["volumes"]]
    return {volume.split(":")[1]: volume.split(":")[0] for volume in plain}


def instruction(word: str) -> str:
    """The last use of a Dockerfile instruction, continuation lines joined."""
    joined = DOCKERFILE.replace("\\\n", " ")
    return re.findall(rf"^{word}\s+(.*)$", joined, flags=re.MULTILINE)[-1]


def test_there_are_a_web_service_and_an_ingestion_as_a_job_and_as_a_daemon() -> None:
    assert set(SERVICES) == {"web", "ingest", "daemon"}
    for name in ("ingest", "daemon"):
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
    assert SERVICES[name]["tmpfs"] == ["/tmp"]
    writable = [volume for volume in SERVICES[name]["volumes"] if not volume.endswith(":ro")]
    assert writable == ["knowledge:/data"]


@each_service
def test_all_services_keep_their_data_on_one_named_volume(name: str) -> None:
    volume = mounts(name)[SERVICES[name]["environment"]["FOOTNOTE_DATA_DIR"]]
    assert volume in COMPOSE["volumes"]
    assert list(COMPOSE["volumes"]) == [volume]


@pytest.mark.parametrize("name", ["ingest", "daemon"])
def test_the_documents_are_mounted_where_the_ingestion_reads_them(name: str) -> None:
    folder = SERVICES[name]["command"][1]
    assert (ROOT / mounts(name)[folder]).is_dir()


@each_service
def test_what_is_mounted_from_the_repository_exists(name: str) -> None:
    sources = [source for source in mounts(name).values() if source.startswith("./")]
    assert sources
    assert [source for source in sources if not (ROOT / source).exists()] == []


@each_service
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
    listens = f"127.0.0.1:{web['environment']['FOOTNOTE_WEB__PORT']}/_stcore/health"
    assert listens in web["healthcheck"]["test"][-1]
    assert listens in instruction("HEALTHCHECK")
    assert web["ports"][0].split(":")[-1] == web["environment"]["FOOTNOTE_WEB__PORT"]


def test_the_daemon_is_asked_for_its_health_where_it_listens() -> None:
    daemon = SERVICES["daemon"]
    port = daemon["environment"]["FOOTNOTE_INGEST__HEALTH_PORT"]
    assert f"127.0.0.1:{port}/health" in daemon["healthcheck"]["test"][-1]


def test_the_daemon_has_time_to_end_in_order() -> None:
    assert int(SERVICES["daemon"]["stop_grace_period"].removesuffix("s")) > 10


def test_the_health_checks_are_python_that_runs() -> None:
    compile(SERVICES["daemon"]["healthcheck"]["test"][-1], "healthcheck", "exec")
    compile(SERVICES["web"]["healthcheck"]["test"][-1], "healthcheck", "exec")
    compile(yaml.safe_load(instruction("HEALTHCHECK").split("CMD")[1])[-1], "healthcheck", "exec")


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
