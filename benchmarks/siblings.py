"""The right one of many documents that are nearly alike: yearly reports, versions, sites.

Usage: python -m benchmarks.siblings [--work DIR] [--peer] [--json FILE]

All documents of a kind share their text but for its figures; which company, year, version or site one is about
stands in its file name, its title or both, never in its text. A question names one of them in the words that a
person would use. Measure: the first passage comes from the right document. Names and wordings of the
development part and of the report part come from different lists; both lie in one index.
"""

import argparse
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.baselines import documents, open_systems
from benchmarks.intervals import Part, Result, run_of

SEEDS: dict[Part, int] = {"development": 11, "report": 12}
YEARS = range(2019, 2025)
# fmt: off
COMPANIES: dict[Part, tuple[str, ...]] = {
    "development": (
        "Green Hill Mining", "Green Valley Mining", "North Hill Foods", "North Valley Foods",
        "Green Hill Foods Group", "Iron Bridge Capital", "Stone Bridge Capital", "Stone Harbor Shipping",
        "Silver Harbor Shipping", "Silver Creek Insurance", "Oak Creek Insurance", "Oak Field Energy",
        "West Field Energy",
    ),
    "report": (
        "Blue River Steel", "Blue Lake Steel", "South River Textiles", "South Lake Textiles",
        "Blue River Paper Group", "Copper Gate Bank", "Marble Gate Bank", "Marble Point Airlines",
        "Golden Point Airlines", "Golden Meadow Dairy", "Cedar Meadow Dairy", "Cedar Grove Water",
        "East Grove Water",
    ),
}
HANDBOOKS: dict[Part, tuple[str, ...]] = {
    "development": ("employee handbook", "field handbook", "support handbook"),
    "report": ("operator guide", "installer guide", "partner guide"),
}
VERSIONS: dict[Part, tuple[str, ...]] = {
    "development": ("v1.9", "v2.0", "v2.3", "v2.13", "v3.0"),
    "report": ("v1.4", "v4.1", "v4.10", "v4.11", "v5.4"),
}
MANUALS: dict[Part, tuple[str, ...]] = {
    "development": ("safety manual", "visitor manual", "waste manual"),
    "report": ("fire plan", "storage plan", "cleaning plan"),
}
SITES: dict[Part, tuple[str, ...]] = {
    "development": ("Leipzig", "Lyon", "New Haven", "Newcastle", "Porto", "Porto Alegre"),
    "report": ("Graz", "Gdansk", "San Jose", "San Juan", "Toledo", "Turin"),
}
# A fact's name in the text, the sentence that states it, and two ways to ask for it.
REPORT_FACTS = (
    ("Sales", "Revenue came to {0} million, after {1} million in the period before.",
     "What was the revenue of {name} in {year}?", "{name} revenue {year}"),
    ("People", "On the last day we employed {0} people, {1} of them in training.",
     "How many people did {name} employ in {year}?", "number of employees {name} {year}"),
    ("Dividend", "The board proposes a dividend of {0} cents for each share, up from {1} cents.",
     "Which dividend did {name} propose for {year}?", "{name} {year} dividend per share"),
    ("Debt", "Net debt stood at {0} million and the cash position at {1} million.",
     "How high was the net debt of {name} at the end of {year}?", "net debt of {name}, {year}"),
    ("Investment", "We invested {0} million in equipment and {1} million in buildings.",
     "How much did {name} invest in equipment in {year}?", "{name} investment in equipment {year}"),
)
BOOK_FACTS = (
    ("Requests", "A request is answered within {0} hours and closed within {1} days.",
     "Within how many hours is a request answered according to the {name}?", "{name} request answer time"),
    ("Passwords", "A password has at least {0} characters and is changed every {1} weeks.",
     "How long must a password be in the {name}?", "password length {name}"),
    ("Devices", "A device is returned within {0} days; after that {1} euros are charged.",
     "When does a device have to be returned, {name}?", "{name} device return days"),
)
SITE_FACTS = (
    ("Exits", "There are {0} marked exits, and the meeting place holds {1} people.",
     "How many marked exits are there in the {name}?", "{name} number of exits"),
    ("Inspection", "The equipment is inspected every {0} weeks by a team of {1}.",
     "How often is the equipment inspected according to the {name}?", "inspection interval {name}"),
    ("Storage", "At most {0} litres of solvent are kept, in {1} closed cabinets.",
     "How much solvent may be kept according to the {name}?", "solvent limit {name}"),
)
# fmt: on
SHARED = (
    "This part follows the same outline as in earlier editions, so that readers who compare them find every "
    "figure in its usual place. The figures were checked by the responsible department and by an outside "
    "reviewer.",
    "Where a figure had to be estimated, the estimate follows the written procedure and is replaced as soon as "
    "the final value is known. Differences that come from rounding are not explained one by one.",
    "The departments concerned have confirmed that nothing happened after the closing date that would change "
    "what is said here. Questions go to the office that is named on the last page of this document.",
)


@dataclass(frozen=True, slots=True)
class Sibling:
    """A document to be written; `names` are the (name, year) pairs that a question may have for it."""

    kind: str
    part: Part
    uri: str
    title: str
    names: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str, str, str], ...]


@dataclass(frozen=True, slots=True)
class NamedQuestion:
    """A question with the one document that it is about."""

    kind: str
    part: Part
    question: str
    uri: str


def siblings(part: Part) -> Iterator[Sibling]:
    """Yield the documents of one part."""
    for number, company in enumerate(COMPANIES[part]):
        for year in YEARS:
            yield _report(part, number, company, year)
    for book in HANDBOOKS[part]:
        for version in VERSIONS[part]:
            uri = f"{book.replace(' ', '-')}/{version}/{book.split()[1]}.md"
            bare = version.removeprefix("v")
            names = ((f"{book} {version}", ""), (f"{book} version {bare}", ""))
            yield Sibling("version", part, uri, book.capitalize(), names, BOOK_FACTS)
    for manual in MANUALS[part]:
        for site in SITES[part]:
            uri = f"{manual.replace(' ', '_')}_{site.replace(' ', '')}.md"
            names = ((f"{manual} of {site}", ""), (f"{site} {manual}", ""))
            yield Sibling("site", part, uri, manual.capitalize(), names, SITE_FACTS)


def _report(part: Part, number: int, company: str, year: int) -> Sibling:
    words = company.split()
    initials = _initials(company)
    short_year = year % 100
    shapes = (
        (f"{''.join(words).upper()}_{year}_annual-report.md", "Annual report"),
        (f"{'-'.join(words).lower()}/{year}/report.md", "Report"),
        (f"{initials}_FY{short_year}.md", f"{company}: annual report for the fiscal year {year}"),
        (f"{''.join(words)}-AR-{year}.md", f"Annual report {year}"),
        (f"annual_report_{'_'.join(words).lower()}_{year}.md", f"{company}, annual report"),
    )
    uri, title = shapes[number % len(shapes)]
    kind = "report, name in title" if company in title else "report, name in file name"
    years = (str(year), f"FY{short_year}", f"fiscal year {year}")
    # A person shortens a name as far as it still means one company.
    short = " ".join(words[:2])
    others = [other for other in COMPANIES[part] if other != company]
    spoken = [company]
    spoken += [short] * (not any(other.startswith(short) for other in others))
    spoken += [initials] * (uri.startswith(initials) and initials not in map(_initials, others))
    names = tuple((name, text) for name in spoken for text in years)
    return Sibling(kind, part, uri, title, names, REPORT_FACTS)


def _initials(company: str) -> str:
    return "".join(word[0] for word in company.split())


def write_siblings(target: Path, per_part: int = 100) -> list[NamedQuestion]:
    """Write all documents; return the questions, the same on every run."""
    asked: list[NamedQuestion] = []
    for part, seed in SEEDS.items():
        rng = random.Random(seed)
        written = list(siblings(part))
        for sibling in written:
            path = target / sibling.uri
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text_of(sibling, rng), encoding="utf-8")
        others = [sibling for sibling in written if not sibling.kind.startswith("report")]
        reports = [sibling for sibling in written if sibling.kind.startswith("report")]
        chosen = rng.sample(reports, per_part - 30) + rng.sample(others, 30)
        asked += [_question(sibling, rng) for sibling in chosen]
    return asked


def text_of(sibling: Sibling, rng: random.Random) -> str:
    """Return a document: a section for each fact, the same words around different figures."""
    sections = [f"# {sibling.title}\n"]
    for number, (head, sentence, _, _) in enumerate(sibling.facts):
        stated = sentence.format(rng.randrange(12, 980), rng.randrange(3, 90))
        before, after = SHARED[number % 3], SHARED[(number + 1) % 3]
        sections.append(f"## {head}\n\n{before}\n\n{stated} {after}\n")
    return "\n".join(sections)


def _question(sibling: Sibling, rng: random.Random) -> NamedQuestion:
    _, _, spoken, keywords = rng.choice(sibling.facts)
    name, year = rng.choice(sibling.names)
    question = (spoken if rng.random() < 0.7 else keywords).format(name=name, year=year)
    if rng.random() < 0.25:
        question = question.lower()
    return NamedQuestion(sibling.kind, sibling.part, question, sibling.uri)


def main() -> None:
    with run_of(argparse.ArgumentParser(description=__doc__)) as (options, results):
        folder = options.work / "siblings-docs"
        asked = write_siblings(folder)
        systems = open_systems("siblings", folder, options.work, peer=options.peer, with_paths=True)
        values = {
            name: [float(documents(search(q.question, 10))[:1] == [q.uri]) for q in asked]
            for name, search in systems.items()
        }
        for kind in ("all kinds", *dict.fromkeys(question.kind for question in asked)):
            rows = [at for at, q in enumerate(asked) if kind in (q.kind, "all kinds")]
            parts = tuple(asked[at].part for at in rows)
            own = {name: [value[at] for at in rows] for name, value in values.items()}
            results.append(Result(f"siblings: {kind}", "right document first", parts, own))


if __name__ == "__main__":
    main()
