"""What a page's address asks: the same words as on the command line, so that a page can be sent to somebody."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from urllib.parse import urlencode

from django.http import QueryDict

from polso.errors import PolsoError
from polso.query import GRAINS, Query
from polso.workspace import moment

COMPARISONS = ("previous", "year", "none")


@dataclass(frozen=True)
class Asked:
    """The parts of a question that a page's address holds."""

    by: str = ""
    grain: str = "month"
    start: date | None = None
    end: date | None = None
    where: str = ""
    compare: str = "previous"

    @classmethod
    def of(cls, given: QueryDict, until: date) -> Asked:
        """Read an address; PolsoError where it makes no sense. Without dates, the twelve months that end with `until`."""
        grain = given.get("grain") or "month"
        start, end = (moment(given.get(name) or None) for name in ("from", "to"))
        if grain not in GRAINS or grain == "all":
            grain = "month"
        first = until.replace(day=1)
        asked = cls(
            by=given.get("by", ""),
            grain=grain,
            start=start if start is not None else _back(first, 11),
            end=end if end is not None else until + timedelta(days=1),
            where=given.get("where", "").strip(),
            compare=given.get("compare") if given.get("compare") in COMPARISONS else "previous",  # type: ignore[arg-type]
        )
        if asked.start is not None and asked.end is not None and asked.start >= asked.end:
            raise PolsoError(f"the period ends ({asked.end}) before it begins ({asked.start}); the end is not included")
        return asked

    def query(self, *keys: str, grain: str | None = None, by: tuple[str, ...] | None = None) -> Query:
        """The question about some KPIs."""
        splits = (self.by,) if self.by else ()
        return Query(
            keys,
            splits if by is None else by,
            grain or self.grain,
            self.start,
            self.end,
            self.where or None,
            self.compare,
        )

    def narrowed(self, value: str | None) -> str:
        """The address of the same page, without the split and only for one of its segments."""
        own = f"{self.by} is null" if value is None else f"{self.by} = {_quoted(value)}"
        return self.address(by="", where=f"({self.where}) and {own}" if self.where else own)

    def address(self, **changes: object) -> str:
        """The same page with some parts changed, as the part of an address after the question mark."""
        other = replace(self, **changes)  # type: ignore[arg-type]
        words = {"by": other.by, "grain": other.grain, "from": other.start, "to": other.end, "where": other.where}
        return urlencode({name: str(value) for name, value in {**words, "compare": other.compare}.items() if value})


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _back(first: date, months: int) -> date:
    number = first.year * 12 + first.month - 1 - months
    return date(number // 12, number % 12 + 1, 1)
