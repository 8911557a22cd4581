"""Calls at the desk: who may do what, and what of them stands there."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import timezone

from consult.away.models import Attempt, Callback, Schedule
from consult.chat import board, contact
from consult.models import Conversation, Visitor
from tests.desk.conftest import arranged, ask, at

WHO = [
    ("customer", 302),
    ("former_operator", 302),
    ("staff", 403),
    ("reader", 403),
    ("operator", 204),
    ("manager", 204),
]


@pytest.fixture
def call(conversation: Conversation, colleague: User) -> Callback:
    """Carl has arranged to call Vera, who waits, as soon as possible."""
    return arranged(conversation, colleague)


def wish(**typed: str) -> dict[str, str]:
    return {"client_id": str(uuid4()), "phone": "+49 30 901820", "when": "now", "about": "Wants advice"} | typed


def a_try(outcome: str = "no_answer", **typed: str) -> dict[str, str]:
    return {"client_id": str(uuid4()), "outcome": outcome} | typed


def path(thing: Conversation | Callback, verb: str = "call") -> str:
    conversation = thing if isinstance(thing, Conversation) else thing.conversation
    call = f"call/{thing.public_id}/" if isinstance(thing, Callback) else ""
    return f"/admin/consult/desk/{conversation.public_id}/{call}{verb}/"


def aside(conversation: Conversation, user: User) -> str:
    return at(user).get(path(conversation, "aside")).text


# Who may


@pytest.mark.parametrize(("who", "status"), WHO)
def test_who_may_arrange_one(
    who: str, status: int, conversation: Conversation, request: pytest.FixtureRequest
) -> None:
    browser = at(request.getfixturevalue(who))
    assert browser.get(path(conversation)).status_code == (200 if status == 204 else status)
    assert browser.post(path(conversation), wish()).status_code == status
    assert Callback.objects.exists() == (status == 204)


@pytest.mark.parametrize(("who", "status"), WHO)
@pytest.mark.parametrize("verb", ["tried", "cancel"])
def test_who_may_say_what_came_of_it(
    who: str, status: int, verb: str, call: Callback, request: pytest.FixtureRequest
) -> None:
    answer = at(request.getfixturevalue(who)).post(path(call, verb), a_try("reached"))
    assert answer.status_code == status
    call.refresh_from_db()
    assert (call.state != "open") == (status == 204)


@pytest.mark.parametrize("verb", ["tried", "cancel"])
def test_following_a_link_does_nothing(verb: str, call: Callback, operator: User) -> None:
    assert at(operator).get(path(call, verb)).status_code == 405


@pytest.mark.parametrize("verb", ["call", "tried", "cancel"])
def test_another_site_can_not_do_it(verb: str, call: Callback, operator: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(operator)
    assert browser.post(path(call.conversation if verb == "call" else call, verb)).status_code == 403


@pytest.mark.parametrize("verb", ["call", "tried", "cancel"])
def test_what_a_colleague_has_is_as_if_it_did_not_exist(
    verb: str, call: Callback, operator: User, colleague: User
) -> None:
    thing = call.conversation if verb == "call" else call
    assert at(operator).post(path(thing, verb), a_try("nonsense")).status_code == (204 if verb == "cancel" else 422)
    call.conversation.take(colleague)
    assert at(operator).post(path(thing, verb), wish() | a_try()).status_code == 404
    assert not Attempt.objects.exists()


def test_a_call_is_none_of_another_conversations(call: Callback, other_visitor: Visitor, operator: User) -> None:
    other = ask(other_visitor, "And the Wick?")
    address = f"/admin/consult/desk/{other.public_id}/call/{call.public_id}/tried/"
    assert at(operator).post(address, a_try()).status_code == 404


# Arranging


def test_the_form_is_filled_in_with_what_is_known(conversation: Conversation, operator: User) -> None:
    contact.keep(conversation.visitor_id, {"phone": "030 1234567"})
    page = at(operator).get(path(conversation)).text
    assert 'value="030 1234567"' in page
    assert '<option value="now">As soon as possible</option>' in page, "whatever the hour"
    at(operator).post(path(conversation), wish())
    page = at(operator).get(path(conversation)).text
    assert 'value="+49 30 901820"' in page
    assert "Wants advice" in page


def test_what_is_wrong_is_said_at_its_field(conversation: Conversation, operator: User) -> None:
    answer = at(operator).post(path(conversation), wish(phone="call me", when="yesterday"))
    assert answer.status_code == 422
    assert answer.json()["errors"] == {
        "phone": ["This is no phone number. It looks like +49 30 901820."],
        "when": ["This time can no longer be chosen. Choose another one."],
    }
    assert not Callback.objects.exists()


def test_nobody_is_called_from_a_closed_conversation(conversation: Conversation, operator: User) -> None:
    conversation.close(operator)
    answer = at(operator).post(path(conversation), wish())
    assert (answer.status_code, answer.json()["reason"]) == (409, "closed")


def test_a_conversation_is_not_closed_over_a_call(call: Callback, operator: User) -> None:
    answer = at(operator).post(path(call.conversation, "close"))
    assert answer.status_code == 409
    assert answer.json()["message"] == "There is a call to make. Make it or cancel it first."
    at(operator).post(path(call, "cancel"))
    assert at(operator).post(path(call.conversation, "close")).status_code == 204


def test_a_shop_that_calls_nobody_offers_no_call(operator: User) -> None:
    assert "Arrange a call" in at(operator).get("/admin/consult/desk/").text
    Schedule.objects.create(calls_at_once=0)
    assert 'data-dialog="call"' not in at(operator).get("/admin/consult/desk/").text


# What came of it


def test_the_number_can_be_called_and_read(call: Callback, operator: User) -> None:
    html = aside(call.conversation, operator)
    assert '<a href="tel:+4930901820"><bdi dir="ltr">+49 30 901820</bdi></a>' in html
    assert "Carl" in html
    assert all(button in html for button in ("Reached", "No answer", "Wrong number", "Cancel the call"))


def test_what_a_call_is_about_is_text(conversation: Conversation, operator: User) -> None:
    call = arranged(conversation, operator, about="<img src=x onerror=alert(1)>")
    assert "<img" not in aside(call.conversation, operator)


def test_who_only_reads_has_nothing_to_press(call: Callback, reader: User) -> None:
    html = aside(call.conversation, reader)
    assert "+49 30 901820" in html
    assert "No answer" not in html


def test_a_try_in_how_many_minutes_again(call: Callback, operator: User) -> None:
    before = timezone.now()
    assert at(operator).post(path(call, "tried"), a_try(again_after="25")).status_code == 204
    call.refresh_from_db()
    assert timedelta(minutes=24) < call.due_at - before < timedelta(minutes=26)
    html = aside(call.conversation, operator)
    assert "no answer" in html
    assert "Olga" in html


@pytest.mark.parametrize("minutes", ["0", "-5", "1441", "soon"])
def test_minutes_that_are_none(call: Callback, operator: User, minutes: str) -> None:
    assert at(operator).post(path(call, "tried"), a_try(again_after=minutes)).status_code == 422
    assert not Attempt.objects.exists()


def test_a_call_that_is_over_is_refused_in_a_sentence(call: Callback, operator: User) -> None:
    at(operator).post(path(call, "tried"), a_try("reached"))
    answer = at(operator).post(path(call, "tried"), a_try())
    assert answer.status_code == 409
    assert answer.json()["message"] == "This call is over already."


def test_who_was_reached_orders_by_phone(call: Callback, operator: User) -> None:
    order = f"/admin/example_shop/order/add/?consultation={call.conversation.public_id}"
    assert f'href="{order}"' in aside(call.conversation, operator)
    at(operator).post(path(call, "tried"), a_try("reached"))
    assert f'href="{order}&amp;source=phone"' in aside(call.conversation, operator)


# The list


def listed(user: User, which: str = "calls", *, sees_all: bool = False) -> list[str]:
    return [row["conversation"] for row in board.page(user.pk, which, 1, sees_all=sees_all)["rows"]]


def counts(user: User) -> dict[str, int | None]:
    return board.counted(board.tallies(), user.pk, sees_all=False)


@pytest.fixture
def later(other_visitor: Visitor, colleague: User) -> Callable[..., Callback]:
    """Carl has arranged to call Walter, who asked nothing, in some hours."""

    def arrange(**more: Any) -> Callback:
        made = arranged(Conversation.objects.create(visitor=other_visitor), colleague, **more)
        Callback.objects.update(due_at=timezone.now() + timedelta(hours=2))
        Conversation.objects.filter(pk=made.conversation_id).update(due_at=timezone.now() + timedelta(hours=2))
        return made

    return arrange


def test_a_call_stands_in_the_list_of_calls_and_a_wait_among_those_who_wait(
    conversation: Conversation, later: Callable[..., Callback], operator: User
) -> None:
    theirs = str(later().conversation.public_id)
    assert listed(operator) == [theirs]
    assert listed(operator, "waiting") == [str(conversation.public_id)]
    assert (counts(operator)["waiting"], counts(operator)["calls"], counts(operator)["due"]) == (1, 1, 0)
    (row,) = board.page(operator.pk, "calls", 1, sees_all=False)["rows"]
    assert board.lists_for(row, operator.pk) == ("calls", "all")
    assert row["due"]["overdue"] is False


def test_who_waits_and_is_to_be_called_stands_in_both(call: Callback, operator: User) -> None:
    theirs = str(call.conversation.public_id)
    assert listed(operator) == listed(operator, "waiting") == [theirs]
    assert counts(operator)["due"] == 0, "it is counted among those who wait"


def test_a_call_whose_time_has_come_is_counted_for_whom_it_concerns(
    later: Callable[..., Callback], operator: User, colleague: User
) -> None:
    conversation = later().conversation
    Conversation.objects.filter(pk=conversation.pk).update(due_at=timezone.now())
    assert counts(operator)["due"] == counts(colleague)["due"] == 1
    conversation.take(colleague)
    assert (counts(operator)["due"], counts(colleague)["due"]) == (0, 1)
    assert (listed(operator), listed(colleague)) == ([], [str(conversation.public_id)])
    (row,) = board.page(colleague.pk, "calls", 1, sees_all=False)["rows"]
    assert board.lists_for(row, colleague.pk) == ("mine", "calls", "all")
    assert row["due"]["overdue"] is True


def test_calls_stand_by_when_they_are_due(
    later: Callable[..., Callback], conversation: Conversation, operator: User
) -> None:
    last = str(later().conversation.public_id)
    first = str(arranged(conversation, operator).conversation.public_id)
    assert listed(operator) == [first, last]


# Visitors who see the shop as closed


@pytest.mark.parametrize(("who", "status"), [*WHO[:4], ("operator", 200), ("manager", 200)])
def test_who_is_told_why_visitors_see_the_shop_as_closed(
    who: str, status: int, request: pytest.FixtureRequest
) -> None:
    assert at(request.getfixturevalue(who)).get("/admin/consult/desk/closed/").status_code == status


def test_the_page_asks_only_for_who_answers(operator: User, reader: User) -> None:
    asks = re.compile(r'data-src="/admin/consult/desk/closed/"')
    assert asks.search(at(operator).get("/admin/consult/desk/").text)
    assert not asks.search(at(reader).get("/admin/consult/desk/").text)
