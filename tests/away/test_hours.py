"""When the shop is open, by tables; and that what is told of it is so, at any moment of any week."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from consult.away import hours
from consult.away.hours import Interval, Override, Special, Week

BERLIN, CAIRO, KATHMANDU = (ZoneInfo(name) for name in ("Europe/Berlin", "Africa/Cairo", "Asia/Kathmandu"))
WORKDAYS, DAILY = (0, 1, 2, 3, 4), (0, 1, 2, 3, 4, 5, 6)
OFFICE = (Interval(WORKDAYS, time(9), time(13)), Interval(WORKDAYS, time(14), time(18)))


def at(text: str, zone: ZoneInfo = BERLIN) -> datetime:
    """A moment as the clocks of ``zone`` show it; for the second time where it ends in "again"."""
    clock = datetime.fromisoformat(text.removesuffix(" again").replace(" ", "T"))
    return clock.replace(tzinfo=zone, fold=int(text.endswith(" again"))).astimezone(UTC)


def shown(moment: datetime | None, zone: ZoneInfo = BERLIN) -> str | None:
    return None if moment is None else f"{moment.astimezone(zone):%Y-%m-%d %H:%M}"


NIGHT = (Interval((4, 5), time(22), time(2)),)  # Friday and Saturday
EVENING = (Interval(DAILY, time(18), time(0)),)
CHRISTMAS = Special("Christmas", date(2020, 12, 24), date(2020, 12, 26), yearly=True)
THIS_YEAR = Special("Christmas Eve", date(2026, 12, 24), date(2026, 12, 24), opens=time(9), closes=time(12))
AROUND_NEW_YEAR = Special("Holidays", date(2020, 12, 30), date(2021, 1, 2), yearly=True)
SUMMER = Special("Summer", date(2026, 7, 1), date(2026, 8, 31), opens=time(10), closes=time(14))
FAIR = Special("Fair", date(2026, 8, 15), date(2026, 8, 15))  # a Saturday


@pytest.mark.parametrize(
    ("intervals", "special", "now", "opens", "closes"),
    [
        pytest.param((), (), "2026-11-23 03:00", "2026-11-23 03:00", None, id="without hours, always"),
        pytest.param((), (FAIR,), "2026-08-14 12:00", "2026-08-14 12:00", "2026-08-15 00:00", id="save special days"),
        pytest.param(OFFICE, (), "2026-11-23 08:59", "2026-11-23 09:00", None, id="before the first"),
        pytest.param(OFFICE, (), "2026-11-23 09:00", "2026-11-23 09:00", "2026-11-23 13:00", id="as it opens"),
        pytest.param(OFFICE, (), "2026-11-23 13:00", "2026-11-23 14:00", None, id="as it closes"),
        pytest.param(OFFICE, (), "2026-11-27 18:00", "2026-11-30 09:00", None, id="over the weekend"),
        pytest.param(NIGHT, (), "2026-11-28 01:59", "2026-11-28 01:59", "2026-11-28 02:00", id="after midnight"),
        pytest.param(NIGHT, (), "2026-11-29 02:00", "2026-12-04 22:00", None, id="the night is over"),
        pytest.param(EVENING, (), "2026-11-23 23:59", "2026-11-23 23:59", "2026-11-24 00:00", id="0:00 is midnight"),
        pytest.param(
            (Interval((0,), time(18), time(0)), Interval((1,), time(0), time(6))), (), "2026-11-23 20:00",
            "2026-11-23 20:00", "2026-11-24 06:00", id="two that meet are one",
        ),
        pytest.param(
            (Interval(DAILY, time(0), time(0)),), (), "2026-11-23 20:00", "2026-11-23 20:00", None, id="day and night",
        ),
        pytest.param(OFFICE, (CHRISTMAS,), "2026-12-23 18:00", "2026-12-28 09:00", None, id="every year"),
        pytest.param(
            OFFICE, (CHRISTMAS, THIS_YEAR), "2026-12-23 18:00", "2026-12-24 09:00", None, id="and this year",
        ),
        pytest.param(OFFICE, (AROUND_NEW_YEAR,), "2026-12-29 18:00", "2027-01-04 09:00", None, id="over New Year"),
        pytest.param(OFFICE, (SUMMER,), "2026-08-09 09:00", "2026-08-09 10:00", None, id="a Sunday of the summer"),
        pytest.param(OFFICE, (SUMMER, FAIR), "2026-08-14 14:00", "2026-08-16 10:00", None, id="the fewest days win"),
        pytest.param(
            NIGHT, (Special("", date(2026, 11, 28), date(2026, 11, 28)),), "2026-11-28 01:00",
            "2026-11-28 01:00", "2026-11-28 02:00", id="a night belongs to the day on which it began",
        ),
        pytest.param(
            OFFICE, (Special("", date(2026, 1, 1), date(2030, 1, 1)),), "2026-11-23 12:00", None, None, id="for good",
        ),
    ],
)  # fmt: skip
def test_when_it_opens_and_closes(
    intervals: tuple[Interval, ...], special: tuple[Special, ...], now: str, opens: str | None, closes: str | None
) -> None:
    week = Week(BERLIN, intervals, special)
    assert shown(hours.opens(week, at(now))) == opens
    assert shown(hours.closes(week, at(now))) == closes
    assert hours.is_open(week, at(now)) == (opens == now)


@pytest.mark.parametrize(
    ("zone", "interval", "day", "begins", "ends"),
    [
        # The clocks go from 2:00 to 3:00: what is skipped is counted on from the time before.
        (BERLIN, (time(2, 30), time(9)), "2026-03-29", "2026-03-29 03:30", "2026-03-29 09:00"),
        (BERLIN, (time(1), time(2, 30)), "2026-03-29", "2026-03-29 01:00", "2026-03-29 03:30"),
        (BERLIN, (time(2), time(3)), "2026-03-29", None, None),
        # They go from 3:00 back to 2:00: the first 2:30 is meant.
        (BERLIN, (time(2, 30), time(9)), "2026-10-25", "2026-10-25 02:30", "2026-10-25 09:00"),
        (BERLIN, (time(1), time(2, 30)), "2026-10-25", "2026-10-25 01:00", "2026-10-25 02:30"),
        # From midnight to 1:00, and in autumn from midnight back to 23:00.
        (CAIRO, (time(0), time(9)), "2026-04-24", "2026-04-24 01:00", "2026-04-24 09:00"),
        (CAIRO, (time(18), time(0)), "2026-04-23", "2026-04-23 18:00", "2026-04-24 01:00"),
        (CAIRO, (time(18), time(0)), "2026-10-29", "2026-10-29 18:00", "2026-10-30 00:00"),
    ],
)
def test_nights_on_which_the_clocks_are_changed(
    zone: ZoneInfo, interval: tuple[time, time], day: str, begins: str | None, ends: str | None
) -> None:
    week = Week(zone, (Interval((date.fromisoformat(day).weekday(),), *interval),))
    midnight = at(f"{day} 00:00", zone)
    spans = list(hours.spans(week, midnight, midnight + 2 * hours.DAY))
    assert [(shown(span.begins, zone), shown(span.ends, zone)) for span in spans] == (
        [(begins, ends)] if begins else []
    )


def test_an_hour_that_comes_twice_is_open_twice() -> None:
    week = Week(BERLIN, (Interval((6,), time(1), time(4)),))
    (span,) = hours.spans(week, at("2026-10-25 00:00"), at("2026-10-25 12:00"))
    assert span.ends - span.begins == timedelta(hours=4)
    assert hours.is_open(week, at("2026-10-25 02:30"))
    assert hours.is_open(week, at("2026-10-25 02:30 again"))


def decided(begins: str, ends: str, *, is_open: bool) -> Override:
    return Override(is_open, at(begins), at(ends))


CLOSED_UNTIL_NOON = decided("2026-11-23 10:00", "2026-11-23 12:00", is_open=False)
CLOSED_OVER_LUNCH = decided("2026-11-23 12:30", "2026-11-23 15:00", is_open=False)
OPEN_TONIGHT = decided("2026-11-23 20:00", "2026-11-23 22:00", is_open=True)
CLOSED_FOR_A_CALL = decided("2026-11-23 20:30", "2026-11-23 21:00", is_open=False)


@pytest.mark.parametrize(
    ("overrides", "now", "opens"),
    [
        pytest.param((CLOSED_UNTIL_NOON,), "2026-11-23 10:30", "2026-11-23 12:00", id="its end"),
        pytest.param((CLOSED_OVER_LUNCH,), "2026-11-23 13:30", "2026-11-23 15:00", id="the hours begin under it"),
        pytest.param((CLOSED_UNTIL_NOON,), "2026-11-23 09:30", "2026-11-23 09:30", id="it has yet to begin"),
        pytest.param((OPEN_TONIGHT,), "2026-11-23 18:30", "2026-11-23 20:00", id="it will be open sooner"),
        pytest.param((OPEN_TONIGHT,), "2026-11-23 22:00", "2026-11-24 09:00", id="it is over"),
        pytest.param((OPEN_TONIGHT, CLOSED_FOR_A_CALL), "2026-11-23 20:40", "2026-11-23 21:00", id="the later began"),
    ],
)
def test_what_a_manager_decided(overrides: tuple[Override, ...], now: str, opens: str) -> None:
    week = Week(BERLIN, OFFICE, overrides=overrides)
    assert shown(hours.opens(week, at(now))) == opens
    assert hours.is_open(week, at(now)) == (opens == now)


@pytest.mark.parametrize(
    ("zone", "interval", "now", "expected"),
    [
        (BERLIN, (time(9), time(11)), "2026-11-23 08:00", ["09:00", "09:30", "10:00", "10:30"]),
        (BERLIN, (time(9), time(11)), "2026-11-23 09:00", ["09:00", "09:30", "10:00", "10:30"]),
        (BERLIN, (time(9), time(11)), "2026-11-23 09:01", ["09:30", "10:00", "10:30"]),
        (BERLIN, (time(9, 10), time(10, 20)), "2026-11-23 08:00", ["09:30"]),
        (BERLIN, (time(23), time(0, 30)), "2026-11-23 08:00", ["23:00", "23:30", "00:00"]),
        (KATHMANDU, (time(9), time(10)), "2026-11-23 08:00", ["09:00", "09:30"]),
    ],
)
def test_the_half_hours_of_a_day(zone: ZoneInfo, interval: tuple[time, time], now: str, expected: list[str]) -> None:
    week = Week(zone, (Interval((0,), *interval),))
    found = hours.slots(week, at(now, zone), days=2)
    assert [f"{moment.astimezone(zone):%H:%M}" for moment in found] == expected


def test_half_hours_of_a_shop_that_is_always_open() -> None:
    found = list(hours.slots(Week(BERLIN), at("2026-11-23 08:10"), days=1))
    assert (len(found), shown(found[0]), shown(found[-1])) == (47, "2026-11-23 08:30", "2026-11-24 07:30")


TIMES = st.times().map(lambda moment: moment.replace(second=0, microsecond=0))
DATES = st.dates(date(2026, 1, 1), date(2026, 12, 31))
INTERVALS = st.builds(
    Interval, st.sets(st.integers(0, 6), min_size=1).map(lambda days: tuple(sorted(days))), TIMES, TIMES
)


@st.composite
def special_days(draw: st.DrawFn) -> Special:
    first, days = draw(DATES), draw(st.integers(0, 40))
    opens, closes = draw(st.sampled_from([(None, None), (time(10), time(12)), (time(22), time(3))]))
    return Special("", first, first + timedelta(days=days), draw(st.booleans()), opens, closes)


@st.composite
def overrides(draw: st.DrawFn) -> Override:
    begins = draw(st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC)))
    return Override(draw(st.booleans()), begins, begins + timedelta(minutes=draw(st.integers(1, 5000))))


WEEKS = st.builds(
    Week,
    st.sampled_from([BERLIN, CAIRO, KATHMANDU, ZoneInfo("America/Santiago"), ZoneInfo("Australia/Lord_Howe")]),
    st.lists(INTERVALS, max_size=4).map(tuple),
    st.lists(special_days(), max_size=3).map(tuple),
    st.lists(overrides(), max_size=3).map(tuple),
)
SHARES = st.floats(0, 0.999)  # of a span: the last of its microseconds would be rounded to its end
MOMENTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 12, 31), timezones=st.just(UTC))


@settings(deadline=None)
@given(WEEKS, MOMENTS, SHARES)
def test_the_next_opening_is_open_and_nothing_before_it_is(week: Week, now: datetime, share: float) -> None:
    opens = hours.opens(week, now)
    if opens is None:
        assert not hours.is_open(week, now + share * hours.AHEAD)
    else:
        assert now <= opens
        assert hours.is_open(week, opens)
        assert opens == now or not hours.is_open(week, now + share * (opens - now))


@settings(deadline=None)
@given(WEEKS, MOMENTS, SHARES)
def test_until_it_closes_it_is_open(week: Week, now: datetime, share: float) -> None:
    closes = hours.closes(week, now)
    if closes is not None:
        assert hours.is_open(week, now + share * (closes - now))
        assert not hours.is_open(week, closes)


@settings(deadline=None)
@given(WEEKS, MOMENTS, SHARES)
def test_a_half_hour_that_is_offered_is_open_throughout(week: Week, now: datetime, share: float) -> None:
    for begins in list(hours.slots(week, now, days=2))[:10]:
        assert now <= begins
        assert begins.astimezone(week.zone).minute % 30 == 0
        assert hours.is_open(week, begins + share * hours.HALF_HOUR)
