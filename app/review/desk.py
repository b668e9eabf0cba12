"""The review queue: flags are looked at, decided, and turned into test cases."""

from pathlib import Path

from index.catalogue import Catalogue


class ReviewDesk:
    """The flags of one data folder."""

    def __init__(self, catalogue: Catalogue, data_dir: Path) -> None:
        self._catalogue = catalogue
        self._data_dir = data_dir
