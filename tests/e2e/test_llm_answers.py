"""Answers by a language model over the sample company: whatever the provider does, what the reader sees.

The server is scripted and speaks the real protocol over loopback; everything else is the product.
"""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from cli_harness import invoke, invoke_json, samples_base, writable_copy
from llm_server import LlmServer, Reply, llm_server, says

from app.answering import AnswerReady, AskEvent, QuestionKept, StageStarted, TextAdded
from app.bootstrap import open_service
from app.service import FootnoteService
from core.answers import Answer
from core.settings import load_settings
from index.permissions import administrator, caller_named

pytestmark = pytest.mark.e2e

QUESTION = "How many days of paid leave do employees get?"
ADMIN = administrator()
MODEL = "openai-like:test"
FAST = {"first_token_seconds": 3.0, "token_seconds": 1.0, "total_seconds": 40.0}


@pytest.fixture
def own_base(tmp_path: Path, model_cache: Path) -> Path:
    """A copy of the ingested sample company."""
    return writable_copy(samples_base(model_cache), tmp_path / "base")


def service_of(data_dir: Path, server: LlmServer | None, **changes: object) -> FootnoteService:
    generation = {**FAST, "cache_hours": 0, **changes}
    return open_service(
        load_settings(
            data_dir=data_dir,
            llm=MODEL if server else "extractive",
            llm_base_url=server.openai_url if server else None,
            generation=generation,
        ),
        "cli",
    )


def asked(data_dir: Path, *script: str | Reply, **changes: object) -> tuple[Answer, LlmServer]:
    with llm_server(*script) as server:
        return service_of(data_dir, server, **changes).ask(QUESTION, ADMIN), server


def note_kinds(answer: Answer) -> set[str]:
    return {note.kind for note in answer.notes}


def check_sound(answer: Answer) -> None:
    """What holds for every answer: claims and citations fit the text and each other, and nothing unsafe is in it."""
    markers = {citation.marker for citation in answer.citations}
    for claim in answer.claims:
        assert answer.text[claim.start : claim.end] == claim.text
        assert set(claim.citations) <= markers
    assert "![" not in answer.text
    assert "](http" not in answer.text
    assert "<img" not in answer.text


# --- what the provider does, and what the reader sees -----------------------------------------------------


@pytest.mark.parametrize(
    ("script", "requests"),
    [
        ("server_error", 3),
        ("overloaded", 3),
        ("rate_limited_no_header", 3),
        ("unauthorized", 1),
        ("unknown_model", 1),
        ("never_starts", 1),
        ("disconnect_before", 3),
        ("invalid_json", 1),
        ("hang_up", 3),
        ("empty", 3),
    ],
)
def test_a_model_that_says_nothing_is_replaced_by_quotes_and_that_is_said(
    own_base: Path, script: str, requests: int
) -> None:
    answer, server = asked(own_base, script)
    assert (answer.status, answer.model) == ("answered", "extractive")
    assert "degraded" in note_kinds(answer)
    assert "26 days" in answer.text or "30 days" in answer.text or answer.citations
    assert len(server.requests) <= requests, "no storm of repeats"
    check_sound(answer)


@pytest.mark.parametrize(
    "script", ["stall", "disconnect", "truncated", "invalid_json_later", "error_event"]
)
def test_what_came_before_a_break_is_kept_and_marked(own_base: Path, script: str) -> None:
    answer, server = asked(own_base, script)
    assert answer.status == "answered"
    assert answer.model == MODEL
    assert "incomplete" in note_kinds(answer)
    assert len(server.requests) == 1, "an answer that was begun is not asked for again"
    check_sound(answer)


def test_an_answer_without_end_is_cut_and_marked(own_base: Path) -> None:
    answer, _ = asked(own_base, "endless")
    assert len(answer.text) < 10_000
    assert "incomplete" in note_kinds(answer)
    check_sound(answer)


def test_markers_of_no_passage_are_left_out_and_the_claims_still_cite(own_base: Path) -> None:
    answer, _ = asked(
        own_base, says("Employees get 30 days of paid leave [99]. Ask your lead [7000].")
    )
    assert "[99]" not in answer.text
    check_sound(answer)


def test_a_weak_model_without_markers_cites_too(own_base: Path) -> None:
    plain = service_of(own_base, None).ask(QUESTION, ADMIN)
    sentence = plain.claims[0].text
    answer, _ = asked(own_base, says(sentence))
    assert [claim.verdict for claim in answer.claims] == ["supported"]
    assert answer.claims[0].citations == (1,)
    assert answer.citations[0].quote.strip()
    check_sound(answer)


def test_an_invented_number_is_not_shown_as_supported(own_base: Path) -> None:
    plain = service_of(own_base, None).ask(QUESTION, ADMIN)
    sentence = plain.claims[0].text
    number = next(word for word in sentence.split() if word.isdigit())
    answer, _ = asked(own_base, says(sentence.replace(number, str(int(number) + 19)) + " [1]"))
    (wrong,) = [claim for claim in answer.claims if claim.verdict != "supported"]
    assert wrong.verdict == "contradicted"
    assert number in " ".join(wrong.reasons)
    check_sound(answer)


def test_an_obedient_model_shows_no_address_image_or_markup(own_base: Path) -> None:
    answer, _ = asked(
        own_base,
        says(
            "Thirty days [1]. ![x](http://evil.example/p?d=1) [here](https://evil.example) "
            "<img src=http://evil.example/i> https://evil.example/secret"
        ),
    )
    assert "evil.example" not in answer.text
    check_sound(answer)


def test_a_refusal_becomes_an_abstention_that_says_what_was_searched(own_base: Path) -> None:
    answer, _ = asked(own_base, says("NO_ANSWER"))
    assert answer.status == "abstained"
    assert "I searched" in answer.text
    assert not answer.citations
    check_sound(answer)


def test_what_a_model_says_beside_not_knowing_is_checked_too(own_base: Path) -> None:
    said = "The passages do not answer this question. Cars are free for all lighthouse keepers [1]."
    answer, _ = asked(own_base, says(said))
    assert answer.status == "abstained"
    assert "I searched" in answer.text
    (claim,) = [claim for claim in answer.claims if "Cars" in claim.text]
    assert claim.verdict in ("unsupported", "contradicted")
    assert not any("I searched" in claim.text for claim in answer.claims)
    check_sound(answer)


def test_the_next_model_writes_when_the_first_fails(own_base: Path) -> None:
    with llm_server("unauthorized", says("Employees get 30 days of paid leave [1].")) as server:
        settings = load_settings(
            data_dir=own_base,
            llm="openai-like:first, openai-like:second",
            llm_base_url=server.openai_url,
            generation=FAST,
        )
        answer = open_service(settings, "cli").ask(QUESTION, ADMIN)
    assert answer.model == "openai-like:second"
    assert "degraded" in note_kinds(answer)


# --- streaming ------------------------------------------------------------------------------------------------


def shown(events: Iterator[AskEvent]) -> tuple[str, Answer, float]:
    """Return the text as it was shown, the answer, and the seconds until the first visible state."""
    started = time.monotonic()
    text, first, answer = "", 0.0, None
    for event in events:
        if isinstance(event, QuestionKept):
            continue
        first = first or time.monotonic() - started
        if isinstance(event, TextAdded):
            text += event.text
        elif isinstance(event, AnswerReady):
            answer = event.answer
        else:
            assert isinstance(event, StageStarted)
    assert answer is not None
    return text, answer, first


@pytest.mark.parametrize(
    "reply",
    [
        says("Employees get 30 days of paid leave [1]. Part-time staff get less [2]."),
        says("- Thirty days [1]\n- Ask your **lead** first [1][2]\n\nNothing else [3]."),
        says("NO_ANSWER The passages do not say it."),
    ],
    ids=["sentences", "list", "refusal"],
)
def test_streaming_and_not_streaming_end_in_the_same_answer(own_base: Path, reply: Reply) -> None:
    with llm_server(reply) as server:
        service = service_of(own_base, server)
        text, streamed, _ = shown(service.ask_stream(QUESTION, ADMIN))
        whole = service.ask(QUESTION, ADMIN)
    assert text == streamed.text == whole.text
    assert streamed.claims == whole.claims
    assert streamed.citations == whole.citations
    assert streamed.status == whole.status


def test_the_first_state_is_seen_before_anything_is_asked(own_base: Path) -> None:
    with llm_server(says("Thirty days [1].", first_token_s=2.0)) as server:
        service = service_of(own_base, server)
        _, _, first = shown(service.ask_stream(QUESTION, ADMIN))
    assert first < 1.0


def test_a_reader_who_leaves_ends_the_request(own_base: Path) -> None:
    slow = says("Employees get thirty days of paid leave a year. " * 40, piece_s=0.05)
    with llm_server(slow) as server:
        events = service_of(own_base, server).ask_stream(QUESTION, ADMIN)
        for event in events:
            if isinstance(event, TextAdded):
                break
        events.close()  # type: ignore[attr-defined]  # a generator
        assert server.requests[0].finished.wait(5)
        assert server.requests[0].client_left


# --- cache, budget, replay -----------------------------------------------------------------------------------


def test_what_was_written_is_used_again_until_somebody_flags_it(own_base: Path) -> None:
    with llm_server(says("Thirty days of paid leave [1].")) as server:
        service = service_of(own_base, server, cache_hours=1)
        first, second = service.ask(QUESTION, ADMIN), service.ask(QUESTION, ADMIN)
        assert len(server.requests) == 1
        assert (second.text, second.citations) == (first.text, first.citations)
        assert (first.prompt_tokens > 0, second.prompt_tokens) == (True, 0)
        service.add_feedback(second.answer_id, ADMIN, "bad", "wrong_fact")
        service.ask(QUESTION, ADMIN)
        assert len(server.requests) == 2


def test_readers_of_other_documents_share_nothing(own_base: Path) -> None:
    with llm_server(says("Thirty days of paid leave [1].")) as server:
        service = service_of(own_base, server, cache_hours=1)
        for caller in (
            caller_named("ines@brightwater.example", ["people-team"]),
            caller_named("tor@brightwater.example", []),
            caller_named("ida@brightwater.example", []),
        ):
            service.ask(QUESTION, caller)
    assert len(server.requests) == 2, "the last two may read the same documents"


def test_a_spent_budget_is_said_and_quotes_are_given(own_base: Path) -> None:
    with llm_server(says("Thirty days of paid leave [1].")) as server:
        settings = load_settings(
            data_dir=own_base,
            llm=MODEL,
            llm_base_url=server.openai_url,
            budget={"user_tokens": 100},
            generation={**FAST, "cache_hours": 0},
        )
        service = open_service(settings, "cli")
        first, second = service.ask(QUESTION, ADMIN), service.ask(QUESTION, ADMIN)
    assert (first.model, second.model) == (MODEL, "extractive")
    assert any("budget" in note.text for note in second.notes if note.kind == "degraded")
    assert len(server.requests) == 1


def test_spent_tokens_stop_a_model_that_costs_nothing_too(own_base: Path) -> None:
    prices = own_base / "prices.yaml"
    prices.write_text('- {model: "openai-like:*", prompt: 0, completion: 0}\n', encoding="utf-8")
    with llm_server(says("Thirty days of paid leave [1].")) as server:
        settings = load_settings(
            data_dir=own_base,
            llm=MODEL,
            llm_base_url=server.openai_url,
            budget={"user_tokens": 100},
            generation={**FAST, "cache_hours": 0, "prices_file": prices},
        )
        service = open_service(settings, "cli")
        models = [service.ask(QUESTION, ADMIN).model for _ in range(2)]
    assert models == [MODEL, "extractive"]
    assert len(server.requests) == 1


def test_an_answer_is_replayed_after_its_source_changed(
    tmp_path: Path, data_dir: Path, model_cache: Path
) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    page = folder / "leave.md"
    page.write_text("# Leave\n\nEmployees get 30 days of paid leave a year.\n", encoding="utf-8")
    invoke("ingest", folder, "--yes", "--data-dir", data_dir)
    then = invoke_json("ask", QUESTION, "--data-dir", data_dir)
    page.write_text("# Leave\n\nEmployees get 28 days of paid leave a year.\n", encoding="utf-8")
    invoke("ingest", folder, "--yes", "--data-dir", data_dir)
    found = invoke_json("ask", "--replay", then["answer_id"], "--data-dir", data_dir)
    assert not found["same"]
    assert "30 days" in found["then"]["answer"]
    assert "28 days" in found["now"]["answer"]
    assert [source["state"] for source in found["sources"]] == ["changed"]
    page.unlink()
    invoke("ingest", folder, "--yes", "--allow-mass-delete", "--data-dir", data_dir)
    found = invoke_json("ask", "--replay", then["answer_id"], "--data-dir", data_dir)
    assert [source["state"] for source in found["sources"]] == ["gone"]
    assert found["now"]["status"] == "abstained"
    printed = invoke("ask", "--replay", then["answer_id"], "--data-dir", data_dir).stdout
    assert "The answers differ." in printed
    assert "gone: leave.md" in printed
