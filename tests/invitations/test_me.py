"""Which rules are for this person: asked by a browser only when it needs to know."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpRequest
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from consult.invitations import Place
from consult.models import Rule
from example_shop.models import Basket, Order, Product

pytestmark = pytest.mark.django_db
FITS = "/consult/me/?fits"


@pytest.fixture
def anna(client: Client, customer: User) -> Client:
    """The browser of a customer who has ordered before, and has a basket of 129."""
    Order.objects.create(customer=customer, name="Anna", email="anna@shop.example", address="Here 1")
    lamp = Product.objects.create(name="Alder", slug="alder", price=Decimal(129), sent_in_days=2)
    Basket.objects.create(customer=customer).add(lamp)
    client.force_login(customer)
    return client


def fitting(client: Client) -> dict[str, Any]:
    answer: dict[str, Any] = client.get(FITS).json()
    return answer


def test_those_that_fit_are_named(anna: Client) -> None:
    rules = [
        Rule.objects.create(name="For guests", signed_in=False),
        Rule.objects.create(name="Full baskets", basket_total_min=100),
        Rule.objects.create(name="Returning customers", has_ordered=True),
        Rule.objects.create(name="Switched off", signed_in=True, is_on=False),
        Rule.objects.create(name="For everybody"),  # about which nobody needs to ask
    ]
    assert fitting(anna) == {"fits": [rules[1].pk, rules[2].pk], "values": {}}
    assert fitting(Client()) == {"fits": [rules[0].pk], "values": {}}


def test_it_is_nobody_else_s(anna: Client) -> None:
    Rule.objects.create(name="For customers", signed_in=True)
    answer = anna.get(FITS)
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.cookies == {}


def test_without_a_rule_that_asks_nobody_is_looked_for(anna: Client) -> None:
    Rule.objects.create(name="For everybody")
    fitting(anna)
    with CaptureQueriesContext(connection) as queries:
        assert fitting(anna) == {"fits": [], "values": {}}
    assert len(queries) == 0


@pytest.mark.parametrize("returning", [True, False])
def test_a_customer_with_a_basket_costs_four_queries(*, returning: bool, anna: Client) -> None:
    if not returning:
        Order.objects.all().delete()
    Rule.objects.create(name="Full baskets", has_ordered=True, basket_total_min=100, availability=["online", "away"])
    Rule.objects.create(name="New customers", has_ordered=False)
    fitting(anna)
    with CaptureQueriesContext(connection) as queries:
        assert len(fitting(anna)["fits"]) == 1
    assert len(queries) <= 4, [query["sql"] for query in queries]


def misspelt(request: HttpRequest) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT wholesale FROM nowhere")
    return True


@pytest.mark.django_db(transaction=True)
@override_settings(
    CONSULT={"ORDER_MODEL": "example_shop.Order", "SEGMENTS": {"wholesale": "tests.invitations.test_me.misspelt"}}
)
def test_a_query_of_the_shop_s_that_fails_spoils_no_other(anna: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostgreSQL answers nothing more in a transaction in which something failed."""
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)  # noqa: FBT003  a value
    Rule.objects.create(name="Wholesale", segments=["wholesale"])
    rule = Rule.objects.create(name="New customers", has_ordered=False)
    assert fitting(Client()) == {"fits": [rule.pk], "values": {}}
    assert fitting(anna)["fits"] == []
    Order.objects.all().delete()
    assert fitting(anna)["fits"] == [rule.pk]


def bavaria(request: HttpRequest) -> Place:
    return Place("DE", "Bavaria")


@override_settings(CONSULT={"PLACE": "tests.invitations.test_me.bavaria"})
def test_what_a_greeting_says_of_the_person_comes_with_it(client: Client, customer: User) -> None:
    rule = Rule.objects.create(name="Hello")
    rule.greetings.create(text="Hello {name|there}! To {region|you} in two days.")
    Rule.objects.create(name="By country", countries=["AT"])
    assert fitting(client) == {"fits": [rule.pk], "values": {"region": "Bavaria"}}
    customer.first_name = " Anna\n"
    customer.save()
    client.force_login(customer)
    assert fitting(client) == {"fits": [rule.pk], "values": {"region": "Bavaria", "name": "Anna"}}


@override_settings(CONSULT={"PLACE": "tests.invitations.test_me.bavaria"})
def test_what_no_greeting_says_stays_at_home(anna: Client) -> None:
    Rule.objects.create(name="Bavaria", regions=["Bavaria"]).greetings.create(text="Any questions?")
    Rule.objects.create(name="Guests", signed_in=False).greetings.create(text="Hello {name|there}!")
    assert fitting(anna)["values"] == {}


def test_who_only_asks_for_themselves_hears_nothing_of_rules(anna: Client) -> None:
    Rule.objects.create(name="For customers", signed_in=True)
    assert anna.get("/consult/me/").json() == {"visitor": None}
