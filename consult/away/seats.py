"""Seats: how many conversations those on duty have at once, and could have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Count, Exists, OuterRef
from django.utils import timezone

from consult.away.models import Schedule, Seats
from consult.chat import duty, queue
from consult.chat.models import Conversation, Message

SILENT = timedelta(minutes=30)  # without a word, then a conversation takes no seat


@dataclass(frozen=True, slots=True)
class Standing:
    operators: int  # on duty
    seats: int  # of theirs
    free: int
    waiting: int  # visitors


def standing(schedule: Schedule | None = None) -> Standing:
    operators = duty.operators()
    usual = (schedule or Schedule.current()).seats
    own = dict(Seats.objects.filter(operator__in=operators).values_list("operator", "seats"))
    taken = _taken(operators) if operators else {}
    seats = {operator: own.get(operator, usual) for operator in operators}
    free = sum(max(0, number - taken.get(operator, 0)) for operator, number in seats.items())
    return Standing(len(operators), sum(seats.values()), free, queue.here().count())


def _taken(operators: set[int]) -> dict[int, int]:
    """In how many conversations of each the visitor said something lately. By e-mail they don't wait for each word."""
    since = timezone.now() - SILENT
    chat = Message.objects.asked().filter(medium=Message.Medium.CHAT)
    said = chat.filter(conversation=OuterRef("pk"), sent_at__gt=since)
    lively = Conversation.objects.open().filter(Exists(said), operator__in=operators)
    return dict(lively.order_by().values_list("operator").annotate(Count("pk")))
