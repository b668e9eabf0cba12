"""A claim that differs from its evidence in a fact is told; one that says the same in other words is not."""

import json
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.grounding.facts import Finding, agreed_spans, compare

LEAVE = "Everyone has 27 days of paid annual leave per calendar year, and up to five days may be carried over."
GATEWAY = "A Skerry G2 stores up to 21 days of readings and sends them when it is back."


def _kinds(found: list[Finding]) -> set[tuple[str, str]]:
    return {(finding.kind, finding.verdict) for finding in found}


@pytest.mark.parametrize(
    ("claim", "evidence", "kind"),
    [
        # numbers, amounts, shares, units, rates, bounds
        (GATEWAY.replace("21", "12"), GATEWAY, "number"),
        ("Everyone has twenty-five days of paid annual leave.", LEAVE, "number"),
        ("The limit is 1,500 EUR per trip.", "The limit is 2,500 EUR per trip.", "amount"),
        ("The share is 5% of sales.", "The share is 7 percent of sales.", "percentage"),
        ("The limit is 40 USD per night.", "The limit is 40 EUR per night.", "unit"),
        (GATEWAY.replace("days", "weeks"), GATEWAY, "unit"),
        ("You may work from home three days a month.", "You may work from home three days a week.", "unit"),
        ("The review takes 20 days.", "The review takes 20 working days.", "number"),
        ("Passwords have at most 14 characters.", "Passwords have at least 14 characters.", "comparison"),
        ("There are 57 days of rain.", "The number of days of rain is 56.", "number"),
        ("Der Zugang gilt zwölf Tage.", "Der Zugang gilt zehn Tage.", "number"),
        # dates, weekdays, times
        ("Carried-over days lapse after 31 May.", "Carried-over days lapse after 31 March.", "date"),
        ("The policy holds since May 2, 2025.", "The policy holds since 2 May 2024.", "date"),
        ("Claims are paid on Thursday.", "Claims are paid on Friday.", "weekday"),
        ("The backup starts at 3 am every night.", "The backup starts every night at 01:30.", "time"),
        # names and identifiers
        (GATEWAY.replace("Skerry G2", "AquaSense 3"), GATEWAY, "name"),
        ("The office in Lisbon moves in May.", "The office in Porto moves in May.", "name"),
        ("The rule is POL-12.", "The rule is POL-21.", "identifier"),
        ("Ring 2 has about 40 customers.", "Our ring policy: Ring 1 has about 40 customers.", "identifier"),
        # wording
        ("Private use is allowed.", "Private use is not allowed.", "negation"),
        ("Visitors may never be alone in the lab.", "Visitors may be alone in the lab.", "negation"),
        ("Company data may be put on USB sticks.", "USB sticks are forbidden for company data.", "negation"),
        ("Ask your manager after you book the trip.", "Ask your manager before you book the trip.", "comparison"),
        ("Three months of paid leave are possible.", "Three months of unpaid leave are possible.", "comparison"),
        ("All contractors attend the training.", "Some contractors attend the training.", "quantifier"),
        ("Contractors may attend the training.", "Contractors must attend the training.", "obligation"),
        ("Only managers approve a trip.", "Managers approve a trip.", "quantifier"),
        # restrictions left out
        ("Readings are not lost.", "Readings are usually not lost.", "qualifier"),
        ("Swaps need no approval.", "Swaps need no approval if they are entered ahead.", "qualifier"),
        ("Employees get a company card.", "Full-time employees get a company card.", "qualifier"),
        ("Passwords have 14 characters.", "Passwords have at least 14 characters.", "qualifier"),
        ("Unused leave is not paid out.", "Unused leave is not paid out, except at the end of employment.", "qualifier"),
        # quotes
        ('The page says "never restore over the database".', "Restore beside the damaged database.", "quote"),
    ],
)  # fmt: skip
def test_a_changed_fact_is_found(claim: str, evidence: str, kind: str) -> None:
    assert kind in {finding.kind for finding in compare(claim, evidence)}


@pytest.mark.parametrize(
    ("claim", "evidence"),
    [
        ("The battery lasts two years.", "The battery lasts 24 months."),
        ("The command waits half an hour.", "The command waits in the queue for 30 minutes."),
        ("The records are kept for one month.", "The records are kept for 30 days."),
        ("The records are kept for 30 days.", "The records are kept for one month."),
        ("Invoices are kept for a decade.", "Invoices are kept for 10 years."),
        ("Revenue was about 31 million euros.", "Revenue in 2025 was 31.4 million EUR."),
        ("There were 1.2 million visits.", "There were 1,204,331 visits."),
        ("The office is 0.6 km from the old one.", "The office is 600 metres from the old one."),
        ("A third of the budget is spent.", "33 percent of the budget is spent."),
        ("It takes three to five days.", "It takes 3-5 days."),
        ("Carried-over days lapse after March 31.", "Carried-over days must be used by 31 March and then lapse."),
        ("There are 56 days of rain.", "The number of days of rain is 56."),
        ("It ended in January 2024.", "It ended on 3 January 2024."),
        ("The backup starts at 1:30 am.", "A full backup starts every night at 01:30 UTC."),
        ("Support is open on Wednesday.", "Support is open Monday to Friday."),
        ("The note is due from day four on.", "The note is due from the fourth day on."),
        ("Germany's offices close at noon.", "The German offices close at 12:00."),
        ("Private use is forbidden.", "Private use is not allowed."),
        ("Company data must not be put on USB sticks.", "USB sticks are not allowed for company data."),
        ("You don't need approval for swaps.", "Swaps need no approval."),
        ("Grill the chops for 12 minutes, or until they are no longer pink.",
         "Grill the chops until no longer pink, about 12 minutes."),
        ("Not only managers approve trips.", "Managers approve trips, and so do team leads."),
        ("Staff must wear a badge.", "Staff have to wear a badge."),
        ("A receipt is required above 15 EUR.", "A receipt is required for every single expense above 15 EUR."),
        ("Everyone has 27 days of paid annual leave per calendar year.", LEAVE),
        ("El plazo es de treinta días.", "El plazo es de 30 días."),
        ("Videoaufnahmen werden nach drei Tagen gelöscht.",
         "Videoaufnahmen an den Eingängen werden nach 72 Stunden automatisch gelöscht."),
        ("Le délai est de quinze jours.", "Le délai est de 15 jours."),
        ("The [handbook](https://example.com/v2) allows 3 days.", "The handbook allows three days."),
    ],
)  # fmt: skip
def test_the_same_in_other_words_has_no_finding(claim: str, evidence: str) -> None:
    assert compare(claim, evidence) == []


def test_a_value_that_another_sentence_about_the_claim_has_is_no_finding() -> None:
    newer = "Sensor raw data is kept for 13 months."
    older = "Sensor raw data is kept for 24 months."
    claim = "Raw data of a sensor is kept for 24 months."
    assert _kinds(compare(claim, newer)) == {("number", "contradicted")}
    assert compare(claim, newer, f"{newer}\n\n{older}") == []


def test_a_value_from_a_sentence_about_something_else_is_a_finding() -> None:
    evidence = "Backups are kept for 35 days."
    context = f"{evidence}\n\nThe trial of the new service desk software lasts 60 days."
    assert _kinds(compare("Backups are kept for 60 days.", evidence, context)) == {
        ("number", "contradicted")
    }


def test_a_name_that_takes_the_place_of_another_is_told_from_one_that_is_added() -> None:
    evidence = "It stores up to 21 days of readings and sends them to Waterline."
    context = f"The Skerry G2 is our gateway. {evidence}"
    assert compare("The Skerry G2 stores up to 21 days of readings.", evidence, context) == []
    assert _kinds(compare("It sends the readings to Skerry.", evidence, context)) == {
        ("name", "unsupported")
    }
    whole = "It stores up to 21 days of readings and sends them to Skerry."
    assert _kinds(compare(whole, evidence, context)) == {("name", "contradicted")}


def test_what_nobody_says_is_unsupported_unless_the_question_says_it() -> None:
    evidence = "Travel claims are sent to finance by the end of the month."
    claim = "Travel claims of 900 EUR are sent to finance by the end of the month."
    assert _kinds(compare(claim, evidence)) == {("amount", "unsupported")}
    assert compare(claim, evidence, "", "Where do I send a travel claim of 900 EUR?") == []


def test_a_restriction_that_the_question_names_may_be_left_out() -> None:
    evidence = "Swaps need no approval if they are entered 24 hours ahead."
    assert compare("Swaps need no approval.", evidence)
    assert (
        compare(
            "Swaps need no approval.", evidence, "", "Do swaps entered 24 hours ahead need one?"
        )
        == []
    )
    evidence = "Full-time employees get a company card."
    assert compare("Employees get a company card.", evidence)
    assert (
        compare("Employees get a company card.", evidence, "", "Do full-time staff get one?") == []
    )


def test_a_finding_names_both_values_and_its_place_in_the_claim() -> None:
    claim = GATEWAY.replace("21", "12")
    (finding,) = compare(claim, GATEWAY)
    assert finding.text == "The answer says 12 days; the source says 21 days."
    assert claim[finding.start : finding.end] == "12 days"


def test_names_are_not_looked_for_among_german_nouns() -> None:
    evidence = "Die Finanzabteilung zahlt Reisekosten am Monatsende."
    assert compare("Reisekosten zahlt die Firma am Monatsende.", evidence) == []


def test_markup_of_the_source_changes_nothing() -> None:
    evidence = "- **Private** use is\n  [_not_ allowed](#private-use-before-approval)."
    assert compare("Private use isn't allowed.", evidence) == []


def test_values_that_agree_in_another_form_are_told() -> None:
    claim = "From day four on, three weeks are left until March 31, half past nine, and 5 euros."
    evidence = "After the fourth day, 21 days are left until 31 March, 09:30, and 6 euros."
    found = [claim[start:end] for start, end in agreed_spans(claim, evidence)]
    assert found == ["four", "three weeks", "March 31", "half past nine"]
    assert agreed_spans(claim, "") == []


def test_a_value_put_for_another_of_the_same_sentence_is_found() -> None:
    evidence = (
        "Deducted are 20 percent for breakfast and 40 percent for lunch, on Monday or on Friday."
    )
    claim = evidence.replace("20", "40")
    assert _kinds(compare(claim, evidence)) == {("number", "contradicted")}
    claim = evidence.replace("Monday", "Friday")
    assert _kinds(compare(claim, evidence)) == {("weekday", "contradicted")}
    assert compare(evidence.replace("20", "twenty"), evidence) == []


def test_no_text_has_no_finding() -> None:
    assert compare("", GATEWAY) == []
    assert compare(GATEWAY, "") == []
    assert compare("...", "??") == []


@given(st.text(max_size=120), st.text(max_size=120), st.text(max_size=60))
def test_places_lie_in_the_claim_and_a_text_agrees_with_itself(
    claim: str, evidence: str, question: str
) -> None:
    for finding in compare(claim, evidence, evidence, question):
        assert 0 <= finding.start <= finding.end <= len(claim)
    assert compare(claim, claim) == []


@pytest.mark.parametrize(
    "text",
    ["1 " * 30_000, "a, " * 30_000, "A B1 " * 15_000, "not " * 20_000, "[" * 50_000, "1.1" * 20_000, "\n" * 50_000,
     "except x " * 8_000, "A_" * 30_000, "“" * 50_000, "in May " * 9_000],
)  # fmt: skip
def test_hostile_text_costs_no_more_than_a_second(text: str) -> None:
    started = time.process_time()
    compare(text, text[1:] + " x", text[2:], text[3:])
    assert time.process_time() - started < 1.0


def test_paraphrases_of_the_sample_documents_are_told_from_wrong_ones() -> None:
    file = Path(__file__).parents[2] / "benchmarks" / "faithful_paraphrases.jsonl"
    rows = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    flagged = sum(bool(compare(row["faithful"], row["source"])) for row in rows)
    found = sum(bool(compare(row["changed"], row["source"])) for row in rows)
    assert flagged <= 0.1 * len(rows)
    assert found >= 0.75 * len(rows)
