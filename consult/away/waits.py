"""Who waits, since when and by which promise: rows that follow the log, and what is told to visitors by them.

Nothing here is hooked into saying. Whatever happened, settling finds it; found twice, it is done once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from operator import itemgetter
from typing import Any

from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet
from django.utils import timezone

from consult.away import due_by, estimate, seats
from consult.away.estimate import Estimate, Past, Place, Told
from consult.away.models import Attempt, Callback, Promise, Schedule, Wait
from consult.chat import log, presence, queue
from consult.chat.entry import SHOP, Author, Entry, Refused, id_of
from consult.chat.models import Conversation, Message
from consult.chat.patience import patience
from consult.chat.uncompiled import uncompiled

REMEMBERED = 300  # waits, the latest ...
FOR = timedelta(days=28)  # ... of these
CACHED = 5  # seconds
AT_ONCE = 200  # waits that are ended, or told something, before others have their turn


def settle() -> None:
    """Begin and end the waits as the conversations have it, promise what is to be promised, and judge it."""
    now = timezone.now()
    with uncompiled():
        places = {pk: place for place, pk in enumerate(queue.here().values_list("pk", flat=True), 1)}
        lasting = Wait.objects.filter(ended_at=None)
        if not places and not lasting.exists():
            return
        schedule = Schedule.current()
        there = seats.standing(schedule)
        _begin(there, places)
    for wait in _back(places):
        _go_on(wait)
    for wait in lasting.filter(_over(now))[:AT_ONCE]:
        _settle(wait, now)
    told = list(_to_be_told(now)) if there.operators else []
    if told and (state := presence.now().state) != presence.AWAY:
        for wait in told:
            place = _place(there, places.get(wait.conversation_id, 1), now)
            _promise(wait, place, schedule, now, busy=state == presence.BUSY)
    Promise.objects.filter(kept=None, wait__ended_at=None, due_at__lt=now).update(kept=False)


def likely(now: datetime, there: seats.Standing, schedule: Schedule | None = None) -> int | None:
    """The minutes that somebody would be told who asked ``now``; None where nobody is there to answer."""
    if not there.operators:
        return None
    return _estimate(_place(there, there.waiting + 1, now), schedule or Schedule.current()).minutes


def became_letter(conversation: Conversation) -> None:
    """The answer goes by e-mail: nobody waits for it here any more. The caller has locked the row."""
    for wait in conversation.waits.filter(ended_at=None):
        _end(wait, conversation, Wait.End.LETTER, timezone.now())


def history() -> list[Past]:
    """What became of the latest waits that began while somebody was there to answer, the newest first."""
    known: list[Past] | None = cache.get("consult.waits")
    if known is None:
        latest = Wait.objects.filter(ended_at__gt=timezone.now() - FOR, operators__gt=0).order_by("-ended_at")
        known = [_past(wait) for wait in latest[:REMEMBERED]]
        cache.set("consult.waits", known, CACHED)
    return known


def _past(wait: Wait) -> Past:
    place = Place(wait.place, wait.free_seats, wait.operators, _hour(wait.began_at))
    seconds = ((wait.ended_at or wait.began_at) - wait.began_at).total_seconds()
    return Past(place, seconds, answered=wait.end == Wait.End.ANSWERED)


def _place(there: seats.Standing, number: int, now: datetime) -> Place:
    return Place(number, there.free, there.operators, _hour(now))


def _hour(moment: datetime) -> float:
    local = timezone.localtime(moment, timezone.get_default_timezone())
    return local.hour + local.minute / 60


def _estimate(place: Place, schedule: Schedule) -> Estimate:
    return estimate.estimate(history(), place, schedule.usual_wait)


def _begin(there: seats.Standing, places: dict[int, int]) -> None:
    """A wait for each who asked in the chat and has none yet."""
    asked = Message.objects.filter(
        conversation=OuterRef("pk"), sent_at=OuterRef("waiting_since"), medium=Message.Medium.CHAT
    )
    known = Wait.objects.filter(conversation=OuterRef("pk"), began_at=OuterRef("waiting_since"))
    fresh = queue.here().filter(Exists(asked), ~Exists(known)).order_by("pk")
    standing = {"free_seats": there.free, "operators": there.operators}
    Wait.objects.bulk_create(
        [
            Wait(conversation_id=pk, began_at=began_at, place=places.get(pk, 1), **standing)
            for pk, began_at in fresh.values_list("pk", "waiting_since")
            if began_at
        ],
        ignore_conflicts=True,
    )


def _back(places: Iterable[int]) -> QuerySet[Wait]:
    """Those whose visitor was gone, and is here again."""
    gone = Wait.objects.filter(end=Wait.End.GONE, began_at=F("conversation__waiting_since"))
    return gone.filter(conversation__in=list(places))[:AT_ONCE]


def _over(now: datetime) -> Q:
    """As _is_over, for many."""
    gone = now - queue.GONE
    return (
        ~Q(conversation__waiting_since=F("began_at"))
        | Q(conversation__closed_at__isnull=False)
        | Q(conversation__visitor__heard_at__lt=gone, began_at__lt=gone)
    )


def _to_be_told(now: datetime) -> QuerySet[Wait]:
    """Those who may have to be told something now, those who wait longest first. Who expects a call is left alone."""
    call = Callback.objects.filter(conversation=OuterRef("conversation"), state=Callback.State.OPEN)
    last = now + timedelta(seconds=estimate.MARGIN)
    waits = Wait.objects.annotate(told=Max("promises__number"), until=Max("promises__due_at"))
    due = Q(told=None, conversation__operator=None) | Q(told__lt=estimate.MOST, until__lte=last)
    waits = waits.filter(due, ~Exists(call), ~_over(now), ended_at=None).order_by("began_at", "conversation")
    return waits.select_related("conversation").prefetch_related("promises")[:AT_ONCE]


def _go_on(wait: Wait) -> None:
    with suppress(Refused), patience():
        held = Conversation.objects.locked().get(pk=wait.conversation_id)
        if Wait.objects.filter(pk=wait.pk, end=Wait.End.GONE).update(ended_at=None, end=""):
            due_by.told(held)


def _is_over(wait: Wait, conversation: Conversation, now: datetime) -> bool:
    answered = conversation.waiting_since != wait.began_at or conversation.closed_at is not None
    return answered or _heard(wait, conversation) < now - queue.GONE


def _heard(wait: Wait, conversation: Conversation) -> datetime:
    """When its visitor was heard last."""
    return max(wait.began_at, conversation.visitor.heard_at)


def _settle(wait: Wait, now: datetime) -> None:
    """Write down how it ended; another process may have done so meanwhile."""
    with suppress(Refused), patience():  # who holds the row now lets go of it before the next time
        held = Conversation.objects.locked().get(pk=wait.conversation_id)
        if not Wait.objects.filter(pk=wait.pk, ended_at=None).exists() or not _is_over(wait, held, now):
            return
        if answers := list(_answers(wait, held)):
            at, wait.operator, wait.operator_name = min(answers, key=itemgetter(0))
            _end(wait, held, Wait.End.ANSWERED, at)
        elif held.closed_at or held.waiting_since != wait.began_at:
            _end(wait, held, Wait.End.CLOSED, held.closed_at or now)
        else:
            _end(wait, held, Wait.End.GONE, _heard(wait, held))


def _answers(wait: Wait, held: Conversation) -> Iterator[tuple[datetime, Any, str]]:
    """The first by words and the first by phone: when, and by whom, whose account may be gone."""
    texts = held.messages.answers().filter(sent_at__gt=wait.began_at)
    if text := texts.order_by("seq").first():
        operator = get_user_model()._default_manager.filter(pk=Author(text.author_key).pk).first()
        yield text.sent_at, operator, text.author_name
    reached = Attempt.objects.filter(callback__conversation=held, outcome=Attempt.Outcome.REACHED)
    if call := reached.filter(made_at__gt=wait.began_at).order_by("pk").first():
        yield call.made_at, call.operator, call.operator_name


def _end(wait: Wait, held: Conversation, end: str, at: datetime) -> None:
    wait.end, wait.ended_at = end, at
    wait.save(update_fields=["end", "ended_at", "operator", "operator_name"])
    late, in_time = wait.promises.filter(due_at__lt=at), wait.promises.filter(due_at__gte=at)
    late.update(kept=False)
    in_time.update(kept=True if end == Wait.End.ANSWERED else None)
    due_by.told(held)


def _promise(wait: Wait, place: Place, schedule: Schedule, now: datetime, *, busy: bool) -> None:
    """Tell the visitor how long it takes, if they don't know yet or it takes longer."""
    if promise := max(wait.promises.all(), key=lambda promise: promise.number, default=None):
        told = Told(promise.number, promise.minutes, (promise.due_at - now).total_seconds())
        if estimate.is_told_anew(told, taken=wait.conversation.operator_id is not None):
            _tell(wait, promise.number + 1, _estimate(place, schedule), now)
    elif estimate.why_told(place, (now - wait.began_at).total_seconds(), busy=busy):
        _tell(wait, 1, _estimate(place, schedule), now)


def _tell(wait: Wait, number: int, likely: Estimate, now: datetime) -> None:
    with suppress(Refused), patience():
        held = Conversation.objects.locked().get(pk=wait.conversation_id)
        told = wait.promises.filter(number=number).exists()
        if told or _is_over(wait, held, now) or not Wait.objects.filter(pk=wait.pk, ended_at=None).exists():
            return
        due_at = now + timedelta(minutes=likely.minutes)
        wait.promises.create(number=number, made_at=now, minutes=likely.minutes, due_at=due_at, history=likely.history)
        kind = Message.Kind.PROMISED if number == 1 else Message.Kind.RENEWED
        facts = {"minutes": likely.minutes}
        cause = id_of(f"promised {wait.pk} {number}")
        log.say(Entry(SHOP, cause, kind=kind, conversation=held.public_id, facts=facts))
        due_by.told(held)
