"""Who may read what, as sets of principals; pure.

A document lists the principals that may read it, a caller has principals; one in common is enough. Nothing
in common, an empty list or a list that cannot be read denies. The local administrator reads everything.
"""

from collections.abc import Collection, Iterable
from pathlib import Path

import yaml

from core.answers import Caller
from core.documents import EVERYONE, normal_principals
from core.errors import ConfigError

# Names of people are in lower case: no --as gives one of these two.
ADMIN_NAME = "Administrator"
ANONYMOUS_NAME = "Anonymous"


def may_read(caller: Caller, access: Collection[str]) -> bool:
    """Return whether the caller may read a document with this access list."""
    return caller.is_admin or not caller.principals.isdisjoint(access)


def explain(caller: Caller, access: Collection[str]) -> str:
    """Return one sentence that says why the caller may or may not read a document."""
    if caller.is_admin:
        return "The local administrator reads everything."
    shared = sorted(caller.principals.intersection(access))
    if shared:
        return f"{caller.name} has {', '.join(shared)}, which the document lists."
    if not access:
        return "The document lists nobody, and a missing rule denies."
    return f"The document is for {', '.join(sorted(access))}; {caller.name} has none of these."


def administrator() -> Caller:
    """Return the local administrator of an embedded installation."""
    return Caller(ADMIN_NAME, frozenset(), is_admin=True, role="admin")


def caller_named(name: str, groups: Iterable[str]) -> Caller:
    """Return a caller by email with the given groups; an empty name is a reader without identity."""
    email = name.strip().casefold()
    principals = {EVERYONE, *(f"group:{group}" for group in groups)}
    if email:
        principals.add(f"user:{email}")
    return Caller(email or ANONYMOUS_NAME, frozenset(normal_principals(sorted(principals))))


class GroupsFile:
    """The YAML file that lists each user's groups, read again when it changes."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._groups: dict[str, tuple[str, ...]] = {}

    def groups_of(self, email: str) -> tuple[str, ...]:
        """Return the groups of a user; none for an unknown user.

        Raises:
            ConfigError: the file is missing or not of the documented shape.
        """
        if self._path is None:
            return ()
        try:
            status = self._path.stat()
            if (status.st_mtime_ns, status.st_size) != self._stamp:
                self._groups = _read_groups(self._path)
                self._stamp = (status.st_mtime_ns, status.st_size)
        except OSError as error:
            raise ConfigError(
                f"The groups file {str(self._path)!r} cannot be read ({error.strerror}). "
                "Nobody is let in by group until FOOTNOTE_GROUPS_FILE names a readable file."
            ) from error
        return self._groups.get(email.strip().casefold(), ())


def _read_groups(path: Path) -> dict[str, tuple[str, ...]]:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"The groups file {str(path)!r} is not valid YAML: {error}") from error
    valid = isinstance(content, dict) and all(
        isinstance(groups, list)
        and all(isinstance(group, str) and group.removeprefix("group:").strip() for group in groups)
        for groups in content.values()
    )
    if not valid:
        raise ConfigError(
            f"The groups file {str(path)!r} must map each email to a list of group names, "
            "like `user@example.org: [hr, sales]`."
        )
    return {
        str(email).strip().casefold(): tuple(group.removeprefix("group:") for group in groups)
        for email, groups in content.items()
    }


def caller_for(as_user: str | None, cli_user: str, groups: GroupsFile) -> Caller:
    """Return who a command acts for: --as, else FOOTNOTE_CLI_USER, else the local administrator."""
    name = as_user if as_user is not None else cli_user
    if not name and as_user is None:
        return administrator()
    return caller_named(name, groups.groups_of(name))
