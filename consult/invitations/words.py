"""What the server has to say of display rules: why one doesn't fit, and what stands around a greeting."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django.conf import settings
from django.utils.dates import WEEKDAYS
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from consult.invitations.audience import Verdict
from consult.invitations.models import Availability

SPANS = ("hour", "basket_total", "basket_count")


def reason(verdict: Verdict) -> str:
    """Why a rule doesn't fit, as a sentence; "" if it does."""
    code, wanted, found = verdict.reason, verdict.wanted, verdict.found
    if verdict.fits:
        return ""
    if code in ("signed_in", "has_ordered"):
        return of_the_person(code, wanted)
    sentence = sentences(int(found or 0) if code == "basket_count" else 0)[code if found else f"no {code}"]
    return sentence % {"wanted": told(code, wanted), "found": told(code, found)}


def of_the_person(code: str, wanted: str) -> str:
    return {
        ("signed_in", "yes"): _("The visitor is not signed in; the rule is for those who are."),
        ("signed_in", "no"): _("The visitor is signed in; the rule is for those who are not."),
        ("has_ordered", "yes"): _("The visitor has not ordered before; the rule is for returning customers."),
        ("has_ordered", "no"): _("The visitor has ordered before; the rule is for new customers."),
    }[code, wanted]


def sentences(count: int) -> dict[str, str]:
    """By the codes of ``audience``, "no" before those where nothing was found; ``count`` things lie in the basket."""
    return {
        "no off": _("The rule is switched off."),
        "not_yet": _("Today is %(found)s; the rule is valid from %(wanted)s."),
        "over": _("Today is %(found)s; the rule was valid until %(wanted)s."),
        "day": _("Today is %(found)s; the rule wants %(wanted)s."),
        "hour": _("It is %(found)s in the shop; the rule wants %(wanted)s."),
        "availability": _("The shop is “%(found)s”; the rule wants “%(wanted)s”."),
        "no availability": _("Whether somebody can answer is not known; the rule wants “%(wanted)s”."),
        "language": _("The page is in %(found)s; the rule wants %(wanted)s."),
        "no language": _("The language of the page is not known; the rule wants %(wanted)s."),
        "segment": _("The visitor belongs to %(found)s; the rule wants %(wanted)s."),
        "no segment": _("The visitor belongs to no segment; the rule wants %(wanted)s."),
        "country": _("The visitor is in %(found)s; the rule wants %(wanted)s."),
        "no country": _("The visitor's country is not known; the rule wants %(wanted)s."),
        "region": _("The visitor is in %(found)s; the rule wants %(wanted)s."),
        "no region": _("The visitor's region is not known; the rule wants %(wanted)s."),
        "basket_total": _("The basket comes to %(found)s; the rule wants %(wanted)s."),
        "no basket_total": _("What the basket comes to is not known; the rule wants %(wanted)s."),
        "basket_count": ngettext(
            "There is %(found)s thing in the basket; the rule wants %(wanted)s.",
            "There are %(found)s things in the basket; the rule wants %(wanted)s.",
            count,
        ),
        "no basket_count": _("How many things lie in the basket is not known; the rule wants %(wanted)s."),
    }


def told(code: str, said: str) -> str:
    """What a verdict wanted or found, as people write it. A span is "from–until", a list parted by ", "."""
    least, span, most = said.partition("–") if code in SPANS else (said, "", "")
    if span:
        return spanned(code, least and told(code, least), most and told(code, most))
    if said and code in ("not_yet", "over"):
        return date_format(date.fromisoformat(said))
    if said and code == "basket_total":
        return number_format(Decimal(said), decimal_pos=2)
    names: dict[str, dict[str, object]] = {
        "day": {str(day): name for day, name in WEEKDAYS.items()},
        "availability": dict(Availability.choices),
        "language": dict(settings.LANGUAGES),
    }
    return ", ".join(str(names.get(code, {}).get(one, one)) for one in said.split(", "))


def spanned(code: str, least: str, most: str) -> str:
    if least and most:
        return _("%(least)s to %(most)s") % {"least": least, "most": most}
    if code == "hour":
        return _("%(least)s or later") % {"least": least} if least else _("before %(most)s") % {"most": most}
    return _("%(least)s or more") % {"least": least} if least else _("%(most)s or less") % {"most": most}


def around() -> dict[str, str]:
    """What an invitation is called, and its two buttons."""
    return {"invitation": _("Invitation"), "accept": _("Start chat"), "decline": _("No, thanks")}


def greetings() -> dict[str, str]:
    """``{greeting}`` by the moments of the visitor's own clock."""
    return {
        "morning": _("Good morning"),
        "day": pgettext("greeting, 11 to 17 o'clock", "Good day"),
        "evening": _("Good evening"),
        "night": pgettext("greeting, 23 to 5 o'clock", "Hello"),
    }
