"""The sources file: what it may say, the template, the schema, and the examples of the documentation."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from core.errors import ConfigError
from core.settings import environment_of, secret_from_environment
from ingest.sources.config import TYPES, SourcesFile, model_of, state_folder
from ingest.sources.config_template import SCHEMA_FILE, json_schema, schema_text, write_template
from ingest.sources.tree_rules import TreeRules

ROOT = Path(__file__).resolve().parents[2]
DOCUMENTATION = (ROOT / "docs" / "sources.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```", DOCUMENTATION, flags=re.MULTILINE | re.DOTALL)


def sources_of(text: str, folder: Path) -> SourcesFile:
    path = folder / "sources.yaml"
    path.write_text(text, encoding="utf-8")
    return SourcesFile(path)


def uncommented(template: str) -> str:
    """The template with its examples; all comments after the first source are one."""
    head, _, rest = template.partition("handbook:")
    return head + "handbook:" + re.sub(r"^( *)# ", r"\1", rest, flags=re.MULTILINE)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.partition(":")[0])
def test_every_example_of_the_documentation_is_a_sources_file(example: str, tmp_path: Path) -> None:
    assert len(sources_of(example, tmp_path).configs) == 1


def test_every_type_has_an_example_in_the_documentation_and_in_the_template(
    tmp_path: Path,
) -> None:
    shown = {
        entry.get("type", "folder")
        for example in EXAMPLES
        for entry in yaml.safe_load(example).values()
    }
    assert shown == set(TYPES)
    write_template(tmp_path / "t.yaml")
    text = uncommented((tmp_path / "t.yaml").read_text())
    configs = sources_of(text, tmp_path).configs
    assert {config.type for config in configs.values()} == set(TYPES)
    assert configs["handbook"].rules


@pytest.mark.parametrize("name", ["..", ".", "../x", "/etc", "a/../../b", "Docs/HR", "wiki"])
def test_what_a_source_keeps_lies_in_a_folder_of_its_own(name: str, tmp_path: Path) -> None:
    folder = state_folder(tmp_path, name).resolve()
    assert folder.parent == tmp_path.resolve() / "sources"


@pytest.mark.parametrize("kind", TYPES)
def test_every_field_is_described(kind: str) -> None:
    model = model_of(kind)
    assert model.__doc__
    for name, field in model.model_fields.items():
        assert field.description, f"{kind}: {name}"
        assert field.description.endswith(".")


def test_the_template_is_a_sources_file_and_is_never_written_over_one(tmp_path: Path) -> None:
    path = tmp_path / "sources.yaml"
    write_template(path)
    text = path.read_text(encoding="utf-8")
    assert text.startswith(f"# yaml-language-server: $schema={SCHEMA_FILE}\n")
    assert json.loads((tmp_path / SCHEMA_FILE).read_text(encoding="utf-8")) == json_schema()
    assert list(SourcesFile(path).configs) == ["handbook"]
    path.write_text("mine")
    with pytest.raises(ConfigError, match="already"):
        write_template(path)
    assert path.read_text() == "mine"
    with pytest.raises(ConfigError, match="cannot be written"):
        write_template(tmp_path / "nowhere" / "sources.yaml")


def test_the_schema_knows_every_type_and_its_fields() -> None:
    schema = json_schema()
    kinds = [entry["$ref"].rpartition("/")[2] for entry in schema["additionalProperties"]["anyOf"]]
    assert kinds == list(TYPES)
    for kind in kinds:
        definition = schema["$defs"][kind]
        assert definition["properties"]["type"]["const"] == kind
        assert set(definition["properties"]) == set(model_of(kind).model_fields)
        assert definition["additionalProperties"] is False
        assert ("type" in definition["required"]) == (kind != "folder")
    references = set(re.findall(r'"#/\$defs/(\w+)"', schema_text()))
    assert references <= set(schema["$defs"])


def test_the_schema_in_the_documentation_is_fresh() -> None:
    assert (ROOT / "docs" / SCHEMA_FILE).read_text(encoding="utf-8") == schema_text()


@pytest.mark.parametrize(
    "entry",
    [
        "{type: git, url: 'https://a/b', token_env: ghp_hunter2}",
        "{type: reader, reader: llama_index.core.SimpleDirectoryReader, env: {a: hunter2}}",
        "{type: imap, host: h, user: u, password_env: hunter2}",
        "{type: s3, bucket: b, access_key_env: hunter2, secret_key_env: hunter2}",
    ],
)
def test_a_secret_in_place_of_a_variable_is_refused_and_not_repeated(
    entry: str, tmp_path: Path
) -> None:
    with pytest.raises(ConfigError, match="name of an environment variable") as caught:
        sources_of(f"a: {entry}", tmp_path)
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_secret_comes_from_the_environment_or_else_from_the_env_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("WIKI_TOKEN", raising=False)
    with pytest.raises(ConfigError, match="WIKI_TOKEN is not set"):
        secret_from_environment("WIKI_TOKEN")
    (tmp_path / ".env").write_text("WIKI_TOKEN=from-file\n")
    assert secret_from_environment("WIKI_TOKEN").get_secret_value() == "from-file"
    monkeypatch.setenv("WIKI_TOKEN", "from-environment")
    assert secret_from_environment("WIKI_TOKEN").get_secret_value() == "from-environment"
    assert "from" not in repr(secret_from_environment("WIKI_TOKEN"))
    assert environment_of(["WIKI_TOKEN", "NOT_SET"]) == {"WIKI_TOKEN": "from-environment"}


def test_the_nearest_rule_of_a_tree_counts_and_a_sidecar_before_it() -> None:
    files = {
        ".footnote.yaml": b"access: [everyone]",
        "hr/.footnote.yaml": b"access: ['group:hr']",
        "hr/a.md": b"",
        "hr/deep/b.md": b"",
        "hr/c.md": b"",
        "hr/c.md.footnote.yaml": b"access: ['user:Ana@Example.org']",
        "bad/.footnote.yaml": b"access: [",
        "bad/d.md": b"",
        "worse/.footnote.yaml": b"\xff",
        "worse/e.md": b"",
    }
    rules = TreeRules(files, files.__getitem__)
    assert rules.access_of("x.md") == ("everyone",)
    assert rules.access_of("hr/a.md") == rules.access_of("hr/deep/b.md") == ("group:hr",)
    assert rules.access_of("hr/c.md") == ("user:ana@example.org",)
    assert rules.access_of("hrx/a.md") == ("everyone",)
    assert rules.access_of("bad/d.md") == rules.access_of("worse/e.md") == ()
    assert len(rules.warnings) == 2
    assert TreeRules([], files.__getitem__).access_of("a.md") is None


def test_ignore_files_of_a_tree_count_from_where_they_lie() -> None:
    files: dict[str, Any] = {".footnoteignore": b"*.tmp\n", "docs/.footnoteignore": b"/drafts/\n"}
    rules = TreeRules(files, files.__getitem__)
    assert rules.is_ignored("a.tmp")
    assert rules.is_ignored("docs/x/a.tmp")
    assert rules.is_ignored("docs/drafts/a.md")
    assert not rules.is_ignored("drafts/a.md")
    assert not rules.is_ignored("docs/a.md")
