"""The form to leave a message with, for the answer to come by e-mail: a page that needs no scripts, and what the
panel shows of it.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods

from consult.away import letters
from consult.chat import beat, contact, identity, lines, rate
from consult.chat.entry import Refused
from consult.chat.models import Message, Visitor
from consult.widget import language
from consult.widget.drawn import Drawn, answered, status_of, typed
from consult.widget.network import network_of
from consult.widget.question import Question

HOUR = 3600.0  # seconds
PER_VISITOR, PER_NETWORK = 3, 20  # letters an hour; an office has one address for all who work there


class LetterForm(Question, Drawn):
    """A letter. How to reach its writer is judged as everywhere; only the e-mail has to be there."""

    email = forms.CharField(
        label=gettext_lazy("Your e-mail"), required=False,
        widget=forms.EmailInput({"autocomplete": "email", "dir": "ltr", "maxlength": 254, "required": True}),
    )  # fmt: skip
    name = forms.CharField(
        label=gettext_lazy("Your name"), required=False, help_text=gettext_lazy("Optional"),
        widget=forms.TextInput({"autocomplete": "name", "dir": "auto", "maxlength": 64}),
    )  # fmt: skip
    phone = forms.CharField(
        label=gettext_lazy("Your phone"), required=False, help_text=gettext_lazy("Optional"),
        widget=forms.TextInput({"type": "tel", "autocomplete": "tel", "dir": "ltr", "maxlength": 32}),
    )  # fmt: skip

    def __init__(self, data: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(data, auto_id="consult-letter-%s", **more)

    def clean(self) -> dict[str, Any]:
        claims = {field: self.cleaned_data.get(field, "") for field in contact.FIELDS}
        try:
            self.cleaned_data |= contact.clean(**claims)
        except ValidationError as wrong:
            self.add_error(None, wrong)
        if not self.cleaned_data.get("email") and "email" not in self.errors:
            self.add_error("email", _("Write your e-mail address here: the answer goes there."))
        return super().clean()

    def refuse(self, refusal: Refused) -> None:
        if refusal.reason != "slow_down":
            return super().refuse(refusal)
        wait = lines.minutes(int((refusal.retry_after or 0) // 60) + 1)
        sentence = _("You have left several messages already. Send this one in %(wait)s.") % {"wait": wait}
        self.add_error(None, ValidationError(sentence, code=refusal.reason))


@never_cache
@gzip_page  # as for engaging: the token is another in each answer
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def letter(request: HttpRequest) -> HttpResponse:
    """Show the form; on POST keep the letter. Nothing is mailed to the address that it names."""
    beat.attend(request)
    with language.asked(request):
        if request.method == "POST":
            return answered(request, LetterForm(typed(request)), page, keep)
        return page(request, blank(request))


def keep(request: HttpRequest, visitor: Visitor, form: LetterForm) -> None:
    """Raises Refused."""
    named = {field: form.cleaned_data[field] for field in ("client_id", "question", *contact.FIELDS)}
    if not Message.objects.filter(client_id=named["client_id"], author_key=visitor.author.key).exists():
        # The network first: a visitor who is refused at once is gone with the transaction, and SQLite gives their key
        # to the next.
        count(request)
        rate.spend(f"letter {visitor.author.key}", burst=PER_VISITOR, per_second=PER_VISITOR / HOUR)
    letters.leave(visitor, **named)


def count(request: HttpRequest) -> None:
    """Raises Refused where too many letters come from one network."""
    rate.spend(f"letter {network_of(request)}", burst=PER_NETWORK, per_second=PER_NETWORK / HOUR)


def blank(request: HttpRequest) -> LetterForm:
    """The form with what is known of who asks for it."""
    visitor = identity.visitor_of(request, claim=False)
    customer = identity.customer_of(request)
    if visitor:
        return LetterForm(initial=contact.of(visitor.pk))
    return LetterForm(initial=identity.claims_of(customer) if customer else {})


def page(request: HttpRequest, form: LetterForm, *, thanks: bool = False) -> HttpResponse:
    context = {"form": form, "thanks": thanks}
    return render(request, "consult/widget/letter.html", context, status=200 if thanks else status_of(form))
