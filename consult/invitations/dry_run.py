"""A page of the admin that answers: which of last week's invitations would a rule still have shown, as it is typed?

Like the simulator it decides nothing by itself: ``audience`` and ``trigger.js`` judge what they judged then, as it was
written down. What a wider rule would have shown besides is written down nowhere.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from consult.chat.models import VIEW_ALL, Conversation
from consult.invitations import audience, current, form, outcome, words
from consult.invitations.audience import Facts, Verdict
from consult.invitations.models import MANAGE, Exposure, Rule

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Any]
else:
    ModelAdmin = admin.ModelAdmin

WEEK = timedelta(days=7)
NEWEST = 500  # invitations judged at once
UNKNOWN = "unknown"

# What a rule can fail by, in the order in which it is judged: by the codes of ``audience`` and of ``trigger.js``.
CONDITIONS: dict[str, str | Promise] = {
    UNKNOWN: gettext_lazy("what it was judged by is not known"),
    "off": gettext_lazy("switched off"),
    "not_yet": gettext_lazy("valid from"),
    "over": gettext_lazy("valid until"),
    "day": gettext_lazy("days"),
    "hour": gettext_lazy("hours"),
    "availability": gettext_lazy("availability"),
    "language": gettext_lazy("languages"),
    "signed_in": gettext_lazy("signed in"),
    "has_ordered": gettext_lazy("has ordered before"),
    "segment": gettext_lazy("segments"),
    "country": gettext_lazy("countries"),
    "region": gettext_lazy("regions"),
    "basket_total": gettext_lazy("total of the basket"),
    "basket_count": gettext_lazy("things in the basket"),
    "kind": gettext_lazy("kinds of page"),
    "path": gettext_lazy("paths"),
    "excluded": gettext_lazy("pages that are excluded"),
    "device": gettext_lazy("devices"),
    "page_s": gettext_lazy("seconds on the page"),
    "site_s": gettext_lazy("seconds on the site"),
    "pages": gettext_lazy("pages viewed"),
    "visits": gettext_lazy("visits"),
    "leaving": gettext_lazy("about to leave"),
    "idle_s": gettext_lazy("seconds without a move"),
    "referrer": gettext_lazy("referrer contains"),
    "utm": pgettext_lazy("UTM", "campaign"),
}


@dataclass(frozen=True)
class Case:
    """An invitation of last week, and what the server makes of it today."""

    exposure: Exposure
    verdict: Verdict

    @property
    def reason(self) -> str:
        if self.verdict.reason == UNKNOWN:
            return _("What it was judged by is not known.")
        return words.reason(self.verdict)

    @property
    def page(self) -> dict[str, Any]:
        """What the browser knew."""
        known: dict[str, Any] = self.exposure.facts.get("page", {})
        return known


def view(model_admin: ModelAdmin, request: HttpRequest, pk: int) -> TemplateResponse:
    """The rule as it stands in the form that was sent, unsaved; by a link the rule as it is stored."""
    if not request.user.has_perm(MANAGE):
        raise PermissionDenied
    request.current_app = model_admin.admin_site.name
    rule = get_object_or_404(Rule.objects.prefetch_related("greetings"), pk=pk)
    context = model_admin.admin_site.each_context(request) | {
        "title": _("Dry run: %(rule)s") % {"rule": rule},
        "opts": model_admin.opts,
        "rule": rule,
        "reads": request.user.has_perm(VIEW_ALL),
    }
    typed = form.Typed(request.POST, rule) if request.method == "POST" else None
    if typed and not typed.is_valid():
        context["sentences"] = typed.sentences()
    else:
        context |= told(rule)
    return TemplateResponse(request, "consult/rules/dry_run.html", context)


def told(rule: Rule) -> dict[str, Any]:
    """What the server makes of last week's invitations, and what it leaves to the browser."""
    week = of_last_week(rule)
    cases = [Case(exposure, judge(rule, exposure)) for exposure in week[:NEWEST]]
    counts = Counter(case.verdict.reason for case in cases)
    left = {case.exposure.pk: case.page for case in cases if case.verdict.fits}
    return {
        "invites": rule.result == Rule.Result.INVITE,
        "cases": cases,
        "all": len(cases) if len(cases) < NEWEST else week.count(),
        "counts": [(code, label, counts[code]) for code, label in CONDITIONS.items()],
        "recorded": {"rule": current.as_sent(rule), "cases": left},
    }


def of_last_week(rule: Rule) -> QuerySet[Exposure]:
    """Shown or held back, the newest first, each with the conversation (pk) that followed."""
    followed = Conversation.objects.filter(
        outcome.SAME_VISITOR,
        opened_at__gte=OuterRef("shown_at"),
        opened_at__lt=OuterRef("shown_at") + outcome.TALKED_WITHIN,
    )
    week = Exposure.objects.filter(rule=rule.pk, shown_at__gte=timezone.now() - WEEK)
    return week.order_by("-shown_at", "-pk").annotate(conversation=Subquery(followed.order_by("pk").values("pk")[:1]))


def judge(rule: Rule, exposure: Exposure) -> Verdict:
    """Whether ``rule`` is for whom it was shown to, as they were known then."""
    try:
        known = Facts.from_json(exposure.facts["audience"])
    except KeyError:  # another version wrote it down
        return Verdict(fits=False, reason=UNKNOWN)
    return audience.judge(rule, known)
