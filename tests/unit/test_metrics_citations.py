"""Citation scores by hand, as ALCE defines them, and quoted words in the right, the wrong and no document."""

import pytest

from evals.metrics.citations import (
    CitedSentence,
    citation_coverage,
    citation_scores,
    citation_validity,
    quoted_spans,
)

PASSAGES = {1: "a b", 2: "c", 3: "a", 4: "z", 5: "d"}


def _entails(passages: list[str], sentence: str) -> bool:
    """A sentence follows if every one of its words is in the passages."""
    return set(sentence.split()) <= {word for text in passages for word in text.split()}


def _scores(*sentences: tuple[str, tuple[int, ...]]) -> tuple[float, float]:
    found = citation_scores([CitedSentence(*each) for each in sentences], PASSAGES, _entails)
    assert found is not None
    return found.recall, found.precision


def test_each_citation_that_supports_alone_is_precise() -> None:
    # 'a' follows from 1 and from 3, each alone: recall 1/1, precision (1 + 1)/2.
    assert _scores(("a", (1, 3))) == (1.0, 1.0)


def test_a_citation_that_only_others_carry_is_imprecise() -> None:
    # 'a b' follows from 1; 4 does not entail it, and without 4 the rest still does: (1 + 0)/2.
    assert _scores(("a b", (1, 4))) == (1.0, 0.5)


def test_citations_that_only_together_support_are_all_precise() -> None:
    # 'a b c' needs 1 and 2: neither entails it alone, and without either the rest does not: (1 + 1)/2.
    assert _scores(("a b c", (1, 2))) == (1.0, 1.0)


def test_a_part_is_imprecise_where_the_others_do_without_it() -> None:
    # 'a b c' by 1, 2, 3: 1 and 2 are needed; 3 says only 'a', and 1 with 2 do without it: (1 + 1 + 0)/3.
    assert _scores(("a b c", (1, 2, 3))) == (1.0, pytest.approx(2 / 3))


def test_a_sentence_without_support_makes_all_its_citations_wrong() -> None:
    # 'a q' follows from nothing: recall 0, its 2 citations 0; 'c' by 2: 1. Recall 1/2, precision 1/3.
    assert _scores(("a q", (1, 3)), ("c", (2,))) == (0.5, pytest.approx(1 / 3))


def test_no_citation_and_a_marker_without_a_passage_score_nothing() -> None:
    # 'a' without a citation: 0 of 1, no citation: precision 0.
    assert _scores(("a", ())) == (0.0, 0.0)
    # 'a' by 1 and 9, which does not exist: recall 0, both citations 0 of 2; then 'c' by 2: 1/2 and 1/3.
    assert _scores(("a", (1, 9))) == (0.0, 0.0)
    assert _scores(("a", (1, 9)), ("c", (2,))) == (0.5, pytest.approx(1 / 3))


def test_only_the_first_three_citations_count_and_a_repeated_one_once() -> None:
    # 'd' by 4, 2, 3, 5: the fourth would support it and is not read: 0 of 1 and 0 of 3.
    assert _scores(("d", (4, 2, 3, 5))) == (0.0, 0.0)
    # 'a b' by 1, 1: one citation, which supports it.
    assert _scores(("a b", (1, 1))) == (1.0, 1.0)
    # A fourth that does not exist still makes the sentence wrong.
    assert _scores(("a b", (1, 2, 3, 9)))[0] == 0.0


def test_an_answer_of_several_sentences_is_counted_over_sentences_and_over_citations() -> None:
    # recall: yes, yes, no, no = 2/4. precision: 1 of [1, 4]; 2 of [1, 2]; 0 of [4]; none = 3/5.
    found = _scores(("a b", (1, 4)), ("a b c", (1, 2)), ("d", (4,)), ("a", ()))
    assert found == (0.5, pytest.approx(3 / 5))


def test_scores_of_an_answer_without_a_factual_sentence_do_not_apply() -> None:
    assert citation_scores([], PASSAGES, _entails) is None
    assert citation_coverage([]) is None
    assert citation_validity([], {1}) is None


def test_validity_is_over_citations_and_coverage_over_sentences() -> None:
    assert citation_validity([1, 2, 2, 7], {1, 2, 3}) == 0.75
    assert citation_coverage([CitedSentence("a", (1,)), CitedSentence("b")]) == 0.5


def test_quoted_words_are_found_misattributed_or_not_there() -> None:
    texts = {1: "Employees  get\nTWENTY-five days.", 2: "It's “never” refused, they say."}
    found = quoted_spans(
        [
            CitedSentence('It says "employees get twenty-five days".', (1,)),
            CitedSentence("The rule: “Employees get twenty-five days.”", (2,)),
            CitedSentence("He wrote „employees get thirty days“.", (1,)),
            CitedSentence('The word "employees" is short, «it\'s "never" refused,» is not.', (2,)),
        ],
        texts,
    )
    assert (found.found, found.misattributed, found.not_found) == (2, 1, 1)
    assert found.match == 0.5
    assert quoted_spans([CitedSentence("No quotation.", (1,))], texts).match is None


def test_words_without_blanks_between_them_can_be_quoted() -> None:
    found = quoted_spans(
        [CitedSentence("「有給休暇」と書いてある。", (1,))], {1: "社員には有給休暇がある。"}
    )
    assert found.match == 1.0
