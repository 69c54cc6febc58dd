"""Why rows and files are refused, in the language of the page; what is not known here is told as it came."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

_KNOWN: Mapping[str, str] = {
    r"this is no date or time that is known: .*": gettext_noop(
        "this is no date or time that is known: state its format, for example %%d/%%m/%%Y %%H:%%M"
    ),
    r"this is no date in the order (?P<order>\S+) of this column: .*": gettext_noop(
        "this is no date in the order %(order)s of this column: state its format"
    ),
    r"this is no date of the format (?P<format>.*)": gettext_noop("this is no date of the format %(format)s"),
    r"this is no whole number": gettext_noop("this is no whole number"),
    r"this is no number with a decimal comma: .*": gettext_noop(
        "this is no number with a decimal comma: state the decimal mark, or that it stands for nothing"
    ),
    r"this is no number with a decimal point: .*": gettext_noop(
        "this is no number with a decimal point: state the decimal mark, or that it stands for nothing"
    ),
    r"yes or no is expected .*": gettext_noop("yes or no is expected (true/false, 1/0, x): say what to write instead"),
    r"one of (?P<words>.*) is expected: map it with values": gettext_noop(
        "one of %(words)s is expected: say what to write instead"
    ),
    r"it cannot be below (?P<low>\S+)": gettext_noop("it cannot be below %(low)s"),
    r"it is empty, and every row needs it: .*": gettext_noop("it is empty, and every row needs it"),
    r"a .* before (?P<first>\d+) or after (?P<last>\d+) is taken for a mistake": gettext_noop(
        "a date before %(first)s or after %(last)s is taken for a mistake"
    ),
    r"the scale of this score is not stated: .*": gettext_noop(
        "the scale of this score is not stated: fill scale_min and scale_max with the same value in every row"
    ),
    r"it lies outside its scale: .*": gettext_noop(
        "it lies outside its scale: state scale_min and scale_max, or correct the score"
    ),
    r"the row has (?P<cells>\d+) cells, the header (?P<width>\d+): .*": gettext_noop(
        "the row has %(cells)s cells, the header %(width)s: put cells that hold the separator in quotes"
    ),
    r"a quote is opened and not closed, .*": gettext_noop(
        "a quote is opened and not closed, or text follows a closing quote: double the quotes inside"
    ),
    r"column '(?P<column>.*)': is '(?P<example>.*)' the (?P<one>\d+)\. of month (?P<two>\d+) or .*": gettext_noop(
        "Column %(column)s: is %(example)s day %(one)s of month %(two)s or the other way round? Choose the order of dates."
    ),
    r"column '(?P<column>.*)': is '(?P<example>.*)' .* thousandths\?.*": gettext_noop(
        "Column %(column)s: are there thousands or decimals behind the mark in %(example)s? Choose the decimal mark."
    ),
    r"column '(?P<column>.*)' has dates both as .*": gettext_noop(
        "Column %(column)s has dates both as day/month and as month/day: state their format, or correct the file."
    ),
    r"column '(?P<column>.*)' has numbers .*": gettext_noop(
        "Column %(column)s has numbers with a comma and others with a point: choose the decimal mark, or correct the file."
    ),
    r".*: no column fills '(?P<column>\w+)' .*": gettext_noop(
        "No column of the file fills %(column)s, which every row needs: choose it for a column, or give all rows the same value."
    ),
    r"(?P<name>.*) is empty: it has 0 bytes": gettext_noop("%(name)s is empty: it has 0 bytes"),
    r"(?P<name>.*): it unpacks to more than (?P<times>\d+) times its size, like a bomb; .*": gettext_noop(
        "%(name)s: it unpacks to more than %(times)s times its size, like a bomb; unpack it first"
    ),
    r"(?P<name>.*): this is neither a table nor a text: .*": gettext_noop(
        "%(name)s: this is neither a table nor a text: CSV, Excel, JSON or Parquet is expected"
    ),
    r"(?P<name>.*) has a header but no rows": gettext_noop("%(name)s has a header but no rows"),
    r"(?P<name>.*): the packed file is damaged or cut short .*": gettext_noop(
        "%(name)s: the packed file is damaged or cut short"
    ),
}


def advice(text: str) -> str:
    """What was said, in the language of the page."""
    for pattern, told in _KNOWN.items():
        if found := re.fullmatch(pattern, text, re.DOTALL):
            return _(told) % found.groupdict()
    return _(text) if text else ""
