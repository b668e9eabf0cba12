"""Says which sources a sources file names, for people: what they are, where, who may read, when they run; no secrets."""

from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

from ingest.sources.config import SourceConfig, SourcesFile

_PLACES = ("path", "url", "urls", "sitemaps", "bucket", "host", "reader")
"""Fields that say where a source is, of all types; the first that has a value counts."""


@dataclass(frozen=True, slots=True)
class ConfiguredSource:
    """One source of the sources file; `schedule` is '' where it runs only when asked, or when files change."""

    name: str
    type: str
    where: str
    access: tuple[str, ...]
    schedule: str


def configured_sources(file: SourcesFile) -> list[ConfiguredSource]:
    """Return the sources of a file in its order."""
    return [
        ConfiguredSource(name, config.type, _where(config), config.access, config.schedule)
        for name, config in file.configs.items()
    ]


def _where(config: SourceConfig) -> str:
    for field in _PLACES:
        value = getattr(config, field, "")
        if value:
            several = value if isinstance(value, tuple) else (value,)
            more = f" and {len(several) - 1} more" if len(several) > 1 else ""
            return f"{_without_secret(str(several[0]))}{more}"
    return ""


def _without_secret(place: str) -> str:
    """Leave user and password, and what may be a token in a query, out of an address."""
    if "://" not in place:
        return place
    try:
        parts = urlsplit(place)
    except ValueError:
        return ""
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
