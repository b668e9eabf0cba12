"""Asks a question that came from Slack: who reads along in the place decides what it is answered from.

    asker ─▶ settings of the channel ─▶ caller of the place ─▶ conversation of the thread ─▶ the service's events

A thread goes on with one conversation for each person in it: what others write there is not this person's words.
Slash commands and shortcuts are answered once, beside every thread, so that no private answer gets into one.
"""

from collections.abc import Generator, Iterator
from contextlib import closing
from typing import cast

from sqlalchemy import ColumnElement, and_, delete, select

from app.answer_rights import may_read_answers, readable_among
from app.application import Application
from app.extractive import ExtractiveGenerator
from app.service import AskEvent, QuestionKept
from app.slack.audience import reading_caller
from app.slack.channels import ChannelSettings, ChannelsFile
from app.slack.messages import ESCALATED, SlackMessages
from app.slack.places import Asker, Incoming, Place
from core.answers import Answer, Caller
from core.errors import AccessDenied, FootnoteError, NotFound
from core.log import get_logger
from core.moments import Clock, stamp, utc_now
from index.database import storage_errors, writing
from index.dialects import insert_into
from index.passages import widen
from index.schema import slack_threads

_log = get_logger(__name__)

MORE_IN_DM = "I can answer more in a direct message."


class SlackAsking:
    """The use case of a question in Slack, over the same service as every other face."""

    def __init__(
        self,
        application: Application,
        channels: ChannelsFile,
        messages: SlackMessages,
        now: Clock = utc_now,
    ) -> None:
        self._application = application
        self._service = application.service
        self._channels = channels
        self._messages = messages
        self._engine = application.service.catalogue.engine
        self._data_dir = application.settings.data_dir
        self._now = now
        retriever = application.service.retriever
        self._quoting = ExtractiveGenerator(lambda: retriever.embedder, retriever)

    def ask(self, incoming: Incoming, asker: Asker) -> Iterator[AskEvent]:
        """Answer one question, telling how far it is; a generator: closing it stops the work.

        What others can read is kept in a shared conversation, so that their clicks find it.

        Raises:
            AccessDenied: this person, or this place, gets no answers; the sentence is for this person alone.
            ConfigError: the channels file cannot be used.
            TooManyRequests: the person asked as often as the limit allows.
            UsageError: the question is empty or too long.
        """
        place = incoming.place
        channel = self._settings_of(place)
        caller = self.caller_in(place, asker)
        self._application.limits.take(caller)
        events = self._service.ask_stream(
            incoming.text,
            caller,
            self._conversation(place, caller),
            filters=channel.filters,
        )
        with closing(cast(Generator[AskEvent], events)) as stream:
            first = next(stream)
            if isinstance(first, QuestionKept):
                self._keep(place, caller, first.conversation_id)
            yield first
            with self._application.slots.take() as ticket:
                ticket.wait()
                yield from stream

    def caller_in(self, place: Place, asker: Asker) -> Caller:
        """Return the caller that a question of this person is answered for in this place.

        Raises:
            AccessDenied: this person, or this place, gets no answers.
            ConfigError: the channels file cannot be used.
        """
        if asker.is_refused:
            raise AccessDenied(asker.refusal)
        channel = self._settings_of(place)
        if channel.answer == "off":
            raise AccessDenied("Footnote does not answer in this channel. Ask in a direct message.")
        if place.kind == "external" and self._application.settings.slack.guests == "refuse":
            raise AccessDenied(
                "Footnote does not answer where people of other companies read along. Ask in a direct message."
            )
        return reading_caller(asker, place, channel)

    def is_quiet_unless_cited(self, incoming: Incoming) -> bool:
        """Whether an answer without sources is kept to oneself: nobody addressed the bot, and the channel wants it so.

        Such an answer cannot be streamed: whether it has sources is known at its end.

        Raises:
            ConfigError: the channels file cannot be used.
        """
        return incoming.kind == "thread" and self._settings_of(incoming.place).quiet_unless_cited

    def has_more_in_private(self, incoming: Incoming, asker: Asker, answer: Answer) -> bool:
        """Whether this person's own documents have more to say than those that the place may read.

        It is for this person alone: say MORE_IN_DM where nobody else reads it.
        """
        if incoming.place.is_private or asker.is_refused:
            return False
        try:
            in_place = self.caller_in(incoming.place, asker)
            if in_place.principals == asker.caller.principals:
                return False
            _, trace = self._service.find_answer(answer.answer_id, in_place)
            quoted = self._quoted(str(trace.get("query") or answer.question), asker.caller)
        except FootnoteError as error:
            # The answer is shown by now: nothing that goes wrong here may take it back.
            _log.warning("slack_more_unknown", error=type(error).__name__)
            return False
        return not quoted <= readable_among(self._service.catalogue, quoted, in_place)

    def forget(self, answer: Answer, asker: Asker, place: Place) -> None:
        """Forget a question that nobody addressed and the answer that nobody saw, where nothing else was said."""
        conversation_id = answer.conversation_id
        caller = self.caller_in(place, asker)
        if len(self._service.turns(conversation_id, caller)) > 1:
            return
        self._service.delete_conversation(conversation_id, caller)
        is_it = slack_threads.c.conversation_id == conversation_id
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            connection.execute(delete(slack_threads).where(is_it))

    def _quoted(self, query: str, caller: Caller) -> set[str]:
        """Return the documents that a question is answered from by quoting, without asking a model for it."""
        retrieval = self._application.settings.retrieval
        hits = self._service.search(query, caller, retrieval.passages)
        passages = widen(self._service.catalogue, hits, retrieval.passage_chars)
        draft = self._quoting.generate(query, passages, ())
        is_answer = draft.status == "answered"
        return {citation.document.doc_id for citation in draft.citations if is_answer}

    def _settings_of(self, place: Place) -> ChannelSettings:
        return ChannelSettings() if place.is_private else self._channels.of(place.channel)

    def _conversation(self, place: Place, caller: Caller) -> str | None:
        """Return the conversation that this person's questions in this thread go on with, None for a new one."""
        if place.kind == "ephemeral" or not place.thread_ts:
            return None
        query = select(slack_threads.c.conversation_id).where(_is_thread(place, caller))
        with storage_errors(self._data_dir), self._engine.connect() as connection:
            found = connection.execute(query).scalar()
        return found if found and self._goes_on(found, place, caller) else None

    def _goes_on(self, conversation_id: str, place: Place, caller: Caller) -> bool:
        """Whether a conversation is there, and in a channel: whether all of it was written there, of what may be read.

        Its owner can go on with it in the web application, where private documents answer too.
        """
        try:
            answers = self._service.turns(conversation_id, caller)
            if place.is_private:
                return True
            traces = [self._service.find_answer(one.answer_id, caller)[1] for one in answers]
        except NotFound:
            return False
        were_posted = all(self._was_posted(answer.answer_id, place) for answer in answers)
        return were_posted and all(may_read_answers(self._service.catalogue, traces, caller))

    def _was_posted(self, answer_id: str, place: Place) -> bool:
        return any(
            (shown.team, shown.channel, shown.audience) == (place.team, place.channel, "channel")
            and shown.segment != ESCALATED
            for shown in self._messages.of_answer(answer_id)
        )

    def _keep(self, place: Place, caller: Caller, conversation_id: str) -> None:
        if not place.is_private:
            self._service.share_conversation(conversation_id, caller, is_shared=True)
        if place.kind == "ephemeral" or not place.thread_ts:
            return
        kept = {"conversation_id": conversation_id, "updated_at": stamp(self._now())}
        columns = slack_threads.c
        key = [columns.team, columns.channel, columns.thread_ts, columns.owner]
        with storage_errors(self._data_dir), writing(self._engine) as connection:
            row = insert_into(connection, slack_threads).values(
                team=place.team,
                channel=place.channel,
                thread_ts=place.thread_ts,
                owner=caller.name,
                **kept,
            )
            connection.execute(row.on_conflict_do_update(index_elements=key, set_=kept))


def _is_thread(place: Place, caller: Caller) -> ColumnElement[bool]:
    columns = slack_threads.c
    return and_(
        columns.team == place.team,
        columns.channel == place.channel,
        columns.thread_ts == place.thread_ts,
        columns.owner == caller.name,
    )
