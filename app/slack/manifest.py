"""What has to be set in Slack for the bot: its manifest with exactly the scopes that it uses, and the steps around it.

methods and events that the bot uses ─▶ scopes        a test holds both tables to what the code calls and hears
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from app.slack.channels import ChannelsFile
from app.slack.linking import has_address
from core.settings import Settings, SlackSettings

COMMAND = "/ask"
ASK_SHORTCUT = "ask_about_this"
FLAG_SHORTCUT = "flag_hallucination"
EVENTS_PATH = "/slack/events"

_KINDS = ("channels", "groups", "im", "mpim")
# Direct messages say by themselves that they are.
_READ = tuple(f"{kind}:read" for kind in _KINDS if kind != "im")
_HISTORY = tuple(f"{kind}:history" for kind in _KINDS)
METHOD_SCOPES: Mapping[str, tuple[str, ...]] = {
    "apps.connections.open": (),  # the app-level token has `connections:write`
    "assistant.threads.setStatus": ("chat:write",),
    "assistant.threads.setSuggestedPrompts": ("assistant:write",),
    "auth.test": (),
    "chat.appendStream": ("chat:write",),
    "chat.delete": ("chat:write",),
    "chat.postEphemeral": ("chat:write",),
    "chat.postMessage": ("chat:write",),
    "chat.startStream": ("chat:write",),
    "chat.stopStream": ("chat:write",),
    "chat.update": ("chat:write",),
    # Whether a message is there, after a connection was lost while it was posted; nothing else is read of them.
    "conversations.history": _HISTORY,
    "conversations.info": _READ,
    "conversations.replies": _HISTORY,
    "users.info": ("users:read", "users:read.email"),
    "users.lookupByEmail": ("users:read.email",),
    "views.open": (),
    "views.publish": (),
}
"""The scopes of each method of the Web API that the bot calls."""

EVENT_SCOPES: Mapping[str, tuple[str, ...]] = {
    "app_home_opened": (),
    "app_mention": ("app_mentions:read",),
    "message.im": ("im:history",),
}
"""The scopes of each event that the bot always listens to."""

QUESTION_EVENT_SCOPES: Mapping[str, tuple[str, ...]] = {
    "message.channels": ("channels:history",),
    "message.groups": ("groups:history",),
    "message.mpim": ("mpim:history",),
}
"""Those of events that bring every message of a channel; only where a channel has `answer: questions`."""

_COMMAND_SCOPE = "commands"
_MAX_PROMPTS = 4


def scopes(settings: Settings) -> list[str]:
    """Return the scopes of the bot's token, in the order of the alphabet.

    Raises:
        ConfigError: the channels file cannot be used.
    """
    needed = {_COMMAND_SCOPE}
    for of_one in (*METHOD_SCOPES.values(), *_event_scopes(settings).values()):
        needed.update(of_one)
    return sorted(needed)


def manifest(settings: Settings, prompts: Iterable[str] = ()) -> dict[str, Any]:
    """Return the app's manifest; without a signing secret it is one for Socket Mode.

    Raises:
        ConfigError: the channels file cannot be used.
    """
    slack = settings.slack
    is_socket = uses_socket_mode(slack)
    address = {} if is_socket else {"request_url": f"https://YOUR-ADDRESS{EVENTS_PATH}"}
    command = {
        "command": COMMAND,
        "description": "Ask the documents; only you see the answer",
        "usage_hint": "your question",
        "should_escape": True,
    }
    if not is_socket:
        command["url"] = address["request_url"]
    return {
        "_metadata": {"major_version": 2, "minor_version": 1},
        "display_information": {
            "name": "Footnote",
            "description": "Answers from your own documents, each with the words that it rests on",
        },
        "features": {
            "agent_view": {
                "agent_description": "Ask about the documents of your company. Every sentence of an answer is tied to the "
                "words that support it, or is marked as not supported.",
                "suggested_prompts": [
                    {"title": prompt[:75], "message": prompt} for prompt in prompts
                ][:_MAX_PROMPTS],
            },
            "app_home": {
                "home_tab_enabled": True,
                "messages_tab_enabled": True,
                "messages_tab_read_only_enabled": False,
            },
            "bot_user": {"display_name": "Footnote", "always_online": True},
            "slash_commands": [command],
            "shortcuts": [
                {
                    "name": "Ask Footnote about this",
                    "type": "message",
                    "callback_id": ASK_SHORTCUT,
                    "description": "Only you see the answer",
                },
                {
                    "name": "Flag as hallucination",
                    "type": "message",
                    "callback_id": FLAG_SHORTCUT,
                    "description": "Report what is wrong in an answer",
                },
            ],
        },
        "oauth_config": {"scopes": {"bot": scopes(settings)}},
        "settings": {
            "event_subscriptions": {"bot_events": sorted(_event_scopes(settings)), **address},
            "interactivity": {"is_enabled": True, **address},
            "org_deploy_enabled": False,
            "socket_mode_enabled": is_socket,
            "token_rotation_enabled": False,
        },
    }


def setup_steps(settings: Settings) -> str:
    """Return what an operator does once, in numbered steps, with the manifest.

    Raises:
        ConfigError: the channels file cannot be used.
    """
    slack = settings.slack
    is_socket = uses_socket_mode(slack)
    steps = [
        "Open https://api.slack.com/apps?new_app=1, choose 'From a manifest' and your workspace, and paste the manifest "
        "below as JSON.",
        *(() if is_socket else (_ADDRESS_STEP,)),
        "Under 'Install App', install it to the workspace, and copy the 'Bot User OAuth Token' (xoxb-…) into "
        "FOOTNOTE_SLACK__BOT_TOKEN.",
        _SOCKET_STEP if is_socket else _HTTP_STEP,
        *(() if has_address(slack.web_url) else (_WEB_STEP,)),
        "Run `footnote doctor`: it asks Slack whether tokens and scopes are right.",
        "Run `footnote slack`. Then write to Footnote in Slack, under 'Apps', or invite it to a channel with "
        "'/invite @Footnote' and mention it there.",
    ]
    numbered = "\n".join(f"{number}. {step}" for number, step in enumerate(steps, 1))
    return f"{numbered}\n\n{json.dumps(manifest(settings), indent=2, ensure_ascii=False)}\n"


def uses_socket_mode(slack: SlackSettings) -> bool:
    """Whether the bot asks Slack for events over a connection of its own: always, unless it is set up for HTTP alone."""
    return slack.app_token is not None or slack.signing_secret is None


def _event_scopes(settings: Settings) -> dict[str, tuple[str, ...]]:
    channels = ChannelsFile(settings.slack.channels_file).listed()
    hears_all = any(channel.answer == "questions" for channel in channels.values())
    return {**EVENT_SCOPES, **(QUESTION_EVENT_SCOPES if hears_all else {})}


_ADDRESS_STEP = "Replace YOUR-ADDRESS in the manifest, three times, by the name under which Slack reaches `footnote slack` over HTTPS."
_SOCKET_STEP = (
    "Under 'Basic Information', 'App-Level Tokens', generate one with the scope connections:write, and copy it (xapp-…) "
    "into FOOTNOTE_SLACK__APP_TOKEN. To receive requests over HTTP instead, set FOOTNOTE_SLACK__SIGNING_SECRET alone and "
    "run `footnote slack --init` again."
)
_HTTP_STEP = "Under 'Basic Information', 'App Credentials', copy the 'Signing Secret' into FOOTNOTE_SLACK__SIGNING_SECRET."
_WEB_STEP = "Set FOOTNOTE_SLACK__WEB_URL to the address of the web application, so that sources are links to the exact words."
