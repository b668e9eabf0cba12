"""Makes Unstructured safe to import: it never calls home and never downloads a model.

Version 0.27 reports every import unless told not to, and fetches a spaCy model from GitHub when it
first looks at a sentence. All that the parsers need from spaCy is where sentences end.
"""

import os
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spacy.language import Language


@lru_cache(maxsize=1)
def prepare_unstructured() -> None:
    """Prepare this process for Unstructured; call it before the first import of a partitioner.

    It sets three variables of the process's own environment, which Unstructured reads at import.
    """
    # Written here only, and not read: settings still come from core.settings alone.
    os.environ["DO_NOT_TRACK"] = "true"
    os.environ["SCARF_NO_ANALYTICS"] = "true"
    os.environ["UNSTRUCTURED_DISABLE_NOTICE"] = "1"
    from unstructured.nlp import tokenize

    tokenize._get_nlp = _blank_english


@lru_cache(maxsize=1)
def _blank_english() -> "Language":
    import spacy

    pipeline = spacy.blank("en")
    pipeline.add_pipe("sentencizer")
    return pipeline
