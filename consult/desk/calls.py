"""What operators fill in about calls: when to call somebody, and what came of a try."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils import timezone

from consult.away import callback
from consult.away.models import UP_TO_A_DAY, Attempt, Callback
from consult.away.wish import Wish
from consult.chat import contact
from consult.chat.entry import Refused
from consult.chat.models import Conversation

if TYPE_CHECKING:
    from django.contrib.auth.models import User


class ArrangeForm(Wish):
    """A call is arranged with the visitor of a conversation."""

    def __init__(self, conversation: Conversation, data: Any = None) -> None:
        visitor = conversation.visitor
        known = callback.open_of(visitor)
        initial = {
            "phone": known.number if known else contact.of(visitor.pk)["phone"],
            "about": known.about if known else "",
        }
        times = callback.times(timezone.now(), visitor, arranged=True)
        super().__init__(data, times=times, initial=initial, auto_id="consult-arrange-%s")


class TryForm(forms.Form):
    """Somebody has tried to call."""

    client_id = forms.UUIDField()
    outcome = forms.ChoiceField(choices=Attempt.Outcome)
    again_after = forms.IntegerField(required=False, validators=UP_TO_A_DAY)  # minutes


def arrange(conversation: Conversation, user: User, form: ArrangeForm) -> None:
    """Raises Refused."""
    if conversation.closed_at is not None:
        raise Refused("closed")
    callback.request(conversation.visitor, now=timezone.now(), arranged_by=user, **form.wish)


def close(conversation: Conversation, user: User) -> None:
    """Close it, unless there is somebody to call. Raises Refused."""
    if conversation.callbacks.filter(state=Callback.State.OPEN).exists():
        raise Refused("call_open")
    conversation.close(user)
