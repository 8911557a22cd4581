"""When a call can be wished for."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from consult.away import slots

TEN = datetime(2026, 3, 2, 10, tzinfo=UTC)


def at(hour: int, minute: int = 0, *, days: int = 0) -> datetime:
    return TEN.replace(hour=hour, minute=minute) + timedelta(days=days)


@pytest.mark.parametrize(
    ("slot", "is_offered"),
    [
        (at(9, 30), False),  # over
        (at(10), False),  # that is now
        (at(10, 14), False),
        (at(10, 15), True),
        (at(10, 30), True),
        (at(10, days=7), True),
        (at(10, 30, days=7), False),  # nobody knows
    ],
)
def test_a_time_lies_ahead_but_not_far(slot: datetime, is_offered: bool) -> None:  # noqa: FBT001
    assert (slots.free([slot], {}, 1, TEN) == [slot]) == is_offered


def test_a_time_has_room_for_so_many() -> None:
    half_hours = [at(11), at(11, 30), at(12)]
    assert slots.free(half_hours, {at(11): 1, at(11, 30): 2, at(12): 3}, 2, TEN) == [at(11)]


def test_a_shop_that_calls_nobody_offers_nothing() -> None:
    assert slots.free([at(11)], {}, 0, TEN) == []
