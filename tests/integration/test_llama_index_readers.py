"""Real readers of LlamaIndex as sources: what a plan makes of them when something changes or goes."""

import http.server
import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("llama_index.core")

from core.documents import content_version
from core.errors import ConfigError, SourceError
from index.catalogue import KnownDocument
from ingest.planning import Plan, make_plan
from ingest.sources.base import Source
from ingest.sources.llama_index_reader import ReaderConfig
from ingest.spool import Spool

pytestmark = pytest.mark.integration
DIRECTORY = "llama_index.core.SimpleDirectoryReader"


class Index:
    """What a catalogue would remember, from plan to plan."""

    def __init__(self, folder: Path, spool: Spool) -> None:
        self._spool = spool
        self._folder = folder
        self.known: dict[str, KnownDocument] = {}
        self.texts: dict[str, str] = {}

    def source(self, **fields: Any) -> Source:
        config = ReaderConfig(**{"type": "reader", "access": ["group:staff"], **fields})
        return config.build("reader", self._folder, self._folder / "state")

    def run(self, **fields: Any) -> dict[str, str]:
        """Plan, remember, and return what the plan does to each document that is not unchanged."""
        plan = self.plan(**fields)
        for step in plan.steps:
            if step.item is None:
                del self.known[step.uri]
                continue
            item = step.item
            content = Path(item.path).read_bytes()
            self.texts[step.uri] = content.decode()
            self.known[step.uri] = KnownDocument(
                step.doc_id, item.uri, item.access, "active", item.size, item.stamp,
                content_version(content), item.access,
            )  # fmt: skip
        return {step.uri: step.action for step in plan.steps if step.action != "unchanged"}

    def plan(self, **fields: Any) -> Plan:
        source = self.source(**fields)
        stamps = {uri: entry.seen_stamp for uri, entry in self.known.items()}
        listing = source.list(stamps, self._spool)
        self.items = {item.uri: item for item in listing.items}
        self.problem = listing.problem
        return make_plan(
            source, listing, self.known, (), lambda item: content_version(Path(item.path).read_bytes())
        )  # fmt: skip


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    with closing(Spool(tmp_path / "data")) as spool:
        yield Index(tmp_path, spool)


@pytest.fixture
def git_tree(tmp_path: Path) -> Callable[..., Path]:
    folder = tmp_path / "tree"
    folder.mkdir()

    def git(*arguments: str) -> None:
        who = ["-c", "user.name=A", "-c", "user.email=a@example.org"]
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1"}
        command = ["git", "-C", str(folder), *who, *arguments]
        subprocess.run(command, check=True, env=environment, capture_output=True)

    git("init", "-q")

    def commit(**files: str | None) -> Path:
        for name, text in files.items():
            path = folder / (name + ".md")
            path.unlink(missing_ok=True)
            if text is not None:
                path.write_text(text)
        git("add", "--all")
        git("commit", "-q", "-m", "x")
        return folder

    return commit


@pytest.fixture
def site() -> Iterator[dict[str, Any]]:
    """A web server; the dictionary maps paths to (status, content type, body)."""
    pages: dict[str, Any] = {}

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, kind, body = pages.get(self.path.partition("?")[0], (404, "text/html", "none"))
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.end_headers()
            self.wfile.write(body.encode())

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    pages["address"] = f"http://127.0.0.1:{server.server_port}"
    yield pages
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_directory_reader_over_a_git_tree_is_planned_changed_and_emptied(
    index: Index, git_tree: Callable[..., Path]
) -> None:
    folder = git_tree(guide="# Guide\n", pay="# Pay\n", old="# Old\n")
    fields = {
        "reader": DIRECTORY,
        "arguments": {"input_dir": str(folder), "recursive": True},
        "title_from": "file_name",
        "updated_from": "last_modified_date",
        "ending": ".md",
        "rules": [{"match": "pay*", "access": ["group:hr"]}],
    }
    assert index.run(**fields) == {"guide.md": "added", "old.md": "added", "pay.md": "added"}
    assert index.texts["guide.md"] == "# Guide\n"
    item = index.items["pay.md"]
    assert (item.access, item.title, item.name) == (("group:hr",), "pay.md", "pay.md.md")
    assert len(item.updated_at) == 25
    assert index.run(**fields) == {}
    git_tree(guide="# Guide, second\n", old=None)
    assert index.run(**fields) == {"guide.md": "changed", "old.md": "removed"}


def test_a_web_reader_is_planned_changed_and_emptied(index: Index, site: dict[str, Any]) -> None:
    pytest.importorskip("llama_index.readers.wordpress")
    base = site["address"]

    def publish(*pages: tuple[int, str, str]) -> None:
        listed = [
            {
                "id": number,
                "title": {"rendered": f"Page {number}"},
                "link": f"{base}/?p={number}",
                "modified": modified,
                "content": {"rendered": f"<p>{text}</p>"},
            }
            for number, modified, text in pages
        ]
        site["/wp-json/wp/v2/pages"] = (200, "application/json", json.dumps(listed))

    fields = {
        "reader": "llama_index.readers.wordpress.WordpressReader",
        "arguments": {"url": base, "get_posts": False},
        "id_from": "url",
        "version_from": "updated_at",
        "title_from": "title",
        "url_from": "url",
        "updated_from": "updated_at",
    }
    publish((1, "2026-01-02T03:04:05", "One"), (2, "2026-01-02T03:04:05", "Two"))
    assert index.run(**fields) == {f"{base}/?p=1": "added", f"{base}/?p=2": "added"}
    item = index.items[f"{base}/?p=1"]
    assert (item.title, item.url) == ("Page 1", f"{base}/?p=1")
    assert item.updated_at == "2026-01-02T03:04:05+00:00"
    assert index.texts[item.uri] == "One"
    assert index.run(**fields) == {}
    publish((1, "2026-02-02T03:04:05", "One, second"))
    assert index.run(**fields) == {f"{base}/?p=1": "changed", f"{base}/?p=2": "removed"}
    site.pop("/wp-json/wp/v2/pages")
    with pytest.raises(SourceError, match=r"HTTPError: 404.*Nothing was changed"):
        index.run(**fields)


@pytest.mark.skipif(
    find_spec("llama_index.readers") is None or find_spec("llama_index.readers.web") is None,
    reason="llama-index-readers-web is not installed (158 MB with what it needs)",
)
@pytest.mark.filterwarnings("ignore")
def test_the_simple_web_page_reader_is_planned_and_an_outage_removes_nothing(
    index: Index, site: dict[str, Any]
) -> None:
    urls = [f"{site['address']}/{name}" for name in "ab"]
    site["/a"] = site["/b"] = (200, "text/html", "<p>One</p>")
    fields = {
        "reader": "llama_index.readers.web.SimpleWebPageReader",
        "load": {"urls": urls},
        "ending": ".html",
        "url_from": "url",
    }
    assert index.run(**fields) == dict.fromkeys(urls, "added")
    assert index.run(**fields) == {}
    site["/b"] = (200, "text/html", "<p>Two</p>")
    assert index.run(**fields) == {urls[1]: "changed"}
    site["/b"] = (500, "text/html", "down")
    with pytest.raises(SourceError, match="Nothing was changed"):
        index.run(**fields)
    assert index.run(**{**fields, "load": {"urls": urls[:1]}}) == {urls[1]: "removed"}


def test_a_slack_export_through_the_json_reader_is_planned_changed_and_emptied(
    index: Index, tmp_path: Path
) -> None:
    pytest.importorskip("llama_index.readers.json")
    day = tmp_path / "export" / "general" / "2026-03-04.json"
    day.parent.mkdir(parents=True)
    day.write_text(json.dumps([{"user": "U1", "text": "Hello"}]))
    fields = {
        "reader": "llama_index.readers.json.JSONReader",
        "load": {"input_file": str(day), "extra_info": {"source": "general/2026-03-04"}},
    }
    assert index.run(**fields) == {"general/2026-03-04": "added"}
    assert "Hello" in index.texts["general/2026-03-04"]
    assert index.run(**fields) == {}
    day.write_text(json.dumps([{"user": "U1", "text": "Hello again"}]))
    assert index.run(**fields) == {"general/2026-03-04": "changed"}
    other = {"input_file": str(day), "extra_info": {"source": "general/other"}}
    assert index.run(**{**fields, "load": other}) == {"general/other": "moved"}
    day.unlink()
    with pytest.raises(SourceError, match="FileNotFoundError"):
        index.run(**fields)


def test_the_days_of_a_slack_export_come_and_go_with_a_directory_reader(
    index: Index, tmp_path: Path
) -> None:
    export = tmp_path / "export"

    def write(channel: str, day: str, *messages: str) -> None:
        path = export / channel / f"{day}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps([{"user": "U1", "text": text} for text in messages]))

    write("general", "2026-03-04", "The pump is back.")
    write("general", "2026-03-05", "Lunch at noon.")
    write("sales", "2026-03-04", "Order 17 is signed.")
    fields = {
        "reader": DIRECTORY,
        "arguments": {"input_dir": str(export), "recursive": True},
        "ending": ".txt",
        "rules": [{"match": "sales/**", "access": ["group:sales"]}],
    }
    days = ("general/2026-03-04.json", "general/2026-03-05.json", "sales/2026-03-04.json")
    assert index.run(**fields) == dict.fromkeys(days, "added")
    assert index.items["sales/2026-03-04.json"].access == ("group:sales",)
    assert index.run(**fields) == {}
    write("general", "2026-03-05", "Lunch at noon.", "Make it one.")
    (export / "general" / "2026-03-04.json").unlink()
    assert index.run(**fields) == {
        "general/2026-03-05.json": "changed",
        "general/2026-03-04.json": "removed",
    }
    assert "Make it one." in index.texts["general/2026-03-05.json"]


def test_ids_that_a_reader_makes_up_are_refused(index: Index, tmp_path: Path) -> None:
    pytest.importorskip("llama_index.readers.json")
    (tmp_path / "a.json").write_text("{}")
    with pytest.raises(SourceError, match=r"`id_from:`.*Nothing was changed"):
        index.run(
            reader="llama_index.readers.json.JSONReader",
            load={"input_file": str(tmp_path / "a.json")},
        )


@pytest.fixture
def sloppy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A reader that prints, logs or does nothing about what it leaves out, unless it is told to be strict."""
    package = tmp_path / "site" / "llama_index" / "readers" / "sloppy"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text(
        "import logging\n"
        "from llama_index.core.readers.base import BaseReader\n"
        "from llama_index.core.schema import Document\n"
        "class SloppyReader(BaseReader):\n"
        "    def __init__(self, how, raise_on_error=False):\n"
        "        self.how, self.strict = how, raise_on_error\n"
        "    def load_data(self):\n"
        "        if self.strict and self.how == 'raise':\n"
        "            raise OSError('b is gone')\n"
        "        if self.how == 'print':\n"
        "            print('Reading a')\n"
        "            print('Failed to load file b with error: x. Skipping...')\n"
        "        if self.how == 'log':\n"
        "            logging.getLogger(__name__).error('b is gone')\n"
        "        return [Document(text='a', metadata={'url': 'a'})]\n"
    )
    monkeypatch.syspath_prepend(tmp_path / "site")
    return "llama_index.readers.sloppy.SloppyReader"


def test_what_a_reader_leaves_out_makes_the_listing_incomplete(
    sloppy: str, index: Index, capsys: pytest.CaptureFixture[str]
) -> None:
    assert index.run(reader=sloppy, arguments={"how": "nothing"}) == {"a": "added"}
    assert index.problem == ""
    for how, words in (
        ("print", "Failed to load file b"),
        ("log", "left something out: b is gone"),
    ):
        assert index.run(reader=sloppy, arguments={"how": how}) == {}
        assert words in index.problem
    assert capsys.readouterr().out == ""


def test_a_reader_is_told_to_stop_at_what_it_cannot_read(sloppy: str, index: Index) -> None:
    with pytest.raises(SourceError, match=r"failed: OSError: b is gone. Nothing was changed"):
        index.run(reader=sloppy, arguments={"how": "raise"})
    lenient = {"how": "raise", "raise_on_error": False}
    assert index.run(reader=sloppy, arguments=lenient) == {"a": "added"}


def test_a_reader_that_fails_is_told_in_one_line_without_its_secrets(
    index: Index, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FOLDER", "/nowhere/hunter2")
    with pytest.raises(SourceError) as caught:
        index.run(reader=DIRECTORY, env={"input_dir": "FOLDER"})
    told = str(caught.value)
    assert "failed: ValueError: Directory *** does not exist." in told
    assert "\n" not in told
    assert caught.value.__cause__ is None
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        ("llama_index.readers.nonesuch.Reader", "pip install llama-index-readers-nonesuch"),
        ("llama_index.core.NoSuchReader", "There is no 'NoSuchReader'"),
        ("llama_index.core.Settings", "is no reader"),
        ("llama_index.core.schema.Document", "is no reader"),
    ],
)
def test_a_reader_that_cannot_be_loaded_says_what_to_do(
    reader: str, words: str, index: Index
) -> None:
    with pytest.raises(ConfigError, match=words):
        index.run(reader=reader)


@pytest.mark.parametrize(
    "reader", ["os.system", "llama_index", "llama_index.core", "llama_indexx.a.b"]
)
def test_only_classes_of_llama_index_are_loaded(reader: str) -> None:
    with pytest.raises(ValueError, match=r"below `llama_index\.`"):
        ReaderConfig(type="reader", reader=reader)


def test_the_global_settings_of_llama_index_are_not_touched(
    index: Index, git_tree: Callable[..., Path]
) -> None:
    from llama_index.core import Settings

    before = dict(vars(Settings))
    index.run(reader=DIRECTORY, arguments={"input_dir": str(git_tree(a="# A\n"))})
    assert dict(vars(Settings)) == before
