"""What front matter says reaches the catalogue, and follows the file when only the front matter changes."""

from pathlib import Path

import pytest
from cli_harness import settings_of, write_files
from ingest_desk import Desk

from core.log import configure

pytestmark = pytest.mark.integration


def test_a_change_of_the_front_matter_alone_is_stored(
    tmp_path: Path, data_dir: Path, model_cache: Path
) -> None:
    configure("error")
    body = "# Leave\n\nEmployees have thirty days of leave in every year of work.\n"
    with Desk(tmp_path / "docs", settings_of(data_dir, model_cache)) as desk:
        write_files(
            desk.folder, {"leave.md": f"---\nstatus: draft\naccess: [everyone]\n---\n{body}"}
        )
        desk.ingest()
        assert desk.record("leave.md").metadata == {"status": "draft", "language": "en"}
        write_files(
            desk.folder, {"leave.md": f"---\nstatus: final\nowner: HR\naccess: []\n---\n{body}"}
        )
        desk.ingest()
        stored = desk.record("leave.md").metadata
        assert stored == {"status": "final", "owner": "HR", "language": "en"}
