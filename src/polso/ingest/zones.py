"""Times that state no zone, brought to UTC in SQL by the zone's own list of changes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

FIRST_YEAR, LAST_YEAR = 1900, 2100

Change = tuple[int, int, int]
"""When (seconds since 1970), and the offset before and after, in seconds."""


@cache
def changes(zone: str) -> tuple[Change, ...]:
    """The changes of the offset of a zone, in order."""
    info = ZoneInfo(zone)
    found = []
    time, end, step = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 1, 1, tzinfo=UTC), timedelta(days=9)
    while time < end:
        later = time + step
        if _offset(time, info) != _offset(later, info):
            found.append(_change(time, later, info))
        time = later
    return tuple(found)


def _offset(time: datetime, zone: ZoneInfo) -> int:
    offset = time.astimezone(zone).utcoffset()
    return int(offset.total_seconds()) if offset else 0


def _change(low: datetime, high: datetime, zone: ZoneInfo) -> Change:
    before, after = _offset(low, zone), _offset(high, zone)
    while high - low > timedelta(seconds=1):
        middle = (low + (high - low) / 2).replace(microsecond=0)
        if _offset(middle, zone) == before:
            low = middle
        else:
            high = middle
    return int(high.timestamp()), before, after


def to_utc(micros: str, zone: str) -> str:
    """SQL for the moment of a local time, given as the name of a column of microseconds since 1970.

    A time in the gap of spring moves forward; one that comes twice in autumn is the first.
    """
    found = changes(zone)
    if not found:
        offset = _offset(datetime(2000, 1, 1, tzinfo=UTC), ZoneInfo(zone))
        return f"make_timestamptz({micros} - {offset * 10**6})"
    return f"make_timestamptz({micros} - ({_search(found, 0, len(found), micros)}))"


def _search(found: tuple[Change, ...], low: int, high: int, micros: str) -> str:
    """A binary search written as nested CASEs: seven comparisons for a century and a half of changes."""
    if low == high:
        return str((found[low - 1][2] if low else found[0][1]) * 10**6)
    middle = (low + high) // 2
    when, before, after = found[middle]
    # Local times up to the later of both readings still belong to the offset before the change.
    local = (when + max(before, after)) * 10**6
    left, right = _search(found, low, middle, micros), _search(found, middle + 1, high, micros)
    return f"case when {micros} < {local} then {left} else {right} end"
