"""Calls: wished for or arranged, due, tried, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, time, timedelta
from threading import Barrier
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection, connections

from consult import signals
from consult.away import callback
from consult.away.models import Attempt, Callback, Hours, Schedule
from consult.chat import duty, log
from consult.chat.entry import Author, Entry, Refused
from consult.models import Conversation, Message, Visitor

NUMBER = "+4930901820"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
SLOT = NOON + timedelta(hours=1)


@pytest.fixture(autouse=True)
def noon() -> Any:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def on_duty(operator: User) -> User:
    duty.begin(operator)
    return operator


def wish(visitor: Visitor, when: datetime | None = SLOT, **more: Any) -> Callback:
    given: dict[str, Any] = {"client_id": uuid4(), "phone": NUMBER, "now": NOON, "when": when, **more}
    return callback.request(visitor, **given)


def lines(conversation: Conversation) -> list[tuple[str, str]]:
    return list(conversation.messages.order_by("seq").values_list("kind", "body"))


def tell(call: Callback, user: User, outcome: str = "no_answer", client_id: UUID | None = None, **more: Any) -> None:
    callback.attempt(call, user, outcome, client_id or uuid4(), **{"now": NOON} | more)
    call.refresh_from_db()


# A wish


def test_a_wish_is_told_in_the_conversation_and_due_when_it_was_wished_for(visitor: Visitor) -> None:
    call = wish(visitor, about="The Heron's cable")
    assert lines(call.conversation) == [("text", "The Heron's cable"), ("call_at", "")]
    said = call.conversation.messages.get(kind="call_at")
    assert (said.medium, said.facts) == ("phone", {"phone": "+49 30 901820", "at": "2026-03-02T13:00:00.000Z"})
    call.conversation.refresh_from_db()
    assert (call.conversation.due_at, call.conversation.due_for) == (SLOT, "call")
    visitor.refresh_from_db()
    assert visitor.phone == NUMBER


def test_who_is_called_does_not_wait_for_an_answer(visitor: Visitor, operator: User) -> None:
    """Or they would be promised one, and their wish become a letter."""
    conversation = wish(visitor, about="The Heron's cable").conversation
    conversation.refresh_from_db()
    assert conversation.waiting_since is None
    conversation.close(operator)
    conversation.reopen(operator)
    conversation.refresh_from_db()
    assert conversation.waiting_since is None


def test_as_soon_as_possible_is_for_when_somebody_is_there(visitor: Visitor, operator: User) -> None:
    with pytest.raises(Refused, match="slot_taken"):
        wish(visitor, None)
    assert not Message.objects.exists()
    duty.begin(operator)
    call = wish(visitor, None)
    assert (call.due_at, call.wanted_at) == (NOON, None)
    assert lines(call.conversation) == [("call_now", "")]


@pytest.mark.parametrize(
    "when",
    [NOON - timedelta(days=1), NOON, SLOT + timedelta(minutes=5), NOON + timedelta(days=8), SLOT.replace(hour=20)],
)
def test_a_time_that_was_not_offered_is_refused(visitor: Visitor, when: datetime) -> None:
    hours = Hours(schedule=Schedule.objects.create(), weekdays=list(range(7)), opens=time(9), closes=time(18))
    hours.save()
    assert wish(visitor).due_at == SLOT
    with pytest.raises(Refused, match="slot_taken"):
        wish(visitor, when)
    assert Callback.objects.get().due_at == SLOT


def test_sent_again_it_is_the_same_wish(visitor: Visitor) -> None:
    name = uuid4()
    first = wish(visitor, client_id=name, about="The cable")
    again = wish(visitor, client_id=name, about="The cable")
    assert again == first
    assert len(lines(first.conversation)) == 2


def test_another_visitors_name_for_it_is_another_wish(visitor: Visitor, other_visitor: Visitor) -> None:
    name = uuid4()
    assert wish(visitor, client_id=name) != wish(other_visitor, client_id=name)


def test_another_wish_of_the_same_visitor_changes_the_first(visitor: Visitor) -> None:
    first = wish(visitor, about="The cable")
    later = SLOT + timedelta(hours=2)
    changed = wish(visitor, later, phone="+4930901821")
    assert (changed.pk, changed.phone, changed.about, changed.due_at) == (first.pk, "+4930901821", "The cable", later)
    changed.conversation.refresh_from_db()
    assert changed.conversation.due_at == later


def test_three_a_day_for_one_number(visitor: Visitor, operator: User) -> None:
    people = [Visitor.objects.create(name=f"Robot {number}") for number in range(3)]
    for number, robot in enumerate(people):
        wish(robot, SLOT + timedelta(hours=number))
    with pytest.raises(Refused, match="too_often"):
        wish(visitor, SLOT + timedelta(hours=4))
    assert wish(visitor, SLOT + timedelta(hours=4), arranged_by=operator).phone == NUMBER


def test_three_a_day_of_one_visitor(visitor: Visitor, operator: User) -> None:
    for number in range(3):
        callback.cancel(wish(visitor, phone=f"+493090182{number}"), operator, now=NOON)
    with pytest.raises(Refused, match="too_often"):
        wish(visitor, phone="+4930901829")


def test_so_many_at_one_time_and_no_more(visitor: Visitor, other_visitor: Visitor) -> None:
    Schedule.objects.create(calls_at_once=1)
    wish(visitor)
    with pytest.raises(Refused, match="slot_taken"):
        wish(other_visitor)
    assert wish(visitor, phone="+4930901821").due_at == SLOT, "their own place is theirs"
    assert SLOT not in callback.times(NOON, other_visitor)


def test_a_shop_that_calls_nobody(visitor: Visitor, on_duty: User) -> None:
    Schedule.objects.create(calls_at_once=0)
    assert not callback.offered()
    for when in (None, SLOT):
        with pytest.raises(Refused, match="slot_taken"):
            wish(visitor, when)


@pytest.mark.django_db(transaction=True)
def test_of_two_who_want_the_last_place_one_gets_it(visitor: Visitor, other_visitor: Visitor) -> None:
    Schedule.objects.create(calls_at_once=1)
    assert race(lambda who: wish(who), [visitor, other_visitor]) == ["Callback", "Refused"]
    assert Callback.objects.count() == 1
    assert Message.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_clicks_at_once_are_one_wish(visitor: Visitor) -> None:
    name = uuid4()
    assert race(lambda who: wish(who, client_id=name), [visitor, visitor]) == ["Callback", "Callback"]
    assert Callback.objects.count() == 1
    assert Message.objects.count() == 1


def race(deed: Callable[[Any], object], among: list[Any]) -> list[str]:
    """What became of each, in the order of the alphabet."""
    start = Barrier(len(among))

    def run(who: Any) -> str:
        start.wait()
        try:
            return type(deed(who)).__name__
        except Refused as refusal:
            return type(refusal).__name__
        finally:
            connections.close_all()

    with ThreadPoolExecutor(len(among)) as pool:
        return sorted(pool.map(run, among))


@pytest.mark.django_db(transaction=True)
def test_the_shop_hears_of_it_after_commit(visitor: Visitor) -> None:
    heard: list[tuple[str, bool]] = []

    def hear(callback: Callback, **_more: Any) -> None:
        heard.append((callback.phone, connection.in_atomic_block))

    signals.callback_requested.connect(hear)
    try:
        wish(visitor)
    finally:
        signals.callback_requested.disconnect(hear)
    assert heard == [(NUMBER, False)]


def test_an_operator_arranges_one_in_their_own_words(visitor: Visitor, operator: User) -> None:
    call = wish(visitor, None, arranged_by=operator, about="Wants advice")
    assert (call.about, call.arranged_by) == ("Wants advice", operator)
    assert lines(call.conversation) == [("call_now", "")]


# A try


@pytest.fixture
def call(visitor: Visitor, on_duty: User) -> Callback:
    """Vera wishes to be called at once."""
    return wish(visitor, None)


def test_who_reaches_the_visitor_has_the_conversation(call: Callback, operator: User) -> None:
    tell(call, operator, "reached")
    assert (call.state, call.ended_at) == ("reached", NOON)
    conversation = call.conversation
    conversation.refresh_from_db()
    assert (conversation.operator, conversation.due_at, conversation.due_for) == (operator, None, "")
    assert [kind for kind, _ in lines(conversation)] == ["call_now", "joined", "called"]


def test_who_was_reached_waits_no_longer(call: Callback, visitor: Visitor, operator: User) -> None:
    log.say(Entry(visitor.author, uuid4(), "Or write to me.", visitor=visitor.pk))
    conversation = call.conversation
    conversation.refresh_from_db()
    assert conversation.waiting_since == NOON
    tell(call, operator, "reached")
    conversation.refresh_from_db()
    assert conversation.waiting_since is None


def test_nobody_answered_so_it_is_due_again(call: Callback, operator: User) -> None:
    tell(call, operator)
    assert (call.state, call.due_at) == ("open", NOON + timedelta(minutes=10))
    call.conversation.refresh_from_db()
    assert call.conversation.due_at == call.due_at
    said = call.conversation.messages.get(kind="no_answer")
    assert said.facts == {"name": "Olga", "at": "2026-03-02T12:10:00.000Z"}
    tell(call, operator, again_after=45)
    assert call.due_at == NOON + timedelta(minutes=45)


def test_it_is_due_again_within_the_hours(call: Callback, operator: User) -> None:
    schedule = Schedule.objects.get()
    Hours.objects.create(schedule=schedule, weekdays=[0, 1], opens=time(9), closes=time(13, 30))
    tell(call, operator, again_after=60)
    assert call.due_at == datetime(2026, 3, 3, 8, tzinfo=UTC), "which is nine in Berlin"


def test_after_three_tries_it_is_given_up(call: Callback, operator: User) -> None:
    for _ in range(3):
        assert call.state == "open"
        tell(call, operator)
    assert (call.state, call.attempts.count()) == ("given_up", 3)
    call.conversation.refresh_from_db()
    assert call.conversation.due_at is None
    assert lines(call.conversation)[-1][0] == "unreached"


def test_a_wrong_number_is_not_called_again(call: Callback, operator: User) -> None:
    tell(call, operator, "wrong")
    assert call.state == "wrong"
    assert [kind for kind, _ in lines(call.conversation)] == ["call_now", "joined"]


def test_a_try_told_again_is_the_same(call: Callback, operator: User) -> None:
    name = uuid4()
    for _ in range(2):
        tell(call, operator, client_id=name)
    assert Attempt.objects.count() == 1
    tell(call, operator, "reached")
    tell(call, operator, client_id=name)
    assert call.state == "reached"
    with pytest.raises(Refused, match="call_over"):
        tell(call, operator)


def test_what_a_colleague_has_is_theirs_to_call(
    call: Callback, operator: User, colleague: User, manager: User
) -> None:
    call.conversation.take(colleague)
    with pytest.raises(Refused, match="not_found"):
        tell(call, operator)
    with pytest.raises(Refused, match="not_found"):
        callback.cancel(call, operator, now=NOON)
    tell(call, manager)
    call.conversation.refresh_from_db()
    assert call.conversation.operator == colleague


def test_a_cancelled_call_is_due_no_more(call: Callback, operator: User) -> None:
    for _ in range(2):
        callback.cancel(call, operator, now=NOON)
    call.refresh_from_db()
    assert (call.state, call.ended_at) == ("cancelled", NOON)
    call.conversation.refresh_from_db()
    assert call.conversation.due_at is None


# Its time


def revision(call: Callback) -> int:
    call.conversation.refresh_from_db()
    return call.conversation.revision


def test_desks_hear_of_a_call_when_its_time_has_come_and_only_then(
    visitor: Visitor, operator: User, noon: Any
) -> None:
    call = wish(visitor)
    asked = revision(call)
    callback.ring()
    assert revision(call) == asked
    noon.move_to(SLOT)
    callback.ring()
    rung = revision(call)
    assert rung > asked
    callback.ring()
    assert revision(call) == rung
    callback.attempt(call, operator, "no_answer", uuid4(), now=SLOT)
    tried = revision(call)
    callback.ring()
    assert revision(call) == tried
    noon.shift(timedelta(minutes=10))
    callback.ring()
    assert revision(call) == tried + 1


def test_a_call_outlives_its_conversation(call: Callback, visitor: Visitor, operator: User) -> None:
    closed = call.conversation
    closed.close(operator)
    callback.follow()
    call.refresh_from_db()
    assert call.conversation.previous == closed
    assert (call.conversation.due_at, call.conversation.due_for) == (NOON, "call")
    callback.follow()
    assert lines(call.conversation) == [("call_now", "")]


def test_two_processes_that_follow_it_lose_no_call(
    call: Callback, operator: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    call.conversation.close(operator)
    said = callback._said

    def late(*given: Any) -> Message:
        monkeypatch.setattr(callback, "_said", said)
        callback.follow()  # in another process, which is first
        return said(*given)

    monkeypatch.setattr(callback, "_said", late)
    callback.follow()
    call.refresh_from_db()
    assert (call.state, call.conversation.closed_at) == ("open", None)


def test_of_two_calls_to_one_who_signed_in_one_is_left(call: Callback, visitor: Visitor, operator: User) -> None:
    closed = call.conversation
    closed.close(operator)
    later = Conversation.objects.create(visitor=visitor)
    later.say(Author(f"u{operator.pk}", "Olga"), "Hello again.")
    other = Callback.objects.create(visitor=visitor, conversation=later, phone=NUMBER, due_at=SLOT)
    callback.follow()
    call.refresh_from_db()
    other.refresh_from_db()
    assert (call.state, other.state) == ("cancelled", "open")
