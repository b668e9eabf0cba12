"""The sources file that `footnote ingest --init` writes, and the schema by which editors check and complete it."""

import json
from pathlib import Path
from typing import Any

from core.errors import ConfigError
from ingest.sources.config import TYPES, model_of

SCHEMA_FILE = "sources.schema.json"

TEMPLATE = """\
# yaml-language-server: $schema={schema}
#
# Where Footnote reads documents. Each source has a name (its identity: renaming it reads everything anew)
# and a type; all fields are in docs/sources.md. Secrets never stand here, only the names of environment
# variables that hold them. Check with `footnote ingest --plan`, which changes nothing.
#
# access: who may read: everyone, group:NAME, user:EMAIL. Without it nobody but admins may.
# schedule: when `footnote ingest --daemon` reads it: `every 6 hours`, or a cron expression.

handbook:
  path: ./handbook
  access: [everyone]
  # rules:                         # by path, the first match counts
  #   - match: hr/**
  #     access: [group:hr]

# docs-repository:
#   type: git
#   url: https://git.example.org/docs.git
#   branch: main
#   include: ["*.md"]
#   token_env: GIT_TOKEN
#   access: [group:staff]
#   schedule: every 15 minutes

# wiki:
#   type: web
#   urls: [https://wiki.example.org/docs/]
#   follow: true
#   access: [group:staff]
#   schedule: every 6 hours

# contracts:
#   type: s3
#   bucket: contracts
#   prefix: signed/
#   region: eu-central-1
#   access_key_env: S3_KEY_ID
#   secret_key_env: S3_SECRET_KEY
#   access: [group:legal]

# support-mail:
#   type: imap
#   host: imap.example.org
#   user: support@example.org
#   password_env: SUPPORT_MAIL_PASSWORD
#   since_days: 365
#   access: [group:support]

# slack:
#   type: slack_export
#   path: ./slack-export.zip
#   access: [group:staff]
#   channel_access:                # a private channel is read only when it stands here
#     hr-internal: [group:hr]

# confluence:                      # any reader of LlamaIndex; more of them in docs/sources.md
#   type: reader
#   reader: llama_index.readers.confluence.ConfluenceReader
#   arguments: {{base_url: "https://example.atlassian.net/wiki", user_name: bot@example.org}}
#   env: {{password: CONFLUENCE_TOKEN}}
#   load: {{space_key: HANDBOOK}}
#   id_from: page_id
#   access: [group:staff]
"""


def write_template(path: Path) -> None:
    """Write a commented sources file, and the schema for editors beside it.

    Raises:
        ConfigError: there is a file already, or it cannot be written.
    """
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(TEMPLATE.format(schema=SCHEMA_FILE))
        path.with_name(SCHEMA_FILE).write_text(schema_text(), encoding="utf-8")
    except FileExistsError as error:
        raise ConfigError(
            f"There is a sources file {str(path)!r} already; it was not touched. Edit it, or remove it first."
        ) from error
    except OSError as error:
        raise ConfigError(
            f"The sources file {str(path)!r} cannot be written ({error.strerror})."
        ) from error


def json_schema() -> dict[str, Any]:
    """Return the JSON schema of the whole file: names to sources, each of one of the known types."""
    definitions: dict[str, Any] = {}
    for kind in TYPES:
        schema = model_of(kind).model_json_schema()
        definitions |= schema.pop("$defs", {})
        schema["properties"]["type"] |= {"const": kind}
        schema["properties"]["type"].pop("default", None)
        if kind != "folder":
            schema["required"] = ["type", *schema.get("required", [])]
        definitions[kind] = schema
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Sources of Footnote",
        "type": "object",
        "additionalProperties": {"anyOf": [{"$ref": f"#/$defs/{kind}"} for kind in TYPES]},
        "$defs": definitions,
    }


def schema_text() -> str:
    """Return the schema as the content of a file."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
