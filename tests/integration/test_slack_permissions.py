"""Who gets what where: every place, every kind of person, every kind of document, with a canary in each document."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_harness import write_files
from slack_in_process import RunningBot, ingested, running_bot, slack_settings
from slack_server import TEAM, SlackServer, slack_server

from app.bootstrap import open_application
from app.people import People
from core.answers import Caller

OWNER = "olivia@example.org"
OTHER_TEAM = "T9OTHER"
ADMIN = Caller("boss@example.org", frozenset(), role="admin")

# In the name, the title, the heading and the words of its document, and nowhere else.
CANARIES = {"public": "plumcanary", "group": "garnetcanary", "private": "pearlcanary"}
QUESTIONS = {
    "public": "What is the budget of the Merganser project?",
    "group": "What is the budget of the Kestrel project?",
    "private": "What is the budget of the Bittern project?",
}
_SUBJECT = {"public": "Merganser", "group": "Kestrel", "private": "Bittern"}
DOCUMENTS = {
    f"{kind}/{canary}.md": (
        f"# {canary} papers\n\n## Budget of the {_SUBJECT[kind]} project ({canary})\n\n"
        f"The budget of the {_SUBJECT[kind]} project is 4711 euros, booked under {canary}.\n"
    )
    for kind, canary in CANARIES.items()
}

PLACES = {
    "dm": None,
    "mpim": "G0MPIM",
    "private": "C0PRIVATE",
    "public": "C0PUBLIC",
    "external": "C0SHARED",
    "slash": "C0PUBLIC",
    "shortcut": "C0PUBLIC",
}
ALONE = ("dm", "slash", "shortcut")
PEOPLE: dict[str, dict[str, Any]] = {
    "owner": {"user": "U0OWNER", "email": OWNER},
    "owner in capitals": {"user": "U0CASE", "email": "Olivia@EXAMPLE.org"},
    "member": {"user": "U0MEMBER", "email": "milan@example.org"},
    "guest": {"user": "U0GUEST", "email": OWNER, "is_restricted": True},
    "external": {"user": "U0EXTERN", "email": OWNER, "team": OTHER_TEAM},
    "deactivated": {"user": "U0GONE", "email": "gone@example.org"},
    "no email": {"user": "U0NOMAIL", "email": ""},
    "unconfirmed": {"user": "U0UNSURE", "email": OWNER, "is_email_confirmed": False},
    "owner with a plus": {"user": "U0PLUS", "email": "olivia+x@example.org"},
}
OWNERS = ("owner", "owner in capitals")
SHUT_OUT = ("deactivated", "no email", "unconfirmed")


def may_be_shown(place: str, person: str, document: str) -> bool:
    """Return what the rules say, in other words than the code."""
    if person in SHUT_OUT:
        return False
    return document == "public" or (place in ALONE and person in OWNERS)


@pytest.fixture(scope="module")
def slack() -> Iterator[SlackServer]:
    with slack_server() as server:
        for facts in PEOPLE.values():
            server.add_person(**facts)
        server.add_channel("G0MPIM", "mpim")
        server.add_channel("C0PRIVATE", "private")
        server.add_channel("C0PUBLIC", "public")
        server.add_channel("C0SHARED", "external")
        yield server


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, model_cache: Path) -> tuple[Path, Path]:
    """The data folder and the groups file."""
    root = tmp_path_factory.mktemp("slack-rights")
    rules = {
        "group/.footnote.yaml": "access: [group:hr]\n",
        "private/.footnote.yaml": f"access: ['user:{OWNER}']\n",
    }
    folder = write_files(root / "docs", {**DOCUMENTS, **rules})
    groups = root / "groups.yaml"
    groups.write_text(f"{OWNER}: [hr]\n")
    return ingested(folder, root / "data", model_cache), groups


@pytest.fixture(scope="module")
def bot(slack: SlackServer, base: tuple[Path, Path], model_cache: Path) -> Iterator[RunningBot]:
    data_dir, groups = base
    settings = slack_settings(data_dir, model_cache, slack, groups)
    application = open_application(settings, "slack")
    people = People(application.service.catalogue.engine, data_dir)
    people.check_in("gone@example.org", "Gone", ("hr",))
    people.deactivate(ADMIN, "gone@example.org")
    with running_bot(settings, slack, application) as running:
        yield running


def ask(slack: SlackServer, bot: RunningBot, place: str, person: str, question: str) -> list[str]:
    """Ask, and return the bodies of everything that left the bot until the question ended."""
    before = len(slack.calls)
    user, channel = PEOPLE[person]["user"], PLACES[place]
    said = ""
    if place == "dm":
        slack.direct(user, question)
    elif place == "slash":
        said = slack.command(user, str(channel), question).body
    elif place == "shortcut":
        asked = slack.event("message", "U0MEMBER", str(channel), question, channel_type="channel")
        slack.shortcut(user, "ask_about_this", str(channel), asked.ts)
    else:
        team = PEOPLE[person].get("team", TEAM)
        slack.mention(user, str(channel), question, user_team=team, team=team)
    bot.settle()
    return [said, *(json.dumps(call.body) for call in slack.calls[before:])]


@pytest.mark.parametrize("person", PEOPLE)
@pytest.mark.parametrize("place", PLACES)
def test_no_word_of_a_document_leaves_for_a_place_that_may_not_read_it(
    slack: SlackServer, bot: RunningBot, place: str, person: str
) -> None:
    for document, question in QUESTIONS.items():
        sent = "\n".join(ask(slack, bot, place, person, question)).lower()
        shown = {kind for kind, canary in CANARIES.items() if canary in sent}
        allowed = {kind for kind in CANARIES if may_be_shown(place, person, kind)}
        assert shown <= allowed, f"{place}, {person}: {shown - allowed} left the bot"
        if may_be_shown(place, person, document):
            assert document in shown, f"{place}, {person}: nothing was answered: {sent[:2000]}"


@pytest.mark.parametrize("place", ["mpim", "private", "public", "external"])
def test_only_who_may_read_more_is_told_so_and_alone(
    slack: SlackServer, bot: RunningBot, place: str
) -> None:
    hint = "more in a direct message"
    mine = ask(slack, bot, place, "owner", QUESTIONS["group"])
    aside = [call for call in slack.methods("chat.postEphemeral") if hint in call.body["text"]]
    assert [line for line in mine if hint in line], "the owner is told"
    assert {call.body["user"] for call in aside} <= {"U0OWNER", "U0CASE"}
    for person in ("member", "guest", "external", "owner with a plus"):
        others = ask(slack, bot, place, person, QUESTIONS["group"])
        assert not [line for line in others if hint in line], person
    assert not [
        line for line in ask(slack, bot, place, "owner", QUESTIONS["public"]) if hint in line
    ]


def test_people_without_rights_are_told_why_where_nobody_else_reads_it(
    slack: SlackServer, bot: RunningBot
) -> None:
    before = len(slack.calls)
    ask(slack, bot, "public", "deactivated", QUESTIONS["public"])
    said = [call for call in slack.calls[before:] if call.method.startswith("chat.")]
    assert [call.method for call in said] == ["chat.postEphemeral"]
    assert said[0].body["user"] == "U0GONE"
    assert "Your access to Footnote was ended" in said[0].body["text"]
