"""Who reads what is written in a place, and which documents may be used there.

    only the asker reads it (direct message, ephemeral)   the asker's documents
    others read it too                                    what `everyone` may read, and what the groups of the channel
                                                          may read where the asker is in them as well
    people of other companies read it too                 what `everyone` may read, or nothing

What cannot be told counts as the last of these.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from threading import Lock
from typing import Any, Protocol

from app.slack.channels import ChannelSettings
from app.slack.places import Asker, Place, PlaceKind
from core.answers import Caller
from core.documents import EVERYONE
from core.log import get_logger

_log = get_logger(__name__)

KINDS_BELIEVED_S = 60.0
"""How long the kind of a conversation is believed: a channel can be shared with another company at any moment."""
_MOST_KEPT = 10_000
_GROUP = "group:"


class Conversations(Protocol):
    """The one method of Slack's client that is used here."""

    def conversations_info(self, *, channel: str) -> Any:
        """Return what Slack says of a conversation."""


def reading_caller(asker: Asker, place: Place, channel: ChannelSettings) -> Caller:
    """Return the caller whose documents an answer in this place may be made of; its name is the asker's own."""
    caller = replace(asker.caller, is_admin=False)
    if asker.is_refused:
        return replace(caller, principals=frozenset())
    if place.is_private:
        return caller
    shown = {EVERYONE}
    if place.kind != "external":
        shown |= {f"{_GROUP}{group}" for group in channel.groups}
    return replace(caller, principals=caller.principals & shown, role="reader")


def kind_of(info: Mapping[str, Any]) -> PlaceKind:
    """Return what kind of place a conversation is, by what Slack says of it; what is not clear is external."""
    if info.get("is_im") is True:
        return "dm"
    if any(info.get(flag) for flag in ("is_ext_shared", "is_pending_ext_shared", "is_org_shared")):
        return "external"
    if info.get("is_mpim") is True:
        return "mpim"
    if info.get("is_private") is True:
        return "private"
    is_public = info.get("is_channel") is True and info.get("is_private") is False
    return "public" if is_public else "external"


class PlaceKinds:
    """Asks Slack what kind of place a conversation is, and remembers it for a minute; safe between threads."""

    def __init__(self, client: Conversations, clock: Callable[[], float] = time.monotonic) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str, tuple[float, PlaceKind]] = {}
        self._lock = Lock()

    def of(self, channel: str) -> PlaceKind:
        """Return the kind of a conversation; `external`, with the fewest documents, when Slack does not say."""
        with self._lock:
            known = self._known.get(channel)
        if known and 0 <= self._clock() - known[0] < KINDS_BELIEVED_S:
            return known[1]
        asked_at = self._clock()
        try:
            response = self._client.conversations_info(channel=channel)
            info = response.get("channel")
            kind = kind_of(info) if isinstance(info, Mapping) else "external"
        except Exception as error:  # noqa: BLE001 - whatever it is, fewer documents are the safe answer
            _log.warning("slack_place_unknown", channel=channel, error=type(error).__name__)
            return "external"
        with self._lock:
            if len(self._known) >= _MOST_KEPT:
                self._known.clear()
            self._known[channel] = (asked_at, kind)
        return kind
