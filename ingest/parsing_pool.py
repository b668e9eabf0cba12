"""Reads, parses and chunks files in child processes, so that a parser's crash costs one file.

Each child loads the embedder's tokenizer once; a child whose parent died ends by itself.
"""

import multiprocessing
import os
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path

from core.documents import Chunk, Element, SourceItem, content_version
from core.errors import ParseError, QuarantineReason
from ingest.planning import Planned


@dataclass(frozen=True, slots=True)
class ChunkerSpec:
    """What a child needs to build the chunker: the tokenizer's file and the sizes."""

    tokenizer_path: str
    max_tokens: int
    prefix_tokens: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """A file that could be read, cut into chunks."""

    step: Planned
    version: str
    title: str
    text: str
    elements: tuple[Element, ...]
    chunks: tuple[Chunk, ...]


@dataclass(frozen=True, slots=True)
class UnreadableFile:
    """A file that could not be read, and why."""

    step: Planned
    version: str
    reason: QuarantineReason
    detail: str


Outcome = ParsedFile | UnreadableFile


def parse_files(steps: Sequence[Planned], spec: ChunkerSpec, workers: int) -> Iterator[Outcome]:
    """Yield the outcome of every file once, in the order in which they are done."""
    if not steps:
        return
    unfinished = list(steps)
    broken = False
    with _pool(spec, min(workers, len(steps))) as pool:
        futures: dict[Future[Outcome], Planned] = {
            pool.submit(_parse_in_child, step): step for step in steps
        }
        try:
            for future in as_completed(futures):
                outcome = future.result()
                unfinished.remove(futures[future])
                yield outcome
        except BrokenProcessPool:
            broken = True
        finally:
            # Whoever stops early (a full disk) does not wait for files that nobody will take.
            pool.shutdown(wait=False, cancel_futures=True)
    if broken:
        yield from _one_by_one(unfinished, spec)


def parse_file(step: Planned, chunker: object, max_bytes: int) -> Outcome:
    """Read, parse and chunk one file; whatever is wrong with it becomes an `UnreadableFile`."""
    from ingest.chunker import StructureChunker
    from ingest.parsers.registry import parse

    assert step.item is not None  # noqa: S101  # removals are never parsed
    assert isinstance(chunker, StructureChunker)  # noqa: S101
    version = ""
    try:
        content = _read(step.item, max_bytes)
        version = content_version(content)
        document = parse(content, step.uri)
        chunks = chunker.chunk(document, step.doc_id, version)
    except ParseError as error:
        return UnreadableFile(step, version, error.reason, error.detail)
    except MemoryError:
        return UnreadableFile(step, version, "memory", "Reading the file took too much memory.")
    if not chunks:
        return UnreadableFile(step, version, "empty", "The file has no text.")
    return ParsedFile(
        step, version, document.title, document.text, document.elements, tuple(chunks)
    )


def file_version(item: SourceItem) -> str:
    """Return the version of a file's bytes, '' when it cannot be read."""
    try:
        return content_version(Path(item.path).read_bytes())
    except OSError:
        return ""


def _read(item: SourceItem, max_bytes: int) -> bytes:
    if item.size > max_bytes:
        raise ParseError(
            "too_large",
            f"The file has {item.size / 1e6:.0f} MB, the limit is {max_bytes / 1e6:.0f} MB.",
        )
    try:
        return Path(item.path).read_bytes()
    except PermissionError as error:
        raise ParseError("access", "This user may not read the file.") from error
    except OSError as error:
        raise ParseError("io", f"The file cannot be read ({error.strerror}).") from error


def _pool(spec: ChunkerSpec, workers: int) -> ProcessPoolExecutor:
    # spawn: a forked child would inherit the threads' locks of ONNX Runtime and tantivy half-held.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(
        max_workers=workers,
        mp_context=context,
        initializer=_start_child,
        initargs=(spec, os.getpid()),
    )


def _one_by_one(steps: Sequence[Planned], spec: ChunkerSpec) -> Iterator[Outcome]:
    """Parse each file in a pool of its own, to find the one that kills its process."""
    for step in steps:
        with _pool(spec, 1) as pool:
            try:
                yield pool.submit(_parse_in_child, step).result()
            except BrokenProcessPool:
                yield UnreadableFile(
                    step,
                    file_version(step.item) if step.item else "",
                    "corrupt",
                    "The file ends its parser's process.",
                )


_child: dict[str, object] = {}
"""What `_start_child` prepared; only ever filled in a child process."""


def _start_child(spec: ChunkerSpec, parent: int) -> None:
    from ingest.chunker import StructureChunker
    from ingest.tokenizer_file import TokenizerFile

    threading.Thread(target=_end_with_parent, args=(parent,), daemon=True).start()
    tokenizer = TokenizerFile(spec.tokenizer_path)
    _child["chunker"] = StructureChunker(tokenizer, spec.max_tokens, spec.prefix_tokens)
    _child["max_bytes"] = spec.max_bytes


def _end_with_parent(parent: int) -> None:
    # The number comes from the parent: one that died while this process started has been replaced already.
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _parse_in_child(step: Planned) -> Outcome:
    max_bytes = _child["max_bytes"]
    assert isinstance(max_bytes, int)  # noqa: S101
    return parse_file(step, _child["chunker"], max_bytes)
