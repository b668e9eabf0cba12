"""LlamaIndex's model of each provider, with its own retries off, and how its chunks say what we want to know.

Each builder imports its libraries when it is called. Each reader knows the shape of one protocol's chunks, because
LlamaIndex passes on the text but not always why it ended (Bedrock, Gemini) or what was used.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from app.generation.connections import current_connections, watched_client
from app.generation.llama_index_model import Ending, VendorModel
from app.generation.reply_names import note_name

Arguments = Callable[[int], Mapping[str, Any]]
Read = Callable[[Any, Ending], None]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where and how one model is reached; every field is set. Times are in seconds."""

    model: str
    base_url: str
    is_local: bool
    api_key: SecretStr
    context_window: int
    temperature: float
    seed: int | None
    connect_s: float
    read_s: float
    api_version: str = ""
    region: str = ""
    project: str = ""

    def client(self, httpx: Any) -> Any:
        """Return an HTTP client of the module `httpx` for this endpoint."""
        return watched_client(httpx, self.connect_s, self.read_s, self.is_local)


class ChatModel:
    """A LlamaIndex model, the arguments of one request, and the reader of its chunks."""

    def __init__(self, llm: Any, arguments: Arguments, read: Read) -> None:
        self._llm = llm
        self._arguments = arguments
        self._read = read

    def chunks(self, messages: Sequence[Any], max_tokens: int, ending: Ending) -> Iterator[str]:
        """See `VendorModel`."""
        for chunk in self._llm.stream_chat(messages, **self._arguments(max_tokens)):
            self._read(chunk, ending)
            yield chunk.delta or ""


def open_openai(endpoint: Endpoint) -> VendorModel:
    """Anything that speaks OpenAI's chat completions; also OpenAI itself."""
    import httpx
    from llama_index.llms.openai_like import OpenAILike

    llm = OpenAILike(
        model=endpoint.model,
        api_base=endpoint.base_url,
        # Never empty: LlamaIndex would send OPENAI_API_KEY of the environment to whatever server this is.
        api_key=endpoint.api_key.get_secret_value() or "none",
        context_window=endpoint.context_window,
        is_chat_model=True,
        temperature=endpoint.temperature,
        max_retries=0,
        http_client=endpoint.client(httpx),
        additional_kwargs=_openai_extras(endpoint),
    )
    _import_rest(llm)
    # OpenAI's newer models know only the new name, every other server knows the old one.
    name = "max_completion_tokens" if "api.openai.com" in endpoint.base_url else "max_tokens"
    return ChatModel(llm, lambda tokens: {name: tokens}, _read_openai)


def open_azure(endpoint: Endpoint) -> VendorModel:
    """A deployment of Azure OpenAI, by its name."""
    import httpx
    from llama_index.llms.azure_openai import AzureOpenAI
    from llama_index.llms.openai.utils import CHAT_MODELS

    llm = AzureOpenAI(
        # LlamaIndex takes a model that it does not know for one without chat; deployments have free names.
        model=endpoint.model if endpoint.model in CHAT_MODELS else "gpt-4o",
        engine=endpoint.model,
        azure_endpoint=endpoint.base_url,
        api_version=endpoint.api_version,
        api_key=endpoint.api_key.get_secret_value(),
        temperature=endpoint.temperature,
        max_retries=0,
        http_client=endpoint.client(httpx),
        additional_kwargs=_openai_extras(endpoint),
    )
    _import_rest(llm)
    return ChatModel(llm, lambda tokens: {"max_completion_tokens": tokens}, _read_openai)


def open_anthropic(endpoint: Endpoint) -> VendorModel:
    """Anthropic's messages."""
    import anthropic
    import httpx
    from llama_index.llms.anthropic import Anthropic

    key = endpoint.api_key.get_secret_value()
    llm = Anthropic(
        model=endpoint.model,
        api_key=key,
        base_url=endpoint.base_url,
        temperature=endpoint.temperature,
        max_retries=0,
    )
    # LlamaIndex takes no client of ours here; the SDK's own would follow redirects with the prompt.
    llm._client = anthropic.Anthropic(
        api_key=key,
        base_url=endpoint.base_url,
        max_retries=0,
        http_client=endpoint.client(httpx),
    )
    # The SDK takes it from ANTHROPIC_AUTH_TOKEN and would send it along to whatever address this is.
    llm._client.auth_token = None
    return ChatModel(llm, lambda tokens: {"max_tokens": tokens}, _read_anthropic)


def open_bedrock(endpoint: Endpoint) -> VendorModel:
    """Bedrock's converse-stream; keys are `ID:SECRET`, or what AWS's usual places hold."""
    import boto3
    from botocore.config import Config
    from llama_index.llms.bedrock_converse import BedrockConverse

    key_id, _, secret = endpoint.api_key.get_secret_value().partition(":")
    session = boto3.Session(
        aws_access_key_id=key_id or None,
        aws_secret_access_key=secret or None,
        region_name=endpoint.region,
    )
    config = Config(
        retries={"total_max_attempts": 1},
        connect_timeout=endpoint.connect_s,
        read_timeout=endpoint.read_s,
        proxies={} if endpoint.is_local else None,
    )
    client = session.client(
        "bedrock-runtime", endpoint_url=endpoint.base_url or None, config=config
    )
    client.meta.events.register("before-send.bedrock-runtime.ConverseStream", _use_once)
    client.meta.events.register("after-call.bedrock-runtime.ConverseStream", _keep_event_stream)
    llm = BedrockConverse(
        model=endpoint.model,
        client=client,
        temperature=endpoint.temperature,
        region_name=endpoint.region,
        max_retries=1,
    )
    return _ObservedModel(llm, lambda tokens: {"max_tokens": tokens})


def open_vertex(endpoint: Endpoint) -> VendorModel:
    """Gemini: with a project on Vertex AI by Google's default credentials, else by an API key."""
    import httpx
    from google.genai import types
    from llama_index.llms.google_genai import GoogleGenAI

    options: dict[str, Any] = {"httpx_client": endpoint.client(httpx)}
    if endpoint.base_url:
        options["base_url"] = endpoint.base_url
    vertex = {"project": endpoint.project, "location": endpoint.region}
    llm = GoogleGenAI(
        model=endpoint.model,
        api_key=endpoint.api_key.get_secret_value() or None,
        vertexai_config=vertex if endpoint.project else None,
        http_options=options,
        temperature=endpoint.temperature,
        # Both are needed: without them LlamaIndex asks the provider about the model when it is opened.
        max_tokens=1024,
        context_window=endpoint.context_window,
        generation_config=types.GenerateContentConfig(
            temperature=endpoint.temperature, seed=endpoint.seed
        ),
        max_retries=0,
        file_mode="inline",
    )
    models = llm._client.models
    models.generate_content_stream = _observed(models.generate_content_stream)
    return _ObservedModel(llm, lambda tokens: {"generation_config": {"max_output_tokens": tokens}})


class _ObservedModel(ChatModel):
    """A model whose library drops chunks that say why it ended: they are read before it sees them."""

    def __init__(self, llm: Any, arguments: Arguments) -> None:
        super().__init__(llm, arguments, lambda chunk, ending: None)

    def chunks(self, messages: Sequence[Any], max_tokens: int, ending: Ending) -> Iterator[str]:
        """See `VendorModel`."""
        connections = current_connections()
        connections.ending = ending
        yield from super().chunks(messages, max_tokens, ending)


def _import_rest(llm: Any) -> None:
    """Import now what OpenAI's client leaves to its first request, 0.5 s of the reader's time."""
    _ = llm._get_client().chat.completions


def _openai_extras(endpoint: Endpoint) -> dict[str, Any]:
    extras: dict[str, Any] = {"stream_options": {"include_usage": True}}
    if endpoint.seed is not None:
        extras["seed"] = endpoint.seed
    return extras


def _read_openai(chunk: Any, ending: Ending) -> None:
    raw = chunk.raw
    note_name(raw.model, getattr(raw, "system_fingerprint", None))
    for choice in raw.choices[:1]:
        ending.note(choice.finish_reason)
    if raw.usage is not None:
        ending.note(None, raw.usage.prompt_tokens, raw.usage.completion_tokens)


def _read_anthropic(chunk: Any, ending: Ending) -> None:
    said = chunk.message.additional_kwargs
    used = said.get("usage") or {}
    ending.note(said.get("stop_reason"), used.get("input_tokens"), used.get("output_tokens"))


def _read_bedrock(event: Any, ending: Ending) -> None:
    used = event.get("metadata", {}).get("usage", {})
    reason = event.get("messageStop", {}).get("stopReason")
    ending.note(reason, used.get("inputTokens"), used.get("outputTokens"))


def _read_gemini(response: Any, ending: Ending) -> None:
    for candidate in (response.candidates or ())[:1]:
        ending.note(candidate.finish_reason)
    note_name(response.model_version)
    blocked = getattr(response.prompt_feedback, "block_reason", None)
    used = response.usage_metadata
    ending.note(
        "blocked" if blocked else None,
        getattr(used, "prompt_token_count", None),
        getattr(used, "candidates_token_count", None),
    )


def _use_once(request: Any, **_: Any) -> None:
    """Let the connection end with the answer; said after signing, which leaves this header out."""
    request.headers["Connection"] = "close"


def _keep_event_stream(parsed: dict[str, Any], **_: Any) -> None:
    """Put an observer around the event stream of an answer of Bedrock, and let it be broken off."""
    stream = parsed.get("stream")
    if stream is None:
        return
    connections = current_connections()
    connections.add(lambda: stream._raw_stream.shutdown())
    parsed["stream"] = _noting(stream, connections.ending, _read_bedrock)


def _observed(stream_of: Callable[..., Iterator[Any]]) -> Callable[..., Iterator[Any]]:
    def observed(*args: Any, **kwargs: Any) -> Iterator[Any]:
        ending = current_connections().ending
        return _noting(stream_of(*args, **kwargs), ending, _read_gemini)

    return observed


def _noting(chunks: Any, ending: Ending | None, read: Read) -> Iterator[Any]:
    try:
        for chunk in chunks:
            if ending is not None:
                read(chunk, ending)
            yield chunk
    finally:
        chunks.close()
