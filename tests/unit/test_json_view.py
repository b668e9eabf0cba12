"""The JSON of answers and hits has every key that the public contract promises."""

import json
from collections.abc import Mapping
from typing import Any

from app.json_view import answer_json, hit_json
from core.answers import Answer, Citation, Claim, DocumentRef, Hit, Note, Why

DOCUMENT = DocumentRef("d", "a/b.md", "Title", "v1", "2026-01-01T00:00:00+00:00")
WHY = Why(1, 9.5, 2, 0.7, words=2.5, name=0.5, neighbour=0.1, notes=("newer than 'Rules 2021'",))
HIT = Hit(1, 0.9, "c1", DOCUMENT, ("Leave", "Days"), 3, 5, 17, "Thirty days.", WHY)
ANSWER = Answer(
    answer_id="a1",
    conversation_id="c1",
    trace_id="t1",
    question="How many?",
    text="Thirty days.",
    status="answered",
    claims=(Claim(0, 12, "Thirty days.", "supported", 1.0, (1,)),),
    citations=(Citation(1, DOCUMENT, "c1", ("Leave",), None, 5, 17, "Thirty days."),),
    notes=(Note("stale", "Old."),),
    model="extractive",
    prompt_version="p",
    index_generation=4,
    created_at="2026-01-01",
    timings_ms={"total": 1.5},
)


def assert_holds(value: Mapping[str, Any], keys: str) -> None:
    assert set(keys.split()) <= value.keys()


def test_an_answer_has_the_keys_of_the_contract() -> None:
    value = answer_json(ANSWER)
    assert_holds(
        value,
        "question answer status claims citations notes conversation_id answer_id trace_id model "
        "prompt_version index_generation usage timings_ms",
    )
    assert_holds(value["claims"][0], "start end text verdict score citations")
    assert_holds(value["citations"][0], "marker document chunk_id section page start end quote")
    assert_holds(value["citations"][0]["document"], "id uri title version")
    assert_holds(value["notes"][0], "kind text")
    assert_holds(value["usage"], "prompt_tokens completion_tokens cost_usd")


def test_an_answer_says_what_it_is() -> None:
    value = answer_json(ANSWER)
    assert (value["answer"], value["question"], value["status"]) == (
        "Thirty days.",
        "How many?",
        "answered",
    )
    assert value["citations"][0]["document"]["id"] == "d"
    assert value["claims"][0]["citations"] == [1]


def test_a_hit_has_the_keys_of_the_contract() -> None:
    value = hit_json(HIT)
    assert_holds(value, "rank score chunk_id document section page start end text why")
    assert_holds(value["document"], "id uri title version")
    assert_holds(value["why"], "lexical_rank dense_rank lexical_score dense_score")
    assert_holds(value["why"], "words name neighbour notes")
    assert value["section"] == ["Leave", "Days"]
    assert value["page"] == 3


def test_everything_can_be_written_as_json_and_read_back() -> None:
    for value in (answer_json(ANSWER), hit_json(HIT)):
        assert json.loads(json.dumps(value)) == value
