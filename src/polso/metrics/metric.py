"""A KPI as data: one line of formula, what it is counted on, and what to say about it in each language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from polso.entities import ENTITIES
from polso.errors import PolsoError, did_you_mean

UNITS = ("points", "%", "seconds", "days", "months", "count", "currency", "currency/day", "ratio", "score")
DIRECTIONS = ("up", "down", "none")
LANGUAGES = ("en", "it")
TEXTS = ("name", "tells", "read", "act", "traps")
_KEYS = (
    *("entity", "time", "where", "per_customer", "formula", "unit", "direction", "range", "shown_with", "benchmark"),
    *LANGUAGES,
)
_BENCHMARK = ("value", "low", "high", "about", "source", "year")


class MetricError(PolsoError):
    """A definition that cannot be used."""


@dataclass(frozen=True)
class Benchmark:
    """A published value to set a KPI against."""

    low: float
    high: float
    about: Mapping[str, str]
    """What it is a value of, by language."""
    source: str
    year: int | None
    """None where the source gives none."""


@dataclass(frozen=True)
class Metric:
    """One KPI's definition."""

    key: str
    entity: str
    formula: str
    time: str
    """The moment that decides which period a row belongs to."""
    where: str | None = None
    per_customer: str = "every"
    """'latest' to count of each customer only the latest row of a period."""
    unit: str = "count"
    direction: str = "none"
    range: tuple[float, float] | None = None
    """Bounds the value cannot leave."""
    shown_with: tuple[str, ...] = ()
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    benchmarks: tuple[Benchmark, ...] = ()
    theme: str = "custom"

    def name(self, language: str) -> str:
        """Its name in a language, else in English, else its key."""
        for one in (language, "en", *self.texts):
            if self.texts.get(one, {}).get("name"):
                return self.texts[one]["name"]
        return self.key

    @property
    def fingerprint(self) -> str:
        """A text that changes when what is computed changes."""
        parts = (self.entity, self.time, self.where or "", self.per_customer, self.formula)
        return sha256("\0".join(" ".join(part.split()) for part in parts).encode()).hexdigest()

    def as_dict(self) -> dict[str, Any]:
        """The definition, for programs."""
        return {
            "key": self.key,
            "theme": self.theme,
            "entity": self.entity,
            "time": self.time,
            "where": self.where,
            "per_customer": self.per_customer,
            "formula": self.formula,
            "unit": self.unit,
            "direction": self.direction,
            "range": None if self.range is None else list(self.range),
            "shown_with": list(self.shown_with),
            "texts": {language: dict(texts) for language, texts in self.texts.items()},
            "benchmarks": [
                {"low": b.low, "high": b.high, "about": dict(b.about), "source": b.source, "year": b.year}
                for b in self.benchmarks
            ],
        }


def metric(key: str, given: Mapping[str, Any], theme: str = "custom") -> Metric:
    """Check a definition as TOML gives it; MetricError names the KPI and what is wrong."""
    if not isinstance(given, Mapping):
        raise MetricError(f"KPI '{key}' must be a table with an entity and a formula")
    for name in given:
        if name not in _KEYS:
            raise MetricError(f"KPI '{key}' has no '{name}'{did_you_mean(name, _KEYS)}")
    for name in ("entity", "formula"):
        if not isinstance(given.get(name), str) or not given[name].strip():
            raise MetricError(f"KPI '{key}' needs {name} = \"…\"")
    entity = given["entity"]
    if entity not in ENTITIES:
        raise MetricError(f"KPI '{key}': there is no entity '{entity}'{did_you_mean(entity, ENTITIES)}")
    time = given.get("time", ENTITIES[entity].anchor)
    check_time(key, entity, time)
    if not isinstance(given.get("where", ""), str):
        raise MetricError(f"KPI '{key}': where must be a condition in quotes, not {given['where']!r}")
    _one_of(key, "unit", given.get("unit", "count"), UNITS)
    _one_of(key, "direction", given.get("direction", "none"), DIRECTIONS)
    _one_of(key, "per_customer", given.get("per_customer", "every"), ("every", "latest"))
    return Metric(
        key=key,
        entity=entity,
        formula=given["formula"],
        time=time,
        where=given.get("where"),
        per_customer=given.get("per_customer", "every"),
        unit=given.get("unit", "count"),
        direction=given.get("direction", "none"),
        range=_range(key, given.get("range")),
        shown_with=tuple(given.get("shown_with", ())),
        texts={language: _texts(key, language, given[language]) for language in LANGUAGES if language in given},
        benchmarks=tuple(_benchmark(key, one) for one in given.get("benchmark", ())),
        theme=theme,
    )


def check_time(key: str, entity: str, time: Any) -> None:
    """Raise MetricError unless an entity has a moment of this name."""
    moments = [column.name for column in ENTITIES[entity].all_columns if column.time]
    if time not in moments:
        raise MetricError(f"KPI '{key}': {entity} has no moment '{time}'{did_you_mean(str(time), moments)}")


def _one_of(key: str, name: str, value: Any, choices: tuple[str, ...]) -> None:
    if value not in choices:
        raise MetricError(f"KPI '{key}': {name} cannot be '{value}'{did_you_mean(str(value), choices)}")


def _range(key: str, given: Any) -> tuple[float, float] | None:
    if given is None:
        return None
    try:
        low, high = (float(bound) for bound in given)
    except (TypeError, ValueError):
        raise MetricError(f"KPI '{key}': range is two numbers, for example [0, 100]") from None
    if low >= high:
        raise MetricError(f"KPI '{key}': the range [{low:g}, {high:g}] is empty")
    return low, high


def _texts(key: str, language: str, given: Any) -> dict[str, str]:
    if not isinstance(given, Mapping):
        raise MetricError(f"[{key}.{language}] must be a table of texts")
    for name in given:
        if name not in TEXTS:
            raise MetricError(f"[{key}.{language}] has no '{name}'{did_you_mean(name, TEXTS)}")
    return {name: str(text) for name, text in given.items()}


def _benchmark(key: str, given: Mapping[str, Any]) -> Benchmark:
    for name in given:
        if name not in _BENCHMARK:
            raise MetricError(f"[[{key}.benchmark]] has no '{name}'{did_you_mean(name, _BENCHMARK)}")
    low, high = given.get("low", given.get("value")), given.get("high", given.get("value"))
    if low is None or high is None or "source" not in given:
        raise MetricError(f"[[{key}.benchmark]] needs a value (or low and high) and a source")
    about = {language: str(text) for language, text in dict(given.get("about", {})).items()}
    year = int(given["year"]) if "year" in given else None
    return Benchmark(float(low), float(high), about, str(given["source"]), year)
