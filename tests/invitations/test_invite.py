"""Browsers ask before they invite somebody, and tell what became of it. Vera has a laptop and a phone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import User
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext, override_settings
from django.utils import timezone

from consult.chat import due
from consult.chat.entry import Entry
from consult.chat.log import say
from consult.invitations import book
from consult.models import Exposure, Rule, Visitor
from consult.widget import invite, network
from tests.chat.test_log import at_once
from tests.invitations.browsers import FACTS, Browser

pytestmark = pytest.mark.django_db


def days_later(days: float) -> Any:
    return time_machine.travel(timezone.now() + timedelta(days=days), tick=False)


def freely(rule: Rule) -> None:
    """Lift the limits of ``rule`` as far as they go."""
    Rule.objects.filter(pk=rule.pk).update(per_visit=100, per_30_days=100, hours_apart=0)


FREELY = {"INVITATIONS_PER_VISIT": 100, "INVITATIONS_PER_30_DAYS": 100, "INVITATIONS_HOURS_APART": 0}


# The row is the permission


def test_what_is_shown_is_written_down(laptop: Browser, lamps: Rule) -> None:
    one = uuid4()
    answer = laptop.ask(lamps, one, visit=3)
    (exposure,) = Exposure.objects.all()
    assert (answer["show"], answer["linked"]) == (True, False)
    assert (exposure.public_id, exposure.browser, exposure.rule, exposure.visit) == (one, laptop.id, lamps, 3)
    assert (exposure.held, exposure.variant, exposure.number) == (False, "A", 1)
    assert exposure.facts["page"] == FACTS
    assert exposure.facts["audience"]["language"] == "en"
    until, visit = answer["quiet"]["0"]
    assert (until, visit) == (int((exposure.shown_at + timedelta(hours=24)).timestamp() * 1000), 3)
    assert answer["quiet"][str(lamps.pk)] == [until, 3]


def test_nothing_is_left_in_the_browser(laptop: Browser, lamps: Rule) -> None:
    answer = laptop.post(laptop.wish(lamps))
    assert (answer.status_code, answer.cookies) == (200, {})
    assert answer.headers["Cache-Control"] == "private, no-store"
    assert not Visitor.objects.exists()


def test_what_is_held_back_is_counted_and_not_shown(laptop: Browser, lamps: Rule, delivery: Rule) -> None:
    assert laptop.ask(lamps, event="hold")["show"] is False
    assert Exposure.objects.get().held
    assert laptop.ask(delivery)["show"] is False, "it counts like one that was shown"
    held = Exposure.objects.get()
    laptop.report("accepted", held.public_id)
    held.refresh_from_db()
    assert held.accepted_at is None, "nobody has seen it"


def test_a_rule_that_holds_nobody_back_is_not_told_of_any(laptop: Browser, delivery: Rule) -> None:
    """Made up, they would be what its invitations are compared with."""
    assert laptop.ask(delivery, event="hold")["show"] is False
    assert not Exposure.objects.exists()
    assert laptop.ask(delivery)["show"]


def test_asked_again_it_is_the_same_invitation(laptop: Browser, lamps: Rule) -> None:
    one = uuid4()
    first = laptop.ask(lamps, one)
    assert [laptop.ask(lamps, one) for _ in range(3)] == [first] * 3
    assert Exposure.objects.count() == 1
    laptop.report("dismissed", one)
    assert laptop.ask(lamps, one)["show"] is False


def test_beyond_a_limit_nothing_is_written(laptop: Browser, lamps: Rule) -> None:
    assert laptop.ask(lamps)["show"]
    again = laptop.ask(lamps)
    assert again["show"] is False
    assert again["quiet"]["0"][0] > timezone.now().timestamp() * 1000
    assert Exposure.objects.count() == 1


def test_each_rule_has_limits_of_its_own(laptop: Browser, lamps: Rule, delivery: Rule) -> None:
    with override_settings(CONSULT={**FREELY}):
        assert laptop.ask(lamps)["show"]
        assert laptop.ask(lamps)["show"] is False
        assert laptop.ask(delivery)["show"]


@pytest.mark.parametrize(
    "change",
    [
        {"is_on": False},
        {"result": "hide"},
        {"valid_until": datetime(2020, 1, 1, tzinfo=UTC)},
        {"languages": ["ru"]},
        {"availability": ["online"]},
        {"signed_in": True},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_rule_is_judged_again(laptop: Browser, lamps: Rule, change: dict[str, Any]) -> None:
    """The page's own idea of it may be minutes old, or made up."""
    Rule.objects.filter(pk=lamps.pk).update(**change)
    assert laptop.ask(lamps)["show"] is False
    assert not Exposure.objects.exists()
    Rule.objects.filter(pk=lamps.pk).update(**{name: getattr(lamps, name) for name in change})
    assert laptop.ask(lamps)["show"]


def test_a_rule_or_a_variant_that_is_gone_invites_nobody(laptop: Browser, lamps: Rule) -> None:
    assert laptop.ask(lamps, variant="B")["show"] is False
    gone = lamps.pk
    lamps.delete()
    assert laptop.ask(Rule(pk=gone)) == {"show": False, "quiet": {}, "linked": False}


@override_settings(CONSULT={**FREELY})
def test_of_two_tabs_that_ask_at_once_one_may(transactional_db: None, lamps: Rule) -> None:
    browser = uuid4()

    def ask(_: int) -> bool:
        tab = Browser()
        tab.id = browser
        return bool(tab.ask(lamps)["show"])

    assert sorted(at_once(6, ask)) == [False] * 5 + [True]
    assert Exposure.objects.count() == 1


@override_settings(CONSULT={**FREELY})
def test_tabs_that_may_all_show_theirs_are_all_counted(transactional_db: None, lamps: Rule) -> None:
    freely(lamps)
    browser = uuid4()

    def ask(_: int) -> bool:
        tab = Browser()
        tab.id = browser
        return bool(tab.ask(lamps)["show"])

    assert at_once(4, ask) == [True] * 4
    assert sorted(Exposure.objects.values_list("number", flat=True)) == [1, 2, 3, 4]


def test_of_two_devices_that_ask_at_once_one_may(transactional_db: None, lamps: Rule, customer: User) -> None:
    devices = [Browser() for _ in range(4)]
    for device in devices:
        device.client.force_login(customer)
    shown = at_once(4, lambda number: devices[number].ask(lamps)["show"])
    assert sorted(shown) == [False] * 3 + [True]


# What became of it


@pytest.mark.parametrize("event", ["accepted", "dismissed"])
def test_each_answer_is_stamped_once(laptop: Browser, lamps: Rule, event: str) -> None:
    one = uuid4()
    laptop.ask(lamps, one)
    laptop.report(event, one)
    at = getattr(Exposure.objects.get(), f"{event}_at")
    assert at is not None
    with days_later(1):
        laptop.report(event, one)
    assert getattr(Exposure.objects.get(), f"{event}_at") == at


def test_who_closed_it_is_left_in_peace_for_30_days(laptop: Browser, lamps: Rule, delivery: Rule) -> None:
    one = uuid4()
    laptop.ask(lamps, one)
    quiet = laptop.report("dismissed", one)["quiet"]
    in_30_days = (timezone.now() + timedelta(days=30)).timestamp() * 1000
    assert quiet["0"] == [pytest.approx(in_30_days, abs=60_000), 1]
    laptop.visit = 2
    with days_later(29):
        assert laptop.ask(delivery)["show"] is False
    with days_later(31):
        assert laptop.ask(delivery)["show"]


def test_the_shop_says_how_long_that_is(laptop: Browser, lamps: Rule, delivery: Rule) -> None:
    with override_settings(CONSULT={**FREELY, "INVITATIONS_SILENT_DAYS": 2}):
        one = uuid4()
        laptop.ask(lamps, one)
        laptop.report("dismissed", one)
        laptop.visit = 2
        with days_later(1.9):
            assert laptop.ask(delivery)["show"] is False
        with days_later(2.1):
            assert laptop.ask(delivery)["show"]


def test_who_talks_with_us_is_not_invited(laptop: Browser, lamps: Rule, operator: User) -> None:
    laptop.engage()
    visitor = Visitor.objects.get()
    conversation = say(Entry(visitor.author, uuid4(), "Hello?", visitor=visitor.pk)).conversation
    with days_later(9):
        assert laptop.ask(lamps)["show"] is False, "while it is open"
    conversation.close(operator)
    with days_later(0.9):
        assert laptop.ask(lamps)["show"] is False, "nor within a day of the last words"
    with days_later(1.1):
        assert laptop.ask(lamps)["show"]


# Whose it is


def test_a_visitor_who_becomes_another_at_that_moment_is_heard(
    transactional_db: None, laptop: Browser, lamps: Rule, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, of = uuid4(), book.Person.of
    laptop.ask(lamps, one)
    # Signing in has just deleted the row that was found.
    found = iter([book.Person((2**31,), None, "")])
    monkeypatch.setattr(book.Person, "of", lambda request: next(found, None) or of(request))
    laptop.report("dismissed", one)
    exposure = Exposure.objects.get()
    assert exposure.dismissed_at is not None
    assert exposure.visitor is None


def test_who_engages_later_is_known_to_have_seen_it(laptop: Browser, lamps: Rule) -> None:
    one = uuid4()
    assert laptop.ask(lamps, one)["linked"] is False
    assert laptop.report("here", one)["linked"] is False
    laptop.engage()
    assert laptop.report("here", one)["linked"]
    assert Exposure.objects.get().visitor == Visitor.objects.get()


def test_what_was_closed_on_the_laptop_is_closed_on_the_phone(
    laptop: Browser, phone: Browser, lamps: Rule, delivery: Rule, customer: User
) -> None:
    one = uuid4()
    laptop.client.force_login(customer)
    laptop.ask(lamps, one)
    laptop.report("dismissed", one)
    with days_later(9):
        assert Browser().ask(delivery)["show"], "somebody else"
        phone.client.force_login(customer)
        assert phone.ask(delivery)["show"] is False


def test_who_engaged_and_then_signs_in_is_one_person(
    laptop: Browser, phone: Browser, lamps: Rule, delivery: Rule, customer: User
) -> None:
    one = uuid4()
    laptop.engage()
    laptop.ask(lamps, one)
    laptop.report("dismissed", one)
    laptop.client.force_login(customer)
    laptop.client.get("/consult/me/")
    phone.client.force_login(customer)
    with days_later(9):
        assert phone.ask(delivery)["show"] is False


def test_a_basket_s_session_knows_whose_it_is(laptop: Browser, lamps: Rule, delivery: Rule) -> None:
    session = laptop.client.session
    session["basket"] = 1
    session.save()
    one = uuid4()
    assert laptop.ask(lamps, one)["linked"]
    laptop.report("dismissed", one)
    laptop.id, laptop.visit = uuid4(), 1  # its storage was emptied, its session wasn't
    with days_later(9):
        assert laptop.ask(delivery)["show"] is False


def test_signing_in_takes_along_what_was_seen(laptop: Browser, lamps: Rule, customer: User) -> None:
    session = laptop.client.session
    session["basket"] = 1
    session.save()
    laptop.ask(lamps)
    before = Exposure.objects.get().session
    page = laptop.client.get("/accounts/login/")
    signing_in = {"username": "anna", "password": "consult", "csrfmiddlewaretoken": page.context["csrf_token"]}
    laptop.client.post("/accounts/login/", signing_in, headers={"Origin": "http://testserver"})
    exposure = Exposure.objects.get()
    assert exposure.customer == customer
    assert exposure.session != before
    assert laptop.report("here", exposure.public_id)["linked"]
    assert Exposure.objects.get().session == exposure.session


def test_who_signs_in_after_somebody_else_takes_nothing_along(
    laptop: Browser, lamps: Rule, customer: User, manager: User
) -> None:
    laptop.client.handler.enforce_csrf_checks = False
    laptop.client.force_login(customer)
    laptop.ask(lamps)
    Exposure.objects.update(customer=None)  # the account is gone, the session isn't
    seen = Exposure.objects.get()
    laptop.client.post("/accounts/login/", {"username": manager.username, "password": "consult"})
    exposure = Exposure.objects.get()
    assert (exposure.customer, exposure.session) == (None, seen.session)


def test_who_signs_in_on_somebody_s_computer_has_not_seen_what_they_saw(
    laptop: Browser, lamps: Rule, customer: User, manager: User
) -> None:
    one = uuid4()
    laptop.client.force_login(customer)
    laptop.ask(lamps, one)
    seen = Exposure.objects.get()
    laptop.client.logout()
    laptop.client.force_login(manager)
    laptop.engage()
    laptop.report("here", one)
    exposure = Exposure.objects.get()
    assert (exposure.customer, exposure.visitor, exposure.session) == (customer, None, seen.session)


# Bad input


def uncounted(answer: Any, status: int) -> None:
    assert (answer.status_code, answer.content) == (status, b"")
    assert not Exposure.objects.exists()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"\xff\xfe",
        b"null",
        b"[]",
        b'"show"',
        b"{",
        b"{}",
        b"[" * 4000,
        b'{"event": "show", "event": "show"}',
        b'{"event": NaN}',
        {"event": "show"},
        {"event": "launch", "id": str(uuid4()), "browser": str(uuid4())},
        {"event": ["show"], "id": str(uuid4()), "browser": str(uuid4())},
        {"event": "accepted", "id": 7, "browser": str(uuid4())},
        {"event": "accepted", "id": "7", "browser": str(uuid4())},
        {"event": "accepted", "id": None, "browser": {"$ne": None}},
    ],
)
def test_what_is_no_report_is_refused(laptop: Browser, said: Any) -> None:
    uncounted(laptop.post(said), 400)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "x"},
        {"id": 1.5},
        {"browser": None},
        {"visit": -1},
        {"visit": 2**31},
        {"visit": "3"},
        {"visit": True},
        {"rule": "7"},
        {"rule": 2**63},
        {"rule": -1},
        {"rule": None},
        {"variant": "Z"},
        {"variant": ""},
        {"variant": "AB"},
        {"variant": ["A"]},
        {"moment": "teatime"},
        {"moment": None},
        {"language": 7},
        {"event": "x" * 9000},
        {"facts": {"path": "/" + "x" * 9000}},
        {"facts": {"a": {"b": {"c": {"d": {"e": {"f": {"g": {"h": {}}}}}}}}}},
        {"facts": {str(number): number for number in range(40)}},
    ],
    ids=lambda wrong: str(wrong)[:40],
)
def test_what_is_no_wish_is_refused(laptop: Browser, lamps: Rule, wrong: dict[str, Any]) -> None:
    uncounted(laptop.post(laptop.wish(lamps) | wrong), 400)
    assert laptop.post(laptop.wish(lamps)).status_code == 200


@pytest.mark.parametrize(
    ("facts", "kept"),
    [
        (None, {}),
        ([], {}),
        ("product", {}),
        ({"kind": "a\x00b\ud800", "path": 7, "device": "toaster"}, {"kind": "ab\ufffd"}),
        ({"kind": "k" * 500}, {"kind": "k" * 200}),
        ({"path": "/reset/?token=s3cret#top"}, {"path": "/reset/"}),
        ({"path": "https://evil.test/"}, {}),
        ({"path": "/лампы/1"}, {"path": "/лампы/1"}),
        ({"referrer": "https://me:pw@search.example/?q=a&token=b#c"}, {"referrer": "https://search.example/?q=a"}),
        ({"referrer": "javascript:alert(1)"}, {}),
        ({"page_s": 25.3, "site_s": -1, "pages": "3", "visits": True, "idle_s": 0}, {"page_s": 25.3, "idle_s": 0}),
        ({"page_s": 1e300, "pages": 10**30}, {}),
        ({"leaving": True}, {"leaving": True}),
        ({"leaving": "yes", "password": "s3cret", "__proto__": {}}, {}),
        ({"utm": {"source": "letter", "medium": 7, "term": "x"}}, {"utm": {"source": "letter"}}),
        ({"utm": "letter"}, {}),
    ],
    ids=str,
)
def test_of_its_facts_only_the_good_are_kept(laptop: Browser, lamps: Rule, facts: Any, kept: Any) -> None:
    assert laptop.ask(lamps, facts=facts)["show"]
    assert Exposure.objects.get().facts["page"] == kept


@pytest.mark.parametrize("language", ["", "xx", "../../etc", "x" * 5000, "en\x00"])
def test_a_language_nobody_has_fits_no_rule_that_wants_one(laptop: Browser, lamps: Rule, language: str) -> None:
    Rule.objects.filter(pk=lamps.pk).update(languages=["ru"])
    assert laptop.ask(lamps, language=language)["show"] is False


def test_a_page_of_another_site_is_not_heard(laptop: Browser, lamps: Rule) -> None:
    for origin in ("http://evil.test", "null", "http://testserver:81", ""):
        with CaptureQueriesContext(connection) as queries:
            answer = laptop.post(laptop.wish(lamps), Origin=origin)
        uncounted(answer, 403)
        assert len(queries) == 0
    assert laptop.ask(lamps)["show"]


def test_what_is_much_too_long_is_not_even_read(laptop: Browser) -> None:
    assert laptop.post(b"x" * 3_000_000).status_code == 400


def test_it_is_never_a_link(laptop: Browser) -> None:
    assert laptop.client.get("/consult/invite/").status_code == 405


def test_nobody_speaks_for_another_browser(laptop: Browser, phone: Browser, lamps: Rule) -> None:
    one = uuid4()
    laptop.ask(lamps, one)
    for event in ("accepted", "dismissed", "here"):
        answer = phone.post({"event": event, "id": str(one), "browser": str(phone.id)})
        assert (answer.status_code, answer.content) == (404, b"")
    assert phone.post(phone.wish(lamps, one)).status_code == 404
    exposure = Exposure.objects.get()
    assert (exposure.browser, exposure.accepted_at, exposure.dismissed_at) == (laptop.id, None, None)


def test_a_hundred_times_the_same_is_counted_once(laptop: Browser, lamps: Rule) -> None:
    one = uuid4()
    said = [
        laptop.wish(lamps, one),
        {"event": "accepted", "id": str(one), "browser": str(laptop.id)},
        {"event": "dismissed", "id": str(one), "browser": str(laptop.id)},
    ]
    assert {laptop.post(said[number % 3]).status_code for number in range(100)} == {200}
    assert Exposure.objects.count() == 1


def test_visits_of_its_own_making_get_a_browser_no_more(laptop: Browser, lamps: Rule) -> None:
    freely(lamps)
    with override_settings(CONSULT={**FREELY, "INVITATIONS_PER_VISIT": 1}):
        shown = [laptop.ask(lamps, visit=visit)["show"] for visit in (5, 6, 7, 4, 1)]
        assert shown == [True, False, False, False, False]
        with days_later(1):
            assert laptop.ask(lamps, visit=4)["show"] is False
            assert laptop.ask(lamps, visit=6)["show"]


def test_one_address_can_ask_only_so_fast(laptop: Browser, lamps: Rule, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(invite, "PER_SECOND", 0.001)
    statuses = [Browser().post(laptop.wish(lamps)).status_code for _ in range(invite.BURST + 3)]
    assert statuses == [200] * invite.BURST + [429] * 3
    assert laptop.post(laptop.wish(lamps)).status_code == 429
    laptop.client.defaults["REMOTE_ADDR"] = "192.0.2.7"
    assert laptop.post(laptop.wish(lamps)).status_code == 200


@pytest.mark.parametrize(
    ("address", "household"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_a_household_is_one_address(laptop: Browser, address: str, household: str) -> None:
    request = laptop.client.get("/consult/me/").wsgi_request
    request.META["REMOTE_ADDR"] = address
    assert network.network_of(request) == household


def test_asking_is_a_few_queries(laptop: Browser, lamps: Rule, customer: User) -> None:
    laptop.client.force_login(customer)
    laptop.engage()
    with CaptureQueriesContext(connection) as queries:
        laptop.ask(lamps)
    assert len(queries) <= 24  # of them five to nine ask whether somebody can answer


# Forgetting


def test_what_somebody_was_judged_by_is_forgotten_after_a_month(laptop: Browser, lamps: Rule) -> None:
    laptop.ask(lamps)
    due.everything()
    assert Exposure.objects.get().facts["page"] == FACTS
    with days_later(31):
        cache.clear()
        due.everything()
    assert Exposure.objects.get().facts == {}, "that there was one is counted all the same"


def test_what_browsers_tell_keeps_nobody_from_saying_no(laptop: Browser, lamps: Rule) -> None:
    one = uuid4()
    assert laptop.ask(lamps, one)["show"]
    told = {"event": "here", "id": str(one), "browser": str(laptop.id)}
    assert {laptop.post(told).status_code for _ in range(100)} == {200, 429}
    laptop.report("dismissed", one)
