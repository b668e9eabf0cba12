"""What is exported says everything that the page says, and no viewer makes more of it than words."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from app.conversation_export import answer_markdown, answer_plain, conversation_markdown
from app.conversation_view import ConversationView, TurnView
from app.unfinished_log import UnfinishedQuestion
from core.answers import Answer, Citation, Claim, DocumentRef, Note

TEXT = "You have 27 days. [1] You may sell them. [2]"
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(2)>",
    "![pixel](https://evil.example/p.png)",
    "[click](javascript:alert(3)) [x]: https://evil.example",
    "<https://evil.example> www.evil.example https://evil.example a@evil.example",
    "]: https://evil.example",
    "`code` ``` ~~~ **bold** _x_ # head | a | --- $x$ &lt;b&gt; &#60;",
    "- item", "1. item", "> quote", "===", "---", "    code", "\n\n<div>\n\n", "a\u202eb\u2028c", "\\", "x\\",
)  # fmt: skip


def answer_of(**changes: object) -> Answer:
    document = DocumentRef(
        "d", "policies/leave.md", "Leave policy", "v1", "2026-03-12T08:00:00+00:00"
    )
    answer = Answer(
        answer_id="a1",
        conversation_id="c1",
        trace_id="t1",
        question="How many days?",
        text=TEXT,
        status="answered",
        claims=(
            Claim(0, 17, "You have 27 days.", "supported", 1.0, (1,)),
            Claim(22, 40, "You may sell them.", "contradicted", 0.1, (2,), ("It says: not sold.",)),
        ),
        citations=(
            Citation(
                1, document, "c", ("Leave policy", "Annual"), 4, 0, 9, "Everyone has 27 days."
            ),
            Citation(
                2, document, "c", ("Leave policy", "Selling"), None, 0, 9, "Days are not sold."
            ),
        ),
        notes=(Note("conflict", "Two sources disagree."), Note("nearest", "machines only")),
        model="openai-like:m",
        prompt_version="p",
        index_generation=1,
        created_at="2026-11-21T10:00:00",
    )
    return replace(answer, **changes)  # type: ignore[arg-type]  # the test names fields


def tokens(markdown: str) -> list[Token]:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    found: list[Token] = []
    for token in parser.parse(markdown):
        found += [token, *(token.children or [])]
    return found


def words(markdown: str) -> str:
    """All that a viewer shows as text."""
    shown = (token.content for token in tokens(markdown) if token.type in ("text", "code_inline"))
    return " ".join(" ".join(shown).split())


def check_harmless(markdown: str) -> None:
    kinds = {token.type for token in tokens(markdown)}
    assert not kinds & {"html_block", "html_inline", "link_open", "image", "code_block", "fence"}, (
        markdown
    )
    for token in tokens(markdown):
        if token.type == "text":
            assert "\u202e" not in token.content


def test_an_exported_answer_says_everything_that_the_page_says() -> None:
    shown = words(answer_markdown(answer_of()))
    for said in (
        "How many days?", "You have 27 days. [1]", "1 of 2 statements is", "contradicted", "“You may sell them.”",
        "It says: not sold.", "The sources disagree", "Two sources disagree.", "[1] Leave policy", "Annual · page 4",
        "policies/leave.md", "12 March 2026", "Everyone has 27 days.", "[2] Leave policy", "Days are not sold.",
        "21 November 2026", "answer a1",
    ):  # fmt: skip
        assert said in shown, said
    assert "machines only" not in shown


def test_the_clipboard_gets_text_verdicts_and_sources_by_number() -> None:
    plain = answer_plain(answer_of())
    assert plain.startswith(TEXT)
    for said in ("contradicted", "It says: not sold.", "[1] Leave policy, Annual · page 4, policies/leave.md",
                 "12 March 2026: “Everyone has 27 days.”", "[2] Leave policy", "The sources disagree"):  # fmt: skip
        assert said in plain, said
    assert "\\" not in plain


def hostile_answer(hostile: str) -> Answer:
    document = DocumentRef("d", hostile, hostile, "v1", hostile)
    return answer_of(
        question=hostile,
        claims=(Claim(0, 17, hostile, "unsupported", 0.1, (1,), (hostile,)),),
        citations=(Citation(1, document, "c", (hostile, hostile + "x"), None, 0, 9, hostile),),
        notes=(Note("conflict", hostile),),
    )


def hostile_view(hostile: str) -> ConversationView:
    unfinished = UnfinishedQuestion("q", hostile, hostile, "failed", hostile, "", "2026-01-01")
    turn = TurnView(hostile_answer(hostile), (), False)
    return ConversationView("c", hostile, True, False, (turn,), (unfinished,))


@pytest.mark.parametrize("hostile", HOSTILE)
def test_no_title_quote_question_or_note_becomes_more_than_its_words(hostile: str) -> None:
    check_harmless(conversation_markdown(hostile_view(hostile)))


@given(st.text(st.sampled_from("a1 .-+=>#*_`~[]()<>!&|\\:/w@\n\t\u2028$x"), max_size=30))
def test_any_words_are_shown_as_they_are(text: str) -> None:
    markdown = conversation_markdown(hostile_view(text))
    check_harmless(markdown)
    line = " ".join(text.split())
    assert line in words(answer_markdown(answer_of(question=f"a{line}b")))


@pytest.mark.parametrize("status", ["answered", "abstained"])
@pytest.mark.parametrize("hostile", HOSTILE)
def test_quoted_sentences_are_made_safe_too(hostile: str, status: str) -> None:
    quoted = answer_of(text=f"{hostile}\n\n{hostile}", claims=(), model="extractive", status=status)
    kinds = {token.type for token in tokens(answer_markdown(quoted))}
    assert not kinds & {"html_block", "html_inline", "link_open", "image"}


def test_a_link_that_was_allowed_stays_and_an_open_fence_ends_with_the_answer() -> None:
    text = (
        "See https://wiki.example.org/leave and [it](https://wiki.example.org/leave).\n\n```\ncode"
    )
    markdown = answer_markdown(answer_of(text=text, claims=()))
    assert "[it](https://wiki.example.org/leave)" in markdown
    assert "Everyone has 27 days." in words(markdown)


def test_a_conversation_is_exported_as_it_is_shown() -> None:
    withheld = TurnView(None, (), True)
    stopped = UnfinishedQuestion("q", "And then?", "It [be](x)gan", "stopped", "", "", "2026-11-22")
    later = answer_of(created_at="2026-11-23T10:00:00")
    turns = (TurnView(answer_of(), (), False), withheld, TurnView(later, (), False))
    shown = words(
        conversation_markdown(ConversationView("c", "My *leave*", True, True, turns, (stopped,)))
    )
    for said in (
        "My *leave*",
        "21 November 2026 to 23 November 2026",
        "withheld",
        "And then?",
        "Stopped.",
        "It [be](x)gan",
    ):
        assert said in shown, said
