"""What was said, as ordinary pages of the admin: to search, to read and to take away."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.http import HttpRequest, HttpResponseBase
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from consult.chat.models import Conversation, Message, Note
from consult.chat.tag import Tag
from consult.conf import conf
from consult.desk import export, find, past
from consult.desk.readers import ReadersAdmin
from consult.orders import book

if TYPE_CHECKING:
    TagModelAdmin = admin.ModelAdmin[Tag]
    TagModelForm = forms.ModelForm[Tag]
else:
    TagModelAdmin = admin.ModelAdmin
    TagModelForm = forms.ModelForm

MOST_FOUND = 1000  # who gets as many asks more precisely
LINES = 200  # of a conversation on one page
SHOWN = (
    "visitor",
    "email",
    "phone",
    "operators",
    "opened_at",
    "closed_at",
    "tagged",
    "orders",
    "holders",
    "at_the_desk",
    "transcript",
)


class StateFilter(admin.SimpleListFilter):
    title = _("state")
    parameter_name = "state"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        return [("waiting", _("waiting")), ("held", _("an operator has it")), ("closed", _("closed"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        states = {
            "waiting": Q(closed_at=None, operator=None),
            "held": Q(closed_at=None, operator__isnull=False),
            "closed": Q(closed_at__isnull=False),
        }
        return queryset.filter(states.get(self.value() or "", Q()))


class OutcomeFilter(admin.SimpleListFilter):
    title = _("outcome")
    parameter_name = "outcome"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        ordered = [("order", _("an order"))] if conf.ORDER_MODEL else []
        return [*ordered, ("answered", _("answered")), ("unanswered", _("closed without an answer"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        answered = Exists(Message.objects.answers().filter(conversation=OuterRef("pk")))
        if self.value() == "answered":
            return queryset.filter(answered)
        if self.value() == "unanswered":
            return queryset.filter(~answered, closed_at__isnull=False)
        if self.value() == "order" and conf.ORDER_MODEL:
            return queryset.filter(Exists(book.order_model()._default_manager.filter(consultation=OuterRef("pk"))))
        return queryset


@admin.register(Conversation)
class ConversationAdmin(ReadersAdmin):
    """What was said, to search and to read. Nobody edits it here: talking is done at the desk."""

    list_display = ["visitor", "operators", "tagged", "opened_at", "closed_at", "lines"]
    list_select_related = ["visitor"]
    list_filter = [
        StateFilter,
        OutcomeFilter,
        "tags",
        "opened_at",
        "closed_at",
        ("takes__operator", admin.RelatedOnlyFieldListFilter),
    ]
    search_fields = ["pk"]  # any, for the search box to be there: what it finds is for the finder to say
    search_help_text = _("Words that were said, a name, an e-mail, a phone number or an order; the newest thousand")
    actions = ["export_conversations", "export_lines"]
    show_full_result_count = False
    ordering = ["-pk"]
    fields = SHOWN
    readonly_fields = SHOWN

    def get_queryset(self, request: HttpRequest) -> QuerySet[Conversation]:
        return Conversation.objects.visible_to(request.user).prefetch_related("takes", "tags")

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What the desk finds."""
        if not search_term.strip():
            return queryset, False
        visible = Conversation.objects.visible_to(request.user).filter(pk__in=queryset.order_by().values("pk"))
        return queryset.filter(pk__in=list(find.found(visible, find.Question.of(search_term), MOST_FOUND))), False

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        conversation: Any = super().get_object(request, object_id, from_field)
        if conversation is not None:
            conversation.asked_page = request.GET.get("lines")
        return conversation

    @admin.action(description=_("Export the selected conversations (CSV)"), permissions=["view"])
    def export_conversations(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> HttpResponseBase:
        return export.answer(request, export.conversations(queryset))

    @admin.action(description=_("Export them with everything that was said (CSV)"), permissions=["view"])
    def export_lines(self, request: HttpRequest, queryset: QuerySet[Conversation]) -> HttpResponseBase:
        return export.answer(request, export.lines(queryset))

    @admin.display(description=_("e-mail"))
    def email(self, conversation: Conversation) -> str:
        return conversation.visitor.email or self.get_empty_value_display()

    @admin.display(description=_("phone"))
    def phone(self, conversation: Conversation) -> str:
        return conversation.visitor.phone or self.get_empty_value_display()

    @admin.display(description=_("operators"))
    def operators(self, conversation: Conversation) -> str:
        return past.operators(conversation) or self.get_empty_value_display()

    @admin.display(description=_("Lines"), ordering="last_seq")
    def lines(self, conversation: Conversation) -> int:
        return conversation.last_seq

    @admin.display(description=_("desk"))
    def at_the_desk(self, conversation: Conversation) -> SafeString:
        return format_html('<a href="{}">{}</a>', past.url(conversation, self.admin_site), _("Open at the desk"))

    @admin.display(description=_("tags"))
    def tagged(self, conversation: Conversation) -> str:
        return past.tags(conversation) or self.get_empty_value_display()

    @admin.display(description=_("orders"))
    def orders(self, conversation: Conversation) -> str:
        return past.orders(conversation).get(conversation.pk) or self.get_empty_value_display()

    @admin.display(description=_("who had it"))
    def holders(self, conversation: Conversation) -> str:
        found = past.holders(conversation)
        told = render_to_string("consult/desk/holders.html", {"holders": found})
        return format_html("<ol>{}</ol>", told) if found else self.get_empty_value_display()

    @admin.display(description=_("what was said"))
    def transcript(self, conversation: Conversation) -> SafeString:
        """A page of it, and the notes that were written between."""
        asked = getattr(conversation, "asked_page", None)
        page = Paginator(conversation.messages.order_by("seq"), LINES).get_page(asked)
        lines: list[Message | Note] = list(page)
        notes = conversation.notes.filter(after_seq__gte=page[0].seq if page.has_previous() else 0)
        if page.has_next():
            notes = notes.filter(after_seq__lte=page[-1].seq)
        lines = sorted([*lines, *notes], key=export.place)
        return render_to_string("consult/desk/transcript.html", {"lines": lines, "page": page})


class TagForm(TagModelForm):
    class Meta:
        model = Tag
        fields = ("name",)

    def clean_name(self) -> str:
        """Another spelling makes no other tag, and two tags don't become one by a new name."""
        name, key = Tag.spelled(self.cleaned_data["name"])
        if not name:
            raise ValidationError(_("A tag needs a name that can be read."))
        if Tag.objects.filter(key=key).exclude(pk=self.instance.pk).exists():
            raise ValidationError(_("There is such a tag already. Tags are not merged by giving both one name."))
        return name


@admin.register(Tag)
class TagAdmin(TagModelAdmin):
    """The words that operators put on conversations. Who may do what is for Django's own permissions to say."""

    form = TagForm
    search_fields = ["name"]
