"""Loads and renders templates; a template's version is the hash of its content.

Placeholders are `$name` as in `string.Template`, so that braces in examples are harmless. A missing or an
unused value is an error: a prompt that silently lacks its passages would invite invention.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from string import Template

from core.errors import ConfigError

_FOLDER = Path(__file__).with_name("templates")


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A template's text with its version: the first 12 hex digits of the SHA-256 of the text."""

    name: str
    text: str

    @property
    def version(self) -> str:
        """Return `name@hash`, as traces store it."""
        return f"{self.name}@{hashlib.sha256(self.text.encode()).hexdigest()[:12]}"

    def render(self, **values: str) -> str:
        """Fill in every placeholder.

        Raises:
            ConfigError: a value is missing, or one is given that the template does not use.
        """
        template = Template(self.text)
        wanted = set(template.get_identifiers())
        if wanted != set(values):
            raise ConfigError(
                f"Template {self.name!r} wants {sorted(wanted)}, it was given {sorted(values)}."
            )
        return template.substitute(values).strip()


def load_template(name: str) -> PromptTemplate:
    """Return a template by the name of its file without the ending.

    Raises:
        ConfigError: there is none, or its placeholders are malformed.
    """
    path = _FOLDER / f"{name}.md"
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigError(f"There is no prompt template {name!r}.") from error
    if not Template(text).is_valid():
        raise ConfigError(
            f"Template {name!r} has a malformed placeholder; write a dollar sign as $$."
        )
    return PromptTemplate(name, text)
