"""The benchmarks' own parts: measures, baselines and generators, so that a figure means what its column says."""

import dataclasses
import math
from pathlib import Path

import pytest

from benchmarks.baselines import Bm25, Span, documents, gold_share
from benchmarks.intervals import Result, bounds, by_position, table
from benchmarks.paraphrase_words import WORDS, Words
from benchmarks.paraphrases import write_notes
from benchmarks.retrieval import mrr_at_10, ndcg_at_10, recall_at_10
from benchmarks.siblings import COMPANIES, write_siblings
from benchmarks.transcripts import TOPICS, write_transcripts

GENERATORS = [write_siblings, write_transcripts, write_notes]


def files_of(folder: Path) -> dict[str, str]:
    return {
        path.relative_to(folder).as_posix(): path.read_text("utf-8")
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.mark.parametrize("write", GENERATORS)
def test_a_generator_writes_the_same_files_and_questions_on_every_run(write, tmp_path):
    first, second = write(tmp_path / "a"), write(tmp_path / "b")

    assert first == second
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b")


@pytest.mark.parametrize("write", GENERATORS)
def test_half_of_the_questions_are_for_the_report_and_none_is_asked_twice(write, tmp_path):
    asked = write(tmp_path)

    assert sum(question.part == "report" for question in asked) * 2 == len(asked) >= 120
    assert len({question.question for question in asked}) == len(asked)


def test_no_word_number_or_year_of_the_notes_for_development_is_in_those_for_the_report():
    development, report = WORDS["development"], WORDS["report"]

    for field in dataclasses.fields(Words):
        own, other = (getattr(words, field.name) for words in (development, report))
        assert own != other if field.name == "year" else not set(own) & set(other)


def test_a_sibling_is_named_by_its_title_or_file_name_and_never_in_its_text(tmp_path):
    asked = write_siblings(tmp_path)
    files = files_of(tmp_path)
    names = [name for part in COMPANIES.values() for name in part]

    assert len(files) >= 200
    assert {question.uri for question in asked} <= set(files)
    for text in files.values():
        body = text.partition("\n")[2]
        assert not any(name in body for name in names)
        assert not any(str(year) in body for year in range(2019, 2025))


def test_the_gold_of_a_transcript_is_one_turn_that_does_not_name_its_topic(tmp_path):
    asked = write_transcripts(tmp_path)
    files = files_of(tmp_path)

    assert len(files) == 30
    for question in asked:
        text = files[question.gold.uri]
        turn = text[question.gold.start : question.gold.end]
        topic = next(t for t, _ in TOPICS[question.part] if t in question.question)
        named = text.index(topic)
        assert "\n" not in turn
        assert ": " in turn
        assert topic not in turn
        assert text[named : question.gold.start].count("\n") >= 5


def test_bm25_scores_as_its_formula_says():
    bm25 = Bm25(["red ledger", "red red box of wood", "green box"], str.split)

    rarity = math.log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    long = 1.2 * (0.25 + 0.75 * 5 / 3)
    expected = [rarity * 2.2 / (1 + 1.2 * (0.25 + 0.75 * 2 / 3)), rarity * 4.4 / (2 + long), 0.0]
    assert bm25.scores("red").tolist() == pytest.approx(expected)
    assert bm25.scores("unknown").tolist() == [0, 0, 0]


def test_gold_characters_behind_the_budget_do_not_count():
    spans = [Span("a", 0, 30), Span("b", 10, 20), Span("a", 100, 200)]

    assert gold_share(spans, [Span("b", 10, 20)], 35) == 0.5
    assert gold_share(spans, [Span("b", 10, 20)], 40) == 1
    assert gold_share(spans, [Span("b", 0, 20)], 40) == 0.5
    assert gold_share(spans, [Span("c", 10, 20)], 400) == 0


def test_ranks_are_of_documents_and_count_to_the_tenth():
    ranked = documents([Span("a", 0, 1), Span("a", 1, 2), Span("b", 0, 1)])
    late = [str(number) for number in range(10)] + ["b"]

    assert ranked == ["a", "b"]
    assert (mrr_at_10(ranked, {"b"}), mrr_at_10(late, {"b"})) == (0.5, 0)
    assert recall_at_10(ranked, {"b", "c"}) == 0.5
    assert ndcg_at_10(ranked, {"b"}) == pytest.approx(1 / math.log2(3))


def test_a_table_has_a_row_for_each_part_with_its_count():
    result = Result("set", "measure", by_position(3), {"one": [1.0, 0.0, 1.0]})

    rows = table([result]).splitlines()[2:]

    assert [row.split(" | ")[2:4] for row in rows] == [
        ["development", "2"],
        ["report", "1"],
        ["all", "3"],
    ]
    assert rows[0].endswith("| 1.000 [1.000, 1.000] |")
    assert rows[1].endswith("| 0.000 [0.000, 0.000] |")


def test_an_interval_holds_its_mean_and_narrows_with_more_questions():
    mean, low, high = bounds([0.0, 1.0] * 20)
    _, narrow_low, narrow_high = bounds([0.0, 1.0] * 200)

    assert low < mean == 0.5 < high
    assert narrow_high - narrow_low < high - low
