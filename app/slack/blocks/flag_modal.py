"""The window that asks what is wrong with an answer, and what was chosen in it; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.answer_markup import shown_text
from app.chat_view import (
    CATEGORY_WORDS,
    MAX_COMMENT_CHARS,
    SEVERITY_WORDS,
    answer_view,
    clipped,
)
from app.slack.blocks.limits import OPTION_CHARS, PLACEHOLDER_CHARS, SELECT_OPTIONS, TITLE_CHARS
from app.slack.blocks.text_objects import Block, context, option, plain_text
from app.slack.markup import mrkdwn
from core.answers import Answer, FeedbackCategory, FeedbackSeverity

FLAG_VIEW = "flag"
CATEGORY, STATEMENT, CORRECTION, SOURCE, COMMENT, SEVERITY = (
    "category",
    "statement",
    "correction",
    "source",
    "comment",
    "severity",
)
_VALUE = "value"
_WHOLE = "whole"
_QUESTION_CHARS = 300
_SOURCE_CHARS = 500


@dataclass(frozen=True, slots=True)
class FlagChoice:
    """What somebody chose in the window; `claim` is the place of a statement among those shown, None for all."""

    category: FeedbackCategory | None
    claim: int | None
    correction: str
    source: str
    comment: str
    severity: FeedbackSeverity


def flag_modal(answer: Answer, category: FeedbackCategory | None = None) -> Block:
    """Return the window for one answer, which whoever opens it may see; it carries the answer's id and nothing else."""
    about = clipped(" ".join(answer.question.split()), _QUESTION_CHARS)
    return {
        "type": "modal",
        "callback_id": FLAG_VIEW,
        "private_metadata": answer.answer_id,
        "title": plain_text("What is wrong?", TITLE_CHARS),
        "submit": plain_text("Send to review", TITLE_CHARS),
        "close": plain_text("Cancel", TITLE_CHARS),
        "blocks": [
            *context([mrkdwn(f"“{about}”")]),
            _categories(category),
            *_statements(answer),
            _text(CORRECTION, "What would be right?", MAX_COMMENT_CHARS),
            _text(
                SOURCE, "Where does it stand?", _SOURCE_CHARS, "A link, or a document and a page"
            ),
            _text(COMMENT, "Comment", MAX_COMMENT_CHARS),
            _severities(),
        ],
    }


def chosen(view: Mapping[str, Any]) -> FlagChoice:
    """Return what a submitted window says; whatever is not among the options counts as not chosen."""
    values = view.get("state", {}).get("values", {})
    statement = _option(values, STATEMENT)
    return FlagChoice(
        next((one for one in CATEGORY_WORDS if one == _option(values, CATEGORY)), None),
        int(statement) if statement.isdecimal() and statement.isascii() else None,
        _written(values, CORRECTION),
        _written(values, SOURCE),
        _written(values, COMMENT),
        next((one for one in SEVERITY_WORDS if one == _option(values, SEVERITY)), ""),
    )


def span_of_claim(answer: Answer, claim: int | None) -> tuple[int, int] | None:
    """Return the words of a statement by its place among those shown, None for the whole answer."""
    claims = answer_view(answer).claims
    if claim is None or not 0 <= claim < len(claims):
        return None
    return claims[claim].start, min(claims[claim].end, len(answer.text))


def _categories(chosen_first: FeedbackCategory | None) -> Block:
    options = [option(words, name) for name, words in CATEGORY_WORDS.items()]
    element: Block = {"type": "radio_buttons", "action_id": _VALUE, "options": options}
    if chosen_first is not None:
        element["initial_option"] = option(CATEGORY_WORDS[chosen_first], chosen_first)
    return _input(CATEGORY, "What is wrong?", element, is_optional=False)


def _statements(answer: Answer) -> list[Block]:
    claims = answer_view(answer).claims[: SELECT_OPTIONS - 1]
    if not claims:
        return []
    whole = option("The whole answer", _WHOLE)
    options = [whole]
    for number, claim in enumerate(claims):
        sign = claim.label.partition(" ")[0]
        words = " ".join(shown_text(answer.text, claim.start, claim.end).split())
        options.append(option(clipped(f"{sign} {words}", OPTION_CHARS), str(number)))
    element = {
        "type": "static_select",
        "action_id": _VALUE,
        "options": options,
        "initial_option": whole,
    }
    return [_input(STATEMENT, "Which statement?", element)]


def _severities() -> Block:
    options = [option(words, name) for name, words in SEVERITY_WORDS.items()]
    element = {"type": "radio_buttons", "action_id": _VALUE, "options": options}
    return _input(SEVERITY, "How bad is it?", element)


def _text(name: str, label: str, most: int, placeholder: str = "") -> Block:
    element: Block = {
        "type": "plain_text_input",
        "action_id": _VALUE,
        "multiline": name != SOURCE,
        "max_length": most,
    }
    if placeholder:
        element["placeholder"] = plain_text(placeholder, PLACEHOLDER_CHARS)
    return _input(name, label, element)


def _input(name: str, label: str, element: Block, *, is_optional: bool = True) -> Block:
    return {
        "type": "input",
        "block_id": name,
        "label": plain_text(label, OPTION_CHARS),
        "element": element,
        "optional": is_optional,
    }


def _option(values: Mapping[str, Any], name: str) -> str:
    found = (values.get(name, {}).get(_VALUE, {}) or {}).get("selected_option") or {}
    return str(found.get("value", ""))


def _written(values: Mapping[str, Any], name: str) -> str:
    return str((values.get(name, {}).get(_VALUE, {}) or {}).get("value") or "")
