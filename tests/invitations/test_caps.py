"""How often is too often. Vera has a phone and a laptop."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from consult.invitations.caps import Decision, Limits, Moment, Past, Silence, Terms, decide

NOW = datetime(2026, 3, 31, 12, tzinfo=UTC)
LAPTOP, PHONE = uuid4(), uuid4()
FREELY = Limits(per_visit=100, per_30_days=100, hours_apart=0)
DEFAULT = Limits(per_visit=1, per_30_days=3, hours_apart=24)
LAMPS, DELIVERY = 7, 9  # rules

Ago = dict[str, float]


def shown(rule: int = LAMPS, browser: UUID = LAPTOP, visit: int = 1, closed: Ago | None = None, **ago: float) -> Past:
    return Past(rule, browser, visit, NOW - timedelta(**ago), None if closed is None else NOW - timedelta(**closed))


def asked(
    *past: Past,
    visit: int = 5,
    ours: Limits = FREELY,
    its: Limits = FREELY,
    silent: float = 30,
    talk: Ago | None = None,
) -> Decision:
    """What the rule about lamps is told, asking from the laptop."""
    talked_at = None if talk is None else NOW - timedelta(**talk)
    return decide(past, LAMPS, Moment(NOW, LAPTOP, visit), Terms(ours, its, timedelta(days=silent)), talked_at)


@pytest.mark.parametrize(
    ("past", "limits", "reason"),
    [
        ([], DEFAULT, ""),
        # Once in a visit.
        ([shown(visit=5, hours=2)], Limits(1, 9, 0), "per_visit"),
        ([shown(visit=4, hours=2)], Limits(1, 9, 0), ""),
        ([shown(visit=5, hours=2)], Limits(2, 9, 0), ""),
        ([shown(visit=5, hours=2), shown(visit=5, hours=1)], Limits(2, 9, 0), "per_visit"),
        ([shown(visit=5, hours=2, browser=PHONE)], Limits(1, 9, 0), ""),  # another device's visit is another one
        ([shown(visit=6, hours=2)], Limits(1, 9, 0), "per_visit"),  # who counts backwards begins no visit
        ([shown(visit=4, minutes=30)], Limits(1, 9, 0), "per_visit"),  # nor who was here a moment ago
        ([shown(visit=4, minutes=31)], Limits(1, 9, 0), ""),
        ([], Limits(0, 9, 0), "per_visit"),
        # Three in 30 days.
        ([shown(days=29), shown(days=20), shown(days=10)], Limits(1, 3, 0), "per_30_days"),
        ([shown(days=30), shown(days=20), shown(days=10)], Limits(1, 3, 0), ""),
        ([shown(days=29), shown(days=20)], Limits(1, 3, 0), ""),
        ([shown(days=29), shown(days=20, browser=PHONE), shown(days=10)], Limits(1, 3, 0), "per_30_days"),
        ([], Limits(1, 0, 0), "per_30_days"),
        # At least 24 hours apart.
        ([shown(hours=23)], Limits(1, 9, 24), "hours_apart"),
        ([shown(hours=23, browser=PHONE)], Limits(1, 9, 24), "hours_apart"),
        ([shown(hours=24)], Limits(1, 9, 24), ""),
        ([shown(seconds=-1)], Limits(9, 9, 0), ""),  # by another tab, while this one asks
        ([shown(days=40)], Limits(1, 9, 24 * 50), "hours_apart"),  # longer than a month
    ],
)
def test_a_limit_is_reached(past: list[Past], limits: Limits, reason: str) -> None:
    assert asked(*past, ours=limits).reason == reason, "of all rules together"
    assert asked(*past, its=limits).reason == (reason and f"rule_{reason}"), "of the rule's own"
    assert asked(*past, ours=limits).show is (not reason)


def test_one_rule_does_not_swallow_another() -> None:
    others = [shown(DELIVERY, visit=5, hours=1), shown(DELIVERY, days=2), shown(DELIVERY, days=3)]
    assert asked(*others, its=DEFAULT).show
    assert asked(*others, ours=DEFAULT).reason == "per_visit"


@pytest.mark.parametrize(
    ("closed", "visit", "silent", "reason"),
    [
        ({"days": 29}, 5, 30, "dismissed"),
        ({"days": 30}, 5, 30, ""),
        ({"days": 6}, 5, 7, "dismissed"),
        ({"days": 8}, 5, 7, ""),
        ({"hours": 3}, 5, 0, ""),
        ({"hours": 3}, 1, 0, "dismissed"),  # for the visit in which it was closed always
        ({"minutes": 20}, 5, 0, "dismissed"),  # and no visit ends so soon
    ],
)
def test_who_closed_an_invitation_is_left_in_peace(closed: Ago, visit: int, silent: float, reason: str) -> None:
    assert asked(shown(DELIVERY, days=60), visit=visit, silent=silent).show, "it was only shown to them"
    assert asked(shown(DELIVERY, days=60, closed=closed), visit=visit, silent=silent).reason == reason


def test_what_was_closed_on_the_phone_is_closed_on_the_laptop() -> None:
    assert asked(shown(browser=PHONE, closed={"days": 1}, days=1)).reason == "dismissed"


@pytest.mark.parametrize(
    ("talk", "reason"), [(None, ""), ({"hours": 0}, "talking"), ({"hours": 23}, "talking"), ({"hours": 24}, "")]
)
def test_who_has_just_talked_with_us_is_not_invited(talk: Ago | None, reason: str) -> None:
    assert asked(talk=talk).reason == reason


@pytest.mark.parametrize(
    ("decision", "all_", "one"),
    [
        (asked(), (), ()),
        (asked(shown(visit=5, hours=1), ours=Limits(1, 9, 24)), [None, NOW + timedelta(hours=23)], ()),
        (asked(shown(visit=5, hours=1), its=Limits(1, 9, 24)), (), [None, NOW + timedelta(hours=23)]),
        (asked(shown(days=9), shown(days=4), shown(days=1), ours=Limits(1, 2, 0)), [NOW + timedelta(days=26)], ()),
        (asked(shown(days=90, closed={"days": 1})), [NOW + timedelta(days=29)], ()),
        (asked(talk={"hours": 1}), [NOW + timedelta(hours=23)], ()),
    ],
)
def test_it_says_until_when(decision: Decision, all_: list[datetime | None], one: list[datetime | None]) -> None:
    assert [silence.until for silence in decision.all] == list(all_)
    assert [silence.until for silence in decision.one] == list(one)


def test_once_the_time_is_over_it_may_be_shown() -> None:
    past = [shown(days=9, closed={"days": 8}), shown(DELIVERY, days=4), shown(days=1)]
    decision = asked(*past, ours=DEFAULT, its=DEFAULT)
    ends = [silence.until for silence in decision.all + decision.one if silence.until]
    later = Moment(max(ends), LAPTOP, 6)
    assert not decision.show
    assert decide(past, LAMPS, later, Terms(DEFAULT, DEFAULT, timedelta(days=30)), None).show
    assert Silence("dismissed", NOW + timedelta(days=22)) in decision.all
