"""Who a Slack account is: over real HTTP to the scripted Slack, with real people and groups."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_server import BOT_TOKEN, TEAM, SlackServer, slack_server
from sqlalchemy import update

from app.account_links import AccountLinks, SlackAccount
from app.bootstrap import web_caller
from app.people import People
from app.slack.identity import Identities, normal_email
from app.slack.places import Asker
from core.answers import Caller
from core.settings import Settings, load_settings
from index.database import open_database, writing
from index.schema import people

ADMIN = Caller("boss@example.org", frozenset(), role="admin")
ANN = "ann@example.org"


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Bot:
    """The identities of one data folder over a scripted Slack."""

    def __init__(self, slack: SlackServer, data_dir: Path, groups: Path) -> None:
        self.slack = slack
        self.data_dir = data_dir
        self.groups = groups
        self.engine = open_database(data_dir)
        self.people = People(self.engine, data_dir)
        self.clock = Clock()
        self.moment = datetime.now(UTC)

    def settings(self, **slack: Any) -> Settings:
        return load_settings(data_dir=self.data_dir, groups_file=self.groups, slack=slack)

    def identities(self, **slack: Any) -> Identities:
        client = WebClient(token=BOT_TOKEN, base_url=self.slack.url, timeout=5)
        return Identities(
            client,
            self.engine,
            self.data_dir,
            self.settings(**slack),
            self.clock,
            lambda: self.moment,
        )

    def asked(self) -> int:
        return len(self.slack.methods("users.info"))


@pytest.fixture(scope="module")
def workspace() -> Iterator[SlackServer]:
    with slack_server() as slack:
        yield slack


@pytest.fixture
def bot(workspace: SlackServer, data_dir: Path, tmp_path: Path) -> Bot:
    groups = tmp_path / "groups.yaml"
    groups.write_text(f"{ANN}: [hr]\n")
    workspace.people.clear()
    workspace.calls.clear()
    workspace._scripts.clear()
    workspace.add_person("U1", ANN, name="Ann")
    return Bot(workspace, data_dir, groups)


def refused(asker: Asker) -> bool:
    """Whether somebody has no rights at all and is told a sentence."""
    return (
        asker.standing == "refused"
        and asker.caller.principals == frozenset()
        and asker.refusal.endswith(".")
        and not asker.caller.is_admin
    )


def test_a_member_is_the_person_of_the_confirmed_email_with_the_groups_of_the_file(
    bot: Bot,
) -> None:
    asker = bot.identities().of("U1", TEAM)
    assert asker.standing == "member"
    assert asker.caller == web_caller(bot.settings(), ANN)
    assert asker.caller.principals == {"everyone", "group:hr", f"user:{ANN}"}


def test_the_identity_providers_groups_of_the_last_visit_count_for_thirty_days(bot: Bot) -> None:
    bot.people.check_in(ANN, "Ann", ("it",))
    identities = bot.identities()
    assert "group:it" in identities.of("U1", TEAM).caller.principals
    bot.moment += timedelta(days=31)
    assert "group:it" not in identities.of("U1", TEAM).caller.principals
    assert "group:hr" in identities.of("U1", TEAM).caller.principals


@pytest.mark.parametrize("case", ["Ann@Example.ORG", " ann@example.org "])
def test_case_and_blanks_do_not_make_another_person(bot: Bot, case: str) -> None:
    bot.slack.add_person("U2", case)
    assert bot.identities().of("U2", TEAM).caller.name == ANN


def test_an_address_with_a_plus_is_not_the_one_without(bot: Bot) -> None:
    bot.slack.add_person("U2", "ann+x@example.org")
    asker = bot.identities().of("U2", TEAM)
    assert asker.caller.name == "ann+x@example.org"
    assert asker.caller.principals == {"everyone", "user:ann+x@example.org"}


@pytest.mark.parametrize(
    "lookalike",
    [
        "ann@exampſe.org",
        "aнn@example.org",
        "ann@example.org@evil.example",
        "ann@example.org\n",
        "ann@example.org, eve@evil.example",
        "ANN@eхample.org",
        "ann＠example.org",
        "ann@",
        "@example.org",
        "ann",
        "a nn@example.org",
    ],
)
def test_a_lookalike_of_an_address_is_never_its_owner(bot: Bot, lookalike: str) -> None:
    bot.slack.add_person("U2", lookalike)
    asker = bot.identities().of("U2", TEAM)
    if lookalike.strip() == ANN:
        assert asker.caller.name == ANN
    else:
        assert refused(asker)


def test_letters_that_fold_to_ascii_make_nobody_else() -> None:
    assert normal_email("ſam@example.org") is None  # casefold() makes it sam@example.org
    assert normal_email("\u212aim@example.org") is None  # the Kelvin sign folds to k


@pytest.mark.parametrize(
    "facts",
    [
        {"deleted": True},
        {"is_bot": True},
        {"is_email_confirmed": False},
        {"email": ""},
    ],
    ids=["deleted", "bot", "unconfirmed", "no email"],
)
def test_an_account_that_says_not_who_it_is_gets_nothing(bot: Bot, facts: dict[str, Any]) -> None:
    bot.slack.add_person("U2", **{"email": "ben@example.org", **facts})
    assert refused(bot.identities().of("U2", TEAM))


def test_an_unknown_account_and_slackbot_get_nothing(bot: Bot) -> None:
    bot.slack.add_person("USLACKBOT", "slackbot@example.org")
    assert refused(bot.identities().of("U404", TEAM))
    assert refused(bot.identities().of("USLACKBOT", TEAM))


@pytest.mark.parametrize("mark", ["deleted", "is_bot", "is_restricted", "is_email_confirmed"])
def test_a_mark_that_slack_leaves_out_is_taken_as_the_one_that_gives_less(
    bot: Bot, mark: str
) -> None:
    user = bot.slack.people["U1"].as_slack()
    del user[mark]
    bot.slack.script("users.info", body={"ok": True, "user": user})
    asker = bot.identities().of("U1", TEAM)
    assert asker.caller.principals <= {"everyone"}


def test_slack_telling_of_somebody_else_gives_nothing(bot: Bot) -> None:
    bot.slack.add_person("U2", "eve@example.org")
    bot.slack.script("users.info", body={"ok": True, "user": bot.slack.people["U1"].as_slack()})
    assert refused(bot.identities().of("U2", TEAM))


def test_a_deactivated_person_is_shut_out_at_once_also_with_a_plus_in_the_address(bot: Bot) -> None:
    bot.people.check_in(ANN, "Ann", ())
    bot.slack.add_person("U2", "ann+again@example.org")
    identities = bot.identities()
    assert not refused(identities.of("U1", TEAM))
    bot.people.deactivate(ADMIN, ANN)
    assert refused(identities.of("U1", TEAM))
    assert refused(identities.of("U2", TEAM))
    bot.people.activate(ADMIN, ANN)
    assert identities.of("U1", TEAM).caller.name == ANN


def test_only_addresses_of_the_listed_domains_count(bot: Bot) -> None:
    bot.slack.add_person("U2", "ben@sub.example.org")
    bot.slack.add_person("U3", "ben@evilexample.org")
    identities = bot.identities(email_domains=("@Example.org",))
    assert identities.of("U1", TEAM).standing == "member"
    assert refused(identities.of("U2", TEAM))
    assert refused(identities.of("U3", TEAM))


@pytest.mark.parametrize("mark", ["is_restricted", "is_ultra_restricted"])
def test_a_guest_reads_what_everyone_may_and_is_nobody_by_the_address(bot: Bot, mark: str) -> None:
    bot.slack.add_person("U2", ANN, **{mark: True})
    asker = bot.identities().of("U2", TEAM)
    assert (asker.standing, asker.caller.principals) == ("guest", {"everyone"})
    assert ANN not in asker.caller.name
    assert refused(bot.identities(guests="refuse").of("U2", TEAM))


@pytest.mark.parametrize("facts", [{"team": "T9OTHER"}, {"is_stranger": True}])
def test_people_of_other_companies_are_nobody_by_their_address(
    bot: Bot, facts: dict[str, Any]
) -> None:
    bot.slack.add_person("U2", ANN, **facts)
    asker = bot.identities().of("U2", facts.get("team", TEAM))
    assert (asker.standing, asker.caller.principals) == ("external", {"everyone"})
    assert ANN not in asker.caller.name
    assert refused(bot.identities(guests="refuse").of("U2", TEAM))


def test_an_event_that_names_another_workspace_makes_a_member_external(bot: Bot) -> None:
    asker = bot.identities().of("U1", "T9OTHER")
    assert (asker.standing, asker.caller.principals) == ("external", {"everyone"})


def test_a_deactivated_guest_gets_nothing(bot: Bot) -> None:
    bot.people.check_in("guest@example.org", "Guest", ())
    bot.people.deactivate(ADMIN, "guest@example.org")
    bot.slack.add_person("U2", "guest@example.org", is_restricted=True)
    assert refused(bot.identities().of("U2", TEAM))


def test_what_slack_says_is_believed_for_the_set_time_and_no_longer(bot: Bot) -> None:
    identities = bot.identities(identity_seconds=300)
    identities.of("U1", TEAM)
    bot.clock.now += 299
    identities.of("U1", TEAM)
    assert bot.asked() == 1
    bot.slack.people["U1"].deleted = True
    bot.clock.now += 1
    assert refused(identities.of("U1", TEAM))
    assert bot.asked() == 2


def test_with_zero_seconds_slack_is_asked_each_time(bot: Bot) -> None:
    identities = bot.identities(identity_seconds=0)
    identities.of("U1", TEAM)
    identities.of("U1", TEAM)
    assert bot.asked() == 2


@pytest.mark.parametrize(
    "reply",
    [
        {"status": 500, "body": {}},
        {"drop": True},
        {"body": {"ok": False, "error": "missing_scope"}},
        {"body": {"ok": True}},
        {"body": {"ok": True, "user": "U1"}},
    ],
    ids=["500", "dropped", "missing scope", "no user", "no object"],
)
def test_an_error_refuses_and_is_not_remembered(bot: Bot, reply: dict[str, Any]) -> None:
    bot.slack.script("users.info", times=3, **reply)
    identities = bot.identities()
    assert refused(identities.of("U1", TEAM))
    bot.slack._scripts.clear()
    assert identities.of("U1", TEAM).standing == "member"


def test_an_error_after_the_time_does_not_fall_back_to_what_was_known(bot: Bot) -> None:
    identities = bot.identities(identity_seconds=10)
    assert identities.of("U1", TEAM).standing == "member"
    bot.clock.now += 10
    bot.slack.script("users.info", status=500, body={})
    assert refused(identities.of("U1", TEAM))


def test_a_groups_file_that_cannot_be_read_lets_nobody_in(bot: Bot) -> None:
    identities = bot.identities()
    bot.groups.write_text("[not: what, it: should be")
    assert refused(identities.of("U1", TEAM))


def test_a_group_that_is_taken_away_is_gone_with_the_next_question(bot: Bot) -> None:
    identities = bot.identities()
    assert "group:hr" in identities.of("U1", TEAM).caller.principals
    bot.groups.write_text("{}\n")
    assert "group:hr" not in identities.of("U1", TEAM).caller.principals


def test_with_codes_an_account_is_nobody_until_it_is_linked_to_a_login(bot: Bot) -> None:
    identities = bot.identities(link_by="code")
    before = identities.of("U1", TEAM)
    assert refused(before)
    assert before.can_link
    links = AccountLinks(bot.engine, bot.data_dir)
    ben = Caller("ben@example.org", frozenset())
    links.link(links.offer(SlackAccount(TEAM, "U1")), ben)
    assert identities.of("U1", TEAM).caller.name == "ben@example.org"
    bot.slack.people["U1"].deleted = True
    assert refused(bot.identities(link_by="code").of("U1", TEAM))


def test_a_link_that_was_made_counts_only_where_codes_are_asked_for(bot: Bot) -> None:
    links = AccountLinks(bot.engine, bot.data_dir)
    links.link(links.offer(SlackAccount(TEAM, "U1")), Caller("ben@example.org", frozenset()))
    assert bot.identities().of("U1", TEAM).caller.name == ANN


def test_a_damaged_row_of_people_refuses(bot: Bot) -> None:
    bot.people.check_in(ANN, "Ann", ("it",))
    with writing(bot.engine) as connection:
        connection.execute(update(people).values(groups="not json"))
    assert refused(bot.identities().of("U1", TEAM))
