"""The report as a page of the admin."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from consult.away import kept
from consult.desk.readers import ReadersAdmin
from consult.invitations.results import READ
from consult.reports import promises
from consult.reports.models import Report

SPANS = (7, 28, 90)  # days until today
USUAL = 28


@admin.register(Report)
class ReportAdmin(ReadersAdmin):
    """`/admin/consult/report/`: this model's changelist."""

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return request.user.has_perm(READ)

    def get_urls(self) -> list[URLPattern]:
        """Only this: the model has no table, so the admin's other views of it could but fail."""
        view = self.admin_site.admin_view(self.changelist_view)
        return [path("", view, name="consult_report_changelist")]

    @method_decorator(require_safe)
    @method_decorator(never_cache)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """For the last days that the address names, or else the last four weeks."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        days = next((span for span in SPANS if str(span) == request.GET.get("days")), USUAL)
        made = kept.made(_midnight(days), timezone.now())
        context = self.admin_site.each_context(request) | {
            "title": _("Report"),
            "opts": self.opts,
            "spans": SPANS,
            "days": days,
            "promises": promises.Section.of(made),
        }
        return TemplateResponse(request, "consult/reports/report.html", context | (extra_context or {}))


def _midnight(days: int) -> datetime:
    """When the first of so many days until today began, in the shop's time zone."""
    zone = timezone.get_default_timezone()
    first = timezone.localtime(timezone.now(), zone).date() - timedelta(days=days - 1)
    return timezone.make_aware(datetime.combine(first, time()), zone)
