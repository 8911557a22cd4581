"""The rules that are on, and what browsers hear of them."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import uuid4

from django.core.cache import cache
from django.db import transaction
from django.http import HttpRequest

from consult.chat.identity import customer_of
from consult.chat.text import line
from consult.conf import conf
from consult.invitations import audience, facts, page, words
from consult.invitations.models import Rule

STAMP = "consult.rules"  # in Django's cache: another word whenever the rules are to be read again
FRESH = 60  # seconds after which they are, though no change was heard of: it may have been another process's
DAY = 24 * 60 * 60 * 1000  # ms


class Known(NamedTuple):
    """Rules as they were read, and what is said of them again and again."""

    rules: list[Rule]
    asking: list[Rule]
    wants: facts.Wants  # of those
    sent: dict[int, dict[str, Any]]
    variables: dict[int, set[str]]


def forget() -> None:
    """After commit, let the rules be read again."""
    transaction.on_commit(lambda: cache.delete(STAMP))


def for_browser(language: str, availability: str, now: datetime) -> dict[str, Any]:
    """What ``boot`` says, in the present language, of the rules that could be for anybody ``now`` (in the shop's time
    zone); nothing if there are none.
    """
    known = _known()
    live = [rule.pk for rule in known.rules if audience.judge_public(rule, now, language, availability).fits]
    if not live:
        return {}
    texts: dict[str, Any] = words.around()
    if any("greeting" in known.variables[pk] for pk in live):
        texts["greetings"] = words.greetings()
    return {
        "rules": [known.sent[pk] for pk in live],
        "silence": conf.INVITATIONS_SILENT_DAYS * DAY,
        "texts": texts,
    }


def fitting(request: HttpRequest) -> dict[str, Any]:
    """Of the rules that ask for the person, those that fit this one, and what their greetings say of them."""
    known = _known()
    if not known.asking:
        return {"fits": [], "values": {}}
    person = facts.of(request, known.wants)
    fits = [rule for rule in known.asking if audience.judge_private(rule, person).fits]
    said = {variable for rule in fits for variable in known.variables[rule.pk]}
    values = {}
    if "name" in said and (customer := customer_of(request)):
        values["name"] = line(customer.get_short_name() or "")
    if "region" in said:
        values["region"] = person.place.region or facts.place(request, fits).region
    return {"fits": [rule.pk for rule in fits], "values": values}


def as_sent(rule: Rule) -> dict[str, Any]:
    """``rule`` as ``trigger.js`` reads it: of its audience only whether the server is to be asked."""
    invites = rule.result == Rule.Result.INVITE
    said = {
        "id": rule.pk,
        "result": rule.result,
        "asks": audience.asks(rule),
        "kinds": rule.page_kinds,
        "paths": rule.paths,
        "not_kinds": rule.except_kinds,
        "not_paths": rule.except_paths,
        "devices": rule.devices,
        "any": rule.match == Rule.Match.ANY,
        "page_s": rule.page_seconds,
        "site_s": rule.site_seconds,
        "pages": rule.pages,
        "visits": rule.visits,
        "leaving": rule.leaving,
        "leaving_touch": rule.leaving_touch,
        "idle_s": rule.idle_seconds,
        "referrer": rule.referrer,
        "utm": _filled({name: getattr(rule, f"utm_{name}") for name in page.UTM}),
        "held": rule.held_percent / 100,
        "greetings": _greetings(rule) if invites else {},
    }
    return _filled(said)


def _greetings(rule: Rule) -> dict[str, dict[str, str]]:
    variants: dict[str, dict[str, str]] = {}
    for greeting in rule.greetings.all():
        variants.setdefault(greeting.variant, {})[greeting.moment] = greeting.text
    return variants


def _filled(said: dict[str, Any]) -> dict[str, Any]:
    """``said`` without what is empty; a whole number never is."""
    return {key: value for key, value in said.items() if value or type(value) is int}


def _known() -> Known:
    return _read(cache.get_or_set(STAMP, lambda: uuid4().hex, FRESH))


@lru_cache(maxsize=1)
def _read(_stamp: str) -> Known:
    """What the database says now. Kept as long as the stamp is the same: rows themselves would be pickled there."""
    rules = list(Rule.objects.filter(is_on=True).prefetch_related("greetings"))
    asking = [rule for rule in rules if audience.asks(rule)]
    return Known(
        rules,
        asking,
        facts.wants(asking),
        sent={rule.pk: as_sent(rule) for rule in rules},
        variables={rule.pk: audience.variables(rule) for rule in rules},
    )
