"""The queue: who was told that they wait, and for whom nobody is there yet. A query, not a list that is kept."""

from __future__ import annotations

from django.db.models import QuerySet

from consult.chat.models import Conversation


def waiting() -> QuerySet[Conversation]:
    """Whose visitor waits for somebody to take it, those who wait longest first."""
    return Conversation.objects.waiting().exclude(waiting_since=None).order_by("waiting_since", "pk")


def places(named: str | None = None) -> dict[str, int]:
    """The place, from 1, of every conversation (by public id) whose visitor was told when to expect an answer; of
    ``named`` alone if it is given.
    """
    told = Conversation.objects.waiting().filter(due_for=Conversation.Due.ANSWER)
    if named == "" or not (told.filter(public_id=named) if named else told).exists():
        return {}
    queue = enumerate(waiting().values_list("public_id", "due_for"), start=1)
    return {str(public_id): place for place, (public_id, due_for) in queue if due_for == Conversation.Due.ANSWER}
