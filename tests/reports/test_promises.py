"""The manager reads which promises were kept."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from consult.away import kept
from consult.models import Conversation, Promise, Visitor, Wait

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 3, 18, tzinfo=UTC)
REPORT = "/admin/consult/report/"


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(NOW, tick=False):
        yield


def promised(visitor: Visitor, ago: timedelta, minutes: int, waited: float, operator: User | None = None) -> Wait:
    """Somebody waited so long (minutes) by a promise; where nobody answered, they were told anew when it was due."""
    conversation = Conversation.objects.create(visitor=visitor, closed_at=NOW)
    began_at = NOW - ago
    wait = Wait.objects.create(
        conversation=conversation,
        began_at=began_at,
        ended_at=began_at + timedelta(minutes=waited),
        end="answered" if operator else "letter",
        operator=operator,
        operator_name=operator.first_name if operator else "",
        place=1,
        free_seats=0,
        operators=1,
    )
    due_at = began_at + timedelta(minutes=minutes)
    wait.promises.create(number=1, made_at=began_at, minutes=minutes, due_at=due_at, kept=waited <= minutes)
    return wait


@pytest.fixture
def past(visitor: Visitor, operator: User, colleague: User) -> None:
    hour = timedelta(hours=1)
    promised(visitor, 3 * hour, 5, 2, operator)
    promised(visitor, 3 * hour, 5, 4, operator)
    late = promised(visitor, 2 * hour, 5, 8, colleague)
    again = late.began_at + timedelta(minutes=4)
    late.promises.create(number=2, made_at=again, minutes=6, due_at=again + timedelta(minutes=6), kept=True)
    promised(visitor, 2 * hour, 10, 30)
    Promise.objects.filter(wait=promised(visitor, 2 * hour, 10, 1)).update(kept=None)
    promised(visitor, timedelta(days=60), 5, 5, operator)


def read(client: Client, **asked: str) -> str:
    return client.get(REPORT, asked).content.decode().replace("\xa0", " ")


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def test_by_hour(past: None) -> None:
    hours = dict(kept.by_hour(kept.made(NOW - timedelta(days=1), NOW)))
    assert list(hours) == [16, 17], "of the shop's day"
    assert hours[16] == kept.Figures(kept.Kept(2, 2, 0), kept.Kept(), promised=5, waited=3)
    assert hours[17] == kept.Figures(kept.Kept(0, 2, 1), kept.Kept(1, 1, 0), promised=5, waited=8)


def test_by_who_answered(past: None) -> None:
    operators = dict(kept.by_operator(kept.made(NOW - timedelta(days=1), NOW)))
    assert list(operators) == ["Carl", "Olga", ""]
    assert operators["Olga"].first == kept.Kept(2, 2, 0)
    assert operators["Carl"] == kept.Figures(kept.Kept(0, 1, 0), kept.Kept(1, 1, 0), promised=5, waited=8)
    assert operators[""].first == kept.Kept(0, 1, 1)


def test_two_of_one_name_are_two(past: None, colleague: User) -> None:
    Wait.objects.filter(operator=colleague).update(operator_name="Olga")
    names = [name for name, _ in kept.by_operator(kept.made(NOW - timedelta(days=1), NOW))]
    assert names == ["Olga", "Olga", ""]


def test_the_manager_reads_it(client: Client, manager: User, past: None) -> None:
    page = read(signed_in(client, manager))
    assert "50.0 % of 4 first promises were kept." in page
    for words in ("5 p.m.–6 p.m.", "Olga", "Carl", "Nobody answered", "100.0 %", "2 of 2; 34.2 to 100.0 %"):
        assert words in page
    assert "1 visitor left" in page


@pytest.mark.parametrize(("days", "number"), [("7", 4), ("28", 4), ("90", 5), ("-1", 4), ("ninety", 4)])
def test_the_last_days_are_chosen(client: Client, manager: User, past: None, days: str, number: int) -> None:
    assert f"of {number} first" in read(signed_in(client, manager), days=days)


def test_of_nothing_there_is_nothing_to_read(client: Client, manager: User) -> None:
    assert "Nobody was promised an answer" in read(signed_in(client, manager))


def test_it_is_for_who_may_read_reports(
    client: Client, manager: User, reader: User, operator: User, staff: User, former_operator: User
) -> None:
    for user in (manager, reader):
        assert signed_in(client, user).get(REPORT).status_code == 200
        assert REPORT in client.get("/admin/").content.decode()
    for user in (operator, staff):
        assert signed_in(client, user).get(REPORT).status_code == 403
        assert REPORT not in client.get("/admin/").content.decode()
    assert signed_in(client, former_operator).get(REPORT).status_code == 302
    assert signed_in(client, manager).post(REPORT).status_code == 405


def test_reading_costs_the_same_however_much_there_is(
    client: Client, manager: User, visitor: Visitor, operator: User, past: None
) -> None:
    signed_in(client, manager).get(REPORT)

    def cost() -> int:
        with CaptureQueriesContext(connection) as asked:
            client.get(REPORT)
        return len(asked)

    few = cost()
    for number in range(30):
        promised(visitor, timedelta(hours=number), 5, 3, operator)
    assert cost() == few
