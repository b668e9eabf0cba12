"""Settings to language models: which are asked, in which order, within which limits, and what they get to see."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.extractive import MODEL_NAME
from app.generation.budgets import BudgetLimits, Budgets
from app.generation.chain import ModelChain
from app.generation.completion_cache import CompletionCache
from app.generation.counted_model import CountedModel
from app.generation.llama_index_model import LlamaIndexModel
from app.generation.llm_generator import WritingRules
from app.generation.prices import PriceTable, load_prices
from app.generation.providers import LlmAccess, open_language_model
from app.generation.resilience import ModelLimits, ResilientModel
from app.generation.token_counts import token_counter
from app.privacy.kinds import SELECTABLE
from app.privacy.redacting_model import RedactingModel
from app.privacy.redaction import Redactor
from app.prompt_folder import open_library
from app.question_wording import ModelCondenser, ModelRewriter
from app.writing import ModelParts
from core.answers import Caller
from core.ports import LanguageModel
from core.settings import ProviderSettings, Settings
from index.catalogue import Catalogue
from prompts.answer_prompt import answer_templates

_CHECK = Caller("check", frozenset())
"""Who asked is not known where claims are judged: budgets count that together."""


@dataclass(frozen=True, slots=True)
class Models:
    """Everything that asks a language model."""

    parts: ModelParts
    condenser: ModelCondenser | None
    rewriter: ModelRewriter | None
    judge: LanguageModel | None


def open_models(settings: Settings, catalogue: Catalogue) -> Models | None:
    """Open the models that the settings name; None where answers only quote. No provider is asked anything yet.

    Raises:
        ConfigError: a name is unknown, or something that a model needs is missing.
    """
    specs = [spec for spec in map(str.strip, settings.llm.split(",")) if spec != MODEL_NAME]
    if not specs:
        return None
    chosen = settings.generation
    limits = _limits(settings)
    first = _provider(specs[0])
    opened = [_opened(spec, settings, is_first=_provider(spec) == first) for spec in specs]
    models = [ResilientModel(model, limits) for model in opened]
    library = open_library(settings)
    answer_templates(library)  # what is wrong with a template is said now, not to a reader
    prices = load_prices(chosen.prices_file)
    parts = ModelParts(
        chain=ModelChain(models, limits),
        free_chain=_free(models, limits, prices),
        specs=",".join(specs),
        redactor=_redactor(settings),
        redaction_notice=library.load("redaction_notice").text.strip(),
        budgets=Budgets(catalogue.engine, catalogue.data_dir, _budget(settings)),
        prices=prices,
        cache=CompletionCache(catalogue.engine, catalogue.data_dir, chosen.cache_hours),
        templates=lambda: answer_templates(library),
        count_tokens=token_counter(specs[0]),
        warm_up=opened[0].warm_up,
        rules=WritingRules(chosen.answer_tokens, chosen.link_hosts),
    )
    seen = parts.chain if parts.redactor is None else RedactingModel(parts.chain, parts.redactor)

    def model_for(caller: Caller) -> LanguageModel:
        return CountedModel(seen, parts.budgets, prices, caller)

    return Models(
        parts,
        ModelCondenser(model_for, lambda: library.use("condense")) if chosen.condense else None,
        ModelRewriter(model_for, lambda: library.use("rewrite")) if chosen.rewrite else None,
        model_for(_CHECK) if settings.grounding.llm_judge else None,
    )


def _provider(spec: str) -> str:
    return spec.partition(":")[0]


def _opened(spec: str, settings: Settings, *, is_first: bool) -> LlamaIndexModel:
    """Open one model; a key is only ever sent to the provider that it was set for."""
    chosen = settings.generation
    own = getattr(settings.providers, _provider(spec).replace("-", "_"), ProviderSettings())
    access = LlmAccess(
        base_url=own.base_url or (settings.llm_base_url if is_first else ""),
        api_key=own.api_key or (settings.llm_api_key if is_first else None),
        temperature=chosen.temperature,
        context_window=chosen.context_tokens or None,
        read_s=max(chosen.first_token_seconds, chosen.token_seconds),
        api_version=chosen.api_version,
        region=chosen.region,
        project=chosen.project,
    )
    return open_language_model(spec, access, settings.offline)


def _limits(settings: Settings) -> ModelLimits:
    chosen = settings.generation
    return ModelLimits(
        first_token_s=chosen.first_token_seconds,
        between_tokens_s=chosen.token_seconds,
        total_s=chosen.total_seconds,
        retries=chosen.retries,
    )


def _budget(settings: Settings) -> BudgetLimits:
    chosen = settings.budget
    return BudgetLimits(chosen.user_usd, chosen.total_usd, chosen.user_tokens, chosen.total_tokens)


def _free(
    models: Sequence[ResilientModel], limits: ModelLimits, prices: PriceTable
) -> ModelChain | None:
    """Return those of the models that a spent budget of money does not stop; None if there are none."""
    priced = [(model, prices.price_of(model.spec)) for model in models]
    free = [model for model, price in priced if price and not (price.prompt or price.completion)]
    return ModelChain(free, limits) if free else None


def _redactor(settings: Settings) -> Redactor | None:
    if not settings.privacy.redact:
        return None
    return Redactor(settings.privacy.kinds or SELECTABLE)
