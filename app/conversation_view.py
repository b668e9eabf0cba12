"""What a caller sees of conversations: the list of one's own, and one as a whole, also a shared one.

Of somebody else's shared conversation a caller sees the answers that are made only of what this caller may read.
Whose documents may not be read is withheld, question and answer; what is unfinished or was replaced is the
owner's alone.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select

from app.answer_rights import may_read_answers
from app.conversation_log import not_yours, title_of
from app.conversation_search import has_words, may_have, search_words
from app.stored_answers import answer_from_json
from app.unfinished_log import UnfinishedLog, UnfinishedQuestion
from core.answers import Answer, Caller
from core.moments import Clock, utc_now
from index.catalogue import Catalogue
from index.schema import answers, conversations, unfinished

_MOST_LOOKED_AT = 500
"""Conversations that are read for one search, the latest."""
_MAX_LISTED = 500
_WITHHELD_TITLE = "Shared conversation"


@dataclass(frozen=True, slots=True)
class ConversationSummary:
    """A conversation in a list; `title` is the start of its first question until it is renamed.

    `turns` counts the answers that are shown.
    """

    conversation_id: str
    title: str
    updated_at: str
    turns: int
    is_shared: bool = False
    has_unfinished: bool = False


@dataclass(frozen=True, slots=True)
class TurnView:
    """One turn: the answer that is shown and those that it replaced, oldest first; None where it is withheld."""

    answer: Answer | None
    earlier: tuple[Answer, ...]
    is_withheld: bool


@dataclass(frozen=True, slots=True)
class ConversationView:
    """A conversation as one caller may see it."""

    conversation_id: str
    title: str
    is_own: bool
    is_shared: bool
    turns: tuple[TurnView, ...]
    unfinished: tuple[UnfinishedQuestion, ...]


class ConversationReader:
    """Opens and lists the conversations of one data folder."""

    def __init__(self, catalogue: Catalogue, now: Clock = utc_now) -> None:
        self._catalogue = catalogue
        self._engine = catalogue.engine
        self._unfinished = UnfinishedLog(catalogue.engine, catalogue.data_dir, now)

    def listed(self, caller: Caller, query: str = "", limit: int = 50) -> list[ConversationSummary]:
        """Return the caller's conversations, the latest first: those that have all words of `query`.

        Words are looked for in titles, questions and answers that are shown, also in parts of words.
        """
        wanted = search_words(query)
        key = conversations.c.conversation_id
        shown = (answers.c.conversation_id == key) & (answers.c.replaced_by == "")
        statement = (
            select(
                conversations,
                select(func.count()).where(shown).scalar_subquery().label("turns"),
                exists().where(unfinished.c.conversation_id == key).label("has_unfinished"),
            )
            .where(
                conversations.c.owner == caller.name, *(may_have(word, shown) for word in wanted)
            )
            .order_by(conversations.c.updated_at.desc(), key.desc())
            .limit(_MOST_LOOKED_AT if wanted else max(0, min(limit, _MAX_LISTED)))
        )
        with self._engine.connect() as connection:
            rows = connection.execute(statement).all()
        found: list[ConversationSummary] = []
        for row in rows:
            if len(found) >= limit:
                break
            if not wanted or has_words(wanted, self._texts(row)):
                found.append(
                    ConversationSummary(
                        row.conversation_id,
                        row.title,
                        row.updated_at,
                        row.turns,
                        bool(row.shared_at),
                        bool(row.has_unfinished),
                    )
                )
        return found

    def _texts(self, row: Any) -> list[str]:
        """Return everything of a conversation that words are looked for in."""
        texts: list[str] = [row.title]
        key = row.conversation_id
        asked = select(unfinished.c.question).where(unfinished.c.conversation_id == key)
        said = select(answers.c.answer).where(
            answers.c.conversation_id == key, answers.c.replaced_by == ""
        )
        with self._engine.connect() as connection:
            texts += connection.execute(asked).scalars()
            for stored in connection.execute(said).scalars():
                fields = json.loads(stored)
                texts += (fields["question"], fields["text"])
        return texts

    def open(self, conversation_id: str, caller: Caller) -> ConversationView:
        """Return one of the caller's own conversations, or a shared one as far as the caller may read it.

        Raises:
            NotFound: it is not there, or not for this caller.
        """
        found = select(conversations).where(conversations.c.conversation_id == conversation_id)
        said = (
            select(answers.c.answer_id, answers.c.answer, answers.c.trace, answers.c.replaced_by)
            .where(answers.c.conversation_id == conversation_id)
            .order_by(answers.c.position)
        )
        with self._engine.connect() as connection:
            row = connection.execute(found).first()
            if row is None or not (row.owner == caller.name or row.shared_at):
                raise not_yours(conversation_id)
            rows = connection.execute(said).all()
        if row.owner != caller.name:
            return self._shared(row, rows, caller)
        return ConversationView(
            conversation_id,
            row.title,
            True,
            bool(row.shared_at),
            _own_turns(rows),
            self._unfinished.of(conversation_id),
        )

    def _shared(self, row: Any, rows: Sequence[Any], caller: Caller) -> ConversationView:
        shown = [entry for entry in rows if not entry.replaced_by]
        allowed = may_read_answers(
            self._catalogue, [json.loads(entry.trace) for entry in shown], caller
        )
        turns = tuple(
            TurnView(answer_from_json(entry.answer), (), False)
            if is_allowed
            else TurnView(None, (), True)
            for entry, is_allowed in zip(shown, allowed, strict=True)
        )
        return ConversationView(
            row.conversation_id,
            _title_for_others(row.title, turns, self._unseen_questions(row.conversation_id, rows)),
            False,
            True,
            turns,
            (),
        )

    def _unseen_questions(self, conversation_id: str, rows: Sequence[Any]) -> list[str]:
        """Return the questions that no other than the owner is shown: unfinished ones, and of replaced answers."""
        query = select(unfinished.c.question).where(unfinished.c.conversation_id == conversation_id)
        with self._engine.connect() as connection:
            asked = list(connection.execute(query).scalars())
        return [*asked, *(json.loads(row.answer)["question"] for row in rows if row.replaced_by)]


def _title_for_others(title: str, turns: Sequence[TurnView], unseen: Sequence[str]) -> str:
    """Return the title, unless it may say what is withheld: it is made of a question, or its owner's summary."""
    seen = [title_of(turn.answer.question) for turn in turns if turn.answer is not None]
    is_all_seen = bool(turns) and len(seen) == len(turns)
    is_of_unseen = title in map(title_of, unseen)
    return title if title in seen or (is_all_seen and not is_of_unseen) else _WITHHELD_TITLE


def _own_turns(rows: Sequence[Any]) -> tuple[TurnView, ...]:
    """Return the answers that are shown, each with those that it took the place of."""
    replacing = {row.answer_id: row.replaced_by for row in rows}
    earlier: dict[str, list[Answer]] = {}
    for row in rows:
        if row.replaced_by:
            shown = row.replaced_by
            while replacing.get(shown):
                shown = replacing[shown]
            earlier.setdefault(shown, []).append(answer_from_json(row.answer))
    return tuple(
        TurnView(answer_from_json(row.answer), tuple(earlier.get(row.answer_id, ())), False)
        for row in rows
        if not row.replaced_by
    )
