"""What comes out of archives, mailboxes and mails, good and hostile."""

import bz2
import gzip
import io
import lzma
import stat
import struct
import tarfile
import time
import tracemalloc
import zipfile
from contextlib import suppress
from email.message import EmailMessage

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import QUARANTINE_REASONS, ParseError
from ingest.containers.members import BadMember, ExpansionLimits, Member
from ingest.containers.registry import CONTAINER_ENDINGS, expand, is_container, is_pure_container

MIB = 1024 * 1024


def zip_of(files, method=zipfile.ZIP_DEFLATED):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2024, 5, 6, 7, 8, 10)), content, method)
    return stream.getvalue()


def tar_of(*entries, mode="w", **options):
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode=mode, **options) as archive:
        for name, content, changes in entries:
            info = tarfile.TarInfo(name)
            info.size = len(content)
            info.mtime = 1_700_000_000
            for key, value in changes.items():
                setattr(info, key, value)
            archive.addfile(info, io.BytesIO(content))
    return stream.getvalue()


def contents(content, name, limits=None):
    return {
        member.name: member.content if isinstance(member, Member) else member.reason
        for member in expand(content, name, limits)
    }


def refusal(content, name, limits=None):
    with pytest.raises(ParseError) as caught:
        list(expand(content, name, limits))
    assert caught.value.detail
    return caught.value.reason


def mail(*attachments, **headers):
    message = EmailMessage()
    message["Subject"] = headers.get("subject", "Minutes")
    message["Date"] = "Mon, 06 May 2024 07:08:10 +0200"
    message.set_content("See the files.\n")
    for content, maintype, subtype, filename in attachments:
        message.add_attachment(content, maintype=maintype, subtype=subtype, filename=filename)
    return message


# --- which files ---


@pytest.mark.parametrize(
    "name", ["a.zip", "A.TAR.GZ", "x/b.tgz", "m.mbox", "a.eml", "a.msg", "r.csv.xz"]
)
def test_a_container_is_told_by_its_ending(name):
    assert is_container(name)
    assert is_pure_container(name) == (not name.endswith(("eml", "msg")))


@pytest.mark.parametrize("name", ["a.docx", "a.epub", "zip", "a.zip.txt", ""])
def test_other_files_are_no_containers(name):
    assert not is_container(name)
    assert not is_pure_container(name)
    assert refusal(b"x", name) == "unsupported"


@given(st.sampled_from(CONTAINER_ENDINGS), st.binary(max_size=2000), st.integers(0, 7))
def test_any_bytes_give_members_or_a_documented_reason(ending, noise, kind):
    real = [zip_of({"a.txt": b"x" * 50}), tar_of(("a.txt", b"x" * 50, {})), gzip.compress(b"abc"), bz2.compress(b"abc"),
            lzma.compress(b"abc"), b"From a Mon Jan  1 00:00:00 2024\n\n", mail().as_bytes(), b""][kind]  # fmt: skip
    cut = len(noise) % (len(real) + 1)
    outcomes = []
    with suppress(ParseError):  # whatever else is raised fails the test
        outcomes += list(expand(real[:cut] + noise + real[cut:], f"x{ending}"))
    assert all(isinstance(m, Member) or m.reason in QUARANTINE_REASONS for m in outcomes)


# --- ZIP ---


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2])
def test_a_zip_gives_its_files_with_their_dates(method):
    found = list(expand(zip_of({"a/b.txt": b"hello", "c.md": b"# c"}, method), "x.zip"))
    assert found == [
        Member("a/b.txt", b"hello", "2024-05-06T07:08:10"),
        Member("c.md", b"# c", "2024-05-06T07:08:10"),
    ]


def test_folders_hidden_files_and_clutter_are_passed_over():
    content = zip_of(
        {"a/": b"", "__MACOSX/._a": b"x", ".DS_Store": b"x", "a/.git/c": b"x", "a/b.txt": b"y"}
    )
    assert contents(content, "x.zip") == {"a/b.txt": b"y"}


def test_an_archive_of_clutter_alone_is_empty():
    assert refusal(zip_of({".DS_Store": b"x"}), "x.zip") == "empty"


def test_names_that_climb_out_are_tamed():
    content = zip_of({"../../a.txt": b"1", "/a.txt": b"2", "..\\a.txt": b"3", "C:\\a.txt": b"4"})
    assert list(contents(content, "x.zip")) == ["a.txt", "a (2).txt", "a (3).txt", "a (4).txt"]


def test_a_utf8_name_without_its_flag_is_read():
    content = zip_of({"Grüße.txt": b"x"})
    flagged = struct.pack("<H", 0x800)
    content = content.replace(b"\x14\x00" + flagged, b"\x14\x00\x00\x00")
    assert list(contents(content, "x.zip")) == ["Grüße.txt"]


def test_one_bad_entry_does_not_cost_the_others():
    content = bytearray(
        zip_of({"a.txt": b"first file", "b.txt": b"second file"}, zipfile.ZIP_STORED)
    )
    content[content.index(b"first")] ^= 1
    assert contents(bytes(content), "x.zip") == {"a.txt": "corrupt", "b.txt": b"second file"}


def test_an_encrypted_entry_is_named():
    content = bytearray(zip_of({"a.txt": b"x", "b.txt": b"y"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert contents(bytes(content), "x.zip") == {"a.txt": "encrypted", "b.txt": b"y"}


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO, stat.S_IFSOCK])
def test_links_and_devices_in_a_zip_are_refused(kind):
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (kind | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    detail = "is a link" if kind == stat.S_IFLNK else "is a device, not a file"
    assert list(expand(stream.getvalue(), "x.zip")) == [BadMember("link", "unsupported", detail)]


@pytest.mark.parametrize("cut", [10, 40, 60])
def test_a_zip_that_is_cut_off_gives_what_it_has(cut):
    whole = zip_of({"a.txt": b"all of it", "b.txt": bytes(range(256))}, zipfile.ZIP_STORED)
    end = whole.index(b"PK\x01\x02")
    found = contents(whole[: end - cut], "x.zip")
    assert found == {"a.txt": b"all of it", "rest of the archive": "corrupt"}


def test_a_streamed_zip_without_its_list_is_read():
    class Pipe(io.RawIOBase):
        def __init__(self):
            self.data = b""

        def writable(self):
            return True

        def write(self, data):
            self.data += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.txt", b"one" * 100)
        archive.writestr("b.txt", b"two" * 100)
    cut = pipe.data[: pipe.data.index(b"PK\x01\x02")]
    assert contents(cut, "x.zip") == {
        "a.txt": b"one" * 100, "b.txt": b"two" * 100, "rest of the archive": "corrupt"
    }  # fmt: skip


def test_a_declared_size_is_not_believed():
    content = bytearray(zip_of({"a.txt": b"z" * 5000, "b.txt": b"y"}))
    at = content.index(b"PK\x01\x02") + 24
    content[at : at + 4] = struct.pack("<I", 5)  # says 5 bytes, has 5,000
    assert contents(bytes(content), "x.zip")["a.txt"] == b"z" * 5000


def test_a_member_that_is_too_large_does_not_cost_the_others():
    content = zip_of({"a.txt": bytes(range(256)) * 8, "b.txt": b"y"})
    assert contents(content, "x.zip", ExpansionLimits(member_bytes=1000)) == {
        "a.txt": "too_large",
        "b.txt": b"y",
    }


def test_entries_that_overlap_are_a_bomb():
    content = zip_of({"a.txt": b"x" * 1000, "b.txt": b"y" * 1000})
    second = content.index(b"PK\x03\x04", 4)
    assert (
        refusal(
            content.replace(struct.pack("<I", second) + b"b.txt", struct.pack("<I", 0) + b"b.txt"),
            "x.zip",
        )
        == "archive_bomb"
    )
    start = content.index(b"PK\x01\x02") + 20
    long_first = content[:start] + struct.pack("<I", second + 5) + content[start + 4 :]
    assert refusal(long_first, "x.zip") == "archive_bomb"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("x.zip", zip_of({"a": bytes(30 * MIB)})),
        ("x.zip", zip_of({"a": bytes(30 * MIB)}, zipfile.ZIP_BZIP2)),
        ("x.gz", gzip.compress(bytes(30 * MIB))),
        ("x.bz2", bz2.compress(bytes(30 * MIB))),
        ("x.xz", lzma.compress(bytes(30 * MIB))),
        ("x.tgz", gzip.compress(tar_of(("a", bytes(30 * MIB), {})))),
        ("x.gz", gzip.compress(b"") * 100_001),
    ],
    ids=["zip", "zip-bzip2", "gz", "bz2", "xz", "tgz", "many-streams"],
)
def test_a_bomb_is_refused_without_much_memory_or_time(name, content):
    started = time.thread_time()
    tracemalloc.start()
    assert refusal(content, name) == "archive_bomb"
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 80 * MIB
    assert time.thread_time() - started < 10


def test_too_many_bytes_in_all_are_a_bomb_and_too_many_files_too_large():
    content = zip_of({f"{n}.txt": b"x" * 100 for n in range(20)}, zipfile.ZIP_STORED)
    assert refusal(content, "x.zip", ExpansionLimits(total_bytes=1000)) == "archive_bomb"
    assert refusal(content, "x.zip", ExpansionLimits(members=19)) == "too_large"
    assert len(contents(content, "x.zip", ExpansionLimits(members=20, total_bytes=2000))) == 20
    assert (
        refusal(zip_of({f"{n}/": b"" for n in range(11)}), "x.zip", ExpansionLimits(members=1))
        == "too_large"
    )


# --- TAR ---


@pytest.mark.parametrize(
    ("name", "mode"), [("x.tar", "w"), ("x.tar.gz", "w:gz"), ("x.tbz2", "w:bz2"), ("x.txz", "w:xz")]
)
@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tar_gives_its_files_with_their_dates(name, mode, form):
    long = "folder/" * 12 + "long.txt" if form == tarfile.USTAR_FORMAT else "n" * 150 + ".txt"
    content = tar_of(
        ("d", b"", {"type": tarfile.DIRTYPE}),
        (long, b"a" * 700, {}),
        ("b.md", b"", {}),
        mode=mode,
        format=form,
    )
    assert list(expand(content, name)) == [
        Member(long, b"a" * 700, "2023-11-14T22:13:20+00:00"),
        Member("b.md", b"", "2023-11-14T22:13:20+00:00"),
    ]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(kind):
    content = tar_of(("l", b"", {"type": kind, "linkname": "/etc/passwd"}), ("../../b", b"y", {}))
    assert contents(content, "x.tar") == {"l": "unsupported", "b": b"y"}


def test_a_file_with_holes_is_refused_and_passed_over():
    content = tar_of(
        ("a", b"x" * 600, {"pax_headers": {"GNU.sparse.major": "1", "GNU.sparse.realsize": str(2**50)}}),
        ("b", b"y", {}),
        format=tarfile.PAX_FORMAT,
    )  # fmt: skip
    assert contents(content, "x.tar") == {"a": "unsupported", "b": b"y"}


def test_a_tar_that_is_cut_off_gives_what_it_has():
    content = tar_of(("a", b"x" * 600, {}), ("b", b"y" * 600, {}))
    assert contents(content[:2100], "x.tar") == {"a": b"x" * 600, "rest of the archive": "corrupt"}
    noise = gzip.compress(content)[:-20]
    assert "rest of the archive" in contents(noise, "x.tgz")


@pytest.mark.parametrize("size", [b"\xff" * 12, b"77777777777\0", b"\x80" + b"\x7f" * 11])
def test_a_size_that_lies_ends_a_tar_at_once(size):
    content = bytearray(tar_of(("a", b"x", {}), ("b", b"y", {})))
    content[1024 + 124 : 1024 + 136] = size
    block = bytes(content[1024:1536])
    total = sum(block[:148]) + sum(block[156:]) + 256
    content[1024 + 148 : 1024 + 156] = b"%06o\0 " % total
    found = contents(bytes(content), "x.tar")
    assert found.pop("a") == b"x"
    assert set(found.values()) <= {"corrupt", "too_large"}
    assert found


def test_an_extended_header_that_is_huge_is_not_read():
    header = tarfile.TarInfo("x")
    header.type, header.size = tarfile.XHDTYPE, 900 * MIB
    content = tar_of(("a", b"x", {}))[:1024] + header.tobuf() + bytes(2 * MIB)
    first, rest = expand(content, "x.tar")
    assert (first.name, rest.name, rest.reason) == ("a", "rest of the archive", "corrupt")
    assert "larger than 1 MiB" in rest.detail


def test_what_is_no_tar_is_corrupt():
    assert refusal(b"plain text" * 200, "x.tar") == "corrupt"


# --- single files ---


@pytest.mark.parametrize(
    ("name", "pack"),
    [("x/r.csv.gz", gzip.compress), ("r.csv.bz2", bz2.compress), ("r.csv.xz", lzma.compress)],
)
def test_a_compressed_file_gives_the_file_in_it(name, pack):
    assert contents(pack(b"a,b\n") + pack(b"1,2\n"), name) == {"r.csv": b"a,b\n1,2\n"}
    assert refusal(pack(b"a,b\n" * 100)[:-9], name) == "corrupt"
    large = ExpansionLimits(member_bytes=3)
    assert contents(pack(b"a,b\n"), name, large) == {"r.csv": "too_large"}


# --- mailboxes ---

FIRST = b"From a@b Mon May  6 07:08:10 2024\nMessage-ID: <1@x>\nDate: Mon, 06 May 2024 07:08:10 +0200\n\nHi\n>From here\n"
SECOND = b"\nFrom - Tue May  7 07:08:10 2024\r\nSubject: two\r\n\r\nFrom the start\r\n"


def test_a_mailbox_gives_its_messages_under_names_that_stay():
    once, twice = list(expand(FIRST, "m.mbox")), list(expand(FIRST + SECOND, "m.mbox"))
    assert once == twice[:1]
    assert len(twice) == 2
    assert twice[0].content.endswith(b"Hi\nFrom here\n")
    assert twice[0].modified == "2024-05-06T07:08:10+02:00"
    assert twice[1].content == b"Subject: two\r\n\r\nFrom the start\n"
    assert all(len(member.name) == len("0123456789ab.eml") for member in twice)
    assert [m.name for m in expand(FIRST + b"\n" + FIRST, "m.mbox")][1] == once[0].name[
        :12
    ] + " (2).eml"


def test_text_that_begins_with_from_is_no_new_message():
    text = (
        FIRST
        + b"\nFrom the desk of the director\n\nFrom now on\nFrom a@b Mon May  6 07:08:10 2024\n"
    )
    assert len(list(expand(text, "m.mbox"))) == 1
    assert refusal(b"Dear all,\n" + FIRST, "m.mbox") == "corrupt"


def test_a_mailbox_of_one_giant_line_ends_fast():
    started = time.thread_time()
    found = contents(
        FIRST + b"\nFrom " + b"1:" * (5 * MIB), "m.mbox", ExpansionLimits(member_bytes=MIB)
    )
    assert list(found.values()) == ["too_large"]
    assert time.thread_time() - started < 5


# --- mails ---


def test_a_mail_gives_what_is_attached_and_not_its_text():
    message = mail(
        (b"%PDF", "application", "pdf", "Plan – 2024.pdf"),
        (b"PK", "application", "zip", None),
        (b"sig", "application", "pkcs7-signature", "smime.p7s"),
        (b"\0tnef", "application", "ms-tnef", "winmail.dat"),
    )
    message.get_payload()[0].add_header("X-Nothing", "x")
    for content in (message.as_bytes(), message.as_bytes().replace(b"\n", b"\r\n")):
        found = contents(content, "m.eml")
        assert found == {
            "Plan – 2024.pdf": b"%PDF",
            "attachment-2.zip": b"PK",
            "winmail.dat": b"\0tnef",
        }
    assert contents(mail().as_bytes(), "m.eml") == {}


def test_pictures_of_the_text_are_left_out_and_named_ones_kept():
    message = EmailMessage()
    message.set_content("text")
    message.add_alternative("<p><img src='cid:a'></p>", subtype="html")
    html = message.get_payload()[1]
    html.add_related(b"png", "image", "png", cid="<a>")
    html.add_related(b"jpg", "image", "jpeg", cid="<b>", filename="scan.jpg")
    assert contents(message.as_bytes(), "m.eml") == {"scan.jpg": b"jpg"}


def test_an_attached_mail_is_a_member_as_it_is():
    inner = mail((b"deep", "application", "pdf", "deep.pdf"), subject="Offer 1/2")
    outer = mail()
    outer.add_attachment(inner)
    (member,) = expand(outer.as_bytes(), "m.eml")
    assert (member.name, member.modified) == ("Offer 1-2.eml", "2024-05-06T07:08:10+02:00")
    assert contents(member.content, member.name) == {"deep.pdf": b"deep"}


@pytest.mark.parametrize(
    ("disposition", "wanted"),
    [
        ("attachment; filename*=UTF-8''%e2%82%ac%20rates.csv", "€ rates.csv"),
        ("attachment; filename*0=\"long\"; filename*1=\"er.csv\"", "longer.csv"),
        ("attachment; filename=\"=?utf-8?B?R3LDvMOfZS5jc3Y=?=\"", "Grüße.csv"),
        ("attachment; filename=\"../../etc/x.csv\"", "etc/x.csv"),
        ("attachment; filename=\"C:\\\\x.csv\"", "x.csv"),
        ("attachment; filename=\"a\u202evsc.exe\"", "avsc.exe"),
        ("attachment; filename=\"Grüße.csv\"", "Grüße.csv"),
        ("attachment; filename=\"" + ";" * 100_000, "attachment-1.csv"),
    ],
)  # fmt: skip
def test_attachment_names_are_decoded_and_tamed(disposition, wanted):
    content = f"Subject: x\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/csv\nContent-Disposition: {disposition}\n\na,b\n--b--\n"
    assert contents(content.encode(), "m.eml") == {wanted: b"a,b"}


@pytest.mark.parametrize("encoded", [b"YWJj\nZGU=", b"YW*Jj ZGU", b"YWJjZGU=\n--junk"])
def test_damaged_base64_is_read_as_far_as_it_goes(encoded):
    content = (
        b"Content-Type: application/pdf; name=a.pdf\nContent-Transfer-Encoding: base64\n\n"
        + encoded
    )
    assert contents(content, "m.eml") == {"a.pdf": b"abcde"}


def test_mails_nested_200_deep_end_fast_at_every_level():
    message = mail()
    content = message.as_bytes()
    for _ in range(200):
        content = b"Content-Type: message/rfc822\nSubject: fw\n\n" + content
    wrapped = b"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + content + b"\n--b--\n"
    started = time.thread_time()
    assert list(contents(wrapped, "m.eml")) == ["fw.eml"]
    deep = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(200)
    )
    assert contents(deep + b"\ntext", "m.eml") == {"rest of the mail": "corrupt"}
    assert time.thread_time() - started < 1


def test_a_mail_of_10000_attachments_ends_in_time():
    part = b"--b\nContent-Type: text/plain\nContent-Disposition: attachment; filename=a.txt\n\nx\n"
    head = b"Content-Type: multipart/mixed; boundary=b\n\n"
    started = time.thread_time()
    assert len(contents(head + part * 10_000, "m.eml")) == 10_000
    assert refusal(head + part * 10_001, "m.eml") == "too_large"
    assert time.thread_time() - started < 30


def test_a_damaged_outlook_message_is_corrupt():
    assert refusal(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "m.msg") == "corrupt"
    assert refusal(b"no message", "m.msg") == "corrupt"


def test_a_bad_member_says_why():
    (member,) = expand(gzip.compress(bytes(2 * MIB)), "a.txt.gz", ExpansionLimits(member_bytes=MIB))
    assert member == BadMember("a.txt", "too_large", "it is larger than 1 MiB")
