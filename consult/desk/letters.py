"""The e-mails that went out of conversations, or couldn't."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from consult.away import links, outbox
from consult.away.models import Letter
from consult.chat.models import ANSWER, Conversation
from consult.desk import past
from consult.desk.readers import ReadersAdmin

SHOWN = ("kind", "recipient", "state", "error", "made_at", "tries", "due_at", "sent_at", "at_the_desk")


@admin.register(Letter)
class LetterAdmin(ReadersAdmin):
    list_display = ["recipient", "kind", "state", "error", "made_at", "tries"]
    list_filter = ["state", "kind", "made_at"]
    search_fields = ["recipient"]
    actions = ["send_again", "let_be", "withdraw_links"]
    show_full_result_count = False
    ordering = ["-pk"]
    fields = SHOWN
    readonly_fields = SHOWN

    def get_queryset(self, request: HttpRequest) -> QuerySet[Letter]:
        return Letter.objects.filter(conversation__in=Conversation.objects.visible_to(request.user))

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.method == "GET":
            warn(request, self.admin_site)
        return super().changelist_view(request, extra_context)

    def has_answer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ANSWER)

    @admin.action(description=_("Send again what could not be sent"), permissions=["answer"])
    def send_again(self, request: HttpRequest, queryset: QuerySet[Letter]) -> None:
        self._tell(request, outbox.try_again(queryset))

    @admin.action(description=_("Give up what could not be sent"), permissions=["answer"])
    def let_be(self, request: HttpRequest, queryset: QuerySet[Letter]) -> None:
        self._tell(request, queryset.filter(state=Letter.State.DEAD).update(state=Letter.State.VOID))

    @admin.action(description=_("Withdraw the links into these conversations"), permissions=["answer"])
    def withdraw_links(self, request: HttpRequest, queryset: QuerySet[Letter]) -> None:
        self._tell(request, links.withdraw(queryset.values("conversation")))

    def _tell(self, request: HttpRequest, count: int) -> None:
        told = ngettext("%(number)d e-mail was changed.", "%(number)d e-mails were changed.", count)
        self.message_user(request, told % {"number": count})

    @admin.display(description=_("desk"))
    def at_the_desk(self, letter: Letter) -> SafeString:
        return format_html(
            '<a href="{}">{}</a>', past.url(letter.conversation, self.admin_site), _("Open at the desk")
        )


def warn(request: HttpRequest, site: admin.AdminSite) -> None:
    """Tell who asks for a page of the admin that e-mails of theirs could not be sent, and where to read why."""
    visible = Conversation.objects.visible_to(request.user)
    dead = Letter.objects.filter(state=Letter.State.DEAD, conversation__in=visible).count()
    if dead:
        told = ngettext("%(number)d e-mail could not be sent.", "%(number)d e-mails could not be sent.", dead) % {
            "number": dead
        }
        address = reverse("admin:consult_letter_changelist", query={"state__exact": "dead"}, current_app=site.name)
        messages.error(request, format_html('{} <a href="{}">{}</a>', told, address, _("Why, and what to do")))
