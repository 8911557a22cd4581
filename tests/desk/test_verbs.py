"""Take, release, close and the switch: ordinary POSTs, for operators only."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.test import Client

from consult.chat import duty
from consult.models import Conversation, Visitor
from tests.desk.conftest import ask, at

VERBS = ["take", "release", "close"]


def path(conversation: Conversation, verb: str) -> str:
    return f"/admin/consult/desk/{conversation.public_id}/{verb}/"


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("customer", 302),
        ("former_operator", 302),
        ("staff", 403),
        ("reader", 403),
        ("operator", 204),
        ("manager", 204),
    ],
)
def test_who_may_do_it(
    who: str, status: int, verb: str, conversation: Conversation, request: pytest.FixtureRequest
) -> None:
    assert at(request.getfixturevalue(who)).post(path(conversation, verb)).status_code == status


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("customer", 302),
        ("former_operator", 302),
        ("staff", 403),
        ("operator", 200),
        ("manager", 200),
        ("reader", 200),
    ],
)
def test_who_may_see_the_visitor(
    who: str, status: int, conversation: Conversation, request: pytest.FixtureRequest
) -> None:
    assert at(request.getfixturevalue(who)).get(path(conversation, "aside")).status_code == status


@pytest.mark.parametrize("verb", VERBS)
def test_following_a_link_does_nothing(verb: str, conversation: Conversation, operator: User) -> None:
    assert at(operator).get(path(conversation, verb)).status_code == 405


@pytest.mark.parametrize("verb", VERBS)
def test_another_site_can_not_do_it(verb: str, conversation: Conversation, operator: User) -> None:
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(operator)
    assert browser.post(path(conversation, verb)).status_code == 403


def test_an_operator_takes_a_conversation(conversation: Conversation, operator: User) -> None:
    at(operator).post(path(conversation, "take"))
    conversation.refresh_from_db()
    assert conversation.operator == operator


def test_an_operator_gives_a_conversation_back(conversation: Conversation, operator: User) -> None:
    conversation.take(operator)
    at(operator).post(path(conversation, "release"))
    conversation.refresh_from_db()
    assert conversation.operator is None


def test_an_operator_closes_a_conversation(conversation: Conversation, operator: User) -> None:
    conversation.take(operator)
    at(operator).post(path(conversation, "close"))
    conversation.refresh_from_db()
    assert conversation.closed_at is not None


@pytest.mark.parametrize("verb", [*VERBS, "aside"])
def test_what_a_colleague_has_is_as_if_it_did_not_exist(
    verb: str, conversation: Conversation, operator: User, colleague: User
) -> None:
    browser = at(operator)
    assert browser.get(path(conversation, "aside")).status_code == 200
    conversation.take(colleague)
    ask_for = browser.get if verb == "aside" else browser.post

    theirs = ask_for(path(conversation, verb))
    nothing = ask_for(path(Conversation(public_id=uuid4()), verb))

    assert theirs.status_code == nothing.status_code == 404
    assert theirs.content == nothing.content
    conversation.refresh_from_db()
    assert (conversation.operator, conversation.closed_at) == (colleague, None)


def test_taking_what_is_closed_is_refused_in_a_sentence(conversation: Conversation, operator: User) -> None:
    conversation.take(operator)
    conversation.close(operator)
    answer = at(operator).post(path(conversation, "take"))
    assert answer.status_code == 409
    assert answer.json() == {"reason": "closed", "message": "This conversation is closed already."}


def test_a_manager_takes_over(conversation: Conversation, operator: User, manager: User) -> None:
    conversation.take(operator)
    assert at(manager).post(path(conversation, "take")).status_code == 204
    conversation.refresh_from_db()
    assert conversation.operator == manager


def test_the_switch_begins_and_ends_a_duty(operator: User) -> None:
    browser = at(operator)
    assert duty.availability() == "away"
    assert browser.post("/admin/consult/desk/duty/", {"on": "1"}).status_code == 204
    assert duty.availability() == "online"
    assert 'aria-checked="true"' in browser.get("/admin/consult/desk/").text
    assert browser.post("/admin/consult/desk/duty/", {"on": "0"}).status_code == 204
    assert duty.availability() == "away"
    assert 'aria-checked="false"' in browser.get("/admin/consult/desk/").text


@pytest.mark.parametrize(
    ("who", "status"), [("customer", 302), ("former_operator", 302), ("staff", 403), ("reader", 403)]
)
def test_nobody_else_is_on_duty(who: str, status: int, request: pytest.FixtureRequest) -> None:
    answer = at(request.getfixturevalue(who)).post("/admin/consult/desk/duty/", {"on": "1"})
    assert answer.status_code == status
    assert duty.availability() == "away"


def test_the_visitors_next_question_waits_again(visitor: Visitor, conversation: Conversation, operator: User) -> None:
    conversation.take(operator)
    at(operator).post(path(conversation, "close"))
    assert ask(visitor, "And the black one?") in Conversation.objects.waiting()
