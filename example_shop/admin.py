from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib import admin
from django.http import HttpRequest
from django.urls import Resolver404, resolve

import consult.orders
from example_shop.models import Basket, Order, OrderLine, Product

if TYPE_CHECKING:
    from consult.models import Conversation

    ProductModelAdmin = admin.ModelAdmin[Product]
    LineInline = admin.TabularInline[OrderLine, Order]
else:
    ProductModelAdmin = admin.ModelAdmin
    LineInline = admin.TabularInline


@admin.register(Product)
class ProductAdmin(ProductModelAdmin):
    list_display = ["name", "price", "sent_in_days"]
    search_fields = ["name", "summary"]
    prepopulated_fields = {"slug": ["name"]}


class OrderLines(LineInline):
    """Lines are part of their order: who may do something with it may do it with them."""

    model = OrderLine
    extra = 1
    readonly_fields = ["price"]

    def has_view_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return request.user.has_perm("example_shop.view_order")

    def has_add_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return request.user.has_perm("example_shop.add_order")

    def has_change_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return request.user.has_perm("example_shop.change_order")

    def has_delete_permission(self, request: HttpRequest, obj: Order | None = None) -> bool:
        return request.user.has_perm("example_shop.change_order")


@admin.register(Order)
class OrderAdmin(consult.orders.SourcedOrderAdmin):
    list_display = ["name", "email", "placed_at"]
    search_fields = ["name", "email", "phone"]
    raw_id_fields = ["customer"]
    inlines = [OrderLines]
    consult_contact = {"name": "name", "email": "email", "phone": "phone", "customer": "customer"}

    def consult_lines(self, request: HttpRequest, conversation: Conversation) -> dict[type[Any], list[dict[str, Any]]]:
        """What the customer has in the basket; failing that, the lamp the visitor is looking at."""
        basket = Basket.objects.filter(customer=conversation.visitor.customer_id, customer__isnull=False).first()
        lines = (
            [{"product": line.product_id, "quantity": line.quantity} for line in basket.lines.all()] if basket else []
        )
        if not lines and (product := product_at(conversation.visitor.page_url)):
            lines = [{"product": product.pk, "quantity": 1}]
        return {OrderLines: lines}


def product_at(url: str) -> Product | None:
    """The product whose page this is, if it is one: the address is what a browser claimed."""
    try:
        match = resolve(urlsplit(url).path)
    except (Resolver404, ValueError):
        return None
    return Product.objects.filter(slug=match.kwargs["slug"]).first() if match.view_name == "shop:product" else None
