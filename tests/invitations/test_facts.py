"""What the shop is asked of somebody, and what becomes of a shop's function that fails."""

from __future__ import annotations

import hashlib
import json
import logging
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection
from django.http import HttpRequest
from django.test import RequestFactory, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy

from consult.chat import duty, identity
from consult.invitations import Basket, Place, audience, facts, place
from consult.invitations.audience import Facts
from consult.models import Purchase, Rule, Token, Visitor
from example_shop.models import Order

HERE = "tests.invitations.test_facts."
Asked = Callable[..., Facts]


@pytest.fixture
def asked() -> Asked:
    """What is known of who sends a request, for a rule: ``asked(segments=["wholesale"])``."""

    def ask(user: User | None = None, request: HttpRequest | None = None, **columns: Any) -> Facts:
        return facts.of(request or sent_by(user), facts.wants([Rule(name="Offer", **columns)]))

    return ask


def sent_by(user: User | None = None, session: str | None = None, **headers: Any) -> HttpRequest:
    request = RequestFactory().get("/", **headers)
    request.user = user or AnonymousUser()
    request.session = SessionStore(session)
    return request


def yes(request: HttpRequest) -> bool:
    return True


def no(request: HttpRequest) -> None:
    return None


def basket(request: HttpRequest) -> Basket:
    return Basket(Decimal(80), 2)


def bavaria(request: HttpRequest) -> Place:
    return Place("DE", "Bavaria")


def wrong(request: HttpRequest) -> str:
    return "yes"


def broken(request: HttpRequest) -> bool:
    raise RuntimeError("The shop's own mistake.")


OUR_SHOP = {
    "SEGMENTS": {"wholesale": f"{HERE}yes", "staff": f"{HERE}no"},
    "BASKET": f"{HERE}basket",
    "PLACE": f"{HERE}bavaria",
}


def test_only_what_a_rule_wants_is_asked(asked: Asked) -> None:
    """Not even the database, which this test may not."""
    shop = dict.fromkeys(("BASKET", "PLACE"), f"{HERE}broken") | {"SEGMENTS": {"wholesale": f"{HERE}broken"}}
    with override_settings(CONSULT=shop):
        known = asked(signed_in=False)
    assert (known.segments, known.place, known.basket) == (frozenset(), Place(), None)


@override_settings(CONSULT=OUR_SHOP)
def test_what_a_rule_wants_the_shop_says(asked: Asked) -> None:
    assert asked(segments=["wholesale", "staff", "unheard of"]).segments == {"wholesale"}
    assert asked(basket_total_min=Decimal(50)).basket == Basket(Decimal(80), 2)
    assert asked(countries=["AT"]).place == Place("DE", "Bavaria")


@pytest.mark.django_db
@override_settings(CONSULT=OUR_SHOP)
def test_of_a_whole_person_everything_is_asked(customer: User, operator: User) -> None:
    duty.begin(operator)
    with translation.override("ru"):
        known = facts.whole(sent_by(customer), [Rule()])
    assert (known.language, known.availability, known.signed_in, known.has_ordered) == ("ru", "online", True, False)
    assert known.segments == {"wholesale"}
    assert known.place == Place("DE", "Bavaria")
    assert known.basket == Basket(Decimal(80), 2)
    assert facts.whole(sent_by(customer), [], language="en").language == "en"
    assert facts.whole(sent_by(customer), [], language="xx").language == ""


@override_settings(CONSULT={"BASKET": f"{HERE}no", "PLACE": f"{HERE}no"})
def test_none_is_an_empty_basket_and_a_place_unknown(asked: Asked) -> None:
    assert asked(basket_count_max=0).basket == Basket(Decimal(), 0)
    assert asked(countries=["DE"]).place == Place()


def test_a_place_is_a_line_that_can_be_stored_and_said() -> None:
    place = Place(gettext_lazy("Germany"), "Bav\x00ar\udc80ia\u202e")  # type: ignore[arg-type]
    assert Facts(facts.now(), place=place).as_json()["region"] == "Bavar\ufffdia"
    assert json.dumps(Facts(facts.now(), place=place).as_json())
    assert Place("DE", None) == Place("DE")  # type: ignore[arg-type]


@override_settings(CONSULT={})
def test_a_shop_without_baskets_has_none_that_fits(asked: Asked) -> None:
    assert asked(basket_count_max=0).basket is None


@pytest.mark.parametrize("path", ["broken", "wrong", "nothing"])
@pytest.mark.parametrize(
    ("key", "columns"),
    [
        ("SEGMENTS", {"segments": ["wholesale"]}),
        ("BASKET", {"basket_count_max": 5}),
        ("PLACE", {"countries": ["DE"]}),
    ],
)
def test_a_function_that_fails_fits_no_rule_and_breaks_no_page(
    key: str, columns: dict[str, Any], path: str, asked: Asked, caplog: pytest.LogCaptureFixture
) -> None:
    path = HERE + path
    with override_settings(CONSULT={key: {"wholesale": path} if key == "SEGMENTS" else path}):
        known = asked(**columns)
    assert not audience.judge_private(Rule(**columns), known).fits
    (said,) = caplog.records
    assert (said.name, said.levelno, said.exc_info is not None) == ("consult", logging.ERROR, True)
    assert said.getMessage() == f"{path} failed, so these rules don't fit: Offer."


@override_settings(CONSULT={"SEGMENTS": {"wholesale": f"{HERE}broken", "regulars": f"{HERE}wrong"}})
def test_it_is_logged_once_a_minute(asked: Asked, caplog: pytest.LogCaptureFixture) -> None:
    with time_machine.travel(datetime(2026, 3, 2, 12, tzinfo=UTC), tick=False) as clock:
        for _ in range(3):
            asked(segments=["wholesale"])
        assert len(caplog.records) == 1
        asked(segments=["regulars"])
        assert len(caplog.records) == 2
        clock.shift(61)
        asked(segments=["wholesale"])
        assert len(caplog.records) == 3


def test_the_shop_s_clock_is_not_the_operator_s() -> None:
    with time_machine.travel(datetime(2026, 3, 2, 12, tzinfo=UTC), tick=False), timezone.override("Asia/Tokyo"):
        assert facts.now().isoformat() == "2026-03-02T13:00:00+01:00"


@pytest.mark.django_db
class TestWhoHasOrdered:
    def test_a_customer_with_an_order_of_the_shop(self, customer: User, asked: Asked) -> None:
        assert not asked(customer, has_ordered=True).has_ordered
        Order.objects.create(customer=customer, name="Anna", email="anna@shop.example", address="Here 1")
        with CaptureQueriesContext(connection) as queries:
            assert asked(customer, has_ordered=True).has_ordered
        assert len(queries) == 1

    @pytest.mark.parametrize("name", ["buyer", "phone"])
    def test_a_customer_whom_orders_do_not_name(
        self, name: str, customer: User, asked: Asked, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(Order, "order_customer_field", name)
        Order.objects.create(customer=customer, name="Anna", email="anna@shop.example", address="Here 1")
        assert not asked(customer, has_ordered=True).has_ordered
        Purchase.objects.create(order="example_shop.order 1", customer=customer)
        assert asked(customer, has_ordered=True).has_ordered

    @override_settings(CONSULT={})
    def test_a_customer_who_bought_before_anybody_knew_them(
        self, customer: User, visitor: Visitor, asked: Asked
    ) -> None:
        Purchase.objects.create(order="example_shop.order 1", visitor=visitor)
        assert not asked(customer, has_ordered=True).has_ordered
        visitor.customer = customer
        visitor.save()
        assert asked(customer, has_ordered=True).has_ordered

    def test_a_visitor_who_bought_in_this_browser(
        self, visitor: Visitor, other_visitor: Visitor, asked: Asked
    ) -> None:
        in_our_days = timezone.now() + timedelta(days=1)
        Token.objects.create(visitor=visitor, digest=hashlib.sha256(b"secret").hexdigest(), expires_at=in_our_days)
        request = sent_by()
        request.COOKIES["consult"] = "secret"
        Purchase.objects.create(order="example_shop.order 1", visitor=other_visitor)
        Purchase.objects.create(order="example_shop.order 2")  # nobody knows whose
        assert not asked(request=request, has_ordered=True).has_ordered
        Purchase.objects.create(order="example_shop.order 3", visitor=visitor)
        assert asked(request=request, has_ordered=True).has_ordered

    def test_whoever_bought_in_this_session(self, asked: Asked) -> None:
        request = sent_by(session="a" * 32)
        Purchase.objects.create(order="example_shop.order 1", session=identity.session_of(request, "b" * 32))
        assert not asked(request=request, has_ordered=True).has_ordered
        Purchase.objects.create(order="example_shop.order 2", session=identity.session_of(request))
        assert asked(request=request, has_ordered=True).has_ordered

    def test_a_stranger_is_not_even_looked_for(self, asked: Asked) -> None:
        Purchase.objects.create(order="example_shop.order 1")
        with CaptureQueriesContext(connection) as queries:
            assert not asked(has_ordered=True).has_ordered
        assert len(queries) == 0


@pytest.mark.parametrize(
    ("said", "country"), [("DE", "DE"), (" de ", "DE"), ("XX", ""), ("T1", ""), ("", ""), ("DEU", ""), ("ÄÖ", "")]
)
@override_settings(CONSULT={"COUNTRY_HEADER": "CF-IPCountry"})
def test_the_country_a_cdn_sends(said: str, country: str, asked: Asked) -> None:
    assert asked(request=sent_by(HTTP_CF_IPCOUNTRY=said), countries=["DE"]).place == Place(country)


@override_settings(CONSULT={})
def test_a_header_nobody_was_told_of_is_nobody_s_country(asked: Asked) -> None:
    assert asked(request=sent_by(HTTP_CF_IPCOUNTRY="DE"), countries=["DE"]).place == Place()


class NotFound(Exception):
    """That of geoip2."""


class Database:
    """GeoIP2 with one network in it."""

    def __init__(self, path: str) -> None:
        self.is_city = path == "city"

    def country(self, address: object) -> dict[str, str | None]:
        if str(address) != "81.2.69.7":
            raise NotFound
        return {"country_code": "DE"}

    def city(self, address: object) -> dict[str, str | None]:
        return self.country(address) | {"region_name": "Bavaria"}


@pytest.mark.parametrize(
    ("path", "address", "found"),
    [
        ("city", "81.2.69.7", Place("DE", "Bavaria")),
        ("country", "81.2.69.7", Place("DE")),
        ("city", "127.0.0.1", Place()),
        ("city", "", Place()),  # a socket of the machine's own
        ("city", "shop.example", Place()),
        (None, "81.2.69.7", Place()),
    ],
)
@override_settings(CONSULT={})
def test_the_place_of_an_address(
    path: str | None, address: str, found: Place, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, content in (("geoip2", {}), ("geoip2.errors", {"AddressNotFoundError": NotFound})):
        module = ModuleType(name)
        module.__spec__ = ModuleSpec(name, None)
        vars(module).update(content)
        monkeypatch.setitem(sys.modules, name, module)
    monkeypatch.setattr(place, "database", Database)
    with override_settings(GEOIP_PATH=path):
        assert asked(request=sent_by(REMOTE_ADDR=address), countries=["DE"]).place == found


@override_settings(CONSULT={}, GEOIP_PATH="/nowhere")
def test_a_shop_without_the_package_for_its_database(asked: Asked) -> None:
    assert asked(request=sent_by(REMOTE_ADDR="81.2.69.7"), countries=["DE"]).place == Place()
