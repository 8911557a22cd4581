"""What the shop knows of whoever sent a request, as rules are judged by. Nothing is asked that no rule needs."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import get_language, get_supported_language_variant

from consult.chat import presence
from consult.chat.identity import customer_of
from consult.conf import conf
from consult.invitations.audience import Basket, Facts, Place
from consult.invitations.models import Rule
from consult.orders.returning import has_ordered

LOGGED_EVERY = 60  # seconds, for each of the shop's functions

logger = logging.getLogger("consult")
Answer = TypeVar("Answer")


class Wants(NamedTuple):
    """Which rules want to know what of a person. They are named where it can't be found out."""

    segments: dict[str, Sequence[Rule]]
    place: Sequence[Rule]
    basket: Sequence[Rule]
    orders: Sequence[Rule]


def wants(rules: Sequence[Rule]) -> Wants:
    """What ``rules`` want to know."""

    def wanting(*columns: str) -> list[Rule]:
        return [rule for rule in rules if any(getattr(rule, column) not in (None, []) for column in columns)]

    segmented = [rule for rule in rules if isinstance(rule.segments, list)]
    return Wants(
        segments={name: [rule for rule in segmented if name in rule.segments] for name in conf.SEGMENTS},
        place=wanting("countries", "regions"),
        basket=wanting("basket_total_min", "basket_total_max", "basket_count_min", "basket_count_max"),
        orders=wanting("has_ordered"),
    )


def of(request: HttpRequest, wanted: Wants) -> Facts:
    """What is wanted of this person, and nothing that is the same for everybody but the time."""
    segments = {name: rules for name, rules in wanted.segments.items() if rules}
    theirs = {name for name, rules in segments.items() if _ask(conf.SEGMENTS[name], request, rules, nothing=False)}
    empty = Basket(Decimal(), 0)
    return Facts(
        now=now(),
        signed_in=customer_of(request) is not None,
        has_ordered=bool(wanted.orders) and has_ordered(request),
        segments=frozenset(theirs),
        place=place(request, wanted.place) if wanted.place else Place(),
        basket=_ask(conf.BASKET, request, wanted.basket, nothing=empty) if conf.BASKET and wanted.basket else None,
    )


def whole(request: HttpRequest, rules: Sequence[Rule], language: str = "") -> Facts:
    """All that any rule could be judged by, on a page in ``language``, or else in that of the request; ``rules`` are
    those that are.
    """
    person = of(request, Wants(dict.fromkeys(conf.SEGMENTS, rules), rules, rules, rules))
    return replace(person, language=_supported(language or get_language()), availability=presence.now().state)


def place(request: HttpRequest, rules: Sequence[Rule]) -> Place:
    """Where this person is, for ``rules`` that want to know."""
    return _ask(conf.PLACE or "consult.invitations.place.of", request, rules, nothing=Place()) or Place()


def now() -> datetime:
    """The present moment in the shop's time zone, whatever zone is active."""
    return timezone.localtime(timezone=timezone.get_default_timezone())


def _supported(language: str | None) -> str:
    try:
        return get_supported_language_variant(language or settings.LANGUAGE_CODE)
    except LookupError:
        return ""


def _ask(path: str, request: HttpRequest, rules: Sequence[Rule], nothing: Answer) -> Answer | None:
    """What the shop's function at ``path`` answers, where None means ``nothing``. None if it fails: for that no rule
    fits, and no page breaks.
    """
    try:
        answer = import_string(path)(request)
        if answer is None:
            return nothing
        if not isinstance(answer, type(nothing)):
            raise TypeError(f"{path} answered with {type(answer).__name__}, not {type(nothing).__name__}.")
    except Exception:  # it is the shop's own code
        if cache.add(f"consult.failed.{path}", True, LOGGED_EVERY):  # noqa: FBT003  a value
            logger.exception("%s failed, so these rules don't fit: %s.", path, ", ".join(rule.name for rule in rules))
        return None
    return answer
