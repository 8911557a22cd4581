"""A shift of eight hours at the desk with 20,000 events: what the tab holds after each hour, and what it missed."""

from __future__ import annotations

import time
from collections.abc import Iterator

from tests.bench.report import Budget
from tests.browser import shift
from tests.faults.machines import chromium

DEEDS, DEEDS_QUICK = 20_000, 400


def run(*, quick: bool) -> Iterator[str]:
    deeds = DEEDS_QUICK if quick else DEEDS
    began = time.perf_counter()
    with chromium() as browser, shift.Hurried() as demo:
        came = shift.work(browser, demo, deeds)
    yield f"{deeds:,} events in {shift.HOURS} hours, which took {time.perf_counter() - began:.0f} s"
    yield f"{'after hour':12}{'heap, KiB':>12}{'DOM nodes':>12}{'listeners':>12}{'sockets':>12}"
    for hour, (cost, sockets) in enumerate(zip(came.costs, came.sockets, strict=True), 1):
        yield f"{hour:<12}{cost.heap / 1024:>12.0f}{cost.nodes:>12}{cost.listeners:>12}{sockets:>12}"
    grown = came.grown
    yield str(Budget("shift: KiB of heap more at its end", grown.heap / 1024, "≤", shift.HEAP / 1024))
    yield str(Budget("shift: DOM nodes more at its end", grown.nodes, "≤", shift.NODES))
    yield str(Budget("shift: listeners more at its end", grown.listeners, "≤", 0))
    yield str(Budget("shift: not as in the database at its end", float(came.shown != came.truth), "≤", 0))
    yield str(Budget(f"shift: of {came.waited} that waited not rung for", len(came.unheard), "≤", 0))
