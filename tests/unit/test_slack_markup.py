"""Nothing that somebody else wrote reaches Slack as a mention, a command or a link."""

import html
import re
import time
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from slack_hostile import HOSTILE, SEQUENCE, decoded

from app.safe_text import VisibleFilter
from app.slack.markup import MarkdownPieces, link, markdown, mrkdwn, plain, question_words
from app.slack.splitting import split

HOSTS = ("wiki.example.org", "*.docs.example.org")
LISTED = {"wiki.example.org", "a.docs.example.org"}
JOINER = "\u2060"

WEB = re.compile(r"https?://([^\s/<>|)\]`?#:]+)", re.I)


def without_code(text: str) -> str:
    shown = re.sub(
        r"(?ms)^[ \t>]{0,12}(`{3,}|~{3,}).*?(?:^[ \t>]{0,12}\1[`~]*[ \t]*$|\Z)", " ", text
    )
    return re.sub(r"(?<!`)(`+)(?!`)[^\n]+?(?<!`)\1(?!`)", " ", shown)


def hosts_of(text: str) -> set[str]:
    return {found[1].casefold() for found in WEB.finditer(text)}


@given(HOSTILE)
@example("`<!channel>` ```\n<@U1>\n```")
@example("&amp;lt;!here&amp;gt;")
@example("<\u200b!channel>")
@example("[a [b](http://x)](http://evil.example)")
def test_markdown_has_no_control_sequence_and_no_address_off_the_list(text: str) -> None:
    check_markdown(markdown(text, HOSTS))


def check_markdown(shown: str) -> None:
    assert SEQUENCE.search(decoded(shown)) is None
    prose = without_code(shown)
    assert "![" not in prose
    assert hosts_of(prose) <= LISTED
    for found in re.finditer(r"\]\(([^)\s]*)", prose):
        assert hosts_of(found[1])
        assert hosts_of(found[1]) <= LISTED
    bare = re.sub(r"https?://(?:wiki|a\.docs)\.example\.org[^\s]*", "", prose)
    assert not re.search(r"(?i)\bwww\.\w|(?<![\w.])(?:javascript|mailto):\w", bare)
    assert not re.search(r"(?i)@(?:channel|here|everyone)\b", prose)


@given(HOSTILE)
def test_mrkdwn_has_no_control_sequence_and_no_bare_address_off_the_list(text: str) -> None:
    shown = mrkdwn(text, HOSTS)
    assert not {"<", ">"} & set(shown)
    assert re.search(r"&(?!amp;|lt;|gt;)", shown) is None
    assert SEQUENCE.search(decoded(shown)) is None
    assert hosts_of(shown) <= LISTED


@given(HOSTILE)
def test_plain_text_is_one_line_without_a_control_sequence(text: str) -> None:
    shown = plain(text)
    assert "\n" not in shown
    assert SEQUENCE.search(decoded(shown)) is None


@given(HOSTILE)
def test_every_word_of_a_text_is_still_there(text: str) -> None:
    seen = plain_seen(text)
    for way in (markdown, mrkdwn):
        shown = html.unescape(way(text)) if way is mrkdwn else way(text)
        # Brackets that were spelt as entities are brackets now, and no words.
        assert entityless(shown) == entityless(seen)


def plain_seen(text: str) -> str:
    visible = VisibleFilter()
    return visible.feed(text) + visible.finish()


def entityless(text: str) -> str:
    spelt = r"&(?:amp;)*(?:(?:lt|gt)(?:;|(?![a-z0-9]))|#0*6[02](?!\d);?|#x0*3[ce](?![\da-f]);?)"
    bare = re.sub(spelt, "", text.replace(JOINER, ""), flags=re.IGNORECASE)
    return "".join(sign for sign in bare if sign.isalnum())


@given(HOSTILE, st.lists(st.integers(0, 200), max_size=12))
@example("[a `b](c) d` e", [8])
@example("x <!date^1^{date} at|y> z", [12])
def test_a_text_in_pieces_is_shown_as_the_whole_text_is(text: str, cuts: list[int]) -> None:
    pieces = MarkdownPieces(HOSTS)
    edges = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    shown = "".join(pieces.feed(text[a:b]) for a, b in pairwise(edges))
    assert shown + pieces.finish() == markdown(text, HOSTS)


@given(HOSTILE)
def test_markdown_that_was_made_safe_is_safe_when_it_goes_through_again(text: str) -> None:
    once = markdown(text, HOSTS)
    again = markdown(once, HOSTS)
    check_markdown(again)
    assert entityless(again) == entityless(once)


def test_a_growing_line_is_shown_up_to_its_last_word() -> None:
    pieces = MarkdownPieces()
    assert (
        pieces.feed("Employees get thirty days of leave in every ye")
        == "Employees get thirty days of leave in every "
    )
    assert pieces.feed("ar and [a link") == "year and "
    assert pieces.finish() == "[a link"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a < b and <5 and <= and <-", "a < b and <5 and <= and <-"),
        ("<!channel> <!here|x> <!everyone>", "‹!channel› ‹!here|x› ‹!everyone›"),
        ("<@U1> <#C1|x> <!subteam^S1>", "‹@U1› ‹#C1|x› ‹!subteam^S1›"),
        ("`<!here> <div>`", "`‹!here› <div>`"),
        ("\uff1c!here\uff1e &lt;!here&gt; &#60;!here>", "‹!here› ‹!here› ‹!here›"),
        ("<https://evil.example|wiki>", "‹https:⁠//evil⁠.example|wiki›"),
        ("[wiki](https://evil.example/a)", "wiki (https:⁠//evil⁠.example/a)"),
        ("[x](javascript:alert(1))", "x (javascript:⁠alert(1))"),
        ("![x](https://wiki.example.org/a.png)", "!x (https://wiki.example.org/a.png)"),
        ("[the wiki](https://wiki.example.org/a)", "[the wiki](https://wiki.example.org/a)"),
        ("[bank.example](https://wiki.example.org/a)", "bank⁠.example (https://wiki.example.org/a)"),
        ("[Leave policy.pdf](https://wiki.example.org/a)", "[Leave policy.pdf](https://wiki.example.org/a)"),
        ("see https://wiki.example.org/a. And setup.cfg", "see https://wiki.example.org/a. And setup.cfg"),
        ("[a]: https://wiki.example.org/a", "[a]⁠: https://wiki.example.org/a"),
        ("@channel and @herenow", "@⁠channel and @herenow"),
        ("https://wiki.example.org@evil.example/", "https:⁠//wiki⁠.example⁠.org@evil⁠.example/"),
        ("user@wiki.example.org", "user@wiki.example.org"),
        ("lone ` tick", "lone ' tick"),
    ],
)  # fmt: skip
def test_what_slack_would_act_on_is_made_inert(text: str, shown: str) -> None:
    assert markdown(text, HOSTS).replace(JOINER, "⁠") == shown.replace("⁠", JOINER)


@pytest.mark.parametrize(
    ("label", "shown"),
    [
        ("Leave policy", "<https://w.example.org/?c=1&amp;d=2%7C3|Leave policy>"),
        ("a <!here> | b", "<https://w.example.org/?c=1&amp;d=2%7C3|a ‹!here› ¦ b>"),
        ("", "<https://w.example.org/?c=1&amp;d=2%7C3>"),
        ("bank.example", f"bank{JOINER}.example (<https://w.example.org/?c=1&amp;d=2%7C3>)"),
        (
            "www.w.example.org",
            f"<https://w.example.org/?c=1&amp;d=2%7C3|www{JOINER}.w{JOINER}.example{JOINER}.org>",
        ),
    ],
)
def test_a_link_shows_its_label_unless_that_names_another_host(label: str, shown: str) -> None:
    assert link("https://w.example.org/?c=1&d=2|3", label) == shown


@given(HOSTILE)
def test_a_label_never_ends_its_link(label: str) -> None:
    shown = link("https://w.example.org/a", label)
    assert shown.count("<") == shown.count(">") == 1
    assert shown.count("|") <= 1


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("<@UBOT> how many days?", "how many days?"),
        ("what does <@U1|ann> or <@U2> say", "what does @ann or somebody say"),
        ("in <#C1|general> and <#C2>", "in #general and a channel"),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d"),
        ("&amp;lt;b&amp;gt;", "&lt;b&gt;"),
        ("<http://x.example|x.example> <https://y.example>", "x.example https://y.example"),
        ("<mailto:a@x.example|a@x.example>", "a@x.example"),
        ("<!subteam^S1|@team> <!here> <!date^1^{date}|May 1>", "@team @here May 1"),
    ],
)
def test_what_comes_from_slack_is_read_as_plain_words(text: str, read: str) -> None:
    assert question_words(text, "UBOT") == read


@pytest.mark.parametrize(
    "piece",
    [
        "[",
        "`",
        "<",
        "&amp;",
        "a.",
        "1.1.",
        "](",
        "![",
        "@",
        "a@",
        "://",
        "`a``",
        "[a](b) ",
        "word ",
        "‹",
        "x" * 40,
        "[a ",
    ],
)
def test_no_text_takes_more_than_a_moment(piece: str) -> None:
    text = (piece * 30_000)[:30_000]
    begun = time.process_time()
    pieces = MarkdownPieces(HOSTS)
    shown = "".join(pieces.feed(text[at : at + 300]) for at in range(0, len(text), 300))
    shown += pieces.finish()
    assert shown == markdown(text, HOSTS)
    split(shown)
    mrkdwn(text)
    # It is some hundredths of a second; quadratic time would be minutes.
    assert time.process_time() - begun < 10
