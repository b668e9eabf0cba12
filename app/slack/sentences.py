"""What people in Slack are told of an error: what they can act on as it is, of all else that it happened, and a number.

A whole channel may read it, other companies too: folders, addresses, models and settings are the operator's business.
"""

from collections.abc import Mapping

from app.slack.worker import log_incident
from core.errors import ConfigError, NotFound, ServiceUnavailable, TooManyRequests, UsageError

UNEXPECTED = (
    "Something went wrong on our side, so this was not answered. Ask again; if it stays, tell the people who run Footnote "
    "this number:"
)
_WORDS: Mapping[type[Exception], str] = {
    ConfigError: "Footnote is not set up right, so this was not answered. Tell the people who run it this number:",
    ServiceUnavailable: "A service that Footnote needs did not answer. Ask again in a few minutes; if it stays, tell the "
    "people who run Footnote this number:",
}
_ASKERS = (UsageError, TooManyRequests, NotFound)
"""What the asker can act on; its own words are told."""


def may_pass(error: Exception) -> bool:
    """Whether trying again may help: a database that is busy for a moment, a service that is starting."""
    return not isinstance(error, (*_ASKERS, ConfigError))


def sentence_for(error: Exception) -> str:
    """Return what to tell of an error; where it is a number, the log has the rest under it."""
    if isinstance(error, _ASKERS):
        return str(error)
    words = next((said for kind, said in _WORDS.items() if isinstance(error, kind)), UNEXPECTED)
    return f"{words} {log_incident(error)}."
