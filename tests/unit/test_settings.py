"""Settings come from FOOTNOTE_* and `.env`, cannot be changed, and a wrong one is named."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import ConfigError
from core.settings import ChunkSettings, load_settings


def test_variables_have_the_prefix_and_nest_with_two_underscores(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("FOOTNOTE_DATA_DIR", "/somewhere")
    monkeypatch.setenv("FOOTNOTE_CHUNK__MAX_TOKENS", "200")
    monkeypatch.setenv("LLM", "ignored")
    settings = load_settings()
    assert settings.data_dir == Path("/somewhere")
    assert settings.chunk.max_tokens == 200
    assert settings.chunk.prefix_tokens == ChunkSettings().prefix_tokens
    assert settings.llm == "extractive"


def test_a_dotenv_file_is_read_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("FOOTNOTE_WEB__PORT=9000\nFOOTNOTE_WEB__HOST=0.0.0.0\nOTHER=1\n")
    monkeypatch.setenv("FOOTNOTE_WEB__HOST", "127.0.0.2")
    settings = load_settings()
    assert (settings.web.port, settings.web.host) == (9000, "127.0.0.2")


def test_an_option_wins_over_the_environment_unless_it_was_not_given() -> None:
    assert load_settings(data_dir=Path("x")).data_dir == Path("x")
    assert load_settings(data_dir=None).data_dir != Path("x")


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_CHUNK__MAX_TOKENS", "")
    monkeypatch.setenv("FOOTNOTE_LOG_LEVEL", "")
    settings = load_settings()
    assert (settings.chunk, settings.log_level) == (ChunkSettings(), "info")


def test_settings_cannot_be_changed() -> None:
    settings = load_settings()
    with pytest.raises(ValidationError, match="frozen"):
        settings.llm = "other"
    with pytest.raises(ValidationError, match="frozen"):
        settings.chunk.max_tokens = 1


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FOOTNOTE_CHUNK__MAX_TOKENS", "many"),
        ("FOOTNOTE_CHUNK__MAX_TOKENS", "5"),
        ("FOOTNOTE_RETRIEVAL__DENSE_WEIGHT", "1.5"),
        ("FOOTNOTE_LOG_LEVEL", "loud"),
        ("FOOTNOTE_STORE", "paper"),
        ("FOOTNOTE_WEB__PORT", "70000"),
        ("FOOTNOTE_OFFLINE", "maybe"),
        ("FOOTNOTE_CHUNK__UNKNOWN", "1"),
    ],
)
def test_a_wrong_value_is_named_with_its_variable(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(ConfigError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"{name} is set to {value!r}")


def test_secrets_are_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FOOTNOTE_COOKIE_SECRET", "hunter2")
    settings = load_settings()
    assert "hunter2" not in repr(settings)
    assert settings.cookie_secret is not None
    assert settings.cookie_secret.get_secret_value() == "hunter2"
