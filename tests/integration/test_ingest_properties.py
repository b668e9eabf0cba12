"""Whatever is done to a folder: after a run the documents are its files, and the next plan is empty."""

import os
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from cli_harness import settings_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.log import configure
from ingest.run import Ingestion, Selection
from ingest.writer_lock import writer_lock

pytestmark = pytest.mark.integration

URIS = [f"{folder}{name}.md" for folder in ("", "x/", "x/y/") for name in "abc"]
WORDS = ("abacus", "bassoon", "cello", "dulcimer", "euphonium", "flute")

Edit = tuple[str, str, str, str]
"""What is done, where, to what other place, and with which word."""

edits: st.SearchStrategy[list[list[Edit]]] = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(["write", "write", "move", "move", "delete", "touch"]),
            st.sampled_from(URIS),
            st.sampled_from(URIS),
            st.sampled_from(WORDS),
        ),
        max_size=6,
    ),
    min_size=2,
    max_size=4,
)


@pytest.fixture(scope="module")
def ingestion(
    tmp_path_factory: pytest.TempPathFactory, model_cache: Path
) -> Iterator[tuple[Ingestion, Path]]:
    """One knowledge base for all folders: texts that were embedded once are not embedded again."""
    configure("error")
    work = tmp_path_factory.mktemp("properties")
    with Ingestion(settings_of(work / "data", model_cache)) as opened:
        yield opened, work


class Tree:
    """A folder and what is known of it: the number of the file at each place, and its content."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.root.mkdir()
        self.files: dict[str, tuple[int, str]] = {}
        self._numbers = count()
        self._times = count(1_600_000_000)

    def apply(self, edit: Edit) -> None:
        kind, place, other, word = edit
        path = self.root / place
        if kind == "write":
            number = self.files[place][0] if place in self.files else next(self._numbers)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"# Note\n\nThe {word} stands here.\n")
            self.files[place] = (number, word)
            self._new_time(path)
        elif place in self.files and kind == "move" and other not in self.files:
            (self.root / other).parent.mkdir(parents=True, exist_ok=True)
            path.rename(self.root / other)
            self.files[other] = self.files.pop(place)
        elif place in self.files and kind == "delete":
            path.unlink()
            del self.files[place]
        elif place in self.files and kind == "touch":
            self._new_time(path)

    def _new_time(self, path: Path) -> None:
        # Two edits in one tick of the clock would leave the stamp as it was.
        now = next(self._times)
        os.utime(path, (now, now))


numbers = count()


@settings(
    max_examples=int(os.environ.get("FOOTNOTE_TEST_EXAMPLES", "20")),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(edits)
def test_documents_equal_the_folder_and_keep_their_ids_when_they_move(
    ingestion: tuple[Ingestion, Path], rounds: list[list[Edit]]
) -> None:
    opened, work = ingestion
    tree = Tree(work / f"folder{next(numbers)}")
    selection = Selection((tree.root,), allow_mass_delete=True)
    ids: dict[str, str] = {}
    words: dict[str, str] = {}
    for edited in rounds:
        for edit in edited:
            tree.apply(edit)
        with writer_lock(work / "data"):
            planning = opened.plan(selection)
            plan = planning.plans[0].plan
            report = opened.apply(planning, allow_mass_delete=True, progress=lambda *_: None)
        assert not report.quarantined
        assert report.moved == len(plan.of("moved"))
        assert report.added == len(plan.of("added"))
        assert report.changed == len(plan.of("changed"))
        assert report.removed == len(plan.of("removed"))

        records = {
            record.uri: record
            for record in opened.catalogue.list_documents()
            if record.source == str(tree.root)
        }
        assert records.keys() == tree.files.keys()
        for uri, record in records.items():
            text, _ = opened.catalogue.document_text(record.doc_id)
            assert f"The {tree.files[uri][1]} stands" in text
            if ids.get(uri) is not None:
                assert record.doc_id == ids[uri], "a document that stays at its place stays itself"
        check_moves(ids, words, {uri: record.doc_id for uri, record in records.items()}, tree)
        ids = {uri: record.doc_id for uri, record in records.items()}
        words = {uri: tree.files[uri][1] for uri in records}

        again = opened.plan(selection).plans[0].plan
        assert {step.action for step in again.steps} <= {"unchanged"}
        assert again.touched == ()


def check_moves(
    before: dict[str, str], words: dict[str, str], now: dict[str, str], tree: Tree
) -> None:
    """Check that of each content, as many documents kept their ids as could have moved."""
    for word in WORDS:
        gone = {doc_id for uri, doc_id in before.items() if uri not in now and words[uri] == word}
        new = {
            doc_id
            for uri, doc_id in now.items()
            if uri not in before and tree.files[uri][1] == word
        }
        assert len(gone & new) == min(len(gone), len(new)), f"{word}: {gone} became {new}"
    assert len(set(now.values())) == len(now)
