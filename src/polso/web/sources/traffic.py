"""How facts come in: by day and source, and the days on which some were missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from polso.entities import Entity
from polso.metrics.metric import metric
from polso.query import Query
from polso.web.kpis import charts, words
from polso.workspace import Workspace

DAYS = (30, 90, 365)
MOST_SOURCES = 6
_LOOKED_AT = 120
"""Days that tell what is usual, at least."""
_USUAL = 0.8
_FEW = 4
# The charts take what begins with this for what a column says when asked.
_SAYS = "\u2063"


@dataclass(frozen=True)
class Gap:
    """Days without facts of a source, although there usually are some."""

    source: str
    first: date
    last: date

    @property
    def days(self) -> int:
        """How long it lasted."""
        return (self.last - self.first).days + 1


@dataclass(frozen=True)
class Traffic:
    """Facts by day and source; the largest source first."""

    days: tuple[date, ...]
    counts: Mapping[str, Sequence[int]]
    gaps: tuple[Gap, ...]

    @property
    def whole(self) -> list[int]:
        """How many there were each day."""
        return [sum(each) for each in zip(*self.counts.values(), strict=True)]

    @property
    def table(self) -> list[tuple[date, list[int]]]:
        """Each day with the counts of its sources, the newest first."""
        return list(zip(reversed(self.days), [list(row) for row in zip(*self.counts.values(), strict=True)][::-1], strict=True))

    def charts(self) -> list[tuple[str, list[str]]]:
        """Pictures for a desk and for a phone: of the whole, then of each source where there are several."""
        drawn = [(_("All sources"), self._drawn(self.whole))]
        several = list(self.counts.items())[:MOST_SOURCES] if len(self.counts) > 1 else []
        return drawn + [(name, self._drawn(counts)) for name, counts in several]

    def _drawn(self, counts: Sequence[int]) -> list[str]:
        names = [date_format(day, "j M") for day in self.days]
        told = [
            f"{_SAYS}{date_format(day, 'D j M Y')}: {words.plain(count)}" for day, count in zip(self.days, counts, strict=True)
        ]
        return [charts.spread(names, counts, told, width) for width in (charts.WIDE, charts.NARROW)]


def traffic(workspace: Workspace, entity: Entity, days: int) -> Traffic | None:
    """Count an entity's facts over the days that end with its latest one; None without facts."""
    last = workspace.latest_day(entity.name)
    if last is None:
        return None
    looked_at = [last - timedelta(days=back) for back in reversed(range(max(days, _LOOKED_AT)))]
    counted = metric("facts", {"entity": entity.name, "formula": "count()"})
    query = Query(("facts",), ("source",), "day", looked_at[0], last + timedelta(days=1), compare="none")
    places = {day.isoformat(): place for place, day in enumerate(looked_at)}
    counts: dict[str, list[int]] = defaultdict(lambda: [0] * len(looked_at))
    for row in workspace.try_out(counted, query).only:
        counts[row.segment["source"] or _("unknown")][places[row.period]] = row.estimate.n
    gaps = [gap for source, each in counts.items() for gap in _gaps(source, looked_at, each)]
    shown = sorted(counts.items(), key=lambda one: -sum(one[1]))
    return Traffic(
        tuple(looked_at[-days:]),
        {source: each[-days:] for source, each in shown if any(each[-days:])},
        tuple(sorted((gap for gap in gaps if gap.last >= looked_at[-days]), key=lambda gap: gap.first, reverse=True)),
    )


def _gaps(source: str, days: Sequence[date], counts: Sequence[int]) -> Iterator[Gap]:
    """Days without facts on weekdays that usually have some; days that never have any do not end a gap."""
    there = [place for place, count in enumerate(counts) if count]
    if not there:
        return
    first = there[0]
    known = range(first, there[-1] + 1)
    usual = {weekday for weekday in range(7) if _is_usual([counts[place] for place in known if days[place].weekday() == weekday])}
    begun: int | None = None
    ended = first
    for place in range(first, len(days)):
        if counts[place]:
            if begun is not None:
                yield Gap(source, days[begun], days[ended])
            begun = None
        elif days[place].weekday() in usual:
            begun, ended = (place if begun is None else begun), place
    if begun is not None:
        yield Gap(source, days[begun], days[ended])


def _is_usual(counts: Sequence[int]) -> bool:
    return len(counts) >= _FEW and sum(map(bool, counts)) >= _USUAL * len(counts)
