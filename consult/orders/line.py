"""The line in a conversation that tells of an order made out of it."""

from __future__ import annotations

import logging
from uuid import UUID

from django.db import DatabaseError

from consult.chat import log
from consult.chat.entry import SHOP, Entry, Refused, id_of
from consult.chat.models import Conversation
from consult.orders.sourced import SourcedOrder

logger = logging.getLogger(__name__)


def id_of_line(order: SourcedOrder) -> UUID:
    """One order makes one line, however often it is told."""
    return id_of(f"order {order._meta.label_lower} {order.pk}")


def tell(order: SourcedOrder) -> None:
    """Write the order into its conversation, after commit and in a transaction of its own.

    The order stands whatever becomes of the line, so a failure is only logged.
    """
    try:
        conversation = Conversation.objects.open().filter(pk=order.consultation_id or 0).first()
        # Into a closed one nothing is written: it would open the next, and nobody asked anything.
        if conversation:
            log.say(
                Entry(
                    SHOP, id_of_line(order), kind="order", facts=facts_of(order), conversation=conversation.public_id
                )
            )
    except (Refused, DatabaseError):
        logger.exception("Order %s is kept, but its conversation could not be told of it.", order.identifier)


def facts_of(order: SourcedOrder) -> dict[str, str]:
    facts = {"identifier": order.identifier, "source": order.source}
    if hasattr(order, "get_absolute_url"):
        facts["url"] = order.get_absolute_url()
    return facts
