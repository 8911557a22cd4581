"""The example shop by itself: what it sells, who may buy, and that it works before anybody asks anything."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.contrib.auth import get_user
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.staticfiles import finders
from django.test import Client, RequestFactory
from django.utils import timezone

import consult.invitations
from consult.invitations import audience, contradictions, greeting, outcome
from consult.models import Conversation, Exposure, Message, Purchase, Rule, Take
from example_shop import basket, seed, segments
from example_shop.content_security import TRUSTED_TYPES
from example_shop.models import Basket, Order, Product

pytestmark = pytest.mark.django_db

HERE = {"origin": "http://testserver"}
BUYER = {"name": "Vera", "email": "vera@example.com", "phone": "", "address": "Here 1", "remark": ""}
PAGES = ["/", "/lamps/alder/", "/delivery/", "/basket/"]


@pytest.fixture(autouse=True)
def _open_shop(db: None) -> None:
    seed.sow()


def put(client: Client, slug: str, quantity: object = 1) -> int:
    return client.post(f"/basket/add/{slug}/", {"quantity": quantity}, headers=HERE).status_code


def lines(client: Client) -> list[str]:
    basket = client.get("/basket/").context["basket"]
    return [str(line) for line in basket.lines.all()] if basket else []


@pytest.mark.parametrize("page", PAGES)
def test_looking_around_sets_no_cookie(client: Client, page: str) -> None:
    response = client.get(page)
    assert response.status_code == 200
    assert not response.cookies


@pytest.mark.parametrize("page", [*PAGES, "/accounts/login/", "/accounts/signup/"])
def test_no_page_has_inline_code(client: Client, page: str) -> None:
    response = client.get(page)
    html = response.content.decode()
    assert not re.search(r"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son[a-z]+=|javascript:", html)
    assert TRUSTED_TYPES in response["Content-Security-Policy"]


def test_trusted_types_are_asked_of_the_desk_but_not_of_stock_admin(client: Client) -> None:
    client.login(username="manager", password=seed.PASSWORD)
    assert TRUSTED_TYPES in client.get("/admin/consult/desk/")["Content-Security-Policy"]
    stock = client.get("/admin/example_shop/order/")["Content-Security-Policy"]
    assert "script-src 'self'" in stock
    assert TRUSTED_TYPES not in stock


def test_every_lamp_has_its_page_and_its_picture(client: Client) -> None:
    page = client.get("/").content.decode()
    for product in Product.objects.all():
        assert product.get_absolute_url() in page
        assert client.get(product.get_absolute_url()).status_code == 200
        picture = finders.find(f"example_shop/lamps/{product.slug}.svg")
        assert isinstance(picture, str)
        assert "<script" not in Path(picture).read_text()
    assert client.get("/lamps/none/").status_code == 404


def test_a_guest_buys(client: Client) -> None:
    assert put(client, "alder", 2) == 302
    assert put(client, "alder") == 302
    assert put(client, "moth") == 302
    assert lines(client) == ["3 × Alder", "1 × Moth"]

    response = client.post("/checkout/", BUYER, follow=True)
    order = Order.objects.get(email="vera@example.com")
    assert order.identifier in response.content.decode()
    assert (order.source, order.customer) == ("basket", None)
    assert [str(line) for line in order.lines.all()] == ["3 × Alder", "1 × Moth"]
    assert order.total == 3 * 129 + 89
    assert lines(client) == []


def test_the_price_of_the_day_stays(client: Client) -> None:
    put(client, "alder")
    client.post("/checkout/", BUYER)
    Product.objects.filter(slug="alder").update(price=999)
    assert Order.objects.get(email="vera@example.com").total == 129


def test_a_checkout_sent_twice_is_one_order(client: Client) -> None:
    put(client, "alder")
    client.post("/checkout/", BUYER)
    assert client.post("/checkout/", BUYER)["Location"] == "/basket/"
    assert Order.objects.filter(email="vera@example.com").count() == 1


@pytest.mark.parametrize("missing", ["name", "email", "address"])
def test_a_checkout_without_what_it_needs_says_so(client: Client, missing: str) -> None:
    put(client, "alder")
    response = client.post("/checkout/", BUYER | {missing: ""})
    assert response.context["form"].errors.keys() == {missing}
    assert lines(client) == ["1 × Alder"]


@pytest.mark.parametrize("quantity", ["0", "-1", "100", "many", ""])
def test_an_impossible_quantity_is_refused(client: Client, quantity: str) -> None:
    assert put(client, "alder", quantity) == 422
    assert lines(client) == []


def test_a_line_is_changed_and_removed(client: Client) -> None:
    put(client, "alder")
    line = Basket.objects.get().lines.get()
    client.post(f"/basket/change/{line.pk}/", {"quantity": "5"})
    assert lines(client) == ["5 × Alder"]
    client.post(f"/basket/change/{line.pk}/", {"quantity": "5", "remove": ""})
    assert lines(client) == []


def test_nobody_changes_a_strangers_basket(client: Client) -> None:
    put(client, "alder")
    line = Basket.objects.get().lines.get()
    stranger = Client()
    put(stranger, "moth")
    assert stranger.post(f"/basket/change/{line.pk}/", {"quantity": "5"}).status_code == 404
    assert lines(client) == ["1 × Alder"]


@pytest.mark.parametrize("origin", [{}, {"origin": "null"}, {"origin": "http://evil.example"}])
def test_another_site_puts_nothing_into_the_basket(client: Client, origin: dict[str, str]) -> None:
    response = client.post("/basket/add/alder/", {"quantity": "1"}, headers=origin)
    assert response.status_code == 403
    assert not Basket.objects.exists()


def test_signing_in_takes_the_basket_along(client: Client) -> None:
    put(client, "alder")
    client.post("/accounts/login/", {"username": "anna", "password": seed.PASSWORD})
    put(client, "moth")
    assert lines(client) == ["1 × Alder", "1 × Moth"]
    client.post("/accounts/logout/")
    assert lines(client) == []

    another_device = Client()
    another_device.login(username="anna", password=seed.PASSWORD)
    assert lines(another_device) == ["1 × Alder", "1 × Moth"]


def test_signing_up_signs_in(client: Client) -> None:
    form = {"username": "vera", "first_name": "Vera", "password1": "lamps-and-chairs", "password2": "lamps-and-chairs"}
    response = client.post("/accounts/signup/", form, follow=True)
    assert "Sign out Vera" in response.content.decode()
    assert not User.objects.get(username="vera").is_staff


def test_sowing_twice_adds_nothing() -> None:
    def counted() -> list[int]:
        return [model._default_manager.count() for model in (Product, User, Order, Conversation, Message, Take)]

    once = counted()
    assert all(once)
    seed.sow()
    assert counted() == once


def test_what_is_sown_is_what_consult_would_have_written(client: Client) -> None:
    assert set(Order.objects.values_list("source", flat=True)) == {"basket", "phone", "chat"}
    assert Conversation.objects.open().filter(waiting_since__isnull=False, operator=None).count() == 1
    for conversation in Conversation.objects.all():
        numbers = list(conversation.messages.order_by("seq").values_list("seq", flat=True))
        assert numbers == list(range(1, conversation.last_seq + 1))
        assert conversation.takes.filter(ended_at=None).exists() == (conversation.operator_id is not None)
    for order in Order.objects.exclude(source="basket"):
        assert order.taken_by


def test_the_next_order_has_a_higher_number(client: Client) -> None:
    latest = Order.objects.latest("pk").pk
    put(client, "alder")
    client.post("/checkout/", BUYER)
    assert Order.objects.get(email="vera@example.com").pk > latest


@pytest.mark.parametrize(
    ("name", "may", "may_not"),
    [
        ("operator", "consult.answer_conversation", "consult.view_all_conversations"),
        ("colleague", "example_shop.add_order", "example_shop.change_order"),
        ("manager", "consult.view_reports", "auth.change_user"),
    ],
)
def test_the_accounts_may_what_their_roles_say(name: str, may: str, may_not: str) -> None:
    user = User.objects.get(username=name)
    assert user.check_password(seed.PASSWORD)
    assert user.is_staff
    assert user.has_perm(may)
    assert not user.has_perm(may_not)


def test_the_rules_it_opens_with_could_be_saved_as_they_are() -> None:
    rules = Rule.objects.all()
    assert [rule.result for rule in rules] == ["invite"] * 3
    for rule in rules:
        rule.full_clean()
        assert list(contradictions.of(rule, timezone.localdate())) == []
        for words in rule.greetings.all():
            greeting.check(words.text)


def test_its_past_invitations_can_be_judged_again_and_led_to_its_orders() -> None:
    assert Exposure.objects.filter(shown_at__gt=timezone.now()).count() == 0
    for exposure in Exposure.objects.select_related("rule"):
        assert audience.judge(exposure.rule, audience.Facts.from_json(exposure.facts["audience"])).fits
    today = timezone.localdate()
    found = outcome.of(outcome.Span.of(today - timedelta(days=20), today))
    assert all(one.invited.orders for one in found)
    assert any(one.held.orders for one in found)
    for purchase in Purchase.objects.all():
        order = Order.objects.get(pk=purchase.order.split()[1])
        assert (purchase.amount, purchase.made_at) == (order.total, order.placed_at)


def test_what_consult_hears_of_a_basket(client: Client) -> None:
    def heard() -> consult.invitations.Basket | None:
        request = RequestFactory().get("/")
        request.session, request.user = client.session, get_user(client)
        return basket.for_consult(request)

    assert heard() is None
    put(client, "alder", 2)
    put(client, "moth")
    assert heard() == consult.invitations.Basket(Decimal(2 * 129 + 89), 3)
    client.login(username="anna", password=seed.PASSWORD)
    client.get("/basket/")
    assert heard() == consult.invitations.Basket(Decimal(2 * 129 + 89), 3)


@pytest.mark.parametrize(("orders", "regular"), [(1, False), (2, True)])
def test_a_regular_has_ordered_twice(orders: int, regular: bool) -> None:  # noqa: FBT001
    request = RequestFactory().get("/")
    request.user = User.objects.create_user("vera")
    for _ in range(orders):
        Order.objects.create(customer=request.user)
    assert segments.is_regular(request) is regular
    request.user = AnonymousUser()
    assert not segments.is_regular(request)
