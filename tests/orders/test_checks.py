from __future__ import annotations

from typing import Any

import pytest
from django.db import models
from django.test import override_settings
from django.test.utils import isolate_apps

from consult.orders import SourcedOrder, checks


def found(model: object) -> list[tuple[str | None, str | None]]:
    with override_settings(CONSULT={"ORDER_MODEL": model}):
        return [(said.id, said.hint) for said in checks.check_order_model(app_configs=None)]


def test_the_example_shop_is_right() -> None:
    assert found("example_shop.Order") == []


def test_a_shop_without_orders_is_right() -> None:
    assert found(None) == []


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("example_shop.Ordr", "Did you mean 'example_shop.Order'?"),
        ("example.Order", "Did you mean 'example_shop.Order'?"),
        ("zzz", "Write 'app_label.Model'."),
        (42, "Write 'app_label.Model'."),
    ],
)
def test_a_model_that_does_not_exist(name: object, hint: str) -> None:
    assert found(name) == [("consult.E002", hint)]


def test_a_model_that_knows_no_source() -> None:
    ((check_id, hint),) = found("example_shop.Product")
    assert check_id == "consult.E003"
    assert hint


@isolate_apps("example_shop")
def test_a_field_that_hides_one_of_ours() -> None:
    class Plain(SourcedOrder):
        class Meta(SourcedOrder.Meta):
            app_label = "example_shop"

    class Overwritten(SourcedOrder):
        source = models.CharField(max_length=3)

        class Meta(SourcedOrder.Meta):
            app_label = "example_shop"

    class Removed(SourcedOrder):
        taken_by: Any = None

        class Meta(SourcedOrder.Meta):
            app_label = "example_shop"

    def hidden(model: type[models.Model]) -> list[str]:
        return [field for field in checks.FIELDS if checks.hides(model, field, SourcedOrder)]

    assert hidden(Plain) == []
    assert hidden(Overwritten) == ["source"]
    assert hidden(Removed) == ["taken_by"]


@isolate_apps("example_shop")
def test_a_meta_that_lost_the_index() -> None:
    class Lost(SourcedOrder):
        class Meta:
            app_label = "example_shop"

    class Kept(SourcedOrder):
        class Meta(SourcedOrder.Meta):
            app_label = "example_shop"

    class Own(SourcedOrder):
        class Meta:
            app_label = "example_shop"
            indexes = [models.Index(fields=["source", "-id"], name="own")]

    assert checks.without_index(Own) == []
    assert [said.id for said in checks.without_index(Lost)] == ["consult.W003"]
    assert checks.without_index(Kept) == []


@isolate_apps("example_shop")
def test_the_index_suits_any_shops_order() -> None:
    class TheOrderOfAShopThatLikesItsNamesLong(SourcedOrder):
        class Meta(SourcedOrder.Meta):
            app_label = "example_shop"

    class Numbered(SourcedOrder):
        number = models.CharField(max_length=12, primary_key=True)

        class Meta(SourcedOrder.Meta):
            app_label = "example_shop"

    for model in (TheOrderOfAShopThatLikesItsNamesLong, Numbered):
        # Of the models that ours points to the isolated registry knows nothing; all it says of this one itself counts.
        assert [said for said in model.check() if not str(said.id).startswith("fields.")] == []
        assert checks.without_index(model) == []
    names = {model._meta.indexes[0].name for model in (TheOrderOfAShopThatLikesItsNamesLong, Numbered)}
    assert len(names) == 2
    assert all(len(name) <= 30 for name in names)
