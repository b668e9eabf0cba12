"""The choke point's rule: what a text may show outside of this process, and how the answer gets its words back.

    texts of one request -> Redaction.texts -> model -> its words -> Redaction.restore

A value becomes a placeholder like `[PERSON_1]`, the same one in all texts of a request. Three rules hold:

* After redaction every placeholder in the texts is one of ours. Text that only looks like one, because somebody wrote
  it into a document or a question, becomes a placeholder itself (`[LITERAL_1]`) and comes back as it was.
* A secret comes back nowhere: `[SECRET_1]` stays.
* A placeholder inside an address (`https://…`) is put back only where the texts had exactly this address. A model
  that an attacker made to append `[EMAIL_1]` to an address of his own sends him the placeholder.

Redaction is kept for one request and never stored.
"""

import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

from app.privacy import names, namesakes
from app.privacy.addresses import find_addresses
from app.privacy.announced import find_announced, find_announced_words
from app.privacy.credentials import find_secrets
from app.privacy.kinds import KINDS, SELECTABLE, Finder, Found, Kind, merged
from app.privacy.recognisers import (
    find_cards,
    find_emails,
    find_ibans,
    find_machines,
    find_national_ids,
    find_phones,
    find_wallets,
    has_long_number,
    number_windows,
)
from core.errors import ConfigError

# Models escape brackets and underscores in Markdown now and then: `\[PERSON\_1\]` is read as the same.
_PLACEHOLDER = re.compile(
    rf"(?P<escape>\\)?\[(?P<kind>{'|'.join(KINDS)})\\?_(?P<number>\d{{1,6}})(?(escape)\\)\]"
)
_LONGEST = max(len(kind) for kind in KINDS) + 12
_MAY_BECOME_ONE = re.compile(rf"\\?(?:\[[A-Z_\\0-9]{{0,{_LONGEST}}})?\Z")
# The address that a run without spaces ends with.
_ADDRESS = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]{0,20}:)?//\S*\Z")
_LONGEST_ADDRESS = 4096
# (whether it needs five digits in a row, what it finds, the finder)
_FINDERS: tuple[tuple[bool, frozenset[Kind], Finder], ...] = (
    (True, frozenset({"PHONE"}), find_phones),
    (True, frozenset({"CREDIT_CARD"}), find_cards),
    (True, frozenset({"IBAN"}), find_ibans),
    (True, frozenset({"CRYPTO"}), find_wallets),
    (True, frozenset({"US_SSN", "NATIONAL_ID"}), find_national_ids),
    (False, frozenset({"IP_ADDRESS"}), find_machines),
    (False, frozenset({"ADDRESS", "ZIP"}), find_addresses),
    (
        False,
        frozenset(
            {
                "US_SSN", "NATIONAL_ID", "DOCUMENT_ID", "BANK_ACCOUNT", "LICENCE_PLATE", "DATE_OF_BIRTH", "ZIP",
            }
        ),
        find_announced,
    ),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Redaction:
    """One request's texts without personal data, and what its placeholders stand for.

    `texts[i]` is that of the i-th text given. `counts` has the number of different values of each kind.
    """

    texts: tuple[str, ...]
    counts: Mapping[str, int]
    _values: Mapping[str, str]
    _addresses: frozenset[str]

    def restore(self, text: str) -> str:
        """Return a text with the values of this request put back; placeholders that are not its own stay."""
        stream = self.restoring_stream()
        return stream.push(text) + stream.end()

    def restoring_stream(self) -> "RestoringStream":
        """Return what puts values back in a text that comes in pieces."""
        return RestoringStream(self._values, self._addresses)


class RestoringStream:
    """Puts values back while text comes in; however it is cut, the whole is what `restore` returns."""

    def __init__(self, values: Mapping[str, str], addresses: frozenset[str]) -> None:
        self._values = values
        self._addresses = addresses
        self._held = ""
        self._run = ""

    def push(self, piece: str) -> str:
        """Take the next piece; return what can be shown already. Holds back less than 40 characters."""
        return self._shown(self._held + piece, is_last=False)

    def end(self) -> str:
        """Return what was held back; nothing may be pushed afterwards."""
        return self._shown(self._held, is_last=True)

    def _shown(self, text: str, *, is_last: bool) -> str:
        parts: list[str] = []
        position = 0
        for match in _PLACEHOLDER.finditer(text):
            parts.append(self._passed(text[position : match.start()]))
            parts.append(self._restored(match))
            position = match.end()
        tail = _MAY_BECOME_ONE.search(text, max(position, len(text) - _LONGEST - 2))
        cut = len(text) if is_last or tail is None else tail.start()
        parts.append(self._passed(text[position:cut]))
        self._held = text[cut:]
        return "".join(parts)

    def _passed(self, text: str) -> str:
        """Return text as it is, remembering the run without spaces that it ends with."""
        if text:
            start = max(text.rfind(space) for space in " \n\t\r") + 1
            self._run = _tail(text[start:] if start else self._run + text)
        return text

    def _restored(self, match: re.Match[str]) -> str:
        placeholder = f"[{match.group('kind')}_{match.group('number')}]"
        address = _ADDRESS.search(self._run)
        self._run = _tail(self._run + placeholder)
        if address and f"{address.group()}{placeholder}" not in self._addresses:
            return match.group()
        return self._values.get(placeholder, match.group())


def _tail(run: str) -> str:
    """Return the end of a run without spaces; that of a very long address is one still."""
    if len(run) <= _LONGEST_ADDRESS:
        return run
    return ("//" if "//" in run else "") + run[-_LONGEST_ADDRESS:]


class Redactor:
    """Finds what is personal or secret in the texts of a request; holds no state between requests.

    `kinds` are what is redacted beside secrets, of `kinds.SELECTABLE`; secrets always are.

    Raises:
        ConfigError: a kind is unknown, or PERSON is wanted and its name lists are not installed.
    """

    def __init__(self, kinds: Collection[str] = SELECTABLE) -> None:
        unknown = sorted(set(kinds) - set(SELECTABLE))
        if unknown:
            raise ConfigError(
                f"{unknown[0]!r} is no kind of personal data that can be redacted; choose from "
                f"{', '.join(SELECTABLE)}."
            )
        self._kinds = frozenset(kind for kind in SELECTABLE if kind in kinds)
        self._finders = tuple(
            (needs_long, finder) for needs_long, made, finder in _FINDERS if made & self._kinds
        )
        self._lists = names.name_lists() if "PERSON" in self._kinds else None

    def redact(self, texts: Sequence[str]) -> Redaction:
        """Return the texts of one request with placeholders; the same value has the same one in all of them."""
        placeholders: dict[tuple[Kind, str], str] = {}
        counts: Counter[str] = Counter()
        redacted: list[str] = []
        for text, spans in zip(texts, self.find(texts), strict=True):
            parts: list[str] = []
            position = 0
            for span in spans:
                key = (span.kind, text[span.start : span.end])
                if key not in placeholders:
                    counts[span.kind] += 1
                    placeholders[key] = f"[{span.kind}_{counts[span.kind]}]"
                parts += (text[position : span.start], placeholders[key])
                position = span.end
            redacted.append("".join((*parts, text[position:])))
        values = {
            placeholder: value
            for (kind, value), placeholder in placeholders.items()
            if kind != "SECRET"
        }
        return Redaction(tuple(redacted), dict(counts), values, _addresses(redacted))

    def for_record(self, text: str) -> str:
        """Return a text for a log, a trace or a cache: `[EMAIL]` in place of every value; nothing brings it back."""
        parts: list[str] = []
        position = 0
        for span in self.find([text])[0]:
            if span.kind != "LITERAL":
                parts += (text[position : span.start], f"[{span.kind}]")
                position = span.end
        return "".join((*parts, text[position:]))

    def find(self, texts: Sequence[str]) -> list[list[Found]]:
        """Return what is redacted in each text, in order and without overlaps."""
        found = [list(self._in_one(text)) for text in texts]
        if self._lists is not None:
            people = {
                text[span.start : span.end]
                for text, spans in zip(texts, found, strict=True)
                for span in spans
                if span.kind == "PERSON"
            }
            for spans, more in zip(
                found, namesakes.occurrences(texts, sorted(people)), strict=True
            ):
                spans += more
        return [list(merged(spans)) for spans in found]

    def _in_one(self, text: str) -> Iterator[Found]:
        if "_" in text and "[" in text:
            for match in _PLACEHOLDER.finditer(text):
                yield Found(match.start(), match.end(), "LITERAL")
        yield from find_secrets(text)
        emails = list(find_emails(text))
        for each in (*emails, *find_announced_words(text)):
            if each.kind in self._kinds:
                yield each
        if self._lists is not None:
            people = list(names.find_names(text, self._lists))
            yield from people
            yield from namesakes.listed_with(text, people)
            yield from namesakes.foreign_names(text)
            yield from namesakes.owners_of_addresses(text, emails)
        for start, end in number_windows(text):
            is_long = has_long_number(text, start, end)
            for finder in (each for needs_long, each in self._finders if is_long or not needs_long):
                yield from (each for each in finder(text, start, end) if each.kind in self._kinds)


def _addresses(texts: Sequence[str]) -> frozenset[str]:
    """Return the beginnings of addresses in redacted texts, each up to and with a placeholder."""
    found: set[str] = set()
    for text in texts:
        if "//" not in text:
            continue
        for match in _PLACEHOLDER.finditer(text):
            run = text[max(0, match.start() - _LONGEST_ADDRESS) : match.start()]
            address = _ADDRESS.search(run[max(run.rfind(space) for space in " \n\t\r") + 1 :])
            if address:
                found.add(address.group() + match.group())
    return frozenset(found)


@cache
def _default() -> Redactor:
    return Redactor()


def redact_for_record(text: str) -> str:
    """Return a text for a log, a trace export or a cache, with every kind of value replaced for good."""
    return _default().for_record(text)
