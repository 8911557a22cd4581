"""Promises over simulated days of shops of several sizes: how many are kept, and how much too long they are."""

from __future__ import annotations

from collections.abc import Iterator

from tests.away.days import SHOPS, Figures, simulated
from tests.bench.report import Budget

DAYS, DAYS_QUICK = 20, 8
SEEDS, SEEDS_QUICK = range(3), range(1)


def run(*, quick: bool) -> Iterator[str]:
    days, seeds = (DAYS_QUICK, SEEDS_QUICK) if quick else (DAYS, SEEDS)
    yield f"{days} days, {len(seeds)} times; beside it what telling everybody the same would be, kept as often"
    for name, shop in SHOPS.items():
        made = simulated(shop, days=days, seeds=seeds)
        first = Figures.of(one for one in made if one.number == 1)
        again = Figures.of(one for one in made if one.number > 1)
        yield f"{name}: first  {first}"
        yield f"{name}: anew   {again}"
        yield str(Budget(f"{name}: first promises kept", first.kept, "≥", 0.8))
        yield str(Budget(f"{name}: promises made anew kept", again.kept, "≥", 0.8))
        yield str(Budget(f"{name}: promised / waited", first.ratio, "≤", 2))
        yield str(Budget(f"{name}: of that, had all been told the same", first.ratio / first.constant_ratio, "≤", 1))
