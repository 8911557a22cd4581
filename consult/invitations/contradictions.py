"""What can't be meant: a rule that contradicts itself, is for everybody at once, or could never fire."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from django.conf import settings
from django.contrib.admin.utils import label_for_field
from django.utils.formats import time_format
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from consult.conf import conf
from consult.invitations import pattern
from consult.invitations.models import Availability, Device, Rule

DAY = 24 * 60 * 60  # seconds; nobody looks at one page for longer

# The least that is a condition at all, for what is counted.
COUNTED = {"page_seconds": 1, "site_seconds": 1, "pages": 2, "visits": 2, "idle_seconds": 1}
WHEN = (*COUNTED, "leaving", "leaving_touch", "referrer", "utm_source", "utm_medium", "utm_campaign")
WHO_AND_WHERE = (
    *("valid_from", "valid_until", "signed_in", "has_ordered", "segments", "countries", "regions", "languages"),
    *("basket_total_min", "basket_total_max", "basket_count_min", "basket_count_max"),
    *("weekdays", "hour_from", "hour_until"),
    *("page_kinds", "paths", "except_kinds", "except_paths", "devices"),
)


def of(rule: Rule, today: date) -> Iterator[tuple[str, str]]:
    """Each with the column to right it in, as a sentence. ``today`` is the shop's."""
    yield from _of_time(rule, today)
    yield from _of_spans(rule)
    yield from _of_the_shop(rule)
    yield from _of_pages(rule)
    yield from _of_leaving(rule)
    yield from _of_when(rule)


def is_for_all(rule: Rule) -> bool:
    """Whether it fits everybody, on every page."""
    free = all(getattr(rule, name) in (None, []) for name in WHO_AND_WHERE)
    return free and not {*Availability.values}.difference(rule.availability or Availability.values)


def _of_time(rule: Rule, today: date) -> Iterator[tuple[str, str]]:
    if rule.valid_from and rule.valid_until and rule.valid_from > rule.valid_until:
        yield "valid_until", _("This day is before the first.")
    elif rule.is_on and rule.valid_until and rule.valid_until < today:
        yield (
            "valid_until",
            _("This day is over: the rule would never be applied. Switch it off, or name a later day."),
        )
    if rule.hour_from and rule.hour_until and rule.hour_from >= rule.hour_until:
        sentence = _(
            "The rule begins at %(from)s and must end later. Midnight is an empty field; a night takes two rules."
        )
        yield "hour_until", sentence % {"from": time_format(rule.hour_from)}


def _of_spans(rule: Rule) -> Iterator[tuple[str, str]]:
    for name in ("basket_total", "basket_count"):
        least, most = getattr(rule, f"{name}_min"), getattr(rule, f"{name}_max")
        if least is not None and most is not None and least > most:
            yield f"{name}_max", _("This is less than where it begins, which is %(least)s.") % {"least": least}


def _of_the_shop(rule: Rule) -> Iterator[tuple[str, str]]:
    """Of whom the shop can't tell what the rule wants to know, it holds never."""
    finds_place = conf.PLACE or getattr(settings, "GEOIP_PATH", None)
    sentence = _("Here nobody can tell, so the rule would never fire: a developer sets %(setting)s.")
    if rule.has_ordered and not conf.ORDER_MODEL:
        yield "has_ordered", sentence % {"setting": "CONSULT['ORDER_MODEL']"}
    if rule.countries and not (finds_place or conf.COUNTRY_HEADER):
        yield "countries", sentence % {"setting": "CONSULT['COUNTRY_HEADER']"}
    if rule.regions and not finds_place:
        yield "regions", sentence % {"setting": "CONSULT['PLACE']"}
    for name in ("basket_total_min", "basket_total_max", "basket_count_min", "basket_count_max"):
        if getattr(rule, name) is not None and not conf.BASKET:
            yield name, sentence % {"setting": "CONSULT['BASKET']"}


def _of_pages(rule: Rule) -> Iterator[tuple[str, str]]:
    if both := [kind for kind in rule.page_kinds if kind in rule.except_kinds]:
        sentence = _("Wanted and excluded: %(kinds)s. Take it out of one of the two.")
        yield "except_kinds", sentence % {"kinds": ", ".join(both)}
    for wanted in rule.paths:
        for excluded in rule.except_paths:
            if pattern.covers(excluded, wanted):
                sentence = _("“%(excluded)s” excludes all that fits “%(wanted)s”. Take one of the two out.")
                yield "except_paths", sentence % {"excluded": excluded, "wanted": wanted}


def _of_leaving(rule: Rule) -> Iterator[tuple[str, str]]:
    touched = {Device.PHONE, Device.TABLET}.intersection(rule.devices or Device.values)
    if rule.leaving_touch and not rule.leaving:
        yield "leaving_touch", _("This adds phones to “about to leave”: choose that too.")
    elif rule.leaving_touch and not touched:
        yield "leaving_touch", _("The rule is for computers only: there it would never fire.")
    elif rule.leaving and not rule.leaving_touch and touched.issuperset(rule.devices or Device.values):
        yield "leaving", _("On phones and tablets it would never fire: choose “on phones too”.")
    if rule.leaving and not rule.leaving_touch and rule.idle_seconds and rule.match == Rule.Match.ALL:
        yield "idle_seconds", _("No pointer leaves without a move. Choose one of the two, or “any of these”.")


def _of_when(rule: Rule) -> Iterator[tuple[str, str]]:
    waits_for = [name for name in WHEN if getattr(rule, name) not in (None, "", False)]
    if rule.result != Rule.Result.INVITE:
        if waits_for:
            labels = get_text_list([str(label_for_field(name, Rule)) for name in waits_for], _("and"))
            sentence = _("“%(result)s” holds from the moment a page opens. Empty under “When”: %(conditions)s.")
            yield "result", sentence % {"result": rule.get_result_display(), "conditions": labels}
        return
    if not waits_for:
        yield "page_seconds", _("Everybody would be greeted at once. Wait for something, such as 25 seconds.")
    for name, least in COUNTED.items():
        wanted = getattr(rule, name)
        if wanted is not None and wanted < least:
            yield name, _("That is always so. Leave it empty, or write %(least)d or more.") % {"least": least}
        if wanted is not None and name.endswith("seconds") and wanted > DAY:
            yield name, _("Nobody stays for so long: write %(most)d seconds or less.") % {"most": DAY}
