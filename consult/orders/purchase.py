"""Who bought, and for how much: what an order is joined by to what its buyer had seen before."""

from __future__ import annotations

import logging
from decimal import Decimal, InvalidOperation

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.http import HttpRequest
from django.utils import timezone

from consult.chat import identity
from consult.chat.models import Visitor
from consult.orders.sourced import SourcedOrder

logger = logging.getLogger(__name__)


class PurchaseManager(models.Manager["Purchase"]):
    def keep(self, order: SourcedOrder, request: HttpRequest | None) -> Purchase:
        """The purchase that ``order`` is; kept again it is the same one."""
        if request is None:
            talk = order.consultation
            visitor, customer, session = talk.visitor if talk else None, None, ""
        else:
            visitor, session = identity.visitor_of(request, claim=False), identity.session_of(request)
            customer = identity.customer_of(request)
        if customer is None and visitor is not None:
            customer = visitor.customer
        buyer = {"visitor": visitor, "customer": customer, "session": session}
        return self.get_or_create(order=key_of(order), defaults={"amount": amount_of(order), **buyer})[0]


class Purchase(models.Model):
    """A tagged order as it was made. The order is the shop's; this is what consult knows of its buyer."""

    order = models.CharField(max_length=255, unique=True)  # label and primary key
    visitor = models.ForeignKey(Visitor, models.SET_NULL, null=True, related_name="+")
    customer = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+")
    session = models.CharField(max_length=64, blank=True, db_index=True)  # digest of the shop's own
    amount = models.DecimalField(max_digits=14, decimal_places=2, null=True)  # as ordered, in the shop's currency
    made_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = PurchaseManager()

    def __str__(self) -> str:
        return self.order


def key_of(order: SourcedOrder) -> str:
    return f"{order._meta.label_lower} {order.pk}"


def amount_of(order: SourcedOrder) -> Decimal | None:
    """What the order came to, if the shop says so in a number that fits."""
    column = Purchase._meta.get_field("amount")
    try:
        said = str(getattr(order, order.order_total_field, None))
    except Exception:  # it is the shop's own code
        logger.exception("What order %s came to is not known.", order.pk)
        return None
    try:
        amount: Decimal = column.clean(Decimal(said).quantize(Decimal(10) ** -column.decimal_places), None)
    except (InvalidOperation, ValidationError):
        return None
    return amount
