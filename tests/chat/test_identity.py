from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory
from django.utils import timezone

from consult.chat import identity, log
from consult.chat.entry import Entry
from consult.models import Conversation, Token, Visitor

pytestmark = pytest.mark.django_db(transaction=True)


class Browser:
    """Keeps its cookies; ``user`` is who is signed in."""

    def __init__(self, *, secure: bool = False) -> None:
        self.cookies: dict[str, str] = {}
        self.user: User | AnonymousUser = AnonymousUser()
        self.secure = secure

    def request(self) -> HttpRequest:
        request = RequestFactory().get("/", secure=self.secure)
        request.COOKIES = dict(self.cookies)
        request.user = self.user
        return request

    def engage(self) -> Visitor:
        self.response = HttpResponse()
        visitor = identity.engage(self.request(), self.response)
        self.cookies |= {name: morsel.value for name, morsel in self.response.cookies.items()}
        return visitor

    def visitor(self) -> Visitor | None:
        return identity.visitor_of(self.request())

    def asks(self, body: str = "Which size?") -> Conversation:
        visitor = self.visitor()
        assert visitor
        return log.say(Entry(visitor.author, uuid4(), body, visitor=visitor.pk)).conversation


def test_a_browser_is_recognized() -> None:
    browser, stranger = Browser(), Browser()
    visitor = browser.engage()
    assert browser.visitor() == visitor
    assert browser.engage() == visitor
    assert stranger.visitor() is None


def test_the_cookie_keeps_its_secret() -> None:
    browser = Browser()
    browser.engage()
    cookie = browser.response.cookies["consult"]
    assert (cookie["httponly"], cookie["samesite"], cookie["secure"]) == (True, "Lax", "")
    assert len(cookie.value) >= 43, "32 random bytes"
    assert cookie.value not in str(Token.objects.values())


def test_a_browser_that_comes_back_is_not_forgotten() -> None:
    browser = Browser()
    visitor = browser.engage()
    soon = timezone.now() + timedelta(days=2)
    Token.objects.update(expires_at=soon)
    assert browser.engage() == visitor
    assert browser.response.cookies["consult"]["max-age"] == 180 * 24 * 60 * 60
    assert Token.objects.get().expires_at > soon


def test_over_tls_the_cookie_belongs_to_the_host_alone() -> None:
    browser = Browser(secure=True)
    browser.engage()
    cookie = browser.response.cookies["__Host-consult"]
    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")
    assert browser.visitor()


def test_an_invented_or_expired_token_is_nobodys() -> None:
    browser = Browser()
    browser.cookies["consult"] = "invented"
    assert browser.visitor() is None
    browser.engage()
    assert browser.cookies["consult"] != "invented"
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert browser.visitor() is None
    identity.forget_expired()
    assert not Token.objects.exists()


def test_signing_in_takes_the_conversation_along(customer: User) -> None:
    browser = Browser()
    browser.engage()
    conversation = browser.asks()
    browser.user = customer
    visitor = browser.visitor()
    assert visitor is not None
    assert visitor.customer == customer
    assert conversation in visitor.conversations.all()


def test_an_account_gives_no_name_that_nobody_can_see(customer: User) -> None:
    customer.first_name = "\u200b\u061c"
    browser, engaged = Browser(), Browser()
    browser.engage()
    browser.user = engaged.user = customer
    visitor = browser.visitor()
    assert visitor is not None
    assert (visitor.name, visitor.email) == ("", "anna@shop.example")
    visitor.delete()
    assert engaged.engage().name == ""


def test_a_customer_finds_the_conversation_on_another_device(customer: User) -> None:
    phone, laptop = Browser(), Browser()
    phone.user = laptop.user = customer
    phone.engage()
    conversation = phone.asks()
    assert conversation in laptop.engage().conversations.all()


def test_two_devices_become_one_visitor_and_the_staler_conversation_closes(customer: User) -> None:
    phone, laptop = Browser(), Browser()
    phone.engage()
    laptop.engage()
    stale, fresh = phone.asks("Red?"), laptop.asks("Blue?")
    phone.user = laptop.user = customer
    assert phone.visitor() == laptop.visitor()
    stale.refresh_from_db()
    fresh.refresh_from_db()
    assert (stale.closed_at is None, fresh.closed_at is None) == (False, True)
    assert stale.visitor == fresh.visitor
    mine = fresh.visitor.author.key
    assert {message.author_key for message in fresh.messages.all()} == {mine}
    assert laptop.asks("Or green?") == fresh


def test_the_same_message_is_still_the_same_after_signing_in(customer: User) -> None:
    phone, laptop = Browser(), Browser()
    phone.user = customer
    phone.engage()
    visitor, client_id = laptop.engage(), uuid4()
    log.say(Entry(visitor.author, client_id, "Blue?", visitor=visitor.pk))
    laptop.user = customer
    joined = laptop.visitor()
    assert joined is not None
    assert log.say(Entry(joined.author, client_id, "Blue?", visitor=joined.pk)).repeated


def test_after_signing_out_the_browser_is_nobodys(customer: User) -> None:
    browser = Browser()
    browser.user = customer
    browser.engage()
    browser.asks()
    left = dict(browser.cookies)
    browser.user = AnonymousUser()
    assert browser.visitor() is None
    stranger = browser.engage()
    assert stranger.customer is None
    assert not stranger.conversations.exists()
    browser.cookies, browser.user = left, customer
    assert browser.visitor() is None, "the token that was left behind opens nothing any more"


def test_with_the_account_goes_what_it_left_in_browsers(customer: User, operator: User) -> None:
    browser = Browser()
    browser.user = customer
    browser.engage()
    conversation = browser.asks()
    customer.delete()
    for user in (AnonymousUser(), operator):
        browser.user = user
        assert browser.visitor() is None
    assert Conversation.objects.filter(pk=conversation.pk).exists(), "what was said stays"


def test_another_customer_does_not_inherit(customer: User, operator: User) -> None:
    browser = Browser()
    browser.user = customer
    browser.engage()
    browser.asks()
    browser.user = operator
    assert browser.visitor() is None
    assert not browser.engage().conversations.exists()


def test_an_address_typed_by_somebody_opens_nothing(customer: User) -> None:
    first = Browser()
    first.user = customer
    first.engage()
    first.asks()
    liar = Browser()
    visitor = liar.engage()
    visitor.email = customer.email
    visitor.save()
    assert not visitor.conversations.exists()


def test_engaging_reads_nothing_of_the_forms(rf: Any, customer: User) -> None:
    request = rf.post("/", {"customer": customer.pk, "user_id": customer.pk, "is_staff": 1})
    request.user = AnonymousUser()
    assert identity.engage(request, HttpResponse()).customer is None
