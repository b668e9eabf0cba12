"""`footnote prompts`: what an operator sees of the prompts, and what pinning one does."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from app.prompt_folder import open_library
from app.prompts_command import prompts
from core.settings import load_settings
from prompts.answer_prompt import answer_templates


def run(*arguments: str) -> Result:
    return CliRunner().invoke(prompts, list(arguments), catch_exceptions=False)


def value(*arguments: str) -> Any:
    result = run(*arguments, "--json")
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


def version_of(name: str) -> str:
    return str(next(row["version"] for row in value("list") if row["name"] == name))


@pytest.fixture
def old_system(data_dir: Path) -> str:
    """A version of `answer_system` that was used before the one of today; its hash."""
    library = open_library(load_settings())
    text = library.current("answer_system").text.replace("Write short", "Write at length")
    import hashlib

    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    folder = data_dir / "prompts"
    folder.mkdir(parents=True)
    (folder / f"answer_system@{digest}.md").write_text(text)
    return digest


def test_the_list_names_every_prompt_with_its_version_and_labels(old_system: str) -> None:
    rows = {row["name"]: row for row in value("list")}
    assert {"answer", "answer_system", "answer_user", "condense", "rewrite", "abstention"} <= set(
        rows
    )
    system = rows["answer_system"]
    assert system["versions"] == [system["version"], old_system]
    assert (system["labels"], system["is_own"]) == ({}, False)
    assert f"answer_system    {system['version']}  shipped   2 versions" in run("list").stdout


def test_listing_makes_no_data_folder(data_dir: Path) -> None:
    assert run("list").exit_code == 0
    assert run("show", "answer").exit_code == 0
    assert not data_dir.exists()


def test_show_prints_a_version_by_hash_by_label_and_the_one_in_use(old_system: str) -> None:
    assert "Write short" in run("show", "answer_system").stdout
    assert "Write at length" in run("show", f"answer_system@{old_system[:6]}").stdout
    run("pin", "answer_system", old_system, "--label", "longer")
    assert "Write at length" in run("show", "answer_system@longer").stdout
    assert value("show", "answer_system@longer")["version"] == old_system
    assert value("show", "answer_user")["placeholders"] == [
        "boundary",
        "history",
        "passages",
        "question",
    ]


def test_diff_shows_what_changed(old_system: str) -> None:
    lines = run("diff", "answer_system", old_system).stdout.split("\n")
    assert lines[0] == f"--- answer_system@{old_system}"
    assert sum(line.startswith("-8. Write at length") for line in lines) == 1
    assert sum(line.startswith("+8. Write short") for line in lines) == 1
    assert value("diff", "answer_system", old_system, old_system)["same"] is True


def test_a_pinned_version_is_used_from_the_next_question_on(old_system: str) -> None:
    library = open_library(load_settings())
    assert answer_templates(library).system.digest != old_system
    assert (
        run("pin", "answer_system", old_system).stdout
        == f"answer_system@{old_system} is production now.\n"
    )
    assert answer_templates(library).system.digest == old_system
    assert version_of("answer_system") == old_system
    assert run("pin", "answer_system", "--remove").exit_code == 0
    assert answer_templates(library).system.digest != old_system


def test_the_whole_prompt_that_an_answer_names_can_be_shown_and_pinned(old_system: str) -> None:
    library = open_library(load_settings())
    run("pin", "answer_system", old_system)
    was = answer_templates(library)
    run("pin", "answer_system", "--remove")
    assert "Write at length" not in run("show", "answer").stdout
    assert "Write at length" in run("show", was.version).stdout
    assert value("pin", *was.version.split("@"))["pinned"]["answer_system"] == old_system
    assert answer_templates(library) == was
    assert run("pin", "answer", "current", "--label", "before").exit_code == 0
    assert "Write short" in run("show", "answer@before").stdout


def test_the_settings_name_the_label_and_the_folder_of_own_prompts(
    old_system: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "own").mkdir()
    (tmp_path / "own" / "rewrite.md").write_text("Anders: $boundary $count $question")
    monkeypatch.setenv("FOOTNOTE_GENERATION__PROMPTS_DIR", str(tmp_path / "own"))
    monkeypatch.setenv("FOOTNOTE_GENERATION__PROMPT_LABEL", "trial")
    run("pin", "answer_system", old_system)
    rows = {row["name"]: row for row in value("list")}
    assert rows["answer_system"]["labels"] == {"trial": old_system}
    assert rows["answer_system"]["version"] == old_system
    assert rows["rewrite"]["is_own"] is True
    assert run("show", "rewrite").stdout.startswith("Anders")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (("pin", "answer_system", "0123456789ab"), "No version or label"),
        (("pin", "answer", "0123456789ab"), "No prompt for answers"),
        (("pin", "answer_system"), "Give the version to pin"),
        (("pin", "answer_system", "current", "--remove"), "Give the version to pin"),
        (("pin", "answer_system", "current", "--label", "a b"), "cannot be a label"),
        (("pin", "answer_system", "--remove"), "is pinned as 'production'"),
        (("show", "nothing"), "There is no prompt 'nothing'"),
        (("show", "../library"), "There is no prompt '../library'"),
        (("show", "answer@../x"), "No prompt for answers"),
        (("diff", "answer_user", "current", "nowhere"), "No version or label"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(
    arguments: tuple[str, ...], complaint: str, data_dir: Path
) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert complaint in result.stderr
    assert result.stdout == ""
    assert not (data_dir / "prompts").exists()
