from __future__ import annotations

import uuid
from typing import Any

from django.contrib.auth import login
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.templatetags.static import static
from django.views.decorators.http import require_POST

import consult.orders
from example_shop import basket as baskets
from example_shop.forms import CheckoutForm, QuantityForm, SignupForm
from example_shop.models import Basket, Order, OrderLine, Product
from example_shop.origin import from_this_shop


def catalogue(request: HttpRequest) -> HttpResponse:
    return render(request, "example_shop/catalogue.html", {"products": Product.objects.all()})


def product(request: HttpRequest, slug: str) -> HttpResponse:
    product = get_object_or_404(Product, slug=slug)
    return render(request, "example_shop/product.html", {"product": product, "form": QuantityForm()})


def delivery(request: HttpRequest) -> HttpResponse:
    return render(request, "example_shop/delivery.html")


def basket(request: HttpRequest) -> HttpResponse:
    return render(request, "example_shop/basket.html", {"basket": baskets.find(request)})


@from_this_shop
@require_POST
def add(request: HttpRequest, slug: str) -> HttpResponse:
    product = get_object_or_404(Product, slug=slug)
    form = QuantityForm(request.POST)
    if not form.is_valid():
        return render(request, "example_shop/product.html", {"product": product, "form": form}, status=422)
    baskets.of(request).add(product, form.cleaned_data["quantity"])
    return redirect("shop:basket")


@require_POST
def change(request: HttpRequest, line: int) -> HttpResponse:
    found = get_object_or_404(baskets.of(request).lines, pk=line)
    form = QuantityForm(request.POST)
    if "remove" in request.POST:
        found.delete()
    elif form.is_valid():
        found.quantity = form.cleaned_data["quantity"]
        found.save(update_fields=["quantity"])
    return redirect("shop:basket")


def checkout(request: HttpRequest) -> HttpResponse:
    basket = baskets.find(request)
    if basket is None or not basket.lines.exists():
        return redirect("shop:basket")
    form = CheckoutForm(request.POST or None, initial=known_of(request))
    if not form.is_valid():
        return render(request, "example_shop/checkout.html", {"form": form, "basket": basket})
    with transaction.atomic():
        # The same form may be sent twice: the second finds the basket gone.
        if Basket.objects.select_for_update().filter(pk=basket.pk).first() is None:
            return redirect("shop:basket")
        order: Order = form.save(commit=False)
        order.customer = basket.customer
        consult.orders.tag(order, request)
        order.save()
        for line in basket.lines.select_related("product"):
            OrderLine.objects.create(order=order, product=line.product, quantity=line.quantity)
        basket.delete()
    return redirect(order)


def order(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    order = get_object_or_404(Order.objects.prefetch_related("lines__product"), key=key)
    return render(request, "example_shop/order.html", {"order": order})


def signup(request: HttpRequest) -> HttpResponse:
    form = SignupForm(request.POST or None)
    if not form.is_valid():
        return render(request, "example_shop/signup.html", {"form": form})
    login(request, form.save())
    return redirect("shop:catalogue")


def favicon(request: HttpRequest) -> HttpResponse:
    """Browsers ask for it on pages that name no icon, the admin's for one."""
    return redirect(static("example_shop/wick.svg"))


def known_of(request: HttpRequest) -> dict[str, Any]:
    if not request.user.is_authenticated:
        return {}
    return {"name": request.user.get_full_name(), "email": request.user.email}
