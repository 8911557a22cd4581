"""The desk as a page of the admin, and what an operator does there apart from talking."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from consult.chat import duty
from consult.chat.entry import Refused
from consult.chat.models import ANSWER, VIEW_ALL, Conversation, name_of
from consult.chat.text import MAX_LENGTH
from consult.desk.aside import Aside
from consult.desk.models import Desk

if TYPE_CHECKING:
    from django.contrib.auth.models import User

    DeskModelAdmin = admin.ModelAdmin[Desk]
else:
    DeskModelAdmin = admin.ModelAdmin

NOBODY = UUID(int=0)  # stands in the page's URLs where the browser puts the conversation it means


@admin.register(Desk)
class DeskAdmin(DeskModelAdmin):
    """`/admin/consult/desk/`: the live page is this model's changelist, its verbs are POSTs below it."""

    def get_urls(self) -> list[URLPattern]:
        """Only these: the model has no table, so the admin's other views of it could but fail."""
        return [
            path("", self.admin_site.admin_view(self.changelist_view), name="consult_desk_changelist"),
            path("<uuid:public_id>/aside/", self.admin_site.admin_view(self.aside_view), name="consult_desk_aside"),
            path("duty/", self._for_operators(self.duty_view), name="consult_desk_duty"),
            path("<uuid:public_id>/take/", self._for_operators(self.take_view), name="consult_desk_take"),
            path("<uuid:public_id>/release/", self._for_operators(self.release_view), name="consult_desk_release"),
            path("<uuid:public_id>/close/", self._for_operators(self.close_view), name="consult_desk_close"),
        ]

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Who may see all conversations reads at the desk, even without the right to answer."""
        return request.user.has_perm(ANSWER) or request.user.has_perm(VIEW_ALL)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @method_decorator(never_cache)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The page without its rows: they come by the socket, the one place that tells what the list holds."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        context = self.admin_site.each_context(request) | {
            "title": _("Desk"),
            "is_nav_sidebar_enabled": False,  # the desk needs the width
            "operator_name": name_of(_operator(request)),
            "on_duty": duty.is_on(_operator(request)),
            "answers": request.user.has_perm(ANSWER),
            "sees_all": request.user.has_perm(VIEW_ALL),
            "limit": MAX_LENGTH,
            "nobody": NOBODY,
        }
        return TemplateResponse(request, "consult/desk/desk.html", context | (extra_context or {}))

    @method_decorator(require_safe)
    @method_decorator(never_cache)
    def aside_view(self, request: HttpRequest, public_id: UUID) -> TemplateResponse:
        """Who the visitor is and what they ordered: a fragment, asked for when a conversation is opened."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        aside = Aside(self.admin_site, request, self._find(request, public_id))
        return TemplateResponse(request, "consult/desk/aside.html", {"aside": aside})

    @method_decorator(require_POST)
    def duty_view(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("on") == "1":
            duty.begin(_operator(request))
        else:
            duty.end(_operator(request))
        return HttpResponse(status=204)

    @method_decorator(require_POST)
    def take_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        return _answer(self._find(request, public_id).take, request)

    @method_decorator(require_POST)
    def release_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        return _answer(self._find(request, public_id).release, request)

    @method_decorator(require_POST)
    def close_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        return _answer(self._find(request, public_id).close, request)

    def _find(self, request: HttpRequest, public_id: UUID) -> Conversation:
        """What the operator may not see is not found: the same answer as for what doesn't exist."""
        return get_object_or_404(Conversation.objects.visible_to(request.user), public_id=public_id)

    def _for_operators(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if not request.user.has_perm(ANSWER):
                raise PermissionDenied
            return view(request, **arguments)

        return self.admin_site.admin_view(guarded)


def _operator(request: HttpRequest) -> User:
    """Who asks; the admin and the permission have let nobody else in."""
    return cast("User", request.user)


def _answer(verb: Callable[[User], object], request: HttpRequest) -> HttpResponse:
    """204: done, and the socket tells what changed. 409: refused, in a sentence for the operator."""
    try:
        verb(_operator(request))
    except Refused as refused:
        reason = refused.reason
    except OperationalError:  # somebody holds the conversation's row for too long
        reason = "try_again"
    else:
        return HttpResponse(status=204)
    return JsonResponse({"reason": reason, "message": _sentence(reason)}, status=409)


def _sentence(reason: str) -> str:
    sentences = {
        "taken": _("A colleague has this conversation."),
        "closed": _("This conversation is closed already."),
    }
    return sentences.get(reason, _("That did not work just now. Please try again."))
