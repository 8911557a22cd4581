"""At the checkout: an order is marked as the basket's, and its conversation hears of it after commit."""

from __future__ import annotations

import logging

from django.db import DatabaseError, router, transaction
from django.db.models import Q, QuerySet
from django.http import HttpRequest

from consult import signals
from consult.chat.identity import visitor_of
from consult.chat.models import Conversation, Visitor
from consult.orders import line
from consult.orders.book import latest_consultation
from consult.orders.purchase import Purchase
from consult.orders.sourced import Source, SourcedOrder

logger = logging.getLogger(__name__)


def tag(order: SourcedOrder, request: HttpRequest) -> None:
    """Mark ``order`` as made from the basket by whoever sent ``request``, and link the talk they had about it.

    Call it inside the transaction that makes the order, before or after saving: a new order is saved by the caller,
    a saved one here. It locks nothing of consult's, and the conversation is told after commit. Whatever is wrong with
    the visitor, the order is tagged as a basket order and goes through.
    """
    order.source = Source.BASKET
    order.consultation = consultation_of(request)
    if not order._state.adding:
        order.save(update_fields=["source", "consultation"])
    announce(order, request)


def announce(order: SourcedOrder, request: HttpRequest | None = None) -> None:
    """After commit, tell the conversation and the host's receivers of ``order_tagged``, and keep who bought: whoever
    sent ``request``, or whom the operator who wrote the order down had talked with.
    """
    # A function with a name: Django 5.2, telling of one that failed, asks for it.
    transaction.on_commit(
        lambda: tell(order, request), using=router.db_for_write(type(order), instance=order), robust=True
    )


def tell(order: SourcedOrder, request: HttpRequest | None = None) -> None:
    if order._state.adding:
        return  # tagged, and then given up by the caller
    if order.consultation_id is not None:
        line.tell(order)
    try:
        Purchase.objects.keep(order, request)
    except DatabaseError:
        logger.exception("Order %s is kept, but not what led to it.", order.identifier)
    signals.order_tagged.send_robust(sender=type(order), order=order, source=order.source)


def consultation_of(request: HttpRequest) -> Conversation | None:
    try:
        # A savepoint, so that a failing query doesn't spoil the checkout's transaction.
        with transaction.atomic():
            return latest_consultation(buyer(request))
    except DatabaseError:
        logger.exception("An order is tagged without its conversation.")
        return None


def buyer(request: HttpRequest) -> QuerySet[Visitor]:
    """Who this is to consult: the visitor of this browser, and the customer, who may have talked on another device.

    Nothing is claimed here, for that would lock the visitor's conversations as long as the checkout takes.
    """
    visitor = visitor_of(request, claim=False)
    known = Q(pk=visitor.pk if visitor else None)
    user = getattr(request, "user", None)
    return Visitor.objects.filter(known | Q(customer=user.pk) if user and user.is_authenticated else known)
