"""A workspace's own KPIs, written by people: one file each, with every earlier version kept."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

from polso.metrics.catalogue import read
from polso.metrics.metric import LANGUAGES, Metric

_PAST = "past"
"""The folder of earlier versions; no KPI is read from it."""


def save(folder: Path, metric: Metric) -> None:
    """Write a KPI's file; what it was before is kept."""
    path = folder / f"{metric.key}.toml"
    (folder / _PAST).mkdir(parents=True, exist_ok=True)
    text = as_toml(metric)
    if path.exists():
        old = path.read_text(encoding="utf-8")
        if old == text:
            return
        _write(folder / _PAST / f"{metric.key}.{len(past(folder, metric.key)) + 1}.toml", old)
    _write(path, text)


def drop(folder: Path, key: str) -> None:
    """Take a KPI out of use; its last version is kept with the earlier ones."""
    path = folder / f"{key}.toml"
    if path.exists():
        (folder / _PAST).mkdir(exist_ok=True)
        os.replace(path, folder / _PAST / f"{key}.{len(past(folder, key)) + 1}.toml")


def past(folder: Path, key: str) -> list[Metric]:
    """The earlier versions of a KPI, oldest first."""
    files = sorted((folder / _PAST).glob(f"{key}.*.toml"), key=lambda path: int(path.name.split(".")[-2]))
    return [read(path, "custom")[key] for path in files]


def as_toml(metric: Metric) -> str:
    """A definition as people write it."""
    return "\n".join(_lines(metric)) + "\n"


def _lines(metric: Metric) -> Iterator[str]:
    yield f"[{metric.key}]"
    for name in ("entity", "time", "where", "per_customer", "formula", "unit", "direction"):
        if value := getattr(metric, name):
            yield f"{name} = {_text(value)}"
    if metric.range is not None:
        yield f"range = [{metric.range[0]:g}, {metric.range[1]:g}]"
    if metric.shown_with:
        yield f"shown_with = [{', '.join(_text(key) for key in metric.shown_with)}]"
    for language in LANGUAGES:
        if said := metric.texts.get(language):
            yield f"\n[{metric.key}.{language}]"
            yield from (f"{name} = {_text(text)}" for name, text in said.items() if text)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def _write(path: Path, text: str) -> None:
    """All of a file or nothing of it."""
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    os.replace(new, path)
