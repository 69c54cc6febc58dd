"""What a formula may be, and what is said of one that is not."""

import pytest

from polso.errors import FormulaError
from polso.formula.language import DEEPEST, LONGEST, parse


@pytest.mark.parametrize(
    "text",
    [
        "100 * (share(score >= 9) - share(score <= 6))",
        "count() filter (where from = 'open' and to in ('closed', 'resolved'))",
        "distinct(mention.customer_id) filter (where recommends) / at_end(order)",
        "sum(order.amount)",
        "mean(case when kind = 'nps' then score else null end)",
        "share(\"Variant index\" = '3')",
    ],
)
def test_words_that_sql_reserves_are_ordinary_names_here(text: str) -> None:
    assert parse(text) is not None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the formula is empty: write one, for example count()"),
        ("share(score >= 9", "cannot read the formula at line 1, column 16"),
        ("select 1", "cannot read the formula at line 1, column 8, near '1': select 1"),
        ("score::int", "cannot read the formula at line 1, column 6"),
        ("(select 1 from ticket)", "cannot read the formula"),
        ("(" * (DEEPEST + 1) + "1" + ")" * (DEEPEST + 1), "more than 60 brackets within brackets"),
        ("1" * (LONGEST + 1), "the formula has 10001 characters; 10000 are the most"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(FormulaError) as raised:
        parse(text)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
