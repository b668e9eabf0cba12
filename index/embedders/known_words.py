"""How much of a text a model can read: its tokenizer writes what it has no pieces for as one unknown token.

The default model's vocabulary has few Chinese characters: of a Chinese question a third and more is unknown, all such
texts lie close together, and their cosines say nothing.
"""

from functools import lru_cache
from pathlib import Path
from typing import Any

_UNKNOWN = ("[UNK]", "<unk>")


def unknown_share(tokenizer_path: str, text: str) -> float:
    """Return the share of a text's tokens, in [0, 1], that a tokenizer does not know; 0 without a tokenizer file."""
    tokenizer = _tokenizer(tokenizer_path)
    if tokenizer is None:
        return 0.0
    tokens = tokenizer.encode(text, add_special_tokens=False).tokens
    return sum(token in _UNKNOWN for token in tokens) / max(1, len(tokens))


@lru_cache(maxsize=4)
def _tokenizer(path: str) -> Any | None:
    if not Path(path).is_file():
        return None
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(path)
    tokenizer.no_padding()
    return tokenizer
