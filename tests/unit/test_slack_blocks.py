"""What an answer looks like in Slack, and that Slack takes it whatever is in it."""

import json
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_answers import (
    HANDBOOK,
    abstained,
    answer,
    citation,
    claim,
    long_answer,
    supported,
    with_doubts,
)
from slack_hostile import HOSTILE, SEQUENCE, decoded

from app.slack.blocks import (
    HomeLine,
    SourceLinks,
    answer_blocks,
    answer_texts,
    chosen,
    fallback_text,
    feedback_blocks,
    flag_modal,
    home_view,
    notice,
    problems,
    span_of_claim,
)
from core.answers import Answer, Citation, Claim, DocumentRef, Note

WEB = SourceLinks("https://footnote.example.org/")
OWN = SourceLinks("", ("wiki.example.org",))
OURS = re.compile(
    r"<(https?://(?:footnote\.example\.org|wiki\.example\.org)/[^\s<>|]*)(?:\|[^<>|]*)?>"
)


def shown(one: Answer, links: SourceLinks = WEB, *, is_private: bool = True) -> str:
    """Return all texts of an answer's messages, one a line."""
    blocks = answer_blocks(one, links, is_private=is_private, with_escalation=False)
    return "\n".join(texts(blocks))


def texts(part: Any) -> list[str]:
    if isinstance(part, list):
        return [text for item in part for text in texts(item)]
    if isinstance(part, dict):
        own = [part["text"]] if isinstance(part.get("text"), str) else []
        return own + [
            text for value in part.values() if not isinstance(value, str) for text in texts(value)
        ]
    return []


def test_what_holds_has_a_quiet_sign_and_no_legend() -> None:
    drawn = shown(supported())
    assert "annual leave ✓ [1]. Five of them" in drawn
    assert "statements" not in drawn


def test_what_does_not_hold_says_so_in_words_with_a_legend_and_its_reason() -> None:
    drawn = shown(with_doubts())
    assert (
        "**30 days** of annual leave ✓ [1]. New parents get 60 days more. (✕ not supported)"
        in drawn
    )
    assert "two weeks before (≠ contradicted by its source) [1]." in drawn
    legend = next(line for line in drawn.split("\n") if "statements" in line)
    assert legend == (
        "✓ supported · 1 of 3 statements is contradicted by its source, 1 not supported"
    )
    assert (
        "✕ not supported: “New parents get 60 days more.” No source speaks of new parents." in drawn
    )
    assert "*The sources disagree*: Two versions" in drawn


def test_a_source_has_its_number_place_and_age_and_leads_to_the_exact_words() -> None:
    line = next(line for line in shown(with_doubts(), WEB).split("\n") if "[1] Leave" in line)
    assert line == (
        "<https://footnote.example.org/?c=conv-1&amp;answer=ans-1&amp;cite=1|[1] Leave policy> · "
        "Leave › Annual leave · page 3 · updated 3 March 2026"
    )


def test_without_a_web_application_only_documents_on_listed_hosts_have_a_link() -> None:
    drawn = shown(supported(), OWN)
    assert "<https://wiki.example.org/leave|[1] Leave policy>" in drawn
    assert "[2] Staff handbook.pdf · Carry-over" in drawn
    assert "file:" not in drawn
    assert "http" not in shown(supported(), SourceLinks())


def test_an_abstention_is_said_as_one() -> None:
    drawn = shown(abstained())
    assert drawn.startswith("**Not found in the documents**\n\nThe documents do not say")
    assert "*What the documents do say*" in drawn


@pytest.mark.parametrize("kind", ["degraded", "incomplete"])
def test_what_happened_to_a_model_is_said_to_the_asker_alone(kind: str) -> None:
    made = supported()
    made = replace(made, notes=(Note(kind, "The model 'internal-7' cannot be reached."),))
    assert "internal-7" in shown(made)
    said = shown(made, is_private=False)
    assert "internal-7" not in said
    assert "this answer" in said.lower()


def test_only_an_answer_that_others_read_says_how_to_ask_privately() -> None:
    assert "direct message" in shown(supported(), is_private=False)
    assert "direct message" not in shown(supported())


def test_buttons_carry_the_id_of_the_answer_and_nothing_else() -> None:
    blocks = answer_blocks(with_doubts(), WEB, is_private=False, with_escalation=True)
    values = re.findall(r'"value": "([^"]*)"', json.dumps(blocks))
    assert values == ["good:ans-1", "bad:ans-1", "ans-1"]


def test_a_mark_stands_behind_code_and_links_and_not_in_them() -> None:
    text = "Use `make all`. See [the wiki](https://wiki.example.org/a).\n\n```sh\nmake it so\n```\n\nEnd."
    claims = [
        claim(text, "Use `make all", "supported"),
        claim(text, "See [the wiki", "unsupported"),
        claim(text, "make it so", "contradicted", (1,)),
    ]
    made = answer(text, claims, [citation(1)])
    (drawn,) = answer_texts(made, ("wiki.example.org",))
    assert "Use `make all` ✓." in drawn
    assert "[the wiki](https://wiki.example.org/a) (✕ not supported)." in drawn
    assert "```sh\nmake it so\n```\n(≠ contradicted by its source) [1]" in drawn


def test_thirty_thousand_characters_are_shown_whole_and_have_their_buttons_once() -> None:
    made = long_answer()
    messages = answer_blocks(made, WEB, is_private=True, with_escalation=True)
    assert [problems({"blocks": blocks}) for blocks in messages] == [[]] * len(messages)
    together = " ".join(blocks[0]["text"] for blocks in messages)
    assert together.replace("✓ [1]", "").split() == made.text.split()
    assert [len(blocks) > 1 for blocks in messages] == [False] * (len(messages) - 1) + [True]


def test_the_window_asks_in_the_words_of_the_web_application() -> None:
    view = flag_modal(with_doubts(), "wrong_fact")
    assert problems(view) == []
    assert view["private_metadata"] == "ans-1"
    shown_options = [text for text in texts(view) if text.startswith("≠")]
    assert shown_options == ["≠ Leave is requested in writing two weeks before"]


def test_what_was_chosen_in_the_window_is_read_and_nothing_else_is_believed() -> None:
    state = {
        "category": {"value": {"selected_option": {"value": "wrong_fact"}}},
        "statement": {"value": {"selected_option": {"value": "1"}}},
        "comment": {"value": {"value": "no"}},
        "severity": {"value": {"selected_option": {"value": "catastrophic"}}},
    }
    found = chosen({"state": {"values": state}})
    assert (found.category, found.claim, found.comment, found.severity) == (
        "wrong_fact",
        1,
        "no",
        "",
    )
    made = with_doubts()
    span = span_of_claim(made, found.claim)
    assert span is not None
    assert made.text[slice(*span)] == "New parents get 60 days more."
    assert span_of_claim(made, 99) is None
    assert (
        chosen({"state": {"values": {"category": {"value": {"selected_option": None}}}}}).category
        is None
    )


ANSWERS = st.builds(
    lambda text, title, section, reason, note, question, verdict, status, cuts: _made(
        text, title, section, reason, note, question, verdict, status, cuts
    ),
    HOSTILE | st.text(min_size=1, max_size=50).map(lambda piece: piece * 700),
    HOSTILE,
    HOSTILE,
    HOSTILE,
    HOSTILE | st.text(min_size=1, max_size=10).map(lambda piece: piece * 900),
    HOSTILE,
    st.sampled_from(["supported", "partial", "unsupported", "contradicted", "unchecked"]),
    st.sampled_from(["answered", "abstained", "error"]),
    st.lists(st.integers(0, 400), min_size=2, max_size=6).map(sorted),
)


def _made(
    text: str,
    title: str,
    section: str,
    reason: str,
    note: str,
    question: str,
    verdict: Any,
    status: Any,
    cuts: Any,
) -> Answer:
    document = DocumentRef("d", title, title, "v", "2026-01-01")
    claims = [
        Claim(a, b, text[a:b], verdict, 0.5, (1,), (reason,))
        for a, b in pairwise(cuts)
        if a < b <= len(text)
    ]
    cited = [
        Citation(n, document, "c", (section, str(n % 3)), n, 0, 1, note)
        for n in range(1, len(cuts) * 9)
    ]
    made = answer(text, claims, cited, status=status, question=question)
    return Answer(
        **{
            **{name: getattr(made, name) for name in Answer.__slots__},
            "notes": (Note("stale", note), Note("x", note)),
        }
    )


@settings(max_examples=60, deadline=None)
@given(ANSWERS, st.booleans())
def test_slack_takes_every_answer_and_nothing_in_it_is_a_control_sequence(
    made: Answer, is_private: bool
) -> None:
    for links in (WEB, OWN):
        payloads: list[Any] = [
            {"blocks": blocks}
            for blocks in answer_blocks(made, links, is_private=is_private, with_escalation=True)
        ]
        payloads += [flag_modal(made), flag_modal(made, "other"), {"text": fallback_text(made)}]
        payloads += [
            home_view(
                [HomeLine(made.question, made.text, links.of_conversation("c"))] * 30,
                [HomeLine(made.text)],
            )
        ]
        payloads += [
            {"blocks": notice(made.text, made.question)},
        ]
        for payload in payloads:
            assert problems(payload) == []
            for text in texts(payload):
                assert SEQUENCE.search(decoded(OURS.sub("", text))) is None


@pytest.mark.parametrize("words", ["", " ", "\x1b"])
def test_a_line_of_home_without_words_that_can_be_seen_is_a_dash(words: str) -> None:
    view = home_view([HomeLine(words, href="https://footnote.example.org/")], [HomeLine(words)])
    assert problems(view) == []
    assert texts(view)[-1] == "–"


@pytest.mark.parametrize(
    ("payload", "problem"),
    [
        ({"blocks": [{"type": "divider"}] * 51}, "51 of 1 to 50"),
        ({"blocks": [{"type": "markdown", "text": "x" * 7000}] * 2}, "14000 of 12000"),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": ""}}]}, "empty"),
        ({"blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}]}, "3001 of 3000"),
        ({"blocks": [{"type": "carousel_of_doom"}]}, "unknown block"),
        ({"blocks": [{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]}, "must be plain_text"),
        ({"markdown_text": "x" * 12_001}, "12001 of 12000"),
        ({"markdown_text": "x", "text": "y"}, "beside text"),
        ({"markdown_text": "x", "chunks": [{"type": "markdown_text", "text": "y"}]}, "beside chunks"),
        ({"ts": "1.1", "text": "x" * 4001}, "4001 of 4000"),
        ({"chunks": [{"type": "task_update", "id": "1", "title": "x", "status": "done"}]}, "unknown status"),
        ({"type": "modal", "title": {"type": "plain_text", "text": "x" * 25}, "blocks": []}, "25 of 24"),
        ({"type": "home", "blocks": [], "private_metadata": "x" * 3001}, "3001 of 3000"),
        ({"prompts": [{}] * 5}, "5 of 1 to 4"),
        ({"metadata": {"event_type": "x"}}, "no event_payload"),
    ],
)  # fmt: skip
def test_a_breach_of_a_limit_is_found(payload: dict[str, Any], problem: str) -> None:
    assert any(problem in found for found in problems(payload))


@pytest.mark.parametrize(
    ("element", "problem"),
    [
        ({"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x" * 76}}, "76 of 75"),
        ({"type": "button", "action_id": "a", "text": {"type": "plain_text", "text": "x"}, "value": "x" * 2001}, "2001 of 2000"),
        ({"type": "button", "text": {"type": "plain_text", "text": "x"}}, "action_id"),
        ({"type": "radio_buttons", "action_id": "a", "options": [{"text": {"type": "plain_text", "text": "x"}, "value": str(n)} for n in range(11)]}, "11 of 1 to 10"),
        ({"type": "static_select", "action_id": "a", "options": [{"text": {"type": "plain_text", "text": "x"}, "value": "v"}] * 2}, "value twice"),
    ],
)  # fmt: skip
def test_a_breach_in_an_element_is_found(element: dict[str, Any], problem: str) -> None:
    assert any(
        problem in found
        for found in problems({"blocks": [{"type": "actions", "elements": [element]}]})
    )


def test_the_feedback_of_one_answer_is_one_block() -> None:
    assert problems({"blocks": feedback_blocks("ans-1")}) == []
    assert HANDBOOK.title in shown(supported())


def test_the_documentation_has_a_small_picture_of_every_payload() -> None:
    images = Path(__file__).parents[2] / "docs" / "images"
    for name in ("answer", "unsupported", "abstention", "modal", "home"):
        picture = images / f"slack-{name}.png"
        assert 1_000 < picture.stat().st_size < 120_000
