"""By when a visitor was told that they hear from us. The one place that writes it."""

from __future__ import annotations

from datetime import datetime

from consult.away.models import Callback, Promise
from consult.chat.models import Conversation


def told(conversation: Conversation) -> None:
    """Let ``conversation``, whose row the caller has locked, stand where what is still open puts it: a call, or else
    an answer that was promised. Who expects a call waits for nothing else, and is to be found among the calls.
    """
    promise = Promise.objects.filter(wait__conversation=conversation, wait__ended_at=None).order_by("number").last()
    call = Callback.objects.filter(conversation=conversation, state=Callback.State.OPEN).first()
    due: tuple[datetime | None, str] = (None, "")
    if call:
        due = call.due_at, Conversation.Due.CALL
    elif promise:
        due = promise.due_at, Conversation.Due.ANSWER
    row = Conversation.objects.filter(pk=conversation.pk)
    if row.values_list("due_at", "due_for").get() != due:
        row.update(due_at=due[0], due_for=due[1])
        conversation.changed()
    conversation.due_at, conversation.due_for = due
