"""The manifest: exactly the scopes of what the bot calls and hears; the steps around it; what `doctor` says."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from slack_sdk import WebClient
from slack_server import APP_TOKEN, BOT_TOKEN, SlackServer, slack_server

import app.slack
from app.cli import main
from app.doctor import Finding
from app.slack.examination import examine_slack
from app.slack.manifest import (
    EVENT_SCOPES,
    METHOD_SCOPES,
    QUESTION_EVENT_SCOPES,
    manifest,
    scopes,
    setup_steps,
)
from core.settings import Settings, load_settings

PACKAGE = Path(app.slack.__file__).parent
_FAMILIES = (
    "apps|assistant|auth|bots|chat|conversations|files|reactions|team|usergroups|users|views"
)
_METHOD = re.compile(rf"(?:{_FAMILIES})\.[A-Za-z]+(?:\.[A-Za-z]+)*")
# They are tables of methods, they call none; the check of limits and the examination call for others.
_TABLES = ("manifest.py", "web_client.py", "limits.py")
SECRET = "0123456789abcdef0123456789abcdef"


def methods_in_source() -> set[str]:
    """Return every method of the Web API that the package names or calls by the client's own names."""
    own = {name: name.replace("_", ".") for name in dir(WebClient) if "_" in name.strip("_")}
    found: set[str] = set()
    for path in PACKAGE.rglob("*.py"):
        if path.name in _TABLES:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and _METHOD.fullmatch(own.get(node.attr, "")):
                found.add(own[node.attr])
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.update(_METHOD.findall(node.value) if _METHOD.fullmatch(node.value) else ())
    return found


def test_the_table_of_methods_is_what_the_code_calls() -> None:
    called_by_bolt = {"auth.test", "apps.connections.open"}
    assert methods_in_source() | called_by_bolt == set(METHOD_SCOPES)


def settings(tmp_path: Path, channels: str = "", **slack: Any) -> Settings:
    if channels:
        path = tmp_path / "channels.yaml"
        path.write_text(channels)
        slack["channels_file"] = path
    return load_settings(slack=slack)


QUESTIONS = "C0123:\n  answer: questions\n"


@pytest.mark.parametrize("channels", ["", QUESTIONS], ids=["mentions", "questions"])
def test_there_is_no_scope_that_nothing_needs_and_none_is_missing(
    tmp_path: Path, channels: str
) -> None:
    made = manifest(settings(tmp_path, channels))
    bot = made["oauth_config"]["scopes"]["bot"]
    events = made["settings"]["event_subscriptions"]["bot_events"]
    every_event = {**EVENT_SCOPES, **QUESTION_EVENT_SCOPES}
    needed = {"commands"}
    needed.update(scope for method in METHOD_SCOPES.values() for scope in method)
    needed.update(scope for event in events for scope in every_event[event])
    assert set(bot) == needed
    assert bot == sorted(set(bot))


def test_messages_that_nobody_addressed_come_only_where_a_channel_wants_them(
    tmp_path: Path,
) -> None:
    def events(channels: str) -> list[str]:
        made = manifest(settings(tmp_path, channels))
        return list(made["settings"]["event_subscriptions"]["bot_events"])

    assert events("") == events("C0123:\n  answer: off\n") == sorted(EVENT_SCOPES)
    assert set(events(QUESTIONS)) == {*EVENT_SCOPES, *QUESTION_EVENT_SCOPES}


def test_the_manifest_has_what_the_bot_listens_to_and_stays_within_slacks_limits(
    tmp_path: Path,
) -> None:
    made = manifest(settings(tmp_path), ["How many days of leave?"] * 9)
    features = made["features"]
    assert [one["callback_id"] for one in features["shortcuts"]] == [
        "ask_about_this",
        "flag_hallucination",
    ]
    assert [one["command"] for one in features["slash_commands"]] == ["/ask"]
    assert all(len(one["name"]) <= 24 for one in features["shortcuts"])
    assert len(features["agent_view"]["suggested_prompts"]) == 4
    assert len(features["agent_view"]["agent_description"]) <= 300
    assert len(made["display_information"]["description"]) <= 140
    json.dumps(made)


def test_socket_mode_needs_no_address_and_http_needs_three(tmp_path: Path) -> None:
    by_socket = manifest(settings(tmp_path))
    assert by_socket["settings"]["socket_mode_enabled"]
    assert "https" not in json.dumps(by_socket)
    by_http = manifest(settings(tmp_path, signing_secret=SECRET))
    assert not by_http["settings"]["socket_mode_enabled"]
    assert json.dumps(by_http).count("https://YOUR-ADDRESS/slack/events") == 3
    assert SECRET not in json.dumps(by_http)


def test_init_prints_numbered_steps_and_the_manifest(tmp_path: Path) -> None:
    said = setup_steps(settings(tmp_path))
    steps, _, printed = said.partition("\n\n")
    numbers = [line.partition(".")[0] for line in steps.split("\n")]
    assert numbers == [str(number) for number in range(1, len(numbers) + 1)]
    assert json.loads(printed) == manifest(settings(tmp_path))
    assert "xapp-" in steps
    assert "Signing Secret" in setup_steps(settings(tmp_path, signing_secret=SECRET))


def test_the_command_prints_the_steps_without_a_token() -> None:
    done = CliRunner().invoke(main, ["slack", "--init"])
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("1. ")


# --- doctor -------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def workspace() -> Iterator[SlackServer]:
    with slack_server() as slack:
        slack.scopes = ",".join(scopes(load_settings()))
        slack.add_channel("C0EXPERTS", "private")
        slack.add_channel("C0AWAY", "public", has_bot=False)
        yield slack


def examined(slack: SlackServer, tmp_path: Path, **more: Any) -> dict[str, Finding]:
    given: dict[str, Any] = {
        "bot_token": BOT_TOKEN,
        "signing_secret": SECRET,
        "api_base_url": slack.url,
        "web_url": "https://footnote.example.org",
        **more,
    }
    findings = examine_slack(settings(tmp_path, **given))
    assert not any(BOT_TOKEN in one.detail or SECRET in one.detail for one in findings)
    return {one.check.removeprefix("Slack "): one for one in findings}


def failing(found: dict[str, Finding]) -> list[str]:
    return [name for name, one in found.items() if not one.ok]


def test_doctor_says_nothing_of_slack_where_it_is_not_set_up(tmp_path: Path) -> None:
    assert examine_slack(settings(tmp_path, web_url="nonsense")) == []


def test_doctor_finds_nothing_wrong_with_a_bot_that_is_set_up(
    workspace: SlackServer, tmp_path: Path
) -> None:
    assert failing(examined(workspace, tmp_path, experts_channel="C0EXPERTS")) == []
    assert failing(examined(workspace, tmp_path, app_token=APP_TOKEN)) == []


def test_doctor_names_the_scopes_that_are_missing_and_those_that_nothing_needs(
    workspace: SlackServer, tmp_path: Path
) -> None:
    kept = workspace.scopes
    workspace.scopes = kept.replace("users:read.email,", "").replace(",users:read.email", "")
    found = examined(workspace, tmp_path)
    assert failing(found) == ["scopes"]
    assert "lacks users:read.email" in found["scopes"].detail
    workspace.scopes = f"{kept},files:write"
    found = examined(workspace, tmp_path)
    assert failing(found) == []
    assert "does not need files:write" in found["scopes"].detail
    workspace.scopes = kept


@pytest.mark.parametrize(
    ("more", "check", "words"),
    [
        ({"bot_token": "xoxb-wrong"}, "token", "does not accept"),
        ({"bot_token": "xoxp-person"}, "token", "no bot's token"),
        ({"app_token": "xoxb-mixed-up"}, "connection", "xapp-"),
        ({"app_token": "xapp-wrong"}, "connection", "does not accept"),
        ({"signing_secret": None}, "connection", "Neither"),
        ({"signing_secret": "xoxb-mixed-up"}, "connection", "signing secret"),
        ({"web_url": "footnote.example.org"}, "links", "no address"),
        ({"web_url": "http://footnote.example.org"}, "links", "https"),
        ({"web_url": "", "link_by": "code"}, "links", "nobody can be given"),
        ({"experts_channel": "C0AWAY"}, "experts", "Invite it"),
        ({"experts_channel": "C0NONE"}, "experts", "channel_not_found"),
        ({"channels": "general: {}\n"}, "channels", "no id of a channel"),
        ({"channels_file": Path("missing.yaml")}, "channels", "cannot be read"),
    ],
)
def test_doctor_says_what_is_wrong(
    workspace: SlackServer, tmp_path: Path, more: dict[str, Any], check: str, words: str
) -> None:
    found = examined(workspace, tmp_path, **more)
    assert check in failing(found)
    assert words in found[check].detail
    assert found[check].detail.endswith(".")


def test_doctor_says_that_slack_does_not_answer(tmp_path: Path) -> None:
    gone = settings(
        tmp_path, bot_token=BOT_TOKEN, signing_secret=SECRET, api_base_url="http://127.0.0.1:9/api/"
    )
    found = {one.check: one for one in examine_slack(gone)}
    assert "does not answer" in found["Slack token"].detail


def test_the_command_doctor_has_the_findings_of_the_bot(
    workspace: SlackServer, monkeypatch: pytest.MonkeyPatch, data_dir: Path
) -> None:
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", str(data_dir))
    monkeypatch.setenv("FOOTNOTE_SLACK__BOT_TOKEN", BOT_TOKEN)
    monkeypatch.setenv("FOOTNOTE_SLACK__API_BASE_URL", workspace.url)
    done = CliRunner().invoke(main, ["doctor", "--json"])
    checks = {line["check"]: line["ok"] for line in json.loads(done.stdout)}
    assert checks["Slack token"] is True
    assert checks["Slack connection"] is False
