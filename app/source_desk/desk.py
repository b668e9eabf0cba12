"""Opens what a citation stands on: the document, its page, its original, and why it was found."""

from pathlib import Path

from index.catalogue import Catalogue


class SourceDesk:
    """The sources of one data folder."""

    def __init__(self, catalogue: Catalogue, data_dir: Path) -> None:
        self._catalogue = catalogue
        self._data_dir = data_dir
