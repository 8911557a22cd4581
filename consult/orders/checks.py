"""What ``manage.py check`` says about the shop's order model. The ids are permanent."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any

from django.apps import AppConfig, apps
from django.core import checks
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Model

from consult.conf import conf

FIELDS = ("source", "consultation", "taken_by")


@checks.register(checks.Tags.models)
def check_order_model(*, app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[checks.CheckMessage]:
    from consult.orders.sourced import SourcedOrder

    name = conf.ORDER_MODEL
    if name is None:
        return []
    model = find(name)
    if model is None:
        return [
            checks.Error(
                f"CONSULT['ORDER_MODEL'] is {name!r}, and there is no such model.",
                hint=f"Did you mean {nearest!r}?" if (nearest := nearest_to(name)) else "Write 'app_label.Model'.",
                id="consult.E002",
            )
        ]
    if not issubclass(model, SourcedOrder):
        return [
            checks.Error(
                f"{model._meta.label}, named in CONSULT['ORDER_MODEL'], does not inherit consult.orders.SourcedOrder.",
                hint="Make it a subclass, then run makemigrations and migrate.",
                obj=model,
                id="consult.E003",
            )
        ]
    return [
        checks.Error(
            f"{model._meta.label}.{field} hides the field of SourcedOrder that says where an order came from.",
            hint="Give the shop's own attribute another name.",
            obj=model,
            id="consult.E004",
        )
        for field in FIELDS
        if hides(model, field, SourcedOrder)
    ] + without_index(model)


def find(name: object) -> type[Model] | None:
    try:
        return apps.get_model(name) if isinstance(name, str) else None
    except (LookupError, ValueError):
        return None


def nearest_to(name: object) -> str | None:
    labels = {model._meta.label.lower(): model._meta.label for model in apps.get_models()}
    close = get_close_matches(str(name).lower(), labels, n=1)
    return labels[close[0]] if close else None


def hides(model: type[Model], name: str, sourced: type[Model]) -> bool:
    """Whether ``model`` has something else by this name. A field inherited from an abstract model is a copy of it
    that keeps its creation counter; one that the shop wrote itself has its own.
    """
    try:
        field: Any = model._meta.get_field(name)
    except FieldDoesNotExist:
        return True
    ours: Any = sourced._meta.get_field(name)
    return bool(field.creation_counter != ours.creation_counter)


def without_index(model: type[Model]) -> list[checks.CheckMessage]:
    if any(index.fields[:1] == ["source"] for index in model._meta.indexes):
        return []
    return [
        checks.Warning(
            f"{model._meta.label} has no index that begins with 'source': filtering a large order book by it is slow.",
            hint="Let the model's Meta inherit consult.orders.SourcedOrder.Meta, or give it an index of its own that "
            'begins with "source", then run makemigrations and migrate.',
            obj=model,
            id="consult.W003",
        )
    ]
