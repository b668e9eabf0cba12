"""Rows of the table of cases: versions of a case, how they are read, written and told apart."""

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from evals.cases.case import Case, Split, case_of_line
from index.schema import cases

LIVE = cases.c.valid_to == ""


def about(case: Case) -> tuple[str, ...]:
    """Return the names that keep cases together: documents, or the question where no document answers it."""
    return case.documents or (case.cluster,)


def assign(connection: Connection, case: Case, split: Split) -> None:
    """Store the cluster and the split of one version of a case."""
    is_it = (cases.c.case_id == case.case_id) & (cases.c.version == case.version)
    connection.execute(update(cases).where(is_it).values(cluster=case.cluster, split=split))


def insert_version(
    connection: Connection,
    case: Case,
    before: Row[Any] | None,
    approved_by: str,
    origin: str,
    at: str,
) -> None:
    """Store a case as the version after `before`, whose origin and flag it keeps."""
    connection.execute(
        insert(cases).values(
            case_id=case.case_id,
            version=before.version + 1 if before is not None else 1,
            dataset=case.dataset,
            valid_from=at,
            question=case.question,
            content=json.dumps(case.line, ensure_ascii=False),
            origin=before.origin if before is not None else origin,
            source_feedback_id=before.source_feedback_id if before is not None else "",
            approved_by=approved_by,
        )
    )


def close_case(connection: Connection, case_id: str, at: str) -> None:
    """End the live version of a case."""
    connection.execute(update(cases).where(cases.c.case_id == case_id, LIVE).values(valid_to=at))


def newest_row(connection: Connection, case_id: str) -> Row[Any] | None:
    """Return the newest version of a case, live or closed; None if there never was one."""
    query = (
        select(cases).where(cases.c.case_id == case_id).order_by(cases.c.version.desc()).limit(1)
    )
    return connection.execute(query).first()


def case_of_row(row: Row[Any]) -> Case:
    """Return a stored version of a case."""
    read = case_of_line(json.loads(row.content), f"The stored case {row.case_id!r}")
    return replace(
        read,
        dataset=row.dataset,
        version=row.version,
        split=row.split,
        origin=row.origin,
        cluster=row.cluster or read.cluster,
        source_feedback_id=row.source_feedback_id,
        approved_by=row.approved_by,
    )


def says_the_same(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    """Whether two lines are one; the words that were added to a place do not make another."""
    return _bare(before) == _bare(now)


def _bare(line: Mapping[str, Any]) -> dict[str, Any]:
    evidence = [
        {name: value for name, value in entry.items() if name != "quote" or "start" not in entry}
        for entry in line.get("evidence") or ()
    ]
    return {**line, "evidence": evidence}
