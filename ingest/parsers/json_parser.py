"""JSON and JSON Lines as readable text: records as table rows, everything else as `key: value`.

    a list of objects           the keys, then one table row an object, nested keys as `outer.inner`
    an object with too much      a heading (its title, name or id, else its key) and its parts below
    a list of plain values      one line, or list items
    a plain value               `key: value`; null and empty values are left out

Unstructured's partition_json reads only the output of its own partitioners, and refuses all else.
Numbers stay as they are written: no digit is lost, and no huge number is computed.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

from core.documents import ParsedDocument
from core.errors import ParseError
from ingest.parsers.canonical import CanonicalWriter
from ingest.parsers.decoding import decode
from ingest.parsers.plain_text import one_line
from ingest.parsers.table_rows import header_text, row_text

_Pairs = list[tuple[str, str]]

_MAX_ROW_CHARS = 2_000
_MAX_ROW_FIELDS = 60
_MAX_LEVEL = 6
_MAX_LINE_CHARS = 200
_MAX_PARAGRAPH_CHARS = 1_000
_MAX_SHORT_CHARS = 40
_NAMES = ("title", "name", "label", "id", "key")
_LINE_BREAK = re.compile(r"\r\n?|\n")


def parse_json(content: bytes, uri: str) -> ParsedDocument:
    """Parse JSON, or JSON Lines where the whole is not one value.

    Raises:
        ParseError: `unsupported` or `encoding`, when the bytes are not text; `corrupt`, with the line
            of the mistake, or when it is nested too deeply.
    """
    value = load_json(decode(content))
    writer = CanonicalWriter()
    _JsonWriter(writer).write("", value, 1)
    title = value.get("title") if isinstance(value, dict) else ""
    return writer.document(uri, title if isinstance(title, str) else "")


def load_json(text: str) -> Any:
    """Return the value of a JSON text, numbers as text; the values of JSON Lines as a list.

    Raises:
        ParseError: `corrupt`.
    """
    try:
        return _load(text)
    except json.JSONDecodeError as error:
        if not error.msg.startswith("Extra data"):
            raise _corrupt(error, error.lineno) from error
    return list(_lines(text))


def _lines(text: str) -> Iterator[Any]:
    # Not splitlines(): U+2028 and U+0085 may stand inside a value.
    for number, line in enumerate(_LINE_BREAK.split(text), start=1):
        if line.strip():
            try:
                yield _load(line)
            except json.JSONDecodeError as error:
                raise _corrupt(error, number) from error


def _load(text: str) -> Any:
    try:
        return json.loads(text, parse_int=str, parse_float=str, parse_constant=str)
    except RecursionError as error:
        raise ParseError("corrupt", "the JSON is nested too deeply") from error


def _corrupt(error: json.JSONDecodeError, line: int) -> ParseError:
    return ParseError("corrupt", f"the JSON has a mistake in line {line}: {error.msg}")


class _JsonWriter:
    def __init__(self, writer: CanonicalWriter) -> None:
        self._writer = writer

    def write(self, key: str, value: Any, level: int) -> None:
        """Write one value; `key` is its name, '' where it has none."""
        if isinstance(value, dict):
            self._object(value, level)
        elif isinstance(value, list):
            self._list(key, value, level)
        else:
            self._paragraph([(key, _plain(value))])

    def _object(self, value: dict[str, Any], level: int) -> None:
        lines: _Pairs = []
        for key, child in value.items():
            pairs = _short_pairs(key, child)
            if pairs is not None:
                lines += pairs
                continue
            self._paragraph(lines)
            lines = []
            if level > _MAX_LEVEL:
                self._flattened(key, child)
                continue
            self._writer.add("heading", key, level=level + 1)
            self.write(key, child, level + 1)
        self._paragraph(lines)

    def _list(self, key: str, values: list[Any], level: int) -> None:
        rows: list[_Pairs] = []
        if all(_is_short(value) for value in values):
            self._short_values(values)
            return
        for number, value in enumerate(values, start=1):
            pairs = _row_pairs(value)
            if pairs is not None:
                rows.append(pairs)
                continue
            self._rows(rows)
            rows = []
            if not isinstance(value, dict | list):
                self._writer.add("list_item", _plain(value))
            elif level > _MAX_LEVEL:
                self._flattened(key, value)
            else:
                name = _name_of(value) or f"{key} {number}".strip()
                self._writer.add("heading", name, level=level + 1)
                self.write(key, value, level + 1)
        self._rows(rows)

    def _short_values(self, values: list[Any]) -> None:
        per_line = _MAX_PARAGRAPH_CHARS // _MAX_SHORT_CHARS
        for start in range(0, len(values), per_line):
            some = map(_plain, values[start : start + per_line])
            self._writer.add("text", ", ".join(filter(None, some)))

    def _rows(self, rows: list[_Pairs]) -> None:
        """Write records as rows of one table; each row has only the names that it fills."""
        names = list(dict.fromkeys(name for row in rows for name, _ in row))
        shared = header_text(names) if len(names) <= _MAX_ROW_FIELDS else ""
        self._writer.add_names(shared)
        for row in rows:
            keys = [name for name, _ in row]
            text = row_text(keys, [value for _, value in row])
            self._writer.add("table_row", text, header=shared or header_text(keys))

    def _paragraph(self, pairs: _Pairs) -> None:
        lines: list[str] = []
        for name, value in pairs:
            text = f"{one_line(name)}: {value.strip()}" if name else value.strip()
            if not value.strip():
                continue
            if len(text) > _MAX_LINE_CHARS or sum(map(len, lines)) > _MAX_PARAGRAPH_CHARS:
                self._writer.add("text", "\n".join(lines))
                lines = []
            if len(text) > _MAX_LINE_CHARS:
                self._writer.add("text", text)
            else:
                lines.append(text)
        self._writer.add("text", "\n".join(lines))

    def _flattened(self, key: str, value: Any) -> None:
        self._paragraph(list(_flat(key, value)))


def _row_pairs(value: Any) -> _Pairs | None:
    """Return the fields of an object that is small enough for a table row, else None."""
    if not isinstance(value, dict):
        return None
    pairs: _Pairs = []
    length = 0
    for name, text in _flat("", value):
        length += len(text)
        if len(pairs) >= _MAX_ROW_FIELDS or length > _MAX_ROW_CHARS:
            return None
        pairs.append((name, text))
    return pairs or None


def _short_pairs(key: str, value: Any) -> _Pairs | None:
    """Return what can be said of a value in lines of its own: plain values and short lists of them."""
    if isinstance(value, dict):
        return [] if not value else None
    if not isinstance(value, list):
        return [(key, _plain(value))]
    if any(isinstance(child, dict | list) for child in value):
        return None
    joined = ", ".join(map(_plain, value))
    return [(key, joined)] if len(joined) <= _MAX_LINE_CHARS else None


def _flat(key: str, value: Any) -> Iterator[tuple[str, str]]:
    """Yield the plain values inside a value with their paths, such as `owner.phones.2`."""
    # A stack and not recursion: a value may be nested as deep as the JSON reader allows.
    stack = [(key, value)]
    while stack:
        path, current = stack.pop()
        pairs = None if isinstance(current, dict) else _short_pairs(path, current)
        if pairs is not None:
            yield from (pair for pair in pairs if pair[1].strip())
            continue
        entries = current.items() if isinstance(current, dict) else enumerate(current, start=1)
        children = [(_path(path, name), child) for name, child in entries]
        stack.extend(reversed(children))


def _is_short(value: Any) -> bool:
    return not isinstance(value, dict | list) and len(_plain(value)) <= _MAX_SHORT_CHARS


def _path(path: str, name: object) -> str:
    # A path of a thousand keys on each of a thousand levels would be a million keys.
    joined = f"{path}.{name}" if path else str(name)
    return joined if len(joined) <= _MAX_LINE_CHARS else f"…{joined[-_MAX_LINE_CHARS:]}"


def _name_of(value: Any) -> str:
    names = (value.get(name) for name in _NAMES) if isinstance(value, dict) else iter(())
    found = next((name for name in names if isinstance(name, str) and name.strip()), "")
    return one_line(found)[:_MAX_LINE_CHARS]


def _plain(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else str(value).lower()
