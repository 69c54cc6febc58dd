"""How much customers will still buy: probability models of purchases, of spending and of contracts.

Without contracts nobody says goodbye: BG/NBD (Fader, Hardie & Lee 2005, Marketing Science 24(2)) reads from how often and
how lately somebody bought whether they still do, and Gamma-Gamma (Fader & Hardie 2013) what a purchase of theirs is worth.
With contracts, the shifted beta-geometric (Fader & Hardie 2007, J. Interactive Marketing 21(1)) tells who renews.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special

from polso.insights.intervals import Array

Ints = NDArray[np.int64]
FEWEST_REPEATERS = 30
"""With fewer customers who came back there is nothing to learn a habit from."""


@dataclass(frozen=True)
class Purchases:
    """BG/NBD: while alive a customer buys at a rate of their own (gamma: r, α), and after each purchase may go (beta: a, b)."""

    r: float
    alpha: float
    a: float
    b: float

    @classmethod
    def fit(cls, repeats: Array, recency: Array, age: Array, count: Array, start: Self | None = None) -> Self:
        """Fit to customers: repeat purchases, when the last was and how long known, both since the first, and how many alike."""

        def likelihood(parameters: Array) -> float:
            return float(count @ cls(*parameters)._log_likelihood(repeats, recency, age))

        typical = max(float(np.average(age, weights=count)) / 4, 1e-3)
        first = (start.r, start.alpha, start.a, start.b) if start else (0.5, typical, 0.8, 2.4)
        return cls(*_most_likely(likelihood, first, near=start is not None))

    def expected(self, repeats: Array, recency: Array, age: Array, ahead: float) -> Array:
        """Purchases to come within a time ahead; equation 10 of the paper."""
        r, alpha, b, x = self.r, self.alpha, self.b, repeats
        a = self.a if abs(self.a - 1) > 1e-6 else 1 + 1e-6
        since = alpha + age
        series = special.hyp2f1(r + x, b + x, a + b + x - 1, ahead / (since + ahead))
        lived = (a + b + x - 1) / (a - 1) * (1 - (since / (since + ahead)) ** (r + x) * series)
        return np.asarray(lived * self.alive(repeats, recency, age))

    def alive(self, repeats: Array, recency: Array, age: Array) -> Array:
        """The chance that a customer still buys; 1 for one who has bought once, who has had no occasion to go."""
        odds = self.a / (self.b + np.maximum(repeats, 1) - 1)
        log_ratio = (self.r + repeats) * np.log((self.alpha + age) / (self.alpha + recency))
        with np.errstate(over="ignore"):
            gone = np.where(repeats > 0, odds * np.exp(log_ratio), 0.0)
        return np.asarray(1 / (1 + gone))

    def _log_likelihood(self, repeats: Array, recency: Array, age: Array) -> Array:
        r, alpha, a, b, x = self.r, self.alpha, self.a, self.b, repeats
        buys = special.gammaln(r + x) - special.gammaln(r) + r * np.log(alpha)
        stays = special.gammaln(a + b) + special.gammaln(b + x) - special.gammaln(b) - special.gammaln(a + b + x)
        alive = -(r + x) * np.log(alpha + age)
        gone = np.log(a) - np.log(b + np.maximum(x, 1) - 1) - (r + x) * np.log(alpha + recency)
        return np.asarray(buys + stays + np.logaddexp(alive, np.where(x > 0, gone, -np.inf)))


@dataclass(frozen=True)
class Spending:
    """Gamma-Gamma: each purchase is worth something around a customer's own mean, which differs between customers."""

    p: float
    q: float
    gamma: float

    @classmethod
    def fit(cls, repeats: Array, mean: Array, count: Array, start: Self | None = None) -> Self:
        """Fit to customers who came back: how often, and what they spent on average, above zero."""

        def likelihood(parameters: Array) -> float:
            p, q, gamma = parameters
            x = repeats
            constant = special.gammaln(p * x + q) - special.gammaln(p * x) - special.gammaln(q) + q * np.log(gamma)
            of_mean = (p * x - 1) * np.log(mean) + p * x * np.log(x) - (p * x + q) * np.log(gamma + x * mean)
            return float(count @ (constant + of_mean))

        first = (start.p, start.q, start.gamma) if start else (2.0, 3.0, float(np.average(mean, weights=count)))
        return cls(*_most_likely(likelihood, first, near=start is not None))

    def expected(self, repeats: Array, mean: Array) -> Array:
        """What a purchase to come is worth: between a customer's own mean and everybody's, the nearer to own the more bought."""
        p, q = self.p, max(self.q, 1 + 1e-6)
        own = np.where(repeats > 0, mean, 0.0)
        return np.asarray((self.gamma + repeats * own) * p / (p * repeats + q - 1))


@dataclass(frozen=True)
class Contracts:
    """Shifted beta-geometric: each contract ends with a chance of its own every month, so that those who stay are stayers."""

    alpha: float
    beta: float

    @classmethod
    def fit(cls, months: Array, ended: NDArray[np.bool_], count: Array, start: Self | None = None) -> Self:
        """Fit to contracts: whole months they ran (an ended one in its last month: at least 1), and whether they ended."""

        def likelihood(parameters: Array) -> float:
            model = cls(*parameters)
            ending = special.betaln(model.alpha + 1, model.beta + months - 1) - special.betaln(model.alpha, model.beta)
            return float(count @ np.where(ended, ending, np.log(np.maximum(model.survives(months), 1e-300))))

        first = (start.alpha, start.beta) if start else (1.0, 3.0)
        return cls(*_most_likely(likelihood, first, near=start is not None))

    def survives(self, months: Array) -> Array:
        """The share that is still there after so many months."""
        whole = special.betaln(self.alpha, self.beta)
        return np.asarray(np.exp(special.betaln(self.alpha, self.beta + months) - whole))

    def expected(self, months: Array, ahead: int) -> Array:
        """Months to come, of the next ones, of contracts that have run for so many."""
        lasted = np.asarray(months, dtype=np.float64)
        later = lasted[..., None] + np.arange(1, ahead + 1)
        return np.asarray((self.survives(later) / self.survives(lasted)[..., None]).sum(axis=-1))


def _most_likely(likelihood: Callable[[Array], float], start: Sequence[float], near: bool) -> list[float]:
    """The positive parameters with the greatest likelihood; quicker when they are near the start."""

    def cost(logs: Array) -> float:
        value = likelihood(np.exp(logs))
        return -value if np.isfinite(value) else 1e300

    bounds = [(-12.0, 12.0)] * len(start)
    first = np.log(start)
    scale = max(abs(cost(first)), 1.0)
    found = optimize.minimize(lambda logs: cost(logs) / scale, first, method="L-BFGS-B", bounds=bounds, tol=1e-13)
    if not near:
        exact = {"xatol": 1e-5, "fatol": 1e-7, "maxiter": 2000}
        found = optimize.minimize(cost, found.x, method="Nelder-Mead", bounds=bounds, options=exact)
    return [float(one) for one in np.exp(found.x)]
