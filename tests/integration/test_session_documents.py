"""Files that are dropped into the chat, read by the real command in processes of their own."""

import io
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fpdf import FPDF

from app.application import Application
from app.bootstrap import open_application
from app.uploads.session_documents import MAX_DOCUMENTS, SessionDocuments
from app.uploads.session_folder import remove_leftovers
from core.answers import Caller
from core.errors import NotFound, UsageError
from core.settings import Settings, load_settings

ADA = Caller("ada@example.org", frozenset({"everyone", "user:ada@example.org"}))
TRAVEL = b"# Travel\n\nThe limit for hotels in Lisbon is 143 euros a night.\n"
HOTEL = "What is the limit for hotels in Lisbon?"


class Clock:
    """Seconds that pass when told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def clock() -> Clock:
    return Clock()


@pytest.fixture(scope="module")
def application(
    tmp_path_factory: pytest.TempPathFactory, model_cache: Path, clock: Clock
) -> Iterator[Application]:
    """One application over an empty knowledge base; files go to a temporary folder of this module's own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tempfile, "tempdir", str(tmp_path_factory.mktemp("temporary")))
        patch.setenv("FOOTNOTE_MODEL_CACHE", str(model_cache))
        settings = load_settings(data_dir=tmp_path_factory.mktemp("data"), offline=True)
        opened = open_application(settings)
        opened.uploads._clock = clock
        yield opened
        opened.uploads.close_all()


@pytest.fixture
def uploads(application: Application) -> Iterator[SessionDocuments]:
    yield application.uploads
    for key in ("one", "two"):
        application.uploads.close(key)


def files_below(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and path.name != "lock"]


def temporary() -> Path:
    return Path(tempfile.gettempdir())


def pdf(password: str | None = None) -> bytes:
    made = FPDF()
    made.add_page()
    made.set_font("Helvetica", size=12)
    made.multi_cell(0, 8, "The key to the archive room is kept by Dr. Okonkwo on floor three.")
    if password:
        made.set_encryption(owner_password="owner", user_password=password)
    return bytes(made.output())


def zipped(**files: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in files.items():
            archive.writestr(f"{name}.md", content)
    return made.getvalue()


def test_a_dropped_file_is_answered_from_with_its_exact_words(uploads: SessionDocuments) -> None:
    added = uploads.add("Travel policy.md", TRAVEL, "one", ADA)
    assert (added.title, added.documents) == ("Travel policy.md", 1)
    service = uploads.service_for("one")
    assert service is not None
    answer = service.ask(HOTEL, ADA)
    assert answer.status == "answered"
    assert "143 euros" in answer.citations[0].quote
    view = service.open_document(answer.citations[0].document.doc_id, ADA)
    citation = answer.citations[0]
    assert view.text[citation.start : citation.end] == citation.quote


def test_a_pdf_is_read_page_by_page(uploads: SessionDocuments) -> None:
    uploads.add("keys.pdf", pdf(), "one", ADA)
    service = uploads.service_for("one")
    assert service is not None
    answer = service.ask("Who keeps the key to the archive room?", ADA)
    assert "Okonkwo" in answer.text
    assert answer.citations[0].page == 1


def test_no_model_is_loaded_a_second_time(
    application: Application, uploads: SessionDocuments
) -> None:
    uploads.add("a.md", TRAVEL, "one", ADA)
    service = uploads.service_for("one")
    assert service is not None
    assert service.retriever.embedder is application.service.retriever.embedder


def test_nothing_of_it_enters_the_knowledge_base(
    application: Application, uploads: SessionDocuments, capfd: pytest.CaptureFixture[str]
) -> None:
    uploads.add("zebra-quagga.md", TRAVEL.replace(b"Lisbon", b"Quaggaville"), "one", ADA)
    service = uploads.service_for("one")
    assert service is not None
    service.ask("What is the limit in Quaggaville?", ADA)
    assert application.service.conversations(ADA) == []
    assert application.service.readable_documents(ADA) == 0
    application.service.catalogue.engine.dispose()
    stored = b"".join(path.read_bytes() for path in files_below(application.settings.data_dir))
    written = "".join(capfd.readouterr())
    assert b"uagga" not in stored
    assert "uagga" not in written


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("secret.pdf", pdf("word"), "protected by a password"),
        ("setup.exe", b"MZ\x90\x00\x03\x00\x00\x00", "kind that cannot be read"),
        ("empty.md", b"", "has no text in it"),
        ("broken.pdf", b"%PDF-1.7\nnot really", "is damaged"),
    ],
)
def test_what_cannot_be_read_is_said_in_a_plain_sentence(
    uploads: SessionDocuments, name: str, content: bytes, words: str
) -> None:
    with pytest.raises(UsageError, match=words):
        uploads.add(name, content, "one", ADA)
    (failed,) = uploads.pending("one")
    assert failed.state == "failed"
    assert name in failed.problem
    assert uploads.documents("one") == ()
    assert uploads.service_for("one") is None


def test_a_file_above_the_limit_is_refused_before_anything_is_written(
    uploads: SessionDocuments,
) -> None:
    with pytest.raises(UsageError, match="is larger than 20 MB"):
        uploads.add("big.md", b"x" * (21 * 1024 * 1024), "one", ADA)
    assert uploads.pending("one") == ()


@pytest.mark.parametrize(
    "name",
    ["../../../escape.md", "nul\0name.md", "n" * 300 + ".md", "\u202edm.evil\u2066.md", "--help"],
)
def test_no_file_name_writes_outside_its_folder(uploads: SessionDocuments, name: str) -> None:
    before = set(files_below(temporary().parent))
    added = uploads.add(name, TRAVEL, "one", ADA)
    assert "\u202e" not in added.title
    assert "\0" not in added.title
    made = set(files_below(temporary().parent)) - before
    assert made
    assert all(path.is_relative_to(temporary()) for path in made)
    assert all((path.parent.stat().st_mode & 0o077) == 0 for path in made if path.suffix == ".md")


def test_two_sessions_do_not_see_each_other(uploads: SessionDocuments) -> None:
    first = uploads.add("a.md", TRAVEL, "one", ADA)
    uploads.add("b.md", b"# Lunch\n\nLunch in the canteen costs 9 euros.\n", "two", ADA)
    one, two = uploads.service_for("one"), uploads.service_for("two")
    assert one is not None
    assert two is not None
    assert one.ask(HOTEL, ADA).status == "answered"
    other = two.ask(HOTEL, ADA)
    assert "143" not in other.text
    assert [document.title for document in uploads.documents("two")] == ["b.md"]
    conversation = one.conversations(ADA)[0].conversation_id
    with pytest.raises(NotFound):
        two.turns(conversation, ADA)
    with pytest.raises(NotFound):
        uploads.remove("two", first.key)
    assert uploads.service_for("guessed") is None
    with pytest.raises(NotFound):
        uploads.begin("c.md", TRAVEL, "one", replace(ADA, name="bob@example.org"))


def test_an_archive_is_all_its_documents_and_goes_with_them(uploads: SessionDocuments) -> None:
    packed = zipped(travel=TRAVEL, lunch=b"# Lunch\n\nLunch in the canteen costs 9 euros.\n")
    archive = uploads.add("both.zip", packed, "one", ADA)
    uploads.add("keys.pdf", pdf(), "one", ADA)
    service = uploads.service_for("one")
    assert service is not None
    assert archive.documents == 2
    assert service.readable_documents(ADA) == 3
    uploads.remove("one", archive.key)
    assert service.readable_documents(ADA) == 1
    assert "143" not in service.ask(HOTEL, ADA).text
    assert [document.title for document in uploads.documents("one")] == ["keys.pdf"]


def test_the_last_file_that_is_removed_leaves_nothing_behind(uploads: SessionDocuments) -> None:
    added = uploads.add("a.md", TRAVEL, "one", ADA)
    assert files_below(temporary())
    uploads.remove("one", added.key)
    assert files_below(temporary()) == []
    assert uploads.service_for("one") is None


def test_a_session_takes_five_files_and_one_file_is_read_at_a_time(
    uploads: SessionDocuments,
) -> None:
    for number in range(MAX_DOCUMENTS):
        uploads.begin(f"{number}.md", TRAVEL, "one", ADA)
    states = [entry.state for entry in uploads.pending("one")]
    assert states.count("reading") <= 1
    assert states.count("waiting") >= MAX_DOCUMENTS - 1
    assert uploads.pending("one")[-1].ahead > 0
    with pytest.raises(UsageError, match="At most 5 documents"):
        uploads.begin("6.md", TRAVEL, "one", ADA)
    uploads.close("one")
    assert files_below(temporary()) == []


def test_a_session_that_lost_its_connection_is_closed_unless_it_comes_back(
    uploads: SessionDocuments, clock: Clock
) -> None:
    uploads.add("a.md", TRAVEL, "one", ADA)
    uploads.leave("one")
    clock.now += 100
    uploads.stay("one")
    clock.now += 200
    uploads.sweep()
    assert uploads.documents("one")
    uploads.leave("one")
    clock.now += 200
    uploads.sweep()
    assert files_below(temporary()) == []


def test_a_session_that_nobody_uses_for_two_hours_is_closed(
    uploads: SessionDocuments, clock: Clock
) -> None:
    uploads.add("a.md", TRAVEL, "one", ADA)
    clock.now += 2 * 3600 - 10
    uploads.sweep()
    assert files_below(temporary())
    clock.now += 20
    uploads.sweep()
    assert files_below(temporary()) == []


def test_the_oldest_session_makes_room(
    uploads: SessionDocuments, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.uploads.session_documents._MOST_SESSIONS", 1)
    uploads.add("a.md", TRAVEL, "one", ADA)
    uploads.begin("b.md", TRAVEL, "two", ADA)
    assert uploads.documents("one") == ()


def test_folders_of_processes_that_ended_are_removed_and_others_stay(
    uploads: SessionDocuments,
) -> None:
    uploads.begin("a.md", TRAVEL, "one", ADA)
    script = (
        "import os, tempfile; tempfile.tempdir = os.environ['HERE']\n"
        "from app.uploads.session_folder import TemporaryRoot\n"
        "path = TemporaryRoot().path(); (path / 'left.md').write_text('x'); print(path, flush=True)\n"
        "os._exit(1)\n"
    )
    environment = os.environ | {"HERE": str(temporary()), "PYTHONPATH": str(Path.cwd())}
    ended = subprocess.run(
        [sys.executable, "-c", script],
        env=environment,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    left = Path(ended.stdout.strip())
    assert left.is_dir(), ended.stderr
    link = temporary() / "footnote-dropped-link"
    link.symlink_to(Path.home())
    remove_leftovers()
    link.unlink()
    assert not left.exists()
    assert files_below(temporary())


def test_the_command_gets_no_secret(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from app.uploads.ingestion import Ingestions

    monkeypatch.setenv("FOOTNOTE_LLM_API_KEY", "sk-secret")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "aws-secret")
    settings: Settings = load_settings()
    passed = json.dumps(Ingestions(settings)._environment(tmp_path, "m"))
    assert "secret" not in passed
