"""How the answers have been: counts over time, gaps in the documents, evaluation runs."""

from pathlib import Path

from index.catalogue import Catalogue


class QualityDesk:
    """The figures of one data folder."""

    def __init__(self, catalogue: Catalogue, data_dir: Path) -> None:
        self._catalogue = catalogue
        self._data_dir = data_dir
