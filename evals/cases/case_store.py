"""Datasets of test cases in the catalogue: added, imported, changed by a next version, closed; never overwritten.

    proposed (nobody approved it) ──approve──▶ live ──edit──▶ closed + the next version
                                  ──reject───▶ closed        ──remove──▶ closed

Who may not read a case's documents, or the flag that it was made of, does not see the case.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Row, select, update

from app.authorization import authorize
from app.review.cases import readable_lines
from core.answers import Caller
from core.errors import NotFound, UsageError
from core.moments import stamp, utc_now
from evals.cases.case import Case, Origin, case_of_line
from evals.cases.case_rows import (
    LIVE,
    case_of_row,
    close_case,
    insert_version,
    newest_row,
    says_the_same,
)
from evals.cases.placing import mark_tuned, place
from evals.cases.splits import TEST_SHARE
from index.catalogue import Catalogue
from index.database import storage_errors, writing
from index.permissions import may_read
from index.schema import cases

FLAGS = "flags"
"""The dataset of cases that were made of accepted flags (`footnote review promote`)."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did, by numbers of cases."""

    added: int
    changed: int
    unchanged: int


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """A dataset as it is listed; `proposed` cases wait for somebody to approve them."""

    name: str
    cases: int
    dev: int
    test: int
    apart: int
    proposed: int


class CaseStore:
    """The datasets of one data folder; every method takes who asks and shows only what that caller may see."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue
        self._engine = catalogue.engine

    # --- reading --------------------------------------------------------------------------------------

    def datasets(self, caller: Caller) -> list[DatasetSummary]:
        """Return every dataset that has a case the caller may see."""
        authorize(caller, "review")
        with self._engine.connect() as connection:
            names = (
                connection.execute(select(cases.c.dataset).distinct().where(LIVE)).scalars().all()
            )
        found = []
        for name in sorted(names):
            shown = self._shown(caller, name)
            if shown:
                live = [case for case in shown if case.approved_by]
                of = Counter(case.split for case in live)
                found.append(
                    DatasetSummary(
                        name, len(live), of["dev"], of["test"], of["apart"], len(shown) - len(live)
                    )
                )
        return found

    def live(self, caller: Caller, dataset: str) -> list[Case]:
        """Return the approved cases of a dataset that the caller may see, by id; each has its split."""
        authorize(caller, "review")
        place(self._catalogue, dataset)
        return [case for case in self._shown(caller, dataset) if case.approved_by]

    def proposed(self, caller: Caller, dataset: str = "") -> list[Case]:
        """Return the cases that wait for approval, of one dataset or of all."""
        authorize(caller, "review")
        names = [dataset] if dataset else self._names()
        return [
            case for name in names for case in self._shown(caller, name) if not case.approved_by
        ]

    def history(self, caller: Caller, case_id: str) -> list[Case]:
        """Return every version of a case, the newest first.

        Raises:
            NotFound: there is none, or the caller may not see the version that is live.
        """
        authorize(caller, "review")
        query = select(cases).where(cases.c.case_id == case_id).order_by(cases.c.version.desc())
        with self._engine.connect() as connection:
            rows = connection.execute(query).all()
        if not rows or not self._may_see(caller, rows[0]):
            raise _not_there(case_id)
        return [case_of_row(row) for row in rows]

    # --- changing -------------------------------------------------------------------------------------

    def add(self, caller: Caller, dataset: str, case: Case, origin: Origin = "manual") -> Case:
        """Store a case in a dataset; one with the origin `synthetic` waits for approval.

        Raises:
            UsageError: its id is taken.
        """
        return self._stored(caller, dataset, [case], origin)[0]

    def import_cases(self, caller: Caller, dataset: str, found: Sequence[Case]) -> Imported:
        """Bring a file's cases into a dataset: new ones are added, changed ones get a next version.

        A second time does nothing. Cases that are not in the file stay.

        Raises:
            UsageError: an id belongs to a case of another dataset; nothing is imported then.
        """
        authorize(caller, "review")
        _check_name(dataset)
        at = stamp(utc_now())
        added = changed = unchanged = 0
        with storage_errors(self._catalogue.data_dir), writing(self._engine) as connection:
            for case in map(self._anchored, found):
                before = newest_row(connection, case.case_id)
                if before is not None and before.dataset != dataset:
                    raise _taken(case.case_id, before.dataset)
                if before is not None and not before.valid_to:
                    if says_the_same(json.loads(before.content), case.line):
                        unchanged += 1
                        continue
                    close_case(connection, case.case_id, at)
                    changed += 1
                else:
                    added += 1
                insert_version(
                    connection, replace(case, dataset=dataset), before, caller.name, "import", at
                )
        place(self._catalogue, dataset)
        return Imported(added, changed, unchanged)

    def edit(self, caller: Caller, case_id: str, line: Mapping[str, Any]) -> Case:
        """Close a case and store what it says now as its next version; id, dataset and flag stay.

        Raises:
            NotFound: there is no such live case that the caller may see.
            UsageError: the line cannot be used.
        """
        before = self._live_row(caller, case_id)
        case = self._anchored(case_of_line({**line, "id": case_id}))
        at = stamp(utc_now())
        with storage_errors(self._catalogue.data_dir), writing(self._engine) as connection:
            newest = newest_row(connection, case_id)
            if newest is None or newest.version != before.version or newest.valid_to:
                raise UsageError(
                    f"The case {case_id!r} was changed meanwhile. Look at it and try again."
                )
            close_case(connection, case_id, at)
            insert_version(
                connection,
                replace(case, dataset=before.dataset),
                before,
                caller.name,
                before.origin,
                at,
            )
        place(self._catalogue, before.dataset)
        return self.history(caller, case_id)[0]

    def remove(self, caller: Caller, case_ids: Iterable[str]) -> int:
        """Close cases: no run asks them any more, past runs keep theirs. Returns how many.

        Raises:
            NotFound: one is not there; nothing is closed then.
        """
        rows = [self._live_row(caller, case_id) for case_id in dict.fromkeys(case_ids)]
        at = stamp(utc_now())
        with storage_errors(self._catalogue.data_dir), writing(self._engine) as connection:
            for row in rows:
                close_case(connection, row.case_id, at)
        return len(rows)

    def approve(self, caller: Caller, case_ids: Iterable[str]) -> int:
        """Let runs use proposed cases; who approved them is kept. Returns how many were.

        Raises:
            NotFound: one is not there, or not proposed; none is approved then.
        """
        rows = self._proposed_rows(caller, case_ids)
        with storage_errors(self._catalogue.data_dir), writing(self._engine) as connection:
            for row in rows:
                is_it = (cases.c.case_id == row.case_id) & (cases.c.version == row.version)
                connection.execute(update(cases).where(is_it).values(approved_by=caller.name))
        for dataset in {row.dataset for row in rows}:
            place(self._catalogue, dataset)
        return len(rows)

    def reject(self, caller: Caller, case_ids: Iterable[str]) -> int:
        """Close proposed cases; they are not proposed again. Returns how many were.

        Raises:
            NotFound: one is not there, or not proposed; none is rejected then.
        """
        rows = self._proposed_rows(caller, case_ids)
        return self.remove(caller, [row.case_id for row in rows])

    def resplit(
        self, caller: Caller, dataset: str, test_share: float = TEST_SHARE
    ) -> DatasetSummary:
        """Give the cases that have no split one; documents that are in a split stay there.

        Raises:
            NotFound: there is no such dataset.
        """
        authorize(caller, "review")
        place(self._catalogue, dataset, test_share)
        found = [summary for summary in self.datasets(caller) if summary.name == dataset]
        if not found:
            raise NotFound(f"There is no dataset {dataset!r} with a case that you may see.")
        return found[0]

    def mark_tuned(self, feedback_ids: Iterable[str]) -> int:
        """Move the cases of flags that something is tuned with to the development split; returns how many moved.

        All cases about the same documents go with them: the test split never has what was learnt from.
        """
        return mark_tuned(self._catalogue, feedback_ids)

    # --- inside ---------------------------------------------------------------------------------------

    def _stored(
        self, caller: Caller, dataset: str, found: Sequence[Case], origin: Origin
    ) -> list[Case]:
        authorize(caller, "review")
        _check_name(dataset)
        at = stamp(utc_now())
        approved_by = "" if origin == "synthetic" else caller.name
        with storage_errors(self._catalogue.data_dir), writing(self._engine) as connection:
            for case in map(self._anchored, found):
                before = newest_row(connection, case.case_id)
                if before is not None:
                    raise _taken(case.case_id, before.dataset)
                insert_version(
                    connection, replace(case, dataset=dataset), None, approved_by, origin, at
                )
        place(self._catalogue, dataset)
        stored = {case.case_id: case for case in self._shown(caller, dataset)}
        return [stored.get(case.case_id, case) for case in found]

    def _anchored(self, case: Case) -> Case:
        """Add the words to evidence that has only a place: a place alone does not survive an edit."""
        if all(anchor.quote for anchor in case.anchors):
            return case
        entries = [dict(entry) for entry in case.line["evidence"]]
        for entry in entries:
            records = self._catalogue.find_documents(entry["uri"])
            if entry.get("quote") or not records:
                continue
            text, _ = self._catalogue.document_text(records[0].doc_id)
            words = text[entry["start"] : entry["end"]]
            if entry["end"] <= len(text) and words.strip():
                entry["quote"] = words
        return case_of_line({**case.line, "evidence": entries})

    def _names(self) -> list[str]:
        with self._engine.connect() as connection:
            query = select(cases.c.dataset).distinct().where(LIVE).order_by(cases.c.dataset)
            return list(connection.execute(query).scalars())

    def _shown(self, caller: Caller, dataset: str) -> list[Case]:
        query = select(cases).where(cases.c.dataset == dataset, LIVE).order_by(cases.c.case_id)
        with self._engine.connect() as connection:
            readable = {line["id"] for line in readable_lines(connection, caller, dataset)}
            rows = connection.execute(query).all()
        return [
            case_of_row(row)
            for row in rows
            if row.case_id in readable and self._is_for(caller, row)
        ]

    def _is_for(self, caller: Caller, row: Row[Any]) -> bool:
        """Whether a caller may see a case's documents; one that is named but gone is for the administrator."""
        if caller.is_admin:
            return True
        uris = {entry["uri"] for entry in json.loads(row.content).get("evidence") or ()}
        for uri in uris:
            records = self._catalogue.find_documents(uri)
            if not records or not all(may_read(caller, record.access) for record in records):
                return False
        return True

    def _may_see(self, caller: Caller, row: Row[Any]) -> bool:
        if row.valid_to:
            return caller.is_admin
        return row.case_id in {case.case_id for case in self._shown(caller, row.dataset)}

    def _live_row(self, caller: Caller, case_id: str) -> Row[Any]:
        authorize(caller, "review")
        with self._engine.connect() as connection:
            row = connection.execute(select(cases).where(cases.c.case_id == case_id, LIVE)).first()
        if row is None or not self._may_see(caller, row):
            raise _not_there(case_id)
        return row

    def _proposed_rows(self, caller: Caller, case_ids: Iterable[str]) -> list[Row[Any]]:
        rows = [self._live_row(caller, case_id) for case_id in dict.fromkeys(case_ids)]
        for row in rows:
            if row.approved_by:
                raise NotFound(
                    f"The case {row.case_id!r} is not proposed: {row.approved_by} approved it."
                )
        return rows


def _check_name(dataset: str) -> None:
    if not dataset.strip() or len(dataset) > 60 or not dataset.isprintable():
        raise UsageError("Name the dataset with 1 to 60 printable characters, like 'handbook'.")


def _taken(case_id: str, dataset: str) -> UsageError:
    return UsageError(
        f"The id {case_id!r} belongs to a case of the dataset {dataset!r}. Give this one another id."
    )


def _not_there(case_id: str) -> NotFound:
    return NotFound(f"There is no case {case_id!r} that you may see.")
