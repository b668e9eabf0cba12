"""What `footnote doctor` says of the Slack bot: tokens, scopes, addresses and the channels file."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from app.doctor import Finding
from app.slack.audience import kind_of
from app.slack.channels import DEFAULT, ChannelsFile
from app.slack.linking import has_address
from app.slack.manifest import scopes
from core.errors import ConfigError, FootnoteError, ServiceUnavailable
from core.loopback import is_loopback
from core.settings import Settings

if TYPE_CHECKING:
    from slack_sdk import WebClient

_TIMEOUT_S = 10
_WRONG_TOKEN = ("invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired")


def examine_slack(settings: Settings) -> list[Finding]:
    """Run every check of the bot, none where it is not set up; a failing one never stops the others."""
    slack = settings.slack
    if slack.bot_token is None and slack.app_token is None and slack.signing_secret is None:
        return []
    checks: tuple[tuple[str, Callable[[Settings], str]], ...] = (
        ("Slack token", _token),
        ("Slack scopes", _scopes),
        ("Slack connection", _connection),
        ("Slack links", _web_url),
        ("Slack channels", _channels),
        ("Slack identity", _identity),
        ("Slack experts", _experts),
    )
    findings = []
    for name, check in checks:
        try:
            findings.append(Finding(name, True, check(settings)))
        except (FootnoteError, OSError) as error:
            findings.append(Finding(name, False, str(error)))
    return findings


def _token(settings: Settings) -> str:
    from app.slack.web_client import refuse_offline

    refuse_offline(settings)
    told = _told(settings)
    return f"the bot is {told.get('user', '?')!r} in the workspace {told.get('team', '?')!r}"


def _scopes(settings: Settings) -> str:
    granted = _told(settings)["granted"]
    needed = scopes(settings)
    missing = [scope for scope in needed if scope not in granted]
    if missing:
        raise ConfigError(
            f"The bot's token lacks {', '.join(missing)}. Paste the manifest of `footnote slack --init` under "
            "'App Manifest', and install the app to the workspace again."
        )
    beyond = sorted(granted.difference(needed))
    more = f"; it does not need {', '.join(beyond)}, which you can remove" if beyond else ""
    return f"the token has all {len(needed)} that are needed{more}"


def _connection(settings: Settings) -> str:
    slack = settings.slack
    if slack.app_token is None:
        if slack.signing_secret is None:
            raise ConfigError(
                "Neither FOOTNOTE_SLACK__APP_TOKEN (Socket Mode) nor FOOTNOTE_SLACK__SIGNING_SECRET (HTTP) is set, so "
                "nothing from Slack reaches the bot. `footnote slack --init` says where they are found."
            )
        secret = slack.signing_secret.get_secret_value()
        if not secret.strip() or secret.startswith("x"):
            raise ConfigError(
                "FOOTNOTE_SLACK__SIGNING_SECRET is empty or a token. Copy the signing secret from 'Basic Information', "
                "'App Credentials' of the app."
            )
        return "over HTTP; whether the signing secret is the app's shows with the first event"
    token = slack.app_token.get_secret_value()
    if not token.startswith("xapp-"):
        raise ConfigError("FOOTNOTE_SLACK__APP_TOKEN is no app-level token: they start with xapp-.")
    _asked(
        "FOOTNOTE_SLACK__APP_TOKEN",
        lambda: _client(settings, "").apps_connections_open(app_token=token),
    )
    return "over Socket Mode; Slack accepts the app-level token"


def _web_url(settings: Settings) -> str:
    address = settings.slack.web_url
    if not address:
        if settings.slack.link_by == "code":
            raise ConfigError(
                "FOOTNOTE_SLACK__LINK_BY is 'code', and without FOOTNOTE_SLACK__WEB_URL nobody can be given an address "
                "to link an account with."
            )
        return "none: FOOTNOTE_SLACK__WEB_URL is not set, so sources are named without links"
    if not has_address(address):
        raise ConfigError(
            f"FOOTNOTE_SLACK__WEB_URL is {address!r}, which is no address of a web application. Write one like "
            "https://footnote.example.org."
        )
    parts = urlsplit(address)
    if parts.scheme != "https" and not is_loopback(parts.hostname):
        raise ConfigError(
            f"FOOTNOTE_SLACK__WEB_URL is {address!r}: over http, others can read along. Use https."
        )
    return f"sources link to {address}"


def _channels(settings: Settings) -> str:
    path = settings.slack.channels_file
    if path is None:
        return "no file is set: the bot answers mentions, from what everyone may read"
    listed = ChannelsFile(path).listed()
    named = [channel for channel in listed if channel != DEFAULT]
    return f"{path} has settings of {len(named)} channel{'' if len(named) == 1 else 's'}"


def _identity(settings: Settings) -> str:
    slack = settings.slack
    if slack.link_by == "code":
        return "accounts are linked by a one-time address"
    domains = ", ".join(slack.email_domains)
    return f"by confirmed email, of {domains or 'any domain in the workspace'}"


def _experts(settings: Settings) -> str:
    channel = settings.slack.experts_channel
    if not channel:
        return "no channel is set: answers have no button to ask an expert"
    info = _asked(
        f"The channel {channel!r} (FOOTNOTE_SLACK__EXPERTS_CHANNEL)",
        lambda: _client(settings).conversations_info(channel=channel),
    ).get("channel")
    is_there = isinstance(info, Mapping) and info.get("is_member") is True
    if not is_there:
        raise ConfigError(
            f"The bot is not in the channel {channel!r} (FOOTNOTE_SLACK__EXPERTS_CHANNEL). Invite it there."
        )
    return f"questions for experts go to {channel} ({kind_of(info)})"


def _client(settings: Settings, token: str | None = None) -> "WebClient":
    try:
        from slack_sdk import WebClient
    except ImportError as error:
        raise ConfigError(
            "The Slack bot needs Slack's packages. Run: pip install 'footnote[slack]'."
        ) from error
    slack = settings.slack
    if token is None:
        if slack.bot_token is None:
            raise ConfigError(
                "FOOTNOTE_SLACK__BOT_TOKEN is not set. `footnote slack --init` says where it is found."
            )
        token = slack.bot_token.get_secret_value()
        if not token.startswith("xoxb-"):
            raise ConfigError("FOOTNOTE_SLACK__BOT_TOKEN is no bot's token: they start with xoxb-.")
    return WebClient(token=token, base_url=slack.api_base_url, timeout=_TIMEOUT_S)


def _told(settings: Settings) -> dict[str, Any]:
    """Return what Slack says of the token, with the scopes that it has under `granted`."""
    client = _client(settings)
    response = _asked("FOOTNOTE_SLACK__BOT_TOKEN", client.auth_test)
    headers = {str(name).lower(): value for name, value in response.headers.items()}
    said = str(headers.get("x-oauth-scopes", ""))
    granted = frozenset(scope.strip() for scope in said.split(",") if scope.strip())
    return {"user": response.get("user"), "team": response.get("team"), "granted": granted}


def _asked(what: str, ask: Callable[[], Any]) -> Any:
    from slack_sdk.errors import SlackApiError, SlackClientError

    try:
        return ask()
    except SlackApiError as error:
        code = str(error.response.get("error", ""))
        if code in _WRONG_TOKEN:
            raise ConfigError(
                f"Slack does not accept {what} ({code}). Copy it again from the app's pages; `footnote slack --init` "
                "says where it is found."
            ) from error
        raise ConfigError(f"Slack refuses {what} ({code or 'without a reason'}).") from error
    except (SlackClientError, OSError, ValueError) as error:
        raise ServiceUnavailable(
            f"Slack does not answer ({type(error).__name__}). Check the network and FOOTNOTE_SLACK__API_BASE_URL."
        ) from error
