"""Numbers as people write and say them, in the language of the page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from math import floor, log10

from django.utils.formats import date_format, number_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop, ngettext

from polso.answer import Change, Estimate, Goal
from polso.web.kpis.charts import Scale

_DURATIONS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def number(value: float, digits: int = 3) -> str:
    """A number to some significant digits; counts are whole."""
    places = 0 if value == 0 or isinstance(value, int) else max(0, digits - 1 - floor(log10(abs(value))))
    text = number_format(f"{abs(value):.{min(places, 6)}f}", use_l10n=True, force_grouping=True)
    return f"−{text}" if value < 0 else text


def plain(value: float) -> str:
    """A number without zeros at its end."""
    text = number_format(f"{abs(value):.9g}", use_l10n=True, force_grouping=True)
    return f"−{text}" if value < 0 else text


def amount(value: float | None, unit: str, currency: str = "EUR") -> str:
    """A value with its unit."""
    if value is None:
        return "–"
    match unit:
        case "%":
            return f"{number(value)}\u00a0%"
        case "seconds":
            return duration(value)
        case "days":
            return ngettext("%(n)s day", "%(n)s days", round(value) if abs(value) >= 1 else 2) % {"n": number(value)}
        case "months":
            return ngettext("%(n)s month", "%(n)s months", round(value) if abs(value) >= 1 else 2) % {"n": number(value)}
        case "currency":
            return f"{number(value)}\u00a0{currency}"
        case "currency/day":
            return _("%(n)s a day") % {"n": f"{number(value)}\u00a0{currency}"}
    return plain(round(value)) if unit == "count" and abs(value - round(value)) < 1e-9 else number(value)


def duration(seconds: float) -> str:
    """Seconds as the unit people would say."""
    size, name = next(((size, name) for size, name in _DURATIONS if abs(seconds) >= size), (1, "s"))
    return f"{number(seconds / size)}\u00a0{_short(name)}"


def scale(unit: str, estimates: Iterable[Estimate]) -> Scale:
    """How values of a unit are drawn: seconds as hours or days, shares with their sign."""
    if unit == "%":
        return Scale(suffix="\u00a0%")
    if unit != "seconds":
        return Scale()
    top = max((one.value for one in estimates if one.value is not None), default=0.0)
    size, name = next(((size, name) for size, name in _DURATIONS if top >= 2 * size), (1, "s"))
    return Scale(size, f"\u00a0{_short(name)}")


def _short(name: str) -> str:
    return {"d": _("d"), "h": _("h"), "min": _("min"), "s": _("s")}[name]


def rows_in_words(n: int, entity: str) -> str:
    """How many facts a number rests on, by the name of the fact."""
    told = {
        "response": ngettext("from %(n)s answer", "from %(n)s answers", n),
        "ticket": ngettext("from %(n)s ticket", "from %(n)s tickets", n),
        "order": ngettext("from %(n)s order", "from %(n)s orders", n),
        "visit": ngettext("from %(n)s visit", "from %(n)s visits", n),
        "customer": ngettext("from %(n)s customer", "from %(n)s customers", n),
        "subscription": ngettext("from %(n)s contract", "from %(n)s contracts", n),
        "lead": ngettext("from %(n)s lead", "from %(n)s leads", n),
        "deal": ngettext("from %(n)s deal", "from %(n)s deals", n),
        "invitation": ngettext("from %(n)s invitation", "from %(n)s invitations", n),
        "mention": ngettext("from %(n)s mention", "from %(n)s mentions", n),
        "annotation": ngettext("from %(n)s reading", "from %(n)s readings", n),
    }
    return told.get(entity, ngettext("from %(n)s fact", "from %(n)s facts", n)) % {"n": number(n)}


def weekdays() -> list[str]:
    """The days of the week, Monday first, as a language shortens them."""
    return [date_format(date(2024, 1, day), "D") for day in range(1, 8)]


def in_words(estimate: Estimate, unit: str, entity: str = "") -> str:
    """What the number is, and how sure."""
    rows = rows_in_words(estimate.n, entity)
    if estimate.value is None:
        return _("Not known: %(reason)s.") % {"reason": reason(estimate.reason)}
    if estimate.low is None or estimate.high is None:
        return _("%(value)s, %(rows)s; no interval: %(reason)s.") % {
            "value": amount(estimate.value, unit),
            "rows": rows,
            "reason": reason(estimate.reason),
        }
    return _("%(value)s, between %(low)s and %(high)s, %(rows)s.") % {
        "value": amount(estimate.value, unit),
        "low": amount(estimate.low, unit),
        "high": amount(estimate.high, unit),
        "rows": rows,
    }


def reason(text: str | None) -> str:
    """Why something is not known, in the language of the page."""
    return _(text) if text else _("no reason given")


def verdict(change: Change | None, direction: str) -> str:
    """Whether a change is real, and whether it is good: better, worse, changed, unclear or nothing."""
    if change is None or change.real is None:
        return "nothing"
    if not change.real:
        return "unclear"
    if direction == "none":
        return "changed"
    return "better" if (change.value > 0) == (direction == "up") else "worse"


def change_in_words(change: Change | None, unit: str, direction: str, before: str) -> str:
    """The change, and whether to believe it."""
    if change is None:
        return _("Nothing to compare with in %(before)s.") % {"before": before}
    size = signed(change.value, unit)
    told = {
        "better": _("%(size)s from %(before)s: really better."),
        "worse": _("%(size)s from %(before)s: really worse."),
        "changed": _("%(size)s from %(before)s: a real change."),
        "unclear": _("%(size)s from %(before)s: it may be chance."),
        "nothing": _("%(size)s from %(before)s: too few facts to tell whether that is chance."),
    }[verdict(change, direction)]
    return told % {"size": size, "before": before}


def signed(value: float, unit: str) -> str:
    """A difference with its sign; of percentages it is in points."""
    text = amount(abs(value), "points" if unit == "%" else unit)
    text = f"{text}\u00a0{_('points')}" if unit in ("%", "points") else text
    return f"+{text}" if value > 0 else f"−{text}" if value < 0 else f"±{text}"


def goal_in_words(goal: Goal, unit: str) -> str:
    """Whether a goal is reached."""
    told = {
        True: _("Goal %(target)s: reached."),
        False: _("Goal %(target)s: not reached yet."),
        None: _("Goal %(target)s: cannot be told yet."),
    }[goal.met]
    return told % {"target": amount(goal.target, unit)}


def period(label: str, grain: str) -> str:
    """A period as people call it."""
    try:
        day = date.fromisoformat(label[:10])
    except ValueError:
        return label
    match grain:
        case "year":
            return str(day.year)
        case "quarter":
            return f"{_('Q')}{(day.month + 2) // 3} {day.year}"
        case "month":
            return date_format(day, "F Y")
        case "week":
            return _("week of %(day)s") % {"day": date_format(day, "j M Y")}
        case "hour":
            return f"{date_format(day, 'j M')} {label[11:16]}"
    return date_format(day, "j M Y")


def cell(value: object) -> str:
    """A cell of a row, short enough for a table."""
    if value is None:
        return "–"
    if isinstance(value, datetime):
        return date_format(localtime(value), "j M Y H:i")
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, int | float):
        return number(value, 6)
    text = str(value)
    return text if len(text) <= 120 else f"{text[:119]}…"


# What the measuring says when it does not know, named here so that it is translated.
REASONS = (
    gettext_noop("nothing to count in this period"),
    gettext_noop("nothing to count in this period, so no interval"),
    gettext_noop("nothing to divide by in this period"),
    gettext_noop("too few customers for an interval"),
    gettext_noop("too few have happened for an interval"),
    gettext_noop("all customers gave the same answer"),
    gettext_noop("no rows"),
    gettext_noop("too few facts to be shown by themselves"),
)
