"""The wish for a call, as it is typed: by the visitor, or by an operator for them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from consult.away import phone, words
from consult.away.callback import Times
from consult.chat import frames, text
from consult.chat.entry import Refused
from consult.chat.models import public_id

AT_ONCE = "now"
GONE = gettext_lazy("This time can no longer be chosen. Choose another one.")


class Wish(forms.Form):
    """Whom to call, when, of ``times``, and what about."""

    # Names the wish before it is sent: sent again it is the same call.
    client_id = forms.CharField(initial=uuid4, required=False, widget=forms.HiddenInput)
    phone = forms.CharField(
        label=gettext_lazy("Phone"), required=False,
        widget=forms.TextInput({"type": "tel", "dir": "ltr", "maxlength": phone.LONGEST, "required": True}),
    )  # fmt: skip
    when = forms.ChoiceField(label=gettext_lazy("When"))
    about = forms.CharField(
        label=gettext_lazy("What about"), required=False, strip=False, help_text=gettext_lazy("Optional"),
        widget=forms.Textarea({"rows": 2, "dir": "auto"}),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, times: Times, **more: Any) -> None:
        super().__init__(data, **more)
        self.times: dict[str, datetime | None] = {AT_ONCE: None} if times.at_once else {}
        self.times |= {frames.moment(slot) or "": slot for slot in times.slots}
        when: Any = self.fields["when"]
        when.choices = choices(times, timezone.now())
        when.error_messages |= {"invalid_choice": GONE, "required": gettext_lazy("Choose a time.")}

    def clean_client_id(self) -> UUID:
        return public_id(self.cleaned_data["client_id"]) or uuid4()

    def clean_phone(self) -> str:
        return phone.e164(self.cleaned_data["phone"])

    def clean_when(self) -> datetime | None:
        return self.times[self.cleaned_data["when"]]

    def clean_about(self) -> str:
        try:
            return text.body(self.cleaned_data["about"])
        except Refused as refusal:
            if refusal.reason == "empty":
                return ""
            raise ValidationError(
                _("At most %(limit)d characters, please."), params={"limit": text.MAX_LENGTH}
            ) from None

    @property
    def wish(self) -> dict[str, Any]:
        """In the words of ``callback.request``."""
        return {name: self.cleaned_data[name] for name in ("client_id", "phone", "when", "about")}


def choices(times: Times, now: datetime) -> list[Any]:
    """The options of a select: at once, and the half hours by day, in the shop's time zone."""
    at_once = [(AT_ONCE, _("As soon as possible"))] if times.at_once else []
    zone = timezone.get_default_timezone()
    days = groupby((slot.astimezone(zone) for slot in times.slots), key=datetime.date)
    by_day = [
        (_day(day, now.astimezone(zone).date()), [(frames.moment(slot), date_format(slot, "D G:i")) for slot in slots])
        for day, slots in days
    ]
    return [*at_once, *by_day]


def _day(day: date, today: date) -> str:
    if day == today:
        return _("Today")
    if day == today + timedelta(days=1):
        return _("Tomorrow")
    return f"{date_format(day, 'l')}, {words.date_of(day)}"
