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
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict, SettingsError

from core.answers import Role
from core.documents import normal_principals
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
    keep_originals: Literal["all", "pages", "none"] = Field(
        "all",
        description="Which files are kept as they came, in the data folder, to be shown and downloaded: `all`, `pages` "
        "(PDF and images, which are shown as pages) or `none`. Changing it takes effect with the next run.",
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


class GenerationSettings(_Group):
    """How a language model is asked, with FOOTNOTE_LLM set to one."""

    answer_tokens: int = Field(800, ge=50, description="Longest answer, in tokens.")
    context_tokens: int = Field(
        0,
        ge=0,
        description="What the model reads at once, in tokens; 0 takes what its provider's models have at least "
        "(8,192 for `openai-like`).",
    )
    first_token_seconds: float = Field(
        20, gt=0, description="How long the first word may take before the next model is asked."
    )
    token_seconds: float = Field(
        15, gt=0, description="Longest silence between two words; what came until then is kept."
    )
    total_seconds: float = Field(
        120, gt=0, description="Longest time of an answer, with all repeats and all models."
    )
    retries: int = Field(
        2,
        ge=0,
        description="Repeats of a failed request, over all models; only before the first word.",
    )
    cache_hours: float = Field(
        24,
        ge=0,
        description="How long what a model wrote is used again for the same prompt and the same readable "
        "documents; 0 never.",
    )
    prices_file: Path | None = Field(
        None,
        description="YAML file with prices of models that are missing or wrong in the shipped one.",
    )
    prompts_dir: Path | None = Field(
        None,
        description="Folder with own prompt templates; each replaces the shipped one of its name.",
    )
    prompt_label: str = Field(
        "", description="Label of the prompt versions to use, as pinned by `footnote prompts pin`."
    )
    link_hosts: tuple[str, ...] = Field(
        (),
        description="Hosts that an answer may link to, as JSON list; only addresses that a passage has.",
    )
    condense: bool = Field(
        True, description="Let the model word follow-up questions; without it, rules do."
    )
    rewrite: bool = Field(
        False, description="Let the model add other wordings to a search: slower, finds synonyms."
    )
    temperature: float = Field(
        0, ge=0, le=2, description="0 gives the same answer again; some models accept 1 only."
    )
    api_version: str = Field("", description="API version, for `azure`.")
    region: str = Field("", description="Region, for `bedrock` and `vertex`.")
    project: str = Field("", description="Project, for `vertex`.")


class ProviderSettings(_Group):
    """Where one provider is asked, where FOOTNOTE_LLM names models of several."""

    base_url: str = Field("", description="Address of its API.")
    api_key: SecretStr | None = Field(None, description="Its API key.")


class ProvidersSettings(_Group):
    """Addresses and keys by provider. FOOTNOTE_LLM_BASE_URL and FOOTNOTE_LLM_API_KEY are those of the first model's."""

    openai_like: ProviderSettings = ProviderSettings()
    openai: ProviderSettings = ProviderSettings()
    anthropic: ProviderSettings = ProviderSettings()
    azure: ProviderSettings = ProviderSettings()
    bedrock: ProviderSettings = ProviderSettings()
    vertex: ProviderSettings = ProviderSettings()


class BudgetSettings(_Group):
    """What language models may be used for in a day (UTC); beyond it, answers quote. 0 sets no limit."""

    user_usd: float = Field(0, ge=0, description="US dollars for each person.")
    total_usd: float = Field(0, ge=0, description="US dollars in total.")
    user_tokens: int = Field(0, ge=0, description="Tokens for each person, prompts and answers.")
    total_tokens: int = Field(0, ge=0, description="Tokens in total.")


class GroundingSettings(_Group):
    """How the claims of a model's answer are checked, beside the built-in checker."""

    nli_model: Path | None = Field(
        None,
        description="Folder with a cross-encoder for natural language inference that judges what the built-in checker "
        "leaves open; slower.",
    )
    llm_judge: bool = Field(
        False,
        description="Let the language model judge what the built-in checker leaves open; costs a request.",
    )


class PrivacySettings(_Group):
    """What a language model and traces do not get to see."""

    redact: bool = Field(
        True,
        description="Replace personal data in prompts by placeholders; they are put back in the answer.",
    )
    kinds: tuple[str, ...] = Field(
        (),
        description="Kinds of personal data to replace, as JSON list; empty: all. Secrets always are.",
    )


class TracingSettings(_Group):
    """Export of traces by OpenTelemetry (extra `otel`)."""

    otlp_endpoint: str = Field(
        "",
        description="Address that takes OTLP over HTTP, like `http://localhost:4318`. Empty: no export.",
    )
    content: bool = Field(
        False, description="Export questions, answers and passages too, personal data masked."
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
    role: Role | None = Field(
        None,
        description="Role of people when nobody logs in: `reader`, `reviewer` or `admin`. Not set: `admin` for the "
        "person at this machine, `reader` for everyone who comes over the network.",
    )
    base_path: str = Field(
        "",
        pattern=r"^[A-Za-z0-9_\-./]*$",
        description="Path that the application is served under behind a proxy, like `footnote`.",
    )
    allowed_hosts: tuple[str, ...] = Field(
        (),
        description="Names by which browsers may reach the application, as JSON list; `*.example.org` takes all names "
        "below. Empty: any, and on a loopback address those of this machine only.",
    )
    questions_per_minute: int = Field(
        20, ge=0, description="Questions that one person may ask in a minute; 0 sets no limit."
    )
    questions_per_day: int = Field(
        1000, ge=0, description="Questions that one person may ask in a day (UTC); 0 sets no limit."
    )
    concurrent_answers: int = Field(
        8,
        ge=1,
        description="Answers that are written at once in one process; others wait. Without a language model, no more "
        "than there are processors.",
    )
    upload_mb: int = Field(
        20, ge=1, description="Largest file that can be attached to a question, in megabytes."
    )


class SlackSettings(_Group):
    """The Slack bot; `footnote slack --init` says where each value is found."""

    bot_token: SecretStr | None = Field(None, description="Token of the bot, `xoxb-…`.")
    app_token: SecretStr | None = Field(
        None, description="Token for Socket Mode, `xapp-…`; not needed over HTTP."
    )
    signing_secret: SecretStr | None = Field(
        None, description="Secret that Slack signs its requests with; needed over HTTP."
    )
    api_base_url: str = Field(
        "https://slack.com/api/", description="Address of Slack's API; tests name their own."
    )
    web_url: str = Field(
        "",
        description="Address of the web application, for links to the exact words; empty: no links.",
    )
    channels_file: Path | None = Field(
        None,
        description="YAML file with settings of channels: when to answer, scope, language, groups.",
    )
    email_domains: tuple[str, ...] = Field(
        (), description="Domains whose addresses count as identity; empty: all of the workspace."
    )
    link_by: Literal["email", "code"] = Field(
        "email",
        description="How Slack accounts become people: by their confirmed email, or by a one-time address that they "
        "open while logged in.",
    )
    guests: Literal["refuse", "public"] = Field(
        "public",
        description="Guests and people of other companies: refused, or given public documents.",
    )
    experts_channel: str = Field(
        "", description="Id of the channel that an answer can be escalated to; empty: no button."
    )
    concurrent_answers: int = Field(4, ge=1, description="Answers that are written at once.")
    identity_seconds: int = Field(
        300, ge=0, le=900, description="How long a looked-up identity is believed."
    )


class OidcSettings(_Group):
    """Login by OpenID Connect. Nobody logs in while the first four are empty."""

    metadata_url: str = Field(
        "",
        description="Address of the provider's `.well-known/openid-configuration`.",
    )
    client_id: str = Field("", description="Id that the provider knows Footnote by.")
    client_secret: SecretStr | None = Field(None, description="Its secret.")
    redirect_url: str = Field(
        "",
        description="Address that the provider sends people back to: that of the application with `/oauth2callback`.",
    )
    provider_name: str = Field(
        "", max_length=60, description="Name of the provider as the button to log in shows it."
    )
    groups_claim: str = Field(
        "groups", description="Claim that lists a person's groups; the groups file adds to them."
    )
    allowed_domains: tuple[str, ...] = Field(
        (), description="Domains of emails that may log in, as JSON list. Empty: all."
    )
    session_hours: float = Field(
        12, gt=0, description="How long a login counts; an earlier end set by the provider wins."
    )


class RolesSettings(_Group):
    """Who may do more than ask, as JSON lists of principals like `user:ann@example.org` and `group:it`."""

    admins: tuple[str, ...] = Field((), description="People with the role `admin`.")
    reviewers: tuple[str, ...] = Field((), description="People with the role `reviewer`.")

    _normal = field_validator("admins", "reviewers")(normal_principals)


class EvaluationSettings(_Group):
    """Test cases, comparisons and the gate."""

    variants_file: Path | None = Field(
        None,
        description="TOML file that names variants: configurations that `footnote eval run --variant` measures.",
    )


class ExperimentSettings(_Group):
    """A live comparison: some readers are answered with a variant, and both sides are counted."""

    name: str = Field(
        "",
        max_length=40,
        pattern=r"^[a-z0-9-]*$",
        description="Name of the comparison: a-z, 0-9 and `-`. Who gets the variant depends on it. Empty: none runs.",
    )
    variant: str = Field(
        "", max_length=60, description="Variant of the variants file that the chosen readers get."
    )
    share: float = Field(0, ge=0, le=1, description="Share of readers who get the variant, 0 to 1.")
    shadow_share: float = Field(
        0,
        ge=0,
        le=1,
        description="Share of questions that the other side answers too, in the background and shown to nobody.",
    )
    groups: tuple[str, ...] = Field(
        (), description='Principals that take part, as JSON list like `["group:it"]`. Empty: all.'
    )
    channels: tuple[str, ...] = Field(
        (), description="Channels that take part, as JSON list: `streamlit`, `slack`. Empty: all."
    )

    _normal = field_validator("groups")(normal_principals)


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
    database_url: SecretStr = Field(
        SecretStr(""),
        description="Address of a PostgreSQL database for the catalogue, like "
        "`postgresql://USER:PASSWORD@HOST:5432/DATABASE` (extra `postgres`). Empty: SQLite in the data folder.",
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
        description="How answers are written. `extractive` quotes the documents word for word, offline; "
        "`PROVIDER:MODEL` asks a language model (providers: openai-like, openai, anthropic, azure, bedrock, vertex). "
        "Several with commas are asked in that order; quoting is always the last resort.",
    )
    llm_base_url: str = Field(
        "", description="Address of the language model's API, like `http://localhost:11434/v1`."
    )
    llm_api_key: SecretStr | None = Field(None, description="Its API key.")
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
    generation: GenerationSettings = GenerationSettings()
    providers: ProvidersSettings = ProvidersSettings()
    budget: BudgetSettings = BudgetSettings()
    grounding: GroundingSettings = GroundingSettings()
    privacy: PrivacySettings = PrivacySettings()
    tracing: TracingSettings = TracingSettings()
    qdrant: QdrantSettings = QdrantSettings()
    web: WebSettings = WebSettings()
    slack: SlackSettings = SlackSettings()
    oidc: OidcSettings = OidcSettings()
    roles: RolesSettings = RolesSettings()
    experiment: ExperimentSettings = ExperimentSettings()
    evaluation: EvaluationSettings = EvaluationSettings()


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


def embedded_settings(settings: Settings, data_dir: Path) -> Settings:
    """Return the settings of a folder that has everything in it, catalogue and search store, whatever others use."""
    own = {"data_dir": data_dir, "store": "faiss", "database_url": SecretStr("")}
    return settings.model_copy(update=own)


def environment_for(settings: Settings) -> dict[str, str]:
    """Return the environment of a command that this process starts on its own knowledge base."""
    own = {
        "FOOTNOTE_DATA_DIR": str(settings.data_dir.absolute()),
        "FOOTNOTE_SOURCES_FILE": str(settings.sources_file.absolute()),
        "FOOTNOTE_DATABASE_URL": settings.database_url.get_secret_value(),
    }
    return {**os.environ, **own}
