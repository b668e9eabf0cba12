"""What a document's front matter says of its readers; what cannot be understood names nobody."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.front_matter import declared_access


def front_matter(block: str) -> str:
    return f"---\n{block}\n---\n\n# Title\n\naccess: [everyone]\n"


@pytest.mark.parametrize(
    ("block", "access"),
    [
        ("access: [group:hr]", ["group:hr"]),
        ("title: A\naccess:\n  - group:hr\n  - user:ann@x.org", ["group:hr", "user:ann@x.org"]),
        ("access: []", []),
        ("access: group:hr", []),
        ("access: everyone", []),
        ("access:", []),
        ("access: [everyone, 3]", []),
        ("access: {everyone: true}", []),
        ("access: [[everyone]]", []),
        ("access: &a [*a]", []),
        ("access: [everyone", []),
        ("access : [everyone", []),
        ("title: A\naccess: [everyone]\nx: [", []),
        ("access: !!bool everyone", []),
        ("access: !!timestamp everyone", []),
        ("access: [everyone]\nday: 2026-99-99", []),
        ("access: !!python/name:os.system [everyone]", []),
        ('"access": [everyone', []),
        ("'access' : [everyone", []),
        ("{title: A, access: [everyone}", []),
        ("access: [everyone]\nx: " + "[" * 400, []),
    ],
)
def test_front_matter_that_names_access_decides_and_when_malformed_closes(
    block: str, access: list[str]
) -> None:
    assert declared_access(front_matter(block)) == access


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# Title\n\naccess: [everyone]\n",
        "access: [everyone]\n",
        "\n---\naccess: [everyone]\n---\n",
        front_matter("title: A"),
        front_matter("Access: [everyone]"),
        front_matter("title: ["),
        front_matter("- access"),
    ],
)
def test_a_text_without_access_in_front_matter_leaves_it_to_its_source(text: str) -> None:
    assert declared_access(text) is None


def test_line_ends_of_other_systems_are_line_ends() -> None:
    assert declared_access("---\r\naccess: [group:hr]\r\n---\r\ntext") == ["group:hr"]


@given(st.text(max_size=30))
def test_no_text_after_a_word_access_opens_a_document_by_mistake(rest: str) -> None:
    found = declared_access(f"---\naccess: [group:hr\n{rest}\n---\n")
    assert found is None or "everyone" not in found


@given(st.text("-[]{}:,'\"&*!|>%@` \n\tax#?\\", max_size=40))
def test_any_block_gets_an_answer(block: str) -> None:
    found = declared_access(front_matter(block))
    assert found is None or all(isinstance(entry, str) for entry in found)
