"""A knowledge base that is made of hostile texts, with people, gaps and runs of the same kind, and a served site."""

import html
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from hostile_corpus import HOSTILE, groups
from llm_server import LlmServer, Reply, Request
from quality_rows import Rows
from sqlalchemy import update
from web_real import ingest, web_server

from app.people import People
from index.catalogue import Catalogue
from index.database import open_database, writing
from index.schema import eval_runs

SIZE = 12
"""Texts in one question, one answer and one collecting document."""
USER = "<img src=x onerror=pwned(60)>:red[x]$a$@x.org"
SOURCE = "<img src=x onerror=pwned(61)> :red[x] $a$"
TITLE = ":material/skull: :red[x] $x^2$ -> :smile:"
"""What Streamlit would draw as something else, where it is a label or Markdown."""
LIVE = "Read them all, please."
END = "End of the kestrel reports"
_PEOPLE = 24
_GAPS = 8
_NUMBER = re.compile(r"kestrel report (\d+) say")
_NO_NAME = re.compile(r"[/\x00]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f]")


def question(number: int) -> str:
    """A question with a part of the corpus in it."""
    texts = _CONTROL.sub("", " ".join(groups(SIZE)[number]))
    return f"What does the kestrel report {number} say? {TITLE} {texts}"


def answer(number: int) -> str:
    """What the model says to it: a part of the corpus as paragraphs."""
    cited = "".join(f"[{marker}]" for marker in range(1, 5))
    return "\n\n".join((f"The kestrel report {number} says this {cited}.", *groups(SIZE)[number]))


class _Model(LlmServer):
    """Answers what it is asked for; one that is asked for live comes slowly."""

    def __init__(self) -> None:
        super().__init__(())

    def take(self, request: Request) -> Reply:
        """Return the reply to a question."""
        self.requests.append(request)
        found = _NUMBER.findall(request.prompt)
        text = answer(int(found[-1])) if found else "Nothing."
        if LIVE not in request.prompt:
            return Reply(text)
        # What follows the last text is longer than what is held back until it is safe to show, and says nothing
        # twice: a model that repeats itself is cut off.
        rest = " ".join(f"Page {number} is blank, {number * 7} lines." for number in range(90))
        return Reply(f"{text}\n\n{END}. {rest}", piece_s=0.01)


def file_name(number: int, text: str, ending: str) -> str:
    """The text as far as it can name a file."""
    name = _NO_NAME.sub("_", text).encode()[:120].decode(errors="ignore").replace("\n", " ")
    return f"{number:02} {name}.{ending}"


def write_documents(folder: Path) -> int:
    """Write every text as a file's name, title, heading, passage and tag, and name unreadable files so too.

    Returns how many of the documents can be read.
    """
    folder.mkdir(parents=True)
    for number, text in enumerate(HOSTILE):
        (folder / file_name(number, text, "txt")).write_text("")
        # HTML keeps every sign of a text: a Markdown parser would take most of them for markup.
        words = html.escape(text)
        body = f"<p>The falcon desk wrote the kestrel report {number}.</p><p>{words}</p>"
        page = f"<title>{words}</title><h1>{words}</h1>{body}"
        (folder / file_name(number, text, "html")).write_text(_CONTROL.sub("", page))
    for number, texts in enumerate(groups(SIZE)):
        _write_collection(folder / f"report {number}.md", number, texts)
    return len(HOSTILE) + len(groups(SIZE))


def _write_collection(path: Path, number: int, texts: tuple[str, ...]) -> None:
    tags = json.dumps([_CONTROL.sub("", text) for text in texts])
    parts = "\n\n".join(f"## {text}\n\n{text}" for text in texts)
    said = f"The kestrel report {number} does say this. {question(number)}"
    page = f"---\ntags: {tags}\n---\n\n# {TITLE} {number}\n\n{said}\n\n{parts}\n"
    path.write_text(_CONTROL.sub("", page), encoding="utf-8")


def seed(data_dir: Path) -> None:
    """Store people, questions without an answer and evaluation runs that have the texts as their names."""
    engine = open_database(data_dir)
    people, rows = People(engine, data_dir), Rows(Catalogue(engine, data_dir))
    for number in range(_PEOPLE):
        name, email, group = HOSTILE[number::_PEOPLE]
        people.check_in(f"{number} {email}@x.org", name, [f"group:{group}", group])
    hour = timedelta(hours=1)
    for number in range(_GAPS):
        moment = (datetime.now(UTC) - hour * (number + 1)).isoformat(timespec="milliseconds")
        asked = " ".join(HOSTILE[number::_GAPS])
        rows.answer(moment, "abstained", owner=f"{number}@x.org", question=asked)
    for number, text in enumerate((HOSTILE[2], HOSTILE[56])):
        rows.run(
            f"run-{number}",
            {text: [1, 0, 1]},
            summary={text: {"value": 0.5, "n": 3, "interval": [0.1, 0.9]}},
        )
        named = update(eval_runs).where(eval_runs.c.run_id == f"run-{number}")
        with writing(engine) as connection:
            connection.execute(named.values(variant=text, dataset=text))
    engine.dispose()


@dataclass(frozen=True, slots=True)
class HostileSite:
    """The served site, and how many documents it has."""

    address: str
    documents: int


@contextmanager
def hostile_site(root: Path) -> Iterator[HostileSite]:
    """Ingest, seed and serve it for one admin whose name is hostile as well."""
    documents = write_documents(root / SOURCE)
    report = ingest(root / SOURCE, root / "data")
    assert report["added"] == documents, report
    seed(root / "data")
    model = _Model()
    model.start()
    with ExitStack() as stack:
        stack.callback(model.stop)
        served = web_server(
            root / "data",
            LLM="openai-like:scripted",
            LLM_BASE_URL=model.openai_url,
            GENERATION__TOKEN_SECONDS="300",
            GENERATION__TOTAL_SECONDS="600",
            WEB__USER=USER,
            WEB__ROLE="admin",
        )
        yield HostileSite(stack.enter_context(served), documents)
