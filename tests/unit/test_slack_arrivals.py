"""Which of the things that Slack sends are questions for the bot, and which of them are the same."""

from pathlib import Path
from typing import Any

import pytest

from app.slack.arrivals import Arrivals
from app.slack.channels import ChannelsFile
from app.slack.manifest import ASK_SHORTCUT, FLAG_SHORTCUT

BOT = "U0BOT"
OURS = ("T1", "C1", "1.0")


def arrivals(tmp_path: Path, channels: str = "") -> Arrivals:
    path = tmp_path / "channels.yaml"
    path.write_text(channels, encoding="utf-8")
    return Arrivals(BOT, ChannelsFile(path), lambda *thread: thread == OURS)


def event(
    kind: str = "app_mention", text: str = f"<@{BOT}> how many days?", **more: Any
) -> dict[str, Any]:
    said = {"type": kind, "user": "U1", "channel": "C1", "ts": "5.0", "text": text, **more}
    shown = {name: value for name, value in said.items() if value is not None}
    return {
        "type": "event_callback",
        "team_id": "T9",
        "event_id": "Ev1",
        "event": shown,
        "authorizations": [{"team_id": "T1"}],
    }


def test_a_mention_is_a_question_without_the_mention(tmp_path: Path) -> None:
    found = arrivals(tmp_path).of(event())
    assert found is not None
    assert (found.event_key, found.message_key, found.kind) == ("Ev1", "T1:C1:5.0", "mention")
    assert found.body["text"] == "how many days?"
    assert (found.body["team"], found.body["thread_ts"]) == ("T1", "5.0")


def test_both_events_of_one_message_have_one_key(tmp_path: Path) -> None:
    mention, message = event(), event("message", channel_type="channel")
    message["event_id"] = "Ev2"
    found = [arrivals(tmp_path).of(body) for body in (mention, message)]
    assert {one and one.message_key for one in found} == {"T1:C1:5.0"}
    assert [one and one.kind for one in found] == ["mention", "mention"]


def test_a_direct_message_is_a_question_and_its_own_thread(tmp_path: Path) -> None:
    found = arrivals(tmp_path).of(event("message", "how many?", channel="D1", channel_type="im"))
    assert found is not None
    assert (found.kind, found.body["is_direct"], found.body["thread_ts"]) == ("direct", True, "5.0")


def test_a_reply_in_a_thread_of_the_bot_goes_on_and_elsewhere_it_does_not(tmp_path: Path) -> None:
    in_ours = event("message", "and next year?", thread_ts="1.0", channel_type="channel")
    elsewhere = event("message", "and next year?", thread_ts="2.0", channel_type="channel")
    found = arrivals(tmp_path).of(in_ours)
    assert found is not None
    assert (found.kind, found.body["thread_ts"]) == ("thread", "1.0")
    assert arrivals(tmp_path).of(elsewhere) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"bot_id": "B1"},
        {"user": BOT},
        {"user": "USLACKBOT"},
        {"user": None},
        {"subtype": "message_changed"},
        {"subtype": "channel_join"},
        {"subtype": "bot_message"},
        {"hidden": True},
        {"text": "  "},
        {"text": None},
        {"ts": None},
        {"channel": None},
        {"bot_profile": {"id": "B1"}},
    ],
    ids=str,
)
def test_what_no_person_asked_is_left_alone(tmp_path: Path, changes: dict[str, Any]) -> None:
    assert arrivals(tmp_path).of(event(**changes)) is None


@pytest.mark.parametrize(
    "called",
    [
        event(text=f"<@{BOT}>"),
        event("message", f"<@{BOT}|footnote> ", channel_type="im"),
        event("message", "", channel_type="im", subtype="file_share", files=[{"id": "F1"}]),
    ],
    ids=["mention", "direct", "file"],
)
def test_who_calls_the_bot_and_says_nothing_is_heard(tmp_path: Path, called: Any) -> None:
    found = arrivals(tmp_path).of(called)
    assert found is not None
    assert found.body["text"] == ""


def test_an_upload_with_words_is_a_question(tmp_path: Path) -> None:
    assert arrivals(tmp_path).of(event(subtype="file_share")) is not None


def test_talk_of_others_is_left_alone(tmp_path: Path) -> None:
    assert arrivals(tmp_path).of(event("message", "lunch?", channel_type="channel")) is None


def test_a_channel_that_wants_it_has_its_questions_answered_and_nothing_else(
    tmp_path: Path,
) -> None:
    wants = arrivals(tmp_path, "C123:\n  answer: questions\n")
    asked = event("message", "how many days?", channel="C123", channel_type="channel")
    found = wants.of(asked)
    assert found is not None
    assert found.kind == "thread"
    said = event("message", "good morning", channel="C123", channel_type="channel")
    assert wants.of(said) is None
    assert wants.of(event("message", "how many?", channel="C124", channel_type="channel")) is None


@pytest.mark.parametrize(
    ("said", "is_heard"),
    [
        ("see <https://wiki.example.org/page?id=7>", False),
        ("<https://wiki.example.org/page?id=7> how many days?", True),
        ("多少天？谢谢", True),
        ("<@U0BEN> how many days do you take?", False),
        (f"<@{BOT}2> how many days?", False),
        (f"<@U0BEN> asks <@{BOT}|footnote> how many days", True),
    ],
)
def test_a_question_is_one_with_a_mark_of_its_own_that_is_put_to_nobody_else(
    tmp_path: Path, said: str, is_heard: bool
) -> None:
    wants = arrivals(tmp_path, "C123:\n  answer: questions\n")
    asked = event("message", said, channel="C123", channel_type="channel")
    assert (wants.of(asked) is not None) is is_heard


def test_what_is_said_to_somebody_else_in_a_thread_of_the_bot_is_left_alone(tmp_path: Path) -> None:
    to_ben = event("message", "<@U0BEN> can you look?", thread_ts="1.0", channel_type="channel")
    assert arrivals(tmp_path).of(to_ben) is None


@pytest.mark.parametrize("shared", [True, False, None])
def test_what_the_event_says_of_its_channel_is_kept(tmp_path: Path, shared: bool | None) -> None:
    found = arrivals(tmp_path).of({**event(), "is_ext_shared_channel": shared})
    assert found is not None
    assert found.body["is_shared"] is (shared is True)


def test_a_channel_that_is_off_is_silent(tmp_path: Path) -> None:
    assert arrivals(tmp_path, "C123:\n  answer: 'off'\n").of(event(channel="C123")) is None


def test_with_a_broken_channels_file_only_who_asks_the_bot_is_heard(tmp_path: Path) -> None:
    broken = arrivals(tmp_path, "C123: [\n")
    assert broken.of(event(channel="C123")) is not None
    in_thread = event("message", "and then?", thread_ts="1.0", channel_type="channel")
    assert broken.of(in_thread) is None


def command(**more: Any) -> dict[str, Any]:
    body = {
        "command": "/ask",
        "text": "how many days?",
        "team_id": "T1",
        "user_id": "U1",
        "channel_id": "C1",
        "trigger_id": "1.2.abcdef",
        "response_url": "https://hooks.slack.com/commands/x",
    }
    return {**body, **more}


def test_a_command_is_private_and_one_per_trigger_which_is_not_kept(tmp_path: Path) -> None:
    first, again, other = (
        arrivals(tmp_path).of(command(**more)) for more in ({}, {}, {"trigger_id": "3.4.abcdef"})
    )
    assert first is not None
    assert other is not None
    assert first == again
    assert first.event_key != other.event_key
    assert first.body["response_url"] == "https://hooks.slack.com/commands/x"
    assert "1.2.abcdef" not in str(first)


def test_a_command_without_words_is_no_question(tmp_path: Path) -> None:
    assert arrivals(tmp_path).of(command(text=" ")) is None


def shortcut(callback_id: str) -> dict[str, Any]:
    return {
        "type": "message_action",
        "callback_id": callback_id,
        "team": {"id": "T1"},
        "user": {"id": "U1", "team_id": "T2"},
        "channel": {"id": "C1"},
        "message": {"ts": "7.0", "user": "U2", "text": "does the fee rise &amp; when?"},
        "trigger_id": "5.6.x",
        "response_url": "https://hooks.slack.com/actions/x",
    }


def test_the_shortcut_asks_about_a_message_and_the_other_one_does_not(tmp_path: Path) -> None:
    found = arrivals(tmp_path).of(shortcut(ASK_SHORTCUT))
    assert found is not None
    assert (found.kind, found.body["text"]) == ("shortcut", "does the fee rise & when?")
    assert (found.body["user"], found.body["user_team"]) == ("U1", "T2")
    assert arrivals(tmp_path).of(shortcut(FLAG_SHORTCUT)) is None


@pytest.mark.parametrize(
    "body",
    [{}, {"event": "x"}, {"event": {}}, {"event": {"type": ["app_mention"]}}, {"command": 5},
     {"type": "message_action", "callback_id": ASK_SHORTCUT, "message": "x", "team": [], "user": 1},
     {"type": "event_callback", "event": {"type": "app_mention", "user": {"id": "U1"}}},
     {"authorizations": [None], "event": {"type": "message", "user": "U1", "ts": 5, "text": {}}}],
    ids=str,
)  # fmt: skip
def test_payloads_of_another_shape_are_no_questions(tmp_path: Path, body: dict[str, Any]) -> None:
    assert arrivals(tmp_path).of(body) is None


def test_the_person_of_another_company_keeps_their_workspace(tmp_path: Path) -> None:
    found = arrivals(tmp_path).of(event(user_team="T7", team="T7"))
    assert found is not None
    assert (found.body["team"], found.body["user_team"]) == ("T1", "T7")
