"""What comes out of a container, and how much of it: members, bad members, limits and their count."""

from dataclasses import dataclass, field

from core.errors import ParseError, QuarantineReason

_ENTRIES_A_MEMBER = 10
"""Folders, links and hidden files that an archive may have for each member that is allowed."""


@dataclass(frozen=True, slots=True)
class Member:
    """A file in a container; `name` is a safe relative path, `modified` ISO 8601 or '' for unknown."""

    name: str
    content: bytes
    modified: str = ""


@dataclass(frozen=True, slots=True)
class BadMember:
    """A file in a container that alone cannot be read, and why.

    `is_rest`: it stands for all members that could not be reached, so that the others are not all there are.
    """

    name: str
    reason: QuarantineReason
    detail: str
    is_rest: bool = False


AnyMember = Member | BadMember


@dataclass(frozen=True, slots=True)
class ExpansionLimits:
    """How much may come out of one container.

    A container whose unpacked bytes are more than `ratio` times its packed ones is a bomb, once it has
    unpacked to more than `ratio_free_bytes`: small files of one repeated line compress far better.
    """

    members: int = 10_000
    total_bytes: int = 1024 * 1024 * 1024
    member_bytes: int = 50 * 1024 * 1024
    ratio: int = 200
    ratio_free_bytes: int = 20 * 1024 * 1024


@dataclass(slots=True)
class Budget:
    """Counts what has come out of one container; only bytes that were really unpacked count."""

    limits: ExpansionLimits
    packed: int = 0
    unpacked: int = 0
    _entries: int = field(default=0)
    _members: int = field(default=0)

    @property
    def max_entries(self) -> int:
        """How many entries of any kind an archive may list."""
        return self.limits.members * _ENTRIES_A_MEMBER

    def count_entry(self) -> None:
        """Count an entry of any kind.

        Raises:
            ParseError: `too_large`, for the whole container.
        """
        self._entries += 1
        if self._entries > self.max_entries:
            raise ParseError("too_large", f"it lists more than {self.max_entries:,} entries")

    def count_member(self) -> None:
        """Count a member, good or bad.

        Raises:
            ParseError: `too_large`, for the whole container.
        """
        self._members += 1
        if self._members > self.limits.members:
            raise ParseError("too_large", f"it holds more than {self.limits.members:,} files")

    def count_bytes(self, packed: int, unpacked: int) -> None:
        """Count bytes that were read from the container and what they became.

        Raises:
            ParseError: `archive_bomb`, for the whole container.
        """
        self.packed += packed
        self.unpacked += unpacked
        limits = self.limits
        if self.unpacked > limits.total_bytes:
            raise ParseError(
                "archive_bomb", f"it unpacks to more than {limits.total_bytes / 2**30:.3g} GiB"
            )
        if self.unpacked > max(limits.ratio_free_bytes, limits.ratio * self.packed):
            raise ParseError(
                "archive_bomb", f"it unpacks to more than {limits.ratio} times its size"
            )

    def require_size(self, size: int) -> None:
        """Refuse one member that is larger than a member may be.

        Raises:
            ParseError: `too_large`, for this member.
        """
        if size > self.limits.member_bytes:
            raise ParseError(
                "too_large", f"it is larger than {self.limits.member_bytes / 2**20:.3g} MiB"
            )


def bad_member(name: str, error: ParseError) -> BadMember:
    """Return the member that `error` is about; a bomb is about the whole container and goes on up.

    Raises:
        ParseError: the error itself, when it is `archive_bomb`.
    """
    if error.reason == "archive_bomb":
        raise error
    return BadMember(name, error.reason, error.detail)
