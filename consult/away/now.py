"""Whether somebody can answer now, by what the database holds."""

from __future__ import annotations

import time
from functools import lru_cache
from uuid import UUID, uuid4

from django.db import transaction
from django.utils import timezone

from consult.away import availability, hours, seats, waits
from consult.away.models import Hours, Override, Schedule, SpecialDay
from consult.chat import live
from consult.chat.presence import Presence

FRESH = 60  # seconds after which the week is read anew, though no change of it was heard of


def presence() -> Presence:
    now, schedule = timezone.now(), Schedule.current()
    there = seats.standing(schedule)
    minutes = waits.likely(now, there, schedule)
    return availability.judge(now, week(schedule), there, minutes, schedule.longest_wait)


def week(schedule: Schedule | None = None) -> hours.Week:
    """The hours, the special days, and what a manager decided for now and for later."""
    schedule = schedule or Schedule.current()
    if schedule._state.adding:  # nobody has saved one yet
        return hours.Week(timezone.get_default_timezone())
    return _read(schedule.stamp, int(time.monotonic() / FRESH))


def changed() -> None:
    """Let every process read the week anew, and tell open panels what has come of it."""
    with transaction.atomic():
        Schedule.objects.update(stamp=uuid4())
        live.soon()


@lru_cache(maxsize=2)
def _read(_stamp: UUID, _minute: int) -> hours.Week:
    return hours.Week(
        timezone.get_default_timezone(),
        tuple(hours.Interval(tuple(row.weekdays), row.opens, row.closes) for row in Hours.objects.all()),
        tuple(
            hours.Special(row.name, row.first, row.last or row.first, row.yearly, row.opens, row.closes)
            for row in SpecialDay.objects.all()
        ),
        tuple(
            hours.Override(row.state == Override.State.OPEN, row.begins_at, row.ends_at)
            for row in Override.objects.filter(ends_at__gt=timezone.now())
        ),
    )
