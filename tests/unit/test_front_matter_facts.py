"""What front matter says of a document is kept in short and plain form, whatever it is made of."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.metadata_names import KNOWN_NAMES
from index.version_facts import facts_of
from ingest.parsers.front_matter import read_front_matter


def facts(block: str) -> dict[str, str]:
    return dict(read_front_matter(f"---\n{block}\n---\n\n# Title\n").facts)


@pytest.mark.parametrize(
    ("block", "expected"),
    [
        ("owner: Ann", {"owner": "Ann"}),
        ("Last-Updated: 2023-05-01", {"Last-Updated": "2023-05-01"}),
        ("version: 2.10", {"version": "2.10"}),
        ("country: NO\ndraft: off\ndeprecated: true", {"country": "NO", "draft": "off", "deprecated": "true"}),
        ("supersedes: [Old plan, plan-2]", {"supersedes": "Old plan, plan-2"}),
        ("tags:\n  - a\n  - 3\n  -\n  - null\n  - b", {"tags": "a, 3, b"}),
        ("note: >-\n  two\n  lines", {"note": "two lines"}),
        ("2023: x", {"2023": "x"}),
        ("a: &x one\nb: *x", {"a": "one", "b": "one"}),
        ("a: 1\na: 2", {"a": "2"}),
        ("when: !!timestamp never\nis: !!bool maybe", {"when": "never", "is": "maybe"}),
        ("language: de-AT", {"language": "de-AT"}),
        ("modified: 2023-05-01 10:00:00 +0200", {"modified": "2023-05-01T10:00:00+02:00"}),
        ("modified: 2023-05-01 at noon", {"modified": "2023-05-01T00:00:00"}),
        ("x: pass\u200bword\u202e", {"x": "password"}),
        ("a:\nb: ~\nc: ''\nd: null\ne: []", {}),
        ("a: {b: c}\nd: [[e]]\nf: [{g: h}, i]\n? [j]\n: k", {}),
        ("a: &a [*a]\nb: &b {c: *b}", {}),
        ("access: [group:hr]\nAccess: everyone\n\"acc\\u200bess\": everyone", {}),
        ("language: JavaScript\nmodified: last week\nurl: https://elsewhere.example", {}),
        ("- a\n- b", {}),
        ("a: [", {}),
    ],
)  # fmt: skip
def test_plain_values_and_lists_of_them_are_kept_and_nothing_else(
    block: str, expected: dict[str, str]
) -> None:
    assert facts(block) == expected


def test_names_values_and_their_number_are_limited() -> None:
    assert facts(f"{'n' * 60}: a\n{'n' * 61}: b") == {"n" * 60: "a"}
    assert facts(f"a: {'v' * 301}") == {"a": "v" * 300}
    words = [f"word{number}" for number in range(200)]
    listed = facts(f"a: [{', '.join(words)}]")["a"]
    assert 290 <= len(listed) <= 300
    assert listed.split(", ") == words[: listed.count(",") + 1]
    assert list(facts("\n".join(f"a{number}: x" for number in range(50)))) == [
        f"a{number}" for number in range(40)
    ]


@pytest.mark.parametrize("name", sorted(KNOWN_NAMES - {"language"}))
def test_every_name_that_versions_are_told_by_is_kept(name: str) -> None:
    assert facts(f"{name}: said") == {name: "said"}


def test_what_front_matter_says_of_age_and_standing_is_read_back() -> None:
    said = facts("effective: 2024-02-01\nversion: v3\nsuperseded_by: leave-2025.md\nedition: Cloud")
    found = facts_of("d", "leave.md", "Leave", "", said)
    assert (str(found.effective), str(found.version)) == ("2024-02-01", "3")
    assert (found.status, found.superseded_by) == ("superseded", {"leave 2025"})
    assert found.variants == (("edition", "cloud"),)


@pytest.mark.parametrize("no", ["no", "off", "false", "never", "~"])
def test_a_flag_that_is_denied_is_not_raised(no: str) -> None:
    assert facts_of("d", "a.md", "A", "", facts(f"title: A\ndraft: {no}")).status == "unknown"


@pytest.mark.parametrize(
    "block",
    [
        "a: &x '" + "\u200b" * 400_000 + "'\n" + "".join(f"b{n}: *x\n" for n in range(2_000)),
        "a: &x [" + "'', " * 20_000 + "]\n" + "".join(f"b{n}: *x\n" for n in range(2_000)),
        "a: &a [x, x]\n"
        + "".join(
            f"{chr(98 + n)}: &{chr(98 + n)} [*{chr(97 + n)}, *{chr(97 + n)}]\n" for n in range(24)
        ),
        "a: " + "[" * 5_000,
    ],
    ids=["one long value", "one long list", "lists of lists", "deep"],
)
def test_hostile_front_matter_ends_in_seconds(block: str) -> None:
    started = time.process_time()
    assert len(facts(block)) <= 40
    assert time.process_time() - started < 10


@given(st.text("-[]{}:,'\"&*!|>%@` \n\tax#?\\<~\u200b", max_size=60))
def test_any_block_gives_short_visible_facts(block: str) -> None:
    for name, value in facts(block).items():
        assert 0 < len(name) <= 60
        assert 0 < len(value) <= 300
        assert (name + value).isprintable()
