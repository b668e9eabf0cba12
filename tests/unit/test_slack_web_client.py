"""Which failed calls of Slack's Web API are repeated, how long is waited, and that nothing is done twice."""

from collections.abc import Iterator

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_server import BOT_TOKEN, SlackServer, slack_server

from app.slack.manifest import METHOD_SCOPES
from app.slack.web_client import (
    LONGEST_WAIT_S,
    MOST_REPEATS,
    REPEATABLE,
    SafeRepeats,
    open_client,
    refuse_offline,
)
from core.errors import ConfigError
from core.settings import SlackSettings, load_settings


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        server.add_person("U1", "ann@example.org")
        server.add_channel("C1", "public", ["U1"])
        yield server


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(slack: SlackServer, waits: list[float]) -> WebClient:
    repeats = SafeRepeats(sleep=waits.append)
    return WebClient(BOT_TOKEN, base_url=slack.url, retry_handlers=[repeats])


LIMITED = {"status": 429, "headers": {"Retry-After": "2"}, "body": {"ok": False}}


def test_a_rate_limit_is_waited_for_as_slack_asks_and_a_little_more(
    slack: SlackServer, client: WebClient, waits: list[float]
) -> None:
    slack.script("chat.postMessage", **LIMITED)
    client.chat_postMessage(channel="C1", text="once")
    assert len(slack.answers_in("C1")) == 1
    assert len(waits) == 1
    assert 2.0 <= waits[0] <= 3.0


def test_a_rate_limit_without_an_end_is_given_up(
    slack: SlackServer, client: WebClient, waits: list[float]
) -> None:
    slack.script("chat.postMessage", times=20, **LIMITED)
    with pytest.raises(SlackApiError):
        client.chat_postMessage(channel="C1", text="never")
    assert len(waits) == MOST_REPEATS
    assert slack.answers_in("C1") == []


@pytest.mark.parametrize("asked", [str(int(LONGEST_WAIT_S) + 1), "86400"])
def test_a_thread_does_not_sleep_for_minutes(
    slack: SlackServer, client: WebClient, waits: list[float], asked: str
) -> None:
    slack.script("users.info", status=429, headers={"Retry-After": asked}, body={"ok": False})
    with pytest.raises(SlackApiError):
        client.users_info(user="U1")
    assert waits == []


@pytest.mark.parametrize("asked", ["soon", "-5", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_wait_that_is_no_number_is_a_second(
    slack: SlackServer, client: WebClient, waits: list[float], asked: str
) -> None:
    slack.script("users.info", status=429, headers={"Retry-After": asked}, body={"ok": False})
    client.users_info(user="U1")
    assert len(waits) == 1
    assert 1.0 <= waits[0] <= 1.5


def test_a_lost_connection_is_tried_again_where_nothing_can_happen_twice(
    slack: SlackServer, client: WebClient
) -> None:
    slack.script("users.info", drop=True, times=2)
    assert client.users_info(user="U1")["ok"]


@pytest.mark.parametrize(
    "fault",
    [{"drop": True, "applies": True}, {"status": 500, "applies": True, "body": {"ok": False}}],
)
def test_a_message_is_not_posted_twice_when_nobody_knows_whether_it_is_there(
    slack: SlackServer, client: WebClient, waits: list[float], fault: dict[str, object]
) -> None:
    slack.script("chat.postMessage", **fault)
    with pytest.raises((SlackApiError, OSError)):
        client.chat_postMessage(channel="C1", text="there")
    assert len(slack.answers_in("C1")) == 1
    assert waits == []


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_server_error_is_tried_again_where_nothing_can_happen_twice(
    slack: SlackServer, client: WebClient, status: int
) -> None:
    slack.script("conversations.info", status=status, body={"ok": False}, times=MOST_REPEATS)
    assert client.conversations_info(channel="C1")["ok"]


def test_what_slack_refuses_is_not_repeated(slack: SlackServer, client: WebClient) -> None:
    with pytest.raises(SlackApiError, match="user_not_found"):
        client.users_info(user="U9")
    assert len(slack.methods("users.info")) == 1


def test_no_connection_at_all_is_tried_again_for_every_method(waits: list[float]) -> None:
    repeats = SafeRepeats(sleep=waits.append)
    client = WebClient(BOT_TOKEN, base_url="http://127.0.0.1:9/api/", retry_handlers=[repeats])
    with pytest.raises(OSError, match="refused"):
        client.chat_postMessage(channel="C1", text="never")
    assert len(waits) == MOST_REPEATS
    assert waits == sorted(waits)


def test_what_posts_or_opens_is_not_among_the_methods_that_are_repeated() -> None:
    posting = {"chat.postMessage", "chat.postEphemeral", "chat.startStream", "chat.appendStream"}
    assert not REPEATABLE & (posting | {"views.open", "chat.stopStream", "chat.delete"})
    unused = REPEATABLE - METHOD_SCOPES.keys()
    assert not unused, f"no part of the bot calls {unused}"


def test_without_a_token_there_is_a_sentence() -> None:
    with pytest.raises(ConfigError, match="FOOTNOTE_SLACK__BOT_TOKEN"):
        open_client(SlackSettings())


def test_an_address_without_its_last_slash_is_taken_too(slack: SlackServer) -> None:
    settings = SlackSettings(bot_token=BOT_TOKEN, api_base_url=slack.url.rstrip("/"))
    assert open_client(settings).auth_test()["ok"]


def test_without_a_way_outside_the_bot_says_which_setting_forbids_it() -> None:
    with pytest.raises(ConfigError, match=r"FOOTNOTE_OFFLINE=0.*bot"):
        refuse_offline(load_settings(offline=True))
    refuse_offline(load_settings(offline=False))
    refuse_offline(load_settings(offline=True, slack={"api_base_url": "http://127.0.0.1:9/api/"}))
