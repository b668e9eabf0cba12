"""Keeps conversations, answers and the traces that they were made from; each belongs to who asked."""

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, func, insert, select, update

from app.stored_answers import answer_from_json
from core.answers import Answer, Caller, Turn
from core.errors import NotFound
from core.ids import new_id
from index.database import storage_errors, writing
from index.schema import answers, conversations

_TITLE_CHARS = 80
_REMEMBERED_TURNS = 6


ReadableAmong = Callable[[Collection[str], Caller], set[str]]
"""Returns those of some documents, by id, that a caller may read now."""


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A conversation in a list; `title` is the start of its first question."""

    conversation_id: str
    title: str
    updated_at: str
    turns: int


class ConversationLog:
    """The conversations of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir

    def append(
        self, answer: Answer, trace: dict[str, Any], caller: Caller, conversation_id: str | None
    ) -> Answer:
        """Store an answer at the end of a conversation, a new one if none is named; one commit."""
        stored = replace(answer, conversation_id=conversation_id or new_id())
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            if conversation_id is None:
                _start(connection, stored, caller)
            else:
                _require_owner(connection, conversation_id, caller)
            connection.execute(
                insert(answers).values(
                    answer_id=stored.answer_id,
                    conversation_id=stored.conversation_id,
                    position=_next_position(connection, stored.conversation_id),
                    owner=caller.name,
                    status=stored.status,
                    created_at=stored.created_at,
                    trace_id=stored.trace_id,
                    answer=json.dumps(asdict(stored), ensure_ascii=False),
                    trace=json.dumps(trace, ensure_ascii=False),
                )
            )
            connection.execute(
                update(conversations)
                .where(conversations.c.conversation_id == stored.conversation_id)
                .values(updated_at=stored.created_at)
            )
        return stored

    def history(
        self, conversation_id: str, caller: Caller, readable_among: ReadableAmong
    ) -> list[Turn]:
        """Return the last turns of one of the caller's conversations, oldest first.

        An answer that cites what the caller may not read any more, or what is gone, is left out of its turn.

        Raises:
            NotFound: it is not the caller's.
        """
        turns = self.turns(conversation_id, caller)[-_REMEMBERED_TURNS:]
        cited = [{c.document.doc_id for c in answer.citations} for answer in turns]
        readable = readable_among(set().union(*cited), caller)
        return [
            Turn(answer.question, answer.text if doc_ids <= readable else "")
            for answer, doc_ids in zip(turns, cited, strict=True)
        ]

    def turns(self, conversation_id: str, caller: Caller) -> list[Answer]:
        """Return all answers of one of the caller's conversations, oldest first.

        Raises:
            NotFound: it is not the caller's.
        """
        query = (
            select(answers.c.answer)
            .where(answers.c.conversation_id == conversation_id)
            .order_by(answers.c.position)
        )
        with self._engine.connect() as connection:
            _require_owner(connection, conversation_id, caller)
            return [answer_from_json(row[0]) for row in connection.execute(query)]

    def find(self, answer_id: str, caller: Caller) -> tuple[Answer, dict[str, Any]]:
        """Return one of the caller's own answers with its trace; the administrator sees all.

        Raises:
            NotFound: it is not there or not the caller's.
        """
        query = select(answers.c.answer, answers.c.trace, answers.c.owner).where(
            answers.c.answer_id == answer_id
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is None or not (caller.is_admin or row.owner == caller.name):
            raise NotFound(f"There is no answer {answer_id!r} of yours.")
        return answer_from_json(row.answer), json.loads(row.trace)

    def list(self, caller: Caller, limit: int = 50) -> list[ConversationSummary]:
        """Return the caller's conversations, the latest first."""
        counted = (
            select(func.count())
            .where(answers.c.conversation_id == conversations.c.conversation_id)
            .scalar_subquery()
        )
        query = (
            select(conversations, counted.label("turns"))
            .where(conversations.c.owner == caller.name)
            .order_by(conversations.c.updated_at.desc())
            .limit(limit)
        )
        with self._engine.connect() as connection:
            return [
                ConversationSummary(row.conversation_id, row.title, row.updated_at, row.turns)
                for row in connection.execute(query)
            ]


def _start(connection: Connection, answer: Answer, caller: Caller) -> None:
    connection.execute(
        insert(conversations).values(
            conversation_id=answer.conversation_id,
            owner=caller.name,
            title=" ".join(answer.question.split())[:_TITLE_CHARS],
            created_at=answer.created_at,
            updated_at=answer.created_at,
        )
    )


def _require_owner(connection: Connection, conversation_id: str, caller: Caller) -> None:
    query = select(conversations.c.owner).where(conversations.c.conversation_id == conversation_id)
    owner = connection.execute(query).scalar()
    if owner is None or owner != caller.name:
        raise NotFound(f"There is no conversation {conversation_id!r} of yours.")


def _next_position(connection: Connection, conversation_id: str) -> int:
    query = select(func.max(answers.c.position)).where(answers.c.conversation_id == conversation_id)
    last = connection.execute(query).scalar()
    return 0 if last is None else int(last) + 1
