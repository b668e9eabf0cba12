"""Writes what documentation can be read off the code: settings, commands and the sources file (`make docs`).

tests/test_docs.py compares the written files with what this makes of the code, so that they cannot rot.
"""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Literal, get_args, get_origin

import click
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from app.cli import main as footnote
from core.settings import Settings
from ingest.sources.config_template import schema_text

ROOT = Path(__file__).resolve().parents[1]
MADE_BY = "written from the code by `make docs`; edit the code instead"


@dataclass(frozen=True, slots=True)
class Setting:
    """One environment variable."""

    name: str
    group: str
    description: str
    kind: str
    default: str


@dataclass(frozen=True, slots=True)
class Command:
    """One command, with the words that call it."""

    words: tuple[str, ...]
    click: click.Command
    context: click.Context


def settings() -> list[Setting]:
    """Return every setting, in the order of the class, groups last."""
    return sorted(_settings_of(Settings, "FOOTNOTE_", ""), key=lambda setting: setting.group != "")


def commands() -> list[Command]:
    """Return every command that does something, in the order of the table in app/cli.py."""
    return list(_commands_of(footnote, click.Context(footnote, info_name="footnote")))


def options_of(command: Command) -> list[click.Option]:
    """Return a command's options in the order they are declared, without --help."""
    return [
        param
        for param in command.click.params
        if isinstance(param, click.Option) and not param.hidden
    ]


def env_example() -> str:
    """Return the content of `.env.example`."""
    lines = [
        "# Settings of Footnote with their defaults: copy to `.env` and uncomment what you change.",
        f"# This file is {MADE_BY}.",
    ]
    group = ""
    for setting in settings():
        if setting.group != group:
            group = setting.group
            lines += ["", f"# --- {group}"]
        lines += ["", *(f"# {line}" for line in _wrapped(setting.description, 98))]
        lines.append(f"# {setting.name}={setting.default}")
    return "\n".join(lines) + "\n"


def configuration() -> str:
    """Return the content of `docs/configuration.md`."""
    lines = [
        "# Configuration",
        "",
        f"<!-- This file is {MADE_BY}. -->",
        "",
        "Settings come from environment variables, then from a file `.env` in the working folder, then from",
        "the defaults below. An option of a command (`--data-dir`, `--as`) wins over all of them. A value that",
        "is out of range stops the command with exit code 2 and a sentence that names the variable. An empty",
        "value counts as not set. `.env.example` has every setting with its default.",
    ]
    group: str | None = None
    for setting in settings():
        if setting.group != group:
            group = setting.group
            lines += [
                "",
                f"## {group or 'General'}",
                "",
                "| Variable | What it is | Value | Default |",
            ]
            lines.append("| --- | --- | --- | --- |")
        default = f"`{setting.default}`" if setting.default else "(empty)"
        lines.append(
            f"| `{setting.name}` | {_cell(setting.description)} | {_cell(setting.kind)} | {default} |"
        )
    return "\n".join(lines) + "\n"


def command_reference() -> str:
    """Return the content of `docs/commands.md`."""
    lines = [
        "# Commands",
        "",
        f"<!-- This file is {MADE_BY}. -->",
        "",
        "Exit codes: 0 done, 1 some documents could not be read, 2 usage or configuration, 3 a service that is",
        "needed does not answer. With `--json` a command prints one JSON value on standard output and nothing",
        "else; progress and logs go to standard error.",
    ]
    for command in commands():
        lines += ["", f"## footnote {' '.join(command.words)}", "", _help_text(command), ""]
        lines += ["```", command.click.get_usage(command.context).removeprefix("Usage: "), "```"]
        options = options_of(command)
        if options:
            lines += ["", "| Option | What it does |", "| --- | --- |"]
            lines += [
                f"| `{_option_name(option)}` | {_option_help(option)} |" for option in options
            ]
    return "\n".join(lines) + "\n"


FILES: dict[str, Callable[[], str]] = {
    ".env.example": env_example,
    "docs/configuration.md": configuration,
    "docs/commands.md": command_reference,
    "docs/sources.schema.json": schema_text,
}


def _settings_of(model: type[BaseModel], prefix: str, group: str) -> Iterator[Setting]:
    for name, field in model.model_fields.items():
        inner = field.annotation
        if isinstance(inner, type) and issubclass(inner, BaseModel):
            yield from _settings_of(inner, f"{prefix}{name.upper()}__", _first_sentence(inner))
        else:
            yield Setting(
                prefix + name.upper(), group, field.description or "", _kind(field), _default(field)
            )


def _first_sentence(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or model.__name__).splitlines()[0].rstrip(".")


def _kind(field: FieldInfo) -> str:
    types = [
        kind for kind in (get_args(field.annotation) or [field.annotation]) if kind is not NoneType
    ]
    if get_origin(field.annotation) is Literal:
        return " or ".join(f"`{value}`" for value in types)
    words = {
        bool: "`1` or `0`",
        int: "whole number",
        float: "number",
        Path: "path",
        SecretStr: "secret",
    }
    return " ".join([words.get(types[0], "text"), *_bounds(field)])


def _bounds(field: FieldInfo) -> Iterator[str]:
    low = next((rule.ge for rule in field.metadata if hasattr(rule, "ge")), None)
    high = next((rule.le for rule in field.metadata if hasattr(rule, "le")), None)
    if low is not None and high is not None:
        yield f"from {low} to {high}"
    elif low is not None:
        yield f"from {low}"
    elif high is not None:
        yield f"up to {high}"


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if value is None:
        return ""
    return str(int(value)) if isinstance(value, bool) else str(value)


def _commands_of(command: click.Command, context: click.Context) -> Iterator[Command]:
    if not isinstance(command, click.Group):
        words = tuple(context.command_path.split()[1:])
        yield Command(words, command, context)
        return
    for name in command.list_commands(context):
        inner = command.get_command(context, name)
        if inner is None:
            raise LookupError(f"`{context.command_path} {name}` is listed and cannot be loaded")
        if not inner.hidden:
            yield from _commands_of(inner, click.Context(inner, parent=context, info_name=name))


def _help_text(command: Command) -> str:
    text = inspect.cleandoc(command.click.help or command.click.short_help or "")
    paragraphs = text.replace("\b\n", "").split("\f")[0].strip().split("\n\n")
    return "\n\n".join(paragraphs)


def _option_name(option: click.Option) -> str:
    names = ", ".join([*option.opts, *option.secondary_opts])
    if option.is_flag or option.count:
        return names
    # In a table cell a bar would end the cell.
    value = option.metavar or option.type.name.upper()
    if isinstance(option.type, click.Choice):
        value = " or ".join(str(choice) for choice in option.type.choices)
    return f"{names} {value}".replace("|", " or ")


def _option_help(option: click.Option) -> str:
    return _cell(" ".join((option.help or "").split())) + (" (required)" if option.required else "")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) + 1 > width:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return lines


def write(targets: dict[str, Callable[[], str]] = FILES, root: Path = ROOT) -> None:
    """Write every generated file."""
    for name, make in targets.items():
        (root / name).write_text(make(), encoding="utf-8")


if __name__ == "__main__":
    write()
