"""When the shop is open, and when it will be. Nothing here looks at a clock or the database.

A time that the clocks skip or show twice is what RFC 5545, 3.3.5, takes it for: as if they were not changed yet. All
moments are in UTC, for Python compares two of one time zone by what the clocks show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import NamedTuple

DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
AHEAD = 400 * DAY  # nobody plans further


@dataclass(frozen=True)
class Interval:
    """Of some days of the week, 0 being Monday. What closes no later than it opens does so on the next day."""

    weekdays: tuple[int, ...]
    opens: time
    closes: time


@dataclass(frozen=True)
class Special:
    """Days from ``first`` to ``last`` on which other hours hold than on others of their week; none: closed."""

    name: str
    first: date
    last: date
    yearly: bool = False
    opens: time | None = None
    closes: time | None = None

    def names(self, day: date) -> bool:
        if not self.yearly:
            return self.first <= day <= self.last
        first, last, on = ((each.month, each.day) for each in (self.first, self.last, day))
        return first <= on <= last if first <= last else on >= first or on <= last


@dataclass(frozen=True)
class Override:
    """What holds from ``begins`` until ``ends``, whatever the hours."""

    is_open: bool
    begins: datetime
    ends: datetime


@dataclass(frozen=True)
class Week:
    """All that decides when the shop is open. Without intervals it always is, save on special days."""

    zone: tzinfo
    intervals: tuple[Interval, ...] = ()
    special: tuple[Special, ...] = ()
    overrides: tuple[Override, ...] = ()


class Span(NamedTuple):
    begins: datetime
    ends: datetime


def is_open(week: Week, now: datetime) -> bool:
    override = standing(week, now)
    if override:
        return override.is_open
    return any(span.begins <= now < span.ends for span in _around(week, _day(week, now)))


def opens(week: Week, now: datetime) -> datetime | None:
    """The first moment from ``now`` on at which the shop is open."""
    return next((span.begins for span in spans(week, now, now + AHEAD)), None)


def closes(week: Week, now: datetime) -> datetime | None:
    """When the shop that is open ``now`` closes; None if it is closed, or not to be seen when."""
    if not is_open(week, now):
        return None
    ends = next(spans(week, now, now + AHEAD)).ends
    return ends if ends < now + AHEAD else None


def days_until(week: Week, now: datetime, then: datetime) -> int:
    """By the shop's calendar: 1 if ``then`` is tomorrow."""
    return (_day(week, then) - _day(week, now)).days


def slots(week: Week, now: datetime, days: int = 7, step: timedelta = HALF_HOUR) -> Iterator[datetime]:
    """The beginnings of all half hours by the shop's clock that lie in opening hours, in the ``days`` to come."""
    for span in spans(week, now, now + days * DAY):
        clock = span.begins.astimezone(week.zone)
        past = timedelta(minutes=clock.minute, seconds=clock.second, microseconds=clock.microsecond)
        begins = span.begins + -past % step
        while begins + step <= span.ends:
            yield begins
            begins += step


def spans(week: Week, now: datetime, until: datetime) -> Iterator[Span]:
    """When the shop is open between ``now`` and ``until``, without pauses of no length."""
    begins = now.astimezone(UTC) if is_open(week, now) else None
    for change in _changes(week, now, until):
        if begins is None and is_open(week, change):
            begins = change
        elif begins is not None and not is_open(week, change):
            yield Span(begins, change)
            begins = None
    if begins is not None:
        yield Span(begins, until.astimezone(UTC))


def standing(week: Week, now: datetime) -> Override | None:
    """The override that holds ``now``; of several the one that began last."""
    holding = [override for override in week.overrides if override.begins <= now < override.ends]
    return max(holding, key=lambda override: override.begins, default=None)


def special(week: Week, now: datetime) -> list[Special]:
    """What makes the day special that is ``now``."""
    return _special(week, _day(week, now))


def _changes(week: Week, now: datetime, until: datetime) -> Iterator[datetime]:
    """Every moment between at which something may begin or end, in order."""
    day = _day(week, now)
    while day <= _day(week, until):
        moments = {moment for span in (*_around(week, day), *_overridden(week)) for moment in span}
        yield from sorted(moment for moment in moments if now < moment < until and _day(week, moment) == day)
        day += DAY


def _around(week: Week, day: date) -> list[Span]:
    """What is open in ``day`` by its own hours, or by those of the night before."""
    return [*_by_hours(week, day - DAY), *_by_hours(week, day)]


def _by_hours(week: Week, day: date) -> Iterator[Span]:
    for opens, closes in _hours(week, day):
        ends = datetime.combine(day if opens < closes else day + DAY, closes, week.zone)
        yield Span(datetime.combine(day, opens, week.zone).astimezone(UTC), ends.astimezone(UTC))


def _hours(week: Week, day: date) -> list[tuple[time, time]]:
    if others := _special(week, day):
        return [(each.opens, each.closes) for each in others if each.opens is not None and each.closes is not None]
    if not week.intervals:
        return [(time.min, time.min)]
    return [(each.opens, each.closes) for each in week.intervals if day.weekday() in each.weekdays]


def _special(week: Week, day: date) -> list[Special]:
    """The fewest days go first, then those of one year: a holiday amid the summer's hours is that, and this year's
    Christmas Eve is another than every year's.
    """
    naming = [each for each in week.special if each.names(day)]
    ranks = {each: (each.last - each.first, each.yearly) for each in naming}
    return [each for each in naming if ranks[each] == min(ranks.values())]


def _overridden(week: Week) -> list[Span]:
    return [Span(override.begins, override.ends) for override in week.overrides]


def _day(week: Week, moment: datetime) -> date:
    return moment.astimezone(week.zone).date()
