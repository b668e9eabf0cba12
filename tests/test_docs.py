"""The documentation says what the code does: generated files are fresh, nothing is left undescribed."""

import importlib.util
import inspect
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from core import errors
from core.errors import QUARANTINE_REASONS, FootnoteError

ROOT = Path(__file__).resolve().parents[1]


def load_generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("docs_generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


GENERATE = load_generator()
COMMANDS = {" ".join(command.words): command for command in GENERATE.commands()}
ERRORS = [
    value
    for value in vars(errors).values()
    if inspect.isclass(value) and issubclass(value, FootnoteError) and value is not FootnoteError
]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("samples/*.md")])


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def section(text: str, heading: str) -> str:
    """The lines under a heading, up to the next one of its level."""
    _, _, rest = text.partition(f"\n## {heading}\n")
    return rest.partition("\n## ")[0]


@pytest.mark.parametrize("name", GENERATE.FILES)
def test_a_generated_file_is_what_the_code_says(name: str) -> None:
    assert read(name) == GENERATE.FILES[name](), f"{name} is stale: run `make docs`"


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_documented_and_has_help(name: str) -> None:
    assert section(read("docs/commands.md"), f"footnote {name}").strip()
    assert COMMANDS[name].click.help


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_of_a_command_is_documented_and_has_help(name: str) -> None:
    text = section(read("docs/commands.md"), f"footnote {name}")
    for option in GENERATE.options_of(COMMANDS[name]):
        assert option.help, f"{option.opts[-1]} of `footnote {name}` has no help"
        assert f"`{option.opts[0]}" in text


@pytest.mark.parametrize("setting", GENERATE.settings(), ids=lambda setting: setting.name)
def test_a_setting_says_what_it_is(setting: object) -> None:
    assert setting.description.endswith(".")  # type: ignore[attr-defined]
    assert setting.name in read(".env.example")  # type: ignore[attr-defined]


@pytest.mark.parametrize("error", ERRORS, ids=lambda error: error.__name__)
def test_every_error_has_a_row_in_the_operations_guide(error: type[FootnoteError]) -> None:
    row = rf"^\| `{error.__name__}` \| {error.exit_code} \|"
    assert re.search(row, read("docs/operations.md"), flags=re.MULTILINE)


@pytest.mark.parametrize("reason", QUARANTINE_REASONS)
def test_every_quarantine_reason_has_a_row_in_the_operations_guide(reason: str) -> None:
    assert re.search(rf"^\| `{reason}` \|", read("docs/operations.md"), flags=re.MULTILINE)


def test_the_operations_guide_names_no_error_or_reason_that_is_gone() -> None:
    rows = set(re.findall(r"^\| `(\w+)` \|", read("docs/operations.md"), flags=re.MULTILINE))
    assert rows == {error.__name__ for error in ERRORS} | set(QUARANTINE_REASONS)


def test_the_readme_is_short_and_starts_with_something_to_run() -> None:
    lines = read("README.md").splitlines()
    assert len(lines) <= 150
    assert any("make demo" in line for line in lines[:30])


def test_the_architecture_fits_on_two_pages() -> None:
    assert len(read("docs/architecture.md").splitlines()) <= 120


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_between_documents_lead_somewhere(path: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#|mailto:)([^)#\s]+)", path.read_text(encoding="utf-8"))
    assert [target for target in targets if not (path.parent / target).exists()] == []


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_commands_named_in_documents_exist(path: Path) -> None:
    named = set(re.findall(r"\bfootnote ([a-z]+)\b", "\n".join(code_of(path))))
    known = {name.split()[0] for name in COMMANDS}
    assert named - known == set()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_make_targets_named_in_documents_exist(path: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), flags=re.MULTILINE))
    named = set(re.findall(r"\bmake ([a-z-]+)", "\n".join(code_of(path))))
    assert named - targets == set()


def code_of(path: Path) -> list[str]:
    """The pieces of a Markdown file that are set as code, inline or in fences."""
    text = path.read_text(encoding="utf-8")
    fences = re.findall(r"^```.*?^```", text, flags=re.MULTILINE | re.DOTALL)
    return fences + re.findall(r"`([^`\n]+)`", text)
