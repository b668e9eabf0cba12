"""Every error ends a command with the exit code of the contract, and stands in the picture."""

import pytest

from core import errors
from core.errors import QUARANTINE_REASONS, FootnoteError, ParseError, ServiceUnavailable
from ingest.quarantine import hint_for


def tree(kind: type[FootnoteError]) -> list[type[FootnoteError]]:
    return [kind, *(deeper for child in kind.__subclasses__() for deeper in tree(child))]


@pytest.mark.parametrize("kind", tree(FootnoteError), ids=lambda kind: kind.__name__)
def test_exit_codes_are_those_of_the_contract(kind: type[FootnoteError]) -> None:
    wanted = 3 if issubclass(kind, ServiceUnavailable) else 2
    assert kind.exit_code == {"ParseError": 1}.get(kind.__name__, wanted)


@pytest.mark.parametrize("kind", tree(FootnoteError), ids=lambda kind: kind.__name__)
def test_every_error_stands_in_the_picture(kind: type[FootnoteError]) -> None:
    assert errors.__doc__ is not None
    assert kind.__name__ in errors.__doc__


def test_a_parse_error_has_a_reason_and_shows_its_detail() -> None:
    error = ParseError("encrypted", "It has a password.")
    assert (error.reason, error.detail, str(error)) == (
        "encrypted",
        "It has a password.",
        "It has a password.",
    )


@pytest.mark.parametrize("reason", QUARANTINE_REASONS)
def test_every_reason_has_a_hint(reason: errors.QuarantineReason) -> None:
    assert hint_for(reason).endswith(".")
