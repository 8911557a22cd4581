"""What the visitor's browser asks: ``boot`` for everybody alike, ``me`` and ``engage`` for one."""

from __future__ import annotations

import json
from typing import Any

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.middleware.gzip import GZipMiddleware
from django.shortcuts import render
from django.utils import translation
from django.utils.decorators import decorator_from_middleware
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.gzip import gzip_page
from django.views.decorators.http import conditional_page, require_POST, require_safe

from consult.away import callback
from consult.chat import beat, identity, origin, presence, reading
from consult.chat.models import Visitor
from consult.chat.text import MAX_LENGTH
from consult.invitations import current, facts
from consult.widget import words

FRESH = 60  # seconds in which a second page asks nothing at all
STALE = 600  # seconds in which it may show the old answer while it asks
COMPACT: dict[str, Any] = {"ensure_ascii": False, "separators": (",", ":")}  # every visitor of the shop carries it


class Compression(GZipMiddleware):
    """Django's, without the bytes it adds by chance, so that no secret be guessed from a length: for what has none."""

    max_random_bytes = 0


compressed = decorator_from_middleware(Compression)


@compressed
@require_safe
@cache_control(public=True, max_age=FRESH, stale_while_revalidate=STALE)
@conditional_page
def boot(request: HttpRequest, language: str) -> HttpResponse:
    """What the label and the rules need, the same for everybody of one language. It looks at no cookie: any cache may
    keep it.
    """
    beat.attend(request)
    language, now = known(language), presence.now()
    with translation.override(language):
        texts = {"now": now.text()}
        invitations = current.for_browser(language, now.state, facts.now())
    texts |= invitations.pop("texts", {})
    return JsonResponse({"availability": now.state, "texts": texts, **invitations}, json_dumps_params=COMPACT)


@transaction.non_atomic_requests  # a query of the shop's own that fails would spoil all that come after
@require_safe
@cache_control(private=True, no_store=True)
def me(request: HttpRequest) -> HttpResponse:
    """Whether this browser is still who it was, and what waits for it; or with ``?fits`` which rules are for it."""
    if "fits" in request.GET:
        return JsonResponse(current.fitting(request))
    visitor = identity.visitor_of(request)
    return JsonResponse({"visitor": None} if visitor is None else standing(visitor))


@csrf_exempt  # the page it is sent from is cached and holds no token; its origin is judged like a socket's
@gzip_page  # the secret goes with a header: there is none in the document to be guessed from its length
@require_POST
@cache_control(private=True, no_store=True)
def engage(request: HttpRequest) -> HttpResponse:
    """Make this browser a visitor, and give it the panel as a document in the language of its page."""
    if not origin.allowed(request):
        return HttpResponseForbidden()
    language = request.POST.get("language", "")
    with translation.override(language if translation.check_for_language(language) else translation.get_language()):
        context = {
            "reasons": words.refusals(),
            "unread": json.dumps(words.unread(), **COMPACT),
            "limit": MAX_LENGTH,
            "now": presence.now(),
            "calls": callback.offered(),
        }
        response = render(request, "consult/widget/panel.html", context)
    identity.engage(request, response)
    return response


@compressed
@require_safe
@cache_control(public=True, max_age=FRESH, stale_while_revalidate=STALE)
@conditional_page
def reach(request: HttpRequest, language: str) -> HttpResponse:
    """What asks a visitor how to reach them, as a document: the same for everybody of one language."""
    with translation.override(known(language)):
        return render(request, "consult/widget/reach.html")


def standing(visitor: Visitor) -> dict[str, object]:
    """Where ``visitor``'s latest conversation stands."""
    conversation = reading.current(visitor.pk)
    if conversation is None:
        return {"visitor": True, "conversation": None, "open": False, "unread": 0}
    answers = conversation.messages.answers().filter(seq__gt=conversation.visitor_read)
    return {
        "visitor": True,
        "conversation": str(conversation.public_id),
        "open": conversation.closed_at is None,
        "unread": answers.count(),
    }


def known(language: str) -> str:
    """``language`` as the shop has it. Raises Http404: what any cache may keep must not have endless addresses."""
    try:
        return translation.get_supported_language_variant(language)
    except LookupError as error:
        raise Http404 from error
