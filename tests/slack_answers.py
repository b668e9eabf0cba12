"""Answers to show in Slack: made by hand, so that a test says exactly what is in them."""

from collections.abc import Sequence

from core.answers import Answer, AnswerStatus, Citation, Claim, DocumentRef, Note, Verdict

POLICY = DocumentRef(
    "doc-leave",
    "https://wiki.example.org/leave",
    "Leave policy",
    "v1",
    "2026-03-03T00:00:00+00:00",
)
HANDBOOK = DocumentRef("doc-handbook", "file:///srv/handbook.pdf", "Staff handbook.pdf", "v2")


def citation(marker: int, document: DocumentRef = POLICY, **places: object) -> Citation:
    section = places.get("section", ("Leave", "Annual leave"))
    page = places.get("page", 3)
    assert isinstance(section, tuple)
    assert page is None or isinstance(page, int)
    return Citation(marker, document, f"chunk-{marker}", section, page, 0, 5, "quote")


def claim(
    text: str, words: str, verdict: Verdict, markers: tuple[int, ...] = (), reason: str = ""
) -> Claim:
    """Return a claim on some words of a text."""
    start = text.index(words)
    reasons = (reason,) if reason else ()
    return Claim(start, start + len(words), words, verdict, 0.9, markers, reasons)


def answer(
    text: str,
    claims: Sequence[Claim] = (),
    citations: Sequence[Citation] = (),
    *,
    status: AnswerStatus = "answered",
    notes: Sequence[Note] = (),
    question: str = "How many days of leave do we get?",
    answer_id: str = "ans-1",
) -> Answer:
    return Answer(
        answer_id,
        "conv-1",
        "trace-1",
        question,
        text,
        status,
        tuple(claims),
        tuple(citations),
        tuple(notes),
        "model",
        "prompt",
        1,
        "2026-11-22T10:00:00+00:00",
    )


def supported() -> Answer:
    text = "Employees get 30 days of annual leave [1]. Five of them can be carried over until March [2]."
    claims = [
        claim(text, "Employees get 30 days of annual leave", "supported", (1,)),
        claim(text, "Five of them can be carried over until March", "supported", (2,)),
    ]
    return answer(
        text, claims, [citation(1), citation(2, HANDBOOK, section=("Carry-over",), page=12)]
    )


def with_doubts() -> Answer:
    text = (
        "Employees get **30 days** of annual leave [1]. New parents get 60 days more. "
        "Leave is requested in writing two weeks before [1]."
    )
    claims = [
        claim(text, "Employees get **30 days** of annual leave", "supported", (1,)),
        claim(
            text,
            "New parents get 60 days more.",
            "unsupported",
            (),
            "No source speaks of new parents.",
        ),
        claim(
            text,
            "Leave is requested in writing two weeks before",
            "contradicted",
            (1,),
            "The source says four weeks.",
        ),
    ]
    notes = [Note("conflict", "Two versions of the policy give different notice periods.")]
    return answer(text, claims, [citation(1)], notes=notes)


def abstained() -> Answer:
    text = "The documents do not say how many parking spaces there are. The nearest is the Staff handbook."
    return answer(
        text,
        citations=[citation(1, HANDBOOK, section=("Getting here",), page=7)],
        status="abstained",
        question="How many parking spaces are there?",
    )


def long_answer(characters: int = 30_000) -> Answer:
    """Return an answer of at least so many characters, every word of it another."""
    words: list[str] = []
    size = 0
    while size < characters:
        paragraph = f"Rule number{len(words)}a says word{len(words)}b. It holds for case{len(words)}c always."
        words.append(paragraph)
        size += len(paragraph) + 2
    text = "\n\n".join(words)
    return answer(text, [claim(text, words[0], "supported", (1,))], [citation(1)])
