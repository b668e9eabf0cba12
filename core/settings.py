"""The one frozen Settings object, and the only place that reads the environment.

Faces call `load_settings` once and pass values down. `docs/configuration.md` and `.env.example` are written
from the fields below (`make docs`); a test compares them.
"""

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

from dotenv import dotenv_values
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from core.errors import ConfigError

_NAME_IN_QUOTES = re.compile(r'field "(\w+)"')

DEFAULT_EMBEDDER = "sentence-transformers/all-MiniLM-L6-v2"


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ChunkSettings(_Group):
    """How documents are cut."""

    max_tokens: int = Field(
        160,
        ge=32,
        le=400,
        description="Tokens of one chunk's own text, counted by the embedder's tokenizer. "
        "Together with the title and heading prefix a chunk always fits the model's window.",
    )
    prefix_tokens: int = Field(
        32, ge=0, le=100, description="Tokens that the title and heading path in front may take."
    )


class IngestSettings(_Group):
    """Limits and guards of an ingestion run."""

    max_file_mb: int = Field(50, ge=1, description="Larger files are quarantined as too_large.")
    max_delete_share: float = Field(
        0.2,
        ge=0,
        le=1,
        description="A run that would remove a larger share of a source's documents is refused "
        "unless --allow-mass-delete is given (runs that remove three or fewer are let through).",
    )
    workers: int = Field(0, ge=0, description="Parser processes; 0 takes one for each processor.")
    parser_seconds: int = Field(
        60,
        ge=1,
        description="Processor time that reading one file may take; half as much again by the clock. "
        "A file that takes longer is quarantined as timeout.",
    )
    parser_memory_mb: int = Field(
        1024,
        ge=128,
        description="Memory that reading one file may take; a file that takes more is quarantined as memory.",
    )
    debounce_seconds: float = Field(
        0.5, ge=0, description="How long `--watch` waits for further changes before it ingests."
    )
    health_host: str = Field(
        "127.0.0.1", description="Address of the health and metrics page of `ingest --daemon`."
    )
    health_port: int = Field(8502, ge=0, le=65535, description="Its port; 0 switches the page off.")


class RetrievalSettings(_Group):
    """How passages are found."""

    dense_weight: float = Field(
        0.42,
        ge=0,
        le=1,
        description="Weight of meaning (vectors) in a hit's score; words have the rest.",
    )
    fetch_k: int = Field(
        80, ge=10, description="Candidates asked from either search before they are scored."
    )
    per_document: int = Field(
        0, ge=0, description="Largest number of hits of one document; 0 sets no limit."
    )
    versions: bool = Field(
        True,
        description="Put the version of a document that is in force, or that is asked for, before its others.",
    )
    reranker: str = Field(
        "",
        description="Cross-encoder that orders the best 30 hits again: a sentence-transformers name or a folder. "
        "Empty: none, which is 1 to 3 seconds faster on a processor.",
    )
    passages: int = Field(8, ge=1, description="Hits that are widened to passages for an answer.")
    passage_chars: int = Field(
        1600, ge=200, description="Largest length in characters of one widened passage."
    )


class QdrantSettings(_Group):
    """The Qdrant server, with FOOTNOTE_STORE=qdrant."""

    url: str = Field(
        "", description="Address of the server, like `https://qdrant.example.org:6333`."
    )
    api_key: SecretStr | None = Field(
        None, description="Its API key; a read-only one is enough for `ask`, `search` and `web`."
    )
    path: Path | None = Field(
        None,
        description="Folder of the client's local mode instead of a server: one process, for trials only.",
    )
    collection: str = Field("footnote", description="Prefix of the names of collections.")


class WebSettings(_Group):
    """The Streamlit application."""

    host: str = Field("127.0.0.1", description="Address that `footnote web` listens on.")
    port: int = Field(8501, ge=1, le=65535, description="Port that `footnote web` listens on.")
    user: str = Field(
        "",
        description="Email of the person that the web application answers for when nobody logs in. "
        "Empty: a reader with the principal `everyone` only.",
    )


class Settings(BaseSettings):
    """Everything that can be set, by environment (prefix FOOTNOTE_, nested with __) or `.env`."""

    model_config = SettingsConfigDict(
        env_prefix="FOOTNOTE_",
        env_nested_delimiter="__",
        env_file=".env",
        env_file_encoding="utf-8",
        env_ignore_empty=True,
        extra="ignore",
        frozen=True,
    )

    data_dir: Path = Field(
        Path("data"), description="Folder that holds the catalogue and the indexes made from it."
    )
    sources_file: Path = Field(
        Path("sources.yaml"), description="YAML file that names the sources for `footnote ingest`."
    )
    groups_file: Path | None = Field(
        None,
        description="YAML file with each user's groups (`user@example.org: [hr]`), re-read when it changes.",
    )
    cli_user: str = Field(
        "",
        description="Email that commands act for when --as is not given. Empty: the local administrator.",
    )
    embedder: str = Field(
        DEFAULT_EMBEDDER,
        description="Embedding model: a sentence-transformers name or a folder with one. A knowledge base keeps "
        "the model that built it until `footnote index reembed`: this one is for new ones.",
    )
    model_cache: Path = Field(
        Path("~/.cache/footnote/models"),
        description="Folder where models are kept in the form that runs fastest here (made once, 150 MB).",
    )
    llm: str = Field(
        "extractive",
        description="How answers are written. `extractive` quotes the documents word for word, offline.",
    )
    store: Literal["faiss", "qdrant"] = Field(
        "faiss",
        description="Search store. `faiss` is embedded and needs no service; `qdrant` is a server.",
    )
    offline: bool = Field(
        False,
        description="Any attempt to leave this machine is an error: model hubs are never asked.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="Least severe event that is logged to stderr."
    )
    max_question_chars: int = Field(
        4000, ge=100, description="Longer questions are refused with a sentence that says so."
    )
    cookie_secret: SecretStr | None = Field(
        None, description="Secret that signs the web application's cookies, for several replicas."
    )
    chunk: ChunkSettings = ChunkSettings()
    ingest: IngestSettings = IngestSettings()
    retrieval: RetrievalSettings = RetrievalSettings()
    qdrant: QdrantSettings = QdrantSettings()
    web: WebSettings = WebSettings()


def model_for(settings: Settings, built_with: str) -> str:
    """Return the embedding model to open: the one that is asked for on purpose, else the index's own."""
    is_asked_for = "embedder" in settings.model_fields_set
    return settings.embedder if is_asked_for or not built_with else built_with


def load_settings(**overrides: Any) -> Settings:
    """Read the settings; `overrides` win over environment and `.env`; None values are left out.

    Raises:
        ConfigError: a value is out of range or of the wrong type; the message names the variable.
    """
    given = {name: value for name, value in overrides.items() if value is not None}
    try:
        return Settings(**given)
    except SettingsError as error:
        found = _NAME_IN_QUOTES.search(str(error))
        variable = f"FOOTNOTE_{found.group(1).upper()}" if found else "A setting"
        raise ConfigError(
            f"{variable} is not valid JSON. Set its parts one by one instead, like {variable}__NAME."
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError("The file '.env' is not UTF-8 text. Save it as UTF-8.") from error
    except ValidationError as error:
        first = error.errors()[0]
        name = "FOOTNOTE_" + "__".join(str(part) for part in first["loc"]).upper()
        raise ConfigError(
            f"{name} is set to {first['input']!r}: {first['msg'].lower()}. "
            "See docs/configuration.md for what it may be."
        ) from error


def secret_from_environment(name: str) -> SecretStr:
    """Return the secret that an environment variable, or a line of `.env`, holds.

    Raises:
        ConfigError: there is none, or it is empty; the message names the variable.
    """
    value = os.environ.get(name) or dotenv_values(".env").get(name)
    if not value:
        raise ConfigError(
            f"The environment variable {name} is not set. Set it to the secret that the sources file asks for."
        )
    return SecretStr(value)


def environment_of(names: Iterable[str]) -> dict[str, str]:
    """Return those of some environment variables that are set, for a program that this one starts."""
    return {name: os.environ[name] for name in names if name in os.environ}
