"""Which words may leave with a trace: none, unless the operator says so, and then without personal data.

Words are everything that people or documents said: questions, answers, passages, titles, addresses of documents,
comments, notes, reasons, error texts. Numbers, offsets, hashes and words of this program's own code are not.
"""

import hashlib
import hmac
from collections.abc import Mapping
from typing import Literal, get_args

from app.privacy.redaction import redact_for_record

Area = Literal["input", "output", "input_message", "output_message", "embedding", "document"]
"""What a text is: of a question or its history, of an answer, of a message, of a document."""

# https://github.com/Arize-ai/openinference/blob/main/spec/configuration.md; documents are what one step puts out and
# the next one takes in, so that either switch hides them.
_HIDDEN_BY: dict[str, tuple[Area, ...]] = {
    "OPENINFERENCE_HIDE_INPUTS": ("input", "input_message", "embedding", "document"),
    "OPENINFERENCE_HIDE_OUTPUTS": ("output", "output_message", "document"),
    "OPENINFERENCE_HIDE_INPUT_MESSAGES": ("input_message", "embedding"),
    "OPENINFERENCE_HIDE_OUTPUT_MESSAGES": ("output_message",),
    "OPENINFERENCE_HIDE_INPUT_TEXT": ("input_message", "embedding"),
    "OPENINFERENCE_HIDE_OUTPUT_TEXT": ("output_message",),
    "OPENINFERENCE_HIDE_EMBEDDINGS_TEXT": ("embedding",),
}
SWITCHES = tuple(_HIDDEN_BY)
"""Environment variables that hide more."""

_MOST_CHARS = 16_000


def shown_areas(content: bool, switches: Mapping[str, str]) -> frozenset[Area]:
    """Return what may be exported: nothing without `content`, else all that no switch of `SWITCHES` hides."""
    if not content:
        return frozenset()
    hidden = {
        area
        for name, areas in _HIDDEN_BY.items()
        if switches.get(name, "").strip().lower() in ("1", "true", "yes", "on")
        for area in areas
    }
    return frozenset(get_args(Area)) - hidden


class Texts:
    """Gives out the texts of one answer as they may be exported; masks each of them once."""

    def __init__(self, shown: frozenset[Area]) -> None:
        self._shown = shown
        self._masked: dict[str, str] = {}

    def shows(self, area: Area) -> bool:
        """Whether texts of an area are exported at all."""
        return area in self._shown

    def of(self, area: Area, text: str) -> str:
        """Return a text with personal data and secrets masked, its first 16,000 characters; '' if it must not leave."""
        if area not in self._shown or not text:
            return ""
        if text not in self._masked:
            # Cut after masking: half of an address would not be known as one. A half of a surrogate pair would cost
            # the whole batch when it is encoded.
            masked = redact_for_record(text)[:_MOST_CHARS]
            self._masked[text] = masked.encode("utf-8", "replace").decode()
        return self._masked[text]


def user_hash(name: str, secret: str) -> str:
    """Return 16 hex digits that stand for a person, the same ones each time; '' for the local administrator.

    Without a secret, whoever knows somebody's address can tell which spans are theirs.
    """
    if not name:
        return ""
    key = f"footnote-traces\x1f{secret}".encode()
    return hmac.new(key, name.strip().lower().encode(), hashlib.sha256).hexdigest()[:16]
