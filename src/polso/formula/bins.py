"""Numbers in bins whose bounds grow evenly, so that medians and quantiles add up."""

from __future__ import annotations

from math import log

from sqlglot import exp

# DDSketch (Masson, Rim & Lee 2019): bins whose bounds grow by GAMMA hold values to a relative error of ALPHA.
# A little under the promised 0.1 %, so that values on a bound keep it too.
ALPHA = 0.0009
GAMMA = (1 + ALPHA) / (1 - ALPHA)
BIN_OF_ONE = 1_000_000
"""The bin of the value 1; values below zero have the same bins, negative; zero has bin 0."""


def value_bin(value: exp.Expr) -> exp.Expr:
    """SQL for the bin of a number."""

    # Written so that no engine ever takes the logarithm of zero or less, not even of a constant it folds.
    zero = exp.cast(exp.Literal.number(0), "double")
    size = exp.Nullif(this=exp.Abs(this=exp.paren(value.copy())), expression=zero)
    logarithm = exp.Div(
        this=exp.Ln(this=size),
        expression=exp.cast(exp.Literal.number(repr(log(GAMMA))), "double"),
        typed=False,
        safe=False,
    )
    index = exp.paren(exp.cast(exp.Ceil(this=logarithm), "bigint") + exp.Literal.number(BIN_OF_ONE))
    ifs = [
        exp.If(this=exp.GT(this=exp.paren(value.copy()), expression=zero.copy()), true=index),
        exp.If(this=exp.LT(this=exp.paren(value.copy()), expression=zero.copy()), true=exp.Neg(this=index.copy())),
    ]
    return exp.Case(ifs=ifs, default=exp.cast(exp.Literal.number(0), "bigint"))
