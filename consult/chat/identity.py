"""Who this browser is: a secret in an HttpOnly cookie, its digest in a row, and the shop's own sign-in above both."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.contrib.auth import get_user_model
from django.db import IntegrityError, OperationalError, models, transaction
from django.utils import timezone
from django.utils.crypto import salted_hmac

from consult.chat import live, text, visits
from consult.chat.models import Conversation, Message, Token, Visitor
from consult.conf import conf

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest, HttpResponse

SECRET_BYTES = 32
RENEWED_EVERY = timedelta(days=1)  # a browser that comes back is not forgotten


def token_of(request: HttpRequest, *, claim: bool = True) -> Token | None:
    """The token this browser sent, if it counts in this request.

    A customer's token counts only while that customer is signed in. Signing in makes the browser's token and
    conversations the customer's; without ``claim`` that is left to a later request, and nothing is locked or written.
    """
    secret = request.COOKIES.get(cookie_name(request))
    if not secret:
        return None
    rows = Token.objects.select_related("visitor")
    token = rows.filter(digest=_digest(secret), expires_at__gt=timezone.now()).first()
    if token is None:
        return None
    customer = customer_of(request)
    owner = token.customer_id
    if owner is None and customer is not None:
        return _claim(token, customer) if claim else token
    return token if owner == (customer.pk if customer else None) else None


def visitor_of(request: HttpRequest, *, claim: bool = True) -> Visitor | None:
    """The visitor this browser is, or None if it never engaged or may not be who it was."""
    token = token_of(request, claim=claim)
    return token.visitor if token else None


def engage(request: HttpRequest, response: HttpResponse) -> Visitor:
    """The visitor this browser is from now on; a new token goes with ``response`` unless it holds a good one."""
    token = token_of(request)
    secret = request.COOKIES.get(cookie_name(request), "")
    expires = timezone.now() + timedelta(days=conf.TOKEN_DAYS)
    if token is None:
        # What this browser held before is somebody else's, or nobody's any more: from here on it opens nothing.
        if secret:
            Token.objects.filter(digest=_digest(secret)).delete()
        secret = secrets.token_urlsafe(SECRET_BYTES)
        token = Token.objects.create(
            visitor=_new_visitor(request), customer=customer_of(request), digest=_digest(secret), expires_at=expires
        )
    elif token.expires_at < expires - RENEWED_EVERY:
        Token.objects.filter(pk=token.pk).update(expires_at=expires)
    else:
        return token.visitor
    response.set_cookie(
        cookie_name(request),
        secret,
        max_age=timedelta(days=conf.TOKEN_DAYS),
        secure=request.is_secure(),
        httponly=True,
        samesite="Lax",
    )
    return token.visitor


def forget_expired() -> None:
    """Forget the browsers whose token has run out."""
    Token.objects.filter(expires_at__lte=timezone.now()).delete()


def cookie_name(request: HttpRequest) -> str:
    """With ``__Host-`` no sibling domain can plant the cookie; browsers take it over TLS only."""
    return "__Host-consult" if request.is_secure() else "consult"


def customer_of(request: HttpRequest) -> User | None:
    """Who is signed in to the shop, if anybody is."""
    user = getattr(request, "user", None)
    return user if user is not None and user.is_authenticated else None


def claims_of(customer: User) -> dict[str, str]:
    """What the account says of how to reach them."""
    name = text.line(customer.get_full_name())[: Visitor._meta.get_field("name").max_length]
    return {"name": name, "email": getattr(customer, customer.get_email_field_name(), "")}


def session_of(request: HttpRequest, key: str | None = None) -> str:
    """A digest of the shop's own session (or of the one with this ``key``), "" where there is none. Makes none."""
    key = key or getattr(getattr(request, "session", None), "session_key", None)
    return salted_hmac("consult.chat.identity.session", key, algorithm="sha256").hexdigest() if key else ""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode(errors="replace")).hexdigest()


def _new_visitor(request: HttpRequest) -> Visitor:
    customer = customer_of(request)
    if customer is None:
        return Visitor.objects.create()
    return Visitor.objects.get_or_create(customer=customer, defaults=claims_of(customer))[0]


def _claim(token: Token, customer: User) -> Token:
    """Signing in: what this browser said becomes the customer's."""
    try:
        with transaction.atomic():
            return _join(token, customer)
    except (IntegrityError, OperationalError):
        # Another browser of the same customer was first, and now there is somebody to join; or somebody writing into
        # an earlier conversation and we waited for each other.
        with transaction.atomic():
            return _join(token, customer)


def _join(token: Token, customer: User) -> Token:
    visitor = token.visitor
    # One browser of a customer at a time: two that took turns at the rows below would wait for each other.
    get_user_model()._default_manager.select_for_update(no_key=True).filter(pk=customer.pk).first()
    theirs = Visitor.objects.filter(customer=customer.pk).first()
    if theirs is None:
        visitor.customer = customer
        for field, claim in claims_of(customer).items():
            setattr(visitor, field, getattr(visitor, field) or claim)
        visitor.save(update_fields=["customer", "name", "email"])
        visitor.tokens.update(customer=customer)
        Conversation.objects.open().filter(visitor=visitor).changed()
        _start_again(visitor)
        return token
    pks = [visitor.pk, theirs.pk]
    conversations = Conversation.objects.locked().filter(visitor__in=pks).open().order_by("pk")
    list(conversations)  # first these, then the visitors, as the log does: or we and it could wait for each other
    list(Visitor.objects.select_for_update(no_key=True).filter(pk__in=pks).order_by("pk"))
    by_age = sorted(conversations.all(), key=_last_said_at)  # with the one that may have opened meanwhile
    for staler in by_age[:-1]:
        staler.end(theirs.author)
    said, known = (
        Message.objects.filter(conversation__visitor=person, author_key=person.author.key)
        for person in (visitor, theirs)
    )
    for twin in said.filter(client_id__in=known.values("client_id")):  # no browser's doing, but a script's
        said.filter(pk=twin.pk).update(client_id=uuid4())
    said.update(author_key=theirs.author.key)
    for pointer in _pointing_here():
        pointer.model._base_manager.filter(**{pointer.name: visitor}).update(**{pointer.name: theirs})
    for field in ("name", "email", "phone"):
        setattr(theirs, field, getattr(theirs, field) or getattr(visitor, field))
    visits.join(theirs, visitor)
    theirs.save(update_fields=["name", "email", "phone", "seen_at", *visits.FACTS])
    theirs.tokens.update(customer=customer)
    Conversation.objects.open().filter(visitor=theirs).changed()
    _start_again(visitor)
    visitor.delete()
    token.visitor = theirs
    return token


def _pointing_here() -> list[models.ForeignKey[Any, Any]]:
    """What points at a visitor: conversations, tokens, and what the rooms above keep of one."""
    related = Visitor._meta.get_fields(include_hidden=True)
    return [relation.field for relation in related if isinstance(relation, models.ManyToOneRel)]


def _start_again(visitor: Visitor) -> None:
    """Sockets from before signing in connect anew, and are the customer's as long as that is signed in."""
    moved = live.Event((f"v{visitor.pk}",), "moved", "", 0, "")
    transaction.on_commit(lambda: live.tell([moved]), robust=True)


def _last_said_at(conversation: Conversation) -> datetime:
    return conversation.messages.order_by("seq").values_list("sent_at", flat=True).last() or conversation.opened_at
