"""Times, states and counts of the Documents page in plain words; pure."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from app.knowledge.run_log import RunSummary
from app.knowledge.source_states import SourceState
from app.people import shown_name
from index.permissions import ANONYMOUS_NAME

STATE_WORDS = {
    "running": "Running now",
    "failing": "Failing",
    "never": "Never run",
    "partial": "Some files unreadable",
    "ok": "OK",
}
STATE_TONES = {
    "running": "calm",
    "failing": "bad",
    "never": "quiet",
    "partial": "mixed",
    "ok": "good",
}
STATUS_WORDS = {
    "running": "Running",
    "done": "Done",
    "incomplete": "Done in part",
    "failed": "Failed",
    "killed": "Ended early",
}
STATUS_TONES = {
    "running": "calm",
    "done": "good",
    "incomplete": "mixed",
    "failed": "bad",
    "killed": "bad",
}
REASON_WORDS = {
    "encrypted": "It needs a password",
    "corrupt": "It is damaged",
    "too_large": "It is too large",
    "timeout": "Reading it took too long",
    "memory": "Reading it took too much memory",
    "unsupported": "This kind of file cannot be read",
    "empty": "There is no text in it",
    "no_text_layer": "It has only pictures of text",
    "archive_bomb": "It unpacks to far too much",
    "encoding": "Its characters cannot be told for sure",
    "access": "This user may not open it",
    "io": "The disk or share failed",
}
REASON_HINTS = {
    "encrypted": "Save the file without a password.",
    "corrupt": "Open it in the program that it comes from and save it again, or restore it.",
    "too_large": "Split it, or raise FOOTNOTE_INGEST__MAX_FILE_MB.",
    "timeout": "Split it, or save it in a simpler format.",
    "memory": "Split it, or save it in a simpler format.",
    "unsupported": "Save it as text, Markdown, HTML, PDF or an Office format, or name it in .footnoteignore.",
    "empty": "Add text to it, or remove it.",
    "no_text_layer": "Save it with recognised text, or install footnote[ocr], then try again.",
    "archive_bomb": "Unpack it, and ingest its files.",
    "encoding": "Save it as UTF-8.",
    "access": "Give the user that runs the ingestion permission to read it.",
    "io": "Check the disk or network share, then try again.",
}
_STAGES = {
    "starting": "Starting",
    "looking what changed": "Looking what changed",
    "reading": "Reading files",
    "embedding": "Learning what they mean",
}
_UNITS = ((86_400, "day"), (3_600, "hour"), (60, "minute"))


def actor_words(name: str) -> str:
    """Return who started something, as people say it."""
    return "the person at this computer" if name == ANONYMOUS_NAME else shown_name(name)


def reason_words(reason: str) -> str:
    """Return why a file could not be read, as people say it."""
    return REASON_WORDS.get(reason, reason.replace("_", " ") or "It could not be read")


def stage_words(stage: str) -> str:
    """Return what a run does now, as people say it."""
    return _STAGES.get(stage, stage[:1].upper() + stage[1:])


def moment(timestamp: str, zone: str) -> str:
    """Return an ISO time as `21 Nov 2026, 14:05` in a time zone; as it is where it is none."""
    try:
        found = datetime.fromisoformat(timestamp)
    except ValueError:
        return timestamp
    if found.tzinfo is None:
        return f"{found.day} {found:%b %Y}"
    try:
        local = found.astimezone(ZoneInfo(zone or "UTC"))
    except (ZoneInfoNotFoundError, ValueError, OverflowError):
        local = found
    return f"{local.day} {local:%b %Y, %H:%M}"


def ago(timestamp: str, now: datetime) -> str:
    """Return how long ago an ISO time was, as `3 hours ago`; '' for what is no time."""
    try:
        seconds = (now - datetime.fromisoformat(timestamp)).total_seconds()
    except (ValueError, TypeError):
        return ""
    size, unit = next((entry for entry in _UNITS if abs(seconds) >= entry[0]), (1, ""))
    if not unit:
        return "just now" if seconds >= 0 else "in a moment"
    count = int(abs(seconds) // size)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"{words} ago" if seconds >= 0 else f"in {words}"


def took(seconds: float | None) -> str:
    """Return how long something took, '' where that is not known."""
    if seconds is None:
        return ""
    if seconds < 90:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5_400 else f"{seconds / 3_600:.1f} h"


def run_counts(run: RunSummary) -> str:
    """Return what a run changed, as `3 added, 1 removed`."""
    named = (
        (run.added, "added"),
        (run.changed, "changed"),
        (run.moved, "moved"),
        (run.removed, "removed"),
        (run.quarantined, "unreadable"),
    )
    return ", ".join(f"{count:,} {word}" for count, word in named if count) or "nothing changed"


def schedule_words(source: SourceState, *, has_daemon: bool) -> str:
    """Return when a source runs by itself."""
    if not source.is_configured:
        return "Only from a terminal, by its path"
    if not source.schedule:
        return "When files change" if has_daemon and source.type == "folder" else "When asked"
    words = source.schedule[:1].upper() + source.schedule[1:]
    return words if has_daemon else f"{words}, once the ingestion daemon runs"


def plural(count: int, noun: str) -> str:
    """Return a count with its noun, as `1 document` or `2,000 documents`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
