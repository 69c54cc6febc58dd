"""Names and values put safely into SQL."""

from __future__ import annotations

from collections.abc import Iterable


def literal(text: str) -> str:
    """A text value as SQL."""
    return "'" + text.replace("'", "''") + "'"


def literals(texts: Iterable[str]) -> str:
    """Text values as SQL, between commas."""
    return ", ".join(literal(text) for text in texts)


def name(identifier: str) -> str:
    """A name as SQL."""
    return '"' + identifier.replace('"', '""') + '"'


def one_of(text: str, words: Iterable[str]) -> str:
    """SQL for `text in (words)`, worked out in place: DuckDB makes a join over all rows of a long IN."""
    return f"list_contains([{literals(words)}], {text})"
