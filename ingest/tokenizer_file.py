"""Counts tokens with an embedder's `tokenizer.json`, without loading the embedder."""

from collections.abc import Sequence


class TokenizerFile:
    """The tokenizer of a sentence-transformers model."""

    def __init__(self, path: str) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(path)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Return the number of tokens of each text, without the special ones."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(encoding.ids) for encoding in encoded]

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return each token's (start, end) in the text, in code points."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)
