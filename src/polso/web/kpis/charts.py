"""Charts as SVG, at once, with the page's own colours; drawn by Vega-Lite without a browser."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import vl_convert

from polso.answer import Row

# Colours are stood in for while drawing, then become the page's variables, so that light and dark need one picture.
_INK, _QUIET, _GRID, _BRAND = "#010203", "#010204", "#010205", "#010206"
_VARIABLES = {_INK: "var(--ink)", _QUIET: "var(--quiet)", _GRID: "var(--line)", _BRAND: "var(--brand)"}
WIDE, NARROW = 720, 300
"""Widths for a desk and for a phone, in pixels: letters keep their size on both."""
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


def trend(rows: Sequence[Row], labels: Sequence[str], goal: float | None = None, width: int = WIDE) -> str:
    """The value over time with its interval as a band."""
    x = {"field": "i", "type": "quantitative", "axis": None, "scale": {"nice": False, "padding": 6}}
    y = {"type": "quantitative", "title": None, "scale": {"zero": False}, "axis": {"tickCount": 4, "grid": True}}
    values = [
        {"i": i, "label": label, "value": row.estimate.value, "low": row.estimate.low, "high": row.estimate.high}
        for i, (row, label) in enumerate(zip(rows, labels, strict=True))
    ]
    # As many labels as fit.
    every = max(1, -(-len(values) // max(2, width // 120)))
    ticks = list(range(0, len(values), every))
    x_axis = x | {
        "axis": {
            "values": ticks,
            "labelExpr": json.dumps([value["label"] for value in values]) + "[datum.value]",
            "title": None,
            "grid": False,
        }
    }
    layers: list[dict[str, Any]] = [
        {
            "mark": {"type": "area", "color": _BRAND, "opacity": 0.16},
            "encoding": {"x": x_axis, "y": y | {"field": "low"}, "y2": {"field": "high"}},
        },
        {
            "mark": {"type": "line", "color": _BRAND, "strokeWidth": 2, "point": {"filled": True, "size": 36, "color": _BRAND}},
            "encoding": {"x": x_axis, "y": y | {"field": "value"}},
        },
    ]
    if goal is not None:
        rule = {"type": "rule", "color": _INK, "strokeDash": [4, 4]}
        layers.append({"data": {"values": [{"goal": goal}]}, "mark": rule, "encoding": {"y": y | {"field": "goal"}}})
    return _drawn({"width": width, "height": 220, "data": {"values": values}, "layer": layers})


def bars(rows: Sequence[Row], names: Sequence[str], width: int = WIDE) -> str:
    """Segments one below the other: the value as a dot, the interval as a line."""
    values = [
        {"name": name, "value": row.estimate.value, "low": row.estimate.low, "high": row.estimate.high}
        for row, name in zip(rows, names, strict=True)
        if row.estimate.value is not None
    ]
    y = {"field": "name", "type": "nominal", "title": None, "sort": None, "axis": {"labelLimit": 140, "grid": False}}
    x = {"type": "quantitative", "title": None, "scale": {"zero": False}, "axis": {"tickCount": 5}}
    layers = [
        {
            "mark": {"type": "rule", "color": _BRAND, "opacity": 0.4, "strokeWidth": 4},
            "encoding": {"y": y, "x": x | {"field": "low"}, "x2": {"field": "high"}},
        },
        {
            "mark": {"type": "point", "filled": True, "size": 70, "color": _BRAND, "opacity": 1},
            "encoding": {"y": y, "x": x | {"field": "value"}},
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
    return _svg(
        json.dumps({"$schema": "https://vega.github.io/schema/vega-lite/v6.json", **spec, "config": _CONFIG}, sort_keys=True)
    )


@lru_cache(maxsize=512)
def _svg(spec: str) -> str:
    svg = vl_convert.vegalite_to_svg(json.loads(spec))
    for stand_in, variable in _VARIABLES.items():
        svg = svg.replace(stand_in, variable)
    width, height = re.search(r'width="([\d.]+)" height="([\d.]+)"', svg).groups()  # type: ignore[union-attr]
    svg = re.sub(r' style="[^"]*"| class="marks"', "", svg)
    return svg.replace(f'width="{width}" height="{height}"', 'class="chart" focusable="false" aria-hidden="true"', 1)


def standing_alone(svg: str) -> str:
    """A picture that needs no page around it."""
    for variable, colour in (("--ink", "#1b2a2f"), ("--quiet", "#55666c"), ("--line", "#d9e0e2"), ("--brand", "#0f6a73")):
        svg = svg.replace(f"var({variable})", colour)
    return svg
