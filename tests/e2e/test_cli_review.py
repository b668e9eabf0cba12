"""`footnote review` as a reviewer types it, over the sample company's documents."""

import json
from pathlib import Path

import pytest
from cli_harness import invoke, invoke_json, samples_base, writable_copy
from review_seed import Seeded, seed

pytestmark = pytest.mark.e2e

REVIEWER = "rev@x.org"


@pytest.fixture
def flags(model_cache: Path, data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Seeded:
    monkeypatch.setenv("FOOTNOTE_ROLES__REVIEWERS", json.dumps([f"user:{REVIEWER}"]))
    writable_copy(samples_base(model_cache), data_dir)
    return seed(data_dir)


def problem(*args: str) -> str:
    """Run a command that must fail; return its sentence."""
    result = invoke("review", *args)
    assert result.exit_code == 2, result.output
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    return result.stderr


def test_a_flag_goes_from_the_list_to_a_test_case(flags: Seeded) -> None:
    listed = invoke_json("review", "list", "--state", "open")
    assert listed["entries"][0]["feedback_id"] == flags.leave
    assert listed["counts"]["new"] == 5
    item = invoke_json("review", "show", flags.leave)
    assert item["flag"]["selected"] == "27 days of paid annual leave"
    assert "27 days of paid annual leave" in invoke("review", "show", flags.leave).stdout
    done = invoke_json("review", "correct", flags.leave, "--answer", "30 days.")
    assert (done["state"], done["review"]["labels"]["corrected_answer"]) == ("accepted", "30 days.")
    made = invoke_json("review", "promote", flags.leave)
    assert made["case"]["reference"] == "30 days."
    assert invoke_json("review", "promote", flags.leave)["case_id"] == made["case_id"]
    printed = invoke("review", "cases").stdout
    assert [json.loads(line) for line in printed.splitlines()] == [made["case"]]


def test_an_edited_case_is_stored_instead_of_the_suggested_one(
    flags: Seeded, tmp_path: Path
) -> None:
    draft = json.loads(invoke("review", "promote", flags.restore, "--draft").stdout)
    file = tmp_path / "case.jsonl"
    file.write_text(json.dumps(draft | {"must_match": ["(?i)backup"], "facts": []}))
    made = invoke_json("review", "promote", flags.restore, "--case", str(file))
    assert made["case"]["must_match"] == ["(?i)backup"]
    file.write_text(json.dumps(draft | {"must_match": ["(a+)+"]}))
    assert "repeats a group" in problem("promote", flags.parking, "--case", str(file))


def test_what_cannot_be_done_is_one_sentence(flags: Seeded) -> None:
    assert "no flag 'nothing'" in problem("show", "nothing")
    assert "no flag 'nothing'" in problem("accept", "nothing")
    assert "reads it" in problem("reject", flags.leave)
    assert "role 'reviewer'" in problem("list", "--as", "ada@x.org")
    assert "4 documents" in problem("show", flags.salary, "--as", REVIEWER)
    assert "no decision to take back" in problem("undo", flags.leave)


def test_what_is_decided_already_is_decided_anew_on_purpose_only(flags: Seeded) -> None:
    first = invoke_json("review", "accept", flags.restore, "--as", REVIEWER)
    assert first["state"] == "accepted"
    again = invoke_json("review", "accept", flags.restore, "--as", REVIEWER)
    assert again == first
    said = problem("reject", flags.restore, "--note", "It is complete.")
    assert f"{REVIEWER} has decided this flag already: it is accepted" in said
    changed = invoke_json(
        "review", "reject", flags.restore, "--note", "It is complete.", "--change"
    )
    assert changed["state"] == "rejected"
    assert invoke_json("review", "agreement")["flags"] == 1


def test_duplicates_and_undo(flags: Seeded) -> None:
    done = invoke_json("review", "duplicate", flags.leave_again, flags.leave)
    assert done["review"]["labels"]["dup_of"] == flags.leave
    assert invoke_json("review", "undo", flags.leave_again)["state"] == "new"


def test_a_reviewer_is_told_of_what_is_restricted_and_nothing_of_it(flags: Seeded) -> None:
    printed = invoke("review", "list", "--as", REVIEWER).stdout
    assert "restricted: needs somebody who may read 4 documents" in printed
    assert "salary" not in printed.casefold()
    assert "Band four" not in printed
    assert "salary" in invoke("review", "list").stdout.casefold()


def test_a_flag_is_triaged_fixed_and_its_document_reported(flags: Seeded) -> None:
    given = ("--priority", "low", "--assignee", REVIEWER, "--as", REVIEWER)
    assert invoke_json("review", "triage", flags.leave, *given)["state"] == "triaged"
    shown = invoke_json("review", "show", flags.leave, "--as", REVIEWER)
    assert (shown["state"], shown["suggestion"]["cause"]) == ("triaged", "source_wrong")
    assert "Suggested cause: source_wrong." in invoke("review", "show", flags.leave).stdout
    assert "decided anew" not in problem("fix", flags.leave)
    invoke_json("review", "accept", flags.leave, "--root-cause", "source_wrong")
    assert invoke_json("review", "causes")["agreed"] == 1.0
    assert invoke_json("review", "fix", flags.leave)["state"] == "fixed"
    (report, *_) = invoke_json("review", "owners")
    assert report["uri"].endswith(".md")
    assert "no evaluation run 'nope'" in problem("verify", flags.leave, "--run", "nope")
    closing = ("owners", "--close", report["feedback_id"], report["doc_id"])
    assert "note" in problem(*closing)
    left = invoke_json("review", *closing, "--note", "It says so now.")
    assert report not in left
    assert "nothing to count yet" in invoke("review", "audit", "figures").stdout
    assert "not over yet" in problem("audit", "draw", "--week", "2999-W01")


def test_a_source_is_flagged_by_its_marker(flags: Seeded) -> None:
    answer_id = invoke_json("review", "show", flags.leave)["answer"]["answer_id"]
    flag = ("feedback", "add", answer_id, "--verdict", "bad", "--category", "wrong_source")
    assert invoke(*flag, "--target", "citation", "--marker", "1").exit_code == 0
    rows = invoke_json("feedback", "list")
    assert ("citation", "1") in {(row["target"], row["target_ref"]) for row in rows}
    for wrong in (
        ("--target", "citation"),
        ("--marker", "1"),
        ("--target", "citation", "--marker", "77"),
    ):
        assert invoke(*flag, *wrong).exit_code == 2
