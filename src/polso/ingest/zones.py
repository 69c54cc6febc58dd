"""Times that state no zone, brought to UTC in SQL by the zone's own list of changes."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from polso.zones import offsets

FIRST_YEAR, LAST_YEAR = 1900, 2100


def to_utc(micros: str, zone: str) -> str:
    """SQL for the moment of a local time, given as the name of a column of microseconds since 1970.

    A time in the gap of spring moves forward; one that comes twice in autumn is the first.
    """
    found = offsets(ZoneInfo(zone), FIRST_YEAR, LAST_YEAR)
    return f"make_timestamptz({micros} - ({_search(found, 0, len(found) - 1, micros)}))"


def _search(found: tuple[tuple[int, int], ...], low: int, high: int, micros: str) -> str:
    """A binary search written as nested CASEs: nine comparisons for two centuries of changes."""
    if low == high:
        return str(found[low][1])
    middle = (low + high + 1) // 2
    since, after = found[middle]
    # Local times up to the later of both readings still belong to the offset before the change.
    local = since + max(found[middle - 1][1], after)
    left, right = _search(found, low, middle - 1, micros), _search(found, middle, high, micros)
    return f"case when {micros} < {local} then {left} else {right} end"
