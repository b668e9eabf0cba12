"""The prompts that work on a question alone: made standalone, and put in other words; pure."""

from collections.abc import Sequence

from core.answers import Turn
from core.generation import ChatMessage
from prompts.answer_prompt import turns_as_data
from prompts.data_blocks import as_data, boundary_for
from prompts.library import PromptTemplate


def condense_messages(
    question: str, history: Sequence[Turn], template: PromptTemplate
) -> tuple[ChatMessage, ...]:
    """Return the prompt that asks for a follow-up as a question that can be understood on its own (`condense`)."""
    turns = turns_as_data(history)
    text = template.render(
        boundary=boundary_for((question, turns)), turns=turns, question=as_data(question)
    )
    return (ChatMessage("user", text),)


def rewrite_messages(
    question: str, count: int, template: PromptTemplate
) -> tuple[ChatMessage, ...]:
    """Return the prompt that asks for `count` other wordings of a question, one a line (`rewrite`)."""
    text = template.render(
        boundary=boundary_for((question,)), count=str(count), question=as_data(question)
    )
    return (ChatMessage("user", text),)
