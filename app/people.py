"""Who has logged in, with which groups, and who may not any more.

A person gets a row at the first login. Deactivating keeps the row: from the next interaction on the person
gets nothing, whatever the identity provider says.
"""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select, update

from app.authorization import authorize
from core.answers import Caller
from core.errors import NotFound, UsageError
from core.ids import new_id
from core.moments import stamp, utc_now
from index.database import storage_errors, writing
from index.dialects import insert_into
from index.schema import audit, people

VISITOR_PREFIX = "visitor:"
_SEEN_EVERY_S = 60
_ENDED_KEPT = 10_000


@dataclass(frozen=True, slots=True)
class Person:
    """A person who logged in; times are ISO 8601 in UTC."""

    email: str
    name: str
    groups: tuple[str, ...]
    is_active: bool
    first_seen: str
    last_seen: str

    @property
    def key(self) -> str:
        """A short name of letters and digits, for elements of pages."""
        return hashlib.sha256(self.email.encode()).hexdigest()[:16]


class People:
    """The people of one data folder."""

    def __init__(self, engine: Engine, data_dir: Path) -> None:
        self._engine = engine
        self._data_dir = data_dir
        # Logins that were ended by logging out, by email and time of login: their cookies live on in
        # other tabs and in copies. Only this process knows; elsewhere the login's own end counts.
        self._ended: dict[tuple[str, float], None] = {}
        self._lock = Lock()

    def check_in(self, email: str, name: str, groups: Sequence[str]) -> bool:
        """Note that a person is here, at most once a minute, and return whether the person is active."""
        with storage_errors(self._data_dir):
            with self._engine.connect() as connection:
                row = connection.execute(select(people).where(people.c.email == email)).first()
            if row is not None and not row.is_active:
                return False
            now = stamp(utc_now())
            if row is None or _is_due(row, name, groups):
                # What an admin decides meanwhile stands: the update leaves `is_active` alone.
                seen = {"name": name, "groups": json.dumps(list(groups)), "last_seen": now}
                new = {"email": email, "is_active": 1, "first_seen": now, **seen}
                with writing(self._engine) as connection:
                    row_of_person = insert_into(connection, people).values(**new)
                    connection.execute(
                        row_of_person.on_conflict_do_update(
                            index_elements=[people.c.email], set_=seen
                        )
                    )
        return True

    def is_active(self, email: str) -> bool:
        """Return whether a person may come in; nobody has shut out who never came."""
        query = select(people.c.is_active).where(people.c.email == email)
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return found is None or bool(found)

    def end_login(self, email: str, issued_at: float) -> None:
        """Let a login count no more in this process, in any tab."""
        with self._lock:
            self._ended[(email, issued_at)] = None
            while len(self._ended) > _ENDED_KEPT:
                del self._ended[next(iter(self._ended))]

    def has_ended(self, email: str, issued_at: float) -> bool:
        """Return whether somebody logged out of this login here."""
        with self._lock:
            return (email, issued_at) in self._ended

    def list(self, caller: Caller) -> list[Person]:
        """Return everyone who ever logged in, whoever came last first.

        Raises:
            AccessDenied: the caller is no admin.
        """
        authorize(caller, "manage_people")
        query = select(people).order_by(people.c.last_seen.desc(), people.c.email)
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            return [_person(row) for row in connection.execute(query)]

    def deactivate(self, caller: Caller, email: str) -> Person:
        """Shut a person out from the next interaction on; again changes nothing.

        Raises:
            AccessDenied: the caller is no admin.
            NotFound: nobody with this email ever logged in.
            UsageError: the person is the caller.
        """
        authorize(caller, "manage_people")
        if _normal(email) == caller.name:
            raise UsageError(
                "You cannot deactivate yourself. Ask another admin, or run `footnote people deactivate`."
            )
        return self._switch(caller, email, is_active=False)

    def activate(self, caller: Caller, email: str) -> Person:
        """Let a person in again; again changes nothing.

        Raises:
            AccessDenied: the caller is no admin.
            NotFound: nobody with this email ever logged in.
        """
        authorize(caller, "manage_people")
        return self._switch(caller, email, is_active=True)

    def _switch(self, caller: Caller, email: str, *, is_active: bool) -> Person:
        wanted = _normal(email)
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row = connection.execute(select(people).where(people.c.email == wanted)).first()
            if row is None:
                raise NotFound(
                    f"Nobody with the email {wanted!r} ever logged in. `footnote people list` shows who did."
                )
            if bool(row.is_active) != is_active:
                connection.execute(
                    update(people).where(people.c.email == wanted).values(is_active=int(is_active))
                )
                action = "person_activated" if is_active else "person_deactivated"
                _note(connection, caller, action, wanted)
            changed = connection.execute(select(people).where(people.c.email == wanted)).one()
        return _person(changed)


def shown_name(name: str) -> str:
    """Return a caller's name as people see it: guests have a number that says nothing."""
    return "Guest" if name.startswith(VISITOR_PREFIX) else name


def _is_due(row: Row[Any], name: str, groups: Sequence[str]) -> bool:
    seen = datetime.fromisoformat(row.last_seen).timestamp()
    has_changed = row.name != name or row.groups != json.dumps(list(groups))
    return has_changed or not 0 <= time.time() - seen < _SEEN_EVERY_S


def _normal(email: str) -> str:
    return email.strip().casefold()


def _note(connection: Connection, caller: Caller, action: str, object_: str) -> None:
    connection.execute(
        insert(audit).values(
            audit_id=new_id(), at=stamp(utc_now()), actor=caller.name, action=action, object=object_
        )
    )


def _person(row: Row[Any]) -> Person:
    return Person(
        email=row.email,
        name=row.name,
        groups=tuple(json.loads(row.groups)),
        is_active=bool(row.is_active),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
    )
