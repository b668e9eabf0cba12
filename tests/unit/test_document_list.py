"""Pages of documents: together they are all that fits, once each and in order, and each is what the database was asked for."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event, insert

from app.knowledge.document_list import (
    PAGE_SIZE,
    DocumentQuery,
    copies_of,
    counts,
    list_page,
    types,
)
from core.documents import DocumentRecord
from index.catalogue import Catalogue
from index.database import open_database, writing
from index.schema import chunks, documents

WORDS = ("Leave", "travel", "100%", "a_b", "policy", "büro", 'quote"', "back\\slash")
ACCESS = (["everyone"], ["group:hr"], ["group:hr-x", "user:ann@x.org"], [])
COUNT = 130


def document(number: int) -> dict[str, object]:
    """Return a document that is different in every way, with many that share a time or a title."""
    is_bad = number % 7 == 0
    return {
        "doc_id": f"{number * 7919 % 1009:05d}",
        "source": f"source {number % 3}",
        "uri": f"{WORDS[number % 8]}/{number}.{('md', 'PDF', 'tar.gz', 'x y')[number % 4]}",
        "title": f"{WORDS[number * 5 % 8]} {number % 11}",
        "version": "v1",
        "access": json.dumps(ACCESS[number % 4]),
        "text": "secret words",
        "elements": "[]",
        "status": "quarantined" if is_bad else "active",
        "reason": ("empty", "corrupt")[number % 2] if is_bad else "",
        "updated_at": f"2026-01-{number % 9 + 1:02d}",
        "seen_size": 1,
        "seen_stamp": "",
        "seen_version": "",
        "seen_access": "[]",
        "duplicate_of": "00000" if number % 40 == 1 else "",
    }


def chunk(number: int, doc_id: object, ordinal: int) -> dict[str, object]:
    return {
        "chunk_no": number,
        "chunk_id": f"c{number}",
        "doc_id": doc_id,
        "ordinal": ordinal,
        "start": 0,
        "end": 1,
        "text": "x",
        "embedded_text": "x",
        "vector_hash": "h",
        "section": "[]",
    }


@pytest.fixture(scope="module")
def listed(tmp_path_factory: pytest.TempPathFactory, module_database: str) -> Catalogue:
    folder: Path = tmp_path_factory.mktemp("listed")
    engine = open_database(folder, url=module_database)
    made = [document(number) for number in range(COUNT)]
    owners = [entry["doc_id"] for number, entry in enumerate(made) for _ in range(number % 6)]
    ordinals = [ordinal for number in range(COUNT) for ordinal in range(number % 6)]
    with writing(engine) as connection:
        connection.execute(insert(documents), made)
        connection.execute(
            insert(chunks),
            [
                chunk(place, owner, ordinal)
                for place, (owner, ordinal) in enumerate(zip(owners, ordinals, strict=True))
            ],
        )
    return Catalogue(engine, folder)


queries = st.builds(
    DocumentQuery,
    words=st.lists(st.sampled_from((*WORDS, "%", "_", "LEAVE", "1", "/")), max_size=2).map(
        " ".join
    ),
    source=st.sampled_from(("", "source 1", "nowhere")),
    type=st.sampled_from(("", "md", "pdf", "gz")),
    status=st.sampled_from(("", "active", "quarantined")),
    reason=st.sampled_from(("", "empty")),
    access=st.sampled_from(("", "everyone", "group:hr", "user:ann@x.org")),
    sort=st.sampled_from(("updated", "title", "chunks")),
    descending=st.booleans(),
)


def fits(record: DocumentRecord, query: DocumentQuery) -> bool:
    named = f"{record.title}\n{record.uri}".lower()
    return (
        all(word.lower() in named for word in query.words.split())
        and query.source in ("", record.source)
        and (not query.type or record.uri.lower().endswith(f".{query.type}"))
        and query.status in ("", record.status)
        and query.reason in ("", record.reason)
        and (not query.access or query.access in record.access)
    )


def key(record: DocumentRecord, query: DocumentQuery) -> object:
    return {
        "updated": record.updated_at,
        "title": record.title.lower(),
        "chunks": record.chunks,
    }[query.sort]


@given(queries)
def test_the_pages_together_are_what_fits_once_each_and_in_order(
    listed: Catalogue, query: DocumentQuery
) -> None:
    first = list_page(listed, query)
    found = [*first.records]
    for number in range(2, first.pages + 1):
        page = list_page(listed, DocumentQuery(**_fields(query) | {"page": number}))
        assert (page.total, page.page) == (first.total, number)
        assert len(page.records) == PAGE_SIZE or number == first.pages
        found += page.records
    wanted = [record for record in listed.list_documents() if fits(record, query)]
    assert first.total == len(wanted)
    by_id = sorted(wanted, key=lambda record: record.doc_id)
    ordered = sorted(by_id, key=lambda record: key(record, query), reverse=query.descending)  # type: ignore[arg-type, return-value]
    assert [record.doc_id for record in found] == [record.doc_id for record in ordered]


def _fields(query: DocumentQuery) -> dict[str, object]:
    return {name: getattr(query, name) for name in DocumentQuery.__slots__}


@pytest.mark.parametrize("page", [-5, 0, 1, 99])
def test_a_page_that_is_not_there_is_the_nearest_one(listed: Catalogue, page: int) -> None:
    found = list_page(listed, DocumentQuery(page=page))
    assert found.page == (found.pages if page == 99 else 1)
    assert found.records


def test_counts_and_types_are_those_of_all_documents(listed: Catalogue) -> None:
    counted = counts(listed.engine)
    assert counted.total == sum(number for number, _ in counted.by_source.values()) == COUNT
    assert sum(bad for _, bad in counted.by_source.values()) == sum(counted.by_reason.values())
    assert counted.principals == ("everyone", "group:hr", "group:hr-x", "user:ann@x.org")
    assert set(types(listed.engine)) == {"md", "pdf", "gz"}


def test_copies_of_a_document_are_those_that_name_it(listed: Catalogue) -> None:
    assert len(copies_of(listed, "00000", 20)) == 4
    assert copies_of(listed, "00001", 20) == []


@pytest.mark.parametrize("sort", ["updated", "title", "chunks"])
def test_no_text_of_a_document_is_read_for_a_list(listed: Catalogue, sort: str) -> None:
    if listed.engine.dialect.name != "sqlite":
        pytest.skip("the plan is read as SQLite says it")
    asked: list[tuple[str, object]] = []

    def note(_c: object, _k: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("SELECT"):
            asked.append((statement, parameters))

    event.listen(listed.engine, "before_cursor_execute", note)
    try:
        list_page(listed, DocumentQuery(words="leave", sort=sort))  # type: ignore[arg-type]
        counts(listed.engine)
    finally:
        event.remove(listed.engine, "before_cursor_execute", note)
    assert len(asked) == 4
    with listed.engine.connect() as connection:
        for statement, parameters in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters).all()  # type: ignore[arg-type]
            steps = [row.detail for row in plan if "documents" in row.detail]
            assert all("COVERING INDEX" in step or "USING INDEX" in step for step in steps), steps
