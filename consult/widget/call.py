"""The form to request a call with: a page that needs no scripts, and what the panel shows of it."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import require_http_methods

from consult.away import callback
from consult.away.wish import GONE, Wish
from consult.chat import beat, contact, identity, rate
from consult.chat.entry import Refused
from consult.chat.models import Visitor
from consult.widget import language
from consult.widget.drawn import Drawn, answered, status_of, typed
from consult.widget.letter import HOUR
from consult.widget.network import network_of

PER_VISITOR, PER_NETWORK = 6, 20  # requests an hour, changes of one's own included


class CallForm(Drawn, Wish):
    """The visitor's own wish."""

    def __init__(self, data: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(data, auto_id="consult-call-%s", **more)
        self.fields["phone"].label = _("Your phone")
        self.fields["phone"].widget.attrs["autocomplete"] = "tel"
        zone = timezone.get_default_timezone_name()
        self.fields["when"].help_text = _("By the shop's clock (%(zone)s).") % {"zone": zone}

    def refuse(self, refusal: Refused) -> None:
        """At the field that it is about."""
        at_field = {
            "slot_taken": ("when", GONE),
            "too_often": ("phone", _("Several calls have been requested today already. Try again tomorrow.")),
        }
        if refusal.reason not in at_field:
            return super().refuse(refusal)
        field, sentence = at_field[refusal.reason]
        self.add_error(field, ValidationError(sentence, code=refusal.reason))


@never_cache
@gzip_page  # as for engaging: the token is another in each answer
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def call(request: HttpRequest) -> HttpResponse:
    """Show the form; on POST keep the wish. Raises Http404 where the shop calls nobody."""
    if not callback.offered():
        raise Http404
    beat.attend(request)
    with language.asked(request), timezone.override(timezone.get_default_timezone()):
        visitor = identity.visitor_of(request, claim=False)
        times = callback.times(timezone.now(), visitor)
        if request.method == "POST":
            return answered(request, CallForm(typed(request), times=times), page, keep)
        # With the number that is known of who asks for it.
        number = contact.of(visitor.pk)["phone"] if visitor else ""
        return page(request, CallForm(initial={"phone": number}, times=times))


def keep(request: HttpRequest, visitor: Visitor, form: CallForm) -> None:
    """Raises Refused."""
    rate.spend(f"call {network_of(request)}", burst=PER_NETWORK, per_second=PER_NETWORK / HOUR)
    rate.spend(f"call {visitor.author.key}", burst=PER_VISITOR, per_second=PER_VISITOR / HOUR)
    callback.request(visitor, now=timezone.now(), **form.wish)


def page(request: HttpRequest, form: forms.Form, *, thanks: bool = False) -> HttpResponse:
    context = {"form": form, "thanks": thanks}
    return render(request, "consult/widget/call.html", context, status=200 if thanks else status_of(form))
