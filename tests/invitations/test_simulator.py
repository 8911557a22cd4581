"""Which rule would fire for somebody, and why the others wouldn't: the server's half."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import time_machine
from django.contrib.auth.models import User
from django.test import override_settings
from django.utils import timezone

from consult.invitations import current
from consult.models import Duty, Rule
from tests.desk.conftest import at

# Who may try the rules, and what each of the cast is answered.
MAY = {"customer": 302, "former_operator": 302, "staff": 403, "operator": 403, "reader": 403, "manager": 200}
SIMULATOR = "/admin/consult/rule/simulator/"
SHOP = {"ORDER_MODEL": "example_shop.Order", "SEGMENTS": {"regulars": "tests.nowhere"}}


def told(user: User, **situation: Any) -> dict[str, str]:
    """What the server says of each rule; "" where it leaves the rest to the browser."""
    answer = at(user).get(SIMULATOR, situation or {"kind": "product"})
    assert answer.context["form"].errors == {}
    return {trial.rule.name: trial.refusal for trial in answer.context["trials"]}


@pytest.mark.parametrize("who", MAY)
def test_who_may_try_the_rules(who: str, request: pytest.FixtureRequest) -> None:
    assert at(request.getfixturevalue(who)).get(SIMULATOR).status_code == MAY[who]


@pytest.mark.parametrize(
    ("wants", "fits", "fails", "sentence"),
    [
        ({"availability": ["online"]}, {"availability": "online"}, {"availability": "away"}, "The shop is “Away”"),
        ({"languages": ["ru"]}, {"language": "ru"}, {"language": "en"}, "The page is in English"),
        ({"signed_in": True}, {"signed_in": "on"}, {"kind": "product"}, "The visitor is not signed in"),
        ({"has_ordered": False}, {"kind": "product"}, {"has_ordered": "on"}, "The visitor has ordered before"),
        ({"segments": ["regulars"]}, {"segments": "regulars"}, {"kind": "product"}, "belongs to no segment"),
        ({"countries": ["DE"]}, {"country": "de"}, {"country": "FR"}, "The visitor is in FR; the rule wants DE"),
        ({"regions": ["Bavaria"]}, {"region": "Bavaria"}, {"country": "DE"}, "region is not known"),
        ({"basket_total_min": 100}, {"basket_total": "100"}, {"basket_total": "99.99"}, "The basket comes to 99.99"),
        ({"basket_count_max": 2}, {"basket_count": "2"}, {"basket_count": "3"}, "There are 3 things in the basket"),
        ({"weekdays": [0]}, {"now": "2026-11-23T09:00"}, {"now": "2026-11-22T09:00"}, "Today is Sunday"),
        ({"valid_from": "2026-12-01"}, {"now": "2026-12-01T00:00"}, {"now": "2026-11-30T23:59"}, "valid from"),
        ({"hour_until": "18:00"}, {"now": "2026-11-23T17:59"}, {"now": "2026-11-23T18:00"}, "It is 18:00 in the shop"),
    ],
)
def test_whom_a_rule_is_for(
    wants: dict[str, Any], fits: dict[str, str], fails: dict[str, str], sentence: str, manager: User, settings: Any
) -> None:
    settings.CONSULT = SHOP
    Rule.objects.create(name="This", **wants)
    assert told(manager, **fits) == {"This": ""}
    assert sentence in told(manager, **fails)["This"]


@pytest.mark.parametrize(
    ("past", "sentence"),
    [
        ({"has_talked": "on"}, "The visitor has talked with the shop"),
        ({"closed_days": "0"}, "The visitor has closed an invitation"),
        ({"closed_days": "29"}, "The visitor has closed an invitation"),
        ({"closed_days": "31"}, ""),
        ({"shown_visit": "1"}, "In this visit all rules together have shown as many invitations as they may: 1."),
        ({"shown_30_days": "2", "visits": "3"}, ""),
        ({"shown_30_days": "2", "visits": "3", "hours_ago": "25"}, ""),
        ({"shown_30_days": "2", "visits": "3", "hours_ago": "23"}, "of any rule is less than 24 hours ago"),
        ({"shown_30_days": "3", "visits": "3"}, "In 30 days all rules together"),
    ],
)
def test_how_often_a_rule_invites(past: dict[str, str], sentence: str, lamps: Rule, manager: User) -> None:
    Rule.objects.create(name="Quiet", result=Rule.Result.HIDE, position=1)
    found = told(manager, **past)
    assert found["Quiet"] == "", "nothing that shows no invitation is counted"
    assert sentence in found["Lamps"]
    assert bool(sentence) == bool(found["Lamps"])


@pytest.mark.parametrize(
    ("limit", "past", "sentence"),
    [
        ({"per_visit": 1}, {"shown_visit": "1"}, "In this visit this rule has shown as many"),
        ({"per_30_days": 2}, {"shown_30_days": "2", "visits": "2"}, "In 30 days this rule has shown as many"),
        (
            {"hours_apart": 48},
            {"shown_30_days": "1", "visits": "2", "hours_ago": "47"},
            "of this rule is less than 48",
        ),
    ],
)
def test_what_one_rule_has_shown_does_not_silence_another(
    limit: dict[str, int],
    past: dict[str, str],
    sentence: str,
    lamps: Rule,
    delivery: Rule,
    manager: User,
    settings: Any,
) -> None:
    settings.CONSULT = {"INVITATIONS_PER_VISIT": 9, "INVITATIONS_PER_30_DAYS": 9, "INVITATIONS_HOURS_APART": 0}
    for rule in (lamps, delivery):
        Rule.objects.filter(pk=rule.pk).update(**({"per_visit": 9, "per_30_days": 9, "hours_apart": 0} | limit))
    by_lamps = told(manager, shown_rule=str(lamps.pk), **past)
    assert sentence in by_lamps["Lamps"]
    assert by_lamps["Delivery"] == ""
    assert sentence in told(manager, **past)["Delivery"]


def test_what_is_switched_off_is_tried_too(lamps: Rule, manager: User) -> None:
    Rule.objects.update(is_on=False)
    assert told(manager) == {"Lamps": "The rule is switched off."}


def test_the_rest_is_left_to_the_browser(lamps: Rule, delivery: Rule, manager: User) -> None:
    Rule.objects.filter(pk=delivery.pk).update(signed_in=True)
    asked = {"kind": "product", "path": "/a/", "page_s": "9", "leaving": "on", "utm_source": "news", "name": "Anna"}
    situation = at(manager).get(SIMULATOR, asked).context["situation"]
    assert situation["rules"] == [current.as_sent(lamps)]
    assert situation["values"]["name"] == "Anna"
    assert situation["facts"] == {
        "kind": "product",
        "path": "/a/",
        "referrer": "",
        "device": "",
        "leaving": True,
        "page_s": 9,
        "site_s": 9,
        "idle_s": 0,
        "pages": 1,
        "visits": 1,
        "utm": {"source": "news", "medium": "", "campaign": ""},
    }


@override_settings(USE_THOUSAND_SEPARATOR=True)
def test_numbers_above_a_thousand_are_found_by_the_script(manager: User) -> None:
    Rule.objects.create(pk=1234, name="Lamps")
    assert 'data-rule="1234"' in at(manager).get(SIMULATOR).text


def test_a_link_is_a_situation(lamps: Rule, manager: User) -> None:
    page = at(manager).get(SIMULATOR, {"kind": "delivery", "page_s": "7"}).text
    assert 'value="delivery"' in page
    assert 'value="7"' in page
    assert "product" in at(manager).get(SIMULATOR).context["form"]["kind"].value()


def test_one_begins_with_the_shop_as_it_is_now(manager: User, operator: User) -> None:
    def shop() -> Any:
        return at(manager).get(SIMULATOR).context["form"]["availability"].value()

    assert shop() == "away"
    Duty.objects.create(operator=operator)
    assert shop() == "online"


@time_machine.travel(datetime(2026, 11, 22, 23, 30, tzinfo=UTC), tick=False)
def test_times_are_the_shops(manager: User) -> None:
    Rule.objects.create(name="Mondays", weekdays=[0])
    with timezone.override("America/New_York"):
        assert told(manager) == {"Mondays": ""}
        assert told(manager, now="2026-11-23T00:10") == {"Mondays": ""}
        assert told(manager, now="2026-11-22T23:50")["Mondays"].startswith("Today is Sunday")


@pytest.mark.parametrize(
    "asked",
    [
        *(
            {"page_s": "-1"},
            {"page_s": "much"},
            {"page_s": "30", "site_s": "20"},
            {"now": "soon"},
            {"device": "fridge"},
        ),
        *(
            {"shown_visit": "2", "shown_30_days": "1"},
            {"basket_total": "NaN"},
            {"product": "999999"},
            {"now": "0001-01-01T00:00"},
        ),
        *(
            {"language": "tlh"},
            {"availability": "\0"},
            {"closed_days": "99999999999"},
            {"shown_rule": "0"},
            {"name": "\0"},
        ),
    ],
)
def test_nonsense_is_refused_where_it_stands(asked: dict[str, str], lamps: Rule, manager: User) -> None:
    answer = at(manager).get(SIMULATOR, asked)
    assert answer.status_code == 200
    assert answer.context["form"].errors
    assert "Something in the situation is not right" in answer.text
