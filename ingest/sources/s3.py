"""Buckets of S3, or of a service that speaks like it, as sources."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import Field, SecretStr, model_validator

from core.documents import SourceItem
from core.errors import ConfigError, ParseError, SourceError
from core.settings import secret_from_environment
from ingest.sources.access import PathRule
from ingest.sources.base import Listing, Source
from ingest.sources.config import SourceConfig, VariableName
from ingest.sources.folder import require_size
from ingest.sources.gathering import Gathering
from ingest.sources.tree_rules import MAX_RULE_BYTES, TreeRules
from ingest.spool import Spool

_TO_BE_RESTORED = ("GLACIER", "DEEP_ARCHIVE")
_PAGE = 1000


class S3Config(SourceConfig):
    """The objects of an S3 bucket, or of a service with the same interface (MinIO, R2, Ceph)."""

    bucket: str = Field(min_length=1, description="Name of the bucket.")
    prefix: str = Field(
        "", description="Only objects whose key begins with this, like `handbook/`."
    )
    endpoint_url: str = Field(
        "", description="Address of the service; without it the one of Amazon in `region`."
    )
    region: str = Field("", description="Region, like `eu-central-1`.")
    access_key_env: VariableName = Field(
        "",
        description="Environment variable with the access key's id. Without it, what the machine itself "
        "offers is used (role, profile).",
    )
    secret_key_env: VariableName = Field(
        "", description="Environment variable with the secret access key."
    )
    include: tuple[str, ...] = Field(
        (), description="Only objects whose key matches one of these patterns, like `*.pdf`."
    )
    exclude: tuple[str, ...] = Field((), description="Not what matches one of these patterns.")

    @model_validator(mode="after")
    def _keys_fit(self) -> "S3Config":
        if bool(self.access_key_env) != bool(self.secret_key_env):
            raise ValueError("`access_key_env` and `secret_key_env` go together")
        return self

    def build(self, name: str, base: Path, state: Path) -> Source:
        """See `SourceConfig.build`."""
        keys = None
        if self.access_key_env:
            keys = (
                secret_from_environment(self.access_key_env),
                secret_from_environment(self.secret_key_env),
            )
        return S3Source(
            name,
            Bucket(self.bucket, self.endpoint_url, self.region, keys),
            self.access,
            prefix=self.prefix,
            include=self.include,
            exclude=self.exclude,
            rules=self.path_rules,
            asks_documents=self.access_from_documents,
        )


@dataclass(slots=True)
class Bucket:
    """A bucket; the connection is made when it is first used. `keys` are id and secret."""

    name: str
    endpoint_url: str = ""
    region: str = ""
    keys: tuple[SecretStr, SecretStr] | None = None
    _client: Any = None

    def pages(self, prefix: str) -> Iterator[list[dict[str, Any]]]:
        """Yield the objects whose keys begin with a prefix, sorted by key, up to a thousand at a time.

        Raises:
            SourceError: the service refuses, does not answer, or breaks off.
        """
        client = self.client()
        with self._errors():
            paginator = client.get_paginator("list_objects_v2")
            asked = paginator.paginate(
                Bucket=self.name, Prefix=prefix, PaginationConfig={"PageSize": _PAGE}
            )
            for page in asked:
                yield page.get("Contents", [])

    def read(self, key: str, limit: int) -> bytes:
        """Return at most the first `limit` bytes of an object.

        Raises:
            SourceError: it cannot be read.
        """
        client = self.client()
        with self._errors():
            answer = client.get_object(Bucket=self.name, Key=key)
            with answer["Body"] as body:
                return bytes(body.read(limit))

    def client(self) -> Any:
        """Return the connection.

        Raises:
            ConfigError: boto3 is not installed, or the endpoint is no address.
        """
        if self._client is None:
            try:
                import boto3
                from botocore.config import Config
            except ImportError as error:
                raise ConfigError(
                    "Sources of `type: s3` need boto3. Install it with: pip install 'footnote[s3]'"
                ) from error
            id_and_secret: dict[str, str] = {}
            if self.keys:
                id_and_secret = {
                    "aws_access_key_id": self.keys[0].get_secret_value(),
                    "aws_secret_access_key": self.keys[1].get_secret_value(),
                }
            try:
                self._client = boto3.client(
                    "s3",
                    endpoint_url=self.endpoint_url or None,
                    region_name=self.region or None,
                    config=Config(
                        connect_timeout=10,
                        read_timeout=60,
                        retries={"mode": "standard", "total_max_attempts": 4},
                    ),
                    **id_and_secret,
                )
            except ValueError as error:
                raise ConfigError(f"The bucket {self.name!r} cannot be used: {error}") from error
        return self._client

    @contextmanager
    def _errors(self) -> Iterator[None]:
        from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError

        try:
            yield
        except ClientError as error:
            told = error.response.get("Error", {})
            code = str(told.get("Code", "no reason"))
            raise SourceError(
                f"The bucket {self.name!r} cannot be read: the service answered {code!r}. Check the bucket's "
                "name, the region and that the key may list and read it.",
                code,
            ) from error
        except (BotoCoreError, HTTPClientError, OSError) as error:
            raise SourceError(
                f"The bucket {self.name!r} cannot be read ({type(error).__name__}). Check `endpoint_url`, "
                "`region` and the keys, and that the service can be reached from here."
            ) from error


@dataclass(frozen=True, slots=True)
class S3Source:
    """The objects of a bucket below a prefix; their URIs are their whole keys."""

    name: str
    bucket: Bucket
    access: tuple[str, ...] | None
    prefix: str = ""
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    rules: tuple[PathRule, ...] = ()
    asks_documents: bool = False
    only: str = ""

    def list(self, remembered: Mapping[str, str], spool: Spool) -> Listing:
        """See `Source.list`; ETag and size are the stamp, so that nothing is read but rule files."""
        objects: list[dict[str, Any]] = []
        problem = ""
        try:
            for page in self.bucket.pages(self.prefix):
                objects.extend(page)
        except SourceError as error:
            if not objects:
                raise
            problem = str(error)
        keys = [str(entry["Key"]) for entry in objects]
        tree = TreeRules(keys, lambda key: self.bucket.read(key, MAX_RULE_BYTES + 1))
        gathering = Gathering(self.access, self.rules, self.include, self.exclude, tree)
        for key, entry in zip(keys, objects, strict=True):
            if not key.endswith("/") and gathering.takes(key):
                self._add(key, entry, gathering)
        return gathering.listing(problem)

    def fetch(self, item: SourceItem, max_bytes: int) -> bytes:
        """See `Source.fetch`."""
        require_size(item.size, max_bytes)
        try:
            content = self.bucket.read(item.uri, max_bytes + 1)
        except SourceError as error:
            if error.reason in ("AccessDenied", "403"):
                raise ParseError("access", "The key may not read this object.") from error
            raise ParseError("io", str(error)) from error
        require_size(len(content), max_bytes)
        return content

    def _add(self, key: str, entry: dict[str, Any], gathering: Gathering) -> None:
        size = int(entry.get("Size", 0))
        item = SourceItem(
            uri=key,
            stamp=f"{str(entry.get('ETag', '')).strip(chr(34))}:{size}",
            access=(),
            size=size,
            updated_at=_iso(entry.get("LastModified")),
        )
        gathering.add(item)
        if entry.get("StorageClass") in _TO_BE_RESTORED:
            gathering.fail(
                key,
                "access",
                f"The object lies in the storage class {entry['StorageClass']}. Restore it first.",
            )


def _iso(moment: object) -> str:
    if not isinstance(moment, datetime):
        return ""
    return moment.astimezone(UTC).isoformat(timespec="seconds")
