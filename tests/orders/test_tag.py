from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.db import DatabaseError, connection, transaction
from django.http import HttpRequest
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consult import orders, signals
from consult.chat.entry import Author
from consult.conf import conf
from consult.models import Conversation, Message, Visitor
from example_shop.models import Order, Product
from tests.orders.conftest import lines_about_orders

pytestmark = pytest.mark.django_db(transaction=True)

Browser = Callable[[Visitor], Client]


@pytest.fixture
def tagged() -> Iterator[list[dict[str, Any]]]:
    """What the host's receiver of ``order_tagged`` hears."""
    heard: list[dict[str, Any]] = []

    def hear(**told: Any) -> None:
        heard.append(told)

    signals.order_tagged.connect(hear)
    yield heard
    signals.order_tagged.disconnect(hear)


def request_of(client: Client, user: User | AnonymousUser | None = None) -> HttpRequest:
    request = RequestFactory().post("/checkout/")
    request.COOKIES = {name: morsel.value for name, morsel in client.cookies.items()}
    request.user = user or AnonymousUser()
    return request


def buy(request: HttpRequest) -> Order:
    with transaction.atomic():
        order = Order(name="Vera", email="vera@example.com", address="Here 1")
        orders.tag(order, request)
        order.save()
    return order


def age(conversation: Conversation, **past: float) -> None:
    Message.objects.filter(conversation=conversation).update(sent_at=timezone.now() - timedelta(**past))


def test_who_never_talked_buys_from_the_basket(client: Client, tagged: list[dict[str, Any]]) -> None:
    order = buy(request_of(client))
    assert (order.source, order.consultation, order.taken_by) == ("basket", None, None)
    assert [(told["order"], told["source"]) for told in tagged] == [(order, "basket")]


def test_a_talk_with_an_operator_belongs_to_the_order(
    answered: Conversation, visitor: Visitor, browser_of: Browser
) -> None:
    order = buy(request_of(browser_of(visitor)))
    assert order.source == "basket"
    assert order.consultation == answered
    assert order.assisted
    assert list(orders.of(answered)) == [order]


def test_an_open_question_belongs_to_the_order_but_is_no_assistance(
    conversation: Conversation, visitor: Visitor, operator: User, browser_of: Browser
) -> None:
    order = buy(request_of(browser_of(visitor)))
    assert order.consultation == conversation
    assert not order.assisted
    conversation.say(Author(f"u{operator.pk}", "Olga"), "Sorry for the wait!")
    assert not order.assisted, "what is answered after the order did not lead to it"


def test_a_closed_talk_counts_if_somebody_had_answered(
    answered: Conversation, visitor: Visitor, operator: User, browser_of: Browser
) -> None:
    answered.close(operator)
    order = buy(request_of(browser_of(visitor)))
    assert order.consultation == answered
    assert order.assisted
    assert lines_about_orders(answered) == []
    assert Conversation.objects.count() == 1, "an order opens no conversation"


def test_a_question_closed_without_an_answer_does_not(
    conversation: Conversation, visitor: Visitor, operator: User, browser_of: Browser
) -> None:
    conversation.close(operator)
    assert buy(request_of(browser_of(visitor))).consultation is None


def test_a_talk_of_last_week_is_forgotten(answered: Conversation, visitor: Visitor, browser_of: Browser) -> None:
    request = request_of(browser_of(visitor))
    age(answered, days=conf.ASSISTED_DAYS, minutes=-1)
    assert buy(request).consultation == answered
    age(answered, days=conf.ASSISTED_DAYS, minutes=1)
    assert buy(request).consultation is None


def test_the_latest_talk_wins(answered: Conversation, visitor: Visitor, operator: User, browser_of: Browser) -> None:
    answered.close(operator)
    later = answered.say(visitor.author, "One more thing").conversation
    assert later != answered
    assert buy(request_of(browser_of(visitor))).consultation == later


def test_a_strangers_talk_stays_theirs(answered: Conversation, other_visitor: Visitor, browser_of: Browser) -> None:
    assert buy(request_of(browser_of(other_visitor))).consultation is None


def test_a_customer_who_talked_on_another_device(
    answered: Conversation, visitor: Visitor, customer: User, client: Client
) -> None:
    assert buy(request_of(client, customer)).consultation is None
    visitor.customer = customer
    visitor.save()
    assert buy(request_of(client, customer)).consultation == answered


def test_signed_in_since_the_talk_the_checkout_locks_and_claims_nothing(
    answered: Conversation, visitor: Visitor, customer: User, browser_of: Browser
) -> None:
    request = request_of(browser_of(visitor), customer)
    with transaction.atomic(), CaptureQueriesContext(connection) as queries:
        order = Order(name="Vera", email="vera@example.com", address="Here 1")
        orders.tag(order, request)
    assert order.consultation == answered
    verbs = {query["sql"].split()[0] for query in queries if "consult_" in query["sql"]}
    assert verbs == {"SELECT"}
    assert not any("FOR " in query["sql"] and "UPDATE" in query["sql"] for query in queries)


def test_a_saved_order_is_tagged_too(answered: Conversation, visitor: Visitor, browser_of: Browser) -> None:
    with transaction.atomic():
        order = Order.objects.create(name="Vera", email="vera@example.com", address="Here 1")
        orders.tag(order, request_of(browser_of(visitor)))
    order.refresh_from_db()
    assert order.consultation == answered


def test_the_conversation_is_told_once(answered: Conversation, visitor: Visitor, browser_of: Browser) -> None:
    request = request_of(browser_of(visitor))
    order = buy(request)
    orders.tag(order, request)
    (line,) = lines_about_orders(answered)
    assert line.author_key == "shop"
    assert line.facts == {"identifier": order.identifier, "source": "basket", "url": order.get_absolute_url()}


def test_an_order_given_up_leaves_no_line(
    answered: Conversation, visitor: Visitor, browser_of: Browser, tagged: list[dict[str, Any]]
) -> None:
    request = request_of(browser_of(visitor))
    with transaction.atomic():
        orders.tag(Order(name="Vera"), request)
    with transaction.atomic():
        orders.tag(Order.objects.create(name="Vera", email="v@example.com"), request)
        transaction.set_rollback(True)
    assert lines_about_orders(answered) == []
    assert tagged == []


def test_a_receiver_that_fails_disturbs_nobody(answered: Conversation, visitor: Visitor, browser_of: Browser) -> None:
    def fail(**told: Any) -> None:
        raise RuntimeError("the host's own code")

    signals.order_tagged.connect(fail)
    try:
        assert buy(request_of(browser_of(visitor))).pk
    finally:
        signals.order_tagged.disconnect(fail)


def test_trouble_with_the_visitor_never_breaks_a_checkout(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(request: HttpRequest, *, claim: bool) -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT * FROM no_such_table")

    monkeypatch.setattr("consult.orders.tagging.visitor_of", broken)
    order = buy(request_of(client))
    assert Order.objects.get(pk=order.pk).source == "basket"


def test_trouble_with_the_conversation_never_breaks_a_checkout(
    answered: Conversation, visitor: Visitor, browser_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*entries: object) -> None:
        raise DatabaseError("the conversation's row is locked")

    monkeypatch.setattr("consult.chat.log.say", broken)
    order = buy(request_of(browser_of(visitor)))
    assert Order.objects.get(pk=order.pk).consultation == answered


def test_trouble_in_the_shops_own_words_never_breaks_a_checkout(
    answered: Conversation, visitor: Visitor, browser_of: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(order: Order) -> str:
        raise LookupError("the shop's own code")

    monkeypatch.setattr(Order, "get_absolute_url", broken)
    assert buy(request_of(browser_of(visitor))).consultation == answered


def test_the_identifier_follows_the_source(lamp: Product, order: Callable[..., Order]) -> None:
    by_source = {source: order(source=source) for source in ("basket", "phone", "chat")}
    for prefix, made in zip("BPC", by_source.values(), strict=True):
        assert made.identifier == f"{prefix}-{made.pk}"
    by_source["chat"].source = "phone"
    assert by_source["chat"].identifier == f"P-{by_source['chat'].pk}"


RAW = """
    INSERT INTO example_shop_order (key, name, email, phone, address, remark, placed_at)
    VALUES ('00000000000000000000000000000001', 'Vera', 'vera@example.com', '', 'Here 1', '', '2026-01-01')
"""


def test_a_raw_insert_of_the_shops_comes_from_the_basket() -> None:
    with connection.cursor() as cursor:
        cursor.execute(RAW)
    assert Order.objects.get().source == "basket"
