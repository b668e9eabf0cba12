"""Every provider is spoken to in its own protocol, over HTTP, and its failures are told apart; keys stay secret."""

import json
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from llm_server import DEFAULT_TEXT, OAUTH_TOKEN, LlmServer, Reply, llm_server, says
from pydantic import SecretStr

from app.generation.llama_index_model import AnswerStream, LlamaIndexModel, VendorModel
from app.generation.providers import PROVIDERS, LlmAccess, open_language_model
from core.errors import ConfigError, ModelFailure
from core.generation import ChatMessage, TokenUsage

pytestmark = pytest.mark.integration

KEY = "sk-very-secret-0123456789"
PROMPT = [
    ChatMessage("system", "Answer from the passages."),
    ChatMessage("user", "How many days?"),
    ChatMessage("assistant", "Of leave?"),
    ChatMessage("user", "Yes, of leave."),
]
ACCESS = LlmAccess(api_key=SecretStr(KEY), read_s=1.0)


@dataclass(frozen=True)
class Spoken:
    """How one provider is named here, and how its requests look."""

    spec: str
    access: LlmAccess
    path: str
    key_header: str
    limit: tuple[str, ...]
    temperature: tuple[str, ...]
    base: str = ""
    library: str = ""


SPOKEN = {
    "openai-like": Spoken(
        "openai-like:qwen3-8b", ACCESS, "/v1/chat/completions", "authorization", ("max_tokens",), ("temperature",), "/v1"
    ),
    "openai": Spoken(
        "openai:gpt-4.1-mini", ACCESS, "/v1/chat/completions", "authorization", ("max_tokens",), ("temperature",), "/v1"
    ),
    "azure": Spoken(
        "azure:our-deployment", ACCESS, "/openai/deployments/our-deployment/chat/completions", "api-key",
        ("max_completion_tokens",), ("temperature",), library="llama_index.llms.azure_openai",
    ),
    "anthropic": Spoken(
        "anthropic:claude-haiku-4-5", ACCESS, "/v1/messages", "x-api-key", ("max_tokens",), ("temperature",),
        library="llama_index.llms.anthropic",
    ),
    "bedrock": Spoken(
        "bedrock:eu.amazon.nova-lite-v1:0", replace(ACCESS, api_key=SecretStr(f"AKIA123:{KEY}"), region="eu-central-1"),
        "/model/eu.amazon.nova-lite-v1:0/converse-stream", "authorization",
        ("inferenceConfig", "maxTokens"), ("inferenceConfig", "temperature"),
        library="llama_index.llms.bedrock_converse",
    ),
    "vertex": Spoken(
        "vertex:gemini-2.5-flash", ACCESS, "/v1beta/models/gemini-2.5-flash:streamGenerateContent", "x-goog-api-key",
        ("generationConfig", "maxOutputTokens"), ("generationConfig", "temperature"),
        library="llama_index.llms.google_genai",
    ),
}  # fmt: skip


@pytest.fixture(params=SPOKEN)
def spoken(request: pytest.FixtureRequest) -> Spoken:
    chosen = SPOKEN[request.param]
    if chosen.library:
        pytest.importorskip(chosen.library)
    return chosen


def stream_of(spoken: Spoken, server: LlmServer) -> AnswerStream:
    access = replace(spoken.access, base_url=server.url + spoken.base)
    return open_language_model(spoken.spec, access, offline=True).stream(PROMPT, 77)


def told(stream: AnswerStream) -> tuple[str, list[TokenUsage], ModelFailure | None]:
    text, usage = "", []
    try:
        for piece in stream:
            if isinstance(piece, TokenUsage):
                usage.append(piece)
            else:
                text += piece
    except ModelFailure as failure:
        return text, usage, failure
    return text, usage, None


def test_every_provider_has_a_contract_here() -> None:
    assert set(SPOKEN) == set(PROVIDERS)


def test_the_answer_comes_word_by_word_and_then_what_was_used(spoken: Spoken) -> None:
    with llm_server("ok") as server:
        pieces = list(stream_of(spoken, server))
    texts = [piece for piece in pieces if isinstance(piece, str) and piece]
    assert "".join(texts) == DEFAULT_TEXT
    assert len(texts) > 10
    assert pieces[-1] == TokenUsage(321, 21)
    assert sum(isinstance(piece, TokenUsage) for piece in pieces) == 1


def test_the_request_is_the_providers_own(spoken: Spoken) -> None:
    with llm_server("ok") as server:
        told(stream_of(spoken, server))
    (sent,) = server.requests
    assert sent.path == spoken.path
    assert _at(sent.body, spoken.limit) == 77
    assert _at(sent.body, spoken.temperature) == 0
    assert [text for _, text in sent.messages] == [message.text for message in PROMPT]
    assert [role for role, _ in sent.messages][:2] == ["system", "user"]


def test_the_key_is_in_its_header_and_nowhere_else(spoken: Spoken) -> None:
    with llm_server("ok") as server:
        told(stream_of(spoken, server))
    (sent,) = server.requests
    if spoken.spec.startswith("bedrock"):
        signature = sent.headers["authorization"]
        assert signature.startswith("AWS4-HMAC-SHA256 Credential=AKIA123/")
        assert "/eu-central-1/bedrock/aws4_request" in signature
        assert "x-amz-date" in sent.headers
        assert KEY not in json.dumps(sent.headers)
    else:
        assert KEY in sent.headers.pop(spoken.key_header)
        assert KEY not in json.dumps(sent.headers)
    assert KEY not in sent.raw.decode() + sent.path + json.dumps(sent.query)


def test_azure_names_the_version_of_its_interface() -> None:
    with llm_server("ok") as server:
        told(stream_of(SPOKEN["azure"], server))
    assert server.requests[0].query == {"api-version": "2024-10-21"}


@pytest.mark.parametrize("name", ["openai-like", "openai", "azure", "vertex"])
def test_a_seed_is_sent_where_the_provider_has_one(name: str) -> None:
    if SPOKEN[name].library:
        pytest.importorskip(SPOKEN[name].library)
    with llm_server("ok") as server:
        told(stream_of(SPOKEN[name], server))
    body = server.requests[0].body
    assert body.get("generationConfig", body)["seed"] == 0


FAILURES = [
    ("rate_limited", "rate_limited", 0),
    ("server_error", "server_error", 0),
    ("overloaded", "overloaded", 0),
    ("unauthorized", "authentication", 0),
    ("forbidden", "authentication", 0),
    ("unknown_model", "refused", 0),
    ("bad_request", "refused", 0),
    ("window_exceeded", "window_exceeded", 0),
    ("content_filter", "refused", 2),
    ("cut_at_limit", "too_long", len(DEFAULT_TEXT)),
    ("never_starts", "first_token_timeout", 0),
    ("stall", "stalled", 18),
    ("disconnect", "disconnected", 18),
    ("disconnect_before", "disconnected", 0),
    ("hang_up", "disconnected", 0),
    ("truncated", "disconnected", 18),
    ("invalid_json", "malformed", 0),
    ("invalid_json_later", "malformed", 18),
    ("empty", "empty", 0),
]


@pytest.mark.parametrize(("script", "kind", "received"), FAILURES)
def test_each_failure_is_told_apart_and_sent_once(
    spoken: Spoken, script: str, kind: str, received: int
) -> None:
    with llm_server(script) as server:
        text, _, failure = told(stream_of(spoken, server))
        assert failure is not None
        assert (failure.kind, failure.received) == (kind, received)
        assert DEFAULT_TEXT.startswith(text) or text == "I "
        assert len(text) == received
        assert len(server.requests) == 1, "a library repeated the request by itself"
        assert repr(spoken.spec) in str(failure)
        assert KEY not in str(failure) + repr(failure)
        # Vendors' errors hold the prompt and the key: a logged traceback must not reach one.
        assert failure.__cause__ is None
        assert failure.__context__ is None


def test_an_error_in_the_stream_is_one_of_the_provider(spoken: Spoken) -> None:
    with llm_server("error_event") as server:
        _, _, failure = told(stream_of(spoken, server))
    assert failure is not None
    assert failure.kind in ("server_error", "overloaded", "rate_limited")
    assert failure.received == 18


def test_the_pause_that_the_provider_asks_for_is_passed_on(spoken: Spoken) -> None:
    with llm_server("rate_limited") as server:
        _, _, failure = told(stream_of(spoken, server))
    assert failure is not None
    assert failure.retry_after == 1.0


def test_what_is_used_is_zero_where_the_provider_does_not_say() -> None:
    with llm_server("no_usage") as server:
        _, usage, _ = told(stream_of(SPOKEN["openai-like"], server))
    assert usage == [TokenUsage(0, 0)]


def test_thoughts_are_signs_of_life_and_no_text() -> None:
    with llm_server("thinking") as server:
        pieces = list(stream_of(SPOKEN["openai-like"], server))
    assert pieces[:3] == ["", "", ""]
    assert "Let me see" not in "".join(piece for piece in pieces if isinstance(piece, str))


def test_closing_wakes_a_read_that_waits_and_hangs_up(spoken: Spoken) -> None:
    patient = replace(spoken, access=replace(spoken.access, read_s=30.0))
    with llm_server("stall") as server:
        stream = stream_of(patient, server)
        reader = threading.Thread(target=told, args=(stream,))
        reader.start()
        end = time.monotonic() + 20
        while time.monotonic() < end and not (
            server.requests and server.requests[0].pieces_sent == 3
        ):
            time.sleep(0.01)
        time.sleep(0.1)
        stream.close()
        reader.join(3)
        assert not reader.is_alive()
        assert server.requests[0].finished.wait(3)
        assert server.requests[0].client_left


def test_a_redirect_is_not_followed_with_the_prompt(spoken: Spoken) -> None:
    with llm_server("ok") as elsewhere:
        moved = Reply(status=307, headers=(("Location", elsewhere.url + spoken.path),))
        with llm_server(moved) as server:
            _, _, failure = told(stream_of(spoken, server))
        assert failure is not None
        assert elsewhere.requests == []


def test_a_key_of_the_environment_is_not_sent_to_another_server(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.setenv("OPENAI_API_BASE", "http://192.0.2.1/v1")
    with llm_server("ok") as server:
        access = LlmAccess(base_url=server.openai_url)
        told(open_language_model("openai-like:m", access).stream(PROMPT, 10))
        assert server.requests[0].headers["authorization"] == "Bearer none"


def test_a_token_of_the_environment_is_not_sent_along(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("llama_index.llms.anthropic")
    monkeypatch.setenv("ANTHROPIC_AUTH_TOKEN", "a-token-of-somebody")
    with llm_server("ok") as server:
        assert told(stream_of(SPOKEN["anthropic"], server))[0] == DEFAULT_TEXT
        assert "a-token-of-somebody" not in json.dumps(server.requests[0].headers)


@pytest.mark.parametrize("model", ["gpt-4.1-mini", "gpt-5-mini", "o3", "a-model-of-tomorrow"])
def test_every_model_of_openai_gets_a_request_that_it_takes(model: str) -> None:
    with llm_server("ok") as server:
        access = replace(ACCESS, base_url=server.openai_url)
        text, _, failure = told(open_language_model(f"openai:{model}", access).stream(PROMPT, 77))
    assert (text, failure) == (DEFAULT_TEXT, None)
    sent = server.requests[0].body
    # Models that think refuse any temperature but 1, and the old name of the limit.
    thinks = model in ("gpt-5-mini", "o3")
    assert sent["temperature"] == (1 if thinks else 0)
    assert sent["max_completion_tokens" if thinks else "max_tokens"] == 77


def test_no_proxy_is_asked_for_addresses_of_this_machine(
    spoken: Spoken, monkeypatch: pytest.MonkeyPatch
) -> None:
    with llm_server("ok") as proxy, llm_server(says("Direct.")) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert told(stream_of(spoken, server))[0] == "Direct."
        assert proxy.requests == []


def test_vertex_takes_the_credentials_of_a_service_account(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llama_index.llms.google_genai")
    serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
    from cryptography.hazmat.primitives.asymmetric import rsa

    private = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with llm_server("ok") as server:
        account = tmp_path / "account.json"
        account.write_text(
            json.dumps(
                {
                    "type": "service_account",
                    "client_email": "footnote@our-project.iam.gserviceaccount.com",
                    "private_key": private.decode(),
                    "private_key_id": "1",
                    "project_id": "our-project",
                    "token_uri": f"{server.url}/token",
                }
            )
        )
        monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(account))
        access = LlmAccess(base_url=server.url, project="our-project", region="europe-west4")
        text, _, failure = told(
            open_language_model("vertex:gemini-2.5-flash", access).stream(PROMPT, 77)
        )
    assert (text, failure) == (DEFAULT_TEXT, None)
    (sent,) = server.requests
    assert sent.headers["authorization"] == f"Bearer {OAUTH_TOKEN}"
    assert sent.path.endswith(
        "/projects/our-project/locations/europe-west4/publishers/google/models/gemini-2.5-flash:streamGenerateContent"
    )


def test_missing_credentials_of_the_cloud_are_a_failure_of_that_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("llama_index.llms.google_genai")
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    access = LlmAccess(base_url="http://localhost:1", project="p", region="europe-west4")
    with pytest.raises(ModelFailure) as raised:
        list(open_language_model("vertex:gemini-2.5-flash", access).stream(PROMPT, 10))
    assert raised.value.kind == "authentication"


def test_a_client_that_cannot_be_opened_is_a_failure_without_its_details() -> None:
    def build() -> VendorModel:
        raise ValueError(f"bad key {KEY}")

    model = LlamaIndexModel("test:m", 1000, build)
    model.warm_up().join()
    with pytest.raises(ModelFailure) as raised:
        model.stream(PROMPT, 10)
    assert raised.value.kind == "refused"
    assert "ValueError" in str(raised.value)
    assert KEY not in str(raised.value)
    assert raised.value.__context__ is None


@pytest.mark.parametrize(
    ("spec", "access", "said"),
    [
        ("gpt-4.1", LlmAccess(), "providers are openai-like, openai, anthropic, azure, bedrock, vertex"),
        ("mistral:large", LlmAccess(), "providers are openai-like, openai"),
        ("openai-like:", LlmAccess(), "Set FOOTNOTE_LLM to PROVIDER:MODEL"),
        ("openai-like:m", LlmAccess(), "needs the address of its server"),
        ("openai:gpt-4.1", LlmAccess(), "needs an API key"),
        ("openai:gpt-4.1", LlmAccess(api_key=SecretStr("")), "needs an API key"),
        ("azure:d", LlmAccess(), "(FOOTNOTE_LLM_BASE_URL) and an API key (FOOTNOTE_LLM_API_KEY)"),
        ("bedrock:m", LlmAccess(), "needs a region"),
        ("vertex:m", LlmAccess(), "needs a project on Vertex AI (FOOTNOTE_GENERATION__PROJECT) or an API key"),
        ("openai-like:m", LlmAccess(base_url="localhost:8000"), "no http or https address"),
        ("openai-like:m", LlmAccess(base_url="http://[::1/v1"), "no http or https address"),
        ("openai-like:m", LlmAccess(base_url="http://ann:pw@localhost/v1"), "a user name, a password or a query"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_work_is_refused_with_a_sentence(
    spec: str, access: LlmAccess, said: str
) -> None:
    with pytest.raises(ConfigError) as raised:
        open_language_model(spec, access)
    assert said in str(raised.value)
    assert "pw" not in str(raised.value)


@pytest.mark.parametrize(
    "url",
    ["https://llm.example.org/v1", "http://10.0.0.7:8000/v1", "http://localhost.example.org/v1", "http://0.0.0.0/v1"],
)  # fmt: skip
def test_offline_no_address_of_another_machine_is_opened(url: str) -> None:
    with pytest.raises(ConfigError, match="FOOTNOTE_OFFLINE"):
        open_language_model("openai-like:m", LlmAccess(base_url=url), offline=True)


@pytest.mark.parametrize("name", ["openai", "anthropic", "vertex", "bedrock"])
def test_offline_no_provider_of_the_cloud_is_opened(name: str) -> None:
    with pytest.raises(ConfigError, match="FOOTNOTE_OFFLINE"):
        open_language_model(SPOKEN[name].spec, SPOKEN[name].access, offline=True)


@pytest.mark.parametrize(
    "url", ["http://localhost:1/v1", "http://127.1.2.3/v1", "http://[::1]:9/v1"]
)
def test_offline_this_machine_is_opened(url: str) -> None:
    assert open_language_model("openai-like:m", LlmAccess(base_url=url), offline=True).spec


@pytest.mark.parametrize("name", ["anthropic", "azure", "bedrock", "vertex"])
def test_a_missing_extra_is_named_with_its_command(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacking = replace(PROVIDERS[name], modules=("llama_index.llms.not_installed",))
    monkeypatch.setitem(PROVIDERS, name, lacking)
    access = replace(SPOKEN[name].access, base_url="http://localhost:1")
    with pytest.raises(ConfigError) as raised:
        open_language_model(SPOKEN[name].spec, access)
    assert f"pip install 'footnote[{name}]'" in str(raised.value)


def test_a_key_is_in_no_repr() -> None:
    access = LlmAccess(base_url="http://localhost:1/v1", api_key=SecretStr(KEY))
    model = open_language_model("openai-like:m", access)
    assert KEY not in repr(access) + repr(model) + str(vars(model))


def test_opening_a_model_imports_no_library_of_any_provider(tmp_path: Path) -> None:
    code = (
        "import sys\n"
        "from app.generation.chain import ModelChain\n"
        "from app.generation.providers import LlmAccess, open_language_model\n"
        "from app.generation.resilience import ResilientModel\n"
        "model = open_language_model('openai-like:m', LlmAccess(base_url='http://localhost:1/v1'))\n"
        "ModelChain([ResilientModel(model)])\n"
        "heavy = {'llama_index.core', 'openai', 'anthropic', 'boto3', 'google.genai', 'httpx', 'requests'}\n"
        "print(sorted(heavy & set(sys.modules)))\n"
    )
    done = subprocess.run(
        [sys.executable, "-I", "-W", "error", "-c", code],
        capture_output=True, text=True, check=False, cwd=tmp_path,
    )  # fmt: skip
    assert (done.stdout.strip(), done.stderr) == ("[]", "")


def _at(body: object, keys: tuple[str, ...]) -> object:
    for key in keys:
        assert isinstance(body, dict)
        body = body[key]
    return body
