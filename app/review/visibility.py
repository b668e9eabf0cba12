"""Whose flags a reviewer may see: those about answers made from documents that this reviewer may all read."""

import json
from collections.abc import Collection, Iterable

from sqlalchemy import Connection, select

from core.answers import Caller
from index.permissions import may_read
from index.schema import documents

_MOST_NAMED = 500


class Sight:
    """Which sets of documents one caller may read whole, at one moment.

    A set is the JSON list of ids that `review_items.documents` keeps. A document that is not there any more has no
    access list, so only the local administrator passes it.
    """

    def __init__(self, caller: Caller, connection: Connection, stored: Iterable[str]) -> None:
        self._is_whole: dict[str, bool] = {}
        sets = {entry: frozenset(json.loads(entry)) for entry in set(stored)}
        readable = _readable(caller, connection, frozenset().union(*sets.values()))
        for entry, doc_ids in sets.items():
            self._is_whole[entry] = caller.is_admin or doc_ids <= readable

    def is_whole(self, stored: str) -> bool:
        """Whether every document of a set that was given at the start may be read."""
        return self._is_whole[stored]


def number_of_documents(stored: str) -> int:
    """Return how many documents a set has."""
    return len(json.loads(stored))


def _readable(caller: Caller, connection: Connection, doc_ids: Collection[str]) -> set[str]:
    query = select(documents.c.doc_id, documents.c.access)
    # All of them at once are faster than very many by name.
    if len(doc_ids) <= _MOST_NAMED:
        query = query.where(documents.c.doc_id.in_(sorted(doc_ids)))
    verdicts: dict[str, bool] = {}
    found = set()
    for doc_id, access in connection.execute(query):
        if access not in verdicts:
            verdicts[access] = may_read(caller, _principals(access))
        if verdicts[access] and doc_id in doc_ids:
            found.add(doc_id)
    return found


def _principals(stored: str) -> tuple[str, ...]:
    try:
        access = json.loads(stored)
    except ValueError:
        return ()
    is_list = isinstance(access, list) and all(isinstance(name, str) for name in access)
    return tuple(access) if is_list else ()
