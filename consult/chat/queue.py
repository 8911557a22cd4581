"""The queue: who was told that they wait, and for whom nobody is there yet. A query, not a list that is kept."""

from __future__ import annotations

from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone

from consult.chat.models import Conversation

GONE = timedelta(minutes=2)  # without a beat of any of their pages


def waiting() -> QuerySet[Conversation]:
    """Whose visitor waits for somebody to take it, those who wait longest first."""
    return Conversation.objects.waiting().exclude(waiting_since=None).order_by("waiting_since", "pk")


def here() -> QuerySet[Conversation]:
    """Those of them who are still there to read an answer."""
    lately = timezone.now() - GONE
    return waiting().filter(Q(visitor__heard_at__gt=lately) | Q(waiting_since__gt=lately))


def places(named: str | None = None) -> dict[str, int]:
    """The place, from 1, of every conversation (by public id) whose visitor was told when to expect an answer; of
    ``named`` alone if it is given.
    """
    told = Conversation.objects.waiting().filter(due_for=Conversation.Due.ANSWER)
    if named == "" or not (told.filter(public_id=named) if named else told).exists():
        return {}
    queue = enumerate(here().values_list("public_id", "due_for"), start=1)
    return {str(public_id): place for place, (public_id, due_for) in queue if due_for == Conversation.Due.ANSWER}
