"""The desk as a page of the admin, and what an operator does there apart from talking."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from consult.away import callback
from consult.away.words import to_operators
from consult.chat import contact, duty, presence, rate
from consult.chat.entry import Refused
from consult.chat.models import ANSWER, VIEW_ALL, Conversation, name_of
from consult.chat.patience import storing
from consult.chat.tag import Tag
from consult.chat.text import MAX_LENGTH
from consult.desk import calls, find, icon, letters, words
from consult.desk.aside import Aside, Contact
from consult.desk.handover import NoteForm, OfferForm, ReturnForm
from consult.desk.models import Desk
from consult.desk.readers import ReadersAdmin

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.forms import Form

NOBODY = UUID(int=0)  # stands in the page's URLs where the browser puts the conversation it means
VERBS = ("release", "reopen", "accept", "withdraw")  # of a conversation, with nothing more to say


@admin.register(Desk)
class DeskAdmin(ReadersAdmin):
    """`/admin/consult/desk/`: the live page is this model's changelist, its verbs are POSTs below it."""

    def get_urls(self) -> list[URLPattern]:
        """Only these: the model has no table, so the admin's other views of it could but fail."""
        return [
            path("", self._for_readers(self.changelist_view), name="consult_desk_changelist"),
            path("<uuid:public_id>/aside/", self._for_readers(self.aside_view), name="consult_desk_aside"),
            path("<uuid:public_id>/visitor/", self._for_operators(self.visitor_view), name="consult_desk_visitor"),
            path("icon/<int:count>.svg", icon.show, name="consult_desk_icon"),
            path("duty/", self._for_operators(self.duty_view), name="consult_desk_duty"),
            path("closed/", self._for_operators(self.closed_view), name="consult_desk_closed"),
            path("find/", self._for_readers(self.find_view), name="consult_desk_find"),
            path("find/filters/", self._for_readers(self.filters_view), name="consult_desk_filters"),
            path("tags/", self._for_operators(self.known_tags_view), name="consult_desk_known_tags"),
            *[
                path(f"<uuid:public_id>/{verb}/", self._for_operators(view), name=f"consult_desk_{verb}")
                for verb, view in (
                    *((verb, self._verb_view(verb)) for verb in VERBS),
                    ("take", self.take_view),
                    ("close", self.close_view),
                    ("note", self.note_view),
                    ("offer", self.offer_view),
                    ("return", self.return_view),
                    ("tags", self.tags_view),
                    ("call", self.call_view),
                )
            ],
            *[
                path(
                    f"<uuid:public_id>/call/<uuid:call>/{verb}/",
                    self._for_operators(view),
                    name=f"consult_desk_{verb}",
                )
                for verb, view in (("tried", self.tried_view), ("cancel", self.cancel_view))
            ],
        ]

    @method_decorator(never_cache)
    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> TemplateResponse:
        """The page without its rows: they come by the socket, the one place that tells what the list holds."""
        request.current_app = self.admin_site.name
        letters.warn(request, self.admin_site)
        context = self.admin_site.each_context(request) | {
            "title": _("Desk"),
            "opts": self.opts,  # some themes write the way back to the index from it
            "is_nav_sidebar_enabled": False,  # the desk needs the width
            "operator_name": name_of(_operator(request)),
            "on_duty": duty.is_on(_operator(request)),
            "calls": callback.offered(),
            "answers": request.user.has_perm(ANSWER),
            "sees_all": request.user.has_perm(VIEW_ALL),
            "limit": MAX_LENGTH,
            "nobody": NOBODY,
            "reasons": words.unsent(),
        }
        return TemplateResponse(request, "consult/desk/desk.html", context | (extra_context or {}))

    @method_decorator(require_safe)
    @method_decorator(never_cache)
    def aside_view(self, request: HttpRequest, public_id: UUID) -> TemplateResponse:
        """Who the visitor is and what they ordered: a fragment, asked for when a conversation is opened."""
        request.current_app = self.admin_site.name
        aside = Aside(self.admin_site, request, self._find(request, public_id))
        return TemplateResponse(request, "consult/desk/aside.html", {"aside": aside})

    @method_decorator(require_safe)
    @method_decorator(never_cache)
    def find_view(self, request: HttpRequest) -> JsonResponse:
        """Conversations by what was said in them and with whom, open and closed ones."""
        filters = find.Filters(request.GET)
        if not filters.is_valid():
            return JsonResponse({"errors": filters.sentences}, status=422)
        conversations = filters.applied(Conversation.objects.visible_to(request.user))
        number = filters.cleaned_data["page"] or 1
        return JsonResponse(find.page(conversations, request.GET.get("q", ""), number, _operator(request).pk))

    @method_decorator(require_safe)
    @method_decorator(never_cache)
    def filters_view(self, request: HttpRequest) -> TemplateResponse:
        """The fields by which to narrow a search: a fragment, asked for when somebody wants to."""
        return TemplateResponse(request, "consult/desk/filters.html", {"form": find.Filters(request.GET)})

    @method_decorator(require_POST)
    def visitor_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Correct how the visitor is reached."""
        conversation, form = self._find(request, public_id), Contact(request.POST)
        return _answer(lambda _user: contact.keep(conversation.visitor_id, form.cleaned_data), request, form)

    @method_decorator(require_POST)
    def duty_view(self, request: HttpRequest) -> HttpResponse:
        if request.POST.get("on") == "1":
            duty.begin(_operator(request))
        else:
            duty.end(_operator(request))
        return HttpResponse(status=204)

    @method_decorator(require_safe)
    @method_decorator(never_cache)
    def closed_view(self, request: HttpRequest) -> HttpResponse:
        """Why visitors see the shop as closed although somebody is available; nothing if they don't."""
        return HttpResponse(to_operators(presence.now()), content_type="text/plain; charset=utf-8")

    @method_decorator(require_POST)
    def take_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        conversation, only_if_free = self._find(request, public_id), "only_if_free" in request.POST
        return _answer(lambda user: conversation.take(user, only_if_free=only_if_free), request)

    @method_decorator(require_POST)
    def close_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        conversation = self._find(request, public_id)
        return _answer(lambda user: calls.close(conversation, user), request)

    @method_decorator(require_POST)
    def note_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        conversation, form = self._find(request, public_id), NoteForm(request.POST)
        return _answer(lambda user: conversation.note(user, **form.cleaned_data), request, form)

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    @method_decorator(never_cache)
    def offer_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """The form that offers a conversation to a colleague: a fragment, asked for when it is to be offered."""
        conversation = self._find(request, public_id)
        if request.method == "POST":
            form = OfferForm(_operator(request), request.POST)
            return _answer(lambda user: conversation.offer(user, **form.cleaned_data), request, form)
        request.current_app = self.admin_site.name
        context = {"conversation": conversation, "form": OfferForm(_operator(request))}
        return TemplateResponse(request, "consult/desk/offer.html", context)

    @method_decorator(require_POST)
    def return_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """Also of what is no longer offered: sent again, for its answer was lost, it is done already."""
        offered = Conversation.objects.filter(handovers__receiver=_operator(request)).distinct()
        conversation, form = get_object_or_404(offered, public_id=public_id), ReturnForm(request.POST)
        return _answer(lambda user: conversation.hand_back(user, **form.cleaned_data), request, form)

    @method_decorator(require_POST)
    def tags_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        conversation = self._find(request, public_id)
        names = {verb: request.POST.getlist(verb) for verb in ("add", "remove")}
        return _answer(lambda user: conversation.tag(user, **names), request)

    @method_decorator(require_safe)
    @method_decorator(never_cache)
    def known_tags_view(self, request: HttpRequest) -> TemplateResponse:
        """What to suggest where tags are put on: a fragment, asked for when somebody begins to."""
        return TemplateResponse(request, "consult/desk/known_tags.html", {"tags": Tag.objects.all()})

    @method_decorator(require_http_methods(["GET", "HEAD", "POST"]))
    @method_decorator(never_cache)
    def call_view(self, request: HttpRequest, public_id: UUID) -> HttpResponse:
        """The form that arranges a call: a fragment, asked for when one is to be arranged."""
        conversation = self._find(request, public_id)
        if request.method == "POST":
            form = calls.ArrangeForm(conversation, request.POST)
            return _answer(lambda user: calls.arrange(conversation, user, form), request, form)
        request.current_app = self.admin_site.name
        context = {"conversation": conversation, "form": calls.ArrangeForm(conversation)}
        return TemplateResponse(request, "consult/desk/arrange.html", context)

    @method_decorator(require_POST)
    def tried_view(self, request: HttpRequest, public_id: UUID, call: UUID) -> HttpResponse:
        """What came of a try to call."""
        wanted = get_object_or_404(self._find(request, public_id).callbacks, public_id=call)
        form, now = calls.TryForm(request.POST), timezone.now()
        return _answer(lambda user: callback.attempt(wanted, user, now=now, **form.cleaned_data), request, form)

    @method_decorator(require_POST)
    def cancel_view(self, request: HttpRequest, public_id: UUID, call: UUID) -> HttpResponse:
        wanted = get_object_or_404(self._find(request, public_id).callbacks, public_id=call)
        return _answer(lambda user: callback.cancel(wanted, user, now=timezone.now()), request)

    def _verb_view(self, verb: str) -> Callable[..., HttpResponse]:
        @require_POST
        def view(request: HttpRequest, public_id: UUID) -> HttpResponse:
            return _answer(getattr(self._find(request, public_id), verb), request)

        return view

    def _find(self, request: HttpRequest, public_id: UUID) -> Conversation:
        """What the operator may not see is not found: the same answer as for what doesn't exist."""
        return get_object_or_404(Conversation.objects.visible_to(request.user), public_id=public_id)

    def _for_readers(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self._for(self.has_view_permission, view)

    def _for_operators(self, view: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
        return self._for(lambda request: request.user.has_perm(ANSWER), view)

    def _for(
        self, may: Callable[[HttpRequest], bool], view: Callable[..., HttpResponse]
    ) -> Callable[..., HttpResponse]:
        def guarded(request: HttpRequest, **arguments: Any) -> HttpResponse:
            if not may(request):
                raise PermissionDenied
            return view(request, **arguments)

        return self.admin_site.admin_view(guarded)


def _operator(request: HttpRequest) -> User:
    """Who asks; the admin and the permission have let nobody else in."""
    return cast("User", request.user)


def _answer(verb: Callable[[User], object], request: HttpRequest, form: Form | None = None) -> HttpResponse:
    """204: done, and the socket tells what changed. 409: refused, in a sentence for the operator. 422: what the form
    says of its fields; to send one costs as much as to say something.
    """
    if form and not form.is_valid():
        return JsonResponse({"errors": form.errors}, status=422)
    user = _operator(request)
    try:
        if form:
            rate.spend(f"u{user.pk}")
        with storing():
            verb(user)
    except Refused as refused:
        return JsonResponse({"reason": refused.reason, "message": words.refusal(refused.reason)}, status=409)
    return HttpResponse(status=204)
