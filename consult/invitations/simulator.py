"""A page of the admin that answers: which rule would fire for this visitor, and why not the others?

It decides nothing by itself: whom a rule is for is for ``audience`` to say, how often for ``caps``, where and when for
the very ``trigger.js`` that the shop's pages run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from consult.invitations import audience, book, caps, current, words
from consult.invitations.caps import Decision, Terms
from consult.invitations.models import MANAGE, Rule
from consult.invitations.situation import Situation

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin


@dataclass(frozen=True)
class Trial:
    """A rule, and why the server would keep it from this visitor; "" if it would not."""

    rule: Rule
    refusal: str


def view(model_admin: ModelAdmin, request: HttpRequest) -> TemplateResponse:
    """The situation as a form, which stands in the address, and what each rule makes of it."""
    if not request.user.has_perm(MANAGE):
        raise PermissionDenied
    request.current_app = model_admin.admin_site.name
    form = Situation(request.GET)
    rules = list(Rule.objects.prefetch_related("greetings"))
    context = model_admin.admin_site.each_context(request) | {
        "title": _("Try the rules"),
        "opts": model_admin.opts,
        "form": form,
        "kinds": sorted({kind for rule in rules for kind in (*rule.page_kinds, *rule.except_kinds)}),
        **(told(form, rules) if form.is_valid() else {}),
    }
    return TemplateResponse(request, "consult/rules/simulator.html", context)


def told(form: Situation, rules: list[Rule]) -> dict[str, Any]:
    """What the server makes of it, and what it leaves to the browser."""
    trials = [Trial(rule, refusal(rule, form)) for rule in rules]
    left = [current.as_sent(trial.rule) for trial in trials if not trial.refusal]
    situation = {
        "rules": left,
        "facts": form.page,
        "hour": form.cleaned_data["now"].hour,
        "values": form.values,
        "greetings": form.greetings,
    }
    return {"trials": trials, "situation": situation}


def refusal(rule: Rule, form: Situation) -> str:
    """The one reason why the server would not let ``rule`` do anything, as a sentence; "" if it would."""
    verdict = audience.judge(rule, form.facts)
    if not verdict.fits or rule.result != Rule.Result.INVITE:
        return words.reason(verdict)
    terms = book.terms(rule)
    decision = caps.decide(form.past(rule), rule.pk, form.moment, terms, form.talked_at)
    return "" if decision.show else too_often(decision, terms)


def too_often(decision: Decision, terms: Terms) -> str:
    """Why nobody is to be invited any more, as a sentence."""
    hours, own_hours = terms.all.hours_apart, terms.one.hours_apart
    return {
        "talking": _("The visitor has talked with the shop in the last 24 hours."),
        "dismissed": _("The visitor has closed an invitation, and is left in peace."),
        "per_visit": _("In this visit all rules together have shown as many invitations as they may: %(most)s.")
        % {"most": terms.all.per_visit},
        "per_30_days": _("In 30 days all rules together have shown as many invitations as they may: %(most)s.")
        % {"most": terms.all.per_30_days},
        "hours_apart": ngettext(
            "The last invitation of any rule is less than %(hours)s hour ago.",
            "The last invitation of any rule is less than %(hours)s hours ago.",
            hours,
        )
        % {"hours": hours},
        "rule_per_visit": _("In this visit this rule has shown as many invitations as it may: %(most)s.")
        % {"most": terms.one.per_visit},
        "rule_per_30_days": _("In 30 days this rule has shown as many invitations as it may: %(most)s.")
        % {"most": terms.one.per_30_days},
        "rule_hours_apart": ngettext(
            "The last invitation of this rule is less than %(hours)s hour ago.",
            "The last invitation of this rule is less than %(hours)s hours ago.",
            own_hours,
        )
        % {"hours": own_hours},
    }[decision.reason]
