"""What a provider's error means: one `ModelFailure`, whichever vendor's library raised what.

Vendors are told apart by the names of their exceptions and by HTTP status, so that nothing of theirs is imported
here. Of what the provider wrote only its own error code is shown: its text may quote the prompt or part of the key.
"""

import email.utils
import re
import time
from collections.abc import Iterator
from typing import Any

from core.errors import ModelFailure, ModelFailureKind

_CODE = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{1,59}")
_MAX_CAUSES = 6
_MESSAGE_READ = 2000

_BY_STATUS: dict[int, ModelFailureKind] = {
    401: "authentication",
    403: "authentication",
    408: "overloaded",
    413: "window_exceeded",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}
_BY_CODE: tuple[tuple[str, ModelFailureKind], ...] = (
    ("insufficient_quota", "refused"),
    ("context_length", "window_exceeded"),
    ("content_filter", "refused"),
    ("rate_limit", "rate_limited"),
    ("throttling", "rate_limited"),
    ("resource_exhausted", "rate_limited"),
    ("overloaded", "overloaded"),
    ("unavailable", "overloaded"),
    ("authentication", "authentication"),
    ("accessdenied", "authentication"),
    ("unrecognizedclient", "authentication"),
    ("invalidsignature", "authentication"),
    ("expiredtoken", "authentication"),
)
_WINDOW_WORDS = (
    "context length",
    "context window",
    "maximum context",
    "prompt is too long",
    "input is too long",
    "too many tokens",
    "exceeds the maximum number of tokens",
    "exceed_context_size",
)
_BY_NAME: tuple[tuple[frozenset[str], ModelFailureKind], ...] = (
    (
        frozenset(
            {
                "NoCredentialsError",
                "PartialCredentialsError",
                "CredentialRetrievalError",
                "DefaultCredentialsError",
                "RefreshError",
            }
        ),
        "authentication",
    ),
    (
        frozenset(
            {
                "JSONDecodeError",
                "UnicodeDecodeError",
                "APIResponseValidationError",
                "ValidationError",
                "UnknownApiResponseError",
                "ChecksumMismatch",
                "InvalidHeadersLength",
                "InvalidPayloadLength",
                "DecodingError",
            }
        ),
        "malformed",
    ),
    (
        frozenset(
            {
                "ConnectError",
                "ConnectTimeout",
                "PoolTimeout",
                "EndpointConnectionError",
                "ConnectTimeoutError",
                "ProxyError",
                "ProxyConnectionError",
                "SSLError",
                "gaierror",
            }
        ),
        "unreachable",
    ),
    (
        frozenset({"ReadTimeout", "ReadTimeoutError", "TimeoutException", "TimeoutError"}),
        "first_token_timeout",
    ),
    (
        frozenset({"TransportError", "APIConnectionError", "HTTPClientError", "OSError", "HTTPError"}),
        "disconnected",
    ),
)  # fmt: skip
_SENTENCES: dict[ModelFailureKind, str] = {
    "rate_limited": "takes no more requests for now. Ask again later, or raise its limit with the provider.",
    "overloaded": "is overloaded. Ask again later.",
    "server_error": "failed inside. Ask again later, and look at the server's own log if it lasts.",
    "authentication": "does not accept the credentials. Check the API key and what it may use.",
    "refused": "refused the request. Check the model's name, the account and the settings of the model.",
    "first_token_timeout": "did not begin to answer in time. Ask again, or allow it more time.",
    "stalled": "stopped in the middle of its answer. Ask again.",
    "deadline": "did not finish in time. Ask again, or allow it more time.",
    "disconnected": "broke the connection off. Ask again.",
    "malformed": "sent something that cannot be read. Check that it speaks the protocol of the setting.",
    "empty": "sent an empty answer. Ask again, or in other words.",
    "too_long": "wrote more than an answer may have, so the answer was cut.",
    "window_exceeded": "cannot read a prompt of this length. Lower the number of passages, or set its context window.",
    "circuit_open": "failed several times in a row and is left alone for a while.",
    "unreachable": "cannot be reached. Check its address and that it is running.",
}


def model_failure(
    spec: str,
    kind: ModelFailureKind,
    received: int = 0,
    retry_after: float | None = None,
    code: str = "",
) -> ModelFailure:
    """Return a failure of the model `spec` with the sentence that belongs to its kind."""
    what = f" ({code})" if code else ""
    return ModelFailure(kind, f"The model {spec!r} {_SENTENCES[kind]}{what}", received, retry_after)


def failure_of(spec: str, error: BaseException, received: int) -> ModelFailure:
    """Return what a vendor's error means, after `received` characters of the answer."""
    chain = list(_causes(error))
    status = next(filter(None, map(_status, chain)), 0)
    code = next(filter(None, map(_code, chain)), "")
    kind = _kind(chain, status, code)
    if kind == "first_token_timeout" and received:
        kind = "stalled"
    shown = ", ".join(part for part in (f"HTTP {status}" if status >= 300 else "", code) if part)
    if not shown and kind in ("malformed", "disconnected"):
        shown = type(error).__name__
    return model_failure(spec, kind, received, _retry_after(chain), shown)


def _kind(chain: list[BaseException], status: int, code: str) -> ModelFailureKind:
    plain = code.lower().replace("-", "_")
    by_code = next((kind for word, kind in _BY_CODE if word in plain), None)
    if by_code:
        return by_code
    if status >= 300:
        text = " ".join(str(link)[:_MESSAGE_READ] for link in chain).lower()
        if status < 500 and any(word in text for word in _WINDOW_WORDS):
            return "window_exceeded"
        return _BY_STATUS.get(status, "server_error" if status >= 500 else "refused")
    names = {base.__name__ for link in chain for base in type(link).__mro__}
    if code or "APIStatusError" in names:
        return "server_error"
    # A bare APIError is one that came as an event of the stream.
    by_default: ModelFailureKind = "server_error" if "APIError" in names else "malformed"
    return next((kind for known, kind in _BY_NAME if names & known), by_default)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what caused it, innermost last."""
    link: BaseException | None = error
    for _ in range(_MAX_CAUSES):
        if link is None:
            return
        yield link
        link = link.__cause__ or link.__context__


def _status(error: BaseException) -> int:
    """The HTTP status that an error stands for; 0 for none."""
    answered = getattr(error, "response", None)
    candidates: list[Any] = [getattr(error, "status_code", None), getattr(error, "code", None)]
    if isinstance(answered, dict):
        candidates.append(answered.get("ResponseMetadata", {}).get("HTTPStatusCode"))
    else:
        candidates.append(getattr(answered, "status_code", None))
    return next((value for value in candidates if isinstance(value, int)), 0)


def _code(error: BaseException) -> str:
    """The provider's own word for an error, where it looks like one."""
    body: Any = getattr(error, "body", None) or getattr(error, "details", None)
    answered = getattr(error, "response", None)
    places = [body, answered]
    places += [place.get(key) for place in (body, answered) if isinstance(place, dict) for key in ("error", "Error")]  # fmt: skip
    for place in places:
        if not isinstance(place, dict):
            continue
        for key in ("code", "Code", "status", "type"):
            value = place.get(key)
            if isinstance(value, str) and value != "error" and _CODE.fullmatch(value):
                return value
    return ""


def _retry_after(chain: list[BaseException]) -> float | None:
    """The pause that the provider asked for, in seconds; headers come in milliseconds, seconds or as a date."""
    for link in chain:
        headers = _headers(link)
        milliseconds = _number(headers.get("retry-after-ms"))
        if milliseconds is not None:
            return milliseconds / 1000
        value = headers.get("retry-after")
        seconds = _number(value)
        if seconds is not None:
            return seconds
        if value and (moment := _moment(value)) is not None:
            return max(0.0, moment - time.time())
    return None


def _headers(error: BaseException) -> dict[str, str]:
    answered = getattr(error, "response", None)
    if isinstance(answered, dict):
        found: Any = answered.get("ResponseMetadata", {}).get("HTTPHeaders")
    else:
        found = getattr(answered, "headers", None)
    return {str(name).lower(): str(value) for name, value in found.items()} if found else {}


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if 0 <= number < float("inf") else None


def _moment(value: str) -> float | None:
    try:
        return email.utils.parsedate_to_datetime(value).timestamp()
    except ValueError:
        return None
