"""What was said, in ordinary changelists: to search and to read."""

from __future__ import annotations

import csv
import io
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.core.handlers.asgi import ASGIRequest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import DjangoAssertNumQueries

from consult.chat import log
from consult.chat.entry import Author, Entry
from consult.desk import export
from consult.models import Conversation, Tag, Visitor
from example_shop.models import Order
from tests.desk.conftest import ask, at

HISTORY = "/admin/consult/conversation/"


def listed(user: User, query: str = "") -> set[Conversation]:
    return set(at(user).get(HISTORY, {"q": query}).context["cl"].queryset)


def test_who_may_read(who_reads: tuple[Client, int], conversation: Conversation) -> None:
    browser, status = who_reads
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


def test_a_search_and_the_filters_meet(
    conversation: Conversation, other_visitor: Visitor, operator: User, manager: User
) -> None:
    other = ask(other_visitor, "Is the brass lamp dimmable?")
    other.tags.add(tag := Tag.objects.create(name="dimming"))
    other.take(operator)
    browser = at(manager)

    def narrowed(**asked: str) -> set[Conversation]:
        return set(browser.get(HISTORY, {"q": "brass", **asked}).context["cl"].queryset)

    assert narrowed() == {conversation, other}
    assert narrowed(state="waiting") == {conversation}
    assert narrowed(state="held") == {other}
    assert narrowed(tags__id__exact=str(tag.pk)) == {other}
    assert narrowed(outcome="answered") == set()
    other.say(Author(f"u{operator.pk}", "Olga"), "Yes")
    conversation.close(manager)
    assert narrowed(outcome="answered") == {other}
    assert narrowed(outcome="unanswered") == narrowed(state="closed") == {conversation}
    Order.objects.create(consultation=other, source="chat", name="Walter", email="w@home.example")
    assert narrowed(outcome="order") == {other}
    assert "dimming" in browser.get(HISTORY).text


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


def test_what_is_not_known_is_a_dash(other_visitor: Visitor, operator: User) -> None:
    unknown = ask(other_visitor, "Do you deliver to Leipzig?")
    page = at(operator).get(f"{HISTORY}{unknown.pk}/change/").text
    assert '<div class="readonly">-</div>' in page
    assert "None" not in page


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


def test_who_had_it_and_why_no_longer_is_told_to_who_only_reads(
    conversation: Conversation, operator: User, colleague: User, reader: User
) -> None:
    conversation.take(operator)
    conversation.note(operator, uuid4(), "Wants a <b>discount</b>")
    conversation.offer(operator, colleague, uuid4(), "")
    conversation.accept(colleague)
    conversation.close(colleague)
    conversation.tags.add(Tag.objects.create(name="dimming"))
    order = Order.objects.create(consultation=conversation, source="chat", name="Vera", email="v@home.example")
    page = at(reader).get(f"{HISTORY}{conversation.pk}/change/").text
    for told in ("handed it over", "closed it", "accepted", "Wants a &lt;b&gt;discount", "dimming", order.identifier):
        assert told in page
    assert page.find("Is the brass lamp warmer?") < page.find("Wants a &lt;b&gt;discount")
    history = ["accepted", "handed it over", "closed it"]
    assert sorted(history, key=page.find) == ["handed it over", "accepted", "closed it"], "as time went"
    conversation.takes.update(why="")
    assert ", </p>" not in at(reader).get(f"{HISTORY}{conversation.pk}/change/").text, "of old takes nobody knows why"


def test_a_long_conversation_is_read_page_by_page(conversation: Conversation, operator: User, reader: User) -> None:
    author = conversation.visitor.author
    log.append([Entry(author, uuid4(), f"Line {n:04}.", visitor=conversation.visitor_id) for n in range(2, 450)])
    conversation.note(operator, uuid4(), "At the end")
    browser, address = at(reader), f"{HISTORY}{conversation.pk}/change/"
    pages = [browser.get(address, {"lines": number}).text for number in (1, 2, 3)]
    for number, line in ((0, "Line 0200."), (1, "Line 0201."), (2, "Line 0401."), (2, "At the end")):
        assert [line in page for page in pages] == [at_number == number for at_number in range(3)]
    assert browser.get(address, {"lines": "\u0663x"}).status_code == 200


EXPORTS = ["export_conversations", "export_lines"]


def exported(user: User, action: str, *chosen: Conversation, **more: str) -> list[list[str]]:
    asked = {"action": action, "_selected_action": [conversation.pk for conversation in chosen], **more}
    answer: Any = at(user).post(f"{HISTORY}?q=brass", asked)
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    return list(csv.reader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))


def test_what_was_found_is_taken_away(
    conversation: Conversation, other_visitor: Visitor, visitor: Visitor, operator: User, manager: User
) -> None:
    Visitor.objects.filter(pk=visitor.pk).update(name="=HYPERLINK()", phone="+49 30 123")
    ask(other_visitor, "Do you deliver to Leipzig?")
    conversation.note(operator, uuid4(), "@SUM(A1)")
    head, row = exported(manager, "export_conversations", conversation, select_across="1")
    assert head[:4] == ["Conversation", "Visitor", "E-mail", "Phone"]
    assert row[:4] == [str(conversation.public_id), "'=HYPERLINK()", "", "'+49 30 123"]
    _head, *lines = exported(manager, "export_lines", conversation)
    assert [line[-1] for line in lines] == ["Is the brass lamp warmer?", "'@SUM(A1)"]


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("=1+1", "'=1+1"),
        (" \u200b=1+1", "' \u200b=1+1"),
        ("＝1+1", "'＝1+1"),
        ("Hello\n=1+1", "Hello\n'=1+1"),
        ("Hello;=1+1", "Hello;'=1+1"),
        ("1+1=2 - or not", "1+1=2 - or not"),
    ],
)
def test_no_spreadsheet_reckons_what_was_said(
    said: str, written: str, conversation: Conversation, manager: User
) -> None:
    conversation.note(manager, uuid4(), "N")
    conversation.notes.update(body=said)
    assert exported(manager, "export_lines", conversation)[-1][-1] == written


@pytest.mark.parametrize("action", EXPORTS)
def test_nobody_takes_away_what_they_may_not_read(
    action: str, conversation: Conversation, other_visitor: Visitor, operator: User, colleague: User
) -> None:
    theirs = ask(other_visitor, "Is the brass lamp dimmable?")
    assert len(exported(operator, action, conversation, theirs)) == 3
    theirs.take(colleague)
    assert len(exported(operator, action, conversation, theirs)) == 2


@pytest.mark.parametrize("action", EXPORTS)
def test_taking_away_costs_the_same_however_much_there_is(
    action: str, conversation: Conversation, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cost() -> int:
        with CaptureQueriesContext(connection) as queries:
            exported(manager, action, *Conversation.objects.all(), select_across="1")
        return len(queries)

    few = cost()
    for number in range(5):
        other = ask(Visitor.objects.create(name=f"Visitor {number}"), "Is the brass lamp dimmable?")
        Order.objects.create(consultation=other, source="chat", name="Vera", email="v@home.example")
    assert cost() == few
    monkeypatch.setattr(export, "AT_ONCE", 2)
    assert len(exported(manager, action, *Conversation.objects.all())) == 7, "in parts nothing is lost"


async def test_it_is_streamed_by_a_server_that_never_blocks() -> None:
    request = ASGIRequest({"type": "http", "method": "GET", "path": "/", "headers": []}, io.BytesIO())
    answer: Any = export.answer(request, iter([["a", "=b"], ["c", ""]]))
    assert b"".join([part async for part in answer]).decode("utf-8-sig").split() == ["a,'=b", "c,"]


# Tags

TAGS = "/admin/consult/tag/"


def test_tags_are_for_djangos_own_permissions(staff: User, operator: User) -> None:
    assert at(operator).get(TAGS).status_code == 403
    for verb in ("view", "add", "change"):
        staff.user_permissions.add(Permission.objects.get(codename=f"{verb}_tag"))
    browser = at(staff)
    assert browser.get(TAGS).status_code == 200
    browser.post(f"{TAGS}add/", {"name": "  dimming "})
    browser.post(f"{TAGS}add/", {"name": "Größe​  der Lampe"})
    assert browser.post(f"{TAGS}add/", {"name": "GRÖSSE​ der lampe"}).context["adminform"].errors
    assert browser.post(f"{TAGS}add/", {"name": "DIMMING"}).context["adminform"].errors
    other = Tag.objects.create(name="delivery")
    refused = browser.post(f"{TAGS}{other.pk}/change/", {"name": "Dimming"})
    assert "not merged" in refused.text
    assert browser.post(f"{TAGS}{other.pk}/change/", {"name": "Delivery"}).status_code == 302
    assert browser.post(f"{TAGS}add/", {"name": "\x07\u200b"}).context["adminform"].errors
    assert browser.post(f"{TAGS}{other.pk}/delete/", {"post": "yes"}).status_code == 403
