"""Which of last week's invitations a changed rule would still have shown: the server's half."""

from __future__ import annotations

import html
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Permission, User
from django.test import override_settings
from django.utils import timezone
from pytest_django.fixtures import DjangoAssertNumQueries

from consult.invitations import current, dry_run
from consult.invitations.audience import Facts
from consult.models import Exposure, Rule, Visitor
from tests.desk.conftest import ask, at
from tests.invitations.test_simulator import MAY


def expose(rule: Rule, *, days: int = 0, **about: Any) -> Exposure:
    """One invitation by ``rule``, and what it was judged by."""
    shown_at = timezone.localtime() - timedelta(days=days)
    audience = Facts(now=shown_at, language=about.pop("language", "en"), availability="online").as_json()
    facts = about.pop("facts", {"page": {"kind": "product", "path": "/lamps/heron/"}, "audience": audience})
    row = {"browser": uuid4(), "number": 1, "visit": 1, "variant": "A"}
    return Exposure.objects.create(rule=rule, shown_at=shown_at, facts=facts, **(row | about))


def replayed(user: User, rule: Rule, **typed: Any) -> Any:
    """The answer to the rule's form with this typed into it; without anything, to the link."""
    address = f"/admin/consult/rule/{rule.pk}/dry-run/"
    if not typed:
        return at(user).get(address)
    greeting = rule.greetings.get()
    form = {
        "name": rule.name,
        "is_on": "on",
        "position": "0",
        "match": "all",
        "result": "invite",
        "page_kinds": "product",
        "page_seconds": "25",
        "availability": ["online"],
        "signed_in": "unknown",
        "has_ordered": "unknown",
        "per_visit": "1",
        "per_30_days": "3",
        "hours_apart": "24",
        "held_percent": rule.held_percent,
        "greetings-TOTAL_FORMS": "1",
        "greetings-INITIAL_FORMS": "1",
        "greetings-0-id": greeting.pk,
        "greetings-0-rule": rule.pk,
        "greetings-0-variant": "A",
        "greetings-0-moment": "",
        "greetings-0-text": greeting.text,
    }
    return at(user).post(address, form | typed)


@pytest.mark.parametrize("who", MAY)
def test_who_may_try_a_rule(who: str, lamps: Rule, request: pytest.FixtureRequest) -> None:
    user = request.getfixturevalue(who)
    assert replayed(user, lamps).status_code == replayed(user, lamps, name="Lamps").status_code == MAY[who]


def test_what_is_typed_is_tried_and_not_saved(lamps: Rule, manager: User) -> None:
    english, russian = expose(lamps), expose(lamps, language="ru", held=True)
    assert [case.verdict.fits for case in replayed(manager, lamps).context["cases"]] == [True, True]
    answer = replayed(manager, lamps, languages=["ru"], page_seconds="40")
    newest, oldest = answer.context["cases"]
    assert (newest.exposure, newest.reason) == (russian, "")
    assert (oldest.exposure, oldest.reason) == (english, "The page is in English; the rule wants Russian.")
    left = answer.context["recorded"]
    assert left["rule"] == current.as_sent(lamps) | {"page_s": 40}
    assert left["cases"] == {russian.pk: {"kind": "product", "path": "/lamps/heron/"}}
    lamps.refresh_from_db()
    assert (lamps.languages, lamps.page_seconds) == ([], None)


def test_only_last_week_and_only_this_rule(lamps: Rule, delivery: Rule, manager: User) -> None:
    recent = expose(lamps, days=6)
    expose(lamps, days=8)
    expose(delivery)
    assert [case.exposure for case in replayed(manager, lamps).context["cases"]] == [recent]


def test_the_newest_are_judged_and_all_are_counted(
    lamps: Rule, manager: User, monkeypatch: pytest.MonkeyPatch, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    expose(lamps, days=1)
    newest = [expose(lamps) for _ in range(2)][::-1]
    assert "Only the newest" not in replayed(manager, lamps).text
    monkeypatch.setattr(dry_run, "NEWEST", 2)
    answer = replayed(manager, lamps)
    assert [case.exposure for case in answer.context["cases"]] == newest
    assert "fired 3 times" in answer.text
    assert "Only the newest 2 are judged." in answer.text
    rule = Rule.objects.prefetch_related("greetings").get()
    with django_assert_num_queries(2):  # the invitations, and their number
        dry_run.told(rule)


def test_why_not_is_counted(lamps: Rule, manager: User) -> None:
    for language in ("ru", "ru", "en"):
        expose(lamps, language=language)
    expose(lamps, facts={})
    answer = replayed(manager, lamps, languages=["en"])
    assert {code: count for code, _label, count in answer.context["counts"] if count} == {"unknown": 1, "language": 2}
    assert "What it was judged by is not known." in answer.text


@override_settings(USE_THOUSAND_SEPARATOR=True)
def test_numbers_above_a_thousand_are_found_by_the_script(lamps: Rule, manager: User) -> None:
    expose(lamps, pk=1234)
    answer = replayed(manager, lamps)
    assert list(answer.context["recorded"]["cases"]) == [1234]
    assert 'data-exposure="1234"' in answer.text


def test_what_came_of_each_is_told(lamps: Rule, visitor: Visitor, manager: User, reader: User) -> None:
    now = timezone.now()
    expose(lamps, held=True)
    assert "held out" in replayed(manager, lamps).text
    Exposure.objects.update(held=False, dismissed_at=now)
    assert "closed" in replayed(manager, lamps).text
    Exposure.objects.update(dismissed_at=None, accepted_at=now, visitor=visitor)
    assert f"/admin/consult/conversation/{ask(visitor, 'Is it warmer?').pk}/" in replayed(manager, lamps).text
    Exposure.objects.update(shown_at=now - timedelta(days=2))
    assert "/admin/consult/conversation/" not in main(replayed(manager, lamps)), "that was about something else"
    reader.user_permissions.set(Permission.objects.filter(codename="manage_invitations"))
    Exposure.objects.update(shown_at=now)
    assert "accepted" in replayed(reader, lamps).text
    assert "/admin/consult/conversation/" not in main(replayed(reader, lamps)), "they may not read it"


def test_what_can_not_be_saved_can_not_be_tried(lamps: Rule, manager: User) -> None:
    expose(lamps)
    answer = replayed(manager, lamps, hour_from="18:00", hour_until="9:00")
    assert "can't be tried" in html.unescape(answer.text)
    assert [sentence for sentence in answer.context["sentences"] if sentence in html.unescape(answer.text)]
    assert "cases" not in answer.context


def test_there_may_be_nothing_to_try_it_on(lamps: Rule, manager: User) -> None:
    assert "invited nobody in the last 7 days" in replayed(manager, lamps).text
    expose(lamps)
    assert "would invite nobody any more" in replayed(manager, lamps, result="label", page_seconds="").text


def main(answer: Any) -> str:
    """The page without what the admin puts around it."""
    page: str = answer.text
    return page.partition("<consult-trial")[2]
