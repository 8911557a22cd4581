"""The page behind the link in an answer's e-mail: one conversation, to read and to go on in.

Whoever has the link is taken at its word, and for no more than it opens: there is no cookie to be had here, and what
looks at links before their reader does changes nothing.
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import translation
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from consult.away import letters, links
from consult.away.models import Letter
from consult.chat import beat, log, rate
from consult.chat.entry import Entry, Refused
from consult.chat.models import Message
from consult.chat.patience import storing
from consult.widget import contact
from consult.widget.drawn import typed
from consult.widget.question import Question

GONE = {"expired": 410, "withdrawn": 410, "not_found": 404}


@csrf_exempt  # what it does is done by the address, not by a cookie; and who sends no referrer sends no origin either
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def resume(request: HttpRequest, token: str) -> HttpResponse:
    """Show the letter's conversation; on POST say something in it, or if it is closed in the one that follows it."""
    beat.attend(request)
    try:
        letter = links.letter_of(token)
    except Refused as refusal:
        context: dict[str, object] = {"reason": refusal.reason}
        response = render(request, "consult/widget/no_resume.html", context, status=GONE[refusal.reason])
    else:
        with translation.override(letter.language or translation.get_language()):
            response = _answered(request, letter)
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex"
    return response


def _answered(request: HttpRequest, letter: Letter) -> HttpResponse:
    form = Question(typed(request) if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            rate.spend(letter.conversation.visitor.author.key)
            with storing():
                _say(letter, form.cleaned_data["client_id"], form.cleaned_data["question"])
        except Refused as refusal:
            form = contact.kept(form, refusal)
        else:
            return redirect(f"{request.path}?said")
    form.fields["question"].label = _("Your message")
    context = {"form": form, "messages_said": contact.latest(letter.conversation), "said": "said" in request.GET}
    return render(request, "consult/widget/resume.html", context, status=422 if form.errors else 200)


def _say(letter: Letter, client_id: UUID, question: str) -> None:
    """As if they had replied to the e-mail. Raises Refused."""
    conversation, author = letter.conversation, letter.conversation.visitor.author
    with transaction.atomic():
        said = log.say(
            Entry(author, client_id, question, medium=Message.Medium.MAIL, conversation=conversation.public_id)
        )
        if not said.repeated:
            letters.arrived(said)
            conversation.read_by("visitor", letter.last_seq)
