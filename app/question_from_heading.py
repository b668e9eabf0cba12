"""Words a document's heading as something to ask, in the document's language where it is one of four; pure."""

import re

_HEADING_CHARS = (10, 60)
_WORDINGS = {
    "de": "Was steht in {title} zu {heading}?",
    "fr": "Que dit {title} sur {heading} ?",
    "es": "¿Qué dice {title} sobre {heading}?",
}
_WORDING = "What does {title} say about {heading}?"
# "How many days", "Wie viele Tage": half a question already, which only lacks what it is about.
_HALF_A_QUESTION = re.compile(
    r"(?:how (?:many|much|long|often)|wie (?:viele?|lange|oft)|combien|cuánt[oa]s?)\b",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"^(?:\d{1,2}(?:\.\d{1,2}){0,3}[.)]?|[IVX]{1,4}\.)[ \t]+(?=[^\W\d_])")


def suits(heading: str) -> bool:
    """Return whether a heading says enough, and not too much, to make a question of."""
    return _HEADING_CHARS[0] <= len(heading) <= _HEADING_CHARS[1] and " " in heading


def as_question(heading: str, title: str, language: str = "") -> str:
    """Return a question about a section; a heading that is a question already stays.

    One that begins like a question becomes one about the document. The section's number is left out, and a heading in capitals is asked for in small letters.
    """
    named = _NUMBER.sub("", heading.strip())
    if named.endswith("?"):
        return named
    if _HALF_A_QUESTION.match(named):
        return f"{title}: {_within(named, language)}?"
    wording = _WORDINGS.get(language[:2].lower(), _WORDING)
    return wording.format(title=title, heading=_within(named, language))


def _within(heading: str, language: str) -> str:
    """Return a heading as it stands inside a sentence; names and short forms keep their capitals."""
    if heading.isupper() and " " in heading:
        return heading.lower()
    is_word = heading[:1].isupper() and heading[1:2].islower()
    # German nouns have a capital everywhere.
    if is_word and not language.lower().startswith("de"):
        return heading[0].lower() + heading[1:]
    return heading
