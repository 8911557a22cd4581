"""The shop's own products, for managers to try rules and greetings with."""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.db.models import QuerySet

from consult.conf import conf

MOST = 50  # to choose from


def some() -> QuerySet[Any] | None:
    """Some of the shop's products, to choose one from; None where it names no model of them."""
    if not conf.PRODUCT_MODEL:
        return None
    products: QuerySet[Any] = apps.get_model(conf.PRODUCT_MODEL)._default_manager.all()
    return products.filter(pk__in=list(products.values_list("pk", flat=True)[:MOST]))
