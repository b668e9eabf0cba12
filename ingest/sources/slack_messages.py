"""Messages of a Slack channel as text: one document for each day, threads together under their first message."""

import html
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from typing import Any

_ANGLES = re.compile(r"<([^<>\n]{1,3000})>")
_LOOKS_LIKE_MARKUP = re.compile(r"^( {0,3})(#{1,6}(?=\s|$)|=+\s*$|-+\s*$)", re.MULTILINE)
_FENCE = "```"
_NOISE = frozenset(
    {"bot_add", "bot_remove", "pinned_item", "unpinned_item", "tombstone", "reminder_add", "huddle_thread"}
)  # fmt: skip
_MAX_TEXTS = 200
"""Most pieces of text that are taken from the attachments or blocks of one message."""


@dataclass(frozen=True, slots=True)
class Names:
    """What ids stand for, and the time zone of the times that are shown."""

    people: Mapping[str, str]
    channels: Mapping[str, str]
    zone: tzinfo = UTC


@dataclass(slots=True)
class _Message:
    at: float
    day: str
    """Name of the day in the export, which has the days of its own time zone."""
    speaker: str
    text: str
    thread: str
    mark: str
    replies: list["_Message"] = field(default_factory=list)


def documents_of(
    channel: str, days: Mapping[str, Sequence[Mapping[str, Any]]], names: Names
) -> dict[str, str]:
    """Return the text of each day that has one; `days` has the messages of each day, like `2026-03-04`.

    A reply stands under the first message of its thread, on the day of that one, where the export has it.
    """
    messages = [
        message
        for day, entries in sorted(days.items())
        for message in (_read(entry, day, names) for entry in entries)
        if message is not None
    ]
    first = {message.mark: message for message in messages if message.thread == message.mark}
    top: dict[str, list[_Message]] = {}
    for message in sorted(messages, key=lambda message: (message.at, message.mark)):
        parent = first.get(message.thread)
        if parent is None or message.thread == message.mark:
            top.setdefault(message.day, []).append(message)
        else:
            parent.replies.append(message)
    return {day: _page(channel, day, found, names.zone) for day, found in top.items()}


def _page(channel: str, day: str, messages: Sequence[_Message], zone: tzinfo) -> str:
    lines = [f"# #{channel} {day}"]
    for message in messages:
        lines += ["", _line(message, day, zone)]
        for reply in message.replies:
            lines += [">" if lines[-1].startswith(">") else "", _quoted(_line(reply, day, zone))]
    return "\n".join(lines) + "\n"


def _quoted(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _line(message: _Message, day: str, zone: tzinfo) -> str:
    moment = datetime.fromtimestamp(message.at, zone)
    when = moment.strftime("%H:%M" if message.day == day else "%Y-%m-%d %H:%M")
    return f"{message.speaker} ({when}): {message.text}"


def _read(entry: Mapping[str, Any], day: str, names: Names) -> _Message | None:
    """Return a message, None for what nobody said: joins, changed topics, deleted messages."""
    subtype = str(entry.get("subtype") or "")
    mark = entry.get("ts")
    if subtype.startswith(("channel_", "group_")) or subtype in _NOISE or entry.get("hidden"):
        return None
    text = _text_of(entry, names)
    if not text or not isinstance(mark, str):
        return None
    try:
        at = float(mark)
        datetime.fromtimestamp(at, names.zone)
    except (ValueError, OverflowError, OSError):
        return None
    thread = entry.get("thread_ts")
    return _Message(
        at, day, _speaker(entry, names), text, thread if isinstance(thread, str) else mark, mark
    )


def _speaker(entry: Mapping[str, Any], names: Names) -> str:
    user = entry.get("user")
    if isinstance(user, str) and user in names.people:
        return names.people[user]
    profile = entry.get("user_profile") or entry.get("bot_profile")
    profile = profile if isinstance(profile, dict) else {}
    for name in (
        profile.get("display_name"), profile.get("real_name"), profile.get("name"), entry.get("username"), user,
    ):  # fmt: skip
        if isinstance(name, str) and name.strip():
            return " ".join(name.split())
    return "Somebody"


def _text_of(entry: Mapping[str, Any], names: Names) -> str:
    written = entry.get("text")
    parts = [written if isinstance(written, str) else ""]
    parts += _attached(entry.get("attachments"))
    if not any(part.strip() for part in parts):
        parts = list(_texts_in(entry.get("blocks"), [_MAX_TEXTS]))
    text = "\n".join(_readable(part, names) for part in parts if part.strip())
    files = _file_names(entry.get("files"))
    text = "\n".join(part for part in (text, *(f"[file: {name}]" for name in files)) if part)
    return _harmless(text)


def _attached(attachments: object) -> list[str]:
    found = []
    for attachment in attachments[:_MAX_TEXTS] if isinstance(attachments, list) else []:
        if isinstance(attachment, dict):
            shown = [attachment.get(name) for name in ("pretext", "title", "text")]
            texts = [text for text in shown if isinstance(text, str) and text.strip()]
            fallback = attachment.get("fallback")
            found += texts or ([fallback] if isinstance(fallback, str) else [])
    return found


def _texts_in(blocks: object, left: list[int]) -> Iterator[str]:
    """Yield the texts of blocks, however they are nested; `left` counts down how many are taken."""
    inside = (
        blocks
        if isinstance(blocks, list)
        else list(blocks.values())
        if isinstance(blocks, dict)
        else []
    )
    if isinstance(blocks, dict) and isinstance(blocks.get("text"), str) and left[0] > 0:
        left[0] -= 1
        yield blocks["text"]
    for part in inside:
        if isinstance(part, dict | list) and left[0] > 0:
            yield from _texts_in(part, left)


def _file_names(files: object) -> list[str]:
    found = []
    for file in files[:_MAX_TEXTS] if isinstance(files, list) else []:
        name = (file.get("title") or file.get("name")) if isinstance(file, dict) else None
        if isinstance(name, str) and name.strip():
            found.append(" ".join(name.split()))
    return found


def _readable(text: str, names: Names) -> str:
    """Return what Slack shows for its own notation: `<@U1>`, `<#C1|general>`, `<https://x|label>`, `&lt;`."""
    return html.unescape(_ANGLES.sub(lambda found: _shown(found.group(1), names), text)).strip()


def _shown(inside: str, names: Names) -> str:
    target, _, label = inside.partition("|")
    if target.startswith("@"):
        return f"@{names.people.get(target[1:], label or target[1:])}"
    if target.startswith("#"):
        return f"#{label or names.channels.get(target[1:], 'a private channel')}"
    if target.startswith("!date"):
        return label
    if target.startswith("!subteam"):
        return label or "@group"
    if target.startswith("!"):
        return f"@{label.removeprefix('@') or target[1:]}"
    if target.startswith("mailto:"):
        return label or target.removeprefix("mailto:")
    return f"[{label}]({target})" if label and label != target else target


def _harmless(text: str) -> str:
    """Keep what somebody wrote from being read as a heading, or as code up to the end of the day."""
    escaped = _LOOKS_LIKE_MARKUP.sub(r"\1\\\2", text.replace("\r", ""))
    return f"{escaped}\n{_FENCE}" if escaped.count(_FENCE) % 2 else escaped
