"""The live page, and who may open it."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from consult.chat import board
from consult.chat.frames import Frame
from consult.models import Conversation, Message, Visitor
from tests.desk.conftest import at

DESK = "/admin/consult/desk/"
WAITING = {"Late": 1, "Early": 9, "Between": 5}  # minutes
QUERIES = 12  # to open the desk, however much is waiting


def test_the_desk_is_where_the_admin_expects_a_changelist() -> None:
    assert reverse("admin:consult_desk_changelist") == DESK


def test_who_may_open_the_desk(who_reads: tuple[Client, int]) -> None:
    browser, status = who_reads
    assert browser.get(DESK).status_code == status


def test_the_page_knows_why_an_answer_may_not_be_accepted(operator: User) -> None:
    reasons = at(operator).get(DESK).context["reasons"]
    assert list(reasons) == ["empty", "too_long", "conflict", "not_found", "other"]
    assert all(sentence.endswith(".") for sentence in reasons.values())
    assert len(set(reasons.values())) == 5


def test_a_stranger_is_asked_to_sign_in(client: Client, db: None) -> None:
    answer = client.get(DESK)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_the_admin_index_leads_operators_to_the_desk(operator: User) -> None:
    assert f'href="{DESK}"' in at(operator).get("/admin/").text


def test_the_admin_index_hides_the_desk_from_other_staff(staff: User) -> None:
    assert DESK not in at(staff).get("/admin/").text


@pytest.mark.parametrize(
    ("who", "lists"),
    [
        ("operator", ["waiting", "mine", "calls"]),
        ("manager", ["waiting", "mine", "calls", "all"]),
        ("reader", ["waiting", "mine", "calls", "all"]),
    ],
)
def test_only_those_who_may_see_all_are_offered_all(
    who: str, lists: list[str], request: pytest.FixtureRequest
) -> None:
    page = at(request.getfixturevalue(who)).get(DESK).text
    assert re.findall(r'<button [^>]*data-list="(\w+)"', page) == lists


def test_who_may_only_read_is_offered_nothing_else(operator: User, reader: User) -> None:
    offers = ['data-desk="available"', "data-when=", "data-answers"]
    page = at(operator).get(DESK).text
    assert all(offer in page for offer in offers)
    assert "You may read; answering needs the permission." not in page
    page = at(reader).get(DESK).text
    assert not [offer for offer in offers if offer in page]
    assert "You may read; answering needs the permission." in page


def test_the_page_has_no_inline_code(operator: User) -> None:
    page = at(operator).get(DESK).text
    assert "<consult-desk" in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)


def test_the_desk_has_no_table_to_fail_over(operator: User, manager: User) -> None:
    for path in ("add/", "1/", "1/change/", "1/delete/", "1/history/"):
        assert at(operator).get(DESK + path).status_code == 404
        assert at(manager).get(DESK + path).status_code == 404


def test_opening_the_desk_costs_the_same_however_many_wait(operator: User, manager: User) -> None:
    """The page, and then its first list, which comes by the socket."""
    waiting(1)
    few = {user: queries_to_open(user) for user in (operator, manager)}
    waiting(299)
    assert {user: queries_to_open(user) for user in (operator, manager)} == few
    assert max(few.values()) <= QUERIES


def queries_to_open(user: User) -> int:
    browser = at(user)
    sees_all = user.has_perm("consult.view_all_conversations")
    with CaptureQueriesContext(connection) as queries:
        assert browser.get(DESK).status_code == 200
        shown = board.page(user.pk, "all" if sees_all else "waiting", 1, sees_all=sees_all)
    assert shown["rows"]
    return len(queries)


def test_who_has_waited_longest_stands_first(operator: User) -> None:
    """And who waits for nothing stands last: nobody has it, and the last word was an operator's."""
    now = timezone.now()
    since = {"Answered": None, **{name: now - timedelta(minutes=ago) for name, ago in WAITING.items()}}
    for name, moment in since.items():
        Conversation.objects.create(visitor=Visitor.objects.create(name=name), waiting_since=moment)
    assert names(board.page(operator.pk, "waiting", 1, sees_all=False)) == ["Early", "Between", "Late", "Answered"]


def test_a_long_list_has_pages(operator: User) -> None:
    waiting(board.PAGE + 3)
    first, second, beyond = (board.page(operator.pk, "waiting", number, sees_all=False) for number in (1, 2, 3))
    assert [first["page"], second["page"], beyond["page"]] == [1, 2, 2]
    assert first["pages"] == second["pages"] == 2
    assert [len(first["rows"]), len(second["rows"])] == [board.PAGE, 3]
    assert names(first) + names(second) == [f"Visitor {number}" for number in range(board.PAGE + 3)]
    assert names(beyond) == names(second)


def waiting(count: int) -> None:
    """So many more visitors, each of whom has asked; the first has waited longest."""
    began = timezone.now() - timedelta(hours=1)
    visitors = Visitor.objects.bulk_create(Visitor(name=f"Visitor {number}") for number in range(count))
    conversations = Conversation.objects.bulk_create(
        Conversation(visitor=visitor, last_seq=1, waiting_since=began + timedelta(seconds=number))
        for number, visitor in enumerate(visitors)
    )
    Message.objects.bulk_create(
        Message(conversation=one, seq=1, author_key=f"v{one.visitor_id}", client_id=uuid4(), body="Hello?")
        for one in conversations
    )


def names(frame: Frame) -> list[str]:
    return [row["visitor"]["name"] for row in frame["rows"]]
