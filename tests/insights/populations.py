"""Made-up customers whose true numbers are known, many runs at once: what intervals are tried on.

Every customer falls into one of 32 groups by chance, as the hash does. Heavy customers come again and again, some far
more often than others (1 + a negative binomial, mean 3, so that 30 of them weigh like 14 who come once), and what one
customer says or spends is alike. The sums go through the functions that answers go through.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from polso.entities import CUSTOMER_GROUPS
from polso.formula.combine import replicated
from polso.insights.intervals import Intervals, QuantileEstimate, Shape, interval, quantile_interval, standard_error
from polso.insights.survival import time_quantile

Array = NDArray[Any]
OFTEN = 3.0
"""How often a heavy customer comes, on average."""


@dataclass(frozen=True)
class Crowd:
    """Customers of many runs, one after the other: the (run, group) each belongs to, and how often each comes."""

    runs: int
    cell: Array
    times: Array
    heavy: bool
    seed: int
    rng: np.random.Generator
    expected: float
    """Rows of a run, on average."""

    @classmethod
    def of(cls, seed: int, runs: int, count: int, *, heavy: bool = False, chance: bool = False) -> Crowd:
        """`count` customers a run; with `chance` that is only the mean, and the number itself is Poisson."""
        rng = np.random.default_rng(seed)
        counts = rng.poisson(count, runs) if chance else np.full(runs, count)
        run = np.repeat(np.arange(runs), counts)
        cell = run * CUSTOMER_GROUPS + rng.integers(0, CUSTOMER_GROUPS, len(run))
        times = 1 + rng.negative_binomial(0.5, 0.2, len(run)) if heavy else np.ones(len(run), dtype=np.int64)
        return cls(runs, cell, times, heavy, seed, rng, count * (OFTEN if heavy else 1))

    def __len__(self) -> int:
        return len(self.cell)

    @property
    def own(self) -> np.random.Generator:
        """What is a customer's own: the same again when the same crowd is asked twice."""
        return np.random.default_rng(self.seed + 1)

    @property
    def rows(self) -> Array:
        """The customer of every row."""
        return np.repeat(np.arange(len(self)), self.times)

    def by_group(self, of_customers: Array) -> Array:
        """Sums of something per customer, by run and group, shape (runs, 33): the last belong to nobody."""
        summed = np.bincount(self.cell, weights=of_customers, minlength=self.runs * CUSTOMER_GROUPS)
        return np.pad(summed.reshape(self.runs, CUSTOMER_GROUPS), ((0, 0), (0, 1)))

    def per_customer(self, of_rows: Array) -> Array:
        """Sums of something per row, by customer."""
        return np.bincount(self.rows, weights=of_rows, minlength=len(self))


@dataclass(frozen=True)
class Found:
    """One number of every run, with its replicates, its interval, and the truth."""

    value: Array
    replicates: Array
    intervals: Intervals
    truth: Array

    @property
    def missed(self) -> tuple[float, float]:
        """The percentages of intervals above and below the truth; an interval that is not there misses nothing."""
        return float(100 * (self.intervals.low > self.truth).mean()), float(100 * (self.intervals.high < self.truth).mean())

    @property
    def exist(self) -> float:
        """The share of runs that have an interval."""
        return float((~np.isnan(self.intervals.low)).mean())

    @property
    def covered(self) -> float:
        """The percentage of intervals that hold the truth, of those that exist; nan where none does."""
        exist = ~np.isnan(self.intervals.low)
        low, high, truth = self.intervals.low[exist], self.intervals.high[exist], self.truth[exist]
        return float(100 * ((low <= truth) & (truth <= high)).mean()) if exist.any() else float("nan")


Draw = Callable[[Crowd], Found]


@dataclass(frozen=True)
class Family:
    """A kind of number, and whether the number of customers is itself part of it."""

    draw: Draw
    chance: bool = False
    runs: float = 1.0
    """Of the runs asked for, how many are enough: quantiles go one by one."""

    def tried(self, seed: int, runs: int, customers: int, *, heavy: bool) -> Found:
        """So many runs of so many customers."""
        crowd = Crowd.of(seed, int(runs * self.runs), customers, heavy=heavy, chance=self.chance)
        return self.draw(crowd)


def _found(theta: Array, crowd: Crowd, rows: Array, truth: float | Array, shape: Shape, **shares: Array) -> Found:
    groups = (rows > 0).sum(axis=1)
    held = interval(theta[:, 0], theta[:, 1:], groups, rows.sum(axis=1), shape=shape, **shares)
    return Found(theta[:, 0], theta[:, 1:], held, np.broadcast_to(np.asarray(truth, dtype=np.float64), crowd.runs))


def share(about: float) -> Draw:
    """A share of rows, each customer's own beta distributed around it (correlation 1/3).

    At one p the coverage of any interval for a share jumps with n (Brown, Cai & DasGupta 2001, Statistical Science
    16(2)), so every run has a share of its own, up to 3 points off.
    """

    def draw(crowd: Crowd) -> Found:
        own = crowd.own
        truth = about + own.uniform(-0.03, 0.03, crowd.runs)
        p = truth[crowd.cell // CUSTOMER_GROUPS]
        yes = crowd.rng.binomial(crowd.times, own.beta(2 * p, 2 * (1 - p)))
        rows = crowd.by_group(crowd.times)
        return _found(100 * replicated(crowd.by_group(yes)) / replicated(rows), crowd, rows, 100 * truth, Shape.PERCENT)

    return draw


def nps(promoters: float, detractors: float) -> Draw:
    """Net promoters; a customer's own three shares are Dirichlet distributed."""
    mix = 2 * np.array([promoters, 1 - promoters - detractors, detractors])

    def draw(crowd: Crowd) -> Found:
        drawn = crowd.own.standard_gamma(np.broadcast_to(mix, (len(crowd), 3))) + 1e-12
        said = crowd.rng.multinomial(crowd.times, drawn / drawn.sum(axis=1, keepdims=True))
        rows = crowd.by_group(crowd.times)
        plus, minus = (replicated(crowd.by_group(said[:, column])) / replicated(rows) for column in (0, 2))
        both = {"promoters": plus[:, 0], "detractors": minus[:, 0]}
        return _found(100 * (plus - minus), crowd, rows, 100 * (promoters - detractors), Shape.NPS, **both)

    return draw


def amounts(crowd: Crowd, kind: str) -> tuple[Array, float]:
    """One amount per row and the mean of all there could be; half of the spread is the customer's own."""
    own, rng, rows = crowd.own, crowd.rng, crowd.rows
    mine, chance = own.standard_normal(len(crowd))[rows], rng.standard_normal(len(rows))
    if kind == "normal":
        return 50 + 7 * mine + 7 * chance, 50.0
    if kind == "exponential":
        each = own.gamma(4, 1 / 4, len(crowd))[rows] if crowd.heavy else 1.0
        return each * rng.exponential(300, len(rows)), 300.0
    sigma = float(kind.removeprefix("lognormal "))
    drawn = 600 * np.exp(sigma * (mine + chance) / np.sqrt(2))
    return drawn, float(600 * np.exp(sigma**2 / 2))


def mean(kind: str) -> Draw:
    """A mean per row."""

    def draw(crowd: Crowd) -> Found:
        drawn, truth = amounts(crowd, kind)
        rows = crowd.by_group(crowd.times)
        theta = replicated(crowd.by_group(crowd.per_customer(drawn))) / replicated(rows)
        return _found(theta, crowd, rows, truth, Shape.POSITIVE)

    return draw


def count(crowd: Crowd) -> Found:
    """How many rows in all."""
    rows = crowd.by_group(crowd.times)
    return _found(replicated(rows), crowd, rows, crowd.expected, Shape.POSITIVE)


def total(crowd: Crowd) -> Found:
    """How much in all."""
    drawn, truth = amounts(crowd, "exponential")
    theta = replicated(crowd.by_group(crowd.per_customer(drawn)))
    return _found(theta, crowd, crowd.by_group(crowd.times), crowd.expected * truth, Shape.POSITIVE)


def stock(crowd: Crowd) -> Found:
    """How many are open at the end: what began less what ended."""
    ended = crowd.rng.binomial(crowd.times, crowd.own.beta(2, 2, len(crowd)))
    rows = crowd.by_group(crowd.times)
    theta = replicated(rows) - replicated(crowd.by_group(ended))
    return _found(theta, crowd, rows - crowd.by_group(ended), crowd.expected / 2, Shape.POSITIVE)


def revenue_per_customer(crowd: Crowd) -> Found:
    """Amounts of one entity over the distinct customers of another."""
    drawn, truth = amounts(crowd, "exponential")
    customers = crowd.by_group(np.ones(len(crowd)))
    theta = replicated(crowd.by_group(crowd.per_customer(drawn))) / replicated(customers)
    return _found(theta, crowd, customers, truth * (OFTEN if crowd.heavy else 1), Shape.POSITIVE)


def contacts_per_order(crowd: Crowd) -> Found:
    """Rows of one entity over rows of another; some customers call far more often than others."""
    calls = crowd.rng.poisson(0.8 * crowd.times * crowd.own.gamma(2, 1 / 2, len(crowd)))
    orders = crowd.by_group(crowd.times)
    return _found(100 * replicated(crowd.by_group(calls)) / replicated(orders), crowd, orders, 80.0, Shape.POSITIVE)


def quantile(q: float) -> Draw:
    """A quantile of rows."""

    def draw(crowd: Crowd) -> Found:
        durations, _ = amounts(crowd, "lognormal 1")
        found = [quantile_interval(counts, values, q) for values, (counts,) in _each_run(crowd, durations)]
        return _of_estimates(found, 600 * np.exp(special.ndtri(q)))

    return draw


def waiting(q: float) -> Draw:
    """A quantile of waiting times (Kaplan–Meier) where those who came last are still waiting: about one in eight."""

    def draw(crowd: Crowd) -> Found:
        durations, _ = amounts(crowd, "lognormal 1")
        since = crowd.rng.uniform(0, 8000, len(durations))
        over = (durations <= since).astype(np.float64)
        runs = _each_run(crowd, np.minimum(durations, since), over, 1 - over)
        found = [time_quantile(events, open_, values, q) for values, (events, open_) in runs]
        return _of_estimates(found, 600 * np.exp(special.ndtri(q)))

    return draw


def _each_run(crowd: Crowd, values: Array, *weights: Array) -> list[tuple[Array, list[Array]]]:
    """Of every run the values in order, and the weights by group and value, each of shape (32, rows)."""
    weights = weights or (np.ones(len(values)),)
    cell = crowd.cell[crowd.rows]
    order = np.lexsort((values, cell // CUSTOMER_GROUPS))
    edges = np.searchsorted(cell[order] // CUSTOMER_GROUPS, np.arange(crowd.runs + 1))
    made = []
    for start, stop in itertools.pairwise(edges):
        here = order[start:stop]
        spread = np.zeros((len(weights), CUSTOMER_GROUPS, len(here)))
        for one, weight in zip(spread, weights, strict=True):
            one[cell[here] % CUSTOMER_GROUPS, np.arange(len(here))] = weight[here]
        made.append((values[here], list(spread)))
    return made


def _of_estimates(found: list[QuantileEstimate], truth: float) -> Found:
    value, low, high = (np.array([getattr(one, name) for one in found]) for name in ("value", "low", "high"))
    replicates = np.array([one.replicates for one in found])
    held = Intervals(low, high, standard_error(value, replicates), [one.reason for one in found])
    return Found(value, replicates, held, np.full(len(found), truth))


FAMILIES: dict[str, Family] = {
    "share of about 50 %": Family(share(0.5)),
    "share of about 80 %": Family(share(0.8)),
    "share of about 10 %": Family(share(0.1)),
    "NPS, 50 % and 20 %": Family(nps(0.5, 0.2)),
    "NPS, 70 % and 10 %": Family(nps(0.7, 0.1)),
    "NPS, 30 % and 30 %": Family(nps(0.3, 0.3)),
    "mean, normal": Family(mean("normal")),
    "mean, exponential": Family(mean("exponential")),
    "mean, lognormal 0.5": Family(mean("lognormal 0.5")),
    "mean, lognormal 1": Family(mean("lognormal 1")),
    "median": Family(quantile(0.5), runs=0.5),
    "90th percentile": Family(quantile(0.9), runs=0.5),
    "waiting time, median": Family(waiting(0.5), runs=0.5),
    "waiting time, 90th percentile": Family(waiting(0.9), runs=0.5),
    "count": Family(count, chance=True),
    "sum": Family(total, chance=True),
    "stock": Family(stock, chance=True),
    "revenue per customer": Family(revenue_per_customer),
    "contacts per order": Family(contacts_per_order),
}


def again(crowd: Crowd, draw: Draw) -> tuple[Found, Found]:
    """The same customers in two periods between which nothing changed."""
    return draw(crowd), draw(replace(crowd, rng=np.random.default_rng(crowd.seed + 2)))
