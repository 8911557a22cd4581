"""What a socket reads of a conversation when it begins, continues or has missed something."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

from django.db.models import F

from consult.chat import frames
from consult.chat.models import Conversation, name_of

if TYPE_CHECKING:
    from consult.chat.frames import Frame

FIRST = 50  # messages shown when a conversation is opened
NEXT = 200  # messages sent at once to who has missed some
NOTES = 200  # notes shown of a conversation


def current(visitor: int) -> Conversation | None:
    """The conversation a visitor (pk) sees: the open one, else the last."""
    theirs = Conversation.objects.filter(visitor=visitor).select_related("operator")
    return theirs.order_by(F("closed_at").desc(nulls_first=True), "-pk").first()


def welcome(conversation: Conversation | None, after: int | None, epoch: int | None) -> Frame:
    """Where ``conversation`` stands, with the messages after number ``after``, or without it the latest.

    ``reset`` instead where ``after`` can't be right: another ``epoch`` (a restored database), or beyond the end.
    """
    if conversation is None:
        return frames.welcome(None, [], None, more=False)
    if after is not None and (epoch != conversation.epoch or after > conversation.last_seq):
        return reset(conversation.public_id)
    if after is None:
        messages, more = before(conversation, conversation.last_seq + 1)
    else:
        messages, more = since(conversation, after)
    operator = name_of(conversation.operator) if conversation.operator else None
    return frames.welcome(conversation, messages, operator, more=more)


def reset(public_id: UUID | str) -> Frame:
    return {"type": "reset", "conversation": str(public_id)}


def before(conversation: Conversation, seq: int) -> tuple[list[Frame], bool]:
    """The messages just before number ``seq``, in order, and whether there are older ones."""
    rows = list(conversation.messages.filter(seq__lt=seq).order_by("-seq")[: FIRST + 1])
    shown = reversed(rows[:FIRST])
    return [frames.message(message, conversation.public_id) for message in shown], len(rows) > FIRST


def since(conversation: Conversation, seq: int) -> tuple[list[Frame], bool]:
    """The messages after number ``seq``, in order, and whether there are newer ones still."""
    rows = list(conversation.messages.filter(seq__gt=seq).order_by("seq")[: NEXT + 1])
    return [frames.message(message, conversation.public_id) for message in rows[:NEXT]], len(rows) > NEXT


def notes(conversation: Conversation) -> list[Frame]:
    """What operators told each other about it, the latest in order."""
    latest = conversation.notes.order_by("-number")[:NOTES]
    return [frames.note(note, conversation.public_id) for note in reversed(latest)]


def newer(public_id: str, seq: int) -> tuple[list[Frame], bool]:
    """``since`` for a conversation known by its public id; nothing of one that is gone."""
    conversation = Conversation.objects.filter(public_id=public_id).first()
    return since(conversation, seq) if conversation else ([], False)


def older(public_id: str, seq: int) -> tuple[list[Frame], bool]:
    conversation = Conversation.objects.filter(public_id=public_id).first()
    return before(conversation, seq) if conversation else ([], False)
