"""What reaches a collector: real spans over HTTP, read from the bytes as OTLP says; and what never does."""

import json
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("opentelemetry.exporter.otlp.proto.http")

from opentelemetry.proto.trace.v1.trace_pb2 import Span
from opentelemetry.semconv._incubating.attributes import gen_ai_attributes
from otlp_collector import Collector, collector

from app.abstention import Assessment, Nearest
from app.answer_trace import MadeFrom, trace_of
from app.tracing.answer_spans import Surroundings, spans_of
from app.tracing.attributes import otel_span_id, otel_trace_id
from app.tracing.content import Texts, shown_areas, user_hash
from app.tracing.export import TraceExport, open_trace_export
from app.tracing.retrieval_spans import Searched
from app.tracing.stage_times import stage_times
from core.answers import (
    Answer,
    Citation,
    Claim,
    DocumentRef,
    Draft,
    Feedback,
    Hit,
    Note,
    Passage,
    Turn,
    Why,
)
from core.documents import document_id, text_hash
from core.errors import ConfigError
from core.ids import new_id
from core.log import configure
from core.settings import Settings, load_settings

pytestmark = pytest.mark.integration

CANARIES = {
    "question": "quokkaquestion",
    "query": "quaggaquery",
    "history": "hoatzinhistory",
    "answer": "axolotlanswer",
    "title": "tapirtitle",
    "uri": "uakariuri",
    "section": "saigasection",
    "passage": "pangolinpassage",
    "quote": "quetzalquote",
    "note": "narwhalnote",
    "reason": "ratelreason",
    "missing": "margaymissing",
    "covered": "caracalcovered",
    "why": "wombatwhy",
    "error": "echidnaerror",
    "caller": "civetcaller",
    "comment": "capybaracomment",
    "selected": "servalselected",
}
ASKER = f"{CANARIES['caller']}@firma.example"
TIMINGS = {
    "condense": 1.5, "embed": 8.25, "retrieve": 20.0, "read": 3.0, "generate": 900.5, "check": 12.0, "total": 950.0,
}  # fmt: skip
MODEL = "openai:gpt-4o-mini"


def document(name: str) -> DocumentRef:
    uri = f"{CANARIES['uri']}/{name}.md"
    title = f"{CANARIES['title']} {name}"
    return DocumentRef(document_id("default", uri), uri, title, text_hash(name)[:16])


def passage(marker: int, text: str) -> Passage:
    found = document(f"doc{marker}")
    return Passage(
        marker, found, f"chunk-{marker}", (CANARIES["section"],), 1, 10, 10 + len(text), text, 0.9
    )


def stored_answer(**changes: Any) -> Answer:
    quote = f"26 days {CANARIES['quote']}"
    answer = Answer(
        answer_id=new_id(),
        conversation_id=new_id(),
        trace_id=new_id(),
        question=f"How much leave, {CANARIES['question']}?",
        text=f"There are 26 days {CANARIES['answer']}. {CANARIES['selected']} asks anna.berg@firma.example.",
        status="answered",
        claims=(
            Claim(0, 30, f"26 days {CANARIES['answer']}", "supported", 0.97, (1,)),
            Claim(31, 60, "asks", "contradicted", 0.08, (1, 2), (f"{CANARIES['reason']} differs",)),
        ),
        citations=(
            Citation(1, document("doc1"), "chunk-1", (CANARIES["section"],), 1, 12, 20, quote),
        ),
        notes=(
            Note("degraded", f"{CANARIES['note']}: {CANARIES['error']}"),
            Note("incomplete", CANARIES["error"]),
        ),
        model=MODEL,
        prompt_version="answer@abc123",
        index_generation=7,
        created_at="2026-11-21T10:00:00.950+00:00",
        prompt_tokens=321,
        completion_tokens=21,
        cost_usd=0.0015,
        timings_ms=TIMINGS,
    )
    return replace(answer, **changes)


def stored_trace(answer: Answer, **details: Any) -> dict[str, Any]:
    passages = [
        passage(1, f"26 days {CANARIES['passage']}. Ask anna.berg@firma.example."),
        passage(2, f"More {CANARIES['passage']}"),
    ]
    hits = [
        Hit(
            p.marker, 0.9 / p.marker, p.chunk_id, p.document, p.section, 1, p.start, p.end, p.text,
            Why(1, 9.5, 2, 0.7, notes=(CANARIES["why"],)),
        )
        for p in passages
    ]  # fmt: skip
    generation = {
        "packed": [1],
        "dropped": [2],
        "cut": 0,
        "turns": 1,
        "cache_key": text_hash("x"),
        "cached": False,
        "failures": [{"model": "anthropic:claude", "kind": "overloaded"}],
        **details,
    }
    draft = Draft(answer.text, (), (), "answered", MODEL, "answer@abc123", 0.8, details=generation)
    nearest = Nearest(document("doc1"), (CANARIES["section"],))
    assessment = Assessment(
        0.9, 0.95, "answer", False, (CANARIES["missing"],), (CANARIES["covered"],), "", (nearest,)
    )
    turns = [Turn(f"{CANARIES['history']}?", f"{CANARIES['history']}.")]
    made = MadeFrom(
        f"{CANARIES['query']} leave",
        turns,
        hits,
        passages,
        draft,
        assessment,
        grounding_score=0.92,
        embedder=("model-of-the-index", 384),
    )
    # What is stored comes back from JSON.
    return dict(json.loads(json.dumps(trace_of(answer, made))))


def given_feedback(answer: Answer, **changes: Any) -> Feedback:
    said = Feedback(
        new_id(),
        answer.answer_id,
        ASKER,
        "bad",
        "wrong_fact",
        f"{CANARIES['comment']} anna.berg@firma.example",
        "2026-11-21T10:05:00.000+00:00",
        3,
        20,
        CANARIES["selected"],
    )
    return replace(said, **changes)


def settings_for(url: str, **tracing: Any) -> Settings:
    return load_settings(tracing={"otlp_endpoint": url, **tracing})


def opened(url: str, **tracing: Any) -> TraceExport:
    export = open_trace_export(settings_for(url, **tracing))
    assert export is not None
    return export


def exported(answer: Answer, trace: dict[str, Any], **tracing: Any) -> Collector:
    with collector() as taken:
        export = opened(taken.url, **tracing)
        export.answered(answer, trace, ASKER)
        export.close()
    return taken


def values(attributes: Any) -> dict[str, Any]:
    """Attributes of the wire by name, with the values of their wire types."""
    found = {}
    for entry in attributes:
        kind = entry.value.WhichOneof("value")
        value = getattr(entry.value, kind)
        found[entry.key] = (
            [item.string_value for item in value.values] if kind == "array_value" else value
        )
    return found


@pytest.fixture(scope="module", autouse=True)
def _no_settings_of_the_caller(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Also for what is made once for all tests, before a test's own settings are cleared."""
    with pytest.MonkeyPatch.context() as patch:
        for name in list(os.environ):
            if name.startswith(("FOOTNOTE_", "OTEL_", "OPENINFERENCE_")):
                patch.delenv(name)
        patch.chdir(tmp_path_factory.mktemp("traces"))
        yield


@pytest.fixture(scope="module")
def answer() -> Answer:
    return stored_answer()


@pytest.fixture(scope="module")
def plain(answer: Answer) -> Collector:
    """One exported answer, without content."""
    return exported(answer, stored_trace(answer))


def test_no_address_means_no_export() -> None:
    assert open_trace_export(load_settings()) is None


def test_every_stage_is_a_child_of_the_answer(plain: Collector, answer: Answer) -> None:
    assert plain.paths == ["/v1/traces"]
    assert {span.name for span in plain.spans} == {
        "invoke_workflow footnote.ask",
        "footnote.condense",
        "CreateEmbeddings",
        "retrieval footnote",
        "footnote.read",
        "chat gpt-4o-mini",
        "footnote.check",
    }
    root = plain.named("invoke_workflow footnote.ask")
    assert root.parent_span_id == b""
    for span in plain.spans:
        assert span.trace_id == int(answer.trace_id, 16).to_bytes(16, "big")
        if span is not root and span.name != root.name:
            assert span.parent_span_id == root.span_id
    assert len({span.span_id for span in plain.spans}) == 7


def test_ids_are_those_of_the_stored_answer(plain: Collector, answer: Answer) -> None:
    root = plain.named("invoke_workflow footnote.ask")
    assert root.span_id == otel_span_id(answer.trace_id, "root").to_bytes(8, "big")
    again = exported(answer, stored_trace(answer))
    assert {s.name: s.span_id for s in again.spans} == {s.name: s.span_id for s in plain.spans}


def test_spans_have_the_times_of_the_stages(plain: Collector) -> None:
    end = round(datetime.fromisoformat("2026-11-21T10:00:00.950+00:00").timestamp() * 1000) * 10**6
    root = plain.named("invoke_workflow footnote.ask")
    assert (root.start_time_unix_nano, root.end_time_unix_nano) == (end - 950 * 10**6, end)
    after = root.start_time_unix_nano
    names = ("footnote.condense", "CreateEmbeddings", "retrieval footnote", "footnote.read", "chat gpt-4o-mini",
             "footnote.check")  # fmt: skip
    for name, stage in zip(names, TIMINGS, strict=False):
        span = plain.named(name)
        assert span.start_time_unix_nano == after
        after = span.end_time_unix_nano
        assert after - span.start_time_unix_nano == round(TIMINGS[stage] * 10**6)


def test_kinds_are_those_of_both_conventions(plain: Collector) -> None:
    kinds = {
        span.name: (span.kind, values(span.attributes)["openinference.span.kind"])
        for span in plain.spans
    }
    internal, client = Span.SPAN_KIND_INTERNAL, Span.SPAN_KIND_CLIENT
    assert kinds == {
        "invoke_workflow footnote.ask": (internal, "CHAIN"),
        "footnote.condense": (internal, "CHAIN"),
        "CreateEmbeddings": (client, "EMBEDDING"),
        "retrieval footnote": (client, "RETRIEVER"),
        "footnote.read": (internal, "CHAIN"),
        "chat gpt-4o-mini": (client, "LLM"),
        "footnote.check": (internal, "EVALUATOR"),
    }


def test_the_root_says_what_became_of_the_question(plain: Collector, answer: Answer) -> None:
    root = values(plain.named("invoke_workflow footnote.ask").attributes)
    wanted = {
        "gen_ai.operation.name": "invoke_workflow",
        "gen_ai.workflow.name": "footnote.ask",
        "gen_ai.conversation.id": answer.conversation_id,
        "session.id": answer.conversation_id,
        "user.id": user_hash(ASKER, ""),
        "tag.tags": ["answered"],
        "footnote.answer.id": answer.answer_id,
        "footnote.answer.status": "answered",
        "footnote.answer.notes": ["degraded", "incomplete"],
        "footnote.prompt.version": "answer@abc123",
        "footnote.index.generation": 7,
        "annotations.0.annotation.name": "groundedness",
        "annotations.0.annotation.label": "contradicted",
        "annotations.0.annotation.score": 0.08,
        "annotations.0.annotation.annotator_kind": "CODE",
    }
    assert {name: root.get(name) for name in wanted} == wanted
    assert "error.type" not in root


def test_the_language_model_s_span_has_both_families(plain: Collector) -> None:
    span = plain.named("chat gpt-4o-mini")
    found = values(span.attributes)
    wanted = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "openai",
        "gen_ai.request.model": "gpt-4o-mini",
        "gen_ai.request.max_tokens": 800,
        "gen_ai.request.stream": True,
        "gen_ai.response.finish_reasons": ["error"],
        "gen_ai.usage.input_tokens": 321,
        "gen_ai.usage.output_tokens": 21,
        "gen_ai.prompt.name": "answer",
        "gen_ai.prompt.version": "abc123",
        "llm.prompt_template.version": "abc123",
        "llm.model_name": "gpt-4o-mini",
        "llm.system": "openai",
        "llm.provider": "openai",
        "llm.token_count.prompt": 321,
        "llm.token_count.completion": 21,
        "llm.token_count.total": 342,
        "llm.cost.total": 0.0015,
        "llm.finish_reason": "error",
        "footnote.cached": False,
    }
    assert {name: found.get(name) for name in wanted} == wanted
    (event,) = span.events
    assert event.name == "footnote.model_failed"
    assert values(event.attributes) == {
        "error.type": "overloaded",
        "gen_ai.request.model": "anthropic:claude",
    }


def test_attributes_have_the_types_of_the_conventions(plain: Collector) -> None:
    kinds = {
        entry.key: entry.value.WhichOneof("value")
        for span in plain.spans
        for entry in span.attributes
    }
    for name, kind in {
        "gen_ai.usage.input_tokens": "int_value",
        "gen_ai.request.top_k": "double_value",
        "gen_ai.request.stream": "bool_value",
        "gen_ai.response.finish_reasons": "array_value",
        "tag.tags": "array_value",
        "llm.cost.total": "double_value",
        "retrieval.documents.0.document.score": "double_value",
        "retrieval.documents.0.document.metadata": "string_value",
        "metadata": "string_value",
        "footnote.index.generation": "int_value",
        "footnote.claims.contradicted": "int_value",
    }.items():
        assert kinds[name] == kind, name


def test_every_genai_name_is_one_of_the_convention(answer: Answer) -> None:
    taken = exported(answer, stored_trace(answer), content=True)
    known = {value for value in vars(gen_ai_attributes).values() if isinstance(value, str)}
    # Newer than the SDK's list.
    known.add("gen_ai.prompt.version")
    sent = {
        entry.key
        for span in taken.spans
        for entry in [
            *span.attributes,
            *(each for event in span.events for each in event.attributes),
        ]
    }
    sent = {name for name in sent if name.startswith("gen_ai.")}
    assert len(sent) > 20
    assert sent <= known


def test_retrieved_documents_are_ids_scores_and_offsets(plain: Collector) -> None:
    found = values(plain.named("retrieval footnote").attributes)
    assert json.loads(found["gen_ai.retrieval.documents"]) == [
        {"id": "chunk-1", "score": 0.9},
        {"id": "chunk-2", "score": 0.45},
    ]
    assert found["gen_ai.data_source.id"] == "footnote"
    assert found["retrieval.documents.1.document.id"] == "chunk-2"
    assert json.loads(found["retrieval.documents.0.document.metadata"]) == {
        "chunk_id": "chunk-1",
        "doc_id": document("doc1").doc_id,
        "version": document("doc1").version,
        "start": 10,
        "end": 10 + len(f"26 days {CANARIES['passage']}. Ask anna.berg@firma.example."),
        "lexical_rank": 1,
        "lexical_score": 9.5,
        "dense_rank": 2,
        "dense_score": 0.7,
    }
    assert not [name for name in found if name.endswith(("content", "text"))]


def test_passages_say_which_of_them_stood_in_the_prompt(plain: Collector) -> None:
    found = values(plain.named("footnote.read").attributes)
    passages = json.loads(found["footnote.passages"])
    assert [(each["marker"], each["packed"]) for each in passages] == [(1, True), (2, False)]
    assert passages[0]["version"] == document("doc1").version
    assert (found["footnote.passages.packed"], found["footnote.passages.left_out"]) == (1, 1)


def test_the_check_has_verdicts_and_what_each_claim_cites(plain: Collector) -> None:
    span = plain.named("footnote.check")
    found = values(span.attributes)
    assert json.loads(found["footnote.claims"]) == [
        {"start": 0, "end": 30, "verdict": "supported", "score": 0.97, "citations": [1]},
        {"start": 31, "end": 60, "verdict": "contradicted", "score": 0.08, "citations": [1, 2]},
    ]
    (citation,) = json.loads(found["footnote.citations"])
    assert (citation["marker"], citation["start"], citation["end"]) == (1, 12, 20)
    (event,) = span.events
    assert event.name == "gen_ai.evaluation.result"
    result = values(event.attributes)
    assert result["gen_ai.evaluation.name"] == "groundedness"
    assert result["gen_ai.evaluation.score.value"] == 0.08
    assert result["gen_ai.evaluation.score.label"] == "contradicted"
    assert (result["footnote.claims.supported"], result["footnote.claims.contradicted"]) == (1, 1)
    assert "gen_ai.evaluation.explanation" not in result


def test_a_quoted_answer_has_no_language_model_s_span() -> None:
    answer = stored_answer(model="extractive", prompt_tokens=0, completion_tokens=0)
    trace = stored_trace(answer, failures=[], failure="unreachable")
    trace |= {"history": [], "grounding_score": None}
    taken = exported(answer, trace)
    names = {span.name for span in taken.spans}
    assert "footnote.quote" in names
    assert not [name for name in names if name.startswith("chat") or name.endswith("condense")]
    (event,) = taken.named("footnote.quote").events
    assert values(event.attributes) == {"error.type": "unreachable"}
    root = taken.named("invoke_workflow footnote.ask")
    # The answer is there: what failed was not the whole.
    assert root.status.code == 0
    assert values(root.attributes)["footnote.answer.degraded_by"] == "unreachable"
    assert "error.type" not in values(root.attributes)
    (result,) = taken.named("footnote.check").events
    assert "gen_ai.evaluation.score.value" not in values(result.attributes)


def test_an_answer_that_failed_ends_in_an_error_without_words() -> None:
    answer = stored_answer(status="error", claims=(), text=CANARIES["error"])
    taken = exported(answer, stored_trace(answer))
    root = taken.named("invoke_workflow footnote.ask")
    assert (root.status.code, root.status.message) == (2, "")
    assert values(root.attributes)["error.type"] == "error"
    assert "footnote.check" not in {span.name for span in taken.spans}


def test_feedback_is_carried_by_a_span_with_one_link_to_the_answer(answer: Answer) -> None:
    with collector() as taken:
        export = opened(taken.url)
        export.flagged(given_feedback(answer), answer)
        export.close()
    (span,) = taken.spans
    (link,) = span.links
    assert link.trace_id == int(answer.trace_id, 16).to_bytes(16, "big")
    assert link.span_id == otel_span_id(answer.trace_id, "root").to_bytes(8, "big")
    # Another trace, and kept or left out by a sampler together with the answer's.
    assert span.trace_id != link.trace_id
    assert span.trace_id[8:] == link.trace_id[8:]
    found = values(span.attributes)
    assert found["openinference.span.kind"] == "EVALUATOR"
    assert found["annotations.0.annotation.name"] == "user_feedback"
    assert found["annotations.0.annotation.label"] == "bad"
    assert found["annotations.0.annotation.score"] == 0.0
    assert found["annotations.0.annotation.annotator_kind"] == "HUMAN"
    assert found["annotations.0.annotation.identifier"] == user_hash(ASKER, "")
    assert json.loads(found["annotations.0.annotation.metadata"])["category"] == "wrong_fact"
    assert (found["footnote.selection.start"], found["footnote.selection.end"]) == (3, 20)
    (event,) = span.events
    assert event.name == "gen_ai.evaluation.result"
    assert values(event.attributes) == {
        "gen_ai.evaluation.name": "user_feedback",
        "gen_ai.evaluation.score.label": "bad",
        "gen_ai.evaluation.score.value": 0.0,
        "footnote.feedback.category": "wrong_fact",
    }


def test_a_false_alarm_is_no_score_of_the_answer(answer: Answer) -> None:
    with collector() as taken:
        export = opened(taken.url)
        export.flagged(given_feedback(answer, verdict="false_alarm", category=None), answer)
        export.close()
    (span,) = taken.spans
    assert "annotations.0.annotation.score" not in values(span.attributes)


def everything(taken: Collector) -> str:
    """All that reached the collector, as text that a canary would be found in."""
    assert taken.bodies
    return "\n".join(body.decode("utf-8", "replace") for body in taken.bodies).lower()


def sent_with_feedback(**tracing: Any) -> str:
    answer = stored_answer()
    with collector() as taken:
        export = opened(taken.url, **tracing)
        export.answered(answer, stored_trace(answer), ASKER)
        export.flagged(given_feedback(answer), answer)
        export.close()
    assert len(taken.spans) == 8
    return everything(taken)


@pytest.fixture(scope="module")
def without_content() -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("OTEL_SERVICE_NAME", "service-under-test")
        return sent_with_feedback()


@pytest.mark.parametrize("place", CANARIES)
def test_no_word_of_a_person_or_a_document_leaves_without_consent(
    place: str, without_content: str
) -> None:
    assert "service-under-test" in without_content
    assert CANARIES[place] not in without_content
    assert "anna.berg" not in without_content


def test_every_canary_stands_in_what_was_stored() -> None:
    answer = stored_answer()
    stored = repr((answer, stored_trace(answer), given_feedback(answer)))
    # Three of them are kept in no trace; the export could not have them.
    absent = {place for place, canary in CANARIES.items() if canary not in stored}
    assert absent == {"covered"}


def test_with_consent_words_leave_and_personal_data_does_not() -> None:
    sent = sent_with_feedback(content=True)
    for place in ("question", "query", "history", "answer", "title", "uri", "passage", "reason",
                  "comment", "selected"):  # fmt: skip
        assert CANARIES[place] in sent, place
    assert "anna.berg" not in sent
    assert "[email]" in sent
    # Neither is a person named by an address, with or without consent.
    assert CANARIES["caller"] not in sent


@pytest.mark.parametrize(
    ("switch", "hidden", "shown"),
    [
        ("OPENINFERENCE_HIDE_INPUTS", ("question", "query", "history", "comment", "passage"), ("answer",)),
        ("OPENINFERENCE_HIDE_OUTPUTS", ("answer", "passage", "reason"), ("question",)),
        ("OPENINFERENCE_HIDE_INPUT_MESSAGES", ("history",), ("question", "answer", "passage")),
    ],
)  # fmt: skip
def test_openinference_s_switches_hide_in_both_families(
    switch: str, hidden: tuple[str, ...], shown: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(switch, "TRUE")
    sent = sent_with_feedback(content=True)
    for place in hidden:
        assert CANARIES[place] not in sent, place
    for place in shown:
        assert CANARIES[place] in sent, place


@given(st.sets(st.sampled_from(["OPENINFERENCE_HIDE_INPUTS", "OPENINFERENCE_HIDE_OUTPUT_TEXT"])))
def test_no_switch_shows_what_consent_does_not(names: set[str]) -> None:
    assert shown_areas(False, dict.fromkeys(names, "false")) == frozenset()
    assert shown_areas(True, dict.fromkeys(names, "1")) <= shown_areas(True, {})


def test_half_a_character_does_not_cost_the_batch() -> None:
    answer = stored_answer(text="half \ud83d of it", question="\udc00?")
    taken = exported(answer, stored_trace(answer), content=True)
    root = values(taken.named("invoke_workflow footnote.ask").attributes)
    assert root["output.value"] == "half ? of it"


def test_a_trace_that_cannot_be_made_does_not_stop_the_next_one() -> None:
    broken, whole = stored_answer(trace_id="no hex"), stored_answer()
    with collector() as taken:
        export = opened(taken.url)
        export.answered(broken, stored_trace(broken), ASKER)
        export.answered(whole, {"hits": [{}]}, ASKER)
        export.answered(whole, stored_trace(whole), ASKER)
        export.close()
    assert len(taken.spans) == 7


def test_an_answer_of_before_with_a_small_trace_is_exported() -> None:
    answer = stored_answer(timings_ms={}, claims=())
    taken = exported(answer, {})
    root = taken.named("invoke_workflow footnote.ask")
    assert root.start_time_unix_nano == root.end_time_unix_nano


@given(st.dictionaries(st.sampled_from(sorted(TIMINGS)), st.floats(-1, 1e7)))
def test_stages_lie_inside_the_answer_one_after_the_other(timings: dict[str, float]) -> None:
    times = stage_times(stored_answer(timings_ms=timings))
    begin, end = times.pop("root")
    after = begin
    for stage_begin, stage_end in times.values():
        assert after == stage_begin <= stage_end <= end
        after = stage_end


@given(st.integers(0, 200), st.integers(0, 60))
def test_no_span_has_more_attributes_than_the_sdk_keeps(hits: int, turns: int) -> None:
    answer = stored_answer()
    trace = stored_trace(answer)
    trace["hits"] = [trace["hits"][0]] * hits
    trace["history"] = [{"q": "a", "a": "b"}] * turns
    texts = Texts(shown_areas(True, {}))
    for record in spans_of(
        answer, trace, "u", texts, Surroundings(Searched("footnote", "faiss", 6), 800)
    ):
        assert len(record.attributes) <= 128


@pytest.mark.parametrize("bad", ["", "xyz", "0", "f" * 33])
def test_a_trace_id_that_is_none_is_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        otel_trace_id(bad)


def test_headers_and_resource_come_from_the_sdk_s_variables(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Bearer%20abc")
    monkeypatch.setenv("OTEL_RESOURCE_ATTRIBUTES", "deployment.environment.name=staging")
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    answer = stored_answer()
    taken = exported(answer, stored_trace(answer))
    assert taken.headers[0]["authorization"] == "Bearer abc"
    resource = values(taken.requests[0].resource_spans[0].resource.attributes)
    assert resource["service.name"] == "footnote"
    assert resource["deployment.environment.name"] == "staging"


def test_the_sdk_s_own_switch_turns_export_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_SDK_DISABLED", "true")
    answer = stored_answer()
    assert exported(answer, stored_trace(answer)).bodies == []


def test_the_sampler_keeps_feedback_where_it_keeps_the_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.5")
    answers = [stored_answer() for _ in range(40)]
    with collector() as taken:
        export = opened(taken.url)
        for answer in answers:
            export.answered(answer, {}, "")
            export.flagged(given_feedback(answer), answer)
        export.close()
    kept = {s.trace_id for s in taken.spans if s.name.startswith("invoke_workflow")}
    linked = {s.links[0].trace_id for s in taken.spans if s.name == "footnote.feedback"}
    assert kept == linked


# An answer does not wait, whatever the collector does.


def test_an_answer_does_not_wait_for_a_collector_that_hangs() -> None:
    hang = threading.Event()
    answer = stored_answer()
    trace = stored_trace(answer)
    with collector(hang=hang) as taken:
        export = opened(taken.url, content=True)
        slowest = 0.0
        for _ in range(400):
            begin = time.perf_counter()
            export.answered(answer, trace, ASKER)
            slowest = max(slowest, time.perf_counter() - begin)
        begin = time.perf_counter()
        export.close()
        closing = time.perf_counter() - begin
    assert slowest < 0.05
    assert closing < 2.5


def test_an_answer_does_not_notice_a_collector_that_is_not_there(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}"
    answer = stored_answer()
    export = opened(url)
    begin = time.perf_counter()
    export.answered(answer, stored_trace(answer), ASKER)
    assert time.perf_counter() - begin < 0.05
    begin = time.perf_counter()
    export.close()
    assert time.perf_counter() - begin < 2.5
    said = "".join(capsys.readouterr())
    assert not [canary for canary in CANARIES.values() if canary in said]
    # The SDK would write a line for each attempt.
    assert not [record for record in caplog.records if record.name.startswith("opentelemetry")]
    export.answered(answer, {}, ASKER)
    export.close()


def test_what_a_collector_refuses_is_logged_without_what_was_in_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure("info")  # other tests leave it quieter
    answer = stored_answer()
    with collector(status=400) as taken:
        export = opened(taken.url)
        export.answered(answer, stored_trace(answer), ASKER)
        export.close()
    said = "".join(capsys.readouterr())
    assert len(re.findall("traces_not_exported", said)) == 1
    assert "7" in said
    assert not [canary for canary in CANARIES.values() if canary in said]


def test_a_full_queue_drops_traces_and_says_how_many(capsys: pytest.CaptureFixture[str]) -> None:
    configure("info")  # other tests leave it quieter
    entered, stuck = threading.Event(), threading.Event()

    class Stuck:
        def send(self, *args: object) -> None:
            entered.set()
            stuck.wait(20)

        def flush_and_close(self) -> None:
            pass

        def give_up(self) -> None:
            pass

    export = TraceExport(
        Stuck(), frozenset(), Surroundings(Searched("footnote", "faiss", 6), 800), ""
    )
    answer = stored_answer()
    export.answered(answer, {}, "")
    assert entered.wait(5)
    for _ in range(300):
        export.answered(answer, {}, "")
    assert export._jobs.qsize() == 256
    begin = time.perf_counter()
    export.close()
    assert time.perf_counter() - begin < 2.5
    stuck.set()
    said = "".join(capsys.readouterr())
    assert "traces_dropped" in said
    assert "traces_lost" in said


def test_what_nobody_closed_is_sent_when_the_program_ends(tmp_path: Any) -> None:
    code = """
import sys, json
sys.path[:0] = json.loads(sys.argv[2])
from test_trace_export import opened, stored_answer, stored_trace
export = opened(sys.argv[1])
answer = stored_answer()
export.answered(answer, stored_trace(answer), "")
"""
    folder = Path(__file__).parent
    here = json.dumps([str(folder), str(folder.parent)])
    with collector() as taken:
        subprocess.run([sys.executable, "-c", code, taken.url, here], check=True, cwd=tmp_path)
    assert len(taken.spans) == 7


# Settings that cannot be used are said at the start.


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("https://otlp.example.org", "FOOTNOTE_OFFLINE"),
        ("http://10.0.0.1:4318", "FOOTNOTE_OFFLINE"),
        ("http://localhost.example.org", "FOOTNOTE_OFFLINE"),
        ("localhost:4318", "no http"),
        ("http://", "no http"),
        ("http://[::1", "no http"),
        ("http://127.0.0.1:99999", "no http"),
        ("http://user:hunter2@localhost:4318", "OTEL_EXPORTER_OTLP_HEADERS"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused(address: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words) as caught:
        open_trace_export(settings_for(address))
    assert "hunter2" not in str(caught.value)


def test_outside_of_this_machine_is_allowed_where_nothing_forbids_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOOTNOTE_OFFLINE", "0")
    export = open_trace_export(settings_for("https://otlp.example.org/api/public/otel/"))
    assert export is not None
    export.close()


@pytest.mark.parametrize("path", ["", "/", "/v1/traces", "/v1/traces/"])
def test_the_path_is_added_where_it_is_missing(path: str) -> None:
    answer = stored_answer()
    with collector() as taken:
        export = opened(taken.url + path)
        export.answered(answer, {}, "")
        export.close()
    assert taken.paths == ["/v1/traces"]


def test_a_missing_extra_is_named_with_the_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "app.tracing.sdk", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigError, match=r"pip install 'footnote\[otel\]'"):
        open_trace_export(settings_for("http://localhost:4318"))


def test_a_variable_of_the_sdk_that_cannot_be_used_is_a_configuration_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OTEL_BSP_MAX_QUEUE_SIZE", "-1")
    with pytest.raises(ConfigError, match="OTEL_"):
        open_trace_export(settings_for("http://localhost:4318"))


def test_nothing_of_opentelemetry_is_imported_without_an_address() -> None:
    code = (
        "import sys; import app.tracing.export as e; from core.settings import load_settings;"
        "assert e.open_trace_export(load_settings()) is None;"
        "sys.exit(any(name.startswith(('opentelemetry', 'requests')) for name in sys.modules))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_person_s_hash_depends_on_the_secret_and_not_on_the_case() -> None:
    assert user_hash("A@b.example", "k") == user_hash("a@b.example ", "k")
    assert user_hash("a@b.example", "k") != user_hash("a@b.example", "other")
    assert user_hash("", "k") == ""
