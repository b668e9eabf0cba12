"""Counts tokens with an embedder's `tokenizer.json`, without loading the embedder."""


class TokenizerFile:
    """The tokenizer of a sentence-transformers model."""

    def __init__(self, path: str) -> None:
        from tokenizers import Tokenizer

        self._tokenizer = Tokenizer.from_file(path)
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def count_tokens(self, text: str) -> int:
        """Return the number of tokens of a text, without the special ones."""
        return len(self._tokenizer.encode(text, add_special_tokens=False).ids)

    def token_spans(self, text: str) -> list[tuple[int, int]]:
        """Return each token's (start, end) in the text, in code points."""
        return list(self._tokenizer.encode(text, add_special_tokens=False).offsets)
