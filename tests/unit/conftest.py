"""Parts that several unit tests share: the packaged model's tokenizer, a catalogue, and small documents."""

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from databases import open_database

from core.documents import Chunk, Element, SourceItem, chunk_id, document_id
from index.catalogue import Catalogue, NewVersion
from index.embedders.model_files import PACKAGED_MODULE
from ingest.tokenizer_file import TokenizerFile


@pytest.fixture(scope="session")
def model_folder() -> Path:
    """The folder of the packaged model."""
    spec = find_spec(PACKAGED_MODULE)
    assert spec is not None
    assert spec.submodule_search_locations
    return Path(next(iter(spec.submodule_search_locations))) / "model"


@pytest.fixture(scope="session")
def tokenizer(model_folder: Path) -> TokenizerFile:
    """The real tokenizer, that of the packaged model."""
    return TokenizerFile(str(model_folder / "tokenizer.json"))


@pytest.fixture
def catalogue(data_dir: Path) -> Iterator[Catalogue]:
    """An empty catalogue in this test's data folder."""
    engine = open_database(data_dir)
    yield Catalogue(engine, data_dir)
    engine.dispose()


@pytest.fixture(scope="session")
def new_version() -> Callable[..., NewVersion]:
    """Make a document of one text element for each line, one chunk for each; a line `# x` is a heading."""

    def make(
        uri: str,
        text: str,
        numbers: range,
        *,
        source: str = "docs",
        access: tuple[str, ...] = ("everyone",),
        version: str = "v1",
    ) -> NewVersion:
        doc_id = document_id(source, uri)
        elements: list[Element] = []
        chunks: list[Chunk] = []
        section: tuple[str, ...] = ()
        position = 0
        for line in text.split("\n"):
            start, end = position, position + len(line)
            position = end + 1
            if line.startswith("# "):
                section = (line[2:],)
                elements.append(Element("heading", start, end, line[2:], level=1))
                continue
            elements.append(Element("text", start, end, line))
            chunks.append(
                Chunk(
                    chunk_id=chunk_id(doc_id, version, len(chunks)),
                    doc_id=doc_id,
                    ordinal=len(chunks),
                    start=start,
                    end=end,
                    text=line,
                    embedded_text=f"{' > '.join((uri, *section))}\n{line}",
                    section=section,
                )
            )
        return NewVersion(
            doc_id=doc_id,
            source=source,
            item=SourceItem(uri, "7:8", access, len(text), f"/nowhere/{uri}"),
            version=version,
            title=uri,
            text=text,
            elements=tuple(elements),
            chunks=tuple(chunks),
            numbers=numbers,
            updated_at="2026-01-02T03:04:05+00:00",
            access=access,
        )

    return make
