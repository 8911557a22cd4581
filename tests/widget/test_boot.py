"""What every page of the shop asks for: cheap, public, and the same for everybody."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.utils import translation

from consult.chat import duty
from consult.widget import words

pytestmark = pytest.mark.django_db
BOOT = "/consult/boot/en/"


def test_any_cache_may_keep_it_for_a_minute(client: Client) -> None:
    said = client.get(BOOT).headers["Cache-Control"]
    assert {part.strip() for part in said.split(",")} == {"public", "max-age=60", "stale-while-revalidate=600"}


def test_it_looks_at_no_cookie(client: Client, customer: User) -> None:
    client.force_login(customer)
    answer = client.get(BOOT)
    assert answer.cookies == {}
    assert "cookie" not in answer.headers.get("Vary", "").lower()


def test_everybody_gets_the_same(client: Client, customer: User) -> None:
    stranger = Client().get(BOOT).content
    client.force_login(customer)
    assert client.get(BOOT).content == stranger


def test_what_is_unchanged_is_not_sent_again(client: Client) -> None:
    first = client.get(BOOT)
    again = client.get(BOOT, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_it_says_whether_somebody_is_there(client: Client, operator: User) -> None:
    assert client.get(BOOT).json()["availability"] == "away"
    duty.begin(operator)
    assert client.get(BOOT).json()["availability"] == "online"


@pytest.mark.parametrize("language", ["xx", "en'", "<b>", "x" * 300])
def test_only_the_shop_s_languages_have_an_address(client: Client, language: str) -> None:
    assert client.get(f"/consult/boot/{language}/").status_code == 404


def test_it_is_only_to_be_read(client: Client) -> None:
    assert client.post(BOOT).status_code == 405


def test_each_form_of_a_number_comes_once() -> None:
    with translation.override("en"):
        assert words.unread() == {0: "{count} new answers", 1: "{count} new answer"}
