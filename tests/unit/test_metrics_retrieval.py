"""Retrieval metrics equal trec_eval's and scikit-learn's, and hand-counted spans."""

import random
import warnings

import pytest

from evals.metrics.retrieval import (
    TextSpan,
    average_precision,
    context_precision,
    context_span_recall,
    hit,
    ndcg,
    packing_loss,
    precision,
    recall,
    recall_by_anchor,
    reciprocal_rank,
    relevant_by_anchor,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import pytrec_eval
    from sklearn.metrics import ndcg_score

_CUTS = (1, 3, 5, 10, 50)


def _rankings() -> list[tuple[list[str], dict[str, int]]]:
    """1,000 rankings: of 0 to 30 of 30 ids, with 1 to 12 graded ids of which some are not relevant at all."""
    rng = random.Random(20_260_301)
    ids = [f"c{i}" for i in range(30)]
    made = []
    while len(made) < 1000:
        ranked = rng.sample(ids, rng.choice((0, 1, 2, 5, 10, 30)))
        grades = {
            name: rng.randint(0, 3) for name in rng.sample([*ids, "x", "y"], rng.randint(1, 12))
        }
        if any(grades.values()):
            made.append((ranked, grades))
    return made


def test_ranks_equal_those_of_trec_eval_on_1000_random_rankings() -> None:
    rankings = _rankings()
    run = {
        str(i): {name: 1000.0 - place for place, name in enumerate(ranked)}
        for i, (ranked, _) in enumerate(rankings)
    }
    qrels = {str(i): grades for i, (_, grades) in enumerate(rankings)}
    cuts = ",".join(map(str, _CUTS))
    measures = {f"{name}.{cuts}" for name in ("recall", "P", "ndcg_cut", "map_cut", "success")}
    judged = pytrec_eval.RelevanceEvaluator(qrels, {*measures, "map", "recip_rank"})
    with_ranking = {key: scores for key, scores in run.items() if scores}
    expected = judged.evaluate(with_ranking)
    for i, (ranked, grades) in enumerate(rankings):
        # trec_eval leaves out questions without a ranking; what was not found scores 0.
        told = expected.get(str(i), {})
        for k in _CUTS:
            for own, theirs in (
                (recall, "recall"),
                (precision, "P"),
                (ndcg, "ndcg_cut"),
                (average_precision, "map_cut"),
                (hit, "success"),
            ):
                value = own(ranked, grades, k)
                assert value == pytest.approx(told.get(f"{theirs}_{k}", 0.0), abs=1e-9), (own, k)
        assert average_precision(ranked, grades) == pytest.approx(told.get("map", 0.0), abs=1e-9)
        whole = reciprocal_rank(ranked, grades, 100)
        assert whole == pytest.approx(told.get("recip_rank", 0.0), abs=1e-9)
        cut = reciprocal_rank(ranked, grades, 5)
        assert cut == (whole if whole is not None and whole >= 0.2 else 0.0)


def test_ndcg_equals_that_of_scikit_learn_where_everything_is_ranked() -> None:
    rng = random.Random(7)
    for _ in range(200):
        grades = [rng.randint(0, 3) for _ in range(rng.randint(2, 20))]
        if not any(grades):
            continue
        names = [f"c{i}" for i in range(len(grades))]
        k = rng.choice((1, 3, 10, 40))
        # Scores that fall with the rank and have no ties, which scikit-learn would average.
        theirs = ndcg_score([grades], [[-float(i) for i in range(len(grades))]], k=k)
        assert ndcg(names, dict(zip(names, grades, strict=True)), k) == pytest.approx(
            theirs, abs=1e-9
        )


def test_context_precision_forgives_what_was_missed_and_average_precision_does_not() -> None:
    assert context_precision(["a", "b"], ["a", "c", "d", "e", "f"], 10) == 1.0
    assert average_precision(["a", "b"], ["a", "c", "d", "e", "f"]) == pytest.approx(1 / 5)
    # Relevant at ranks 2 and 3: (1/2 + 2/3) / 2.
    assert context_precision(["x", "a", "b"], ["a", "b"], 10) == pytest.approx((1 / 2 + 2 / 3) / 2)
    assert context_precision(["x"], ["a"], 10) == 0.0


def test_a_metric_is_none_where_nothing_is_relevant_and_an_id_counts_once() -> None:
    for metric in (
        hit,
        recall,
        precision,
        reciprocal_rank,
        ndcg,
        average_precision,
        context_precision,
    ):
        assert metric(["a"], [], 10) is None
        assert metric(["a"], {"a": 0}, 10) is None
    assert precision(["a", "a", "b"], ["a", "b"], 2) == 1.0
    assert ndcg(["a", "a"], ["a"], 10) == 1.0
    with pytest.raises(ValueError, match="at least 1"):
        recall(["a"], ["a"], 0)


def test_a_chunk_is_relevant_that_covers_half_of_the_gold_words() -> None:
    gold = [TextSpan("a", 100, 200), TextSpan("b", 0, 10)]
    hits = [
        TextSpan("b", 100, 200),  # another place
        TextSpan("a", 0, 149),  # 49 of 100 characters
        TextSpan("a", 150, 300),  # 50 of 100
        TextSpan("a", 90, 210),  # all, but the words are there already
    ]
    anchored = relevant_by_anchor(hits, gold)
    assert anchored.ranked == ("hit 1", "hit 2", "hit 3", "hit 4")
    assert anchored.relevant == {"hit 3": 1.0, "gold 1": 1.0}
    assert reciprocal_rank(anchored.ranked, anchored.relevant, 10) == pytest.approx(1 / 3)
    assert recall_by_anchor(anchored, len(gold), 3) == 0.5
    assert recall_by_anchor(anchored, len(gold), 2) == 0.0
    assert recall_by_anchor(anchored, 0, 2) is None


def test_one_chunk_that_covers_two_gold_spans_finds_both() -> None:
    gold = [TextSpan("a", 0, 10), TextSpan("a", 20, 30), TextSpan("a", 90, 99)]
    anchored = relevant_by_anchor([TextSpan("a", 0, 40)], gold)
    assert recall_by_anchor(anchored, 3, 10) == pytest.approx(2 / 3)
    ideal = relevant_by_anchor([TextSpan("a", 0, 40)], gold[:2])
    assert ndcg(ideal.ranked, ideal.relevant, 10) == 1.0


def test_characters_of_the_gold_words_are_counted_once() -> None:
    rng = random.Random(3)
    for _ in range(1000):
        found, gold = (
            [
                TextSpan(rng.choice("ab"), start := rng.randint(0, 40), start + rng.randint(0, 15))
                for _ in range(rng.randint(0, 6))
            ]
            for _ in range(2)
        )
        places, wanted = (
            {(span.uri, i) for span in spans for i in range(span.start, span.end)}
            for spans in (found, gold)
        )
        expected = len(places & wanted) / len(wanted) if wanted else None
        assert context_span_recall(found, gold) == (
            None if expected is None else pytest.approx(expected, abs=1e-9)
        )


def test_packing_loss_is_what_the_generator_was_not_shown() -> None:
    assert packing_loss(0.75, 0.5) == 0.25
    assert packing_loss(None, 0.5) is None
