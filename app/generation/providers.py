"""Opens the language model that a setting names: `PROVIDER:MODEL`, like `openai-like:qwen3-8b`.

    openai-like   anything that speaks OpenAI's chat completions: vLLM, Ollama, llama.cpp, LM Studio, LiteLLM
    openai        OpenAI                     azure     a deployment of Azure OpenAI
    anthropic     Anthropic                  bedrock   Bedrock's converse-stream
    vertex        Gemini on Vertex AI, or by an API key

Nothing is imported or asked when a model is opened: what is wrong with a setting is said at once, the rest when the
first answer is asked for. Keys reach the provider's library only; no message, log or `repr` has one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from urllib.parse import urlsplit

from pydantic import SecretStr

from app.generation import vendors
from app.generation.llama_index_model import LlamaIndexModel, VendorModel
from core.errors import ConfigError
from core.loopback import is_loopback


@dataclass(frozen=True, slots=True)
class LlmAccess:
    """How to reach a model. Times are in seconds; '' and None take the provider's default.

    `read_s` is the longest silence on the connection. `region` and `project` are for Bedrock and Vertex,
    `api_version` for Azure. Bedrock's key is `ID:SECRET`.
    """

    base_url: str = ""
    api_key: SecretStr | None = None
    context_window: int | None = None
    temperature: float = 0.0
    seed: int | None = 0
    connect_s: float = 10.0
    read_s: float = 60.0
    api_version: str = ""
    region: str = ""
    project: str = ""


@dataclass(frozen=True, slots=True)
class _Provider:
    """What opening a model of a provider takes; the window is what its current models have at least."""

    build: Callable[[vendors.Endpoint], VendorModel]
    modules: tuple[str, ...]
    extra: str
    base_url: str
    needs: tuple[str, ...]
    context_window: int
    api_version: str = ""


PROVIDERS: dict[str, _Provider] = {
    "openai-like": _Provider(
        vendors.open_openai, ("llama_index.llms.openai_like",), "", "", ("base_url",), 8_192
    ),
    "openai": _Provider(
        vendors.open_openai,
        ("llama_index.llms.openai_like",),
        "",
        "https://api.openai.com/v1",
        ("api_key",),
        128_000,
    ),
    "anthropic": _Provider(
        vendors.open_anthropic,
        ("llama_index.llms.anthropic",),
        "anthropic",
        "https://api.anthropic.com",
        ("api_key",),
        200_000,
    ),
    "azure": _Provider(
        vendors.open_azure,
        ("llama_index.llms.azure_openai",),
        "azure",
        "",
        ("base_url", "api_key"),
        128_000,
        "2024-10-21",
    ),
    "bedrock": _Provider(
        vendors.open_bedrock,
        ("llama_index.llms.bedrock_converse", "boto3"),
        "bedrock",
        "",
        ("region",),
        32_000,
    ),
    "vertex": _Provider(
        vendors.open_vertex, ("llama_index.llms.google_genai",), "vertex", "", (), 128_000
    ),
}
"""By name, in the order in which an error lists them."""

_NEEDS = {
    "base_url": "the address of its server (FOOTNOTE_LLM_BASE_URL)",
    "api_key": "an API key (FOOTNOTE_LLM_API_KEY)",
    "region": "a region (FOOTNOTE_GENERATION__REGION)",
}


def open_language_model(spec: str, access: LlmAccess, offline: bool = False) -> LlamaIndexModel:
    """Return the model that `spec` names; the provider is asked nothing yet.

    Raises:
        ConfigError: the spec is unknown, something it needs is missing, its extra is not installed, or its
            address is not on this machine while `offline` is set.
    """
    name, _, model = spec.partition(":")
    provider = PROVIDERS.get(name)
    if provider is None or not model:
        raise ConfigError(
            f"The language model {spec!r} is not known. Set FOOTNOTE_LLM to PROVIDER:MODEL, or to extractive; providers "
            f"are {', '.join(PROVIDERS)}."
        )
    base_url = (access.base_url or provider.base_url).rstrip("/")
    _check_complete(spec, provider, access)
    is_local = _check_address(spec, base_url, access, offline)
    _check_installed(spec, provider)
    endpoint = vendors.Endpoint(
        model=model,
        base_url=base_url,
        is_local=is_local,
        api_key=access.api_key or SecretStr(""),
        context_window=access.context_window or provider.context_window,
        temperature=access.temperature,
        seed=access.seed,
        connect_s=access.connect_s,
        read_s=access.read_s,
        api_version=access.api_version or provider.api_version,
        region=access.region,
        project=access.project,
    )
    return LlamaIndexModel(spec, endpoint.context_window, lambda: provider.build(endpoint))


def _check_complete(spec: str, provider: _Provider, access: LlmAccess) -> None:
    missing = [_NEEDS[need] for need in provider.needs if not _has(access, need)]
    if not missing and provider.extra == "vertex" and not (access.project or access.api_key):
        missing = [
            "a project on Vertex AI (FOOTNOTE_GENERATION__PROJECT) or an API key of Gemini (FOOTNOTE_LLM_API_KEY)"
        ]
    if missing:
        raise ConfigError(
            f"The language model {spec!r} needs {' and '.join(missing)}, and it is not set."
        )


def _has(access: LlmAccess, need: str) -> bool:
    value = getattr(access, need)
    return bool(value.get_secret_value() if isinstance(value, SecretStr) else value)


def _check_address(spec: str, base_url: str, access: LlmAccess, offline: bool) -> bool:
    """Return whether the address is on this machine.

    Raises:
        ConfigError: it is no address, has a password in it, or leaves this machine although that is forbidden.
    """
    # Also where there is no address: the vendor's own is elsewhere.
    try:
        parts = urlsplit(base_url)
        host = parts.hostname or ""
        is_local = is_loopback(host)
        is_address = parts.scheme in ("http", "https") and bool(host)
    except ValueError:
        host, is_local, is_address, parts = "", False, False, urlsplit("")
    if base_url and not is_address:
        raise ConfigError(
            f"The address of the language model {spec!r} is no http or https address. Write it like "
            "'http://localhost:8000/v1'."
        )
    if parts.username or parts.password or parts.query:
        raise ConfigError(
            f"The address of the language model {spec!r} has a user name, a password or a query in it. "
            "Set the API key by itself, as FOOTNOTE_LLM_API_KEY."
        )
    # Without a key, these two ask the cloud's own services for credentials.
    asks_cloud = spec.startswith(("bedrock:", "vertex:")) and not access.api_key
    if offline and (not is_local or asks_cloud):
        raise ConfigError(
            f"The language model {spec!r} is at {host or 'its provider'!r}, and FOOTNOTE_OFFLINE lets nothing leave "
            "this machine. Set FOOTNOTE_LLM_BASE_URL to a server on this machine, or unset FOOTNOTE_OFFLINE."
        )
    return is_local


def _check_installed(spec: str, provider: _Provider) -> None:
    for module in provider.modules:
        if not _is_installed(module):
            wanted = f"footnote[{provider.extra}]" if provider.extra else "footnote"
            raise ConfigError(
                f"The language model {spec!r} needs the package {module!r}, which is not installed. "
                f"Run: pip install '{wanted}'."
            )


def _is_installed(module: str) -> bool:
    # LlamaIndex's packages share folders without code, so that looking for one imports none.
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:
        return False
