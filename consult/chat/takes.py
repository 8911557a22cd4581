"""Who has a conversation. The verbs expect its row locked, and leave saving ``operator`` to the caller."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone

from consult.chat import models
from consult.chat.entry import SHOP, Entry, id_of

if TYPE_CHECKING:
    from consult.chat.models import Conversation, Take


def begin(conversation: Conversation, operator: int, name: str) -> Entry:
    """The conversation becomes ``operator``'s (a user's pk). Gives the line that says so."""
    # Of an account that was deleted the take and its offer may still be open, though nobody has the conversation.
    left = models.Take.objects.filter(conversation=conversation, ended_at=None)
    left.update(ended_at=timezone.now(), why=models.Take.End.VANISHED)
    conversation.handovers.answer(models.Handover.Outcome.WITHDRAWN)
    take = models.Take.objects.create(conversation=conversation, operator_id=operator, operator_name=name)
    conversation.operator_id = operator
    return Entry(
        SHOP, id_of(f"took {take.pk}"), kind="joined", conversation=conversation.public_id, facts={"name": name}
    )


def end(conversation: Conversation, why: str) -> Entry:
    """Nobody has the conversation any more, nor offers it. Gives the line that says who left."""
    take = models.Take.objects.get(conversation=conversation, ended_at=None)
    take.ended_at, take.why = timezone.now(), why
    take.save(update_fields=["ended_at", "why"])
    conversation.handovers.answer(models.Handover.Outcome.WITHDRAWN)
    conversation.operator_id = None
    facts = {"name": take.operator_name, "why": why}
    return Entry(SHOP, id_of(f"left {take.pk}"), kind="left", conversation=conversation.public_id, facts=facts)


def closed(conversation: Conversation) -> Take | None:
    """The take that ended when the conversation was closed; None if nobody had it until then."""
    take = models.Take.objects.filter(conversation=conversation).order_by("pk").last()
    if take and conversation.messages.filter(client_id=id_of(f"took {take.pk}")).exists():
        return take
    return None  # who closed what nobody had took it without a line
