"""The prompt for an answer: question, numbered passages as data, and the turns before; pure."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields

from core.answers import Passage, Turn
from core.errors import ConfigError
from core.generation import ChatMessage
from prompts.data_blocks import as_data, as_line, boundary_for
from prompts.library import PromptLibrary, PromptTemplate

NAME = "answer"
_TITLE_CHARS = 200
_SECTION_CHARS = 300
_MARKER = re.compile(r"[ \t]?\[\d{1,3}\]")


@dataclass(frozen=True, slots=True)
class AnswerTemplates:
    """The templates that together make the prompt for an answer."""

    system: PromptTemplate
    user: PromptTemplate
    passage: PromptTemplate
    history: PromptTemplate

    @property
    def parts(self) -> tuple[PromptTemplate, ...]:
        """Return all of them, in the order of the fields."""
        return tuple(getattr(self, field.name) for field in fields(self))

    @property
    def members(self) -> PromptTemplate:
        """Return what the whole is made of, a version a line; its own version is that of the whole."""
        return PromptTemplate(NAME, "".join(f"{part.version}\n" for part in self.parts))

    @property
    def version(self) -> str:
        """Return `answer@hash` over all of them, as answers and traces store it."""
        return self.members.version


PART_NAMES = tuple(f"{NAME}_{field.name}" for field in fields(AnswerTemplates))
"""Names of the templates, in the order of the fields."""


def answer_templates(library: PromptLibrary, label: str | None = None) -> AnswerTemplates:
    """Return the templates in use, and keep them: the version that an answer names can be had again.

    Raises:
        ConfigError: a template, or a version that is pinned, cannot be used.
        DataFolderError: they cannot be kept.
    """
    templates = read_answer_templates(library, label)
    for template in (*templates.parts, templates.members):
        library.keep(template)
    return templates


def read_answer_templates(library: PromptLibrary, label: str | None = None) -> AnswerTemplates:
    """Return the templates in use, to look at; writes nothing.

    Raises:
        ConfigError: a template, or a version that is pinned, cannot be used.
    """
    return AnswerTemplates(*(library.load(name, label) for name in PART_NAMES))


def earlier_templates(library: PromptLibrary, version: str) -> AnswerTemplates:
    """Return the templates that a stored answer names by its `answer@hash`.

    Raises:
        ConfigError: they are not in this data folder.
    """
    name, _, digest = version.partition("@")
    if name != NAME:
        raise ConfigError(f"{version!r} is not the version of a prompt for answers.")
    members = library.version(NAME, digest).text.split()
    return AnswerTemplates(*(library.version(*member.split("@", 1)) for member in members))


def answer_messages(
    question: str,
    passages: Sequence[Passage],
    history: Sequence[Turn],
    templates: AnswerTemplates,
) -> tuple[ChatMessage, ...]:
    """Return the prompt: a system message and one message of the user's.

    Earlier turns stand in the user's message as data, not as messages of their own: what an answer quoted from a
    document would speak with the model's own voice there. Their markers are left out, they count other passages.
    """
    turns = turns_as_data(history)
    boundary = boundary_for((question, turns, *(_everything(passage) for passage in passages)))
    user = templates.user.render(
        boundary=boundary,
        history=f"\n{templates.history.render(boundary=boundary, turns=turns)}\n" if turns else "",
        passages="\n\n".join(_block(passage, boundary, templates.passage) for passage in passages)
        or "(none)",
        question=as_data(question),
    )
    return ChatMessage("system", templates.system.render()), ChatMessage("user", user)


def _everything(passage: Passage) -> str:
    document = passage.document
    return "\n".join((document.title, document.updated_at, *passage.section, passage.text))


def _block(passage: Passage, boundary: str, template: PromptTemplate) -> str:
    document = passage.document
    stale = "; its newest version could not be read" if document.is_stale else ""
    return template.render(
        boundary=boundary,
        marker=str(passage.marker),
        title=as_line(document.title, _TITLE_CHARS) or "untitled",
        section=as_line(" > ".join(passage.section), _SECTION_CHARS) or "none",
        date=(as_line(document.updated_at[:10], 10) or "unknown") + stale,
        text=as_data(passage.text),
    )


def turns_as_data(history: Sequence[Turn]) -> str:
    """Return earlier turns as text for a block, without the markers of their answers."""
    return "\n\n".join(
        f"Question: {as_data(turn.question)}\nAnswer: {as_data(_MARKER.sub('', turn.answer))}"
        for turn in history
    )
