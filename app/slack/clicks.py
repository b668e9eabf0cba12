"""What somebody did with a message or a window in Slack, read from what Slack sends of it; pure.

It says who did what where. What this person may do is decided anew each time: nothing here is a permission.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.slack.places import Incoming, Place


@dataclass(frozen=True, slots=True)
class Click:
    """One action. `value` is what the button carries, `ts` the message that it stands on, '' where that is none.

    `is_bots` says whether an app wrote the message; `trigger_id` opens a window within three seconds.
    """

    team: str
    slack_user: str
    slack_team: str
    channel: str = ""
    ts: str = ""
    thread_ts: str = ""
    value: str = ""
    trigger_id: str = ""
    response_url: str = ""
    is_bots: bool = False

    def aside(self, *, by_address: bool) -> Incoming:
        """Return where this person is told something that nobody else reads; by Slack's own address for that, or not."""
        place = Place(self.team, self.channel, self.thread_ts, "ephemeral")
        address = self.response_url if by_address else ""
        return Incoming("", "shortcut", place, "", self.slack_user, self.slack_team, "", address)


def click_of(body: Mapping[str, Any], team: str) -> Click:
    """Return what a payload of a button, a shortcut or a window says; `team` is the workspace that the bot is in."""
    user, message = part(body, "user"), part(body, "message")
    actions = body.get("actions")
    action = actions[0] if isinstance(actions, list) and actions else {}
    ts = text(message, "ts") or text(part(body, "container"), "message_ts")
    return Click(
        team,
        text(user, "id"),
        text(user, "team_id"),
        text(part(body, "channel"), "id"),
        ts,
        text(message, "thread_ts"),
        text(action, "value") if isinstance(action, Mapping) else "",
        text(body, "trigger_id"),
        text(body, "response_url"),
        bool(message.get("bot_id")),
    )


def text(of: Mapping[str, Any], name: str) -> str:
    """Return a text of a payload, '' where there is none."""
    value = of.get(name)
    return value if isinstance(value, str) else ""


def part(of: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """Return an object of a payload, an empty one where there is none."""
    value = of.get(name)
    return value if isinstance(value, Mapping) else {}
