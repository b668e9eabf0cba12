"""The command `footnote prompts`: what the models are told, in every version that was in use."""

import difflib
from typing import Any

import click

from app.prompt_folder import open_library
from core.command_line import common_options, print_json
from core.errors import UsageError
from core.settings import Settings
from prompts.answer_prompt import NAME as ANSWER
from prompts.answer_prompt import (
    PART_NAMES,
    AnswerTemplates,
    earlier_templates,
    read_answer_templates,
)
from prompts.library import CURRENT, LABEL_IN_USE, PromptLibrary, PromptTemplate


@click.group()
def prompts() -> None:
    """List, show, compare and pin the prompts for language models."""


@prompts.command("list")
@common_options
def list_prompts(settings: Settings, as_json: bool) -> None:
    """List all prompts with the version in use and the labels."""
    library = open_library(settings)
    rows = [_answer_row(library), *(_row(library, name) for name in library.names())]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        labels = ", ".join(f"{label}={digest}" for label, digest in row["labels"].items())
        where = "own file" if row["is_own"] else "shipped"
        count = len(row["versions"])
        click.echo(
            f"{row['name']:16} {row['version']}  {where:8}  {count} version{'' if count == 1 else 's'}"
            f"{'  ' + labels if labels else ''}"
        )


@prompts.command()
@click.argument("prompt", metavar="NAME[@VERSION|@LABEL]")
@common_options
def show(settings: Settings, as_json: bool, prompt: str) -> None:
    """Print a prompt: the version in use, or the one that is named.

    A VERSION is the start of a hash, `current` is the text as it is now, whatever is pinned. `answer@HASH`, as answers
    and traces name it, prints all parts of that prompt.
    """
    name, _, wanted = prompt.partition("@")
    library = open_library(settings)
    found = _answer_parts(library, wanted) if name == ANSWER else (library.resolve(name, wanted),)
    if as_json:
        shown = [
            {"name": part.name, "version": part.digest, "text": part.text, "placeholders": sorted(part.placeholders)}
            for part in found
        ]  # fmt: skip
        print_json(shown if name == ANSWER else shown[0])
        return
    for part in found:
        if name == ANSWER:
            click.echo(f"===== {part.version}")
        click.echo(part.text.rstrip("\n"))


@prompts.command()
@click.argument("name")
@click.argument("first", metavar="A")
@click.argument("second", metavar="B", default="current")
@common_options
def diff(settings: Settings, as_json: bool, name: str, first: str, second: str) -> None:
    """Compare two versions of a prompt, each a hash, a label or `current` (what B is if it is not given).

    `diff answer A B` compares all parts of prompts as answers name them.
    """
    library = open_library(settings)
    versions = [_compared(library, name, wanted) for wanted in (first, second)]
    (before, before_parts), (after, after_parts) = versions
    lines = [
        line
        for old, new in zip(before_parts, after_parts, strict=True)
        for line in difflib.unified_diff(
            old.text.splitlines(), new.text.splitlines(), old.version, new.version, lineterm=""
        )
    ]
    if as_json:
        print_json({"name": name, "a": before, "b": after, "same": not lines, "diff": lines})
        return
    for line in lines:
        click.echo(line)
    if not lines:
        click.echo(f"{name}@{before} and {name}@{after} are the same.", err=True)


@prompts.command()
@click.argument("name")
@click.argument("version", metavar="VERSION|LABEL", required=False)
@click.option(
    "--label",
    help="Label to put on the version (default: the one that answers are made with, "
    f"FOOTNOTE_GENERATION__PROMPT_LABEL or `{LABEL_IN_USE}`).",
)
@click.option("--remove", is_flag=True, help="Take the label off: the text as it is now counts.")
@common_options
def pin(
    settings: Settings,
    as_json: bool,
    name: str,
    version: str | None,
    label: str | None,
    remove: bool,
) -> None:
    """Put a label on a version of a prompt, from the next question on.

    `pin answer HASH` pins all parts of the prompt that an answer names.
    """
    if remove == (version is not None):
        raise UsageError("Give the version to pin, or --remove to take the label off.")
    library = open_library(settings)
    label = library.label if label is None else label
    names = PART_NAMES if name == ANSWER else (name,)
    pinned: list[PromptTemplate] = []
    if version is None:
        for one in names:
            library.unpin(one, label)
    else:
        found = _answer_parts(library, version) if name == ANSWER else ()
        wanted = {part.name: part.digest for part in found} or {name: version}
        pinned = [library.pin(one, wanted[one], label) for one in names]
    if as_json:
        print_json({"label": label, "pinned": {part.name: part.digest for part in pinned}})
        return
    for part in pinned:
        click.echo(f"{part.version} is {label} now.")
    if not pinned:
        click.echo(f"{label!r} is taken off {name}; the text as it is now counts.")


def _compared(
    library: PromptLibrary, name: str, wanted: str
) -> tuple[str, tuple[PromptTemplate, ...]]:
    """Return the hash and the parts of one version of a prompt; the hash of all parts for `answer`."""
    if name == ANSWER:
        parts = _answer_parts(library, wanted)
        return AnswerTemplates(*parts).members.digest, parts
    found = library.resolve(name, wanted)
    return found.digest, (found,)


def _row(library: PromptLibrary, name: str) -> dict[str, Any]:
    return {
        "name": name,
        "version": library.load(name).digest,
        "is_own": library.is_own(name),
        "labels": library.labels(name),
        "versions": library.versions(name),
    }


def _answer_row(library: PromptLibrary) -> dict[str, Any]:
    now = read_answer_templates(library).members.digest
    return {
        "name": ANSWER,
        "version": now,
        "is_own": any(library.is_own(name) for name in PART_NAMES),
        "labels": {},
        "versions": [now, *(digest for digest in library.kept(ANSWER) if digest != now)],
        "parts": list(PART_NAMES),
    }


def _answer_parts(library: PromptLibrary, version: str) -> tuple[PromptTemplate, ...]:
    """The templates that `answer@hash` names, or those of a label; those in use if neither is given."""
    if version == CURRENT:
        return tuple(library.current(name) for name in PART_NAMES)
    if not version or any(version in library.labels(name) for name in PART_NAMES):
        return read_answer_templates(library, version or None).parts
    fitting = [digest for digest in library.kept(ANSWER) if digest.startswith(version)]
    if len(fitting) == 1:
        return earlier_templates(library, f"{ANSWER}@{fitting[0]}").parts
    raise UsageError(
        f"{'More than one prompt' if fitting else 'No prompt'} for answers is kept here as {ANSWER}@{version}. "
        "An answer names its own as `prompt_version`; `footnote prompts list` shows the one in use."
    )
