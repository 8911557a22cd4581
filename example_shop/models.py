"""What a shop has anyway: products, baskets, orders. Consult adds one line to it: the base class of Order."""

from __future__ import annotations

import uuid
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.core.validators import MinValueValidator
from django.db import models
from django.templatetags.static import static
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

import consult.orders


class Product(models.Model):
    name = models.CharField(pgettext_lazy("product", "name"), max_length=80)
    slug = models.SlugField(_("slug"), unique=True)
    summary = models.CharField(_("summary"), max_length=160)
    description = models.TextField(_("description"))
    price = models.DecimalField(_("price"), max_digits=8, decimal_places=2)
    size = models.CharField(_("size"), max_length=80)
    light = models.CharField(_("light"), max_length=120)
    finishes = models.CharField(_("finishes"), max_length=120)
    sent_in_days = models.PositiveSmallIntegerField(_("sent in (days)"))

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["pk"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("shop:product", args=[self.slug])

    @property
    def picture(self) -> str:
        return static(f"example_shop/lamps/{self.slug}.svg")


class Basket(models.Model):
    """What somebody means to buy; a customer's own follows them from device to device."""

    customer = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        null=True,
        blank=True,
        related_name="basket",
        verbose_name=_("customer"),
    )

    class Meta:
        verbose_name = _("basket")
        verbose_name_plural = _("baskets")

    def __str__(self) -> str:
        return str(_("Basket %(number)s")) % {"number": self.pk}

    def add(self, product: Product, quantity: int = 1) -> None:
        line, made = self.lines.get_or_create(product=product, defaults={"quantity": quantity})
        if not made:
            line.quantity = models.F("quantity") + quantity
            line.save(update_fields=["quantity"])

    def take_over(self, other: Basket) -> None:
        """Everything in the other basket is in this one, and the other is gone."""
        for line in other.lines.select_related("product"):
            self.add(line.product, line.quantity)
        other.delete()

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines.select_related("product")), Decimal())


class BasketLine(models.Model):
    basket = models.ForeignKey(Basket, models.CASCADE, related_name="lines", verbose_name=_("basket"))
    product = models.ForeignKey(Product, models.CASCADE, related_name="+", verbose_name=_("product"))
    quantity = models.PositiveSmallIntegerField(_("quantity"), default=1)

    class Meta:
        verbose_name = _("basket line")
        verbose_name_plural = _("basket lines")
        ordering = ["pk"]
        constraints = [
            models.UniqueConstraint(fields=["basket", "product"], name="example_shop_product_once_a_basket"),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"

    @property
    def total(self) -> Decimal:
        return self.product.price * self.quantity


class Order(consult.orders.SourcedOrder):
    key = models.UUIDField(_("key"), default=uuid.uuid4, unique=True, editable=False)
    customer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="orders",
        verbose_name=_("customer"),
    )
    name = models.CharField(_("name"), max_length=120)
    email = models.EmailField(_("e-mail"))
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    address = models.TextField(_("address"))
    remark = models.TextField(_("remark"), blank=True)
    placed_at = models.DateTimeField(_("placed at"), auto_now_add=True)

    class Meta(consult.orders.SourcedOrder.Meta):
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.identifier

    def get_absolute_url(self) -> str:
        """The buyer's own page: whoever has the key may see it, guests have no other way."""
        return reverse("shop:order", args=[self.key])

    @property
    def total(self) -> Decimal:
        return sum((line.total for line in self.lines.all()), Decimal())


class OrderLine(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", verbose_name=_("order"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="+", verbose_name=_("product"))
    quantity = models.PositiveSmallIntegerField(_("quantity"), default=1, validators=[MinValueValidator(1)])
    price = models.DecimalField(_("price"), max_digits=8, decimal_places=2, editable=False)

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the price of the day: what the product costs later is not what was agreed."""
        if self._state.adding:
            self.price = self.product.price
        super().save(*args, **kwargs)

    @property
    def total(self) -> Decimal:
        return self.price * self.quantity
