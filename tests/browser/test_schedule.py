"""The shop closes while somebody has its panel open, and opens again: they read it where they are."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime, timedelta
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from playwright.sync_api import Page, expect

from tests.browser import people
from tests.demo import Demo

AT_ONCE = 5_000  # ms


@pytest.fixture
def end_it(demo: Demo) -> Iterator[Callable[[], None]]:
    """Another process takes back that the shop is closed, and rings for nobody."""

    def end() -> None:
        with closing(sqlite3.connect(demo.database, timeout=20)) as database, database:
            database.execute("DELETE FROM consult_override WHERE state = 'closed'")
            database.execute("UPDATE consult_schedule SET stamp = ?", [uuid4().hex])

    yield end
    end()


def test_a_manager_closes_the_shop_while_a_visitor_talks(
    visitor_page: Page, manager: Page, end_it: Callable[[], None]
) -> None:
    words = f"Does it dim? {uuid4().hex[:8]}"
    people.open_panel(visitor_page)
    people.say(visitor_page, words)
    visitor_page.evaluate("document.stays = true")
    panel = people.panel(visitor_page)

    manager.goto("/admin/consult/schedule/")
    status = manager.locator(".consult-status")
    expect(status).to_contain_text("Somebody is here to answer you now.")
    row = manager.locator("#overrides-group .inline-related:not(.has_original):not(.empty-form)")
    tomorrow = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(days=1)
    row.get_by_label("State").select_option("closed")
    row.locator("[name$=ends_at_0]").fill(f"{tomorrow:%Y-%m-%d}")
    row.locator("[name$=ends_at_1]").fill("9:00")
    manager.get_by_role("button", name="Save", exact=True).click()

    expect(panel).to_contain_text("We are back tomorrow at 9:00.", timeout=AT_ONCE)
    letter = panel.get_by_role("form", name="Leave a message")
    expect(letter.get_by_role("textbox", name="Your e-mail")).to_be_visible()
    expect(people.rows(visitor_page).filter(has_text=words)).to_be_visible()
    expect(status).to_contain_text("A manager closed the shop for now. The shop opens tomorrow at 9:00.")

    end_it()
    back = panel.get_by_role("button", name="Back to the chat")  # the letter isn't taken from under their hands
    expect(back).to_be_visible(timeout=AT_ONCE)
    back.click()
    people.say(visitor_page, f"And what does it weigh? {uuid4().hex[:8]}")
    assert visitor_page.evaluate("document.stays"), "nothing was loaded anew"
