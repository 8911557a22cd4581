"""The formulas against the examples of those who published them."""

from __future__ import annotations

from statistics import mean, stdev

import pytest

from consult.invitations import intervals
from consult.invitations.intervals import Interval


# R. G. Newcombe, "Two-sided confidence intervals for the single proportion", Stat. in Medicine 17 (1998), table I.
@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_a_share(part: int, whole: int, low: float, high: float) -> None:
    share = intervals.share(part, whole)
    assert share is not None
    assert share.point == part / whole
    assert share.low == pytest.approx(low, abs=5e-5)
    assert share.high == pytest.approx(high, abs=5e-5)


# The same, "Interval estimation for the difference between independent proportions", table II, method 10.
@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    [
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((9, 10), (3, 10), 0.1705, 0.8090),
        ((6, 7), (2, 7), 0.0582, 0.8062),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((0, 10), (0, 20), -0.1611, 0.2775),
        ((10, 10), (0, 10), 0.6075, 1.0000),
    ],
)
def test_a_difference(one: tuple[int, int], other: tuple[int, int], low: float, high: float) -> None:
    first, second = intervals.share(*one), intervals.share(*other)
    assert first is not None
    assert second is not None
    difference = intervals.difference(first, second)
    assert difference.low == pytest.approx(low, abs=5e-5)
    assert difference.high == pytest.approx(high, abs=5e-5)


def test_of_nothing_there_is_no_share() -> None:
    assert intervals.share(0, 0) is None


@pytest.mark.parametrize(("low", "high", "sign"), [(0.01, 0.02, 1), (-0.02, -0.01, -1), (-0.01, 0.02, 0), (0, 0.1, 0)])
def test_only_an_interval_beside_zero_is_certain(low: float, high: float, sign: int) -> None:
    assert Interval((low + high) / 2, low, high).sign == sign


def test_a_mean_counts_those_who_bought_nothing() -> None:
    values = [100.0, 250.0, 40.0]
    everybody = [*values, *[0.0] * 7]
    found = intervals.mean(values, 10)
    assert found is not None
    assert found.point == pytest.approx(mean(everybody))
    assert found.high - found.point == pytest.approx(1.959964 * stdev(everybody) / 10**0.5, rel=1e-6)
    assert found.low == 0, "nobody buys for less than nothing"
    assert found.rough


def test_a_mean_of_many_alike_is_not_rough() -> None:
    found = intervals.mean([100.0] * 500, 1000)
    assert found is not None
    assert not found.rough


@pytest.mark.parametrize("values", [[], [100.0]])
def test_from_one_order_there_is_no_interval(values: list[float]) -> None:
    assert intervals.mean(values, 1000) is None
