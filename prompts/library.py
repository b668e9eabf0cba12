"""Loads and renders templates; a template's version is the hash of its content.

    own folder (FOOTNOTE_GENERATION__PROMPTS_DIR)  >  shipped folder        what a template says now
    label -> version, kept copies in the data folder            what it said, and what is pinned

Placeholders are `$name` as in `string.Template`, so that braces in examples are harmless. A missing or an
unused value is an error: a prompt that silently lacks its passages would invite invention. For the same reason
an operator's own template must have the placeholders of the one that it replaces.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path
from string import Template

from core.errors import ConfigError, UsageError
from prompts.version_store import VersionStore

LABEL_IN_USE = "production"
"""The label that is followed unless the settings name another one."""

CURRENT = "current"
"""What a person calls the text as it is now; no label may be named like it."""

_SHIPPED = Path(__file__).with_name("templates")
_HASH_CHARS = 12
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MAX_TEMPLATE_CHARS = 100_000


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A template's text with its version: the first 12 hex digits of the SHA-256 of the text."""

    name: str
    text: str

    @property
    def digest(self) -> str:
        """Return the part of the version behind the `@`."""
        return hashlib.sha256(self.text.encode()).hexdigest()[:_HASH_CHARS]

    @property
    def version(self) -> str:
        """Return `name@hash`, as traces store it."""
        return f"{self.name}@{self.digest}"

    @property
    def placeholders(self) -> frozenset[str]:
        """Return the names that `render` wants values for."""
        return frozenset(Template(self.text).get_identifiers())

    def render(self, **values: str) -> str:
        """Fill in every placeholder.

        Raises:
            ConfigError: a value is missing, or one is given that the template does not use.
        """
        wanted = self.placeholders
        if wanted != set(values):
            raise ConfigError(
                f"Template {self.name!r} wants {sorted(wanted)}, it was given {sorted(values)}."
            )
        return Template(self.text).substitute(values).strip()


def load_template(name: str, label: str | None = None) -> PromptTemplate:
    """Return a shipped template by the name of its file without the ending.

    Raises:
        ConfigError: there is none, or its placeholders are malformed.
    """
    return PromptLibrary().load(name, label)


class PromptLibrary:
    """The templates of one installation: shipped, replaced by the operator's own, or pinned by a label.

    Without folders it has the shipped ones only. `own_dir` may have files of the same names; `kept_dir` is
    `prompts` in the data folder, where every version that was used stays (a few kilobytes each). `label` is the one
    that is followed where no other is named.
    """

    def __init__(
        self, own_dir: Path | None = None, kept_dir: Path | None = None, label: str = ""
    ) -> None:
        self._own_dir = own_dir
        self.label = label or LABEL_IN_USE
        self._store = VersionStore(kept_dir) if kept_dir is not None else None

    def names(self) -> list[str]:
        """Return the names of all templates.

        Raises:
            ConfigError: the operator's folder has a file that replaces nothing.
        """
        shipped = sorted(path.stem for path in _SHIPPED.glob("*.md"))
        for path in self._own_files():
            if path.stem not in shipped:
                raise ConfigError(
                    f"{str(path)!r} replaces no template: there is none named {path.stem!r}. "
                    f"The names are {', '.join(shipped)}."
                )
        return shipped

    def load(self, name: str, label: str | None = None) -> PromptTemplate:
        """Return what a name stands for: the version pinned under the label, else the text as it is now.

        Raises:
            ConfigError: there is no such template, or a file of it cannot be used.
        """
        digest = self.labels(name).get(label or self.label)
        if digest is not None:
            return self.version(name, digest)
        return self.current(name)

    def use(self, name: str, label: str | None = None) -> PromptTemplate:
        """Return what `load` does, and keep it: whoever asks a model with it can name it for good.

        Raises:
            ConfigError: there is no such template, or a file of it cannot be used.
            DataFolderError: it cannot be kept.
        """
        template = self.load(name, label)
        self.keep(template)
        return template

    def keep(self, template: PromptTemplate) -> None:
        """Keep a version, so that whoever names it can have it again; does nothing without a folder."""
        if self._store is not None:
            self._store.keep(template.name, template.digest, template.text)

    def current(self, name: str) -> PromptTemplate:
        """Return the text as it is now, whatever is pinned: the operator's own, else the shipped one.

        Raises:
            ConfigError: there is no such template, or a file of it cannot be used.
        """
        shipped = self._shipped(name)
        own = self._own_dir / f"{name}.md" if self._own_dir is not None else None
        if own is None or not own.exists():
            return shipped
        template = PromptTemplate(name, _read(own))
        if not Template(template.text).is_valid():
            raise ConfigError(_malformed(str(own)))
        if template.placeholders != shipped.placeholders:
            raise ConfigError(
                f"{str(own)!r} has the placeholders {_listed(template)}; the template that it replaces has "
                f"{_listed(shipped)}. Use each of these, and no other; write a dollar sign as $$."
            )
        return template

    def version(self, name: str, digest: str) -> PromptTemplate:
        """Return one version, as it was kept or as it is now.

        Raises:
            ConfigError: it was never seen here, or its copy was changed.
        """
        text = self._store.read(name, digest) if self._store is not None else None
        if text is None:
            if name in self.names() and self.current(name).digest == digest:
                return self.current(name)
            raise ConfigError(
                f"There is no version {digest!r} of the prompt {name!r} here. "
                f"`footnote prompts list` shows those that there are."
            )
        template = PromptTemplate(name, text)
        if template.digest != digest:
            raise ConfigError(
                f"The kept copy of the prompt {name}@{digest} was changed: it is {template.digest} now. "
                "Restore the file, or remove it and pin another version."
            )
        return template

    def versions(self, name: str) -> list[str]:
        """Return the hashes of all versions of a template, the current one first, then the latest kept."""
        now = self.current(name).digest
        return [now, *(digest for digest in self.kept(name) if digest != now)]

    def kept(self, name: str) -> list[str]:
        """Return the hashes of the versions that are kept under a name, the latest first."""
        return self._store.digests(name) if self._store is not None else []

    def labels(self, name: str) -> dict[str, str]:
        """Return the hash that each label is pinned to, for one template."""
        return self._store.labels(name) if self._store is not None else {}

    def resolve(self, name: str, wanted: str = "") -> PromptTemplate:
        """Return the version that a person means: a label, the start of a hash, `current`, or '' for the one in use.

        Raises:
            UsageError: nothing or more than one version fits.
        """
        if name not in self.names():
            raise UsageError(
                f"There is no prompt {name!r}. The prompts are {', '.join(self.names())}."
            )
        if not wanted:
            return self.load(name)
        if wanted == CURRENT:
            return self.current(name)
        labels = self.labels(name)
        if wanted in labels:
            return self.version(name, labels[wanted])
        fitting = [digest for digest in self.versions(name) if digest.startswith(wanted)]
        if len(fitting) == 1:
            return self.version(name, fitting[0])
        raise UsageError(
            f"{'More than one' if fitting else 'No'} version or label of the prompt {name!r} is {wanted!r}. "
            f"The versions are {', '.join(self.versions(name))}; the labels "
            f"{', '.join(sorted(labels)) or 'are none yet'}."
        )

    def pin(self, name: str, wanted: str, label: str) -> PromptTemplate:
        """Put a label on a version; from then on `load` with this label returns it. Returns the version.

        Raises:
            UsageError: there is no such version, the label is not a word, or there is no folder to keep it in.
        """
        if self._store is None:
            raise UsageError("A prompt is pinned in a data folder. Give one with --data-dir.")
        if not _NAME.fullmatch(label) or label == CURRENT:
            raise UsageError(
                f"{label!r} cannot be a label. Use a word of small letters, digits and _, like 'production'."
            )
        template = self.resolve(name, wanted)
        if template.placeholders != self._shipped(name).placeholders:
            raise UsageError(
                f"The version {template.digest} of {name!r} has other placeholders ({_listed(template)}) than "
                f"this Footnote fills in ({_listed(self._shipped(name))}): it cannot be used any more."
            )
        self.keep(template)
        self._store.pin(name, template.digest, label)
        return template

    def unpin(self, name: str, label: str) -> None:
        """Take a label off; `load` returns the current text again.

        Raises:
            UsageError: nothing is pinned under it.
        """
        if self._store is None or label not in self.labels(name):
            raise UsageError(f"No version of the prompt {name!r} is pinned as {label!r}.")
        self._store.pin(name, None, label)

    def is_own(self, name: str) -> bool:
        """Whether the operator's own file replaces the shipped one."""
        return any(path.stem == name for path in self._own_files())

    def _own_files(self) -> list[Path]:
        if self._own_dir is None:
            return []
        if not self._own_dir.is_dir():
            raise ConfigError(
                f"FOOTNOTE_GENERATION__PROMPTS_DIR is set to {str(self._own_dir)!r}, which is not a folder."
            )
        return sorted(path for path in self._own_dir.glob("*.md") if path.stem != "README")

    def _shipped(self, name: str) -> PromptTemplate:
        path = _SHIPPED / f"{name}.md"
        if not _NAME.fullmatch(name) or not path.exists():
            raise ConfigError(f"There is no prompt template {name!r}.")
        template = PromptTemplate(name, _read(path))
        if not Template(template.text).is_valid():
            raise ConfigError(_malformed(name))
        return template


def _read(path: Path) -> str:
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"The prompt template {str(path)!r} is not UTF-8 text. Save it as UTF-8."
        ) from error
    except OSError as error:
        raise ConfigError(
            f"The prompt template {str(path)!r} cannot be read ({error.strerror or error})."
        ) from error
    if len(text) > _MAX_TEMPLATE_CHARS or not text.strip():
        raise ConfigError(
            f"The prompt template {str(path)!r} has {len(text):,} characters; "
            f"it may have 1 to {_MAX_TEMPLATE_CHARS:,}."
        )
    return text


def _malformed(name: str) -> str:
    return f"Template {name!r} has a malformed placeholder; write a dollar sign as $$."


def _listed(template: PromptTemplate) -> str:
    return ", ".join(f"${name}" for name in sorted(template.placeholders)) or "none"
