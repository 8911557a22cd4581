"""Display rules in the admin: to those who may manage invitations, and to nobody else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.db.models import Max
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _

from consult.invitations import contradictions, dry_run, products, results, sentence, simulator, words
from consult.invitations.form import AT_FIRST, FIRST_GREETING, GreetingForm, Greetings, RowForm, RuleForm
from consult.invitations.models import MANAGE, Exposure, Greeting, Rule

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Rule]
    StackedInline = admin.StackedInline[Greeting, Rule]
else:
    ModelAdmin = admin.ModelAdmin
    StackedInline = admin.StackedInline


class ManagersAdmin:
    """One permission allows all of it."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(MANAGE)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MANAGE)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MANAGE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MANAGE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(MANAGE)


class GreetingInline(ManagersAdmin, StackedInline):
    model = Greeting
    form = GreetingForm
    formset = Greetings
    fields = [("variant", "moment"), "text"]
    extra = 1


@admin.register(Rule)
class RuleAdmin(ManagersAdmin, ModelAdmin):
    form = RuleForm
    inlines = [GreetingInline]
    list_display = ["name", "position", "is_on", "does"]
    list_editable = ["position", "is_on"]
    search_fields = ["name", "greetings__text"]
    show_add_link = True  # django-unfold shows no way to a new one otherwise
    change_form_template = "consult/rules/change_form.html"
    change_list_template = "consult/rules/change_list.html"
    # With titles: django-jazzmin makes a tab of each fieldset.
    fieldsets = [
        (_("Rule"), {"fields": ["name", ("is_on", "position"), ("valid_from", "valid_until")]}),
        (
            _("Who"),
            {
                "description": _("All of it has to fit. What is left empty doesn't matter."),
                "fields": [
                    "availability",
                    ("signed_in", "has_ordered"),
                    ("basket_total_min", "basket_total_max"),
                    ("basket_count_min", "basket_count_max"),
                    "segments",
                    ("countries", "regions"),
                    "languages",
                    "weekdays",
                    ("hour_from", "hour_until"),
                ],
            },
        ),
        (
            _("Where"),
            {
                "description": _(
                    "On these kinds of page and paths; everywhere if there are none. The exceptions always hold."
                ),
                "fields": ["page_kinds", "paths", "except_kinds", "except_paths", "devices"],
            },
        ),
        (
            _("When"),
            {
                "fields": [
                    "match",
                    ("page_seconds", "site_seconds"),
                    ("pages", "visits"),
                    "idle_seconds",
                    ("leaving", "leaving_touch"),
                    "referrer",
                    ("utm_source", "utm_medium", "utm_campaign"),
                ],
            },
        ),
        (
            _("How often"),
            {
                "classes": ["collapse"],
                "description": _("At most, for one visitor. The limits for all rules together hold besides."),
                "fields": [("per_visit", "per_30_days", "hours_apart"), "held_percent"],
            },
        ),
        (_("Then"), {"fields": ["result"]}),
    ]

    def get_urls(self) -> list[URLPattern]:
        return [
            self._path("simulator/", "simulator", simulator.view),
            self._path("results/", "results", results.view),
            self._path("<int:pk>/dry-run/", "dry_run", dry_run.view),
            *super().get_urls(),
        ]

    @admin.display(description=_("what it does"))
    def does(self, rule: Rule) -> str:
        return sentence.of(rule)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        last = Rule.objects.aggregate(last=Max("position"))["last"]
        position = 0 if last is None else last + 1
        return {**AT_FIRST, "position": position, **super().get_changeform_initial_data(request)}

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        """A greeting is proposed to a form that is shown, not to one that is sent: unchanged it would not be saved."""
        kwargs = super().get_formset_kwargs(request, obj, inline, prefix)
        if obj._state.adding and request.method == "GET":
            kwargs["initial"] = [{"text": FIRST_GREETING}]
        return kwargs

    def get_changelist_form(self, request: HttpRequest, **kwargs: Any) -> Any:
        return super().get_changelist_form(request, **{"form": RowForm, **kwargs})

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        """With somebody to read the greetings as."""
        greetings = words.greetings()
        context |= {
            "moments": [(greetings[value], label) for value, label in Greeting.Moment.choices if value in greetings],
            "products": sorted(map(str, products.some() or [])),  # as the tag would say them
        }
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: Rule, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        for other in _silencing(obj):
            warning = _("“%(other)s” is for everybody on every page: while it is on, this rule never fires.")
            messages.warning(request, warning % {"other": other})

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[Any], dict[str, int], set[str], list[Any]]:
        """Counted, not listed: a rule may have made a hundred thousand invitations."""
        rules = list(objs)
        invitations = Exposure.objects.filter(rule__in=rules).count()
        counts = {
            str(Rule._meta.verbose_name_plural): len(rules),
            str(Exposure._meta.verbose_name_plural): invitations,
        }
        return [str(rule) for rule in rules], counts, set(), []

    def _path(self, route: str, name: str, view: Callable[..., HttpResponse]) -> URLPattern:
        return path(route, self.admin_site.admin_view(partial(view, self)), name=f"consult_rule_{name}")


def _silencing(rule: Rule) -> list[Rule]:
    """The other rules that keep ``rule`` from ever inviting."""
    if not rule.is_on or rule.result != Rule.Result.INVITE:
        return []
    others = Rule.objects.filter(is_on=True).exclude(result=Rule.Result.INVITE).exclude(pk=rule.pk)
    return [other for other in others if contradictions.is_for_all(other)]
