"""Corrections as examples to learn from: chat messages for fine-tuning, blocks for a prompt."""

from collections.abc import Sequence
from typing import Any

from evals.exports.corrections import Correction
from evals.exports.masked import jsonl, masked

_SYSTEM = (
    "Answer the question from the passages alone, and name the number of the passage behind each sentence, like [1]. "
    "If the passages do not answer it, say so."
)


def finetune_jsonl(found: Sequence[Correction]) -> str:
    """Return one conversation a line: system, user and assistant, as fine-tuning takes them."""
    rows: list[dict[str, Any]] = [
        {
            "messages": [
                {"role": "system", "content": _SYSTEM},
                {"role": "user", "content": _asked(each)},
                {"role": "assistant", "content": _answered(each)},
            ]
        }
        for each in found
    ]
    return jsonl(rows)


def fewshot_text(found: Sequence[Correction]) -> str:
    """Return the corrections as blocks that a prompt can hold."""
    blocks = [
        f"<example>\n{_asked(each)}\n\nAnswer: {_answered(each)}\n</example>" for each in found
    ]
    return str(masked("\n\n".join(blocks))) + "\n" if blocks else ""


def _asked(each: Correction) -> str:
    passages = "\n".join(f"[{number}] {quote}" for number, quote in enumerate(each.quotes, start=1))
    head = f"Passages:\n{passages}\n\n" if passages else ""
    return f"{head}Question: {each.question}"


def _answered(each: Correction) -> str:
    text = each.right.strip()
    is_cited = not each.quotes or text.rstrip(".").endswith("]")
    return text if is_cited else f"{text.rstrip('.')} [1]."
