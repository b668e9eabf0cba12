"""A URL has one normal form, and what two parsers could read differently has none."""

from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import SourceError
from ingest.web.urls import normal_url, parse_web_url

PIECES = st.text(st.sampled_from("abZ09.-_~%/:?#@&=+!é ü[]\\2fFe\t"), max_size=20)


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("HTTP://Example.ORG", "http://example.org/"),
        ("https://example.org:443/a", "https://example.org/a"),
        ("http://example.org:8080/a", "http://example.org:8080/a"),
        ("http://example.org./a", "http://example.org/a"),
        ("http://example.org/a/./b/../c", "http://example.org/a/c"),
        ("http://example.org/a/%2e%2E/c", "http://example.org/c"),
        ("http://example.org/../../c", "http://example.org/c"),
        ("http://example.org/%7eme/%c3%a9", "http://example.org/~me/%C3%A9"),
        ("http://example.org/é", "http://example.org/%C3%A9"),
        ("http://example.org/a?b=1&a=%2f#part", "http://example.org/a?b=1&a=%2F"),
        ("http://example.org?b=1", "http://example.org/?b=1"),
        ("http://bücher.example/", "http://xn--bcher-kva.example/"),
        ("http://[2001:DB8::1]:8080/", "http://[2001:db8::1]:8080/"),
        ("http://example.org/@me/x", "http://example.org/@me/x"),
        ("http://my_wiki/page", "http://my_wiki/page"),
    ],
)
def test_urls_have_one_normal_form(text: str, normal: str) -> None:
    assert normal_url(text) == normal


@pytest.mark.parametrize(
    ("link", "normal"),
    [
        ("b", "http://example.org/docs/b"),
        ("/b c.pdf ", "http://example.org/b%20c.pdf"),
        ("?page=2", "http://example.org/docs/a?page=2"),
        ("//other.example/x", "http://other.example/x"),
        ("", "http://example.org/docs/a"),
    ],
)
def test_links_are_read_from_their_page(link: str, normal: str) -> None:
    assert normal_url(link, "http://example.org/docs/a") == normal


@pytest.mark.parametrize(
    "link", ["mailto:a@b.example", "javascript:x()", "\\\\other\\x", "http://["]
)
def test_links_that_are_no_pages_are_refused(link: str) -> None:
    with pytest.raises(SourceError):
        normal_url(link, "http://example.org/")


def test_a_refusal_does_not_repeat_a_password() -> None:
    with pytest.raises(SourceError) as caught:
        normal_url("https://me:s3cret@example.org/")
    assert "s3cret" not in str(caught.value)


@given(st.builds("http://example.org/{}".format, PIECES) | st.builds("http://{}".format, PIECES))
def test_normalising_twice_changes_nothing(text: str) -> None:
    try:
        normal = normal_url(text)
    except SourceError:
        return
    assert normal_url(normal) == normal
    assert normal_url("", normal) == normal


@given(st.builds("http://{}/{}".format, PIECES, PIECES))
def test_another_parser_finds_the_same_host_in_a_normal_url(text: str) -> None:
    try:
        parts = parse_web_url(text)
    except SourceError:
        return
    other = urlsplit(parts.text)
    assert (other.scheme, other.hostname, other.username) == (parts.scheme, parts.host, None)
    assert (other.port or 80) == parts.port
    assert other.path + (f"?{other.query}" if "?" in parts.target else "") == parts.target


def reason_of(text: str, base: str = "") -> str:
    try:
        normal_url(text, base)
    except SourceError as error:
        return error.reason
    return "url"


@given(st.text(max_size=60))
def test_any_text_is_a_url_or_a_source_error(text: str) -> None:
    for candidate in (text, f"http://{text}", f"https://example.org/{text}"):
        assert reason_of(candidate) == "url"
    assert reason_of(text, "https://example.org/a/b") == "url"
