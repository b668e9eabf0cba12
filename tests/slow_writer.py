"""A service over real documents whose writer follows a script; run by itself, it asks and says when text has come.

python tests/slow_writer.py DATA_DIR MODEL_CACHE     asks, prints the question's id, then waits to be killed
"""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app.abstention import Assessment
from app.answering import Answering, AnswerLimits, QuestionKept, TextAdded
from app.bootstrap import service_over
from app.conversation_log import ConversationLog
from app.conversation_view import ConversationReader
from app.feedback_log import FeedbackLog
from app.generation.completion_cache import CompletionCache
from app.grounding.checker import ClaimChecker
from app.service import FootnoteService
from app.writing import Writer, WritingRequest, Written
from core.answers import Draft
from core.command_line import settings_for
from core.moments import Clock, utc_now
from core.settings import load_settings
from index.factory import open_knowledge_base
from index.permissions import administrator

PIECES = ("Thirty ", "days, ", "as far as I know.")
QUESTION = "How many days of annual leave do I have?"


class ScriptedWriter:
    """Writes the same pieces for every question; `between` is called before each, with its number."""

    def __init__(
        self, between: Callable[[int], object] = lambda number: None, pieces: Sequence[str] = PIECES
    ) -> None:
        self._between = between
        self._pieces = pieces
        self.requests: list[WritingRequest] = []

    def warm_up(self) -> None:
        """There is nothing to load."""

    def stream(self, request: WritingRequest) -> Iterator[str | Written]:
        self.requests.append(request)
        for number, piece in enumerate(self._pieces):
            self._between(number)
            yield piece
        text = "".join(self._pieces)
        draft = Draft(text, (), (), "answered", "scripted", "script-1", 1.0, cost_usd=0.5)
        yield Written(draft, Assessment(1.0, 1.0, "answer", False))


def scripted_service(
    data_dir: Path, model_cache: Path, writer: Writer | None, now: Clock = utc_now
) -> FootnoteService:
    """Open a service that answers by a script; by quotes without one."""
    settings = settings_for(load_settings(data_dir=data_dir), model_cache=model_cache, offline=True)
    retriever = open_knowledge_base(settings).retriever
    limits = AnswerLimits(8, 1500, 2000)
    if writer is None:
        return service_over(retriever, data_dir, limits, "test")
    engine = retriever.catalogue.engine
    log = ConversationLog(engine, data_dir, "test", now)
    answering = Answering(
        retriever,
        writer,
        ClaimChecker(retriever.embedder),
        lambda question, history, caller: question,
        log,
        limits,
    )
    return FootnoteService(
        answering,
        retriever,
        log,
        ConversationReader(retriever.catalogue, now),
        FeedbackLog(engine, data_dir),
        CompletionCache(engine, data_dir, 0.0),
        "test",
    )


def wait_for_ever(number: int) -> None:
    """Stop before the third piece; a beat has stored the second one by then."""
    time.sleep(2.5 if number == 1 else 600 if number == 2 else 0)


if __name__ == "__main__":
    service = scripted_service(Path(sys.argv[1]), Path(sys.argv[2]), ScriptedWriter(wait_for_ever))
    for event in service.ask_stream(QUESTION, administrator()):
        if isinstance(event, QuestionKept):
            print(event.question_id, event.conversation_id, flush=True)
        elif isinstance(event, TextAdded):
            print("text", flush=True)
