"""When a call can be wished for. Pure: what is taken, and when the shop answers, are arguments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

AHEAD = timedelta(minutes=15)  # sooner than this is "now"
DAYS = 7


def free(half_hours: Iterable[datetime], taken: Mapping[datetime, int], at_once: int, now: datetime) -> list[datetime]:
    """Those beginnings of ``half_hours`` in which there is room for one more call."""
    return [
        slot
        for slot in half_hours
        if now + AHEAD <= slot <= now + timedelta(days=DAYS) and taken.get(slot, 0) < at_once
    ]
