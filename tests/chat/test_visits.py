"""What a visitor's browser tells of its visit, as far as it is to be believed."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import AnonymousUser, User
from django.db import connection, connections, transaction
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from consult.chat import frames, identity, log, visits
from consult.chat.entry import Entry
from consult.models import Conversation, Visitor

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
SHOP = "https://shop.example"
AT_HOME = {"referrer": "https://search.example/?q=lamp", "language": "de-AT", "time_zone": "Europe/Vienna"}


@pytest.mark.parametrize(
    ("began", "active", "new"),
    [
        (None, 0, True),  # the first
        (5, 0, False),
        (90, 30, False),  # on the minute
        (90, 31, True),
        (90, 1, False),  # long, but never idle
    ],
)
def test_a_visit_ends_after_half_an_idle_hour(*, began: int | None, active: int, new: bool) -> None:
    began_at = None if began is None else NOON - timedelta(minutes=began)
    assert visits.begins(NOON, began_at, NOON - timedelta(minutes=active)) is new


@pytest.mark.parametrize(
    ("pages", "came_by", "here", "walked"),
    [
        ("", "", "a", "a"),
        ("a", "", "b", "ab"),
        ("ab", "", "b", "ab"),  # loaded again
        ("ab", "", "a", "aba"),  # gone back
        ("", "ab", "c", "abc"),
        ("", "aab", "b", "ab"),
        ("ab" * 20, "", "c", "b" + "ab" * 14 + "c"),
    ],
)
def test_a_page_is_named_again_only_if_another_was_between(pages: str, came_by: str, here: str, walked: str) -> None:
    trail = visits.trail([named(url) for url in pages], came_by, named(here))
    assert "".join(page["url"] for page in trail) == walked


def test_a_page_that_is_named_again_keeps_its_first_time_and_its_latest_title() -> None:
    came, named_later = named("a") | {"at": "12:00"}, named("a") | {"at": "12:05", "title": "A"}
    assert visits.trail([came], "", named_later) == [named("a") | {"at": "12:00", "title": "A"}]
    assert visits.trail([named_later], "", came) == [named("a") | {"at": "12:05", "title": "A"}]


@pytest.mark.parametrize(
    ("before", "known", "new"),
    [
        ("", "ab", ""),
        ("abc", "", "abc"),
        ("abcd", "ab", "cd"),
        ("ab", "ab", ""),
        ("xaby", "ba", "y"),
        ("xy", "ab", "xy"),
    ],
)
def test_of_a_tabs_past_only_what_came_after_the_last_known_page_is_news(before: str, known: str, new: str) -> None:
    assert visits.unknown(before, [named(url) for url in known]) == new


@pytest.mark.parametrize(
    ("claimed", "kept"),
    [
        (f"{SHOP}/a?size=3#reviews", f"{SHOP}/a?size=3"),
        ("HTTPS://shop.example/a", f"{SHOP}/a"),
        ("https://vera:secret@shop.example/a", f"{SHOP}/a"),
        (f"{SHOP}/r?token=1&reset_key=2&size=3&accessToken=4&code=5", f"{SHOP}/r?size=3"),
        (f"{SHOP}/r?keyword=lamp&zipcode=1", f"{SHOP}/r?keyword=lamp&zipcode=1"),
        (f"{SHOP}/\u202egnp.exe", f"{SHOP}/%E2%80%AEgnp.exe"),
        (f"{SHOP}/a\x00b\r\nc", f"{SHOP}/abc"),
        (f"{SHOP}/a?b={'c' * 10_000}", f"{SHOP}/a"),
        (f"{SHOP}/{'a' * 10_000}", ""),
        ("https://shop.example:8000/a", "https://shop.example:8000/a"),
        ("https://лампы.example/a", "https://%D0%BB%D0%B0%D0%BC%D0%BF%D1%8B.example/a"),
        ("http://[::1]:8000/a", "http://[::1]:8000/a"),
        (f"http://[fe80::1%{'a' * 2100}]/", ""),
        ("http://x:99999999/", ""),
        ("http://a b/", ""),
        ("http://evil\\.good/", ""),
        ("javascript:alert(1)", ""),
        ("JaVa\tScRiPt:alert(1)", ""),
        ("data:text/html,x", ""),
        ("//elsewhere/a", ""),
        ("https:evil", ""),
        ("https://", ""),
        ("https://[::1", ""),
        ("", ""),
        (None, ""),
        (3, ""),
        ([f"{SHOP}/"], ""),
    ],
)
def test_an_address_is_one_of_the_web_and_opens_no_door(claimed: object, kept: str) -> None:
    assert visits.address(claimed) == kept


def test_a_first_visit_tells_where_from_and_on_what(visitor: Visitor) -> None:
    with time_machine.travel(NOON, tick=False):
        visits.saw(visitor.pk, f"{SHOP}/b", "B", AT_HOME | {"before": [f"{SHOP}/a#top"]}, "Mozilla/5.0")
    visitor.refresh_from_db()
    assert (visitor.page_url, visitor.page_title, visitor.visits) == (f"{SHOP}/b", "B", 1)
    assert (visitor.visit_began_at, visitor.seen_at) == (NOON, NOON)
    assert (visitor.language, visitor.time_zone, visitor.user_agent) == ("de-AT", "Europe/Vienna", "Mozilla/5.0")
    assert visitor.referrer == "https://search.example/?q=lamp"
    assert visitor.pages == [
        {"url": f"{SHOP}/a", "title": "", "at": None},
        {"url": f"{SHOP}/b", "title": "B", "at": frames.moment(NOON)},
    ]


def test_the_next_visit_forgets_the_pages_of_the_last(visitor: Visitor) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        visits.saw(visitor.pk, f"{SHOP}/a", "A", AT_HOME)
        clock.shift(timedelta(minutes=29))
        visits.saw(visitor.pk, f"{SHOP}/b", "B")
        assert (walked(visitor), visitor.visits) == (["/a", "/b"], 1)
        clock.shift(timedelta(minutes=31))
        visits.saw(visitor.pk, f"{SHOP}/c", "C", {"before": [f"{SHOP}/b"], "referrer": f"{SHOP}/b"})
        assert (walked(visitor), visitor.visits) == (["/c"], 2)
        assert visitor.referrer == "", "the shop itself sends nobody"
        assert visitor.language == "de-AT", "not said is not changed"


def test_who_talks_from_one_page_for_an_hour_has_not_gone(visitor: Visitor) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        visits.saw(visitor.pk, f"{SHOP}/a")
        clock.shift(timedelta(minutes=25))
        ask(visitor)
        clock.shift(timedelta(minutes=25))
        visits.saw(visitor.pk, f"{SHOP}/b")
        assert (walked(visitor), visitor.visits) == (["/a", "/b"], 1)
        clock.shift(timedelta(minutes=31))
        visits.saw(visitor.pk, f"{SHOP}/c")
        assert (walked(visitor), visitor.visits) == (["/c"], 2)


@pytest.mark.parametrize(
    "facts",
    [
        {"language": "de' onload=x", "time_zone": "Middle/Earth", "referrer": "javascript:alert(1)", "before": ["x"]},
        {"language": 3, "time_zone": ["UTC"], "referrer": {}, "before": "https://shop.example/a"},
        {"language": "a" * 99, "time_zone": "../etc/passwd", "referrer": None, "before": [None, {}, 7]},
        ["language"],
        None,
    ],
)
def test_what_a_browser_cannot_mean_counts_as_not_said(facts: Any, visitor: Visitor) -> None:
    visits.saw(visitor.pk, f"{SHOP}/a", {"no": "title"}, facts, "\x00" + "x" * 9000)
    assert walked(visitor) == ["/a"]
    assert (visitor.page_title, visitor.language, visitor.time_zone, visitor.referrer) == ("", "", "", "")
    assert visitor.user_agent == "x" * 512


@pytest.mark.parametrize("nowhere", [None, "javascript:alert(1)", {"url": "https://shop.example"}])
def test_without_a_page_nothing_is_remembered(nowhere: object, visitor: Visitor) -> None:
    visits.saw(visitor.pk, nowhere, "A", AT_HOME)
    visitor.refresh_from_db()
    assert (visitor.pages, visitor.visits, visitor.language) == ([], 0, "")


def test_the_desks_hear_only_of_what_they_show(visitor: Visitor) -> None:
    conversation = ask(visitor)
    visits.saw(visitor.pk, f"{SHOP}/a", "A", AT_HOME)
    shown = revision(conversation)
    assert shown > conversation.revision
    visits.saw(visitor.pk, f"{SHOP}/a", "A", AT_HOME)
    assert revision(conversation) == shown
    visits.saw(visitor.pk, f"{SHOP}/b", "B")
    assert revision(conversation) == shown + 1


def test_one_page_more_is_one_update(visitor: Visitor, django_assert_num_queries: Any) -> None:
    visits.saw(visitor.pk, f"{SHOP}/a", "A", AT_HOME)
    with django_assert_num_queries(5):  # savepoint, row lock, update, savepoint, which conversations to tell of
        visits.saw(visitor.pk, f"{SHOP}/b", "B", AT_HOME)


def test_signing_in_makes_two_visits_at_one_time_one(customer: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        phone: dict[str, str] = {}
        laptop: dict[str, str] = {}
        visits.saw(engage(phone, customer).pk, f"{SHOP}/a", "A", AT_HOME)
        clock.shift(timedelta(minutes=5))
        stranger = engage(laptop)
        visits.saw(stranger.pk, f"{SHOP}/b", "B", {"language": "fr", "referrer": "https://elsewhere.example/"})
        person = engage(laptop, customer)
        assert person != stranger
        assert (walked(person), person.visits, person.visit_began_at) == (["/a", "/b"], 1, NOON)
        assert (person.page_title, person.language, person.time_zone) == ("B", "fr", "Europe/Vienna")
        assert person.referrer == AT_HOME["referrer"], "as when they came"


def test_signing_in_adds_up_visits_of_different_days(customer: User) -> None:
    with time_machine.travel(NOON, tick=False) as clock:
        phone: dict[str, str] = {}
        laptop: dict[str, str] = {}
        visits.saw(engage(phone, customer).pk, f"{SHOP}/a", "A", AT_HOME)
        clock.shift(timedelta(days=5))
        visits.saw(engage(laptop).pk, f"{SHOP}/b", "B")
        person = engage(laptop, customer)
        assert (walked(person), person.visits) == (["/b"], 2)
        assert (person.page_title, person.referrer, person.seen_at) == ("B", "", NOON + timedelta(days=5))


def named(url: str) -> dict[str, Any]:
    return {"url": url, "title": "", "at": None}


def walked(visitor: Visitor) -> list[str]:
    visitor.refresh_from_db()
    return [page["url"].removeprefix(SHOP) for page in visitor.pages]


def ask(visitor: Visitor) -> Conversation:
    return log.say(Entry(visitor.author, uuid4(), "Which size?", visitor=visitor.pk)).conversation


def revision(conversation: Conversation) -> int:
    return Conversation.objects.get(pk=conversation.pk).revision


def engage(cookies: dict[str, str], user: User | None = None) -> Visitor:
    """A browser, of which nothing is left but its ``cookies``, opens the panel."""
    request: HttpRequest = RequestFactory().post("/")
    request.user = user or AnonymousUser()
    request.COOKIES = dict(cookies)
    response = HttpResponse()
    visitor = identity.engage(request, response)
    cookies |= {name: morsel.value for name, morsel in response.cookies.items()}
    return visitor


@pytest.mark.django_db
def test_an_open_page_is_noted_every_20_seconds(visitor: Visitor) -> None:
    for seconds, noted in [(0, 0), (20, 0), (21, 21), (30, 21)]:
        with time_machine.travel(NOON + timedelta(seconds=seconds), tick=False):
            if not seconds:
                Visitor.objects.update(heard_at=NOON)
            visits.heard([visitor.pk])
        visitor.refresh_from_db()
        assert visitor.heard_at == NOON + timedelta(seconds=noted)


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has no row locks; runs on PostgreSQL")
@pytest.mark.django_db(transaction=True)
def test_the_beat_waits_for_nobodys_checkout(visitor: Visitor, other_visitor: Visitor) -> None:
    Visitor.objects.update(heard_at=NOON)
    locked, let_go = threading.Event(), threading.Event()

    def check_out() -> None:
        with transaction.atomic():
            Visitor.objects.filter(pk=visitor.pk).update(name="Vera")
            locked.set()
            let_go.wait(20)
        connections.close_all()

    checkout = threading.Thread(target=check_out)
    checkout.start()
    locked.wait(20)
    try:
        visits.heard([visitor.pk, other_visitor.pk])
        assert set(Visitor.objects.filter(heard_at__gt=NOON)) == {other_visitor}
    finally:
        let_go.set()
        checkout.join()
