"""The queue: the flags that stand, in order, a page at a time, as one reviewer may see them."""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import Connection, Row, func, select

from app.review.digest import standing_flags
from app.review.history import histories
from app.review.locks import is_held
from app.review.priority import Urgency, points_of_others, urgency_of
from app.review.states import OPEN_STATES, STATES, State, standing_of
from app.review.visibility import Sight, number_of_documents
from core.answers import Caller
from index.schema import feedback, review_items

Order = Literal["priority", "oldest", "newest"]
StateFilter = State | Literal["open"]

PAGE_SIZE = 25
_SHOWN_CHARS = 300
_NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class QueueEntry:
    """One flag in the queue.

    `restricted` is the number of documents that its answer was made from where the caller may not read them all, else
    0; an entry that is restricted says nothing of its words, and not who wrote it. `people` flagged this answer or
    these words; `assignee` is who should decide it.
    """

    feedback_id: str
    state: State
    created_at: str
    channel: str
    points: int = 0
    urgency: Urgency = "low"
    author: str = ""
    category: str = ""
    severity: str = ""
    question: str = ""
    selected: str = ""
    comment: str = ""
    people: int = 1
    held_by: str = ""
    held_since: str = ""
    decided_by: str = ""
    restricted: int = 0
    assignee: str = ""


@dataclass(frozen=True, slots=True)
class Queue:
    """A page of the queue. `counts` are those of each state under the other filters; pages count from 1."""

    entries: tuple[QueueEntry, ...]
    counts: dict[State, int]
    total: int
    page: int
    pages: int


@dataclass(frozen=True, slots=True)
class QueueFilter:
    """Which flags are wanted, in which order; '' and None let everything pass."""

    state: StateFilter | None = None
    category: str | None = None
    channel: str | None = None
    text: str = ""
    order: Order = "priority"
    assignee: str = ""


class _Listed(NamedTuple):
    """A flag as the queue sorts it; there are as many as there are flags, so it is a tuple."""

    feedback_id: str
    state: State
    points: int
    people: int
    is_whole: bool


def read_queue(
    connection: Connection, caller: Caller, wanted: QueueFilter, page: int, now: datetime
) -> Queue:
    """Return one page; a page behind the last one is the last one."""
    rows = _rows(connection)
    people = _people_counter(rows)
    rows = _fitting(connection, rows, wanted)
    sight = Sight(caller, connection, {row.documents for row in rows})
    if wanted.text.strip() or wanted.category:
        # What a search finds says what the words are: nothing is found in what may not be read.
        rows = [row for row in rows if sight.is_whole(row.documents)]
    listed = [_listed(row, sight, people, now) for row in rows]
    counts = Counter(entry.state for entry in listed)
    chosen = [entry for entry in listed if _has_state(entry.state, wanted.state)]
    chosen.sort(key=_by_priority if wanted.order == "priority" else _by_time)
    if wanted.order == "newest":
        chosen.reverse()
    pages = max(1, -(-len(chosen) // PAGE_SIZE))
    page = min(max(1, page), pages)
    shown = chosen[(page - 1) * PAGE_SIZE : page * PAGE_SIZE]
    return Queue(
        entries=_entries(connection, shown, now),
        counts={state: counts[state] for state in STATES},
        total=len(chosen),
        page=page,
        pages=pages,
    )


def effective_state(stored: str, locked_by: str, locked_at: str, now: datetime) -> State:
    """Return the state of an item: one without a decision is in review while somebody holds it."""
    if stored in OPEN_STATES:
        if is_held(locked_by, locked_at, now):
            return "in_review"
        # 'in_review' was stored by hand or by an older Footnote; nobody holds it any more.
        return "triaged" if stored == "triaged" else "new"
    return cast(State, stored)


def assignees(connection: Connection) -> dict[str, str]:
    """Return who should decide the triaged flags, by the flag's id."""
    triaged = select(review_items.c.feedback_id).where(review_items.c.state == "triaged")
    found = histories(connection, list(connection.scalars(triaged)))
    return {
        feedback_id: standing_of(history).labels.assignee for feedback_id, history in found.items()
    }


def people_who_flagged(connection: Connection, answer_id: str, selected: str) -> int:
    """Return how many people flagged an answer or the same words of any."""
    columns = review_items.c
    stands = columns.feedback_id.in_(standing_flags())
    by_answer = select(columns.author).where(columns.answer_id == answer_id, stands)
    people = set(connection.scalars(by_answer))
    if not selected:
        return max(1, len(people))
    # Folding can change a word's length, but not to more than this; the database knows no folding.
    length, folded = func.length(columns.selected), selected.casefold()
    near = select(columns.author, columns.selected).where(
        length.between(len(selected) // 3, len(selected) * 3), columns.selected != "", stands
    )
    same = {row.author for row in connection.execute(near) if row.selected.casefold() == folded}
    return max(1, len(people), len(same))


def _by_priority(entry: _Listed) -> tuple[bool, int, str]:
    # What is restricted comes last: its place must not tell how bad what it hides is.
    if not entry.is_whole:
        return True, 0, entry.feedback_id
    return False, -entry.points, entry.feedback_id


def _by_time(entry: _Listed) -> str:
    return entry.feedback_id


def _rows(connection: Connection) -> Sequence[Any]:
    """Return all flags that stand, without the columns that have long texts."""
    columns = review_items.c
    query = select(
        columns.feedback_id,
        columns.state,
        columns.priority,
        columns.locked_by,
        columns.locked_at,
        columns.answer_id,
        columns.author,
        columns.category,
        columns.channel,
        columns.selected,
        columns.documents,
    ).where(columns.feedback_id.in_(standing_flags()))
    return connection.execute(query).all()


def _fitting(connection: Connection, rows: Sequence[Any], wanted: QueueFilter) -> Sequence[Any]:
    if wanted.category:
        rows = [row for row in rows if row.category == wanted.category]
    if wanted.channel:
        rows = [row for row in rows if row.channel == wanted.channel]
    if wanted.assignee:
        given = assignees(connection)
        rows = [row for row in rows if given.get(row.feedback_id) == wanted.assignee]
    words = wanted.text.casefold().split()
    if words:
        columns = review_items.c
        fits = [columns.words.contains(word, autoescape=True) for word in words]
        found = set(connection.scalars(select(columns.feedback_id).where(*fits)))
        rows = [row for row in rows if row.feedback_id in found]
    return rows


def _people_counter(rows: Sequence[Any]) -> Callable[[str, str], int]:
    """Count who flagged an answer or the same words; over all flags that stand, whatever is filtered."""
    by_answer: dict[str, set[str]] = defaultdict(set)
    by_words: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        by_answer[row.answer_id].add(row.author)
        if row.selected:
            by_words[row.selected.casefold()].add(row.author)

    def count(answer_id: str, selected: str) -> int:
        authors = by_answer.get(answer_id, _NOBODY)
        same_words = by_words.get(selected.casefold(), _NOBODY) if selected else _NOBODY
        # The union of large sets would cost more than its exact size is worth.
        return max(len(authors), len(same_words), 1)

    return count


def _listed(row: Any, sight: Sight, people: Callable[[str, str], int], now: datetime) -> _Listed:
    count = people(row.answer_id, row.selected)
    return _Listed(
        row.feedback_id,
        effective_state(row.state, row.locked_by, row.locked_at, now),
        row.priority + points_of_others(count),
        count,
        sight.is_whole(row.documents),
    )


def _has_state(state: State, wanted: StateFilter | None) -> bool:
    if wanted == "open":
        return state in OPEN_STATES
    return wanted is None or state == wanted


def _entries(
    connection: Connection, shown: Sequence[_Listed], now: datetime
) -> tuple[QueueEntry, ...]:
    rows = _whole_rows(connection, [entry.feedback_id for entry in shown])
    given = assignees(connection)
    return tuple(
        _entry(entry, rows[entry.feedback_id], now, given.get(entry.feedback_id, ""))
        for entry in shown
    )


def _whole_rows(connection: Connection, feedback_ids: Collection[str]) -> dict[str, Row[Any]]:
    query = (
        select(review_items, feedback.c.comment, feedback.c.created_at)
        .join(feedback, feedback.c.feedback_id == review_items.c.feedback_id)
        .where(review_items.c.feedback_id.in_(feedback_ids))
    )
    return {row.feedback_id: row for row in connection.execute(query)}


def _entry(listed: _Listed, row: Row[Any], now: datetime, assignee: str) -> QueueEntry:
    held = is_held(row.locked_by, row.locked_at, now)
    if not listed.is_whole:
        return QueueEntry(
            feedback_id=row.feedback_id,
            state=listed.state,
            created_at=row.created_at,
            channel=row.channel,
            restricted=number_of_documents(row.documents),
        )
    return QueueEntry(
        feedback_id=row.feedback_id,
        state=listed.state,
        created_at=row.created_at,
        channel=row.channel,
        points=listed.points,
        urgency=urgency_of(listed.points),
        author=row.author,
        category=row.category,
        severity=row.severity,
        question=row.question[:_SHOWN_CHARS],
        selected=row.selected[:_SHOWN_CHARS],
        comment=row.comment[:_SHOWN_CHARS],
        people=listed.people,
        held_by=row.locked_by if held else "",
        held_since=row.locked_since if held else "",
        decided_by=row.decided_by,
        assignee=assignee,
    )
