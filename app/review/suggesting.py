"""Suggests a root cause for a flag that is opened, keeps it, and counts how often reviewers say the same."""

import json
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Row, select, update

from app.review.cause_finder import (
    Cause,
    CauseParts,
    FlagFacts,
    OpenParts,
    cause_from_json,
    cause_to_json,
    find_cause,
)
from app.review.digest import read_snapshot, standing_flags
from app.review.root_cause import ClaimRow, Suggestion, first_readable
from app.review.states import UPHELD_STATES
from app.review.visibility import Sight
from app.review.wrong_sources import GroupsOf
from core.answers import Caller
from core.errors import FootnoteError
from core.log import get_logger
from core.statistics.agreement import cohens_kappa
from index.catalogue import Catalogue
from index.database import storage_errors, writing
from index.permissions import ADMIN_NAME, ANONYMOUS_NAME, administrator, caller_named, may_read
from index.schema import answers, feedback, people, review_items

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Suggested:
    """The likeliest cause that somebody may be told, with the claims and passages that it follows from."""

    suggestion: Suggestion | None = None
    claims: tuple[ClaimRow, ...] = ()


@dataclass(frozen=True, slots=True)
class CauseAgreement:
    """How often reviewers said what was suggested, over flags that they upheld and gave a cause.

    `pairs` counts (suggested, said); `agreed` is the share that are the same, `kappa` None where it says nothing.
    """

    flags: int
    agreed: float
    kappa: float | None
    pairs: dict[tuple[str, str], int]


def suggested(
    catalogue: Catalogue,
    data_dir: Path,
    caller: Caller,
    row: Row[Any],
    open_parts: OpenParts,
    groups_of: GroupsOf,
) -> Suggested:
    """Return the suggestion for a flag's row of both tables; looked for once, and kept."""
    cause = cause_from_json(row.cause_detail)
    if cause is None:
        try:
            parts = open_parts()
            if parts is None:
                return Suggested()
            cause = _find(catalogue, row, parts, groups_of)
        except FootnoteError as error:
            # A store that does not answer keeps nobody from deciding.
            _log.warning("no cause suggested", feedback_id=row.feedback_id, error=str(error))
            return Suggested()
        values = {"cause_detail": cause_to_json(cause)}
        if cause.suggestions:
            values["suggested_cause"] = cause.suggestions[0].cause
        with storage_errors(data_dir), writing(catalogue.engine) as connection:
            connection.execute(
                update(review_items)
                .where(review_items.c.feedback_id == row.feedback_id)
                .values(**values)
            )
    return Suggested(_for(catalogue, caller, cause), cause.claims)


def cause_agreement(connection: Connection, catalogue: Catalogue, caller: Caller) -> CauseAgreement:
    """Return how often the suggestion was what the reviewer said, over flags that the caller may see."""
    query = (
        select(review_items.c.documents, review_items.c.cause_detail, feedback.c.root_cause)
        .join(feedback, feedback.c.feedback_id == review_items.c.feedback_id)
        .where(
            review_items.c.state.in_(UPHELD_STATES),
            review_items.c.suggested_cause != "",
            feedback.c.root_cause != "",
            review_items.c.feedback_id.in_(standing_flags()),
        )
    )
    rows = connection.execute(query).all()
    sight = Sight(caller, connection, {row.documents for row in rows})
    pairs = [
        (found.cause, row.root_cause)
        for row in rows
        if sight.is_whole(row.documents)
        and (cause := cause_from_json(row.cause_detail)) is not None
        and (found := _for(catalogue, caller, cause)) is not None
    ]
    measured = cohens_kappa(pairs)
    return CauseAgreement(len(pairs), measured.observed, measured.kappa, dict(Counter(pairs)))


def _for(catalogue: Catalogue, caller: Caller, cause: Cause) -> Suggestion | None:
    return first_readable(
        cause.suggestions,
        _readable(catalogue, caller, (each.doc_id for each in cause.suggestions)),
    )


def _readable(catalogue: Catalogue, caller: Caller, doc_ids: Iterable[str]) -> frozenset[str]:
    records = catalogue.records(set(filter(None, doc_ids)))
    return frozenset(
        doc_id for doc_id, record in records.items() if may_read(caller, record.access)
    )


def _find(catalogue: Catalogue, row: Row[Any], parts: CauseParts, groups_of: GroupsOf) -> Cause:
    answer, trace = read_snapshot(row.snapshot)
    with catalogue.engine.connect() as connection:
        asker = _asker(connection, row, groups_of)
    flag = FlagFacts(
        answer=answer,
        trace=trace,
        asker=asker,
        category=row.category or "",
        span=None if row.start is None else (row.start, row.end),
        target=row.target,
        target_ref=row.target_ref,
        correction=row.correction,
        correction_source=row.correction_source,
    )
    return find_cause(flag, parts, catalogue)


def _asker(connection: Connection, row: Row[Any], groups_of: GroupsOf) -> Caller:
    """Return who asked, as far as is known now: who flagged, where the answer is gone."""
    query = select(answers.c.owner).where(answers.c.answer_id == row.answer_id)
    name = connection.execute(query).scalar() or row.author
    if name == ADMIN_NAME:
        return administrator()
    if name == ANONYMOUS_NAME:
        return caller_named("", ())
    stored = connection.execute(select(people.c.groups).where(people.c.email == name)).scalar()
    groups: Collection[str] = json.loads(stored) if stored else ()
    return caller_named(name, {*groups, *groups_of(name)})
