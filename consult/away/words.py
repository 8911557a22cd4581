"""What is said of whether somebody can answer: to visitors, and to those who work in the shop."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext

from consult.away import hours
from consult.chat.presence import AWAY, BUSY, Presence

TIME = "G:i"  # short, and the same everywhere: every page of the shop carries it
A_WEEK = 7  # days: for fewer the weekday says which

# Whole phrases: in many languages the day, and the word before it, change with one another. 0 is Monday.
ON = (
    gettext_lazy("on Monday at %(time)s"),
    gettext_lazy("on Tuesday at %(time)s"),
    gettext_lazy("on Wednesday at %(time)s"),
    gettext_lazy("on Thursday at %(time)s"),
    gettext_lazy("on Friday at %(time)s"),
    gettext_lazy("on Saturday at %(time)s"),
    gettext_lazy("on Sunday at %(time)s"),
)


def text(presence: Presence) -> str:
    """What visitors read."""
    if presence.state == BUSY:
        return busy(presence.minutes)
    if presence.state == AWAY:
        return away(presence)
    return _("Somebody is here to answer you now.")


def busy(minutes: int | None) -> str:
    if minutes is None:
        return _("All consultants are busy. Ask, and the next one who is free answers.")
    return ngettext(
        "All consultants are busy. If you ask now, an answer takes about %(number)d minute.",
        "All consultants are busy. If you ask now, an answer takes about %(number)d minutes.",
        minutes,
    ) % {"number": minutes}


def away(presence: Presence) -> str:
    if presence.back_at is None or presence.in_days is None:
        return _("Nobody is here right now. Leave your question, and the answer comes by e-mail.")
    return _("We are back %(when)s.") % {"when": when(presence.back_at, presence.in_days)}


def why(presence: Presence) -> str:
    """For those who work in the shop."""
    return {
        "free": _("An operator is available."),
        "seats_taken": _("All operators have as many conversations as they can."),
        "long_wait": _("An answer is likely to take longer than visitors are to wait."),
        "nobody": _("No operator is available."),
        "hours": _("It is outside the opening hours."),
        "holiday": _("Today is a special day."),
        "override": _("A manager closed the shop for now."),
    }[presence.reason]


def to_operators(presence: Presence) -> str:
    """Why visitors don't see those who are here; "" if they do, or nobody is."""
    if presence.state != AWAY or presence.reason == "nobody":
        return ""
    return _("%(why)s Visitors read: “%(text)s”") % {"why": why(presence), "text": text(presence)}


def coming(week: hours.Week, now: datetime) -> str:
    """What changes next without anybody's doing."""
    if hours.is_open(week, now):
        closes = hours.closes(week, now)
        if closes is None:
            return _("The shop is always open.")
        return _("The shop closes %(when)s.") % {"when": when(closes, hours.days_until(week, now, closes))}
    opens = hours.opens(week, now)
    if opens is None:
        return _("The shop does not open again within a year.")
    return _("The shop opens %(when)s.") % {"when": when(opens, hours.days_until(week, now, opens))}


def when(moment: datetime, in_days: int) -> str:
    """``moment`` by the shop's clock, ``in_days`` from today."""
    then = timezone.localtime(moment, timezone.get_default_timezone())
    if in_days == 0:
        phrase = _("today at %(time)s")
    elif in_days == 1:
        phrase = _("tomorrow at %(time)s")
    elif in_days < A_WEEK:
        phrase = str(ON[then.weekday()])
    else:
        phrase = _("on %(date)s at %(time)s")
    return phrase % {"time": date_format(then, TIME), "date": date_of(then)}


def date_of(day: date) -> str:
    """Without the year, as it stands in a sentence: where Django's own format is for headings, a translation names
    another (Russian: 4 января, not 4 Январь).
    """
    return date_format(day, pgettext("format of a date", "MONTH_DAY_FORMAT"))
