"""What became of a flag comes as one direct message: to whoever uses the bot in Slack, and to nobody else."""

import json
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import structlog
from cli_harness import samples_base, writable_copy
from slack_bot import bot_process, env_for
from slack_in_process import RunningBot, running_bot, slack_settings, wait_for
from slack_server import TEAM, SlackServer, slack_server
from slack_workspace import Message
from sqlalchemy import select, update

from app.account_links import AccountLinks, SlackAccount
from app.application import Application
from app.bootstrap import web_caller
from app.feedback_log import Remark
from app.notices import Notices, tell
from app.people import People
from app.review.desk import ReviewDesk
from app.slack import telling as telling_module
from app.slack.blocks.home_view import home_view
from app.slack.blocks.limits import problems
from app.slack.identity import Identities
from app.slack.sending import SlackUnreachable
from app.slack.telling import MOST_AT_ONCE, Telling
from app.slack.turn import turn
from app.slack.web_client import open_client
from core.answers import Caller
from core.errors import StorageFull
from index.database import writing
from index.permissions import caller_named
from index.schema import feedback, notices, slack_messages

pytestmark = pytest.mark.integration

ANN, BEN = "ann@brightwater.example", "ben@brightwater.example"
REVIEWER = replace(caller_named("rita@brightwater.example", []), role="reviewer")
ADMIN = Caller("boss@brightwater.example", frozenset(), role="admin")
CHANNEL = "C0OPEN"
QUESTION = "How many days of annual leave do I have?"
WORDS = "The handbook says so, see section two."


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        server.add_person("U0ANN", ANN)
        server.add_person("U0BEN", BEN)
        server.add_channel(CHANNEL, "public")
        yield server


@pytest.fixture
def bot(slack: SlackServer, tmp_path: Path, model_cache: Path) -> Iterator[RunningBot]:
    base = writable_copy(samples_base(model_cache), tmp_path / "base")
    with running_bot(slack_settings(base, model_cache, slack), slack) as running:
        yield running


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def telling(bot: RunningBot, clock: Clock) -> Telling:
    return another(bot, clock=clock)


def another(bot: RunningBot, application: Application | None = None, **more: Any) -> Telling:
    """Return what another process over the same data would tell with; notices need not be a minute old."""
    application = application or bot.application
    settings = application.settings
    engine = application.service.catalogue.engine
    identities = Identities(open_client(settings.slack), engine, settings.data_dir, settings)
    client = open_client(settings.slack, repeats=False)
    return Telling(application, identities, client, **{"settled_s": 0.0, **more})


def flagged(slack: SlackServer, bot: RunningBot, user: str = "U0ANN") -> str:
    """Ask in a channel and flag the answer in Slack; return the flag's id."""
    asked = slack.mention(user, CHANNEL, QUESTION)
    bot.settle()
    shown = slack.answers_in(CHANNEL, asked.ts)[-1]
    slack.views.clear()
    slack.shortcut(user, "flag_hallucination", CHANNEL, shown.ts)
    window = wait_for(lambda: list(slack.views.values()), "a window opens")[-1]
    chosen = {"type": "radio_buttons", "selected_option": {"value": "outdated"}}
    slack.submit(user, window, {"category": {"value": chosen}})
    return newest_flag(bot)


def newest_flag(bot: RunningBot) -> str:
    c = feedback.c
    query = select(c.feedback_id).where(c.superseded_by.is_(None)).order_by(c.created_at.desc())
    with bot.application.service.catalogue.engine.connect() as connection:
        return str(connection.execute(query.limit(1)).scalar_one())


def desk(bot: RunningBot) -> ReviewDesk:
    return ReviewDesk(bot.application.service.catalogue, bot.application.settings.data_dir)


def rejected(slack: SlackServer, bot: RunningBot, note: str = WORDS) -> str:
    """Flag in Slack as Ann and let a reviewer reject it; return the flag's id."""
    flag = flagged(slack, bot)
    desk(bot).decide(flag, REVIEWER, "reject", note=note)
    return flag


def told_by_hand(bot: RunningBot, name: str, *texts: str) -> None:
    for number, text in enumerate(texts):
        with writing(bot.application.service.catalogue.engine) as connection:
            tell(connection, name, "flag_outcome", f"flag-{number}", text)
        # A notice has the time that it was written, in milliseconds.
        time.sleep(0.002)


def direct(slack: SlackServer, user: str = "U0ANN") -> list[Message]:
    """Return the bot's messages in somebody's direct messages."""
    return slack.answers_in(f"D{user[1:]}")


def words(slack: SlackServer, user: str = "U0ANN") -> list[str]:
    return [message.shown() for message in direct(slack, user)]


def unseen(bot: RunningBot, name: str = ANN) -> Sequence[str]:
    caller = web_caller(bot.application.settings, name)
    return [notice.text for notice in bot.application.notices.unseen(caller)]


def home(slack: SlackServer, user: str = "U0ANN") -> str:
    slack.homes.clear()
    slack.event("app_home_opened", user, f"D{user[1:]}", tab="home")
    wait_for(lambda: user in slack.homes, "Home is drawn")
    return json.dumps(slack.homes[user], ensure_ascii=False)


# --- once ---------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("each_database")
def test_whoever_flagged_in_slack_is_told_once_by_direct_message_and_home_shows_it_until_then(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    flag = flagged(slack, bot)
    assert telling.tell() == 0
    assert "was looked at" not in home(slack)
    desk(bot).decide(flag, REVIEWER, "reject", note=WORDS)
    assert WORDS in home(slack)
    assert WORDS in home(slack), "looking at Home does not make it seen"
    assert [telling.tell() for _ in range(3)] == [1, 0, 0]
    (message,) = direct(slack)
    expected = f"Your flag on “{QUESTION}” was looked at, and the answer stays as it is."
    assert message.shown() == message.text == f"{expected} The reviewer says: {WORDS}"
    assert message.thread_ts == ""
    assert unseen(bot) == []
    assert "was looked at" not in home(slack)
    assert slack.problems == []


def test_a_bot_that_starts_tells_what_is_left_over(
    slack: SlackServer, tmp_path: Path, model_cache: Path
) -> None:
    base = writable_copy(samples_base(model_cache), tmp_path / "base")
    settings = slack_settings(base, model_cache, slack)
    with running_bot(settings, slack) as bot:
        rejected(slack, bot)
        with writing(bot.application.service.catalogue.engine) as connection:
            connection.execute(update(notices).values(created_at="2026-01-01T00:00:00+00:00"))
        assert words(slack) == []
    with running_bot(settings, slack) as bot:
        wait_for(lambda: words(slack), "the message comes")
        wait_for(lambda: not unseen(bot), "it is noted")
    assert len(words(slack)) == 1


def test_a_decision_that_is_taken_back_within_a_minute_is_not_told(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    flag = rejected(slack, bot)
    assert another(bot, settled_s=telling_module.SETTLED_S).tell() == 0
    desk(bot).undo(flag, REVIEWER)
    assert telling.tell() == 0
    assert words(slack) == []


def test_what_is_told_again_later_is_another_message(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    flag = rejected(slack, bot)
    telling.tell()
    desk(bot).undo(flag, REVIEWER)
    assert telling.tell() == 1
    assert "is being looked at again" in words(slack)[1]


def test_several_notices_are_one_message_and_the_rest_comes_with_the_next_round(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    flagged(slack, bot)
    texts = [f"Notice {number}. {'& < > ' * 400}" for number in range(MOST_AT_ONCE + 2)]
    told_by_hand(bot, ANN, *texts)
    assert "And 2 more." in home(slack)
    assert [telling.tell() for _ in range(3)] == [1, 1, 0]
    first, rest = (message.blocks for message in direct(slack))
    shown = [block["text"]["text"][:9] for block in (*first, *rest)]
    assert shown == [f"Notice {number}." for number in range(MOST_AT_ONCE + 2)]
    assert len(first) == MOST_AT_ONCE
    assert slack.problems == []


# --- the words ----------------------------------------------------------------------------------------------------


def test_a_reviewers_words_are_neither_mention_nor_link_nor_command(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    note = (
        "<!channel> <@U0BEN> @here see https://evil.example.com/x, <https://evil.example.com|the handbook>, "
        "&lt;!here&gt; [this](https://evil.example.com) mailto:eve@evil.example.com"
    )
    rejected(slack, bot, note)
    seen_in_home = home(slack)
    assert telling.tell() == 1
    (call,) = [
        call for call in slack.methods("chat.postMessage") if call.body["channel"] == "U0ANN"
    ]
    assert (call.body["parse"], call.body["link_names"]) == ("none", False)
    assert call.body["unfurl_links"] is call.body["unfurl_media"] is False
    assert all(block["text"]["verbatim"] for block in call.body["blocks"])
    sent = json.dumps(call.body, ensure_ascii=False)
    for drawn in (sent, seen_in_home):
        assert "the handbook" in drawn
        for sign in (
            "<",
            ">",
            "&lt;",
            "evil.example",
            "https://evil",
            "@here",
            "@evil",
            "mailto:eve",
        ):
            assert sign not in drawn, sign


def test_home_has_room_for_every_notice_however_long() -> None:
    view = home_view([], [], told=["<!here> & " * 3_000] * 50)
    assert problems(view) == []
    assert "And 45 more." in json.dumps(view)


# --- who is told nothing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        {"deleted": True},
        {"is_restricted": True},
        {"is_ultra_restricted": True},
        {"team": "T0OTHER"},
        {"is_stranger": True},
        {"is_bot": True},
        {"is_email_confirmed": False},
        {"email": "somebody.else@brightwater.example"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_an_account_that_is_not_this_member_any_more_gets_nothing(
    slack: SlackServer, bot: RunningBot, telling: Telling, change: dict[str, Any]
) -> None:
    rejected(slack, bot)
    for name, value in change.items():
        setattr(slack.people["U0ANN"], name, value)
    assert telling.tell() == 0
    assert words(slack) == []
    assert unseen(bot), "the web application still tells"


def test_an_account_that_slack_names_for_an_address_is_checked_again(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    rejected(slack, bot)
    named = {"ok": True, "user": {"id": "U0BEN", "profile": {"email": ANN}}}
    slack.script("users.lookupByEmail", body=named)
    assert telling.tell() == 0
    assert words(slack) == words(slack, "U0BEN") == []
    assert telling._reaching.member(ANN) is not None
    slack.script("users.lookupByEmail", body=named)
    assert telling._reaching.member(ANN) is None


def test_whoever_was_deactivated_in_footnote_gets_nothing(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    rejected(slack, bot)
    people = People(bot.application.service.catalogue.engine, bot.application.settings.data_dir)
    people.check_in(ANN, "Ann", [])
    people.deactivate(ADMIN, ANN)
    assert telling.tell() == 0
    assert words(slack) == []


def test_a_guest_who_flags_gets_no_message(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    slack.people["U0ANN"].is_restricted = True
    rejected(slack, bot)
    assert telling.tell() == 0
    assert words(slack) == []
    assert slack.methods("users.lookupByEmail") == []
    assert "was looked at" in home(slack)


@pytest.mark.usefixtures("each_database")
def test_whoever_flagged_in_the_web_only_is_told_there(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    asked = slack.mention("U0BEN", CHANNEL, QUESTION)
    bot.settle()
    engine = bot.application.service.catalogue.engine
    with engine.connect() as connection:
        shown = slack_messages.c.answer_id
        answer_id = connection.execute(select(shown).limit(1)).scalar_one()
    ann = web_caller(bot.application.settings, ANN)
    given = bot.application.service.feedback_desk.add(answer_id, ann, Remark("bad", "outdated"))
    with writing(engine) as connection:
        connection.execute(update(feedback).values(channel="streamlit"))
    desk(bot).decide(given.feedback_id, REVIEWER, "reject", note=WORDS)
    assert telling.tell() == 0
    assert slack.methods("users.lookupByEmail") == []
    assert unseen(bot)
    slack.mention("U0ANN", CHANNEL, QUESTION, thread_ts=asked.ts)
    bot.settle()
    assert telling.tell() == 1, "now Ann uses the bot"


def test_with_links_by_code_the_linked_account_is_told_and_no_address_is_looked_up(
    slack: SlackServer, bot: RunningBot
) -> None:
    application = bot.application
    settings = application.settings
    by_code = settings.slack.model_copy(update={"link_by": "code"})
    application = replace(application, settings=settings.model_copy(update={"slack": by_code}))
    telling = another(bot, application)
    rejected(slack, bot)
    slack.add_person("U0NEW", "private@mail.example")
    assert telling.tell() == 0
    links = AccountLinks(application.service.catalogue.engine, settings.data_dir)
    code = links.offer(SlackAccount(TEAM, "U0NEW"))
    links.link(code, caller_named(ANN, []))
    assert another(bot, application).tell() == 1
    assert words(slack) == []
    assert WORDS in words(slack, "U0NEW")[0]
    assert slack.methods("users.lookupByEmail") == []


# --- when it does not work ----------------------------------------------------------------------------------------


def test_while_slack_is_down_nothing_is_lost_and_it_comes_later(
    slack: SlackServer, bot: RunningBot, telling: Telling, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.slack.sending._FIRST_WAIT_S", 0.001)
    rejected(slack, bot)
    slack.is_down = True
    for _ in range(2):
        with pytest.raises(SlackUnreachable):
            telling.tell()
    assert unseen(bot)
    slack.is_down = False
    assert telling.tell() == 1
    assert len(words(slack)) == 1


def test_what_slack_limits_is_sent_when_slack_wants_it(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    rejected(slack, bot)
    limited: dict[str, Any] = {"status": 429, "headers": {"Retry-After": "1"}, "body": {}}
    slack.script("chat.postMessage", **limited)
    slack.script("users.lookupByEmail", **limited)
    begun = time.monotonic()
    assert telling.tell() == 1
    assert time.monotonic() - begun >= 2
    assert len(words(slack)) == 1


@pytest.mark.parametrize(
    "fault",
    [
        {"body": {"ok": False, "error": "messages_tab_disabled"}},
        {"status": 500, "body": {"ok": False}},
        {"drop": True},
        {"drop": True, "applies": True},
    ],
    ids=["refused", "server error", "lost before", "lost after"],
)
def test_what_may_not_have_come_is_sent_again_after_a_wait_that_grows(
    slack: SlackServer, bot: RunningBot, telling: Telling, clock: Clock, fault: dict[str, Any]
) -> None:
    rejected(slack, bot)
    slack.script("chat.postMessage", times=2, **fault)
    arrived = bool(fault.get("applies"))
    for wait_s in (60, 120):
        assert telling.tell() == 0
        clock.now += wait_s - 1
        assert telling.tell() == 0, "not yet"
        clock.now += 1
    assert unseen(bot)
    assert telling.tell() == 1
    assert len(words(slack)) == (3 if arrived else 1)
    assert telling.tell() == 0


def test_somebody_who_cannot_be_told_keeps_nobody_else_from_it(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    flagged(slack, bot, "U0BEN")
    rejected(slack, bot)
    told_by_hand(bot, BEN, "Your flag was looked at.")
    slack.people["U0ANN"].deleted = True
    assert telling.tell() == 1
    assert words(slack) == []
    assert words(slack, "U0BEN") == ["Your flag was looked at."]


def test_somebody_whose_conversation_slack_limits_for_long_keeps_nobody_else_from_it(
    slack: SlackServer, bot: RunningBot, telling: Telling
) -> None:
    flagged(slack, bot, "U0BEN")
    rejected(slack, bot)
    told_by_hand(bot, BEN, "Your flag was looked at.")
    limited: dict[str, Any] = {"status": 429, "headers": {"Retry-After": "900"}, "body": {}}
    slack.script("chat.postMessage", **limited)
    with pytest.raises(SlackUnreachable):
        telling.tell()
    assert telling.tell() == 1
    assert (words(slack), words(slack, "U0BEN")) == ([], ["Your flag was looked at."])


def test_what_was_posted_and_not_noted_is_noted_later_and_a_restart_repeats_it_once_at_most(
    slack: SlackServer, bot: RunningBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    rejected(slack, bot)
    one, other = another(bot), another(bot)

    def full(self: Notices, caller: Caller, notice_ids: Any) -> None:
        raise StorageFull("The disk is full.")

    with monkeypatch.context() as broken:
        broken.setattr(Notices, "seen", full)
        for _ in range(3):
            with pytest.raises(StorageFull):
                one.tell()
    assert len(words(slack)) == 1, "the process knows that it was posted"
    assert unseen(bot)
    assert other.tell() == 1, "another one cannot"
    assert len(words(slack)) == 2
    assert (one.tell(), other.tell(), another(bot).tell()) == (0, 0, 0)


# --- two processes ------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("each_database")
def test_two_bots_send_one_message(slack: SlackServer, bot: RunningBot) -> None:
    rejected(slack, bot)
    slack.script("chat.postMessage", delay_s=1.0, applies=True)
    both = [another(bot) for _ in range(2)]
    gate = threading.Barrier(2)

    def tell_at_once(telling: Telling) -> int:
        gate.wait()
        return telling.tell()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(tell_at_once, both)) == [0, 1]
    assert [telling.tell() for telling in both] == [0, 0]
    assert len(words(slack)) == 1


@pytest.mark.usefixtures("each_database")
def test_one_turn_at_a_time_and_writers_do_not_wait_for_it(bot: RunningBot) -> None:
    engine, data_dir = bot.application.service.catalogue.engine, bot.application.settings.data_dir
    with turn(engine, data_dir) as is_mine:
        assert is_mine
        with turn(engine, data_dir) as is_other:
            assert not is_other
        told_by_hand(bot, ANN, "Written meanwhile.")
    with turn(engine, data_dir) as is_mine:
        assert is_mine
    with pytest.raises(SlackUnreachable), turn(engine, data_dir):
        raise SlackUnreachable
    with turn(engine, data_dir) as is_mine:
        assert is_mine


@pytest.mark.slow
def test_a_bot_that_is_killed_while_it_posts_is_followed_by_one_that_repeats_it_once_at_most(
    slack: SlackServer, tmp_path: Path, model_cache: Path
) -> None:
    base = writable_copy(samples_base(model_cache), tmp_path / "base")
    with running_bot(slack_settings(base, model_cache, slack), slack) as bot:
        rejected(slack, bot)
        with writing(bot.application.service.catalogue.engine) as connection:
            connection.execute(update(notices).values(created_at="2026-01-01T00:00:00+00:00"))
    slack.script("chat.postMessage", delay_s=5.0, applies=True)
    env = env_for(base, model_cache, slack)
    slack.arrived.clear()
    with bot_process(env) as first:
        wait_for(lambda: "chat.postMessage" in slack.arrived, "the first one posts")
        wait_for(lambda: words(slack), "and Slack has it")
        first.kill()
        with bot_process(env) as second:
            wait_for(lambda: len(words(slack)) == 2, "the second one does not know")
            wait_for(lambda: "slack_notices_told" in "".join(second.log), "and notes it")
        with bot_process(env):
            time.sleep(1.0)
    assert len(words(slack)) == 2


# --- the end, and the log -----------------------------------------------------------------------------------------


def test_a_round_that_waits_for_slack_ends_with_the_bot(
    slack: SlackServer, bot: RunningBot
) -> None:
    rejected(slack, bot)
    limited: dict[str, Any] = {"status": 429, "headers": {"Retry-After": "100"}, "body": {}}
    slack.script("chat.postMessage", times=5, **limited)
    telling = another(bot, every_s=0.05)
    slack.calls.clear()
    telling.start()
    wait_for(lambda: slack.methods("chat.postMessage"), "it posts")
    begun = time.monotonic()
    telling.stop()
    telling._thread.join(30)
    assert not telling._thread.is_alive()
    assert time.monotonic() - begun < 30
    assert len(slack.methods("chat.postMessage")) == 1
    assert telling.tell() == 0, "nothing begins any more"
    assert unseen(bot)


def test_the_log_has_ids_and_nothing_else(
    slack: SlackServer, bot: RunningBot, telling: Telling, clock: Clock
) -> None:
    rejected(slack, bot)
    slack.script("chat.postMessage", body={"ok": False, "error": "restricted_action"})
    slack.script("users.lookupByEmail", body={"ok": False, "error": "missing_scope"})
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            telling.tell()
            clock.now += 1_000
    events = {entry["event"] for entry in logged}
    assert events == {
        "slack_account_not_found",
        "slack_notices_not_sent",
        "slack_notices_told",
    }
    written = json.dumps(logged, ensure_ascii=False)
    for secret in (ANN, QUESTION, WORDS, "Your flag", "xoxb"):
        assert secret not in written
