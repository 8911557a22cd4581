"""The page behind the label where scripts don't run: ask, and read the answers, as plain HTML."""

from __future__ import annotations

from uuid import UUID, uuid4

from django import forms
from django.db import OperationalError, transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from consult.chat import identity, log, rate, reading, text
from consult.chat.entry import Entry, Refused
from consult.chat.models import Conversation, Message, Visitor
from consult.widget import words

SHOWN = 200  # the latest messages; who talks longer than this has scripts


class Question(forms.Form):
    """What is asked. The log's own rules judge it; the form words their verdict."""

    # Names the question before it is sent: a second click, or a reload of the answer, is the same question again.
    client_id = forms.UUIDField(initial=uuid4, required=False, widget=forms.HiddenInput)
    question = forms.CharField(
        label=_("Your question"), required=False, strip=False, widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"})
    )

    def entry_of(self, visitor: Visitor) -> Entry:
        typed = self.cleaned_data
        return Entry(visitor.author, typed["client_id"], typed["question"], visitor=visitor.pk)

    def clean_client_id(self) -> UUID:
        return self.cleaned_data["client_id"] or uuid4()

    def clean_question(self) -> str:
        try:
            return text.body(self.cleaned_data["question"])
        except Refused as refusal:
            raise forms.ValidationError(words.refusals()[refusal.reason], code=refusal.reason) from refusal


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """Show the conversation so far; on POST say something in it."""
    form = Question(request.POST or None)
    if request.method == "POST" and form.is_valid():
        response = redirect(request.path)
        try:
            with transaction.atomic():
                asking = identity.engage(request, response)
                rate.spend(asking.author.key)
                log.say(form.entry_of(asking))
        except Refused as refusal:
            form = kept(form, refusal)
        except OperationalError:  # somebody holds the conversation's row for too long
            form = kept(form, Refused("try_again"))
        else:
            return response
    visitor = identity.visitor_of(request)
    conversation = reading.current(visitor.pk) if visitor else None
    return render(
        request,
        "consult/widget/contact.html",
        {"form": form, "conversation": conversation, "messages_said": said_in(conversation)},
        status=422 if form.errors else 200,
    )


def kept(form: Question, refusal: Refused) -> Question:
    """The form again with what was typed, under a new name, and why it was refused."""
    again = Question({**form.cleaned_data, "client_id": uuid4()})
    reasons = words.refusals()
    again.add_error("question", reasons.get(refusal.reason, reasons["other"]))
    return again


def said_in(conversation: Conversation | None) -> list[Message]:
    """The latest messages, oldest first; showing them is reading them."""
    if conversation is None:
        return []
    messages = list(conversation.messages.order_by("-seq")[:SHOWN])[::-1]
    if messages:
        conversation.read_by("visitor", messages[-1].seq)
    return messages
