"""What became of a conversation, in words: who had it, how it is tagged, what was ordered."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.urls import reverse
from django.utils.translation import gettext as _

from consult.chat.models import Conversation
from consult.conf import conf
from consult.orders import book


class Holder(NamedTuple):
    """Who had it from when to when, or offered it ``to`` whom, and what ended that."""

    name: str
    to: str
    began_at: datetime
    ended_at: datetime | None
    state: str


def holders(conversation: Conversation, latest: int | None = None) -> list[Holder]:
    """All of them, or the ``latest`` of either sort, as time went."""
    found = []
    for take in conversation.takes.order_by("-pk")[:latest]:
        state = take.get_why_display() if take.ended_at else _("has it now")
        found.append(Holder(take.operator_name, "", take.began_at, take.ended_at, state))
    for one in conversation.handovers.order_by("-pk")[:latest]:
        state = one.get_outcome_display() or _("offered")
        found.append(Holder(one.giver_name, one.receiver_name, one.offered_at, one.answered_at, state))
    return sorted(found, key=lambda one: one.began_at)


def operators(conversation: Conversation) -> str:
    """Everybody who had it: once it is closed, nobody has it any more."""
    takes = sorted(conversation.takes.all(), key=lambda take: take.pk)
    return ", ".join(dict.fromkeys(take.operator_name for take in takes))


def tags(conversation: Conversation) -> str:
    return ", ".join(tag.name for tag in conversation.tags.all())


def orders(*conversations: Conversation) -> dict[int, str]:
    """The orders that came out of each (by pk), of those that led to any."""
    found: dict[int, list[str]] = {}
    for order in book.of(*conversations).order_by("pk") if conf.ORDER_MODEL else ():
        found.setdefault(order.consultation_id, []).append(order.identifier)
    return {pk: ", ".join(identifiers) for pk, identifiers in found.items()}


def url(conversation: Conversation, site: AdminSite) -> str:
    """Where it is read at the desk."""
    desk = reverse("admin:consult_desk_changelist", current_app=site.name)
    return f"{desk}?{urlencode({'conversation': conversation.public_id})}"
