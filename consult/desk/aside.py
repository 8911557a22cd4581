"""What stands beside an open conversation at the desk."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode, urlsplit
from uuid import UUID, uuid4

from django import forms
from django.contrib.admin import AdminSite
from django.core.exceptions import ValidationError
from django.db.models import Exists, Model, OuterRef
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import get_language_info
from django.utils.translation import gettext_lazy as _

from consult.away.models import Callback, Schedule
from consult.chat import contact
from consult.chat.models import ANSWER, Conversation, Message, Visitor, name_of
from consult.conf import conf
from consult.desk import device, past
from consult.orders import book

# Of each the latest; the rest is one search away.
ORDERS_SHOWN = 20
EARLIER_SHOWN = 10
HOLDERS_SHOWN = 10


class Contact(forms.Form):
    """How to reach the visitor, to be corrected at the desk. ``contact`` judges it, whoever types it."""

    name = forms.CharField(label=_("Name"), required=False)
    email = forms.CharField(label=_("E-mail"), required=False, widget=forms.EmailInput)
    phone = forms.CharField(label=_("Phone"), required=False, widget=forms.TextInput({"type": "tel"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self:
            described = {"aria-describedby": f"{field.auto_id}-wrong"}
            field.field.widget.attrs |= {"autocomplete": "off", "dir": "auto"} | described

    def clean(self) -> dict[str, Any]:
        try:
            return contact.clean(**self.cleaned_data)
        except ValidationError as refusal:
            self.add_error(None, refusal)
            return self.cleaned_data


@dataclass(frozen=True)
class OrderLink:
    identifier: str
    url: str | None


@dataclass(frozen=True)
class Earlier:
    """A conversation before this one, and what came of it."""

    opened_at: datetime
    operators: str  # who had it, if one of them answered
    orders: list[OrderLink]
    public_id: str
    url: str | None  # where this operator may read it


class Aside:
    """What stands beside a conversation: its visitor, what came before and what they ordered, linked as far as this
    operator may follow. However much there is of it, nine queries read it.
    """

    def __init__(self, site: AdminSite, request: HttpRequest, conversation: Conversation) -> None:
        self.site = site
        self.request = request
        self.conversation = conversation

    @cached_property
    def visitor(self) -> Visitor:
        return Visitor.objects.select_related("customer").get(pk=self.conversation.visitor_id)

    @cached_property
    def form(self) -> Contact | None:
        """For who may answer."""
        if not self.request.user.has_perm(ANSWER):
            return None
        claims = {name: getattr(self.visitor, name) for name in contact.FIELDS}
        return Contact(initial=claims, auto_id="consult-visitor-%s")

    @cached_property
    def customer_url(self) -> str | None:
        return self._change_url(self.visitor.customer) if self.visitor.customer else None

    @property
    def pages(self) -> list[dict[str, Any]]:
        """The pages of this visit, the one they are on first."""
        return list(reversed(self.visitor.pages))

    @property
    def referrer(self) -> str:
        """The host that sent them, as people call it."""
        return (urlsplit(self.visitor.referrer).hostname or "").removeprefix("www.")

    @property
    def language(self) -> str:
        try:
            return str(get_language_info(self.visitor.language.lower())["name_translated"])
        except KeyError:
            return ""

    @property
    def device(self) -> str:
        return device.words(self.visitor.user_agent)

    @cached_property
    def call(self) -> Callback | None:
        """The latest call of this conversation."""
        calls = self.conversation.callbacks.select_related("arranged_by").prefetch_related("attempts")
        return calls.order_by("-pk").first()

    @property
    def arranged_by(self) -> str:
        """The operator who arranged that call, if one did."""
        return name_of(self.call.arranged_by) if self.call and self.call.arranged_by else ""

    @cached_property
    def try_id(self) -> UUID:
        """Names the next try before it is told: told again it is the same."""
        return uuid4()

    @cached_property
    def again_after(self) -> int:
        return Schedule.current().call_again_after

    @cached_property
    def holders(self) -> list[past.Holder]:
        return past.holders(self.conversation, HOLDERS_SHOWN)

    @cached_property
    def earlier(self) -> list[Earlier]:
        """The visitor's conversations before this one, the latest first."""
        answers = Message.objects.answers().filter(conversation=OuterRef("pk"))
        visible = Conversation.objects.visible_to(self.request.user).filter(pk=OuterRef("pk"))
        found: Any = (
            self.visitor.conversations.filter(pk__lt=self.conversation.pk)
            .annotate(answered=Exists(answers), visible=Exists(visible))
            .prefetch_related("takes")
            .order_by("-pk")[:EARLIER_SHOWN]
        )
        return [
            Earlier(
                opened_at=one.opened_at,
                operators=past.operators(one) if one.answered else "",
                orders=self._orders.get(one.pk, []) if self._sees_orders else [],
                public_id=str(one.public_id),
                url=past.url(one, self.site) if one.visible else None,
            )
            for one in found
        ]

    @property
    def orders(self) -> list[OrderLink]:
        """Those of this conversation."""
        return self._orders.get(self.conversation.pk, [])

    @cached_property
    def new_order_url(self) -> str | None:
        if not conf.ORDER_MODEL:
            return None
        model = book.order_model()
        if not self.site.is_registered(model) or not self.site.get_model_admin(model).has_add_permission(self.request):
            return None
        # Who has just been reached by phone orders by phone.
        reached = self.call and self.call.state == Callback.State.REACHED
        query = urlencode({"consultation": self.conversation.public_id} | ({"source": "phone"} if reached else {}))
        return f"{self._reverse(model, 'add')}?{query}"

    @cached_property
    def _orders(self) -> dict[int, list[OrderLink]]:
        """The visitor's orders by conversation (pk)."""
        found: dict[int, list[OrderLink]] = {}
        if conf.ORDER_MODEL:
            for order in book.by(self.visitor).order_by("-pk")[:ORDERS_SHOWN]:
                found.setdefault(order.consultation_id, []).append(
                    OrderLink(order.identifier, self._change_url(order))
                )
        return found

    @cached_property
    def _sees_orders(self) -> bool:
        model = book.order_model()
        return self.site.is_registered(model) and self.site.get_model_admin(model).has_view_permission(self.request)

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
