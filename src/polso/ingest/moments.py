"""Dates and times as people write them: the way of writing is found for a whole column, then read strictly."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from polso.errors import LoadError
from polso.ingest.quote import literal, literals
from polso.ingest.zones import to_utc

MONTHS = (
    "gennaio|genn|gen|january|jan",
    "febbraio|febbr|feb|february",
    "marzo|mar|march",
    "aprile|apr|april",
    "maggio|mag|may",
    "giugno|giu|june|jun",
    "luglio|lug|july|jul",
    "agosto|ago|august|aug",
    "settembre|sett|set|september|sept|sep",
    "ottobre|ott|october|oct",
    "novembre|nov|november",
    "dicembre|dic|december|dec",
)
_DAYS = (
    "luned[iì]|marted[iì]|mercoled[iì]|gioved[iì]|venerd[iì]|sabato|domenica|lun|mar|mer|gio|ven|sab|dom|"
    "monday|tuesday|wednesday|thursday|friday|saturday|sunday|mon|tue|tues|wed|thu|thur|thurs|fri|sat|sun"
)
_ZONE_NAMES = {
    "z": "+00:00", "utc": "+00:00", "gmt": "+00:00", "wet": "+00:00", "west": "+01:00", "bst": "+01:00", "cet": "+01:00",
    "cest": "+02:00", "mez": "+01:00", "mesz": "+02:00", "eet": "+02:00", "eest": "+03:00", "est": "-05:00", "edt": "-04:00",
    "cst": "-06:00", "cdt": "-05:00", "mst": "-07:00", "mdt": "-06:00", "pst": "-08:00", "pdt": "-07:00",
}  # fmt: skip

YEAR_1000 = -30610224000000000
"""Microseconds."""

EPOCHS = {"epoch_s": 10**6, "epoch_ms": 10**3, "epoch_us": 1}
"""Names that may stand for a format, and the microseconds of their unit."""


@dataclass(frozen=True)
class Shape:
    """One way the values of a column look, digits written as 9."""

    text: str
    count: int
    example: str
    first_highest: int | None
    """The highest first number, for a date such as 99/99/9999."""
    second_highest: int | None
    first_example: str = ""
    """A value with the highest first number."""
    second_example: str = ""


@dataclass(frozen=True)
class Reading:
    """How a column of moments is read."""

    formats: tuple[str, ...] = ()
    zoned: tuple[str, ...] = ()
    epochs: tuple[str, ...] = ()
    quick: tuple[str, ...] = ()
    """Patterns (of LIKE) of ISO moments with zone: a cast reads what looks like these five times as fast as a format."""
    excel: bool = False
    words: bool = False
    """Whether months or days are written as words."""
    order: str | None = None
    """The decided order of day and month, where one had to be."""


def shapes_sql(cell: str) -> str:
    """SQL columns that group by shape, in the order of Shape."""
    shape = f"regexp_replace({cell}, '[0-9]', '9', 'g')"
    first = f"try_cast(regexp_extract({cell}, '^(\\d+)\\D+(\\d+)', 1) as int)"
    second = f"try_cast(regexp_extract({cell}, '^(\\d+)\\D+(\\d+)', 2) as int)"
    examples = f"arg_max({cell}, {first}), arg_max({cell}, {second})"
    return f"{shape} as shape, count(*), min({cell}), max({first}), max({second}), {examples}"


def wordy(shapes: Sequence[Shape]) -> bool:
    """Whether any value holds words, so that the column must be read through `in_digits`."""
    return any(re.search(r"[A-Za-z]{2,}|[a-z]", re.sub(r"9T9|Z$", "", shape.text)) for shape in shapes)


def in_digits(cell: str) -> str:
    """SQL that writes months as mNNm and leaves out days of the week and filling words."""
    sql = f"lower({cell})"
    sql = _replace(sql, rf"^({_DAYS})\.?,?\s+(\d{{1,2}}[^\d:]+[a-z]|\d{{1,4}}[-/.])", r"\2")
    for number, names in enumerate(MONTHS, 1):
        sql = _replace(sql, rf"(^|[\d\s,./-])({names})\b\.?", rf"\1m{number:02d}m")
    sql = _replace(sql, r"(\d)(st|nd|rd|th|°|º)\b", r"\1")
    sql = _replace(sql, r"\b(alle ore|alle|ore|at|del|di|de|of)\b|,", " ")
    sql = _replace(sql, r"(\d)t(\d)", r"\1 \2")
    sql = _replace(sql, r"([ap])\.\s?m\.?", r"\1m")
    sql = _replace(sql, r"(\d)([ap]m)\b", r"\1 \2")
    sql = _replace(sql, r"\s*([-/.])\s*(m\d\dm)\s*([-/.])\s*", r" \2 ")
    sql = _replace(sql, r"\s*\(.*\)$", "")
    # Google Forms ends with GMT+1.
    sql = _replace(sql, r"\s*(gmt|utc)([+-])(\d)$", r"\20\3:00")
    sql = _replace(sql, r"\s*(gmt|utc)([+-]\d\d)", r"\2")
    for zone, offset in _ZONE_NAMES.items():
        sql = _replace(sql, rf"([\d:m])\s*{zone}$", rf"\1{offset}")
    return "trim(" + _replace(sql, r"\s+", " ") + ")"


def _replace(sql: str, pattern: str, by: str) -> str:
    return f"regexp_replace({sql}, {literal(pattern)}, {literal(by)}, 'g')"


_TIME = re.compile(
    r"^(?P<gap>[T ]+|, ?)(?P<clock>99?[:.]99([:.]99(?P<fraction>[.,]9+)?)?)(?P<half>\s?[ap]m)?"
    r"(?P<zone>\s?([+-]99(:?99)?|Z))?$"
)
_DATES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"^9999([-/.])99?\1(99?)(?=\D|$)"), "%Y{0}%m{0}%d"),
    (re.compile(r"^99?([-/. ])99?\1(9999)(?=\D|$)"), "order:%Y"),
    (re.compile(r"^99?([-/. ])99?\1(99)(?=\D|$)"), "order:%y"),
    (re.compile(r"^99?[ ]?(m)99m[ ](9999)(?=\D|$)"), "%d m%mm %Y"),
    (re.compile(r"^99?[ ]?(m)99m[ ](99)(?=\D|$)"), "%d m%mm %y"),
    (re.compile(r"^(m)99m[ ]99?[ ](9999)(?=\D|$)"), "m%mm %d %Y"),
    (re.compile(r"^(m)99m[ ](9999)$"), "m%mm %Y"),
    (re.compile(r"^9999[ ](m)99m[ ]99?(?=\D|$)"), "%Y m%mm %d"),
    (re.compile(r"^()99999999(?=\D|$)"), "%Y%m%d"),
)
_ISO = re.compile(r"^9999-99-99[T ]99:99:99(\.9{1,6})?(Z|[+-]99(:99)?)$")
MOST_QUICK = 4
_EPOCH_DIGITS = ((9, 10, "epoch_s"), (12, 13, "epoch_ms"), (15, 16, "epoch_us"))


def is_ambiguous(shape: Shape) -> bool:
    """Whether day and month could stand either way."""
    return _date_format(shape.text)[0].startswith("order:")


def order_of(shapes: Sequence[Shape], column: str) -> str | None:
    """The order of day and month that the values prove; None when they do not; raises LoadError when they clash."""
    firsts = [s for s in shapes if is_ambiguous(s) and (s.first_highest or 0) > 12]
    seconds = [s for s in shapes if is_ambiguous(s) and (s.second_highest or 0) > 12]
    if firsts and seconds:
        raise LoadError(
            f"column '{column}' has dates both as day/month, such as '{firsts[0].first_example}', and as month/day, such as "
            f"'{seconds[0].second_example}': state its format in the mapping, or correct the file"
        )
    return "dmy" if firsts else "mdy" if seconds else None


def reading(shapes: Sequence[Shape], order: str | None, column: str) -> Reading | None:
    """How a column is read; None when its values are no dates; raises LoadError when the order must be stated."""
    known = [(shape, *_formats(shape.text)) for shape in shapes]
    if not any(formats or epoch for _, formats, epoch in known):
        return None
    asked = [shape for shape in shapes if is_ambiguous(shape)]
    if asked and order is None:
        raise LoadError(_which(asked[0].example, column))
    formats: dict[str, None] = {}
    epochs: dict[str, None] = {}
    for _, found, epoch in known:
        formats.update(dict.fromkeys(_ordered(format_, order or "dmy") for format_ in found))
        if epoch:
            epochs[epoch] = None
    return Reading(
        formats=tuple(f for f in formats if not f.endswith("%z")),
        zoned=tuple(f for f in formats if f.endswith("%z")),
        epochs=tuple(e for e in epochs if e != "excel"),
        quick=tuple(shape.text.replace("9", "_") for shape in shapes if _ISO.match(shape.text))[:MOST_QUICK],
        excel="excel" in epochs,
        words=any("m9" in shape.text for shape in shapes) or any("m" in shape.text for shape in shapes),
        order=order if asked else None,
    )


def _which(example: str, column: str) -> str:
    day, month = re.findall(r"\d+", example)[:2]
    return (
        f"column '{column}': is '{example}' the {int(day)}. of month {int(month)} or the {int(month)}. of month "
        f"{int(day)}? "
        'No value tells: state [file] date_order = "dmy" or "mdy" in the mapping'
    )


def _date_format(shape: str) -> tuple[str, str, str]:
    for pattern, format_ in _DATES:
        if match := pattern.match(shape):
            return format_, match[1], shape[match.end() :]
    return "", "", ""


def _formats(shape: str) -> tuple[tuple[str, ...], str | None]:
    """The formats that read a shape, the order of day and month still open, or the epoch unit."""
    digits = re.match(r"^(9+)([.,]9+)?$", shape)
    if digits and len(digits[1]) == 5:
        return (), "excel"
    if digits:
        for low, high, unit in _EPOCH_DIGITS:
            if low <= len(digits[1]) <= high:
                return (), unit
        if shape == "9" * 14:
            return ("%Y%m%d%H%M%S",), None
    format_, mark, rest = _date_format(shape)
    if not format_:
        return (), None
    open_order = format_.startswith("order:")
    format_ = f"{{order}}{mark}{format_[6:]}" if open_order else format_.replace("{0}", mark)
    if not rest:
        return (format_,), None
    if compact := re.match(r"^[T ]?(9999|999999)(Z)?$", rest):
        clock = "%H%M%S" if len(compact[1]) == 6 else "%H%M"
        return (format_ + rest[: rest.index("9")] + clock + ("Z" if compact[2] else ""),), None
    clock_format = _clock(rest)
    return ((format_ + clock_format,), None) if clock_format else ((), None)


def _clock(rest: str) -> str | None:
    match = _TIME.match(rest)
    if not match:
        return None
    fraction, half, zone = match["fraction"], match["half"], match["zone"]
    mark = next(c for c in match["clock"] if c in ":.")
    seconds = len(re.findall(r"9+", match["clock"].split(",")[0])) > 2
    clock = ("%I" if half else "%H") + f"{mark}%M" + (f"{mark}%S" if seconds else "")
    if fraction:
        # %n reads one to nine digits of a second.
        clock += f"{fraction[0]}%n" if len(fraction) > 7 else f"{fraction[0]}%f"
    # Browsers write 13/01/2026, 10:00.
    gap = "T" if "T" in match["gap"] else match["gap"] if "," in match["gap"] else " "
    return gap + clock + (" %p" if half else "") + ("%z" if zone else "")


def _ordered(format_: str, order: str) -> str:
    if "{order}" not in format_:
        return format_
    tail = format_.replace("{order}", "")
    mark = tail[0]
    year = tail[1:3]
    parts = {"dmy": ("%d", "%m", year), "mdy": ("%m", "%d", year), "ymd": (year, "%m", "%d")}[order]
    return mark.join(parts) + tail[3:]


def stated(formats: Sequence[str]) -> Reading:
    """The reading of a format stated in the mapping."""
    epochs = tuple(f for f in formats if f in EPOCHS)
    named = [f for f in formats if f not in EPOCHS and f != "excel"]
    words = any("%b" in f or "%B" in f for f in named)
    named = [re.sub(r"%[bB]\.?", "m%mm", f) if words else f for f in named]
    if words:
        named = [re.sub(r"\s*([-/.])\s*m%mm\s*([-/.])\s*", " m%mm ", f).replace(",", " ") for f in named]
        named = [" ".join(re.sub(r"%[aA]", " ", f).split()) for f in named]
    return Reading(
        formats=tuple(f for f in named if "%z" not in f),
        zoned=tuple(f for f in named if "%z" in f),
        epochs=epochs,
        excel="excel" in formats,
        words=words,
    )


def moment_steps(given: str, how: Reading, zone: str, step: str) -> tuple[str, ...]:
    """SQL, step by step, for the moment in a text: the last one is TIMESTAMP WITH TIME ZONE, or null if unreadable.

    Each step may name the one before as `step` followed by its number; what is named is computed once.
    """
    steps = [in_digits(given)] if how.words else []
    cell = f"{step}0" if how.words else given
    local = [_local(cell, how.formats)] if how.formats else []
    number = f"try_cast(replace({cell}, ',', '.') as double)"
    if how.excel:
        # Day 0 is 30 December 1899: Excel counts a 29 February 1900 that never was.
        micros = f"cast(round(({number} - 25569) * 86400000) as bigint) * 1000"
        local.append(f"case when {number} between 1 and 200000 then {micros} end")
    steps.append(f"coalesce({', '.join(local)})" if local else "cast(null as bigint)")
    tries = [_zoned(cell, how.zoned, how.quick)] if how.zoned else []
    tries += [to_utc(f"{step}{len(steps) - 1}", zone)] if local else []
    tries += [_epoch(cell, unit, number) for unit in how.epochs]
    return (*steps, f"coalesce({', '.join(tries)})" if tries else "cast(null as timestamptz)")


def _local(cell: str, formats: Sequence[str]) -> str:
    read = f"epoch_us(try_strptime({cell}, [{literals(formats)}]))"
    # A year of two digits passes %Y as the year 16.
    return f"case when {read} >= {YEAR_1000} then {read} end" if any("%Y" in f for f in formats) else read


def _zoned(cell: str, formats: Sequence[str], quick: Sequence[str]) -> str:
    # strptime knows +00:00 but not Z, and no blank before the zone.
    text = f"case when {cell} like '%Z' then rtrim({cell}, 'Z ') || '+00:00' else replace({cell}, ' +', '+') end"
    slow = f"try_strptime({text}, [{literals(formats)}])"
    looks = " or ".join(f"{cell} like {literal(pattern)}" for pattern in quick)
    return f"case when {looks} then try_cast({cell} as timestamptz) else {slow} end" if quick else slow


def _epoch(cell: str, unit: str, number: str) -> str:
    low, high = {"epoch_s": (8, 10), "epoch_ms": (11, 13), "epoch_us": (14, 16)}[unit]
    digits = f"length(split_part(split_part({cell}, '.', 1), ',', 1)) between {low} and {high}"
    exact = f"coalesce(try_cast({cell} as decimal(38, 6)), {number}) * {EPOCHS[unit]}"
    return f"case when {digits} then make_timestamptz(cast(round({exact}) as bigint)) end"
