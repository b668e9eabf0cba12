"""Settings of channels, and which documents may be used where."""

import os
from pathlib import Path
from typing import Any

import pytest

from app.slack.audience import KINDS_BELIEVED_S, PlaceKinds, kind_of, reading_caller
from app.slack.channels import ChannelSettings, ChannelsFile, read_channels
from app.slack.places import Asker, Place, PlaceKind
from core.answers import Caller
from core.errors import ConfigError
from index.filters import Filter

ANN = Caller(
    "ann@example.org",
    frozenset({"everyone", "group:hr", "group:it", "user:ann@example.org"}),
    role="admin",
)
MEMBER = Asker("U1", ANN, "member")
SHARING = ChannelSettings(groups=frozenset({"hr", "sales"}))


def place(kind: PlaceKind) -> Place:
    return Place("T1", "C1", "1.1", kind)


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "channels.yaml"
    path.write_text(text, encoding="utf-8")
    return path


# --- the file -----------------------------------------------------------------------------------------------------


def test_a_file_sets_when_from_what_and_for_whom_a_channel_is_answered(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        "C0123:\n  answer: questions\n  quiet_unless_cited: true\n  scope: [source=handbook]\n"
        "  language: DE\n  groups: [group:sales, HR]\ndefault:\n  answer: off\n",
    )
    channels = ChannelsFile(path)
    assert channels.of("C0123") == ChannelSettings(
        "questions",
        True,
        (Filter("source", "=", "handbook"), Filter("language", "=", "de")),
        "de",
        frozenset({"sales", "HR"}),
    )
    assert channels.of("C9999").answer == "off"


def test_without_a_file_mentions_are_answered_and_no_group_is_shown() -> None:
    assert ChannelsFile(None).of("C1") == ChannelSettings("mentions", False, (), "", frozenset())


def test_an_empty_file_sets_nothing(tmp_path: Path) -> None:
    assert ChannelsFile(written(tmp_path, "# nothing yet\n")).of("C1") == ChannelSettings()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("- C0123\n", 1, "must map ids of channels"),
        ("general:\n  answer: off\n", 2, "no id of a channel"),
        ("C0123:\n  answer: sometimes\n", 2, "'sometimes'"),
        ("C0123:\n  answer: off\n  anwser: off\n", 3, "'anwser' is no setting"),
        ("C0123:\n  groups: sales\n", 2, "'groups' is no list"),
        ("C0123:\n  groups: ['']\n", 2, "empty name"),
        ("C0123:\n  groups: [[a]]\n", 2, "single word"),
        ("C0123:\n  scope:\n    - source=a\n    - nonsense\n", 4, "'nonsense' is no filter"),
        ("C0123:\n  language: deutsch\n", 2, "two letters"),
        ("C0123:\n  quiet_unless_cited: maybe\n", 2, "true or false"),
        ("C0123:\n  answer: off\nC0123:\n  answer: mentions\n", 4, "listed twice"),
        ("C0123:\n  answer: off\n  answer: mentions\n", 3, "set twice"),
        ("default:\n  groups: [hr]\n", 2, "all channels at once"),
        ("C0123: off\n", 1, "must have some of"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(
    tmp_path: Path, text: str, line: int, words: str
) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_channels(path)
    message = str(caught.value)
    assert f"channels.yaml', line {line}" in message
    assert words in message
    assert message.endswith(".")


def test_what_is_wrong_is_said_with_its_channel(tmp_path: Path) -> None:
    path = written(tmp_path, "C0123:\n  answer: off\nC0456:\n  answer: sometimes\n")
    with pytest.raises(ConfigError, match=r"line 4, channel 'C0456'"):
        read_channels(path)


@pytest.mark.parametrize("content", [b"C0123: [\n", b"\xff\xfe", b"x: " + b"y" * 1_000_001])
def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "channels.yaml"
    path.write_bytes(content)
    with pytest.raises(ConfigError):
        read_channels(path)


def test_a_change_counts_with_the_next_question_and_a_fault_does_not_keep_the_old(
    tmp_path: Path,
) -> None:
    path = written(tmp_path, "C0123:\n  groups: [hr]\n")
    channels = ChannelsFile(path)
    assert channels.of("C0123").groups == {"hr"}
    path.write_text("C0123:\n  groups: []\n")
    os.utime(path, ns=(1, 1))
    assert channels.of("C0123").groups == frozenset()
    path.write_text("C0123:\n  groups: nonsense\n")
    for _ in range(2):
        with pytest.raises(ConfigError):
            channels.of("C0123")
    path.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        channels.of("C0123")
    path.write_text("C0123:\n  groups: [it]\n")
    assert channels.of("C0123").groups == {"it"}


# --- who reads along ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["dm", "ephemeral"])
def test_where_the_asker_alone_reads_the_askers_documents_are_used(kind: PlaceKind) -> None:
    assert reading_caller(MEMBER, place(kind), SHARING) == ANN


@pytest.mark.parametrize("kind", ["mpim", "private", "public"])
def test_where_others_read_only_everyones_documents_are_used_and_groups_that_both_have(
    kind: PlaceKind,
) -> None:
    caller = reading_caller(MEMBER, place(kind), SHARING)
    assert caller.principals == {"everyone", "group:hr"}
    assert (caller.name, caller.is_admin, caller.role) == (ANN.name, False, "reader")
    assert reading_caller(MEMBER, place(kind), ChannelSettings()).principals == {"everyone"}


def test_where_another_company_reads_along_no_group_counts() -> None:
    assert reading_caller(MEMBER, place("external"), SHARING).principals == {"everyone"}


@pytest.mark.parametrize("kind", ["dm", "ephemeral", "mpim", "private", "public", "external"])
def test_whoever_is_refused_reads_nothing_anywhere(kind: PlaceKind) -> None:
    nobody = Asker("U1", ANN, "refused", "No.")
    assert reading_caller(nobody, place(kind), SHARING).principals == frozenset()


def test_a_guest_does_not_bring_groups_of_a_channel() -> None:
    guest = Asker("U1", Caller("visitor:x", frozenset({"everyone"})), "guest")
    assert reading_caller(guest, place("private"), SHARING).principals == {"everyone"}


@pytest.mark.parametrize(
    ("info", "kind"),
    [
        ({"is_im": True, "is_org_shared": False}, "dm"),
        ({"is_mpim": True, "is_private": True}, "mpim"),
        ({"is_channel": True, "is_private": False}, "public"),
        ({"is_channel": True, "is_private": True}, "private"),
        ({"is_group": True, "is_private": True}, "private"),
        ({"is_channel": True, "is_private": False, "is_ext_shared": True}, "external"),
        ({"is_channel": True, "is_private": True, "is_pending_ext_shared": True}, "external"),
        ({"is_mpim": True, "is_ext_shared": True}, "external"),
        ({"is_channel": True, "is_private": False, "is_org_shared": True}, "external"),
        ({"is_channel": True}, "external"),
        ({}, "external"),
        ({"is_im": "yes"}, "external"),
    ],
)
def test_the_kind_of_a_place_is_what_slack_says_and_external_where_it_is_not_clear(
    info: dict[str, Any], kind: str
) -> None:
    assert kind_of(info) == kind


class Slack:
    """Says of every conversation what it was told to."""

    def __init__(self, info: object) -> None:
        self.info = info
        self.asked = 0

    def conversations_info(self, *, channel: str) -> Any:
        self.asked += 1
        if isinstance(self.info, Exception):
            raise self.info
        return {"ok": True, "channel": self.info}


def test_the_kind_is_asked_for_once_a_minute() -> None:
    slack, now = Slack({"is_im": True}), [0.0]
    kinds = PlaceKinds(slack, lambda: now[0])
    assert kinds.of("D1") == kinds.of("D1") == "dm"
    slack.info = {"is_channel": True, "is_private": False, "is_ext_shared": True}
    now[0] += KINDS_BELIEVED_S
    assert kinds.of("D1") == "external"
    assert slack.asked == 2


@pytest.mark.parametrize("said", [RuntimeError("500"), None, "C1", ["C1"]])
def test_what_slack_does_not_say_is_external_and_asked_for_again(said: object) -> None:
    slack = Slack(said)
    kinds = PlaceKinds(slack)
    assert kinds.of("C1") == "external"
    slack.info = {"is_channel": True, "is_private": False}
    if isinstance(said, Exception):
        assert kinds.of("C1") == "public"
