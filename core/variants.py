"""Named configurations that evaluations and live comparisons set against each other.

A variant is a name and the settings that it changes; everything else stays as it is configured. Variants stand in a
TOML file (`FOOTNOTE_EVALUATION__VARIANTS_FILE`), a table for each:

    [words-only]
    description = "Without vectors"
    "retrieval.dense_weight" = 0.0

What decides where data is kept, who may do what, and what is kept secret is no variant's to change.
"""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any

from pydantic import BaseModel, TypeAdapter, ValidationError

from core.errors import UsageError
from core.settings import Settings

Change = str | int | float | bool

CURRENT = "current"
"""The variant that changes nothing; always there."""

_RESERVED = frozenset({CURRENT, "latest", "all"})
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]{0,59}")
_GROUPS = frozenset({"chunk", "retrieval", "generation", "grounding", "qdrant"})
_ALONE = frozenset({"llm", "llm_base_url", "embedder", "store"})
_FORBIDDEN = frozenset({"qdrant.api_key", "generation.link_hosts", "generation.prices_file"})
_OF_THE_INDEX = ("chunk.", "embedder", "store", "qdrant.")


@dataclass(frozen=True, slots=True)
class Variant:
    """A named configuration; `changes` are settings by their dotted names, like `retrieval.dense_weight`."""

    name: str
    description: str = ""
    changes: Mapping[str, Change] = field(default_factory=lambda: MappingProxyType({}))

    def applied_to(self, settings: Settings) -> Settings:
        """Return settings with this variant's changes, checked as the environment's are.

        Raises:
            UsageError: a name is unknown or not a variant's to change, or a value does not fit.
        """
        changed = settings
        for name, value in self.changes.items():
            changed = _changed(changed, name, value, self.name)
        return changed

    def with_changes(self, more: Mapping[str, Change]) -> "Variant":
        """Return this variant with further changes, under a name that says so."""
        if not more:
            return self
        told = ",".join(f"{name}={_plain(value)}" for name, value in more.items())
        name = told if self.name == CURRENT else f"{self.name}+{told}"
        return Variant(name, self.description, MappingProxyType({**self.changes, **more}))

    def needs_own_index(self, settings: Settings) -> bool:
        """Whether its documents are cut, embedded or stored in another way than these settings have it."""
        return bool(self.index_changes(settings))

    def index_changes(self, settings: Settings) -> dict[str, Change]:
        """Return those of the changes that another index is needed for, by name; sorted."""
        changed = self.applied_to(settings)
        return {
            name: self.changes[name]
            for name in sorted(self.changes)
            if name.startswith(_OF_THE_INDEX)
            and _value_of(changed, name) != _value_of(settings, name)
        }


def current() -> Variant:
    """Return the variant that changes nothing."""
    return Variant(CURRENT, "The settings as they are")


def read_variants(path: Path | None) -> Mapping[str, Variant]:
    """Return the variants of a TOML file by name, `current` first; only that one without a file.

    Raises:
        UsageError: the file cannot be read, or a variant in it cannot be used; the message names both.
    """
    found = {CURRENT: current()}
    if path is None:
        return found
    for name, table in _tables(path).items():
        if name in _RESERVED or not _NAME.fullmatch(name):
            raise UsageError(
                f"{name!r} in {str(path)!r} cannot name a variant. Use letters, digits, dots and hyphens, beginning "
                f"with a letter; {', '.join(sorted(_RESERVED))} are taken."
            )
        found[name] = _variant(name, table, path)
    return found


def find_variant(variants: Mapping[str, Variant], name: str) -> Variant:
    """Return a variant by its name.

    Raises:
        UsageError: there is none; the message lists those that there are.
    """
    if name not in variants:
        raise UsageError(
            f"There is no variant {name!r}. There are: {', '.join(variants)}. Variants are named in the file that "
            "FOOTNOTE_EVALUATION__VARIANTS_FILE points at."
        )
    return variants[name]


def parse_changes(texts: Iterable[str]) -> dict[str, Change]:
    """Return `name=value` texts as changes; a value is read as TOML has it, else as plain text.

    Raises:
        UsageError: one has no `=`, or its value is no text, number or boolean.
    """
    changes: dict[str, Change] = {}
    for text in texts:
        name, is_there, value = text.partition("=")
        if not is_there or not name.strip():
            raise UsageError(
                f"Write a change as name=value, like retrieval.dense_weight=0: {text!r} is not one."
            )
        changes[name.strip()] = _parsed(value.strip())
    return changes


def _parsed(text: str) -> Change:
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
    return value if isinstance(value, str | int | float | bool) else text


def _tables(path: Path) -> Mapping[str, Any]:
    try:
        return tomllib.loads(path.expanduser().read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"The file of variants {str(path)!r} cannot be read: {error.strerror or error}."
        ) from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise UsageError(f"The file of variants {str(path)!r} is not TOML: {error}.") from error


def _variant(name: str, table: Any, path: Path) -> Variant:
    if not isinstance(table, dict):
        raise UsageError(
            f"{name!r} in {str(path)!r} is no table. Begin a variant with a line like [words-only]."
        )
    changes = dict(_flat(table, ""))
    description = changes.pop("description", "")
    for setting, value in changes.items():
        if not isinstance(value, str | int | float | bool):
            raise UsageError(
                f"{setting!r} of the variant {name!r} in {str(path)!r} must be a text, a number or a boolean."
            )
        _check_name(setting, name)
    return Variant(name, str(description), MappingProxyType(changes))


def _flat(table: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def _check_name(setting: str, variant: str) -> None:
    group, _, field_name = setting.partition(".")
    known = Settings.model_fields.get(group)
    if field_name and known is not None and isinstance(known.default, BaseModel):
        is_known = field_name in type(known.default).model_fields
    else:
        is_known = not field_name and known is not None and not isinstance(known.default, BaseModel)
    if not is_known:
        raise UsageError(
            f"The variant {variant!r} names {setting!r}, which is no setting. Write it as docs/configuration.md has it "
            "without FOOTNOTE_, in small letters, with a dot for two underscores: retrieval.dense_weight."
        )
    is_allowed = group in _GROUPS if field_name else group in _ALONE
    if not is_allowed or setting in _FORBIDDEN:
        raise UsageError(
            f"The variant {variant!r} names {setting!r}, which no variant may change. Variants change "
            f"{', '.join(sorted(_ALONE))}, and settings of {', '.join(sorted(_GROUPS))}."
        )


def _changed(settings: Settings, setting: str, value: Change, variant: str) -> Settings:
    _check_name(setting, variant)
    group, _, name = setting.partition(".")
    try:
        if not name:
            info = Settings.model_fields[group]
            kind: Any = (
                Annotated[info.annotation, *info.metadata] if info.metadata else info.annotation
            )
            return settings.model_copy(update={group: TypeAdapter(kind).validate_python(value)})
        before: BaseModel = getattr(settings, group)
        given = {known: getattr(before, known) for known in before.model_fields_set}
        after = type(before).model_validate({**given, name: value})
        return settings.model_copy(update={group: after})
    except ValidationError as error:
        raise UsageError(
            f"The variant {variant!r} sets {setting!r} to {value!r}: {error.errors()[0]['msg'].lower()}. "
            "See docs/configuration.md for what it may be."
        ) from error


def _value_of(settings: Settings, setting: str) -> object:
    value: object = settings
    for part in setting.split("."):
        value = getattr(value, part)
    return value


def _plain(value: Change) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
