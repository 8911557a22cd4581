"""What a rule does, in a line: "On product pages, after 25 seconds and 3 pages: invites"."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.formats import number_format, time_format
from django.utils.text import capfirst, get_text_list
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from consult.invitations import words
from consult.invitations.models import Availability, Device, Rule


def of(rule: Rule) -> str:
    return f"{capfirst(', '.join([*_who(rule), *_where(rule), *_when(rule)]))}: {_then(rule)}"


def _who(rule: Rule) -> Iterator[str]:
    if rule.signed_in is not None:
        yield _("signed in") if rule.signed_in else _("not signed in")
    if rule.has_ordered is not None:
        yield _("returning customers") if rule.has_ordered else _("new customers")
    for names in (rule.segments, rule.countries, rule.regions):
        yield from _any_of(names)
    yield from _any_of(words.told("language", code) for code in rule.languages)
    if total := _span("basket_total", rule.basket_total_min, rule.basket_total_max):
        yield _("a basket of %(span)s") % {"span": total}
    if count := _span("basket_count", rule.basket_count_min, rule.basket_count_max):
        yield _("things in the basket: %(span)s") % {"span": count}
    yield from _any_of(words.told("day", str(day)) for day in rule.weekdays)
    yield from filter(None, [_span("hour", rule.hour_from, rule.hour_until)])
    if rule.availability and {*rule.availability} != {*Availability.values}:
        states = [words.told("availability", one).lower() for one in rule.availability]
        yield _("shop %(states)s") % {"states": get_text_list(states, _("or"))}


def _where(rule: Rule) -> Iterator[str]:
    places = [pgettext("kind of page", "%(kind)s pages") % {"kind": kind} for kind in rule.page_kinds] + rule.paths
    excluded = [*rule.except_kinds, *rule.except_paths]
    if places:
        yield _("on %(places)s") % {"places": get_text_list(places, _("or"))}
    elif excluded:
        yield _("on all pages but %(places)s") % {"places": ", ".join(excluded)}
    else:
        yield _("on all pages")
    yield from _any_of(dict(Device.choices).get(one, one).lower() for one in rule.devices)


def _when(rule: Rule) -> Iterator[str]:
    joined = _("and") if rule.match == Rule.Match.ALL else _("or")
    if counted := list(_counted(rule)):
        counted = [_("after %(counted)s") % {"counted": get_text_list(counted, joined)}]
    if waits_for := [*counted, *_watched(rule)]:
        yield get_text_list(waits_for, joined)


def _counted(rule: Rule) -> Iterator[str]:
    if count := rule.page_seconds:
        yield ngettext("%(count)d second", "%(count)d seconds", count) % {"count": count}
    if count := rule.site_seconds:
        yield ngettext("%(count)d second on the site", "%(count)d seconds on the site", count) % {"count": count}
    if count := rule.pages:
        yield ngettext("%(count)d page", "%(count)d pages", count) % {"count": count}
    if count := rule.idle_seconds:
        yield ngettext("%(count)d second without a move", "%(count)d seconds without a move", count) % {"count": count}


def _watched(rule: Rule) -> Iterator[str]:
    if count := rule.visits:
        yield ngettext("in visit %(count)d or later", "in visit %(count)d or later", count) % {"count": count}
    if rule.leaving:
        yield _("when about to leave")
    if origin := list(filter(None, [rule.referrer, rule.utm_source, rule.utm_medium, rule.utm_campaign])):
        yield _("coming from %(origin)s") % {"origin": ", ".join(origin)}


def _then(rule: Rule) -> str:
    return {
        Rule.Result.INVITE: _("invites"),
        Rule.Result.LABEL: _("only the label"),
        Rule.Result.HIDE: _("no widget"),
    }[Rule.Result(rule.result)]


def _any_of(names: Iterable[object]) -> Iterator[str]:
    if said := [str(name) for name in names]:
        yield get_text_list(said, _("or"))


def _span(code: str, *ends: Any) -> str:
    said = [time_format(end) if code == "hour" and end else "" if end is None else number_format(end) for end in ends]
    return words.spanned(code, *said) if any(said) else ""
