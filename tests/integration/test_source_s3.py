"""S3 sources: buckets of a real server on this machine."""

import http.server
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from core.errors import ConfigError, ParseError, SourceError
from ingest.sources.base import Source
from ingest.sources.s3 import S3Config
from ingest.spool import Spool

boto3 = pytest.importorskip("boto3")
moto_server = pytest.importorskip("moto.server")

pytestmark = [
    pytest.mark.integration,
    # Of the vendors' own code, some of it only when a server is stopped.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),
]
MB = 1_000_000


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    server = moto_server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEY_ID", "AKIATEST")
    monkeypatch.setenv("KEY_SECRET", "hunter2hunter2")


@pytest.fixture
def bucket(endpoint: str, request: pytest.FixtureRequest) -> Any:
    name = f"b{abs(hash(request.node.name))}"
    s3 = boto3.resource(
        "s3",
        endpoint_url=endpoint,
        region_name="us-east-1",
        aws_access_key_id="a",
        aws_secret_access_key="b",
    )
    return s3.create_bucket(Bucket=name)


@pytest.fixture
def source(bucket: Any, endpoint: str, keys: None, tmp_path: Path) -> Callable[..., Source]:
    def make(**fields: Any) -> Source:
        return S3Config(
            **{
                "type": "s3",
                "bucket": bucket.name,
                "endpoint_url": endpoint,
                "region": "us-east-1",
                "access_key_env": "KEY_ID",
                "secret_key_env": "KEY_SECRET",
                "access": ["group:staff"],
                **fields,
            }
        ).build("bucket", tmp_path, tmp_path / "state")

    return make


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    with closing(Spool(tmp_path / "data")) as spool:
        yield spool


@contextmanager
def answering(*answers: tuple[int, bytes]) -> Iterator[str]:
    """A server that gives its answers one after the other, the last one again and again."""
    left = list(answers)

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = left.pop(0) if len(left) > 1 else left[0]
            self.send_response(status)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


def page(*keys: str, more: bool) -> bytes:
    entries = "".join(
        f"<Contents><Key>{key}</Key><Size>1</Size><ETag>&quot;e&quot;</ETag></Contents>"
        for key in keys
    )
    token = "<NextContinuationToken>t</NextContinuationToken>" if more else ""
    return (
        f"<ListBucketResult><IsTruncated>{str(more).lower()}</IsTruncated>{token}{entries}"
        "</ListBucketResult>"
    ).encode()


def test_objects_are_listed_with_a_stamp_that_their_content_decides_and_read(
    source: Callable[..., Source], bucket: Any, spool: Spool
) -> None:
    bucket.put_object(Key="docs/a b/ü.md", Body=b"one")
    bucket.put_object(Key="docs/", Body=b"")
    first = source().list({}, spool)
    (item,) = first.items
    assert (item.uri, item.size, item.access) == ("docs/a b/ü.md", 3, ("group:staff",))
    assert item.updated_at.endswith("+00:00")
    assert source().fetch(item, MB) == b"one"
    assert source().list({}, spool).items[0].stamp == item.stamp
    bucket.put_object(Key="docs/a b/ü.md", Body=b"two")
    assert source().list({}, spool).items[0].stamp != item.stamp
    bucket.Object("docs/a b/ü.md").delete()
    assert source().list({}, spool).items == ()


def test_all_pages_are_listed(
    source: Callable[..., Source], bucket: Any, spool: Spool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.sources.s3._PAGE", 2)
    for number in range(5):
        bucket.put_object(Key=f"{number}.md", Body=b"x")
    listing = source().list({}, spool)
    assert [item.uri for item in listing.items] == [f"{number}.md" for number in range(5)]
    assert listing.problem == ""


def test_prefix_patterns_and_rules_choose_and_close(
    source: Callable[..., Source], bucket: Any, spool: Spool
) -> None:
    for key in ("in/a.md", "in/b.txt", "in/hr/c.md", "in/it/d.md", "in/.hidden/e.md", "out/a.md"):
        bucket.put_object(Key=key, Body=b"x")
    bucket.put_object(Key="in/hr/.footnote.yaml", Body=b"access: ['group:hr']")
    bucket.put_object(Key="in/it/.footnote.yaml", Body=b"access: [everyone]\n" + b"#" * 200_000)
    listing = source(prefix="in/", include=["*.md"]).list({}, spool)
    assert {item.uri: item.access for item in listing.items} == {
        "in/a.md": ("group:staff",),
        "in/hr/c.md": ("group:hr",),
        "in/it/d.md": (),
    }
    assert listing.ruled == {"in/hr/c.md", "in/it/d.md"}
    assert ("in/b.txt", "excluded") in listing.skipped
    assert ("in/.hidden/e.md", "hidden or temporary file") in listing.skipped
    assert "in/it/.footnote.yaml" in listing.warnings[0]


def test_an_archived_object_is_known_to_be_unreadable(
    source: Callable[..., Source], bucket: Any, spool: Spool
) -> None:
    bucket.put_object(Key="old.md", Body=b"x", StorageClass="GLACIER")
    listing = source().list({}, spool)
    assert listing.failed["old.md"].reason == "access"
    assert "GLACIER" in listing.failed["old.md"].detail


def test_what_is_too_large_or_gone_is_a_parse_error(
    source: Callable[..., Source], bucket: Any, spool: Spool
) -> None:
    bucket.put_object(Key="a.md", Body=b"12345")
    docs = source()
    (item,) = docs.list({}, spool).items
    with pytest.raises(ParseError) as caught:
        docs.fetch(item, 4)
    assert caught.value.reason == "too_large"
    bucket.put_object(Key="a.md", Body=b"1234567")  # grown since it was listed
    with pytest.raises(ParseError) as caught:
        docs.fetch(item, 6)
    assert caught.value.reason == "too_large"
    bucket.Object("a.md").delete()
    with pytest.raises(ParseError, match="NoSuchKey") as caught:
        docs.fetch(item, MB)
    assert caught.value.reason == "io"


def test_an_error_half_way_leaves_the_listing_incomplete(
    source: Callable[..., Source], spool: Spool
) -> None:
    refusal = b"<Error><Code>AccessDenied</Code></Error>"
    with answering((200, page("a.md", "b.md", more=True)), (403, refusal)) as address:
        listing = source(endpoint_url=address).list({}, spool)
    assert [item.uri for item in listing.items] == ["a.md", "b.md"]
    assert "AccessDenied" in listing.problem


def test_an_error_at_once_is_a_sentence_without_secrets(
    source: Callable[..., Source], spool: Spool
) -> None:
    with pytest.raises(SourceError, match="'NoSuchBucket'"):
        source(bucket="not-there").list({}, spool)
    refusal = b"<Error><Code>AccessDenied</Code></Error>"
    with answering((403, refusal)) as address, pytest.raises(SourceError) as caught:
        source(endpoint_url=address).list({}, spool)
    assert "'AccessDenied'" in str(caught.value)
    assert "hunter2" not in str(caught.value) + repr(source())
    with answering((200, b"no xml at all")) as address, pytest.raises(SourceError):
        source(endpoint_url=address).list({}, spool)


def test_a_rule_file_that_cannot_be_fetched_stops_the_listing(
    source: Callable[..., Source], spool: Spool
) -> None:
    refusal = b"<Error><Code>AccessDenied</Code></Error>"
    names = ("hr/.footnote.yaml", "hr/a.md")
    with (
        answering((200, page(*names, more=False)), (403, refusal)) as address,
        pytest.raises(SourceError),
    ):
        source(endpoint_url=address).list({}, spool)


def test_a_service_that_does_not_answer_is_a_sentence(
    source: Callable[..., Source], spool: Spool
) -> None:
    with pytest.raises(SourceError, match="can be reached"):
        source(endpoint_url="http://127.0.0.1:9").list({}, spool)


def test_keys_go_together_and_come_from_the_environment(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="go together"):
        S3Config(type="s3", bucket="b", access_key_env="KEY_ID")
    config = S3Config(type="s3", bucket="b", access_key_env="KEY_ID", secret_key_env="KEY_SECRET")
    with pytest.raises(ConfigError, match="KEY_ID"):
        config.build("bucket", tmp_path, tmp_path)


def test_an_endpoint_that_is_no_address_is_a_configuration_error(
    source: Callable[..., Source], spool: Spool
) -> None:
    with pytest.raises(ConfigError, match="cannot be used"):
        source(endpoint_url="no address").list({}, spool)
