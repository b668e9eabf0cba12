"""Slack exports: one readable document for each channel and day; private channels stay closed."""

import json
import zipfile
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import ConfigError, SourceError
from ingest.parsers.registry import parse
from ingest.sources.base import Listing, Source
from ingest.sources.slack_export import SlackExportConfig
from ingest.sources.slack_messages import Names, documents_of
from ingest.spool import Spool

NAMES = Names({"U1": "Ana", "U2": "Ben"}, {"C1": "general"})
DAY = "2026-03-04"
NOON = 1772625600.0  # 2026-03-04 12:00 UTC


def message(text: str, minute: float = 0, **fields: Any) -> dict[str, Any]:
    return {
        "type": "message", "user": "U1", "text": text, "ts": f"{NOON + 60 * minute:.6f}", **fields,
    }  # fmt: skip


def page(*messages: dict[str, Any]) -> str:
    return documents_of("general", {DAY: messages}, NAMES).get(DAY, "")


def files_of(**extra: Any) -> dict[str, Any]:
    return {
        "channels.json": [{"id": "C1", "name": "general"}, {"id": "C2", "name": "random"}],
        "groups.json": [{"id": "G1", "name": "secret"}],
        "users.json": [
            {"id": "U1", "name": "ana", "profile": {"display_name": "Ana", "real_name": "Ana Q"}},
            {"id": "U2", "name": "ben", "profile": {"display_name": "", "real_name": "Ben"}},
        ],
        "general/2026-03-04.json": [message("Hello"), message("Hi <@U2>", 1)],
        "random/2026-03-04.json": [message("Cake")],
        "secret/2026-03-04.json": [message("Salaries")],
        "D0123/2026-03-04.json": [message("Just between us")],
        "dms.json": [{"id": "D0123", "members": ["U1", "U2"]}],
        **extra,
    }


def content_of(value: Any) -> bytes:
    return value if isinstance(value, bytes) else json.dumps(value).encode()


def write_zip(path: Path, files: dict[str, Any]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, value in files.items():
            archive.writestr(name, content_of(value))


def write_folder(path: Path, files: dict[str, Any]) -> None:
    for name, value in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content_of(value))


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "data")) as spool:
        yield spool


@pytest.fixture(params=["zip", "folder"])
def listed(request: pytest.FixtureRequest, tmp_path: Path, spool: Spool) -> Callable[..., Listing]:
    def make(files: dict[str, Any], **fields: Any) -> Listing:
        (write_zip if request.param == "zip" else write_folder)(tmp_path / "export", files)
        return source(tmp_path, **fields).list({}, spool)

    return make


def source(folder: Path, **fields: Any) -> Source:
    given = {"type": "slack_export", "path": "export", "access": ["group:staff"], **fields}
    return SlackExportConfig(**given).build("slack", folder, folder / "state")


def access_of(listing: Listing) -> dict[str, tuple[str, ...]]:
    return {item.uri: item.access for item in listing.items}


def test_a_day_of_a_public_channel_is_a_document_with_names(listed: Callable[..., Listing]) -> None:
    listing = listed(files_of())
    assert access_of(listing) == {
        "general/2026-03-04.md": ("group:staff",),
        "random/2026-03-04.md": ("group:staff",),
    }
    item = listing.items[0]
    text = Path(item.path).read_text(encoding="utf-8")
    assert text == "# #general 2026-03-04\n\nAna (12:00): Hello\n\nAna (12:01): Hi @Ben\n"
    assert (item.title, item.size) == ("#general 2026-03-04", len(text))
    document = parse(text.encode(), item.uri)
    assert document.title == "#general 2026-03-04"


def test_a_stamp_follows_the_text(listed: Callable[..., Listing]) -> None:
    stamps = {item.uri: item.stamp for item in listed(files_of()).items}
    changed = files_of(**{"general/2026-03-04.json": [message("Hello"), message("Hi", 1)]})
    after = {item.uri: item.stamp for item in listed(changed).items}
    assert after["general/2026-03-04.md"] != stamps["general/2026-03-04.md"]
    assert after["random/2026-03-04.md"] == stamps["random/2026-03-04.md"]


def test_a_private_channel_is_closed_until_it_is_named(listed: Callable[..., Listing]) -> None:
    listing = listed(files_of(), rules=[{"match": "**", "access": ["everyone"]}])
    assert "secret/2026-03-04.md" not in access_of(listing)
    assert ("secret", "private channel; `channel_access` does not name it") in listing.skipped
    opened = listed(files_of(), channel_access={"#secret": ["group:hr"]})
    assert access_of(opened)["secret/2026-03-04.md"] == ("group:hr",)
    assert opened.ruled == {"secret/2026-03-04.md"}


def test_what_any_file_calls_private_is_private(listed: Callable[..., Listing]) -> None:
    files = files_of()
    files["channels.json"] += [
        {"name": "secret"},
        {"name": "board", "is_private": True},
        {"name": "D0123", "is_im": True},
    ]
    files["board/2026-03-04.json"] = [message("Merger")]
    assert list(access_of(listed(files))) == ["general/2026-03-04.md", "random/2026-03-04.md"]


def test_direct_messages_are_never_read(listed: Callable[..., Listing]) -> None:
    listing = listed(files_of(), channel_access={"D0123": ["everyone"]})
    assert not [uri for uri in access_of(listing) if uri.startswith("D")]


def test_only_some_channels_are_read_when_they_are_named(listed: Callable[..., Listing]) -> None:
    assert list(access_of(listed(files_of(), channels=["#random"]))) == ["random/2026-03-04.md"]


def test_a_day_that_cannot_be_read_is_reported_and_the_others_go_on(
    listed: Callable[..., Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sources.slack_archive.MAX_FILE_BYTES", 20_000)
    files = files_of(
        **{
            "general/2026-03-05.json": b"[{",
            "general/2026-03-06.json": [message("x" * 20_000)],
            "general/2026-03-07.json": b"[" * 10_000,
            "general/2026-03-08.json": {"a": 1},
        }
    )
    listing = listed(files)
    assert {uri: failure.reason for uri, failure in listing.failed.items()} == {
        "general/2026-03-05.md": "corrupt",
        "general/2026-03-06.md": "too_large",
        "general/2026-03-07.md": "corrupt",
        "general/2026-03-08.md": "corrupt",
    }
    assert set(listing.failed) < set(access_of(listing))
    assert "general/2026-03-04.md" in access_of(listing)


def test_a_channel_that_is_too_large_stops_the_listing(
    listed: Callable[..., Listing], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sources.slack_export.MAX_CHANNEL_BYTES", 50)
    with pytest.raises(SourceError, match="'general' has more than"):
        listed(files_of())


@pytest.mark.parametrize("name", ["../outside", "general/../../outside", "/etc", "a/b", ""])
def test_a_channel_cannot_lead_out_of_the_export(
    name: str, listed: Callable[..., Listing], tmp_path: Path
) -> None:
    write_folder(tmp_path / "outside", {"2026-03-04.json": [message("Outside")]})
    files = files_of()
    files["channels.json"].append({"name": name})
    assert list(access_of(listed(files))) == ["general/2026-03-04.md", "random/2026-03-04.md"]


def test_links_in_a_folder_are_not_followed(tmp_path: Path, spool: Spool) -> None:
    write_folder(tmp_path / "export", files_of())
    write_folder(tmp_path / "outside", {"2026-03-05.json": [message("Outside")]})
    (tmp_path / "export" / "random" / "2026-03-05.json").symlink_to(
        tmp_path / "outside" / "2026-03-05.json"
    )
    (tmp_path / "export" / "linked").symlink_to(tmp_path / "outside")
    assert len(source(tmp_path).list({}, spool).items) == 2


@pytest.mark.parametrize(
    "files",
    [
        {"general/2026-03-04.json": []},
        {"channels.json": b"{"},
        {"channels.json": {"a": 1}},
        {"channels.json": [], "users.json": b"nonsense"},
        {"channels.json": [], "groups.json": b"\xff\xfe"},
    ],
)
def test_what_is_no_export_says_so(files: dict[str, Any], listed: Callable[..., Listing]) -> None:
    with pytest.raises(SourceError, match=r"cannot be read.*Nothing was changed"):
        listed(files)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 and nothing", b"x" * 1000])
def test_a_file_that_is_no_zip_says_so(content: bytes, tmp_path: Path, spool: Spool) -> None:
    (tmp_path / "export").write_bytes(content)
    with pytest.raises(SourceError, match="no zip file"):
        source(tmp_path).list({}, spool)


def test_a_zip_that_is_damaged_inside_is_a_source_error(tmp_path: Path, spool: Spool) -> None:
    write_zip(tmp_path / "export", files_of())
    content = bytearray((tmp_path / "export").read_bytes())
    content[60:90] = bytes(30)
    (tmp_path / "export").write_bytes(content)
    with pytest.raises(SourceError):
        source(tmp_path).list({}, spool)


def test_a_missing_export_or_unknown_zone_is_a_configuration_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no Slack export"):
        source(tmp_path)
    with pytest.raises(ValueError, match="time zone"):
        source(tmp_path, time_zone="Mars/Olympus")


def test_replies_stand_under_the_first_message_of_their_thread() -> None:
    first = message("Question", 0, thread_ts=f"{NOON:.6f}")
    reply = message("Answer\nin two lines", 30, user="U2", thread_ts=f"{NOON:.6f}")
    late = message("Much later", 60 * 24, thread_ts=f"{NOON:.6f}")
    orphan = message("To something older", 2, thread_ts="1.000000")
    days = documents_of(
        "general", {DAY: [first, message("Other", 1), reply, orphan], "2026-03-05": [late]}, NAMES
    )
    assert days == {
        DAY: "# #general 2026-03-04\n\nAna (12:00): Question\n\n"
        "> Ben (12:30): Answer\n> in two lines\n>\n> Ana (2026-03-05 12:00): Much later\n\n"
        "Ana (12:01): Other\n\nAna (12:02): To something older\n"
    }


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("<@U2> and <@U9|zoe> and <@U8>", "@Ben and @zoe and @U8"),
        ("<#C1> <#C2|sales> <#C9>", "#general #sales #a private channel"),
        ("<!here> <!subteam^S1|@sales> <!date^1^x|today>", "@here @sales today"),
        ("<https://a.org|the page> <https://b.org>", "[the page](https://a.org) https://b.org"),
        ("<mailto:a@b.org|a@b.org> 3 &lt; 4 &amp;&amp; 5", "a@b.org 3 < 4 && 5"),
    ],
)
def test_slack_notation_becomes_readable(written: str, shown: str) -> None:
    assert page(message(written)) == f"# #general {DAY}\n\nAna (12:00): {shown}\n"


def test_what_nobody_said_is_left_out_and_bots_are_kept() -> None:
    bot = {"subtype": "bot_message", "user": None, "username": "Deploy"}
    text = page(
        message("joined", subtype="channel_join"),
        message("left", subtype="group_leave"),
        message("gone", hidden=True),
        message("Released 2.1", **bot),
        message("", 1, **bot, attachments=[{"title": "Build 7", "text": "passed"}]),
        message("", 2, blocks=[{"type": "section", "text": {"type": "mrkdwn", "text": "In a block"}}]),
        message("", 3, files=[{"name": "plan.pdf"}]),
        message("", 4),
    )  # fmt: skip
    assert text == (
        f"# #general {DAY}\n\nDeploy (12:00): Released 2.1\n\nDeploy (12:01): Build 7\npassed\n\n"
        "Ana (12:02): In a block\n\nAna (12:03): [file: plan.pdf]\n"
    )


def test_a_message_cannot_pose_as_a_heading_or_swallow_the_day_as_code() -> None:
    text = page(message("one\n# Fake\n---\n```\nopen"), message("after", 1))
    document = parse(text.encode(), "general/a.md")
    headings = [element.plain for element in document.elements if element.kind == "heading"]
    assert headings == [f"#general {DAY}"]
    assert any(element.kind == "text" and "after" in element.plain for element in document.elements)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)  # fmt: skip


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                (
                    "ts", "thread_ts", "user", "text", "subtype", "attachments", "blocks", "files",
                    "user_profile", "username",
                ),
                json_values | st.sampled_from([f"{NOON}", "nan", "1e300", "U1"]),
            ),
        ),
        max_size=5,
    )
)  # fmt: skip
def test_no_message_whatever_it_holds_raises(messages: list[dict[str, Any]]) -> None:
    documents_of("general", {DAY: messages}, NAMES)
