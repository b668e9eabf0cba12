"""Names of members: data to show and to tell members apart by, never a path to open.

    NFC ─▶ no control or format characters ─▶ %2e, %2f, %5c and their like undone ─▶ cut at each separator
        ─▶ no drive letter, no part of dots alone ─▶ at most 255 bytes a part, 1,000 in all ─▶ unique

The rule: no name is absolute, has a `..` part or a character that nobody sees.
"""

import hashlib
import re
import unicodedata

_MAX_PART_BYTES = 255
_MAX_NAME_BYTES = 1000
_MAX_RAW_CHARS = 65_536
_MAX_ENDING_BYTES = 24
_INVISIBLE = ("Cc", "Cf", "Cs", "Zl", "Zp")
# `%25` again and again is how an encoding of an encoding is written; one pass undoes any number of them.
_ENCODED = re.compile(r"%(?:25)*(2e|2f|5c|3a|[01][0-9a-f]|7f)", re.IGNORECASE)
_DECODED = {"2e": ".", "2f": "/", "5c": "/", "3a": ":"}
_DRIVE = re.compile(r"(?:[A-Za-z]:\s*)+")
_UNNAMED = "unnamed"
_CLUTTER = frozenset({"__macosx", "thumbs.db", "desktop.ini"})


def safe_name(raw: str) -> str:
    """Return a relative path with `/`: no `..`, nothing invisible, never empty; the same for the same `raw`."""
    text = unicodedata.normalize("NFC", raw[:_MAX_RAW_CHARS])
    text = "".join(c for c in text if unicodedata.category(c) not in _INVISIBLE)
    text = _ENCODED.sub(lambda match: _DECODED.get(match.group(1).lower(), "_"), text)
    parts: list[str] = []
    for part in text.replace("\\", "/").split("/"):
        visible = part.strip()
        while not parts and (drive := _DRIVE.match(visible)):
            visible = visible[drive.end() :].strip()
        if visible.strip(". "):
            parts.append(_short(visible))
    return _short_path(parts) if parts else _UNNAMED


def is_clutter(name: str) -> bool:
    """Say whether a member is hidden or something that a system or an office program left behind."""
    parts = name.split("/")
    return any(part.startswith((".", "~$")) or part.casefold() in _CLUTTER for part in parts)


class UniqueNames:
    """Gives each member of one container a name of its own: `a.txt`, `a (2).txt`, `a (3).txt`."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, raw: str) -> str:
        """Return the safe name of a member, numbered when it is taken."""
        name = safe_name(raw)
        unique = name
        # The number is remembered: 10,000 members of one name are no 50 million tries.
        number = self._next.get(name, 2)
        while unique in self._taken:
            unique = _numbered(name, number)
            number += 1
        self._next[name] = number
        self._taken.add(unique)
        return unique


def _numbered(name: str, number: int) -> str:
    folder, slash, last = name.rpartition("/")
    stem, dot, ending = last.rpartition(".")
    if not stem:
        stem, dot, ending = last, "", ""
    return _short_path([*([folder] if slash else []), _short(f"{stem} ({number}){dot}{ending}")])


def _short(part: str) -> str:
    """Shorten one part: its beginning, a hash of the whole, its ending."""
    if len(part.encode()) <= _MAX_PART_BYTES:
        return part
    stem, dot, ending = part.rpartition(".")
    if not stem or len(ending.encode()) > _MAX_ENDING_BYTES:
        stem, dot, ending = part, "", ""
    tail = f"~{_digest(part)}{dot}{ending}"
    room = _MAX_PART_BYTES - len(tail.encode())
    return stem.encode()[:room].decode(errors="ignore").rstrip() + tail


def _short_path(parts: list[str]) -> str:
    path = "/".join(parts)
    if len(path.encode()) <= _MAX_NAME_BYTES:
        return path
    return f"~{_digest(path)}/{parts[-1]}"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:12]
