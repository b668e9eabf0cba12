"""Whom to ask, when a document says so: the exact words that name a person, a team, an address or a channel."""

import re
from collections.abc import Iterator, Sequence

from app.extraction.choosing import Quoted
from app.extraction.drafting import citation_of
from app.sentences import Sentence
from core.answers import Citation, Passage

_ASKS = re.compile(
    r"\b(?i:contact|e-?mail|reach out to|get in touch with|write to|speak (?:to|with)|talk to|call|message|ping|"
    r"post (?:in|to)|refer (?:questions )?to|direct (?:any )?questions to|"
    r"questions?(?: about [^.?!]{1,60})?(?: go| should go|:|\?)|owned by|maintained by|responsible (?:for|is|person)|"
    r"point of contact|help ?desk|service desk)\b|\b[Aa]sk (?:in |for |the |your |our )?[A-Z#@]|\b[Aa]sk (?:the|your|our)\b"
)
_OWNER = re.compile(
    r"^\W{0,4}(?:owner|contact|maintainer|responsible|author|approver|dri)s?\s?:\s?\S", re.I
)
_REACHED = re.compile(
    r"[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{2,60}|(?<!\w)[#@][a-z][\w-]{2,40}|\+?\d[\d ()/-]{6,20}\d"
)
_ROLE = re.compile(
    r"\b(?i:team|manager|department|office|desk|support|lead|officer|director|hr|legal|finance)\b|"
    r"(?<!^)(?<![.!?]\s)\b[A-Z][a-z]+ [A-Z][a-z]+"
)
_MOST_WORDS = 45
_FRONT_MATTER_CHARS = 4000
_FIELD = re.compile(
    r"^(?:owner|contact|maintainer|responsible|dri|team|e-?mail)s?[ \t]{0,4}:[ \t]{0,4}(?=\S)[^\n]{2,200}$",
    re.I | re.M,
)


def contact_among(sentences: Sequence[Sentence], doc_ids: Sequence[str]) -> Citation | None:
    """Return the sentence that says best whom to ask, from documents of which the first is the nearest."""
    places = {doc_id: place for place, doc_id in enumerate(doc_ids)}
    found = sorted(_rated(sentences, places), key=lambda rated: rated[:3])
    return citation_of(1, Quoted(found[0][3])) if found else None


def _rated(
    sentences: Sequence[Sentence], places: dict[str, int]
) -> Iterator[tuple[int, int, int, Sentence]]:
    """Yield (document's place, how vague it is, position, sentence)."""
    for sentence in sentences:
        place = places.get(sentence.passage.document.doc_id)
        if place is None or sentence.is_heading or len(sentence.plain.split()) > _MOST_WORDS:
            continue
        named = _OWNER.match(sentence.plain) is not None
        asks = _ASKS.search(sentence.plain) is not None
        reached = _REACHED.search(sentence.plain) is not None
        if named or (asks and reached):
            yield place, 0, sentence.position, sentence
        elif asks and _ROLE.search(sentence.plain):
            yield place, 1, sentence.position, sentence


def contact_in_front_matter(text: str, passage: Passage) -> Citation | None:
    """Return the line of a document's front matter that names its owner; `text` is its whole canonical text.

    `passage` is any passage of the document: it says which document and version is quoted.
    """
    end = text.find("\n---", 3, _FRONT_MATTER_CHARS) if text.startswith("---\n") else -1
    found = _FIELD.search(text, 0, end) if end > 0 else None
    if found is None:
        return None
    return Citation(
        marker=1,
        document=passage.document,
        chunk_id=passage.chunk_id,
        section=(),
        page=None,
        start=found.start(),
        end=found.end(),
        quote=found.group(),
    )
