"""Charts as SVG, at once, with the page's own colours; drawn by Vega-Lite without a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import vl_convert
from django.utils.translation import get_language

from polso.answer import Estimate, Row

# Colours are stood in for while drawing, then become the page's variables, so that light and dark need one picture.
_INK, _QUIET, _GRID, _BRAND = "#010203", "#010204", "#010205", "#010206"
_VARIABLES = {_INK: "var(--ink)", _QUIET: "var(--quiet)", _GRID: "var(--line)", _BRAND: "var(--brand)"}
WIDE, NARROW = 720, 300
"""Widths for a desk and for a phone, in pixels: letters keep their size on both."""
_TOLD = {"field": "told"}
_LOCALES = {"it": "it-IT"}
_SAYS = "\u2063"
"""Marks the description of a point, so that it can be told from those that Vega makes up."""
_CONFIG: dict[str, Any] = {
    "background": None,
    "font": "system-ui, sans-serif",
    "view": {"stroke": None},
    "axis": {
        "labelColor": _QUIET,
        "titleColor": _QUIET,
        "gridColor": _GRID,
        "domainColor": _GRID,
        "tickColor": _GRID,
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
    },
}


@dataclass(frozen=True)
class Scale:
    """What a value is divided by to be drawn, and what stands after it on the axis."""

    divisor: float = 1.0
    suffix: str = ""

    def of(self, estimate: Estimate) -> dict[str, float | None]:
        """The value and its interval as they are drawn."""
        parts = {"value": estimate.value, "low": estimate.low, "high": estimate.high}
        return {name: None if part is None else part / self.divisor for name, part in parts.items()}

    @property
    def axis(self) -> dict[str, Any]:
        """The labels of an axis."""
        return {"labelExpr": f"format(datum.value, ',~g') + {json.dumps(self.suffix)}"}


@dataclass(frozen=True)
class Marks:
    """What a trend is held against: a goal, published values, and what happened when."""

    goal: float | None = None
    published: tuple[float, float] | None = None
    events: tuple[int, ...] = ()
    """Places on the time axis."""


def trend(rows: Sequence[Row], labels: Sequence[str], told: Sequence[str], scale: Scale, marks: Marks, width: int) -> str:
    """The value over time with its interval as a band; `told` is what each point says when asked."""
    x = {"field": "i", "type": "quantitative", "scale": {"nice": False, "padding": 6}}
    y = {"type": "quantitative", "title": None, "scale": {"zero": False}, "axis": scale.axis | {"tickCount": 4, "grid": True}}
    values = [
        {"i": i, "told": _SAYS + said, **scale.of(row.estimate)} for i, (row, said) in enumerate(zip(rows, told, strict=True))
    ]
    # As many labels as fit.
    every = max(1, -(-len(values) // max(2, width // 120)))
    shown = {"values": list(range(0, len(values), every)), "labelExpr": f"{json.dumps(list(labels))}[datum.value]"}
    x = x | {"axis": shown | {"title": None, "grid": False}}
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "area", "color": _BRAND, "opacity": 0.16},
            "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "line", "color": _BRAND, "strokeWidth": 2},
            "encoding": {"x": x, "y": y | {"field": "value"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 36, "opacity": 1, "color": _BRAND},
            "encoding": {"x": x, "y": y | {"field": "value"}, "description": _TOLD},
        },
    ]
    if marks.goal is not None:
        rule, goal = {"type": "rule", "color": _INK, "strokeDash": [4, 4]}, [{"at": marks.goal / scale.divisor}]
        layers.append({"data": {"values": goal}, "mark": rule, "encoding": {"y": y | {"field": "at"}}})
    if marks.published is not None:
        low, high = (edge / scale.divisor for edge in marks.published)
        band = {"type": "rect", "color": _QUIET, "opacity": 0.1}
        both = {"y": y | {"field": "low"}, "y2": {"field": "high"}}
        layers.insert(0, {"data": {"values": [{"low": low, "high": high}]}, "mark": band, "encoding": both})
    if marks.events:
        rule = {"type": "rule", "color": _QUIET, "strokeDash": [2, 3]}
        layers.append({"data": {"values": [{"i": place} for place in marks.events]}, "mark": rule, "encoding": {"x": x}})
    return _drawn({"width": width, "height": 220, "data": {"values": values}, "layer": layers})


def spread(names: Sequence[str], counts: Sequence[int], told: Sequence[str], width: int = WIDE) -> str:
    """How many there are of each value, one column a value."""
    values = [{"name": name, "rows": rows, "told": said} for name, rows, said in zip(names, counts, told, strict=True)]
    every = max(1, -(-len(values) // max(2, width // 70)))
    shown = {"values": list(names)[::every], "title": None, "labelAngle": 0, "grid": False}
    encoding = {
        "x": {"field": "name", "type": "ordinal", "sort": None, "axis": shown},
        "y": {"field": "rows", "type": "quantitative", "title": None, "axis": {"tickCount": 3, "format": "d"}},
        "description": _TOLD,
    }
    mark = {"type": "bar", "color": _BRAND, "opacity": 0.75}
    return _drawn({"width": width, "height": 140, "data": {"values": values}, "mark": mark, "encoding": encoding})


def heat(cells: Sequence[tuple[str, str, float | None, str]], width: int = WIDE) -> str:
    """A value by hour and weekday: the darker, the more. Each cell: hour, weekday, value, what it says."""
    values = [{"hour": hour, "day": day, "value": value, "told": _SAYS + told} for hour, day, value, told in cells]
    encoding = {
        "x": {"field": "hour", "type": "ordinal", "sort": None, "axis": {"title": None, "labelAngle": 0, "ticks": False}},
        "y": {"field": "day", "type": "ordinal", "sort": None, "axis": {"title": None, "ticks": False}},
        "opacity": {"field": "value", "type": "quantitative", "legend": None, "scale": {"range": [0.05, 1]}},
        "description": _TOLD,
    }
    mark = {"type": "rect", "color": _BRAND}
    return _drawn({"width": width - 60, "height": 190, "data": {"values": values}, "mark": mark, "encoding": encoding})


def bars(rows: Sequence[Row], names: Sequence[str], told: Sequence[str], scale: Scale, width: int) -> str:
    """Segments one below the other: the value as a dot, the interval as a line."""
    values = [
        {"name": name, "told": _SAYS + said, **scale.of(row.estimate)}
        for row, name, said in zip(rows, names, told, strict=True)
        if row.estimate.value is not None
    ]
    y = {"field": "name", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 140, "grid": False}}
    x = {"type": "quantitative", "title": None, "scale": {"zero": False}, "axis": scale.axis | {"tickCount": 5}}
    layers = [
        {
            "mark": {"type": "rule", "color": _BRAND, "opacity": 0.4, "strokeWidth": 4},
            "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "color": _BRAND, "opacity": 1},
            "encoding": {"y": y, "x": x | {"field": "value"}, "description": _TOLD},
        },
    ]
    return _drawn({"width": width - 160, "height": {"step": 28}, "data": {"values": values}, "layer": layers})


def spark(rows: Sequence[Row]) -> str:
    """A small line without axes."""
    values = [
        {"i": i, "value": row.estimate.value, "low": row.estimate.low, "high": row.estimate.high} for i, row in enumerate(rows)
    ]
    x = {"field": "i", "type": "quantitative", "axis": None, "scale": {"nice": False}}
    y = {"type": "quantitative", "axis": None, "scale": {"zero": False}}
    layers = [
        {
            "mark": {"type": "area", "color": _BRAND, "opacity": 0.16},
            "encoding": {"x": x, "y": y | {"field": "low"}, "y2": {"field": "high"}},
        },
        {"mark": {"type": "line", "color": _BRAND, "strokeWidth": 2}, "encoding": {"x": x, "y": y | {"field": "value"}}},
    ]
    return _drawn({"width": 220, "height": 48, "padding": 2, "data": {"values": values}, "layer": layers})


def _drawn(spec: dict[str, Any]) -> str:
    whole = {"$schema": "https://vega.github.io/schema/vega-lite/v6.json", **spec, "config": _CONFIG}
    return _svg(json.dumps(whole, sort_keys=True), _LOCALES.get(get_language() or "", "en-US"))


@lru_cache(maxsize=512)
def _svg(spec: str, locale: str) -> str:
    svg = vl_convert.vegalite_to_svg(json.loads(spec), format_locale=locale)  # type: ignore[arg-type]
    for stand_in, variable in _VARIABLES.items():
        svg = svg.replace(stand_in, variable)
    width, height = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    svg = svg.replace(f'aria-label="{_SAYS}', 'data-told="')
    svg = re.sub(r' (?:style|class|role|aria-[a-z]+)="[^"]*"', "", svg)
    return svg.replace(f'width="{width}" height="{height}"', 'class="chart" focusable="false" aria-hidden="true"', 1)


def png(svg: str) -> bytes:
    """A picture as pixels, two for each point."""
    return vl_convert.svg_to_png(standing_alone(svg), scale=2)


def standing_alone(svg: str) -> str:
    """A picture that needs no page around it."""
    for variable, colour in (("--ink", "#1b2a2f"), ("--quiet", "#55666c"), ("--line", "#d9e0e2"), ("--brand", "#0f6a73")):
        svg = svg.replace(f"var({variable})", colour)
    return svg
