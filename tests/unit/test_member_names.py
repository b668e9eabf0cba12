"""Names of members, for any name that an archive or a mail can hold."""

import unicodedata
from pathlib import PurePosixPath, PureWindowsPath
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.containers.names import UniqueNames, is_clutter, safe_name

PIECES = st.sampled_from(
    ["..", ".", "/", "\\", "%2e", "%2E%2e", "%252f", "%5c", "%00", "%", "25", "2e", "C:", "d:", "\0", "\x1b[2J",
     "\u202e", "\u200b", "\ud800", "a", "é", "e\u0301", "報告", "😀", " ", "x" * 300, ".txt", "~$", "//host/share"]
)  # fmt: skip
NAMES = st.one_of(st.lists(PIECES, max_size=12).map("".join), st.text(max_size=400))


@given(NAMES)
def test_a_name_is_a_short_visible_relative_path(raw):
    name = safe_name(raw)
    assert name == safe_name(raw)
    for decoded in (name, unquote(name), unquote(unquote(name))):
        assert not PurePosixPath(decoded).is_absolute()
        assert not PureWindowsPath(decoded).drive
        assert not PureWindowsPath(decoded).root
        assert ".." not in decoded.replace("\\", "/").split("/")
    assert all(0 < len(part.encode()) <= 255 for part in name.split("/"))
    assert len(name.encode()) <= 1300
    assert not any(unicodedata.category(c) in ("Cc", "Cf", "Cs", "Zl", "Zp") for c in name)


@given(st.lists(NAMES, max_size=30))
def test_names_in_one_container_are_unique_and_the_same_each_time(raws):
    first, second = UniqueNames(), UniqueNames()
    names = [first.take(raw) for raw in raws]
    assert len(set(names)) == len(names)
    assert names == [second.take(raw) for raw in raws]
    assert all(len(part.encode()) <= 255 for name in names for part in name.split("/"))


@pytest.mark.parametrize(
    ("raw", "wanted"),
    [
        ("reports/2024.pdf", "reports/2024.pdf"),
        ("../../etc/passwd", "etc/passwd"),
        ("..\\..\\x.txt", "x.txt"),
        ("C:\\Users\\a.txt", "Users/a.txt"),
        ("c:d:x.txt", "x.txt"),
        ("\\\\server\\share\\a.txt", "server/share/a.txt"),
        ("%2e%2e%2fa.txt", "a.txt"),
        ("%25252e%252e/a.txt", "a.txt"),
        ("100%25.txt", "100%25.txt"),
        ("a\0b.txt", "ab.txt"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("e\u0301.txt", "\u00e9.txt"),
        ("...", "unnamed"),
        ("", "unnamed"),
    ],
)
def test_a_name_loses_only_what_is_dangerous(raw, wanted):
    assert safe_name(raw) == wanted


def test_a_name_that_is_taken_gets_a_number_before_its_ending():
    names = UniqueNames()
    taken = [
        names.take(raw)
        for raw in ("a.txt", "a (2).txt", "a.txt", "x/a.txt", "x/a.txt", "README", "README")
    ]
    assert taken == [
        "a.txt",
        "a (2).txt",
        "a (3).txt",
        "x/a.txt",
        "x/a (2).txt",
        "README",
        "README (2)",
    ]


def test_a_long_name_keeps_its_ending():
    assert safe_name("x" * 400 + ".docx").endswith(".docx")
    assert safe_name("x" * 400 + ".docx") != safe_name("x" * 401 + ".docx")


@pytest.mark.parametrize(
    ("name", "clutter"),
    [
        ("__MACOSX/a.txt", True),
        ("a/.DS_Store", True),
        ("Thumbs.db", True),
        ("~$a.docx", True),
        ("a.b/c.txt", False),
    ],
)
def test_clutter_is_told_from_files(name, clutter):
    assert is_clutter(name) == clutter
