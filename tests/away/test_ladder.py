"""What is said by itself to who waits, and to who is silent."""

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
from django.utils.translation import gettext_lazy

from consult.away import ladder
from consult.away.ladder import Silence, step_for
from consult.away.models import Callback, Schedule, Step
from consult.chat import board, duty, log, visits
from consult.chat.entry import Author, Entry
from consult.models import Conversation, Message, Visitor

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
WAITING, SILENT, CLOSING = Step.Kind.WAITING, Step.Kind.SILENT, Step.Kind.CLOSING
STEPS = [Step(kind=kind, after=after) for kind, after in [(WAITING, 2), (WAITING, 10), (SILENT, 5), (CLOSING, 30)]]


@pytest.mark.parametrize(
    ("waits", "minutes", "said", "due"),
    [
        (True, 1.9, None, None),
        (True, 2, None, (WAITING, 2)),
        (True, 9, None, (WAITING, 2)),
        (True, 9, 2, None),
        (True, 9, 8.5, None),
        (True, 10, 2, (WAITING, 10)),
        (True, 11, None, (WAITING, 10)),  # of two that were missed only the last is said
        (True, 30, 11, None),
        (True, 69, None, (WAITING, 10)),
        (True, 71, None, None),  # after an hour nobody wants to read it
        (False, 4, None, None),
        (False, 5, None, (SILENT, 5)),
        (False, 29, 5, None),
        (False, 30, 5, (CLOSING, 30)),
        (False, 5000, None, (CLOSING, 30)),
    ],
)
def test_which_step_is_due(*, waits: bool, minutes: float, said: float | None, due: tuple[str, int] | None) -> None:
    def after(minutes: float) -> datetime:
        return NOON + timedelta(minutes=minutes)

    silence = Silence(waits, NOON, None if said is None else after(said))
    step = step_for(silence, STEPS, after(minutes))
    assert (step and (step.kind, step.after)) == due


def test_where_both_are_due_at_once_it_is_closed() -> None:
    steps = [Step(kind=CLOSING, after=5), Step(kind=SILENT, after=5)]
    assert step_for(Silence(waits=False, since=NOON), steps, NOON + timedelta(minutes=5)) is steps[0]


@pytest.fixture
def clock(db: None) -> Iterator[time_machine.Traveller]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


@pytest.fixture
def schedule(clock: time_machine.Traveller) -> Schedule:
    schedule = Schedule.objects.create()
    for step in STEPS:
        schedule.steps.create(kind=step.kind, after=step.after)
    return schedule


@pytest.fixture
def on_duty(schedule: Schedule, operator: User) -> User:
    duty.begin(operator)
    return operator


@pytest.fixture
def conversation(on_duty: User, visitor: Visitor) -> Conversation:
    """The visitor asks, and looks at their panel."""
    return ask(visitor)


def ask(visitor: Visitor, body: str = "Is the Heron heavy?", medium: str = "chat") -> Conversation:
    return log.say(Entry(visitor.author, uuid4(), body, visitor=visitor.pk, medium=medium)).conversation


def answer(conversation: Conversation, operator: User, body: str = "Eleven kilos.") -> None:
    conversation.say(Author(f"u{operator.pk}", "Olga"), body)


def later(clock: time_machine.Traveller, minutes: float, *heard: Visitor) -> None:
    """Time goes by, and what is due is done. Operators' desks are open meanwhile."""
    clock.shift(timedelta(minutes=minutes))
    duty.beat(User.objects.values_list("pk", flat=True))
    visits.heard([visitor.pk for visitor in heard])
    ladder.climb()


def said() -> list[str]:
    """What was said by itself, in the order of saying."""
    return list(Message.objects.filter(author_key="shop", kind="text").order_by("pk").values_list("body", flat=True))


def sentence(kind: str) -> str:
    return str(ladder.SENTENCES[kind])


def test_who_waits_is_told_so_and_goes_on_waiting(
    conversation: Conversation, visitor: Visitor, clock: time_machine.Traveller
) -> None:
    later(clock, 1, visitor)
    assert said() == []
    for _ in range(3):
        later(clock, 1, visitor)
    assert said() == [sentence(WAITING)]
    conversation.refresh_from_db()
    assert (conversation.waiting_since, conversation.operator) == (NOON, None)
    by_itself = conversation.messages.last()
    assert by_itself
    assert (by_itself.author_kind, by_itself.author_name) == ("shop", "Automatic message")
    (row,) = board.changed([conversation.pk])
    assert row["last"]["body"] == "Is the Heron heavy?", "which is what operators look for"
    later(clock, 6, visitor)
    assert said() == [sentence(WAITING)] * 2


def test_who_is_silent_is_asked_and_then_left_in_peace(
    conversation: Conversation, visitor: Visitor, on_duty: User, clock: time_machine.Traveller
) -> None:
    answer(conversation, on_duty)
    for _ in range(29):
        later(clock, 1, visitor)
    assert said() == [sentence(SILENT)]
    later(clock, 1, visitor)
    assert said() == [sentence(SILENT), sentence(CLOSING)]
    conversation.refresh_from_db()
    assert conversation.closed_at == NOON + timedelta(minutes=30)
    assert conversation.operator is None
    closed = conversation.messages.get(kind="closed")
    assert (closed.author_kind, closed.seq) == ("shop", conversation.last_seq)
    later(clock, 60, visitor)
    assert len(said()) == 2


@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_say_it_and_close_once(
    conversation: Conversation, on_duty: User, clock: time_machine.Traveller
) -> None:
    answer(conversation, on_duty)
    clock.shift(timedelta(minutes=30))
    with ThreadPoolExecutor() as processes:
        for done in [processes.submit(climb_and_go) for _ in range(4)]:
            done.result()
    assert said() == [sentence(CLOSING)]
    assert conversation.messages.filter(kind="closed").count() == 1


def climb_and_go() -> None:
    ladder.climb()
    connection.close()


def test_words_of_either_begin_it_anew(
    conversation: Conversation, visitor: Visitor, on_duty: User, clock: time_machine.Traveller
) -> None:
    answer(conversation, on_duty)
    later(clock, 5, visitor)
    ask(visitor, "And the Moth?")
    later(clock, 1, visitor)
    answer(conversation, on_duty, "Nine.")
    later(clock, 4, visitor)
    assert said() == [sentence(SILENT)]
    later(clock, 1, visitor)
    assert said() == [sentence(SILENT)] * 2
    answer(conversation, on_duty, "And it folds.")
    later(clock, 27, visitor)
    conversation.refresh_from_db()
    assert conversation.closed_at is None


def test_a_step_that_is_off_says_nothing(
    conversation: Conversation, visitor: Visitor, schedule: Schedule, clock: time_machine.Traveller
) -> None:
    schedule.steps.filter(kind=WAITING).update(is_on=False)
    for _ in range(20):
        later(clock, 1, visitor)
    assert said() == []


def test_the_manager_s_words_are_said_as_they_are(
    conversation: Conversation, visitor: Visitor, schedule: Schedule, clock: time_machine.Traveller
) -> None:
    schedule.steps.filter(kind=WAITING, after=2).update(text="One moment,\r\n{{7*7}} %s {name}")
    later(clock, 2, visitor)
    assert said() == ["One moment,\n{{7*7}} %s {name}"]


@pytest.mark.parametrize(
    ("language", "words"), [("ru", "Отправить"), ("ru-RU", "Отправить"), ("", "Send"), ("tlh", "Send")]
)
def test_it_is_said_in_the_visitor_s_language(
    conversation: Conversation,
    visitor: Visitor,
    clock: time_machine.Traveller,
    monkeypatch: pytest.MonkeyPatch,
    language: str,
    words: str,
) -> None:
    monkeypatch.setattr(ladder, "SENTENCES", {WAITING: gettext_lazy("Send")})
    Visitor.objects.filter(pk=visitor.pk).update(language=language)
    later(clock, 2, visitor)
    assert said() == [words]


def test_who_has_gone_would_not_see_it_but_is_left_in_peace_all_the_same(
    conversation: Conversation, visitor: Visitor, on_duty: User, clock: time_machine.Traveller
) -> None:
    later(clock, 3)
    assert said() == []
    answer(conversation, on_duty)
    later(clock, 29)
    assert said() == []
    later(clock, 1)
    assert said() == [sentence(CLOSING)]


def test_while_the_shop_is_away_nobody_is_asked_to_be_patient(
    conversation: Conversation, visitor: Visitor, on_duty: User, clock: time_machine.Traveller
) -> None:
    duty.end(on_duty)
    later(clock, 2, visitor)
    assert said() == []


def test_who_was_told_that_it_is_a_letter_is_told_nothing_more(
    conversation: Conversation, visitor: Visitor, clock: time_machine.Traveller
) -> None:
    log.say(Entry(Author("shop"), uuid4(), kind="letter", conversation=conversation.public_id))
    later(clock, 2, visitor)
    assert said() == []


def test_letters_are_never_hurried_nor_closed(on_duty: User, visitor: Visitor, clock: time_machine.Traveller) -> None:
    conversation = ask(visitor, medium="mail")
    later(clock, 2, visitor)
    answer(conversation, on_duty)
    later(clock, 5, visitor)
    later(clock, 5000, visitor)
    assert said() == []
    conversation.refresh_from_db()
    assert conversation.closed_at is None


def test_who_is_to_be_called_is_waited_for(
    conversation: Conversation, visitor: Visitor, on_duty: User, clock: time_machine.Traveller
) -> None:
    call = Callback.objects.create(
        conversation=conversation, visitor=visitor, phone="+49301234567", due_at=NOON + timedelta(hours=3)
    )
    answer(conversation, on_duty)
    later(clock, 60, visitor)
    assert said() == []
    Callback.objects.filter(pk=call.pk).update(state=Callback.State.REACHED)
    later(clock, 0, visitor)
    assert said() == [sentence(CLOSING)]


@pytest.mark.usefixtures("conversation")
def test_one_query_finds_who_is_silent_however_many_are() -> None:
    with CaptureQueriesContext(connection) as with_one:
        ladder.climb()
    people = Visitor.objects.bulk_create([Visitor() for _ in range(500)])
    log.append([Entry(person.author, uuid4(), "Heavy?", visitor=person.pk) for person in people])
    with CaptureQueriesContext(connection) as with_many:
        ladder.climb()
    assert len(with_many) <= len(with_one)
