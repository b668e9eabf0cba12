"""The dependency rule and the packaging are tests, not prose."""

import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest
from importlinter.cli import lint_imports

from app.cli import COMMANDS

ROOT = Path(__file__).resolve().parents[1]
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PACKAGES: list[str] = CONFIG["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
FRAMEWORKS = {
    "alembic", "faiss", "llama_index", "onnx", "sqlalchemy", "streamlit", "tantivy", "torch", "unstructured",
}  # fmt: skip
# What `footnote --help` and the tests of rules must not pay for (0.2 to 13 seconds each).
HEAVY = FRAMEWORKS | {"onnxruntime", "pypdfium2", "sentence_transformers", "spacy", "transformers"}


def run_isolated(code: str, cwd: Path) -> tuple[int, str, str]:
    """Run code as an installed program would: not from the repository, no warning let through."""
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", code],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    return done.returncode, done.stdout.strip(), done.stderr.strip()


def modules_of(package: str) -> set[str]:
    return {path.stem for path in (ROOT / package).rglob("*.py")} - {"__init__", "__main__"}


def test_imports_respect_the_layers(capsys: pytest.CaptureFixture[str]) -> None:
    kept = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True) == 0
    assert kept, capsys.readouterr().out


@pytest.mark.parametrize("package", PACKAGES)
def test_package_is_ours_outside_the_repository(package: str, tmp_path: Path) -> None:
    code = f"import {package}; print({package}.__file__)"
    assert run_isolated(code, tmp_path) == (0, str(ROOT / package / "__init__.py"), "")


def test_linted_and_typed_packages_are_the_shipped_packages() -> None:
    assert sorted(CONFIG["tool"]["importlinter"]["root_packages"]) == sorted(PACKAGES)
    assert sorted(CONFIG["tool"]["mypy"]["packages"]) == sorted(PACKAGES)
    assert sorted(CONFIG["tool"]["coverage"]["run"]["source"]) == sorted(PACKAGES)


def test_every_folder_of_code_is_a_package() -> None:
    folders = {path.parent for package in PACKAGES for path in (ROOT / package).rglob("*.py")}
    assert [folder for folder in sorted(folders) if not (folder / "__init__.py").exists()] == []


@pytest.mark.parametrize(
    "module", sorted({module for module, *_ in COMMANDS.values()} | {"app.cli"})
)
def test_importing_has_no_side_effects(module: str, tmp_path: Path) -> None:
    assert run_isolated(f"import {module}", tmp_path) == (0, "", "")


def test_the_help_of_the_console_script_loads_nothing_heavy(tmp_path: Path) -> None:
    siblings = set(PACKAGES) - {"app", "core"}
    code = (
        "import sys; from app.cli import main; main(['--help'], standalone_mode=False); "
        f"print(sorted({siblings | HEAVY!r} & set(sys.modules)))"
    )
    returncode, out, error = run_isolated(code, tmp_path)
    assert (returncode, out.splitlines()[-1], error) == (0, "[]", "")


def test_every_command_in_the_table_exists() -> None:
    for module, attribute, help_line in COMMANDS.values():
        assert hasattr(import_module(module), attribute)
        assert help_line.endswith(".")


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_shadows_the_standard_library_or_a_framework(package: str) -> None:
    assert modules_of(package) & (sys.stdlib_module_names | FRAMEWORKS) == set()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_module_has_a_name_that_says_nothing(package: str) -> None:
    assert (
        modules_of(package) & {"utils", "util", "helpers", "helper", "common", "misc", "manager"}
        == set()
    )


@pytest.mark.parametrize("package", PACKAGES)
def test_every_module_says_what_it_answers_for(package: str) -> None:
    files = [path for path in (ROOT / package).rglob("*.py") if path.stat().st_size]
    assert [
        path.name
        for path in files
        if not path.read_text(encoding="utf-8").startswith(('"""', 'r"""'))
    ] == []
