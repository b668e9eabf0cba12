"""What people are told at their next visit: what became of a flag, a document of theirs that was reported.

A notice is written in the commit of what it tells, so that neither is there without the other. It has no words of
documents: only what its recipient said or was answered, and what a reviewer writes to that person.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

from sqlalchemy import ColumnElement, Connection, Engine, delete, insert, select, update

from app.authorization import authorize
from core.answers import Caller
from core.ids import new_id
from core.moments import stamp, utc_now
from index.database import storage_errors, writing
from index.schema import notices

NoticeKind = Literal["flag_outcome", "flag_assigned", "source_reported"]

_MOST_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Notice:
    """One sentence for one person; `object` is the id of what it is about, a flag or a document."""

    notice_id: str
    kind: NoticeKind
    object: str
    text: str
    created_at: str


class Notices:
    """The notices of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir

    def tell(
        self, connection: Connection, recipient: str, kind: NoticeKind, object_: str, text: str
    ) -> None:
        """Write a notice within the caller's commit; see `tell`."""
        tell(connection, recipient, kind, object_, text)

    def unseen(self, caller: Caller) -> Sequence[Notice]:
        """Return what the caller was not shown yet, the newest first; 50 at most."""
        authorize(caller, "ask")
        query = (
            select(notices)
            .where(notices.c.recipient == caller.name, notices.c.seen_at == "")
            .order_by(notices.c.created_at.desc(), notices.c.notice_id.desc())
            .limit(_MOST_SHOWN)
        )
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return [
                Notice(row.notice_id, row.kind, row.object, row.text, row.created_at)
                for row in connection.execute(query)
                if row.kind in get_args(NoticeKind)
            ]

    def seen(self, caller: Caller, notice_ids: Collection[str]) -> None:
        """Do not show some notices again; those of others stay as they are, and a second time changes nothing."""
        authorize(caller, "ask")
        if not notice_ids:
            return
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(
                update(notices)
                .where(
                    notices.c.notice_id.in_(list(notice_ids)),
                    notices.c.recipient == caller.name,
                    notices.c.seen_at == "",
                )
                .values(seen_at=stamp(utc_now()))
            )


def tell(connection: Connection, recipient: str, kind: NoticeKind, object_: str, text: str) -> None:
    """Write a notice; one of the same kind about the same that was not seen yet gives way to it."""
    unsay(connection, recipient, kind, object_)
    connection.execute(
        insert(notices).values(
            notice_id=new_id(),
            recipient=recipient,
            kind=kind,
            object=object_,
            text=text,
            created_at=stamp(utc_now()),
        )
    )


def unsay(connection: Connection, recipient: str, kind: NoticeKind, object_: str) -> None:
    """Take a notice back that nobody has seen: what it told is not so any more."""
    connection.execute(
        delete(notices).where(_about(recipient, kind, object_), notices.c.seen_at == "")
    )


def was_told(connection: Connection, recipient: str, kind: NoticeKind, object_: str) -> bool:
    """Whether a person has seen a notice of this kind about this."""
    query = select(notices.c.notice_id).where(
        _about(recipient, kind, object_), notices.c.seen_at != ""
    )
    return cast(str | None, connection.execute(query.limit(1)).scalar()) is not None


def _about(recipient: str, kind: NoticeKind, object_: str) -> ColumnElement[bool]:
    return (
        (notices.c.recipient == recipient)
        & (notices.c.kind == kind)
        & (notices.c.object == object_)
    )
