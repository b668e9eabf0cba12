"""Puts the bot's parts together: what answers a question, and the listeners for everything else."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from slack_bolt import App
from slack_sdk import WebClient

from app.account_links import AccountLinks
from app.application import Application
from app.slack.answer_stream import AnswerStream
from app.slack.aside import Asides
from app.slack.asking import SlackAsking
from app.slack.audience import PlaceKinds
from app.slack.blocks import SourceLinks
from app.slack.channels import ChannelsFile
from app.slack.escalation import Escalation
from app.slack.flagging import Flagging
from app.slack.home import Home
from app.slack.identity import Identities
from app.slack.inbox import SlackInbox
from app.slack.interactions import Interactions, register
from app.slack.linking import Linking
from app.slack.messages import SlackMessages
from app.slack.places import Incoming, Place
from app.slack.posting import Posting
from app.slack.replying import Replying, Stream
from app.slack.sending import SendingFailed, SlackCalls, SlackUnreachable
from app.slack.telling import Telling
from app.slack.web_client import open_client
from core.settings import Settings


@dataclass(frozen=True, slots=True)
class Parts:
    """What answers and clicks share, over one application and one client."""

    settings: Settings
    application: Application
    client: WebClient
    channels: ChannelsFile
    identities: Identities
    kinds: PlaceKinds
    messages: SlackMessages
    asides: Asides
    linking: Linking
    links: SourceLinks


def parts_of(
    settings: Settings, application: Application, client: WebClient, channels: ChannelsFile
) -> Parts:
    """Build what is shared."""
    engine, data_dir = application.service.catalogue.engine, settings.data_dir
    web_url = settings.slack.web_url
    host = urlsplit(web_url).netloc
    return Parts(
        settings,
        application,
        client,
        channels,
        Identities(client, engine, data_dir, settings),
        PlaceKinds(client),
        SlackMessages(engine, data_dir),
        Asides(client, (host,) if host else ()),
        Linking(AccountLinks(engine, data_dir), web_url),
        SourceLinks(web_url, settings.generation.link_hosts),
    )


def replying_for(parts: Parts, inbox: SlackInbox) -> Replying:
    """Return what answers the questions of the inbox."""
    # It knows for each call what a failure means for the message; a repetition below it would not.
    client = open_client(parts.settings.slack, repeats=False)
    with_escalation = bool(parts.settings.slack.experts_channel)

    def knows(place: Place) -> Callable[[str], bool]:
        def is_known(ts: str) -> bool:
            is_shown = parts.messages.answer_of(place.team, place.channel, ts) is not None
            return is_shown or inbox.has_posted(place.channel, ts)

        return is_known

    def find_lost(incoming: Incoming) -> str:
        place = incoming.place
        looking = Posting(
            SlackCalls(client), place, lambda ts, part: None, knows(place), incoming.ts
        )
        try:
            return looking.newest("")
        except (SendingFailed, SlackUnreachable):
            return ""

    def open_stream(incoming: Incoming, on_posted: Callable[[str, int], None]) -> Stream:
        return AnswerStream(
            client,
            incoming.place,
            incoming.slack_user,
            incoming.slack_team,
            parts.links,
            on_posted,
            response_url=incoming.response_url,
            with_escalation=with_escalation,
            asked_ts=incoming.ts,
            is_known=knows(incoming.place),
        )

    return Replying(
        parts.identities,
        parts.kinds,
        SlackAsking(parts.application, parts.channels, parts.messages),
        parts.application.service.find_answer,
        open_stream,
        find_lost,
        parts.messages,
        parts.asides,
        parts.linking.refusal_for,
    )


def telling_for(parts: Parts) -> Telling:
    """Return what tells people of their flags."""
    # A message that may have been posted must not be posted again below it.
    client = open_client(parts.settings.slack, repeats=False)
    return Telling(parts.application, parts.identities, client)


def add_listeners(app: App, parts: Parts, team: str) -> None:
    """Let clicks, windows, shortcuts and App Home be heard."""
    flagging = Flagging(parts.application, parts.identities, parts.messages)
    escalation = Escalation(
        parts.application,
        parts.client,
        parts.identities,
        parts.kinds,
        parts.channels,
        parts.messages,
        parts.links,
    )
    home = Home(parts.application, parts.identities, parts.links)
    heard = Interactions(
        parts.client, team, flagging, escalation, home, parts.messages, parts.asides
    )
    register(app, heard)
