"""One-time addresses that link a Slack account to a login."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from databases import open_database
from filled_tables import rows_of
from sqlalchemy import select

from app.account_links import AccountLinks, SlackAccount
from app.slack.linking import Linking, has_address
from app.slack.places import Asker
from core.answers import Caller
from core.errors import AccessDenied, NotFound
from index.permissions import administrator
from index.schema import audit, slack_people

pytestmark = pytest.mark.usefixtures("each_database")

ANN = Caller("ann@example.org", frozenset({"everyone"}))
EVE = Caller("eve@example.org", frozenset({"everyone"}))
ACCOUNT = SlackAccount("T1", "U1")


class Moment:
    def __init__(self) -> None:
        self.now = datetime(2026, 3, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def moment() -> Moment:
    return Moment()


@pytest.fixture
def links(data_dir: Path, moment: Moment) -> AccountLinks:
    return AccountLinks(open_database(data_dir), data_dir, moment)


def linked(data_dir: Path) -> list[tuple[str, str, str]]:
    columns = slack_people.c
    with open_database(data_dir).connect() as connection:
        rows = connection.execute(select(columns.team, columns.slack_user, columns.email))
        return [tuple(row) for row in rows]


def test_a_code_links_its_account_to_the_login_that_opens_it_and_notes_it(
    links: AccountLinks, data_dir: Path
) -> None:
    code = links.offer(ACCOUNT)
    assert links.pending(code) == ACCOUNT
    assert linked(data_dir) == []
    assert links.link(code, ANN) == ACCOUNT
    assert linked(data_dir) == [("T1", "U1", "ann@example.org")]
    with open_database(data_dir).connect() as connection:
        (row,) = connection.execute(select(audit.c.actor, audit.c.action, audit.c.object))
    assert tuple(row) == ("ann@example.org", "slack_linked", "T1/U1")


def test_a_code_works_once(links: AccountLinks, data_dir: Path) -> None:
    code = links.offer(ACCOUNT)
    links.link(code, ANN)
    for again in (lambda: links.link(code, EVE), lambda: links.pending(code)):
        with pytest.raises(NotFound):
            again()
    assert linked(data_dir) == [("T1", "U1", "ann@example.org")]


def test_a_code_is_over_after_fifteen_minutes(links: AccountLinks, moment: Moment) -> None:
    code = links.offer(ACCOUNT)
    moment.now += timedelta(minutes=15) - timedelta(milliseconds=1)
    assert links.pending(code) == ACCOUNT
    moment.now += timedelta(milliseconds=1)
    with pytest.raises(NotFound):
        links.link(code, ANN)


def test_a_new_code_takes_the_place_of_the_one_before(links: AccountLinks) -> None:
    before, other = links.offer(ACCOUNT), links.offer(SlackAccount("T1", "U2"))
    after = links.offer(ACCOUNT)
    with pytest.raises(NotFound):
        links.pending(before)
    assert links.pending(after) == ACCOUNT
    assert links.pending(other).slack_user == "U2"


def test_what_is_stored_does_not_give_the_code_away(links: AccountLinks, data_dir: Path) -> None:
    code = links.offer(ACCOUNT)
    engine = open_database(data_dir)
    stored = repr(rows_of(engine))
    assert "U1" in stored
    assert code not in stored
    files = [path for path in data_dir.rglob("*") if path.is_file()]
    assert files or engine.dialect.name != "sqlite"
    assert not any(code.encode() in path.read_bytes() for path in files)


def test_of_many_who_open_an_address_at_once_one_is_linked(
    links: AccountLinks, data_dir: Path
) -> None:
    code = links.offer(ACCOUNT)
    people = [Caller(f"p{number}@example.org", frozenset()) for number in range(8)]

    def opened(person: Caller) -> str:
        try:
            links.link(code, person)
        except NotFound:
            return ""
        return person.name

    with ThreadPoolExecutor(len(people)) as pool:
        names = [name for name in pool.map(opened, people) if name]
    assert linked(data_dir) == [("T1", "U1", *names)]


@pytest.mark.parametrize("code", ["", "x", "' or 1=1 --", "a" * 43, "ä" * 43, "a" * 100_000])
def test_a_code_that_nobody_was_given_links_nothing(links: AccountLinks, code: str) -> None:
    links.offer(ACCOUNT)
    with pytest.raises(NotFound):
        links.link(code, ANN)


@pytest.mark.parametrize(
    "caller",
    [
        administrator(),
        Caller("Anonymous", frozenset({"everyone"})),
        Caller("visitor:1", frozenset()),
    ],
    ids=["administrator", "anonymous", "visitor"],
)
def test_an_account_is_linked_to_somebody_who_logged_in_only(
    links: AccountLinks, data_dir: Path, caller: Caller
) -> None:
    code = links.offer(ACCOUNT)
    with pytest.raises(AccessDenied):
        links.link(code, caller)
    assert linked(data_dir) == []
    assert links.pending(code) == ACCOUNT


def test_a_second_link_takes_the_place_of_the_first(links: AccountLinks, data_dir: Path) -> None:
    links.link(links.offer(ACCOUNT), EVE)
    links.link(links.offer(ACCOUNT), ANN)
    assert linked(data_dir) == [("T1", "U1", "ann@example.org")]


def test_who_can_link_is_told_the_address_and_who_cannot_is_not(links: AccountLinks) -> None:
    nobody = Caller("Anonymous", frozenset())
    linking = Linking(links, "https://footnote.example.org/app/")
    told = linking.refusal_for(Asker("U1", nobody, "refused", "Not yet.", can_link=True), "T1")
    address = told.rpartition(" ")[2]
    assert address.startswith("https://footnote.example.org/app/slack-link?code=")
    assert links.pending(address.partition("code=")[2]) == ACCOUNT
    assert linking.refusal_for(Asker("U1", nobody, "refused", "No."), "T1") == "No."
    nowhere = Linking(links, "").refusal_for(Asker("U1", nobody, "refused", "No.", True), "T1")
    assert "http" not in nowhere


@pytest.mark.parametrize(
    ("address", "is_one"),
    [
        ("https://footnote.example.org", True),
        ("http://localhost:8501/app", True),
        ("footnote.example.org", False),
        ("javascript:alert(1)", False),
        ("https://user:pass@footnote.example.org", False),
        ("https://footnote.example.org/?a=b", False),
        ("https://[", False),
        ("", False),
    ],
)
def test_an_address_of_a_web_application_has_a_scheme_and_a_host(
    address: str, is_one: bool
) -> None:
    assert has_address(address) is is_one
