"""Whatever Anna does on her two devices: never an invitation within the silence after a no, never more than the caps
allow, never in conversation, as far as anything tells that it is she.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
import time_machine
from django.conf import settings as django_settings
from django.contrib.auth.models import User
from django.test import override_settings
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from consult.chat import identity, log, rate
from consult.chat.entry import Entry
from consult.models import Conversation, Exposure, Rule, Token, Visitor
from tests.invitations.browsers import Browser

BEGINNING = datetime(2026, 3, 2, 12, tzinfo=UTC)
SILENT, MONTH, APART, TALK = timedelta(days=30), timedelta(days=30), timedelta(hours=24), timedelta(hours=24)
VISIT_ENDS = timedelta(minutes=30)
WAITS = [timedelta(hours=hours) for hours in (0, 0.6, 20, 25, 9 * 24, 28 * 24)]
DEVICES = st.sampled_from(["laptop", "phone"])


@dataclass
class Device:
    """One of her browsers, and what there is to know her by when it asks."""

    browser: Browser = field(default_factory=Browser)
    active_at: datetime = BEGINNING
    session: UUID | None = None  # of the shop
    visitor: UUID | None = None  # who it is by our cookie
    signed_in: bool = False

    @property
    def signs(self) -> set[object]:
        known = {"anna"} if self.signed_in else {self.visitor}
        return {self.browser.id, self.session, *known} - {None}


@dataclass
class Invitation:
    device: str
    wish: dict[str, Any]
    at: datetime
    signs: set[object]
    dismissed_at: datetime | None = None


class Annas(RuleBasedStateMachine):
    """Her devices, and the shop's clock."""

    offers: tuple[Rule, ...]

    def __init__(self) -> None:
        super().__init__()
        self.clock = time_machine.travel(BEGINNING, tick=False)
        self.traveller = self.clock.start()
        self.devices = {"laptop": Device(), "phone": Device()}
        self.seen: list[Invitation] = []
        self.said: dict[object, datetime] = {}  # the last words, by who said them
        self.open: set[object] = set()  # who is in conversation

    def teardown(self) -> None:
        self.clock.stop()
        for rows in (Exposure, Conversation, Token, Visitor):
            rows._default_manager.all().delete()

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    @rule(
        name=DEVICES,
        wait=st.sampled_from(WAITS),
        which=st.integers(0, 1),
        event=st.sampled_from(["show", "show", "hold"]),
        answer=st.sampled_from(["dismissed", "here", ""]),
    )
    def a_rule_fires(self, name: str, wait: timedelta, which: int, event: str, answer: str) -> None:
        self.traveller.shift(wait)
        device = self._at(name)
        wish = device.browser.wish(self.offers[which], event=event)
        if self._told(device, wish)["show"] or (event == "hold" and self._is_kept(wish)):
            self._must_be_allowed(device)
            self.seen.append(Invitation(name, wish, self.now, device.signs))
            if answer:
                self._answer(self.seen[-1], answer)

    @precondition(lambda self: self.seen)
    @rule(data=st.data(), event=st.sampled_from(["dismissed", "here"]))
    def she_answers_later(self, data: st.DataObject, event: str) -> None:
        self._answer(data.draw(st.sampled_from(self.seen)), event)

    @precondition(lambda self: self.seen)
    @rule(data=st.data())
    def it_is_replayed(self, data: st.DataObject) -> None:
        one, rows = data.draw(st.sampled_from(self.seen)), Exposure.objects.count()
        answer = self._told(self._at(one.device), one.wish)
        assert Exposure.objects.count() == rows
        assert not (answer["show"] and one.dismissed_at)

    @rule(name=DEVICES)
    def storage_is_cleared(self, name: str) -> None:
        self.devices[name].browser.id, self.devices[name].browser.visit = uuid4(), 1

    @rule(name=DEVICES)
    def she_fills_the_basket(self, name: str) -> None:
        device = self._at(name)
        if device.session is None:
            session = device.browser.client.session
            session["basket"] = 1
            session.save()
            device.session = uuid4()

    @rule(name=DEVICES)
    def she_engages(self, name: str) -> None:
        device = self._at(name)
        device.browser.engage()
        device.visitor = None if device.signed_in else device.visitor or uuid4()

    @rule(name=DEVICES)
    def she_signs_in(self, name: str) -> None:
        device = self._at(name)
        if device.signed_in:
            return
        client = device.browser.client
        client.handler.enforce_csrf_checks = False
        client.post("/accounts/login/", {"username": "anna", "password": "consult"})
        client.get("/consult/me/")  # the widget of the next page
        same = {device.visitor, device.session} - {None}
        for one in self.seen:  # what was known of the nobody is known of her
            if one.signs & same:
                one.signs.add("anna")
        if device.visitor in self.said:
            self.said["anna"] = max(self.said.get("anna", BEGINNING), self.said[device.visitor])
            self.open |= {"anna"} if device.visitor in self.open else set()
        device.signed_in, device.visitor, device.session = True, None, device.session or uuid4()

    @precondition(lambda self: any(device.signed_in for device in self.devices.values()))
    @rule(name=DEVICES)
    def she_signs_out(self, name: str) -> None:
        device = self._at(name)
        if device.signed_in:
            jar = device.browser.client.cookies
            jar.pop(django_settings.SESSION_COOKIE_NAME)
            device.signed_in, device.session, device.visitor = False, None, None

    @rule(name=DEVICES)
    def she_writes(self, name: str) -> None:
        device = self._at(name)
        who = "anna" if device.signed_in else device.visitor
        answer = device.browser.client.get("/consult/me/")
        visitor = identity.visitor_of(answer.wsgi_request)
        if visitor and who:
            log.say(Entry(visitor.author, uuid4(), "Hello?", visitor=visitor.pk))
            self.said[who] = self.now
            self.open.add(who)

    @rule()
    def the_conversations_are_closed(self) -> None:
        Conversation.objects.open().update(closed_at=self.now)
        self.open.clear()

    def _answer(self, one: Invitation, event: str) -> None:
        device = self._at(one.device)
        if device.browser.id not in one.signs:  # its storage was emptied: it knows of no such invitation
            return
        self._told(device, {key: one.wish[key] for key in ("id", "browser")} | {"event": event})
        one.signs |= device.signs
        if event == "dismissed" and one.wish["event"] == "show":
            one.dismissed_at = one.dismissed_at or self.now

    def _at(self, name: str) -> Device:
        """She looks at a page on it: after half an idle hour that is a new visit."""
        device = self.devices[name]
        if self.now - device.active_at > VISIT_ENDS:
            device.browser.visit += 1
        device.active_at = self.now
        return device

    def _told(self, device: Device, said: dict[str, Any]) -> Any:
        rate._buckets.clear()
        answer = device.browser.post(said)
        assert answer.status_code == 200, answer.content
        return json.loads(answer.content)

    def _is_kept(self, wish: dict[str, Any]) -> bool:
        return Exposure.objects.filter(public_id=wish["id"]).exists()

    def _must_be_allowed(self, device: Device) -> None:
        known = [one for one in self.seen if one.signs & device.signs]
        month = [one for one in known if self.now - one.at < MONTH]
        visit = [one for one in known if (device.browser.id, device.browser.visit) == visit_of(one)]
        assert not [one for one in known if one.dismissed_at and self.now - one.dismissed_at < SILENT]
        assert len(month) < 3
        assert all(self.now - one.at >= APART for one in known)
        assert not visit
        assert not self.open & device.signs
        assert all(self.now - at >= TALK for who, at in self.said.items() if who in device.signs)


def visit_of(one: Invitation) -> tuple[UUID, int]:
    return UUID(one.wish["browser"]), one.wish["visit"]


@pytest.mark.django_db
@override_settings(SESSION_COOKIE_AGE=10**9, CONSULT={"TOKEN_DAYS": 10_000})
def test_she_is_never_nagged(customer: User, lamps: Rule, delivery: Rule) -> None:
    Annas.offers = (lamps, delivery)
    run_state_machine_as_test(
        Annas, settings=settings(max_examples=60, stateful_step_count=25, deadline=None, database=None)
    )
