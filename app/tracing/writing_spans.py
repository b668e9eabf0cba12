"""What wrote an answer, as a span: a language model with its tokens and cost, or quoting."""

from collections.abc import Mapping
from typing import Any

from app.extraction.drafting import MODEL_NAME
from app.tracing.attributes import Attributes, SpanEvent, SpanRecord, as_json, kind_of, present
from app.tracing.content import Texts
from app.tracing.stage_times import Times
from core.answers import Answer

_MOST_TURNS = 20
# Provider as in a model's name: (gen_ai.provider.name, llm.system, llm.provider).
_PROVIDERS = {
    "openai": ("openai", "openai", "openai"),
    "openai-like": ("openai", "openai", ""),
    "anthropic": ("anthropic", "anthropic", "anthropic"),
    "azure": ("azure.ai.openai", "openai", "azure"),
    "bedrock": ("aws.bedrock", "", "aws"),
    "vertex": ("gcp.vertex_ai", "vertexai", "google"),
}


def writing_span(
    answer: Answer, trace: Mapping[str, Any], texts: Texts, times: Times, answer_tokens: int
) -> SpanRecord:
    """Return the span of what wrote the answer; models that were asked in vain are events of it."""
    begin, end = times["generate"]
    events = _failures(trace, begin)
    if answer.model == MODEL_NAME:
        attributes = {**kind_of("CHAIN"), "footnote.model": answer.model}
        return SpanRecord("generate", "footnote.quote", begin, end, attributes, events)
    provider, _, model = answer.model.rpartition(":")
    attributes = {
        **_model(answer, provider, model, answer_tokens),
        **_usage(answer),
        **_finish(answer),
        **_messages(answer, trace, texts),
        "footnote.cached": bool(trace.get("generation", {}).get("cached", False)),
    }
    return SpanRecord("generate", f"chat {model}", begin, end, attributes, events, is_client=True)


def _failures(trace: Mapping[str, Any], time_ns: int) -> tuple[SpanEvent, ...]:
    """Return an event for each model that was asked in vain; what it said is not told."""
    details = trace.get("generation", {})
    failed = list(details.get("failures", ()))
    if not failed and details.get("failure"):
        failed = [{"kind": details["failure"]}]
    return tuple(
        SpanEvent(
            "footnote.model_failed",
            time_ns,
            present({"error.type": entry.get("kind"), "gen_ai.request.model": entry.get("model")}),
        )
        for entry in failed
    )


def _model(answer: Answer, provider: str, model: str, answer_tokens: int) -> Attributes:
    # A custom name is allowed where the list has none.
    name, system, owner = _PROVIDERS.get(provider, (provider or "unknown", "", ""))
    prompt, _, version = answer.prompt_version.rpartition("@")
    return present(
        {
            "gen_ai.operation.name": "chat",
            "gen_ai.provider.name": name,
            "gen_ai.request.model": model,
            "gen_ai.response.model": model,
            "gen_ai.request.stream": True,
            "gen_ai.request.max_tokens": answer_tokens,
            "gen_ai.conversation.id": answer.conversation_id,
            "gen_ai.prompt.name": prompt,
            "gen_ai.prompt.version": version,
            **kind_of("LLM"),
            "llm.model_name": model,
            "llm.request.model_name": model,
            "llm.response.model_name": model,
            "llm.system": system,
            "llm.provider": owner,
            "llm.invocation_parameters": as_json({"max_tokens": answer_tokens}),
            "prompt.id": prompt,
            "llm.prompt_template.version": version,
            "footnote.prompt.version": answer.prompt_version,
        }
    )


def _usage(answer: Answer) -> Attributes:
    prompt, completion = answer.prompt_tokens, answer.completion_tokens
    return present(
        {
            "gen_ai.usage.input_tokens": prompt,
            "gen_ai.usage.output_tokens": completion,
            "llm.token_count.prompt": prompt,
            "llm.token_count.completion": completion,
            "llm.token_count.total": prompt + completion,
            # 0 is also what an answer has whose model has no price.
            "llm.cost.total": answer.cost_usd or None,
        }
    )


def _finish(answer: Answer) -> Attributes:
    reason = "error" if any(note.kind == "incomplete" for note in answer.notes) else "stop"
    return {"gen_ai.response.finish_reasons": [reason], "llm.finish_reason": reason}


def _messages(answer: Answer, trace: Mapping[str, Any], texts: Texts) -> Attributes:
    """Return the conversation around the template: turns before, question, answer as it was shown."""
    asked: list[tuple[str, str]] = []
    for turn in trace.get("history", [])[-_MOST_TURNS:]:
        asked += [
            ("user", texts.of("input_message", turn["q"])),
            ("assistant", texts.of("input_message", turn["a"])),
        ]
    asked.append(("user", texts.of("input_message", trace.get("query", ""))))
    asked = [(role, text) for role, text in asked if text]
    said = texts.of("output_message", answer.text)
    attributes: Attributes = {}
    if asked:
        attributes["gen_ai.input.messages"] = as_json([_message(*each) for each in asked])
    if said:
        attributes["gen_ai.output.messages"] = as_json(
            [{**_message("assistant", said), "finish_reason": "stop"}]
        )
        attributes |= _flat("llm.output_messages", 0, "assistant", said)
    for position, (role, text) in enumerate(asked):
        attributes |= _flat("llm.input_messages", position, role, text)
    return attributes


def _message(role: str, text: str) -> dict[str, object]:
    return {"role": role, "parts": [{"type": "text", "content": text}]}


def _flat(name: str, position: int, role: str, text: str) -> Attributes:
    prefix = f"{name}.{position}.message"
    return {f"{prefix}.role": role, f"{prefix}.content": text}
