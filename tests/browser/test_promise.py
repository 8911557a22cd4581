"""Everybody is busy: what the visitor is promised, and what the desk shows of it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Page, expect

from tests.browser import people
from tests.browser.people import row, turn_to
from tests.demo import Demo

Change = Callable[..., None]


@pytest.fixture
def change(demo: Demo) -> Iterator[Change]:
    """Something in the demo's database becomes otherwise."""
    with closing(sqlite3.connect(demo.database, timeout=20)) as database:

        def change(statement: str, *values: object) -> None:
            with database:
                database.execute(statement, values)

        yield change


@pytest.fixture
def everybody_busy(change: Change) -> Iterator[None]:
    change("UPDATE consult_seats SET seats = 0")
    yield
    change("UPDATE consult_seats SET seats = 10000")


def test_a_promise_is_told_counted_down_and_told_anew(
    everybody_busy: None, change: Change, desk: Page, visitor_page: Page, number: str
) -> None:
    words = f"Is it bright enough? {uuid4().hex[:8]}"
    people.open_panel(visitor_page)
    conversation = people.say(visitor_page, words)
    log = visitor_page.get_by_role("log", name="Conversation")
    expect(log).to_contain_text(re.compile(r"A consultant will answer in about \d+ minutes?\."))
    expect(visitor_page.get_by_text(re.compile(r"You are number \d+ in the queue\."))).to_be_visible()

    theirs = row(desk, words)
    expect(theirs).to_have_attribute("data-due", "answer")
    expect(theirs).to_contain_text(re.compile(r"answer promised:\s+in \d+ (min|hr)"))
    turn_to(desk, words)
    expect(desk.get_by_text(re.compile(r"The visitor was promised an answer by \d+:\d\d"))).to_be_visible()

    due_at = (datetime.now(UTC) + timedelta(seconds=9)).strftime("%Y-%m-%d %H:%M:%S.%f")
    waits = "SELECT wait.id FROM consult_wait wait JOIN consult_conversation c ON c.id = conversation_id"
    change(f"UPDATE consult_promise SET due_at = ? WHERE wait_id IN ({waits} WHERE public_id = ?)", due_at,  # noqa: S608
           UUID(conversation).hex)  # fmt: skip
    expect(log).to_contain_text("It takes longer than we thought.")
    expect(visitor_page.get_by_role("button", name="Leave a message")).to_be_visible()
    ways = visitor_page.locator("[data-part=ways]")
    ways.get_by_role("button", name="Request a call").click()
    visitor_page.get_by_role("textbox", name="Your phone").fill(number)
    visitor_page.get_by_role("button", name="Call me back").click()
    expect(visitor_page.locator("consult-way[data-sent]")).to_contain_text("Thank you")
    expect(theirs).to_have_attribute("data-due", "call")
