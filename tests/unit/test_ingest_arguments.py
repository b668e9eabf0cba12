"""No source name becomes anything but the value of one option."""

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.knowledge.ingest_arguments import plan_arguments, require_listed, run_arguments
from core.errors import NotFound, UsageError
from ingest.cli import ingest


def parsed(arguments: list[str]) -> dict[str, object]:
    """Return what `footnote ingest` reads in the arguments."""
    command, *rest = arguments
    assert command == "ingest"
    context = ingest.make_context("ingest", rest)
    assert isinstance(context, click.Context)
    return context.params


@given(st.text(min_size=1))
def test_whatever_a_source_is_called_it_is_a_value_and_no_other_option(name: str) -> None:
    plan = parsed(plan_arguments(name))
    run = parsed(run_arguments(name, retry=False, allow_mass_delete=False))
    assert plan["source_name"] == run["source_name"] == name
    assert (plan["plan_only"], plan["yes"], plan["paths"]) == (True, False, ())
    assert (run["plan_only"], run["yes"], run["paths"]) == (False, True, ())
    assert not plan["allow_mass_delete"]
    assert not run["allow_mass_delete"]
    assert not run["daemon"]


@pytest.mark.parametrize("name", ["--allow-mass-delete", "--yes", "-h", "--data-dir=/", "a b;c"])
def test_names_like_options_stay_names(name: str) -> None:
    read = parsed(run_arguments(name, retry=True, allow_mass_delete=False))
    assert read["source_name"] == name
    assert read["retry"]
    assert not read["allow_mass_delete"]


def test_only_a_listed_source_passes() -> None:
    require_listed("handbook", {"handbook"})
    with pytest.raises(NotFound, match="'--yes'"):
        require_listed("--yes", {"handbook"})


@pytest.mark.parametrize("name", ["a\0b", "half\ud800"])
def test_a_name_that_no_program_takes_is_refused(name: str) -> None:
    with pytest.raises(UsageError, match="Rename"):
        require_listed(name, {name})
