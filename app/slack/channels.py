"""What operators set for single channels: when the bot answers there, from which documents, for which groups.

    C0123ABC:                    # the channel's id, or `default` for all that are not listed
      answer: questions          # mentions (the default), questions or off
      quiet_unless_cited: true   # a question that nobody addressed to the bot is answered with sources or not at all
      scope: [source=handbook]   # filters as `footnote search --filter` takes them; all have to fit
      language: de               # documents in this language only
      groups: [sales]            # what these groups may read may be shown here, to askers who are in them

The file is read again when it changes. A file that cannot be read is an error each time: what it would have
forbidden is not known.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Literal, cast

import yaml

from core.errors import ConfigError, UsageError
from index.filters import Filter, parse_filter

AnswerWhen = Literal["mentions", "questions", "off"]

DEFAULT = "default"
_WHEN = ("mentions", "questions", "off")
_KEYS = ("answer", "quiet_unless_cited", "scope", "language", "groups")
_CHANNEL_ID = re.compile(r"[CG][A-Z0-9]{2,20}")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}")
_MAX_BYTES = 1_000_000


@dataclass(frozen=True, slots=True)
class ChannelSettings:
    """What holds in one channel; without a file, the bot answers mentions from what everyone may read."""

    answer: AnswerWhen = "mentions"
    quiet_unless_cited: bool = False
    filters: tuple[Filter, ...] = ()
    language: str = ""
    groups: frozenset[str] = field(default_factory=frozenset)


class ChannelsFile:
    """The channels file, read again when it changes; safe between threads."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._stamp: tuple[int, int] | None = None
        self._channels: Mapping[str, ChannelSettings] = {}
        self._lock = Lock()

    def of(self, channel: str) -> ChannelSettings:
        """Return the settings of a channel.

        Raises:
            ConfigError: the file is missing or not of the documented shape.
        """
        channels = self._current()
        return channels.get(channel) or channels.get(DEFAULT) or ChannelSettings()

    def listed(self) -> Mapping[str, ChannelSettings]:
        """Return the settings of every channel that the file names, and of `default`.

        Raises:
            ConfigError: the file is missing or not of the documented shape.
        """
        return self._current()

    def _current(self) -> Mapping[str, ChannelSettings]:
        if self._path is None:
            return {}
        with self._lock:
            try:
                status = self._path.stat()
                stamp = (status.st_mtime_ns, status.st_size)
                if stamp != self._stamp:
                    # Not the old settings while the new ones are wrong: they may be what forbids.
                    self._stamp = None
                    self._channels = read_channels(self._path)
                    self._stamp = stamp
            except OSError as error:
                self._stamp = None
                raise ConfigError(
                    f"The channels file {str(self._path)!r} cannot be read ({error.strerror}). No channel is answered "
                    "until FOOTNOTE_SLACK__CHANNELS_FILE names a readable file."
                ) from error
            return self._channels


def read_channels(path: Path) -> dict[str, ChannelSettings]:
    """Return the settings in a file by the channels' ids.

    Raises:
        ConfigError: it is not of the documented shape; the message names the line and the channel.
        OSError: it cannot be read.
    """
    if path.stat().st_size > _MAX_BYTES:
        raise ConfigError(f"The channels file {str(path)!r} is larger than 1 MB. Shorten it.")
    try:
        root = yaml.compose(path.read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"The channels file {str(path)!r} is not valid YAML: {error}. See docs/slack.md for an example."
        ) from error
    if root is None:
        return {}
    return _Reading(path).channels(root)


class _Reading:
    """Reads the parsed file, and says where what is wrong."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._channel = ""

    def channels(self, root: yaml.Node) -> dict[str, ChannelSettings]:
        found: dict[str, ChannelSettings] = {}
        for name, node in self._entries(root, "must map ids of channels to their settings"):
            self._channel = name
            if name != DEFAULT and not _CHANNEL_ID.fullmatch(name):
                raise self._wrong(
                    node,
                    "its name is no id of a channel. Write the id that Slack shows under the channel's details, "
                    "such as C0123ABCD, or 'default'",
                )
            if name in found:
                raise self._wrong(node, "it is listed twice. Keep one of the two")
            found[name] = self._settings(node)
        return found

    def _settings(self, node: yaml.Node) -> ChannelSettings:
        given: dict[str, yaml.Node] = {}
        for key, value in self._entries(node, f"must have some of {', '.join(_KEYS)}"):
            if key not in _KEYS:
                raise self._wrong(
                    value, f"{key!r} is no setting of a channel. Use {', '.join(_KEYS)}"
                )
            if key in given:
                raise self._wrong(value, f"{key!r} is set twice. Keep one of the two")
            given[key] = value
        language = self._language(given.get("language"))
        filters = self._filters(given.get("scope"))
        if language:
            filters = (*filters, Filter("language", "=", language))
        return ChannelSettings(
            self._when(given.get("answer")),
            self._is_quiet(given.get("quiet_unless_cited")),
            filters,
            language,
            self._groups(given.get("groups")),
        )

    def _when(self, node: yaml.Node | None) -> AnswerWhen:
        if node is None:
            return "mentions"
        word = self._text(node, "answer")
        if word not in _WHEN:
            raise self._wrong(node, f"'answer' is {word!r}. Write {', '.join(_WHEN)}")
        return cast(AnswerWhen, word)

    def _is_quiet(self, node: yaml.Node | None) -> bool:
        if node is None:
            return False
        word = self._text(node, "quiet_unless_cited").casefold()
        if word not in ("true", "false"):
            raise self._wrong(node, f"'quiet_unless_cited' is {word!r}. Write true or false")
        return word == "true"

    def _filters(self, node: yaml.Node | None) -> tuple[Filter, ...]:
        filters: list[Filter] = []
        for entry in self._list(node, "scope"):
            try:
                filters.append(parse_filter(self._text(entry, "scope")))
            except UsageError as error:
                raise self._wrong(
                    entry, f"'scope' has a filter that cannot be used. {error}"
                ) from error
        return tuple(filters)

    def _language(self, node: yaml.Node | None) -> str:
        if node is None:
            return ""
        word = self._text(node, "language")
        if not _LANGUAGE.fullmatch(word):
            raise self._wrong(node, f"'language' is {word!r}. Write its two letters, such as de")
        return word.lower()

    def _groups(self, node: yaml.Node | None) -> frozenset[str]:
        if node is not None and self._channel == DEFAULT:
            raise self._wrong(
                node,
                "'groups' cannot be set for all channels at once, because it shows their documents to everybody in "
                "them. Set it for single channels",
            )
        names = {
            self._text(entry, "groups").removeprefix("group:").strip()
            for entry in self._list(node, "groups")
        }
        if "" in names:
            raise self._wrong(cast(yaml.Node, node), "'groups' has an empty name. Remove it")
        return frozenset(names)

    def _list(self, node: yaml.Node | None, key: str) -> list[yaml.Node]:
        if node is None:
            return []
        if not isinstance(node, yaml.SequenceNode):
            raise self._wrong(
                node, f"{key!r} is no list. Write it in brackets, such as {key}: [..]"
            )
        return list(node.value)

    def _text(self, node: yaml.Node, key: str) -> str:
        if not isinstance(node, yaml.ScalarNode):
            raise self._wrong(node, f"{key!r} has to be a single word or text")
        return str(node.value).strip()

    def _entries(self, node: yaml.Node, expected: str) -> list[tuple[str, yaml.Node]]:
        if not isinstance(node, yaml.MappingNode):
            raise self._wrong(node, f"it {expected}")
        entries = []
        for key, value in node.value:
            if not isinstance(key, yaml.ScalarNode):
                raise self._wrong(key, "a name in it is no text")
            entries.append((str(key.value).strip(), value))
        return entries

    def _wrong(self, node: yaml.Node, what: str) -> ConfigError:
        where = f"The channels file {str(self._path)!r}, line {node.start_mark.line + 1}"
        whose = f", channel {self._channel!r}" if self._channel else ""
        return ConfigError(f"{where}{whose}: {what}.")
