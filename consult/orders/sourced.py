"""What a shop's order inherits: where it came from, which conversation led to it, who wrote it down."""

from __future__ import annotations

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class Source(models.TextChoices):
    """How an order came in. The first letter, in any language, begins its identifier."""

    BASKET = "basket", _("Basket")
    PHONE = "phone", _("Phone")
    CHAT = "chat", _("Chat")

    @property
    def prefix(self) -> str:
        return self.value[0].upper()


class SourcedOrder(models.Model):
    """The base class of a shop's order: it knows its source, the conversation behind it and who wrote it down.

    The three fields live in the shop's own table and migrations. All are set on the server: ``tag`` sets them at
    checkout, ``SourcedOrderAdmin`` in admin. A Meta of the shop's own inherits ``SourcedOrder.Meta``, or brings an
    index that begins with ``source``.
    """

    #: The field that numbers the orders: it is shown behind the prefix, and searched by.
    order_number_field: ClassVar[str] = "pk"
    #: The field or property that says what an order comes to, in the shop's currency.
    order_total_field: ClassVar[str] = "total"
    #: The foreign key to the user who bought, if there is one.
    order_customer_field: ClassVar[str] = "customer"

    # The database default lets the shop's raw INSERTs go on working; what they write came from the basket.
    source = models.CharField(
        _("source"), max_length=16, choices=Source, default=Source.BASKET, db_default=Source.BASKET.value
    )
    consultation = models.ForeignKey(
        "consult.Conversation",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("conversation"),
    )
    taken_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("taken by"),
    )

    class Meta:
        abstract = True
        # Without a name, which would grow too long with the shop's own; and without the primary key behind it, which
        # has any name there, and "pk" is none that an index knows.
        indexes = [models.Index(fields=["source"])]

    @property
    def order_number(self) -> Any:
        """The number of this order, as the shop counts them."""
        return getattr(self, self.order_number_field)

    @property
    def identifier(self) -> str:
        """What people call this order: B-1042 from the basket, P-1042 by phone, C-1042 from a chat.

        It is derived, so a corrected source shows its new prefix; a search finds the number under any.
        """
        return f"{Source(self.source).prefix}-{self.order_number}"

    @property
    def assisted(self) -> bool:
        """Whether an operator had answered the buyer before this order was made."""
        from consult.orders.book import answered_before

        return answered_before(self)
