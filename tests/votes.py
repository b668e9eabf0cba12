"""Small answers, and what people say of them one after the other, for tests of the feedback store under load."""

from typing import Any

from app.feedback_log import Remark
from core.answers import Answer

_CATEGORIES = ("wrong_fact", "outdated", "incomplete", "wrong_source", "other")


def answer_of(answer_id: str) -> tuple[Answer, dict[str, Any]]:
    """Return an answer with its trace; nothing else is stored of it."""
    answer = Answer(
        answer_id,
        "c",
        "t",
        "How many days of leave?",
        "Everyone has thirty days.",
        "answered",
        (),
        (),
        (),
        "extractive",
        "p",
        1,
        "2026-01-01",
    )
    return answer, {"query": answer.question, "history": [], "hits": [], "passages": []}


def vote(number: int) -> Remark:
    """Return what somebody says the so-manieth time: something else than the time before."""
    if number % 7 == 0:
        return Remark("good")
    return Remark("bad", _CATEGORIES[number % len(_CATEGORIES)], f"vote {number}")  # type: ignore[arg-type]
