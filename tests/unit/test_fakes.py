"""The stand-ins behave like what they stand in for, and always the same."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from core.fakes import HashEmbedder, TinyVocabulary, WordTokenizer


@given(st.lists(st.text(max_size=30), max_size=5))
def test_hash_vectors_are_unit_rows_that_depend_on_their_text_alone(texts: list[str]) -> None:
    embedder = HashEmbedder(16)
    made = embedder.embed_passages(texts)
    assert made.shape == (len(texts), 16)
    assert made.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(made, axis=1), np.ones(len(texts)), atol=1e-5)
    for row, text in zip(made, texts, strict=True):
        np.testing.assert_array_equal(row, HashEmbedder(16).embed_query(text)[0])


def test_texts_that_share_words_are_nearer() -> None:
    near, far = HashEmbedder().embed_passages(["Reset the Gateway!", "Book trains early."])
    query = HashEmbedder().embed_query("gateway reset")[0]
    assert query @ near > 0.6 > 0.4 > query @ far


def test_common_words_tell_nothing() -> None:
    vocabulary = TinyVocabulary()
    weights = {term: vocabulary.rare_weight(term) for term in vocabulary.analyze("The Gateway")}
    assert weights == {"the": 0.0, "gateway": 1.0}


@given(st.text())
def test_tokens_are_slices_without_blanks(text: str) -> None:
    tokenizer = WordTokenizer()
    spans = tokenizer.token_spans(text)
    assert tokenizer.count_tokens([text, ""]) == [len(spans), 0]
    assert "".join(text[start:end] for start, end in spans) == "".join(text.split())
