"""Prices: the operator's table has the last word, and a model without a price has no cost rather than none."""

from pathlib import Path

import pytest

from app.generation.prices import load_prices
from core.errors import ConfigError
from core.generation import TokenUsage

MILLION = TokenUsage(1_000_000, 1_000_000)


@pytest.fixture
def own_file(tmp_path: Path) -> Path:
    return tmp_path / "prices.yaml"


def test_a_request_costs_its_tokens_times_their_prices() -> None:
    prices = load_prices()
    assert prices.cost_usd("openai-like:gpt-4.1-mini", TokenUsage(2000, 500)) == pytest.approx(
        0.0016
    )
    assert prices.cost_usd("openai-like:gpt-4.1-mini", TokenUsage()) == 0


@pytest.mark.parametrize(
    ("spec", "usd"),
    [
        ("openai-like:gpt-4.1-mini", 2.0),
        ("openai:gpt-4.1-mini-2025-04-14", 2.0),
        ("openai:gpt-4.1", 10.0),
        ("azure:GPT-4.1", 10.0),
        ("anthropic:claude-haiku-4-5", 6.0),
        ("bedrock:eu.anthropic.claude-haiku-4-5-20251001-v1:0", 6.0),
        ("ollama:llama3.1:8b", 0.0),
        ("extractive", 0.0),
        ("openai-like:a-model-of-ours", None),
        ("openai:gpt-4.1-turbo-of-next-year", None),
        ("", None),
    ],
)
def test_a_model_has_the_price_of_the_first_pattern_that_fits(spec: str, usd: float | None) -> None:
    assert load_prices().cost_usd(spec, MILLION) == (None if usd is None else pytest.approx(usd))


def test_an_own_file_corrects_and_adds_without_repeating_the_others(own_file: Path) -> None:
    own_file.write_text(
        '- {model: "openai:gpt-4.1-mini", prompt: 0.5, completion: 2}\n'
        '- {model: "openai-like:ours*", prompt: 0, completion: 0, note: "our own server"}\n'
    )
    prices = load_prices(own_file)
    assert prices.cost_usd("openai:gpt-4.1-mini", MILLION) == pytest.approx(2.5)
    assert prices.cost_usd("openai-like:gpt-4.1-mini", MILLION) == pytest.approx(2.0)
    assert prices.cost_usd("openai-like:ours-large", MILLION) == 0
    price = prices.price_of("openai-like:ours-large")
    assert price is not None
    assert price.note == "our own server"


def test_an_empty_own_file_changes_nothing(own_file: Path) -> None:
    own_file.write_text("# nothing yet\n")
    assert load_prices(own_file).cost_usd("openai:gpt-4.1", MILLION) == pytest.approx(10)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("model: x", "are not a list"),
        ("- x", "Entry 1 .* is 'x'"),
        ("- {prompt: 1, completion: 2}", "Entry 1 .* names no model"),
        (
            "- {model: a, prompt: 1, completion: 2}\n- {model: b, prompt: 1}",
            r"Entry 2 .*\(b\): 'completion' is None",
        ),
        ("- {model: a, prompt: '1', completion: 2}", "'prompt' is '1'"),
        ("- {model: a, prompt: -1, completion: 2}", "'prompt' is -1"),
        ("- {model: a, prompt: .nan, completion: 2}", "'prompt' is nan"),
        ("- {model: a, prompt: true, completion: 2}", "'prompt' is True"),
        ("- {model: a, promt: 1, completion: 2}", "'promt', which means nothing"),
        ("- {model: a, prompt: 1", "are not YAML"),
        ("- !!python/object/apply:os.system [echo]", "are not YAML"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_an_entry_that_is_not_right_is_named(
    own_file: Path, text: str | bytes, complaint: str
) -> None:
    own_file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError, match=complaint) as caught:
        load_prices(own_file)
    assert str(own_file) in str(caught.value)


def test_a_file_that_is_not_there_or_too_large_is_named(own_file: Path) -> None:
    with pytest.raises(ConfigError, match="FOOTNOTE_GENERATION__PRICES_FILE"):
        load_prices(own_file)
    own_file.write_text("#" * 2_000_000)
    with pytest.raises(ConfigError, match="more than a megabyte"):
        load_prices(own_file)
