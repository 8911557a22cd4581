"""What every page of the shop hears of display rules: those that could be for anybody now, and nothing private."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoCaptureOnCommitCallbacks

from consult.chat import duty
from consult.models import Greeting, Rule

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 4, 11, tzinfo=UTC)  # by the clock of the shop, in Berlin; a Wednesday


@pytest.fixture
def at_noon() -> Iterator[Any]:
    with time_machine.travel(NOON, tick=False) as clock:
        yield clock


def booted(language: str = "en") -> dict[str, Any]:
    answer: dict[str, Any] = Client().get(f"/consult/boot/{language}/").json()
    return answer


def heard(language: str = "en") -> list[str]:
    """The names of the rules that a page hears of."""
    return [Rule.objects.get(pk=rule["id"]).name for rule in booted(language).get("rules", [])]


def test_a_shop_without_rules_says_nothing_of_them() -> None:
    assert booted().keys() == {"availability", "texts"}
    assert booted()["texts"].keys() == {"now"}


def test_a_rule_as_the_browser_reads_it() -> None:
    rule = Rule.objects.create(
        name="Lamps",
        page_kinds=["product"],
        paths=["/lamps/*"],
        except_kinds=["checkout"],
        except_paths=["^/lamps/old"],
        devices=["phone"],
        match=Rule.Match.ANY,
        page_seconds=0,
        site_seconds=60,
        pages=3,
        visits=2,
        leaving=True,
        leaving_touch=True,
        idle_seconds=30,
        referrer="google.",
        utm_campaign="spring",
        held_percent=10,
    )
    rule.greetings.create(text="Shall we look at it together?")
    rule.greetings.create(text="Before you go …", moment=Greeting.Moment.LEAVING)
    rule.greetings.create(text="Any questions?", variant="B")
    assert booted()["rules"] == [
        {
            "id": rule.pk,
            "result": "invite",
            "kinds": ["product"],
            "paths": ["/lamps/*"],
            "not_kinds": ["checkout"],
            "not_paths": ["^/lamps/old"],
            "devices": ["phone"],
            "any": True,
            "page_s": 0,
            "site_s": 60,
            "pages": 3,
            "visits": 2,
            "leaving": True,
            "leaving_touch": True,
            "idle_s": 30,
            "referrer": "google.",
            "utm": {"campaign": "spring"},
            "held": 0.1,
            "greetings": {
                "A": {"": "Shall we look at it together?", "leaving": "Before you go …"},
                "B": {"": "Any questions?"},
            },
        }
    ]


@pytest.mark.parametrize("result", [Rule.Result.LABEL, Rule.Result.HIDE])
def test_a_rule_that_greets_nobody(result: Rule.Result) -> None:
    rule = Rule.objects.create(name="Quiet", page_kinds=["checkout"], result=result)
    rule.greetings.create(text="Hello {name|there}!")
    assert booted()["rules"] == [{"id": rule.pk, "result": result.value, "kinds": ["checkout"]}]


@pytest.mark.parametrize(
    "columns",
    [
        {"signed_in": False},
        {"has_ordered": True},
        {"segments": ["wholesale"]},
        {"countries": ["DE"]},
        {"regions": ["Bavaria"]},
        {"basket_total_min": 100},
        {"basket_total_max": 0},
        {"basket_count_min": 0},
        {"basket_count_max": 5},
    ],
    ids=str,
)
def test_of_its_audience_only_that_it_must_be_asked_for(columns: dict[str, Any]) -> None:
    rule = Rule.objects.create(name="For some", **columns)
    assert booted()["rules"] == [{"id": rule.pk, "result": "invite", "asks": True}]


@pytest.mark.parametrize(
    ("text", "asks"),
    [
        ("Hello {name|there}!", True),
        ("To {region|you} in two days.", True),
        ("{greeting}! {product|This} is in stock.", False),
    ],
)
def test_a_greeting_that_knows_the_person_must_be_asked_for(*, text: str, asks: bool) -> None:
    Rule.objects.create(name="Hello").greetings.create(text=text)
    assert booted()["rules"][0].get("asks", False) is asks


def test_rules_come_in_their_order() -> None:
    for position, name in ((2, "third"), (1, "first"), (1, "second")):
        Rule.objects.create(name=name, position=position)
    assert heard() == ["first", "second", "third"]


@pytest.mark.parametrize(
    ("columns", "is_heard"),
    [
        ({"is_on": False}, False),
        ({"valid_until": date(2026, 3, 4)}, True),
        ({"valid_until": date(2026, 3, 3)}, False),
        ({"valid_from": date(2026, 3, 5)}, False),
        ({"weekdays": [2]}, True),
        ({"weekdays": [1]}, False),
        ({"hour_from": time(12)}, True),
        ({"hour_until": time(12)}, False),
        ({"availability": ["away"]}, True),
        ({"availability": ["online", "busy"]}, False),
        ({"languages": ["en"]}, True),
        ({"languages": ["ru"]}, False),
    ],
    ids=str,
)
@pytest.mark.usefixtures("at_noon")
def test_a_rule_that_could_be_for_nobody_now_is_left_out(columns: dict[str, Any], *, is_heard: bool) -> None:
    Rule.objects.create(name="Lamps", **columns)
    assert heard() == (["Lamps"] if is_heard else [])


def test_each_language_hears_of_its_own(operator: User) -> None:
    Rule.objects.create(name="Lamps", languages=["ru"], availability=["online"])
    duty.begin(operator)
    assert (heard("en"), heard("ru")) == ([], ["Lamps"])


def test_the_words_around_an_invitation_are_there_with_it() -> None:
    Rule.objects.create(name="Lamps").greetings.create(text="Any questions?")
    said = booted()
    assert said["silence"] == 30 * 24 * 60 * 60 * 1000
    assert said["texts"]["invitation"] == "Invitation"
    assert said["texts"]["accept"] == "Start chat"
    assert said["texts"]["decline"] == "No, thanks"
    assert "greetings" not in said["texts"]
    assert booted("ru")["texts"].keys() == said["texts"].keys()


def test_the_time_of_day_is_told_where_a_text_wants_it() -> None:
    Rule.objects.create(name="Lamps").greetings.create(text="{greeting}! Any questions?")
    assert booted()["texts"]["greetings"] == {
        "morning": "Good morning",
        "day": "Good day",
        "evening": "Good evening",
        "night": "Hello",
    }


@override_settings(CONSULT={"INVITATIONS_SILENT_DAYS": 0})
def test_a_shop_may_have_no_silence_beyond_the_visit() -> None:
    Rule.objects.create(name="Lamps")
    assert booted()["silence"] == 0


def test_it_is_still_everybody_s(client: Client, customer: User) -> None:
    Rule.objects.create(name="Lamps", signed_in=True)
    client.force_login(customer)
    with CaptureQueriesContext(connection) as queries:
        theirs = client.get("/consult/boot/en/")
    assert not [query for query in queries if "session" in query["sql"]]
    assert theirs.content == Client().get("/consult/boot/en/").content
    assert (theirs.cookies, "cookie" in theirs.headers["Vary"].lower()) == ({}, False)
    again = client.get("/consult/boot/en/", headers={"If-None-Match": theirs.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


def test_it_travels_compressed_and_is_not_sent_twice_even_so(client: Client) -> None:
    Rule.objects.create(name="Lamps", page_kinds=["product"])
    compressed = {"Accept-Encoding": "gzip"}
    first = client.get("/consult/boot/en/", headers=compressed)
    assert gzip.decompress(first.content) == client.get("/consult/boot/en/").content
    again = client.get("/consult/boot/en/", headers=compressed | {"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


class TestWhenRulesAreRead:
    def test_they_are_not_read_for_every_page(self) -> None:
        Rule.objects.create(name="Lamps")
        with CaptureQueriesContext(connection) as first:
            booted()
        with CaptureQueriesContext(connection) as later:
            booted()
        assert len(first) - len(later) == 2  # rules, greetings
        assert len(later) == 3  # whether somebody is there: the schedule, who is on duty, who waits

    def test_a_change_is_heard_of_as_soon_as_it_is_committed(
        self, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
    ) -> None:
        rule = Rule.objects.create(name="Lamps")
        greeting = rule.greetings.create(text="Any questions?")
        assert booted()["rules"][0]["greetings"] == {"A": {"": "Any questions?"}}
        greeting.text = "Any wishes?"
        with django_capture_on_commit_callbacks(execute=True):
            greeting.save()
            assert booted()["rules"][0]["greetings"] == {"A": {"": "Any questions?"}}
        assert booted()["rules"][0]["greetings"] == {"A": {"": "Any wishes?"}}
        with django_capture_on_commit_callbacks(execute=True):
            Greeting.objects.all().delete()
        assert "greetings" not in booted()["rules"][0]
        with django_capture_on_commit_callbacks(execute=True):
            rule.page_kinds = ["delivery"]
            rule.save()
        assert booted()["rules"][0]["kinds"] == ["delivery"]
        with django_capture_on_commit_callbacks(execute=True):
            Rule.objects.all().delete()
        assert "rules" not in booted()

    def test_another_process_hears_of_it_within_a_minute(self, at_noon: Any) -> None:
        assert heard() == []
        Rule.objects.create(name="Lamps")  # nothing is committed here, so nobody is told
        at_noon.shift(timedelta(seconds=59))
        assert heard() == []
        at_noon.shift(timedelta(seconds=2))
        assert heard() == ["Lamps"]
