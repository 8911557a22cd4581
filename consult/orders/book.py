"""The order book: which orders a conversation led to, and which conversation an order."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from django.apps import apps
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from consult.chat.entry import SHOP
from consult.chat.models import Conversation, Message, Visitor
from consult.conf import conf
from consult.orders.line import id_of_line
from consult.orders.sourced import Source, SourcedOrder

IDENTIFIER = re.compile(r"(?:[{}]-)?(.+)".format("".join(source.prefix for source in Source)), re.IGNORECASE)


def order_model() -> type[Any]:
    """The shop's order. Raises LookupError if the shop named none, or one that doesn't exist."""
    if not conf.ORDER_MODEL:
        raise LookupError('No order model is set: name it in CONSULT["ORDER_MODEL"].')
    return apps.get_model(conf.ORDER_MODEL)


def of(*conversations: Conversation) -> QuerySet[Any]:
    """The shop's orders that came out of these, by whatever source."""
    orders: QuerySet[Any] = order_model()._default_manager.all()
    return orders.filter(consultation__in=conversations)


def by(visitor: Visitor) -> QuerySet[Any]:
    """The shop's orders that came out of any conversation with ``visitor``."""
    orders: QuerySet[Any] = order_model()._default_manager.all()
    return orders.filter(consultation__visitor=visitor)


def numbered(text: str, orders: QuerySet[Any] | None = None) -> QuerySet[Any]:
    """Those of ``orders``, or of all, that ``text`` names, under whatever prefix: a source may have been corrected."""
    orders = order_model()._default_manager.all() if orders is None else orders
    model: Any = orders.model
    written = IDENTIFIER.fullmatch(text.strip())
    name = model.order_number_field
    field: Any = model._meta.pk if name == "pk" else model._meta.get_field(name)
    try:
        return orders.filter(**{name: field.to_python(written[1])}) if written else orders.none()
    except ValidationError:
        return orders.none()


def latest_consultation(buyer: QuerySet[Visitor]) -> Conversation | None:
    """The conversation an order of ``buyer`` belongs to now: their latest in which an operator answered or may yet.

    Nothing said in it for ``ASSISTED_DAYS`` means that the order has nothing to do with it.
    """
    since = timezone.now() - timedelta(days=conf.ASSISTED_DAYS)
    said = Message.objects.filter(conversation=OuterRef("pk"))
    return (
        Conversation.objects.filter(visitor__in=buyer)
        .filter(Q(closed_at=None) | Exists(said.answers()))
        .filter(Exists(said.filter(kind=Message.Kind.TEXT, sent_at__gte=since)))
        .order_by("-pk")
        .first()
    )


def answered_before(order: SourcedOrder) -> bool:
    """Whether an operator had said something in the order's conversation before the line that tells of the order.

    A conversation that was closed by then got no such line, and everything in it was said before.
    """
    if order.consultation_id is None:
        return False
    lines = Message.objects.filter(conversation=order.consultation_id)
    answers = lines.answers()
    told = lines.filter(author_key=SHOP.key, client_id=id_of_line(order)).first()
    return answers.filter(seq__lt=told.seq).exists() if told else answers.exists()
