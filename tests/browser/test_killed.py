"""The server is killed while a visitor and an operator are writing to each other, and neither reloads anything."""

from __future__ import annotations

from collections.abc import Callable

from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import stand_in
from tests.browser.people import field, open_panel, rows, say
from tests.demo import Demo

BACK = 20_000  # ms until both are connected again: the server's start, and a random wait against stampedes


def test_both_sides_show_the_same_after_the_server_was_killed(
    browser: Browser, serve_demo: Callable[..., Demo]
) -> None:
    demo = serve_demo()
    stand_in(demo)
    with browser.new_context(base_url=demo.url) as hers, browser.new_context(base_url=demo.url) as theirs:
        visitor, desk = hers.new_page(), theirs.new_page()
        open_panel(visitor)
        conversation = say(visitor, "One")
        open_desk(desk, conversation)
        answer(desk, "Two")
        expect(rows(visitor, "sent")).to_have_count(2)
        for page in (visitor, desk):
            page.evaluate("document.stays = true")

        for number in range(3):
            field(visitor).fill(f"Asked as it died {number}")
            field(visitor).press("Enter")
            answer(desk, f"Answered as it died {number}")
            demo.kill()
            field(visitor).fill(f"Asked while it was dead {number}")
            field(visitor).press("Enter")
            answer(desk, f"Answered while it was dead {number}")
            demo.start()
            for page in (visitor, desk):
                expect(rows(page, "sent")).to_have_count(2 + 4 * (number + 1), timeout=BACK)

        assert said(visitor) == said(desk)
        assert len(set(said(visitor))) == 14
        assert all(page.evaluate("document.stays") for page in (visitor, desk)), "nobody reloaded"


def open_desk(page: Page, conversation: str) -> None:
    page.goto(f"/admin/login/?next=/admin/consult/desk/?conversation={conversation}")
    page.fill("[name=username]", "operator")
    page.fill("[name=password]", "consult")
    page.click("[type=submit]")
    expect(rows(page, "sent")).to_have_count(1)


def answer(page: Page, words: str) -> None:
    page.get_by_role("textbox", name="Your answer").fill(words)
    page.get_by_role("textbox", name="Your answer").press("Enter")


def said(page: Page) -> list[str]:
    """All that was said, in the order it is shown."""
    return rows(page).locator("[data-part=body]").all_inner_texts()
