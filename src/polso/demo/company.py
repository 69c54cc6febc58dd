"""The clock, the dice and the people of the made-up company."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

SOURCE = "bottega_lume"
DAYS = 426
CUSTOMERS = 4_000
DAY = 86_400.0
Numbers = NDArray[np.float64]
Texts = NDArray[np.str_]

GOOD = ("Consegna veloce, lampada bellissima.", "Assistenza gentile, grazie!", "Great quality, quick delivery.", "Perfetto.")
BAD = ("Ho aspettato troppo una risposta.", "The lamp arrived broken.", "Prezzo aumentato senza avviso.", "Nobody answers.")


@dataclass(frozen=True)
class Company:
    """The clock, the dice and the customers that everything else is drawn from."""

    end: float
    """The end of the last day, seconds since 1970."""
    dice: np.random.Generator
    customers: dict[str, Any]

    def moments(self, count: int, first: float = 0.0) -> Numbers:
        """Moments of office-like days, fewer at weekends; `first` is how many days after the beginning they start."""
        day = np.floor(first + (DAYS - first) * self.dice.random(count * 2))
        weekday = (np.floor(self.end / DAY) - DAYS + day + 3) % 7
        day = day[(weekday < 5) | (self.dice.random(len(day)) < 0.45)][:count]
        hour = np.clip(self.dice.normal(14, 3.5, len(day)), 0.2, 23.7)
        return np.asarray(self.end - (DAYS - day) * DAY + hour * 3600.0)

    def since_end(self, at: Numbers) -> Numbers:
        """Days from a moment to the end."""
        return np.asarray((self.end - at) / DAY)

    def pick(self, count: int, weights: Mapping[str, float]) -> Texts:
        """Texts drawn with weights."""
        share = np.array(list(weights.values()))
        return np.asarray(self.dice.choice(list(weights), count, p=share / share.sum()))

    def buyers(self, at: Numbers) -> NDArray[np.int64]:
        """For each moment a customer who was one then; the eager ones come more often."""
        eager = self.customers["eager"]
        chosen = self.dice.choice(len(eager), len(at), p=eager / eager.sum())
        for _ in range(12):
            wrong = (self.customers["since"][chosen] > at) | (self.customers["until"][chosen] < at)
            chosen[wrong] = self.dice.choice(len(eager), int(wrong.sum()), p=eager / eager.sum())
        return np.asarray(chosen, dtype=np.int64)


def people(end: float, dice: np.random.Generator) -> dict[str, Any]:
    """The customers: two thirds were there at the beginning, the others came since."""
    came = np.where(dice.random(CUSTOMERS) < 0.66, -30 - 700 * dice.random(CUSTOMERS), DAYS * dice.random(CUSTOMERS))
    since = end - (DAYS - came) * DAY
    plan = dice.choice(["basic", "plus", "pro"], CUSTOMERS, p=[0.5, 0.35, 0.15])
    risk = np.select([plan == "basic", plan == "plus"], [0.026, 0.018], 0.012) / 30
    alive_from = np.maximum(since, end - DAYS * DAY)
    life = dice.exponential(1 / risk)
    # The dearer plan: from four months before the end its customers leave twice and a half as often.
    dearer = end - 120 * DAY
    before = np.maximum(0, (dearer - alive_from) / DAY)
    life = np.where((plan == "basic") & (life > before), before + (life - before) / 2.5, life)
    until = np.floor(alive_from + life * DAY)
    return {
        "id": np.array([f"C{number:05d}" for number in range(CUSTOMERS)]),
        "since": np.floor(since),
        "until": np.where(until < end, until, np.inf),
        "plan": plan,
        "country": dice.choice(["IT", "DE", "FR", "ES"], CUSTOMERS, p=[0.55, 0.2, 0.15, 0.1]),
        "segment": dice.choice(["private", "business"], CUSTOMERS, p=[0.8, 0.2]),
        "channel": dice.choice(["search", "referral", "social", "fair"], CUSTOMERS, p=[0.45, 0.25, 0.2, 0.1]),
        "eager": dice.gamma(1.2, 1.0, CUSTOMERS),
        "mood": dice.normal(0, 0.8, CUSTOMERS),
    }


def table(kind: str, columns: Mapping[str, Any]) -> pa.Table:
    """Columns to a table: times from seconds, nan and empty texts to null, ids numbered where there are none."""
    made: dict[str, pa.Array] = {}
    count = len(next(iter(columns.values())))
    if "id" not in columns:
        made["id"] = pa.array([f"{kind}-{number}" for number in range(count)])
    for name, values in columns.items():
        array = np.asarray(values)
        if array.dtype.kind == "f" and (name.endswith("_at") or name in ("at", "date")):
            micros = np.where(np.isnan(array), 0, np.floor(np.nan_to_num(array))) * 1_000_000
            made[name] = pa.array(micros.astype(np.int64), pa.timestamp("us", "UTC"), mask=np.isnan(array))
        elif array.dtype.kind == "f":
            made[name] = pa.array(array, pa.float64(), from_pandas=True)
        elif array.dtype.kind in "bi":
            made[name] = pa.array(array)
        else:
            made[name] = pa.array([text or None for text in array.tolist()], pa.string())
    made["source"] = made.get("source", pa.array([SOURCE] * count))
    return pa.table(made)
