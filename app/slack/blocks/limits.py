"""Slack's documented limits, and what of a payload breaks them; pure.

Sources: docs.slack.dev, the pages of Block Kit's blocks, elements and composition objects, of views, and of the
methods `chat.*`, `views.*` and `assistant.threads.*`, as of November 2026; `slack_sdk.models` has most of the numbers too.
Slack answers a breach with `invalid_blocks` or `msg_too_long` and shows nothing, so everything is checked before.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

# reference/methods/chat.postMessage: longer texts are cut at 40,000; chat.update refuses more than 4,000.
TEXT_CHARS = 40_000
UPDATED_TEXT_CHARS = 4_000
# reference/methods/chat.startStream and blocks/markdown-block: all Markdown of one payload together.
MARKDOWN_CHARS = 12_000
# reference/block-kit/blocks: of a message, of a view.
MESSAGE_BLOCKS = 50
VIEW_BLOCKS = 100
BLOCK_ID_CHARS = 255
ACTION_ID_CHARS = 255
# blocks/section-block, blocks/context-block, blocks/header-block, blocks/actions-block, blocks/context-actions-block.
SECTION_CHARS = 3_000
SECTION_FIELDS = 10
FIELD_CHARS = 2_000
CONTEXT_ELEMENTS = 10
CONTEXT_CHARS = 2_000
HEADER_CHARS = 150
ACTIONS_ELEMENTS = 25
CONTEXT_ACTIONS_ELEMENTS = 5
# blocks/input-block, block-elements/plain-text-input-element.
LABEL_CHARS = 2_000
INPUT_CHARS = 3_000
PLACEHOLDER_CHARS = 150
# block-elements/button-element, feedback-buttons-element, overflow-menu-element; composition-objects/option-object.
BUTTON_CHARS = 75
BUTTON_VALUE_CHARS = 2_000
URL_CHARS = 3_000
OPTION_CHARS = 75
OPTION_VALUE_CHARS = 150
SELECT_OPTIONS = 100
RADIO_OPTIONS = 10
# reference/views.
TITLE_CHARS = 24
METADATA_CHARS = 3_000
CALLBACK_CHARS = 255
# reference/methods/assistant.threads.setStatus and setSuggestedPrompts.
LOADING_MESSAGES = 10
PROMPTS = 4

_BLOCKS = frozenset(
    ("section", "context", "header", "divider", "actions", "input", "markdown", "context_actions")
)
_MENUS = frozenset(("static_select", "multi_static_select"))
_LISTS = frozenset(("radio_buttons", "checkboxes"))
_TASK_STATES = frozenset(("pending", "in_progress", "complete", "error"))

Payload = Mapping[str, Any]


def problems(payload: Payload) -> list[str]:
    """Return what breaks a limit in the body of a Web API call, in a view, or in `{"blocks": […]}`; [] when nothing."""
    found = _Problems()
    view = payload.get("view")
    if isinstance(view, Mapping):
        _view(found, view)
    elif payload.get("type") in ("modal", "home"):
        _view(found, payload)
    else:
        _message(found, payload)
    return found.sentences


class _Problems:
    """Collects sentences; the measures that most rules are made of."""

    def __init__(self) -> None:
        self.sentences: list[str] = []

    def add(self, sentence: str) -> None:
        self.sentences.append(sentence)

    def chars(self, where: str, text: object, most: int, least: int = 0) -> None:
        """Note a text that is none, too short or too long."""
        if not isinstance(text, str):
            self.add(f"{where}: no text but {type(text).__name__}")
        elif len(text) > most:
            self.add(f"{where}: {len(text)} of {most} characters")
        elif len(text) < least or (least and not text.strip()):
            self.add(f"{where}: empty")

    def count(self, where: str, items: object, most: int, least: int = 1) -> None:
        """Note a list that is none, too short or too long."""
        if not isinstance(items, list):
            self.add(f"{where}: no list but {type(items).__name__}")
        elif not least <= len(items) <= most:
            self.add(f"{where}: {len(items)} of {least} to {most}")

    def words(self, where: str, text: object, most: int, kind: str = "") -> None:
        """Note a text object that is none, of another kind, or too long."""
        if not isinstance(text, Mapping):
            self.add(f"{where}: no text object")
            return
        if text.get("type") not in ("plain_text", "mrkdwn"):
            self.add(f"{where}: unknown text type {text.get('type')!r}")
        elif kind and text["type"] != kind:
            self.add(f"{where}: must be {kind}")
        self.chars(where, text.get("text"), most, least=1)


def _message(found: _Problems, payload: Payload) -> None:
    if "markdown_text" in payload:
        found.chars("markdown_text", payload["markdown_text"], MARKDOWN_CHARS)
        for other in ("chunks", "text"):
            if payload.get(other):
                found.add(f"markdown_text beside {other}")
    if payload.get("text") is not None:
        is_update = "ts" in payload
        found.chars("text", payload["text"], UPDATED_TEXT_CHARS if is_update else TEXT_CHARS)
    if payload.get("blocks") is not None:
        _blocks(found, payload["blocks"], MESSAGE_BLOCKS)
    _chunks(found, payload.get("chunks") or ())
    _assistant(found, payload)


def _assistant(found: _Problems, payload: Payload) -> None:
    if payload.get("loading_messages") is not None:
        found.count("loading_messages", payload["loading_messages"], LOADING_MESSAGES)
    if payload.get("prompts") is not None:
        found.count("prompts", payload["prompts"], PROMPTS)
    metadata = payload.get("metadata")
    if isinstance(metadata, Mapping):
        if not isinstance(metadata.get("event_type"), str):
            found.add("metadata: no event_type")
        if not isinstance(metadata.get("event_payload"), Mapping):
            found.add("metadata: no event_payload")


def _chunks(found: _Problems, chunks: Iterable[Payload]) -> None:
    total = 0
    for number, chunk in enumerate(chunks):
        where = f"chunks[{number}]"
        kind = chunk.get("type")
        if kind == "markdown_text":
            found.chars(where, chunk.get("text"), MARKDOWN_CHARS, least=1 if not total else 0)
            total += len(str(chunk.get("text", "")))
        elif kind == "task_update":
            found.chars(f"{where}.id", chunk.get("id"), ACTION_ID_CHARS, least=1)
            found.chars(f"{where}.title", chunk.get("title"), OPTION_VALUE_CHARS, least=1)
            if chunk.get("status") not in _TASK_STATES:
                found.add(f"{where}: unknown status {chunk.get('status')!r}")
        elif kind == "blocks":
            _blocks(found, chunk.get("blocks"), MESSAGE_BLOCKS)
        else:
            found.add(f"{where}: unknown type {kind!r}")
    if total > MARKDOWN_CHARS:
        found.add(f"chunks: {total} of {MARKDOWN_CHARS} characters together")


def _view(found: _Problems, view: Payload) -> None:
    found.count("view.blocks", view.get("blocks"), VIEW_BLOCKS, least=0)
    blocks = view.get("blocks") if isinstance(view.get("blocks"), list) else []
    _blocks(found, blocks, VIEW_BLOCKS, least=0)
    found.chars("private_metadata", view.get("private_metadata", ""), METADATA_CHARS)
    found.chars("callback_id", view.get("callback_id", ""), CALLBACK_CHARS)
    if view.get("type") != "modal":
        return
    found.words("title", view.get("title"), TITLE_CHARS, "plain_text")
    for name in ("submit", "close"):
        if view.get(name) is not None:
            found.words(name, view[name], TITLE_CHARS, "plain_text")
    if view.get("submit") is None and any(block.get("type") == "input" for block in blocks or ()):
        found.add("view: input blocks, but no submit")


def _blocks(found: _Problems, blocks: object, most: int, least: int = 1) -> None:
    found.count("blocks", blocks, most, least)
    if not isinstance(blocks, list):
        return
    ids = [block["block_id"] for block in blocks if "block_id" in block]
    if len(ids) != len(set(ids)):
        found.add("blocks: a block_id twice")
    markdown = sum(len(str(block.get("text", ""))) for block in blocks if _is_markdown(block))
    if markdown > MARKDOWN_CHARS:
        found.add(f"blocks: {markdown} of {MARKDOWN_CHARS} characters of Markdown together")
    for number, block in enumerate(blocks):
        where = f"blocks[{number}] {block.get('type')}"
        found.chars(f"{where}.block_id", block.get("block_id", ""), BLOCK_ID_CHARS)
        check = _CHECKS.get(block.get("type", ""))
        if check is None:
            found.add(f"{where}: unknown block")
        else:
            check(found, where, block)


def _is_markdown(block: Payload) -> bool:
    return block.get("type") == "markdown"


def _markdown(found: _Problems, where: str, block: Payload) -> None:
    found.chars(where, block.get("text"), MARKDOWN_CHARS, least=1)


def _section(found: _Problems, where: str, block: Payload) -> None:
    if "text" in block:
        found.words(where, block["text"], SECTION_CHARS)
    elif not block.get("fields"):
        found.add(f"{where}: neither text nor fields")
    if "fields" in block:
        found.count(f"{where}.fields", block["fields"], SECTION_FIELDS)
        for text in block["fields"]:
            found.words(f"{where}.fields", text, FIELD_CHARS)
    if "accessory" in block:
        _element(found, f"{where}.accessory", block["accessory"])


def _context(found: _Problems, where: str, block: Payload) -> None:
    found.count(where, block.get("elements"), CONTEXT_ELEMENTS)
    for text in block.get("elements") or ():
        found.words(where, text, CONTEXT_CHARS)


def _header(found: _Problems, where: str, block: Payload) -> None:
    found.words(where, block.get("text"), HEADER_CHARS, "plain_text")


def _divider(found: _Problems, where: str, block: Payload) -> None:
    del found, where, block


def _actions(found: _Problems, where: str, block: Payload) -> None:
    is_context = block.get("type") == "context_actions"
    most = CONTEXT_ACTIONS_ELEMENTS if is_context else ACTIONS_ELEMENTS
    found.count(where, block.get("elements"), most)
    allowed = {"feedback_buttons", "icon_button"} if is_context else None
    ids: list[str] = []
    for element in block.get("elements") or ():
        if allowed is not None and element.get("type") not in allowed:
            found.add(f"{where}: no place for {element.get('type')!r}")
        ids.append(str(element.get("action_id", "")))
        _element(found, where, element)
    if len(ids) != len(set(ids)):
        found.add(f"{where}: an action_id twice")


def _input(found: _Problems, where: str, block: Payload) -> None:
    found.words(f"{where}.label", block.get("label"), LABEL_CHARS, "plain_text")
    if "hint" in block:
        found.words(f"{where}.hint", block["hint"], LABEL_CHARS, "plain_text")
    _element(found, f"{where}.element", block.get("element") or {})


_CHECKS: dict[str, Callable[[_Problems, str, Payload], None]] = {
    "section": _section,
    "context": _context,
    "header": _header,
    "divider": _divider,
    "actions": _actions,
    "context_actions": _actions,
    "input": _input,
    "markdown": _markdown,
}


def _element(found: _Problems, where: str, element: Payload) -> None:
    kind = element.get("type")
    found.chars(f"{where}.action_id", element.get("action_id"), ACTION_ID_CHARS, least=1)
    if kind == "button":
        _button(found, where, element)
    elif kind == "feedback_buttons":
        for name in ("positive_button", "negative_button"):
            _button(found, f"{where}.{name}", element.get(name) or {})
    elif kind == "plain_text_input":
        _text_input(found, where, element)
    elif kind in _MENUS or kind in _LISTS:
        _options(found, where, element)
    else:
        found.add(f"{where}: unknown element {kind!r}")


def _button(found: _Problems, where: str, button: Payload) -> None:
    found.words(f"{where}.text", button.get("text"), BUTTON_CHARS, "plain_text")
    found.chars(f"{where}.value", button.get("value", ""), BUTTON_VALUE_CHARS)
    found.chars(f"{where}.url", button.get("url", ""), URL_CHARS)
    found.chars(f"{where}.accessibility_label", button.get("accessibility_label", ""), BUTTON_CHARS)
    if button.get("style") not in (None, "primary", "danger"):
        found.add(f"{where}: unknown style {button['style']!r}")


def _text_input(found: _Problems, where: str, element: Payload) -> None:
    found.chars(f"{where}.initial_value", element.get("initial_value", ""), INPUT_CHARS)
    if not 1 <= int(element.get("max_length", INPUT_CHARS)) <= INPUT_CHARS:
        found.add(f"{where}: max_length {element['max_length']}")
    if "placeholder" in element:
        found.words(f"{where}.placeholder", element["placeholder"], PLACEHOLDER_CHARS, "plain_text")


def _options(found: _Problems, where: str, element: Payload) -> None:
    options = element.get("options")
    found.count(
        f"{where}.options", options, SELECT_OPTIONS if element["type"] in _MENUS else RADIO_OPTIONS
    )
    if "placeholder" in element:
        found.words(f"{where}.placeholder", element["placeholder"], PLACEHOLDER_CHARS, "plain_text")
    values = [option.get("value") for option in options or ()]
    if len(values) != len(set(values)):
        found.add(f"{where}: an option's value twice")
    chosen = element.get("initial_option")
    if chosen is not None and chosen not in (options or ()):
        found.add(f"{where}: initial_option is none of the options")
    for option in options or ():
        found.words(f"{where}.option", option.get("text"), OPTION_CHARS)
        found.chars(f"{where}.value", option.get("value"), OPTION_VALUE_CHARS, least=1)
        if "description" in option:
            found.words(f"{where}.description", option["description"], OPTION_CHARS)
