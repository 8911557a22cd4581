"""A moment of somebody's visit, as a manager imagines it, to try the display rules on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.validators import MaxValueValidator, MinValueValidator
from django.forms import BoundField
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from consult.chat import presence
from consult.conf import conf
from consult.invitations import facts, products, words
from consult.invitations.audience import Basket, Facts, Place
from consult.invitations.caps import Moment, Past
from consult.invitations.models import Availability, Device, Rule

BROWSER = UUID(int=0)  # of the visitor who is imagined
LONG_AGO = timedelta(days=29)  # and yet within the 30 days that count
DAY = 24 * 60 * 60  # seconds
# So that there is time before and after.
EARLIEST, LATEST = datetime(1970, 1, 1, tzinfo=UTC), datetime(9998, 1, 1, tzinfo=UTC)


def usual() -> dict[str, str]:
    """Where a manager begins: about to be invited by the most usual rule, in the shop as it is now."""
    return {
        "kind": "product",
        "page_s": "25",
        "site_s": "60",
        "pages": "3",
        "language": translation.get_supported_language_variant(settings.LANGUAGE_CODE),
        "availability": presence.now().state,
        "device": Device.COMPUTER,
    }


def number(label: Any, most: int, least: int = 0, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, min_value=least, max_value=most, required=False, **options)


def line(label: Any, **attributes: str) -> forms.CharField:
    widget = forms.TextInput({"dir": "auto", "autocomplete": "off"} | attributes)
    return forms.CharField(label=label, max_length=200, required=False, widget=widget)


def choice(label: Any, choices: Callable[[], Iterable[tuple[str, Any]]]) -> forms.ChoiceField:
    return forms.ChoiceField(label=label, choices=lambda: [("", _("not known")), *choices()], required=False)


class Situation(forms.Form):
    """Whatever is left out is not known, or not so."""

    kind = line(_("Kind of page"), list="consult-trial-kinds")
    path = line(_("Path"), placeholder="/lamps/heron/")
    title = line(_("Page title"))
    product: Any = forms.ModelChoiceField(None, label=_("Product"), required=False, empty_label=_("none"))

    page_s = number(_("Seconds on the page"), DAY)
    site_s = number(_("Seconds on the site"), DAY)
    pages = number(_("Pages viewed"), 10_000, 1)
    visits = number(_("Visits"), 10_000, 1)
    idle_s = number(_("Seconds without a move"), DAY)
    device = choice(_("Device"), lambda: Device.choices)
    leaving = forms.BooleanField(label=_("About to leave"), required=False)

    referrer = line(_("Came from"), placeholder="https://search.example/")
    utm_source = line("utm_source")
    utm_medium = line("utm_medium")
    utm_campaign = line("utm_campaign")

    name = line(_("Name"))
    language = choice(_("Language of the page"), lambda: settings.LANGUAGES)
    country = line(_("Country"), maxlength="2", placeholder="DE")
    region = line(_("Region"))
    signed_in = forms.BooleanField(label=_("Signed in"), required=False)
    has_ordered = forms.BooleanField(label=_("Has ordered before"), required=False)
    segments = forms.MultipleChoiceField(
        label=_("Segments"),
        choices=lambda: [(name, name) for name in conf.SEGMENTS],
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    basket_total = forms.DecimalField(
        label=_("Total of the basket"), min_value=0, max_digits=12, decimal_places=2, required=False
    )
    basket_count = number(_("Things in the basket"), 10_000)

    now = forms.DateTimeField(
        label=_("Time"),
        required=False,
        help_text=_("In the shop's time zone; empty: now"),
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
    )
    availability = choice(_("Availability"), lambda: Availability.choices)

    shown_visit = number(_("Shown in this visit"), 100)
    shown_30_days = number(_("Shown in 30 days"), 1000)
    hours_ago = number(_("Hours since the last"), 30 * 24)
    shown_rule: Any = forms.ModelChoiceField(
        Rule.objects.all(), label=_("By the rule"), required=False, empty_label=_("each that is tried")
    )
    closed_days = number(_("Days since they closed one"), 10_000, help_text=_("0: in this visit; empty: never"))
    has_talked = forms.BooleanField(label=_("Talked with the shop in the last 24 hours"), required=False)

    groups_of = {
        _("The page"): ("kind", "path", "title", "product"),
        _("The visit"): ("page_s", "site_s", "pages", "visits", "idle_s", "device", "leaving"),
        _("Where they came from"): ("referrer", "utm_source", "utm_medium", "utm_campaign"),
        _("The visitor"): ("name", "language", "country", "region", "signed_in", "has_ordered", "segments"),
        _("The basket"): ("basket_total", "basket_count"),
        _("The shop"): ("now", "availability"),
        _("Invitations so far"): (
            *("shown_visit", "shown_30_days", "hours_ago", "shown_rule"),
            *("closed_days", "has_talked"),
        ),
    }

    def __init__(self, asked: Any) -> None:
        super().__init__(asked or usual(), auto_id="consult-trial-%s", label_suffix="", use_required_attribute=False)
        product: Any = self.fields["product"]
        product.queryset = products.some()
        if product.queryset is None:
            self.fields["product"] = line(_("Product"))
        if not conf.SEGMENTS:
            del self.fields["segments"]

    @property
    def groups(self) -> dict[str, list[BoundField]]:
        """The fields as they stand together, by the legend above them."""
        return {
            str(legend): [self[name] for name in names if name in self.fields]
            for legend, names in self.groups_of.items()
        }

    def clean_now(self) -> datetime:
        """In the shop's time zone, whatever the manager's is."""
        asked, shops = self.cleaned_data["now"], timezone.get_default_timezone()
        return timezone.make_aware(timezone.make_naive(asked), shops) if asked else facts.now()

    def clean(self) -> dict[str, Any]:
        asked = self.cleaned_data
        for part, whole, refusal in (
            ("page_s", "site_s", _("It can't be less than on the page, which is a part of the site.")),
            ("shown_visit", "shown_30_days", _("It can't be less than in this visit, which is a part of them.")),
        ):
            if asked.get(whole) is None:
                asked[whole] = asked.get(part)
            elif asked[whole] < (asked.get(part) or 0):
                self.add_error(whole, refusal)
        return asked

    @property
    def facts(self) -> Facts:
        """What the shop would know."""
        asked = self.cleaned_data
        total, count = asked["basket_total"], asked["basket_count"]
        return Facts(
            now=asked["now"],
            language=asked["language"],
            availability=asked["availability"],
            signed_in=asked["signed_in"],
            has_ordered=asked["has_ordered"],
            segments=frozenset(asked.get("segments", ())),
            place=Place(asked["country"].upper(), asked["region"]),
            basket=None if total is None and count is None else Basket(total or Decimal(), count or 0),
        )

    @property
    def page(self) -> dict[str, Any]:
        """What the browser would know, in the words of ``trigger.js``."""
        asked = self.cleaned_data
        address = getattr(asked["product"], "get_absolute_url", str)
        return {
            **{name: asked[name] for name in ("kind", "referrer", "device", "leaving")},
            **{name: asked[name] or 0 for name in ("page_s", "site_s", "idle_s")},
            **{name: asked[name] or 1 for name in ("pages", "visits")},
            "path": asked["path"] or address(),
            "utm": {part: asked[f"utm_{part}"] for part in ("source", "medium", "campaign")},
        }

    @property
    def values(self) -> dict[str, str]:
        """What greetings would say of the visitor and the page, by their variables."""
        asked = self.cleaned_data
        return {
            "name": asked["name"],
            "region": asked["region"],
            "product": str(asked["product"] or ""),
            "page title": asked["title"],
        }

    @property
    def greetings(self) -> dict[str, str]:
        with translation.override(self.cleaned_data["language"] or None):
            return words.greetings()

    @property
    def moment(self) -> Moment:
        return Moment(self.cleaned_data["now"], BROWSER, self.page["visits"])

    @property
    def talked_at(self) -> datetime | None:
        return self.cleaned_data["now"] if self.cleaned_data["has_talked"] else None

    def past(self, rule: Rule) -> list[Past]:
        """The invitations that the visitor has had, when ``rule`` is tried."""
        asked, now, visit = self.cleaned_data, self.cleaned_data["now"], self.page["visits"]
        by = (asked["shown_rule"] or rule).pk
        here, older = asked["shown_visit"] or 0, (asked["shown_30_days"] or 0) - (asked["shown_visit"] or 0)
        hours = asked["hours_ago"]
        latest = now - (timedelta(hours=hours) if hours is not None else timedelta() if here else LONG_AGO)
        seen = [Past(by, BROWSER, visit, latest)] * here
        seen += [Past(by, BROWSER, visit - 1, now - LONG_AGO if here else latest)] * older
        if asked["closed_days"] is not None:
            closed = now - timedelta(days=asked["closed_days"])
            seen.append(Past(by, BROWSER, visit - bool(asked["closed_days"]), closed, closed))
        return seen
