"""When a zone's clock changes: written out, so that nothing else needs time-zone tables."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

_MICRO = timedelta(microseconds=1)
_STEP = timedelta(days=6)
"""No zone has changed its offset twice within six days since 1900."""


@lru_cache(maxsize=256)
def offsets(zone: ZoneInfo, start_year: int, end_year: int) -> tuple[tuple[int, int], ...]:
    """Where a zone's clock changes: (microseconds UTC from which, offset in microseconds), the first from the beginning."""
    moment = datetime(start_year, 1, 1, tzinfo=UTC)
    stop = datetime(end_year + 1, 1, 1, tzinfo=UTC)
    found = [(0, offset(moment, zone))]
    while moment < stop:
        following = moment + _STEP
        if offset(following, zone) != found[-1][1]:
            changed = _change(moment, following, zone)
            found.append((round(changed.timestamp()) * 1_000_000, offset(changed, zone)))
        moment = following
    return tuple(found)


def offset(moment: datetime, zone: ZoneInfo) -> int:
    """Microseconds by which a zone's clock is ahead of UTC at a moment."""
    return (moment.astimezone(zone).utcoffset() or timedelta()) // _MICRO


def _change(before: datetime, after: datetime, zone: ZoneInfo) -> datetime:
    """The first second with the offset of `after`."""
    wanted = offset(after, zone)
    low, high = 0, round((after - before).total_seconds())
    while low < high:
        middle = (low + high) // 2
        if offset(before + timedelta(seconds=middle), zone) == wanted:
            high = middle
        else:
            low = middle + 1
    return before + timedelta(seconds=low)
