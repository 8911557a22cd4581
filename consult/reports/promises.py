"""The section on promises: how many were kept, and when, and by whom."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time

from django.utils.formats import number_format, time_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from consult.away import kept
from consult.away.kept import Figures, Kept, Made
from consult.invitations import intervals
from consult.invitations.results import NO_BREAK, Cell, hundredths, percent


@dataclass(frozen=True)
class Row:
    name: str
    cells: list[Cell]

    @classmethod
    def of(cls, name: str, figures: Figures) -> Row:
        times = [_minutes(figures.promised), _minutes(figures.waited)]
        return cls(name, [_share(figures.first), _share(figures.again), *times])


@dataclass(frozen=True)
class Section:
    """``left``: how many first promises nobody can judge."""

    summary: str
    left: int
    by_hour: list[Row]
    by_operator: list[Row]

    @classmethod
    def of(cls, made: Iterable[Made]) -> Section:
        made = list(made)
        figures = Figures.of(made)
        return cls(
            _summary(figures.first),
            figures.first.left,
            [Row.of(_hour(hour), each) for hour, each in kept.by_hour(made)],
            [Row.of(name or _("Nobody answered"), each) for name, each in kept.by_operator(made)],
        )


def _summary(first: Kept) -> str:
    share = intervals.share(first.kept, first.judged)
    if share is None:
        return ""
    return ngettext(
        "%(share)s of %(judged)s first promise was kept.",
        "%(share)s of %(judged)s first promises were kept.",
        first.judged,
    ) % {"share": percent(share.point), "judged": number_format(first.judged, force_grouping=True)}


def _share(of: Kept) -> Cell:
    share = intervals.share(of.kept, of.judged)
    if share is None:
        return Cell("–")
    between = _("%(low)s to %(high)s") % {"low": hundredths(share.low), "high": percent(share.high)}
    counts = _("%(kept)s of %(judged)s") % {"kept": number_format(of.kept), "judged": number_format(of.judged)}
    bar = (round(share.low * 100), round(share.high * 100), round(share.point * 100))
    return Cell(percent(share.point), f"{counts}; {between}", bar)


def _minutes(number: float | None) -> Cell:
    if number is None:
        return Cell("–")
    words = pgettext("minutes", "%(number)s min") % {"number": number_format(round(number, 1), 1)}
    return Cell(words.replace(" ", NO_BREAK))


def _hour(hour: int) -> str:
    return "–".join(time_format(time(of % 24), "TIME_FORMAT") for of in (hour, hour + 1))
