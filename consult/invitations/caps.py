"""How often is too often: whether one more invitation may be shown, and until when there is to be none."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

MONTH = timedelta(days=30)
AFTER_A_TALK = timedelta(hours=24)
VISIT_ENDS = timedelta(minutes=30)  # of idleness


@dataclass(frozen=True, slots=True)
class Limits:
    """How often at most: by one rule, or by all of them together."""

    per_visit: int
    per_30_days: int
    hours_apart: int


@dataclass(frozen=True, slots=True)
class Terms:
    """What the shop has decided: limits for ``all`` rules and for the ``one`` that asks, and for how long who has
    closed an invitation is left in peace.
    """

    all: Limits
    one: Limits
    silent: timedelta


@dataclass(frozen=True, slots=True)
class Past:
    """An invitation that this person has seen, or that was held back from them."""

    rule: int
    browser: UUID
    visit: int
    shown_at: datetime
    dismissed_at: datetime | None = None
    number: int = 0  # among this browser's


@dataclass(frozen=True, slots=True)
class Moment:
    """When it is, and in which visit of which browser."""

    now: datetime
    browser: UUID
    visit: int

    def is_visit_of(self, past: Past, at: datetime) -> bool:
        """Whether what happened to ``past`` at that time was in this visit.

        Browsers count their visits themselves: a lower number than before, or a new one sooner than a visit can end,
        begins no visit.
        """
        return past.browser == self.browser and (past.visit >= self.visit or self.now <= at + VISIT_ENDS)


@dataclass(frozen=True, slots=True)
class Silence:
    """Why nobody is to be invited, and until when; without ``until`` for as long as the visit lasts."""

    reason: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """What keeps ``all`` rules from inviting now, and what keeps only the ``one`` that asks."""

    all: tuple[Silence, ...]
    one: tuple[Silence, ...]

    @property
    def show(self) -> bool:
        return not self.reason

    @property
    def reason(self) -> str:
        """``talking``, ``dismissed``, the limit that is reached by all rules (its name in Limits) or, with ``rule_``
        before it, by this one; "" if the invitation may be shown.
        """
        return next((one.reason for one in self.all), next((f"rule_{one.reason}" for one in self.one), ""))


def decide(past: Sequence[Past], rule: int, moment: Moment, terms: Terms, talked_at: datetime | None) -> Decision:
    """Whether ``rule`` may invite who has all this ``past`` and last talked with the shop at ``talked_at``."""
    return Decision(
        (*_after_words(past, moment, terms, talked_at), *_reached(past, moment, terms.all)),
        tuple(_reached([one for one in past if one.rule == rule], moment, terms.one)),
    )


def _after_words(past: Sequence[Past], moment: Moment, terms: Terms, talked_at: datetime | None) -> Iterator[Silence]:
    """After those that were said, and after a no."""
    if talked_at and moment.now < talked_at + AFTER_A_TALK:
        yield Silence("talking", talked_at + AFTER_A_TALK)
    for one in past:
        if one.dismissed_at and moment.now < one.dismissed_at + terms.silent:
            yield Silence("dismissed", one.dismissed_at + terms.silent)
        if one.dismissed_at and moment.is_visit_of(one, one.dismissed_at):
            yield Silence("dismissed")


def _reached(past: Sequence[Past], moment: Moment, limits: Limits) -> Iterator[Silence]:
    if sum(moment.is_visit_of(one, one.shown_at) for one in past) >= limits.per_visit:
        yield Silence("per_visit")
    month = sorted(one.shown_at for one in past if moment.now < one.shown_at + MONTH)
    if len(month) >= limits.per_30_days:
        oldest_that_counts = month[-limits.per_30_days] if limits.per_30_days else moment.now
        yield Silence("per_30_days", oldest_that_counts + MONTH)
    if past and limits.hours_apart:
        again = max(one.shown_at for one in past) + timedelta(hours=limits.hours_apart)
        if moment.now < again:
            yield Silence("hours_apart", again)
