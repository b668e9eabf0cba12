"""Builds the next generation of a knowledge base with another model, while the current one answers.

    check ──▶ embed (no lock: batch by batch into the catalogue) ──▶ publish ──▶ switch
                                                                       └─ the writer's lock ─┘

Embedding takes hours where publishing takes seconds. It only adds vectors under the hash of their text and the
new model's name, which no reader and no ingestion looks at: nothing has to wait for it. Each batch is stored, so
that a run that is killed is continued by the next.
"""

from collections.abc import Callable, Sequence

from core.errors import ConfigError, NotFound
from core.ports import Embedder, Progress
from index.catalogue import Catalogue
from index.generations import Generations
from index.manifest import Manifest
from index.publication import UNFINISHED, Publisher

_EMBED_BATCH = 128
"""Texts between two commits: a kill loses about two seconds of the packaged model's work."""
_COUNT_BATCH = 2000


class Reembedding:
    """Builds one model's generation; `manifest` says whose."""

    def __init__(
        self,
        catalogue: Catalogue,
        embedder: Embedder,
        manifest: Manifest,
        open_publisher: Callable[[], Publisher],
        count_tokens: Callable[[Sequence[str]], list[int]],
    ) -> None:
        self.manifest = manifest
        self._catalogue = catalogue
        self._embedder = embedder
        self._open_publisher = open_publisher
        self._count_tokens = count_tokens
        self._generations = Generations(catalogue)

    def check(self, progress: Progress) -> None:
        """Refuse a model that would not read every chunk to its end.

        Raises:
            ConfigError: some texts are longer than its window.
        """
        total = self._generations.share(self.manifest).texts
        window, longest, too_long, done = self._embedder.max_tokens, 0, 0, 0
        for texts in self._generations.texts(_COUNT_BATCH):
            counts = self._count_tokens(texts)
            longest = max(longest, *counts)
            too_long += sum(count > window for count in counts)
            done += len(texts)
            progress("measuring", done, total)
        if too_long:
            raise ConfigError(
                f"The model {self.manifest.model_name!r} reads {window} tokens at most, and {too_long} of {total} "
                f"texts are longer (up to {longest} tokens): it would not read them to their end. Chunks are not "
                f"cut again: choose a model that reads {longest} tokens, or ingest into a new FOOTNOTE_DATA_DIR "
                "with FOOTNOTE_EMBEDDER set to this one."
            )

    def begin(self) -> None:
        """Remember whose generation is built, so that nothing of it is swept; the caller holds the lock."""
        self._generations.begin(self.manifest)

    def embed(self, progress: Progress) -> int:
        """Give every text a vector of the model; return how many had none. Needs no lock, and can be repeated.

        Also those that an ingestion adds meanwhile.
        """
        done = 0
        while missing := self._catalogue.missing_vectors(self._embedder.name):
            total = done + len(missing)
            for start in range(0, len(missing), _EMBED_BATCH):
                done += self._embed_batch(missing[start : start + _EMBED_BATCH])
                progress("embedding", min(done, total), total)
        return done

    def publish(self, progress: Progress) -> None:
        """Publish the generation beside the one that readers search; the caller holds the writer's lock."""
        is_left_unfinished = self._catalogue.get_meta(UNFINISHED) == "1"
        # Nobody noted what was removed since this generation was published: everything is compared.
        self._catalogue.set_meta(UNFINISHED, "1")
        publisher = self._open_publisher()
        publisher.begin()
        self.embed(progress)
        publisher.publish_vectors()
        publisher.finish()
        if is_left_unfinished:  # of the current generation: the next ingestion has to know
            self._catalogue.set_meta(UNFINISHED, "1")
        self._generations.finish()

    def switch(self, progress: Progress) -> None:
        """Let readers search the generation from their next question on; the caller holds the writer's lock.

        Texts that an ingestion added since it was built are embedded first.

        Raises:
            NotFound: it was not built.
        """
        check_built(self._generations)
        self.publish(progress)
        self._generations.switch()

    def _embed_batch(self, hashes: Sequence[str]) -> int:
        texts = self._generations.texts_of(hashes)
        if texts:
            matrix = self._embedder.embed_passages(list(texts.values()))
            rows = [(key, matrix[row]) for row, key in enumerate(texts)]
            self._catalogue.put_vectors(self._embedder.name, rows)
        return len(texts)


def check_built(generations: Generations) -> Manifest:
    """Return the next generation, if readers can be switched to it.

    Raises:
        NotFound: there is none, or it is not built; the message says how to build it.
    """
    manifest = generations.next
    if manifest is None:
        raise NotFound(
            "There is no next generation to switch to. Build one with `footnote index reembed --model NAME`."
        )
    if not generations.is_built:
        share = generations.share(manifest)
        raise NotFound(
            f"The next generation, for {manifest.embedder!r}, is not complete: {share.embedded} of {share.texts} "
            f"texts have a vector. Run `footnote index reembed --model {manifest.model_name}` to complete it."
        )
    return manifest


def publish_again(
    catalogue: Catalogue, open_publisher: Callable[[], Publisher], manifest: Manifest
) -> int:
    """Bring a generation's index to what the catalogue holds, without embedding; the caller holds the writer's lock.

    Returns the number of texts that have no vector of its model: the next ingestion embeds them.
    """
    catalogue.set_meta(UNFINISHED, "1")
    publisher = open_publisher()
    publisher.begin()
    publisher.publish_vectors()
    publisher.finish()
    share = Generations(catalogue).share(manifest)
    return share.texts - share.embedded
