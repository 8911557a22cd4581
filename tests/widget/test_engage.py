"""Opening the panel makes a browser a visitor; nothing else does, and no other site can."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import User
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext

from consult.chat import duty
from consult.chat.entry import SHOP, Author
from consult.models import Schedule, Token, Visitor

pytestmark = pytest.mark.django_db
ENGAGE, ME = "/consult/engage/", "/consult/me/"
OURS = "http://testserver"


def engage(client: Client) -> HttpResponse:
    return client.post(ENGAGE, {"language": "en"}, headers={"Origin": OURS})  # type: ignore[return-value]


def test_it_answers_with_the_panel_and_one_cookie() -> None:
    client = Client(enforce_csrf_checks=True)  # the cached page it comes from holds no token
    answer = client.post(ENGAGE, {"language": "en"}, headers={"Origin": OURS})
    assert answer.status_code == 200
    assert "<consult-panel" in answer.content.decode()
    (cookie,) = answer.cookies.values()
    assert (cookie.key, cookie["httponly"], cookie["samesite"]) == ("consult", True, "Lax")
    assert answer.headers["Cache-Control"] == "private, no-store"


def test_over_tls_no_sibling_domain_can_plant_the_cookie() -> None:
    answer = Client().post(ENGAGE, {"language": "en"}, headers={"Origin": "https://testserver"}, secure=True)
    (cookie,) = answer.cookies.values()
    assert (cookie.key, cookie["secure"], cookie["path"]) == ("__Host-consult", True, "/")


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://testserver",
        "http://testserver:81",
        "http://evil.test",
        "http://testserver.evil.test",
        "http://[",
    ],
)
def test_a_page_of_another_site_gets_nothing(client: Client, origin: str | None) -> None:
    with CaptureQueriesContext(connection) as queries:
        answer = client.post(ENGAGE, {"language": "en"}, headers={"Origin": origin} if origin else {})
    assert (answer.status_code, answer.content, answer.cookies) == (403, b"", {})
    assert len(queries) == 0
    assert not Visitor.objects.exists()


def test_the_panel_knows_at_once_whether_somebody_is_there(client: Client, operator: User) -> None:
    assert 'data-availability="away" data-told="Nobody is here right now.' in engage(client).content.decode()
    duty.begin(operator)
    assert 'data-availability="online"' in engage(client).content.decode()


def test_calls_are_offered_where_the_shop_calls_anybody(client: Client) -> None:
    assert 'name="call"' in engage(client).content.decode()
    Schedule.objects.create(calls_at_once=0)
    panel = engage(client).content.decode()
    assert "<consult-panel" in panel
    assert "Request a call" not in panel


def test_engaging_twice_is_engaging_once(client: Client) -> None:
    engage(client)
    second = engage(client)
    assert second.cookies == {}
    assert Visitor.objects.count() == Token.objects.count() == 1


def test_a_token_one_made_up_is_never_taken_over(client: Client) -> None:
    client.cookies["consult"] = "of-my-own-making"
    engage(client)
    assert client.cookies["consult"].value != "of-my-own-making"


def test_the_panel_speaks_the_page_s_language(client: Client) -> None:
    answer = client.post(ENGAGE, {"language": "ru"}, headers={"Origin": OURS})
    assert '<html lang="ru"' in answer.content.decode()


@pytest.mark.parametrize("language", ["", "xx", "../../etc", "x" * 5000])
def test_a_language_nobody_has_is_the_shop_s_own(client: Client, language: str) -> None:
    answer = client.post(ENGAGE, {"language": language}, headers={"Origin": OURS})
    assert '<html lang="en"' in answer.content.decode()


def test_nothing_in_the_panel_is_inline(client: Client) -> None:
    html = engage(client).content.decode()
    assert "<script" not in html
    assert "<style" not in html
    assert " style=" not in html


def test_engaging_is_never_a_link(client: Client) -> None:
    assert client.get(ENGAGE).status_code == 405


def test_who_never_engaged_is_nobody(client: Client) -> None:
    answer = client.get(ME)
    assert answer.json() == {"visitor": None}
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert answer.cookies == {}


def test_who_engaged_is_known_again(client: Client) -> None:
    engage(client)
    assert client.get(ME).json() == {"visitor": True, "conversation": None, "open": False, "unread": 0}


def test_answers_wait_until_they_are_read(client: Client, operator: User) -> None:
    engage(client)
    visitor = Visitor.objects.get()
    conversation = visitor.conversations.create()
    conversation.say(visitor.author, "Is the Heron heavy?", visitor=visitor.pk)
    conversation.take(operator)
    conversation.say(author_of(operator), "Eleven kilos.")
    conversation.say(author_of(operator), "Most of it in the foot.")
    conversation.say(SHOP, "Just write.")  # by itself: that is no answer
    assert client.get(ME).json() == {
        "visitor": True, "conversation": str(conversation.public_id), "open": True, "unread": 2,
    }  # fmt: skip
    conversation.refresh_from_db()
    conversation.read_by("visitor", conversation.last_seq)
    assert client.get(ME).json()["unread"] == 0


def test_after_signing_out_nobody_is_known(client: Client, customer: User) -> None:
    client.force_login(customer)
    engage(client)
    assert client.get(ME).json()["visitor"] is True
    kept = client.cookies["consult"].value
    client.logout()  # which empties the test client's jar, as no browser does
    client.cookies["consult"] = kept
    assert client.get(ME).json() == {"visitor": None}


def author_of(user: User) -> Author:
    return Author(f"u{user.pk}", user.first_name)
