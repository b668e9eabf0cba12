"""What people say of answers, and take back: every face's use case for feedback."""

from app.conversation_log import ConversationLog
from app.feedback_log import FeedbackLog


class FeedbackDesk:
    """Takes feedback of any caller on answers that this caller can see."""

    def __init__(self, log: ConversationLog, feedback: FeedbackLog) -> None:
        self._log = log
        self._feedback = feedback
