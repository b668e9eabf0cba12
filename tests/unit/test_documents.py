"""Identities are the same for the same document everywhere, and different for different ones."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.documents import (
    chunk_id,
    content_version,
    document_id,
    normal_principals,
    text_hash,
)

NAMES = st.text(alphabet=st.characters(exclude_characters="\x1f"), max_size=20)


def test_ids_never_change_between_releases() -> None:
    assert document_id("docs", "a/b.md") == "68bc8ac98ee12c802446"
    assert chunk_id("d", "v", 3) == "5cdad0502c2c4cd83326"


@given(NAMES, NAMES, NAMES, NAMES)
def test_two_documents_have_two_ids(source: str, uri: str, source_2: str, uri_2: str) -> None:
    same = (source, uri) == (source_2, uri_2)
    assert (document_id(source, uri) == document_id(source_2, uri_2)) == same


@given(NAMES, NAMES, st.integers(0, 99), NAMES, NAMES, st.integers(0, 99))
def test_two_chunks_have_two_ids(
    doc: str, version: str, ordinal: int, doc_2: str, version_2: str, ordinal_2: int
) -> None:
    same = (doc, version, ordinal) == (doc_2, version_2, ordinal_2)
    assert (chunk_id(doc, version, ordinal) == chunk_id(doc_2, version_2, ordinal_2)) == same


@given(NAMES, NAMES)
def test_a_chunk_never_has_the_id_of_a_document(first: str, second: str) -> None:
    assert document_id(first, second) != chunk_id(first, second, 0)


@given(st.text())
def test_ids_are_twenty_hex_digits(text: str) -> None:
    for made in (document_id(text, text), chunk_id(text, text, 1)):
        assert len(made) == 20
        assert set(made) <= set("0123456789abcdef")


def test_a_version_is_the_start_of_the_sha_256_of_the_bytes() -> None:
    assert content_version(b"words") == hashlib.sha256(b"words").hexdigest()[:16]


def test_a_text_with_a_lone_surrogate_has_a_hash() -> None:
    assert text_hash("\udc80") != text_hash("\udc81")


def test_principals_are_sorted_without_repeats_and_emails_are_lower_case() -> None:
    given_ones = [
        "user:Ann@Example.org",
        "group:HR",
        " everyone ",
        "user:ann@example.org",
        "group: HR",
    ]
    assert normal_principals(given_ones) == ("everyone", "group:HR", "user:ann@example.org")


@pytest.mark.parametrize(
    "wrong", ["", "hr", "group:", "user: ", "role:hr", "Everyone", "everyone:x", ":hr", "GROUP:hr"]
)
def test_what_is_not_a_principal_is_refused_by_name(wrong: str) -> None:
    with pytest.raises(ValueError, match="is not a principal") as caught:
        normal_principals(["everyone", wrong])
    assert repr(wrong) in str(caught.value)


PRINCIPALS = st.one_of(
    st.just("everyone"),
    st.builds(
        "{}:{}".format, st.sampled_from(["group", "user"]), st.text(min_size=1).filter(str.strip)
    ),
)


@given(st.lists(PRINCIPALS))
def test_normal_principals_stay_as_they_are(principals: list[str]) -> None:
    once = normal_principals(principals)
    assert normal_principals(once) == once


@given(st.lists(PRINCIPALS))
def test_the_order_of_principals_does_not_matter(principals: list[str]) -> None:
    assert normal_principals(principals) == normal_principals(principals[::-1])
