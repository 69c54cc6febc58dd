"""The formula language: a small closed piece of SQL, read with SQLGlot."""

from __future__ import annotations

from functools import lru_cache

import sqlglot
from sqlglot import exp, parser, tokens
from sqlglot.dialects.dialect import Dialect
from sqlglot.errors import SqlglotError

from polso.errors import FormulaError

_KEYWORDS = (
    *("AND", "OR", "NOT", "IN", "BETWEEN", "IS", "NULL", "CASE", "WHEN", "THEN", "ELSE", "END", "FILTER", "WHERE"),
    *("TRUE", "FALSE", "AS", "LIKE", "<>", "!=", ">=", "<=", "=="),
)
LONGEST = 10_000
"""Characters in a formula, at most."""
DEEPEST = 60
"""Brackets within brackets, at most."""


class Formula(Dialect):
    """A dialect without statements, operators or functions of its own: every call is a plain name."""

    class Tokenizer(tokens.Tokenizer):
        """Reads only the words of the language as words; `from`, `to` or `order` are ordinary names."""

        KEYWORDS = {word: tokens.Tokenizer.KEYWORDS[word] for word in _KEYWORDS}  # noqa: RUF012
        IDENTIFIERS = ['"']  # noqa: RUF012
        COMMENTS = []  # noqa: RUF012

    class Parser(parser.Parser):
        """Knows no function but CASE."""

        FUNCTIONS = {}  # noqa: RUF012
        NO_PAREN_FUNCTIONS = {}  # noqa: RUF012
        FUNCTION_PARSERS = {}  # noqa: RUF012
        NO_PAREN_FUNCTION_PARSERS = {"CASE": parser.Parser.NO_PAREN_FUNCTION_PARSERS["CASE"]}  # noqa: RUF012


@lru_cache(maxsize=4096)
def parse(text: str) -> exp.Expr:
    """Return the tree of a formula or condition; FormulaError tells line and column."""
    if not text.strip():
        raise FormulaError("the formula is empty: write one, for example count()")
    if len(text) > LONGEST:
        raise FormulaError(f"the formula has {len(text)} characters; {LONGEST} are the most")
    if _depth(text) > DEEPEST:
        raise FormulaError(f"the formula has more than {DEEPEST} brackets within brackets")
    try:
        tree = sqlglot.parse_one(text, dialect=Formula)
    except (SqlglotError, RecursionError) as error:
        raise FormulaError(_unreadable(text, error)) from None
    if not isinstance(tree, exp.Expr):
        raise FormulaError(f"cannot read the formula: {shortened(text)}")
    return tree


def fail(node: exp.Expr, problem: str) -> FormulaError:
    """Return the error for a part of a formula, with the place where it stands."""
    starts = [part.meta for part in node.walk() if "col" in part.meta]
    if not starts:
        return FormulaError(problem)
    first = min(starts, key=lambda meta: meta["start"])
    # The column SQLGlot keeps is that of the last character.
    column = first["col"] - (first["end"] - first["start"])
    place = f"column {column}" if first["line"] == 1 else f"line {first['line']}, column {column}"
    return FormulaError(f"at {place}: {problem}")


def shortened(text: str, most: int = 60) -> str:
    """Return the text on one line, cut where it is long."""
    flat = " ".join(text.split())
    return flat if len(flat) <= most else f"{flat[: most - 1]}…"


def written(node: exp.Expr) -> str:
    """Return a tree as people would write it."""
    return shortened(node.sql(dialect=Formula))


def _depth(text: str) -> int:
    deepest = depth = 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        deepest = max(deepest, depth)
    return deepest


def _unreadable(text: str, error: Exception) -> str:
    found = getattr(error, "errors", None)
    if not found or not found[0].get("col"):
        return f"cannot read the formula: {shortened(text)}"
    where = found[0]
    near = where.get("highlight") or "the end"
    return f"cannot read the formula at line {where['line']}, column {where['col']}, near '{near}': {shortened(text)}"
