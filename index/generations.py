"""The generations of a knowledge base: whose vectors readers search, which come next, which can be gone back to.

    reembed ──▶ next (begun) ──▶ next (built) ──switch──▶ current ◀──rollback──▶ previous

A generation is a manifest: a model, and the set of vectors it made of the same chunks. Which one counts is one
value in the catalogue, so that a switch is one commit, and readers follow it at their next question.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import Connection, delete, exists, func, insert, select, update

from core.errors import NotFound
from index.catalogue import Catalogue
from index.database import storage_errors, writing
from index.manifest import Manifest, read_manifest
from index.schema import chunks, meta, vectors

_CURRENT, _NEXT, _PREVIOUS = "manifest", "next_manifest", "previous_manifest"
_IS_BUILT, _GENERATION = "next_is_built", "generation"
_FORGOTTEN = "forgotten_manifests"
"""Key of the catalogue: a JSON list of the generations whose vectors are still to be removed."""


@dataclass(frozen=True, slots=True)
class Share:
    """How many of the distinct texts of a knowledge base have a vector of one model."""

    embedded: int
    texts: int


class Generations:
    """The generations of one data folder, as its catalogue names them."""

    def __init__(self, catalogue: Catalogue) -> None:
        self._catalogue = catalogue

    # --- reading ----------------------------------------------------------------------------------

    @property
    def current(self) -> Manifest | None:
        """The one that readers search; None before the first ingestion."""
        return self._named().current

    @property
    def next(self) -> Manifest | None:
        """The one that was begun beside it; None if there is none."""
        return self._named().following

    @property
    def previous(self) -> Manifest | None:
        """The one that readers searched before; None if there is none."""
        return self._named().previous

    @property
    def is_built(self) -> bool:
        """Whether the next one was built once; texts that came since may have no vector of it."""
        return self._named().is_built

    @property
    def kept(self) -> list[Manifest]:
        """All that have vectors to keep."""
        return self._named().kept()

    def forgotten(self) -> tuple[Manifest, ...]:
        """Return those whose published vectors are to be removed, and `forget` to be told of it."""
        return self._named().forgotten

    def share(self, manifest: Manifest) -> Share:
        """Return how many texts have a vector of a generation's model."""
        every = select(func.count(chunks.c.vector_hash.distinct()))
        has_vector = exists().where(
            vectors.c.vector_hash == chunks.c.vector_hash, vectors.c.model == manifest.embedder
        )
        with self._catalogue.engine.connect() as connection:
            texts = int(connection.execute(every).scalar() or 0)
            embedded = int(connection.execute(every.where(has_vector)).scalar() or 0)
        return Share(embedded, texts)

    def texts_of(self, hashes: Sequence[str]) -> Mapping[str, str]:
        """Return the texts of some hashes; an ingestion may have removed one meanwhile, which is left out."""
        query = (
            select(chunks.c.vector_hash, func.min(chunks.c.embedded_text))
            .where(chunks.c.vector_hash.in_(hashes))
            .group_by(chunks.c.vector_hash)
        )
        with self._catalogue.engine.connect() as connection:
            return {row[0]: row[1] for row in connection.execute(query)}

    def texts(self, batch: int) -> Iterator[list[str]]:
        """Yield every distinct text that is embedded, in batches."""
        query = select(func.min(chunks.c.embedded_text)).group_by(chunks.c.vector_hash)
        with self._catalogue.engine.connect() as connection:
            found = connection.execution_options(yield_per=batch).execute(query)
            for rows in found.partitions():
                yield [row[0] for row in rows]

    # --- writing ----------------------------------------------------------------------------------

    def begin(self, manifest: Manifest) -> None:
        """Remember what is built next; another one that was begun before is given up. Needs no lock."""

        def begun(named: _Named) -> _Named:
            if named.following is not None and named.following.is_for(manifest):
                return named
            return replace(named, following=manifest, is_built=False)

        self._change(begun)

    def finish(self) -> None:
        """Remember that the next one is built."""
        self._change(lambda named: replace(named, is_built=named.following is not None))

    def switch(self) -> None:
        """Make the next one current, and the current one previous, in one commit.

        Raises:
            NotFound: there is no next one.
        """

        def switched(named: _Named) -> _Named:
            if named.following is None:
                raise NotFound("There is no next generation to switch to.")
            return _Named(named.following, None, named.current)

        self._change(switched)

    def roll_back(self) -> Manifest:
        """Make the previous one current, and the current one previous, in one commit; return what is current now.

        Raises:
            NotFound: there is no previous one.
        """

        def swapped(named: _Named) -> _Named:
            if named.previous is None:
                raise NotFound(
                    "There is no generation to go back to: this knowledge base was never switched to another "
                    "model. `footnote index status` shows what there is."
                )
            return replace(named, current=named.previous, previous=named.current)

        after = self._change(swapped).current
        assert after is not None  # noqa: S101  # it was the previous one
        return after

    def forget(self, manifest: Manifest) -> None:
        """Remove the stored vectors of a generation whose published ones are gone."""
        with (
            storage_errors(self._catalogue.data_dir),
            writing(self._catalogue.engine) as connection,
        ):
            named = _read_named(connection)
            if not any(kept.is_for(manifest) for kept in named.kept()):
                connection.execute(delete(vectors).where(vectors.c.model == manifest.embedder))
            left = [one.to_json() for one in named.forgotten if one != manifest]
            _put_meta(connection, _FORGOTTEN, json.dumps(left))

    def _change(self, change: "Callable[[_Named], _Named]") -> "_Named":
        """Read and write in one transaction: a rollback may run beside the start of a re-embedding."""
        with (
            storage_errors(self._catalogue.data_dir),
            writing(self._catalogue.engine) as connection,
        ):
            before = _read_named(connection)
            after = change(before)
            names = {one.vectors for one in after.kept()}
            known = {one.vectors: one for one in (*before.forgotten, *before.kept())}
            gone = [one.to_json() for name, one in known.items() if name not in names]
            values = {
                _NEXT: _stored(after.following),
                _PREVIOUS: _stored(after.previous),
                _IS_BUILT: "1" if after.is_built else "0",
                _FORGOTTEN: json.dumps(gone),
            }
            if after.current != before.current:
                values[_CURRENT] = _stored(after.current)
                found = _values(connection).get(_GENERATION)
                values[_GENERATION] = str(int(found or 0) + 1)
            for key, value in values.items():
                _put_meta(connection, key, value)
        return after

    def _named(self) -> "_Named":
        with self._catalogue.engine.connect() as connection:
            return _read_named(connection)


@dataclass(frozen=True, slots=True)
class _Named:
    """What the catalogue says, read at one moment."""

    current: Manifest | None
    following: Manifest | None
    previous: Manifest | None
    is_built: bool = False
    forgotten: tuple[Manifest, ...] = ()

    def kept(self) -> list[Manifest]:
        found = (self.current, self.following, self.previous)
        return [manifest for manifest in found if manifest is not None]


def _read_named(connection: Connection) -> _Named:
    found = _values(connection)
    gone = [read_manifest(one) for one in json.loads(found.get(_FORGOTTEN) or "[]")]
    current, following, previous = (
        read_manifest(found.get(key)) for key in (_CURRENT, _NEXT, _PREVIOUS)
    )
    return _Named(
        current,
        following,
        previous,
        is_built=found.get(_IS_BUILT) == "1",
        forgotten=tuple(manifest for manifest in gone if manifest is not None),
    )


def _values(connection: Connection) -> dict[str, str]:
    keys = (_CURRENT, _NEXT, _PREVIOUS, _IS_BUILT, _FORGOTTEN, _GENERATION)
    query = select(meta.c.key, meta.c.value).where(meta.c.key.in_(keys))
    return {row[0]: str(row[1]) for row in connection.execute(query)}


def _put_meta(connection: Connection, key: str, value: str) -> None:
    changed = connection.execute(update(meta).where(meta.c.key == key).values(value=value)).rowcount
    if not changed:
        connection.execute(insert(meta).values(key=key, value=value))


def _stored(manifest: Manifest | None) -> str:
    return manifest.to_json() if manifest is not None else ""
