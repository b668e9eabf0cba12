"""What an answer says that is none: what was searched, what is missing, what came nearest; never a canned refusal."""

from app.abstention import Assessment, quoted_words
from app.safe_text import sanitise
from core.answers import Citation
from prompts.library import load_template


def explained_abstention(
    assessment: Assessment, readable: int, contact: Citation | None, *, is_scoped: bool = False
) -> str:
    """Return the text for a reader who may read `readable` documents; `contact` quotes whom to ask.

    `is_scoped` says that these are only the part of the documents that the reader chose to search.
    """
    searched = f"{readable} document{'' if readable == 1 else 's'}"
    if is_scoped:
        searched = f"only the part of the documents that was chosen: {searched if readable else 'none that you may read'}"
    nearest = "; ".join(place.label for place in assessment.nearest)
    name = "near_miss" if assessment.decision == "near_miss" else "abstention"
    values = {
        "searched": searched,
        "nearest": f"; the nearest are: {nearest}." if nearest else ".",
    }
    if name == "near_miss":
        values["topic"] = _topic(assessment)
        values["missing"] = _missing(assessment)
    text = load_template(name).render(**values)
    if contact is None:
        return text
    return f"{text} Whom to ask, by {contact.document.title}: “{_line(contact.quote)}”"


def _line(quote: str) -> str:
    return sanitise(" ".join(quote.split()))


def _topic(assessment: Assessment) -> str:
    covered = quoted_words(assessment.covered) if assessment.covered else "this subject"
    return f"speak of {covered}"


def _missing(assessment: Assessment) -> str:
    if assessment.missing:
        return f"nothing about {quoted_words(assessment.missing)}"
    if assessment.wanted:
        return f"no sentence that gives {assessment.wanted} for it"
    return "no sentence that answers exactly this"
