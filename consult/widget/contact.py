"""The page behind the label where scripts don't run: ask, and read the answers, as plain HTML."""

from __future__ import annotations

from uuid import uuid4

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect
from django.views.decorators.http import require_http_methods

from consult.away import callback
from consult.chat import beat, identity, log, presence, rate, reading
from consult.chat.entry import Entry, Refused
from consult.chat.models import Conversation, Message, Visitor
from consult.chat.patience import storing
from consult.widget import letter, words
from consult.widget.drawn import typed
from consult.widget.question import Question

SHOWN = 200  # the latest messages; who talks longer than this has scripts


@never_cache
@csrf_protect
@require_http_methods(["GET", "HEAD", "POST"])
def contact(request: HttpRequest) -> HttpResponse:
    """Show the conversation so far, and while the shop is away the letter's form; on POST say something in it."""
    beat.attend(request)
    form = Question(typed(request) if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        response = redirect(request.path)
        try:
            with storing(), transaction.atomic():
                if identity.visitor_of(request, claim=False) is None:
                    letter.count(request)
                asking = identity.engage(request, response)
                rate.spend(asking.author.key)
                log.say(entry_of(form, asking))
        except Refused as refusal:
            form = kept(form, refusal)
        else:
            return response
    visitor = identity.visitor_of(request)
    conversation = reading.current(visitor.pk) if visitor else None
    now = presence.now()
    away = now.state == presence.AWAY and not form.errors and not (conversation and conversation.operator_id)
    context = {
        "form": letter.blank(request) if away else form,
        "away": away,
        "calls": callback.offered(),
        "now": now,
        "conversation": conversation,
        "messages_said": said_in(conversation),
    }
    return render(request, "consult/widget/contact.html", context, status=422 if form.errors else 200)


def entry_of(form: Question, visitor: Visitor) -> Entry:
    asked = form.cleaned_data
    return Entry(visitor.author, asked["client_id"], asked["question"], visitor=visitor.pk)


def kept(form: Question, refusal: Refused) -> Question:
    """The form again with what was typed, under a new name, and why it was refused."""
    again = Question({**form.cleaned_data, "client_id": uuid4()})
    reasons = words.refusals()
    again.add_error("question", reasons.get(refusal.reason, reasons["other"]))
    return again


def said_in(conversation: Conversation | None) -> list[Message]:
    """The latest messages, oldest first; showing them is reading them."""
    messages = latest(conversation) if conversation else []
    if conversation and messages:
        conversation.read_by("visitor", messages[-1].seq)
    return messages


def latest(conversation: Conversation) -> list[Message]:
    return list(conversation.messages.order_by("-seq")[:SHOWN])[::-1]
