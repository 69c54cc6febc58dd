"""Made-up customers whose true numbers are known, many runs at once: what intervals are tried on.

Every customer falls into one of 32 groups by chance, as the hash does. `heavy` customers come again and again, some far
more often than others (1 + a negative binomial, mean 3), and what one customer says or spends is alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

GROUPS = 32
Array = NDArray[Any]


@dataclass(frozen=True)
class Sample:
    """What the jackknife gets to see: values (runs,), replicates (runs, 32), groups with data, rows, and the truth."""

    value: Array
    replicates: Array
    groups: Array
    n: Array
    truth: float
    parts: tuple[Array, ...] = ()
    """The two shares of an NPS."""


@dataclass(frozen=True)
class Crowd:
    """Customers of many runs, one after the other: the (run, group) each belongs to, and how often each comes."""

    runs: int
    cell: Array
    times: Array
    rng: np.random.Generator

    @classmethod
    def of(cls, seed: int, runs: int, count: int, heavy: bool = False, chance: bool = False) -> Crowd:
        """`count` customers a run; with `chance` that is only the mean, and the number itself is Poisson."""
        rng = np.random.default_rng(seed)
        counts = rng.poisson(count, runs) if chance else np.full(runs, count)
        run = np.repeat(np.arange(runs), counts)
        cell = run * GROUPS + rng.integers(0, GROUPS, len(run))
        times = 1 + rng.negative_binomial(0.5, 0.2, len(run)) if heavy else np.ones(len(run), dtype=np.int64)
        return cls(runs, cell, times, rng)

    def __len__(self) -> int:
        return len(self.cell)

    @property
    def heavy(self) -> bool:
        return bool((self.times > 1).any())

    @property
    def rows(self) -> Array:
        """The customer of every row."""
        return np.repeat(np.arange(len(self)), self.times)

    def by_group(self, of_customers: Array) -> Array:
        """Sums of something per customer, by run and group, shape (runs, 32)."""
        summed = np.bincount(self.cell, weights=of_customers, minlength=self.runs * GROUPS)
        return summed.reshape(self.runs, GROUPS)

    def per_customer(self, of_rows: Array) -> Array:
        """Sums of something per row, by customer."""
        return np.bincount(self.rows, weights=of_rows, minlength=len(self))


def without(sums: Array) -> Array:
    """The whole, then the whole without each group brought up to the whole's size; shape (runs, 33)."""
    whole = sums.sum(axis=-1, keepdims=True)
    return np.concatenate([whole, (whole - sums) * GROUPS / (GROUPS - 1)], axis=-1)


def ratio(above: Array, below: Array, rows: Array, truth: float) -> Sample:
    """A ratio of two sums, each by run and group."""
    with np.errstate(divide="ignore", invalid="ignore"):
        theta = without(above) / without(below)
    return Sample(theta[:, 0], theta[:, 1:], (rows > 0).sum(axis=1), rows.sum(axis=1), truth)


def shares(crowd: Crowd, p: float, scale: float = 100) -> Sample:
    """A share of rows; a heavy customer's own share is beta distributed around it (correlation 1/3)."""
    own = crowd.rng.beta(2 * p, 2 * (1 - p), len(crowd)) if crowd.heavy else np.full(len(crowd), p)
    yes = crowd.rng.binomial(crowd.times, own)
    rows = crowd.by_group(crowd.times)
    return ratio(scale * crowd.by_group(yes), rows, rows, scale * p)


def nps(crowd: Crowd, promoters: float, detractors: float) -> Sample:
    """Net promoters; a heavy customer's own three shares are Dirichlet distributed."""
    mix = np.array([promoters, 1 - promoters - detractors, detractors])
    own = np.broadcast_to(mix, (len(crowd), 3))
    if crowd.heavy:
        drawn = crowd.rng.standard_gamma(np.broadcast_to(2 * mix, (len(crowd), 3))) + 1e-12
        own = drawn / drawn.sum(axis=1, keepdims=True)
    said = crowd.rng.multinomial(crowd.times, own)
    plus, minus = crowd.by_group(said[:, 0]), crowd.by_group(said[:, 2])
    rows = crowd.by_group(crowd.times)
    found = ratio(100 * (plus - minus), rows, rows, 100 * (promoters - detractors))
    n = found.n
    return Sample(found.value, found.replicates, found.groups, n, found.truth, (plus.sum(axis=1) / n, minus.sum(axis=1) / n))


def amounts(crowd: Crowd, kind: str) -> tuple[Array, float]:
    """One amount per row and the mean of all there could be; half of the spread is the customer's own."""
    rng, rows = crowd.rng, crowd.rows
    match kind:
        case "normal":
            if crowd.heavy:
                return 50 + 7 * rng.standard_normal(len(crowd))[rows] + 7 * rng.standard_normal(len(rows)), 50.0
            return 50 + 10 * rng.standard_normal(len(rows)), 50.0
        case "exponential":
            own = rng.gamma(4, 1 / 4, len(crowd))[rows] if crowd.heavy else 1.0
            return own * rng.exponential(300, len(rows)), 300.0
        case "gamma":
            own = rng.gamma(4, 1 / 4, len(crowd))[rows] if crowd.heavy else 1.0
            return own * rng.gamma(2, 150, len(rows)), 300.0
    sigma = float(kind.removeprefix("lognormal "))
    if crowd.heavy:
        half = sigma / np.sqrt(2)
        drawn = half * rng.standard_normal(len(crowd))[rows] + half * rng.standard_normal(len(rows))
    else:
        drawn = sigma * rng.standard_normal(len(rows))
    return 600 * np.exp(drawn), float(600 * np.exp(sigma**2 / 2))


def means(crowd: Crowd, kind: str) -> Sample:
    """A mean per row."""
    drawn, truth = amounts(crowd, kind)
    rows = crowd.by_group(crowd.times)
    return ratio(crowd.by_group(crowd.per_customer(drawn)), rows, rows, truth)


def totals(crowd: Crowd, expected: float, kind: str | None = None) -> Sample:
    """How many rows, or how much, in all; the crowd's size must be left to chance."""
    if kind is None:
        sums, each = crowd.by_group(crowd.times), 1.0
    else:
        drawn, each = amounts(crowd, kind)
        sums = crowd.by_group(crowd.per_customer(drawn))
    rows = crowd.by_group(crowd.times)
    theta = without(sums)
    return Sample(theta[:, 0], theta[:, 1:], (rows > 0).sum(axis=1), rows.sum(axis=1), expected * each)


def per_customer(crowd: Crowd, kind: str) -> Sample:
    """Revenue over distinct customers, two sums of different grain."""
    drawn, truth = amounts(crowd, kind)
    customers = crowd.by_group(np.ones(len(crowd)))
    return ratio(crowd.by_group(crowd.per_customer(drawn)), customers, customers, truth * (3.0 if crowd.heavy else 1.0))


def covered(low: Array, high: Array, truth: float | Sequence[float]) -> float:
    """The percentage of intervals that hold the truth, of those that exist."""
    exist = ~np.isnan(low)
    return float(100 * ((low <= truth) & (truth <= high))[exist].mean())
