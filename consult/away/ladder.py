"""The automatic messages: what is said by itself when the shop, or the visitor, has been silent for so long."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone, translation
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from consult.away import mail
from consult.away.models import Callback, Letter, Step
from consult.chat import log, presence, queue, text
from consult.chat.entry import SHOP, Author, Entry, Refused, id_of
from consult.chat.models import Conversation, Message
from consult.chat.patience import patience
from consult.chat.uncompiled import uncompiled

LATEST = timedelta(hours=1)  # after its time, then it is too late to say something; for closing it never is
AT_ONCE = 100  # in one round; the next is soon

# In the visitor's language, where the manager wrote no text.
SENTENCES: Mapping[str, Promise] = {
    Step.Kind.WAITING: _("Thank you for waiting. We haven't forgotten you, and answer as soon as somebody is free."),
    Step.Kind.SILENT: _("Is there anything else that you would like to know? Just write."),
    Step.Kind.CLOSING: _("We haven't heard from you for a while and close this conversation. Write, and it goes on."),
}


@dataclass(frozen=True)
class Silence:
    """``waits``: the visitor for the shop, or else the shop for the visitor; ``since`` then. ``said_at`` is when
    something was last said by itself.
    """

    waits: bool
    since: datetime
    said_at: datetime | None = None


def climb() -> None:
    """Say what is due. In one silence each step is said once."""
    now = timezone.now()
    steps = list(Step.objects.filter(is_on=True))
    if steps and presence.now().state == presence.AWAY:  # nobody will come soon: it goes on as a letter
        steps = [step for step in steps if step.kind != Step.Kind.WAITING]
    if not steps:
        return
    with uncompiled():
        found = [conversation for conversation in silent(steps, now) if step_for(_silence(conversation), steps, now)]
    for conversation in found[:AT_ONCE]:
        try:
            _say(conversation, steps, now)
        except Refused:  # somebody holds it: the next round finds it again, or finds it broken
            continue


def step_for(silence: Silence, steps: Iterable[Step], now: datetime) -> Step | None:
    """The step that is due in ``silence``: of several the last, and none that was said already or is long past."""
    for step in sorted(steps, key=lambda step: (step.after, step.kind == Step.Kind.CLOSING), reverse=True):
        due_at = silence.since + timedelta(minutes=step.after)
        if (step.kind == Step.Kind.WAITING) != silence.waits or due_at > now:
            continue
        was_said = silence.said_at is not None and silence.said_at >= due_at
        too_late = now - due_at > LATEST and step.kind != Step.Kind.CLOSING
        return None if was_said or too_late else step
    return None


def silent(steps: Iterable[Step], now: datetime) -> QuerySet[Conversation]:
    """The open conversations that have been silent for as long as one of ``steps`` says. With each stand
    ``answered_at``, and ``said_at``: when something was said by itself.
    """
    lines = Message.objects.filter(conversation=OuterRef("pk")).order_by("-seq")
    call = Callback.objects.filter(conversation=OuterRef("pk"), state=Callback.State.OPEN)
    return (
        Conversation.objects.open()
        .annotate(
            answered_at=Subquery(lines.answers().values("sent_at")[:1]),
            said_at=Subquery(lines.filter(kind=Message.Kind.TEXT, author_key=SHOP.key).values("sent_at")[:1]),
            asked_by=Subquery(lines.asked().values("medium")[:1]),
        )
        .filter(reduce(or_, (_long_enough(step, now) for step in steps)))
        .filter(~Exists(call), asked_by=Message.Medium.CHAT)
        .order_by("pk")
    )


def _long_enough(step: Step, now: datetime) -> Q:
    """In the order that lets a database stop early: who has gone, or doesn't wait, is most of them."""
    due_at = now - timedelta(minutes=step.after)
    answered = Q(waiting_since=None) & Q(answered_at__lte=due_at)
    if step.kind == Step.Kind.CLOSING:
        return answered
    here = Q(visitor__heard_at__gt=now - queue.GONE)  # the others would not see it
    if step.kind == Step.Kind.SILENT:
        return here & answered & Q(answered_at__gt=due_at - LATEST)
    letter = Message.objects.filter(
        conversation=OuterRef("pk"), kind=Message.Kind.LETTER, sent_at__gte=OuterRef("waiting_since")
    )
    return here & Q(waiting_since__lte=due_at, waiting_since__gt=due_at - LATEST) & Q(~Exists(letter))


def _silence(conversation: Any) -> Silence:
    since = conversation.waiting_since or conversation.answered_at
    return Silence(conversation.waiting_since is not None, since, conversation.said_at)


def _say(conversation: Conversation, steps: Iterable[Step], now: datetime) -> None:
    with patience():
        list(Conversation.objects.locked().filter(pk=conversation.pk))  # first this: it may have been broken just now
        held = silent(steps, now).filter(pk=conversation.pk).select_related("visitor").first()
        step = held and step_for(_silence(held), steps, now)
        if held and step:
            log.say(_entry(step, held))
            if step.kind == Step.Kind.CLOSING:
                held.end(SHOP)


def _entry(step: Step, conversation: Any) -> Entry:
    """The shop says it, and not in anybody's name: nobody is to think that a person was there."""
    with translation.override(mail.language_of(conversation, Letter.Kind.ANSWER)):
        author = Author(SHOP.key, str(_("Automatic message")))
        words = text.clean(step.text) or str(SENTENCES[step.kind])
    cause = f"step {step.pk} {conversation.pk} {_silence(conversation).since}"
    return Entry(author, id_of(cause), words, conversation=conversation.public_id)
