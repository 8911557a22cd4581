"""A manager says when the shop answers, on one page of the admin."""

from __future__ import annotations

from datetime import time

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import Client

from consult.chat import duty, presence
from consult.models import Hours, Override, Schedule, Seats, SpecialDay

pytestmark = pytest.mark.django_db
PAGE = "/admin/consult/schedule/"
FORM = f"{PAGE}1/change/"
PARTS = ("overrides", "hours", "special_days", "operators", "steps")


@pytest.fixture
def at_work(client: Client, manager: User) -> Client:
    client.force_login(manager)
    return client


def typed(**more: object) -> dict[str, object]:
    """The form as it is sent: what a manager changed of it, by the names of its fields."""
    rows = {part: {int(name.split("-")[1]) for name in more if name.startswith(f"{part}-")} for part in PARTS}
    counts = {f"{part}-TOTAL_FORMS": len(rows[part]) for part in PARTS} | {
        f"{part}-INITIAL_FORMS": 0 for part in PARTS
    }
    waiting = {"seats": 4, "usual_wait": 5, "longest_wait": 15, "letter_after": 30}
    return counts | waiting | {"calls_at_once": 2, "call_again_after": 10} | more


def errors(client: Client, **more: object) -> list[str]:
    """What the form says when it is sent so, each with the name of its field."""
    answer = client.post(FORM, typed(**more))
    parts = answer.context["inline_admin_formsets"] if answer.status_code == 200 else []
    forms = [form for part in parts for form in part.formset.forms]
    return [f"{name}: {sentence}" for form in forms for name in form.errors for sentence in form.errors[name]]


def row(part: str, number: int = 0, /, **fields: object) -> dict[str, object]:
    return {f"{part}-{number}-{name}": value for name, value in fields.items()}


def test_it_leads_straight_to_the_form(at_work: Client) -> None:
    page = at_work.get(PAGE, follow=True)
    assert page.redirect_chain == [(FORM, 302)]
    assert not Schedule.objects.exists(), "to look at it changes nothing"
    assert "Nobody is here right now." in page.content.decode()
    assert "No operator is available. The shop is always open." in page.content.decode()


def test_it_is_saved_where_it_stands(at_work: Client) -> None:
    week = row("hours", weekdays=[0, 1, 2, 3, 4], opens="9:00", closes="18:00")
    assert errors(at_work, **week) == []
    assert Schedule.objects.get().pk == 1
    assert (Hours.objects.get().weekdays, Hours.objects.get().closes) == ([0, 1, 2, 3, 4], time(18))
    assert "Mon, Tue, Wed, Thu, Fri 09:00–18:00" in at_work.get(FORM).content.decode()


MONDAYS = {"weekdays": [0], "opens": "9:00", "closes": "12:00"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"weekdays": []}, "weekdays: Choose at least one day."),
        ({"weekdays": [7]}, "weekdays: Select a valid choice. 7 is not one of the available choices."),
        ({"opens": "25:00"}, "opens: Enter a valid time."),
        ({"closes": ""}, "closes: This field is required."),
        ({"closes": "9:00"}, "closes: It closes when it opens. All day long is from 0:00 to 0:00."),
    ],
)
def test_hours_that_nobody_can_mean(at_work: Client, fields: dict[str, object], expected: str) -> None:
    assert errors(at_work, **row("hours", **(MONDAYS | fields))) == [expected]
    assert not Hours.objects.exists()


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [
        (([0], "9:00", "12:00"), ([0], "11:59", "18:00"), "Mon 09:00–12:00"),
        (([0], "9:00", "12:00"), ([0], "12:00", "18:00"), ""),
        (([0], "9:00", "12:00"), ([1], "9:00", "12:00"), ""),
        (([0, 1], "22:00", "2:00"), ([1], "1:00", "5:00"), "Mon, Tue 22:00–02:00"),
        (([6], "22:00", "2:00"), ([0], "1:00", "5:00"), "Sun 22:00–02:00"),
        (([6], "22:00", "0:00"), ([0], "0:00", "5:00"), ""),
        (([0], "0:00", "0:00"), ([0], "8:00", "9:00"), "Mon 00:00–00:00"),
    ],
)
def test_hours_that_overlap(at_work: Client, one: tuple[object, ...], other: tuple[object, ...], said: str) -> None:
    names = ("weekdays", "opens", "closes")
    first, second = (dict(zip(names, fields, strict=True)) for fields in (one, other))
    assert errors(at_work, **row("hours", 0, **first), **row("hours", 1, **second)) == (
        [f"opens: This overlaps with {said}."] if said else []
    )


HOLIDAY = {"name": "Christmas", "first": "2026-12-24"}


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"last": "2026-12-23"}, "last: This day is before the first."),
        ({"first": "2026-11-21"}, "first: This day is over."),
        ({"first": "2026-11-01", "last": "2026-11-21"}, "last: This day is over."),
        ({"last": "2028-12-24", "yearly": "on"}, "last: Every year has fewer days than that."),
        ({"opens": "9:00"}, "closes: Write both times, or none where it is closed all day."),
        ({"closes": "9:00"}, "closes: Write both times, or none where it is closed all day."),
        ({"opens": "9:00", "closes": "9:00"}, "closes: It closes when it opens. All day long is from 0:00 to 0:00."),
    ],
)
def test_special_days_that_nobody_can_mean(at_work: Client, fields: dict[str, object], expected: str) -> None:
    with time_machine.travel("2026-11-22 12:00+01:00", tick=False):
        assert errors(at_work, **row("special_days", **(HOLIDAY | fields))) == [expected]
        assert not SpecialDay.objects.exists()


def test_every_year_it_may_have_begun_long_ago(at_work: Client) -> None:
    assert errors(at_work, **row("special_days", name="Christmas", first="2020-12-24", yearly="on")) == []


@pytest.mark.parametrize(("opens", "closes", "fits"), [("9:00", "11:00", 0), ("12:00", "18:00", 1), ("", "", 0)])
def test_special_days_of_several_intervals(at_work: Client, opens: str, closes: str, fits: int) -> None:
    days = HOLIDAY | {"first": "2030-12-24"}
    morning = row("special_days", 0, **days, opens="10:00", closes="12:00")
    said = errors(at_work, **morning, **row("special_days", 1, **days, opens=opens, closes=closes))
    assert said == ([] if fits else ["first: These days have other hours above: the two contradict each other."])


def override(ends: str, begins: str = "10:00", state: str = "closed") -> dict[str, object]:
    day = "2026-11-23"
    begun = {"begins_at_0": day, "begins_at_1": begins, "initial-begins_at_0": day, "initial-begins_at_1": "10:00"}
    return row("overrides", state=state, ends_at_0=day, ends_at_1=ends, **begun)


@pytest.mark.parametrize(
    ("ends", "begins", "expected"),
    [
        ("11:59", "10:00", "ends_at: This time is over. Write a later one."),
        ("13:00", "14:00", "ends_at: It must end later than it begins."),
        ("", "10:00", "ends_at: This field is required."),
        ("noon", "10:00", "ends_at: Enter a valid time."),
    ],
)
def test_exceptions_that_nobody_can_mean(at_work: Client, ends: str, begins: str, expected: str) -> None:
    with time_machine.travel("2026-11-23 12:00+01:00", tick=False):
        assert errors(at_work, **override(ends, begins)) == [expected]
        assert not Override.objects.exists()


def test_closed_until_three(at_work: Client, operator: User) -> None:
    with time_machine.travel("2026-11-23 12:00+01:00", tick=False) as clock:
        duty.begin(operator)
        assert presence.now().state == "online"
        assert errors(at_work, **override("15:00")) == []
        assert presence.now().text() == "We are back today at 15:00."
        page = at_work.get(FORM).content.decode()
        assert "A manager closed the shop for now. The shop opens today at 15:00." in page
        clock.move_to("2026-11-23 15:00+01:00")
        duty.begin(operator)
        assert presence.now().state == "online"
        clock.move_to("2026-11-25 15:00+01:00")
        parts = at_work.get(FORM).context["inline_admin_formsets"]
        (shown,) = [part for part in parts if part.formset.prefix == "overrides"]
        assert shown.formset.initial_forms == [], "what is long over is not in the way"


def test_an_operator_s_own_number_of_conversations(at_work: Client, operator: User, customer: User) -> None:
    assert errors(at_work, **row("operators", operator=customer.pk, seats=2)) == [
        "operator: Select a valid choice. That choice is not one of the available choices."
    ]
    assert errors(at_work, **row("operators", operator=operator.pk, seats=0)) == [
        "seats: Ensure this value is greater than or equal to 1."
    ]
    assert errors(at_work, **row("operators", operator=operator.pk, seats=2)) == []
    assert Seats.objects.get().operator == operator


@pytest.mark.parametrize("who", ["operator", "reader", "staff"])
def test_nobody_else_may(client: Client, request: pytest.FixtureRequest, manager: User, who: str) -> None:
    client.force_login(manager)
    assert client.get(FORM).status_code == 200
    client.force_login(request.getfixturevalue(who))
    assert client.get(FORM).status_code == 403
    assert client.post(FORM, typed()).status_code == 403
    assert not Schedule.objects.exists()
