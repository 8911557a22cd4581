"""Which promises were kept: by the hour they were made in, and by who answered."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from statistics import median
from typing import NamedTuple

from django.utils import timezone

from consult.away.models import Promise, Wait


class Made(NamedTuple):
    """A promise, and what came of it."""

    number: int  # 1 the first, 2 when it was told anew …
    minutes: int
    made_at: datetime
    kept: bool | None
    operator: int | None  # who answered
    name: str
    ended_at: datetime | None
    end: str

    @property
    def waited(self) -> float | None:
        """Minutes until the answer; None where there was none."""
        if self.end != Wait.End.ANSWERED or self.ended_at is None:
            return None
        return (self.ended_at - self.made_at).total_seconds() / 60


@dataclass(frozen=True)
class Kept:
    """Of ``judged`` promises, ``kept`` were; ``left``: the visitor did, or nobody knows yet."""

    kept: int = 0
    judged: int = 0
    left: int = 0

    @classmethod
    def of(cls, made: Iterable[Made]) -> Kept:
        verdicts = [one.kept for one in made]
        left = verdicts.count(None)
        return cls(verdicts.count(True), len(verdicts) - left, left)


@dataclass(frozen=True)
class Figures:
    """What became of some promises: the first to each who waited, and those that were made anew. Times in minutes."""

    first: Kept
    again: Kept
    promised: float | None  # in the middle, of those that were answered
    waited: float | None

    @classmethod
    def of(cls, made: Iterable[Made]) -> Figures:
        made = list(made)
        told = [one for one in made if one.number == 1]
        answered = [(one.minutes, one.waited) for one in told if one.waited is not None]
        return cls(
            Kept.of(told),
            Kept.of(one for one in made if one.number > 1),
            median(minutes for minutes, _ in answered) if answered else None,
            median(waited for _, waited in answered) if answered else None,
        )


def made(begins: datetime, ends: datetime) -> list[Made]:
    """The promises from ``begins`` until before ``ends``."""
    promises = Promise.objects.filter(made_at__gte=begins, made_at__lt=ends).order_by("made_at")
    of_wait = ("operator", "operator_name", "ended_at", "end")
    columns = ("number", "minutes", "made_at", "kept", *(f"wait__{name}" for name in of_wait))
    return [Made(*row) for row in promises.values_list(*columns)]


def by_hour(promises: Iterable[Made]) -> Iterator[tuple[int, Figures]]:
    """The hours of the shop's day in which any were made."""
    zone = timezone.get_default_timezone()
    hours: dict[int, list[Made]] = defaultdict(list)
    for one in promises:
        hours[timezone.localtime(one.made_at, zone).hour].append(one)
    return ((hour, Figures.of(hours[hour])) for hour in sorted(hours))


def by_operator(promises: Iterable[Made]) -> Iterator[tuple[str, Figures]]:
    """By the name of who answered; "" is nobody, and stands last."""
    found: dict[int | str, list[Made]] = defaultdict(list)
    for one in promises:
        found[one.operator or one.name].append(one)
    named = ((each[-1].name, each) for each in found.values())
    return ((name, Figures.of(each)) for name, each in sorted(named, key=lambda pair: (not pair[0], pair[0])))
