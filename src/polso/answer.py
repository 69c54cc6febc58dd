"""The reply: values with their intervals, how many facts they rest on, and what changed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa


@dataclass(frozen=True)
class Estimate:
    """A number and how sure it is; when it is not known, the reason why."""

    value: float | None
    low: float | None = None
    high: float | None = None
    n: int = 0
    reason: str | None = None
    """Why there is no value, or no interval."""


@dataclass(frozen=True)
class Change:
    """The difference from the period compared with, and whether it is more than chance."""

    value: float
    low: float | None = None
    high: float | None = None
    real: bool | None = None
    """None when it cannot be told."""


@dataclass(frozen=True)
class Goal:
    """What a KPI should reach, and whether it has: True, False, or None when the interval cannot tell."""

    target: float
    met: bool | None

    @classmethod
    def judged(cls, target: float, estimate: Estimate, direction: str) -> Goal | None:
        """Hold an estimate against a target; None while there is no estimate."""
        if estimate.value is None:
            return None
        if estimate.low is None or estimate.high is None:
            return cls(target, None)
        side = -1 if direction == "down" else 1
        worst, best = sorted((side * estimate.low, side * estimate.high))
        return cls(target, True if worst >= side * target else False if best < side * target else None)


@dataclass(frozen=True)
class Row:
    """One KPI in one period and segment."""

    period: str
    segment: Mapping[str, str | None]
    estimate: Estimate
    change: Change | None = None
    goal: Goal | None = None

    def as_dict(self) -> dict[str, Any]:
        """The row as the JSON contract has it."""
        result: dict[str, Any] = {"period": self.period, **self.segment}
        e = self.estimate
        result |= {"value": e.value, "low": e.low, "high": e.high, "n": e.n, "reason": e.reason}
        c = self.change
        result["change"] = None if c is None else {"value": c.value, "low": c.low, "high": c.high, "real": c.real}
        if self.goal is not None:
            result["goal"] = {"target": self.goal.target, "met": self.goal.met}
        return result


@dataclass(frozen=True)
class Answer:
    """One KPI's rows, sorted by period then segment."""

    metric: str
    unit: str
    version: str
    """The version of the definition: another definition, another version."""
    snapshot: Mapping[str, int]
    """The version of each entity's facts the numbers were computed from."""
    by: tuple[str, ...]
    rows: tuple[Row, ...]
    name: str = ""
    direction: str = "up"
    """'up' when more is better, 'down' when less is, 'none' when neither."""

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def value(self) -> float | None:
        """The value of a reply of one row."""
        return self.only.estimate.value

    @property
    def only(self) -> Row:
        """The single row of a reply; raises ValueError when there are more or none."""
        (row,) = self.rows
        return row

    def as_dict(self) -> dict[str, Any]:
        """The reply as the JSON contract has it."""
        return {
            "metric": self.metric,
            "unit": self.unit,
            "version": self.version,
            "snapshot": dict(self.snapshot),
            "rows": [row.as_dict() for row in self.rows],
        }


@dataclass(frozen=True)
class Answers:
    """The replies to one question; turns into Arrow, pandas or polars and draws itself in a notebook."""

    answers: tuple[Answer, ...]
    _by_metric: dict[str, Answer] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_metric", {answer.metric: answer for answer in self.answers})

    def __iter__(self) -> Iterator[Answer]:
        return iter(self.answers)

    def __len__(self) -> int:
        return len(self.answers)

    def __getitem__(self, metric: str) -> Answer:
        return self._by_metric[metric]

    @property
    def only(self) -> Answer:
        """The reply to a question about one KPI."""
        (answer,) = self.answers
        return answer

    def as_dict(self) -> dict[str, Any]:
        """The replies as the JSON contract has them."""
        return {"answers": [answer.as_dict() for answer in self.answers]}

    def to_arrow(self) -> pa.Table:
        """One row per KPI, period and segment; columns as in the JSON, the change's prefixed `change_`."""
        segments = list(dict.fromkeys(name for answer in self.answers for name in answer.by))
        numbers = ("value", "low", "high")
        changes = ("change", "change_low", "change_high")
        columns: dict[str, list[Any]] = {
            name: [] for name in ("metric", "unit", "period", *segments, *numbers, "n", "reason", *changes, "change_real")
        }
        for answer in self.answers:
            for row in answer.rows:
                e, c = row.estimate, row.change
                values: list[Any] = [
                    answer.metric,
                    answer.unit,
                    row.period,
                    *(row.segment.get(name) for name in segments),
                ]
                values += [e.value, e.low, e.high, e.n, e.reason]
                values += [None] * 4 if c is None else [c.value, c.low, c.high, c.real]
                for name, value in zip(columns, values, strict=True):
                    columns[name].append(value)
        types = dict.fromkeys((*numbers, *changes), pa.float64()) | {"n": pa.int64(), "change_real": pa.bool_()}
        return pa.table({name: pa.array(column, types.get(name, pa.string())) for name, column in columns.items()})

    def to_pandas(self) -> Any:
        """The same table as a pandas data frame; needs pandas."""
        return self.to_arrow().to_pandas()

    def to_polars(self) -> Any:
        """The same table as a polars data frame; needs polars."""
        # An optional extra.
        import polars

        return polars.from_arrow(self.to_arrow())

    def chart(self) -> Any:
        """An Altair chart of the answers."""
        # Altair takes long to import, and only pictures need it.
        from polso.picture import chart

        return chart(self)

    def _repr_mimebundle_(self, **options: Any) -> Any:
        """Draw itself in a notebook."""
        return self.chart()._repr_mimebundle_(**options)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        """Hand itself over to any library that reads Arrow streams."""
        return self.to_arrow().__arrow_c_stream__(requested_schema)
