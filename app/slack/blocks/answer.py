"""One answer as messages: its text, then in the last one what it rests on and what can be done with it; pure."""

from collections.abc import Iterator, Sequence

from app.answer_markup import shown_text
from app.chat_view import (
    AnswerView,
    NoteLine,
    answer_view,
    clipped,
    verdict_label,
)
from app.slack.blocks.limits import CONTEXT_CHARS, MESSAGE_BLOCKS
from app.slack.blocks.marked_text import marked_text
from app.slack.blocks.source_links import SourceLinks
from app.slack.blocks.text_objects import Block, button, context, mrkdwn_within, plain_text
from app.slack.markup import link, markdown, mrkdwn
from app.slack.splitting import split
from core.answers import Answer

FEEDBACK_ACTION = "feedback"
ESCALATE_ACTION = "escalate"
GOOD, BAD = "good:", "bad:"

_TITLE_CHARS = 160
_WHERE_CHARS = 200
_WORDS_CHARS = 120
_REASON_CHARS = 200
_MOST_DOUBTS = 5
_MOST_NUMBERS = 5
_MOST_SOURCE_BLOCKS = 12
_NOTICE_CHARS = 200
# Where others read along: which model, at which address, and what its operator can do are no business of theirs.
_SAID_TO_ALL = {
    "degraded": "The usual language model could not be used for this answer.",
    "incomplete": "This answer is not finished; what came until then is kept.",
}
_PRIVATELY = (
    "Everyone here can read this, so only documents that everyone here may read were used. Ask privately, in a direct "
    "message, to use all of yours."
)


def answer_blocks(
    answer: Answer, links: SourceLinks, *, is_private: bool, with_escalation: bool
) -> list[list[Block]]:
    """Return the blocks of each message that an answer becomes; all but the text is in the last one."""
    texts = answer_texts(answer, links.hosts)
    messages: list[list[Block]] = [[{"type": "markdown", "text": text}] for text in texts]
    below = below_blocks(answer, links, is_private=is_private, with_escalation=with_escalation)
    if not messages:
        return [below]
    messages[-1] += below
    return messages


def answer_texts(answer: Answer, hosts: Sequence[str] = ()) -> list[str]:
    """Return the Markdown of each message that an answer becomes."""
    view = answer_view(answer)
    text = marked_text(answer, view)
    if view.heading:
        text = f"**{view.heading}**\n\n{text}"
    # Once more behind the cut: it may have gone through code, whose words are then read as prose.
    shown = [markdown(part, hosts) for part in split(markdown(text, hosts))]
    return [text for text in shown if text.strip()]


def below_blocks(
    answer: Answer, links: SourceLinks, *, is_private: bool, with_escalation: bool
) -> list[Block]:
    """Return what stands below an answer: the legend, doubts, notes, sources, feedback, who else can help."""
    view = answer_view(answer)
    blocks = [
        *context(_doubt_lines(view)),
        *context(_note_line(note, is_private=is_private) for note in view.notes),
        *sources_blocks(answer, links),
    ]
    last = feedback_blocks(answer.answer_id)
    if with_escalation:
        last.append(escalation_block(answer.answer_id))
    if not is_private:
        last += context([mrkdwn(_PRIVATELY)])
    # One block is the text's.
    return blocks[: MESSAGE_BLOCKS - 1 - len(last)] + last


def sources_blocks(answer: Answer, links: SourceLinks) -> list[Block]:
    """Return the sources of an answer as small print: numbers, title, place, age."""
    view = answer_view(answer)
    if not view.sources:
        return []
    lines = [f"*{mrkdwn(view.sources_title)}*"]
    lines += [_source_line(answer, view, group, links) for group in view.groups]
    blocks = context(lines)
    if len(blocks) <= _MOST_SOURCE_BLOCKS:
        return blocks
    more = (
        link(links.of_conversation(answer.conversation_id), "all sources") if links.has_web else ""
    )
    return blocks[:_MOST_SOURCE_BLOCKS] + context([f"… {more or 'and more sources'}"])


def feedback_blocks(answer_id: str) -> list[Block]:
    """Return the buttons for what somebody thinks of an answer; they carry its id and nothing else."""
    return [
        {
            "type": "context_actions",
            "elements": [
                {
                    "type": "feedback_buttons",
                    "action_id": FEEDBACK_ACTION,
                    "positive_button": _thumb("Helpful", "This answer is helpful", GOOD, answer_id),
                    "negative_button": _thumb(
                        "Something is wrong", "Say what is wrong with this answer", BAD, answer_id
                    ),
                }
            ],
        }
    ]


def escalation_block(answer_id: str) -> Block:
    """Return the button that asks an expert."""
    return {"type": "actions", "elements": [button("Ask an expert", ESCALATE_ACTION, answer_id)]}


def fallback_text(answer: Answer) -> str:
    """Return what notifications and screen readers have of an answer, as mrkdwn without links."""
    view = answer_view(answer)
    first = " ".join(shown_text(answer.text, 0, len(answer.text)).split())
    return mrkdwn(clipped(f"{view.heading}: {first}" if view.heading else first, _NOTICE_CHARS))


def _thumb(words: str, label: str, sign: str, answer_id: str) -> Block:
    return {
        "text": plain_text(words, 75),
        "accessibility_label": label,
        "value": f"{sign}{answer_id}",
    }


def _doubt_lines(view: AnswerView) -> Iterator[str]:
    """Say what does not hold and why, behind a line that sums it up; nothing where all is well."""
    if not view.doubts:
        if view.summary and any(claim.verdict == "unchecked" for claim in view.claims):
            yield mrkdwn(view.summary)
        return
    supported = any(claim.verdict == "supported" for claim in view.claims)
    legend = [verdict_label("supported")] if supported else []
    yield mrkdwn(" · ".join([*legend, view.summary]))
    for doubt in view.doubts[:_MOST_DOUBTS]:
        words = clipped(doubt.text, _WORDS_CHARS)
        reasons = clipped(" ".join(doubt.reasons), _REASON_CHARS)
        yield mrkdwn(f"{doubt.label}: “{words}” {reasons}".rstrip())


def _note_line(note: NoteLine, *, is_private: bool) -> str:
    room = CONTEXT_CHARS - len(note.title) - 20
    title = f"*{mrkdwn(note.title)}*" if note.is_strong else mrkdwn(note.title)
    text = note.text if is_private else _SAID_TO_ALL.get(note.kind, note.text)
    return f"{title}: {mrkdwn_within(text, room)}"


def _source_line(answer: Answer, view: AnswerView, group: Sequence[int], links: SourceLinks) -> str:
    cards = [view.sources[place] for place in group]
    citations = [answer.citations[place] for place in group]
    title = clipped(cards[0].title, _TITLE_CHARS)
    shown = [
        _linked(f"[{card.marker}]", links.of_citation(answer, citation))
        for card, citation in list(zip(cards, citations, strict=True))[1:_MOST_NUMBERS]
    ]
    if len(cards) > _MOST_NUMBERS:
        shown.append(f"… [{cards[-1].marker}]")
    first = f"[{cards[0].marker}] {title}"
    words = " ".join([_linked(first, links.of_citation(answer, citations[0])), *shown])
    updated = f"updated {cards[0].updated}" if cards[0].updated else ""
    facts = (clipped(cards[0].where, _WHERE_CHARS), updated)
    about = "".join(f" · {mrkdwn(fact)}" for fact in facts if fact)
    return words + about


def _linked(words: str, address: str) -> str:
    return link(address, words) if address else mrkdwn(words)
