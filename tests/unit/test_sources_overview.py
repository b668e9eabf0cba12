"""`footnote ingest sources` names every source of the file, and no secret of any."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from app.cli import main
from ingest.sources.config import SourcesFile
from ingest.sources.overview import configured_sources

SOURCES = """
handbook:
  path: ./handbook
  access: [everyone]
wiki:
  type: web
  urls: ["https://ann:hunter2@wiki.example.org/start?token=hunter2", "https://other.example.org/"]
  schedule: every 6 hours
code:
  type: git
  url: https://git.example.org/team/code.git
bucket:
  type: s3
  bucket: reports
mail:
  type: imap
  host: mail.example.org
  user: ann
  password_env: MAIL_PASSWORD
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "sources.yaml"
    path.write_text(SOURCES)
    return path


def test_every_source_is_named_with_its_place_and_without_its_secrets(file: Path) -> None:
    found = {entry.name: entry for entry in configured_sources(SourcesFile(file))}
    assert {name: entry.where for name, entry in found.items()} == {
        "handbook": "./handbook",
        "wiki": "https://wiki.example.org/start and 1 more",
        "code": "https://git.example.org/team/code.git",
        "bucket": "reports",
        "mail": "mail.example.org",
    }
    assert found["wiki"].schedule == "every 6 hours"
    assert found["handbook"].access == ("everyone",)
    assert "hunter2" not in repr(found)


def test_the_command_prints_them_as_json_and_as_lines(file: Path) -> None:
    told = CliRunner().invoke(main, ["ingest", "sources", "--json"])
    assert told.exit_code == 0
    assert [entry["name"] for entry in json.loads(told.stdout)][:2] == ["handbook", "wiki"]
    lines = CliRunner().invoke(main, ["ingest", "sources"]).stdout.splitlines()
    assert lines[1].startswith("wiki  web https://wiki.example.org/start")
    assert lines[1].endswith("every 6 hours  only admins")


def test_a_broken_file_is_one_sentence(file: Path) -> None:
    file.write_text("handbook:\n  pfad: x\n")
    told = CliRunner().invoke(main, ["ingest", "sources", "--json"])
    assert told.exit_code == 2
    assert "'handbook'" in json.loads(told.stdout)["error"]["message"]
