"""May an invitation be shown, and what became of it: asked and told by browsers that are nobody yet."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseForbidden, JsonResponse
from django.views.decorators.cache import cache_control
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from consult.chat import frames, origin, rate
from consult.chat.entry import Refused
from consult.invitations import book, page
from consult.invitations.models import VARIANTS, Greeting
from consult.widget.network import network_of

MAX_BODY = 8 * 1024  # bytes
LAST_VISIT = 2**31 - 1  # that a column holds
BURST, PER_SECOND = 60, 1.0

STATUS = {"malformed": 400, "not_found": 404, "slow_down": 429, "try_again": 503}


@transaction.non_atomic_requests  # as for me: the shop's functions are asked
@csrf_exempt  # as for engaging
@require_POST
@cache_control(private=True, no_store=True)
def invite(request: HttpRequest) -> HttpResponse:
    """Answer whether the invitation it asks about is to be shown, or take down what became of one. Sets no cookie."""
    if not origin.allowed(request):
        return HttpResponseForbidden()
    try:
        return JsonResponse(answer(request))
    except Refused as refusal:
        return HttpResponse(status=STATUS[refusal.reason])


def answer(request: HttpRequest) -> dict[str, Any]:
    """Raises Refused."""
    if len(request.body) > MAX_BODY:
        raise Refused("malformed")
    said = frames.small(request.body.decode(errors="replace"))
    event = one_of(said, "event", ["show", "hold", "accepted", "dismissed", "here"])
    # A browser's name for itself is not enough to count by: it is free to have as many as it likes. By kind, so that
    # what an office's browsers merely tell keeps nobody from saying no.
    kind = "show" if event == "hold" else event
    rate.spend(f"{kind} {network_of(request)}", burst=BURST, per_second=PER_SECOND)
    public_id, browser = frames.uuid_of(said, "id"), frames.uuid_of(said, "browser")
    if event not in ("show", "hold"):
        return book.report(request, event, public_id, browser)
    visit = frames.integer_of(said, "visit")
    if visit > LAST_VISIT:
        raise Refused("malformed")
    wish = book.Wish(
        public_id=public_id,
        browser=browser,
        visit=visit,
        rule=frames.integer_of(said, "rule"),
        variant=one_of(said, "variant", VARIANTS),
        moment=one_of(said, "moment", Greeting.Moment.values),
        held=event == "hold",
        language=frames.text_of(said, "language"),
        page=page.cleaned(said.get("facts")),
    )
    return book.ask(request, wish)


def one_of(said: dict[str, Any], key: str, known: Any) -> str:
    value = frames.text_of(said, key)
    if value not in list(known):
        raise Refused("malformed")
    return value
