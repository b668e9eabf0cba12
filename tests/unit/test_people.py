"""Who has logged in, who is shut out, and which role a person has."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from databases import open_database
from sqlalchemy import select, update

from app.authorization import role_of
from app.bootstrap import web_caller
from app.cli import main
from app.people import People, shown_name
from core.answers import Caller
from core.errors import AccessDenied, ConfigError, NotFound, UsageError
from core.settings import load_settings
from index.database import writing
from index.schema import audit, people

pytestmark = pytest.mark.usefixtures("each_database")

ADMIN = Caller("boss@example.org", frozenset(), role="admin")
REVIEWER = Caller("rita@example.org", frozenset(), role="reviewer")
ANN = "ann@example.org"


@pytest.fixture
def known(data_dir: Path) -> People:
    return People(open_database(data_dir), data_dir)


def audited(data_dir: Path) -> list[tuple[str, str, str]]:
    query = select(audit.c.actor, audit.c.action, audit.c.object).order_by(audit.c.audit_id)
    with open_database(data_dir).connect() as connection:
        return [tuple(row) for row in connection.execute(query)]


def test_a_first_login_makes_a_row_with_name_and_groups(known: People) -> None:
    assert known.check_in(ANN, "Ann", ("hr", "sales"))
    (person,) = known.list(ADMIN)
    assert (person.email, person.name, person.groups) == (ANN, "Ann", ("hr", "sales"))
    assert person.is_active
    assert person.first_seen == person.last_seen


def test_a_later_login_brings_new_groups_and_keeps_the_first_time(known: People) -> None:
    known.check_in(ANN, "Ann", ("hr",))
    (before,) = known.list(ADMIN)
    known.check_in(ANN, "Ann Lee", ("it",))
    (after,) = known.list(ADMIN)
    assert (after.name, after.groups, after.first_seen) == ("Ann Lee", ("it",), before.first_seen)


def test_runs_within_a_minute_write_once(known: People, data_dir: Path) -> None:
    known.check_in(ANN, "Ann", ())
    (before,) = known.list(ADMIN)
    known.check_in(ANN, "Ann", ())
    assert known.list(ADMIN) == [before]
    with writing(open_database(data_dir)) as connection:
        connection.execute(update(people).values(last_seen="2026-01-01T00:00:00.000+00:00"))
    known.check_in(ANN, "Ann", ())
    (after,) = known.list(ADMIN)
    assert after.last_seen >= before.last_seen


def test_whoever_is_deactivated_may_not_come_in_until_activated(
    known: People, data_dir: Path
) -> None:
    known.check_in(ANN, "Ann", ())
    assert not known.deactivate(ADMIN, " ANN@example.org ").is_active
    assert not known.is_active(ANN)
    assert not known.check_in(ANN, "Ann", ("new",))
    assert known.list(ADMIN)[0].groups == ()
    assert known.activate(ADMIN, ANN).is_active
    assert known.check_in(ANN, "Ann", ())
    assert audited(data_dir) == [
        ("boss@example.org", "person_deactivated", ANN),
        ("boss@example.org", "person_activated", ANN),
    ]


def test_what_changes_nothing_is_not_audited(known: People, data_dir: Path) -> None:
    known.check_in(ANN, "Ann", ())
    known.activate(ADMIN, ANN)
    known.deactivate(ADMIN, ANN)
    known.deactivate(ADMIN, ANN)
    assert len(audited(data_dir)) == 1


def test_nobody_deactivates_themself(known: People) -> None:
    known.check_in(ADMIN.name, "Bea", ())
    with pytest.raises(UsageError, match="yourself"):
        known.deactivate(ADMIN, "BOSS@example.org")
    assert known.is_active(ADMIN.name)


def test_who_never_came_cannot_be_deactivated(known: People) -> None:
    with pytest.raises(NotFound, match=r"'ann@example.org'"):
        known.deactivate(ADMIN, ANN)


@pytest.mark.parametrize("caller", [REVIEWER, Caller(ANN, frozenset())])
def test_only_admins_see_and_change_people(known: People, caller: Caller) -> None:
    known.check_in("ben@example.org", "Ben", ())
    for change in (known.deactivate, known.activate):
        with pytest.raises(AccessDenied):
            change(caller, "ben@example.org")
    with pytest.raises(AccessDenied):
        known.list(caller)
    assert known.is_active("ben@example.org")


def test_a_login_that_was_ended_counts_no_more(known: People) -> None:
    known.end_login(ANN, 1000.0)
    assert known.has_ended(ANN, 1000.0)
    assert not known.has_ended(ANN, 1001.0)


def test_guests_are_shown_as_guests() -> None:
    assert shown_name("visitor:0123456789abcdef") == "Guest"
    assert shown_name(ANN) == ANN


def test_the_highest_role_that_a_principal_is_listed_for_counts() -> None:
    assert role_of({"user:a@x.org", "group:it"}, ["group:it"], ["user:a@x.org"]) == "admin"
    assert role_of({"user:a@x.org", "group:hr"}, ["group:it"], ["user:a@x.org"]) == "reviewer"
    assert role_of({"user:a@x.org", "group:it"}, ["user:b@x.org"], ["group:itx"]) == "reader"


def test_roles_come_from_settings_claims_and_the_groups_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    groups = tmp_path / "groups.yaml"
    groups.write_text("rita@example.org: [quality]\n")
    monkeypatch.setenv("FOOTNOTE_ROLES__ADMINS", '["user:BOSS@example.org", "group:it"]')
    monkeypatch.setenv("FOOTNOTE_ROLES__REVIEWERS", '["group:quality"]')
    settings = load_settings(groups_file=groups)
    assert web_caller(settings, "boss@example.org").role == "admin"
    assert web_caller(settings, ANN, ["it"]).role == "admin"
    assert web_caller(settings, "Rita@example.org").role == "reviewer"
    assert web_caller(settings, ANN, ["itx"]).role == "reader"
    assert not web_caller(settings, ANN, ["it"]).is_admin


def test_a_role_for_what_is_no_principal_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_ROLES__ADMINS", '["it"]')
    with pytest.raises(ConfigError, match=r"FOOTNOTE_ROLES__ADMINS.*'it' is not a principal"):
        load_settings()


def test_commands_list_deactivate_and_activate(known: People) -> None:
    known.check_in(ANN, "Ann", ("hr",))
    run = CliRunner()
    (listed,) = json.loads(run.invoke(main, ["people", "list", "--json"]).stdout)
    assert (listed["email"], listed["groups"], listed["is_active"]) == (ANN, ["hr"], True)
    changed = run.invoke(main, ["people", "deactivate", ANN, "--json"])
    assert json.loads(changed.stdout)["is_active"] is False
    assert not known.is_active(ANN)
    assert "deactivated" in run.invoke(main, ["people", "list"]).stdout
    assert run.invoke(main, ["people", "activate", ANN]).stdout == f"{ANN} is active.\n"
    missing = run.invoke(main, ["people", "activate", "nobody@example.org"])
    assert (missing.exit_code, "never" in missing.stderr or "ever" in missing.stderr) == (2, True)


def test_a_command_for_one_person_has_that_persons_role(
    known: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    known.check_in(ANN, "Ann", ())
    monkeypatch.setenv("FOOTNOTE_CLI_USER", "ben@example.org")
    done = CliRunner().invoke(main, ["people", "deactivate", ANN])
    assert (done.exit_code, known.is_active(ANN)) == (2, True)
