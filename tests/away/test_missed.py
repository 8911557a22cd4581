"""Who has gone before the answer came reads it in one e-mail; who is here, or has read it, gets none."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core import mail
from django.db import connection
from django.test.utils import CaptureQueriesContext

from consult.away import missed, outbox
from consult.away.models import Letter
from consult.chat import visits
from consult.models import Conversation, Message, Visitor
from tests.away.post import HOME, answer, ask

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SECOND = timedelta(seconds=1)
LATER = NOW + timedelta(minutes=3)


@pytest.fixture
def conversation(visitor: Visitor) -> Conversation:
    """Vera has asked at nine, with a page open."""
    with time_machine.travel(NOW, tick=False):
        conversation = ask(visitor)
        Visitor.objects.filter(pk=visitor.pk).update(heard_at=NOW)
    return conversation


def answer_at(now: datetime, operator: User, conversation: Conversation, *texts: str) -> None:
    with time_machine.travel(now, tick=False):
        for text in texts:
            answer(operator, conversation, text)


def mailed_at(now: datetime) -> list[tuple[str, int, int]]:
    """The letters that are written by then."""
    with time_machine.travel(now, tick=False):
        missed.mail_missed()
    letters = Letter.objects.filter(kind=Letter.Kind.ANSWER).order_by("pk")
    return list(letters.values_list("recipient", "first_seq", "last_seq"))


def test_who_is_gone_for_two_minutes_gets_one_e_mail(conversation: Conversation, operator: User) -> None:
    answer_at(NOW + 10 * SECOND, operator, conversation, "It is.", "By 300 kelvin.")
    assert mailed_at(NOW + 119 * SECOND) == []
    for _ in range(2):
        assert mailed_at(NOW + 120 * SECOND) == [(HOME, 1, 4)]
    with time_machine.travel(LATER):
        outbox.send_due()
    (written,) = mail.outbox
    assert written.to == [HOME]
    assert written.body.index("It is.") < written.body.index("By 300 kelvin.")


def test_nobody_is_mailed_between_two_answers(conversation: Conversation, operator: User) -> None:
    answer_at(LATER, operator, conversation, "It is.")
    assert mailed_at(LATER + 29 * SECOND) == []
    assert mailed_at(LATER + 30 * SECOND) == [(HOME, 1, 3)]


def test_what_is_said_after_the_e_mail_goes_with_the_next(conversation: Conversation, operator: User) -> None:
    answer_at(NOW, operator, conversation, "It is.")
    assert len(mailed_at(LATER)) == 1
    answer_at(LATER, operator, conversation, "And dimmable.")
    assert mailed_at(LATER + 30 * SECOND) == [(HOME, 1, 3), (HOME, 4, 4)]


def test_who_is_here_reads_it_here(conversation: Conversation, operator: User) -> None:
    answer_at(NOW, operator, conversation, "It is.")
    with time_machine.travel(LATER, tick=False):
        visits.heard([conversation.visitor_id])
    assert mailed_at(LATER + 119 * SECOND) == []
    assert len(mailed_at(LATER + 120 * SECOND)) == 1


def test_who_has_read_it_needs_no_e_mail(conversation: Conversation, operator: User) -> None:
    answer_at(NOW, operator, conversation, "It is.")
    conversation.read_by("visitor", 3)
    assert mailed_at(LATER) == []


def test_without_an_address_there_is_nobody_to_write_to(conversation: Conversation, operator: User) -> None:
    answer_at(NOW, operator, conversation, "It is.")
    Visitor.objects.update(email="")
    assert mailed_at(LATER) == []
    Visitor.objects.update(email="vera@work.example")
    assert mailed_at(LATER) == [("vera@work.example", 1, 3)]


def test_a_corrected_address_gets_what_the_wrong_one_got(conversation: Conversation, operator: User) -> None:
    answer_at(NOW, operator, conversation, "It is.")
    assert len(mailed_at(LATER)) == 1
    Visitor.objects.update(email="vera@work.example")
    assert mailed_at(LATER)[1:] == [("vera@work.example", 1, 3)]


def test_a_conversation_closed_meanwhile_is_still_answered(conversation: Conversation, operator: User) -> None:
    answer_at(NOW, operator, conversation, "It is.")
    with time_machine.travel(NOW, tick=False):
        Conversation.objects.get().close(operator)
    assert mailed_at(LATER) == [(HOME, 1, 3)]


def test_automatic_lines_are_no_answers(conversation: Conversation, operator: User) -> None:
    with time_machine.travel(NOW, tick=False):
        conversation.take(operator)
    assert mailed_at(LATER) == []


def test_it_is_found_among_ten_thousand_in_two_queries(operator: User, conversation: Conversation) -> None:
    visitors = Visitor.objects.bulk_create(Visitor(email=HOME, heard_at=NOW) for _ in range(10_000))
    conversations = Conversation.objects.bulk_create(
        Conversation(visitor=visitor, last_seq=1, visitor_read=number % 2) for number, visitor in enumerate(visitors)
    )
    Message.objects.bulk_create(
        [
            Message(
                conversation=there, seq=1, author_key=f"u{operator.pk}", client_id=uuid4(), body="It is.", sent_at=NOW
            )
            for there in conversations
        ],
        batch_size=1000,
    )
    Letter.objects.bulk_create(
        [
            Letter(conversation=there, kind="answer", recipient=HOME, first_seq=1, last_seq=1, state="sent")
            for there in conversations
        ],
        batch_size=1000,
    )
    answer_at(LATER, operator, conversation, "It is.")
    with time_machine.travel(LATER + 30 * SECOND, tick=False), CaptureQueriesContext(connection) as asked:
        missed.mail_missed()
    assert sum(query["sql"].startswith("SELECT") for query in asked) == 2
    assert Letter.objects.filter(conversation=conversation).count() == 1


def test_an_answer_is_not_mailed_to_whomever_is_named_next(conversation: Conversation, operator: User) -> None:
    """Nobody can have the shop write to strangers by claiming their addresses one after the other."""
    answer_at(NOW, operator, conversation, "It is.")
    for number in range(9):
        Visitor.objects.update(email=f"walter{number}@home.example")
        mailed = mailed_at(LATER)
    assert [recipient for recipient, _, _ in mailed] == [f"walter{number}@home.example" for number in range(3)]
    Visitor.objects.update(email="walter0@home.example")
    answer_at(LATER, operator, conversation, "And dimmable.")
    assert mailed_at(LATER + 30 * SECOND)[3:] == [("walter0@home.example", 4, 4)]
