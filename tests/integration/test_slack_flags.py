"""Thumbs, the window, the shortcut, experts and Home: what people in Slack do with answers, over real HTTP."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from cli_harness import write_files
from slack_in_process import RunningBot, ingested, running_bot, slack_settings, wait_for
from slack_server import TEAM, SlackServer, slack_server
from sqlalchemy import delete, select

from app.bootstrap import web_caller
from app.review.desk import ReviewDesk
from app.slack.manifest import METHOD_SCOPES, scopes
from core.answers import Answer, Caller
from index.database import writing
from index.permissions import caller_named
from index.schema import answers, conversations, feedback, slack_messages, slack_threads

ANN, BEN = "ann@example.org", "ben@example.org"
REVIEWER = replace(caller_named("rita@example.org", ["hr"]), role="reviewer")
OPEN_CHANNEL, HR_CHANNEL, EXPERTS, SHARED = "C0OPEN", "C0HR", "C0EXPERTS", "C0SHARED"
LEAVE = "How many days of leave does everyone have?"
BAND = "What is the salary band of engineers?"
CANARY = "opalcanary"
DOCUMENTS = {
    "open/leave.md": (
        "# Leave policy\n\n## Days of leave\n\nEveryone has 28 days of leave a year. Unused days end in March.\n"
    ),
    "hr/salaries.md": (
        f"# Salary handbook\n\n## Salary bands of engineers\n\nThe salary band of engineers is {CANARY} 71.\n"
    ),
    "hr/.footnote.yaml": "access: [group:hr]\n",
}
WEB = "https://footnote.example.org"


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        server.add_person("U0ANN", ANN, name="Ann")
        server.add_person("U0BEN", BEN, name="Ben")
        server.add_person("U0GUEST", "guest@example.org", is_restricted=True)
        server.add_person("U0GONE", "gone@example.org", deleted=True)
        server.add_channel(OPEN_CHANNEL, "public")
        server.add_channel(HR_CHANNEL, "private")
        server.add_channel(EXPERTS, "private")
        server.add_channel(SHARED, "external")
        server.add_channel("C0AWAY", "public", has_bot=False)
        yield server


@pytest.fixture(scope="module")
def bot(
    slack: SlackServer, tmp_path_factory: pytest.TempPathFactory, model_cache: Path
) -> Iterator[RunningBot]:
    root = tmp_path_factory.mktemp("slack-flags")
    groups, channels = root / "groups.yaml", root / "channels.yaml"
    groups.write_text(f"{ANN}: [hr]\n")
    channels.write_text(f"{HR_CHANNEL}:\n  groups: [hr]\n")
    settings = slack_settings(
        ingested(write_files(root / "docs", DOCUMENTS), root / "data", model_cache),
        model_cache,
        slack,
        groups,
        channels_file=channels,
        experts_channel=EXPERTS,
        web_url=WEB,
    )
    with running_bot(settings, slack) as running:
        yield running


_SEEN: set[str] = set()
"""Every method that the bot called in these tests."""


@pytest.fixture(autouse=True)
def _fresh(slack: SlackServer, bot: RunningBot) -> None:
    _SEEN.update(call.method for call in slack.calls)
    slack.calls.clear()
    slack.views.clear()
    engine = bot.application.service.catalogue.engine
    with writing(engine) as connection:
        for table in (feedback, answers, conversations, slack_messages, slack_threads):
            connection.execute(delete(table))


def ask(
    slack: SlackServer, bot: RunningBot, user: str, channel: str, question: str
) -> tuple[str, str]:
    """Ask; return the id of the answer, and the ts of the message that shows its end."""
    if channel.startswith("D"):
        slack.direct(user, question)
    else:
        slack.mention(user, channel, question)
    bot.settle()
    c = slack_messages.c
    query = select(c.answer_id, c.ts).where(c.channel == channel).order_by(c.ts.desc()).limit(1)
    with bot.application.service.catalogue.engine.connect() as connection:
        row = connection.execute(query).one()
    return row.answer_id, row.ts


def thumb(slack: SlackServer, user: str, channel: str, ts: str, value: str) -> None:
    sent = slack.click(user, channel, ts, "feedback", value, kind="feedback_buttons")
    assert sent.status == 200


def open_window(slack: SlackServer) -> dict[str, Any]:
    """Return the window that opened last."""
    wait_for(lambda: slack.views, "a window opens")
    return list(slack.views.values())[-1]


def written(category: str | None = None, statement: str = "", **texts: str) -> dict[str, Any]:
    """Return the state of a window as Slack sends it."""
    chosen = {"value": category} if category else None
    values: dict[str, Any] = {
        "category": {"value": {"type": "radio_buttons", "selected_option": chosen}},
        **{
            name: {"value": {"type": "plain_text_input", "value": said}}
            for name, said in texts.items()
        },
    }
    if statement:
        option = {"selected_option": {"value": statement}}
        values["statement"] = {"value": {"type": "static_select", **option}}
    return values


def rows(bot: RunningBot, **equal: Any) -> list[Any]:
    """Return what people say of answers now."""
    query = select(feedback).where(feedback.c.superseded_by.is_(None))
    for name, value in equal.items():
        query = query.where(feedback.c[name] == value)
    with bot.application.service.catalogue.engine.connect() as connection:
        return list(connection.execute(query.order_by(feedback.c.created_at)))


def told(slack: SlackServer, user: str) -> list[str]:
    """Return what somebody was told that nobody else reads."""
    return [
        str(call.body.get("text"))
        for call in slack.methods("chat.postEphemeral")
        if call.body["user"] == user
    ] + [str(call.body.get("text")) for call in slack.calls if call.method.startswith("response/")]


def answer_of(bot: RunningBot, answer_id: str, caller: Caller) -> Answer:
    return bot.application.service.find_answer(answer_id, caller)[0]


# --- thumbs and the window ----------------------------------------------------------------------------------------


def test_a_thumb_up_is_stored_once_however_often_it_is_clicked_and_by_whom(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    for user in ("U0ANN", "U0ANN", "U0BEN"):
        thumb(slack, user, OPEN_CHANNEL, ts, f"good:{answer_id}")
    wait_for(lambda: len(told(slack, "U0BEN")) == 1 and len(told(slack, "U0ANN")) == 2)
    found = rows(bot, answer_id=answer_id)
    assert {(row.author, row.verdict, row.channel) for row in found} == {
        (ANN, "good", "slack"),
        (BEN, "good", "slack"),
    }
    assert len(found) == 2


def test_a_thumb_down_opens_the_window_and_what_is_sent_takes_the_thumbs_place(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    thumb(slack, "U0BEN", OPEN_CHANNEL, ts, f"bad:{answer_id}")
    window = open_window(slack)
    assert [(row.author, row.verdict, row.category) for row in rows(bot)] == [(BEN, "bad", None)]
    sent = slack.submit(
        "U0BEN",
        window,
        written("wrong_fact", "0", comment="It is 30.", correction="30 days", source="leave.md"),
    )
    assert (sent.status, sent.body) == (200, "")
    (row,) = rows(bot)
    assert (row.author, row.category, row.comment) == (BEN, "wrong_fact", "It is 30.")
    assert (row.correction, row.correction_source) == ("30 days", "leave.md")
    claim = answer_of(bot, answer_id, web_caller(bot.application.settings, ANN)).claims[0]
    assert (row.start, row.end, row.selected_text) == (claim.start, claim.end, claim.text)
    wait_for(lambda: told(slack, "U0BEN"))
    assert "waiting for review" in told(slack, "U0BEN")[0]
    assert told(slack, "U0ANN") == []


def test_the_window_says_what_is_missing_and_stores_nothing(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    thumb(slack, "U0ANN", OPEN_CHANNEL, ts, f"bad:{answer_id}")
    window = open_window(slack)
    before = rows(bot)
    for values, block in (
        (written(), "category"),
        (written("no_such_category"), "category"),
        (written("other"), "comment"),
        (written("other", comment="  \n "), "comment"),
        (written("wrong_fact", comment="x" * 2_001), "category"),
    ):
        sent = slack.submit("U0ANN", window, values)
        assert sent.json["response_action"] == "errors"
        assert list(sent.json["errors"]) == [block]
        assert sent.json["errors"][block].endswith(".")
    assert rows(bot) == before


def test_sending_the_same_window_twice_leaves_one_row(slack: SlackServer, bot: RunningBot) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    thumb(slack, "U0ANN", OPEN_CHANNEL, ts, f"bad:{answer_id}")
    window = open_window(slack)
    for _ in range(3):
        assert slack.submit("U0ANN", window, written("outdated")).status == 200
    assert [(row.author, row.category) for row in rows(bot)] == [(ANN, "outdated")]


def test_a_thumb_down_after_a_flag_does_not_take_the_flag_back(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    thumb(slack, "U0ANN", OPEN_CHANNEL, ts, f"bad:{answer_id}")
    slack.submit("U0ANN", open_window(slack), written("outdated"))
    slack.views.clear()
    thumb(slack, "U0ANN", OPEN_CHANNEL, ts, f"bad:{answer_id}")
    open_window(slack)
    assert [row.category for row in rows(bot)] == ["outdated"]


def test_what_is_stored_is_on_disk_before_the_window_closes(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    thumb(slack, "U0ANN", OPEN_CHANNEL, ts, f"bad:{answer_id}")
    window = open_window(slack)
    assert slack.submit("U0ANN", window, written("outdated")).body == ""
    # No waiting: the reply is there, so the row is.
    assert [row.category for row in rows(bot)] == ["outdated"]


@pytest.mark.parametrize("user", ["U0GONE", "U404"])
def test_whoever_is_nobody_can_neither_click_nor_send(
    slack: SlackServer, bot: RunningBot, user: str
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    thumb(slack, user, OPEN_CHANNEL, ts, f"good:{answer_id}")
    window = {"callback_id": "flag", "private_metadata": answer_id, "type": "modal", "id": "V1"}
    sent = slack.submit(user, window, written("outdated"))
    assert sent.json["response_action"] == "errors"
    assert rows(bot) == []


def test_a_payload_that_names_somebody_elses_answer_gives_no_right_to_it(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, _ = ask(slack, bot, "U0ANN", "D0ANN", BAND)
    assert CANARY in answer_of(bot, answer_id, web_caller(bot.application.settings, ANN)).text
    _, ts = ask(slack, bot, "U0BEN", OPEN_CHANNEL, LEAVE)
    slack.calls.clear()
    thumb(slack, "U0BEN", OPEN_CHANNEL, ts, f"bad:{answer_id}")
    wait_for(lambda: told(slack, "U0BEN"))
    assert "rests on documents that you may not read" in told(slack, "U0BEN")[0]
    window = {"callback_id": "flag", "private_metadata": answer_id, "type": "modal", "id": "V1"}
    sent = slack.submit("U0BEN", window, written("outdated"))
    assert sent.json["response_action"] == "errors"
    assert slack.views == {}
    assert rows(bot) == []
    assert CANARY not in json.dumps([call.body for call in slack.calls]) + sent.body


def test_whoever_may_not_read_what_a_channels_answer_rests_on_cannot_judge_it(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", HR_CHANNEL, BAND)
    assert CANARY in slack.shown(HR_CHANNEL, ts), "the channel is given the group's documents"
    thumb(slack, "U0BEN", HR_CHANNEL, ts, f"good:{answer_id}")
    wait_for(lambda: told(slack, "U0BEN"))
    assert rows(bot) == []
    thumb(slack, "U0ANN", HR_CHANNEL, ts, f"good:{answer_id}")
    wait_for(lambda: rows(bot, author=ANN))


@pytest.mark.parametrize("value", ["", "good:", "bad:nothing", "ugly:1", "good:" + "x" * 1_000])
def test_a_button_that_carries_nonsense_stores_nothing(
    slack: SlackServer, bot: RunningBot, value: str
) -> None:
    _, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    slack.calls.clear()
    thumb(slack, "U0ANN", OPEN_CHANNEL, ts, value)
    wait_for(lambda: told(slack, "U0ANN"))
    assert rows(bot) == []


def test_buttons_and_windows_carry_the_answers_id_and_nothing_else(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", "D0ANN", BAND)
    thumb(slack, "U0ANN", "D0ANN", ts, f"bad:{answer_id}")
    assert open_window(slack)["private_metadata"] == answer_id
    blocks = json.dumps(slack.messages["D0ANN", ts].blocks)
    values = {part.partition('"')[0] for part in blocks.split('"value": "')[1:]}
    assert values == {f"good:{answer_id}", f"bad:{answer_id}", answer_id}


# --- the shortcut -------------------------------------------------------------------------------------------------


def test_the_shortcut_on_any_part_of_an_answer_opens_the_window_for_it(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    with writing(bot.application.service.catalogue.engine) as connection:
        first = slack_messages.insert().values(
            team=TEAM, channel=OPEN_CHANNEL, ts="9.000001", answer_id=answer_id, segment=1,
            audience="channel", posted_at="",
        )  # fmt: skip
        connection.execute(first)
    part = replace(slack.messages[OPEN_CHANNEL, ts], ts="9.000001")
    slack.keep(part)
    for shown in (ts, "9.000001"):
        slack.views.clear()
        slack.shortcut("U0BEN", "flag_hallucination", OPEN_CHANNEL, shown)
        assert open_window(slack)["private_metadata"] == answer_id
    slack.submit("U0BEN", open_window(slack), written("should_have_abstained"))
    assert [(row.author, row.category) for row in rows(bot)] == [(BEN, "should_have_abstained")]


def test_the_shortcut_on_anything_else_is_refused_kindly(
    slack: SlackServer, bot: RunningBot
) -> None:
    _, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    human = slack.event("message", "U0BEN", OPEN_CHANNEL, "28 days", channel_type="channel").ts
    answered = slack.messages.pop((OPEN_CHANNEL, ts))
    for shown in (human, "1.000001", ts):
        slack.calls.clear()
        slack.shortcut("U0BEN", "flag_hallucination", OPEN_CHANNEL, shown)
        wait_for(lambda: told(slack, "U0BEN"))
        assert "not one of my answers" in told(slack, "U0BEN")[0]
    assert slack.views == {}
    slack.keep(answered)


def test_the_shortcut_is_refused_kindly_also_where_the_bot_is_no_member(
    slack: SlackServer, bot: RunningBot
) -> None:
    slack.shortcut("U0BEN", "flag_hallucination", "C0AWAY", "1.000001")
    wait_for(lambda: [call for call in slack.calls if call.method.startswith("response/")])
    assert "not one of my answers" in told(slack, "U0BEN")[0]


def test_the_shortcut_says_nothing_of_an_answer_that_one_may_not_see(
    slack: SlackServer, bot: RunningBot
) -> None:
    _, ts = ask(slack, bot, "U0ANN", HR_CHANNEL, BAND)
    slack.calls.clear()
    slack.shortcut("U0BEN", "flag_hallucination", HR_CHANNEL, ts)
    wait_for(lambda: told(slack, "U0BEN"))
    assert slack.views == {}
    assert CANARY not in json.dumps([call.body for call in slack.calls])


# --- to the review queue ------------------------------------------------------------------------------------------


def test_a_flag_from_slack_is_in_the_review_queue_with_its_trace_and_becomes_a_case(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    slack.shortcut("U0BEN", "flag_hallucination", OPEN_CHANNEL, ts)
    slack.submit(
        "U0BEN", open_window(slack), written("wrong_fact", comment="30", correction="30 days")
    )
    application = bot.application
    desk = ReviewDesk(application.service.catalogue, application.settings.data_dir)
    (entry,) = desk.queue(REVIEWER, channel="slack").entries
    assert (entry.author, entry.category, entry.question) == (BEN, "wrong_fact", LEAVE)
    item = desk.open(entry.feedback_id, REVIEWER)
    assert item.answer.answer_id == answer_id
    assert [passage.uri for passage in item.passages] == ["open/leave.md"]
    draft = desk.case_draft(entry.feedback_id, REVIEWER)
    case_id = desk.promote(entry.feedback_id, REVIEWER, replace(draft, facts=("28 days",)))
    assert desk.case(case_id, REVIEWER)["question"] == LEAVE
    assert application.service.feedback_desk.my_flags(caller_named(BEN, []))[0].status == "accepted"


# --- experts ------------------------------------------------------------------------------------------------------


def escalate(slack: SlackServer, user: str, channel: str, ts: str, answer_id: str) -> list[str]:
    """Click, and return what stands in the experts' channel."""
    slack.calls.clear()
    slack.click(user, channel, ts, "escalate", answer_id)
    wait_for(lambda: told(slack, user))
    return [message.text for message in slack.answers_in(EXPERTS)]


def test_an_answer_that_everyone_may_read_comes_to_the_experts_with_its_question(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", OPEN_CHANNEL, LEAVE)
    before = len(slack.answers_in(EXPERTS))
    posted = escalate(slack, "U0BEN", OPEN_CHANNEL, ts, answer_id)[before:]
    conversation = answer_of(bot, answer_id, caller_named(ANN, [])).conversation_id
    (words,) = posted
    assert words.startswith("<@U0BEN> asks an expert:")
    assert LEAVE in words
    assert f"<{WEB}/?c={conversation}|" in words
    assert "in the experts' channel" in told(slack, "U0BEN")[0]
    assert escalate(slack, "U0BEN", OPEN_CHANNEL, ts, answer_id)[before:] == posted
    assert "already" in told(slack, "U0BEN")[0]


def test_what_not_everyone_there_may_read_comes_to_the_experts_as_a_link_alone(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", "D0ANN", BAND)
    before = len(slack.answers_in(EXPERTS))
    (words,) = escalate(slack, "U0ANN", "D0ANN", ts, answer_id)[before:]
    assert "salary" not in words
    assert CANARY not in words
    assert "Open the answer" in words
    assert "not everybody there may read" in told(slack, "U0ANN")[0]
    service = bot.application.service
    conversation = answer_of(bot, answer_id, caller_named(ANN, [])).conversation_id
    assert service.open_conversation(conversation, caller_named("e@x.org", ["hr"])).turns[0].answer
    assert service.open_conversation(conversation, caller_named(BEN, [])).turns[0].is_withheld


@pytest.mark.parametrize("user", ["U0BEN", "U0GUEST", "U0GONE"])
def test_who_may_not_see_an_answer_or_is_no_member_brings_nothing_to_the_experts(
    slack: SlackServer, bot: RunningBot, user: str
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", HR_CHANNEL, BAND)
    before = len(slack.answers_in(EXPERTS))
    assert escalate(slack, user, HR_CHANNEL, ts, answer_id)[before:] == []


# --- Home ---------------------------------------------------------------------------------------------------------


def opened(slack: SlackServer, user: str, tab: str) -> None:
    slack.event("app_home_opened", user, f"D{user[1:]}", tab=tab)


def test_home_lists_ones_own_questions_with_links_and_flags_with_their_state(
    slack: SlackServer, bot: RunningBot
) -> None:
    answer_id, ts = ask(slack, bot, "U0ANN", "D0ANN", BAND)
    thumb(slack, "U0ANN", "D0ANN", ts, f"bad:{answer_id}")
    slack.submit("U0ANN", open_window(slack), written("outdated"))
    for user in ("U0ANN", "U0BEN"):
        opened(slack, user, "home")
        wait_for(lambda user=user: user in slack.homes)
    mine, others = (json.dumps(slack.homes[user]) for user in ("U0ANN", "U0BEN"))
    conversation = answer_of(bot, answer_id, caller_named(ANN, [])).conversation_id
    assert BAND in mine
    assert f"{WEB}/?c={conversation}" in mine
    assert "waiting for review" in mine
    assert "salary" not in others
    assert "You have asked nothing yet." in others
    slack.homes.clear()
    opened(slack, "U0GONE", "home")
    wait_for(lambda: "U0GONE" in slack.homes)
    assert "cannot use Footnote" in json.dumps(slack.homes["U0GONE"])


def test_messages_offers_questions_that_ones_own_documents_answer(
    slack: SlackServer, bot: RunningBot
) -> None:
    for user in ("U0ANN", "U0BEN"):
        opened(slack, user, "messages")
        wait_for(lambda: slack.methods("assistant.threads.setSuggestedPrompts"), "prompts")
        offered = json.dumps(slack.methods("assistant.threads.setSuggestedPrompts")[-1].body)
        assert "leave" in offered.lower()
        assert ("salary" in offered.lower()) is (user == "U0ANN")
        slack.calls.clear()
    slack.add_person("U0LATE", "late@example.org", deleted=True)
    opened(slack, "U0LATE", "messages")
    opened(slack, "U0LATE", "home")
    wait_for(lambda: "U0LATE" in slack.homes)
    assert slack.methods("assistant.threads.setSuggestedPrompts") == []


def test_every_payload_was_one_that_slack_takes(slack: SlackServer) -> None:
    assert slack.problems == []


def test_the_bot_called_only_methods_that_its_manifest_has_scopes_for(
    slack: SlackServer, bot: RunningBot
) -> None:
    ask(slack, bot, "U0ANN", "D0ANN", LEAVE)
    seen = _SEEN | {call.method for call in slack.calls}
    seen = {method for method in seen if not method.startswith("response/")}
    assert seen <= set(METHOD_SCOPES)
    granted = set(scopes(bot.application.settings))
    assert {scope for method in seen for scope in METHOD_SCOPES[method]} <= granted
    assert {"users.info", "conversations.info", "chat.stopStream", "auth.test"} <= seen
