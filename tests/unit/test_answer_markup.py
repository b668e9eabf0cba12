"""An answer is drawn as the Markdown that it is; every drawn character keeps its place and no word is lost."""

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.answer_markup import Block, Run, blocks_of, runs_of, shown_text
from app.safe_text import sanitise

SIGNS = st.sampled_from(
    [
        "*",
        "**",
        "_",
        "`",
        "``",
        "~~",
        "[",
        "](",
        ")",
        "](https://a.example/x)",
        "!",
        "<b>",
        "\\",
        "&amp;",
    ]
)
LINES = st.sampled_from(
    [
        "\n",
        "\n\n",
        "\n- ",
        "\n  - ",
        "\n1. ",
        "\n> ",
        "\n# ",
        "\n```\n",
        "\n| ",
        " | ",
        "\n|---|---|\n",
        "\n---\n",
    ]
)
WORDS = st.sampled_from(
    [
        "leave",
        "27 days",
        "é",
        "e\u0301",
        "👩‍🚀",
        "שלום",
        "\u202e",
        "$x$",
        ":red[a]",
        "[1]",
        " ",
        "  ",
        "\t",
        "\r",
        "\0",
    ]
)
MARKDOWN = st.lists(st.one_of(SIGNS, LINES, WORDS, st.text(max_size=3)), max_size=30).map("".join)
LETTERS = re.compile(r"[^\W\d_]+")


def kinds(blocks: tuple[Block, ...]) -> list[object]:
    return [(block.kind, kinds(block.blocks)) if block.blocks else block.kind for block in blocks]


def words_of(block: Block) -> str:
    return "".join(run.text for run in block.runs)


@given(MARKDOWN)
@example("- \ta\n\tb")
@example("> - a\n>   b\n")
@example("| a |\n|---|\n| \\| b |")
@settings(max_examples=400)
def test_every_run_is_a_slice_of_the_text_in_its_order(text: str) -> None:
    position = 0
    for run in runs_of(blocks_of(text)):
        assert run.text
        assert run.start >= position
        assert text[run.start : run.end] == run.text
        position = run.end
    assert position <= len(text)


@given(MARKDOWN)
@example("| a | b |\n|---|---|\n| c | d | lost |\n")
@settings(max_examples=400)
def test_what_is_not_drawn_is_markup_and_never_a_word(text: str) -> None:
    hidden = list(text)
    for run in runs_of(blocks_of(text)):
        hidden[run.start : run.end] = " " * len(run.text)
    # The address of a link is not drawn, nor the name of a language after a fence.
    left = re.sub(r"\(https://a\.example/x\)|`{3,}[\w+#.\-]*", " ", "".join(hidden))
    assert not LETTERS.findall(left)


@given(st.text(max_size=60))
@example("A*A*")
def test_a_safe_text_is_understood_as_it_is(text: str) -> None:
    safe = sanitise(text)
    shown = shown_text(safe, 0, len(safe))
    # Emphasis may begin and end within a word: the letters are the same, not where words end.
    letters = "".join(LETTERS.findall(safe))
    assert "".join(LETTERS.findall(shown)) == letters or "`" in safe or "\\" in safe


@given(MARKDOWN, st.data())
def test_what_is_shown_of_two_neighbours_is_what_is_shown_of_both(
    text: str, data: st.DataObject
) -> None:
    cut = data.draw(st.integers(0, len(text)))
    both = shown_text(text, 0, len(text))
    assert shown_text(text, 0, cut) + shown_text(text, cut, len(text)) == both


@given(st.text(max_size=200))
def test_any_text_can_be_drawn(text: str) -> None:
    blocks_of(text)


@pytest.mark.parametrize(
    ("text", "drawn"),
    [
        ("One.\n\nTwo.", ["paragraph", "paragraph"]),
        ("- a\n- b", [("bullets", [("item", ["line"]), ("item", ["line"])])]),
        ("- a\n  1. b", [("bullets", [("item", ["line", ("numbers", [("item", ["line"])])])])]),
        ("> a", [("quote", ["paragraph"])]),
        ("## a\nb", ["heading", "paragraph"]),
        ("```py\na\n```", ["code"]),
        ("a\n\n---\n\nb", ["paragraph", "rule", "paragraph"]),
        ("| a | b |\n|---|---|\n| c | d |", [("table", [("row", ["head"] * 2), ("row", ["cell"] * 2)])]),
    ],
)  # fmt: skip
def test_blocks_are_those_of_markdown(text: str, drawn: list[object]) -> None:
    assert kinds(blocks_of(text)) == drawn


def test_runs_have_their_styles_and_places() -> None:
    text = "A **b *c*** `d` ~~e~~ \\* [f](https://a.example/x)"
    runs = [(run.text, run.styles, run.href) for run in runs_of(blocks_of(text)) if run.text != " "]
    assert runs == [
        ("A ", (), ""),
        ("b ", ("strong",), ""),
        ("c", ("strong", "em"), ""),
        ("d", ("code",), ""),
        ("e", ("strike",), ""),
        ("*", (), ""),
        ("f", (), "https://a.example/x"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<b>x</b> &amp; &#x3c;",
        "![pixel](x)",
        "[x](javascript:alert(1))",
        "[x](data:text/html,a)",
        "[x](//evil.example)",
        "[x](/home)",
        "<https://evil.example>",
        "https://evil.example www.evil.example",
        "[x][y]",
        "$x^2$ :red[a] :material/home: -> :smile:",
        "1 * 2 * 3",
        "snake_case_word",
    ],
)
def test_what_is_no_harmless_markdown_stays_as_it_is_written(text: str) -> None:
    (block,) = blocks_of(text)
    assert (block.kind, words_of(block)) == ("paragraph", text)
    assert not any(run.href or run.styles for run in block.runs)


def test_an_image_is_no_link() -> None:
    assert not any(run.href for run in runs_of(blocks_of("![a](https://evil.example/pixel.png)")))


@pytest.mark.parametrize("address", ["https://a.example/x_(y)?z=1", "http://a.example"])
def test_words_with_a_web_address_are_a_link(address: str) -> None:
    (block,) = blocks_of(f"See [the page]({address}).")
    assert block.runs[1] == Run(5, "the page", (), address)


def test_lines_stay_lines() -> None:
    (block,) = blocks_of("One\nTwo  \nThree")
    assert words_of(block) == "One\nTwo\nThree"


def test_a_text_that_is_nested_too_deep_is_drawn_as_it_is_written() -> None:
    text = "> " * 60 + "deep"
    assert "deep" in "".join(run.text for run in runs_of(blocks_of(text)))


def test_a_long_answer_is_read() -> None:
    text = "**a** `b` [1] *c* " * 2000
    assert shown_text(text, 0, len(text)).startswith("a b [1] c")
