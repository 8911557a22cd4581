"""What an operator does apart from talking: ordinary POSTs, for operators only."""

from __future__ import annotations

import re
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client, override_settings

from consult.chat import duty, presence
from consult.models import Conversation, Tag, Visitor
from tests.desk.conftest import ask, at

VERBS = ["take", "release", "close", "reopen", "accept", "withdraw", "note", "offer", "return", "tags"]
# What the rest of them needs to be more than a click, and what it is answered where there is nothing to do it to.
FILLED_IN = {"note": {"client_id": str(UUID(int=1)), "body": "A builder."}}
REFUSED = {"accept": 409, "offer": 422, "return": 404}


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
    answer = at(request.getfixturevalue(who)).post(path(conversation, verb), FILLED_IN.get(verb))
    assert answer.status_code == (REFUSED.get(verb, status) if status == 204 else status)


def test_who_may_see_the_visitor(who_reads: tuple[Client, int], conversation: Conversation) -> None:
    browser, status = who_reads
    assert browser.get(path(conversation, "aside")).status_code == status


@pytest.mark.parametrize("verb", [verb for verb in VERBS if verb != "offer"])
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


def test_undoing_a_release_takes_over_from_nobody(conversation: Conversation, colleague: User, manager: User) -> None:
    undo, browser = {"only_if_free": "1"}, at(manager)
    assert browser.post(path(conversation, "take"), undo).status_code == 204
    conversation.release(manager)
    conversation.take(colleague)
    conversation.offer(colleague, manager)
    answer = browser.post(path(conversation, "take"), undo)
    assert (answer.status_code, answer.json()["reason"]) == (409, "taken")
    conversation.refresh_from_db()
    assert conversation.operator == colleague
    assert conversation.handovers.open().exists(), "what is offered still is"


def test_a_note_is_left_once(conversation: Conversation, operator: User) -> None:
    browser, note = at(operator), {"client_id": str(uuid4()), "body": "A builder."}
    assert [browser.post(path(conversation, "note"), note).status_code for _ in range(2)] == [204, 204]
    assert conversation.notes.get().author == operator
    answer = browser.post(path(conversation, "note"), note | {"body": "A baker."})
    assert (answer.status_code, answer.json()["reason"]) == (409, "conflict")


@override_settings(CONSULT={"SAY_BURST": 1})
def test_notes_are_no_faster_than_words(conversation: Conversation, operator: User) -> None:
    answers = [
        at(operator).post(path(conversation, "note"), {"client_id": str(uuid4()), "body": "A builder."})
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [204, 409]
    assert answers[1].json()["message"] == "That was very fast. Wait a moment and send it again."


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "There is nothing in it. Write something first."),
        (" \x07\n", "There is nothing in it. Write something first."),
        ("x" * 4001, "It is longer than 4000 characters. Shorten it and send it again."),
    ],
    ids=["nothing", "blanks", "4,001 characters"],
)
def test_what_is_wrong_with_a_note_is_said_in_a_sentence(
    conversation: Conversation, operator: User, typed: str, sentence: str
) -> None:
    answer = at(operator).post(path(conversation, "note"), {"client_id": str(uuid4()), "body": typed})
    assert (answer.status_code, answer.json()) == (422, {"errors": {"body": [sentence]}})


def test_the_form_of_an_offer_names_those_at_the_desk_first(
    conversation: Conversation, operator: User, colleague: User, manager: User, reader: User, former_operator: User
) -> None:
    conversation.take(operator)
    duty.begin(manager)
    ask(Visitor.objects.create(name="Walter"), "Hello?").take(colleague)
    form = at(operator).get(path(conversation, "offer")).text
    groups = re.findall(r'<optgroup label="([^"]+)">(.*?)</optgroup>', form, re.DOTALL)
    assert [(group, re.findall(r">([^<>\n]+)</option>", options)) for group, options in groups] == [
        ("Available", ["Mary, 0 conversations"]),
        ("Not at the desk", ["Carl, 1 conversation"]),
    ]
    duty.begin(colleague)
    assert "Not at the desk" not in at(operator).get(path(conversation, "offer")).text


def test_an_operator_alone_is_told_so(conversation: Conversation, operator: User, reader: User) -> None:
    conversation.take(operator)
    assert "There is no colleague who could take it." in at(operator).get(path(conversation, "offer")).text


def offered(conversation: Conversation, giver: User, receiver: User, **filled_in: str) -> Any:
    """What the desk answers when ``giver`` fills in the form and offers the conversation to ``receiver``."""
    browser = at(giver)
    form = browser.get(path(conversation, "offer")).text
    (client_id,) = re.findall(r'name="client_id" value="([^"]+)"', form)
    filled_in = {"client_id": client_id, "operator": str(receiver.pk), "body": ""} | filled_in
    return browser.post(path(conversation, "offer"), filled_in)


def test_a_conversation_is_handed_over(conversation: Conversation, operator: User, colleague: User) -> None:
    conversation.take(operator)
    assert offered(conversation, operator, colleague, body="He wants a large one.").status_code == 204
    assert conversation.notes.get().body == "He wants a large one."
    assert at(colleague).get(path(conversation, "aside")).status_code == 200
    assert at(colleague).post(path(conversation, "accept")).status_code == 204
    conversation.refresh_from_db()
    assert conversation.operator == colleague


def test_a_conversation_is_returned(conversation: Conversation, operator: User, colleague: User) -> None:
    conversation.take(operator)
    offered(conversation, operator, colleague)
    why = {"client_id": str(uuid4()), "body": "I am about to leave."}
    for _ in range(2):  # again, where the answer was lost
        assert at(colleague).post(path(conversation, "return"), why).status_code == 204
    assert conversation.notes.get().body == "I am about to leave."
    assert at(colleague).get(path(conversation, "aside")).status_code == 404
    offered(conversation, operator, colleague)
    assert at(colleague).post(path(conversation, "return"), {"client_id": str(uuid4())}).status_code == 204


def test_an_offer_is_taken_back(conversation: Conversation, operator: User, colleague: User) -> None:
    conversation.take(operator)
    offered(conversation, operator, colleague)
    assert at(operator).post(path(conversation, "withdraw")).status_code == 204
    assert at(colleague).post(path(conversation, "accept")).status_code == 404
    answer = at(colleague).post(path(conversation, "return"), {"client_id": str(uuid4())})
    assert (answer.status_code, answer.json()["reason"]) == (409, "withdrawn")


def test_a_manager_takes_what_is_being_offered(
    conversation: Conversation, operator: User, colleague: User, manager: User
) -> None:
    conversation.take(operator)
    offered(conversation, operator, colleague)
    assert at(manager).post(path(conversation, "take")).status_code == 204
    conversation.refresh_from_db()
    assert conversation.operator == manager
    assert at(colleague).post(path(conversation, "accept")).status_code == 404


@pytest.mark.parametrize("who", ["operator", "reader", "staff", "former_operator", "customer"])
def test_nothing_is_offered_to_whom_the_form_does_not_name(
    conversation: Conversation, operator: User, colleague: User, who: str, request: pytest.FixtureRequest
) -> None:
    conversation.take(operator)
    answer = offered(conversation, operator, request.getfixturevalue(who), body="Please.")
    assert (answer.status_code, list(answer.json()["errors"])) == (422, ["operator"])
    assert not conversation.handovers.exists()
    assert not conversation.notes.exists()


def test_closing_is_undone(conversation: Conversation, operator: User) -> None:
    conversation.take(operator)
    conversation.close(operator)
    assert at(operator).post(path(conversation, "reopen")).status_code == 204
    conversation.refresh_from_db()
    assert (conversation.closed_at, conversation.operator) == (None, operator)


def test_undoing_too_late_is_refused_in_a_sentence(conversation: Conversation, operator: User) -> None:
    conversation.close(operator)
    ask(conversation.visitor, "One more thing.")
    answer = at(operator).post(path(conversation, "reopen"))
    assert answer.status_code == 409
    assert answer.json() == {"reason": "moved_on", "message": "The visitor has gone on in another conversation."}


def test_tags_are_put_on_and_taken_off(conversation: Conversation, operator: User, manager: User) -> None:
    Tag.objects.create(name="returns")

    def change(user: User, **names: list[str]) -> tuple[Any, list[str]]:
        answer = at(user).post(path(conversation, "tags"), names)
        return answer.status_code, [tag.name for tag in conversation.tags.all()]

    for _ in range(2):
        assert change(operator, add=["Returns"]) == (204, ["returns"])
    assert change(operator, add=["new"], remove=["returns"]) == (409, ["returns"])
    manager.user_permissions.add(Permission.objects.get(codename="add_tag"))
    assert change(manager, add=["new", "NEW "]) == (204, ["new", "returns"])
    for _ in range(2):
        assert change(operator, remove=["RETURNS", "unheard of"]) == (204, ["new"])
    page = at(operator).get("/admin/consult/desk/tags/").text
    assert re.findall(r'<option value="(\w+)"', page) == ["new", "returns"]


@pytest.mark.parametrize("who", ["staff", "reader"])
def test_who_puts_on_no_tags_is_suggested_none(who: str, request: pytest.FixtureRequest) -> None:
    assert at(request.getfixturevalue(who)).get("/admin/consult/desk/tags/").status_code == 403


def test_the_switch_begins_and_ends_a_duty(operator: User) -> None:
    browser = at(operator)
    assert presence.now().state == "away"
    assert browser.post("/admin/consult/desk/duty/", {"on": "1"}).status_code == 204
    assert presence.now().state == "online"
    assert 'aria-checked="true"' in browser.get("/admin/consult/desk/").text
    assert browser.post("/admin/consult/desk/duty/", {"on": "0"}).status_code == 204
    assert presence.now().state == "away"
    assert 'aria-checked="false"' in browser.get("/admin/consult/desk/").text


@pytest.mark.parametrize(
    ("who", "status"), [("customer", 302), ("former_operator", 302), ("staff", 403), ("reader", 403)]
)
def test_nobody_else_is_on_duty(who: str, status: int, request: pytest.FixtureRequest) -> None:
    answer = at(request.getfixturevalue(who)).post("/admin/consult/desk/duty/", {"on": "1"})
    assert answer.status_code == status
    assert presence.now().state == "away"


def test_the_visitors_next_question_waits_again(visitor: Visitor, conversation: Conversation, operator: User) -> None:
    conversation.take(operator)
    at(operator).post(path(conversation, "close"))
    assert ask(visitor, "And the black one?") in Conversation.objects.waiting()
