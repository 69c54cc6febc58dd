"""Why a row is refused: what cannot be read, what is missing, and what cannot be right."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from polso.entities import TICKET_EVENT, Entity
from polso.ingest.quote import literal, name
from polso.ingest.readings import Read, closed

FIRST_YEAR, LAST_YEAR = 1900, 2200
AFTER_COLON = "nullif(trim(case when contains({0}, ':') then substr({0}, strpos({0}, ':') + 1) end), '')"
"""SQL for what a cell says after a colon."""


@dataclass(frozen=True)
class Check:
    """A reason to refuse a row, in SQL: whether it holds, and the value to show."""

    column: str
    bad: str
    value: str
    advice: str


def checks(entity: Entity, reads: Sequence[Read], by_name: dict[str, str], given: dict[str, str]) -> list[Check]:
    """The reasons to refuse a row."""
    found = []
    for i, read in enumerate(reads):
        column, value = read.cell.column, f"value_{i}"
        if read.steps != (read.given,):
            bad = f"{read.given} is not null and {value} is null"
            bad = f"case when {bad} then not {read.cell.nothing(read.given)} else false end"
            found.append(Check(column.name, bad, read.given, read.advice))
        if column.low is not None:
            advice = f"it cannot be below {column.low:g}"
            found.append(Check(column.name, f"coalesce({value} < {column.low!r}, false)", read.given, advice))
    for column in entity.all_columns:
        if column.required and (column.name in by_name or column.name != "id"):
            advice = "it is empty, and every row needs it: fill it, or give a default in the mapping"
            empty = f"{name(column.name)} is null and {_nothing(column.name, reads)}"
            found.append(Check(column.name, empty, "null", advice))
    anchor, before, after = name(entity.anchor), f"{FIRST_YEAR}-01-01 00:00:00+00", f"{LAST_YEAR + 1}-01-01 00:00:00+00"
    advice = f"a {entity.row} before {FIRST_YEAR} or after {LAST_YEAR} is taken for a mistake"
    shown = given.get(entity.anchor, name(entity.anchor))
    outside = f"coalesce({anchor} < timestamptz {literal(before)} or {anchor} >= timestamptz {literal(after)}, false)"
    found.append(Check(entity.anchor, outside, shown, advice))
    if entity.name == "response":
        found += _score_checks()
    if entity is TICKET_EVENT and "kind" in given:
        said = AFTER_COLON.format(given["kind"])
        author = closed(said, TICKET_EVENT.by_name["author"])
        bad = f"coalesce(kind in ('reply', 'note', 'created') and {said} is not null and {author} is null, false)"
        found.append(Check("kind", bad, given["kind"], "after the colon customer, agent or bot is expected"))
    if "extra" in by_name:
        own = by_name["extra"]
        bad = f"{own} is not null and (not json_valid({own}) or left(ltrim({own}), 1) <> '{{')"
        found.append(Check("extra", bad, own, "a JSON object is expected"))
    return found


def _nothing(target: str, reads: Sequence[Read]) -> str:
    """SQL that is true where nothing was given for a target; what was given but not read is another check's."""
    for read in reads:
        if read.cell.column.name == target and not read.cell.extra:
            return f"({read.given} is null or {read.cell.nothing(read.given)})"
    return "true"


def _score_checks() -> list[Check]:
    scored = "score is not null and kind in ('nps', 'csat', 'ces', 'stars', 'thumbs')"
    return [
        Check(
            "score",
            f"coalesce({scored} and (scale_min is null or scale_max is null), false)",
            "score",
            "the scale of this score is not stated: add scale_min and scale_max to the mapping, "
            "for example scale_min = { const = 1 } and scale_max = { const = 7 }",
        ),
        Check(
            "score",
            "coalesce(score < scale_min or score > scale_max, false)",
            "score",
            "it lies outside its scale: state scale_min and scale_max, or correct the score",
        ),
        Check("scale_max", "coalesce(scale_max <= scale_min, false)", "scale_max", "it must be above scale_min"),
    ]
