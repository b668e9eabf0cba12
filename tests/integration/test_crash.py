"""An ingestion that is killed loses nothing, and readers beside it never notice."""

from pathlib import Path

import pytest
from cli_harness import child_env, crash_runs, run_child, searching_elsewhere, write_files

KILLS = 6


@pytest.mark.integration
@pytest.mark.slow
def test_killed_ingestions_leave_whole_documents_and_converge(
    tmp_path: Path, model_cache: Path
) -> None:
    report = crash_runs(tmp_path / "crash", model_cache, KILLS)
    assert report.kills == KILLS
    assert report.converged >= KILLS // 2
    assert any(report.left_documents), "no kill came after the first commit"


@pytest.mark.integration
def test_readers_never_fail_while_documents_are_ingested(
    tmp_path: Path, data_dir: Path, model_cache: Path
) -> None:
    folder = write_files(
        tmp_path / "docs",
        {
            f"{n}.md": f"# Manual {n}\n\nValve {n} is inspected every {n} weeks.\n"
            for n in range(80)
        },
    )
    env = child_env(data_dir, model_cache)
    with searching_elsewhere(data_dir, model_cache, tmp_path / "stop") as seen:
        first = run_child("ingest", folder, "--yes", "--json", env=env)
        write_files(folder, {f"{n}.md": f"# Manual {n}\n\nValve {n} is new.\n" for n in range(40)})
        second = run_child("ingest", folder, "--yes", "--json", env=env)
    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    searches, _, most_hits = seen
    assert searches > 1
    assert most_hits == 10
