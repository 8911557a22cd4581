"""What is promised: four of five kept, and seldom twice too long."""

from __future__ import annotations

import pytest

from consult.away.estimate import Estimate, Past, Place, Told, estimate, is_told_anew, rounded_up, why_told
from tests.away.days import SHOPS, Figures, simulated

FREE, NEXT, FIFTH = Place(1, 2, 2, 12), Place(1, 0, 2, 12), Place(5, 0, 2, 12)


def waited(place: Place, *minutes: float, answered: bool = True) -> list[Past]:
    return [Past(place, number * 60, answered) for number in minutes]


@pytest.mark.parametrize(
    ("history", "now", "minutes", "number"),
    [
        ([], NEXT, 7, 0),
        (waited(NEXT, *[3] * 14), NEXT, 7, 0),
        (waited(NEXT, *[3] * 15), NEXT, 3, 15),
        (waited(NEXT, *[1, 2, 3, 4, 4.2] * 4), NEXT, 4, 20),
        # Of those for whom a seat was free nothing is known of the others, and the other way round.
        (waited(FREE, *[1] * 40), NEXT, 7, 0),
        (waited(FREE, *[1] * 40) + waited(NEXT, *[9] * 20), FREE, 1, 40),
        # For whom more must be got round to before, it takes longer, though nobody of those has waited yet.
        (waited(FREE, *[0.5] * 20) + waited(NEXT, *[3] * 20), FIFTH, 13, 20),
        # More operators get round to more.
        (waited(FREE, *[0.5] * 20) + waited(NEXT, *[3] * 20), Place(5, 0, 5, 12), 6, 20),
        # Who left after three minutes would have waited longer.
        (waited(NEXT, *[2] * 12, *[8] * 4), NEXT, 8, 16),
        (waited(NEXT, *[2] * 12) + waited(NEXT, 3, 3, 3, 3, answered=False) + waited(NEXT, 8), NEXT, 8, 17),
        # What was lately counts for more than what was before, and this hour more than others.
        (waited(NEXT, *[2] * 60) + waited(NEXT, *[9] * 20), NEXT, 2, 80),
        (waited(NEXT, *[9] * 20) + waited(NEXT, *[2] * 60), NEXT, 9, 80),
        (waited(Place(1, 0, 2, 19), *[9] * 20) + waited(NEXT, *[2] * 40), NEXT, 2, 60),
    ],
)
def test_what_is_promised(history: list[Past], now: Place, minutes: int, number: int) -> None:
    assert estimate(history, now, 7) == Estimate(minutes, number)


@pytest.mark.parametrize(
    ("seconds", "minutes"), [(0, 1), (1, 1), (60, 1), (61, 2), (1200, 20), (1201, 25), (10**6, 240)]
)
def test_it_is_rounded_up(seconds: float, minutes: int) -> None:
    assert rounded_up(seconds) == minutes


@pytest.mark.parametrize(
    ("now", "waits", "busy", "why"),
    [
        (FREE, 0, False, ""),
        (FREE, 59, False, ""),
        (FREE, 60, False, "unanswered"),
        (FREE, 0, True, "busy"),
        (NEXT, 0, False, "queue"),
        (Place(3, 2, 1, 12), 0, False, "queue"),
    ],
)
def test_who_is_told(now: Place, waits: float, why: str, *, busy: bool) -> None:
    assert why_told(now, waits, busy=busy) == why


@pytest.mark.parametrize(
    ("told", "taken", "anew"),
    [
        (Told(1, 8, 61), False, False),
        (Told(1, 8, 60), False, True),
        (Told(1, 1, 16), False, False),
        (Told(1, 1, 15), False, True),
        (Told(1, 8, -300), False, True),
        (Told(1, 8, 60), True, False),
        (Told(1, 8, 10), True, True),
        (Told(4, 8, 10), False, True),
        (Told(5, 8, 10), False, False),
    ],
)
def test_who_is_told_anew(told: Told, *, taken: bool, anew: bool) -> None:
    assert is_told_anew(told, taken=taken) is anew


@pytest.mark.parametrize(("shop", "days"), [("four operators", 5), ("two operators", 15)])
def test_four_of_five_are_kept(shop: str, days: int) -> None:
    """And they are worth more than telling everybody the same, kept as often. All figures: tests/bench/promise.py."""
    made = simulated(SHOPS[shop], days=days, seeds=range(3))
    first = Figures.of(one for one in made if one.number == 1)
    again = Figures.of(one for one in made if one.number > 1)
    assert first.kept >= 0.8, first
    assert again.kept >= 0.8, again
    assert first.ratio <= 2, first
    assert first.ratio < first.constant_ratio, first
    assert first.over < first.constant_over, first
