"""A letter is said in its conversation and written to the operators, in one transaction or not at all."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import override_settings

from consult.away import letters, outbox
from consult.away.models import Letter
from consult.chat import contact, log
from consult.chat.entry import Author, Entry
from consult.models import Conversation, Message, Visitor

pytestmark = pytest.mark.django_db
EMAIL = "vera@home.example"


def leave(visitor: Visitor, question: str = "Is the Heron heavy?", **more: str) -> Message:
    return letters.leave(visitor, client_id=uuid4(), question=question, email=EMAIL, **more)


def test_it_is_a_conversation_that_waits_like_any(visitor: Visitor, operator: User) -> None:
    said = leave(visitor)
    assert list(Conversation.objects.visible_to(operator)) == [said.conversation]
    assert Conversation.objects.waiting().get().waiting_since == said.sent_at


def test_left_twice_it_is_one_letter(visitor: Visitor, operator: User) -> None:
    name = uuid4()
    first, second = (
        letters.leave(visitor, client_id=name, question="Is the Heron heavy?", email=EMAIL) for _ in range(2)
    )
    assert first == second
    assert Letter.objects.get().recipient == operator.email


def test_what_is_left_out_takes_no_claim_away(visitor: Visitor) -> None:
    leave(visitor, phone="+49 30 1234567")
    leave(visitor)
    assert contact.of(visitor.pk) == {"name": "Vera", "email": EMAIL, "phone": "+49 30 1234567"}


def test_what_can_t_be_mailed_isn_t_said_either(
    visitor: Visitor, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_all: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(outbox, "write", fail)
    with pytest.raises(OSError, match="full"):
        leave(visitor)
    assert not Message.objects.exists()
    assert contact.of(visitor.pk)["email"] == ""


def test_an_operator_without_an_address_gets_none(visitor: Visitor, operator: User, colleague: User) -> None:
    User.objects.filter(pk=colleague.pk).update(email="")
    assert letters.recipients() == [operator.email]


@override_settings(CONSULT={"LETTERS_TO": ["shop@shop.example"]})
def test_the_settings_name_who_reads_letters(operator: User) -> None:
    assert letters.recipients() == ["shop@shop.example"]


def test_what_was_answered_is_not_sent(visitor: Visitor, operator: User) -> None:
    conversation = log.say(Entry(visitor.author, uuid4(), "Is the Heron heavy?", visitor=visitor.pk)).conversation
    conversation.say(Author(f"u{operator.pk}", "Olga"), "Eleven kilos.")
    said = leave(visitor, "And the Moth?")
    assert said.seq > 1
    assert Letter.objects.get().first_seq == said.seq
