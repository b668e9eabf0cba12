"""Puts stored cases into the development or the test split, over all datasets; see `evals.cases.splits`."""

import json
from collections.abc import Iterable
from typing import cast

from sqlalchemy import select

from evals.cases.case import Split, case_of_line
from evals.cases.case_rows import LIVE, about, assign, case_of_row
from evals.cases.splits import TEST_SHARE, split_cases
from index.catalogue import Catalogue
from index.database import storage_errors, writing
from index.schema import cases


def place(catalogue: Catalogue, dataset: str, test_share: float = TEST_SHARE) -> None:
    """Give clusters and splits to the cases of a dataset that have none, like those made of flags."""
    query = select(cases).where(cases.c.dataset == dataset, LIVE)
    with catalogue.engine.connect() as connection:
        if not any(not row.cluster for row in connection.execute(query)):
            return
    with storage_errors(catalogue.data_dir), writing(catalogue.engine) as connection:
        rows = connection.execute(query.order_by(cases.c.case_id)).all()
        # Of all datasets: what one is tuned with must not be tested by another.
        known = connection.execute(
            select(cases.c.content, cases.c.split).where(cases.c.cluster != "")
        ).all()
        assigned: dict[str, Split] = {
            name: cast(Split, row.split)
            for row in known
            for name in about(case_of_line(json.loads(row.content)))
            if row.split != "apart"
        }
        new = [case_of_row(row) for row in rows if not row.cluster]
        splits = split_cases({case.case_id: about(case) for case in new}, assigned, test_share)
        for case in new:
            assign(connection, case, splits[case.case_id])


def mark_tuned(catalogue: Catalogue, feedback_ids: Iterable[str]) -> int:
    """Move the cases of some flags, and all about the same documents, to the development split; returns how many moved."""
    wanted = set(feedback_ids)
    moved = 0
    with storage_errors(catalogue.data_dir), writing(catalogue.engine) as connection:
        rows = [case_of_row(row) for row in connection.execute(select(cases).where(LIVE))]
        tuned = [case for case in rows if case.source_feedback_id in wanted]
        names = {name for case in tuned for name in about(case)}
        for case in rows:
            if case in tuned or names.intersection(about(case)):
                moved += case.split != "dev"
                assign(connection, case, "dev")
    return moved
