"""Parses files in sandboxed children, so that whatever is in a file costs that file alone.

The parent reads the bytes and names everything; a child sees bytes and a name, and answers with text.
"""

import json
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from core.documents import Chunk, Element, SourceItem, chunk_id, content_version
from core.errors import ParseError, QuarantineReason
from index.originals import Keeping, Originals
from ingest.content_marks import Marks
from ingest.planning import Planned
from ingest.sandbox.limits import SandboxLimits
from ingest.sandbox.pool import SandboxPool
from ingest.sources.base import Failure, Source
from ingest.sources.folder import read_file

_JOB = "ingest.parsing_job:make_job"
_WAITING_PER_WORKER = 8
"""Files read ahead of the one that is stored next; one slow file lets this many others finish meanwhile."""


@dataclass(frozen=True, slots=True)
class ChunkerSpec:
    """What a child needs to build the chunker: the tokenizer's file and the sizes."""

    tokenizer_path: str
    max_tokens: int
    prefix_tokens: int


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file that could be read, cut into chunks. `declared_access` is what its front matter says."""

    step: Planned
    version: str
    title: str
    text: str
    elements: tuple[Element, ...]
    chunks: tuple[Chunk, ...]
    metadata: dict[str, str]
    signature: bytes
    declared_access: tuple[str, ...] | None
    read_ms: int = 0
    marks: Marks = field(default_factory=Marks)


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file that could not be read, and why."""

    step: Planned
    version: str
    reason: QuarantineReason
    detail: str
    read_ms: int = 0


@dataclass(frozen=True, slots=True)
class SameFile:
    """A file that turned out to have the bytes it had before."""

    step: Planned


@dataclass(frozen=True, slots=True)
class UnpackedMember:
    """One member of a container."""

    name: str
    modified: str
    content: bytes


@dataclass(frozen=True, slots=True)
class UnreadableMember:
    """One member of a container that cannot be unpacked, and why; `is_rest`: it stands for all the others."""

    name: str
    failure: Failure
    is_rest: bool = False


Answer = tuple[dict[str, Any], bytes]
"""A header of JSON and a body, from a child that runs our own job."""

Outcome = ParsedFile | UnreadableFile | SameFile


class ParsingPool:
    """Warm children that parse; a context manager. Children start when the first file comes."""

    def __init__(
        self,
        spec: ChunkerSpec,
        workers: int,
        limits: SandboxLimits,
        max_bytes: int,
        originals: Originals | None = None,
        keeping: Keeping = "none",
    ) -> None:
        tokenizer = Path(spec.tokenizer_path)
        self._sandbox = SandboxPool(_JOB, asdict(spec), workers, limits, readable=[tokenizer])
        self._workers = workers
        self._max_bytes = max_bytes
        self._originals = originals
        self._keeping: Keeping = keeping

    def __enter__(self) -> "ParsingPool":
        return self

    def __exit__(self, *exception: object) -> None:
        self._sandbox.close()

    def parse_all(self, steps: Sequence[Planned], source: Source) -> Iterator[Outcome]:
        """Yield the outcome of every file once, in the order of the steps."""
        waiting: deque[Future[Outcome]] = deque()
        threads = ThreadPoolExecutor(self._workers, thread_name_prefix="parse")
        try:
            for step in steps:
                waiting.append(threads.submit(self._parse, step, source))
                if len(waiting) > self._workers * _WAITING_PER_WORKER:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            # Whoever stops early (a full disk) does not wait for files that nobody will take.
            threads.shutdown(wait=False, cancel_futures=True)

    def expand(self, name: str, content: bytes) -> Iterator[UnpackedMember | UnreadableMember]:
        """Yield the members of a container.

        Raises:
            ParseError: it cannot be unpacked as a whole; members that came before do not count then.
        """
        answers: Iterator[Answer] = self._sandbox.run({"task": "expand", "name": name}, content)
        for header, body in answers:
            if "reason" in header:
                failure = Failure(header["reason"], header["detail"])
                yield UnreadableMember(header["name"], failure, header["is_rest"])
            else:
                yield UnpackedMember(header["name"], header["modified"], body)

    def read(self, item: SourceItem, source: Source) -> bytes:
        """Return an item's bytes.

        Raises:
            ParseError: `too_large`, `access` or `io`.
        """
        if item.path:
            return read_file(item.path, self._max_bytes)
        return source.fetch(item, self._max_bytes)

    def _parse(self, step: Planned, source: Source) -> Outcome:
        started = time.monotonic()
        outcome = self._outcome(step, source)
        if isinstance(outcome, SameFile):
            return outcome
        return replace(outcome, read_ms=round(1000 * (time.monotonic() - started)))

    def _outcome(self, step: Planned, source: Source) -> Outcome:
        assert step.item is not None  # noqa: S101  # removals are never parsed
        if step.failure is not None:
            return UnreadableFile(step, "", step.failure.reason, step.failure.detail)
        version = ""
        try:
            content = self.read(step.item, source)
            version = content_version(content)
            if version == step.same_version:
                self._stage(content)
                return SameFile(step)
            parsed = self._parsed(step, version, content, asks_access=source.asks_documents)
            self._stage(content)
            return parsed
        except ParseError as error:
            return UnreadableFile(step, version, error.reason, error.detail)

    def _stage(self, content: bytes) -> None:
        # Here, because the bytes are at hand here only; the pipeline keeps them with the document.
        if self._originals is not None:
            self._originals.stage(content, self._keeping)

    def _parsed(
        self, step: Planned, version: str, content: bytes, *, asks_access: bool
    ) -> ParsedFile:
        item = step.item
        assert item is not None  # noqa: S101
        request = {
            "task": "parse",
            "name": item.name or item.uri,
            "uri": item.uri,
            "title": item.title,
            "asks_access": asks_access,
        }
        answers: Iterator[Answer] = self._sandbox.run(request, content)
        ((header, body),) = answers
        answer = json.loads(body)
        declared = answer["access"]
        marks = Marks(**header["marks"])
        metadata = dict(answer["metadata"]) | marks.metadata()
        if item.url:
            metadata["url"] = item.url
        return ParsedFile(
            step=step,
            version=version,
            title=answer["title"],
            text=answer["text"],
            elements=tuple(Element(*fields) for fields in answer["elements"]),
            chunks=_chunks(answer, step.doc_id, version),
            metadata=metadata,
            signature=bytes.fromhex(header["signature"]),
            declared_access=None if declared is None else tuple(declared),
            marks=marks,
        )


def file_version(item: SourceItem, max_bytes: int) -> str:
    """Return the version of a local file's bytes, '' when it cannot be read or is not here."""
    if not item.path:
        return ""
    try:
        return content_version(read_file(item.path, max_bytes))
    except ParseError:
        return ""


def _chunks(answer: dict[str, Any], doc_id: str, version: str) -> tuple[Chunk, ...]:
    text = answer["text"]
    return tuple(
        Chunk(
            chunk_id=chunk_id(doc_id, version, ordinal),
            doc_id=doc_id,
            ordinal=ordinal,
            start=start,
            end=end,
            text=text[start:end],
            embedded_text=embedded_text,
            section=tuple(section),
            page=page,
        )
        for ordinal, (start, end, embedded_text, section, page) in enumerate(answer["chunks"])
    )
