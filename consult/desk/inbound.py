"""The e-mails that came in and were not let into a conversation, so that no honest word is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from consult.away import quote
from consult.away.models import Inbound
from consult.chat import text
from consult.chat.entry import Refused, id_of
from consult.chat.models import ANSWER, VIEW_ALL, Conversation
from consult.desk import past
from consult.desk.readers import ReadersAdmin

if TYPE_CHECKING:
    from django.contrib.auth.models import AbstractUser

SHOWN = ("sender", "recipient", "subject", "received_at", "verdict", "text", "at_the_desk")


@admin.register(Inbound)
class InboundAdmin(ReadersAdmin):
    list_display = ["sender", "subject", "verdict", "received_at"]
    list_filter = ["verdict", "received_at"]
    search_fields = ["sender", "subject", "text"]
    actions = ["note"]
    show_facets = admin.ShowFacets.ALWAYS  # how many of each
    show_full_result_count = False
    ordering = ["-pk"]
    fields = SHOWN
    readonly_fields = SHOWN

    def get_queryset(self, request: HttpRequest) -> QuerySet[Inbound]:
        """What belongs to nobody's conversation is for those who see all."""
        kept = Inbound.objects.exclude(verdict=Inbound.Verdict.ACCEPTED).select_related("letter__conversation")
        if request.user.has_perm(VIEW_ALL):
            return kept
        return kept.filter(letter__conversation__in=Conversation.objects.visible_to(request.user))

    def has_answer_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm(ANSWER)

    @admin.action(description=_("Add to its conversation, as a note for operators"), permissions=["answer"])
    def note(self, request: HttpRequest, queryset: QuerySet[Inbound]) -> None:
        noted = sum(self._noted(request, inbound) for inbound in queryset)
        told = ngettext("%(number)d note was added.", "%(number)d notes were added.", noted)
        self.message_user(request, told % {"number": noted})

    def _noted(self, request: HttpRequest, inbound: Inbound) -> bool:
        """Whether it is there now. It says whose words these may not be."""
        if inbound.letter is None:
            return False
        note_id, conversation = id_of(f"mail {inbound.digest}"), inbound.letter.conversation
        if conversation.notes.filter(client_id=note_id).exists():  # a colleague's, or in another language
            return True
        heading = gettext("E-mail from %(sender)s (%(verdict)s):") % {
            "sender": inbound.sender,
            "verdict": inbound.get_verdict_display(),
        }
        body = f"{heading}\n\n{quote.new_words(inbound.text)}"[: text.MAX_LENGTH]
        try:
            conversation.note(cast("AbstractUser", request.user), note_id, body)
        except Refused:
            return False
        return True

    @admin.display(description=_("desk"))
    def at_the_desk(self, inbound: Inbound) -> SafeString | str:
        if inbound.letter is None:
            return self.get_empty_value_display()
        address = past.url(inbound.letter.conversation, self.admin_site)
        return format_html('<a href="{}">{}</a>', address, _("Open at the desk"))
