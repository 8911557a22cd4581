"""Four weeks of waiting: how long it took until somebody answered, and what had been promised where all were busy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import cycle
from math import log
from random import Random

from django.contrib.auth.models import User
from django.utils import timezone

from consult.away import estimate
from consult.away.estimate import Past, Place, Told
from consult.models import Conversation, Promise, Wait

DAYS = 28
LOADS = {9: 0.4, 10: 0.5, 11: 0.7, 12: 1.0, 13: 0.9, 14: 0.6, 15: 0.5, 16: 0.6, 17: 0.8}  # by hour
OPERATORS, SEATS = 2, 8
NOTICE, TURN = 35, 200  # s: to answer where a seat is free, and for each, an operator, that must be answered before
SPREAD = 0.5
USUAL = 5  # minutes
PATIENCE = 20 * 60  # s


def sow(people: dict[str, User]) -> None:
    """Needs the shop's conversations: it is them who waited, some more than once."""
    lot = Random(1042)  # noqa: S311  (it hides nothing: every demo has the same past)
    talks = cycle(Conversation.objects.exclude(closed_at=None).order_by("pk"))
    answering = cycle([people["operator"], people["colleague"], people["operator"]])
    history: list[Past] = []
    waits: list[Wait] = []
    promises: list[Promise] = []
    for began_at in sorted(moments(lot)):
        place = stood(timezone.localtime(began_at), lot)
        seconds = lot.lognormvariate(log(NOTICE + place.ahead * TURN), SPREAD)
        operator = next(answering) if seconds < PATIENCE else None
        wait = Wait(
            conversation=next(talks),
            began_at=began_at,
            place=place.number,
            free_seats=place.free,
            operators=OPERATORS,
            ended_at=began_at + timedelta(seconds=min(seconds, PATIENCE)),
            end=Wait.End.ANSWERED if operator else Wait.End.GONE,
            operator=operator,
            operator_name=operator.get_full_name() if operator else "",
        )
        waits.append(wait)
        promises += promised(wait, place, history)
        history.insert(0, Past(place, min(seconds, PATIENCE), answered=operator is not None))
    Wait.objects.bulk_create(waits)
    Promise.objects.bulk_create(promises)


def moments(lot: Random) -> Iterator[datetime]:
    """When somebody asked: on all days but Sundays, and until now."""
    today = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(DAYS):
        for hour, load in LOADS.items():
            for _ in range(round(load * 2.5)):
                asked = today - timedelta(days=day) + timedelta(hours=hour, minutes=lot.uniform(0, 60))
                if asked.weekday() < 6 and asked < timezone.now() - timedelta(minutes=30):
                    yield asked


def stood(asked: datetime, lot: Random) -> Place:
    """How busy everybody was."""
    taken = lot.gauss(10 * LOADS[asked.hour], 2)
    number = 1 + max(0, round(taken - SEATS))
    return Place(number, max(0, round(SEATS - taken)), OPERATORS, asked.hour + asked.minute / 60)


def promised(wait: Wait, place: Place, history: list[Past]) -> Iterator[Promise]:
    """What was told, as it would have been told."""
    if not place.ahead or wait.ended_at is None:
        return
    made_at, number = wait.began_at, 1
    while True:
        likely = estimate.estimate(history, place, USUAL)
        due_at = made_at + timedelta(minutes=likely.minutes)
        in_time = wait.ended_at <= due_at
        kept = (True if wait.end == Wait.End.ANSWERED else None) if in_time else False
        yield Promise(
            wait=wait, number=number, made_at=made_at, minutes=likely.minutes, due_at=due_at, history=likely.history,
            kept=kept,
        )  # fmt: skip
        made_at = due_at - timedelta(seconds=estimate.MARGIN)
        again = estimate.is_told_anew(Told(number, likely.minutes, estimate.MARGIN), taken=False)
        if wait.ended_at <= made_at or not again:
            return
        number += 1
