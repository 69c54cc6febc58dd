"""What an engine is: something that runs one SQL question over lists of Parquet files."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import pyarrow as pa
from sqlglot import exp

FILE = "_file"
"""The column that tells which data file a row came from: its base name."""

Spelling = Callable[..., exp.Expr]
"""Makes one of Polso's neutral functions in an engine's own words."""

NEUTRAL = ("polso_micros", "polso_extra", "polso_keys")
"""`polso_micros(moment)`: microseconds since 1970 in UTC; `polso_extra(json, key)`: a key of a JSON text, as text;
`polso_keys(json)`: the keys of a JSON text, as a list."""


class Engine(Protocol):
    """Runs SQL over facts; the only code that knows a database driver."""

    @property
    def name(self) -> str:
        """The engine's name, as in `--engine`."""

    @property
    def dialect(self) -> str:
        """SQLGlot's name for its dialect."""

    def query(self, sql: exp.Expr, facts: Mapping[str, Sequence[str]]) -> pa.Table:
        """Run `sql`, in which each entity of `facts` is a table made of those Parquet files plus the column `_file`."""

    def sql(self, sql: exp.Expr) -> str:
        """Return the text that `query` would run."""


def spell(sql: exp.Expr, spelling: Mapping[str, Spelling]) -> exp.Expr:
    """Return `sql` with the neutral functions in an engine's own words."""

    def own_words(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Anonymous) and node.name.lower() in spelling:
            return spelling[node.name.lower()](*node.expressions)
        return node

    return sql.copy().transform(own_words)
