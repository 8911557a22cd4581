"""What came of the invitations: how many were shown or held out, and what followed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from functools import cached_property, reduce
from operator import add
from typing import Any, NamedTuple

from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject, NullIf
from django.utils import timezone

from consult.chat.models import Conversation
from consult.conf import conf
from consult.invitations import intervals
from consult.invitations.intervals import Interval
from consult.invitations.models import Exposure, Rule
from consult.orders.purchase import Purchase

TALKED_WITHIN = timedelta(days=1)  # a conversation that begins later had another reason

SAME_VISITOR = Q(visitor=OuterRef("visitor"))
# Having no session in common with somebody else who has none means nothing.
SAME_BUYER = SAME_VISITOR | Q(customer=OuterRef("customer")) | Q(session=NullIf(OuterRef("session"), Value("")))


@dataclass(frozen=True)
class Figures:
    """What became of a number of exposures."""

    shown: int = 0
    accepted: int = 0
    dismissed: int = 0
    talked: int = 0  # how many of them a conversation followed
    ordered: int = 0  # how many of them an order followed, or several
    orders: int = 0
    unpriced: int = 0  # orders whose amount the shop didn't say
    spent: tuple[Decimal, ...] = ()  # what came of each of which an amount is known

    def __add__(self, other: Figures) -> Figures:
        return Figures(*map(add, vars(self).values(), vars(other).values()))

    def share(self, of: str) -> Interval | None:
        return intervals.share(getattr(self, of), self.shown)

    @property
    def revenue(self) -> Decimal:
        return sum(self.spent, Decimal())

    @property
    def revenue_each(self) -> Interval | None:
        return intervals.mean([float(amount) for amount in self.spent], self.shown)


@dataclass(frozen=True)
class Outcome:
    """Of one rule. ``held`` are those that it would have invited, and that are here to compare with."""

    rule: Rule
    variants: dict[str, Figures]
    held: Figures

    @cached_property
    def invited(self) -> Figures:
        return reduce(add, self.variants.values(), Figures())

    @property
    def exposures(self) -> int:
        return self.invited.shown + self.held.shown

    @property
    def unpriced(self) -> int:
        return self.invited.unpriced + self.held.unpriced

    @property
    def effect(self) -> Interval | None:
        """By how much the share of those who ordered is greater among the invited."""
        invited, held = self.invited.share("ordered"), self.held.share("ordered")
        return intervals.difference(invited, held) if invited and held else None


class Span(NamedTuple):
    """From a moment until another, which is not in it."""

    begins: datetime
    ends: datetime

    @classmethod
    def of(cls, first: date, last: date) -> Span:
        """Days of the shop's time zone, both in it."""
        return cls(_midnight(first), _midnight(last + timedelta(days=1)))


class Group(NamedTuple):
    """What exposures are counted by."""

    rule: int
    variant: str
    held: bool


def of(span: Span) -> list[Outcome]:
    """What came of the invitations of ``span``: for each rule that invites, in their order, also those without any.

    A conversation or an order counts once, for the last exposure before it, whichever its rule: a conversation that
    begins within TALKED_WITHIN, an order made within ASSISTED_DAYS. An order is of the same person if it has the
    visitor, the customer or the shop's session in common with the exposure.
    """
    talks = _after(span, Conversation.objects.all(), SAME_VISITOR, "opened_at", TALKED_WITHIN, "pk")
    assisted = timedelta(days=conf.ASSISTED_DAYS)
    amounts = _after(span, Purchase.objects.all(), SAME_BUYER, "made_at", assisted, "amount")
    figures = {group: _figures(row, talks[group], amounts[group]) for group, row in _shown(span)}
    rules = Rule.objects.filter(Q(result=Rule.Result.INVITE) | Q(pk__in={group.rule for group in figures}))
    return [_outcome(rule, figures) for rule in rules.prefetch_related("greetings")]


def _shown(span: Span) -> Iterator[tuple[Group, dict[str, int]]]:
    exposures = Exposure.objects.filter(shown_at__gte=span.begins, shown_at__lt=span.ends)
    counts = {"shown": Count("pk"), "accepted": Count("accepted_at"), "dismissed": Count("dismissed_at")}
    rows = exposures.values_list(*Group._fields).annotate(**counts).order_by("variant")
    for rule, variant, held, *numbers in rows:
        yield Group(rule, variant, held), dict(zip(counts, numbers, strict=True))


def _after(
    span: Span, rows: QuerySet[Any], same: Q, at: str, within: timedelta, column: str
) -> defaultdict[Group, list[list[Any]]]:
    """``column`` of those ``rows`` that followed an exposure of ``span``, put together by exposure.

    One query: the last exposure before each row comes as JSON, for a join to it would need a second.
    """
    counts = Q(shown_at__gte=span.begins, shown_at__lt=span.ends, shown_at__gt=OuterRef(at) - within)
    told = JSONObject(
        pk="pk", rule="rule", variant="variant", held="held", counts=ExpressionWrapper(counts, BooleanField())
    )
    last = Exposure.objects.filter(same, shown_at__lte=OuterRef(at)).order_by("-shown_at", "-pk").values(told=told)[:1]
    window = {f"{at}__gte": span.begins, f"{at}__lt": span.ends + within}
    together: dict[tuple[int, Group], list[Any]] = defaultdict(list)
    for exposure, value in rows.filter(**window).annotate(exposure=Subquery(last)).values_list("exposure", column):
        if exposure and exposure["counts"]:
            group = Group(exposure["rule"], exposure["variant"], bool(exposure["held"]))
            together[exposure["pk"], group].append(value)
    found = defaultdict(list)
    for (_pk, group), values in together.items():
        found[group].append(values)
    return found


def _figures(shown: dict[str, int], talks: list[list[int]], amounts: list[list[Decimal | None]]) -> Figures:
    known = [[amount for amount in each if amount is not None] for each in amounts]
    orders = sum(map(len, amounts))
    return Figures(
        **shown,
        talked=len(talks),
        ordered=len(amounts),
        orders=orders,
        unpriced=orders - sum(map(len, known)),
        spent=tuple(sum(each, Decimal()) for each in known if each),
    )


def _outcome(rule: Rule, figures: dict[Group, Figures]) -> Outcome:
    ours = {group: found for group, found in figures.items() if group.rule == rule.pk}
    variants = {group.variant: found for group, found in ours.items() if not group.held}
    return Outcome(rule, variants, reduce(add, (found for group, found in ours.items() if group.held), Figures()))


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time()), timezone.get_default_timezone())
