"""What a person is told about a dropped file that cannot be answered from, for each documented reason."""

_REASONS: dict[str, str] = {
    "encrypted": "is protected by a password. Save a copy without one and drop that.",
    "corrupt": "is damaged. Open it in the program it comes from, save it again and drop that.",
    "too_large": "is too large to be read. Drop the part of it that you want to ask about.",
    "timeout": "takes too long to read. Drop the part of it that you want to ask about.",
    "memory": "takes too much memory to read. Drop the part of it that you want to ask about.",
    "unsupported": "is of a kind that cannot be read. Save it as text, PDF or an Office format.",
    "empty": "has no text in it.",
    "no_text_layer": "is a picture of text, and no words could be read from it. Save it with recognised text.",
    "archive_bomb": "is an archive that grows too large when it is unpacked. Drop the files you want to ask about.",
    "encoding": "is not readable text. Save it as UTF-8.",
}
_UNREADABLE = "could not be read. Try it again, or save it in another format."


def because_of(title: str, reason: str) -> str:
    """Return the sentence for a reason of quarantine."""
    return f"“{title}” {_REASONS.get(reason, _UNREADABLE)}"


def too_large(title: str, limit_mb: int) -> str:
    """Return the sentence for a file above the limit."""
    return (
        f"“{title}” is larger than {limit_mb} MB. Drop the part of it that you want to ask about."
    )


def too_many(limit: int) -> str:
    """Return the sentence for one file more than a session may have."""
    return f"At most {limit} documents can be attached at once. Remove one first."
