"""What was said, in ordinary changelists: to search and to read."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import DjangoAssertNumQueries

from consult.chat.entry import Author
from consult.models import Conversation, Visitor
from tests.desk.conftest import ask, at

HISTORY = "/admin/consult/conversation/"


def listed(user: User, query: str = "") -> set[Conversation]:
    return set(at(user).get(HISTORY, {"q": query}).context["cl"].queryset)


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
def test_who_may_read(who: str, status: int, conversation: Conversation, request: pytest.FixtureRequest) -> None:
    browser = at(request.getfixturevalue(who))
    assert browser.get(HISTORY).status_code == status
    assert browser.get(f"{HISTORY}{conversation.pk}/change/").status_code == status


def test_an_operator_reads_what_waits_and_what_is_theirs(
    conversation: Conversation, other_visitor: Visitor, operator: User, colleague: User, manager: User
) -> None:
    theirs = ask(other_visitor, "Do you deliver to Leipzig?")
    assert listed(operator) == {conversation, theirs}
    theirs.take(colleague)
    assert listed(operator) == {conversation}
    assert listed(manager) == {conversation, theirs}


def test_what_a_colleague_has_can_not_be_opened(conversation: Conversation, operator: User, colleague: User) -> None:
    address = f"{HISTORY}{conversation.pk}/change/"
    assert "Is the brass lamp warmer?" in at(operator).get(address).text
    conversation.take(colleague)
    answer = at(operator).get(address, follow=True)
    assert "Is the brass lamp warmer?" not in answer.text


@pytest.mark.parametrize("words", ["vera", "vera@home", "123", "BRASS lamp"])
def test_it_is_found_by_who_and_by_words(
    words: str, conversation: Conversation, other_visitor: Visitor, operator: User
) -> None:
    Visitor.objects.filter(pk=conversation.visitor_id).update(email="vera@home.example", phone="+49 30 123")
    ask(other_visitor, "Do you deliver to Leipzig?")
    assert listed(operator, words) == {conversation}


def test_everything_said_is_there_as_text(conversation: Conversation, operator: User) -> None:
    conversation.take(operator)
    conversation.say(Author(f"u{operator.pk}", "Olga"), "<b>Yes</b>\nand dimmable")
    conversation.close(operator)
    page = at(operator).get(f"{HISTORY}{conversation.pk}/change/").text
    told = ["Is the brass lamp warmer?", "Olga joined", "&lt;b&gt;Yes&lt;/b&gt;<br>and dimmable", "was closed"]
    assert sorted(told, key=page.find) == told
    assert all(line in page for line in told)


def test_nobody_adds_changes_or_deletes(conversation: Conversation, manager: User) -> None:
    browser = at(manager)
    address = f"{HISTORY}{conversation.pk}/"
    assert browser.get(f"{HISTORY}add/").status_code == 403
    assert browser.get(f"{address}delete/").status_code == 403
    assert browser.post(f"{address}change/", {"operator": manager.pk}).status_code == 403
    browser.post(HISTORY, {"action": "delete_selected", "_selected_action": [conversation.pk], "post": "yes"})
    conversation.refresh_from_db()
    assert conversation.operator is None


def test_the_desk_is_one_click_away(conversation: Conversation, operator: User) -> None:
    page = at(operator).get(f"{HISTORY}{conversation.pk}/change/").text
    assert f"/admin/consult/desk/?conversation={conversation.public_id}" in page


def test_it_tells_who_answered_after_it_was_closed(conversation: Conversation, operator: User, manager: User) -> None:
    conversation.take(operator)
    conversation.take(manager)
    conversation.close(manager)
    browser = at(manager)
    assert "Olga, Mary" in browser.get(HISTORY).text
    assert "Olga, Mary" in browser.get(f"{HISTORY}{conversation.pk}/change/").text


def test_the_list_costs_the_same_however_many_there_are(
    conversation: Conversation, manager: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = at(manager)
    conversation.take(manager)
    with CaptureQueriesContext(connection) as one:
        browser.get(HISTORY)
    for number in range(5):
        ask(Visitor.objects.create(name=f"Visitor {number}"), "Hello?").take(manager)
    with django_assert_max_num_queries(len(one)):
        browser.get(HISTORY)


def test_the_names_of_operators_outlive_their_accounts(
    conversation: Conversation, operator: User, manager: User
) -> None:
    conversation.take(operator)
    operator.delete()
    assert "Olga" in at(manager).get(HISTORY).text
