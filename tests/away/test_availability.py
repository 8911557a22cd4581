"""Online, busy or away: by a table, in words, and as the database has it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone, translation

from consult.away import availability, now, words
from consult.away.hours import Interval, Override, Special, Week
from consult.away.seats import Standing
from consult.chat import duty, log, presence
from consult.chat.entry import Entry
from consult.chat.presence import Presence
from consult.models import Conversation, Schedule, Visitor
from consult.models import Override as Decided

BERLIN = ZoneInfo("Europe/Berlin")
OFFICE = (Interval((0, 1, 2, 3, 4), time(9), time(18)),)
MONDAY_NOON = datetime(2026, 11, 23, 12, tzinfo=BERLIN)
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=BERLIN)
HOLIDAY = Special("Fair", date(2026, 11, 23), date(2026, 11, 23))
CLOSED = Override(False, MONDAY_NOON - timedelta(hours=1), MONDAY_NOON + timedelta(hours=1))  # noqa: FBT003
OPEN = Override(True, SUNDAY - timedelta(hours=1), SUNDAY + timedelta(hours=1))  # noqa: FBT003

NOBODY, FREE, FULL = Standing(0, 0, 0, 0), Standing(2, 8, 3, 2), Standing(2, 8, 3, 3)


@pytest.mark.parametrize(
    ("moment", "week", "there", "minutes", "state", "reason"),
    [
        (MONDAY_NOON, Week(BERLIN), FREE, None, "online", "free"),
        (MONDAY_NOON, Week(BERLIN, OFFICE), FREE, 3, "online", "free"),
        (MONDAY_NOON, Week(BERLIN, OFFICE), FREE, 15, "online", "free"),
        (MONDAY_NOON, Week(BERLIN, OFFICE), FREE, 16, "busy", "long_wait"),
        (MONDAY_NOON, Week(BERLIN, OFFICE), FULL, None, "busy", "seats_taken"),
        (MONDAY_NOON, Week(BERLIN, OFFICE), FULL, 5, "busy", "seats_taken"),
        (MONDAY_NOON, Week(BERLIN, OFFICE), FULL, 20, "busy", "long_wait"),
        (MONDAY_NOON, Week(BERLIN, OFFICE), NOBODY, None, "away", "nobody"),
        (MONDAY_NOON, Week(BERLIN, OFFICE, (HOLIDAY,)), FREE, 3, "away", "holiday"),
        (MONDAY_NOON, Week(BERLIN, OFFICE, overrides=(CLOSED,)), FREE, 3, "away", "override"),
        (SUNDAY, Week(BERLIN, OFFICE), FREE, 3, "away", "hours"),
        (SUNDAY, Week(BERLIN, OFFICE), NOBODY, None, "away", "hours"),
        (SUNDAY, Week(BERLIN, OFFICE, overrides=(OPEN,)), FREE, 3, "online", "free"),
        (SUNDAY, Week(BERLIN, OFFICE, overrides=(OPEN,)), NOBODY, None, "away", "nobody"),
    ],
)
def test_who_can_be_asked(
    moment: datetime, week: Week, there: Standing, minutes: int | None, state: str, reason: str
) -> None:
    judged = availability.judge(moment, week, there, minutes, longest=15)
    assert (judged.state, judged.reason) == (state, reason)
    assert (judged.minutes is not None) == (state == "busy" and minutes is not None)
    assert (judged.back_at is None) == (reason not in ("hours", "holiday", "override"))


@pytest.mark.parametrize(
    ("moment", "week", "said"),
    [
        (MONDAY_NOON.replace(hour=8), Week(BERLIN, OFFICE), "We are back today at 9:00."),
        (SUNDAY, Week(BERLIN, OFFICE), "We are back tomorrow at 9:00."),
        (SUNDAY - timedelta(days=1), Week(BERLIN, OFFICE), "We are back on Monday at 9:00."),
        (MONDAY_NOON, Week(BERLIN, OFFICE, overrides=(CLOSED,)), "We are back today at 13:00."),
        (
            datetime(2026, 12, 23, 19, tzinfo=BERLIN),
            Week(BERLIN, OFFICE, (Special("", date(2026, 12, 24), date(2027, 1, 3)),)),
            "We are back on January 4 at 9:00.",
        ),
        (
            MONDAY_NOON,
            Week(BERLIN, special=(Special("", date(2026, 1, 1), date(2036, 1, 1)),)),
            "Nobody is here right now. Leave your question, and the answer comes by e-mail.",
        ),
    ],
)
def test_when_visitors_are_told_to_come_back(moment: datetime, week: Week, said: str) -> None:
    assert words.text(availability.judge(moment, week, FREE, None, longest=15)) == said


def test_tomorrow_is_today_after_midnight() -> None:
    """Though nothing else has changed, it is another presence: open panels are told."""
    week = Week(BERLIN, OFFICE)
    evening, night = (datetime(2026, 11, 24, 0, 30, tzinfo=BERLIN) + hours * timedelta(hours=1) for hours in (-2, 0))
    before, after = (availability.judge(moment, week, FREE, None, longest=15) for moment in (evening, night))
    assert (words.text(before), words.text(after)) == ("We are back tomorrow at 9:00.", "We are back today at 9:00.")
    assert before.back_at == after.back_at
    assert presence.frame(before, "en") != presence.frame(after, "en")


def test_days_are_those_of_the_shop_and_not_of_the_server() -> None:
    """A page may be worded while another time zone is active, as that of the account that looks at it."""
    moment = datetime(2026, 11, 22, 23, 30, tzinfo=UTC)  # Monday in Berlin
    with timezone.override("America/New_York"):
        assert (
            words.text(availability.judge(moment, Week(BERLIN, OFFICE), FREE, None, 15))
            == "We are back today at 9:00."
        )


@pytest.mark.parametrize(
    ("minutes", "said"),
    [
        (None, "All consultants are busy. Ask, and the next one who is free answers."),
        (1, "All consultants are busy. If you ask now, an answer takes about 1 minute."),
        (5, "All consultants are busy. If you ask now, an answer takes about 5 minutes."),
    ],
)
def test_what_those_are_told_who_come_while_all_are_busy(minutes: int | None, said: str) -> None:
    assert words.text(Presence("busy", "seats_taken", minutes=minutes)) == said


def test_an_operator_learns_why_visitors_do_not_see_them() -> None:
    judged = availability.judge(SUNDAY, Week(BERLIN, OFFICE), FREE, None, longest=15)
    assert words.to_operators(judged) == (
        "It is outside the opening hours. Visitors read: “We are back tomorrow at 9:00.”"
    )
    for seen in (Presence("online", "free"), Presence("busy", "long_wait"), Presence("away", "nobody")):
        assert words.to_operators(seen) == ""


@pytest.mark.parametrize(
    ("week", "said"),
    [
        (Week(BERLIN), "The shop is always open."),
        (Week(BERLIN, OFFICE), "The shop closes today at 18:00."),
        (Week(BERLIN, OFFICE, overrides=(CLOSED,)), "The shop opens today at 13:00."),
        (Week(BERLIN, OFFICE, (HOLIDAY,)), "The shop opens tomorrow at 9:00."),
        (
            Week(BERLIN, special=(Special("", date(2026, 1, 1), date(2036, 1, 1)),)),
            "The shop does not open again within a year.",
        ),
    ],
)
def test_a_manager_reads_what_comes_next(week: Week, said: str) -> None:
    assert words.coming(week, MONDAY_NOON) == said


@pytest.mark.django_db
def test_it_is_as_the_schedule_says(operator: User, visitor: Visitor) -> None:
    with time_machine.travel(MONDAY_NOON, tick=False) as clock:
        duty.begin(operator)
        assert presence.now() == Presence("online", "free")
        schedule = Schedule.objects.create(seats=1)
        said = log.say(Entry(visitor.author, uuid4(), "Which size?", visitor=visitor.pk))
        Conversation.objects.get(pk=said.conversation_id).take(operator)
        assert presence.now().state == "busy"
        own = schedule.operators.create(operator=operator, seats=2)
        assert presence.now().state == "online"
        own.delete()
        schedule.hours.create(weekdays=[0], opens=time(9), closes=time(13))
        schedule.special_days.create(first=date(2026, 11, 30))
        clock.move_to(MONDAY_NOON + timedelta(minutes=31))
        duty.beat([operator.pk])
        assert presence.now().state == "online", "in a conversation without a word for half an hour nobody sits"
        clock.move_to(MONDAY_NOON + timedelta(hours=1))
        duty.beat([operator.pk])
        assert presence.now().text() == "We are back on December 7 at 9:00."
        schedule.overrides.create(state=Decided.State.OPEN, ends_at=timezone.now() + timedelta(hours=1))
        assert presence.now().state == "online"


@pytest.mark.django_db
def test_it_costs_five_questions(
    operator: User, visitor: Visitor, django_assert_max_num_queries: Callable[[int], Any]
) -> None:
    """Whoever opens a page asks; the week is only read when it has changed."""
    schedule = Schedule.objects.create()
    schedule.hours.create(weekdays=[0, 1, 2, 3, 4, 5, 6], opens=time(0), closes=time(0))
    duty.begin(operator)
    presence.now()
    with django_assert_max_num_queries(5):
        assert presence.now().state == "online"
    schedule.hours.all().delete()
    with django_assert_max_num_queries(9):
        presence.now()


@pytest.mark.django_db
def test_every_page_says_it(client: Client, operator: User) -> None:
    duty.begin(operator)
    Schedule.objects.create().overrides.create(state=Decided.State.CLOSED, ends_at=timezone.now() + timedelta(days=30))
    there = now.presence()
    with translation.override("ru"):
        in_russian = there.text()
    boot = client.get("/consult/boot/ru/").json()
    assert (boot["availability"], boot["texts"]["now"]) == ("away", in_russian)
