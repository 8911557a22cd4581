"""The schedule in the admin: one page, for who may change it."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin.widgets import AdminTextareaWidget, AdminTimeWidget
from django.contrib.auth import get_user_model
from django.db import models
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from consult.away import now, words
from consult.away.form import HoursForm, HoursFormSet, OverrideForm, SpecialDayForm, SpecialDayFormSet, StepForm
from consult.away.models import Hours, Override, Schedule, Seats, SpecialDay, Step

if TYPE_CHECKING:
    ModelAdmin = admin.ModelAdmin[Schedule]
    StackedInline = admin.StackedInline[Any, Schedule]
else:
    ModelAdmin = admin.ModelAdmin
    StackedInline = admin.StackedInline

CHANGE = "consult.change_schedule"
SHOWN = timedelta(days=1)  # after its end: one that ends while the form is filled in is still found


class Part(StackedInline):
    """Rows of the schedule: who may change it may change them."""

    extra = 0
    formfield_overrides = {models.TimeField: {"widget": AdminTimeWidget(format="%H:%M")}}

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(CHANGE)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(CHANGE)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(CHANGE)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(CHANGE)


class OverrideInline(Part):
    model = Override
    form = OverrideForm
    fields = ["state", ("begins_at", "ends_at")]
    extra = 1

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[Any]:
        return super().get_queryset(request).filter(ends_at__gt=timezone.now() - SHOWN)


class HoursInline(Part):
    model = Hours
    form = HoursForm
    formset = HoursFormSet
    fields = ["weekdays", ("opens", "closes")]
    extra = 1


class SpecialDayInline(Part):
    model = SpecialDay
    form = SpecialDayForm
    formset = SpecialDayFormSet
    fields = [("name", "yearly"), ("first", "last"), ("opens", "closes")]


class SeatsInline(Part):
    model = Seats
    fields = [("operator", "seats")]

    def formfield_for_foreignkey(self, db_field: models.ForeignKey[Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "operator":
            kwargs["queryset"] = get_user_model().objects.filter(is_active=True, is_staff=True)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


class StepInline(Part):
    model = Step
    form = StepForm
    ordering = ["after"]
    fields = [("kind", "after", "is_on"), "text"]
    formfield_overrides = {models.TextField: {"widget": AdminTextareaWidget(attrs={"rows": 2})}}


@admin.register(Schedule)
class ScheduleAdmin(ModelAdmin):
    """`/admin/consult/schedule/`: there is one, which is there to be changed even before it was saved."""

    inlines = [OverrideInline, HoursInline, SpecialDayInline, SeatsInline, StepInline]
    change_form_template = "consult/away/change_form.html"
    # With titles: django-jazzmin makes a tab of each fieldset.
    fieldsets = [
        (
            pgettext_lazy("settings", "Waiting"),
            {"classes": ["collapse"], "fields": ["seats", ("usual_wait", "longest_wait"), "letter_after"]},
        ),
        (_("Calls"), {"classes": ["collapse"], "fields": [("calls_at_once", "call_again_after")]}),
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Schedule:
        schedule = Schedule.current()
        schedule.pk = schedule.pk or 1
        return schedule

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        address = reverse("admin:consult_schedule_change", args=[1], current_app=self.admin_site.name)
        return HttpResponseRedirect(address)

    def render_change_form(
        self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any
    ) -> HttpResponse:
        presence = now.presence()
        context |= {
            "presence": presence,
            "why": words.why(presence),
            "coming": words.coming(now.week(), timezone.now()),
            "show_save_and_continue": False,  # to save leads back here
        }
        return super().render_change_form(request, context, *args, **kwargs)
