"""Keeps conversations, answers and the traces that they were made from; each belongs to who asked.

    begin: conversation and question are durable ─▶ append: the answer takes the question's place, in one commit

What others may open of a shared conversation is in `app.conversation_view`.
"""

import json
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, delete, func, insert, select, update

from app.answer_rights import made_of, may_read_answers
from app.stored_answers import answer_from_json
from app.unfinished_log import UnfinishedLog, add_running, take_out
from core.answers import Answer, Caller, Turn
from core.errors import NotFound, UsageError
from core.ids import new_id
from core.moments import Clock, stamp, utc_now
from index.catalogue import Catalogue
from index.database import storage_errors, writing
from index.schema import answers, conversations, shadow_answers, unfinished

MAX_TITLE_CHARS = 120
_TITLE_CHARS = 80
_REMEMBERED_TURNS = 6


ReadableAmong = Callable[[Collection[str], Caller], set[str]]
"""Returns those of some documents, by id, that a caller may read now."""


@dataclass(frozen=True, slots=True)
class History:
    """The turns before a question, and the documents that they were made from; None where that is not known."""

    turns: list[Turn]
    doc_ids: frozenset[str] | None


class ConversationLog:
    """The conversations of one data folder; `channel` and `variant` (see `app.arm_labels`) are noted with answers."""

    def __init__(
        self,
        engine: Engine,
        data_dir: Path,
        channel: str = "",
        now: Clock = utc_now,
        variant: str = "",
    ) -> None:
        self.data_dir = data_dir
        self.channel = channel
        self._engine = engine
        self._data_dir = data_dir
        self._variant = variant
        self._now = now
        self._catalogue = Catalogue(engine, data_dir)
        self.unfinished = UnfinishedLog(engine, data_dir, now)

    # --- asking ---------------------------------------------------------------------------------------

    def begin(
        self,
        question: str,
        caller: Caller,
        conversation_id: str | None = None,
        replaces: str | None = None,
    ) -> tuple[str, str]:
        """Store a question before it is answered; return its id and that of its conversation; one commit.

        Raises:
            NotFound: the conversation, or the answer to replace, is not the caller's.
            UsageError: the answer to replace is not the last one of the conversation.
        """
        at = stamp(self._now())
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            if conversation_id is not None:
                _require_owner(connection, conversation_id, caller)
            if replaces is not None:
                _require_last(connection, replaces, conversation_id, caller)
            if conversation_id is None:
                conversation_id = new_id()
                _start(connection, conversation_id, question, at, caller)
            else:
                _touch(connection, conversation_id, at)
            return (
                add_running(connection, conversation_id, caller, question, replaces or "", at),
                conversation_id,
            )

    def append(
        self,
        answer: Answer,
        trace: dict[str, Any],
        caller: Caller,
        conversation_id: str | None,
        question_id: str | None = None,
        replaces: str | None = None,
    ) -> Answer:
        """Store an answer at the end of a conversation, a new one if none is named; one commit.

        It takes the place of the unfinished question that it answers, and of the answer that it replaces.

        Raises:
            NotFound: conversation or question are not there any more, or not the caller's.
        """
        stored = replace(answer, conversation_id=conversation_id or new_id())
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            if conversation_id is None:
                _start(
                    connection, stored.conversation_id, stored.question, stored.created_at, caller
                )
            else:
                _require_owner(connection, conversation_id, caller)
            if question_id is not None:
                take_out(connection, question_id, caller)
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
                    channel=self.channel,
                    model=stored.model,
                    total_ms=stored.timings_ms.get("total", 0.0),
                    cost_usd=stored.cost_usd,
                    variant=self._variant,
                )
            )
            if replaces is not None:
                _take_place(connection, replaces, stored)
            _touch(connection, stored.conversation_id, stored.created_at)
        return stored

    # --- reading one's own ----------------------------------------------------------------------------

    def history(
        self,
        conversation_id: str,
        caller: Caller,
        readable_among: ReadableAmong,
        leave_out: str | None = None,
    ) -> History:
        """Return the last turns of one of the caller's conversations, oldest first.

        An answer that cites what the caller may not read any more, or what is gone, is left out of its turn. The
        answer `leave_out`, by id, is about to be replaced: its turn did not happen.

        Raises:
            NotFound: it is not the caller's.
        """
        rows = [
            (answer_from_json(row.answer), json.loads(row.trace))
            for row in self._own_rows(conversation_id, caller)
            if row.answer_id != leave_out
        ][-_REMEMBERED_TURNS:]
        cited = [{c.document.doc_id for c in answer.citations} for answer, _ in rows]
        readable = readable_among(set().union(*cited), caller)
        made = [made_of(trace) for _, trace in rows]
        return History(
            [
                Turn(answer.question, answer.text if doc_ids <= readable else "")
                for (answer, _), doc_ids in zip(rows, cited, strict=True)
            ],
            None if None in made else frozenset().union(*filter(None, made)),
        )

    def turns(self, conversation_id: str, caller: Caller) -> list[Answer]:
        """Return the answers that are shown of one of the caller's conversations, oldest first.

        Raises:
            NotFound: it is not the caller's.
        """
        return [answer_from_json(row.answer) for row in self._own_rows(conversation_id, caller)]

    def find(self, answer_id: str, caller: Caller) -> tuple[Answer, dict[str, Any]]:
        """Return an answer with its trace: the caller's own, or one that is shown in a shared conversation.

        The latter only if the caller may read every document that it was made from; the local administrator sees all.

        Raises:
            NotFound: it is not there, or none of these.
        """
        shown = answers.c
        query = (
            select(
                shown.answer, shown.trace, shown.owner, shown.replaced_by, conversations.c.shared_at
            )
            .join(conversations, conversations.c.conversation_id == shown.conversation_id)
            .where(shown.answer_id == answer_id)
        )
        with self._engine.connect() as connection:
            row = connection.execute(query).first()
        if row is not None:
            trace = json.loads(row.trace)
            if caller.is_admin or row.owner == caller.name:
                return answer_from_json(row.answer), trace
            is_shown = bool(row.shared_at) and not row.replaced_by
            if is_shown and may_read_answers(self._catalogue, [trace], caller) == [True]:
                return answer_from_json(row.answer), trace
        raise NotFound(f"There is no answer {answer_id!r} of yours.")

    def _own_rows(self, conversation_id: str, caller: Caller) -> list[Any]:
        query = (
            select(answers.c.answer_id, answers.c.answer, answers.c.trace)
            .where(answers.c.conversation_id == conversation_id, answers.c.replaced_by == "")
            .order_by(answers.c.position)
        )
        with self._engine.connect() as connection:
            _require_owner(connection, conversation_id, caller)
            return list(connection.execute(query))

    # --- changing -------------------------------------------------------------------------------------

    def rename(self, conversation_id: str, caller: Caller, title: str) -> None:
        """Give one of the caller's conversations another title, of 1 to 120 characters.

        Raises:
            NotFound: it is not the caller's.
            UsageError: the title is empty or too long.
        """
        named = " ".join(title.encode("utf-8", "replace").decode().split())
        if not named:
            raise UsageError("The title is empty. Type a name for the conversation.")
        if len(named) > MAX_TITLE_CHARS:
            raise UsageError(
                f"The title has {len(named):,} characters. Shorten it to {MAX_TITLE_CHARS} at most."
            )
        self._change(conversation_id, caller, title=named)

    def share(self, conversation_id: str, caller: Caller, *, is_shared: bool) -> None:
        """Let others open one of the caller's conversations by its address, or do not any more.

        Raises:
            NotFound: it is not the caller's.
        """
        self._change(conversation_id, caller, shared_at=stamp(self._now()) if is_shared else "")

    def _change(self, conversation_id: str, caller: Caller, **values: str) -> None:
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            _require_owner(connection, conversation_id, caller)
            is_it = conversations.c.conversation_id == conversation_id
            connection.execute(update(conversations).where(is_it).values(**values))

    def delete(self, conversation_id: str, caller: Caller) -> None:
        """Remove one of the caller's conversations with its answers, traces and questions, for good.

        Raises:
            NotFound: it is not the caller's.
        """
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            _require_owner(connection, conversation_id, caller)
            _remove(connection, conversation_id)

    def forget(self, question_id: str, caller: Caller) -> None:
        """Remove one of the caller's unfinished questions, and its conversation if that has nothing else.

        Raises:
            NotFound: it is not there or not the caller's.
        """
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            conversation_id, question = take_out(connection, question_id, caller)
            first = _first_question(connection, conversation_id)
            if first is None:
                _remove(connection, conversation_id)
            else:
                _retitle(connection, conversation_id, question, first)


def title_of(question: str) -> str:
    """Return the title that a conversation has by its first question."""
    return " ".join(question.split())[:_TITLE_CHARS]


def not_yours(conversation_id: str) -> NotFound:
    """Return what is said of every conversation that a caller may not open, whether there is one or not."""
    return NotFound(f"There is no conversation {conversation_id!r} of yours.")


def _start(
    connection: Connection, conversation_id: str, question: str, at: str, caller: Caller
) -> None:
    connection.execute(
        insert(conversations).values(
            conversation_id=conversation_id,
            owner=caller.name,
            title=title_of(question),
            created_at=at,
            updated_at=at,
        )
    )


def _touch(connection: Connection, conversation_id: str, at: str) -> None:
    is_it = conversations.c.conversation_id == conversation_id
    connection.execute(update(conversations).where(is_it).values(updated_at=at))


def _require_owner(connection: Connection, conversation_id: str, caller: Caller) -> None:
    query = select(conversations.c.owner).where(conversations.c.conversation_id == conversation_id)
    owner = connection.execute(query).scalar()
    if owner is None or owner != caller.name:
        raise not_yours(conversation_id)


def _require_last(
    connection: Connection, answer_id: str, conversation_id: str | None, caller: Caller
) -> None:
    shown = answers.c
    query = (
        select(shown.answer_id, shown.owner, shown.replaced_by)
        .where(shown.conversation_id == conversation_id)
        .order_by(shown.position.desc())
    )
    rows = connection.execute(query).all()
    if not any(row.answer_id == answer_id and row.owner == caller.name for row in rows):
        raise NotFound(f"There is no answer {answer_id!r} of yours.")
    if next(row.answer_id for row in rows if not row.replaced_by) != answer_id:
        raise UsageError(
            "Only the last answer of a conversation can be asked for again, because those after it rest on it. "
            "Ask your question at the end of the conversation, or begin a new one."
        )


def _take_place(connection: Connection, replaced: str, answer: Answer) -> None:
    """Note which answer replaces another; that one may have been replaced since the question was asked.

    A title that was made of the question goes with it.
    """
    shown = answers.c
    of_it = select(shown.replaced_by, shown.answer).where(
        shown.conversation_id == answer.conversation_id
    )
    row = connection.execute(of_it.where(shown.answer_id == replaced)).first()
    while row is not None and row.replaced_by:
        replaced = row.replaced_by
        row = connection.execute(of_it.where(shown.answer_id == replaced)).first()
    if row is None:
        return
    connection.execute(
        update(answers).where(shown.answer_id == replaced).values(replaced_by=answer.answer_id)
    )
    asked_before = json.loads(row.answer)["question"]
    _retitle(connection, answer.conversation_id, asked_before, answer.question)


def _retitle(connection: Connection, conversation_id: str, before: str, after: str) -> None:
    """Let a title that was made of one question be made of another; one that somebody chose stays."""
    has_its_title = (conversations.c.conversation_id == conversation_id) & (
        conversations.c.title == title_of(before)
    )
    connection.execute(update(conversations).where(has_its_title).values(title=title_of(after)))


def _first_question(connection: Connection, conversation_id: str) -> str | None:
    """Return the question of the first answer that is shown, else of the first unfinished one."""
    shown = answers.c
    answered = (
        select(shown.answer)
        .where(shown.conversation_id == conversation_id, shown.replaced_by == "")
        .order_by(shown.position)
    )
    asked = (
        select(unfinished.c.question)
        .where(unfinished.c.conversation_id == conversation_id)
        .order_by(unfinished.c.started_at, unfinished.c.question_id)
    )
    stored = connection.execute(answered.limit(1)).scalar()
    if stored is not None:
        return str(json.loads(stored)["question"])
    found = connection.execute(asked.limit(1)).scalar()
    return None if found is None else str(found)


def _next_position(connection: Connection, conversation_id: str) -> int:
    query = select(func.max(answers.c.position)).where(answers.c.conversation_id == conversation_id)
    last = connection.execute(query).scalar()
    return 0 if last is None else int(last) + 1


def _remove(connection: Connection, conversation_id: str) -> None:
    of_it = select(answers.c.answer_id).where(answers.c.conversation_id == conversation_id)
    connection.execute(delete(shadow_answers).where(shadow_answers.c.answer_id.in_(of_it)))
    for table in (answers, unfinished, conversations):
        connection.execute(delete(table).where(table.c.conversation_id == conversation_id))
