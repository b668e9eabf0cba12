"""Counts the tokens of a prompt: exactly where the model's tokenizer is at hand, else rather too many.

The vocabularies of OpenAI's models come with llama-index-core (its `_static/tiktoken_cache`), so that nothing is
downloaded. For every other model the count is an estimate by kind of character, which was fitted to lie above
the tokenizers of several families; see `estimated_tokens`.
"""

import binascii
import functools
import hashlib
import math
import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from core.generation import ChatMessage
from core.log import get_logger

_log = get_logger(__name__)

Vocabulary = Literal["o200k_base", "cl100k_base"]

_MESSAGE_TOKENS = 6
"""What a role and its marks take for each message; ChatML takes 4, Llama 3 takes 5."""
_REPLY_TOKENS = 4

_HEADROOM = 1.15
_WORD_CHARS_PER_TOKEN = 3
_CODE_CHARS = 16
"""Letters and digits in one run longer than this are no word but a key, a hash or base64: 1.2 characters a token."""
_PIECE = re.compile(
    rf"(?P<code>(?=[A-Za-z]{{0,64}}\d)[A-Za-z0-9+=]{{{_CODE_CHARS},4096}})|(?P<capitals>[A-Z]{{2,}})"
    r"|(?P<word>[A-Z]?[a-z]+)|(?P<blank>\s+)|(?P<ascii>[\x00-\x7f])|(?P<other>[^\x00-\x7f]+)"
)

# The vocabulary of each of OpenAI's models by how its name starts (tiktoken/model.py); names are what stands behind
# the colon of a spec. A name that only looks like one of these is counted by it: close, and never downloaded.
_VOCABULARY_OF: tuple[tuple[str, Vocabulary], ...] = (
    ("gpt-3.5", "cl100k_base"),
    ("gpt-4o", "o200k_base"),
    ("gpt-4.", "o200k_base"),
    ("gpt-4", "cl100k_base"),
    ("gpt-5", "o200k_base"),
    ("chatgpt-4o", "o200k_base"),
    ("o1", "o200k_base"),
    ("o3", "o200k_base"),
    ("o4", "o200k_base"),
)
# File name in the cache (the SHA-1 of the address that tiktoken would load it from), SHA-256 of its content, and the
# expression that cuts text before pairs are merged: tiktoken_ext/openai_public.py of tiktoken 0.14 (MIT).
_FILES: dict[Vocabulary, tuple[str, str, str]] = {
    "cl100k_base": (
        "9b5ad71b2ce5302211f9c61530b329a4922fc6a4",
        "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7",
        r"'(?i:[sdmt]|ll|ve|re)|[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}+| ?[^\s\p{L}\p{N}]++[\r\n]*+|\s++$"
        r"|\s*[\r\n]|\s+(?!\S)|\s",
    ),
    "o200k_base": (
        "fb374d419588a4632f3f557e76b4b70aebbca790",
        "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d",
        r"[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
        r"|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+",
    ),
}
_PIECE_CHARS = 20_000
"""Text is counted in pieces of this length, so that merging the pairs of a huge word stays cheap."""


def message_tokens(messages: Sequence[ChatMessage], count_tokens: Callable[[str], int]) -> int:
    """Return the tokens of a whole prompt, with what each message takes beside its text."""
    return _REPLY_TOKENS + sum(_MESSAGE_TOKENS + count_tokens(message.text) for message in messages)


def token_counter(spec: str) -> Callable[[str], int]:
    """Return what counts tokens for the model of a spec like `openai-like:gpt-4.1-mini`.

    Loading a vocabulary takes 0.3 s and 70 MB (o200k), once in a process; an estimate takes neither.
    """
    name = spec.partition(":")[2].rpartition("/")[2].lower()
    for start, vocabulary in _VOCABULARY_OF:
        if name.startswith(start):
            return _exact_counter(vocabulary) or estimated_tokens
    return estimated_tokens


def estimated_tokens(text: str) -> int:
    """Return an over-estimate of a text's tokens for a model whose tokenizer is not known.

    A short word is one token, a longer one a token for three letters, a digit and a mark one each; a Chinese character
    1.6, other scripts by their bytes; and 15 % more. Compared with cl100k, o200k, Claude 2's, DeepSeek's, Mistral's
    SentencePiece and Tekken on 1,527 texts of up to 1,600 characters that it was not fitted to (English prose,
    Markdown, JSON, HTML): below one of them in one text, for a row of blanks, which is corrected; 1.7 to 2.1 times o200k.
    Letters in no language's order are undercounted by up to 40 %.
    """
    tokens = 0.0
    for match in _PIECE.finditer(text):
        piece = match.group()
        kind = match.lastgroup
        if kind == "word":
            tokens += 1 if len(piece) <= 4 else math.ceil(len(piece) / _WORD_CHARS_PER_TOKEN)
        elif kind == "capitals":
            tokens += math.ceil(len(piece) / 2)
        elif kind == "code":
            tokens += len(piece) / 1.2
        elif kind == "blank":
            tokens += 0 if piece == " " else _tokens_of_blanks(piece)
        elif kind == "ascii":
            tokens += 1
        else:
            tokens += sum(map(_tokens_of_character, piece))
    return math.ceil(tokens * _HEADROOM)


def _tokens_of_blanks(piece: str) -> int:
    return 1 + piece.count("\n") + piece.count("\t") + len(piece) // 8


def _tokens_of_character(character: str) -> float:
    code = ord(character)
    if code < 0x250:  # Latin with accents: it also splits the word that it stands in
        return 1.5
    if 0x3040 <= code < 0xD7B0:  # kana and Chinese characters; Hangul syllables may be taken apart
        return 1.6 if code < 0xAC00 else 2.0
    return 1.5 if code < 0x800 else len(character.encode("utf-8", "replace"))


@functools.cache
def _exact_counter(vocabulary: Vocabulary) -> Callable[[str], int] | None:
    """The counter of a vocabulary that is on this machine; None if it, or tiktoken, is not."""
    file_name, sha256, pattern = _FILES[vocabulary]
    # Looked for without importing the package, which takes a second.
    found = find_spec("llama_index.core") if find_spec("llama_index") else None
    if found is None or found.origin is None or find_spec("tiktoken") is None:
        return None
    try:
        content = (
            Path(found.origin).parent / "_static" / "tiktoken_cache" / file_name
        ).read_bytes()
    except OSError:
        return None
    if hashlib.sha256(content).hexdigest() != sha256:
        _log.warning("vocabulary_changed", vocabulary=vocabulary)
        return None
    import tiktoken

    lines = (line.split() for line in content.splitlines() if line)
    ranks = {binascii.a2b_base64(token): int(rank) for token, rank in lines}
    # No special tokens: what looks like one is text here.
    encoding = tiktoken.Encoding(
        vocabulary, pat_str=pattern, mergeable_ranks=ranks, special_tokens={}
    )

    def count(text: str) -> int:
        pieces = range(0, len(text), _PIECE_CHARS)
        return sum(len(encoding.encode_ordinary(text[at : at + _PIECE_CHARS])) for at in pieces)

    return count
