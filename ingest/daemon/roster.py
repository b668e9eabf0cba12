"""Knows which sources the daemon runs, and follows the sources file."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from core.errors import FootnoteError
from core.log import get_logger
from core.settings import Settings
from ingest.daemon.timetable import Timetable, timetable_of
from ingest.daemon.wording import sentence_of
from ingest.run import Selection
from ingest.sources.config import FolderConfig, SourcesFile
from ingest.sources.folder import FolderSource, source_of_path

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Job:
    """One source to run. `written` tells its configurations apart; `folder` finds what is watched for it.

    `folder` is None for what is not watched, and raises a FootnoteError while there is no such folder.
    """

    name: str
    selection: Selection
    timetable: Timetable
    written: str
    folder: Callable[[], Path] | None = None


class Roster:
    """The jobs by name; those of a sources file change with it, those of paths never."""

    def __init__(self, settings: Settings, selection: Selection) -> None:
        """Read them.

        Raises:
            FootnoteError: there is no such path, or the sources file cannot be used.
        """
        self._settings = settings
        self._selection = selection
        self._stamp = self._stamped()
        self.problem = ""
        self.jobs = self._read()

    def refresh(self) -> bool:
        """Read the sources file again if it changed; return whether it did. A broken one changes no job."""
        stamp = self._stamped()
        if stamp == self._stamp:
            return False
        self._stamp = stamp
        try:
            self.jobs = self._read()
        except FootnoteError as error:
            self.problem = f"{sentence_of(error)} What it said before still holds."
            _log.error("sources_file_refused", message=self.problem)
        else:
            self.problem = ""
            _log.info("sources_file_read", sources=len(self.jobs))
        return True

    def _read(self) -> dict[str, Job]:
        if self._selection.paths:
            jobs = [self._path_job(path.absolute()) for path in self._selection.paths]
            return {job.name: job for job in jobs}
        file = SourcesFile(self._settings.sources_file)
        wanted = self._selection.source_name
        if wanted is not None and wanted not in file.configs:
            file.build(wanted, self._settings.data_dir)  # its sentence names those that there are
        return {name: self._job(name, file) for name in file.configs if wanted in (None, name)}

    def _path_job(self, path: Path) -> Job:
        def folder() -> Path:
            return source_of_path(path, None, []).root

        folder()
        return Job(
            name=str(path.resolve()),
            selection=replace(self._selection, paths=(path,)),
            timetable=timetable_of("", is_folder=True),
            written="",
            folder=folder,
        )

    def _job(self, name: str, file: SourcesFile) -> Job:
        config = file.configs[name]
        is_folder = isinstance(config, FolderConfig)

        def folder() -> Path:
            source = file.build(name, self._settings.data_dir)
            assert isinstance(source, FolderSource)  # noqa: S101
            return source.root

        return Job(
            name=name,
            selection=replace(self._selection, source_name=name, file=file),
            timetable=timetable_of(config.schedule, is_folder=is_folder),
            written=config.model_dump_json(),
            folder=folder if is_folder and not config.schedule else None,
        )

    def _stamped(self) -> tuple[int, int, int] | None:
        if self._selection.paths:
            return None
        try:
            status = self._settings.sources_file.stat()
        except OSError:
            return None
        return status.st_mtime_ns, status.st_size, status.st_ino
