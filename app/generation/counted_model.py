"""A language model whose use is held to the daily budgets and counted: for what is asked beside the answer itself."""

from collections.abc import Iterator, Sequence

from app.generation.budgets import Budgets
from app.generation.prices import PriceTable
from core.answers import Caller
from core.errors import ModelFailure
from core.generation import ChatMessage, ModelChosen, ModelOutput, TokenUsage
from core.ports import LanguageModel


class CountedModel:
    """Wraps any language model; see `core.ports.LanguageModel`. What it uses is counted for `caller`."""

    def __init__(
        self, model: LanguageModel, budgets: Budgets, prices: PriceTable, caller: Caller
    ) -> None:
        self.spec = model.spec
        self.context_window = model.context_window
        self._model = model
        self._budgets = budgets
        self._prices = prices
        self._caller = caller

    def stream(self, messages: Sequence[ChatMessage], max_tokens: int) -> Iterator[ModelOutput]:
        """Yield what the model does, and count it.

        Raises:
            ModelFailure: as the model does; `refused` where the day's budget is used up.
        """
        decision = self._budgets.allow(self._caller)
        if not decision.allowed:
            raise ModelFailure("refused", decision.reason)
        spec = self.spec
        for item in self._model.stream(messages, max_tokens):
            if isinstance(item, ModelChosen):
                spec = item.spec
            elif isinstance(item, TokenUsage):
                cost = self._prices.cost_usd(spec, item)
                self._budgets.note(self._caller, spec, item, cost)
            yield item
