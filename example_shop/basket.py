"""Whose basket is it? A guest's is remembered by the session, a customer's by the account."""

from __future__ import annotations

from decimal import Decimal

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

import consult.invitations
from example_shop.models import Basket, BasketLine

SESSION_KEY = "basket"


def find(request: HttpRequest) -> Basket | None:
    """The basket of this browser, if there is one already; looking makes neither a row nor a cookie."""
    guests = Basket.objects.filter(pk=request.session.get(SESSION_KEY, 0), customer=None).first()
    if not request.user.is_authenticated:
        return guests
    if guests:
        own, _ = Basket.objects.get_or_create(customer=request.user)
        own.take_over(guests)
        del request.session[SESSION_KEY]
        return own
    return Basket.objects.filter(customer=request.user).first()


def of(request: HttpRequest) -> Basket:
    """The basket of this browser, made now if need be."""
    basket = find(request)
    if basket is None:
        basket = Basket.objects.create(customer=request.user if request.user.is_authenticated else None)
        if basket.customer is None:
            request.session[SESSION_KEY] = basket.pk
    return basket


def for_consult(request: HttpRequest) -> consult.invitations.Basket | None:
    """What display rules may know of the basket, by one query."""
    if request.user.is_authenticated:
        theirs = BasketLine.objects.filter(basket__customer=request.user)
    elif SESSION_KEY in request.session:
        theirs = BasketLine.objects.filter(basket=request.session[SESSION_KEY], basket__customer=None)
    else:
        return None
    lines = list(theirs.select_related("product"))
    return consult.invitations.Basket(
        sum((line.total for line in lines), Decimal()), sum(line.quantity for line in lines)
    )


def in_the_header(request: HttpRequest) -> dict[str, object]:
    """A context processor: how many things lie in the basket, counted where a page shows it."""

    def count() -> int:
        basket = find(request) if SESSION_KEY in request.session or request.user.is_authenticated else None
        return sum(line.quantity for line in basket.lines.all()) if basket else 0

    return {"basket_count": SimpleLazyObject(count)}
