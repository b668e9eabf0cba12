"""A Slack export as a source: one document for each channel and day.

Direct messages are never read. A private channel is read only where `channel_access` says who may read it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator

from core.documents import SourceItem, content_version, normal_principals
from core.errors import ConfigError, ParseError, QuarantineReason, SourceError
from ingest.sources.access import PathRule
from ingest.sources.base import Listing, Source
from ingest.sources.config import SourceConfig
from ingest.sources.gathering import Gathering
from ingest.sources.slack_archive import (
    MAX_CHANNEL_BYTES,
    Channel,
    SlackArchive,
    TooLarge,
    open_archive,
)
from ingest.sources.slack_messages import Names, documents_of
from ingest.spool import Spool


class SlackExportConfig(SourceConfig):
    """An export of a Slack workspace: the zip file, or the folder it was unpacked to."""

    path: str = Field(description="Zip file or folder of the export; relative to the sources file.")
    channels: tuple[str, ...] = Field(
        (), description="Only these channels; without it all public ones."
    )
    channel_access: dict[str, tuple[str, ...]] = Field(
        default_factory=dict,
        description="Who may read a channel, by its name. A private channel is read only when it stands here.",
    )
    time_zone: str = Field("UTC", description="Time zone of the times, like `Europe/Berlin`.")

    @field_validator("channel_access")
    @classmethod
    def _principals(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        return {name.removeprefix("#"): normal_principals(access) for name, access in value.items()}

    @field_validator("time_zone")
    @classmethod
    def _known(cls, value: str) -> str:
        zone_of(value)
        return value

    def build(self, name: str, base: Path, state: Path) -> Source:
        """See `SourceConfig.build`."""
        path = (base / Path(self.path).expanduser()).resolve()
        if not path.exists():
            raise ConfigError(f"Source {name!r}: there is no Slack export {str(path)!r}.")
        return SlackExportSource(
            name,
            path,
            self.access,
            channels=tuple(channel.removeprefix("#") for channel in self.channels),
            channel_access=self.channel_access,
            zone=zone_of(self.time_zone),
            rules=self.path_rules,
            asks_documents=self.access_from_documents,
        )


@dataclass(frozen=True, slots=True)
class SlackExportSource:
    """The days of the channels of an export; their URIs are like `general/2026-03-04.md`."""

    name: str
    path: Path
    access: tuple[str, ...] | None
    channels: tuple[str, ...] = ()
    channel_access: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    zone: tzinfo = UTC
    rules: tuple[PathRule, ...] = ()
    asks_documents: bool = False
    only: str = ""

    def list(self, remembered: Mapping[str, str], spool: Spool) -> Listing:
        """See `Source.list`; every day's text is written to the spool, its hash is the stamp."""
        gathering = Gathering(self.access, self.rules)
        try:
            with open_archive(self.path) as archive:
                names = Names(archive.people(), archive.channel_names(), self.zone)
                days = archive.days()
                for channel in archive.channels():
                    if self._takes(channel, gathering):
                        files = days.get(channel.name, [])
                        self._add(archive, channel, files, names, gathering, spool)
        except (SourceError, TooLarge, ValueError) as error:
            why = str(error) or "A file in it is too large."
            raise SourceError(
                f"The Slack export {str(self.path)!r} cannot be read. {why} Nothing was changed."
            ) from error
        return gathering.listing()

    def fetch(self, item: SourceItem, max_bytes: int) -> bytes:
        """See `Source.fetch`; all items have paths."""
        raise ParseError("io", "The text of this day is not there any more; the next run reads it.")

    def _takes(self, channel: Channel, gathering: Gathering) -> bool:
        if channel.is_private and channel.name not in self.channel_access:
            gathering.skip(channel.name, "private channel; `channel_access` does not name it")
            return False
        if self.channels and channel.name not in self.channels:
            gathering.skip(channel.name, "not among `channels`")
            return False
        return True

    def _add(
        self,
        archive: SlackArchive,
        channel: Channel,
        files: Sequence[str],
        names: Names,
        gathering: Gathering,
        spool: Spool,
    ) -> None:
        days: dict[str, Sequence[Mapping[str, Any]]] = {}
        failures: dict[str, QuarantineReason] = {}
        left = MAX_CHANNEL_BYTES
        for file in files:
            day = file.rpartition("/")[2].removesuffix(".json")
            try:
                days[day], size = archive.messages(file)
                left -= size
            except TooLarge:
                failures[day] = "too_large"
            except ValueError:
                failures[day] = "corrupt"
            if left < 0:
                raise SourceError(
                    f"Its channel {channel.name!r} has more than {MAX_CHANNEL_BYTES / 1e6:.0f} MB."
                )
        for day, text in documents_of(channel.name, days, names).items():
            content = text.encode("utf-8", "replace")
            item = self._item(channel, day, content_version(content))
            path = spool.write(content)
            gathering.add(
                replace(item, size=len(content), path=path), self.channel_access.get(channel.name)
            )
        for day, reason in failures.items():
            item = self._item(channel, day, "unreadable")
            gathering.add(item, self.channel_access.get(channel.name))
            gathering.fail(item.uri, reason, f"The export's file for {day} cannot be read.")

    @staticmethod
    def _item(channel: Channel, day: str, stamp: str) -> SourceItem:
        return SourceItem(
            uri=f"{channel.name}/{day}.md",
            stamp=stamp,
            access=(),
            title=f"#{channel.name} {day}",
            updated_at=f"{day}T00:00:00+00:00",
        )


def zone_of(name: str) -> tzinfo:
    """Return a time zone by its name.

    Raises:
        ValueError: there is none by that name.
    """
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ValueError(f"{name!r} is not a time zone like `Europe/Berlin`") from error
