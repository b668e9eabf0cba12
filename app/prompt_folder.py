"""Where an installation keeps its prompts: settings to the library of templates."""

from core.settings import Settings
from prompts.library import PromptLibrary

_KEPT = "prompts"
"""Folder in the data folder that keeps every prompt that was used, and the labels."""


def open_library(settings: Settings) -> PromptLibrary:
    """Return the prompts of an installation, under the label that the settings name."""
    chosen = settings.generation
    return PromptLibrary(chosen.prompts_dir, settings.data_dir / _KEPT, chosen.prompt_label)
