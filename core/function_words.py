"""Words that carry a sentence's grammar, not its subject; they say nothing about where an answer stands.

In a collection of a few hundred chunks even 'whom' is rare, so that inverse document frequency alone would make
it telling. Lists for the languages that the field's employees ask in most; other languages lose nothing.
"""

import re

# fmt: off
_WORDS = frozenset((
    # English
    "a", "about", "all", "am", "an", "and", "any", "are", "as", "at", "be", "because", "been", "being", "but",
    "by", "can", "could", "did", "do", "does", "doing", "for", "from", "get", "had", "has", "have", "having",
    "he", "her", "here", "him", "his", "how", "i", "if", "in", "into", "is", "it", "its", "just", "may", "me",
    "might", "must", "my", "no", "not", "of", "on", "or", "our", "ours", "shall", "she", "should", "so", "some",
    "such", "than", "that", "the", "their", "them", "then", "there", "these", "they", "this", "those", "to",
    "too", "us", "was", "we", "were", "what", "when", "where", "which", "who", "whom", "whose", "why", "will",
    "with", "would", "you", "your", "please", "tell",
    # German
    "aber", "als", "am", "an", "auch", "auf", "aus", "bei", "bin", "bis", "das", "dass", "dem", "den", "der",
    "des", "die", "durch", "ein", "eine", "einem", "einen", "einer", "eines", "er", "es", "für", "hat", "haben",
    "ich", "ihr", "im", "in", "ist", "kann", "mein", "meine", "mit", "nach", "nicht", "oder", "sich", "sie",
    "sind", "und", "uns", "von", "vom", "wann", "war", "waren", "warum", "was", "welche", "welcher", "welches",
    "wem", "wen", "wenn", "wer", "werden", "wie", "wir", "wird", "wo", "wurde", "wurden", "zu", "zum", "zur",
    # Spanish
    "al", "como", "cómo", "con", "cual", "cuál", "cuales", "cuáles", "cuando", "cuándo", "cuanto", "cuánto",
    "cuantos", "cuántos", "de", "del", "donde", "dónde", "el", "ella", "en", "es", "esta", "este", "fue", "la",
    "las", "lo", "los", "mi", "no", "para", "pero", "por", "que", "qué", "quien", "quién", "se", "son", "su",
    "sus", "un", "una", "y",
    # French
    "au", "aux", "avec", "ce", "ces", "comment", "combien", "dans", "du", "elle", "est", "et", "il", "ils",
    "je", "le", "les", "ma", "mon", "nous", "ou", "où", "par", "pas", "pour", "pourquoi", "quand", "quel",
    "quelle", "qui", "sont", "sur", "une", "vous",
))
# fmt: on
_TOKEN = re.compile(r"\w+(?:['’]\w+)*")


def content_words(text: str) -> str:
    """Return a text without its function words; the text itself when it has no others.

    A word in capitals stays in a text that is not: IT, US and WHO are names there.
    """
    kept = [word for word in _TOKEN.findall(text) if not _is_function_word(word, text)]
    return " ".join(kept) or text


def without_function_words(text: str) -> str:
    """Like `content_words`, with everything between the words as it was."""
    blanked = _TOKEN.sub(
        lambda match: "" if _is_function_word(match.group(), text) else match.group(), text
    )
    return blanked if _TOKEN.search(blanked) else text


def _is_function_word(word: str, text: str) -> bool:
    if word.casefold() not in _WORDS:
        return False
    is_name = len(word) > 1 and word.isupper() and not text.isupper()
    return not is_name
