"""What an admin says of a web source; a part of the sources file."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from core.errors import ConfigError, SourceError
from ingest.web.addresses import AddressGuard
from ingest.web.urls import normal_url

DEFAULT_USER_AGENT = "FootnoteBot/1.0"


class WebHeader(BaseModel):
    """One request header; a secret comes from the environment, never from the file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(
        pattern=r"^[A-Za-z0-9-]{1,60}$", description="The header's name, like Authorization."
    )
    value: str = Field(
        "",
        pattern=r"^[\x20-\x7e]*$",
        description="What is sent; with token_env it stands in front of the secret, like Bearer.",
    )
    token_env: str = Field(
        "", description="Environment variable that holds the secret part of the value."
    )


class WebConfig(BaseModel):
    """A site or a part of one: where to start, what belongs to it, and how politely it is read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    urls: tuple[str, ...] = Field((), description="Pages to start at.")
    sitemaps: tuple[str, ...] = Field((), description="Sitemaps whose pages are read.")
    follow: bool = Field(
        False,
        description="Follow links within the folder of a start page: /docs/ stays below /docs/, and /docs is in /.",
    )
    include: tuple[str, ...] = Field(
        (),
        description="Patterns like /docs/*: only pages whose path matches one are read. Start pages are always "
        "read for their links.",
    )
    exclude: tuple[str, ...] = Field(
        (), description="Patterns like */print/*: pages whose path matches one are left out."
    )
    max_pages: int = Field(1000, ge=1, le=50_000, description="Pages that are visited in one run.")
    max_depth: int = Field(5, ge=1, le=100, description="Links from a start page to any page.")
    delay_s: float = Field(
        0.5, ge=0, le=60, description="Seconds between two requests to the same host."
    )
    user_agent: str = Field(
        DEFAULT_USER_AGENT,
        pattern=r"^[A-Za-z][A-Za-z0-9_-]*(?:/[\x20-\x7e]*)?$",
        description="How the site is told who asks; robots.txt is read for the part before the slash.",
    )
    allow_addresses: tuple[str, ...] = Field(
        (),
        description="Networks that may be reached although they are not public, like 10.1.0.0/16.",
    )
    allow_ports: tuple[int, ...] = Field(
        (), description="Ports that may be used beside 80, 443, 8080 and 8443."
    )
    headers: tuple[WebHeader, ...] = Field(
        (), description="Headers for the sites named in urls and sitemaps, and for no other."
    )

    @field_validator("urls", "sitemaps")
    @classmethod
    def _normal(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            return tuple(dict.fromkeys(map(normal_url, value)))
        except SourceError as error:
            raise ValueError(str(error)) from error

    @field_validator("allow_addresses")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        try:
            AddressGuard(value)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return value

    @model_validator(mode="after")
    def _has_a_start(self) -> "WebConfig":
        if not self.urls and not self.sitemaps:
            raise ValueError("name at least one page under `urls` or one sitemap under `sitemaps`")
        return self

    @property
    def origins(self) -> frozenset[str]:
        """The sites that are named, as `https://host`."""
        parts = [urlsplit(url) for url in (*self.urls, *self.sitemaps)]
        return frozenset(f"{part.scheme}://{part.netloc}" for part in parts)


def request_headers(config: WebConfig, environment: Mapping[str, str]) -> dict[str, str]:
    """Return the headers to send, with their secrets.

    Raises:
        ConfigError: a variable is not set or cannot be sent.
    """
    return {header.name: _value(header, environment) for header in config.headers}


def _value(header: WebHeader, environment: Mapping[str, str]) -> str:
    if not header.token_env:
        return header.value
    secret = environment.get(header.token_env, "").strip()
    if not secret or not secret.isascii() or not secret.isprintable():
        raise ConfigError(
            f"The environment variable {header.token_env!r} must hold the secret for the header "
            f"{header.name!r}, in one line of ASCII. Set it where Footnote runs."
        )
    return f"{header.value} {secret}".strip()
