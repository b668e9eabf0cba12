"""The language of a question, as far as its letters and its smallest words tell; pure, and without a model.

Questions are too short for a language model: what few words cannot tell is `other`.
"""

import re

OTHER = "other"
_SCRIPTS = (
    ("ja", re.compile("[\u3041-\u30ff]")),
    ("ko", re.compile("[\uac00-\ud7a3]")),
    ("zh", re.compile("[\u4e00-\u9fff]")),
    ("ru", re.compile("[\u0400-\u04ff]")),
    ("el", re.compile("[\u0370-\u03ff]")),
    ("ar", re.compile("[\u0600-\u06ff]")),
    ("he", re.compile("[\u05d0-\u05ea]")),
)
_LEAST_OF_A_SCRIPT = 0.3
# Only words that the other three do not have.
# fmt: off
_WORDS = {
    "en": frozenset((
        "the", "what", "which", "how", "who", "where", "when", "why", "is", "are", "do", "does", "can", "my", "to",
        "of", "for", "and", "have", "many", "much", "should", "with", "if", "we", "i", "get",
    )),
    "de": frozenset((
        "der", "die", "das", "ist", "sind", "wie", "wer", "wo", "wann", "warum", "welche", "welcher", "welches", "ich",
        "wir", "kann", "mein", "meine", "nicht", "und", "für", "mit", "von", "zu", "ein", "eine", "einen", "viele",
        "viel", "gibt", "muss", "habe", "haben", "bei", "zum", "zur",
    )),
    "es": frozenset((
        "el", "los", "las", "qué", "cuál", "cuáles", "cómo", "cuándo", "dónde", "cuántos", "cuánto", "quién", "puedo",
        "mi", "del", "para", "con", "por", "hay", "tengo", "una", "y",
    )),
    "fr": frozenset((
        "le", "les", "quel", "quelle", "quels", "comment", "combien", "où", "quand", "pourquoi", "qui", "puis", "je",
        "mon", "ma", "du", "pour", "avec", "dans", "est", "et", "une", "au", "aux",
    )),
}
# fmt: on
_TOKEN = re.compile(r"\w+")


def question_language(question: str) -> str:
    """Return an ISO 639-1 code, or `other` where the words do not tell."""
    letters = sum(map(str.isalpha, question))
    for code, pattern in _SCRIPTS:
        if letters and len(pattern.findall(question)) >= _LEAST_OF_A_SCRIPT * letters:
            return code
    words = [word.casefold() for word in _TOKEN.findall(question)]
    counts = {code: sum(word in known for word in words) for code, known in _WORDS.items()}
    best = max(counts, key=lambda code: counts[code])
    is_clear = counts[best] and sum(count == counts[best] for count in counts.values()) == 1
    return best if is_clear else OTHER
