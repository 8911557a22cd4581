"""The page on which managers read what came of the invitations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from consult.conf import conf
from consult.invitations import facts, outcome
from consult.invitations.intervals import Interval
from consult.invitations.models import MANAGE
from consult.invitations.outcome import Figures, Outcome, Span

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin

Worded = Callable[[float], str]

READ = "consult.view_reports"
SPANS = (7, 30, 90)  # days until today
USUAL = 30
NO_BREAK = "\xa0"
YEARS = date(2000, 1, 1), date(2999, 12, 31)  # beyond which a time zone has no midnight, or a day no morrow


def day(label: Any) -> forms.DateField:
    return forms.DateField(
        label=label,
        widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"),
        validators=[MinValueValidator(YEARS[0]), MaxValueValidator(YEARS[1])],
    )


class Days(forms.Form):
    """From which day to which, of the shop's time zone."""

    first = day(pgettext_lazy("date", "From"))
    last = day(pgettext_lazy("date", "Until"))

    def clean(self) -> dict[str, Any]:
        first, last = self.cleaned_data.get("first"), self.cleaned_data.get("last")
        if first and last and first > last:
            raise ValidationError(gettext_lazy("The first day comes after the last one: swap them."))
        return self.cleaned_data


@dataclass(frozen=True)
class Cell:
    """A figure; between what it lies; and, in hundredths of the widest in its row, where that begins, ends and is."""

    text: str
    between: str = ""
    bar: tuple[int, int, int] | None = None


@dataclass(frozen=True)
class Column:
    """What the figures of a column are of: a variant and its greeting, all of them, or the held out."""

    name: str
    greeting: str
    figures: Figures
    held: bool = False


@dataclass(frozen=True)
class Table:
    """What came of one rule."""

    outcome: Outcome
    effect: str
    columns: list[Column]
    rows: list[tuple[str, list[Cell]]]

    @classmethod
    def of(cls, found: Outcome) -> Table:
        columns = list(_columns(found))
        return cls(found, effect(found), columns, list(_rows(columns)))


def view(model_admin: ModelAdmin[Any], request: HttpRequest) -> TemplateResponse:
    """For the days that the address names, or else the last 30."""
    if not (request.user.has_perm(MANAGE) or request.user.has_perm(READ)):
        raise PermissionDenied
    request.current_app = model_admin.admin_site.name
    usual = _last(USUAL)
    form = Days(request.GET if request.GET else usual)
    chosen = form.cleaned_data if form.is_valid() else usual
    found = outcome.of(Span.of(chosen["first"], chosen["last"]))
    context = model_admin.admin_site.each_context(request) | {
        "title": _("What came of the invitations"),
        "opts": model_admin.opts,
        "form": form,
        "spans": [(days, _last(days), _last(days) == chosen) for days in SPANS],
        "chosen": chosen,
        "tables": [Table.of(one) for one in found if one.exposures],
        "idle": [one.rule for one in found if not one.exposures],
        "assisted_days": conf.ASSISTED_DAYS,
    }
    return TemplateResponse(request, "consult/rules/results.html", context)


def effect(found: Outcome) -> str:
    """What the invitation does, in a sentence that promises no more than the figures do."""
    if not found.held.shown:
        return _("Nobody was held out: without a comparison nobody knows who would have ordered anyway.")
    invited, held, more = found.invited.share("ordered"), found.held.share("ordered"), found.effect
    if invited is None or held is None or more is None:
        return _("Everybody was held out: there is nothing to compare with yet.")
    verdict = {1: _("the invitation helps"), 0: _("not certain yet"), -1: _("the invitation does harm")}[more.sign]
    return _(
        "%(invited)s of the invited ordered, %(held)s of the held out: "
        "%(more)s points (%(low)s to %(high)s): %(verdict)s."
    ) % {
        "invited": percent(invited.point),
        "held": percent(held.point),
        "more": points(more.point),
        "low": points(more.low),
        "high": points(more.high),
        "verdict": verdict,
    }


def percent(share: float) -> str:
    return (_("%(number)s %%") % {"number": hundredths(share)}).replace(" ", NO_BREAK)


def hundredths(share: float) -> str:
    return _rounded(share * 100, 1)


def points(share: float) -> str:
    """Hundredths with their sign, as a difference of shares is told."""
    shown = round(share * 100, 1)
    return f"{'−' if shown < 0 else '+'}{_rounded(abs(shown), 1)}"


def money(amount: float | Decimal) -> str:
    """In the shop's currency, which is not ours to know."""
    return _rounded(amount, 2)


def _rounded(number: float | Decimal, places: int) -> str:
    return number_format(f"{number:.{places}f}", places, force_grouping=True)  # by itself it cuts off


def _last(days: int) -> dict[str, date]:
    today = facts.now().date()
    return {"first": today - timedelta(days=days - 1), "last": today}


def _columns(found: Outcome) -> Iterator[Column]:
    said = {greeting.variant: greeting.text for greeting in found.rule.greetings.all() if not greeting.moment}
    for letter, figures in found.variants.items():
        yield Column(letter if len(found.variants) > 1 else _("Invited"), said.get(letter, ""), figures)
    if len(found.variants) > 1:
        yield Column(_("Together"), "", found.invited)
    if found.held.shown:
        yield Column(_("Held out"), "", found.held, held=True)


def _rows(columns: list[Column]) -> Iterator[tuple[str, list[Cell]]]:
    """A measure each."""
    every = [column.figures for column in columns]
    seen = [Figures() if column.held else column.figures for column in columns]  # nobody closes what isn't shown
    yield _("How many"), [_count(one.shown) for one in every]
    yield _("Accepted"), _shares("accepted", seen)
    yield pgettext("invitation", "Closed"), _shares("dismissed", seen)
    yield _("A conversation followed"), _shares("talked", every)
    yield _("An order followed"), _shares("ordered", every)
    yield _("Orders"), [_count(one.orders) for one in every]
    yield _("Revenue"), [Cell(money(one.revenue)) for one in every]
    yield _("Revenue for each visitor"), _cells([one.revenue_each for one in every], money, money)


def _count(number: int) -> Cell:
    return Cell(number_format(number, force_grouping=True))


def _shares(of: str, figures: list[Figures]) -> list[Cell]:
    return _cells([one.share(of) for one in figures], percent, hundredths)


def _cells(found: list[Interval | None], worded: Worded, bare: Worded) -> list[Cell]:
    """As far as they are known; ``bare`` says a figure without its unit."""
    widest = max((one.high for one in found if one), default=0) or 1
    return [_cell(one, worded, bare, 100 / widest) if one else Cell("–") for one in found]


def _cell(one: Interval, worded: Worded, bare: Worded, scale: float) -> Cell:
    between = _("%(low)s to %(high)s") % {"low": bare(one.low), "high": worded(one.high)}
    return Cell(
        worded(one.point),
        f"≈ {between}" if one.rough else between,
        (round(one.low * scale), round(one.high * scale), round(one.point * scale)),
    )
