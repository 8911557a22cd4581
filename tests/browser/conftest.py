"""A visitor and an operator, each with a browser of their own, in the demo."""

from __future__ import annotations

import re
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache
from random import randrange
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, StorageState, ViewportSize, expect

from tests.browser import people
from tests.browser.people import Operator, sit_down
from tests.demo import Demo
from tests.faults.machines import ROOT

expect.set_options(timeout=15_000)  # ms: on a busy machine, and no longer than it takes on a quiet one

# Somebody whom no test takes off duty, with a seat for everybody whom one left waiting; open at whatever hour it is.
STAND_IN = """
from datetime import UTC, datetime
from django.contrib.auth.models import Permission, User
from consult.models import Duty, Override, Schedule, Seats
stand_in = User.objects.create(username="stand-in", first_name="Stan", is_staff=True)
stand_in.user_permissions.set(Permission.objects.filter(codename="answer_conversation"))
ever = datetime(2000, 1, 1, tzinfo=UTC), datetime(2100, 1, 1, tzinfo=UTC)
Duty.objects.create(operator=stand_in, operator_name="Stan", began_at=ever[0], seen_at=ever[1])
schedule, _ = Schedule.objects.get_or_create()
Seats.objects.create(schedule=schedule, operator=stand_in, seats=10_000)
Override.objects.create(schedule=schedule, state="open", begins_at=ever[0], ends_at=ever[1])
"""


@pytest.fixture(scope="session")
def demo(demo: Demo) -> Demo:
    """The demo that all tests with browsers visit; somebody is on duty there."""
    stand_in(demo)
    return demo


@pytest.fixture
def nobody_on_duty(demo: Demo) -> Iterator[None]:
    """Whoever was on duty is not, for the time of a test."""
    with closing(sqlite3.connect(demo.database, timeout=20)) as database:
        with database:
            database.execute("UPDATE consult_duty SET ended_at = seen_at WHERE ended_at IS NULL")
        yield
        with database:
            database.execute("UPDATE consult_duty SET ended_at = NULL WHERE operator_name = 'Stan'")


@pytest.fixture
def visitor_page(browser: Browser, demo: Demo) -> Iterator[Page]:
    """A page of somebody who was never here. Whatever it complains of, a refused script included, fails the test."""
    with browser.new_context(base_url=demo.url, locale="en-GB") as context:
        page = context.new_page()
        complaints = listening(page)
        yield page
    assert complaints == []


@pytest.fixture
def phone(browser: Browser, demo: Demo) -> Iterator[Page]:
    """Somebody else's, who was never here either."""
    screen = ViewportSize(width=390, height=844)
    with browser.new_context(base_url=demo.url, viewport=screen, has_touch=True, is_mobile=True) as context:
        page = context.new_page()
        complaints = listening(page)
        yield page
    assert complaints == []


@pytest.fixture(scope="session")
def signed_in(browser: Browser, demo: Demo) -> Callable[[str], StorageState]:
    """What the browser of one of the demo's accounts keeps once it has signed in: one session serves all tests."""

    @cache
    def sign_in(account: str) -> StorageState:
        with browser.new_context(base_url=demo.url, locale="en-GB") as context:
            page = context.new_page()
            page.goto("/admin/login/?next=/consult/contact/")
            page.fill("[name=username]", account)
            page.fill("[name=password]", "consult")
            page.click("[type=submit]")
            page.wait_for_url("**/consult/contact/")
            return context.storage_state()

    return sign_in


@pytest.fixture
def operator_context(
    browser: Browser, demo: Demo, signed_in: Callable[[str], StorageState]
) -> Iterator[BrowserContext]:
    """The browser of the demo's account "operator", signed in."""
    state = signed_in("operator")
    with browser.new_context(base_url=demo.url, locale="en-GB", storage_state=state) as context:
        yield context


@pytest.fixture
def operator_page(operator_context: BrowserContext) -> Page:
    """A page of the operator's."""
    return operator_context.new_page()


@pytest.fixture
def operator(operator_page: Page) -> Operator:
    """The operator as the visitor notices them: words, not the desk that they come from."""
    return Operator(operator_page)


@pytest.fixture
def desk(operator_page: Page) -> Iterator[Page]:
    """The operator's desk. Whatever it complains of, a refused script included, fails the test."""
    complaints = listening(operator_page)
    sit_down(operator_page)
    yield operator_page
    assert complaints == []


@pytest.fixture
def desk_of(browser: Browser, demo: Demo, signed_in: Callable[[str], StorageState]) -> Iterator[Callable[[str], Page]]:
    """The desk of another account, in a browser of its own: ``desk_of("colleague")``."""
    with ExitStack() as contexts:

        def sit(account: str) -> Page:
            state = signed_in(account)
            context = browser.new_context(base_url=demo.url, locale="en-GB", storage_state=state)
            page = contexts.enter_context(context).new_page()
            sit_down(page)
            return page

        yield sit


@pytest.fixture
def colleagues_desk(desk_of: Callable[[str], Page]) -> Page:
    return desk_of("colleague")


@pytest.fixture
def managers_desk(desk_of: Callable[[str], Page]) -> Page:
    return desk_of("manager")


@pytest.fixture
def manager(browser: Browser, demo: Demo, signed_in: Callable[[str], StorageState]) -> Iterator[Page]:
    """A page of the manager's. Whatever it complains of, a refused script included, fails the test."""
    state = signed_in("manager")
    with browser.new_context(base_url=demo.url, locale="en-GB", storage_state=state) as context:
        page = context.new_page()
        complaints = listening(page)
        yield page
    assert complaints == []


@pytest.fixture(scope="session")
def known_tag(demo: Demo) -> str:
    """A tag that somebody who may has made."""
    with closing(sqlite3.connect(demo.database, timeout=20)) as database, database:
        database.execute("INSERT INTO consult_tag (name, key) VALUES ('dimming', 'dimming')")
    return "dimming"


@pytest.fixture
def question(visitor_page: Page) -> str:
    """What a visitor has just asked, in words nobody used before."""
    words = f"Does it dim? {uuid4().hex[:8]}"
    people.open_panel(visitor_page)
    people.say(visitor_page, words)
    return words


@pytest.fixture
def number() -> str:
    """A number that nobody asked to be called at before."""
    return f"+49 30 {randrange(1_000_000, 10_000_000)}"


@pytest.fixture
def come_due(demo: Demo) -> Callable[[str], None]:
    """The time comes of the call to a number."""

    def come(number: str) -> None:
        calls = "SELECT conversation_id FROM consult_callback WHERE phone = ?"
        due = "SET due_at = datetime('now', '-1 second')"
        phone = [number.replace(" ", "")]
        with closing(sqlite3.connect(demo.database, timeout=20)) as database, database:
            database.execute(f"UPDATE consult_conversation {due} WHERE id IN ({calls})", phone)
            database.execute(f"UPDATE consult_callback {due} WHERE phone = ?", phone)

    return come


def stand_in(demo: Demo) -> None:
    """Let somebody be on duty in the demo, for ever."""
    command = [sys.executable, "manage.py", "shell", "-v", "0", "-c", STAND_IN]
    subprocess.run(command, cwd=ROOT, env=demo.environment(), check=True)


def listening(page: Page) -> list[str]:
    """What the page writes to its console as an error, from now on."""
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # A line that is cut is the network's complaint, not the page's; and a form that is refused is told so in it.
        expected = re.search("WebSocket connection|net::ERR|status of 4(09|22|29)", message.text)
        if message.type == "error" and not expected:
            complaints.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    return complaints
