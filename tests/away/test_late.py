"""A conversation that nobody takes in time goes on as a letter, and loses no word."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext

from consult.away import late, letters
from consult.away.models import Letter, Schedule
from consult.chat import duty, log
from consult.chat.entry import Author, Entry
from consult.models import Conversation, Message, Visitor

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def on_duty(clock: time_machine.Traveller, operator: User) -> User:
    duty.begin(operator)
    return operator


def later(clock: time_machine.Traveller, minutes: float, on_duty: User | None = None) -> None:
    """Time goes by, and the deed is done; whose desk is open is heard meanwhile."""
    clock.shift(timedelta(minutes=minutes))
    if on_duty:
        duty.beat([on_duty.pk])
    late.send_late()


def ask(visitor: Visitor, body: str = "Is the Heron heavy?", medium: str = "chat") -> Conversation:
    return log.say(Entry(visitor.author, uuid4(), body, visitor=visitor.pk, medium=medium)).conversation


def sent() -> list[tuple[int, int]]:
    return [(letter.first_seq, letter.last_seq) for letter in Letter.objects.order_by("pk")]


def lines(kind: str = "letter") -> int:
    return Message.objects.filter(kind=kind).count()


def test_who_waits_too_long_gets_a_letter(visitor: Visitor, on_duty: User, clock: time_machine.Traveller) -> None:
    conversation = ask(visitor)
    later(clock, 29, on_duty)
    assert (sent(), lines()) == ([], 0)
    later(clock, 1, on_duty)
    assert (sent(), lines()) == ([(1, 1)], 1)
    assert Letter.objects.get().recipient == on_duty.email
    conversation.refresh_from_db()
    assert (conversation.closed_at, conversation.waiting_since) == (None, NOON)


def test_how_long_that_is_a_manager_says(visitor: Visitor, on_duty: User, clock: time_machine.Traveller) -> None:
    Schedule.objects.create(letter_after=5)
    ask(visitor)
    later(clock, 5, on_duty)
    assert sent() == [(1, 1)]


@pytest.mark.usefixtures("operator")
def test_while_the_shop_is_away_it_is_a_letter_as_soon_as_the_words_rest(
    visitor: Visitor, clock: time_machine.Traveller
) -> None:
    ask(visitor)
    later(clock, 0.5)
    ask(visitor, "And the Moth?")
    later(clock, 0.9)
    assert sent() == []
    later(clock, 0.1)
    assert (sent(), lines()) == ([(1, 2)], 1)


def test_a_shop_that_closes_while_somebody_waits_sends_their_words(
    visitor: Visitor, on_duty: User, clock: time_machine.Traveller
) -> None:
    ask(visitor)
    later(clock, 5, on_duty)
    assert sent() == []
    duty.end(on_duty)
    later(clock, 0.1)
    assert sent() == [(1, 1)]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("operator")
def test_two_processes_at_once_send_one_letter(visitor: Visitor, clock: time_machine.Traveller) -> None:
    ask(visitor)
    clock.shift(2 * MINUTE)
    with ThreadPoolExecutor() as processes:
        for done in [processes.submit(send_and_go) for _ in range(4)]:
            done.result()
    assert (sent(), lines()) == ([(1, 1)], 1)


def send_and_go() -> None:
    late.send_late()
    connection.close()


@pytest.mark.usefixtures("operator")
def test_more_words_are_one_more_letter_and_what_was_sent_is_not_sent_again(
    visitor: Visitor, clock: time_machine.Traveller
) -> None:
    ask(visitor)
    later(clock, 2)
    for word in ("One", "more", "thing"):
        ask(visitor, word)
    later(clock, 0.5)
    assert sent() == [(1, 1)]
    later(clock, 1)
    for _ in range(3):
        later(clock, 10)
    assert (sent(), lines()) == ([(1, 1), (3, 5)], 1)  # the line is told once in a wait: it is number 2


def test_who_was_answered_and_waits_again_is_told_again(
    visitor: Visitor, operator: User, clock: time_machine.Traveller
) -> None:
    conversation = ask(visitor)
    later(clock, 2)
    conversation.take(operator)
    conversation.say(Author(f"u{operator.pk}", "Olga"), "Eleven kilos.")
    conversation.release(operator)
    later(clock, 2)
    assert (len(sent()), lines()) == (1, 1)
    ask(visitor, "And the Moth?")
    later(clock, 2)
    assert (len(sent()), lines()) == (2, 2)


def test_who_has_an_operator_waits_for_them(visitor: Visitor, on_duty: User, clock: time_machine.Traveller) -> None:
    conversation = ask(visitor)
    conversation.take(on_duty)
    later(clock, 60, on_duty)
    assert sent() == []
    conversation.release(on_duty)
    later(clock, 0, on_duty)
    assert len(sent()) == 1


@pytest.mark.usefixtures("operator")
def test_a_letter_left_in_the_form_stays_one_letter(visitor: Visitor, clock: time_machine.Traveller) -> None:
    letters.leave(visitor, client_id=uuid4(), question="Is the Heron heavy?", email="vera@home.example")
    for _ in range(3):
        later(clock, 31)
    assert (sent(), lines()) == ([(1, 1)], 0)


@pytest.mark.usefixtures("operator")
def test_who_writes_by_mail_is_not_told_that_it_goes_on_by_mail(
    visitor: Visitor, clock: time_machine.Traveller
) -> None:
    ask(visitor, medium="mail")
    later(clock, 31)
    assert (sent(), lines()) == ([(1, 1)], 0)


@pytest.mark.usefixtures("operator")
def test_what_a_call_is_to_be_about_is_no_letter(visitor: Visitor, clock: time_machine.Traveller) -> None:
    ask(visitor, medium="phone")
    later(clock, 31)
    assert (sent(), lines()) == ([], 0)
    ask(visitor)
    later(clock, 2)
    ask(visitor, "Call me in the evening.", medium="phone")
    later(clock, 2)
    assert sent() == [(2, 2)]


def test_where_nobody_reads_mail_the_visitor_is_told_once_all_the_same(
    visitor: Visitor, clock: time_machine.Traveller
) -> None:
    ask(visitor)
    for _ in range(3):
        later(clock, 2)
    assert (sent(), lines()) == ([], 1)


def test_a_thousand_that_became_letters_cost_no_more_than_one(
    visitor: Visitor, operator: User, clock: time_machine.Traveller
) -> None:
    ask(visitor)
    later(clock, 2)
    with CaptureQueriesContext(connection) as with_one:
        later(clock, 1)
    people = Visitor.objects.bulk_create([Visitor() for _ in range(1000)])
    log.append([Entry(person.author, uuid4(), "Heavy?", visitor=person.pk) for person in people])
    rows = [
        Letter(conversation=conversation, kind="question", recipient=operator.email, first_seq=1, last_seq=1)
        for conversation in Conversation.objects.exclude(visitor=visitor)
    ]
    Letter.objects.bulk_create(rows)
    with CaptureQueriesContext(connection) as with_many:
        later(clock, 1)
    assert len(with_many) == len(with_one) <= 8
    assert lines() == 1


def test_no_more_than_a_hundred_go_in_an_hour_and_none_is_lost(
    clock: time_machine.Traveller, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(letters, "MOST_OF_ALL", 3)
    for visitor in Visitor.objects.bulk_create(Visitor() for _ in range(5)):
        ask(visitor)
    for _ in range(3):
        later(clock, 2)
    assert Letter.objects.count() == 3
    later(clock, 60)
    assert Letter.objects.values("conversation").distinct().count() == 5
