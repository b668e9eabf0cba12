"""Suggested root causes against flags whose cause is known by how they were made; see tests/review_causes.py."""

from dataclasses import replace
from pathlib import Path

import pytest
from cli_harness import child_env, run_child
from review_causes import Maker, confusion, write_documents

from core.settings import load_settings
from index.permissions import administrator, caller_named


@pytest.mark.integration
@pytest.mark.slow
def test_most_suggestions_are_right_and_restricted_documents_are_told_to_nobody(
    tmp_path: Path, data_dir: Path, model_cache: Path
) -> None:
    documents = write_documents(tmp_path / "documents")
    done = run_child("ingest", documents, "--yes", "--json", env=child_env(data_dir, model_cache))
    assert done.returncode == 0, done.stderr
    settings = load_settings(data_dir=data_dir)
    made = Maker(settings).make_all()
    found = confusion(settings, made, administrator())
    for cause in set(made.values()):
        of_it = sum(count for (known, _), count in found.items() if known == cause)
        assert found[cause, cause] / of_it >= 0.7, f"{cause}: {found}"
    # The same flags for a reviewer who may not read the vault: nothing says what stands in it.
    reviewer = replace(caller_named("rev@x.org", []), role="reviewer")
    restricted = {flag: cause for flag, cause in made.items() if cause == "acl"}
    seen = confusion(settings, restricted, reviewer)
    assert not any(said == "acl" for _, said in seen)
