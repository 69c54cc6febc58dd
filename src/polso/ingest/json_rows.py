"""Rows of JSON, as texts: an array, an object that holds an array, or one object a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from polso.errors import LoadError

CHUNK = 1 << 20
LONGEST = 64 * 1024**2

_BLANK = " \t\r\n"


class _Stream:
    """Text that is read as far as it is needed."""

    def __init__(self, file: TextIO, name: str, comma: bool) -> None:
        self._file = file
        self._name = name
        self._text = ""
        self._at = 0
        self._ended = False
        number = (lambda text: text.replace(".", ",")) if comma else str
        # Numbers stay as they are written: an id above 2^53 must not lose digits.
        self._decoder = json.JSONDecoder(parse_float=_Number.of(number), parse_int=_Number, strict=False)

    def peek(self) -> str:
        """The next character that is not blank; '' at the end."""
        while True:
            while self._at < len(self._text) and self._text[self._at] in _BLANK:
                self._at += 1
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def at_objects(self) -> bool:
        """Whether an array of objects comes next."""
        self.peek()
        while True:
            inside = self._text[self._at + 1 :].lstrip(_BLANK)[:1]
            if inside or not self._more():
                return self._text[self._at] == "[" and inside == "{"

    def take(self, expected: str) -> None:
        """Step over one character."""
        found = self.peek()
        if found not in expected or not found:
            raise LoadError(f"{self._name}: this is not JSON: '{expected[0]}' was expected, not '{found or 'the end'}'")
        self._at += 1

    def value(self) -> Any:
        """The next whole value."""
        self.peek()
        while True:
            try:
                found, end = self._decoder.raw_decode(self._text, self._at)
            except json.JSONDecodeError as error:
                if len(self._text) - self._at > LONGEST or not self._more():
                    raise LoadError(f"{self._name}: this is not JSON: {error.msg} near {self._near()}") from None
                continue
            # A number at the very end of what was read may go on.
            if end == len(self._text) and not self._ended and self._more():
                continue
            self._at = end
            return found

    def _near(self) -> str:
        return repr(self._text[self._at : self._at + 40])

    def _more(self) -> bool:
        # Twice as much each time, so that a long value is not parsed over and over.
        chunk = self._file.read(max(CHUNK, len(self._text) - self._at))
        if not chunk:
            self._ended = True
            return False
        self._text = self._text[self._at :] + chunk
        self._at = 0
        return True


class _Number(str):
    """A number as it was written."""

    __slots__ = ()

    @staticmethod
    def of(change: Any) -> Any:
        return lambda text: _Number(change(text))


def json_rows(path: Path, name: str, headers: dict[str, int], comma: bool) -> Iterator[tuple[int, list[str | None]]]:
    """Yield numbered rows; `headers` grows as new keys come, nested keys are joined by dots."""
    with path.open(encoding=_encoding(path), errors="replace") as file:
        stream = _Stream(file, name, comma)
        number = 0
        items = _lines(stream) if _is_lines(path) else _items(stream)
        for number, item in enumerate(items, 1):
            if not isinstance(item, dict):
                raise LoadError(f"{name}: row {number} is {_shown(item)}, not an object {{…}}")
            yield number, _row(item, headers)
        if not number:
            raise LoadError(f"{name} holds no rows")


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(4)
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    return "utf-8-sig"


def _items(stream: _Stream) -> Iterator[Any]:
    if stream.peek() == "[":
        yield from _array(stream)
        return
    first, array = _object(stream)
    if array:
        yield from _array(stream)
        return
    yield first
    yield from _lines(stream)


def _lines(stream: _Stream) -> Iterator[Any]:
    while stream.peek():
        yield stream.value()


def _is_lines(path: Path) -> bool:
    """One object a line: the first line is whole, and another follows."""
    if path.name.endswith((".ndjson", ".jsonl")):
        return True
    with path.open(encoding=_encoding(path), errors="replace") as file:
        first = file.readline(LONGEST)
        second = file.readline(LONGEST)
    try:
        return isinstance(json.loads(first), dict) and second.lstrip().startswith("{")
    except json.JSONDecodeError:
        return False


def _array(stream: _Stream) -> Iterator[Any]:
    stream.take("[")
    if stream.peek() == "]":
        return
    while True:
        yield stream.value()
        if stream.peek() == "]":
            return
        stream.take(",")


def _object(stream: _Stream) -> tuple[dict[str, Any], bool]:
    """Read the first object key by key; stop in front of an array of objects, which holds the rows."""
    stream.take("{")
    found: dict[str, Any] = {}
    while stream.peek() != "}":
        key = stream.value()
        stream.take(":")
        if stream.at_objects():
            return found, True
        found[str(key)] = stream.value()
        if stream.peek() != "}":
            stream.take(",")
    stream.take("}")
    return found, False


def _row(item: dict[str, Any], headers: dict[str, int]) -> list[str | None]:
    row: list[str | None] = [None] * len(headers)
    for key, value in _flat(item, ""):
        if key not in headers:
            headers[key] = len(headers)
            row.append(None)
        row[headers[key]] = value
    return row


def _flat(item: dict[str, Any], above: str) -> Iterator[tuple[str, str | None]]:
    for key, value in item.items():
        if isinstance(value, dict) and value:
            yield from _flat(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", _text(value)


def _text(value: Any) -> str | None:
    if value is None or value == "" or value == {} or value == []:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return str(value)
    return json.dumps(value, ensure_ascii=False)


def _shown(item: Any) -> str:
    text = json.dumps(item, ensure_ascii=False)
    return text if len(text) < 40 else text[:37] + "…"
