"""Whom a rule is for: every condition both ways, and the reason in words."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from consult.invitations import Basket, Place, audience, words
from consult.invitations.audience import Facts
from consult.models import Rule

BERLIN = ZoneInfo("Europe/Berlin")
NOON = datetime(2026, 3, 4, 12, tzinfo=BERLIN)  # a Wednesday
ANNA = Facts(
    now=NOON,
    language="en",
    availability="online",
    signed_in=True,
    has_ordered=True,
    segments=frozenset({"regulars"}),
    place=Place("DE", "Bavaria"),
    basket=Basket(Decimal("80.00"), 2),
)
STRANGER = Facts(now=NOON, language="en", availability="away")

FITTING: list[dict[str, Any]] = [
    {},
    {"valid_from": date(2026, 3, 4), "valid_until": date(2026, 3, 4)},
    {"weekdays": [0, 2]},
    {"hour_from": time(12), "hour_until": time(12, 1)},
    {"hour_from": time(12)},
    {"hour_until": time(12, 1)},
    {"availability": ["online", "busy"]},
    {"languages": ["ru", "en"]},
    {"signed_in": True},
    {"has_ordered": True},
    {"segments": ["wholesale", "regulars"]},
    {"countries": ["AT", "DE"]},
    {"regions": ["Bavaria"]},
    {"basket_total_min": Decimal(80), "basket_total_max": Decimal(80)},
    {"basket_count_min": 2, "basket_count_max": 2},
]


@pytest.mark.parametrize("columns", FITTING, ids=str)
def test_whom_a_rule_is_for(columns: dict[str, Any]) -> None:
    assert audience.judge(Rule(**columns), ANNA) == (True, "", "", "")


@pytest.mark.parametrize(
    ("columns", "facts", "code", "sentence"),
    [
        ({"is_on": False}, ANNA, "off", "The rule is switched off."),
        (
            {"valid_from": date(2026, 3, 5)},
            ANNA,
            "not_yet",
            "Today is March 4, 2026; the rule is valid from March 5, 2026.",
        ),
        (
            {"valid_until": date(2026, 3, 3)},
            ANNA,
            "over",
            "Today is March 4, 2026; the rule was valid until March 3, 2026.",
        ),
        ({"weekdays": [5, 6]}, ANNA, "day", "Today is Wednesday; the rule wants Saturday, Sunday."),
        (
            {"hour_from": time(9), "hour_until": time(12)},
            ANNA,
            "hour",
            "It is 12:00 in the shop; the rule wants 09:00 to 12:00.",
        ),
        ({"hour_from": time(12, 30)}, ANNA, "hour", "It is 12:00 in the shop; the rule wants 12:30 or later."),
        ({"hour_until": time(9)}, ANNA, "hour", "It is 12:00 in the shop; the rule wants before 09:00."),
        (
            {"availability": ["online", "busy"]},
            STRANGER,
            "availability",
            "The shop is “Away”; the rule wants “Online, Busy”.",
        ),
        ({"languages": ["ru"]}, ANNA, "language", "The page is in English; the rule wants Russian."),
        (
            {"signed_in": True},
            STRANGER,
            "signed_in",
            "The visitor is not signed in; the rule is for those who are.",
        ),
        ({"signed_in": False}, ANNA, "signed_in", "The visitor is signed in; the rule is for those who are not."),
        (
            {"has_ordered": True},
            STRANGER,
            "has_ordered",
            "The visitor has not ordered before; the rule is for returning customers.",
        ),
        (
            {"has_ordered": False},
            ANNA,
            "has_ordered",
            "The visitor has ordered before; the rule is for new customers.",
        ),
        ({"segments": ["wholesale"]}, ANNA, "segment", "The visitor belongs to regulars; the rule wants wholesale."),
        (
            {"segments": ["wholesale"]},
            STRANGER,
            "segment",
            "The visitor belongs to no segment; the rule wants wholesale.",
        ),
        ({"countries": ["AT", "CH"]}, ANNA, "country", "The visitor is in DE; the rule wants AT, CH."),
        ({"countries": ["AT"]}, STRANGER, "country", "The visitor's country is not known; the rule wants AT."),
        ({"regions": ["Nord–Ost"]}, ANNA, "region", "The visitor is in Bavaria; the rule wants Nord–Ost."),
        ({"regions": ["Bavaria"]}, STRANGER, "region", "The visitor's region is not known; the rule wants Bavaria."),
        (
            {"basket_total_min": Decimal("80.01")},
            ANNA,
            "basket_total",
            "The basket comes to 80.00; the rule wants 80.01 or more.",
        ),
        (
            {"basket_total_max": Decimal(50)},
            ANNA,
            "basket_total",
            "The basket comes to 80.00; the rule wants 50.00 or less.",
        ),
        (
            {"basket_total_max": Decimal(50)},
            STRANGER,
            "basket_total",
            "What the basket comes to is not known; the rule wants 50.00 or less.",
        ),
        (
            {"basket_count_min": 3, "basket_count_max": 5},
            ANNA,
            "basket_count",
            "There are 2 things in the basket; the rule wants 3 to 5.",
        ),
        (
            {"basket_count_min": 3},
            STRANGER,
            "basket_count",
            "How many things lie in the basket is not known; the rule wants 3 or more.",
        ),
    ],
    ids=str,
)
def test_whom_it_is_not_for_and_why(columns: dict[str, Any], facts: Facts, code: str, sentence: str) -> None:
    verdict = audience.judge(Rule(**columns), facts)
    assert (verdict.fits, verdict.reason) == (False, code)
    with translation.override("en"):
        assert words.reason(verdict) == sentence


def test_all_of_an_audience_must_fit() -> None:
    columns = {name: value for each in FITTING for name, value in each.items()}
    assert audience.judge(Rule(**columns), ANNA).fits
    assert audience.judge(Rule(**columns | {"countries": ["AT"]}), ANNA).reason == "country"


def test_what_fits_has_no_reason() -> None:
    assert words.reason(audience.judge(Rule(), ANNA)) == ""


@pytest.mark.parametrize(
    ("moment", "fits"),
    [
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), False),  # 01:59, and the clock goes forward
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), True),  # 03:00
        (datetime(2026, 10, 25, 0, 59, tzinfo=UTC), True),  # 02:59, and the clock goes back
        (datetime(2026, 10, 25, 1, 0, tzinfo=UTC), True),  # 02:00 again
        (datetime(2026, 10, 25, 3, 0, tzinfo=UTC), False),  # 04:00
    ],
)
def test_hours_are_those_of_the_clock_on_the_shop_s_wall(*, moment: datetime, fits: bool) -> None:
    rule = Rule(hour_from=time(2), hour_until=time(4))
    assert audience.judge_public(rule, moment.astimezone(BERLIN), "en", "online").fits is fits


def test_facts_that_were_written_down_are_the_same_facts() -> None:
    assert [Facts.from_json(facts.as_json()) for facts in (ANNA, STRANGER)] == [ANNA, STRANGER]


@pytest.mark.parametrize(("total", "count"), [("80.00", 2), (80, 2.0)])
def test_a_basket_is_added_up_in_numbers_of_any_kind(total: Any, count: Any) -> None:
    assert Basket(total, count) == Basket(Decimal(80), 2)


@pytest.mark.parametrize(("total", "count"), [(float("nan"), 1), (Decimal("inf"), 1), (None, 1), (1, None), ("x", 1)])
def test_a_basket_that_comes_to_nothing_that_is_a_number(total: Any, count: Any) -> None:
    with pytest.raises((ValueError, TypeError, ArithmeticError)):
        Basket(total, count)


# What a column of JSON may hold, though no form writes some of it.
stored: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 5, "en", {}, {"en": 1}, [], [None], [[]], [{"en": 1}], [1.5]]
) | st.lists(st.sampled_from(["regulars", "DE", "Bavaria", "en", 2, "online"]), max_size=3)
totals = st.decimals(min_value=-(10**9), max_value=10**9, places=2)
counts = st.integers(min_value=0, max_value=2**31 - 1)
COLUMNS: dict[str, st.SearchStrategy[Any]] = {
    "is_on": st.booleans(),
    "valid_from": st.dates(),
    "valid_until": st.dates(),
    "signed_in": st.booleans(),
    "has_ordered": st.booleans(),
    **dict.fromkeys(("segments", "countries", "regions", "languages", "weekdays", "availability"), stored),
    **dict.fromkeys(("basket_total_min", "basket_total_max"), totals),
    **dict.fromkeys(("basket_count_min", "basket_count_max"), counts),
    **dict.fromkeys(("hour_from", "hour_until"), st.times()),
}


@given(
    st.fixed_dictionaries({}, optional=COLUMNS),
    st.sampled_from([ANNA, STRANGER]),
    st.timedeltas(min_value=timedelta(days=-365), max_value=timedelta(days=365)),
)
def test_no_rule_that_can_be_stored_makes_the_shop_fail(
    columns: dict[str, Any], facts: Facts, later: timedelta
) -> None:
    """And whatever it says no to, it says why."""
    facts = Facts.from_json(facts.as_json() | {"now": (NOON + later).isoformat()})
    verdict = audience.judge(Rule(**columns), facts)
    assert verdict.fits is (verdict.reason == "")
    with translation.override("en"):
        assert verdict.fits is (words.reason(verdict) == "")
