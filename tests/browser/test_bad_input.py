"""What strangers may write: shown harmlessly or refused with a reason, in the list, the title, the notification, what
was found and beside the conversation alike.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from uuid import UUID, uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, StorageState, expect

from tests.browser import people
from tests.browser.people import row, said, sit_down, turn_to
from tests.browser.test_desk import overflowing
from tests.demo import Demo

MARKED = "Z" + "\u0301" * 8  # as many as the door lets through
NAME = (f"\u202eareV\u2066 <b>{MARKED}" + "W" * 64)[:64]  # what stands in a database that was filled elsewhere
WORDS = {
    "200 lines": "\n".join(f"line {number}" for number in range(200)),
    "an override": "See \u202egnp.exe\u2066 and \u2067more",
    "marks in heaps": ("Z" + "\u0301" * 500 + " ") * 20,
    "a link that lies": "https://shop.example@evil.example/ and https://\u202eelpmaxe.pohs\u202c.evil.example/",
    "no spaces": "W" * 3900,
    "markup": "<img src=x onerror=alert(1)> {{ 7 }} %s \\u202e",
}
MEGABYTE = "a pasted megabyte " * 60_000
ROW = 110  # px that a row of the list is high at most

# A notice as the desktop would get it, and a page that can look as if it were behind another.
LISTENING = """
    document.notices = [];
    window.Notification = class extends EventTarget {
        static permission = "granted";
        constructor(title, {body}) {
            super();
            document.notices.push([title, body]);
        }
        close() {}
    };
    Object.defineProperty(document, "hidden", {get: () => document.documentElement?.hasAttribute("data-behind")});
"""


@pytest.fixture
def desk(browser: Browser, demo: Demo, signed_in: Callable[[str], StorageState]) -> Iterator[Page]:
    with browser.new_context(base_url=demo.url, locale="en-GB", storage_state=signed_in("operator")) as context:
        page = context.new_page()
        page.add_init_script(LISTENING)
        sit_down(page)
        available = page.get_by_role("switch", name="Available")
        with page.expect_response("**/duty/"):
            available.click()
        page.evaluate("document.documentElement.setAttribute('data-behind', '')")
        yield page
        page.evaluate("document.documentElement.removeAttribute('data-behind')")
        page.set_viewport_size({"width": 1280, "height": 720})
        with page.expect_response("**/duty/"):  # the other tests meet an empty shop
            available.click()


def test_what_strangers_write_harms_nobody(desk: Page, visitor_page: Page, demo: Demo) -> None:
    hint = f"hint{uuid4().hex[:8]}"
    people.open_panel(visitor_page)
    conversation = people.say(visitor_page, hint)
    call(demo, conversation, NAME)
    title = desk.title()
    for what, words in WORDS.items():
        tell(visitor_page, f"{hint} {words}"[:4000])
        listed = row(desk, hint)
        expect(listed).to_be_visible()
        assert height(listed) <= ROW, what
        assert overflowing(desk) == [], what
    assert (
        desk.title().removeprefix("(").partition(")")[2].strip() == title.removeprefix("(").partition(")")[2].strip()
    )

    row(desk, hint).get_by_role("link").click()
    expect(said(desk, hint)).to_have_count(1 + len(WORDS))
    links = said(desk, hint).locator("[data-part=body] a").evaluate_all("(links) => links.map(({host}) => host)")
    assert not any("shop.example" in host for host in links)
    desk.get_by_role("searchbox", name="Search").fill(hint)
    found = desk.get_by_role("list", name="Found").get_by_role("listitem")
    expect(found).to_have_count(1)
    expect(found).to_contain_text(hint)
    assert height(found) <= ROW
    for width in (1440, 390):
        desk.set_viewport_size({"width": width, "height": 844})
        assert overflowing(desk) == [], width
    desk.set_viewport_size({"width": 1280, "height": 720})

    notices = desk.evaluate("document.notices")
    assert notices
    assert all(len(body) <= 140 and not set(head + body) & set("\u202e\u2066\u2067") for head, body in notices)


def test_a_pasted_megabyte_is_refused_with_a_reason(desk: Page, question: str) -> None:
    turn_to(desk, question)
    people.answer_field(desk).focus()
    desk.keyboard.insert_text(MEGABYTE)
    people.answer_field(desk).press("Enter")
    expect(desk.get_by_text("It is longer than 4000 characters.").first).to_be_visible()
    assert overflowing(desk) == []


def tell(page: Page, words: str) -> None:
    """Say something that may come back with less of its marks."""
    before = people.rows(page, "sent").count()
    people.field(page).fill(words)
    people.field(page).press("Enter")
    expect(people.rows(page, "sent")).to_have_count(before + 1)


def call(demo: Demo, conversation: str, name: str) -> None:
    with closing(sqlite3.connect(demo.database, timeout=20)) as database, database:
        statement = """
            UPDATE consult_visitor SET name = ?
            WHERE id = (SELECT visitor_id FROM consult_conversation WHERE public_id = ?)
        """
        database.execute(statement, [name, UUID(conversation).hex])


def height(listed: Locator) -> float:
    box = listed.bounding_box()
    assert box
    return box["height"]
