"""Names of dropped files become plain base names, whatever they were."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.uploads.file_names import safe_name, shown_name


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("Travel policy.md", "Travel_policy.md"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("/absolute/report.PDF", "report.pdf"),
        ("nul\0byte.txt", "nul_byte.txt"),
        (".footnoteignore", "footnoteignore"),
        ("--yes.md", "yes.md"),
        ("..", "document"),
        ("", "document"),
        ("\u202efdp.exe", "fdp.exe"),
        ("Überstunden (2026).docx", "Überstunden_(2026).docx"),
        ("a; rm -rf $HOME `id`.md", "a_rm_-rf_HOME_id.md"),
    ],
)
def test_a_name_becomes_a_plain_base_name_with_its_ending(name: str, safe: str) -> None:
    assert safe_name(name) == safe


def test_a_name_of_300_characters_is_cut_and_keeps_its_ending() -> None:
    assert safe_name("x" * 300 + ".pdf") == "x" * 60 + ".pdf"
    assert len(shown_name("x" * 300 + ".pdf")) == 120


def test_a_second_file_of_the_same_name_gets_one_of_its_own() -> None:
    assert safe_name("a/Plan.md", ["plan.md"]) == "Plan_2.md"
    assert safe_name("plan.md", ["plan.md", "plan_2.md"]) == "plan_3.md"


@given(st.text())
def test_no_name_leaves_its_folder(name: str) -> None:
    safe = safe_name(name)
    assert safe
    assert safe not in (".", "..")
    assert not safe.startswith((".", "-"))
    assert not set(safe) & set('/\\\0 \n"$`|;&<>*?')
    assert len(safe.encode()) <= 255


@given(st.text())
def test_a_shown_name_has_no_character_that_hides_or_turns_text(name: str) -> None:
    shown = shown_name(name)
    assert shown
    assert shown == shown.strip()
    assert not {unicodedata.category(char) for char in shown} & {"Cc", "Cf", "Cs"}
