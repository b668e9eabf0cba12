"""Sources on a real server over a real ingestion: the exact words in every format, and files for readers alone."""

import json
import sqlite3
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("playwright")
sys.path.insert(0, str(Path(__file__).parent))

import pypdfium2
from cli_harness import child_env, run_child
from playwright.sync_api import Browser, Locator, expect, sync_playwright
from ports import free_port
from web_browser import CHROMIUM, NO_CHROMIUM, PATIENCE_MS, Visit, launch
from web_sources_documents import Made, made_documents, write_documents

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason=NO_CHROMIUM),
]

READER = "rita@example.org"
SECRET = "The vault opens with the word marzipan.\n"
BELL = (
    "# Bell rules\n\nThe brass bell rings at nine in the morning. It rings again at noon.\n\n"
    + "Whoever rings it wears gloves and counts the strokes. " * 300
)
TABLES = {"orchard.docx", "beehives.xlsx", "telescopes.csv"}
OPENED: dict[str, str] = {}
"""Addresses of citations that were asked for already."""


@dataclass(frozen=True, slots=True)
class Served:
    """A running server: its address, its data folder, and how commands reach that."""

    address: str
    data_dir: Path
    env: dict[str, str]
    folder: Path

    def rows(self, query: str, *values: str) -> list[Any]:
        path = self.data_dir / "footnote.db"
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as base:
            return base.execute(query, values).fetchall()

    def file_of(self, uri: str) -> str:
        ((doc_id, version),) = self.rows("select doc_id, version from documents where uri = ?", uri)
        return f"{self.address}/files/{doc_id}/{version}"

    def citation(self, uri: str) -> dict[str, Any]:
        """Return the newest citation of a document; its words must stand in the text where it says."""
        for (answer,) in self.rows("select answer from answers order by created_at desc"):
            for citation in json.loads(answer)["citations"]:
                if citation["document"]["uri"] == uri:
                    ((text,),) = self.rows("select text from documents where uri = ?", uri)
                    assert text[citation["start"] : citation["end"]] == citation["quote"]
                    return dict(citation)
        raise AssertionError(f"no answer cites {uri}")


@contextmanager
def served(data_dir: Path, env: dict[str, str], folder: Path) -> Iterator[Served]:
    command = [sys.executable, "-c", "from app.cli import main; main()"]
    command += ["web", "--port", str(free_port())]
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        try:
            assert process.stdout is not None
            yield Served(process.stdout.readline().strip(), data_dir, env, folder)
        finally:
            process.terminate()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Iterator[Served]:
    root = tmp_path_factory.mktemp("sources")
    data_dir, folder = root / "data", root / "docs"
    env = child_env(data_dir, model_cache, FOOTNOTE_WEB__USER=READER)
    write_documents(folder / "open")
    for name, text in {"secret/vault.md": SECRET, "bells/bell.md": BELL}.items():
        (folder / name).parent.mkdir()
        (folder / name).write_text(text, encoding="utf-8")
    for name, access in {"open": "everyone", "secret": "group:board", "bells": "everyone"}.items():
        done = run_child("ingest", folder / name, "--yes", "--access", access, env=env)
        assert done.returncode == 0, done.stderr
    with served(data_dir, env, folder) as running:
        yield running


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = launch(playwright)
        yield browser
        browser.close()


Open = Callable[..., Visit]


@pytest.fixture
def visit(browser: Browser, server: Served) -> Iterator[Open]:
    """Open contexts; at the end none of them may have shown a dialog or asked another machine."""
    visits: list[Visit] = []

    def open_one(question: str, **options: Any) -> Visit:
        """Open the first source of the answer to a question."""
        one = Visit(browser, server.address, **options)
        visits.append(one)
        if question not in OPENED:
            one.open()
            one.ask(question)
            one.answered()
            OPENED[question] = one.page.locator(".chip").first.get_attribute("href") or ""
        one.open(f"/{OPENED[question]}")
        expect(drawer(one)).to_be_visible(timeout=PATIENCE_MS)
        one.settle()
        return one

    yield open_one
    for one in visits:
        one.close()
    assert [one.dialogs + one.strays for one in visits] == [[] for _ in visits]


def drawer(visit: Visit) -> Locator:
    return visit.page.get_by_test_id("stDialog")


def status(address: str) -> tuple[int, bytes, Message]:
    try:
        with urllib.request.urlopen(address) as answer:
            return answer.status, answer.read(), answer.headers
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read(), error.headers


def words_of(quote: str, *, is_row: bool) -> list[str]:
    """Return what is marked of a quote: all of it, of a table row the values without the names."""
    if not is_row:
        return [" ".join(quote.split())]
    return [pair.split(": ", 1)[1] for pair in quote.split("; ")]


MADE = {made.name: made for made in made_documents()}


@pytest.mark.parametrize("name", [name for name in MADE if name != "gondola.pdf"])
def test_a_source_opens_at_the_exact_words(visit: Open, server: Served, name: str) -> None:
    made: Made = MADE[name]
    one = visit(made.question)
    marks = drawer(one).locator("mark")
    expect(marks.first).to_be_in_viewport(timeout=PATIENCE_MS)
    quote = server.citation(name)["quote"]
    marked = [" ".join(text.split()) for text in marks.all_text_contents()]
    if name not in TABLES:
        marked = ["".join(marked)]
    assert marked == words_of(quote, is_row=name in TABLES)
    expect(drawer(one).locator(".passage")).to_contain_text(made.words)


def test_a_table_has_its_columns_and_only_a_window_of_its_rows(visit: Open) -> None:
    one = visit(MADE["telescopes.csv"].question)
    table = drawer(one).get_by_role("table")
    expect(table.get_by_role("columnheader")).to_have_text(
        ["telescope", "aperture_mm", "dome", "keeper"]
    )
    expect(table.locator("tr.cited td")).to_have_text(
        ["Kestrel-0417", "417", "dome 3", "keeper 14"]
    )
    before = table.get_by_role("row").count()
    assert 100 < before < 600
    expect(drawer(one).get_by_text("of 900.")).to_be_visible()
    drawer(one).get_by_role("button", name="Show more").click()
    expect(table.get_by_text("Kestrel-0900")).to_be_attached(timeout=PATIENCE_MS)


def test_a_mail_shows_who_wrote_to_whom(visit: Open) -> None:
    one = visit(MADE["vaccine.eml"].question)
    head = drawer(one).locator(".headers")
    expect(head.locator("dt")).to_have_text(["From", "To", "Cc", "Date", "Subject"])
    expect(head.locator("dd").first).to_have_text("Inga Nilsen <inga@brightwater.example>")


def test_a_pdf_opens_on_its_page_with_boxes_over_the_words(visit: Open, server: Served) -> None:
    one = visit(MADE["gondola.pdf"].question)
    boxes = drawer(one).locator(".box")
    expect(boxes).to_have_count(2, timeout=PATIENCE_MS)
    expect(boxes.first).to_be_in_viewport()
    expect(drawer(one).get_by_text("Page 2 of 3")).to_be_visible()
    page = drawer(one).locator(".page").bounding_box()
    assert page is not None
    left, top, right, bottom = place_on_page(MADE["gondola.pdf"].content, 2, "62 kilometres")
    overlaps = []
    for number in range(2):
        box = boxes.nth(number).bounding_box()
        assert box is not None
        overlaps.append(
            box["x"] <= page["x"] + left * page["width"]
            and box["y"] <= page["y"] + top * page["height"] + 2
            and box["x"] + box["width"] >= page["x"] + right * page["width"]
            and box["y"] + box["height"] >= page["y"] + bottom * page["height"] - 2
        )
    assert any(overlaps), "no box lies over the words"
    drawer(one).get_by_role("button", name="Next page").click()
    expect(drawer(one).get_by_text("The cited words are on page 2.")).to_be_visible()
    expect(boxes).to_have_count(0)
    drawer(one).get_by_text("Text", exact=True).click()
    expect(drawer(one).locator("mark").first).to_be_in_viewport(timeout=PATIENCE_MS)
    marked = "".join(drawer(one).locator("mark").all_text_contents())
    assert marked == server.citation("gondola.pdf")["quote"]


def place_on_page(content: bytes, page: int, words: str) -> tuple[float, float, float, float]:
    """Return where words stand, as shares of the page from its upper left corner."""
    document = pypdfium2.PdfDocument(content)
    width, height = document[page - 1].get_size()
    text = document[page - 1].get_textpage()
    found = text.search(words).get_next()
    assert found is not None
    text.count_rects(*found)
    left, bottom, right, top = text.get_rect(0)
    return left / width, 1 - top / height, right / width, 1 - bottom / height


def test_the_original_is_downloaded_as_it_came(visit: Open, server: Served) -> None:
    one = visit(MADE["orchard.docx"].question)
    with one.page.expect_download() as download:
        drawer(one).get_by_role("link", name="Download the original").click()
    assert download.value.suggested_filename == "orchard.docx"
    assert (
        Path(download.value.path()).read_bytes()
        == (server.folder / "open/orchard.docx").read_bytes()
    )


def test_a_page_of_html_is_handed_out_as_a_file_that_nothing_runs(server: Served) -> None:
    code, content, headers = status(server.file_of("ferry.html"))
    assert (code, content) == (200, (server.folder / "open/ferry.html").read_bytes())
    assert headers["content-type"] == "application/octet-stream"
    assert headers["content-disposition"].startswith("attachment;")
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["cache-control"] == "no-store"
    assert "sandbox; default-src 'none'" in headers.get_all("content-security-policy", [])


def test_what_may_not_be_read_cannot_be_downloaded_and_looks_like_what_is_missing(
    server: Served,
) -> None:
    forbidden = server.file_of("vault.md")
    missing = f"{server.address}/files/{'0' * 20}/{'0' * 16}"
    assert status(forbidden)[:2] == status(missing)[:2]
    assert status(forbidden)[0] == 404
    assert status(f"{forbidden}?as=text")[0] == 404
    assert status(server.file_of("lantern.md").rsplit("/", 1)[0] + "/" + "0" * 16)[0] == 404
    assert b"marzipan" not in status(forbidden)[1]


def test_the_way_to_the_next_source_is_a_key_too(visit: Open) -> None:
    one = visit(MADE["kiln.txt"].question)
    expect(drawer(one).get_by_text("Source 1 of 2")).to_be_visible()
    one.page.keyboard.press("Alt+ArrowDown")
    expect(drawer(one).get_by_text("Source 2 of 2")).to_be_visible(timeout=PATIENCE_MS)
    expect(drawer(one).locator("mark")).to_have_text("It takes nine hours to get there.")
    one.page.keyboard.press("Alt+ArrowUp")
    expect(drawer(one).get_by_text("Source 1 of 2")).to_be_visible(timeout=PATIENCE_MS)


def test_a_source_says_why_it_is_there(visit: Open) -> None:
    one = visit(MADE["lantern.md"].question)
    drawer(one).get_by_text("Why this source").click()
    facts = drawer(one).locator(".fn-facts")
    expect(facts).to_contain_text("Place in the search")
    expect(facts).to_contain_text("everyone")


def test_a_source_is_flagged_with_two_clicks_and_the_flag_is_taken_back(
    visit: Open, server: Served
) -> None:
    one = visit(MADE["lantern.md"].question)
    drawer(one).get_by_role("button", name="Wrong source?").click()
    one.page.get_by_role("button", name="It does not say that").click()
    expect(drawer(one)).to_contain_text("Flag saved", timeout=PATIENCE_MS)
    query = "select target, target_ref, category from feedback where superseded_by is null"
    ((target, ref, category),) = server.rows(query)
    assert (target, ref, category) == ("citation", "1", "wrong_source")
    assert server.rows("select place from signals where kind = 'citation_opened'")
    drawer(one).get_by_role("button", name="Undo").click()
    expect(drawer(one).get_by_role("button", name="Wrong source?")).to_be_visible()
    assert server.rows(query) == []


def test_on_a_phone_the_drawer_is_the_whole_screen(visit: Open) -> None:
    one = visit(MADE["telescopes.csv"].question, viewport={"width": 375, "height": 780})
    box = drawer(one).get_by_role("dialog").bounding_box()
    assert box is not None
    assert (box["x"], box["width"]) == (0, 375)
    wide = one.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= 375


def test_when_access_ends_while_the_drawer_is_open_the_next_click_shows_nothing(
    visit: Open, server: Served
) -> None:
    one = visit("When does the brass bell ring?")
    expect(drawer(one).locator("mark").first).to_be_visible()
    original = server.file_of("bell.md")
    assert status(original)[0] == 200
    done = run_child(
        "ingest", server.folder / "bells", "--yes", "--access", "group:board", env=server.env
    )
    assert done.returncode == 0, done.stderr
    drawer(one).get_by_role("button", name="Show more").click()
    expect(drawer(one).get_by_text("you may not read it")).to_be_visible(timeout=PATIENCE_MS)
    expect(drawer(one).locator(".passage, mark")).to_have_count(0)
    assert "at noon" not in drawer(one).inner_text()
    assert status(original)[0] == 404
    one.open(f"/{OPENED['When does the brass bell ring?']}")
    expect(one.page.locator(".passage, mark")).to_have_count(0)
