"""Everything that the web application talks to, built by `app.bootstrap.open_application`."""

from dataclasses import dataclass, field

from app.answer_slots import AnswerSlots
from app.feedback_desk import FeedbackDesk
from app.knowledge.desk import KnowledgeDesk
from app.notices import Notices
from app.people import People
from app.quality.desk import QualityDesk
from app.rate_limits import RateLimiter
from app.review.audit import AuditDesk
from app.review.desk import ReviewDesk
from app.review.source_reports import SourceReports
from app.service import FootnoteService
from app.signals import SignalLog
from app.source_desk.desk import SourceDesk
from app.uploads.session_documents import SessionDocuments
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Application:
    """One use case each; all of them take the caller with every call and decide by it."""

    settings: Settings
    service: FootnoteService
    feedback: FeedbackDesk
    people: People
    limits: RateLimiter
    sources: SourceDesk
    knowledge: KnowledgeDesk
    review: ReviewDesk
    quality: QualityDesk
    uploads: SessionDocuments
    signals: SignalLog
    notices: Notices
    source_reports: SourceReports
    audit: AuditDesk
    slots: AnswerSlots = field(default_factory=AnswerSlots)
