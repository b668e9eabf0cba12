"""The wheel holds what the program needs and nothing else, and every dependency is pinned."""

import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = CONFIG["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
CONSTRAINT_LINES = [
    line
    for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
PINNED = {canonicalize_name(line.partition("==")[0]) for line in CONSTRAINT_LINES}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """Names of the files in a wheel built from this checkout, without a network."""
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT,
        check=True,
        capture_output=True,
    )
    (path,) = folder.glob("footnote-*.whl")
    with zipfile.ZipFile(path) as archive:
        return set(archive.namelist())


def shipped(pattern: str) -> set[str]:
    found = {str(path.relative_to(ROOT)) for path in ROOT.glob(pattern) if path.is_file()}
    return {name for name in found if "__pycache__" not in name}


@pytest.mark.parametrize("package", PACKAGES)
def test_the_wheel_has_every_file_of_a_package(package: str, wheel: set[str]) -> None:
    expected = shipped(f"{package}/**/*")
    assert expected
    assert expected - wheel == set()


@pytest.mark.parametrize(
    "pattern", ["prompts/templates/*.md", "index/migrations/versions/v*.py", "app/web/assets/*.css"]
)
def test_the_wheel_has_what_the_program_reads_at_run_time(pattern: str, wheel: set[str]) -> None:
    expected = shipped(pattern)
    assert expected, f"nothing matches {pattern}"
    assert expected <= wheel


def test_the_wheel_has_nothing_but_the_packages(wheel: set[str]) -> None:
    tops = {name.partition("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)


def test_the_wheel_has_the_console_script_and_the_licence(wheel: set[str]) -> None:
    assert {name.rpartition("/")[2] for name in wheel} >= {"entry_points.txt", "LICENSE"}


def test_a_constraint_is_one_exact_public_version() -> None:
    exact = re.compile(r"[A-Za-z0-9._-]+==[0-9][A-Za-z0-9.]*")
    assert [line for line in CONSTRAINT_LINES if not exact.fullmatch(line)] == []


def test_everything_that_gets_installed_is_pinned() -> None:
    groups = CONFIG["dependency-groups"]
    declared = list(CONFIG["project"]["dependencies"])
    declared += [entry for group in groups.values() for entry in group if isinstance(entry, str)]
    missing, waiting, seen = set(), [Requirement(text) for text in declared], set()
    while waiting:
        requirement = waiting.pop()
        name, extras = canonicalize_name(requirement.name), frozenset(requirement.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        if name not in PINNED:
            missing.add(name)
        waiting += needed_by(name, extras)
    assert missing == set()


def needed_by(name: str, extras: frozenset[str]) -> list[Requirement]:
    """What an installed distribution asks for here; nothing for one that is not installed."""
    try:
        requirements = [Requirement(text) for text in requires(name) or []]
    except PackageNotFoundError:
        return []
    environments = [{"extra": extra} for extra in ("", *extras)]
    return [
        requirement
        for requirement in requirements
        if requirement.marker is None or any(map(requirement.marker.evaluate, environments))
    ]
