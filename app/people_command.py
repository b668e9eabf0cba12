"""The command `footnote people`: who has logged in, and who may not any more."""

from dataclasses import asdict
from typing import Any

import click

from app.bootstrap import cli_caller
from app.chat_view import terminal_text
from app.people import People, Person
from core.command_line import common_options, print_json
from core.settings import Settings
from index.factory import open_catalogue


@click.group()
def people() -> None:
    """List the people who logged in to the web application, shut them out and let them in again."""


@people.command("list")
@common_options
def list_people(settings: Settings, as_json: bool) -> None:
    """List everyone who ever logged in, whoever came last first."""
    found = _open(settings).list(cli_caller(settings, None))
    if as_json:
        print_json([_shown(person) for person in found])
        return
    for person in found:
        click.echo(_line(person))
    if not found:
        click.echo("Nobody has logged in yet.", err=True)


@people.command()
@click.argument("email")
@common_options
def deactivate(settings: Settings, as_json: bool, email: str) -> None:
    """Shut a person out, from their next click on."""
    person = _open(settings).deactivate(cli_caller(settings, None), email)
    _tell(person, as_json=as_json)


@people.command()
@click.argument("email")
@common_options
def activate(settings: Settings, as_json: bool, email: str) -> None:
    """Let a person in again."""
    person = _open(settings).activate(cli_caller(settings, None), email)
    _tell(person, as_json=as_json)


def _open(settings: Settings) -> People:
    return People(open_catalogue(settings).engine, settings.data_dir)


def _tell(person: Person, *, as_json: bool) -> None:
    if as_json:
        print_json(_shown(person))
    else:
        state = "active" if person.is_active else "deactivated"
        click.echo(f"{terminal_text(person.email)} is {state}.")


def _shown(person: Person) -> dict[str, Any]:
    return asdict(person)


def _line(person: Person) -> str:
    state = "active" if person.is_active else "deactivated"
    parts = (person.email, state, f"last seen {person.last_seen[:16]}", ", ".join(person.groups))
    return terminal_text("  ".join(part for part in parts if part))
