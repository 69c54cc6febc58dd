"""Rows of JSON, as texts: an array, an object that holds an array, or one object a line."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
            except RecursionError:
                raise LoadError(f"{self._name}: it is nested too deeply to be a table") from None
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


def json_rows(
    path: Path, name: str, headers: dict[str, int], comma: bool, refuse: Callable[[int, str, str], None]
) -> Iterator[tuple[int, list[str | None]]]:
    """Yield numbered rows; `headers` grows as new keys come, nested keys are joined by dots.

    Of one object a line, `refuse` is told number, text and advice of the lines that are none.
    """
    number = 0
    with path.open(encoding=_encoding(path), errors="replace") as file:
        lines = path.name.endswith((".ndjson", ".jsonl")) or _is_lines(path)
        found = _lines(file, name, comma) if lines else _items(_Stream(file, name, comma))
        for number, item in enumerate(found, 1):
            if isinstance(item, dict):
                yield number, _row(item, headers)
            elif isinstance(item, _Unread):
                refuse(number, item.text, item.advice)
            else:
                raise LoadError(f"{name}: row {number} is {_shown(item)}, not an object {{…}}")
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
        # Pages of a download, one array after the other, are rows too.
        while stream.peek():
            yield from _array(stream)
        return
    first, array = _object(stream)
    if array:
        yield from _array(stream)
        return
    yield first
    while stream.peek():
        yield stream.value()


@dataclass(frozen=True)
class _Unread:
    """A line that is no object."""

    text: str
    advice: str


def _lines(file: TextIO, name: str, comma: bool) -> Iterator[Any]:
    for line in file:
        if line.strip():
            yield _line(line, name, comma)


def _line(line: str, name: str, comma: bool) -> Any:
    stream = _Stream(io.StringIO(line), name, comma)
    try:
        found = stream.value()
        over = stream.peek()
    except LoadError as error:
        return _Unread(line.strip(), str(error).removeprefix(f"{name}: "))
    whole = isinstance(found, dict) and not over
    return found if whole else _Unread(line.strip(), "one object {…} is expected on each line")


def _is_lines(path: Path) -> bool:
    """One object a line: the first line is whole, and another follows."""
    with path.open(encoding=_encoding(path), errors="replace") as file:
        first = file.readline(LONGEST)
        second = file.readline(LONGEST)
    try:
        return isinstance(json.loads(first), dict) and second.lstrip().startswith("{")
    except (json.JSONDecodeError, RecursionError):
        return False


def _array(stream: _Stream) -> Iterator[Any]:
    stream.take("[")
    while stream.peek() != "]":
        yield stream.value()
        if stream.peek() != "]":
            stream.take(",")
    stream.take("]")


def _object(stream: _Stream, deep: int = 1) -> tuple[dict[str, Any], bool]:
    """Read the first object key by key; stop in front of an array of objects, which holds the rows."""
    stream.take("{")
    found: dict[str, Any] = {}
    while stream.peek() != "}":
        key = stream.value()
        stream.take(":")
        if stream.at_objects():
            return found, True
        if stream.peek() == "{" and deep:
            # Interfaces wrap their rows twice: {"data": {"payload": […]}}.
            found[str(key)], array = _object(stream, deep - 1)
            if array:
                return found, True
        else:
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
        return value.replace("\0", "").encode("utf-8", "replace").decode()
    return json.dumps(value, ensure_ascii=False)


def _shown(item: Any) -> str:
    text = json.dumps(item, ensure_ascii=False)
    return text if len(text) < 40 else text[:37] + "…"
