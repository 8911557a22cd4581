"""Whether somebody is a returning customer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.core.exceptions import FieldDoesNotExist
from django.db.models import QuerySet
from django.http import HttpRequest

from consult.chat import identity
from consult.orders.book import order_model
from consult.orders.purchase import Purchase

if TYPE_CHECKING:
    from django.contrib.auth.models import User


def has_ordered(request: HttpRequest) -> bool:
    """Whether whoever sent ``request`` has ordered before, as far as one can know. One query for a customer, for whom
    it also looks among the orders of the time before consult.
    """
    bought, customer = Purchase.objects.all(), identity.customer_of(request)
    if customer is not None:
        ours = bought.filter(customer=customer.pk)
        return ours.union(bought.filter(visitor__customer=customer.pk), *orders_of(customer), all=True).exists()
    visitor, session = identity.visitor_of(request, claim=False), identity.session_of(request)
    by_visitor = visitor is not None and bought.filter(visitor=visitor).exists()
    return by_visitor or (session != "" and bought.filter(session=session).exists())


def orders_of(customer: User) -> list[QuerySet[Any]]:
    """The shop's own, if they know which user bought."""
    try:
        model: Any = order_model()
        field = model._meta.get_field(model.order_customer_field)
    except (LookupError, FieldDoesNotExist):
        return []
    if field.related_model is not get_user_model():
        return []  # an account of the shop's making, whose keys are others
    return [model._default_manager.filter(**{field.name: customer.pk})]
