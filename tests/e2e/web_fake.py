"""A scripted service for the page's tests: documents, answers, an abstention, failures; all in memory."""

import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from app.service import (
    AnswerReady,
    AskEvent,
    ConversationSummary,
    DocumentView,
    FootnoteService,
    StageStarted,
    TextAdded,
)
from core.answers import (
    Answer,
    Caller,
    Citation,
    Claim,
    DocumentRef,
    Feedback,
    FeedbackCategory,
    FeedbackVerdict,
    Note,
)
from core.documents import DocumentRecord, Element, document_id
from core.errors import NotFound, UsageError

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
    "Expenses\n\nMeals on a business trip are paid up to 45 euros a day. Keep the receipt for anything above "
    "10 euros.\n"
    + "Trips are booked through the travel desk. " * 1400
    + "\nThe last word is here.\n"
)
DOCUMENTS = {
    "policies/leave.md": ("Leave policy", LEAVE, "2026-03-12T09:00:00+00:00"),
    "archive/leave-2023.txt": ("Leave policy 2023", OLD_LEAVE, "2023-01-05T09:00:00+00:00"),
    "finance/expenses.pdf": ("Expenses", EXPENSES, "2025-11-30T09:00:00+00:00"),
    "hostile/<b>x.md": (HOSTILE_TEXT.replace("\n", " "), HOSTILE_TEXT, "2026-01-01T00:00:00+00:00"),
}


@dataclass(slots=True)
class _Stored:
    answer: Answer
    owner: str


@dataclass(slots=True)
class FakeService(FootnoteService):
    """Answers by what the question contains; remembers like the real one, for the process."""

    empty: bool = False
    pause_s: float = 0.0
    stored: list[_Stored] = field(default_factory=list)
    feedback: list[Feedback] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask_stream(
        self, question: str, caller: Caller, conversation_id: str | None = None
    ) -> Iterator[AskEvent]:
        if not question.strip():
            raise UsageError("The question is empty. Write what you want to know.")
        if len(question) > 4000:
            raise UsageError(
                f"The question has {len(question):,} characters and the limit is 4,000. Shorten it."
            )
        return self._events(question, caller, conversation_id)

    def _events(
        self, question: str, caller: Caller, conversation: str | None
    ) -> Iterator[AskEvent]:
        try:
            for stage in ("searching", "reading"):
                yield StageStarted(stage)
                time.sleep(self.pause_s)
            if "explode" in question:
                raise RuntimeError("secret internal detail: token=hunter2")
            answer = self._answer(question, conversation)
            yield StageStarted("writing")
            slow = 0.05 if "slowly" in question else self.pause_s / 20
            for word in answer.text.split(" "):
                time.sleep(slow)
                yield TextAdded(word if answer.text.startswith(word) else f" {word}")
            yield StageStarted("checking")
            time.sleep(self.pause_s)
            with self.lock:
                self.stored.append(_Stored(answer, caller.name))
            yield AnswerReady(answer)
        except GeneratorExit:
            self.closed.append(question)
            raise

    def _answer(self, question: str, conversation: str | None) -> Answer:
        number = len(self.stored) + 1
        build = next(
            (builder for word, builder in _SCRIPTS if word in question.casefold()), _abstention
        )
        return replace(
            build(),
            answer_id=f"a{number}",
            conversation_id=conversation or f"c{number}",
            trace_id=f"t{number}",
            question=question,
            created_at=f"2026-11-21T10:{number % 60:02}:00+00:00",
        )

    def conversations(self, caller: Caller) -> list[ConversationSummary]:
        first: dict[str, list[Answer]] = {}
        for entry in self.stored:
            if entry.owner == caller.name:
                first.setdefault(entry.answer.conversation_id, []).append(entry.answer)
        return [
            ConversationSummary(key, turns[0].question[:80], turns[-1].created_at, len(turns))
            for key, turns in reversed(first.items())
        ]

    def turns(self, conversation_id: str, caller: Caller) -> list[Answer]:
        found = [
            entry.answer
            for entry in self.stored
            if entry.answer.conversation_id == conversation_id and entry.owner == caller.name
        ]
        if not found:
            raise NotFound("There is no such conversation.")
        return found

    def open_document(self, doc_id: str, caller: Caller) -> DocumentView:
        for uri, (title, text, updated) in DOCUMENTS.items():
            if document_id("fake", uri) == doc_id:
                record = DocumentRecord(
                    doc_id, uri, title, "fake", "v1", ("everyone",), updated, "active", 1
                )
                return DocumentView(record, text, _elements(text))
        raise NotFound("There is no such document.")

    def example_questions(self, caller: Caller, limit: int = 4) -> list[str]:
        examples = [
            "How many days of annual leave do I have?",
            "What is paid for meals on a business trip?",
            "When do I need a doctor's note?",
            ":red[Which] **policy** <b>changed</b>?",
        ]
        return examples[:limit]

    def readable_documents(self, caller: Caller) -> int:
        return 0 if self.empty else len(DOCUMENTS)

    def add_feedback(
        self,
        answer_id: str,
        caller: Caller,
        verdict: FeedbackVerdict,
        category: FeedbackCategory | None = None,
        comment: str = "",
        start: int | None = None,
        end: int | None = None,
    ) -> Feedback:
        entry = Feedback(
            f"f{len(self.feedback) + 1}",
            answer_id,
            caller.name,
            verdict,
            category,
            comment,
            "2026-11-21T10:00:00+00:00",
            start,
            end,
        )
        self.feedback.append(entry)
        return entry

    def my_feedback(self, answer_id: str, caller: Caller) -> Feedback | None:
        given = [
            entry
            for entry in self.feedback
            if entry.answer_id == answer_id and entry.author == caller.name
        ]
        return given[-1] if given else None


def cite(
    marker: int, uri: str, quote: str, section: tuple[str, ...] = (), page: int | None = None
) -> Citation:
    title, text, updated = DOCUMENTS[uri]
    start = text.index(quote)
    reference = DocumentRef(document_id("fake", uri), uri, title, "v1", updated)
    return Citation(
        marker, reference, f"chunk{marker}", section, page, start, start + len(quote), quote
    )


def _compose(
    sentences: list[tuple[str, str, tuple[int, ...]]],
    citations: tuple[Citation, ...],
    notes: tuple[Note, ...] = (),
) -> Answer:
    text, claims = "", []
    for sentence, verdict, markers in sentences:
        text += " " if text else ""
        claims.append(
            Claim(len(text), len(text) + len(sentence), sentence, verdict, 0.9, markers)  # type: ignore[arg-type]
        )
        text += sentence
    return _empty_answer(text, "answered", tuple(claims), citations, notes)


def _empty_answer(
    text: str,
    status: str,
    claims: tuple[Claim, ...] = (),
    citations: tuple[Citation, ...] = (),
    notes: tuple[Note, ...] = (),
) -> Answer:
    return Answer(
        "",
        "",
        "",
        "",
        text,
        status,
        claims,
        citations,
        notes,
        "extractive",
        "p1",
        1,
        "",  # type: ignore[arg-type]
    )


def _leave() -> Answer:
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


def _meals() -> Answer:
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


def _hostile() -> Answer:
    citations = tuple(
        cite(number, "hostile/<b>x.md", line, (line,)) for number, line in enumerate(HOSTILE, 1)
    )
    return _compose(
        [(line, "supported", (number,)) for number, line in enumerate(HOSTILE, 1)],
        citations,
        tuple(Note("conflict", line) for line in HOSTILE),
    )


def _abstention() -> Answer:
    quote = "Trips are booked through the travel desk."
    return _empty_answer(
        "4 documents were searched, and none of them answers this. These come nearest:",
        "abstained",
        citations=(
            cite(1, "finance/expenses.pdf", quote, ("Expenses",), 1),
            cite(
                2,
                "policies/leave.md",
                "Tell your team lead before 10:00 on the first day.",
                ("Sick leave",),
            ),
        ),
    )


def _contradicted() -> Answer:
    """Claims that differ from their sources, one of them with its marker in the middle, as models write."""
    first = "Everyone has 27 days of annual leave in a calendar year."
    note = "A doctor's note is needed from the fourth day on."
    answer = _compose(
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
        replace(claim, reasons=why) for claim, why in zip(answer.claims, reasons, strict=True)
    )
    return replace(answer, claims=claims)


def _list() -> Answer:
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


def _noted(*notes: Note, status: str = "answered", model: str = "openai-like:test") -> Answer:
    return replace(_leave(), notes=notes, status=status, model=model)  # type: ignore[arg-type]


def _stale() -> Answer:
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


def _ordered() -> Answer:
    return _noted(
        Note(
            "injection",
            "Leave policy has sentences that give orders to an assistant. They were left out of this answer.",
        )
    )


def _cut() -> Answer:
    words = "The model 'openai-like:test' stopped in the middle of its answer. Ask again."
    return _noted(Note("incomplete", words))


def _premise() -> Answer:
    return _noted(
        Note(
            "false_premise",
            "The question takes “30 days” for granted; the documents say otherwise: “Everyone has 27 days of annual "
            "leave in a calendar year.”",
        )
    )


def _near_miss() -> Answer:
    text = (
        "I did not find an answer to this in the documents. They cover “sick leave”, and say nothing of how much is "
        "paid. I searched 4 documents; the nearest are: Leave policy, section “Sick leave” (policies/leave.md). Whom "
        "to ask, by Leave policy: “Send it to people@example.org; the original stays with you.”"
    )
    quote = "Send it to people@example.org; the original stays with you."
    return _empty_answer(
        text,
        "abstained",
        citations=(cite(1, "policies/leave.md", quote, ("Leave policy", "Sick leave")),),
        notes=(Note("near_miss", "The topic is covered, this fact is not."), Note("nearest", "x")),
    )


_SCRIPTS = (
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
)


def _elements(text: str) -> tuple[Element, ...]:
    elements, position = [], 0
    for line in text.splitlines(keepends=True):
        kind = (
            "heading" if line.startswith("#") else "table_row" if line.startswith("|") else "text"
        )
        words = line.strip()
        if words:
            elements.append(Element(kind, position, position + len(line.rstrip("\n")), words))
        position += len(line)
    return tuple(elements)
