"""The claim checker as a reader meets it: verdicts, reasons, evidence."""

import json
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.grounding.checker import ClaimChecker
from app.grounding.claims import claim_pieces
from app.grounding.edits import edits
from app.grounding.evidence import PassageWords, read_words
from app.grounding.layout import is_quotation, lay_out
from app.grounding.verdict_model import SHIPPED, load_models
from core.errors import ConfigError
from core.grounding import CheckedClaim, EvidenceText, GroundingReport

RETURNS = EvidenceText(
    "returns",
    "Items can be returned within 30 days of delivery. A receipt is required. "
    "Refunds take five working days. Gift cards are only refundable if they were never used.",
)
SHIPPING = EvidenceText("shipping", "Parcels leave the warehouse in Ghent on weekdays before 4 pm.")
CHECKER = ClaimChecker()


def check(answer: str, question: str = "") -> GroundingReport:
    return CHECKER.check(answer, [RETURNS, SHIPPING], question)


def verdicts(answer: str) -> list[str]:
    return [claim.verdict for claim in check(answer).claims]


def evidence_of(claim: CheckedClaim) -> str:
    text = {"returns": RETURNS.text, "shipping": SHIPPING.text}[claim.passage_id or ""]
    return text[claim.evidence_start : claim.evidence_end]


def test_a_quotation_is_supported_by_the_exact_sentence() -> None:
    report = check("Refunds take five working days. [1]")
    claim = report.claims[0]
    assert (claim.verdict, claim.score, report.grounded) == ("supported", 0.99, True)
    assert evidence_of(claim) == "Refunds take five working days."
    assert claim.reasons == ("It stands word for word in a passage.",)


def test_every_sentence_of_a_passage_is_supported_as_it_stands() -> None:
    assert verdicts(f"{RETURNS.text} {SHIPPING.text}") == ["supported"] * 5


def test_a_quotation_that_leaves_out_its_condition_is_not_supported() -> None:
    assert "supported" not in verdicts("Gift cards are refundable.")
    assert verdicts("Gift cards are only refundable") != ["supported"]


def test_a_paraphrase_is_supported() -> None:
    assert verdicts("You can return items within 30 days of delivery.") == ["supported"]


def test_what_no_passage_says_is_named() -> None:
    claim = check("Premium customers receive a free umbrella for every complaint.").claims[0]
    assert claim.verdict == "unsupported"
    assert "“umbrella”" in claim.reasons[-1]


def test_what_is_wholly_new_is_unsupported_whatever_the_model_says() -> None:
    models = load_models()
    lenient = replace(models.prose, partial_from=0.98, unsupported_from=0.99)
    checker = ClaimChecker(models=replace(models, prose=lenient))
    report = checker.check("Wealthy astronauts enjoy complimentary champagne.", [RETURNS])
    assert report.claims[0].verdict == "unsupported"


def test_only_the_invented_clause_of_a_sentence_is_marked() -> None:
    answer = (
        "Refunds take five working days, although wealthy premium customers receive complimentary "
        "champagne vouchers from Antwerp."
    )
    claims = check(answer).claims
    assert [claim.verdict for claim in claims] == ["supported", "unsupported"]
    assert answer[claims[0].start : claims[0].end].strip() == "Refunds take five working days,"


@pytest.mark.parametrize(
    "changed",
    [
        "Items can be returned within 60 days of delivery.",
        "Items cannot be returned within 30 days of delivery.",
        "Parcels leave the warehouse in Porto on weekdays before 4 pm.",
        "Parcels leave the warehouse in Ghent on weekdays before 9 pm.",
        "Refunds take five working months.",
    ],
)
def test_a_changed_fact_is_never_supported(changed: str) -> None:
    assert "supported" not in verdicts(changed)


def test_a_changed_name_in_a_copied_sentence_is_told_with_both_names() -> None:
    claim = read_words("Parcels leave the warehouse in Porto on weekdays before noon.")
    source = read_words(SHIPPING.text)
    found = edits(claim, source, {word.term for word in source}, None)
    assert found[0].strict
    assert found[0].text == "The answer says “Porto” where the passage says “Ghent”."


def test_words_of_its_own_are_no_edit() -> None:
    claim = read_words("We opened a lovely little shop in Porto on Mondays.")
    assert edits(claim, read_words(SHIPPING.text), set(), None) == []


def test_a_quotation_out_of_a_condition_is_none() -> None:
    passages = PassageWords([EvidenceText("1", "Leave the house if the alarm rings.")])
    whole, part = (
        lay_out(text, claim_pieces(text), passages, "", None).clauses
        for text in ("Leave the house if the alarm rings.", "Leave the house.")
    )
    assert is_quotation(whole, passages)
    assert not is_quotation([replace(clause, findings=()) for clause in part], passages)


def test_a_clause_that_states_nothing_goes_with_its_neighbour() -> None:
    answer = "Marinate the wealthy astronauts overnight (not mentioned in the passages)."
    claims = check(answer).claims
    assert [(claim.start, claim.end, claim.verdict) for claim in claims] == [
        (0, len(answer), "unsupported")
    ]


def test_talk_headings_and_gaps_are_not_checked() -> None:
    answer = "Sure!\n## Shipping\nThe passages do not mention express delivery.\nAnything else?"
    report = check(answer)
    assert {claim.verdict for claim in report.claims} == {"unchecked"}
    assert (report.score, report.grounded) == (0.0, True)


def test_without_passages_nothing_is_supported() -> None:
    report = CHECKER.check("Refunds take five working days.", [])
    assert report.claims[0].verdict in ("partial", "unsupported")
    assert report.claims[0].passage_id is None
    assert not report.grounded


def test_an_invented_answer_scores_worse_than_a_quoted_one() -> None:
    invented = "Our founder, Maria Lopez, opened the first shop in Lisbon after a long journey."
    assert check(invented).score > 0.5 > check("A receipt is required.").score


def test_claims_hold_every_statement_in_order() -> None:
    answer = "A receipt is required. Items can be returned, but only by astronauts with a licence."
    claims = check(answer).claims
    assert claims[0].start == 0
    assert claims[-1].end == len(answer)
    for before, after in pairwise(claims):
        assert answer[before.end : after.start].strip() == ""


@pytest.mark.parametrize(
    ("passage", "right", "wrong"),
    [
        (
            "Die Rückgabe ist innerhalb von 30 Tagen möglich. Der Versand kostet 4 Euro.",
            "Die Rückgabe ist innerhalb von 30 Tagen möglich.",
            "Mitarbeiter erhalten kostenlose Fahrräder und Urlaubsgutscheine.",
        ),
        (
            "Los artículos se pueden devolver en 30 días. El envío cuesta 4 euros.",
            "Los artículos se pueden devolver en 30 días.",
            "Los empleados reciben bicicletas gratuitas cada verano.",
        ),
        (
            "商品可以在收到后三十天内退货。运费由公司承担。",
            "商品可以在收到后三十天内退货。",
            "员工每年可以免费获得一辆全新的自行车。",
        ),
    ],
)
def test_other_languages_are_checked_too(passage: str, right: str, wrong: str) -> None:
    report = CHECKER.check(f"{right} {wrong}", [EvidenceText("1", passage)])
    assert report.claims[0].verdict == "supported"
    assert all(claim.verdict in ("partial", "unsupported") for claim in report.claims[1:])


def test_a_record_that_says_no_contradicts_a_sentence_that_says_yes() -> None:
    record = EvidenceText(
        "r",
        "name: Blue Door\ncity: Ghent\noutdoor seating: no\nparking: yes\ntakeout: yes\nwifi: no",
    )
    there_is = CHECKER.check("The Blue Door has outdoor seating.", [record])
    there_is_not = CHECKER.check("The Blue Door has no outdoor seating.", [record])
    assert there_is.score > there_is_not.score
    assert there_is.claims[0].verdict != "supported"


def test_what_is_too_long_to_be_read_is_said_to_be_unchecked() -> None:
    answer = "Refunds take five working days. " * 1_500
    last = check(answer).claims[-1]
    assert last.verdict == "unchecked"
    assert "too long" in last.reasons[0]


def test_a_long_answer_on_long_passages_is_checked_in_bounded_time() -> None:
    # What this thread works: a machine with other things to do takes longer.
    started = time.thread_time()
    CHECKER.check("spam " * 3_000, [EvidenceText("1", "spam " * 30_000)])
    CHECKER.check("a b. " * 1_000, [EvidenceText("1", "b a. " * 5_000)])
    assert time.thread_time() - started < 20


def test_weights_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    stored = json.loads(SHIPPED.read_text(encoding="utf-8"))
    stored["prose"]["clause"]["features"][0]["name"] = "length of the answer"
    broken = tmp_path / "weights.json"
    broken.write_text(json.dumps(stored), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"weights\.json"):
        load_models(broken)


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet="abc AB.!?,:\n-*#|012[]()“”。不这\u200b", max_size=120),
    st.text(alphabet="abc AB.!?,:\n-*#|012。不这", max_size=120),
)
def test_whatever_is_checked_offsets_and_scores_are_in_their_ranges(answer: str, text: str) -> None:
    report = CHECKER.check(answer, [EvidenceText("1", text)])
    assert 0 <= report.score <= 1
    position = 0
    for claim in report.claims:
        assert position <= claim.start < claim.end <= len(answer)
        position = claim.end
        assert 0 <= claim.score <= 1
        assert 0 <= claim.evidence_start <= claim.evidence_end <= len(text)
