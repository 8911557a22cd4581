"""Simulated days of a shop: who asks, who answers, who leaves. What is promised, and when, the product decides."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count
from math import log
from random import Random
from statistics import fmean, median
from typing import Any, Self

from consult.away import estimate
from consult.away.estimate import Past, Place, Told

HOUR, MINUTE = 3600.0, 60.0  # s
OPENS, CLOSES = 9, 20
USUAL, LONGEST, LETTER_AFTER = 5, 15, 30  # minutes, as a schedule begins
REMEMBERED = 300  # waits
TICK = 4.0  # seconds between two looks at who waits

LUNCH_AND_EVENING = {9: 0.7, 10: 0.9, 12: 1.7, 13: 1.5, 18: 1.4, 19: 1.2}
FOUR = ((9, 17, 12.0), (9, 18, 13.0), (10, 20, 14.5), (12, 20, 16.0))

Spread = tuple[float, float]  # the median (s) and the sigma of a log-normal length


@dataclass(frozen=True)
class Shop:
    """Its size, and what its visitors and operators are like."""

    asked_per_hour: float
    shifts: tuple[tuple[float, float, float], ...]  # from, to, half an hour's break: of each operator, give or take
    seats: int
    talk: Spread = (8 * MINUTE, 0.7)  # how long a seat is taken
    notice: Spread = (15.0, 0.8)  # until who has a free seat takes the next
    write: Spread = (25.0, 0.6)  # until they have answered, longer the more they have
    patience: float = 25 * MINUTE  # of visitors, in the mean


SHOPS = {
    "four operators": Shop(30, FOUR, 3),
    "four, and crowded": Shop(38, FOUR, 3),
    "two operators": Shop(8, ((9, 17, 12.5), (11, 20, 15.0)), 2),
    "nine operators": Shop(75, tuple((9 + at % 4, 17 + at % 4, 12 + at % 4 * 0.75) for at in range(9)), 4),
    "one operator": Shop(5, ((9, 20, 13.0),), 2),
}


@dataclass
class Asking:
    """Somebody who waits."""

    at: float
    place: Place
    leaves_at: float
    taken: bool = False
    promises: list[tuple[float, int, int]] = field(default_factory=list)  # when, minutes, from how many waits
    answered_at: float | None = None
    left_at: float | None = None

    @property
    def waits(self) -> bool:
        return self.answered_at is None and self.left_at is None


@dataclass
class Operator:
    begins: float
    ends: float
    pause: float
    talks: int = 0
    taking: bool = False

    def is_on(self, now: float) -> bool:
        return self.begins <= now < self.ends and not self.pause <= now < self.pause + HOUR / 2


class Day:
    """One of them, from OPENS to CLOSES; ``history`` is what is remembered of those before, and grows."""

    def __init__(self, lot: Random, shop: Shop, history: list[Past]) -> None:
        self.lot, self.shop, self.history = lot, shop, history
        self.rush = lot.lognormvariate(0, 0.15)  # no day is like another
        self.operators = [
            Operator(self._about(begins), self._about(ends), self._about(pause))
            for begins, ends, pause in shop.shifts
            if lot.random() > 0.08 or len(shop.shifts) == 1  # somebody may be ill
        ]
        self.asked: list[Asking] = []
        self.waiting: list[Asking] = []
        self.queue: list[Asking] = []  # those of them whom nobody has taken
        self._events: list[tuple[float, int, Callable[..., None], tuple[Any, ...]]] = []
        self._order = count()

    def pass_by(self) -> list[Asking]:
        """All who asked on it."""
        self._next_asks(OPENS * HOUR)
        tick = OPENS * HOUR
        while tick < (CLOSES + 1) * HOUR:  # the last of them, too, are answered, or leave
            while self._events and self._events[0][0] <= tick:
                now, _, deed, more = heapq.heappop(self._events)
                deed(now, *more)
                self._look_up_from_work(now)
            self.waiting = [one for one in self.waiting if one.waits]
            for one in self.waiting:
                self._look_after(one, tick)
            self._look_up_from_work(tick)
            tick += TICK
        return self.asked

    def _at(self, when: float, deed: Callable[..., None], *more: Any) -> None:
        heapq.heappush(self._events, (when, next(self._order), deed, more))

    def _about(self, hour: float) -> float:
        return HOUR * hour + self.lot.gauss(0, 5 * MINUTE)

    def _length(self, spread: Spread) -> float:
        middle, sigma = spread
        return self.lot.lognormvariate(log(middle), sigma)

    def _next_asks(self, now: float) -> None:
        rate = self.shop.asked_per_hour * self.rush * LUNCH_AND_EVENING.get(int(now // HOUR), 1.0)
        if (at := now + self.lot.expovariate(rate / HOUR)) < CLOSES * HOUR:
            self._at(at, self._ask)

    def _ask(self, now: float) -> None:
        leaves_at = now + self.lot.expovariate(1 / self.shop.patience)
        one = Asking(now, self._place(len(self.queue) + 1, now), leaves_at)
        for people in (self.asked, self.waiting, self.queue):
            people.append(one)
        self._look_after(one, now)
        self._next_asks(now)

    def _place(self, number: int, now: float) -> Place:
        on = [operator for operator in self.operators if operator.is_on(now)]
        return Place(number, sum(max(0, self.shop.seats - each.talks) for each in on), len(on), now / HOUR)

    # The operators.

    def _look_up_from_work(self, now: float) -> None:
        for operator in self.operators:
            if self.queue and operator.is_on(now) and operator.talks < self.shop.seats and not operator.taking:
                operator.taking = True
                self._at(now + self._length(self.shop.notice), self._take, operator)

    def _take(self, now: float, operator: Operator) -> None:
        operator.taking = False
        if self.queue and operator.is_on(now):
            one = self.queue.pop(0)
            one.taken = True
            self._at(now + (1 + operator.talks / 4) * self._length(self.shop.write), self._answer, one)
            self._at(now + self._length(self.shop.talk), self._end, operator)
            operator.talks += 1

    def _answer(self, now: float, one: Asking) -> None:
        if one.waits:
            one.answered_at = now
            self._remember(one, now)

    def _end(self, _now: float, operator: Operator) -> None:
        operator.talks -= 1

    # The product.

    def _look_after(self, one: Asking, now: float) -> None:
        if one.leaves_at <= now or now - one.at >= LETTER_AFTER * MINUTE:
            one.left_at = min(one.leaves_at, now)
            if not one.taken:
                self.queue.remove(one)
            self._remember(one, one.left_at)
            return
        place = self._place(1 if one.taken else self.queue.index(one) + 1, now)
        if place.operators and self._is_to_be_told(one, place, now):
            likely = estimate.estimate(self.history, place, USUAL)
            one.promises.append((now, likely.minutes, likely.history))

    def _is_to_be_told(self, one: Asking, place: Place, now: float) -> bool:
        if one.promises:
            made_at, minutes, _ = one.promises[-1]
            told = Told(len(one.promises), minutes, made_at + minutes * MINUTE - now)
            return estimate.is_told_anew(told, taken=one.taken)
        busy = now == one.at and estimate.estimate(self.history, place, USUAL).minutes > LONGEST
        return not one.taken and bool(estimate.why_told(place, now - one.at, busy=busy))

    def _remember(self, one: Asking, ended_at: float) -> None:
        if one.place.operators:
            self.history.insert(0, Past(one.place, ended_at - one.at, answered=one.answered_at is not None))
            del self.history[REMEMBERED:]


@dataclass(frozen=True)
class Promised:
    """A promise, and what came of it. Times in minutes."""

    number: int
    minutes: int
    history: int
    waited: float | None  # until the answer
    kept: bool | None  # None: the visitor left before it was due


def promised(asked: Iterable[Asking]) -> Iterator[Promised]:
    for one in asked:
        for number, (made_at, minutes, history) in enumerate(one.promises, 1):
            due_at = made_at + minutes * MINUTE
            waited = None if one.answered_at is None else (one.answered_at - made_at) / MINUTE
            kept = waited <= minutes if waited is not None else None if (one.left_at or 0) <= due_at else False
            yield Promised(number, minutes, history, waited, kept)


@dataclass(frozen=True)
class Figures:
    """What some promises were worth."""

    made: int
    judged: int
    kept: float  # share of the judged
    ratio: float  # promised to waited, in the middle
    over: float  # minutes promised too many, in the mean
    constant: int  # minutes: the least that would have been kept as often, had everybody been told the same
    constant_ratio: float
    constant_over: float

    @classmethod
    def of(cls, promises: Iterable[Promised]) -> Self:
        made = list(promises)
        judged = [one for one in made if one.kept is not None]
        kept = fmean(bool(one.kept) for one in judged)
        pairs = [(one.minutes, one.waited) for one in made if one.waited]
        constant = next(minutes for minutes in count(1) if _share_within(judged, minutes) >= kept)
        same = [(constant, waited) for _, waited in pairs]
        return cls(len(made), len(judged), kept, *_worth(pairs), constant, *_worth(same))

    def __str__(self) -> str:
        return (
            f"{self.made:6} made, {self.kept:6.1%} kept, promised/waited {self.ratio:4.2f}, "
            f"{self.over:4.1f} min too many; all told {self.constant:2} min: "
            f"{self.constant_ratio:4.2f}, {self.constant_over:4.1f}"
        )


def _share_within(judged: list[Promised], minutes: int) -> float:
    return fmean(one.waited is not None and one.waited <= minutes for one in judged)


def _worth(pairs: list[tuple[int, float]]) -> tuple[float, float]:
    ratio = median(minutes / waited for minutes, waited in pairs)
    return ratio, fmean(max(0.0, minutes - waited) for minutes, waited in pairs)


def simulated(shop: Shop, *, days: int, seeds: Iterable[int]) -> list[Promised]:
    """What was promised on ``days`` after one another, once for each seed, as soon as there was a history to go by."""
    found: list[Promised] = []
    for seed in seeds:
        lot, history = Random(seed), list[Past]()
        for _ in range(days):
            found += promised(Day(lot, shop, history).pass_by())
    return [one for one in found if one.history]
