"""The report: one file that runs nothing and fetches nothing, for exactly what its reader may see."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from quality_rows import Rows
from sqlalchemy import insert
from stored_runs import answer_of, content_of, store_run

from app.cli import main
from core.answers import Caller
from core.fakes import HashEmbedder
from core.settings import Settings
from evals.gating.baseline import set_baseline
from evals.report.data import ReportData, Wanted, read_report
from evals.report.markup import tag, untrusted
from evals.report.page import report_html
from evals.report.plots import Series, bars, curve, lines, spread, whisker
from evals.report.scales import UNIT, scale_over
from evals.report.text import report_markdown
from evals.running.run_log import RunLog
from index.catalogue import Catalogue, NewVersion
from index.database import writing
from index.permissions import administrator, caller_named
from index.schema import feedback, review_items

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror="alert(1)">',
    "</title></style><svg onload=alert(1)>",
    "javascript:alert(1)",
    "[a](https://evil.example) `x` **b**",
    "\u202egnp.exe\u2066 \ue000 \x00\x1b[31m",
)
_KNOWN = frozenset(
    [
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "footer",
        "main",
        "nav",
        "section",
        "article",
        "figure",
        "figcaption",
        "details",
        "summary",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "div",
        "span",
        "p",
        "h1",
        "h2",
        "h3",
        "h4",
        "ul",
        "li",
        "strong",
        "code",
        "pre",
        "sup",
        "bdi",
        "a",
        "svg",
        "line",
        "polyline",
        "polygon",
        "rect",
    ]
)
_ADDRESSES = frozenset(
    {"src", "srcset", "href", "action", "data", "poster", "xlink:href", "formaction", "background"}
)


class _Elements(HTMLParser):
    """Collects elements, attributes and texts as a browser would see them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.names: set[str] = set()
        self.attributes: list[tuple[str, str]] = []
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def _harmless(html: str) -> _Elements:
    found = _Elements()
    found.feed(html)
    found.close()
    assert found.open == []
    assert found.names <= _KNOWN
    assert not [name for name, _ in found.attributes if name.startswith("on")]
    assert all(value.startswith("#") for name, value in found.attributes if name in _ADDRESSES)
    assert "url(" not in html
    assert "@import" not in html
    return found


@pytest.fixture
def log(catalogue: Catalogue) -> RunLog:
    return RunLog(catalogue.engine, catalogue.data_dir)


Read = Callable[..., ReportData]


@pytest.fixture
def read(catalogue: Catalogue) -> Read:
    settings = Settings(data_dir=catalogue.data_dir)

    def made(caller: Caller | None = None, run: str = "", against: str = "") -> ReportData:
        wanted = Wanted(30, run, against)
        return read_report(settings, catalogue, caller or administrator(), wanted, HashEmbedder)

    return made


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _hostile_run(log: RunLog, variant: str, value: float) -> str:
    cases: dict[str, dict[str, float | None]] = {
        f"case-{n}": {"fact_match": value} for n in range(len(HOSTILE))
    }
    contents = {
        f"case-{n}": content_of(
            f"case-{n}",
            question=text,
            uri=f"{text}/{text}.md",
            answer=answer_of(text),
            tags=[text],
            facts=[text],
        )
        for n, text in enumerate(HOSTILE)
    }
    return store_run(
        log,
        cases,
        variant=variant,
        dataset=HOSTILE[0],
        contents=contents,
        changes={HOSTILE[1]: HOSTILE[2]},
    )


def _flag(
    catalogue: Catalogue, rows: Rows, question: str, documents: list[str], **more: str
) -> None:
    answer_id = rows.answer(_now(), question=question, owner=HOSTILE[0], documents=documents)
    values = {"feedback_id": f"f-{answer_id}", "state": "new", "priority": 1, "question": question}
    with writing(catalogue.engine) as connection:
        connection.execute(
            insert(review_items).values(
                **values, documents=json.dumps(documents), answer_id=answer_id
            )
        )
        connection.execute(
            insert(feedback).values(
                feedback_id=values["feedback_id"], idem_key=answer_id, answer_id=answer_id, author="ada@example.org",
                verdict="bad", category="wrong_fact", comment="", selected_text=question, status="new",
                channel="streamlit", created_at=_now(), snapshot="{}", **more,
            )
        )  # fmt: skip


def test_hostile_texts_become_words_and_nothing_else(
    log: RunLog, catalogue: Catalogue, read: Read, new_version: Callable[..., NewVersion]
) -> None:
    uri = f"{HOSTILE[1]}.md"
    catalogue.store([new_version(uri, "Thirty days.", range(1, 2))], [])
    doc_id = catalogue.find_documents(uri)[0].doc_id
    rows = Rows(catalogue)
    for text in HOSTILE:
        _flag(catalogue, rows, text, [doc_id])
        for owner in ("a@x.org", "b@x.org"):
            rows.answer(_now(), "abstained", question=text, owner=owner, documents=[doc_id])
    before, after = _hostile_run(log, HOSTILE[0], 1.0), _hostile_run(log, HOSTILE[1], 0.0)
    html = report_html(read(run=after, against=before))
    found = _harmless(html)
    assert any("<script>alert(1)</script>" in text for text in found.texts)
    assert "\u202e" not in html
    assert "\x1b" not in html


@given(st.text(max_size=60))
def test_any_text_stays_text_in_a_child_and_in_an_attribute(text: str) -> None:
    found = _harmless(tag("p", untrusted(text), tag("span", text, title=text), class_="x").text)
    assert found.names == {"p", "bdi", "span"}


def test_a_report_of_nothing_says_so_in_every_section(read: Read) -> None:
    html = report_html(read())
    _harmless(html)
    for sentence in (
        "No evaluation has run yet",
        "Nobody asked anything",
        "Nothing was flagged",
        "needs 30 questions",
    ):
        assert sentence in html


def test_the_first_page_has_verdict_cost_latency_adoption_flags_and_intervals(
    log: RunLog, catalogue: Catalogue, read: Read
) -> None:
    rows = Rows(catalogue)
    for number in range(40):
        answer_id = rows.answer(
            _now(), owner=f"user-{number % 7}", cost_usd=0.01, total_ms=100.0 + number
        )
        if number % 10 == 0:
            rows.flag(answer_id, _now())
    cases: dict[str, dict[str, float | None]] = {
        f"case-{n:02}": {"fact_match": float(n > 3)} for n in range(40)
    }
    set_baseline(catalogue, log, store_run(log, cases))
    better: dict[str, dict[str, float | None]] = {case: {"fact_match": 1.0} for case in cases}
    store_run(log, better, variant="new")
    text = "".join(_harmless(report_html(read())).texts)
    assert "new against current, 40 cases" in text
    for words in (
        "$0.0100",
        "Cost of an accepted answer",
        "$0.0111",
        "People",
        "7",
        "Flagged",
        "10.0 %",
        "[4.0 %, 23.1 %]",
    ):
        assert words in text
    markdown = report_markdown(read())
    assert "Verdict:" in markdown
    assert "Cost of an answer" in markdown


def test_personal_data_is_masked_in_page_and_text(
    log: RunLog, catalogue: Catalogue, read: Read
) -> None:
    mail = "zoe.quill@example.com"
    rows = Rows(catalogue)
    _flag(catalogue, rows, f"Why did {mail} get more?", [])
    for owner in ("a@x.org", "b@x.org"):
        rows.answer(_now(), "abstained", question=f"What is the number of {mail}?", owner=owner)
    case = {"case": {"fact_match": 1.0}}
    content = content_of("case", question=f"Who is {mail}?", answer=answer_of(f"Write to {mail}."))
    first = store_run(log, dict(case), variant="a", contents={"case": content})
    second = store_run(log, {"case": {"fact_match": 0.0}}, variant="b", contents={"case": content})
    data = read(run=second, against=first)
    assert data.comparison is not None
    assert len(data.comparison.turned) == 1
    for text in (report_html(data), report_markdown(data)):
        assert mail not in text
        assert "[EMAIL]" in text.replace("\\", "")


def test_what_a_reader_may_not_see_is_left_out_and_counted(
    log: RunLog, catalogue: Catalogue, read: Read, new_version: Callable[..., NewVersion]
) -> None:
    catalogue.store(
        [new_version("board.md", "Thirty days.", range(1, 2), access=("group:board",))], []
    )
    doc_id = catalogue.find_documents("board.md")[0].doc_id
    _flag(catalogue, Rows(catalogue), "How large is the secret bonus?", [doc_id])
    contents = {
        "case": content_of("case", question="How large is the secret bonus?", uri="board.md")
    }
    store_run(log, {"case": {"fact_match": 1.0}}, contents=contents)
    reviewer = replace(caller_named("rev@example.org", ()), role="reviewer")
    html = report_html(read(reviewer))
    assert "secret bonus" not in html
    assert "1 cases are left out" in html
    assert "1 flags are left out" in html
    assert "secret bonus" in report_html(read())


def test_every_plot_is_svg_with_a_title_and_a_table_beside_it() -> None:
    series = [Series("one", "good", [1.0, None, 3.0]), Series("two", "bad", [0.5, 0.0, 2.0])]
    for drawn in (
        bars("Bars", ["a", "b", "c"], series),
        lines("Lines", ["a", "b", "c"], series),
        curve("Curve", [(0.1, 0.0), (0.5, 0.2), (1.0, 0.4)], "share", "risk"),
        spread("Spread", [Series("all", "accent", [1.0, 2.0, 9.0])], "ms"),
    ):
        found = _harmless(drawn.text)
        assert {"svg", "title", "table", "figcaption"} <= found.names
        assert ("role", "img") in found.attributes
    _harmless(whisker(0.5, 0.4, 0.7, UNIT).text)


@given(st.lists(st.floats(-1e9, 1e9), max_size=20), st.booleans())
def test_an_axis_holds_every_value_between_few_round_marks(
    values: list[float], with_zero: bool
) -> None:
    scale = scale_over(values, with_zero=with_zero)
    slack = 1e-6 * max(1.0, abs(scale.low), abs(scale.high))
    assert all(scale.low - slack <= value <= scale.high + slack for value in values)
    assert 2 <= len(scale.ticks) <= 12
    assert all(0.0 <= scale.share(value) <= 100.0 for value in values)


def test_the_command_writes_the_file_and_prints_the_text(
    log: RunLog, catalogue: Catalogue, tmp_path: Path
) -> None:
    store_run(log, {"case": {"fact_match": 1.0}})
    folder = ["--data-dir", str(catalogue.data_dir)]
    file = tmp_path / "report.html"
    ran = CliRunner().invoke(main, ["eval", "report", "--html", str(file), *folder])
    assert ran.exit_code == 0, ran.output
    _harmless(file.read_text(encoding="utf-8"))
    ran = CliRunner().invoke(main, ["eval", "report", "--markdown", *folder])
    assert ran.exit_code == 0, ran.output
    assert ran.output.startswith("# Footnote, ")
    assert CliRunner().invoke(main, ["eval", "report", *folder]).exit_code == 2
