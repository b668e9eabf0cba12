"""Says who may read a document, in words, and whether one person may."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine, select

from core.answers import Caller
from core.documents import EVERYONE
from core.errors import UsageError
from index.permissions import GroupsFile, caller_named, explain, may_read
from index.schema import people

_MAX_NAME_CHARS = 320


@dataclass(frozen=True, slots=True)
class ReadingRight:
    """Whether a person may read a document, and why (not)."""

    who: str
    is_allowed: bool
    because: str


class Readers:
    """The people of one installation with their groups: those of the groups file and of their last login."""

    def __init__(self, engine: Engine, groups_file: Path | None) -> None:
        self._engine = engine
        self._groups = GroupsFile(groups_file)

    def named(self, email: str) -> Caller:
        """Return a person by email, as a reader; one whom nobody knows has no groups.

        Raises:
            UsageError: there is no name.
            ConfigError: the groups file cannot be used.
        """
        name = email.strip().casefold()
        if not name or len(name) > _MAX_NAME_CHARS:
            raise UsageError("Type the email of the person.")
        return caller_named(name, {*self._groups.groups_of(name), *self._at_login(name)})

    def right(self, email: str, access: Sequence[str]) -> ReadingRight:
        """Return whether a person may read what has this access list.

        Raises:
            UsageError: there is no name.
        """
        reader = self.named(email)
        if self._is_shut_out(reader.name):
            return ReadingRight(reader.name, False, f"{reader.name} is deactivated.")
        return ReadingRight(reader.name, may_read(reader, access), explain(reader, access))

    def _at_login(self, email: str) -> list[str]:
        query = select(people.c.groups).where(people.c.email == email)
        with self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return list(json.loads(found)) if found else []

    def _is_shut_out(self, email: str) -> bool:
        query = select(people.c.is_active).where(people.c.email == email)
        with self._engine.connect() as connection:
            return connection.execute(query).scalar() == 0


def access_words(access: Sequence[str]) -> str:
    """Return an access list as people say it: `everyone`, `the group hr and ann@example.org`."""
    if not access:
        return "nobody but the local administrator"
    if EVERYONE in access:
        return "everyone"
    groups = [principal[6:] for principal in access if principal.startswith("group:")]
    users = [principal[5:] for principal in access if principal.startswith("user:")]
    named = [f"the group {groups[0]}"] if len(groups) == 1 else []
    if len(groups) > 1:
        named = [f"the groups {_listed(groups)}"]
    return _listed([*named, *users])


def _listed(names: Sequence[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
