"""Whether somebody can answer, and why not. Nothing here looks at a clock or the database."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from consult.away import hours
from consult.chat.presence import AWAY, BUSY, ONLINE, Presence

if TYPE_CHECKING:
    from consult.away.seats import Standing


def judge(now: datetime, week: hours.Week, there: Standing, minutes: int | None, longest: int) -> Presence:
    """``minutes`` is what an answer is likely to take, where that is known, and ``longest`` what visitors are to wait
    at most.
    """
    if not hours.is_open(week, now):
        return _closed(now, week)
    if not there.operators:
        return Presence(AWAY, "nobody")
    if minutes is not None and minutes > longest:
        return Presence(BUSY, "long_wait", minutes=minutes)
    if there.free <= there.waiting:  # who waits already takes them
        return Presence(BUSY, "seats_taken", minutes=minutes)
    return Presence(ONLINE, "free")


def _closed(now: datetime, week: hours.Week) -> Presence:
    back_at = hours.opens(week, now)
    in_days = None if back_at is None else hours.days_until(week, now, back_at)
    return Presence(AWAY, _why(now, week), back_at, in_days)


def _why(now: datetime, week: hours.Week) -> str:
    if hours.standing(week, now):
        return "override"
    return "holiday" if hours.special(week, now) else "hours"
