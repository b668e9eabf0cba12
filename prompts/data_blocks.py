r"""Makes text that somebody else wrote harmless to stand in a prompt: fences it, and takes away what is not text.

Two things let a document speak as if it were the program: ending its own block, and the control words of a
model's chat format. The first cannot happen, because a block ends only at a boundary that occurs in none of the
texts; it is made from them, so that the same request is the same prompt again and can be replayed. The second is
taken apart (`<|im_start|>` becomes `<| im_start |>`), because local servers read such words in a message's
text as tokens of their own. (Delimiting and the like do not stop a model from obeying what it reads: Hines et al.
2024, "Spotlighting". What an answer may show is decided after it is written.)
"""

import hashlib
import re
from collections.abc import Iterable

from core.hidden_characters import visible

# Chat formats: ChatML and Llama 3 (<|…|>), Llama 2 and Mistral ([INST], <<SYS>>, <s>), Gemma (<start_of_turn>),
# DeepSeek (full-width bars).
# It begins with a set of characters, which Python looks for at once: alternatives of words take three times as long.
_CONTROL_WORD = re.compile(
    r"[<|\uff5c\[](?:(?<=<)[|\uff5c]|(?<=[|\uff5c])>"
    r"|(?<=<)(?=/?(?:s|bos|eos|pad|unk|think|tool_call|tool_response|function_calls)>|(?:start|end)_of_turn>|<?/?sys>)"
    r"|(?<=\[)(?=/?(?:inst|available_tools|tool_calls|tool_results)\]))",
    re.IGNORECASE,
)
_BLANKS = re.compile(r"\s+")
_LINE_END = re.compile(r"[\r\x0b\x0c\x85\u2028\u2029](?:(?<=\r)\n)?")


def boundary_for(texts: Iterable[str], digits: int = 16) -> str:
    """Return so many hex digits that occur in none of the texts, the same ones for the same texts."""
    joined = "\x1f".join(texts)
    plain = visible(joined).lower()
    digest = hashlib.sha256(joined.encode("utf-8", "replace")).hexdigest()
    while digest[:digits] in plain:
        digest = hashlib.sha256(digest.encode()).hexdigest()
    return digest[:digits]


def as_data(text: str) -> str:
    """Return text as it may stand in a block: visible characters only, newlines, control words taken apart."""
    seen = _LINE_END.sub("\n", visible(text))
    return _CONTROL_WORD.sub(_taken_apart, seen).strip("\n")


def as_line(text: str, max_chars: int) -> str:
    """Return text as one line of at most `max_chars` characters, for a title or a heading."""
    line = _BLANKS.sub(" ", as_data(text)).strip()
    return line if len(line) <= max_chars else f"{line[: max_chars - 1]}…"


def _taken_apart(match: re.Match[str]) -> str:
    found = match.group()
    return f" {found}" if found.endswith(">") else f"{found} "
