r"""Answers and conversations as text to keep elsewhere: Markdown for a file, plain text for the clipboard; pure.

An answer's text is Markdown that was made safe when a model wrote it (`app.safe_text`); what quotes documents is made
safe here. Quotes, titles, questions and notes are shown as exactly their words: every sign that Markdown could read
is escaped, so that no image, no link and no HTML comes out of them.
"""

import re
from collections.abc import Sequence

from app.chat_view import answer_view, clipped, day, place
from app.conversation_view import ConversationView, TurnView
from app.extraction.drafting import MODEL_NAME
from app.safe_text import sanitise
from app.unfinished_log import UnfinishedQuestion
from core.answers import Answer, Citation
from core.hidden_characters import visible

_SIGNS = re.compile(r"[\\`*_{}\[\]<>&~|#$!@^=]|:(?=/)|(?<=[Ww])\.")
# At the start of a line these begin a list, a rule or an underlined heading.
_OPENING = re.compile(r"^(?P<number>\d{1,9})?(?P<sign>[-+.)])")
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]+")
_TICKS = re.compile("`+")
_FENCE = re.compile(r"^[ \t]*(?:>[ \t]*)*`{3,}", re.M)
_QUOTE_CHARS = 2000
_WITHHELD = "This question is withheld: its answer was made from documents that you may not read, or that are gone."
_STATES = {
    "running": "This question is still being answered.",
    "stopped": "Stopped. This answer is not finished and was not checked.",
    "failed": "This question was not answered.",
}


def answer_markdown(answer: Answer) -> str:
    """Return one answer as Markdown: question, text, what is doubtful in it and why, notes, and numbered sources."""
    view = answer_view(answer)
    parts = [f"## {_escaped(answer.question)}", _text(answer)]
    if view.summary:
        parts.append(f"**{_escaped(view.summary)}.**")
    if view.doubts:
        lines = [
            f"- **{_escaped(doubt.label)}**: “{_escaped(doubt.text)}”"
            + "".join(f" {_escaped(reason)}" for reason in doubt.reasons)
            for doubt in view.doubts
        ]
        parts.append("\n".join(lines))
    parts += [f"**{_escaped(note.title)}.** {_escaped(note.text)}" for note in view.notes]
    if answer.citations:
        parts.append(f"### {view.sources_title}")
        parts += [_source(citation) for citation in answer.citations]
    parts.append(_made(answer))
    return "\n\n".join(filter(None, parts)) + "\n"


def conversation_markdown(view: ConversationView) -> str:
    """Return a conversation as Markdown: its title and date, each turn as it is shown, and what is not finished."""
    days = [day(turn.answer.created_at) for turn in view.turns if turn.answer is not None]
    parts = [f"# {_escaped(view.title)}"]
    if days:
        parts.append(days[0] if days[0] == days[-1] else f"{days[0]} to {days[-1]}")
    parts += [_turn(turn) for turn in view.turns]
    parts += [_unfinished(question) for question in view.unfinished]
    return "\n\n".join(part.rstrip("\n") for part in parts) + "\n"


def answer_plain(answer: Answer) -> str:
    """Return one answer for the clipboard: its text, what is doubtful in it, and its sources by number.

    It is read as it is, and may be pasted where Markdown is drawn: there, too, it loads and runs nothing.
    """
    view = answer_view(answer)
    parts = [visible(_text(answer)).strip()]
    doubts = [
        f"{doubt.label}: “{doubt.text}”" + "".join(f" {reason}" for reason in doubt.reasons)
        for doubt in view.doubts
    ]
    if view.summary:
        parts.append(sanitise("\n".join([f"{view.summary}.", *doubts])))
    parts += [sanitise(f"{note.title}. {note.text}") for note in view.notes if note.is_strong]
    if answer.citations:
        lines = [f"[{citation.marker}] {_source_line(citation)}" for citation in answer.citations]
        parts.append(sanitise("\n".join([f"{view.sources_title}:", *lines])))
    return "\n\n".join(_CONTROLS.sub(_kept_lines, part) for part in parts)


def _text(answer: Answer) -> str:
    is_models = answer.model != MODEL_NAME and answer.status == "answered"
    text = answer.text if is_models else sanitise(answer.text)
    # A fence that was never closed would take everything behind it for code.
    is_open = len(_FENCE.findall(text)) % 2 == 1
    return text.strip("\n") + ("\n```" if is_open else "")


def _source(citation: Citation) -> str:
    document = citation.document
    title = _escaped(document.title or document.uri)
    facts = [_escaped(place(citation)), _code(document.uri), day(document.updated_at)]
    quote = clipped(_line(citation.quote), _QUOTE_CHARS)
    return f"- **\\[{citation.marker}\\] {title}** · {' · '.join(filter(None, facts))}\n\n  > {_escaped(quote)}"


def _source_line(citation: Citation) -> str:
    document = citation.document
    facts = [
        document.title or document.uri,
        place(citation),
        document.uri,
        day(document.updated_at),
    ]
    return f"{', '.join(dict.fromkeys(filter(None, facts)))}: “{clipped(_line(citation.quote), _QUOTE_CHARS)}”"


def _made(answer: Answer) -> str:
    facts: Sequence[str] = [day(answer.created_at), f"answer {answer.answer_id}"]
    return f"*{_escaped(', '.join(filter(None, facts)))}*"


def _turn(turn: TurnView) -> str:
    return _WITHHELD if turn.answer is None else answer_markdown(turn.answer)


def _unfinished(question: UnfinishedQuestion) -> str:
    said = question.problem or _STATES[question.state]
    parts = [f"## {_escaped(question.question)}", f"**{_escaped(said)}**"]
    if question.text.strip():
        parts.append(_escaped(question.text))
    return "\n\n".join(parts)


def _escaped(text: str) -> str:
    """Return Markdown that shows exactly these words, on one line."""
    line = _SIGNS.sub(lambda found: f"\\{found.group()}", _line(text))
    return _OPENING.sub(lambda found: f"{found['number'] or ''}\\{found['sign']}", line)


def _code(text: str) -> str:
    """Return code on one line that shows exactly this text; no viewer makes a link of an address in it."""
    line = _line(text)
    longest = max((len(run) for run in _TICKS.findall(line)), default=0)
    fence = "`" * (longest + 1)
    return f"{fence} {line} {fence}" if longest else f"{fence}{line}{fence}" if line else ""


def _line(text: str) -> str:
    return " ".join(visible(_CONTROLS.sub(" ", text)).split())


def _kept_lines(found: re.Match[str]) -> str:
    """Return what stands for control characters where lines and columns may stay."""
    return "".join(sign for sign in found.group() if sign in "\n\t")
