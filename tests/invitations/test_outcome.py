"""What is counted for an invitation, and what is not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from consult.conf import conf
from consult.invitations import outcome
from consult.invitations.outcome import Figures, Span
from consult.models import Conversation, Exposure, Purchase, Rule, Visitor
from example_shop.models import Product
from tests.invitations.browsers import OURS, Browser

pytestmark = pytest.mark.django_db

NOON = timezone.make_aware(datetime(2026, 11, 10, 12))
SPAN = Span.of(date(2026, 11, 1), date(2026, 11, 30))
numbers = count(1)

Shown = Callable[..., Exposure]


@pytest.fixture
def rule(db: None) -> Rule:
    return Rule.objects.create(name="Product pages")


@pytest.fixture
def other_rule(db: None) -> Rule:
    return Rule.objects.create(name="Delivery", position=1)


@pytest.fixture
def lamp(db: None) -> Product:
    return Product.objects.create(name="Alder", slug="alder", price=Decimal(129), sent_in_days=2)


@pytest.fixture
def shown(rule: Rule) -> Shown:
    """An invitation that somebody was shown: ``shown(visitor=vera)``."""

    def show(**facts: object) -> Exposure:
        usual = {"rule": rule, "variant": "A", "browser": uuid4(), "number": 1, "visit": 1, "shown_at": NOON}
        return Exposure.objects.create(**usual | facts)

    return show


def bought(
    amount: str | None = "100.00", *, made_at: datetime = NOON + timedelta(hours=1), **buyer: object
) -> Purchase:
    return Purchase.objects.create(order=f"order {next(numbers)}", amount=amount, made_at=made_at, **buyer)


def invited(rule: Rule) -> Figures:
    return next(found.invited for found in outcome.of(SPAN) if found.rule == rule)


def test_it_is_counted_by_variant_and_what_became_of_it(rule: Rule, shown: Shown) -> None:
    shown(accepted_at=NOON)
    shown(dismissed_at=NOON)
    shown(variant="B")
    shown(variant="B", held=True)
    (found,) = outcome.of(SPAN)
    assert found.variants == {"A": Figures(shown=2, accepted=1, dismissed=1), "B": Figures(shown=1)}
    assert (found.invited.shown, found.held.shown) == (3, 1)


def test_a_rule_that_invited_nobody_is_there_and_one_that_never_invites_is_not(rule: Rule) -> None:
    Rule.objects.create(name="Checkout", result=Rule.Result.HIDE)
    (found,) = outcome.of(SPAN)
    assert (found.rule, found.invited, found.effect) == (rule, Figures(), None)


@pytest.mark.parametrize(
    ("shown_at", "counts"),
    [
        (SPAN.begins, 1),
        (SPAN.begins - timedelta(seconds=1), 0),
        (SPAN.ends - timedelta(seconds=1), 1),
        (SPAN.ends, 0),
    ],
)
def test_a_span_has_both_its_days(rule: Rule, shown: Shown, visitor: Visitor, shown_at: datetime, counts: int) -> None:
    shown(visitor=visitor, shown_at=shown_at)
    bought(visitor=visitor, made_at=shown_at + timedelta(hours=1))
    found = invited(rule)
    assert (found.shown, found.orders) == (counts, counts)


def test_an_order_is_known_by_visitor_customer_or_session(
    rule: Rule, shown: Shown, visitor: Visitor, customer: User
) -> None:
    for buyer in ({"visitor": visitor}, {"customer": customer}, {"session": "d1"}):
        shown(**buyer)
        bought(**buyer)
    assert invited(rule).orders == 3


def test_who_has_nothing_in_common_did_not_order(
    rule: Rule, shown: Shown, visitor: Visitor, other_visitor: Visitor
) -> None:
    shown(visitor=visitor)
    shown(session="")
    bought(visitor=other_visitor, session="")
    assert invited(rule) == Figures(shown=2)


@pytest.mark.parametrize(
    ("after", "counts"),
    [
        (timedelta(), 1),
        (timedelta(seconds=-1), 0),
        (timedelta(days=conf.ASSISTED_DAYS, seconds=-1), 1),
        (timedelta(days=conf.ASSISTED_DAYS, seconds=1), 0),
    ],
)
def test_an_order_follows_within_days(
    rule: Rule, shown: Shown, visitor: Visitor, after: timedelta, counts: int
) -> None:
    shown(visitor=visitor)
    bought(visitor=visitor, made_at=NOON + after)
    assert invited(rule).orders == counts


def test_an_order_counts_once_for_the_last_invitation_before_it(
    rule: Rule, other_rule: Rule, shown: Shown, visitor: Visitor, customer: User
) -> None:
    shown(visitor=visitor, shown_at=NOON - timedelta(hours=2))
    shown(rule=other_rule, customer=customer, session="d1", shown_at=NOON - timedelta(hours=1))
    shown(visitor=visitor, shown_at=NOON + timedelta(hours=2))
    bought(visitor=visitor, customer=customer, session="d1", made_at=NOON)
    assert (invited(rule).orders, invited(other_rule).orders) == (0, 1)


def test_an_order_belongs_to_a_later_invitation_though_the_span_has_ended(
    rule: Rule, shown: Shown, visitor: Visitor
) -> None:
    shown(visitor=visitor, shown_at=SPAN.ends - timedelta(hours=1))
    bought(visitor=visitor, made_at=SPAN.ends + timedelta(hours=2))
    assert invited(rule).orders == 1
    shown(visitor=visitor, shown_at=SPAN.ends + timedelta(hours=1))
    assert invited(rule).orders == 0


def test_two_orders_of_one_person_are_one_who_ordered(rule: Rule, shown: Shown, visitor: Visitor) -> None:
    shown(visitor=visitor)
    bought("100.50", visitor=visitor)
    bought("50.25", visitor=visitor)
    found = invited(rule)
    assert (found.ordered, found.orders, found.revenue, found.spent) == (1, 2, Decimal("150.75"), (Decimal("150.75"),))


def test_an_order_without_an_amount_is_an_order_and_no_revenue(rule: Rule, shown: Shown, visitor: Visitor) -> None:
    shown(visitor=visitor)
    bought(None, visitor=visitor)
    found = invited(rule)
    assert (found.orders, found.unpriced, found.revenue) == (1, 1, Decimal())


@pytest.mark.parametrize(("hours", "counts"), [(-1, 0), (0, 1), (23, 1), (25, 0)])
def test_a_conversation_follows_within_a_day(
    rule: Rule, shown: Shown, visitor: Visitor, hours: int, counts: int
) -> None:
    shown(visitor=visitor)
    Conversation.objects.create(visitor=visitor, opened_at=NOON + timedelta(hours=hours))
    assert invited(rule).talked == counts


def test_what_the_held_out_bought_is_compared(rule: Rule, shown: Shown) -> None:
    for number in range(200):
        shown(session=f"s{number}", held=bool(number % 2))
    for number in range(0, 120, 2):
        bought(session=f"s{number}")
    for number in range(1, 20, 2):
        bought(session=f"s{number}")
    (found,) = outcome.of(SPAN)
    assert (found.invited.ordered, found.held.ordered) == (60, 10)
    effect = found.effect
    assert effect is not None
    assert effect.point == pytest.approx(0.5)
    assert effect.sign == 1


@pytest.mark.parametrize("event", ["show", "hold"])
def test_from_the_invitation_to_the_order_of_a_guest(
    lamps: Rule,
    lamp: Product,
    laptop: Browser,
    event: str,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    """Nobody has a cookie when they are invited. The basket makes the shop's session, by which the order is known."""
    laptop.client.handler.enforce_csrf_checks = False  # the shop's own forms
    shown = uuid4()
    laptop.ask(lamps, shown, event=event)
    assert Exposure.objects.get().session == ""
    laptop.client.post("/basket/add/alder/", {"quantity": 2}, headers=OURS)
    assert laptop.report("here", shown)["linked"]
    with django_capture_on_commit_callbacks(execute=True):
        laptop.client.post("/checkout/", {"name": "Vera", "email": "vera@shop.example", "address": "Here 1"})
    today = timezone.localdate()
    (found,) = outcome.of(Span.of(today, today))
    figures = found.held if event == "hold" else found.invited
    assert (figures.shown, figures.ordered, figures.revenue) == (1, 1, 2 * lamp.price)


def test_its_days_are_the_shop_s() -> None:
    with timezone.override("Asia/Tokyo"):
        assert Span.of(date(2026, 11, 1), date(2026, 11, 30)) == SPAN


def test_more_of_everything_asks_no_more(
    rule: Rule, shown: Shown, visitor: Visitor, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(20):
        shown(session=f"s{number}", variant="AB"[number % 2], rule=Rule.objects.create(name=f"Rule {number}"))
        bought(session=f"s{number}")
    with django_assert_num_queries(5):
        assert sum(found.invited.orders for found in outcome.of(SPAN)) == 20
