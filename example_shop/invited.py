"""The display rules the shop opens with, and two weeks of invitations by them, some of which its orders followed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import cycle
from random import Random
from typing import Any
from uuid import uuid4

from django.utils import timezone

from consult.invitations.audience import Basket, Facts
from consult.models import Conversation, Exposure, Greeting, Purchase, Rule
from consult.orders import Source
from consult.orders.purchase import key_of
from example_shop.models import Order

DAYS = 14


@dataclass(frozen=True)
class Sown:
    """A rule; its greetings by variant and moment; how many of each variant were shown, accepted, closed, held out."""

    name: str
    rule: dict[str, Any]
    greetings: dict[str, dict[str, str]]
    past: dict[str, tuple[int, int, int, int]]
    page: dict[str, Any]  # on which its invitations were shown


# Whoever tries the demo is alone in it: the rules want nobody on duty, only not everybody busy.
SOMEBODY = {"availability": ["online", "away"]}
RETURNING = Sown(
    "Returning customer with a full basket",
    {"has_ordered": True, "basket_total_min": 100, "page_kinds": ["basket", "product"], "page_seconds": 8},
    {"A": {"": "{greeting}, {name|and welcome back}. Shall we go through the basket together?"}},
    {"A": (31, 4, 2, 0)},
    {"kind": "basket", "path": "/basket/", "page_s": 8.0},
)
DELIVERY = Sown(
    "Delivery page, about to leave",
    {"page_kinds": ["delivery"], "leaving": True},
    {
        "A": {
            "": "Does it have to be there by a certain day? Ask us.",
            "leaving": "Before you go: by which day does it have to be there?",
        },
    },
    {"A": (96, 5, 9, 0)},
    {"kind": "delivery", "path": "/delivery/", "page_s": 12.0, "leaving": True},
)
PRODUCT = Sown(
    "Product page, after 25 seconds",
    {"page_kinds": ["product"], "page_seconds": 25},
    {
        "A": {
            "": "{greeting}! Tell us where {product|the lamp} is to go, and we tell you whether it will do.",
            "evening": "Lamps are best judged at this hour. Where is {product|this one} to go?",
        },
        "B": {"": "We have lived with {product|this lamp} for a year. Ask us what no picture shows."},
    },
    {"A": (190, 6, 17, 24), "B": (184, 10, 11, 23)},
    {"kind": "product", "path": "/lamps/heron/", "page_s": 25.0},
)
RULES = [RETURNING, DELIVERY, PRODUCT]  # the narrowest first
# Which rule, which variant and whether held out, in turns: what those had seen who ordered without a word.
LED_TO = [
    *((PRODUCT, "A", False), (PRODUCT, "B", False), (DELIVERY, "A", False), (PRODUCT, "B", False)),
    *((RETURNING, "A", False), (PRODUCT, "A", False), (PRODUCT, "B", False), (DELIVERY, "A", False)),
    *((PRODUCT, "B", False), (PRODUCT, "A", True)),
]


def sow() -> None:
    """Needs the shop's conversations and orders."""
    lot = Random(1042)  # noqa: S311  (it hides nothing: every demo has the same past)
    since = timezone.now() - timedelta(days=DAYS)
    rules = {sown.name: make(position, sown) for position, sown in enumerate(RULES)}
    past = [exposure for sown in RULES for exposure in in_vain(rules[sown.name], sown, lot)]
    for talk in Conversation.objects.filter(opened_at__gte=since).select_related("visitor"):
        shown_at = talk.opened_at - timedelta(minutes=1)
        past.append(exposed(rules[PRODUCT.name], PRODUCT, shown_at, visitor=talk.visitor, accepted_at=talk.opened_at))
    bought = list(purchases(lot))
    unspoken = (purchase for purchase in bought if purchase.session and purchase.made_at >= since)
    for purchase, (sown, variant, held) in zip(unspoken, cycle(LED_TO), strict=False):
        shown_at = purchase.made_at - timedelta(minutes=lot.randint(10, 240))
        known = {"session": purchase.session, "customer": purchase.customer}
        past.append(exposed(rules[sown.name], sown, shown_at, variant=variant, held=held, **known))
    Purchase.objects.bulk_create(bought)
    Exposure.objects.bulk_create(past)


def make(position: int, sown: Sown) -> Rule:
    rule = Rule.objects.create(name=sown.name, position=position, **SOMEBODY, **sown.rule)
    Greeting.objects.bulk_create(
        Greeting(rule=rule, variant=variant, moment=moment, text=text)
        for variant, texts in sown.greetings.items()
        for moment, text in texts.items()
    )
    return rule


def in_vain(rule: Rule, sown: Sown, lot: Random) -> Iterator[Exposure]:
    """Those after which nobody said or bought anything."""
    for variant, (shown, accepted, closed, held) in sown.past.items():
        for number in range(shown + held):
            shown_at = timezone.now() - timedelta(days=lot.uniform(0.01, DAYS))
            soon = shown_at + timedelta(seconds=lot.randint(2, 20))
            yield exposed(
                *(rule, sown, shown_at),
                variant=variant,
                held=number >= shown,
                accepted_at=soon if number < accepted else None,
                dismissed_at=soon if accepted <= number < accepted + closed else None,
            )


def exposed(rule: Rule, sown: Sown, shown_at: datetime, **facts: Any) -> Exposure:
    """An invitation as it would have been written down."""
    basket = Basket(Decimal(159), 1) if sown is RETURNING else None
    audience = Facts(
        timezone.localtime(shown_at), "en", "online", signed_in=bool(basket), has_ordered=bool(basket), basket=basket
    )
    seen = {"site_s": sown.page["page_s"] + 40, "pages": 3, "visits": 1, "device": "computer"}
    known = {"page": seen | sown.page, "audience": audience.as_json()}
    usual = {"variant": "A", "browser": uuid4(), "number": 1, "visit": 1, "facts": known}
    return Exposure(rule=rule, shown_at=shown_at, **usual | facts)


def purchases(lot: Random) -> Iterator[Purchase]:
    """Who made the orders there are. Of one made by phone without a talk nobody knows."""
    for order in Order.objects.select_related("consultation__visitor").prefetch_related("lines"):
        yield Purchase(
            order=key_of(order),
            visitor=order.consultation.visitor if order.consultation else None,
            customer=order.customer,
            session=f"{lot.getrandbits(256):064x}" if order.source == Source.BASKET and not order.consultation else "",
            amount=order.total,
            made_at=order.placed_at,
        )
