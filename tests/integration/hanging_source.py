"""A source that never answers, for tests of the daemon: it reads from a pipe that nobody writes to."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from core.documents import SourceItem
from ingest.sources.base import Listing, Source
from ingest.sources.config import TYPES, SourceConfig
from ingest.spool import Spool


@dataclass(frozen=True)
class HangingSource:
    name: str
    pipe: Path
    hangs_listing: bool
    access: tuple[str, ...] | None = ()
    only: str = ""
    asks_documents: bool = False

    def list(self, remembered: Mapping[str, str], spool: Spool) -> Listing:
        if self.hangs_listing:
            self.pipe.read_bytes()
        return Listing((SourceItem("page.md", "1", ("everyone",)),))

    def fetch(self, item: SourceItem, max_bytes: int) -> bytes:
        return self.pipe.read_bytes()


class HangingConfig(SourceConfig):
    pipe: str
    hangs: str = Field("listing")

    def build(self, name: str, base: Path, state: Path) -> Source:
        return HangingSource(name, base / self.pipe, self.hangs == "listing")


def register() -> None:
    """Make `type: hanging` known in this process."""
    TYPES["hanging"] = (__name__, "HangingConfig")
