"""How far a figure from few cases may be from the truth. Pure; the cases are taken for independent of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from statistics import NormalDist

CONFIDENCE = 0.95
Z = NormalDist().inv_cdf((1 + CONFIDENCE) / 2)


@dataclass(frozen=True)
class Interval:
    """A point, and between what it lies in 95 of 100 such cases. ``rough``: too few cases to take that literally."""

    point: float
    low: float
    high: float
    rough: bool = False

    @property
    def sign(self) -> int:
        """1 if all of it is above zero, -1 if all is below, 0 if that is open."""
        return (self.low > 0) - (self.high < 0)


def share(part: int, whole: int) -> Interval | None:
    """``part`` of ``whole`` as a share of 1, with the score interval; of nothing there is no share.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927), 209-212.
    """
    if not whole:
        return None
    point, weight = part / whole, 1 + Z**2 / whole
    middle = (point + Z**2 / (2 * whole)) / weight
    reach = Z * sqrt(point * (1 - point) / whole + Z**2 / (4 * whole**2)) / weight
    # Reckoned, the ends that are 0 and 1 by the formula come out a rounding error off.
    return Interval(point, 0.0 if part == 0 else middle - reach, 1.0 if part == whole else middle + reach)


def difference(one: Interval, other: Interval) -> Interval:
    """How much greater the share ``one`` is than an independent ``other``.

    R. G. Newcombe, "Interval estimation for the difference between independent proportions: comparison of eleven
    methods", Statistics in Medicine 17 (1998), 873-890: method 10, of the two score intervals.
    """
    point = one.point - other.point
    below = sqrt((one.point - one.low) ** 2 + (other.high - other.point) ** 2)
    above = sqrt((one.high - one.point) ** 2 + (other.point - other.low) ** 2)
    return Interval(point, point - below, point + above)


def mean(values: Sequence[float], whole: int) -> Interval | None:
    """What each of ``whole`` cases came to, if ``values`` are those that came to something and the rest to nothing.

    The normal interval of a mean. It is rough below 355 · skewness² cases: R. Kohavi, A. Deng and others, "Seven rules
    of thumb for web site experimenters", KDD 2014, rule 7. From fewer than two values there is nothing to go by.
    """
    if len(values) < 2:
        return None
    point = sum(values) / whole
    spread = _moment(values, whole, point, 2)
    reach = Z * sqrt(spread / (whole - 1))
    skewness = _moment(values, whole, point, 3) / spread**1.5 if spread else 0.0
    return Interval(point, max(0.0, point - reach), point + reach, rough=whole < 355 * skewness**2)


def _moment(values: Sequence[float], whole: int, point: float, power: int) -> float:
    return (sum((value - point) ** power for value in values) + (whole - len(values)) * (-point) ** power) / whole
