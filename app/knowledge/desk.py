"""What admins see and do with documents and sources."""

from pathlib import Path

from index.catalogue import Catalogue


class KnowledgeDesk:
    """The documents and runs of one data folder."""

    def __init__(self, catalogue: Catalogue, data_dir: Path) -> None:
        self._catalogue = catalogue
        self._data_dir = data_dir
