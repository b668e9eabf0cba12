"""Bytes of text files to str: byte order marks, UTF-8, legacy encodings, and what is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ParseError
from ingest.parsers.decoding import decode, is_binary

FRENCH = "Le café est fermé à partir de midi. Où êtes-vous allés hier ? C'était déjà vu."
POLISH = "Zażółć gęślą jaźń. Proszę o przesłanie dokumentów do końca miesiąca, z załącznikami."
RUSSIAN = "Сотрудники должны подать заявление до конца месяца. Отпуск оплачивается заранее."
JAPANESE = "社員は月末までに申請書を提出してください。有給休暇は事前に申請が必要です。"
TURKISH = "Çalışanlar ay sonuna kadar başvuru yapmalıdır. İzin önceden ödenir."


def reason(content: bytes) -> str:
    with pytest.raises(ParseError) as caught:
        decode(content)
    return caught.value.reason


@given(st.text(alphabet=st.characters(exclude_categories=("Cs", "Cc"))))
def test_utf8_comes_back_unchanged(text):
    assert decode(b"\xef\xbb\xbf" + text.encode()) == text


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32", "utf-16-le", "utf-16-be"])
def test_every_unicode_encoding_is_read_and_its_byte_order_mark_dropped(encoding):
    text = "Leave policy, naïve café.\r\nSecond line\n"
    assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        (FRENCH, "latin-1"),
        (FRENCH, "cp1252"),
        ("Die Räume kosten 20 € im Büro.", "cp1252"),
        ("café", "latin-1"),
        ("It’s “fine” – really.", "cp1252"),
        (POLISH, "cp1250"),
        (TURKISH, "cp1254"),
        (RUSSIAN, "cp1251"),
        (RUSSIAN, "koi8-r"),
        (JAPANESE, "cp932"),
        (JAPANESE, "euc-jp"),
    ],
)
def test_legacy_text_is_read_letter_by_letter(text, encoding):
    assert decode(text.encode(encoding)) == text


def test_damaged_utf8_is_refused_and_the_first_bad_byte_is_named():
    content = f"{FRENCH}\n".encode() + b"\xff\xfe bad " + FRENCH.encode()
    with pytest.raises(ParseError, match=f"first at byte {len(FRENCH.encode()) + 1}") as caught:
        decode(content)
    assert caught.value.reason == "encoding"


def test_bytes_that_no_encoding_explains_are_refused():
    assert reason(b"words " * 100 + b"\x81\x8d\x8f\x90\x9d") == "encoding"


@pytest.mark.parametrize("content", [b"\xff\xfea", b"\xef\xbb\xbf\xff", b"\xff\xfe\x00\xd8a\x00"])
def test_a_byte_order_mark_that_lies_is_refused(content):
    assert reason(content) == "encoding"


def test_control_bytes_mean_a_binary_file():
    content = bytes(range(256)) * 4
    assert is_binary(content)
    assert reason(content) == "unsupported"


def test_one_stray_control_character_does_not_make_a_text_binary():
    assert decode(b"x" * 500 + b"\x00" + b"y" * 500) == "x" * 500 + "\x00" + "y" * 500
