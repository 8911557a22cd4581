"""What a visitor who has gone hasn't read goes to them by e-mail: found in the log, however it was said."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count, Exists, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce, Greatest
from django.utils import timezone

from consult.away import outbox
from consult.away.models import Letter
from consult.chat import queue
from consult.chat.models import Conversation, Message
from consult.chat.uncompiled import uncompiled

QUIET = timedelta(seconds=30)  # after the last word: answers that come in a row go as one e-mail
LOOKED_AT = timedelta(days=3)  # after a conversation was closed
MOST_ADDRESSES = 3  # of one conversation: whoever claims one after the other isn't correcting theirs
AT_ONCE = 200  # conversations; the others are found the next time


def mail_missed() -> None:
    """Write a letter of each conversation's unread answers, if there is somebody to write to."""
    now = timezone.now()
    with uncompiled():
        for places in (Q(closed_at=None), Q(closed_at__gt=now - LOOKED_AT)):  # an index each
            for conversation in missed(now).filter(places)[:AT_ONCE]:
                first, last = conversation.told + 1, conversation.newest
                outbox.write(conversation, Letter.Kind.ANSWER, [conversation.visitor.email], first, last)


def missed(now: datetime) -> QuerySet[Any]:
    """Where answers wait that somebody gone hasn't read, nor is mailed: those above number ``told``, to ``newest``."""
    letters = Letter.objects.filter(conversation=OuterRef("pk"), kind=Letter.Kind.ANSWER)
    brought = letters.filter(recipient=OuterRef("visitor__email")).order_by("-last_seq").values("last_seq")
    others = letters.exclude(recipient=OuterRef("visitor__email")).order_by().values("conversation")
    lines = Message.objects.filter(conversation=OuterRef("pk")).order_by("-seq")
    answers = lines.answers().filter(seq__gt=OuterRef("told"))
    quiet = Exists(lines.filter(seq=OuterRef("last_seq"), sent_at__lte=now - QUIET))
    gone = Conversation.objects.filter(quiet, visitor__heard_at__lte=now - queue.GONE, last_seq__gt=F("visitor_read"))
    return (
        gone.exclude(visitor__email="")
        .annotate(told=Greatest("visitor_read", Coalesce(Subquery(brought[:1]), 0)))
        .annotate(newest=Subquery(answers.values("seq")[:1]))
        .filter(newest__isnull=False)
        .alias(
            others=Coalesce(Subquery(others.annotate(number=Count("recipient", distinct=True)).values("number")), 0)
        )
        .filter(others__lt=MOST_ADDRESSES)
        .select_related("visitor")
    )
