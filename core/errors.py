"""What can go wrong, by who can act on it.

    FootnoteError
    ├── UsageError             the person at the keyboard: a question or an argument that cannot be used
    ├── ConfigError            the operator: a setting, a file or a folder is not right
    ├── SourceError            the operator: a source refuses, does not answer or may not be reached
    ├── ParseError             the document's owner: one document cannot be read (`reason` says why)
    ├── DataFolderError        the operator: the data folder cannot be used as it is
    │   ├── NewerDataError     it was written by a newer Footnote
    │   ├── FolderBusy         another process is writing to it
    │   └── StorageFull        the disk is full or the folder cannot be written
    ├── IndexMismatch          the operator: what built the index does not fit the settings
    ├── MassDeletionRefused    the operator: a run would remove more than the guard allows
    ├── RunStopped             nobody: the operator asked the run to end; what was stored stays
    ├── AccessDenied           the caller: this is for another role
    ├── TooManyRequests        the caller: the limit for one person is reached; `retry_after` says when it is not
    ├── NotFound               the caller: nothing by that name that this caller may see
    └── ServiceUnavailable     the operator: a service that is needed does not answer
        └── ModelFailure       a language model's provider; `kind` says how, `received` how much text came before
            └── AllModelsFailed    every model of a chain, one after the other

Every message is one sentence or two: what happened, to what (quoted), and what to do. Faces print the
message of a FootnoteError as it is, and never that of any other exception.
"""

from collections.abc import Sequence
from typing import Literal, get_args

QuarantineReason = Literal[
    "encrypted",
    "corrupt",
    "too_large",
    "timeout",
    "memory",
    "unsupported",
    "empty",
    "no_text_layer",
    "archive_bomb",
    "encoding",
    "access",
    "io",
]
QUARANTINE_REASONS: tuple[QuarantineReason, ...] = get_args(QuarantineReason)


class FootnoteError(Exception):
    """Root of everything that Footnote raises on purpose; `exit_code` is the process's."""

    exit_code = 2


class UsageError(FootnoteError):
    """A question or argument that cannot be used."""


class ConfigError(FootnoteError):
    """A setting, a configuration file or an installed extra is missing or wrong."""


class SourceError(FootnoteError):
    """A source, or a page of it, cannot be reached as it is configured; `reason` is one word for programs."""

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason


class ParseError(FootnoteError):
    """One document cannot be read; the batch goes on."""

    exit_code = 1

    def __init__(self, reason: QuarantineReason, detail: str) -> None:
        super().__init__(detail)
        self.reason: QuarantineReason = reason
        self.detail = detail


class DataFolderError(FootnoteError):
    """The data folder cannot be used as it is."""


class NewerDataError(DataFolderError):
    """The data folder was written by a newer Footnote."""


class FolderBusy(DataFolderError):
    """Another process is writing to the data folder."""


class StorageFull(DataFolderError):
    """The disk is full, or the folder cannot be written; what was stored before is untouched."""


class IndexMismatch(FootnoteError):
    """What built the index does not fit what the settings ask for."""


class MassDeletionRefused(FootnoteError):
    """A run would remove more documents than the guard allows."""


class RunStopped(FootnoteError):
    """A run was asked to end before it was done; what was stored stays, and the next one goes on."""


class AccessDenied(FootnoteError):
    """What was asked for is for another role, or nobody is logged in."""


class TooManyRequests(FootnoteError):
    """One person asked more than the limit allows; `retry_after` is in seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class NotFound(FootnoteError):
    """Nothing by that name, or nothing that this caller may see: the two are not told apart."""


class ServiceUnavailable(FootnoteError):
    """A service that is needed does not answer."""

    exit_code = 3


ModelFailureKind = Literal[
    "rate_limited",
    "overloaded",
    "server_error",
    "authentication",
    "refused",
    "first_token_timeout",
    "stalled",
    "deadline",
    "disconnected",
    "malformed",
    "empty",
    "too_long",
    "window_exceeded",
    "circuit_open",
    "unreachable",
]


class ModelFailure(ServiceUnavailable):
    """A language model gave no answer, or not a whole one.

    `received` is the number of characters that came before; `retry_after` what the provider asked for, in seconds.
    """

    def __init__(
        self,
        kind: ModelFailureKind,
        message: str,
        received: int = 0,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.kind: ModelFailureKind = kind
        self.received = received
        self.retry_after = retry_after


class AllModelsFailed(ModelFailure):
    """No model of a chain gave any text; it is the last one's failure, `failures` has all in order."""

    def __init__(self, failures: Sequence[ModelFailure]) -> None:
        last = failures[-1]
        super().__init__(last.kind, str(last), last.received, last.retry_after)
        self.failures = tuple(failures)
