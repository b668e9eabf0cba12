"""What somebody said of an answer, as a span of its own that points at the answer's.

A span that ended cannot be changed, so OpenInference has feedback carried by a new one with exactly one link
(https://github.com/Arize-ai/openinference/blob/main/spec/annotations.md).
"""

import hashlib
from datetime import datetime

from app.tracing.attributes import (
    SpanRecord,
    annotation,
    evaluation,
    otel_trace_id,
    present,
)
from app.tracing.content import Texts
from core.answers import Answer, Feedback

_NAME = "user_feedback"
_SCORES = {"good": 1.0, "bad": 0.0}
_LOW_BITS = (1 << 64) - 1


def carrier_trace_id(feedback: Feedback, answer: Answer) -> int:
    """Return the trace id of what carries a feedback; its lower half is that of the answer's trace.

    Sampling by share looks at that half: a feedback is kept where its answer is.
    """
    digest = hashlib.sha256(feedback.feedback_id.encode()).digest()
    low = otel_trace_id(answer.trace_id) & _LOW_BITS
    return (int.from_bytes(digest[:8], "big") << 64 | low) or 1


def span_of_feedback(feedback: Feedback, answer: Answer, user: str, texts: Texts) -> SpanRecord:
    """Return the carrier span; `user` is the pseudonym of its author.

    A false alarm (the checker doubted what is right) has no score: it says something of the checker.
    """
    time_ns = round(datetime.fromisoformat(feedback.created_at).timestamp() * 1000) * 1_000_000
    score = _SCORES.get(feedback.verdict)
    comment = texts.of("input", feedback.comment)
    about = {
        "category": feedback.category,
        "start": feedback.start,
        "end": feedback.end,
        "feedback_id": feedback.feedback_id,
    }
    attributes = present(
        {
            "openinference.span.kind": "EVALUATOR",
            "session.id": answer.conversation_id,
            "gen_ai.conversation.id": answer.conversation_id,
            "user.id": user,
            # A changed mind has the same name, target and identifier as what it replaces.
            **annotation(
                _NAME,
                feedback.verdict,
                score,
                "HUMAN",
                comment,
                identifier=user or "local",
                metadata={name: value for name, value in about.items() if value is not None},
            ),
            "footnote.answer.id": answer.answer_id,
            "footnote.feedback.id": feedback.feedback_id,
            "footnote.feedback.category": feedback.category,
            "footnote.selection.start": feedback.start,
            "footnote.selection.end": feedback.end,
            "footnote.selection.text": texts.of("output", feedback.selected_text),
        }
    )
    event = evaluation(
        _NAME,
        feedback.verdict,
        score,
        comment,
        time_ns,
        present({"footnote.feedback.category": feedback.category}),
    )
    return SpanRecord("feedback", "footnote.feedback", time_ns, time_ns, attributes, (event,))
