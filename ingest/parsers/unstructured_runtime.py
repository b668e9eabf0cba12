"""Makes Unstructured safe to import: it never calls home and never downloads a model.

Version 0.27 reports every import unless told not to, and fetches a spaCy model from GitHub when it
first looks at a sentence. All that the parsers need from spaCy is where sentences end.
"""

from functools import lru_cache
from typing import TYPE_CHECKING

from core.telemetry import silence_telemetry

if TYPE_CHECKING:
    from spacy.language import Language


@lru_cache(maxsize=1)
def prepare_unstructured() -> None:
    """Prepare this process for Unstructured; call it before the first import of a partitioner."""
    silence_telemetry()
    from unstructured.nlp import tokenize

    tokenize._get_nlp = _blank_english


@lru_cache(maxsize=1)
def _blank_english() -> "Language":
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    return pipeline
