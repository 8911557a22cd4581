"""Somebody asks while everybody is busy: what they are told, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from consult.away import callback, due_by, seats, waits
from consult.chat import board, duty, log, presence, queue
from consult.chat.entry import Author, Entry
from consult.chat.models import name_of
from consult.models import Callback, Conversation, Message, Promise, Schedule, Seats, Visitor, Wait
from tests.chat.test_log import at_once

pytestmark = pytest.mark.django_db(transaction=True)

NOON = datetime(2026, 3, 3, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def clock() -> Any:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def pass_time(clock: Any) -> Callable[..., None]:
    """Time passes, in which the desks of all on duty and the visitors' pages are heard, and what is due is done."""

    def pass_time(**time: float) -> None:
        clock.shift(timedelta(**time))
        duty.beat(User.objects.values_list("pk", flat=True))
        Visitor.objects.update(heard_at=timezone.now())
        waits.settle()

    return pass_time


@pytest.fixture
def busy(operator: User) -> Conversation:
    """The one operator on duty has one seat, and somebody on it."""
    duty.begin(operator)
    Schedule.objects.create(seats=1, usual_wait=4)
    return taken(ask(Visitor.objects.create(name="Berta")), operator)


def ask(visitor: Visitor, words: str = "Which size?", medium: str = "chat") -> Conversation:
    said = log.say(Entry(visitor.author, uuid4(), words, visitor=visitor.pk, medium=medium))
    return said.conversation


def taken(conversation: Conversation, operator: User) -> Conversation:
    conversation.take(operator)
    return conversation


def answer(conversation: Conversation, operator: User) -> Message:
    return conversation.say(Author(f"u{operator.pk}", name_of(operator)), "46 × 30 cm.")


def lines(conversation: Conversation) -> list[tuple[str, Any]]:
    told = conversation.messages.filter(author_key="shop").exclude(kind__in=["joined", "left"]).order_by("seq")
    return [(message.kind, message.facts.get("minutes")) for message in told]


def due(conversation: Conversation) -> tuple[datetime | None, str]:
    conversation.refresh_from_db()
    return conversation.due_at, conversation.due_for


def the_promise(**named: Any) -> Promise:
    return Promise.objects.get(**named)


def past_waits(visitor: Visitor, minutes: list[float], **standing: int) -> None:
    conversation = Conversation.objects.create(visitor=visitor, closed_at=NOON)
    for number, length in enumerate(minutes):
        ended_at = NOON - timedelta(minutes=20 * number + 1)
        Wait.objects.create(
            conversation=conversation,
            began_at=ended_at - timedelta(minutes=length),
            ended_at=ended_at,
            end="answered",
            **{"place": 1, "free_seats": 0, "operators": 1} | standing,
        )


# The promise


def test_who_asks_while_everybody_is_busy_is_told_at_once(busy: Conversation, visitor: Visitor) -> None:
    conversation = ask(visitor)
    waits.settle()
    assert lines(conversation) == [("promised", 4)]
    promise = the_promise()
    assert (promise.number, promise.minutes, promise.history) == (1, 4, 0), "there is no history: the manager's own"
    assert due(conversation) == (NOON + timedelta(minutes=4), "answer")
    assert queue.places() == {str(conversation.public_id): 1}
    (row,) = board.changed([conversation.pk])
    assert (row["due"]["at"], row["due"]["for"]) == ("2026-03-03T12:04:00.000Z", "answer")


def test_it_is_told_once_however_often_somebody_looks(busy: Conversation, visitor: Visitor) -> None:
    conversation = ask(visitor)
    conversation.say(visitor.author, "Hello?")
    for _ in range(3):
        waits.settle()
    assert lines(conversation) == [("promised", 4)]


def test_and_by_however_many_processes(busy: Conversation, visitor: Visitor, other_visitor: Visitor) -> None:
    asked = [ask(visitor), ask(other_visitor)]
    at_once(4, lambda _: waits.settle())
    assert [lines(conversation) for conversation in asked] == [[("promised", 4)], [("promised", 4)]]
    assert list(Wait.objects.order_by("conversation").values_list("place", flat=True)) == [1, 2]


def test_nobody_is_told_while_a_seat_is_free(operator: User, visitor: Visitor, pass_time: Callable[..., None]) -> None:
    duty.begin(operator)
    conversation = ask(visitor)
    waits.settle()
    assert lines(conversation) == []
    assert Wait.objects.get().free_seats == 4
    pass_time(seconds=59)
    assert lines(conversation) == []
    pass_time(seconds=1)
    assert lines(conversation) == [("promised", 5)], "who is here, and doesn't answer, owes a word"


def test_what_is_promised_is_what_lately_held(busy: Conversation, visitor: Visitor) -> None:
    past_waits(visitor, [6.5, 2, 3] * 20)
    waits.settle()
    assert waits.likely(timezone.now(), seats.standing()) == 7
    conversation = ask(visitor)
    waits.settle()
    assert lines(conversation) == [("promised", 7)]
    assert the_promise().history == 60


def test_nothing_is_promised_while_nobody_is_there(visitor: Visitor, pass_time: Callable[..., None]) -> None:
    assert presence.now().state == "away"
    conversation = ask(visitor)
    pass_time(seconds=90)
    assert lines(conversation) == []
    assert waits.likely(timezone.now(), seats.standing()) is None


def test_nothing_is_promised_by_a_letter(busy: Conversation, visitor: Visitor, pass_time: Callable[..., None]) -> None:
    conversation = ask(visitor, medium="mail")
    pass_time(seconds=90)
    assert lines(conversation) == []
    assert not Wait.objects.filter(conversation=conversation).exists()


# Kept or broken


def test_an_answer_in_time_keeps_it(
    busy: Conversation, visitor: Visitor, operator: User, pass_time: Callable[..., None]
) -> None:
    conversation = ask(visitor)
    waits.settle()
    pass_time(minutes=2)
    answer(conversation, operator)
    pass_time(seconds=3)
    wait = Wait.objects.get(conversation=conversation)
    assert (wait.end, wait.operator, wait.operator_name) == ("answered", operator, "Olga")
    assert wait.ended_at == NOON + timedelta(minutes=2)
    assert the_promise().kept is True
    assert due(conversation) == (None, "")


def test_so_does_a_call_that_reaches_them(
    busy: Conversation, visitor: Visitor, colleague: User, pass_time: Callable[..., None]
) -> None:
    conversation = ask(visitor)
    waits.settle()
    pass_time(minutes=2)
    call = Callback.objects.create(
        visitor=visitor, conversation=conversation, phone="+49301234567", due_at=timezone.now()
    )
    callback.attempt(call, colleague, "reached", uuid4(), now=timezone.now())
    pass_time(seconds=3)
    wait = Wait.objects.get(conversation=conversation)
    assert (wait.end, wait.operator, wait.ended_at) == ("answered", colleague, NOON + timedelta(minutes=2))
    assert the_promise().kept is True


def test_before_it_would_be_broken_they_are_told_anew(
    busy: Conversation, visitor: Visitor, operator: User, pass_time: Callable[..., None]
) -> None:
    conversation = ask(visitor)
    waits.settle()
    pass_time(minutes=2.9)
    assert lines(conversation) == [("promised", 4)]
    pass_time(seconds=6)
    assert lines(conversation) == [("promised", 4), ("renewed", 4)]
    assert due(conversation) == (NOON + timedelta(minutes=7), "answer")
    pass_time(minutes=1, seconds=1)
    assert the_promise(number=1).kept is False
    answer(conversation, operator)
    waits.settle()
    assert list(Promise.objects.order_by("number").values_list("kept", flat=True)) == [False, True]


def test_no_more_often_than_anybody_would_believe(
    busy: Conversation, visitor: Visitor, pass_time: Callable[..., None]
) -> None:
    conversation = ask(visitor)
    for _ in range(60):
        pass_time(seconds=30)
    assert [kind for kind, _ in lines(conversation)] == ["promised", "renewed", "renewed", "renewed", "renewed"]
    assert set(Promise.objects.values_list("kept", flat=True)) == {False}


def test_whose_turn_has_come_is_told_nothing_more_until_the_last_moment(
    busy: Conversation, visitor: Visitor, operator: User, pass_time: Callable[..., None]
) -> None:
    conversation = ask(visitor)
    waits.settle()
    conversation.take(operator)
    pass_time(minutes=3, seconds=30)
    assert lines(conversation) == [("promised", 4)]
    pass_time(seconds=20)
    assert lines(conversation) == [("promised", 4), ("renewed", 4)]


@pytest.mark.parametrize(("minutes", "kept"), [(2, None), (5, False)])
def test_who_leaves_breaks_no_promise(
    busy: Conversation, visitor: Visitor, clock: Any, minutes: float, *, kept: bool | None
) -> None:
    conversation = ask(visitor)
    waits.settle()
    Promise.objects.update(due_at=NOON + timedelta(minutes=4))
    Visitor.objects.filter(pk=visitor.pk).update(heard_at=NOON + timedelta(minutes=minutes))
    clock.shift(timedelta(minutes=minutes + 2.1))
    duty.beat(User.objects.values_list("pk", flat=True))
    waits.settle()
    wait = Wait.objects.get(conversation=conversation)
    assert (wait.end, wait.ended_at) == ("gone", NOON + timedelta(minutes=minutes))
    assert the_promise(number=1).kept is kept
    assert due(conversation) == (None, "")


def test_who_is_back_waits_on(
    busy: Conversation, visitor: Visitor, clock: Any, pass_time: Callable[..., None]
) -> None:
    conversation = ask(visitor)
    waits.settle()
    clock.shift(timedelta(minutes=2.5))
    duty.beat(User.objects.values_list("pk", flat=True))
    waits.settle()
    assert Wait.objects.get(conversation=conversation).end == "gone"
    pass_time(seconds=1)
    assert Wait.objects.get(conversation=conversation).ended_at is None
    assert due(conversation) == (NOON + timedelta(minutes=4), "answer")


def test_what_is_closed_or_becomes_a_letter_is_waited_for_no_more(
    busy: Conversation, visitor: Visitor, other_visitor: Visitor, manager: User
) -> None:
    closed, letter = ask(visitor), ask(other_visitor)
    waits.settle()
    closed.close(manager)
    waits.became_letter(letter)
    waits.settle()
    ends = dict(Wait.objects.values_list("conversation", "end"))
    assert (ends[closed.pk], ends[letter.pk]) == ("closed", "letter")
    assert due(closed) == due(letter) == (None, "")
    assert set(Promise.objects.values_list("kept", flat=True)) == {None}
    waits.settle()
    assert lines(letter) == [("promised", 4)]


def test_a_call_that_is_expected_is_due_instead_and_nothing_is_promised(
    busy: Conversation, visitor: Visitor, other_visitor: Visitor, operator: User, pass_time: Callable[..., None]
) -> None:
    told, calls = ask(visitor), ask(other_visitor)
    for conversation, minutes in ((told, 60), (calls, 1)):
        due_at = NOON + timedelta(minutes=minutes)
        Callback.objects.create(
            visitor=conversation.visitor, conversation=conversation, phone="+49301234567", due_at=due_at
        )
    Callback.objects.filter(conversation=told).update(state="cancelled")
    waits.settle()
    due_by.told(calls)
    assert (lines(told), lines(calls)) == ([("promised", 4)], [])
    assert due(calls) == (NOON + timedelta(minutes=1), "call")
    Callback.objects.filter(conversation=told).update(state="open")
    due_by.told(told)
    assert due(told) == (NOON + timedelta(hours=1), "call"), "though an answer was promised before"
    pass_time(minutes=3, seconds=30)
    assert lines(told) == [("promised", 4)], "they have chosen otherwise"
    answer(told, operator)
    waits.settle()
    assert due(told) == (NOON + timedelta(hours=1), "call")


# Seats


def test_a_seat_is_an_open_conversation_in_which_something_is_said(
    operator: User, colleague: User, visitor: Visitor, other_visitor: Visitor, pass_time: Callable[..., None]
) -> None:
    assert seats.standing() == seats.Standing(0, 0, 0, 0)
    duty.begin(operator)
    duty.begin(colleague)
    schedule = Schedule.objects.create(seats=3)
    Seats.objects.create(schedule=schedule, operator=colleague, seats=1)
    assert seats.standing() == seats.Standing(2, 4, 4, 0)
    answer(ask(visitor), operator)
    ask(other_visitor)
    assert seats.standing() == seats.Standing(2, 4, 3, 1)
    pass_time(minutes=31)
    assert seats.standing() == seats.Standing(2, 4, 4, 1)


def test_a_letter_takes_no_seat(operator: User, visitor: Visitor, other_visitor: Visitor) -> None:
    duty.begin(operator)
    Schedule.objects.create(seats=2)
    answer(ask(other_visitor), operator)
    answer(ask(visitor, medium="mail"), operator)
    assert seats.standing().free == 1, "nobody sits there and waits for each word"


def test_looking_costs_the_same_however_many_wait(busy: Conversation) -> None:
    def cost(people: int) -> int:
        for _ in range(people):
            ask(Visitor.objects.create())
        waits.settle()
        with CaptureQueriesContext(connection) as asked:
            waits.settle()
        return len(asked)

    assert cost(1) == cost(20) <= 25
