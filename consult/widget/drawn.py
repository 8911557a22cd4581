"""Forms that anybody may send, and robots do: they fill in what no person sees, and within no time."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from uuid import uuid4

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.core.signing import BadSignature, Signer
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _

from consult.chat import identity, text
from consult.chat.entry import Refused
from consult.chat.models import Visitor
from consult.chat.patience import storing
from consult.widget import words

LEAST, MOST = 3.0, 24 * 60 * 60.0  # seconds from the drawing of a form to its sending
SALT = "consult.widget.drawn"


def typed(request: HttpRequest) -> dict[str, str]:
    """What was sent, as it may be shown again."""
    return {name: text.clean(str(value)) for name, value in request.POST.items()}


def at(moment: float) -> str:
    """``moment`` (s since 1970) as a form carries it."""
    return Signer(salt=SALT).sign(f"{moment:.3f}")


def verdict(drawn: str, now: float) -> str:
    """Whether a form that was ``drawn`` then may be sent ``now``: "", "too_fast" or "stale"."""
    try:
        age = now - float(Signer(salt=SALT).unsign(drawn))
    except (BadSignature, ValueError):
        return "stale"
    if age > MOST:
        return "stale"
    return "too_fast" if age < LEAST else ""


class Drawn(forms.Form):
    """Knows when it was drawn, and has a field that only robots fill in. Bind it to what was ``typed``."""

    website = forms.CharField(
        required=False, label=_("Leave this empty"), widget=forms.TextInput({"autocomplete": "off", "tabindex": "-1"})
    )
    drawn = forms.CharField(required=False, initial=lambda: at(time.time()), widget=forms.HiddenInput)

    # Who has engaged may be quick: a browser that knows their address types it for them.
    known = False

    @property
    def is_robot(self) -> bool:
        return bool(self.data.get("website"))

    def clean(self) -> dict[str, Any]:
        """What is wrong in the fields goes first: then there is time enough."""
        now = time.time()
        found = verdict(self.cleaned_data.get("drawn", ""), now)
        if found == "stale":
            self.data = {**self.data, "drawn": at(now - LEAST)}
        if found == "stale" and not self.errors:
            self.add_error(None, _("This page was opened long ago. Look through what you wrote, and send it again."))
        if found == "too_fast" and not self.known and not self.errors:
            self.add_error(None, forms.ValidationError(words.refusals()["slow_down"], code="slow_down"))
        return self.cleaned_data

    def refuse(self, refusal: Refused) -> None:
        """Let it be shown with what was typed, and why that was not kept."""
        if refusal.reason == "conflict":
            self.data = {**self.data, "client_id": str(uuid4())}
        reasons = words.refusals()
        sentence = reasons.get(refusal.reason, reasons["other"])
        self.add_error(None, forms.ValidationError(sentence, code=refusal.reason))


def answered(
    request: HttpRequest,
    form: Drawn,
    page: Callable[..., HttpResponse],
    keep: Callable[[HttpRequest, Visitor, Any], None],
) -> HttpResponse:
    """The ``page`` that follows what was sent: thanks once ``keep`` has kept it for its visitor, or the form again
    where that is wrong or refused. Robots are thanked, and nothing is kept.
    """
    form.known = identity.visitor_of(request, claim=False) is not None
    if form.is_robot:
        return page(request, form, thanks=True)
    if form.is_valid():
        response = page(request, form, thanks=True)
        try:
            with storing(), transaction.atomic():
                keep(request, identity.engage(request, response), form)
        except Refused as refusal:
            form.refuse(refusal)
        else:
            return response
    return page(request, form)


def status_of(form: forms.Form) -> int:
    """What a page that shows ``form`` answers with."""
    if form.has_error(NON_FIELD_ERRORS, "slow_down"):
        return 429
    return 422 if form.errors else 200
