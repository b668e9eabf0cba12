"""Another model is brought in while everybody goes on: built beside, compared, switched to, gone back from."""

import json
import random
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from cli_harness import (
    ADMIN,
    child_env,
    invoke,
    invoke_json,
    lock_held_elsewhere,
    refused,
    settings_of,
    write_files,
)
from ingest_desk import Desk
from second_model import second_model
from sqlalchemy import select

from core.answers import Hit
from core.settings import DEFAULT_EMBEDDER, Settings
from index.catalogue import Catalogue
from index.factory import (
    KnowledgeBase,
    open_catalogue,
    open_embedder,
    open_knowledge_base,
    open_reembedding,
)
from index.generations import Generations
from index.manifest import Manifest, precision_of, set_of_vectors
from index.schema import chunks, vectors

pytestmark = pytest.mark.integration

ANIMALS = [
    "otter",
    "heron",
    "badger",
    "lynx",
    "marten",
    "osprey",
    "plover",
    "siskin",
    "weasel",
    "wigeon",
    "dunlin",
    "grebe",
]
QUESTION = "Where does the otter sleep?"


@dataclass(frozen=True, slots=True)
class Base:
    """A knowledge base of twelve small documents, built with the packaged model."""

    docs: Path
    data_dir: Path
    settings: Settings

    @property
    def catalogue(self) -> Catalogue:
        return open_catalogue(self.settings)

    @property
    def generations(self) -> Generations:
        return Generations(self.catalogue)

    def ingest(self, **files: str) -> dict[str, object]:
        write_files(self.docs, {f"{name}.md": text for name, text in files.items()})
        report: dict[str, object] = invoke_json("ingest", self.docs, "--yes")
        return report

    def reader(self) -> KnowledgeBase:
        return open_knowledge_base(self.settings)


@pytest.fixture
def base(tmp_path: Path, data_dir: Path, model_cache: Path) -> Base:
    made = Base(tmp_path / "docs", data_dir, settings_of(data_dir, model_cache))
    made.ingest(**{name: about(name) for name in ANIMALS})
    return made


@pytest.fixture(scope="session")
def second(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return second_model(tmp_path_factory.mktemp("second") / "tiny-model")


@pytest.fixture(scope="session")
def third(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return second_model(tmp_path_factory.mktemp("third") / "tiny-model", seed=8)


def about(name: str) -> str:
    return f"# The {name}\n\nThe {name} sleeps under the {name} stone until dusk.\n"


def names_of(knowledge: KnowledgeBase) -> set[str]:
    """Return the models of a reader's generation, of its vectors and of its questions."""
    knowledge.retriever.refresh()
    return {knowledge.retriever.embedder.name, knowledge.retriever.store.embedder}


def scored(hits: list[Hit]) -> list[tuple[str, float]]:
    """Return what must be equal: a raw cosine differs in its last bit with the place of a vector in memory."""
    return [(hit.chunk_id, hit.score) for hit in hits]


def uris(knowledge: KnowledgeBase, question: str = QUESTION) -> list[str]:
    return [hit.document.uri for hit in knowledge.retriever.retrieve(question, ADMIN, 10)]


# Beside, switched to, gone back from


def test_a_model_is_built_beside_and_a_running_reader_follows_switch_and_rollback(
    base: Base, second: Path
) -> None:
    reader = base.reader()
    (first,) = names_of(reader)
    before = reader.retriever.retrieve(QUESTION, ADMIN, 10)
    made = invoke_json("index", "reembed", "--model", second)
    assert (made["texts"], made["embedded"], made["dim"], made["switched"]) == (12, 12, 32, False)
    assert names_of(reader) == {first}
    assert scored(reader.retriever.retrieve(QUESTION, ADMIN, 10)) == scored(before)
    switched = invoke_json("index", "switch")
    assert switched["embedder"] == made["embedder"]
    assert names_of(reader) == names_of(base.reader()) == {made["embedder"]}
    assert reader.retriever.embedder.embed_query(QUESTION).shape == (1, 32)
    assert uris(reader)[0] == "otter.md"
    assert invoke_json("index", "verify")["ok"]
    back = invoke_json("index", "rollback")
    assert (back["embedder"], back["texts_without_vector"]) == (first, 0)
    assert names_of(reader) == {first}
    assert scored(reader.retriever.retrieve(QUESTION, ADMIN, 10)) == scored(before)
    assert invoke_json("index", "verify")["ok"]
    invoke_json("index", "rollback")
    assert names_of(reader) == {made["embedder"]}, "going back from going back"


def test_reembed_can_switch_at_its_end_and_each_switch_is_another_generation(
    base: Base, second: Path
) -> None:
    before = base.catalogue.generation()
    assert invoke_json("index", "reembed", "--model", second, "--switch")["switched"]
    assert base.catalogue.generation() == before + 1
    status = invoke_json("index", "status")
    assert status["embedder"] == status["current"]["embedder"]
    assert str(second) in status["embedder"]
    assert status["previous"]["embedder"].startswith(DEFAULT_EMBEDDER)
    assert status["next"] is None
    assert (status["current"]["share"], status["previous"]["share"]) == (1.0, 1.0)
    assert status["store"] == "faiss"


def test_words_are_shared_and_each_model_has_a_folder_of_vectors(base: Base, second: Path) -> None:
    invoke_json("index", "reembed", "--model", second)
    manifest = base.generations.next
    assert manifest is not None
    folders = {path.name for path in (base.data_dir / "index").iterdir() if path.is_dir()}
    assert folders == {"lexical", "vectors", f"vectors-{manifest.vectors}"}
    assert manifest.vectors.startswith("tiny-model-")


def test_texts_that_came_between_reembed_and_switch_are_embedded_by_the_switch(
    base: Base, second: Path
) -> None:
    invoke_json("index", "reembed", "--model", second)
    (base.docs / "heron.md").unlink()
    base.ingest(newt=about("newt"))
    status = invoke_json("index", "status")
    assert (status["current"]["embedded"], status["current"]["texts"]) == (12, 12)
    assert (status["next"]["embedded"], status["next"]["built"]) == (11, True)
    invoke_json("index", "switch")
    checked = invoke_json("index", "verify")
    assert (checked["ok"], checked["leftover_vectors"], checked["chunks"]) == (True, 0, 12)
    assert uris(base.reader(), "newt stone")[0] == "newt.md"


def test_what_came_since_the_switch_is_found_by_words_after_a_rollback_until_an_ingestion(
    base: Base, second: Path
) -> None:
    invoke_json("index", "reembed", "--model", second, "--switch")
    base.ingest(newt=about("newt"))
    result = invoke("index", "rollback")
    assert "1 texts came since" in result.stderr
    assert "found by their words only" in result.stderr
    reader = base.reader()
    (hit, *_) = reader.retriever.retrieve("newt stone", ADMIN, 5)
    assert (hit.document.uri, hit.why.dense_score) == ("newt.md", None)
    assert not invoke_json("index", "verify", code=1)["ok"]
    base.ingest()
    assert invoke_json("index", "verify")["ok"]
    (hit, *_) = reader.retriever.retrieve("newt stone", ADMIN, 5)
    assert hit.document.uri == "newt.md"
    assert hit.why.dense_score is not None


def test_an_ingestion_that_was_open_before_the_switch_embeds_with_the_new_model(
    base: Base, second: Path
) -> None:
    with Desk(base.docs, base.settings) as desk:
        write_files(base.docs, {"toad.md": about("toad")})
        desk.ingest()
        invoke_json("index", "reembed", "--model", second, "--switch")
        write_files(base.docs, {"newt.md": about("newt")})
        desk.ingest()
        assert invoke_json("index", "verify")["ok"]
        assert invoke_json("index", "status")["current"]["share"] == 1.0
        assert desk.found("newt") == {"newt.md"}


def test_ingestion_goes_on_while_texts_are_embedded(base: Base, second: Path) -> None:
    reembedding = open_reembedding(base.settings, str(second))
    reembedding.begin()
    seen: list[int] = []

    def ingest_meanwhile(stage: str, done: int, _total: int) -> None:
        if stage == "embedding" and not seen:
            seen.append(done)
            (base.docs / "lynx.md").unlink()
            base.ingest(newt=about("newt"), toad=about("toad"))

    assert reembedding.embed(ingest_meanwhile) == 14
    assert seen == [12]
    share = base.generations.share(reembedding.manifest)
    assert (share.embedded, share.texts) == (13, 13)


# Killed on the way


@pytest.mark.slow
def test_killed_five_times_it_still_completes_and_embeds_nothing_twice(
    tmp_path: Path, data_dir: Path, model_cache: Path, second: Path, third: Path
) -> None:
    random.seed(5)
    sections = [
        f"## Part {n}\n\n" + " ".join(random.choices(ANIMALS, k=50)) + f" {n}.\n"
        for n in range(2400)
    ]
    files = {f"{i}.md": "\n".join(sections[i * 200 : (i + 1) * 200]) for i in range(12)}
    docs = write_files(tmp_path / "docs", files)
    env = child_env(data_dir, model_cache)
    args = [sys.executable, "-c", "from app.cli import main; main()"]
    build = [*args, "ingest", str(docs), "--yes", "--json"]
    subprocess.run(
        build, env={**env, "FOOTNOTE_EMBEDDER": str(third)}, check=True, capture_output=True
    )
    settings = settings_of(data_dir, model_cache)
    catalogue = open_catalogue(settings)
    embedder = open_reembedding(settings, str(second)).manifest
    texts = Generations(catalogue).share(embedder).texts
    assert texts == 2400
    counts = [0]
    for _ in range(5):
        child = subprocess.Popen(
            [*args, "index", "reembed", "--model", str(second), "--json"],
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        while stored(catalogue, embedder) == counts[-1]:
            assert child.poll() is None, "it ended before it could be killed"
            time.sleep(0.001)
        child.send_signal(signal.SIGKILL)
        child.wait()
        counts.append(stored(catalogue, embedder))
        assert refused(invoke("index", "switch"), 2, f"{counts[-1]} of 2400", "index reembed")
    assert counts == sorted(set(counts))
    assert counts[-1] < texts, "the last kill came too late to prove anything"
    done = invoke_json("index", "reembed", "--model", second)
    assert done["embedded"] == texts - counts[-1]
    invoke_json("index", "switch")
    assert invoke_json("index", "verify")["ok"]
    assert stored(catalogue, embedder) == texts


def stored(catalogue: Catalogue, manifest: Manifest) -> int:
    query = select(vectors.c.vector_hash).where(vectors.c.model == manifest.embedder)
    with catalogue.engine.connect() as connection:
        return len(connection.execute(query).all())


def test_a_kill_after_the_switch_was_stored_leaves_the_sweep_to_the_next_one(
    base: Base, second: Path, third: Path
) -> None:
    invoke_json("index", "reembed", "--model", second, "--switch")
    first = base.generations.previous
    assert first is not None
    reembedding = open_reembedding(base.settings, str(third))
    reembedding.begin()
    reembedding.publish(lambda *_: None)
    reembedding.switch(lambda *_: None)  # and nobody removes what is forgotten
    assert [gone.vectors for gone in base.generations.forgotten()] == [""]
    assert (base.data_dir / "index" / "vectors").exists()
    invoke_json("index", "reembed", "--model", DEFAULT_EMBEDDER, "--switch")
    assert base.generations.forgotten() == ()
    assert not (base.data_dir / "index" / "vectors").exists()
    assert invoke_json("index", "verify")["ok"]
    assert uris(base.reader())[0] == "otter.md"


@pytest.mark.slow
def test_killed_anywhere_on_the_way_to_a_switch_questions_are_answered_by_one_whole_generation(
    base: Base, second: Path, model_cache: Path
) -> None:
    env = child_env(base.data_dir, model_cache)
    args = [sys.executable, "-c", "from app.cli import main; main()"]
    command = [*args, "index", "reembed", "--model", str(second), "--switch", "--json"]
    first = base.generations.current
    seen = set()
    for attempt in range(12):
        child = subprocess.Popen(
            command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        if base.generations.current == first:
            wait_until_begun(base, child)
        time.sleep(0.03 * attempt)
        child.kill()
        child.wait()
        generations = base.generations
        seen.add((generations.next is not None, generations.is_built, generations.current == first))
        reader = base.reader()
        assert len(names_of(reader)) == 1
        assert uris(reader)[0] == "otter.md"
        if generations.current != first:
            break
    assert len(seen) > 1, f"every kill came at the same place: {seen}"
    if base.generations.current == first:
        invoke_json("index", "reembed", "--model", second, "--switch")
    assert invoke_json("index", "verify")["ok"]
    base.ingest(newt=about("newt"))
    assert invoke_json("index", "verify")["ok"]


def wait_until_begun(base: Base, child: subprocess.Popen[bytes]) -> None:
    """Return when a re-embedding has written something, or is over."""
    before = stored_models(base), base.generations.next, base.catalogue.get_meta("unfinished_run")
    while child.poll() is None:
        now = stored_models(base), base.generations.next, base.catalogue.get_meta("unfinished_run")
        if now != before:
            return
        time.sleep(0.005)


# No mixture


READING = """
import json, sys
from core.settings import load_settings
from index.factory import open_knowledge_base
from index.permissions import administrator
retriever = open_knowledge_base(load_settings()).retriever
print("ready", flush=True)
while True:
    prepared = retriever.prepare(sys.argv[1], administrator())
    hits = retriever.retrieve_prepared(prepared, administrator(), 10)
    rows = [[hit.chunk_id, hit.why.dense_score] for hit in hits]
    print(json.dumps([prepared.generation.embedder.name, rows]), flush=True)
"""


def test_a_question_that_was_embedded_before_a_switch_is_searched_in_its_own_generation(
    both_small: Base,
) -> None:
    reader = both_small.reader()
    prepared = reader.retriever.prepare(QUESTION, ADMIN)
    before = reader.retriever.retrieve_prepared(prepared, ADMIN, 10)
    both_small.generations.roll_back()
    after = reader.retriever.retrieve(QUESTION, ADMIN, 10)
    assert scored(reader.retriever.retrieve_prepared(prepared, ADMIN, 10)) == scored(before)
    assert scored(after) != scored(before)


@pytest.fixture
def both_small(base: Base, second: Path, third: Path) -> Base:
    """Two generations whose vectors have the same size: only their values tell a mixture."""
    invoke_json("index", "reembed", "--model", second, "--switch")
    invoke_json("index", "reembed", "--model", third, "--switch")
    return base


def test_no_answer_mixes_generations_while_they_are_switched_under_load(
    both_small: Base, model_cache: Path
) -> None:
    base = both_small
    child = subprocess.Popen(
        [sys.executable, "-c", READING, QUESTION],
        env=child_env(base.data_dir, model_cache),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    told: list[str] = []
    listening = threading.Thread(target=lambda: told.extend(child.stdout or ()))
    listening.start()
    reader, answers, ended = base.reader(), [], threading.Event()

    def ask() -> None:
        while not ended.is_set():
            prepared = reader.retriever.prepare(QUESTION, ADMIN)
            hits = reader.retriever.retrieve_prepared(prepared, ADMIN, 10)
            rows = [(hit.chunk_id, hit.why.dense_score) for hit in hits]
            answers.append((prepared.generation.embedder.name, rows))

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    generations = base.generations
    for _ in range(40):
        time.sleep(0.1)
        generations.roll_back()
    ended.set()
    for thread in threads:
        thread.join()
    child.terminate()
    listening.join()
    child.stdout.close()
    child.wait()
    answers += [tuple(json.loads(line)) for line in told[:-1]]
    expected = cosines_by_model(base, QUESTION)
    for name, rows in answers:
        assert len(rows) == 10
        for chunk_id, score in rows:
            assert score == pytest.approx(expected[name][chunk_id], abs=1e-4)
    per_model = {name: sum(found == name for found, _ in answers) for name in expected}
    assert min(per_model.values()) > 10, f"both were asked: {per_model}"


def cosines_by_model(base: Base, question: str) -> dict[str, dict[str, float]]:
    """Return each chunk's cosine under each model, of the vectors in the catalogue."""
    made: dict[str, dict[str, float]] = {}
    for manifest in base.generations.kept:
        embedder = open_embedder(base.settings, precision_of(manifest), manifest.model_name)
        query = select(chunks.c.chunk_id, vectors.c.vector).where(
            chunks.c.vector_hash == vectors.c.vector_hash, vectors.c.model == manifest.embedder
        )
        with base.catalogue.engine.connect() as connection:
            rows = connection.execute(query).all()
        vector = embedder.embed_query(question)[0]
        made[manifest.embedder] = {
            row[0]: float(np.frombuffer(row[1], np.float32) @ vector) for row in rows
        }
    return made


def test_going_back_takes_less_than_a_second_until_the_next_question_is_answered_by_it(
    base: Base, second: Path
) -> None:
    invoke_json("index", "reembed", "--model", second, "--switch")
    reader = base.reader()
    names_of(reader)
    generations = base.generations
    started = time.perf_counter()
    manifest = generations.roll_back()
    stored_after = time.perf_counter() - started
    uris(reader)
    answered_after = time.perf_counter() - started
    assert names_of(reader) == {manifest.embedder}
    assert stored_after < 0.5
    assert answered_after < 1.0
    assert invoke_json("index", "rollback")["seconds"] < 0.5


# Refused


def test_a_model_whose_vectors_do_not_fit_is_refused_with_the_command_that_repairs_it(
    base: Base, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_EMBEDDER", str(second))
    command = f"footnote index reembed --model {second} --switch"
    for asked in (["search", "otter"], ["ingest", str(base.docs), "--yes"]):
        write_files(base.docs, {"newt.md": about("newt")})
        said = refused(invoke(*asked), 2, DEFAULT_EMBEDDER, str(second), command)
        assert "or unset FOOTNOTE_EMBEDDER" in said
    assert invoke(*command.split()[1:]).exit_code == 0
    found = invoke_json("search", "where the otter sleeps")
    assert found["hits"][0]["document"]["uri"] == "otter.md"
    monkeypatch.setenv("FOOTNOTE_EMBEDDER", DEFAULT_EMBEDDER)
    refused(invoke("search", "otter"), 2, f"reembed --model {DEFAULT_EMBEDDER} --switch")


def test_switching_says_which_setting_would_keep_new_readers_out(
    base: Base, second: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FOOTNOTE_EMBEDDER", DEFAULT_EMBEDDER)
    result = invoke("index", "reembed", "--model", second, "--switch")
    assert result.exit_code == 0
    assert f"unset it, or set it to {str(second)!r}" in result.stderr


def test_a_model_that_does_not_read_every_chunk_to_its_end_is_refused(
    base: Base, tmp_path: Path
) -> None:
    small = second_model(tmp_path / "small", window=16)
    long = " ".join(["The otter sleeps."] * 12)
    base.ingest(otter=f"# The otter\n\n{long}\n")
    said = refused(
        invoke("index", "reembed", "--model", small), 2, "reads 16 tokens at most", "not cut again"
    )
    assert "longer (up to 5" in said
    assert base.generations.next is None
    assert stored_models(base) == {base.generations.kept[0].embedder}
    enough = second_model(tmp_path / "enough", window=60)
    assert invoke_json("index", "reembed", "--model", enough)["embedded"] == 12


def stored_models(base: Base) -> set[str]:
    with base.catalogue.engine.connect() as connection:
        return set(connection.execute(select(vectors.c.model).distinct()).scalars())


def test_there_is_nothing_to_switch_to_or_go_back_to_at_first(base: Base) -> None:
    refused(invoke("index", "switch"), 2, "no next generation", "index reembed --model NAME")
    refused(invoke("index", "rollback"), 2, "no generation to go back to")


def test_a_generation_that_is_not_complete_is_not_switched_to(base: Base, second: Path) -> None:
    reembedding = open_reembedding(base.settings, str(second))
    reembedding.begin()
    said = refused(invoke("index", "switch"), 2, "0 of 12 texts", str(second))
    assert f"Run `footnote index reembed --model {second}` to complete it" in said
    assert invoke_json("index", "status")["next"]["built"] is False


def test_the_model_there_is_is_not_embedded_again(base: Base) -> None:
    refused(invoke("index", "reembed", "--model", DEFAULT_EMBEDDER), 2, "already")


def test_a_folder_without_documents_has_nothing_to_embed(second: Path, tmp_path: Path) -> None:
    asked = ["index", "reembed", "--model", str(second), "--data-dir", str(tmp_path / "new")]
    refused(invoke(*asked), 2, "There is no knowledge base")


def test_two_re_embeddings_do_not_run_at_once(base: Base, second: Path) -> None:
    with lock_held_elsewhere(base.data_dir / "index"):
        refused(invoke("index", "reembed", "--model", second), 2, "process")
        base.ingest(newt=about("newt"))
    assert base.catalogue.count_chunks() == 13


# Compared, shown, swept


def test_both_generations_are_asked_and_their_differences_counted(
    base: Base, second: Path, tmp_path: Path
) -> None:
    text = about("otter")
    start = text.index("The otter sleeps")
    rows = [
        {
            "id": "a",
            "question": QUESTION,
            "evidence": [{"uri": "otter.md", "quote": "until\ndusk"}],
        },
        {
            "id": "b",
            "question": "heron",
            "as": "ann@example.org",
            "evidence": [{"uri": "heron.md", "start": start, "end": start + 5}],
        },
        {"id": "c", "question": "Which stone?"},
        {"id": "d", "question": "Gone?", "evidence": [{"uri": "gone.md", "quote": "gone"}]},
    ]
    cases = tmp_path / "cases.jsonl"
    cases.write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    made = invoke_json("index", "reembed", "--model", second, "--compare", cases)["comparison"]
    assert made["recall_at_10"] == {"n": 2, "current": 1.0, "next": 1.0, "wins": 0, "losses": 0}
    assert made["mrr_at_10"]["n"] == 2
    assert made["mrr_at_10"]["current"] == 1.0
    assert made["overlap_at_10"]["n"] == 1
    assert 0 < made["overlap_at_10"]["mean"] <= 1
    assert made["evidence_not_found"] == 1
    shown = invoke("index", "reembed", "--model", second, "--compare", cases)
    assert "comparison recall_at_10: n 2, current 1.0, next 1.0, wins 0, losses 0" in shown.stdout


def test_a_case_that_cannot_be_used_is_named_before_anything_is_embedded(
    base: Base, second: Path, tmp_path: Path
) -> None:
    cases = tmp_path / "cases.jsonl"
    cases.write_text('{"id": "a", "question": "x", "evidence": [{"uri": "otter.md"}]}')
    asked = ["index", "reembed", "--model", str(second), "--compare", str(cases)]
    refused(invoke(*asked), 2, "'a'", "quote")
    assert stored_models(base) == {base.generations.kept[0].embedder}


def test_only_the_generations_that_can_be_gone_to_keep_their_vectors(
    base: Base, second: Path, third: Path
) -> None:
    first = base.generations.current
    invoke_json("index", "reembed", "--model", second, "--switch")
    invoke_json("index", "reembed", "--model", third, "--switch")
    kept = base.generations.kept
    assert stored_models(base) == {manifest.embedder for manifest in kept}
    assert first not in kept
    folders = {path.name for path in (base.data_dir / "index").glob("vectors*")}
    assert folders == {f"vectors-{manifest.vectors}" for manifest in kept}


def test_without_a_terminal_no_bar_is_drawn(base: Base, second: Path) -> None:
    result = invoke("index", "reembed", "--model", second)
    assert result.exit_code == 0
    assert result.stderr == "Run `footnote index switch` to search by it.\n"


def test_names_of_sets_fit_folders_and_tell_models_apart() -> None:
    names = [
        DEFAULT_EMBEDDER + "@53aa51172d14/int8",
        DEFAULT_EMBEDDER + "@53aa51172d14/fp32",
        "/models/one/tiny@0123456789ab/int8",
        "/models/two/tiny@0123456789ab/int8",
        "/" + "x" * 400 + "/é" * 300 + "@0123456789ab/int8",
    ]
    made = [set_of_vectors(name) for name in names]
    assert len(set(made)) == len(names)
    assert all(len(name) <= 80 for name in made)
    assert made[0].startswith("all-minilm-l6-v2-53aa51172d14-int8-")
