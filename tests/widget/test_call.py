"""The form to request a call with: by hand, by robots, and by those who would rather break it."""

from __future__ import annotations

import re
import time
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client, override_settings
from django.utils import timezone

from consult.away.models import Callback, Schedule
from consult.chat import duty
from consult.models import Conversation, Message, Visitor
from consult.widget import drawn

CALL = "/consult/call/"
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)  # a Monday
SLOT = "2026-03-02T14:00:00.000Z"


@pytest.fixture(autouse=True)
def noon(db: None) -> Any:
    with time_machine.travel(NOON, tick=False) as clock, override_settings(CONSULT={"PHONE_REGION": "DE"}):
        yield clock


def ask(client: Client, **typed: str) -> HttpResponse:
    """As a person does, who takes a while to type."""
    form = {"client_id": str(uuid4()), "phone": "030 901820", "when": SLOT, "drawn": drawn.at(time.time() - 10)}
    return client.post(CALL, form | typed)  # type: ignore[return-value]


def test_looking_at_it_makes_nobody_a_visitor(client: Client) -> None:
    answer = client.get(CALL)
    assert answer.status_code == 200
    assert "consult" not in answer.cookies
    assert not Visitor.objects.exists()


def test_the_times_stand_there_by_day_in_the_shops_own_time(client: Client) -> None:
    page = client.get(CALL).content.decode()
    groups = re.findall(r'<optgroup label="([^"]+)"', page)
    assert groups == ["Today", "Tomorrow", *(f"{day}, March {date}" for day, date in DAYS)]
    assert f'<option value="{SLOT}">Mon 15:00</option>' in page
    assert "By the shop&#x27;s clock (Europe/Berlin)." in page
    assert "As soon as possible" not in page, "nobody is there"


DAYS = [("Wednesday", 4), ("Thursday", 5), ("Friday", 6), ("Saturday", 7), ("Sunday", 8), ("Monday", 9)]


def test_as_soon_as_possible_while_somebody_is_there(client: Client, operator: User) -> None:
    assert ask(client, when="now").status_code == 422
    assert not Callback.objects.exists()
    duty.begin(operator)
    answer = ask(client, when="now")
    assert answer.status_code == 200
    assert "Thank you. We will call you as soon as we can." in answer.content.decode()
    assert Callback.objects.get().due_at == NOON


def test_a_call_is_requested(client: Client) -> None:
    answer = ask(client, about="The Heron's cable")
    assert answer.status_code == 200
    assert "consult" in answer.cookies
    assert "Thank you. We will call you on" in answer.content.decode()
    call = Callback.objects.get()
    assert (call.phone, call.about, call.due_at) == ("+4930901820", "The Heron's cable", NOON + timedelta(hours=2))


def test_a_second_click_is_the_same_call(client: Client) -> None:
    name = str(uuid4())
    for _ in range(2):
        assert ask(client, client_id=name).status_code == 200
    assert Message.objects.count() == 1


def test_the_number_that_is_known_stands_there(client: Client) -> None:
    ask(client)
    assert 'value="+4930901820"' in client.get(CALL).content.decode()


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ({"phone": ""}, "Enter the number to call."),
        ({"phone": "call me"}, "This is no phone number. It looks like +49 30 901820."),
        ({"phone": "03\x00 9\u202e"}, "This is no phone number. It looks like +49 30 901820."),
        ({"phone": "030 901820\r\nBcc: all@shop.example"}, "This is no phone number."),
        ({"when": ""}, "Choose a time."),
        ({"when": "2026-03-02T10:00:00.000Z"}, "This time can no longer be chosen. Choose another one."),
        ({"when": "2026-03-02T14:07:00.000Z"}, "This time can no longer be chosen. Choose another one."),
        ({"when": "tomorrow"}, "This time can no longer be chosen. Choose another one."),
        ({"about": "a" * 1_000_000}, "At most 4000 characters, please."),
        ({"drawn": "yesterday"}, "This page was opened long ago."),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_kept(client: Client, typed: dict[str, str], sentence: str) -> None:
    answer = ask(client, **{"about": "The Heron's cable"} | typed)
    assert answer.status_code == 422
    page = answer.content.decode()
    assert sentence in page
    assert "data-way" in page
    assert not Visitor.objects.exists()
    assert not Message.objects.exists()


def test_what_was_typed_stays(client: Client) -> None:
    page = ask(client, phone="call me", about="<b>The Heron</b>").content.decode()
    assert 'value="call me"' in page
    assert "&lt;b&gt;The Heron&lt;/b&gt;" in page
    assert f'<option value="{SLOT}" selected>' in page


def test_a_time_that_was_taken_meanwhile(client: Client, visitor: Visitor) -> None:
    Schedule.objects.create(calls_at_once=1)
    conversation = Conversation.objects.create(visitor=visitor)
    at = NOON + timedelta(hours=2)
    visitor.callbacks.create(conversation=conversation, phone="+4930901821", wanted_at=at, due_at=at)
    answer = ask(client)
    assert answer.status_code == 422
    assert "This time can no longer be chosen." in answer.content.decode()


def test_robots_are_thanked_and_called_by_nobody(client: Client) -> None:
    assert ask(client, website="https://shop.test").status_code == 200
    assert ask(client, drawn=drawn.at(time.time() - 1)).status_code == 429
    assert not Callback.objects.exists()


def test_who_asks_again_and_again_has_to_wait(client: Client) -> None:
    answers = [ask(client).status_code for _ in range(7)]
    assert answers == [200] * 6 + [429]
    assert Callback.objects.count() == 1


def test_an_office_behind_one_address_is_spared() -> None:
    for number in range(10):
        assert (
            ask(Client(), phone=f"030 90182{number}", when=f"2026-03-03T{number + 10}:00:00.000Z").status_code == 200
        )


def test_the_same_number_three_times_a_day() -> None:
    answers = [ask(Client(), when=f"2026-03-03T1{number}:00:00.000Z") for number in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 422]
    assert "Several calls have been requested today already." in answers[-1].content.decode()


def test_a_shop_that_calls_nobody_has_no_such_page(client: Client) -> None:
    assert client.get(CALL).status_code == 200
    Schedule.objects.create(calls_at_once=0)
    assert client.get(CALL).status_code == ask(client).status_code == 404


def test_where_no_time_is_left_a_message_is_offered(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("consult.away.hours.slots", lambda *_given: iter(()))
    page = client.get(CALL).content.decode()
    assert "There is no time left for a call just now." in page
    assert "<form" not in page


def test_the_shops_clock_is_the_shops_whatever_zone_a_page_is_shown_in(client: Client) -> None:
    with timezone.override("America/New_York"):
        assert f'<option value="{SLOT}">Mon 15:00</option>' in client.get(CALL).content.decode()
        assert "March 2, 2026, 3 p.m." in ask(client).content.decode()


def test_another_site_can_not_ask_for_a_call() -> None:
    assert ask(Client(enforce_csrf_checks=True)).status_code == 403


def test_it_is_read_in_the_language_of_the_page(client: Client) -> None:
    assert '<html lang="ru"' in client.get(f"{CALL}?language=ru").content.decode()
    assert f'action="{CALL}?language=ru"' in client.get(f"{CALL}?language=ru").content.decode()
