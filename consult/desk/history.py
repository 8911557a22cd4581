"""What was said, as ordinary pages of the admin: to search and to read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from consult.chat.models import ANSWER, VIEW_ALL, Conversation, Take

if TYPE_CHECKING:
    ConversationModelAdmin = admin.ModelAdmin[Conversation]
else:
    ConversationModelAdmin = admin.ModelAdmin

READERS = (ANSWER, VIEW_ALL)
SHOWN = ("visitor", "email", "phone", "operators", "opened_at", "closed_at", "at_the_desk", "transcript")


@admin.register(Conversation)
class ConversationAdmin(ConversationModelAdmin):
    """What was said, to search and to read. Nobody edits it here: talking is done at the desk."""

    list_display = ["visitor", "operators", "opened_at", "closed_at", "lines"]
    list_select_related = ["visitor"]
    list_filter = ["opened_at", "closed_at", ("takes__operator", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["visitor__name", "visitor__email", "visitor__phone", "messages__body"]
    search_help_text = _("A name, e-mail or phone, or words that were said")
    show_full_result_count = False
    ordering = ["-pk"]
    fields = SHOWN
    readonly_fields = SHOWN

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        takes = Take.objects.order_by("pk")
        return Conversation.objects.visible_to(request.user).prefetch_related(Prefetch("takes", takes))

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return any(map(request.user.has_perm, READERS))

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=_("e-mail"))
    def email(self, conversation: Conversation) -> str | None:
        return conversation.visitor.email or None

    @admin.display(description=_("phone"))
    def phone(self, conversation: Conversation) -> str | None:
        return conversation.visitor.phone or None

    @admin.display(description=_("operators"))
    def operators(self, conversation: Conversation) -> str | None:
        """Everybody who had it: once it is closed, nobody has it any more."""
        names = dict.fromkeys(take.operator_name for take in conversation.takes.all())
        return ", ".join(names) or None

    @admin.display(description=_("lines"), ordering="last_seq")
    def lines(self, conversation: Conversation) -> int:
        return conversation.last_seq

    @admin.display(description=_("desk"))
    def at_the_desk(self, conversation: Conversation) -> SafeString:
        desk = reverse("admin:consult_desk_changelist", current_app=self.admin_site.name)
        address = f"{desk}?{urlencode({'conversation': conversation.public_id})}"
        return format_html('<a href="{}">{}</a>', address, _("Open at the desk"))

    @admin.display(description=_("what was said"))
    def transcript(self, conversation: Conversation) -> SafeString:
        lines = conversation.messages.order_by("seq")
        return render_to_string("consult/desk/transcript.html", {"lines": lines})
