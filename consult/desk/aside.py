"""What stands beside an open conversation at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.contrib.admin import AdminSite
from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from consult.chat.models import Conversation, Visitor
from consult.conf import conf
from consult.orders import book

ORDERS_SHOWN = 20  # a conversation has few; the rest is one search away


@dataclass(frozen=True)
class OrderLink:
    identifier: str
    url: str | None


class Aside:
    """What stands beside a conversation: its visitor and their orders, linked as far as this operator may follow."""

    def __init__(self, site: AdminSite, request: HttpRequest, conversation: Conversation) -> None:
        self.site = site
        self.request = request
        self.conversation = conversation

    @cached_property
    def visitor(self) -> Visitor:
        return self.conversation.visitor

    @cached_property
    def customer_url(self) -> str | None:
        return self._change_url(self.visitor.customer) if self.visitor.customer else None

    @cached_property
    def page_url(self) -> str | None:
        """The page the visitor is on, if it is one: the address is the browser's claim and could be `javascript:`."""
        return self.visitor.page_url if self.visitor.page_url.startswith(("http://", "https://")) else None

    @cached_property
    def orders(self) -> list[OrderLink]:
        if not conf.ORDER_MODEL:
            return []
        found = book.of(self.conversation).order_by("-pk")[:ORDERS_SHOWN]
        return [OrderLink(order.identifier, self._change_url(order)) for order in found]

    @cached_property
    def new_order_url(self) -> str | None:
        if not conf.ORDER_MODEL:
            return None
        model = book.order_model()
        if not self.site.is_registered(model) or not self.site.get_model_admin(model).has_add_permission(self.request):
            return None
        query = urlencode({"consultation": self.conversation.public_id})
        return f"{self._reverse(model, 'add')}?{query}"

    def _change_url(self, thing: Model) -> str | None:
        model = type(thing)
        if not self.site.is_registered(model):
            return None
        if not self.site.get_model_admin(model).has_view_permission(self.request, thing):
            return None
        return self._reverse(model, "change", thing.pk)

    def _reverse(self, model: type[Model], view: str, *args: Any) -> str:
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}_{view}"
        return reverse(name, args=args, current_app=self.site.name)
