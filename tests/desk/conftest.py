from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from consult.away import callback
from consult.away.models import Callback
from consult.chat import log
from consult.chat.entry import Entry
from consult.models import Conversation, Visitor

# Who may read, and what each of the cast is answered.
READ = {"customer": 302, "former_operator": 302, "staff": 403, "operator": 200, "manager": 200, "reader": 200}


def ask(visitor: Visitor, text: str) -> Conversation:
    """The visitor says something; gives the conversation it went to."""
    return log.say(Entry(visitor.author, uuid4(), text, visitor=visitor.pk)).conversation


def arranged(conversation: Conversation, operator: User, **more: Any) -> Callback:
    """A call as soon as possible."""
    wish: dict[str, Any] = {"client_id": uuid4(), "phone": "+4930901820", "when": None, "now": timezone.now(), **more}
    return callback.request(conversation.visitor, arranged_by=operator, **wish)


@pytest.fixture
def conversation(visitor: Visitor) -> Conversation:
    """Vera has asked, and waits."""
    return ask(visitor, "Is the brass lamp warmer?")


def at(user: User) -> Client:
    """A browser in which ``user`` is signed in."""
    client = Client()
    client.force_login(user)
    return client


@pytest.fixture(params=READ)
def who_reads(request: pytest.FixtureRequest) -> tuple[Client, int]:
    """A browser of each of the cast in turn, and what it is answered where operators, and who sees all, may read."""
    return at(request.getfixturevalue(request.param)), READ[request.param]
