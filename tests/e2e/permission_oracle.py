"""Compares what a caller finds with a brute-force search of what that caller may read, case by case.

    random documents with random readers ──▶ a knowledge base (`LaidOut`) ◀── random callers, random questions
    what administrators find, filtered here by the rule ── must equal ──▶ what the caller finds

The rule is written here a second time, and scores are taken from the store itself, so that a difference can only
be a permission. No model takes part: vectors are made of words (`core.fakes`).

    PYTHONPATH=tests/e2e python -m permission_oracle --store faiss --cases 10000 --seed 1
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any, Literal

from app.answering import AnswerLimits
from app.bootstrap import service_over
from app.service import FootnoteService
from core.answers import Caller, Hit
from core.documents import Chunk, SourceItem, chunk_id, document_id, text_hash
from core.errors import NotFound
from core.fakes import HashEmbedder
from core.ports import SearchStore, SearchStoreWriter
from core.search import FloatMatrix, StoreQuery
from index.catalogue import Catalogue, NewVersion
from index.database import open_database
from index.manifest import Manifest
from index.permissions import administrator, caller_named
from index.publication import Publisher
from index.question import ReadQuestion, read_question
from index.retriever import Generation, HybridRetriever, PreparedQuestion, store_query
from index.stores.embedded_store import EmbeddedStore, EmbeddedWriter
from index.vocabulary import edit_distance

StoreKind = Literal["faiss", "qdrant"]

ADMIN = administrator()
NOBODY = Caller("nobody", frozenset())
DIM = 48
CASES_PER_BASE = 250
TWINS_PER_BASE = 2
_WHOLE_SHARE = 0.25
"""Of the cases, those that are asked again from the beginning, by the caller and by an administrator."""
GROUPS = ("hr", "sales", "it", "board")
PEOPLE = tuple(f"p{number}@example.org" for number in range(4))
_CLOSE = 1e-5
"""Scores that differ by less are equal: the same sum in another order."""


# --- knowledge bases ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Written:
    """A document as it is put into a knowledge base; one chunk for each text."""

    uri: str
    texts: tuple[str, ...]
    access: tuple[str, ...]
    language: str = "en"
    heading: str = ""
    copy_of: str = ""

    @property
    def doc_id(self) -> str:
        return document_id("oracle", self.uri)

    @property
    def title(self) -> str:
        return self.uri.rpartition("/")[2].rpartition(".")[0]


class CachedEmbedder(HashEmbedder):
    """The word vectors of `core.fakes`, each made once: 10,000 questions share a few hundred words."""

    @cache  # noqa: B019  (one embedder a process)
    def _one(self, text: str) -> FloatMatrix:
        return super()._vector(text)

    def _vector(self, text: str) -> FloatMatrix:
        return self._one(text)


_EMBEDDER = CachedEmbedder(DIM)


class LaidOut:
    """One knowledge base with known documents: catalogue, store, open retriever and open service."""

    def __init__(
        self, folder: Path, kind: StoreKind, written: Sequence[Written] = (), fetch_k: int = 100
    ) -> None:
        self.documents: dict[str, Written] = {}
        self.words: dict[str, frozenset[str]] = {}
        self.catalogue = Catalogue(open_database(folder, create=True), folder)
        self._close: Callable[[], object] = lambda: None
        writer, store = self._opened(folder / "index", kind)
        self.publisher = Publisher(self.catalogue, writer, _EMBEDDER.name, DIM)
        manifest = Manifest(_EMBEDDER.name, DIM, "oracle", 128).to_json()
        self.catalogue.set_meta("manifest", manifest)
        self.put(*written)
        self.retriever = HybridRetriever(
            self.catalogue, lambda: Generation(manifest, _EMBEDDER, store), fetch_k=fetch_k
        )
        self.service = _service(self.retriever, folder)

    def _opened(self, folder: Path, kind: StoreKind) -> tuple[SearchStoreWriter, SearchStore]:
        if kind == "faiss":
            return EmbeddedWriter(folder), EmbeddedStore(folder)
        from index.stores.qdrant_connection import QdrantConnection
        from index.stores.qdrant_store import QdrantStore
        from index.stores.qdrant_writer import QdrantWriter

        connection = QdrantConnection(path=folder, dim=DIM)
        self._close = connection.close
        return QdrantWriter(connection), QdrantStore(connection)

    def close(self) -> None:
        self.publisher.finish()
        self._close()
        self.catalogue.engine.dispose()

    def put(self, *written: Written) -> None:
        """Store documents, new or again, in one commit, with their vectors: what an ingestion does."""
        versions = [self._version(document) for document in written]
        self.publisher.add_words(versions)
        self.publisher.remove_words(self.catalogue.store(versions, []))
        for document, version in zip(written, versions, strict=True):
            self.documents[document.doc_id] = document
            self.words[document.doc_id] = frozenset(
                term for entry in version.entries for term in entry.terms
            )
        missing = self.catalogue.missing_vectors(_EMBEDDER.name)
        if missing:
            rows = _EMBEDDER.embed_passages(self.catalogue.texts_to_embed(missing))
            vectors = [(key, rows[place]) for place, key in enumerate(missing)]
            self.catalogue.put_vectors(_EMBEDDER.name, vectors)
        self.publisher.publish_vectors()
        self.catalogue.link_duplicates(
            {
                document.doc_id: document_id("oracle", document.copy_of)
                for document in self.documents.values()
                if document.copy_of
            }
        )

    def _version(self, written: Written) -> NewVersion:
        doc_id, version = written.doc_id, text_hash("\n".join(written.texts))
        section = (written.title, written.heading) if written.heading else ()
        chunks, position = [], 0
        for ordinal, text in enumerate(written.texts):
            end = position + len(text)
            key = chunk_id(doc_id, version, ordinal)
            shown = f"{written.title}\n{text}"
            chunks.append(Chunk(key, doc_id, ordinal, position, end, text, shown, section))
            position = end + 1
        numbers = self.catalogue.reserve_chunk_numbers(len(chunks))
        return NewVersion(
            doc_id=doc_id,
            source="oracle",
            item=SourceItem(written.uri, version, written.access, 0, f"/nowhere/{written.uri}"),
            version=version,
            title=written.title,
            text="\n".join(written.texts),
            elements=(),
            chunks=tuple(chunks),
            numbers=numbers,
            updated_at="2024-01-01T00:00:00+00:00",
            access=written.access,
            metadata={"language": written.language},
        )

    def readable(self, caller: Caller) -> frozenset[str]:
        """Return the ids of the documents that a caller may read, by the rule as it is written in this file."""
        return frozenset(
            doc_id for doc_id, document in self.documents.items() if reads(caller, document.access)
        )


def _service(retriever: HybridRetriever, folder: Path) -> FootnoteService:
    return service_over(retriever, folder, AnswerLimits(8, 1500, 2000), "oracle")


def reads(caller: Caller, access: Collection[str]) -> bool:
    """Whether a caller may read a document: the rule, written again."""
    return caller.is_admin or any(principal in access for principal in caller.principals)


@contextmanager
def fast_folder() -> Iterator[Path]:
    """Give a folder in memory where there is one: Qdrant's local mode syncs each point."""
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() else None
    with tempfile.TemporaryDirectory(dir=parent, prefix="footnote-oracle-") as folder:
        yield Path(folder)


# --- random rules, documents, callers and questions -----------------------------------------------


class Drawn:
    """What one seed makes: documents with readers, and what may be asked about them."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.is_bilingual = rng.random() < 0.4
        self.common = [self.word() for _ in range(60)]
        self.documents: list[Written] = []
        self.acronyms: list[tuple[str, str]] = []
        self.secret_words: list[str] = []
        self.near_words: list[str] = []
        for number in range(rng.randint(8, 14)):
            self.documents.append(self.plain(number))
        for number in range(rng.randint(3, 5)):
            self.documents.extend(self.copies(number))
        for number in range(rng.randint(4, 7)):
            self.documents.append(self.secret(number))
        for number in range(2):
            self.documents.extend(self.versions(number))
            self.documents.extend(self.near(number))
        text = "Guide to the hall and how it is used."
        self.documents.append(Written("open/guide.md", (text,), ("everyone",)))
        if self.is_bilingual:
            self.documents.append(
                Written("open/halle.md", ("Wie die Halle benutzt wird.",), ("everyone",), "de")
            )
        rng.shuffle(self.documents)

    def word(self) -> str:
        syllables = [
            "ba",
            "ko",
            "ri",
            "tu",
            "me",
            "lo",
            "fa",
            "ni",
            "su",
            "ge",
            "po",
            "da",
            "vi",
            "ra",
            "te",
            "mo",
            "ku",
            "ze",
        ]
        stem = "".join(self.rng.choice(syllables) for _ in range(self.rng.randint(2, 4)))
        return stem + self.rng.choice(("", "n", "r", "ing", "ungen", "en", "s", "ed", "heiten"))

    def access(self) -> tuple[str, ...]:
        """Draw readers: everyone, groups, people, nobody, or several; and names that are nearly another's."""
        rng = self.rng
        groups = [f"group:{name}" for name in GROUPS]
        people = [f"user:{name}" for name in PEOPLE]
        kind = rng.randrange(10)
        if kind < 3:
            return ("everyone",)
        if kind < 5:
            return tuple(rng.sample(groups, rng.randint(1, 2)))
        if kind < 6:
            return (rng.choice(people),)
        if kind < 7:
            return ()
        if kind < 9:
            return tuple(rng.sample([*groups, *people], rng.randint(2, 4)))
        return (
            rng.choice(("group:h", "group:hr team", "user:p1", "everyone else", "group:*", "%")),
        )

    def sentence(self, *more: str) -> str:
        words = [self.rng.choice(self.common) for _ in range(self.rng.randint(4, 9))]
        for extra in more:
            words.insert(self.rng.randint(0, len(words)), extra)
        return " ".join(words).capitalize() + "."

    def texts(self, *more: str) -> tuple[str, ...]:
        count = self.rng.choice((1, 1, 2, 3))
        return tuple(self.sentence(*(more if place == 0 else ())) for place in range(count))

    def language(self) -> str:
        return self.rng.choice(("en", "de")) if self.is_bilingual else "en"

    def plain(self, number: int) -> Written:
        uri = f"{self.rng.choice(self.common)}/{self.rng.choice(self.common)}-{number}.md"
        heading = f"Notes on {self.rng.choice(self.common)}" if self.rng.random() < 0.5 else ""
        return Written(uri, self.texts(), self.access(), self.language(), heading)

    def copies(self, number: int) -> list[Written]:
        """Draw copies of one document for different readers: every word the same, or nearly all."""
        texts, language = self.texts(), self.language()
        first = f"copies/{self.rng.choice(self.common)}-{number}-0.md"
        made = [Written(first, texts, self.access(), language)]
        for place in range(1, self.rng.randint(2, 4)):
            near = texts if self.rng.random() < 0.6 else (self.sentence(), *texts[1:])
            uri = f"copies/{self.rng.choice(self.common)}-{number}-{place}.md"
            made.append(Written(uri, near, self.access(), language, copy_of=first))
        return made

    def secret(self, number: int) -> Written:
        """Draw a document with words, an acronym, a phrase and a name that no other has."""
        words = [self.word() + self.word() for _ in range(4)]
        self.secret_words.extend(words)
        parts = [self.word().capitalize() for _ in range(3)]
        short = "".join(part[0] for part in parts)
        self.acronyms.append((short, " ".join(parts)))
        definition = f"It is called {' '.join(parts)} ({short}) here."
        texts = (self.sentence(*words[:2]), f"{definition} {self.sentence(words[2])}")
        uri = f"secret/{words[3]}-plan-{number}.md"
        return Written(uri, texts, self.access(), self.language(), f"About the {words[0]}")

    def near(self, number: int) -> list[Written]:
        """Draw a word, and documents with words that differ from it by a letter, for different readers."""
        word = self.word() + self.word()
        other = [f"{word[:4]}{letter}{word[5:]}" for letter in "xqwyz"]
        self.near_words.append(f"{word[:4]}j{word[5:]}")
        return [
            Written(f"near/{number}-0.md", (self.sentence(word),), self.access()),
            Written(f"near/{number}-1.md", (self.sentence(*other[:4]),), self.access()),
            Written(f"near/{number}-2.md", (self.sentence(other[4], *other[3:]),), self.access()),
        ]

    def versions(self, number: int) -> list[Written]:
        """Draw versions of one document that say different numbers, for different readers."""
        name, subject = self.rng.choice(self.common), " ".join(self.rng.sample(self.common, 5))
        return [
            Written(
                f"policies/{name}-{number}-policy-v{version}.md",
                (f"The {subject} allowance is {10 * version + number} days for each employee.",),
                self.access(),
            )
            for version in (1, 2, 3)
        ]

    def caller(self) -> Caller:
        """Draw who asks: with groups or without, unknown, written in another case, without anything, odd."""
        rng = self.rng
        groups = rng.sample(GROUPS, rng.choice((0, 0, 1, 1, 2, 3, 4)))
        kind = rng.randrange(12)
        if kind == 0:
            return ADMIN
        if kind == 1:
            return NOBODY
        if kind == 2:
            return caller_named("", groups)
        if kind == 3:
            return caller_named("stranger@example.org", ())
        if kind == 4:
            return caller_named(f"  {rng.choice(PEOPLE).upper()} ", groups)
        if kind == 5:
            return caller_named(rng.choice(("everyone", "group:hr", "hr", "*", "p1", "%")), groups)
        if kind == 6:
            return Caller("odd", frozenset({rng.choice(("", "Everyone", "GROUP:HR", "user:"))}))
        return caller_named(rng.choice(PEOPLE), groups)

    def question(self) -> str:
        return self.rng.choice(_QUESTIONS)(self)

    def _words_of_one(self) -> list[str]:
        return " ".join(self.rng.choice(self.documents).texts).replace(".", "").split()

    def _plain_question(self) -> str:
        words = self._words_of_one()
        return " ".join(self.rng.sample(words, min(len(words), self.rng.randint(1, 6))))

    def _misspelt(self) -> str:
        if self.rng.random() < 0.3:
            return f"{self.rng.choice(self.near_words)} {self.rng.choice(self.common)}"
        pool = self.secret_words if self.rng.random() < 0.5 else self._words_of_one()
        word = self.rng.choice(pool).casefold()
        if len(word) > 4:
            place = self.rng.randint(2, len(word) - 2)
            letter = self.rng.choice("abcdeimnoprstu")
            word = self.rng.choice(
                (
                    word[:place] + word[place + 1 :],
                    word[:place] + letter + word[place:],
                    word[:place] + letter + word[place + 1 :],
                )
            )
        return f"{word} {self.rng.choice(self.common)}"

    def _acronym(self) -> str:
        short, long = self.rng.choice(self.acronyms)
        return f"what is {self.rng.choice((short, long, short.lower()))} {self.rng.choice(self.common)}"

    def _quoted(self) -> str:
        words = self._words_of_one()
        start = self.rng.randrange(max(1, len(words) - 2))
        phrase = " ".join(words[start : start + self.rng.randint(1, 3)])
        return f'{self.rng.choice(self.common)} "{phrase}"'

    def _name(self) -> str:
        name = self.rng.choice(self.documents).title.replace("-", " ")
        return self.rng.choice((name, f"{name} {self.rng.choice(self.common)}"))

    def _version(self) -> str:
        document = self.rng.choice([d for d in self.documents if "policy" in d.uri])
        asked = self.rng.choice(("", "previous version of", "original", "version 1 of", "current"))
        return f"{asked} {document.title.replace('-', ' ')} allowance days employee"

    def _other_ending(self) -> str:
        endings = ("", "n", "s", "ing", "ungen", "ed")
        return " ".join(
            word.rstrip("s") + self.rng.choice(endings)
            for word in self.rng.sample(self._words_of_one(), 2)
        )


_QUESTIONS: tuple[Callable[[Drawn], str], ...] = (
    Drawn._plain_question,
    Drawn._plain_question,
    Drawn._misspelt,
    Drawn._acronym,
    Drawn._quoted,
    Drawn._name,
    Drawn._version,
    Drawn._other_ending,
)


# --- the comparisons ------------------------------------------------------------------------------


@dataclass(slots=True)
class Report:
    """What came of the cases. `checks` counts comparisons by kind, `differences` says what was not equal.

    `ties` counts results that were not equal where equal scores stood at the cut, so that either was right.
    """

    cases: int = 0
    bases: int = 0
    seconds: float = 0.0
    checks: Counter[str] = field(default_factory=Counter)
    ties: Counter[str] = field(default_factory=Counter)
    differences: list[tuple[str, str]] = field(default_factory=list)

    def check(self, kind: str, is_equal: bool, *detail: object) -> None:
        """Count a comparison; `detail` is put into words where it failed."""
        self.checks[kind] += 1
        if not is_equal:
            self.differences.append((kind, ": ".join(map(str, detail))))

    def kinds(self) -> Counter[str]:
        """Count the differences by kind."""
        return Counter(kind for kind, _ in self.differences)

    def table(self) -> str:
        """Return the figures."""
        found = self.kinds()
        lines = [
            f"{kind:42} {count:7} checks {found[kind]:5} differences {self.ties[kind]:5} ties"
            for kind, count in sorted(self.checks.items())
        ]
        lines.append(
            f"{self.cases} cases in {self.bases} knowledge bases, {len(self.differences)} differences; "
            f"{self.seconds:.0f} s"
        )
        return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Case:
    """One question of one caller in one knowledge base."""

    base: LaidOut
    caller: Caller
    question: str
    top_k: int
    doc_ids: frozenset[str] | None
    twin: LaidOut | None

    @property
    def allowed(self) -> frozenset[str]:
        """The documents that may be found: those that may be read, and are asked for."""
        mine = self.base.readable(self.caller)
        return mine if self.doc_ids is None else mine & self.doc_ids

    def __str__(self) -> str:
        asked = None if self.doc_ids is None else len(self.doc_ids)
        who = "admin" if self.caller.is_admin else sorted(self.caller.principals)
        return f"{self.question!r} of {who}, {self.top_k} of {asked} documents"


def run_cases(
    kind: StoreKind,
    cases: int,
    seed: int,
    per_base: int = CASES_PER_BASE,
    progress: Callable[[str], None] = lambda _: None,
) -> Report:
    """Compare `cases` random cases; knowledge base n of a seed is the same whatever the number of cases."""
    report = Report()
    started = time.monotonic()
    with fast_folder() as work:
        while report.cases < cases:
            folder = work / f"base-{report.bases}"
            rng = random.Random(f"{seed}/{report.bases}")
            _run_base(folder, kind, rng, min(per_base, cases - report.cases), report)
            shutil.rmtree(folder)
            report.bases += 1
            report.seconds = time.monotonic() - started
            progress(
                f"{report.cases} cases, {len(report.differences)} differences, {report.seconds:.0f} s"
            )
    return report


def _run_base(
    folder: Path, kind: StoreKind, rng: random.Random, cases: int, report: Report
) -> None:
    drawn = Drawn(rng)
    callers = [ADMIN, NOBODY, *(drawn.caller() for _ in range(12))]
    base = LaidOut(folder / "whole", kind, drawn.documents, rng.choice((8, 20, 100)))
    twins: dict[Caller, LaidOut] = {}
    with_twin = [c for c in callers[2:] if base.readable(c) and not c.is_admin][:TWINS_PER_BASE]
    for place, caller in enumerate(dict.fromkeys(with_twin)):
        mine = [d for d in drawn.documents if reads(caller, d.access)]
        known = {document.uri for document in mine}
        # A copy of what is not there is a copy of nothing.
        mine = [d if d.copy_of in known else replace(d, copy_of="") for d in mine]
        twins[caller] = LaidOut(folder / f"twin-{place}", kind, mine)
    try:
        for _ in range(cases):
            caller = rng.choice(callers)
            ids = sorted(base.documents)
            chosen = frozenset(rng.sample(ids, rng.randint(0, len(ids))))
            case = Case(
                base,
                caller,
                drawn.question(),
                rng.choice((1, 3, 10, 40)),
                chosen if rng.random() < 0.25 else None,
                twins.get(caller),
            )
            compare(case, rng, report)
            report.cases += 1
        for caller in dict.fromkeys(callers):
            compare_counts(base, caller, report)
    finally:
        for opened in (base, *twins.values()):
            opened.close()


def compare(case: Case, rng: random.Random, report: Report) -> None:
    """Make every comparison of one case."""
    prepared = case.base.retriever.prepare(case.question, case.caller)
    _compare_understanding(case, prepared, report)
    _compare_store(case, prepared, report)
    _compare_hits(case, prepared, rng, report)
    _compare_absence(case, prepared, rng, report)


def _compare_store(case: Case, prepared: PreparedQuestion, report: Report) -> None:
    """Both searches equal an administrator's search of everything, filtered afterwards."""
    base, caller = case.base, case.caller
    # Everything that can be found, by somebody whom no rule stops, and without the filter of documents.
    query = store_query(prepared, None)
    everything = base.retriever.store.search(query, ADMIN, 10_000)
    rows = base.catalogue.chunk_rows(sorted({*everything.lexical, *everything.dense}))
    allowed = case.allowed
    found = base.retriever.store.search(replace(query, doc_ids=case.doc_ids), caller, case.top_k)
    for name, mine, whole in (
        ("store: words", found.lexical, everything.lexical),
        ("store: meaning", found.dense, everything.dense),
    ):
        wanted = {n: score for n, score in whole.items() if rows[n].chunk.doc_id in allowed}
        wrong = difference(mine, wanted, case.top_k)
        report.check(name, not wrong, case, wrong)
        report.ties[name] += _has_tie(wanted, case.top_k)
    expected = {n: everything.cosines[n] for n in found.cosines if n in everything.cosines}
    known = found.cosines.keys() == {*found.lexical, *found.dense}
    close = all(abs(found.cosines[n] - score) < _CLOSE for n, score in expected.items())
    is_equal = known and close and len(expected) == len(found.cosines)
    report.check("store: cosines", is_equal, case, found.cosines, expected)


def difference(mine: Mapping[int, float], wanted: Mapping[int, float], top_k: int) -> str:
    """Return how a search's result differs from the best `top_k` of `wanted`, '' if it does not.

    Where several have the score at the cut, any of them may be in.
    """
    best = sorted(wanted.items(), key=lambda pair: (-pair[1], pair[0]))[:top_k]
    if list(mine) != sorted(mine, key=lambda n: (-mine[n], n)):
        return f"not in order: {dict(mine)}"
    if outside := sorted(mine.keys() - wanted.keys()):
        return f"not allowed, or not found by all: {outside}"
    if len(mine) != len(best):
        return f"{len(mine)} chunks, not {len(best)}"
    if any(abs(wanted[n] - score) > _close(score) for n, score in mine.items()):
        return f"other scores: {dict(mine)}, not {best}"
    if not best:
        return ""
    last = best[-1][1]
    missing = [n for n, score in best if score > last + _close(last) and n not in mine]
    return f"missing: {missing}" if missing else ""


def _close(score: float) -> float:
    return _CLOSE * max(1.0, abs(score))


def _has_tie(wanted: Mapping[int, float], top_k: int) -> bool:
    scores = sorted(wanted.values(), reverse=True)
    return len(scores) > top_k and scores[top_k - 1] - scores[top_k] < _close(scores[top_k])


def _compare_hits(
    case: Case, prepared: PreparedQuestion, rng: random.Random, report: Report
) -> None:
    """Hits equal those of an administrator who asks for the documents that this caller may read."""
    retriever, allowed = case.base.retriever, case.allowed
    ranking = retriever.ranking_of(prepared, case.caller, case.top_k, case.doc_ids)
    hits = retriever.hits_of(ranking, case.caller, case.top_k)
    outside = {hit.document.doc_id for hit in hits} - allowed
    report.check("retriever: no hit outside", not outside, case, outside)
    named = {hit.chunk_id for hit in hits}
    others = {c.other_chunk_id for hit in hits for c in hit.conflicts} - named
    report.check("retriever: conflicts are among hits", not others, case, others)
    looked_at = {row.doc_id for row in ranking.rows.values()} - allowed
    report.check("retriever: nothing else is scored", not looked_at, case, looked_at)
    same = retriever.hits_of(
        retriever.ranking_of(prepared, ADMIN, case.top_k, allowed), ADMIN, case.top_k
    )
    _check_same("retriever: as administrator", case, prepared, hits, same, report)
    if rng.random() < _WHOLE_SHARE:
        whole = retriever.retrieve(case.question, case.caller, case.top_k, case.doc_ids)
        _check_same("retriever: in one call", case, prepared, whole, same, report)
        if retriever.prepare(case.question, ADMIN).read == prepared.read:
            again = retriever.retrieve(case.question, ADMIN, case.top_k, allowed)
            _check_same("retriever: asked by administrator", case, prepared, whole, again, report)


def _check_same(
    kind: str,
    case: Case,
    prepared: PreparedQuestion,
    hits: Sequence[Hit],
    wanted: Sequence[Hit],
    report: Report,
) -> None:
    is_same = _same(hits, wanted)
    if not is_same and _tie_at_fetch(case, prepared):
        report.checks[kind] += 1
        report.ties[kind] += 1
        return
    report.check(
        kind,
        is_same,
        case,
        [_shown(hit) for hit in hits],
        [_shown(hit) for hit in wanted],
    )


def _same(hits: Sequence[Hit], wanted: Sequence[Hit]) -> bool:
    """Whether two lists of hits are equal, but for the last bits of scores.

    Qdrant's local mode gives cosines whose last bit differs from one call to the next.
    """
    if len(hits) != len(wanted):
        return False
    for one, other in zip(hits, wanted, strict=True):
        if one == other:
            continue
        whole = replace(one, score=other.score, why=replace(one.why, **_scores_of(other)))
        ours, theirs = ({"score": h.score, **_scores_of(h)} for h in (one, other))
        if whole != other or not all(_near(ours[name], theirs[name]) for name in ours):
            return False
    return True


def _scores_of(hit: Hit) -> dict[str, Any]:
    names = ("lexical_score", "dense_score", "words", "name", "neighbour")
    return {name: getattr(hit.why, name) for name in names}


def _near(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    # `words`, `name` and `neighbour` are rounded to four digits: one of them may fall on the other side.
    return abs(one - other) < 2e-4 * max(1.0, abs(one))


def _tie_at_fetch(case: Case, prepared: PreparedQuestion) -> bool:
    """Whether equal scores stand where the store cut its result off: which of them were looked at is open."""
    retriever = case.base.retriever
    fetch_k = max(retriever.fetch_k, case.top_k)
    query = store_query(prepared, case.allowed)
    for asked in (query, replace(query, phrases=())):
        found = retriever.store.search(asked, ADMIN, 10_000)
        if any(_has_tie(channel, fetch_k) for channel in (found.lexical, found.dense)):
            return True
    return False


def _shown(hit: Hit) -> tuple[object, ...]:
    return (hit.document.uri, hit.start, hit.score, hit.why, hit.conflicts)


def _compare_understanding(case: Case, prepared: PreparedQuestion, report: Report) -> None:
    """No word comes into a question from a document that its asker may not read."""
    base, read = case.base, prepared.read
    mine = base.readable(case.caller)
    known = frozenset[str]().union(*(base.words[doc_id] for doc_id in mine))
    only_others = frozenset[str]().union(*base.words.values()) - known
    typed = read_question(case.question, base.retriever._collection.languages, (), lambda _: {})
    told = (read.terms.keys() & only_others) - typed.terms.keys()
    report.check("understanding: words", not told, case, sorted(told))
    targets = {word for _, word in read.corrections}
    report.check("understanding: spelling", targets <= known, case, targets)
    texts = " ".join(" ".join(base.documents[d].texts) for d in sorted(mine)).casefold()
    unknown = [other for _, other in read.expansions if other not in texts]
    report.check("understanding: acronyms", not unknown, case, unknown)
    if case.twin is not None:
        _compare_twin(case, read, report)


def _compare_twin(case: Case, read: ReadQuestion, report: Report) -> None:
    """The question is understood as where the forbidden documents never were.

    How frequent a word is in the collection chooses among words that are equally close, or stems of one word.
    """
    assert case.twin is not None
    twin = case.twin.retriever.prepare(case.question, case.caller).read
    languages = [b.retriever._collection.languages for b in (case.base, case.twin)]
    if languages[0] != languages[1]:
        return

    def understood(one: ReadQuestion) -> tuple[object, ...]:
        added = {word for _, word in one.corrections}
        distances = sorted((term, edit_distance(term, word, 2)) for term, word in one.corrections)
        kept = {term for term, weight in one.terms.items() if term not in added or weight == 1.0}
        return one.text, kept, one.name_terms, one.phrases, one.expansions, distances

    ours, theirs = understood(read), understood(twin)
    report.check("understanding: twin", ours == theirs, case, ours, theirs)


def _compare_absence(
    case: Case, prepared: PreparedQuestion, rng: random.Random, report: Report
) -> None:
    """A document that may not be read is as if it were not there, by id and by URI."""
    base, caller = case.base, case.caller
    forbidden = sorted(base.documents.keys() - base.readable(caller))
    if forbidden and rng.random() < 0.1:
        doc_id = rng.choice(forbidden)
        uri = base.documents[doc_id].uri
        for named, missing in ((doc_id, "0" * len(doc_id)), (uri, "not/there.md")):
            asked = (case.question, caller, case.top_k)
            one = base.service.explained_search(*asked, why_not=named).why_not
            other = base.service.explained_search(*asked, why_not=missing).why_not
            assert one is not None
            assert other is not None
            is_same = replace(one, text=one.text.replace(named, missing)) == other
            report.check("absence: why not", is_same, case, one)
    mine = sorted(base.readable(caller))
    if mine and rng.random() < 0.1:
        _compare_copy(case, rng.choice(mine), report)


def _compare_copy(case: Case, doc_id: str, report: Report) -> None:
    """A document is called the copy of another only where another copy was shown."""
    base = case.base
    found = base.service.explained_search(
        case.question, case.caller, case.top_k, why_not=base.documents[doc_id].uri
    )
    assert found.why_not is not None
    family = base.documents[doc_id].copy_of or base.documents[doc_id].uri
    shown = {base.documents[hit.document.doc_id] for hit in found.hits}
    has_copy = any(family in (document.copy_of, document.uri) for document in shown)
    is_right = found.why_not.reason != "copy" or has_copy
    report.check("absence: copies", is_right, case, found.why_not)


def compare_counts(base: LaidOut, caller: Caller, report: Report) -> None:
    """Compare what is counted and told beside hits: documents, examples, abstentions, errors."""
    mine = base.readable(caller)
    count = base.retriever.readable_documents(caller)
    report.check("counts: documents", count == len(mine), caller, count)
    examples = base.service.example_questions(caller, 100)
    wanted = {base.documents[doc_id].title for doc_id in mine if base.documents[doc_id].heading}
    told = [title for title in wanted if any(f" {title} " in asked for asked in examples)]
    is_right = len(examples) == len(told) == len(wanted)
    report.check("counts: examples", is_right, caller, examples, wanted)
    answer = base.service.ask("Does the emperor of Mars eat strawberry ice cream?", caller)
    named = {d.doc_id for d in base.documents.values() if f"({d.uri})" in answer.text}
    counted = f"{len(mine)} document{'' if len(mine) == 1 else 's'}" in answer.text
    is_right = answer.status == "abstained" and counted and named <= mine
    report.check("counts: abstention", is_right, caller, answer.text)
    cited = {citation.document.doc_id for citation in answer.citations}
    report.check("counts: citations", cited <= mine, caller, cited)
    forbidden = sorted(base.documents.keys() - mine)[:1]
    refused = {_refusal(base, doc_id, caller) for doc_id in (*forbidden, "not-there")}
    report.check("counts: refusals", len(refused) == 1, caller, refused)


def _refusal(base: LaidOut, doc_id: str, caller: Caller) -> str:
    try:
        return base.service.open_document(doc_id, caller).text
    except NotFound as error:
        return str(error)


# --- many forbidden neighbours --------------------------------------------------------------------


def crowded(folder: Path, kind: StoreKind, crowd: int) -> LaidOut:
    """Return a base where `crowd` chunks of one group say what is asked for better than what others may read.

    Ten documents with the asked word among others are for everyone, ten for `it`; half of the crowd says
    word for word the same as the other half, and has the same vectors.
    """
    each = 500
    documents = [
        Written(
            f"crowd/quokka-{start}.md",
            tuple(f"Quokka quokka {n % (crowd // 2)} quokka." for n in range(start, start + each)),
            ("group:zoo",),
        )
        for start in range(0, crowd, each)
    ]
    filler = "the tram to the harbour leaves at noon and comes back with mail in the evening"
    for number in range(10):
        for readers in ("everyone", "group:it"):
            name = readers.removeprefix("group:")
            text = f"On day {number} {filler}, and a quokka rides along for {name}."
            documents.append(Written(f"few/{name}-{number}.md", (text,), (readers,)))
    return LaidOut(folder, kind, documents)


def compare_crowded(base: LaidOut) -> Report:
    """Check that nobody's ten documents are hidden, in either channel and in the hits."""
    report = Report(bases=1)
    started = time.monotonic()
    for caller in (
        caller_named("", ()),
        caller_named("a@example.org", ("it",)),
        caller_named("z@example.org", ("zoo",)),
        NOBODY,
    ):
        allowed = base.readable(caller)
        few = min(10, len(allowed))
        for question in ("quokka", "quokka quokka 7 quokka", '"quokka rides" along'):
            if "zoo" in str(caller.principals) and '"' in question:
                continue
            prepared = base.retriever.prepare(question, caller)
            query = StoreQuery(prepared.vector, prepared.read.terms, {}, prepared.read.phrases)
            found = base.retriever.store.search(query, caller, 10)
            hits = base.retriever.retrieve(question, caller, 10)
            rows = base.catalogue.chunk_rows([*found.lexical, *found.dense])
            for name, numbers in (("words", found.lexical), ("meaning", found.dense)):
                inside = all(rows[n].chunk.doc_id in allowed for n in numbers)
                is_right = inside and len(numbers) == few
                report.check(f"crowd: {name}", is_right, caller, numbers)
            inside = all(hit.document.doc_id in allowed for hit in hits)
            is_right = inside and (len(hits) == few or "zoo" in str(caller.principals))
            report.check("crowd: hits", is_right, caller, len(hits))
            report.cases += 1
    report.seconds = time.monotonic() - started
    return report


def main(arguments: Sequence[str] | None = None) -> int:
    """Run cases and print the figures; 1 when there is a difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--store", choices=("faiss", "qdrant"), default="faiss")
    parser.add_argument("--cases", type=int, default=10_000)
    parser.add_argument("--per-base", type=int, default=CASES_PER_BASE)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--crowd", type=int, default=0, help="also so many forbidden neighbours")
    chosen = parser.parse_args(arguments)
    from core.log import configure

    configure("error")
    report = run_cases(
        chosen.store,
        chosen.cases,
        chosen.seed,
        chosen.per_base,
        lambda line: print(line, file=sys.stderr, flush=True),
    )
    reports = [report]
    if chosen.crowd:
        with fast_folder() as work:
            base = crowded(work / "crowd", chosen.store, chosen.crowd)
            reports.append(compare_crowded(base))
            base.close()
    print(f"store {chosen.store}, seed {chosen.seed}")
    for each in reports:
        print(each.table())
        shown = Counter[str]()
        for kind, detail in each.differences:
            shown[kind] += 1
            if shown[kind] <= 3:
                print(f"- {kind}: {detail[:1500]}")
    return 1 if any(each.differences for each in reports) else 0


if __name__ == "__main__":
    raise SystemExit(main())
