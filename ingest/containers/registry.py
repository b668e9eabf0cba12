"""Picks how a container is opened by its ending, and turns whatever goes wrong into one ParseError."""

from collections.abc import Iterator
from importlib import import_module
from typing import cast

from core.errors import ParseError
from ingest.containers.compressed import expand_compressed
from ingest.containers.members import AnyMember, Budget, ExpansionLimits
from ingest.containers.unpacking import Packing, unpacked

_TARS: dict[str, Packing] = {
    ".tar": "stored",
    **dict.fromkeys((".tar.gz", ".tgz"), "gzip"),
    **dict.fromkeys((".tar.bz2", ".tbz2"), "bzip2"),
    **dict.fromkeys((".tar.xz", ".txz"), "xz"),
}
_COMPRESSED: dict[str, Packing] = {".gz": "gzip", ".bz2": "bzip2", ".xz": "xz"}
_OTHERS = {
    ".zip": ("zip_container", "expand_zip"),
    ".mbox": ("mbox_container", "expand_mbox"),
    ".eml": ("mail_container", "expand_mail"),
    ".msg": ("outlook_container", "expand_msg"),
}
_MAILS = (".eml", ".msg")
# Longest first: `.tar.gz` is no single compressed file.
_ENDINGS = sorted((*_TARS, *_COMPRESSED, *_OTHERS), key=len, reverse=True)
CONTAINER_ENDINGS = tuple(_ENDINGS)


def is_container(name: str) -> bool:
    """Say whether a file of this name has members; only its ending counts, in any case."""
    return bool(_ending(name))


def is_pure_container(name: str) -> bool:
    """Say whether a container is nothing but its members; a mail has a text of its own."""
    return is_container(name) and _ending(name) not in _MAILS


def expand(content: bytes, name: str, limits: ExpansionLimits | None = None) -> Iterator[AnyMember]:
    """Yield the members of a container, one at a time and one level deep.

    A member that is a container itself comes as it is. An error that comes after members is about the
    whole container: those members must be dropped.

    Raises:
        ParseError: `corrupt`, `archive_bomb`, `too_large`, `memory`, or `empty` for a pure container
            without a file; `unsupported` for a name that is no container's.
    """
    found = False
    try:
        for member in _members(content, name, Budget(limits or ExpansionLimits())):
            found = True
            yield member
    except ParseError:
        raise
    except MemoryError as error:
        raise ParseError("memory", "unpacking it needs more memory than there is") from error
    except RecursionError as error:
        raise ParseError("corrupt", "it is nested too deeply") from error
    except Exception as error:
        # The libraries document no complete list of what they raise on broken files.
        raise ParseError("corrupt", f"it cannot be unpacked ({type(error).__name__})") from error
    if not found and is_pure_container(name):
        raise ParseError("empty", "it holds no file")


def _members(content: bytes, name: str, budget: Budget) -> Iterator[AnyMember]:
    ending = _ending(name)
    if ending in _TARS:
        from ingest.containers.tar_container import expand_tar

        return expand_tar(unpacked(memoryview(content), _TARS[ending], budget), budget)
    if ending in _COMPRESSED:
        return expand_compressed(content, name, _COMPRESSED[ending], budget)
    if ending in _OTHERS:
        # Imported when first used: a folder of mails never loads what Outlook's messages need.
        module, function = _OTHERS[ending]
        opener = getattr(import_module(f"ingest.containers.{module}"), function)
        return cast("Iterator[AnyMember]", opener(content, budget))
    raise ParseError("unsupported", f"{name!r} has no ending of a container")


def _ending(name: str) -> str:
    lower = name.lower()
    return next((ending for ending in _ENDINGS if lower.endswith(ending)), "")
