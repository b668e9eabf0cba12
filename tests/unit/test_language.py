"""The language of texts: known ones are told, odd and short ones are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.parsers.language import language_of


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("The invoice must be paid within thirty days of its date.", "en"),
        ("Die Rechnung ist innerhalb von dreißig Tagen zu bezahlen.", "de"),
        (
            "El banco no cobra comisiones a los clientes que tienen más de una cuenta, pero sí a los que viven en otro país.",
            "es",
        ),
        ("La facture doit être payée dans un délai de trente jours.", "fr"),
        ("发票必须在三十天内支付。", "zh"),
        ("請求書は三十日以内に支払う。", "ja"),
        ("송장은 삼십일 이내에 지불해야 합니다.", "ko"),
        ("", ""),
        ("12345 67.8 %", ""),
        ("Hi", ""),
    ],
)
def test_the_language_is_told_or_left_open(text, code):
    assert language_of(text) == code


def test_a_long_text_is_judged_by_all_its_parts():
    assert language_of("x1 " * 500 + "Die Rechnung ist bald zu bezahlen. " * 5_000) == "de"


@given(st.text())
def test_any_text_has_a_code_of_two_letters_or_none(text):
    assert len(language_of(text)) in (0, 2)
