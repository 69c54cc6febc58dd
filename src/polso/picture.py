"""Answers as pictures: one Altair chart for notebook, page and report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import altair as alt

if TYPE_CHECKING:
    from polso.answer import Answer, Answers

_INTERVAL = {"opacity": 0.25}


def chart(answers: Answers) -> Any:
    """Return an Altair chart: one panel per KPI, lines over time with their interval, or bars by segment."""
    panels = [_panel(answer) for answer in answers]
    return alt.vconcat(*panels) if len(panels) != 1 else panels[0]


def _panel(answer: Answer) -> Any:
    rows = [
        {
            "period": row.period,
            "segment": " · ".join(value if value is not None else "–" for value in row.segment.values()),
            "value": row.estimate.value,
            "low": row.estimate.low,
            "high": row.estimate.high,
            "n": row.estimate.n,
        }
        for row in answer
    ]
    base = alt.Chart({"values": rows})
    over_time = len({row["period"] for row in rows}) > 1
    panel = _over_time(base, answer) if over_time else _by_segment(base)
    return panel.properties(title=f"{answer.name or answer.metric} ({answer.unit})", width=480)


def _over_time(base: Any, answer: Answer) -> Any:
    x = alt.X("period:T", title=None)
    colour = alt.Color("segment:N", title=" · ".join(answer.by)) if answer.by else alt.value("#1f6f8b")
    band = base.mark_area(**_INTERVAL).encode(x=x, y=alt.Y("low:Q", title=answer.unit), y2="high:Q", color=colour)
    line = base.mark_line(point=True).encode(x=x, y="value:Q", color=colour, tooltip=_tips())
    return band + line


def _by_segment(base: Any) -> Any:
    y = alt.Y("segment:N", title=None, sort="-x")
    rule = base.mark_rule().encode(y=y, x=alt.X("low:Q", title=None), x2="high:Q")
    point = base.mark_point(filled=True, size=80).encode(y=y, x="value:Q", tooltip=_tips())
    return rule + point


def _tips() -> list[str]:
    return ["period:N", "segment:N", "value:Q", "low:Q", "high:Q", "n:Q"]
