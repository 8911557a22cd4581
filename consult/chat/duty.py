"""Operators on duty. A duty is a row; it lives by the beats of the operator's desk, never by counting sockets."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from consult.chat import live
from consult.chat.models import Duty, Handover, Take, name_of

if TYPE_CHECKING:
    from django.contrib.auth.models import User

SILENCE = timedelta(seconds=60)  # without a beat, then a duty is over


def is_on(user: User) -> bool:
    return _standing().filter(operator=user.pk).exists()


def operators() -> set[int]:
    """Who is on duty (pks)."""
    return set(_standing().values_list("operator", flat=True))


def begin(user: User) -> None:
    """The switch goes on. It may be on already."""
    end_silent()
    with transaction.atomic():
        named = {"operator_name": name_of(user)}
        _, begun = Duty.objects.get_or_create(operator=user, ended_at=None, defaults=named)
        if not begun:
            beat([user.pk])
        live.soon()


def end(user: User) -> None:
    """The switch goes off. Conversations stay with the operator: they may still finish them."""
    with transaction.atomic():
        Duty.objects.filter(operator=user.pk, ended_at=None).update(ended_at=timezone.now())
        live.soon()


def beat(users: Iterable[int], silent: timedelta = timedelta()) -> None:
    """The desks of ``users`` (pks) were heard, ``silent`` ago: their duties and their takes go on from then."""
    heard = timezone.now() - silent
    for rows in (Duty.objects, Take.objects):
        rows.filter(operator__in=list(users), ended_at=None, seen_at__lt=heard).update(seen_at=heard)


def end_silent() -> None:
    """End the duties and the takes without a beat for a minute; the conversations wait again. Safe to run in several
    processes: the row that is still as we saw it is the one that ends.
    """
    silent = {"ended_at": None, "seen_at__lte": timezone.now() - SILENCE}
    for duty in Duty.objects.filter(**silent):
        with transaction.atomic():
            if Duty.objects.filter(pk=duty.pk, seen_at=duty.seen_at, ended_at=None).update(ended_at=duty.seen_at):
                live.soon()
    for take in Take.objects.filter(**silent).select_related("conversation", "operator"):
        with transaction.atomic():
            same = Take.objects.filter(pk=take.pk, seen_at=take.seen_at, ended_at=None)
            if take.operator and same.exists():
                take.conversation.release(take.operator, why=Take.End.VANISHED)
            elif same.update(ended_at=take.seen_at, why=Take.End.VANISHED):  # the account was deleted
                take.conversation.handovers.filter(giver=None).answer(Handover.Outcome.WITHDRAWN)
                take.conversation.changed()  # nobody heard that it waits


def _standing() -> QuerySet[Duty]:
    return Duty.objects.filter(ended_at=None, seen_at__gt=timezone.now() - SILENCE)
