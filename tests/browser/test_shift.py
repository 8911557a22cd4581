"""A shift of eight hours, with 3,000 events of the 20,000 that ``python -m tests.bench shift`` lets happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser import shift

DEEDS = 3_000


@pytest.fixture(scope="module")
def came(browser: Browser) -> Iterator[shift.Shift]:
    with shift.Hurried() as demo:
        yield shift.work(browser, demo, DEEDS)


def test_a_tab_is_the_same_after_eight_hours(
    came: shift.Shift, record_property: Callable[[str, object], None]
) -> None:
    record_property("costs", came.costs)
    assert came.grown.heap <= shift.HEAP
    assert came.grown.nodes <= shift.NODES
    assert came.grown.listeners <= 0


def test_it_has_one_socket_all_the_time(came: shift.Shift) -> None:
    """Right after a break it may talk HTTP, until it finds that WebSockets get through again."""
    unbroken = [number for hour, number in enumerate(came.sockets, 1) if hour not in shift.BREAKS]
    assert unbroken == [1] * len(unbroken)
    assert max(came.sockets) == 1


def test_nothing_was_missed(came: shift.Shift) -> None:
    assert came.shown == came.truth
    assert came.waited  # the premise: people waited
    assert came.unheard == []
