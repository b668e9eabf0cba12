"""Random callers over random access lists, compared with a brute-force search of what they may read.

The comparisons are in `tests/e2e/permission_oracle.py`, which also runs by itself for any number of cases.
"""

import os
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import permission_oracle as oracle
import pytest
from cli_harness import child_env, invoke, invoke_json, only_value, run_child, write_files
from permission_oracle import ADMIN, DIM, NOBODY, Drawn, LaidOut, Report, StoreKind, Written
from sqlalchemy import update

from app.bootstrap import open_service, web_caller
from core.answers import Caller
from core.errors import ConfigError
from core.settings import load_settings
from index.database import writing
from index.permissions import caller_named
from index.retriever import HybridRetriever
from index.schema import documents

pytestmark = pytest.mark.integration

KINDS: tuple[StoreKind, ...] = ("faiss", "qdrant")
ZOO = caller_named("z@example.org", ["zoo"])
VET = caller_named("v@example.org", ["vets"])
STRANGER = caller_named("", [])


@pytest.fixture
def work() -> Iterator[Path]:
    with oracle.fast_folder() as folder:
        yield folder


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> StoreKind:
    chosen: StoreKind = request.param
    return chosen


@pytest.fixture
def base(work: Path, kind: StoreKind) -> Iterator[LaidOut]:
    """A knowledge base with random documents and readers."""
    made = LaidOut(work / "base", kind, Drawn(random.Random(5)).documents)
    yield made
    made.close()


def callers(seed: int, count: int) -> list[Caller]:
    drawn = Drawn(random.Random(seed))
    return [ADMIN, NOBODY, *(drawn.caller() for _ in range(count))]


def uris(retriever: HybridRetriever, question: str, caller: Caller, top_k: int = 50) -> set[str]:
    return {hit.document.uri for hit in retriever.retrieve(question, caller, top_k)}


def passed(report: Report) -> None:
    assert not report.differences, report.table() + "\n" + str(report.differences[:3])


# --- random cases ---------------------------------------------------------------------------------


@pytest.mark.parametrize(("kind", "cases"), [("faiss", 300), ("qdrant", 70)])
def test_random_callers_find_what_brute_force_over_their_documents_finds(
    kind: StoreKind, cases: int
) -> None:
    report = oracle.run_cases(kind, cases, seed=4, per_base=150)
    passed(report)
    rare = {"understanding: twin", "retriever: asked by administrator", "absence: why not"}
    assert all(report.checks[name] for name in rare), report.table()
    assert all(
        count >= cases
        for name, count in report.checks.items()
        if not name.startswith(("counts", "absence")) and name not in rare | {_ONE_CALL}
    )


_ONE_CALL = "retriever: in one call"


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_10000_random_cases_have_no_difference(kind: StoreKind) -> None:
    report = oracle.run_cases(kind, 10_000, seed=2)
    assert report.cases == 10_000
    passed(report)


def test_a_search_by_meaning_equals_brute_force_over_what_may_be_read(base: LaidOut) -> None:
    retriever = base.retriever
    numbers, matrix = base.catalogue.vectors_by_chunk(retriever.embedder.name, DIM)
    rows = base.catalogue.chunk_rows(numbers.tolist())
    for question in (base.documents[key].texts[0] for key in sorted(base.documents)[:6]):
        prepared = retriever.prepare(question, ADMIN)
        cosines = (matrix @ prepared.vector[0]).tolist()
        for caller in callers(1, 12):
            allowed = sorted(
                (
                    cosine
                    for number, cosine in zip(numbers.tolist(), cosines, strict=True)
                    if oracle.reads(caller, rows[number].access)
                ),
                reverse=True,
            )
            found = retriever.ranking_of(prepared, caller, 10).candidates.dense
            assert np.allclose(list(found.values())[:10], allowed[:10], atol=1e-5), caller


@pytest.mark.parametrize("top_k", [1, 7, 300])
def test_no_hit_is_ever_outside_of_what_may_be_read(base: LaidOut, top_k: int) -> None:
    drawn = Drawn(random.Random(5))
    for caller in callers(3, 6):
        mine = base.readable(caller)
        for question in ("guide to the hall", drawn.question()):
            for hit in base.retriever.retrieve(question, caller, top_k):
                assert hit.document.doc_id in mine


# --- counts and sentences -------------------------------------------------------------------------


def test_a_stranger_reads_what_everyone_may_read_and_no_principal_is_guessed(
    work: Path,
) -> None:
    base = LaidOut(work / "base", "faiss", Drawn(random.Random(5)).documents)
    public = sum("everyone" in document.access for document in base.documents.values())
    for name in ("", "stranger@example.org", "everyone", "group:hr", "hr", "%", "*"):
        assert base.retriever.readable_documents(caller_named(name, [])) == public
    base.close()


def test_an_abstention_counts_and_names_only_what_may_be_read(base: LaidOut) -> None:
    report = Report()
    for caller in callers(4, 8):
        oracle.compare_counts(base, caller, report)
    passed(report)
    assert report.checks["counts: abstention"] == 10


def test_500_headings_of_forbidden_documents_do_not_hide_the_example_of_a_readable_one(
    work: Path,
) -> None:
    forbidden = [
        Written(f"zoo/{n}.md", ("Nothing.",), ("group:zoo",), heading=f"The zoo of day {n}")
        for n in range(500)
    ]
    own = Written("own.md", ("One.", "Two."), ("everyone",), heading="Opening hours of the hall")
    base = LaidOut(work / "base", "faiss", [*forbidden, own])
    examples = base.service.example_questions(STRANGER)
    assert examples == ["What does own say about opening hours of the hall?"]
    assert base.service.example_questions(NOBODY) == []
    assert len(base.service.example_questions(ZOO)) == 4
    base.close()


def test_a_copy_of_a_forbidden_document_is_not_said_to_be_one(work: Path) -> None:
    """Equal scores at the cut: the second was called a copy of what nobody showed."""
    text = ("The quokka sleeps in the shade of the old tree.",)
    base = LaidOut(
        work / "base",
        "faiss",
        [
            Written("zoo/first.md", text, ("group:zoo",)),
            Written("a/note.md", ("The quokka sleeps in the sun.",), ("everyone",)),
            Written("b/note.md", ("The quokka sleeps in the sun.",), ("everyone",), copy_of="zoo/first.md"),
            Written("c/note.md", ("The quokka sleeps in the sun.",), ("everyone",), copy_of="a/note.md"),
        ],
    )  # fmt: skip
    asked = ("quokka sleeps", STRANGER, 1)
    reasons = [
        base.service.explained_search(*asked, why_not=f"{name}/note.md").why_not for name in "abc"
    ]
    assert [why.reason for why in reasons if why] == ["found", "ranked_lower", "copy"]
    base.close()


def test_words_of_forbidden_documents_do_not_hide_the_readable_word_that_was_meant(
    work: Path, kind: StoreKind
) -> None:
    near = " ".join(f"bass{letter}on" for letter in "abcdefgh")
    base = LaidOut(
        work / "base",
        kind,
        [
            Written("zoo.md", (f"{near} {near}", near, near), ("group:zoo",)),
            Written("open.md", ("The bassoon is tuned.",), ("everyone",)),
        ],
    )
    read = base.retriever.prepare("bassxon", STRANGER).read
    assert read.corrections == (("bassxon", "bassoon"),)
    base.close()


def test_a_stem_that_only_forbidden_documents_have_is_not_among_the_words_that_are_told(
    work: Path, kind: StoreKind
) -> None:
    base = LaidOut(
        work / "base",
        kind,
        [
            Written("zoo.md", ("Die Schwankungen des Gartens.",), ("group:zoo",), "de"),
            Written("open.md", ("Die Halle ist offen.",), ("everyone",), "de"),
            Written("guide.md", ("The hall is open.",), ("everyone",), "en"),
        ],
    )
    ours = base.retriever.prepare("Schwankungen", STRANGER).read.terms
    unheard = base.retriever.prepare("Zwankungen", STRANGER).read.terms
    assert [term.replace("schw", "zw") for term in ours] == list(unheard)
    assert "schwankung" in base.retriever.prepare("Schwankungen", ZOO).read.terms
    base.close()


# --- many forbidden neighbours --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "crowd"),
    [
        # From 4,096 rows on FAISS searches codes.
        ("faiss", 5000),
        ("qdrant", 500),
        pytest.param("faiss", 20_000, marks=pytest.mark.slow),
        pytest.param(
            "qdrant",
            20_000,
            marks=[pytest.mark.slow, pytest.mark.filterwarnings("ignore:Local mode")],
        ),
    ],
)
def test_any_number_of_forbidden_near_neighbours_hides_none_of_ten(
    work: Path, kind: StoreKind, crowd: int
) -> None:
    base = oracle.crowded(work / "base", kind, crowd)
    passed(oracle.compare_crowded(base))
    base.close()


# --- changes --------------------------------------------------------------------------------------


def test_revoked_documents_are_gone_with_the_next_query(work: Path, kind: StoreKind) -> None:
    text = ("A quokka, a quokka, and another quokka.",)
    crowd = [f"crowd/{number}.md" for number in range(60)]
    base = LaidOut(work / "base", kind, [Written(uri, text, ("group:zoo",)) for uri in crowd])
    base.put(Written("few.md", ("A quokka rides along.",), ("everyone",)))
    for readers, mine, others in (
        ("group:zoo", ZOO, VET),
        ("group:vets", VET, ZOO),
        ("group:zoo", ZOO, VET),
    ):
        base.put(*(Written(uri, text, (readers,)) for uri in crowd))
        assert uris(base.retriever, "quokka", mine, 300) == {"few.md", *crowd}
        for caller in (others, STRANGER):
            assert uris(base.retriever, "quokka", caller, 300) == {"few.md"}
            assert {hit.document.uri for hit in base.service.search("quokka", caller, 9)} == {
                "few.md"
            }
            assert base.service.readable_documents(caller) == 1
    base.close()


def test_a_store_that_lags_behind_the_catalogue_shows_and_scores_nothing_forbidden(
    base: LaidOut,
) -> None:
    retriever = base.retriever
    everything = sorted(base.documents)
    revoked = set(everything[::2])
    with writing(base.catalogue.engine) as connection:
        for doc_id in revoked:
            is_it = documents.c.doc_id == doc_id
            connection.execute(update(documents).where(is_it).values(access='["group:zoo"]'))
    drawn = Drawn(random.Random(5))
    for caller in callers(3, 8)[1:]:
        for _ in range(6):
            prepared = retriever.prepare(drawn.question(), caller)
            ranking = retriever.ranking_of(prepared, caller, 20)
            # What an administrator's question ranked is not shown to others either.
            whole = retriever.ranking_of(prepared, ADMIN, 20)
            if caller.is_admin:
                continue
            assert not {row.doc_id for row in ranking.rows.values()} & revoked
            for each in (ranking, whole):
                hits = retriever.hits_of(each, caller, 20)
                assert not {hit.document.doc_id for hit in hits} & revoked


def test_groups_count_from_the_next_question_and_a_file_that_cannot_be_read_denies(
    work: Path, tmp_path: Path, kind: StoreKind
) -> None:
    base = LaidOut(
        work / "base",
        kind,
        [
            Written("zoo.md", ("The quokka eats at noon.",), ("group:zoo",)),
            Written("open.md", ("The quokka lives here.",), ("everyone",)),
        ],
    )
    groups = tmp_path / "groups.yaml"
    settings = load_settings(groups_file=groups)

    def found() -> set[str]:
        caller = web_caller(settings, " ANN@Example.org ")
        return {hit.document.uri for hit in base.service.search("quokka", caller, 9)}

    for content, wanted in (
        ("{}", {"open.md"}),
        ("ann@example.org: [zoo]", {"open.md", "zoo.md"}),
        ("ann@example.org: [foo]", {"open.md"}),
        ("ANN@EXAMPLE.ORG: [group:zoo]", {"open.md", "zoo.md"}),
        ("bo@example.org: [zoo]", {"open.md"}),
    ):
        groups.write_text(content, encoding="utf-8")
        assert found() == wanted, content
    groups.write_text("ann@example.org: [zoo]", encoding="utf-8")
    assert found() == {"open.md", "zoo.md"}
    for content in (b"ann@example.org: zoo", b"[zoo]", b"{", b"\xff\xfe\x00"):
        groups.write_bytes(content)
        with pytest.raises(ConfigError, match="groups"):
            found()
    groups.unlink()
    with pytest.raises(ConfigError, match="Nobody is let in by group"):
        found()
    base.close()


def test_through_the_front_door_readers_change_without_a_restart_and_nothing_is_told(
    tmp_path: Path, model_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_files(
        tmp_path / "docs",
        {
            "open/a.md": "# Guide\n\nThe quokka lives in the hall.\n",
            "zoo/b.md": "# Food\n\nThe quokka eats at noon.\n",
            "zoo/.footnote.yaml": "access: [group:zoo]",
        },
    )
    env = child_env(tmp_path / "data", model_cache)
    for name, value in env.items():
        if name.startswith("FOOTNOTE_"):
            monkeypatch.setenv(name, value)
    assert run_child("ingest", folder, "--yes", env=env).returncode == 0
    service = open_service(load_settings())

    def found(caller: Caller) -> set[str]:
        return {hit.document.uri for hit in service.search("quokka", caller, 9)}

    told = _explained()
    assert told["explanation"]["hidden_chunks"] == 1
    assert found(ZOO) == {"open/a.md", "zoo/b.md"}
    assert found(VET) == {"open/a.md"}
    write_files(folder, {"zoo/.footnote.yaml": "access: [group:vets]"})
    assert run_child("ingest", folder, "--yes", env=env).returncode == 0
    assert found(VET) == {"open/a.md", "zoo/b.md"}
    assert found(ZOO) == {"open/a.md"}
    monkeypatch.setenv("FOOTNOTE_CLI_USER", "stranger@example.org")
    told = _explained()
    assert told["explanation"].get("hidden_chunks") is None
    assert "zoo" not in str(told).replace("zoo/b.md", "")
    assert "hidden" not in invoke("search", "quokka", "--explain").stdout
    shown = [invoke("documents", "show", uri) for uri in ("zoo/b.md", "zoo/c.md")]
    assert shown[0].exit_code == shown[1].exit_code != 0
    assert shown[0].stderr.replace("zoo/b.md", "zoo/c.md") == shown[1].stderr
    assert [each["uri"] for each in invoke_json("documents", "list")] == ["open/a.md"]


def _explained() -> Any:
    asked = ("search", "quokka", "--explain", "--why-not", "zoo/b.md")
    user = () if os.environ.get("FOOTNOTE_CLI_USER") else ("--as", "stranger@example.org")
    return only_value(invoke(*asked, *user, "--json").stdout)
