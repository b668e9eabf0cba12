"""What the page's tests read and ask: a few documents, and scripted answers of every kind.

Only the writing is scripted: `ScriptedWriter` stands where a language model would. Everything around it is the
product, over a real knowledge base; see `web_fake_base`.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from web_markdown_answer import QUOTES, markdown_draft

from app.abstention import Assessment, Nearest
from app.extractive import MODEL_NAME
from app.writing import WritingRequest, Written
from core.answers import AnswerStatus, Citation, Claim, DocumentRef, Draft, Note, Verdict
from core.documents import EVERYONE, Element, ElementKind, document_id, text_hash

HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "<img src=https://evil.example/pixel.png>",
    "![pixel](https://evil.example/pixel.png)",
    "[click](javascript:alert(3)) [x]: https://evil.example",
    "<svg/onload=alert(4)><iframe srcdoc='<script>alert(5)</script>'></iframe>",
    "</div></mark><style>@import 'https://evil.example/a.css'</style>",
    ":red[red] :material/skull: :smile: $x^2$ `code` **bold** -> www.evil.example https://evil.example",
    "{{7*7}} ${alert(6)} \u202egnihtemos &lt;b&gt; &amp; \"quoted\" 'single'",
)
HOSTILE_TEXT = "\n".join(HOSTILE)

LEAVE = """# Leave policy

## Annual leave

Everyone has 27 days of annual leave in a calendar year. Days that are not taken by 31 December can be \
carried over until 31 March of the next year, up to a limit of five days. Part-time colleagues have a \
share of the 27 days that matches their contract.

## Sick leave

Tell your team lead before 10:00 on the first day. A doctor's note is needed from the fourth day on. Send it \
to people@example.org; the original stays with you.

## Parental leave

Parents have 26 weeks of paid leave for each child. It can be taken in up to three blocks within the first \
two years.

| Leave | Days | Approved by |
|---|---|---|
| Moving house | 1 | team lead |
| Wedding | 2 | team lead |
| Bereavement | 5 | nobody, just tell us |
"""
OLD_LEAVE = "Leave policy 2023\n\nEveryone has 25 days of annual leave in a calendar year.\n"
EXPENSES = (
    "# Expenses\n\n## Meals and receipts\n\nMeals on a business trip are paid up to 45 euros a day. Keep the receipt for anything above "
    "10 euros.\n"
    + "Trips are booked through the travel desk. " * 1400
    + "\nThe last word is here.\n"
)
PAY = "# Pay bands\n\nTeam leads are in band 6. Bands are looked at every March.\n"
PAY_TEAM = "people-team"


@dataclass(frozen=True, slots=True)
class FakeDocument:
    """A document as a source would have brought it in; `page` is set on what has pages."""

    uri: str
    title: str
    text: str
    updated_at: str
    source: str = "handbook"
    access: tuple[str, ...] = (EVERYONE,)
    page: int | None = None
    metadata: dict[str, str] = field(default_factory=lambda: {"language": "en"})

    @property
    def doc_id(self) -> str:
        return document_id(self.source, self.uri)

    @property
    def version(self) -> str:
        return text_hash(self.text)[:16]


DOCUMENTS = {
    document.uri: document
    for document in (
        FakeDocument(
            "policies/leave.md",
            "Leave policy",
            LEAVE,
            "2026-03-12T09:00:00+00:00",
            metadata={"language": "en", "tags": "policy, people"},
        ),
        FakeDocument(
            "archive/leave-2023.txt", "Leave policy 2023", OLD_LEAVE, "2023-01-05T09:00:00+00:00"
        ),
        FakeDocument(
            "finance/expenses.pdf",
            "Expenses",
            EXPENSES,
            "2025-11-30T09:00:00+00:00",
            source="finance",
            page=1,
            metadata={"language": "en", "tags": "policy, travel"},
        ),
        FakeDocument(
            "hostile/<b>x.md",
            HOSTILE_TEXT.replace("\n", " "),
            HOSTILE_TEXT,
            "2026-01-01T00:00:00+00:00",
        ),
        FakeDocument(
            "people/pay.md",
            "Pay bands",
            PAY,
            "2026-02-01T00:00:00+00:00",
            access=(f"group:{PAY_TEAM}",),
        ),
    )
}


class ScriptedWriter:
    """Writes by what the question contains; notes in a file how far it came and how it ended.

    `slowly` in a question takes a twentieth of a second a word, `very slowly` a third.
    """

    def __init__(self, folder: Path, pause_s: float = 0.0) -> None:
        self._pause_s = pause_s
        self._notes = folder / "writer.jsonl"
        self._lock = threading.Lock()

    def warm_up(self) -> None:
        """See `app.writing.Writer`: there is nothing to load."""

    def stream(self, request: WritingRequest) -> Iterator[str | Written]:
        """See `app.writing.Writer`."""
        question = request.question.casefold()
        if "explode" in question:
            raise RuntimeError("secret internal detail: token=hunter2")
        draft, assessment = _drafted(question, request)
        pace = self._pause_s / 20
        if "slowly" in question:
            pace = 1 / 3 if "very slowly" in question else 0.05
        written, ended = 0, "closed"
        try:
            time.sleep(self._pause_s)
            for word in draft.text.split(" "):
                time.sleep(pace)
                yield word if not written else f" {word}"
                written += 1
            ended = "done"
        finally:
            self._note(question=request.question, written=written, ended=ended)
        yield Written(draft, assessment)

    def _note(self, **event: object) -> None:
        with self._lock, self._notes.open("a", encoding="utf-8") as out:
            out.write(json.dumps({**event, "at": time.monotonic()}) + "\n")


def writer_notes(folder: Path) -> list[dict[str, object]]:
    """Return what the writer noted in this folder: question, words written, how it ended, when (monotonic, s)."""
    path = folder / "writer.jsonl"
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _drafted(question: str, request: WritingRequest) -> tuple[Draft, Assessment]:
    if "in scope" in question:
        return _passages(request), SURE
    build = next((builder for word, builder in _SCRIPTS if word in question), _abstention)
    made = build()
    return made if isinstance(made, tuple) else (made, SURE)


SURE = Assessment(0.9, 0.9, "answer", withheld=False)


def _passages(request: WritingRequest) -> Draft:
    """Name the documents of the passages, so that a test sees what a scope left to be read."""
    titles = sorted({passage.document.title for passage in request.passages})
    return _draft(f"Read: {', '.join(titles) or 'nothing'}.", "answered")


def cite(
    marker: int, uri: str, quote: str, section: tuple[str, ...] = (), page: int | None = None
) -> Citation:
    found = DOCUMENTS[uri]
    start = found.text.index(quote)
    reference = DocumentRef(found.doc_id, uri, found.title, found.version, found.updated_at)
    return Citation(
        marker, reference, f"chunk{marker}", section, page, start, start + len(quote), quote
    )


def _compose(
    sentences: list[tuple[str, Verdict, tuple[int, ...]]],
    citations: tuple[Citation, ...],
    notes: tuple[Note, ...] = (),
) -> Draft:
    text = ""
    claims: list[Claim] = []
    for sentence, verdict, markers in sentences:
        text += " " if text else ""
        end = len(text) + len(sentence)
        claims.append(Claim(len(text), end, sentence, verdict, 0.9, markers))
        text += sentence
    return _draft(text, "answered", tuple(claims), citations, notes)


def _draft(
    text: str,
    status: AnswerStatus,
    claims: tuple[Claim, ...] = (),
    citations: tuple[Citation, ...] = (),
    notes: tuple[Note, ...] = (),
) -> Draft:
    # What is quoted is not judged: the verdicts stay those of the script.
    return Draft(text, claims, citations, status, MODEL_NAME, "p1", 0.9, notes)


def _leave() -> Draft:
    first = "Everyone has 27 days of annual leave in a calendar year."
    second = (
        "Days that are not taken by 31 December can be carried over until 31 March of the next year, "
        "up to a limit of five days."
    )
    old = "Everyone has 25 days of annual leave in a calendar year."
    return _compose(
        [(first, "supported", (1,)), (second, "supported", (2,))],
        (
            cite(1, "policies/leave.md", first, ("Leave policy", "Annual leave")),
            cite(2, "policies/leave.md", second, ("Leave policy", "Annual leave")),
            cite(3, "archive/leave-2023.txt", old),
        ),
        (
            Note(
                "conflict",
                "“Leave policy 2023” says 25 days. The answer follows the newer document of 12 March 2026.",
            ),
        ),
    )


def _meals() -> Draft:
    meals = "Meals on a business trip are paid up to 45 euros a day."
    return _compose(
        [
            (meals, "supported", (1,)),
            ("Drinks are included.", "unsupported", ()),
            ("Receipts are needed from 10 euros on.", "partial", (2,)),
        ],
        (
            cite(1, "finance/expenses.pdf", meals, ("Expenses",), 1),
            cite(
                2,
                "finance/expenses.pdf",
                "Keep the receipt for anything above 10 euros.",
                ("Expenses",),
                1,
            ),
        ),
    )


def _hostile() -> Draft:
    citations = tuple(
        cite(number, "hostile/<b>x.md", line, (line,)) for number, line in enumerate(HOSTILE, 1)
    )
    return _compose(
        [(line, "supported", (number,)) for number, line in enumerate(HOSTILE, 1)],
        citations,
        tuple(Note("conflict", line) for line in HOSTILE),
    )


def _abstention() -> tuple[Draft, Assessment]:
    quote = "Trips are booked through the travel desk."
    sick = "Tell your team lead before 10:00 on the first day."
    draft = _draft(
        "",
        "abstained",
        citations=(
            cite(1, "finance/expenses.pdf", quote, ("Expenses",), 1),
            cite(2, "policies/leave.md", sick, ("Leave policy", "Sick leave")),
        ),
    )
    nearest = tuple(Nearest(citation.document, citation.section) for citation in draft.citations)
    return draft, Assessment(0.1, 0.2, "nothing", withheld=True, nearest=nearest)


def _contradicted() -> Draft:
    """Claims that differ from their sources, one of them with its marker in the middle, as models write."""
    first = "Everyone has 27 days of annual leave in a calendar year."
    note = "A doctor's note is needed from the fourth day on."
    draft = _compose(
        [
            ("Everyone has 28 days of annual leave [1] in a calendar year.", "contradicted", (1,)),
            ("A doctor's note is needed from the fourth day on.", "supported", (2,)),
            ("Team leads have a company car.", "unsupported", ()),
        ],
        (
            cite(1, "policies/leave.md", first, ("Leave policy", "Annual leave")),
            cite(2, "policies/leave.md", note, ("Leave policy", "Sick leave")),
        ),
    )
    reasons = (
        ("The answer says 28 days; the source says 27 days.",),
        (),
        ("No passage says “leads”, “company”, “car”.", HOSTILE[1]),
    )
    claims = tuple(
        replace(claim, reasons=why) for claim, why in zip(draft.claims, reasons, strict=True)
    )
    return replace(draft, claims=claims)


def _list() -> Draft:
    """A list that is quoted line by line from one place."""
    lines = [line for line in LEAVE.splitlines() if line.startswith("| ")][1:]
    meals = "Meals on a business trip are paid up to 45 euros a day."
    quotes = [*lines, "Parents have 26 weeks of paid leave for each child."]
    return _compose(
        [(quote.strip("| "), "supported", (n,)) for n, quote in enumerate(quotes, 1)],
        (
            *(
                cite(n, "policies/leave.md", quote, ("Leave policy", "Parental leave"))
                for n, quote in enumerate(quotes, 1)
            ),
            cite(len(quotes) + 1, "finance/expenses.pdf", meals, ("Expenses",), 1),
        ),
    )


def _noted(*notes: Note) -> Draft:
    return replace(_leave(), notes=notes)


def _stale() -> Draft:
    return _noted(
        Note("degraded", "No language model could be used, so this answer quotes the documents."),
        Note("stale", "Leave policy expired on 2026-06-30."),
        Note(
            "conflict",
            "Two sources disagree (number). Leave policy (policies/leave.md, 2026-03-12): “Everyone has 27 days of "
            "annual leave”; Leave policy 2023 (archive/leave-2023.txt, 2023-01-05): “Everyone has 25 days of annual "
            "leave”. Leave policy is newer.",
        ),
    )


def _ordered() -> Draft:
    return _noted(
        Note(
            "injection",
            "Leave policy has sentences that give orders to an assistant. They were left out of this answer.",
        )
    )


def _cut() -> Draft:
    words = "The model 'openai-like:test' stopped in the middle of its answer. Ask again."
    return _noted(Note("incomplete", words))


def _premise() -> Draft:
    return _noted(
        Note(
            "false_premise",
            "The question takes “30 days” for granted; the documents say otherwise: “Everyone has 27 days of annual "
            "leave in a calendar year.”",
        )
    )


def _near_miss() -> tuple[Draft, Assessment]:
    quote = "Send it to people@example.org; the original stays with you."
    cited = cite(1, "policies/leave.md", quote, ("Leave policy", "Sick leave"))
    draft = _draft(
        "",
        "abstained",
        citations=(cited,),
        notes=(Note("near_miss", "The topic is covered, this fact is not."),),
    )
    nearest = (Nearest(cited.document, cited.section),)
    return draft, Assessment(
        0.3,
        0.8,
        "near_miss",
        withheld=True,
        missing=("paid",),
        covered=("sick", "leave"),
        nearest=nearest,
    )


def _long_words() -> Draft:
    """Words that no line can hold, and a language that is written from the right."""
    return _compose(
        [
            ("Donaudampfschifffahrtsgesellschaft" * 12 + ".", "unchecked", ()),
            ("לכל העובדים יש 27 ימי חופשה בשנה.", "unchecked", ()),
        ],
        (),
    )


def _pay() -> Draft:
    quote = "Team leads are in band 6."
    return _compose([(quote, "supported", (1,))], (cite(1, "people/pay.md", quote),))


def _markdown() -> Draft:
    quotes = enumerate(QUOTES, 1)
    return markdown_draft(
        tuple(cite(number, "policies/leave.md", *quoted) for number, quoted in quotes)
    )


_Builder = Callable[[], Draft | tuple[Draft, Assessment]]
_SCRIPTS: tuple[tuple[str, _Builder], ...] = (
    ("markdown", _markdown),
    ("annual", _leave),
    ("meals", _meals),
    ("hostile", _hostile),
    ("contradicted", _contradicted),
    ("list", _list),
    ("stale", _stale),
    ("orders", _ordered),
    ("cut short", _cut),
    ("granted", _premise),
    ("near miss", _near_miss),
    ("long words", _long_words),
    ("pay bands", _pay),
)


def elements_of(document: FakeDocument) -> tuple[Element, ...]:
    """Return one element for each line that is not empty."""
    elements: list[Element] = []
    position = 0
    for line in document.text.splitlines(keepends=True):
        words, end = line.strip(), position + len(line.rstrip("\n"))
        if words.startswith("#"):
            level = len(words) - len(words.lstrip("#"))
            plain = words.lstrip("# ")
            elements.append(Element("heading", position, end, plain, level, document.page))
        elif words:
            kind: ElementKind = "table_row" if words.startswith("|") else "text"
            elements.append(Element(kind, position, end, words, page=document.page))
        position += len(line)
    return tuple(elements)
