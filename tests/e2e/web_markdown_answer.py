"""A scripted answer with every kind of Markdown that answers have, with verdicts of every kind inside it."""

from app.extractive import MODEL_NAME
from core.answers import Citation, Claim, Draft, Verdict

FIRST = "Everyone has **27 days** of annual leave in a calendar year."
CARRIED = "Up to *five days* can be carried over 🏖️ until 31 March."
NOTE = "A doctor's note is needed from the second day on."
CAR = "Team leads have a company car."
TEXT = f"""### Leave in short

{FIRST} {CARRIED}

1. Tell your `team lead` before 10:00.
   - by phone, or
   - by mail: "sick today"
2. {NOTE} [2]

> {CAR}

| Leave | Days |
|---|---|
| Moving house | 1 |
| Wedding | 2 |

```
leave book --days 2
```

It costs $5 or $6, :red[not red], :material/home:, and \U0001f469‍\U0001f680 שלום e\u0301 [here](https://docs.example.org/leave) <b>x</b>.
"""
QUOTES = (
    ("Everyone has 27 days of annual leave in a calendar year.", ("Leave policy", "Annual leave")),
    ("A doctor's note is needed from the fourth day on.", ("Leave policy", "Sick leave")),
)
_CLAIMS: tuple[tuple[str, Verdict, tuple[int, ...], tuple[str, ...]], ...] = (
    (FIRST, "supported", (1,), ()),
    (CARRIED, "partial", (1,), ("The source does not say “five”.",)),
    (
        NOTE,
        "contradicted",
        (2,),
        ("The answer says the second day; the source says the fourth day.",),
    ),
    (CAR, "unsupported", (), ("No passage says “company car”.",)),
    ("Moving house | 1", "supported", (1,), ()),
)


def markdown_draft(citations: tuple[Citation, ...]) -> Draft:
    """Return the answer with its citations, which are of `QUOTES`."""
    claims = tuple(
        Claim(start := TEXT.index(words), start + len(words), words, verdict, 0.9, markers, why)
        for words, verdict, markers, why in _CLAIMS
    )
    return Draft(TEXT, claims, citations, "answered", MODEL_NAME, "p1", 0.9)
