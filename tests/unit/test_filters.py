"""A filter matches what it says and nothing else, whatever signs are in it."""

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from fnmatch import fnmatchcase
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Engine, create_engine, delete, insert

from core.errors import UsageError
from index.catalogue import Catalogue, NewVersion
from index.database import writing
from index.filters import Filter, Operator, matching_documents, parse_filter
from index.postgres import open_postgres
from index.schema import documents

ODD = st.text("ab%_*?[]!\\'\"/.A\N{LATIN SMALL LETTER SHARP S}\n\t,:{} ", min_size=1, max_size=8)


@pytest.fixture(scope="module")
def engine(module_database: str) -> Engine:
    """A catalogue's table of documents, without a file, or on a server."""
    if module_database:
        return open_postgres(module_database)
    engine = create_engine("sqlite://")
    documents.create(engine)
    return engine


def stored(engine: Engine, *rows: Mapping[str, object]) -> None:
    """Put documents into the table in place of those there are; `doc_id` is their position unless given."""
    some = {"version": "v", "access": "[]", "text": "", "elements": "[]", "status": "active"}
    seen = {"seen_size": 0, "seen_stamp": "", "seen_version": "", "seen_access": "[]"}
    with writing(engine) as connection:
        connection.execute(delete(documents))
        for position, row in enumerate(rows):
            said = json.dumps(row.get("metadata", {}), ensure_ascii=False)
            uri = row.get("uri", f"{position}.md")
            known = {"source": "docs", "title": "T", "updated_at": "2024-03-05T10:00:00+00:00"}
            values = {"doc_id": str(position), **known, **row, "uri": uri, "metadata": said}
            connection.execute(insert(documents).values(**some, **seen, **values))


def found(engine: Engine, *texts: str) -> set[str]:
    return set(matching_documents(engine, [parse_filter(text) for text in texts]))


@pytest.mark.parametrize(
    ("text", "key", "operator", "value"),
    [
        ("type=pdf", "type", "=", "pdf"),
        ("type=.PDF", "type", "=", "pdf"),
        (" title != Old plan ", "title", "!=", "Old plan"),
        ("uri~hr/*", "uri", "~", "hr/*"),
        ("updated>=2024", "updated", ">=", "2024"),
        ("updated<=2024-02-29", "updated", "<=", "2024-02-29"),
        ("meta.Last Updated=2024", "meta.Last Updated", "=", "2024"),
        ("title=a!=b", "title", "=", "a!=b"),
        ("title~=x", "title", "~", "=x"),
        ("uri=https://x.example/?a=b&c=<d>", "uri", "=", "https://x.example/?a=b&c=<d>"),
        ("title='; drop table documents --", "title", "=", "'; drop table documents --"),
    ],
)
def test_a_filter_is_read_as_it_is_written(text: str, key: str, operator: str, value: str) -> None:
    assert parse_filter(text) == Filter(key, cast("Operator", operator), value)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "is no filter"),
        ("pdf", "is no filter"),
        ("title>b", "is no filter"),
        ("a!b=c", "is no filter"),
        ("=x", "is no key"),
        ("owner=Ann", "'owner'"),
        ("owner=Ann", "meta.NAME"),
        ("meta.=x", "is no key"),
        ("meta=x", "is no key"),
        ("doc_id=x", "is no key"),
        ("title=", "has no value"),
        ("type=.", "has no value"),
        ("title>=a", ">= and <= are for updated"),
        ("updated~2024*", ">= and <= are for updated"),
        ("updated=yesterday", "'yesterday' is no date"),
        ("updated>=2023-02-29", "is no date"),
        ("updated>=2024-13", "is no date"),
        ("updated>=20240101", "is no date"),
        ("updated>=0000", "is no date"),
        ("updated>=\u0662\u0660\u0662\u0664", "is no date"),
        ("title=a\x00b", "Remove it"),
        ("title=\ud800", "Remove it"),
        (f"title={'x' * 1001}", "1,001 characters"),
    ],
)
def test_a_wrong_filter_is_refused_with_what_to_do(text: str, says: str) -> None:
    with pytest.raises(UsageError, match=r"\.$") as error:
        parse_filter(text)
    assert says in str(error.value)


def test_too_many_filters_are_refused(engine: Engine) -> None:
    stored(engine, {})
    assert found(engine, *["title=T"] * 100) == {"0"}
    with pytest.raises(UsageError, match="101 filters"):
        found(engine, *["title=T"] * 101)


def test_each_key_is_compared_with_what_it_names(engine: Engine) -> None:
    stored(
        engine,
        {"uri": "hr/Leave.PDF", "title": "Leave", "source": "wiki", "metadata": {"language": "de-AT"}},
        {"uri": "box.zip!/a/plan.docx", "metadata": {"Doc-Status": "draft", "doc status": "final"}},
        {"uri": "https://x.example/help/page.html?v=1.pdf", "metadata": {"language": "en"}},
        {"uri": "https://x.com", "updated_at": "2023-12-31T23:00:00+00:00"},
        {"uri": "C#.md", "metadata": {"x": "1"}},
        {"uri": "a.Ä_"},
    )  # fmt: skip
    assert found(engine) == {"0", "1", "2", "3", "4", "5"}
    assert found(engine, "id=3") == {"3"}
    assert found(engine, "type=pdf") == {"0"}
    assert found(engine, "type~*") == {"0", "1", "2", "3", "4", "5"}
    assert found(engine, "type=html") == {"2"}
    assert found(engine, "type=com") == set()
    assert found(engine, "type=MD") == {"4"}
    assert found(engine, "type=Ä_") == {"5"}
    assert found(engine, "type=m_") == set()
    assert found(engine, "type!=md") == {"0", "1", "2", "3", "5"}
    assert found(engine, "type~doc*") == {"1"}
    assert found(engine, "title=Leave") == {"0"}
    assert found(engine, "title=leave") == set()
    assert found(engine, "title~*LEAVE*") == set()
    assert found(engine, "source!=docs") == {"0"}
    assert found(engine, "language=DE-at") == {"0"}
    assert found(engine, "language!=en") == {"0", "1", "3", "4", "5"}
    assert found(engine, "meta.DOC_STATUS=draft") == {"1"}
    assert found(engine, "meta.doc-status!=final") == {"0", "2", "3", "4", "5"}
    assert found(engine, "meta.nothing~*") == set()
    assert found(engine, "uri~box.zip!/*", "type=docx") == {"1"}
    assert found(engine, "uri~box.zip!/*", "type=pdf") == set()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("updated>=2024", {"1", "2", "3"}),
        ("updated<=2024", {"0", "1", "2", "3"}),
        ("updated>=2024-03", {"2", "3"}),
        ("updated<=2024-03", {"0", "1", "2", "3"}),
        ("updated<=2024-03-05", {"0", "1", "2"}),
        ("updated>=2024-03-06", {"3"}),
        ("updated=2024-03", {"2", "3"}),
        ("updated!=2024-03", {"0", "1"}),
    ],
)
def test_a_cut_date_is_all_the_days_that_begin_with_it(
    engine: Engine, text: str, expected: set[str]
) -> None:
    days = ("2023-12-31", "2024-01-01", "2024-03-05", "2024-03-31")
    stored(engine, *({"updated_at": f"{day}T23:59:59+00:00"} for day in days))
    assert found(engine, text) == expected


@given(st.lists(ODD, min_size=1, max_size=5, unique=True), st.data())
def test_a_value_matches_itself_and_no_other(
    engine: Engine, values: list[str], data: st.DataObject
) -> None:
    stored(engine, *({"title": value, "metadata": {"k": value}} for value in values))
    wanted = data.draw(st.one_of(st.sampled_from(values), ODD))
    same = {str(position) for position, value in enumerate(values) if value == wanted}
    rest = {str(position) for position in range(len(values))} - same
    for key in ("title", "meta.k"):
        assert matching_documents(engine, [Filter(key, "=", wanted)]) == same
        assert matching_documents(engine, [Filter(key, "!=", wanted)]) == rest


@given(st.lists(ODD, min_size=1, max_size=5, unique=True), st.data())
def test_in_a_pattern_only_star_and_question_mark_stand_for_others(
    engine: Engine, values: list[str], data: st.DataObject
) -> None:
    stored(engine, *({"title": value, "metadata": {"k": value}} for value in values))
    glob = data.draw(st.one_of(st.sampled_from(values), ODD))
    expected = {
        str(position)
        for position, value in enumerate(values)
        if fnmatchcase(value, glob.replace("[", "[[]"))
    }
    for key in ("title", "meta.k"):
        assert matching_documents(engine, [Filter(key, "~", glob)]) == expected
    assert all(value != glob or str(position) in expected for position, value in enumerate(values))


def test_many_stars_do_not_take_for_ever(engine: Engine) -> None:
    stored(engine, {"title": "a" * 1000, "metadata": {"k": "a" * 1000}})
    pattern = "*a" * 490 + "*b"
    assert found(engine, f"title~{pattern}") == found(engine, f"meta.k~{pattern}") == set()


def test_what_the_catalogue_stored_is_found(
    catalogue: Catalogue, new_version: Callable[..., NewVersion]
) -> None:
    version = new_version("a.md", "One.", range(1, 2))
    said = {"owner": 'Åse "the" \\ \N{GRINNING FACE}', "language": "no"}
    catalogue.store([replace(version, metadata=said)], [])
    for text in (f"meta.owner={said['owner']}", "meta.owner~*e*\N{GRINNING FACE}", "language=no"):
        assert found(catalogue.engine, text) == {version.doc_id}
    assert found(catalogue.engine, "meta.owner=the") == set()
