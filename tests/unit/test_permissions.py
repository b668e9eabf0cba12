"""Who may read what: one principal in common is needed, and whatever is missing denies."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.answers import Caller
from core.errors import ConfigError
from index.permissions import (
    GroupsFile,
    administrator,
    caller_for,
    caller_named,
    explain,
    may_read,
)

PRINCIPALS = st.sampled_from(
    ["everyone", "group:hr", "group:it", "user:ann@x.org", "user:bo@x.org"]
)
ACCESS = st.lists(PRINCIPALS, max_size=4)
CALLERS = st.builds(
    Caller, st.sampled_from(["ann@x.org", "bo@x.org"]), st.frozensets(PRINCIPALS), st.booleans()
)


@given(CALLERS, ACCESS)
def test_may_read_means_one_principal_in_common_or_the_administrator(
    caller: Caller, access: list[str]
) -> None:
    shared = [name for name in access for held in caller.principals if name == held]
    assert may_read(caller, access) == (bool(shared) or caller.is_admin)


@given(CALLERS, ACCESS)
def test_the_explanation_agrees_with_the_decision(caller: Caller, access: list[str]) -> None:
    sentence = explain(caller, access)
    allowed = "which the document lists" in sentence or "reads everything" in sentence
    assert allowed == may_read(caller, access)
    assert sentence.endswith(".")


def test_an_empty_access_list_denies() -> None:
    caller = caller_named("ann@x.org", ["hr"])
    assert not may_read(caller, [])
    assert "a missing rule denies" in explain(caller, [])


def test_a_caller_without_principals_reads_nothing() -> None:
    assert not may_read(Caller("nobody", frozenset()), ["everyone", "group:hr"])


def test_the_administrator_reads_what_lists_nobody() -> None:
    assert may_read(administrator(), [])


def test_a_principal_is_never_matched_by_a_part_of_its_name() -> None:
    caller = caller_named("ann@x.org", ["hr"])
    assert not may_read(caller, ["group:hr-leads", "user:ann@x.org.evil", "group:h", "hr"])


def test_a_named_caller_is_everyone_their_groups_and_themselves() -> None:
    caller = caller_named(" Ann@X.org ", ["hr"])
    assert caller.name == "ann@x.org"
    assert caller.principals == {"everyone", "group:hr", "user:ann@x.org"}
    assert not caller.is_admin


def test_nobody_by_name_has_only_what_everyone_has() -> None:
    caller = caller_named("", [])
    assert caller == Caller("Anonymous", frozenset({"everyone"}))


def test_somebody_who_calls_themselves_admin_is_not_the_administrator() -> None:
    assert not caller_named("admin", []).is_admin


@pytest.mark.parametrize(
    ("as_user", "cli_user", "name", "is_admin"),
    [
        (None, "", "Administrator", True),
        (None, "Bo@x.org", "bo@x.org", False),
        ("ann@x.org", "bo@x.org", "ann@x.org", False),
        ("", "", "Anonymous", False),
        ("", "bo@x.org", "Anonymous", False),
    ],
)
def test_who_a_command_acts_for(
    as_user: str | None, cli_user: str, name: str, is_admin: bool
) -> None:
    caller = caller_for(as_user, cli_user, GroupsFile(None))
    assert (caller.name, caller.is_admin) == (name, is_admin)


@pytest.fixture
def groups_path(tmp_path: Path) -> Path:
    path = tmp_path / "groups.yaml"
    path.write_text("Ann@X.org: [hr, 'group:leads']\n", encoding="utf-8")
    return path


def test_groups_are_found_whatever_the_case_of_the_email(groups_path: Path) -> None:
    groups = GroupsFile(groups_path)
    assert groups.groups_of(" ANN@x.ORG ") == ("hr", "leads")
    assert groups.groups_of("bo@x.org") == ()


def test_without_a_groups_file_nobody_has_groups() -> None:
    assert GroupsFile(None).groups_of("ann@x.org") == ()


def test_an_empty_groups_file_gives_nobody_a_group(groups_path: Path) -> None:
    groups_path.write_text("", encoding="utf-8")
    assert GroupsFile(groups_path).groups_of("ann@x.org") == ()


def test_a_changed_groups_file_counts_at_once(groups_path: Path) -> None:
    groups = GroupsFile(groups_path)
    groups.groups_of("ann@x.org")
    groups_path.write_text("ann@x.org: [it]\n", encoding="utf-8")
    os.utime(groups_path, ns=(1, 1))
    assert groups.groups_of("ann@x.org") == ("it",)


@pytest.mark.parametrize(
    "content",
    [
        "- hr",
        "ann@x.org: hr",
        "ann@x.org: [1]",
        "ann@x.org: {hr: yes}",
        "a: [",
        "\ud800",
        "just words",
    ],
)
def test_a_malformed_groups_file_lets_nobody_in(content: str, groups_path: Path) -> None:
    groups_path.write_bytes(content.encode("utf-8", "surrogatepass"))
    with pytest.raises(ConfigError, match=r"groups\.yaml"):
        GroupsFile(groups_path).groups_of("ann@x.org")


def test_a_groups_file_that_became_malformed_is_not_answered_from_memory(groups_path: Path) -> None:
    groups = GroupsFile(groups_path)
    assert groups.groups_of("ann@x.org")
    groups_path.write_text("- broken", encoding="utf-8")
    for _ in range(2):
        with pytest.raises(ConfigError):
            groups.groups_of("ann@x.org")


def test_a_missing_groups_file_lets_nobody_in(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nothing\.yaml.*cannot be read"):
        GroupsFile(tmp_path / "nothing.yaml").groups_of("ann@x.org")
