"""What operators fill in for each other: a note, the offer of a conversation, and its return."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from consult.chat import board, duty, rights, text
from consult.chat.entry import Refused
from consult.chat.models import name_of
from consult.desk import words

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import QueryDict


class NoteForm(forms.Form):
    """A note. The log's own rules judge it; the form words their verdict."""

    # Names the note before it is sent: sent again it is the same note.
    client_id = forms.UUIDField(initial=uuid4, widget=forms.HiddenInput)
    body = forms.CharField(
        label=_("Note"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"})
    )

    def clean_body(self) -> str:
        try:
            return text.body(self.cleaned_data["body"])
        except Refused as refusal:
            raise forms.ValidationError(words.refusal(refusal.reason), code=refusal.reason) from refusal


class ReturnForm(NoteForm):
    """A conversation goes back to who offered it, if one likes with a note."""

    def clean_body(self) -> str:
        return super().clean_body() if text.clean(self.cleaned_data["body"]) else ""


class OfferForm(ReturnForm):
    """A conversation is offered to a colleague, if one likes with a note."""

    operator = forms.ChoiceField(label=_("Colleague"))
    field_order = ("client_id", "operator", "body")

    def __init__(self, giver: User, typed: QueryDict | None = None) -> None:
        super().__init__(typed, auto_id="consult-offer-%s")
        self.colleagues = {str(user.pk): user for user in rights.operators() if user.pk != giver.pk}
        self.fields["operator"].choices = self._choices()  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """In the words of ``Conversation.offer``."""
        cleaned = self.cleaned_data
        if "operator" in cleaned:
            cleaned["receiver"] = self.colleagues[cleaned.pop("operator")]
        return cleaned

    def _choices(self) -> list[Any]:
        """Those on duty first; each with how many conversations they have."""
        on_duty, has = duty.operators(), Counter[int | None]()
        for tally in board.tallies():
            has[tally.operator] += tally.open
        named = sorted((name_of(user), user.pk) for user in self.colleagues.values())
        groups: dict[bool, list[tuple[str, str]]] = {True: [], False: []}
        for name, pk in named:
            groups[pk in on_duty].append((str(pk), _with_count(name, has[pk])))
        titles = {True: _("Available"), False: _("Not at the desk")}
        return [("", _("Choose a colleague")), *((titles[here], found) for here, found in groups.items() if found)]


def _with_count(name: str, count: int) -> str:
    form = ngettext("%(name)s, %(count)d conversation", "%(name)s, %(count)d conversations", count)
    return form % {"name": name, "count": count}
