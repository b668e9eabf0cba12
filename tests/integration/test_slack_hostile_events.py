"""What goes wrong on Slack's side of a question, or is made to: nobody is told what is not theirs, or left without a word."""

import copy
import json
import random
import shutil
from collections.abc import Iterator
from contextlib import AbstractContextManager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from cli_harness import write_files
from slack_in_process import RunningBot, ingested, running_bot, slack_settings, wait_for
from slack_server import BOT_USER, TEAM, Call, SlackServer, slack_server
from slack_workspace import Message
from sqlalchemy import Table, func, insert, select

from app.slack import http_intake
from app.slack.events import LOOKING, NO_WORDS
from app.slack.inbox import MOST_ATTEMPTS
from app.slack.interactions import NOT_OPENED
from app.slack.replying import INTERRUPTED
from app.slack.sentences import UNEXPECTED
from core.errors import ConfigError, DataFolderError, FolderBusy, ServiceUnavailable
from index.database import writing
from index.schema import answers, conversations, slack_inbox, slack_messages, slack_threads

ANN = "ann@example.org"
CANARY, QUESTION_CANARY = "opalcanary", "quetzalcanary"
LEAVE = "How many days of leave does everyone have?"
BAND = "What is the salary band of engineers?"
DOCUMENTS = {
    "open/leave.md": (
        "# Leave policy\n\n## Days of leave\n\nEveryone has 28 days of leave a year. Unused days end in March.\n"
    ),
    "hr/salaries.md": (
        f"# Salary handbook\n\n## Salary bands of engineers\n\nThe salary band of engineers is {CANARY} 71.\n"
    ),
    "hr/.footnote.yaml": "access: [group:hr]\n",
}
CHANNELS = (
    "C0HR:\n  groups: [hr]\n"
    "C0ASK:\n  answer: questions\n"
    "C0QUIET:\n  answer: questions\n  quiet_unless_cited: true\n"
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> Path:
    root = tmp_path_factory.mktemp("slack-hostile-events")
    return ingested(write_files(root / "docs", DOCUMENTS), root / "data", model_cache)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        server.add_person("U0ANN", ANN)
        server.add_person("U0BEN", "ben@example.org")
        server.add_person("U0GUEST", "guest@example.org", is_restricted=True)
        for channel in ("C0OPEN", "C0ASK", "C0QUIET"):
            server.add_channel(channel, "public")
        server.add_channel("C0HR", "private")
        yield server


def running(
    base: Path, tmp_path: Path, model_cache: Path, slack: SlackServer, **more: Any
) -> AbstractContextManager[RunningBot]:
    data_dir = Path(shutil.copytree(base, tmp_path / "data"))
    groups, channels = tmp_path / "groups.yaml", tmp_path / "channels.yaml"
    groups.write_text(f"{ANN}: [hr]\n")
    channels.write_text(CHANNELS)
    more = {"channels_file": channels, "web_url": "https://footnote.example.org", **more}
    return running_bot(slack_settings(data_dir, model_cache, slack, groups, **more), slack)


@pytest.fixture
def bot(base: Path, tmp_path: Path, model_cache: Path, slack: SlackServer) -> Iterator[RunningBot]:
    with running(base, tmp_path, model_cache, slack) as one:
        yield one


def said(slack: SlackServer, since: int = 0) -> list[Call]:
    """Return what people were told, without what only says how far it is."""
    return [
        call for call in slack.calls[since:] if call.method.startswith(("chat.post", "response/"))
    ]


def public(slack: SlackServer) -> str:
    """Return all that others than the asker can read."""
    shown = [call.body for call in slack.calls if call.method.startswith("chat.")]
    return json.dumps([body for body in shown if "user" not in body])


def heard(slack: SlackServer, user: str, channel: str, text: str, **more: Any) -> str:
    """Say something in a channel that nobody addressed to the bot."""
    return slack.event("message", user, channel, text, channel_type="channel", **more).ts


# --- who reads along ------------------------------------------------------------------------------------------------


def test_a_channel_that_was_shared_a_moment_ago_gets_nothing_of_its_groups(
    slack: SlackServer, bot: RunningBot
) -> None:
    slack.mention("U0ANN", "C0HR", BAND)
    bot.settle()
    assert CANARY in public(slack)
    slack.channels["C0HR"].kind = "external"
    slack.calls.clear()
    slack.mention("U0ANN", "C0HR", BAND)
    bot.settle()
    assert not slack.methods("conversations.info"), "it is still believed to be a private channel"
    assert CANARY not in public(slack)


def test_a_refusal_is_for_the_asker_alone_also_where_the_answer_had_begun(
    base: Path, tmp_path: Path, model_cache: Path, slack: SlackServer
) -> None:
    with running(base, tmp_path, model_cache, slack, link_by="code") as bot:
        slack.keep(Message("C0OPEN", "1.000200", BOT_USER, "so far", thread_ts="1.000100"))
        place = {"team": TEAM, "channel": "C0OPEN", "thread_ts": "1.000100", "ts": "1.000100"}
        body = {**place, "user": "U0ANN", "user_team": TEAM, "is_direct": False, "text": LEAVE}
        left = {
            "inbox_id": "i1", "event_key": "Ev1", "message_key": f"{TEAM}:C0OPEN:1.000100", "kind": "mention",
            "body": json.dumps(body), "state": "waiting", "attempts": 1, "posted_ts": "1.000200",
            "received_at": "2026-01-01T00:00:00.000000+00:00",
        }  # fmt: skip
        with writing(bot.application.service.catalogue.engine) as connection:
            connection.execute(insert(slack_inbox).values(**left))
        bot.bot.workers.wake()
        bot.settle()
        assert INTERRUPTED in slack.shown("C0OPEN", "1.000200")
        assert "slack-link" not in public(slack)
        alone = slack.methods("chat.postEphemeral")
        assert [call.body["user"] for call in alone] == ["U0ANN"]
        assert "https://footnote.example.org/slack-link?code=" in alone[0].body["text"]


# --- nobody is left without a word ----------------------------------------------------------------------------------


def test_who_calls_the_bot_without_a_question_is_told_to_ask_one(
    slack: SlackServer, bot: RunningBot
) -> None:
    slack.mention("U0ANN", "C0OPEN", "")
    slack.direct("U0BEN", "", subtype="file_share", files=[{"id": "F1"}])
    bot.settle()
    told = {call.method: str(call.body["text"]) for call in said(slack)}
    assert set(told) == {"chat.postEphemeral", "chat.postMessage"}
    assert all(words.startswith("The question is empty.") for words in told.values())


def test_the_shortcut_says_at_once_that_it_looks_or_that_there_is_nothing_to_ask(
    slack: SlackServer, bot: RunningBot
) -> None:
    for text in ("", LEAVE):
        slack.keep(Message("C0OPEN", ts := slack.new_ts(), "U0BEN", text))
        slack.shortcut("U0ANN", "ask_about_this", "C0OPEN", ts)
    bot.settle()
    wait_for(lambda: len(said(slack)) == 3, "all three are told")
    words = [str(call.body.get("text")) for call in said(slack)]
    assert {NO_WORDS, LOOKING} < set(words)
    assert bot.states() == ["done"]


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (KeyError(QUESTION_CANARY), UNEXPECTED),
        (DataFolderError(f"'/srv/{QUESTION_CANARY}' is damaged."), UNEXPECTED),
        (ServiceUnavailable(f"{QUESTION_CANARY}:6333 is away."), "A service that Footnote needs"),
        (ConfigError(f"FOOTNOTE_LLM is {QUESTION_CANARY!r}."), "Footnote is not set up right"),
    ],
    ids=lambda given: type(given).__name__,
)
def test_an_error_of_ours_is_told_with_a_number_and_without_what_is_in_it(
    slack: SlackServer,
    bot: RunningBot,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    words: str,
) -> None:
    def broken(*given: Any, **named: Any) -> Any:
        raise error

    retriever = type(bot.application.service.retriever)
    monkeypatch.setattr(retriever, "retrieve_prepared", broken)
    slack.mention("U0ANN", "C0OPEN", LEAVE)
    slack.command("U0BEN", "C0OPEN", LEAVE)
    assert bot.settle() == ["failed", "failed"]
    shown = slack.answers_in("C0OPEN")
    assert len(shown) == 2
    assert all(words in message.shown() for message in shown)
    assert not [message for message in shown if message.is_streaming]
    assert QUESTION_CANARY not in json.dumps([call.body for call in slack.calls])


def test_an_error_of_a_moment_is_told_to_nobody_and_the_question_is_answered(
    slack: SlackServer, bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    retriever = type(bot.application.service.retriever)
    retrieve = retriever.retrieve_prepared
    failures = [FolderBusy("Another process holds it."), RuntimeError(QUESTION_CANARY)]

    def once(*given: Any, **named: Any) -> Any:
        if failures:
            raise failures.pop()
        return retrieve(*given, **named)

    monkeypatch.setattr(retriever, "retrieve_prepared", once)
    for channel in ("C0OPEN", "C0ASK"):
        slack.mention("U0ANN", channel, LEAVE)
    assert bot.settle() == ["done", "done"]
    for channel in ("C0OPEN", "C0ASK"):
        (answer,) = slack.answers_in(channel)
        assert "Everyone has 28 days of leave a year." in answer.shown()


def test_a_status_does_not_stay_where_the_asker_alone_is_told_why_there_is_no_answer(
    slack: SlackServer, bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*given: Any, **named: Any) -> Any:
        raise ServiceUnavailable("It is away.")

    monkeypatch.setattr(type(bot.application.service.retriever), "retrieve_prepared", away)
    for _ in range(MOST_ATTEMPTS):
        slack.script("chat.startStream", body={"ok": False, "error": "feature_not_enabled"})
    slack.mention("U0ANN", "C0OPEN", LEAVE)
    assert bot.settle() == ["failed"]
    assert [call.method for call in said(slack)] == ["chat.postEphemeral"]
    assert [status for *_, status in slack.statuses][-1] == ""


def test_a_window_that_slack_does_not_open_is_said(slack: SlackServer, bot: RunningBot) -> None:
    slack.mention("U0ANN", "C0OPEN", LEAVE)
    bot.settle()
    with bot.application.service.catalogue.engine.connect() as connection:
        shown = connection.execute(select(slack_messages)).one()
    slack.script("views.open", body={"ok": False, "error": "expired_trigger_id"})
    since = len(slack.calls)
    slack.click("U0BEN", "C0OPEN", shown.ts, "feedback", f"bad:{shown.answer_id}")
    told = wait_for(lambda: said(slack, since), "it is told")
    assert (told[0].body["user"], told[0].body["text"]) == ("U0BEN", NOT_OPENED)


def test_a_private_answer_whose_blocks_slack_does_not_take_is_told_without_them(
    slack: SlackServer, bot: RunningBot
) -> None:
    slack.script("response/R0", status=500)
    slack.script("chat.postEphemeral", body={"ok": False, "error": "invalid_blocks"})
    slack.command("U0ANN", "C0OPEN", LEAVE)
    assert bot.settle() == ["done"]
    assert "28 days" in said(slack)[-1].body["markdown_text"]


def test_an_address_to_respond_to_that_is_none_is_not_used(
    slack: SlackServer, bot: RunningBot
) -> None:
    command = {"command": "/ask", "text": LEAVE, "team_id": TEAM, "user_id": "U0ANN", "channel_id": "C0OPEN"}  # fmt: skip
    more = {"response_url": "https://[", "trigger_id": "1.2.x"}
    slack.deliver({**command, **more}, "slash_commands", retries=False)
    assert bot.settle() == ["done"]
    assert [call.method for call in said(slack)] == ["chat.postEphemeral"]


# --- who did not ask is left alone ----------------------------------------------------------------------------------


def test_who_did_not_ask_the_bot_is_told_nothing_of_what_goes_wrong(
    base: Path, tmp_path: Path, model_cache: Path, slack: SlackServer
) -> None:
    with running(base, tmp_path, model_cache, slack, guests="refuse") as bot:
        heard(slack, "U0GUEST", "C0ASK", "Is anybody there?")
        heard(slack, "U0BEN", "C0ASK", "A long report. " * 400 + "Any thoughts?")
        assert bot.settle() == ["ignored", "ignored"]
        assert not said(slack)
        slack.mention("U0GUEST", "C0ASK", LEAVE)
        bot.settle()
        assert [call.method for call in said(slack)] == ["chat.postEphemeral"]


def test_a_thread_in_which_the_bot_kept_silent_is_none_of_the_bots(
    slack: SlackServer, bot: RunningBot
) -> None:
    root = heard(slack, "U0BEN", "C0QUIET", "Has anyone seen my purple umbrella?")
    assert bot.settle() == ["ignored"]
    heard(slack, "U0ANN", "C0QUIET", "No, and everyone has 28 days of leave", thread_ts=root)
    assert bot.settle() == ["ignored"]
    answered = heard(slack, "U0BEN", "C0QUIET", LEAVE)
    assert bot.settle() == ["ignored", "done"]
    heard(slack, "U0BEN", "C0QUIET", "And when do unused days of leave end", thread_ts=answered)
    assert bot.settle() == ["ignored", "done", "done"]


def rows_of(bot: RunningBot, table: Table) -> int:
    with bot.application.service.catalogue.engine.connect() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def test_nothing_is_kept_of_what_the_bot_kept_silent_about(
    slack: SlackServer, bot: RunningBot
) -> None:
    heard(slack, "U0BEN", "C0QUIET", "Has anyone seen my purple umbrella?")
    assert bot.settle() == ["ignored"]
    assert [rows_of(bot, table) for table in (conversations, answers, slack_threads)] == [0, 0, 0]
    heard(slack, "U0BEN", "C0QUIET", LEAVE)
    assert bot.settle() == ["ignored", "done"]
    assert [rows_of(bot, table) for table in (conversations, answers, slack_threads)] == [1, 1, 1]


def test_questions_in_quick_succession_in_one_thread_are_one_conversation(
    slack: SlackServer, bot: RunningBot
) -> None:
    root = slack.mention("U0ANN", "C0OPEN", LEAVE).ts
    for question in ("When do unused days end?", "And who has them?", LEAVE):
        slack.mention("U0ANN", "C0OPEN", question, thread_ts=root)
    assert bot.settle() == ["done"] * 4
    assert [rows_of(bot, table) for table in (conversations, answers)] == [1, 4]


# --- payloads of any shape ------------------------------------------------------------------------------------------

_JUNK: tuple[Any, ...] = (
    None, 0, -1, 1e308, 10**30, True, "", QUESTION_CANARY, "\x00x", "\ud800", [], [None], [[[]]], {}, {"id": {"id": 1}},
    "x" * 5_000, "<@U0BOT>" * 50,
)  # fmt: skip


def _payloads(slack: SlackServer) -> list[tuple[dict[str, Any], str]]:
    """Return one of each kind of thing that Slack sends, with how it is sent."""
    mention = {
        "type": "app_mention",
        "channel": "C0OPEN",
        "text": f"<@{BOT_USER}> {QUESTION_CANARY}",
    }
    message = {
        "type": "message",
        "channel": "C0ASK",
        "channel_type": "channel",
        "text": f"{QUESTION_CANARY}?",
    }
    home = {"type": "app_home_opened", "channel": "D0ANN", "tab": "home"}
    events = [
        slack.event_body({"user": "U0ANN", "ts": "9.1", "thread_ts": "9.1", **event}, "Ev")
        for event in (mention, message, home)
    ]
    who = {"team": {"id": TEAM}, "user": {"id": "U0ANN", "team_id": TEAM}, "trigger_id": "t"}
    where = {
        "channel": {"id": "C0OPEN"},
        "message": {"ts": "1.1", "text": QUESTION_CANARY, "bot_id": "B"},
    }
    about = {**who, **where, "response_url": slack.url.replace("api/", "response/R9")}
    clicks: list[dict[str, Any]] = [
        {
            "type": "block_actions",
            **about,
            "actions": [{"type": kind, "action_id": action, "value": QUESTION_CANARY}],
        }
        for kind, action in (("feedback_buttons", "feedback"), ("button", "escalate"))
    ]
    used: list[dict[str, Any]] = [
        {"type": "message_action", "callback_id": name, **about}
        for name in ("ask_about_this", "flag_hallucination")
    ]
    chosen = {"category": {"value": {"selected_option": {"value": "wrong_fact"}}}}
    view = {
        "type": "modal",
        "callback_id": "flag",
        "private_metadata": "A",
        "state": {"values": chosen},
    }
    sent: dict[str, Any] = {"type": "view_submission", **who, "view": view}
    command = {"command": "/ask", "text": QUESTION_CANARY, "team_id": TEAM, "user_id": "U0ANN", "channel_id": "C0OPEN", "trigger_id": "t"}  # fmt: skip
    return [
        *((event, "events_api") for event in events),
        *((one, "interactive") for one in (*clicks, *used, sent)),
        (command, "slash_commands"),
    ]


def _places(value: Any, way: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inside = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value if isinstance(value, list) else ())
    )
    for name, part in inside:
        yield (*way, name)
        yield from _places(part, (*way, name))


def _changed(chance: random.Random, body: dict[str, Any]) -> dict[str, Any]:
    changed = copy.deepcopy(body)
    for _ in range(chance.choice((1, 1, 2, 3))):
        ways = list(_places(changed))
        if ways:
            *above, last = chance.choice(ways)
            part: Any = changed
            for name in above:
                part = part[name]
            part[last] = copy.deepcopy(chance.choice(_JUNK))
    return changed


def test_signed_payloads_of_any_shape_leave_no_open_row_and_nothing_in_the_log(
    slack: SlackServer, bot: RunningBot, capfd: pytest.CaptureFixture[str]
) -> None:
    chance = random.Random(8)
    slack.ack_s = 30.0
    errors = 0
    for number in range(300):
        body, kind = chance.choice(_payloads(slack))
        changed = _changed(chance, {**body, "event_id": f"Ev{number}"})
        try:
            took = slack.deliver_once(changed, kind)
        except UnicodeEncodeError:
            continue  # half a character fits into JSON alone
        assert took.status in (200, 400, 404, 500, 503), (took, changed)
        assert not took.body.startswith("Internal"), changed
        errors += took.status >= 500
    bot.settle()
    log = "".join(capfd.readouterr())
    assert QUESTION_CANARY not in log
    assert "Traceback" not in log
    assert log.count("slack_failed") >= errors, "each error of ours has its number in the log"


def test_a_body_that_does_not_come_to_an_end_is_not_waited_for(
    slack: SlackServer, bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_intake, "READING_S", 0.2)
    address = urlsplit(slack.bot_url)
    connection = HTTPConnection(str(address.hostname), address.port, timeout=30)
    connection.putrequest("POST", "/slack/events")
    connection.putheader("content-length", "1000")
    connection.endheaders(b"{")
    with connection.getresponse() as response:
        assert response.status == 408
    connection.close()
