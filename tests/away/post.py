"""What goes by post between a visitor and an operator."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import django
from django.contrib.auth.models import User

from consult.chat import log
from consult.chat.entry import Author, Entry
from consult.chat.models import name_of
from consult.models import Conversation, Message, Visitor

HOME = "vera@home.example"
SITE = "https://lampwick.example"


def ask(visitor: Visitor, text: str = "Is the brass lamp warmer?", *, email: str = HOME) -> Conversation:
    """The visitor leaves a letter."""
    Visitor.objects.filter(pk=visitor.pk).update(email=email)
    visitor.email = email
    return log.say(Entry(visitor.author, uuid4(), text, visitor=visitor.pk, medium="mail")).conversation


def answer(operator: User, conversation: Conversation, text: str = "It is, by 300 kelvin.") -> Message:
    author = Author(f"u{operator.pk}", name_of(operator))
    return log.say(Entry(author, uuid4(), text, conversation=conversation.public_id))


def mail_through(settings: Any, port: int) -> None:
    backend = "django.core.mail.backends.smtp.EmailBackend"
    if django.VERSION >= (6, 1):
        settings.MAILERS = {"default": {"BACKEND": backend, "OPTIONS": {"host": "127.0.0.1", "port": port}}}
    else:
        settings.EMAIL_BACKEND, settings.EMAIL_HOST, settings.EMAIL_PORT = backend, "127.0.0.1", port


def set_up(settings: Any, **chosen: Any) -> None:
    """What the shop writes into CONSULT besides what it has."""
    settings.CONSULT = settings.CONSULT | chosen
