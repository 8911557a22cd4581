"""The shop's own order form and list, which know where each order came from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import InlineModelAdmin
from django.db.models import BLANK_CHOICE_DASH, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext_lazy as _

from consult.chat.models import Conversation, Message, public_id
from consult.orders import book, tagging
from consult.orders.sourced import Source, SourcedOrder

if TYPE_CHECKING:
    OrderAdmin = admin.ModelAdmin[Any]
    Lines = Mapping[type[InlineModelAdmin[Any, Any]], Sequence[Mapping[str, Any]]]
else:
    OrderAdmin = admin.ModelAdmin

SERVER_SET = ("source", "consultation", "taken_by")
DERIVED = ("identifier", "conversation_link", "assisted")
FROM_DESK = "consultation"  # the parameter of the add view: the public id of the conversation one comes from


class SourcedOrderAdmin(OrderAdmin):
    """A ModelAdmin for orders. Opened from the desk, the add form is filled in from the conversation.

    Which fields of the order take what the visitor said of themselves stands in ``consult_contact``; a shop that can
    guess the order's lines too overrides ``consult_lines``. Source, conversation and operator are set here, never by
    the form or the address: an order added without a conversation must be given its source, and only those who may
    view reports correct it later, which leaves a trace in the order's history.
    """

    #: ``{"name": …, "email": …, "phone": …, "customer": …}``: which field of the order's form takes it; any may miss.
    consult_contact: ClassVar[Mapping[str, str]] = {}
    show_full_result_count = False

    def consult_lines(self, request: HttpRequest, conversation: Conversation) -> Lines:
        """What to propose in the inlines: for an inline class the initial values of its rows."""
        return {}

    # The list: identifier first, found by number under any prefix

    @admin.display(description=_("order"), ordering="pk")
    def identifier(self, order: SourcedOrder) -> str:
        return order.identifier

    @admin.display(description=_("conversation"))
    def conversation_link(self, order: SourcedOrder) -> str:
        """One click to what was said; the desk decides who may read it."""
        if order.consultation is None:
            return self.get_empty_value_display()
        desk = reverse("admin:consult_desk_changelist", current_app=self.admin_site.name)
        url = f"{desk}?conversation={order.consultation.public_id}"
        return format_html('<a href="{}">{}</a>', url, order.consultation.visitor)

    @admin.display(description=_("assisted"), boolean=True)
    def assisted(self, order: SourcedOrder) -> bool:
        return order.assisted

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        ours = ["identifier", "source"]
        theirs = [column for column in super().get_list_display(request) if column not in (*ours, "__str__")]
        return [*ours, *theirs, *(["conversation_link"] if "conversation_link" not in theirs else [])]

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        theirs = super().get_list_filter(request)
        return [*([] if "source" in theirs else ["source"]), *theirs]

    def get_list_select_related(self, request: HttpRequest) -> Any:
        theirs = super().get_list_select_related(request)
        return theirs if theirs is True else [*(theirs or ()), "consultation__visitor"]

    def get_search_fields(self, request: HttpRequest) -> Any:
        """The shop's own; without any, still something true, so that the search box is there for identifiers."""
        return super().get_search_fields(request) or [self.model.order_number_field]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        numbered = book.numbered(search_term, queryset)
        if search_term and not super().get_search_fields(request):
            return numbered, False
        found, may_have_duplicates = super().get_search_results(request, queryset, search_term)
        return found | numbered if search_term else found, may_have_duplicates

    # The form: the three fields are the server's

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        if FROM_DESK in request.GET and self._opened_from(request) is None:
            messages.error(
                request,
                _("There is no such conversation, or it is not yours: no order was made. Open it at the desk."),
            )
            return HttpResponseRedirect(reverse("admin:index", current_app=self.admin_site.name))
        return super().add_view(request, form_url, extra_context)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        if change:
            return form
        if conversation := self._opened_from(request):
            return coming(
                form, source=spoken_by(request, conversation), consultation=conversation, taken_by=request.user
            )
        form = coming(form, taken_by=request.user)
        if "source" in form.base_fields:
            form.base_fields["source"] = spoken_source()
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Where the order came from stands first, whatever fieldsets the shop has."""
        theirs = [
            (title, {**options, "fields": without({*SERVER_SET, *DERIVED}, options["fields"])})
            for title, options in super().get_fieldsets(request, obj)
        ]
        if obj is None:
            ours = ["source", "consultation"] if self._opened_from(request) else ["source"]
        else:
            ours = ["identifier", "source", "conversation_link", "taken_by", "assisted"]
        # With a title: django-jazzmin makes a tab of each fieldset, and of two without one it opens only the first.
        return [(_("How it came in"), {"fields": ours}), *theirs]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        theirs = [field for field in super().get_readonly_fields(request, obj) if field not in SERVER_SET]
        if obj is None:
            return [*theirs, *(SERVER_SET if self._opened_from(request) else ("consultation", "taken_by"))]
        corrects = request.user.has_perm("consult.view_reports")
        ours = [field for field in SERVER_SET if not (corrects and field == "source")]
        return [*theirs, *ours, *DERIVED]

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        initial: dict[str, Any] = super().get_changeform_initial_data(request)
        for field in SERVER_SET:
            initial.pop(field, None)
        if conversation := self._opened_from(request):
            visitor = conversation.visitor
            said = {
                "name": visitor.name,
                "email": visitor.email,
                "phone": visitor.phone,
                "customer": visitor.customer_id,
            }
            initial |= {field: said[name] for name, field in self.consult_contact.items() if said[name]}
        return initial

    # Lines are proposed to a form that is shown, not to one that is sent: what a row was filled in with doesn't count
    # as changed, and a row without a change isn't saved.

    def get_formsets_with_inlines(self, request: HttpRequest, obj: Any = None) -> Iterator[Any]:
        lines = self._proposed(request, obj)
        for formset, inline in super().get_formsets_with_inlines(request, obj):
            formset.extra = max(formset.extra, len(lines.get(type(inline), ())))
            yield formset, inline

    def get_formset_kwargs(self, request: HttpRequest, obj: Any, inline: Any, prefix: str) -> dict[str, Any]:
        kwargs: dict[str, Any] = super().get_formset_kwargs(request, obj, inline, prefix)
        if rows := self._proposed(request, obj).get(type(inline)):
            kwargs["initial"] = list(rows)
        return kwargs

    def _proposed(self, request: HttpRequest, obj: Any) -> Lines:
        adding = obj is None or obj._state.adding
        conversation = self._opened_from(request) if adding and request.method == "GET" else None
        return self.consult_lines(request, conversation) if conversation else {}

    def _opened_from(self, request: HttpRequest) -> Conversation | None:
        """The conversation this form was opened from, if the operator may see it. Looked up once a request."""
        if not hasattr(request, "opened_from"):
            named = public_id(request.GET.get(FROM_DESK))
            visible = Conversation.objects.visible_to(request.user).select_related("visitor")
            request.opened_from = visible.filter(public_id=named).first() if named else None  # type: ignore[attr-defined]
        return request.opened_from  # type: ignore[attr-defined, no-any-return]

    # What remains: the line in the conversation, the trace in the history

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            tagging.announce(obj)

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> Any:
        """Django names what was changed; of the source one wants to know from what to what."""
        said = super().construct_change_message(request, form, formsets, add)
        if not add and "source" in form.changed_data:
            fields = said[0]["changed"]["fields"]
            fields[form.changed_data.index("source")] += f" ({form.initial['source']} → {form.cleaned_data['source']})"
        return said


def coming(form: type[forms.ModelForm[Any]], **origin: Any) -> type[forms.ModelForm[Any]]:
    """The same form, whose new order is from ``origin`` from the start: shown, cleaned and saved as such."""

    class Coming(form):  # type: ignore[misc, valid-type]
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs)
            for name, value in origin.items():
                setattr(self.instance, name, value)

    return Coming


def spoken_by(request: HttpRequest, conversation: Conversation) -> Source:
    """How the buyer was spoken with: by phone only if the desk says so, and they were called."""
    if request.GET.get("source") == Source.PHONE and conversation.messages.filter(kind=Message.Kind.CALLED).exists():
        return Source.PHONE
    return Source.CHAT


def spoken_source() -> forms.ChoiceField:
    """Who types in an order heard it somewhere: a choice without a default, and without the basket."""
    spoken = [(source.value, source.label) for source in (Source.PHONE, Source.CHAT)]
    return forms.ChoiceField(
        label=_("Source"),
        choices=[*BLANK_CHOICE_DASH, *spoken],
        error_messages={"required": _("Say how this order came in: by phone or by chat.")},
    )


def without(names: set[str], fields: Sequence[Any]) -> list[Any]:
    """Fields of a fieldset except ``names``; a tuple among them is a row of its own."""
    rows = [tuple(without(names, row)) if isinstance(row, (list, tuple)) else row for row in fields]
    return [row for row in rows if row and row not in names]
