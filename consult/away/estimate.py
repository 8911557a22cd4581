"""How long a wait will take, by what became of the latest ones, and when to tell so. Pure.

Who finds no free seat waits for those before them: for each, about as long as the operators on duty have lately
needed to get round to one more. How far that was off, and which way, the same past shows: what is promised held in
four of five of the waits most like this one. Who left or was written to instead would have waited at least as long as
they did; that is counted as the product limit does.

E. L. Kaplan and P. Meier, "Nonparametric estimation from incomplete observations", JASA 53 (1958), 457-481.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from math import exp, log
from statistics import median

KEPT = 0.78  # of the waits most like this one; rounding up makes four of five of it, and some: see tests/bench/promise
ENOUGH = 15  # waits like this one, or else the manager knows better
SILENT = 60  # seconds without an answer, though a seat is free, after which that has to be explained
MARGIN = 60  # seconds before it is due that a promise of four minutes or more is given up
LAST_MOMENT = 10  # seconds
MOST = 5  # promises in one wait; who was put off so often no longer believes them
# What is told: nobody promises 23 minutes and means it.
MINUTES: tuple[int, ...] = (*range(1, 21), 25, 30, 35, 40, 45, 50, 60, 75, 90, 120, 150, 180, 240)


@dataclass(frozen=True)
class Place:
    """How things stand for somebody who waits."""

    number: int  # in the queue, from 1
    free: int  # seats, of all operators on duty
    operators: int  # on duty
    hour: float  # of the shop's day

    @cached_property
    def ahead(self) -> float:
        """How many must be got round to before them, for each operator; 0 where a seat is free for them."""
        return max(0, self.number - self.free) / max(1, self.operators)


@dataclass(frozen=True, slots=True)
class Past:
    """A wait that has ended, and how things stood when it began."""

    place: Place
    seconds: float
    answered: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """``history``: from how many waits; 0 is the manager's own."""

    minutes: int
    history: int = 0


def estimate(history: Sequence[Past], now: Place, usual: int) -> Estimate:
    """Within how many minutes somebody is answered who stands so now. ``history``: the latest waits, the newest first;
    ``usual``: the manager's minutes.
    """
    like = [past for past in history if bool(past.place.ahead) == bool(now.ahead)]
    if len(like) < ENOUGH:
        return Estimate(usual)
    pace = Pace.of(history)
    ratios = [
        (past.seconds / pace.expected(past.place), _likeness(now, past.place, age), past.answered)
        for age, past in enumerate(like)
    ]
    return Estimate(rounded_up(pace.expected(now) * _quantile(ratios, KEPT)), len(like))


@dataclass(frozen=True, slots=True)
class Told:
    """The latest promise somebody waits by."""

    number: int  # from 1
    minutes: int
    left: float  # s until it is due


def why_told(now: Place, waited: float, *, busy: bool) -> str:
    """Why somebody who asked ``waited`` (s) ago is to be told how long it takes; "" if they needn't be yet. ``busy``:
    visitors are told that everybody is.
    """
    if now.ahead:
        return "queue"
    if busy:
        return "busy"
    return "unanswered" if waited >= SILENT else ""


def is_told_anew(told: Told, *, taken: bool) -> bool:
    """Whether the promise won't be kept: early enough for who waits to choose otherwise, late enough to be sure. Where
    somebody has taken it, the answer may come any moment.
    """
    margin = LAST_MOMENT if taken else min(MARGIN, told.minutes * 60 / 4)
    return told.number < MOST and told.left <= margin


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds: to notice and to answer where a seat is free, and for each that must be got round to before."""

    notice: float
    turn: float

    @classmethod
    def of(cls, history: Sequence[Past]) -> Pace:
        at_once = [past.seconds for past in history if past.answered and not past.place.ahead]
        notice = median(at_once) if at_once else 60.0
        turns = [max(0.0, past.seconds - notice) / past.place.ahead for past in history if past.place.ahead]
        return cls(max(notice, 1.0), median(turns) if turns else 0.0)

    def expected(self, place: Place) -> float:
        return self.notice + place.ahead * self.turn


def rounded_up(seconds: float) -> int:
    """To minutes that one says."""
    at: int = min(bisect_left(MINUTES, seconds / 60), len(MINUTES) - 1)
    return MINUTES[at]


def _likeness(one: Place, other: Place, age: int) -> float:
    """How much of what became of ``other`` goes for ``one``: by load, by hour, and by how many came since."""
    load = abs(log((1 + one.ahead) / (1 + other.ahead)))
    hours = abs(one.hour - other.hour)
    return exp(-load - min(hours, 24 - hours) / 4 - age / 150)


def _quantile(values: list[tuple[float, float, bool]], share: float) -> float:
    """What ``share`` of the values don't exceed; each has its weight, and whether it was seen to its end."""
    at_risk = sum(weight for _, weight, _ in values)
    left = 1.0
    for value, weight, ended in sorted(values):
        if ended:
            left *= 1 - weight / at_risk
            if left <= 1 - share:
                return value
        at_risk -= weight
    return max(values)[0]
