"""Who bought, and for how much, as it is kept beside the shop's order."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import DatabaseError, transaction
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.urls import reverse

from consult import orders, signals
from consult.chat import identity
from consult.models import Conversation, Exposure, Purchase, Rule, Token, Visitor
from consult.orders import tagging
from example_shop.models import Order, Product

pytestmark = pytest.mark.django_db(transaction=True)

Browser = Callable[[Visitor], Client]
HERE = {"origin": "http://testserver"}
BUYER = {"name": "Vera", "email": "vera@example.com", "address": "Here 1"}


@pytest.fixture
def alder(lamp: Product) -> Callable[[Client], Purchase]:
    """Somebody buys two of them at the shop's own checkout."""

    def buy(browser: Client) -> Purchase:
        browser.post("/basket/add/alder/", {"quantity": 2}, headers=HERE)
        assert browser.post("/checkout/", BUYER).status_code == 302
        return Purchase.objects.get(order=f"example_shop.order {Order.objects.latest('pk').pk}")

    return buy


def request_of(browser: Client, user: User | None = None) -> HttpRequest:
    request = RequestFactory().post("/checkout/")
    request.COOKIES = {name: morsel.value for name, morsel in browser.cookies.items()}
    request.user = user or AnonymousUser()
    return request


def test_a_guest_is_known_by_the_session_that_held_the_basket(
    client: Client, alder: Callable[[Client], Purchase]
) -> None:
    kept = alder(client)
    assert (kept.visitor, kept.customer, kept.amount) == (None, None, Decimal("258.00"))
    assert client.session.session_key
    assert kept.session == identity.session_of(RequestFactory().get("/"), client.session.session_key)
    assert client.session.session_key not in kept.session, "a digest, which opens nothing"


def test_who_had_opened_the_panel_is_known_as_a_visitor(
    visitor: Visitor, browser_of: Browser, alder: Callable[[Client], Purchase]
) -> None:
    kept = alder(browser_of(visitor))
    assert (kept.visitor, kept.customer) == (visitor, None)


def test_who_is_signed_in_is_known_as_a_customer(
    client: Client, customer: User, alder: Callable[[Client], Purchase]
) -> None:
    client.force_login(customer)
    assert alder(client).customer == customer


def test_an_order_told_twice_is_one_purchase_as_it_was_first(
    client: Client, visitor: Visitor, order: Callable[..., Order]
) -> None:
    made = order()
    tagging.tell(made, request_of(client))
    made.lines.update(price=1)
    tagging.tell(made, request_of(client))
    assert Purchase.objects.get().amount == Decimal("129.00")


def test_an_order_from_the_desk_is_of_whom_the_operator_talked_with(
    client: Client, operator: User, answered: Conversation, customer: User, lamp: Product
) -> None:
    Visitor.objects.filter(pk=answered.visitor_id).update(customer=customer)
    client.force_login(operator)
    form = BUYER | {
        "lines-TOTAL_FORMS": 1,
        "lines-INITIAL_FORMS": 0,
        "lines-0-product": lamp.pk,
        "lines-0-quantity": 1,
    }
    url = f"{reverse('admin:example_shop_order_add')}?consultation={answered.public_id}"
    assert client.post(url, form).status_code == 302
    kept = Purchase.objects.get()
    assert (kept.visitor, kept.customer, kept.session) == (answered.visitor, customer, "")
    assert kept.amount == Decimal("129.00"), "with its lines, which are saved after it"


def test_an_order_by_phone_is_nobodys(client: Client, operator: User, lamp: Product) -> None:
    client.force_login(operator)
    form = BUYER | {
        "lines-TOTAL_FORMS": 1,
        "lines-INITIAL_FORMS": 0,
        "lines-0-product": lamp.pk,
        "lines-0-quantity": 1,
    }
    assert client.post(reverse("admin:example_shop_order_add"), form | {"source": "phone"}).status_code == 302
    kept = Purchase.objects.get()
    assert (kept.visitor, kept.customer, kept.session) == (None, None, "")


def test_an_order_given_up_is_no_purchase(client: Client, order: Callable[..., Order]) -> None:
    with transaction.atomic():
        orders.tag(order(), request_of(client))
        transaction.set_rollback(True)
    assert not Purchase.objects.exists()


@pytest.mark.parametrize(
    "total", [None, "on request", Decimal("NaN"), Decimal("Infinity"), Decimal(10) ** 13, Decimal(10) ** 40]
)
def test_a_total_that_is_no_amount_is_left_out(
    client: Client, order: Callable[..., Order], monkeypatch: pytest.MonkeyPatch, total: object
) -> None:
    monkeypatch.setattr(Order, "total", total)
    tagging.tell(order(), request_of(client))
    assert Purchase.objects.get().amount is None


def test_a_total_that_fails_is_left_out_and_logged(
    client: Client, order: Callable[..., Order], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Order, "total", property(lambda _: 1 / 0))
    tagging.tell(order(), request_of(client))
    assert Purchase.objects.get().amount is None
    assert "What order" in caplog.text


@pytest.mark.parametrize(("field", "amount"), [("paid", Decimal("99.99")), ("none", None)])
def test_a_shop_names_its_total(
    client: Client, order: Callable[..., Order], monkeypatch: pytest.MonkeyPatch, field: str, amount: Decimal | None
) -> None:
    monkeypatch.setattr(Order, "order_total_field", field)
    monkeypatch.setattr(Order, "paid", 99.99, raising=False)
    tagging.tell(order(), request_of(client))
    assert Purchase.objects.get().amount == amount


def test_what_can_not_be_kept_harms_neither_the_order_nor_who_hears_of_it(
    client: Client, alder: Callable[[Client], Purchase], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object) -> None:
        raise DatabaseError("the disk is full")

    heard: list[Any] = []

    def hear(order: Order, **told: Any) -> None:
        heard.append(order)

    monkeypatch.setattr(Purchase.objects, "keep", broken)
    signals.order_tagged.connect(hear)
    try:
        with pytest.raises(Purchase.DoesNotExist):
            alder(client)
    finally:
        signals.order_tagged.disconnect(hear)
    assert heard == [Order.objects.get()]


def test_two_visitors_that_become_one_keep_what_they_bought_and_were_shown(
    visitor: Visitor, other_visitor: Visitor, customer: User, browser_of: Browser
) -> None:
    Visitor.objects.filter(pk=other_visitor.pk).update(customer=customer)
    rule = Rule.objects.create(name="Product pages")
    for number, person in enumerate((visitor, other_visitor)):
        Purchase.objects.create(order=f"order {number}", visitor=person)
        Exposure.objects.create(rule=rule, variant="A", browser=person.public_id, number=1, visit=1, visitor=person)
    assert identity.visitor_of(request_of(browser_of(visitor), customer)) == other_visitor
    assert not Visitor.objects.filter(pk=visitor.pk).exists()
    assert Token.objects.get().visitor == other_visitor
    assert Purchase.objects.filter(visitor=other_visitor).count() == 2
    assert Exposure.objects.filter(visitor=other_visitor).count() == 2
