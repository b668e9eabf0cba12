"""The containers of Office files: what is refused before anything is read."""

from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

import pytest

from core.errors import ParseError
from ingest.parsers.office_container import OfficeContainer, core_metadata, iso_date
from ingest.parsers.ole_container import opened


def container(**parts):
    stream = BytesIO()
    with ZipFile(stream, "w", ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name.replace("__", "/"), content)
    return stream.getvalue()


def reason(content):
    with pytest.raises(ParseError) as caught:
        OfficeContainer(content, "PPTX")
    return caught.value.reason


def test_an_encrypted_package_is_reported_as_encrypted():
    content = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    assert reason(content) == "encrypted"


def test_an_encrypted_entry_is_reported_as_encrypted():
    content = bytearray(container(part="text"))
    place = content.index(b"PK\x01\x02")
    content[place + 8] |= 1
    assert reason(bytes(content)) == "encrypted"


def test_an_older_office_file_is_unsupported():
    assert reason(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)) == "unsupported"


@pytest.mark.parametrize("length", [10, 60])
def test_a_cut_off_container_is_corrupt(length):
    assert reason(container(part="text" * 100)[:length]) == "corrupt"


def test_a_part_that_unpacks_two_hundredfold_is_a_bomb_and_a_small_one_is_not():
    assert reason(container(part=bytes(20 * 1024 * 1024))) == "archive_bomb"
    small = OfficeContainer(container(part=bytes(1024 * 1024)), "PPTX")
    assert len(small.read("part")) == 1024 * 1024


def test_more_than_512_mib_in_all_is_a_bomb():
    content = bytearray(container(one="text", two="text"))
    place = content.index(b"PK\x01\x02")
    content[place + 24 : place + 28] = (513 * 1024 * 1024).to_bytes(4, "little")
    with pytest.raises(ParseError, match="512 MiB"):
        OfficeContainer(bytes(content), "PPTX")


def test_entities_of_a_part_are_never_read():
    xml = "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/hostname'><!ENTITY f 'grown'>]><a><b>kept&e;&f;</b></a>"
    tree = OfficeContainer(container(part=xml), "PPTX").tree("part")
    assert "".join(tree.itertext("b")) == "kept"
    streamed = OfficeContainer(container(part=xml), "PPTX").nodes("part", "b")
    assert ["".join(node.itertext("b")) for node in streamed] == ["kept"]


def test_a_part_that_is_no_xml_is_corrupt():
    opened_container = OfficeContainer(container(part="<a><b></a>"), "PPTX")
    for read in (opened_container.tree, lambda part: list(opened_container.nodes(part, "b"))):
        with pytest.raises(ParseError) as caught:
            read("part")
        assert caught.value.reason == "corrupt"


def test_relations_are_found_by_kind_and_external_ones_are_not():
    relations = (
        "<Relationships><Relationship Id='1' Type='http://x/notesSlide' Target='../notes/one.xml'/>"
        "<Relationship Id='2' Type='http://x/notesSlide' Target='http://x' TargetMode='External'/>"
        "</Relationships>"
    )
    found = OfficeContainer(container(**{"ppt__slides___rels__one.xml.rels": relations}), "PPTX")
    assert found.related("ppt/slides/one.xml", "notesSlide") == ["ppt/notes/one.xml"]


def test_metadata_is_read_and_a_damaged_one_is_lost_alone():
    core = "<p><creator>Ann</creator><created>2026-01-14T09:00:00Z</created><modified>soon</modified></p>"
    good = OfficeContainer(container(docProps__core_xml=core), "PPTX")
    assert core_metadata(good) == ("", {})
    good = OfficeContainer(container(**{"docProps__core.xml": core}), "PPTX")
    assert core_metadata(good) == ("", {"author": "Ann", "created": "2026-01-14T09:00:00+00:00"})
    bad = OfficeContainer(container(**{"docProps__core.xml": "<p>"}), "PPTX")
    assert core_metadata(bad) == ("", {})


def test_dates_keep_no_more_than_seconds():
    assert iso_date("2026-01-14T09:00:00.123456789") == "2026-01-14T09:00:00"
    assert iso_date("never") == ""


def test_what_is_no_ole_file_is_corrupt():
    for content in (b"text", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100)):
        with pytest.raises(ParseError) as caught, opened(content, "DOC"):
            pass
        assert caught.value.reason == "corrupt"
