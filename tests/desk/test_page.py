"""The live page, and who may open it."""

from __future__ import annotations

import re

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import DjangoAssertNumQueries

from consult.models import Conversation, Visitor
from tests.desk.conftest import at

DESK = "/admin/consult/desk/"
QUERIES = 12  # to open the desk, however much is waiting


def test_the_desk_is_where_the_admin_expects_a_changelist() -> None:
    assert reverse("admin:consult_desk_changelist") == DESK


@pytest.mark.parametrize(
    ("who", "status"),
    [
        ("customer", 302),
        ("former_operator", 302),
        ("staff", 403),
        ("operator", 200),
        ("colleague", 200),
        ("manager", 200),
    ],
)
def test_who_may_open_the_desk(who: str, status: int, request: pytest.FixtureRequest) -> None:
    assert at(request.getfixturevalue(who)).get(DESK).status_code == status


def test_a_stranger_is_asked_to_sign_in(client: Client, db: None) -> None:
    answer = client.get(DESK)
    assert answer.status_code == 302
    assert answer["Location"].startswith("/admin/login/")


def test_the_admin_index_leads_operators_to_the_desk(operator: User) -> None:
    assert f'href="{DESK}"' in at(operator).get("/admin/").text


def test_the_admin_index_hides_the_desk_from_other_staff(staff: User) -> None:
    assert DESK not in at(staff).get("/admin/").text


@pytest.mark.parametrize(
    ("who", "lists"), [("operator", ["waiting", "mine"]), ("manager", ["waiting", "mine", "all"])]
)
def test_only_those_who_may_see_all_are_offered_all(
    who: str, lists: list[str], request: pytest.FixtureRequest
) -> None:
    page = at(request.getfixturevalue(who)).get(DESK).text
    assert re.findall(r'<button [^>]*data-list="(\w+)"', page) == lists


def test_the_page_has_no_inline_code(operator: User) -> None:
    page = at(operator).get(DESK).text
    assert "<consult-desk" in page
    assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", page)


def test_the_desk_has_no_table_to_fail_over(operator: User, manager: User) -> None:
    for path in ("add/", "1/", "1/change/", "1/delete/", "1/history/"):
        assert at(operator).get(DESK + path).status_code == 404
        assert at(manager).get(DESK + path).status_code == 404


def test_opening_the_desk_costs_the_same_however_many_wait(
    operator: User, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    browser = at(operator)
    visitors = Visitor.objects.bulk_create(Visitor(name=f"Visitor {number}") for number in range(500))
    Conversation.objects.bulk_create(Conversation(visitor=visitor) for visitor in visitors)
    with django_assert_max_num_queries(QUERIES):
        browser.get(DESK)
