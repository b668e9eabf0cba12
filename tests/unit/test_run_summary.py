"""What a run comes to: means over cases, spread over repeats, and parts; what does not apply counts for nothing."""

import pytest

from core.answers import DocumentRef, Hit, Why
from evals.cases.anchors import AnchorResolver
from evals.cases.case import case_of_line
from evals.running.gold import gold_of
from evals.running.run_log import CaseScores
from evals.running.summary import labels_of, slices_of, summary_of
from index.catalogue import Catalogue
from index.permissions import administrator


def row(case_id: str, cluster: str = "", **values: tuple[float | None, ...]) -> CaseScores:
    return CaseScores(case_id, cluster, (), "test", "import", "", values)


def test_repeats_are_averaged_before_cases() -> None:
    found = summary_of([row("a", answer_f1=(0.0, 1.0)), row("b", answer_f1=(1.0, 1.0))], 0)
    assert found["answer_f1"]["value"] == 0.75
    assert found["answer_f1"]["n"] == 2
    assert found["answer_f1"]["repeats"]["n"] == 2
    assert found["answer_f1"]["repeats"]["deviation"] == pytest.approx(0.7071 / 2, abs=1e-3)


def test_a_case_without_a_value_does_not_count_and_a_metric_without_cases_has_none() -> None:
    found = summary_of(
        [row("a", answer_f1=(1.0,), fact_match=(None,)), row("b", answer_f1=(None,))], 0
    )
    assert (found["answer_f1"]["value"], found["answer_f1"]["n"]) == (1.0, 1)
    assert found["fact_match"] == {"value": None, "n": 0, "interval": None}


def test_the_same_seed_gives_the_same_interval_and_clusters_widen_it() -> None:
    rows = [row(f"c{n}", f"d{n // 4}", answer_f1=(float(n // 4 % 2),)) for n in range(40)]
    apart = [row(f"c{n}", f"d{n}", answer_f1=(float(n // 4 % 2),)) for n in range(40)]
    low, high = summary_of(rows, 3)["answer_f1"]["interval"]
    assert summary_of(rows, 3)["answer_f1"]["interval"] == [low, high]
    own_low, own_high = summary_of(apart, 3)["answer_f1"]["interval"]
    assert high - low > 1.3 * (own_high - own_low)


def test_money_that_was_never_spent_has_no_interval() -> None:
    found = summary_of([row(f"c{n}", f"d{n}", cost_usd=(0.0,), error=(0.0,)) for n in range(9)], 0)
    assert found["cost_usd"]["interval"] is None
    assert found["error"]["interval"][1] > 0.1


def test_parts_have_the_cases_with_their_label() -> None:
    labels = {"a": ["tag:x", "answerable:yes"], "b": ["answerable:no"]}
    found = slices_of([row("a", error=(0.0,)), row("b", error=(1.0,))], labels, 0)
    assert {name: part["error"]["value"] for name, part in found.items()} == {
        "answerable:no": 1.0,
        "answerable:yes": 0.0,
        "tag:x": 0.0,
    }
    content = {"case": {"tags": ["x"], "unanswerable": True}, "language": "de", "source": ""}
    assert labels_of(content) == ["tag:x", "language:de", "answerable:no"]


def hit(doc_id: str, start: int, end: int) -> Hit:
    return Hit(1, 1.0, "c", DocumentRef(doc_id, "u", "t", "v"), (), None, start, end, "", Why())


def test_of_words_that_stand_twice_the_place_beside_the_other_evidence_counts(
    catalogue: Catalogue, new_version: object
) -> None:
    text = "Tor is at sea.\nOrder 350 packs: Tor.\nTor rests."
    version = new_version("m.md", text, range(1, 4))  # type: ignore[operator]
    catalogue.store([version], [])
    resolver = AnchorResolver(catalogue, administrator())
    evidence = [{"uri": "m.md", "quote": "350 packs"}, {"uri": "m.md", "quote": "Tor"}]
    both = gold_of(case_of_line({"id": "a", "question": "q", "evidence": evidence}), resolver)
    assert [text[start:end] for _, start, end in both.spans] == ["350 packs", "Tor"]
    assert both.spans[1][1] == text.index("Tor.")
    alone = case_of_line({"id": "a", "question": "q", "evidence": evidence[1:]})
    assert gold_of(alone, resolver).spans[0][1] == 0
    found = [hit(version.doc_id, 37, 47)]
    assert gold_of(alone, resolver, found).spans[0][1] == text.index("Tor rests")
