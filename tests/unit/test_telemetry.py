"""No library calls home or leaves its marks: asked of a process with a home of its own."""

import os
import subprocess
import sys
from pathlib import Path

_EMBED = """
from core.settings import load_settings
from index.factory import open_embedder
open_embedder(load_settings(), None).embed_query("hello")
"""


def run(program: str, home: Path, model_cache: Path) -> None:
    env = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "FOOTNOTE_MODEL_CACHE": str(model_cache),
        "FOOTNOTE_OFFLINE": "1",
    }
    subprocess.run([sys.executable, "-c", program], env=env, check=True, timeout=120)


def test_embedding_leaves_nothing_in_the_home_folder(tmp_path: Path, model_cache: Path) -> None:
    run(_EMBED, tmp_path, model_cache)
    assert list(tmp_path.rglob("*")) == []


def test_reading_a_word_document_leaves_nothing_in_the_home_folder(
    tmp_path: Path, model_cache: Path
) -> None:
    root = Path(__file__).resolve().parents[2]
    page = root / "samples" / "documents" / "policies" / "purchasing-policy.docx"
    program = (
        "from pathlib import Path\n"
        "from ingest.parsers.registry import parse\n"
        f"assert parse(Path({str(page)!r}).read_bytes(), 'a.docx').elements\n"
    )
    run(program, tmp_path, model_cache)
    assert list(tmp_path.rglob("*")) == []
