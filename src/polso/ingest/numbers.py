"""Numbers as people write them: the decimal mark is found for a whole column, then numbers are read strictly."""

from __future__ import annotations

from dataclasses import dataclass

from polso.errors import LoadError
from polso.ingest.quote import literal

_CLEAN = "[€$£¥\\s\\x{00a0}\\x{202f}\\x{2009}'’%]|EUR|USD|GBP|CHF"


@dataclass(frozen=True)
class Marks:
    """What the marks in a column of numbers prove, in counts of values."""

    texts: int
    plain: int
    """Readable as they stand."""
    commas: int
    """Where a comma must be the decimal mark."""
    points: int
    """Where a point must be."""
    open_commas: int
    """Such as 1,234: a thousand and more, or one and a bit."""
    open_points: int
    example: str | None


@dataclass(frozen=True)
class Style:
    """How a column of numbers is read."""

    decimal: str = "."
    plain: bool = False
    """Nothing but digits, a sign and a point: the fast way."""


def clean(cell: str) -> str:
    """SQL of a number without currency, blanks and per cent sign; brackets mean less than zero."""
    text = f"regexp_replace({cell}, {literal(_CLEAN)}, '', 'g')"
    text = f"replace({text}, '−', '-')"
    return f"regexp_replace({text}, '^\\((.*)\\)$', '-\\1')"


def marks_sql(cell: str) -> str:
    """SQL columns in the order of Marks."""
    text = clean(cell)

    def like(pattern: str) -> str:
        return f"regexp_matches({text}, {literal('^[-+]?' + pattern + '$')})"

    commas = " or ".join(
        map(like, (r"\d*,(\d{1,2}|\d{4,})", r"0\d*,\d{3}", r"\d{4,},\d{3}", r"\d{1,3}(\.\d{3})+,\d*", r"\d{1,3}(\.\d{3}){2,}"))
    )
    points = " or ".join(
        map(like, (r"\d*\.(\d{1,2}|\d{4,})", r"0\d*\.\d{3}", r"\d{4,}\.\d{3}", r"\d{1,3}(,\d{3})+\.\d*", r"\d{1,3}(,\d{3}){2,}"))
    )
    open_commas, open_points = like(r"[1-9]\d{0,2},\d{3}"), like(r"[1-9]\d{0,2}\.\d{3}")
    return (
        f"count({cell}), count(*) filter (isfinite(try_cast({cell} as double))), count(*) filter ({commas}), "
        f"count(*) filter ({points}), count(*) filter ({open_commas}), count(*) filter ({open_points}), "
        f"min({cell}) filter ({open_commas} or {open_points})"
    )


def proven(marks: Marks, column: str) -> str | None:
    """The decimal mark that the values prove, None when they do not; raises LoadError when they clash."""
    if marks.commas and marks.points:
        raise LoadError(
            f"column '{column}' has numbers with a decimal comma and others with a decimal point: "
            "state decimal in the mapping, or correct the file"
        )
    return "," if marks.commas else "." if marks.points else None


def style(marks: Marks, decimal: str | None, column: str, whole: bool, points_usual: bool) -> Style:
    """How a column is read, given the mark decided for it or for the file; `whole` numbers have no decimals."""
    mark = proven(marks, column) or decimal
    if mark is None and (marks.open_commas or marks.open_points):
        mark = _open(marks, column, whole, points_usual)
    mark = mark or "."
    return Style(mark, plain=mark == "." and marks.plain == marks.texts)


def _open(marks: Marks, column: str, whole: bool, points_usual: bool) -> str:
    if marks.open_commas and marks.open_points:
        raise LoadError(
            f"column '{column}' has numbers like '{marks.example}' with a comma and others with a point: "
            "state decimal in the mapping"
        )
    if whole:
        return "." if marks.open_commas else ","
    if marks.open_points and points_usual:
        return "."
    parts = (marks.example or "").replace(",", ".").split(".")
    raise LoadError(
        f"column '{column}': is '{marks.example}' {''.join(parts)} or {parts[0]} and {parts[-1]} thousandths? "
        "No value tells: state [file] decimal = \",\" or \".\" in the mapping"
    )


def number_sql(cell: str, how: Style, duration: bool) -> str:
    """SQL for the number in a text, null when it cannot be read as `how` says; h:mm:ss is read as seconds if asked."""
    if how.plain:
        number = f"try_cast({cell} as double)"
        return f"case when isfinite({number}) and not contains({cell}, '_') then {number} end"
    text = clean(cell)
    point, group = (",", r"\.") if how.decimal == "," else (r"\.", ",")
    strict = rf"^[-+]?(\d{{1,3}}({group}\d{{3}})+|\d+)?({point}\d*)?([eE][-+]?\d+)?$"
    bare = f"replace({text}, '.', '')" if how.decimal == "," else f"replace({text}, ',', '')"
    bare = f"replace({bare}, ',', '.')" if how.decimal == "," else bare
    number = f"try_cast({bare} as double)"
    sql = f"case when regexp_matches({text}, {literal(strict)}) and isfinite({number}) then {number} end"
    return f"coalesce({sql}, {_seconds(cell)})" if duration else sql


def _seconds(cell: str) -> str:
    parts = [f"try_cast(regexp_extract({cell}, '^(\\d+):(\\d\\d)(:(\\d\\d(\\.\\d+)?))?$', {i}) as double)" for i in (1, 2, 4)]
    return f"case when {parts[1]} < 60 then {parts[0]} * 3600 + {parts[1]} * 60 + coalesce({parts[2]}, 0) end"


def integer_sql(cell: str, how: Style) -> str:
    """SQL for the whole number in a text, null when it is none."""
    number = number_sql(cell, how, False)
    if how.plain:
        # Beyond 2^53 a double loses digits: what is written in digits only is read as such.
        return f"case when {number} = trunc({number}) then try_cast({cell} as bigint) end"
    return f"case when {number} = trunc({number}) and abs({number}) < 9e15 then cast({number} as bigint) end"
