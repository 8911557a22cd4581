"""Whether a rule is for somebody: the half of it that the server judges, by what the shop knows.

Nothing here looks at a clock, a request or the database, and no rule that can be stored makes it raise.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple

from consult.chat.text import line
from consult.invitations import greeting

if TYPE_CHECKING:
    from consult.invitations.models import Rule

# What is known of one person only. All other columns of the audience are the same for everybody of one language.
PRIVATE = (
    "signed_in",
    "has_ordered",
    "segments",
    "countries",
    "regions",
    "basket_total_min",
    "basket_total_max",
    "basket_count_min",
    "basket_count_max",
)
# What greetings say of one person only.
PERSONAL = {"name", "region"}


@dataclass(frozen=True)
class Basket:
    """What lies in a basket: its total in the shop's currency, and how many things.

    Raises ValueError or ArithmeticError for what can't be compared with another total.
    """

    total: Decimal
    count: int

    def __post_init__(self) -> None:
        # A shop may have added up numbers of any kind.
        object.__setattr__(self, "total", Decimal(str(self.total)))
        object.__setattr__(self, "count", int(self.count))
        if not self.total.is_finite():
            raise ValueError(f"A basket can't come to {self.total}.")


@dataclass(frozen=True)
class Place:
    """Where somebody is: country by ISO 3166-1 (two letters), region as rules and greetings name it. "": unknown."""

    country: str = ""
    region: str = ""

    def __post_init__(self) -> None:
        # A shop may have translated them, or read them out of a header: they are stored, and said in greetings.
        object.__setattr__(self, "country", line(str(self.country or "")))
        object.__setattr__(self, "region", line(str(self.region or "")))


@dataclass(frozen=True)
class Facts:
    """What the shop knows of somebody at a moment. What a shop can't tell fits no condition on it."""

    now: datetime  # in the shop's time zone
    language: str = ""
    availability: str = ""
    signed_in: bool = False
    has_ordered: bool = False
    segments: frozenset[str] = frozenset()
    place: Place = Place()
    basket: Basket | None = None

    def as_json(self) -> dict[str, Any]:
        basket = self.basket and {"total": str(self.basket.total), "count": self.basket.count}
        return {
            "now": self.now.isoformat(),
            "language": self.language,
            "availability": self.availability,
            "signed_in": self.signed_in,
            "has_ordered": self.has_ordered,
            "segments": sorted(self.segments),
            "country": self.place.country,
            "region": self.place.region,
            "basket": basket,
        }

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Facts:
        """The facts that ``as_json`` wrote down."""
        basket = kept["basket"]
        return cls(
            now=datetime.fromisoformat(kept["now"]),
            language=kept["language"],
            availability=kept["availability"],
            signed_in=kept["signed_in"],
            has_ordered=kept["has_ordered"],
            segments=frozenset(kept["segments"]),
            place=Place(kept["country"], kept["region"]),
            basket=basket and Basket(Decimal(basket["total"]), basket["count"]),
        )


class Verdict(NamedTuple):
    """Whether a rule fits, and if not the first reason: a code, what the rule wanted and what was found.

    Spans are written "from–until", either of which may be missing; several wishes are parted by ", ". ``words`` makes
    a sentence of it.
    """

    fits: bool
    reason: str = ""
    wanted: str = ""
    found: str = ""


def judge(rule: Rule, facts: Facts) -> Verdict:
    """Whether ``rule`` is for somebody of whom ``facts`` are known."""
    public = judge_public(rule, facts.now, facts.language, facts.availability)
    return judge_private(rule, facts) if public.fits else public


def judge_public(rule: Rule, now: datetime, language: str, availability: str) -> Verdict:
    """Whether ``rule`` could be for anybody at all; ``now`` is in the shop's time zone."""
    against = next(_against_all(rule, now, language, availability), ())
    return Verdict(not against, *against)


def judge_private(rule: Rule, facts: Facts) -> Verdict:
    """Whether ``rule`` is for this person, if it is for anybody."""
    against = next(_against_one(rule, facts), ())
    return Verdict(not against, *against)


def asks(rule: Rule) -> bool:
    """Whether ``rule`` can't be judged, or its greeting not be worded, without knowing the person."""
    return any(getattr(rule, name) not in (None, []) for name in PRIVATE) or bool(PERSONAL & variables(rule))


def variables(rule: Rule) -> set[str]:
    """The variables in the greetings of ``rule``; where it invites nobody, none is said."""
    greetings = rule.greetings.all() if rule.result == rule.Result.INVITE else []
    return {name for each in greetings for name in greeting.variables(each.text)}


def _against_all(rule: Rule, now: datetime, language: str, availability: str) -> Iterator[tuple[str, ...]]:
    today = now.date().isoformat()
    if not rule.is_on:
        yield ("off",)
    if rule.valid_from and now.date() < rule.valid_from:
        yield ("not_yet", rule.valid_from.isoformat(), today)
    if rule.valid_until and now.date() > rule.valid_until:
        yield ("over", rule.valid_until.isoformat(), today)
    if _lacks(rule.weekdays, now.weekday()):
        yield ("day", _named(rule.weekdays), str(now.weekday()))
    if not (rule.hour_from or time.min) <= now.time() < (rule.hour_until or time.max):
        yield ("hour", _span(rule.hour_from, rule.hour_until), f"{now:%H:%M}")
    if _lacks(rule.availability, availability):
        yield ("availability", _named(rule.availability), availability)
    if _lacks(rule.languages, language):
        yield ("language", _named(rule.languages), language)


def _against_one(rule: Rule, facts: Facts) -> Iterator[tuple[str, ...]]:
    place, basket = facts.place, facts.basket
    if rule.signed_in not in (None, facts.signed_in):
        yield ("signed_in", *_yes_or_no(rule.signed_in, facts.signed_in))
    if rule.has_ordered not in (None, facts.has_ordered):
        yield ("has_ordered", *_yes_or_no(rule.has_ordered, facts.has_ordered))
    if _lacks(rule.segments, *facts.segments):
        yield ("segment", _named(rule.segments), _named(sorted(facts.segments)))
    if _lacks(rule.countries, place.country):
        yield ("country", _named(rule.countries), place.country)
    if _lacks(rule.regions, place.region):
        yield ("region", _named(rule.regions), place.region)
    if wanted := _missed(basket.total if basket else None, rule.basket_total_min, rule.basket_total_max):
        yield ("basket_total", wanted, f"{basket.total:.2f}" if basket else "")
    if wanted := _missed(basket.count if basket else None, rule.basket_count_min, rule.basket_count_max):
        yield ("basket_count", wanted, str(basket.count) if basket else "")


def _lacks(wanted: Any, *found: object) -> bool:
    """Whether there are wishes and nothing found is among them. A column of JSON holds whatever was stored."""
    return bool(wanted) and not (isinstance(wanted, list) and any(one in wanted for one in found))


def _missed(found: Decimal | int | None, least: Decimal | int | None, most: Decimal | int | None) -> str:
    """The span from ``least`` to ``most``, both included, if ``found`` is outside; "" if it is inside."""
    if least is None and most is None:
        return ""
    if found is not None and (least is None or found >= least) and (most is None or found <= most):
        return ""
    return _span(least, most)


def _span(least: Decimal | time | int | None, most: Decimal | time | int | None) -> str:
    return "–".join(
        "" if end is None else f"{end:%H:%M}" if isinstance(end, time) else str(end) for end in (least, most)
    )


def _named(wanted: Any) -> str:
    return ", ".join(map(str, wanted if isinstance(wanted, list) else [wanted]))


def _yes_or_no(*answers: bool | None) -> tuple[str, ...]:
    return tuple("yes" if answer else "no" for answer in answers)
