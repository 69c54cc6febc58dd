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
        map(
            like,
            (
                r"\d*,(\d{1,2}|\d{4,})",
                r"0\d*,\d{3}",
                r"\d{4,},\d{3}",
                r"\d{1,3}(\.\d{3})+,\d*",
                r"\d{1,3}(\.\d{3}){2,}",
            ),
        )
    )
    points = " or ".join(
        map(
            like,
            (
                r"\d*\.(\d{1,2}|\d{4,})",
                r"0\d*\.\d{3}",
                r"\d{4,}\.\d{3}",
                r"\d{1,3}(,\d{3})+\.\d*",
                r"\d{1,3}(,\d{3}){2,}",
            ),
        )
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


def style(marks: Marks, stated: str | None, usual: str | None, column: str, *, whole: bool, points_usual: bool) -> Style:
    """How a column is read: as stated, as its values prove, or as the file's other columns are `usual`ly written.

    `whole` numbers have no decimals.
    """
    mark = stated or proven(marks, column) or usual
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
        'No value tells: state [file] decimal = "," or "." in the mapping'
    )


def number_steps(given: str, how: Style, step: str, *, whole: bool, duration: bool) -> tuple[str, ...]:
    """SQL, step by step, for the number in a text; the last one is null when it cannot be read as `how` says.

    `duration` reads h:mm:ss as seconds too. A step may name the one before as `step` followed by its number.
    """
    if how.plain:
        bare, first = given, f"try_cast({given} as double)"
        fits = f"isfinite({step}0) and not contains({given}, '_')"
        steps = [first]
    else:
        bare, fits = _strict(how, f"{step}0", f"{step}1")
        steps = [clean(given), f"try_cast({bare} as double)"]
    number = f"{step}{len(steps) - 1}"
    if whole:
        # Beyond 2^53 a double loses digits: what is written in digits only is read as such.
        return (*steps, f"case when {fits} and {number} = trunc({number}) then try_cast({bare} as bigint) end")
    value = f"case when {fits} then {number} end"
    return (*steps, f"coalesce({value}, {_seconds(given)})" if duration and not how.plain else value)


def _strict(how: Style, text: str, number: str) -> tuple[str, str]:
    """SQL of a cleaned text with a decimal point and no groups, and whether it was written as `how` says."""
    point, group = (",", r"\.") if how.decimal == "," else (r"\.", ",")
    pattern = rf"^[-+]?(\d{{1,3}}({group}\d{{3}})+|\d+)?({point}\d*)?([eE][-+]?\d+)?$"
    bare = f"replace(replace({text}, '.', ''), ',', '.')" if how.decimal == "," else f"replace({text}, ',', '')"
    return bare, f"isfinite({number}) and regexp_matches({text}, {literal(pattern)})"


def _seconds(cell: str) -> str:
    pattern = r"^(\d+):(\d\d)(:(\d\d(\.\d+)?))?$"
    hours, minutes, seconds = (f"try_cast(regexp_extract({cell}, {literal(pattern)}, {i}) as double)" for i in (1, 2, 4))
    return f"case when {minutes} < 60 then {hours} * 3600 + {minutes} * 60 + coalesce({seconds}, 0) end"
