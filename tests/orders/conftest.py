"""What the order book's tests begin with: a lamp, and a conversation as far as it has come."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from consult.chat import log
from consult.chat.entry import Author, Entry
from consult.models import Conversation, Message, Token, Visitor
from example_shop.models import Order, OrderLine, Product


@pytest.fixture
def lamp(db: None) -> Product:
    return Product.objects.create(
        name="Alder",
        slug="alder",
        summary="",
        description="",
        price=Decimal(129),
        size="",
        light="",
        finishes="",
        sent_in_days=2,
    )


@pytest.fixture
def conversation(visitor: Visitor) -> Conversation:
    """The visitor has asked, and nobody has answered."""
    asked = log.say(Entry(visitor.author, uuid4(), "Which one?", visitor=visitor.pk))
    return asked.conversation


@pytest.fixture
def answered(conversation: Conversation, operator: User) -> Conversation:
    """The operator has answered, and has the conversation."""
    conversation.say(Author(f"u{operator.pk}", "Olga"), "The small one.")
    conversation.refresh_from_db()
    return conversation


@pytest.fixture
def browser_of(client: Client) -> Callable[[Visitor], Client]:
    """The visitor's browser: the test client with the visitor's token."""

    def remember(visitor: Visitor) -> Client:
        digest = hashlib.sha256(b"secret").hexdigest()
        Token.objects.create(visitor=visitor, digest=digest, expires_at=timezone.now() + timedelta(days=1))
        client.cookies["consult"] = "secret"
        return client

    return remember


@pytest.fixture
def order(lamp: Product) -> Callable[..., Order]:
    """An order that came in somehow: ``order(source="phone")``."""

    def make(**facts: object) -> Order:
        made = Order.objects.create(**{"name": "Vera", "email": "vera@example.com", "address": "Here 1"} | facts)
        OrderLine.objects.create(order=made, product=lamp, quantity=1)
        return made

    return make


def lines_about_orders(conversation: Conversation) -> list[Message]:
    return list(conversation.messages.filter(kind="order"))
