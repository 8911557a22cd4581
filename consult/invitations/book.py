"""What becomes of each invitation. Its row is the permission to show it: what isn't counted isn't shown."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth import get_user_model
from django.core.cache import cache
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone

from consult.chat import identity
from consult.chat.entry import Refused
from consult.chat.models import Conversation, Message, Visitor
from consult.chat.patience import patience
from consult.conf import conf
from consult.invitations import audience, caps, facts
from consult.invitations.audience import Facts
from consult.invitations.caps import Decision, Limits, Moment, Past, Terms
from consult.invitations.models import Exposure, Rule

if TYPE_CHECKING:
    from django.contrib.auth.models import User
    from django.http import HttpRequest

KEPT = timedelta(days=30)  # what an invitation was judged by; a dry run looks back for a week
FORGETS_EVERY = 60 * 60  # seconds
ROUNDS = 5  # of those who ask at the same time


@dataclass(frozen=True, slots=True)
class Wish:
    """That ``rule`` invite this browser now or, with ``held``, be counted as if it had. ``page`` is what it was judged
    by in the browser, cleaned.
    """

    public_id: UUID
    browser: UUID
    visit: int
    rule: int
    variant: str
    moment: str
    held: bool
    language: str
    page: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Person:
    """Who asks, as far as they are known without their name: primary keys, and the digest of the shop's session."""

    visitors: tuple[int, ...]
    customer: Any
    session: str

    @classmethod
    def of(cls, request: HttpRequest) -> Person:
        visitor, customer = identity.visitor_of(request, claim=False), identity.customer_of(request)
        # Signing in makes these two one, once the browser has told us.
        theirs = Visitor.objects.filter(customer=customer.pk).first() if customer else None
        both = dict.fromkeys(one.pk for one in (visitor, theirs) if one)
        return cls(tuple(both), customer.pk if customer else None, identity.session_of(request))

    @property
    def links(self) -> dict[str, Any]:
        """What joins an invitation to them."""
        known = {
            "visitor_id": next(iter(self.visitors), None),
            "customer_id": self.customer,
            "session": self.session,
        }
        return {name: value for name, value in known.items() if value}

    def hold(self) -> None:
        """Let no other device of theirs ask at the same time. In the order in which signing in locks them."""
        for people, pks in ((get_user_model()._default_manager, (self.customer,)), (Visitor.objects, self.visitors)):
            list(people.select_for_update(no_key=True).filter(pk__in=filter(None, pks)).order_by("pk"))

    def past(self, browser: UUID) -> list[Past]:
        """What they have seen, on whatever device."""
        theirs = Q(browser=browser) | Q(visitor__in=self.visitors)
        theirs |= Q(customer=self.customer) if self.customer else Q()
        theirs |= Q(session=self.session) if self.session else Q()
        columns = ("rule", "browser", "visit", "shown_at", "dismissed_at", "number")
        return [Past(*row) for row in Exposure.objects.filter(theirs).values_list(*columns)]

    def talked_at(self, now: datetime) -> datetime | None:
        if Conversation.objects.open().filter(visitor__in=self.visitors).exists():
            return now
        said = Message.objects.filter(conversation__visitor__in=self.visitors, kind=Message.Kind.TEXT)
        return said.order_by("-conversation_id", "-seq").values_list("sent_at", flat=True).first()


def ask(request: HttpRequest, wish: Wish) -> dict[str, Any]:
    """Write down that an invitation is shown or held back, if it may be, and say whether to show it. Asked again, the
    answer is the same until the invitation itself was answered. Raises Refused.
    """
    # Before anything is locked: some of it is asked of the shop's own functions.
    rule = _living(wish)
    known = facts.whole(request, [rule], wish.language) if rule else None  # all, for a dry run of what it may become
    fitting = known if rule and known and audience.judge(rule, known).fits else None
    return _tried(lambda: _ask(request, wish, rule, fitting))


def report(request: HttpRequest, event: str, public_id: UUID, browser: UUID) -> dict[str, Any]:
    """Write down, once, that an invitation was ``accepted`` or ``dismissed``; ``here`` only says whose it is. Raises
    Refused: ``not_found``, or ``try_again``.
    """
    return _tried(lambda: _report(request, event, public_id, browser))


def terms(rule: Rule) -> Terms:
    """How often ``rule`` may invite somebody, as it says itself and as the shop's settings say."""
    return Terms(
        Limits(conf.INVITATIONS_PER_VISIT, conf.INVITATIONS_PER_30_DAYS, conf.INVITATIONS_HOURS_APART),
        Limits(rule.per_visit, rule.per_30_days, rule.hours_apart),
        timedelta(days=conf.INVITATIONS_SILENT_DAYS),
    )


def follow_sign_in(request: HttpRequest | None, user: User, **_more: Any) -> None:
    """Signing in gives the session another key: what its owner was invited by goes along, and is the customer's."""
    former = request.COOKIES.get(settings.SESSION_COOKIE_NAME) if request else None
    session = identity.session_of(request) if request else ""  # none yet where the former was somebody else's
    if request and former and session:
        theirs = Exposure.objects.filter(Q(customer=None) | Q(customer=user.pk))
        theirs.filter(session=identity.session_of(request, former)).update(session=session, customer=user.pk)


def forget() -> None:
    """Forget by what the invitations of long ago were judged: the page, the basket, the place. They still count."""
    if cache.add("consult.forgotten", True, FORGETS_EVERY):  # noqa: FBT003  a value
        Exposure.objects.filter(shown_at__lt=timezone.now() - KEPT).exclude(facts={}).update(facts={})


def _ask(request: HttpRequest, wish: Wish, rule: Rule | None, fitting: Facts | None) -> dict[str, Any]:
    """As ``ask``; ``fitting`` are the facts that ``rule`` fits, None if it doesn't."""
    who, now = Person.of(request), timezone.now()
    who.hold()
    exposure = Exposure.objects.select_related("rule").filter(public_id=wish.public_id).first()
    if exposure and exposure.browser != wish.browser:
        raise Refused("not_found")
    rule = exposure.rule if exposure else rule
    if rule is None:
        return {"show": False, "quiet": {}, "linked": bool(who.links)}
    past, decide = who.past(wish.browser), _decider(who, rule, Moment(now, wish.browser, wish.visit))
    decision = decide(past)
    if exposure is None and fitting and decision.show:
        exposure = _write(wish, rule, fitting, who, now, past)
        decision = decide([*past, Past(rule.pk, wish.browser, wish.visit, now)])
    linked = _link(exposure, who) if exposure else bool(who.links)
    show = exposure is not None and not (exposure.held or exposure.accepted_at or exposure.dismissed_at)
    return {"show": show, "quiet": _quiet(decision, rule, wish.visit), "linked": linked}


def _report(request: HttpRequest, event: str, public_id: UUID, browser: UUID) -> dict[str, Any]:
    now = timezone.now()
    exposure = Exposure.objects.select_related("rule").filter(public_id=public_id, browser=browser).first()
    if exposure is None:
        raise Refused("not_found")
    if event in ("accepted", "dismissed"):  # what was held back nobody has seen
        stamped = f"{event}_at"
        Exposure.objects.filter(pk=exposure.pk, held=False, **{stamped: None}).update(**{stamped: now})
    who = Person.of(request)
    linked = _link(exposure, who)
    decide = _decider(who, exposure.rule, Moment(now, browser, exposure.visit))
    decision = decide(who.past(browser))
    return {"quiet": _quiet(decision, exposure.rule, exposure.visit), "linked": linked}


def _tried(deed: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What ``deed`` answers once nothing comes between: another tab's row, or a visitor who becomes another by signing
    in.
    """
    for _round in range(ROUNDS):
        try:
            with patience():
                return deed()
        except IntegrityError:
            continue
    raise Refused("try_again", retry_after=1)


def _living(wish: Wish) -> Rule | None:
    """The rule as it is now: the page's may be some minutes old."""
    inviting = Rule.objects.filter(is_on=True, result=Rule.Result.INVITE, greetings__variant=wish.variant)
    holding = inviting.filter(held_percent__gt=0) if wish.held else inviting
    return holding.filter(pk=wish.rule).first()


def _write(wish: Wish, rule: Rule, fitting: Facts, who: Person, now: datetime, past: Sequence[Past]) -> Exposure:
    """The row that follows those in ``past``. Raises IntegrityError where another tab's row has followed them."""
    latest = max((one.number for one in past if one.browser == wish.browser), default=0)
    return Exposure.objects.create(
        public_id=wish.public_id,
        rule=rule,
        variant=wish.variant,
        moment=wish.moment,
        held=wish.held,
        browser=wish.browser,
        number=latest + 1,
        visit=wish.visit,
        shown_at=now,
        facts={"page": wish.page, "audience": fitting.as_json()},
        **who.links,
    )


def _link(exposure: Exposure, who: Person) -> bool:
    """Say whose invitation it was as far as that wasn't known. Whether it is known now.

    Who signs in on somebody else's computer doesn't take over what that other one has seen.
    """
    if not (exposure.customer_id and who.customer and exposure.customer_id != who.customer):
        news = {name: value for name, value in who.links.items() if not getattr(exposure, name)}
        if news:
            Exposure.objects.filter(pk=exposure.pk).update(**news)
            for name, value in news.items():
                setattr(exposure, name, value)
    return bool(exposure.visitor_id or exposure.customer_id or exposure.session)


def _decider(who: Person, rule: Rule, moment: Moment) -> Callable[[Sequence[Past]], Decision]:
    """What decides on a past of theirs."""
    limits, talked_at = terms(rule), who.talked_at(moment.now)
    return lambda past: caps.decide(past, rule.pk, moment, limits, talked_at)


def _quiet(decision: Decision, rule: Rule, visit: int) -> dict[str, list[int]]:
    """How long it would be in vain to ask again, as the browser keeps it: "0" is for all rules."""
    found = {"0": decision.all, str(rule.pk): decision.one}
    return {name: _until(silences, visit) for name, silences in found.items() if silences}


def _until(silences: Sequence[caps.Silence], visit: int) -> list[int]:
    times = [int(one.until.timestamp() * 1000) for one in silences if one.until]
    return [max(times, default=0), visit if len(times) < len(silences) else 0]
