"""A variant served live: some readers get it, each always the same one, and nobody notices what goes wrong with it."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import structlog
from cli_harness import samples_base, writable_copy
from llm_server import LlmServer, llm_server, says
from sqlalchemy import Engine, select

from app.application import Application
from app.bootstrap import open_application, open_service
from app.doctor import examine
from core.answers import Answer, Caller
from core.settings import ExperimentSettings, load_settings
from index.permissions import ANONYMOUS_NAME, caller_named
from index.schema import answer_cache, answers, llm_usage, shadow_answers

pytestmark = pytest.mark.integration

QUESTION = "How many days of annual leave do I have?"
PEOPLE = [caller_named(f"person-{number}@example.org", []) for number in range(12)]
VARIANTS = """
[words-only]
description = "Without vectors"
"retrieval.dense_weight" = 0.0

[warm]
"generation.temperature" = 0.9

[other-cut]
"chunk.max_tokens" = 64

[no-such-model]
llm = "nobody:model"
"""

Open = Callable[..., Application]


@pytest.fixture
def open_with(tmp_path: Path, model_cache: Path) -> Open:
    base = writable_copy(samples_base(model_cache), tmp_path / "base")
    variants = tmp_path / "variants.toml"
    variants.write_text(VARIANTS, "utf-8")

    def opened(llm: str = "extractive", url: str = "", **experiment: object) -> Application:
        settings = load_settings(
            data_dir=base,
            model_cache=model_cache,
            offline=not url,
            llm=llm,
            llm_base_url=url or None,
        )
        evaluation = settings.evaluation.model_copy(update={"variants_file": variants})
        chosen = ExperimentSettings.model_validate({"name": "trial", **experiment})
        return open_application(
            settings.model_copy(update={"evaluation": evaluation, "experiment": chosen})
        )

    return opened


def variant_of(engine: Engine, answer: Answer) -> str:
    with engine.connect() as connection:
        return str(
            connection.execute(
                select(answers.c.variant).where(answers.c.answer_id == answer.answer_id)
            ).scalar_one()
        )


def until(is_so: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < end, "did not happen"
        time.sleep(0.02)


def shadows(engine: Engine) -> list[dict[str, object]]:
    with engine.connect() as connection:
        return [
            json.loads(each)
            for each in connection.execute(select(shadow_answers.c.content)).scalars()
        ]


def test_readers_stay_in_their_arm_and_raising_the_share_takes_it_from_nobody(
    open_with: Open,
) -> None:
    chosen: dict[float, set[str]] = {}
    for share in (0.3, 0.7):
        application = open_with(variant="words-only", share=share)
        engine = application.service.catalogue.engine
        chosen[share] = set()
        for caller in PEOPLE:
            arms = {variant_of(engine, application.service.ask(QUESTION, caller)) for _ in range(2)}
            assert len(arms) == 1
            assert arms <= {"trial/current", "trial/words-only"}
            if arms == {"trial/words-only"}:
                chosen[share].add(caller.name)
    assert chosen[0.3] < chosen[0.7] < {caller.name for caller in PEOPLE}


def test_a_conversation_stays_in_the_arm_where_it_began(open_with: Open) -> None:
    caller = PEOPLE[0]
    before = open_with(variant="words-only", share=0.0)
    began = before.service.ask(QUESTION, caller)
    after = open_with(variant="words-only", share=1.0)
    engine = after.service.catalogue.engine
    went_on = after.service.ask("And how many can I carry over?", caller, began.conversation_id)
    assert variant_of(engine, went_on) == "trial/current"
    assert variant_of(engine, after.service.ask(QUESTION, caller)) == "trial/words-only"


def test_a_conversation_from_before_the_comparison_is_not_counted(open_with: Open) -> None:
    caller = PEOPLE[0]
    began = open_with(name="").service.ask(QUESTION, caller)
    application = open_with(variant="words-only", share=1.0)
    engine = application.service.catalogue.engine
    went_on = application.service.ask(QUESTION, caller, began.conversation_id)
    assert variant_of(engine, began) == variant_of(engine, went_on) == ""


def test_somebody_elses_conversation_is_as_absent_as_ever(open_with: Open) -> None:
    from core.errors import NotFound

    application = open_with(variant="words-only", share=1.0)
    theirs = application.service.ask(QUESTION, PEOPLE[0])
    with pytest.raises(NotFound):
        application.service.ask(QUESTION, PEOPLE[1], theirs.conversation_id)


def test_readers_without_a_name_are_drawn_by_conversation(open_with: Open) -> None:
    application = open_with(variant="words-only", share=0.5)
    engine = application.service.catalogue.engine
    nobody = Caller(ANONYMOUS_NAME, PEOPLE[0].principals)
    arms = set()
    for _ in range(40):
        arms.add(variant_of(engine, application.service.ask(QUESTION, nobody)))
        if len(arms) == 2:
            break
    assert arms == {"trial/current", "trial/words-only"}


def test_only_the_groups_that_take_part_are_counted(open_with: Open) -> None:
    application = open_with(variant="words-only", share=1.0, groups=("group:it",))
    engine = application.service.catalogue.engine
    insider = caller_named("ida@example.org", ["it"])
    assert variant_of(engine, application.service.ask(QUESTION, insider)) == "trial/words-only"
    assert variant_of(engine, application.service.ask(QUESTION, PEOPLE[0])) == ""


@pytest.mark.parametrize("variant", ["", "current", "misspelt", "other-cut", "no-such-model"])
def test_a_variant_that_cannot_be_opened_is_told_to_the_operator_and_to_no_reader(
    open_with: Open, variant: str
) -> None:
    with structlog.testing.capture_logs() as logged:
        application = open_with(variant=variant, share=1.0)
        answer = application.service.ask(QUESTION, PEOPLE[0])
    assert answer.status == "answered"
    assert variant_of(application.service.catalogue.engine, answer) == ""
    assert [entry["event"] for entry in logged].count("experiment_variant_not_opened") == 1
    finding = next(
        each for each in examine(application.settings) if each.check == "live comparison"
    )
    assert not finding.ok
    assert finding.detail


def test_the_doctor_says_what_is_compared(open_with: Open) -> None:
    settings = open_with(variant="words-only", share=0.25, shadow_share=0.5).settings
    finding = next(each for each in examine(settings) if each.check == "live comparison")
    assert finding.ok
    assert "25 %" in finding.detail


def test_the_command_line_is_in_no_comparison(open_with: Open) -> None:
    settings = open_with(variant="words-only", share=1.0).settings
    service = open_service(settings, "cli")
    answer = service.ask(QUESTION, PEOPLE[0])
    assert variant_of(service.catalogue.engine, answer) == ""


def test_a_shadow_answers_as_the_same_reader_and_leaves_no_trace_in_conversations(
    open_with: Open,
) -> None:
    application = open_with(variant="words-only", share=0.0, shadow_share=1.0)
    service, engine = application.service, application.service.catalogue.engine
    ines = caller_named("ines@brightwater.example", ["people-team"])
    secret = "When is the calibration of the performance ratings?"
    for caller in (ines, PEOPLE[0]):
        service.ask(secret, caller)
    until(lambda: len(shadows(engine)) == 2)
    for caller in (ines, PEOPLE[0]):
        (conversation,) = service.conversations(caller)
        (shown,) = service.turns(conversation.conversation_id, caller)
        with engine.connect() as connection:
            row = connection.execute(
                select(shadow_answers).where(shadow_answers.c.answer_id == shown.answer_id)
            ).one()
        content = json.loads(row.content)
        assert row.variant == "trial/words-only"
        assert content["shown"] == "current"
        assert content["answer"]["question"] == secret
        read = {each["document"]["doc_id"] for each in content["answer"]["citations"]}
        assert {each.document.doc_id for each in shown.citations} == read
    assert service.conversations(Caller("shadow", frozenset({"everyone"}))) == []


def test_a_deleted_conversation_takes_its_shadows_along(open_with: Open) -> None:
    application = open_with(variant="words-only", share=0.0, shadow_share=1.0)
    engine = application.service.catalogue.engine
    answer = application.service.ask(QUESTION, PEOPLE[0])
    until(lambda: len(shadows(engine)) == 1)
    application.service.delete_conversation(answer.conversation_id, PEOPLE[0])
    assert shadows(engine) == []


@pytest.fixture
def model() -> Iterator[LlmServer]:
    with llm_server(says("Employees have 30 days of annual leave [1].")) as server:
        yield server


def test_the_arms_share_no_completion_and_shadows_spend_no_reader_s_budget(
    open_with: Open, model: LlmServer
) -> None:
    application = open_with(
        "openai-like:m", model.openai_url, variant="warm", share=0.0, shadow_share=1.0
    )
    engine = application.service.catalogue.engine
    application.service.ask(QUESTION, PEOPLE[0])
    until(lambda: len(shadows(engine)) == 1)
    assert [request.body["temperature"] for request in model.requests] == [0.0, 0.9]
    with engine.connect() as connection:
        assert len(connection.execute(select(answer_cache.c.cache_key)).all()) == 2
        used = {
            row.user_ref: row.prompt_tokens
            for row in connection.execute(select(llm_usage.c.user_ref, llm_usage.c.prompt_tokens))
        }
    assert used.keys() == {PEOPLE[0].name, "shadow"}
    assert used[PEOPLE[0].name] == used["shadow"] > 0
