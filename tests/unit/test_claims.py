"""What an answer is cut into before it is checked."""

import time

from hypothesis import given
from hypothesis import strategies as st

from app.grounding.claims import claim_pieces, clauses, unread_spans

ANSWER_TEXT = st.text(alphabet="ab A.!?,:\n-*#|0123 []()“”。，这", max_size=200)


def pieces_of(answer: str) -> list[tuple[str, str]]:
    return [(piece.kind, answer[piece.start : piece.end]) for piece in claim_pieces(answer)]


def test_sentences_are_claims() -> None:
    assert pieces_of("The fee is 4 EUR. It is paid once.") == [
        ("statement", "The fee is 4 EUR."),
        ("statement", "It is paid once."),
    ]


def test_list_items_and_table_rows_are_claims_without_their_marks() -> None:
    answer = (
        "- Ask the team lead.\n2. Send the form.\n| Plan | Price |\n|---|---|\n| Basic | 5 EUR |"
    )
    assert [text for _, text in pieces_of(answer)] == [
        "Ask the team lead.",
        "Send the form.",
        "| Plan | Price |",
        "| Basic | 5 EUR |",
    ]


def test_items_know_the_line_that_leads_to_them() -> None:
    first, item, after = claim_pieces("You need:\n- a passport\n\nThat is all there is.")
    assert (first.context, item.context, after.context) == ("", "You need:", "")


def test_headings_questions_and_talk_state_nothing() -> None:
    answer = "## Travel rules\nSure!\nHere are the steps:\nDo you have a card?\nI hope this helps."
    kinds = [kind for kind, _ in pieces_of(answer)]
    assert kinds == ["heading", "talk", "lead_in", "question", "talk"]


def test_a_polite_word_does_not_hide_a_statement() -> None:
    answer = "Sure, managers may approve any amount without asking the finance team."
    assert pieces_of(answer)[0][0] == "statement"


def test_a_number_is_never_talk_or_a_heading() -> None:
    for answer in (
        "Sure, 500 EUR.",
        "# Refunds within 90 days",
        "Here are the 2024 limits of 50%:",
    ):
        assert pieces_of(answer)[0][0] == "statement", answer


def test_what_the_passages_lack_is_no_claim_about_the_world() -> None:
    for answer in (
        "The passages do not mention a deadline.",
        "I could not find the price in the documents.",
        "Unable to answer based on given passages.",
        "Die Dokumente sagen dazu nichts, weil sie nicht vollständig sind.",
    ):
        kind = pieces_of(answer)[0][0]
        assert kind == "absence", answer


def test_a_negative_fact_is_not_taken_for_a_gap_in_the_passages() -> None:
    assert pieces_of("Contractors do not receive a laptop.")[0][0] == "statement"


def test_markers_and_names_of_passages_are_not_read() -> None:
    text = "According to passage 2, the door is red (Passage 1) [3]."
    kept = text
    for span in reversed(unread_spans(text)):
        kept = kept[: span.start] + kept[span.end :]
    assert kept.split() == ["the", "door", "is", "red", "."]


def test_a_sentence_is_cut_at_its_joints() -> None:
    text = "Refunds take five days, because the bank must approve every single payment."
    assert [text[span.start : span.end] for span in clauses(text)] == [
        "Refunds take five days,",
        "because the bank must approve every single payment.",
    ]


def test_a_clause_has_at_least_three_words() -> None:
    assert len(clauses("Apples, pears, plums, and figs.")) == 1


def test_a_page_without_any_joint_is_cut_all_the_same() -> None:
    spans = clauses("word " * 500)
    assert max((span.end - span.start) / 5 for span in spans) <= 60


def test_long_answers_are_cut_in_linear_time() -> None:
    started = time.thread_time()
    for answer in (
        "a " * 50_000,
        "not " * 30_000,
        "(passage " * 20_000,
        "- " * 30_000,
        "1, " * 30_000,
    ):
        pieces = claim_pieces(answer)
        for piece in pieces:
            clauses(answer[piece.start : piece.end])
            unread_spans(answer[piece.start : piece.end])
    assert time.thread_time() - started < 10


@given(ANSWER_TEXT)
def test_pieces_stand_in_order_and_hold_every_letter(answer: str) -> None:
    pieces = claim_pieces(answer)
    position = 0
    for piece in pieces:
        assert position <= piece.start < piece.end
        position = piece.end
    held = "".join(answer[piece.start : piece.end] for piece in pieces)
    # Marks of lists ('1.', 'a)') and headings are left out, letters of words are not.
    assert sum(c == "这" for c in held) == sum(c == "这" for c in answer)


@given(ANSWER_TEXT)
def test_clauses_hold_every_word_of_their_sentence(text: str) -> None:
    spans = clauses(text)
    assert "".join("".join(text[s.start : s.end].split()) for s in spans) == "".join(text.split())
