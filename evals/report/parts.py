"""What several sections are made of: headings, tables, texts of others, sentences where there is nothing."""

from collections.abc import Sequence

from app.privacy.redaction import redact_for_record
from evals.report.markup import Content, Markup, tag, untrusted


def section(anchor: str, title: str, lead: str, *children: Content) -> Markup:
    """Return a section with its heading and a sentence that says what it is."""
    return tag("section", tag("h2", title), tag("p", lead, class_="lead"), *children, id=anchor)


def said(text: str, longest: int = 300) -> Markup:
    """Return words of a person or a document: personal data masked, harmless, shortened."""
    return untrusted(redact_for_record(text), longest)


def table(
    header: Sequence[Content], rows: Sequence[Sequence[Content]], css_class: str = ""
) -> Markup:
    """Return a table that scrolls by itself where it is too wide; each row's first cell heads it."""
    head = tag("thead", tag("tr", [tag("th", name, scope="col") for name in header]))
    body = tag(
        "tbody",
        [
            tag("tr", tag("th", row[0], scope="row"), [tag("td", cell) for cell in row[1:]])
            for row in rows
        ],
    )
    return tag("div", tag("table", head, body, class_=css_class or None), class_="wide")


def nothing(sentence: str) -> Markup:
    """Return what stands where there is nothing to show."""
    return tag("p", sentence, class_="nothing")


def left_out(count: int, what: str) -> Markup | None:
    """Return how much the caller may not see, None for nothing."""
    if not count:
        return None
    return tag(
        "p",
        f"{count:,} {what} left out: about documents that this report's reader may not read.",
        class_="quiet",
    )
