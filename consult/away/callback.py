"""Calls: who wishes one or arranges it, when it is due, and what came of each try."""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from consult import signals
from consult.away import due_by, hours, slots
from consult.away import phone as phones
from consult.away.models import Attempt, Callback, Schedule
from consult.away.now import week
from consult.chat import contact, frames, live, log, presence
from consult.chat.entry import SHOP, Entry, Refused, id_of
from consult.chat.models import Conversation, Message, Visitor, name_of
from consult.chat.patience import patience

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

MOST_TRIES = 3
MOST_A_DAY = 3  # wishes for calls to one number, and of one visitor
DAY = timedelta(days=1)


@dataclass(frozen=True)
class Times:
    """When a call may be wished for: at once, and at the beginnings of these half hours."""

    at_once: bool
    slots: list[datetime]

    def __bool__(self) -> bool:
        return self.at_once or bool(self.slots)

    def __contains__(self, when: datetime | None) -> bool:
        return self.at_once if when is None else when in self.slots


def offered() -> bool:
    """Whether the shop calls anybody back."""
    return Schedule.current().calls_at_once > 0


def open_of(visitor: Visitor) -> Callback | None:
    """The call that ``visitor`` waits for, if they do."""
    return visitor.callbacks.filter(state=Callback.State.OPEN).order_by("pk").last()


def times(now: datetime, visitor: Visitor | None = None, *, arranged: bool = False) -> Times:
    """When there is room for a call to ``visitor``, whose own open one takes nobody's place. Who arranges one may call
    at once, whatever the hour.
    """
    limit = Schedule.current().calls_at_once
    theirs = Callback.objects.filter(state=Callback.State.OPEN, wanted_at__gte=now)
    if visitor is not None:
        theirs = theirs.exclude(visitor=visitor)
    taken = Counter(when for when in theirs.values_list("wanted_at", flat=True) if when)
    at_once = limit > 0 and (arranged or presence.now().state != presence.AWAY)
    return Times(at_once, slots.free(hours.slots(week(), now, slots.DAYS), taken, limit, now))


def request(
    visitor: Visitor,
    *,
    client_id: UUID,
    phone: str,
    when: datetime | None,
    now: datetime,
    about: str = "",
    arranged_by: AbstractUser | None = None,
) -> Callback:
    """A call to ``phone`` (E.164) at ``when``, one of ``times``; None is as soon as possible. Sent again it is the
    same call, and what is wished for anew changes the visitor's open one. Raises Refused: ``slot_taken``,
    ``too_often``.
    """
    with patience():
        _alone()
        line_id = id_of(f"call {visitor.pk} {client_id}")
        if Message.objects.filter(author_key=SHOP.key, client_id=line_id).exists():
            return visitor.callbacks.latest("pk")
        known = open_of(visitor)
        if when not in times(now, visitor, arranged=arranged_by is not None):
            raise Refused("slot_taken")
        if arranged_by is None and _wished_often(visitor, phone, now, known):
            raise Refused("too_often")
        line = _said(visitor, line_id, client_id, phone, when, "" if arranged_by else about)
        callback = known or Callback(visitor=visitor)
        callback.conversation, callback.arranged_by_id = line.conversation, arranged_by.pk if arranged_by else None
        callback.phone, callback.about = phone, about or callback.about
        callback.wanted_at, callback.due_at = when, when or now
        callback.save()
        contact.keep(visitor.pk, {"phone": phone})
        due_by.told(line.conversation)
        transaction.on_commit(
            lambda: signals.callback_requested.send_robust(sender=Callback, callback=callback), robust=True
        )
        live.soon()
    return callback


def attempt(
    callback: Callback,
    user: AbstractUser,
    outcome: str,
    client_id: UUID,
    *,
    now: datetime,
    again_after: int | None = None,
) -> None:
    """``user`` has tried to call, and takes the conversation if nobody has it. Where nobody answered the call is due
    again after so many minutes, within the hours; after MOST_TRIES it is given up. Told again it is the same try.
    Raises Refused.
    """
    with patience():
        held, call = _held(callback, user)
        if Attempt.objects.filter(client_id=client_id).exists():
            return
        if call.state != Callback.State.OPEN:
            raise Refused("call_over")
        if held.operator_id is None:
            held.take(user, only_if_free=True)
        tried = call.attempts.create(
            client_id=client_id, operator_id=user.pk, operator_name=name_of(user), outcome=outcome, made_at=now
        )
        kind, facts = Message.Kind.CALLED, {"name": tried.operator_name}
        if outcome != Attempt.Outcome.NO_ANSWER:
            _end(call, Callback.State(outcome), now)
        elif call.attempts.count() >= MOST_TRIES:
            kind = Message.Kind.UNREACHED
            _end(call, Callback.State.GIVEN_UP, now)
        else:
            kind = Message.Kind.NO_ANSWER
            again = now + timedelta(minutes=again_after or Schedule.current().call_again_after)
            call.due_at = hours.opens(week(), again) or again
            call.save(update_fields=["due_at"])
            facts["at"] = frames.moment(call.due_at) or ""
        if outcome != Attempt.Outcome.WRONG_NUMBER:  # which reached nobody who'd read it
            cause = id_of(f"tried to call {tried.pk}")
            log.say(Entry(SHOP, cause, kind=kind, medium="phone", conversation=held.public_id, facts=facts))
        due_by.told(held)


def cancel(callback: Callback, user: AbstractUser, *, now: datetime) -> None:
    """Nobody is going to call. Raises Refused."""
    with patience():
        held, call = _held(callback, user)
        if call.state == Callback.State.OPEN:
            _end(call, Callback.State.CANCELLED, now)
            due_by.told(held)


def ring() -> None:
    """Tell the desks of each call whose time has come, once for each time."""
    due = Callback.objects.filter(state=Callback.State.OPEN, due_at__lte=timezone.now())
    for call in due.exclude(rung_for=F("due_at")).select_related("conversation"):
        with suppress(Refused), patience():
            call.conversation.changed()  # first, for everybody locks the conversation before its calls
            Callback.objects.filter(pk=call.pk, due_at=call.due_at).update(rung_for=F("due_at"))


def follow() -> None:
    """A call whose conversation was closed under it, as signing in may do, goes on where its visitor does."""
    lost = Callback.objects.filter(state=Callback.State.OPEN, conversation__closed_at__isnull=False)
    for call in lost.select_related("visitor"):
        with suppress(Refused), patience():  # somebody holds the row: the next round finds it again
            line_id = id_of(f"call {call.pk} goes on after {call.conversation_id}")
            line = _said(call.visitor, line_id, None, call.phone, call.wanted_at)
            if not lost.filter(pk=call.pk).exists():  # another process was first, and it has gone on
                continue
            if line.conversation.callbacks.filter(state=Callback.State.OPEN).exists():
                _end(call, Callback.State.CANCELLED, timezone.now())
            else:
                call.conversation = line.conversation
                call.save(update_fields=["conversation"])
            due_by.told(line.conversation)


def _alone() -> None:
    """One who wishes for a call at a time: the row of the schedule is the lock, and is made where there is none."""
    if Schedule.objects.select_for_update(no_key=True).order_by("pk").first() is None:
        Schedule.objects.get_or_create(pk=1)


def _wished_often(visitor: Visitor, phone: str, now: datetime, known: Callback | None) -> bool:
    lately = Callback.objects.filter(made_at__gt=now - DAY, arranged_by=None)
    if known:
        lately = lately.exclude(pk=known.pk)
    return any(lately.filter(which).count() >= MOST_A_DAY for which in (Q(phone=phone), Q(visitor=visitor)))


def _said(
    visitor: Visitor, line_id: UUID, client_id: UUID | None, number: str, when: datetime | None, about: str = ""
) -> Message:
    """The line that tells of a wish, after the visitor's own words; in their open conversation, or it opens one."""
    facts = {"phone": phones.shown(number)} | ({"at": frames.moment(when)} if when else {})
    kind = Message.Kind.CALL_AT if when else Message.Kind.CALL_NOW
    entries = [Entry(SHOP, line_id, kind=kind, medium="phone", visitor=visitor.pk, facts=facts)]
    if about and client_id:
        entries.insert(0, Entry(visitor.author, client_id, about, medium="phone", visitor=visitor.pk))
    said = log.append(entries)
    for outcome in said:
        if isinstance(outcome, Refused):
            raise outcome
    return said[-1]  # type: ignore[return-value]


def _held(callback: Callback, user: AbstractUser) -> tuple[Conversation, Callback]:
    """The call and its conversation as they are under the conversation's lock. Raises Refused: ``user`` may not see
    them any more.
    """
    held = Conversation.objects.visible_to(user).locked().filter(callbacks=callback).first()
    if held is None:
        raise Refused("not_found")
    return held, held.callbacks.select_for_update(no_key=True).get(pk=callback.pk)


def _end(call: Callback, state: Callback.State, now: datetime) -> None:
    call.state, call.ended_at = state, now
    call.save(update_fields=["state", "ended_at"])
