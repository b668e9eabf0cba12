"""Long answers become messages without a character lost or doubled."""

import re

from hypothesis import given
from hypothesis import strategies as st

from app.slack.splitting import MESSAGE_CHARS, parts, size, split

PIECES = st.sampled_from(
    [
        "word ", "Sentence. ", "\n", "\n\n", "```py\n", "```\n", "~~~\n", "- item\n", "1. item ", "  - deeper ", "| a | b |\n",
        "|---|---|\n", "| 1 | 2 |\n", "`code`", "[label](https://wiki.example.org/a)", "**bold words**", "e\u0301", "👩\u200d👩\u200d👧", "🇩🇪",
        "日本語。", "x" * 40, "\t", "> quote\n", "# head\n",
    ]
)  # fmt: skip
TEXTS = st.one_of(st.lists(PIECES, max_size=60).map("".join), st.text(max_size=400))


@given(TEXTS, st.integers(80, 300))
def test_the_parts_are_the_text_and_every_message_fits(text: str, limit: int) -> None:
    found = parts(text, limit)
    assert "".join(text[part.start : part.end] for part in found) == text
    assert all(text[part.start : part.end] in part.shown for part in found)
    assert all(size(part.shown) <= limit for part in found)
    assert all(part.start < part.end for part in found)


@given(TEXTS, st.integers(80, 300))
def test_every_message_closes_the_fences_that_it_opens(text: str, limit: int) -> None:
    found = parts(text, limit)
    for part in found[:-1]:
        assert not has_open_fence(part.shown)


def has_open_fence(text: str) -> bool:
    marks = ""
    for line in text.split("\n"):
        found = re.match(r"[ \t>]{0,12}(`{3,}|~{3,})([^`\n]*)", line)
        if found and not marks:
            marks = found[1]
        elif found and found[1].startswith(marks) and not found[2].strip():
            marks = ""
    return bool(marks)


def test_thirty_thousand_characters_are_three_messages_of_whole_paragraphs() -> None:
    text = "".join(
        f"Paragraph {number} says what it says. It ends here.\n\n" for number in range(700)
    )
    shown = split(text)
    assert len(text) > 30_000
    assert "".join(shown) == text
    assert len(shown) == 3
    assert all(part.endswith("\n\n") and size(part) <= MESSAGE_CHARS for part in shown)


def test_a_cut_code_block_goes_on_as_code_of_the_same_language() -> None:
    text = "Run this:\n\n```sh\n" + "echo one\n" * 30 + "```\n\nDone.\n"
    first, second, *_ = split(text, 200)
    assert first.endswith("echo one\n```")
    assert second.startswith("```sh\necho one\n")


def test_a_cut_list_goes_on_as_the_same_list() -> None:
    text = "1. " + "word " * 30 + "\n2. " + "word " * 60 + "\n3. end"
    shown = split(text, 200)
    assert shown[1].startswith("2. word")
    assert shown[2].startswith("2. … word")
    assert shown[-1].endswith("3. end")


def test_a_cut_table_has_its_head_again() -> None:
    text = "| day | hours |\n|---|---|\n" + "".join(f"| {day} | 8 |\n" for day in range(60))
    assert all(part.startswith("| day | hours |\n|---|---|\n| ") for part in split(text, 200))


def test_a_cut_goes_neither_through_a_link_nor_through_code() -> None:
    text = (
        "word " * 30
        + "[the long label](https://wiki.example.org/a/b/c/d/e) "
        + "`some code here` " * 20
    )
    for part in split(text, 180):
        assert part.count("[") == part.count("](") == part.count(")")
        assert part.count("`") % 2 == 0


def test_a_sign_stays_whole_where_there_is_no_blank() -> None:
    text = "👩\u200d👩\u200d👧" * 100 + "e\u0301" * 200
    for part in split(text, 120):
        assert part[0] not in "\u200d\u0301"
        assert part[-1] != "\u200d"
